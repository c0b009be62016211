"""From the raw text of an old book to its stories: plain ASCII, one paragraph a line.

Works on Project Gutenberg's plain texts, whose volunteers leave four blank lines before a chapter
and two before a section
(https://www.pgdp.net/wiki/DP_Official_Documentation:Formatting/Formatting_Guidelines), and on
Markdown. No rule knows a book by name.
"""

import re
import unicodedata
from dataclasses import dataclass

SHORTEST = 400  # characters of a story; less is a caption, a dedication, an advert
LONGEST = 90_000  # more is a book in which no chapter was found
LONGEST_VERSE = 8  # lines that stay, as one paragraph

START = re.compile(r"^\*\*\* ?START OF .*?\*\*\*|^\*END\*? ?THE SMALL PRINT.*?$", re.M | re.S)
END = re.compile(
    r"^(\*\*\* ?END OF (THE|THIS)|\s*End of (the |this )?Project Gutenberg"
    r"|\s*\*\*\* ?START: FULL LICENSE)",
    re.M | re.I,
)
BRACKETED = re.compile(
    r"\[\s*_?\**(?:illustration|transcriber|footnote|sidenote|note|editor|frontispiece|tailpiece"
    r"|headpiece|decoration|image|blank page|music)\b(?:[^\[\]]|\[[^\[\]]*\])*\]",
    re.I,
)
MARKS = re.compile(
    r"[\[({](?:\*|[A-Z]|(?:p|pg|page)?\.? ?\d{1,3})[\])}]"  # footnote marks and page numbers
    r"|<[^<>\n]{1,40}>",
    re.I,
)
NUMBER_WORD = (
    r"(?:the )?(?:(?:twenty|thirty|forty)[- ]?)?(?:one|two|three|four|five|six|seven|eight|nine|ten"
    r"|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty"
    r"|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)"
)
CHAPTER = re.compile(
    rf"(?:chapter|chap\.|story|part|book)\s+(?:[ivxlc]+|\d{{1,3}}|{NUMBER_WORD})\b", re.I
)
NUMBER_ALONE = re.compile(r"(?:[IVXLC]+|\d{1,3})\.?")
NOT_A_STORY = re.compile(
    r"\b(?:contents|illustrations|preface|introduct\w*|foreword|index|glossary|appendix|notes?"
    r"|footnotes?|bibliography|dedicat\w*|acknowledge?ments?|transcriber\w*|copyright|publish\w*"
    r"|by the same author|works (?:by|of)|books (?:by|for)|errata|pronounc\w*|to the reader"
    r"|to my readers|the end|finis|advertisements?)\b",
    re.I,
)
CLIPPED = r"(?i:tis|twas|twere|twill|twould|em|til|cause|bout|neath|gainst)\b"
ROMAN = re.compile(r"I|[IVXLC]{2,}")
SHOUTED = re.compile(r"\b[A-Z](?:[A-Z']*[A-Z])(?:-[A-Z]+)*\b")
END_NOTE = re.compile(r"\W*Transcriber['’]?s?['’]? (?:end)?notes?\b", re.I)
FOOTNOTE = re.compile(r"\W*Footnote \w+:|Produced by ", re.I)
SENTENCE_END = re.compile(r"[.!?:;,\-][\"')]*$")
ASCII = str.maketrans(
    {
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‛": "'", "´": "'",
        "—": "--", "―": "--", "–": "-", "‐": "-", "‑": "-", "…": "...", "\u00a0": " ",
        "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l",
        "Ł": "L", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "½": " 1/2", "¼": " 1/4", "×": "x",
        "&": "and",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """Lines with no blank one between them, and how many blank ones stood before."""

    lines: list[str]
    blanks: int

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.lines).split())


def stories(raw: bytes) -> list[str]:
    """The stories or chapters of a book, in its order.

    raw: a whole file as downloaded, UTF-8 or ISO-8859-1, any line ends.
    """
    book = blocks(body(decode(raw)))
    parts = chapters(book) or [from_first_sentence(book)]
    found = [paragraphs(part) for part in parts]
    if british_quotes(found):
        found = [[double_quotes(line) for line in lines] for lines in found]
    return ["\n\n".join(sentence_case(lines)) for lines in found if is_story(lines)]


def chapters(book: list[Block]) -> list[list[Block]]:
    """What stands below each heading that may be a story's; empty if there is no such heading."""
    parts: list[list[Block]] = []
    skipping = True  # what stands before the first heading is front matter
    after_heading = False
    for block in book:
        if is_heading(block):
            if not after_heading:  # a number and a title below it are one heading
                parts.append([])
                skipping = False
            skipping = skipping or bool(NOT_A_STORY.search(block.text))
            after_heading = True
        elif END_NOTE.match(block.text):
            skipping = True  # what follows is the transcriber's, up to the next heading
        elif any(c.isalpha() for c in block.text) and not FOOTNOTE.match(block.text):
            after_heading = False
            if not skipping:
                parts[-1].append(block)
    return [part for part in parts if part]


def from_first_sentence(book: list[Block]) -> list[Block]:
    """A book without headings, from the first paragraph that is not indented."""
    for i, block in enumerate(book):
        if len(block.lines) > 2 and not any(line.startswith(" ") for line in block.lines):
            return book[i:]
    return []


def decode(raw: bytes) -> str:
    """Text with `\\n` line ends; older texts are ISO-8859-1, most of them say so."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    return "\n".join(text.splitlines())


def body(text: str) -> str:
    """The book without licence, bracketed notes, footnote marks and page numbers."""
    start = START.search(text)
    text = text[start.end() :] if start else text
    end = END.search(text)
    text = text[: end.start()] if end else text
    return MARKS.sub("", BRACKETED.sub("", text))


def blocks(text: str) -> list[Block]:
    made, lines, blanks, before = [], [], 0, 9
    for line in [*text.split("\n"), ""]:
        line = line.rstrip()
        if line:
            if not lines:
                before = blanks
            lines.append(line)
            blanks = 0
            continue
        if lines:
            made.append(Block(lines, before))
            lines = []
        blanks += 1
    return made


def is_heading(block: Block) -> bool:
    """Whether a chapter or a story begins here. The more blank lines, the less else it takes."""
    text = block.text.strip("_*= ")
    if text.startswith("#"):
        return True
    if len(block.lines) > 4 or len(text) > 120 or not any(c.isalnum() for c in text):
        return False
    if CHAPTER.match(text) and len(text) < 80:
        return not text.endswith((",", ";"))
    if block.blanks < 2:
        return False
    if text.isupper() or NUMBER_ALONE.fullmatch(text):
        return text[0] not in "\"'“‘"
    words = re.findall(r"[^\W\d_]{4,}", text)
    capitals = sum(word[0].isupper() for word in words)
    return (
        block.blanks >= 3
        and not text.endswith((",", ";", '."', ".”"))
        and (not words or capitals > 0.7 * len(words))
    )


def paragraphs(part: list[Block]) -> list[str]:
    """One line a paragraph, long verse left out."""
    made: list[str] = []
    verse: list[Block] = []
    for block in [*part, None]:
        if block and is_verse(block):
            verse.append(block)
            continue
        if sum(len(v.lines) for v in verse) <= LONGEST_VERSE:
            made += [plain(v.text) for v in verse]
        verse = []
        if block and not is_label(block.text):
            made.append(plain(block.text))
    return [line for line in made if any(c.isalpha() for c in line)]


def is_label(text: str) -> bool:
    """A caption, a subtitle or the author's name: capitals that are no cry."""
    return text.isupper() and len(text) < 120 and text[-1] not in "!?\"'”’"


def is_verse(block: Block) -> bool:
    """Indented, or many short lines that begin with capitals."""
    if len(block.lines) < 2:
        return False
    if all(line.startswith("  ") for line in block.lines):
        return True
    begins = [line.strip("_*\"'“‘ ")[:1] for line in block.lines]
    longest = max(len(line.strip()) for line in block.lines)
    return len(block.lines) > 2 and longest < 58 and all(c.isupper() for c in begins)


def plain(text: str) -> str:
    """The same in ASCII and without marks for italics."""
    text = unicodedata.normalize("NFKD", text.translate(ASCII))
    text = re.sub(r"[_*=|~^+\\{}\[\]<>#]", "", text.encode("ascii", "ignore").decode())
    text = re.sub(r"-{2,}", "--", text)
    text = re.sub(r"``|''", '"', text).replace("`", "'")
    text = re.sub(r"(?:\. ){2,}\.", "...", text)
    return " ".join(text.split())


def british_quotes(found: list[list[str]]) -> bool:
    """Whether the book puts what is said between single quotes."""
    lines = [line for part in found for line in part]
    single = sum(bool(re.match(r"'[A-Z]", line)) for line in lines)
    return single > 2 * sum(line.startswith('"') for line in lines)


def double_quotes(line: str) -> str:
    """Turn single quotes that open or close speech into double ones; apostrophes stay."""
    swapped = line.replace('"', "\0")
    swapped = re.sub(rf"(^|[\s(\0]|--)'(?!{CLIPPED})(?=[A-Za-z\0.-])", r'\1"', swapped)
    if '"' in swapped:
        swapped = re.sub(r"(?<=[.,!?;:\0-])'(?=$|[\s)\0.,;:!?-])", '"', swapped)
    return swapped.replace("\0", "'" if '"' in swapped else '"')


def is_story(lines: list[str]) -> bool:
    """Long enough, and made of sentences: lists, indexes and adverts are not."""
    size = sum(map(len, lines))
    closed = sum(len(line) for line in lines if SENTENCE_END.search(line))
    return SHORTEST <= size <= LONGEST and closed > 0.8 * size


def sentence_case(lines: list[str]) -> list[str]:
    """Lower the capitals of a story's first words and of shouted ones; a sentence's first stays."""

    def lower(match: re.Match) -> str:
        word = match[0]
        if ROMAN.fullmatch(word):
            return word
        before = match.string[: match.start()].rstrip("\"' ")
        starts = not before or before.endswith((".", "!", "?"))
        return word.capitalize() if starts else word.lower()

    opening = re.compile(r"^[\"']*[A-Z][A-Z']*(?:,? (?:[A-Z][A-Z'-]+|[AO]\b))*")
    first = opening.sub(lambda m: re.sub(r"[A-Z][A-Z']*", lower, m[0]), lines[0])
    return [SHOUTED.sub(lower, line) for line in (first, *lines[1:])]

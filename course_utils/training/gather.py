"""From a folder of raw books to a corpus: which stories stay, and which are kept for validation."""

import codecs
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from course_utils.model.tokenizer import END_OF_TEXT
from course_utils.training.books import Book
from course_utils.training.clean import stories

WORD_LIST = Path(__file__).with_name("offensive.rot13")
COMMON_WORDS = 5000  # of the pool, by the number of stories they are in
HARD_WORDS = 0.075  # share of words that are not common, above which a story is too hard
LONG_SENTENCES = 25.0  # words a sentence, above which a story is too hard
SHARED = 0.4  # share of a story's phrases that came before, above which it is told twice
PHRASE = 8  # words
VALID = 20  # of a thousand stories


@dataclass
class Gathered:
    """What became of the stories of the books."""

    books: int = 0
    found: int = 0
    repeated: int = 0
    offensive: int = 0
    hard: int = 0
    train: int = 0
    valid: int = 0
    bytes: int = 0

    def __str__(self) -> str:
        return (
            f"{self.found:,} stories and chapters in {self.books} books; left out: "
            f"{self.repeated:,} told twice, {self.offensive:,} with offensive terms, "
            f"{self.hard:,} too hard; kept: {self.train:,} to train on, "
            f"{self.valid:,} for validation, {self.bytes / 1e6:.1f} MB"
        )


def gather(
    books: list[Book], raw: Path, folder: Path, log: Callable[[str], None] = print
) -> Gathered:
    """Write `train.txt`, `valid.txt` and `SOURCES.tsv` into `folder` from the raw files.

    The same books give the same bytes. A story in two books counts for the first of the table.
    Raises ValueError if no story is left for either file.
    """
    counts = Gathered(books=len(books))
    pool = []
    for book in tqdm(books, desc="cleaning", unit=" books", disable=None):
        pool += [(book, story) for story in stories((raw / book.file).read_bytes())]
    counts.found = len(pool)
    common = common_words([story for _, story in pool])
    offensive = word_pattern(WORD_LIST)
    seen: set[int] = set()
    kept: list[tuple[Book, str]] = []
    for book, story in tqdm(pool, desc="choosing", unit=" stories", disable=None):
        own = phrases(story)
        if len(own & seen) > SHARED * len(own):
            counts.repeated += 1
            continue
        seen |= own
        if offensive.search(story):
            counts.offensive += 1
        elif is_hard(story, common):
            counts.hard += 1
        else:
            kept.append((book, story))
    split = {
        "train.txt": [story for _, story in kept if not for_validation(story)],
        "valid.txt": [story for _, story in kept if for_validation(story)],
    }
    for name, part in split.items():
        if not part:
            raise ValueError(f"no story is left for {name}: {counts}. Give more books")
    counts.train, counts.valid = map(len, split.values())
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in split.items():
        text = "".join(f"{story}\n{END_OF_TEXT}\n" for story in part)
        counts.bytes += len(text)
        (folder / name).write_text(text, "ascii", newline="\n")
    (folder / "SOURCES.tsv").write_text(sources(books, kept), "utf-8", newline="\n")
    log(str(counts))
    return counts


def words(text: str) -> list[str]:
    return re.findall("[a-z]+", text.lower())


def common_words(pool: list[str]) -> set[str]:
    """The words that are in most stories; ties by the alphabet."""
    found = Counter(word for story in pool for word in set(words(story)))
    return set(sorted(found, key=lambda word: (-found[word], word))[:COMMON_WORDS])


def is_hard(story: str, common: set[str]) -> bool:
    """Whether its words are rare or its sentences long: more than a small model can learn from."""
    row = words(story)
    rare = sum(word not in common for word in row)
    sentences = max(1, len(re.findall("[.!?]", story)))
    return rare > HARD_WORDS * len(row) or len(row) > LONG_SENTENCES * sentences


def phrases(story: str) -> set[int]:
    """Checksums of an eighth of the story's phrases: of those whose first word's ends in 000."""
    row = words(story)
    return {
        zlib.crc32(" ".join(row[i : i + PHRASE]).encode())
        for i in range(len(row) - PHRASE + 1)
        if zlib.crc32(row[i].encode()) % 8 == 0
    }


def word_pattern(path: Path) -> re.Pattern:
    """Matches each word of the list and its plural, in any case."""
    text = codecs.decode(path.read_text("ascii"), "rot13")
    listed = [line for line in text.splitlines() if line and not line.startswith("#")]
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, listed))})s?\b", re.I)


def for_validation(story: str) -> bool:
    """By the story's first 200 characters alone: other books in the table move no story."""
    digest = hashlib.sha1(story[:200].encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % 1000 < VALID


def sources(books: list[Book], kept: list[tuple[Book, str]]) -> str:
    """A table: what each book gave."""
    count, size = Counter(), Counter()
    for book, story in kept:
        count[book.file] += 1
        size[book.file] += len(story)
    lines = ["file\ttitle\tauthor\tyear\tgutenberg_id\tstories\tcharacters"]
    for b in books:
        row = (b.file, b.title, b.author, b.year, b.gutenberg_id, count[b.file], size[b.file])
        lines.append("\t".join(map(str, row)))
    return "\n".join(lines) + "\n"

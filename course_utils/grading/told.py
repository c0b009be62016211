"""What a student may read of a test's outputs once a hidden test has run: its author's words.

By then the submission's functions know what hidden tests gave them, and a text that one of these
has touched may say it in any form. So nothing is looked for: what is printed at once is let through
as the author's own words, from the sources of the tests and of the checks, with … for all that was
put into them. It counts as a whole, and what the submission raised not at all: each line could be a
choice among the author's words.
"""

import ast
import builtins
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode
from nbformat.v4 import new_output

from course_utils.author.source import hidden_lines

MORE = "…"
QUOTED = "‹"  # begins what the submission says by itself
MOST_LINES = 100
LONGEST = 2_000  # characters of a line that are looked at
DEEPEST = 3  # a text in a text, such as a reason in the line of a check
# What an author calls texts of their own in checks. What else is put into a line is not shown.
OWN = {"why", "hint", "form", "reason", "name"}
TYPES = {
    *(name for name, kind in vars(builtins).items() if isinstance(kind, type)),
    *("NoneType", "function", "generator", "Tensor", "Parameter", "ndarray", "object"),
    *("Fraction", "Decimal", "dict_keys", "dict_values", "dict_items"),
}
CHECKS = [Path(__file__).parents[1] / "quiz.py", Path(__file__).with_name("separate.py")]


class Template(NamedTuple):
    """An f-string. fixed: its texts, one more than holes; holes: what may be put in each."""

    fixed: tuple[str, ...]
    holes: tuple[str, ...]


class Words(NamedTuple):
    """The texts that stand in sources, with single spaces, and the f-strings."""

    texts: frozenset[str]
    templates: tuple[Template, ...]

    def __or__(self, other: "Words") -> "Words":
        return Words(self.texts | other.texts, self.templates + other.templates)


@functools.cache
def of_checks() -> Words:
    """The words of what tests call."""
    return of_source("\n".join(path.read_text("utf-8") for path in CHECKS))


def of_source(source: str) -> Words:
    """The words of an author's own cell."""
    texts, templates, inside = set(), [], set()
    hidden = hidden_lines(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.lineno not in hidden:
            texts.add(repr(node.id))  # as in: name 'x' is not defined
        if isinstance(node, ast.FormattedValue):
            inside.add(id(node.format_spec))
        if isinstance(node, ast.JoinedStr) and id(node) not in inside:
            inside |= set(map(id, node.values))
            made = template(node)
            if not made.holes:
                texts.add(plain(made.fixed[0]))
            elif any(map(str.isalpha, "".join(made.fixed))):  # else it says nothing of its own
                templates.append(made)
        elif isinstance(node, ast.Constant) and type(node.value) is str and id(node) not in inside:
            texts |= {plain(line) for line in [node.value, *node.value.split("\n")]}
    return Words(frozenset(texts), tuple(templates))


def template(node: ast.JoinedStr) -> Template:
    fixed, holes = [""], []
    for part in node.values:
        if isinstance(part, ast.Constant):
            fixed[-1] += part.value
        else:
            value = part.value
            kind = value.id if isinstance(value, ast.Name) and value.id in OWN else ""
            if isinstance(value, ast.Attribute) and value.attr == "__name__":
                kind = "type"
            holes.append(kind)
            fixed.append("")
    return Template(tuple(fixed), tuple(holes))


def plain(text: str) -> str:
    return " ".join(text.split())


def quoted(text: str) -> str:
    """A message of the submission, so that it can be none of the author's."""
    return f"{QUOTED}{text}›"


def outputs(
    given: list[NotebookNode], printed: Mapping[str, list[str]], words: Words
) -> list[NotebookNode]:
    """The outputs of a test cell as a student may read them. printed: each text, by stream."""
    return [made for output in given for made in shown(output, printed, words)]


def shown(
    output: NotebookNode, printed: Mapping[str, list[str]], words: Words
) -> Iterator[NotebookNode]:
    if output.output_type == "stream":
        if lines := lines_of(printed.get(output.name, []), words):
            yield new_output("stream", name=output.name, text="\n".join(lines) + "\n")
    elif output.output_type == "error":
        kind = output.ename if output.ename in TYPES else "Error"
        said = in_words(plain(output.evalue[:LONGEST]), words)
        yield new_output("error", ename=kind, evalue=said, traceback=[f"{kind}: {said}"])
    elif is_points(output):
        yield output


def is_points(output: NotebookNode) -> bool:
    """Whether it is the number that nbgrader takes for a cell's points: the page tells them too."""
    try:
        return output.data.keys() == {"text/plain"} and float(output.data["text/plain"]) >= 0
    except (AttributeError, ValueError):
        return False


def lines_of(printed: list[str], words: Words) -> list[str]:
    """Each text in the author's words, on one line; once where it follows itself."""
    found: list[str] = []
    for text in printed[:MOST_LINES]:
        said = in_words(plain(text[:LONGEST]), words)
        if said and found[-1:] != [said]:
            found.append(said)
    return found


def in_words(text: str, words: Words, depth: int = 0) -> str:
    """The text in the author's words, or … where it is none of theirs."""
    if text.startswith(QUOTED):
        return MORE
    if text in words.texts and (depth or " " in text or not text):
        return text  # alone, a single word could be anybody's
    best = MORE
    if depth < DEEPEST:
        most = 0
        for form in words.templates:
            length = sum(map(len, form.fixed))
            if length > most and (parts := split(text, form.fixed)) is not None:
                most, best = length, filled(form, parts, words, depth)
    return best


def split(text: str, fixed: tuple[str, ...]) -> list[str] | None:
    """What stands in the holes between these texts; None if the text is not made of them."""
    first, *middle, last = map(plain_end, fixed)
    if not (text.startswith(first) and text.endswith(last)):
        return None
    at, end, parts = len(first), len(text) - len(last), []
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return None
        parts.append(text[at:found])
        at = found + len(piece)
    return None if at > end else [*parts, text[at:end]]


def plain_end(text: str) -> str:
    """A text with each white space made one blank, as in a line with single spaces."""
    made = plain(f"x{text}x")
    return made[1:-1]


def filled(form: Template, parts: list[str], words: Words, depth: int) -> str:
    made = [plain_end(form.fixed[0])]
    for kind, part, after in zip(form.holes, parts, form.fixed[1:], strict=True):
        said = MORE
        if kind == "type":
            said = part if part in TYPES else MORE
        elif kind:
            said = in_words(part, words, depth + 1)
        made += [said, plain_end(after)]
    return "".join(made)

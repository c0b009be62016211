"""The README's table of modules, from their texts."""

import re
from pathlib import Path

from course_utils.author.notebook import read_module

BEGIN, END = "<!-- modules, by course build -->\n", "<!-- end of modules -->\n"
HEAD = (
    "| module | minutes | questions | afterwards you |",
    "|---|---|---|---|",
)


def with_overview(readme: str, texts: list[Path]) -> str:
    """The README with the table of these modules; without its two marks, as it was."""
    above, begin, rest = readme.partition(BEGIN)
    _, end, below = rest.partition(END)
    return above + begin + overview(texts) + end + below if end else readme


def overview(texts: list[Path]) -> str:
    """A row for each module's text, and how many questions they ask together."""
    rows, total = [*HEAD], 0
    for text in texts:
        questions, cells = read_module(text)
        opening = "\n".join(cell.cell.source for cell in cells[:4])
        title = re.search(r"^# (.+)$", opening, re.MULTILINE)
        minutes = re.search(r"\*\*(?:About )?(\w+) minutes", opening)
        asked = len(questions.asked)
        columns = (
            f"{text.stem[:2]} {title[1] if title else text.stem}",
            minutes[1].lower() if minutes else "",
            str(asked),
            goals(opening),
        )
        rows.append(f"| {' | '.join(columns)} |")
        total += asked
    together = f"{total} question{'s' * (total > 1)}"
    return "\n".join([*rows, "", f"Each is one folder in `notebooks/`. Together: {together}.\n"])


def goals(opening: str) -> str:
    """What a module's box says after "Afterwards you", as one line."""
    box = [line.removeprefix(">").strip() for line in opening.split("\n") if line.startswith(">")]
    said = " ".join(box).partition("Afterwards you ")[2]
    return re.sub(r"(^\w+|;) - ", r"\1 ", said).rstrip(".")

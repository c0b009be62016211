"""A new module to write: its text, its answer bank and the test of its claims, from a template."""

import re
from pathlib import Path

from course_utils.author.build import NAME

TEMPLATE = Path("quizzes", "template")
LONGEST_TITLE = 60


def new_module(root: Path, name: str, title: str) -> list[Path]:
    """Write the three files of a module that builds, and whose bank passes, as it is.

    name: such as 10_speculation, with a number that no module has; title: one line of at most
    LONGEST_TITLE characters. Returns the files. Raises ValueError on another name or title, and if
    one of the files is there; nothing is written then.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"name must be two digits, an underscore, then lower-case letters, digits or "
            f"underscores, such as 10_speculation; got {name!r}"
        )
    number = name[:2]
    taken = {
        path.name[:2]: path.name for path in (root / "quizzes" / "source").glob("[0-9][0-9]_*")
    }
    if number in taken:
        free = [f"{n:02}" for n in range(100) if f"{n:02}" not in taken]
        after = next((n for n in free if n > number), "none")
        raise ValueError(
            f"the number {number} is that of {taken[number]}; the next free one is {after}"
        )
    title = title.strip()
    if not title.isprintable() or not 1 <= len(title) <= LONGEST_TITLE:
        raise ValueError(
            f"title must be one line of 1 to {LONGEST_TITLE} characters, got {title!r}"
        )
    files = {
        root / "quizzes" / "source" / name / f"{name}.py": "lesson.py",
        root / "tests" / "quizzes" / "banks" / f"{name}.py": "bank.py",
        root / "tests" / "notebooks" / f"test_{name}.py": "claims.py",
    }
    if there := [path for path in files if path.exists()]:
        raise ValueError(
            f"{there[0].relative_to(root)} is there; move it away or take another name"
        )
    values = {"TITLE": title, "NAME": name}
    texts = {
        path: re.sub(
            r"__(TITLE|NAME)__",
            lambda found: values[found[1]],
            (root / TEMPLATE / template).read_text("utf-8"),
        )
        for path, template in files.items()
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    return list(texts)

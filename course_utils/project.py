"""Where the course lies: a checkout, or the copy inside an installed wheel."""

import json
import os
from importlib import metadata
from pathlib import Path

NAME = "the-next-token"
PACKAGE = Path(__file__).resolve().parent
STORYTELLER = PACKAGE / "model" / "storyteller"
CALCULATOR = PACKAGE / "model" / "calculator"
CARRIED = PACKAGE / "course"  # in a wheel alone: what setup.py put there
ROOT = CARRIED if CARRIED.is_dir() else PACKAGE.parent  # of notebooks/ and quizzes/
# A variable that `course lab` sets, and nothing else, as there somebody learns alone: running an
# answer tells whether it is right, and the score button's scorer starts before it is pressed.
SELF_PACED = "COURSE_SELF_PACED"


def self_paced() -> bool:
    return os.environ.get(SELF_PACED) == "1"


def module_names(root: Path) -> list[str]:
    """The modules in `root`/notebooks, in order."""
    return sorted(p.stem for p in (root / "notebooks").glob("*/*.ipynb") if p.stem == p.parent.name)


def need_checkout(command: str, instead: str = "") -> None:
    """ValueError in an installed wheel, with the way out. instead: another one, if there is any."""
    if ROOT == CARRIED:
        raise ValueError(
            f"course {command} needs a checkout of the course, and this is an installed copy; "
            f"{instead}clone its repository, run make lab there, and then .venv/bin/course"
        )


def requirement(extra: str = "", root: Path = ROOT) -> str:
    """What to give `pip install` to install the course in `root` again, with one of its extras.

    A wheel is named by the address that it came from, which pip keeps (PEP 610), if it had one.
    """
    extra = f"[{extra}]" if extra else ""
    if root != CARRIED:
        return f'--editable "{root}{extra}"'
    found = metadata.distribution(NAME)
    if origin := found.read_text("direct_url.json"):
        return f'"{NAME}{extra} @ {json.loads(origin)["url"]}"'
    return f'"{NAME}{extra}=={found.version}"'

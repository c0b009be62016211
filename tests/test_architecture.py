"""docs/architecture.md against the code: what it names is there, and no room is missing."""

import pkgutil
import re

import pytest

from course_utils.project import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
MAP = PAGE.split("```")[1]
QUOTED = set(re.findall(r"`([^`\n]+)`", PAGE.replace(MAP, "")))
MADE = {"my-course/"}  # by `course lab`
PATHS = sorted(name for name in QUOTED - MADE if re.fullmatch(r"[\w./-]+(/|\.py|\.toml)", name))
NAMES = sorted(name for name in QUOTED if re.fullmatch(r"[a-z_]+(\.\w+)+", name))
NAMES = [name for name in NAMES if name not in PATHS and not name.startswith("tool.")]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_there(path):
    found = [place for place in (ROOT / path, ROOT / "course_utils" / path) if place.exists()]
    assert found and all(place.is_dir() == path.endswith("/") for place in found)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_there(name):
    pkgutil.resolve_name(f"course_utils.{name}")


def test_every_room_is_on_the_map():
    mapped = set(re.findall(r"^  (\w+(?:/|\.py)) ", MAP, re.MULTILINE))
    here = {f"{room.name}/" for room in (ROOT / "course_utils").iterdir() if room.is_dir()}
    here |= {room.name for room in (ROOT / "course_utils").glob("*.py")}
    assert mapped == here - {"__pycache__/", "__init__.py"}


def test_the_page_is_read_as_it_is_written():
    assert len(PATHS) > 50 and len(NAMES) > 15
    assert len(PAGE.splitlines()) <= 125

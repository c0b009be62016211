"""Puts a copy of the course, notebooks and what scoring reads of quizzes/, into the wheel."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools import setup
from setuptools.command.build_py import build_py

# Elsewhere than in build/: what an older build left there would come along in the next wheel.
ROOM = TemporaryDirectory()
OF_THE_COURSE = [
    Path("quizzes", name) for name in ("nbgrader_config.py", "references.md", "renamed.tsv")
]
# Of a module's folder; .gitignore allows the same. Built notebooks with answers are none of them.
TEXTS_AND_DATA = {".py", ".csv", ".tsv", ".json", ".txt", ".png", ".svg"}


def course_files() -> list[str]:
    """The files that the wheel carries: an allow-list, as students' work may lie beside them."""
    found = [path for path in OF_THE_COURSE if path.is_file()]
    for text in sorted(Path("quizzes/source").glob("[0-9][0-9]_*/*.py")):
        if text.stem != text.parent.name:
            continue
        released = Path("notebooks", text.stem)
        found.append(released / f"{text.stem}.ipynb")
        for path in sorted(text.parent.rglob("*")):
            inner = path.relative_to(text.parent)
            hidden = any(part.startswith((".", "__")) for part in inner.parts)
            if path.is_file() and path.suffix in TEXTS_AND_DATA and not hidden:
                found.append(path)
                if path != text:
                    found.append(released / inner)
    return [path.as_posix() for path in found]


class BuildPy(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            for name in course_files():
                target = Path(self.build_lib, "course_utils", "course", name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(name, target)

    def get_source_files(self) -> list[str]:
        """What a source distribution needs for this."""
        return [*super().get_source_files(), *course_files()]


setup(cmdclass={"build_py": BuildPy}, options={"build": {"build_base": ROOM.name}})

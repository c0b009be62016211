"""What the files of the project promise each other."""

import re
import tomllib

from course_utils.cli import ROOT


def test_conda_and_pip_install_the_same_versions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pip = dict(re.match(r"([\w-]+)(.*)", line).groups() for line in project["dependencies"])
    conda = dict(
        re.findall(r"^  - ([\w-]+)([=~]=.*)$", (ROOT / "environment.yml").read_text(), re.M)
    )
    conda["torch"] = conda.pop("pytorch-cpu")
    conda["matplotlib"] = conda.pop("matplotlib-base")
    assert conda == pip


def test_the_readme_begins_with_the_two_commands():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert re.search(r"```\w*\nmake lab.*\nmake test", readme)

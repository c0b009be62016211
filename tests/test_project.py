"""What the files of the project promise each other."""

import re
import subprocess
import tomllib

import yaml
from strays import STRAYS, checkout_at_work, tracked

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


def test_citation_and_changelog_name_the_version_and_the_licences():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == project["version"]
    assert f"\n## {project['version']}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert " AND ".join(citation["license"]) == project["license"]
    texts = [(ROOT / name).read_text("utf-8") for name in project["license-files"]]
    assert texts[0].startswith("MIT License")
    assert "Attribution 4.0 International Public License" in texts[1]
    assert "Section 8 -- Interpretation." in texts[1]


def test_git_add_takes_the_course_and_nothing_of_students(tmp_path):
    folder = checkout_at_work(tmp_path)

    def git(*arguments: str) -> str:
        command = ["git", "-c", "core.quotePath=false", "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout

    git("init", "--quiet")
    added = re.findall(r"^add '(.*)'$", git("add", "--all", "--dry-run"), re.MULTILINE)
    assert [name for name in STRAYS if name in added] == []
    assert sorted(added) == tracked()
    for name in ("table.csv", "more/notes.txt", "helper.py"):  # an author's data still comes along
        path = folder / "quizzes" / "source" / "02_temperature" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("1", "utf-8")
        assert git("add", "--dry-run", "--", str(path))

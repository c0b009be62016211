"""What the files of the project promise each other."""

import re
import tomllib

import yaml

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

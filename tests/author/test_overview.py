"""The README's table of modules."""

from pathlib import Path

import pytest

from course_utils.author.build import modules, tell
from course_utils.author.overview import BEGIN, END, with_overview
from course_utils.project import ROOT

MODULE = """\
# %% [markdown]
# # {title}
#
# > **About {minutes} minutes**, in two sittings · difficulty ●
# >
# > Afterwards you can
# > - say which way
# >   it goes;
# > - write it.

# %% [markdown] question="Which way" points=1
# Which way?

# %% answer="which_way"
answer = ""

# %% test="which_way"
check.text(answer, right="up", why={{}}, hint="Look.")
"""


@pytest.fixture
def text(tmp_path) -> Path:
    path = tmp_path / "quizzes" / "source" / "01_up" / "01_up.py"
    path.parent.mkdir(parents=True)
    path.write_text(MODULE.format(title="Up", minutes=20), "utf-8")
    return path


def test_the_readme_has_the_modules_as_they_are():
    texts = [ROOT / "quizzes" / "source" / name / f"{name}.py" for name in modules(ROOT)]
    readme = (ROOT / "README.md").read_text("utf-8")
    assert BEGIN in readme and with_overview(readme, texts) == readme


def test_a_row_says_title_minutes_questions_and_goals(text):
    made = with_overview(f"above\n{BEGIN}old\n{END}below\n", [text])
    assert made.startswith(f"above\n{BEGIN}| module |") and made.endswith(f"{END}below\n")
    assert "\n| 01 Up | 20 | 1 | can say which way it goes; write it |\n" in made
    assert "Together: 1 questions" not in made and "Together: 1 question." in made
    assert with_overview(made, [text]) == made


@pytest.mark.parametrize("readme", ["", "# Mine\n", END + BEGIN, BEGIN])
def test_a_readme_without_both_marks_stays(text, readme):
    assert with_overview(readme, [text]) == readme


def test_the_build_writes_it_where_there_is_a_readme(text):
    root = text.parents[3]
    tell(root)
    assert not (root / "README.md").exists()
    (root / "README.md").write_text(BEGIN + END, "utf-8")
    tell(root)
    assert "| 01 Up | 20 | 1 |" in (root / "README.md").read_text("utf-8")

import sys
from types import ModuleType

import pytest
import torch

from course_utils import quiz
from course_utils.grading.score import Item, Report


def reason(check, *args, **kwargs) -> str:
    with pytest.raises(AssertionError) as caught:
        check(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize("answer", ["", "E", "AB", None, 1])
def test_no_letter_is_no_points_yet_and_no_exception(answer, capsys):
    assert quiz.answered(answer) == 0.0
    assert "Not answered yet: write one of the letters A, B, C, D" in capsys.readouterr().out
    assert "Not answered yet" in reason(quiz.choice, answer, right="A", why={})


@pytest.mark.parametrize("answer", [None, "3", True, torch.tensor(3.0)])
def test_no_number_is_no_points_yet_and_no_exception(answer, capsys):
    assert quiz.is_number(answer) == 0.0
    assert "Not answered yet: write a number" in capsys.readouterr().out
    assert "Not answered yet" in reason(quiz.number, answer, right=3, within=1, why={}, hint="")


def test_an_answer_is_noted_and_not_judged(capsys):
    assert (quiz.answered(" b "), quiz.is_number(2)) == (None, None)
    assert [line.split(".")[0] for line in capsys.readouterr().out.splitlines()] == [
        "Noted: B",
        "Noted: 2",
    ]


def test_an_exception_in_a_learners_function_becomes_a_reason():
    said = reason(quiz.close, lambda x: 1 / 0, [1.0], expect=[1.0], why="")
    assert said == "Your function raised ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (None, "returns None"),
        ([1.0, 0.0], "yours is a list"),
        (torch.tensor(1.0), r"keep the shape (2,); yours is ()"),
        (torch.tensor([1.0, torch.nan]), "NaN"),
        (torch.tensor([0.5, 0.5]), "think again"),
    ],
)
def test_a_wrong_result_says_what_is_wrong_and_not_the_answer(result, said):
    text = reason(quiz.close, lambda x: result, [3.0, 1.0], expect=[0.9, 0.1], why="think again")
    assert said in text
    assert "0.9" not in text


def test_a_function_cannot_spoil_the_tensor_of_a_later_check():
    logits = torch.tensor([1.0, 2.0])
    quiz.close(lambda x: x.zero_(), logits, expect=[0.0, 0.0], why="")
    assert logits.tolist() == [1.0, 2.0]


def test_a_warning_in_a_learners_function_stays_off_stderr(capfd):
    quiz.close(lambda x: torch.tensor(x), [1.0], expect=[1.0], why="")
    assert capfd.readouterr().err == ""


def test_a_known_wrong_number_gets_its_own_reason():
    args = {"right": 2.72, "within": 0.03, "why": {7.39: "that is T = 1"}, "hint": "the formula"}
    assert reason(quiz.number, 7.4, **args) == "that is T = 1"
    assert reason(quiz.number, 5, **args) == "the formula"
    quiz.number(2.7, **args)


@pytest.fixture
def scorer(monkeypatch, tmp_path):
    """A stand-in for the slow score(), and a saved notebook for it to find."""
    module = ModuleType("course_utils.grading.score")
    item = Item("hotter_order", 0.0, 1.0, "<script> and why")
    module.score = lambda path: Report(path.stem, [item], ["<b> was missing"])
    monkeypatch.setitem(sys.modules, "course_utils.grading.score", module)
    notebook = tmp_path / "02_temperature.ipynb"
    notebook.write_text("{}")
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    return module


def press() -> str:
    box = quiz.score_button()
    button, shown = box.children
    button.click()
    assert not button.disabled
    return shown.value


def test_the_button_shows_a_table_with_the_reasons_escaped(scorer):
    shown = press()
    assert "0 of 1 points" in shown
    assert "&lt;script&gt; and why" in shown
    assert "&lt;b&gt; was missing" in shown
    assert "<script>" not in shown


def test_the_button_shows_an_error_as_one_line(scorer):
    def fail(path):
        raise ValueError("no module of this <name>")

    scorer.score = fail
    assert press() == "No score this time. ValueError: no module of this &lt;name&gt;"


@pytest.mark.parametrize("name", ["", "/no/such/notebook.ipynb", "console"])
def test_without_a_notebook_file_the_button_names_the_command(monkeypatch, name):
    monkeypatch.setenv("JPY_SESSION_NAME", name)
    assert "course score FILE.ipynb" in press()

import math

import numpy as np
import pytest
import torch

from course_utils import quiz


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


@pytest.mark.parametrize("answer", ["", "  ", None, 3])
def test_no_text_is_no_points_yet(answer, capsys):
    assert quiz.is_text(answer) == 0.0
    assert "Not answered yet: write the text" in capsys.readouterr().out
    assert "Not answered yet" in reason(quiz.text, answer, right="a", why={}, hint="")


def test_a_text_counts_without_its_white_space():
    quiz.text(" the  cat\n", right="the cat", why={}, hint="")
    assert reason(quiz.text, "the Cat", right="the cat", why={}, hint="look") == "look"
    assert reason(quiz.text, "a  dog", right="a cat", why={"a dog": "no"}, hint="") == "no"


@pytest.mark.parametrize("answer", [[], None, 3, "0, 2", [0.0, 2.0], [True]])
def test_no_ids_are_no_points_yet(answer, capsys):
    assert quiz.is_ids(answer) == 0.0
    assert "Not answered yet: write token ids" in capsys.readouterr().out
    assert "Not answered yet" in reason(quiz.ids, answer, right={0}, why={}, hint="")


@pytest.mark.parametrize("answer", [[2, 0], (0, 2), {0, 2}])
def test_ids_count_in_any_order_and_each_once(answer):
    quiz.ids(answer, right={0, 2}, why={}, hint="")
    assert reason(quiz.ids, answer, right={0, 1}, why={(0, 2): "no"}, hint="look") == "no"
    assert reason(quiz.ids, answer, right={0, 1}, why={}, hint="look") == "look"
    assert "each id once" in reason(quiz.ids, [0, 0], right={0}, why={}, hint="")


def test_kept_tokens_are_those_above_minus_infinity_and_unmoved():
    row = [3.0, 1.0, 2.0]

    def best(logits, k):
        return logits.masked_fill(logits < logits.topk(k).values[-1], -torch.inf)

    quiz.kept(best, row, 2, expect={0, 2}, why="")
    assert reason(quiz.kept, best, row, 1, expect={0, 2}, why="two") == "two"
    assert reason(quiz.kept, best, row, 3, expect={0, 2}, why="two") == "two"
    moved = reason(quiz.kept, lambda x, k: best(x, k) / 2, row, 2, expect={0, 2}, why="")
    assert moved == "The logits of the kept tokens must stay as they were."
    assert reason(quiz.kept, lambda x: x.softmax(-1), row, expect={0, 2}, why="no") == "no"
    shape = reason(quiz.kept, lambda x: x[:2], row, expect={0, 2}, why="")
    assert "keep the shape (3,)" in shape


@pytest.mark.parametrize(
    ("result", "expect"),
    [
        (torch.tensor([1, 2]), [1, 2]),
        ((1.0, 2.0), [1, 2]),
        (np.array([1, 2]), [1, 2]),
        (np.float64(0.5), 0.5),
        (torch.tensor(0.5), 0.5),
        ([("a", 0.1 + 0.2)], [["a", 0.3]]),
        ([2, 1], {1, 2}),
        ({"a": torch.tensor(1.0)}, {"a": 1}),
        (True, True),
        (-math.inf, -math.inf),
    ],
)
def test_plain_data_counts_in_any_container(result, expect):
    quiz.gives(lambda: result, expect=expect, why="")


@pytest.mark.parametrize(
    ("result", "expect"),
    [
        ([1, 2, 3], [1, 2]),
        ([2, 1], [1, 2]),
        ([1, 1], {1}),
        ([[1]], {1}),
        (1.1, 1),
        (1, True),
        (True, 1),
        ("1", 1),
        (math.nan, 1.0),
        ({"a": 1, "b": 2}, {"a": 1}),
        (0.0, -math.inf),
    ],
)
def test_other_data_does_not_count(result, expect):
    assert reason(quiz.gives, lambda: result, expect=expect, why="no") == "no"


def test_an_object_that_calls_itself_equal_is_no_plain_data():
    class Always(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

    for result in (Always(1), [Always(1)], {"a": Always(1)}):
        said = reason(quiz.gives, lambda result=result: result, expect=2.0, why="")
        assert said.startswith("Return numbers, texts, lists or tensors; there is a Always")
    assert "returns None" in reason(quiz.gives, lambda: None, expect=2.0, why="")


def test_a_function_gets_plain_arguments_as_they_are_and_cannot_spoil_them():
    given = [3, 1]
    quiz.gives(lambda x: x.sort() or x, given, expect=[1, 3], why="")
    assert given == [3, 1]

import logging
import math
import sys
import warnings
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction
from functools import partial, reduce
from random import Random

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from course_utils import domains, quiz, sampling
from course_utils.grading import wire


def reason(check, *args, **kwargs) -> str:
    with pytest.raises(AssertionError) as caught:
        check(*args, **kwargs)
    return str(caught.value)


# Of each kind: what says whether something was noted, the check, and the words for how to write it.
KINDS = {
    "letter": (quiz.answered, partial(quiz.choice, right="B", why=dict.fromkeys("ACD", "no"))),
    "number": (quiz.is_number, partial(quiz.number, right=0.6, within=1e-6, why={}, hint="no")),
    "text": (quiz.is_text, partial(quiz.text, right="the cat", why={}, hint="no")),
    "ids": (quiz.is_ids, partial(quiz.ids, right={0, 2}, why={}, hint="no")),
}
FORMS = {
    "letter": "write one of the letters A, B, C, D between the quotes.",
    "number": "write a number in digits in place of None.",
    "text": "write the text between the quotes.",
    "ids": "write whole numbers between the brackets, such as [0, 2].",
}


class Liar(str):
    """Says that it is equal to anything."""

    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = str.__hash__
    strip = upper = split = lambda self, *_: self


def named(value: object) -> str:
    return value if type(value) is str else type(value).__name__


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", [None, ..., "", " \n", [], (), set(), torch.tensor([])])
def test_what_is_not_answered_is_told_so_without_an_exception(kind, answer, capsys):
    noted, check = KINDS[kind]
    assert noted(answer) == 0.0
    assert capsys.readouterr().out == f"Not answered yet: {FORMS[kind]}\n"
    assert reason(check, answer) == f"Not answered yet: {FORMS[kind]}"


ENDLESS = []
ENDLESS.append(ENDLESS)
NEVER = [lambda: 1, b"B", {0: 2}, 1j, object(), Liar("B"), ENDLESS, torch.ones(2).to_sparse()]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        *((kind, answer) for kind in KINDS for answer in NEVER),
        *(("letter", answer) for answer in ("E", "AB", "A or B", 1, ["A", "B"], "no")),
        *(("number", answer) for answer in ("many", True, [0.6, 0.6], "1,234", "60%", "1/2")),
        *(("number", answer) for answer in (math.nan, math.inf, 10**400, 10**5000, "B")),
        *(("number", answer) for answer in (Decimal("sNaN"), Fraction(10**400), torch.zeros(2))),
        *(("text", answer) for answer in (True, [["the"], "cat"])),
        *(
            ("ids", answer)
            for answer in (3, "a b", ["0", "b"], ["0", 2], [0.5, 2.0], [True], [(0, 2)], "0.0 2.0")
        ),
        *(("ids", answer) for answer in ([math.nan], [10**400], torch.eye(2))),
    ],
    ids=named,
)
def test_what_is_not_taken_is_told_what_it_is_and_how_to_write_it(kind, answer, capsys):
    noted, check = KINDS[kind]
    assert noted(answer) == 0.0
    said = capsys.readouterr().out
    assert said.startswith("Your answer is ") and said.endswith(f": {FORMS[kind]}\n")
    assert type(answer).__name__ in said and len(said) < 200
    assert reason(check, answer) + "\n" == said


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        *(("letter", x) for x in ("B", "b", " b\n", "B)", "(b)", "b.", "B:", "**B**", "'B'")),
        *(("number", x) for x in ("0.6", ".6", "0,6", " 0.60 ", "6e-1", "`0.6`", "+0.6", [0.6])),
        *(("number", torch.tensor(0.6, dtype=x)) for x in (torch.float32, torch.float64)),
        *(("number", x(0.6)) for x in (np.float32, np.float64, np.array)),
        *(("number", x("0.6")) for x in (Fraction, Decimal)),
        ("number", torch.tensor([0.6])),
        *(("text", x) for x in (" the  cat\n", "The Cat.", '"the cat"', "`the` `cat`")),
        *(("text", x) for x in (["the", "cat"], ("the", "cat"), "the, cat", "[the cat]")),
        *(("ids", x) for x in ([2, 0], (0, 2), {0, 2}, frozenset({0, 2}), range(0, 3, 2))),
        *(("ids", x) for x in (torch.tensor([0, 2]), np.array([2, 0]), [0.0, 2.0])),
        *(("ids", x) for x in ([torch.tensor(0), 2], [np.int64(2), 0], "0, 2", "{2 0}")),
        *(("ids", x) for x in (["0", "2"], {"2", " 0 "})),
    ],
)
def test_the_right_content_is_taken_in_another_type_or_typing(kind, answer, capsys):
    noted, check = KINDS[kind]
    assert noted(answer) is None
    assert capsys.readouterr().out.startswith("Noted: ")
    check(answer)


def test_signs_that_look_like_a_minus_are_one():
    for dash in ("−", "–"):
        quiz.number(f"{dash}0.6", right=-0.6, within=1e-6, why={}, hint="")


@pytest.mark.parametrize("typed", ["ABA", "a-b-a", "a | b | a", "a;b;a", "a_b_a", "a → b → a"])
def test_letters_may_have_anything_between_them_and_numbers_not(typed):
    quiz.text(typed, right="a b a", why={}, hint="")
    assert reason(quiz.text, "a b 1 a", right="a b a", why={}, hint="look") == "look"
    assert reason(quiz.text, "1-2", right="1 2", why={}, hint="look") == "look"
    assert reason(quiz.text, "12", right="1 2", why={}, hint="look") == "look"
    assert reason(quiz.text, "ABB", right="a b a", why={"a b b": "no"}, hint="") == "no"


def test_an_answer_is_noted_and_not_judged(capsys):
    assert (quiz.answered(" b "), quiz.is_number(2)) == (None, None)
    assert [line.split(".")[0] for line in capsys.readouterr().out.splitlines()] == [
        "Noted: B",
        "Noted: 2",
    ]


def test_an_exception_in_a_learners_function_becomes_a_reason():
    space: dict = {}
    exec(compile("def f(x):\n    y = x\n    return y / 0", "cell", "exec"), space)
    said = reason(quiz.gives, space["f"], 1.0, expect=1.0, why="")
    assert said.startswith("Your function raised ZeroDivisionError (line 3 of its cell): ")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (None, "returns None"),
        ([1.0, 0.0], "yours is a list"),
        (torch.tensor(1.0), r"of shape (2,); yours is ()"),
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


@pytest.mark.parametrize(
    "says",
    [
        lambda: warnings.warn("look out", stacklevel=1),
        lambda: logging.warning("look out"),
        lambda: logging.getLogger("mine").error("look out"),
        lambda: print("look out", file=sys.stderr),
    ],
)
@pytest.mark.parametrize("check", ["close", "own"])
def test_what_a_learners_function_says_on_stderr_costs_nothing(says, check, capsys, monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", [logging.StreamHandler(sys.stderr)])

    def function(x):
        says()
        return torch.tensor(x)

    if check == "close":
        quiz.close(function, [1.0], expect=[1.0], why="")
    else:
        quiz.own(function, lambda random: ([1.0],))
    assert capsys.readouterr().err == ""
    logging.warning("one of the course's own")
    assert "own" in capsys.readouterr().err


def test_a_known_wrong_number_gets_its_own_reason():
    args = {"right": 2.72, "within": 0.03, "why": {7.39: "that is T = 1"}, "hint": "the formula"}
    assert reason(quiz.number, 7.4, **args) == "that is T = 1"
    assert reason(quiz.number, 5, **args) == "the formula"
    quiz.number(2.7, **args)


def test_a_wrong_text_gets_its_own_reason():
    assert reason(quiz.text, "a cat", right="the cat", why={}, hint="look") == "look"
    assert reason(quiz.text, "a  dog", right="a cat", why={"a dog": "no"}, hint="") == "no"


@pytest.mark.parametrize("answer", [[2, 0], (0, 2), {0, 2}])
def test_ids_count_in_any_order_and_each_once(answer):
    quiz.ids(answer, right={0, 2}, why={}, hint="")
    assert reason(quiz.ids, answer, right={0, 1}, why={(0, 2): "no"}, hint="look") == "no"
    assert reason(quiz.ids, answer, right={0, 1}, why={}, hint="look") == "look"
    assert "each number once" in reason(quiz.ids, [0, 0], right={0}, why={}, hint="")


def test_kept_tokens_are_those_above_minus_infinity_and_unmoved():
    row = [3.0, 1.0, 2.0]

    def best(logits, k):
        return logits.masked_fill(logits < logits.topk(k).values[-1], -torch.inf)

    quiz.kept(best, row, 2, expect={0, 2}, why="")
    assert reason(quiz.kept, best, row, 1, expect={0, 2}, why="two") == "two"
    assert reason(quiz.kept, best, row, 3, expect={0, 2}, why="two") == "two"
    for other in (
        lambda x: torch.tensor([torch.inf, -torch.inf, torch.inf]),
        lambda x: x > 1.5,
        lambda x: best(x, 2) / 2,
        lambda x: x.softmax(-1),
        lambda x: x.clamp(min=-1e9, max=2),
    ):
        said = reason(quiz.kept, other, row, expect={0, 2}, why="")
        assert said.startswith("Each logit stays as it was or becomes -inf")
    shape = reason(quiz.kept, lambda x: x[:2], row, expect={0, 2}, why="")
    assert "of shape (3,)" in shape


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
    said = reason(quiz.gives, lambda: result, expect=expect, why="no")
    assert said == "no" or said.startswith(("Return ", "What you return "))


def test_an_object_that_calls_itself_equal_is_no_plain_data():
    class Always(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

    for result in (Always(1), [Always(1)], {"a": Always(1)}):
        said = reason(quiz.gives, lambda result=result: result, expect=2.0, why="")
        assert said.startswith("Return numbers, texts, lists or tensors; yours holds an Always")
    assert "returns None" in reason(quiz.gives, lambda: None, expect=2.0, why="")


def test_a_function_gets_plain_arguments_as_they_are_and_cannot_spoil_them():
    given = [3, 1]
    quiz.gives(lambda x: x.sort() or x, given, expect=[1, 3], why="")
    assert given == [3, 1]


def rows(random):
    return domains.batch(random), random.uniform(0.1, 3.0)


def scaled(logits, t):
    return logits.double() / t


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x, t: (x / t).tolist(), "Return a tensor; yours is a list."),
        (lambda x, t: (x / t).flatten(), "Return a tensor of shape"),
        (lambda x, t: x / t if x.dim() < 3 else x, "the value"),
        (lambda x, t: x / max(t, 0.2), "the value"),
        (lambda x, t: x.clamp(min=-1e6) / t, "Where -inf belongs"),
        (lambda x, t: x / t if x.shape[-1] > 1 else None, "a `return` is missing"),
        (lambda x, t: x / t * (1 % (x.shape[-1] - 2) >= 0), "raised ZeroDivisionError"),
    ],
)
def test_a_fault_anywhere_in_the_domain_is_found_and_told_as_what_it_is(function, said):
    quiz.against(scaled, lambda x, t: x / t, rows, why="the value")
    assert said in reason(quiz.against, scaled, function, rows, why="the value")


def test_a_known_mistake_is_told_by_its_own_reason():
    def square(random):
        return (random.choice([random.uniform(-3, 3), 0.0]),)

    def said(function):
        known = {"the sign": lambda x: -(x**2), "doubled": lambda x: 2 * x, "no minus": abs}
        return reason(quiz.against, lambda x: x**2, function, square, why="squared", mistakes=known)

    assert said(lambda x: -x * x) == "the sign"
    assert said(lambda x: x + x) == "doubled"
    assert said(lambda x: 2 * x if x < 1.5 else 0.0) == "squared"  # like it, and not everywhere
    assert said(lambda x: x**3) == "squared"


@pytest.mark.parametrize(
    ("result", "expect", "told"),
    [
        (0.33, 1 / 3, True),
        (0.333, 1 / 3, True),
        ([0.33, 0.67], [1 / 3, 2 / 3], True),
        (0.3, 1 / 3, False),
        (0.34, 1 / 3, False),
        ([0.33, 0.66], [1 / 3, 2 / 3], False),
        ([0.33], [1 / 3, 2 / 3], False),
        (0.0, 0.004, False),
        ([0.0, 1.0], [0.0013, 0.9987], False),
    ],
)
def test_a_rounded_result_is_told_so(result, expect, told):
    said = reason(quiz.gives, lambda: result, expect=expect, why="another")
    assert ("rounded" in said) is told


def test_a_changed_input_has_a_reason_apart_from_that_of_the_value():
    quiz.keeps(lambda x, t: x / t, rows, why="")
    for function in (lambda x, t: x.div_(t), lambda x, t: x.dim() > 2 and x.zero_()):
        assert reason(quiz.keeps, function, rows, why="you changed it") == "you changed it"
    texts = lambda r: ([1, [2]],)  # noqa: E731
    for function in (lambda ids: ids.pop(), lambda ids: ids[1].append(3)):
        assert reason(quiz.keeps, function, texts, why="changed") == "changed"


@pytest.mark.parametrize("number", [0.0, -1e9, -100.0])
def test_another_number_where_minus_infinity_has_to_be_is_told_so(number):
    def cut(logits):
        return torch.where(logits < 0, -torch.inf, logits)

    def draw(random):
        return (torch.tensor([1.0, 2.0, *(-random.uniform(1, 5) for _ in range(3))]),)

    for other, said in (
        (
            lambda x: cut(x).nan_to_num(neginf=number),
            "Where -inf belongs, yours holds another number.",
        ),
        (lambda x: (cut(x) + 1).nan_to_num(neginf=number), "the value"),
        (lambda x: x, "the value"),
    ):
        assert reason(quiz.against, cut, other, draw, why="the value") == said


def test_an_input_that_changed_anywhere_is_told_once():
    def wraps(ids):
        last = ids[-1]
        if len(ids) > 3:
            ids[-1] = [last]
        return last

    def short(random):
        return ([random.randrange(9) for _ in range(3)],)

    def long(random):
        return ([random.randrange(9) for _ in range(5)],)

    quiz.keeps(wraps, short, why="")
    for ask in (
        lambda: quiz.against(lambda ids: ids[-1], wraps, long, why=""),
        lambda: quiz.gives(wraps, [1, 2, 3, 4], expect=4, why=""),
        lambda: quiz.on_copies(wraps, [1, 2, 3, 4]),
    ):
        ask()
        assert reason(quiz.keeps, wraps, short, why="changed") == "changed"
        quiz.keeps(wraps, short, why="")


def test_what_changed_in_another_cell_is_told_no_more(monkeypatch):
    """A learner mends a helper, and the function that calls it is the same one."""

    def last(ids):
        return ids.pop()

    def short(random):
        return ([],)

    monkeypatch.setattr(quiz, "cell_number", lambda: 1)
    quiz.gives(last, [1, 2], expect=2, why="")
    monkeypatch.setattr(quiz, "cell_number", lambda: 2)
    monkeypatch.setattr(quiz, "call", lambda function, ids: None)
    quiz.keeps(last, short, why="changed")


@pytest.mark.parametrize(
    "argument",
    [
        np.array([1.0, 2.0]),
        np.array([]),
        [np.array([1, 2])],
        torch.tensor([1.0, torch.nan]),
        math.nan,
        [math.nan, 1.0],
        torch.tensor([True]),
        torch.nn.Linear(1, 1),
        {"a": torch.ones(2)},
    ],
)
def test_an_argument_of_any_type_that_stays_is_no_change(argument):
    quiz.keeps(lambda x: None, lambda random: (argument,), why="changed")
    quiz.gives(lambda x: 3, argument, expect=3, why="")


def test_another_kind_of_tensor_in_a_list_is_a_change():
    def sparse(rows):
        rows[0] = rows[0].to_sparse()

    assert reason(quiz.keeps, sparse, lambda random: ([torch.eye(2)],), why="changed") == "changed"
    told = reason(quiz.unchanged, lambda x: x * 2, [1.0], expect=[1.0], why="changed")
    assert told == quiz.RESULT_FIRST


HOLD = "What you return should hold"
NESTED = reduce(lambda inner, _: [inner], range(2000), [])


@pytest.mark.parametrize(
    ("expect", "result", "said"),
    [
        (0.5, [0.5], "Return a number; yours returns a list, [0.5]."),
        (0.5, "0.5", "Return a number; yours returns a str, '0.5'."),
        ("the", ["the"], "Return a text; yours returns a list, ['the']."),
        ([1], {1: 2}, "Return a list or a tensor; yours returns a dict."),
        ({1}, 1, "Return a set or a list; yours returns an int, 1."),
        (True, 1, "Return True or False; yours returns an int, 1."),
        (
            [1],
            torch.ones(1, device="meta"),
            "Return a list or a tensor; yours returns a Tensor of shape (1,).",
        ),
        (0.5, torch.tensor([0.5]), "Return a number; yours returns a Tensor of shape (1,)."),
        (
            [1],
            torch.tensor(1),
            "Return a list or a tensor; yours returns a Tensor of a single number, without axes.",
        ),
        ([1], ENDLESS, "Return a list or a tensor; yours returns a list, [[...]]."),
        ([1], {(1, 2): 3}, "Return a list or a tensor; yours returns a dict."),
        ([1], {1: [[10**5000]]}, "Return a list or a tensor; yours returns a dict."),
        ("a", [[10**5000]], "Return a text; yours returns a list."),
        (1, NESTED, "Return a number; yours returns a list."),
        ({1}, {(1, 2)}, f"{HOLD} a number; yours holds a list or a tensor."),
        ({1}, torch.tensor([[1], [2]]), f"{HOLD} a number; yours holds a list or a tensor."),
        ({1}, ["1"], f"{HOLD} a number; yours holds a text."),
        ([[1], [2]], [1, 2], f"{HOLD} a list or a tensor; yours holds a number."),
        ([[[1]]], [[1]], f"{HOLD} a list or a tensor; yours holds a number."),
        ([[1], [2]], [[1], ["2"]], f"{HOLD} a number; yours holds a text."),
        ([[1], [2]], [[1], [3]], "the value"),
        ([], [[1]], "the value"),
        ([None, 1], [1, 2], "the value"),
        (0.5, 10**400, "the value"),
        (0.5, 0.6, "the value"),
        ({1}, torch.tensor([2]), "the value"),
    ],
)
def test_a_wrong_type_is_told_apart_from_a_wrong_value(expect, result, said):
    assert reason(quiz.gives, lambda: result, expect=expect, why="the value") == said


@pytest.mark.parametrize(
    ("result", "expect"),
    [
        (OrderedDict(a=1), {"a": 1}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (defaultdict(int, a=1), {"a": 1}),
        (deque([1, 2]), [1, 2]),
        ([Counter("a"), deque()], [{"a": 1}, []]),
        (np.array([Fraction(1, 2), Decimal("0.25")]), [0.5, 0.25]),
    ],
)
def test_the_standard_librarys_dicts_and_lists_are_taken_also_across_the_pipe(result, expect):
    quiz.gives(lambda: result, expect=expect, why="no")
    quiz.gives(lambda: wire.decode(wire.encode(result)), expect=expect, why="no")


def test_a_lesson_goes_on_where_a_function_is_not_ready(capsys, monkeypatch):
    quiz.say_not_ready.cache_clear()

    def mine(x):
        assert x >= 0, "Not written yet."
        return 1 / x

    assert [quiz.attempt(mine, x) for x in (2, 0, 0)] == [0.5, None, None]
    assert capsys.readouterr().out == "(Your function is not ready yet: ZeroDivisionError.)\n"
    assert quiz.attempt(mine, -1) is None
    assert capsys.readouterr().out == "(Your function is not ready yet.)\n"
    assert quiz.attempt(sys.exit) is None  # a kernel would end
    assert capsys.readouterr().out == "(Your function is not ready yet: SystemExit.)\n"
    monkeypatch.setattr(quiz, "cell_number", lambda: 7)  # the cell runs again
    assert quiz.attempt(mine, -1) is None
    assert capsys.readouterr().out == "(Your function is not ready yet.)\n"


def test_what_a_list_should_hold_is_told_before_what_is_wrong_in_it():
    for value, wanted in (([1, 0], [True, False]), ([[1], [True]], [[True], [False]])):
        said = reason(quiz.gives, lambda value=value: value, expect=wanted, why="look again")
        assert said == "What you return should hold True or False; yours holds a number."
    texts = reason(quiz.gives, lambda: ["3"], expect=[3, 4.5], why="look again")
    assert texts == "What you return should hold a number; yours holds a text."
    for value, wanted in (([3], [4, None]), ([], [True]), ([1.0, "a"], ["b", 2])):
        assert reason(quiz.gives, lambda value=value: value, expect=wanted, why="no") == "no"
    quiz.gives(lambda: [np.float64(1), 2], expect=[1, 2.0], why="no")
    quiz.gives(lambda: namedtuple("Pair", "a b")(1, 2), expect=[1, 2], why="no")


def test_none_is_wrong_where_it_may_be_right_and_not_written_where_it_never_is():
    def answer(x):
        return None

    odd = reason(quiz.against, lambda x: x if x % 2 else None, answer, one_number, why="look again")
    assert odd == "look again"
    assert "returns None" in reason(quiz.against, lambda x: x, answer, one_number, why="look again")


def one_number(random):
    return (random.randrange(10),)


def test_an_answer_that_ends_python_is_told_so():
    said = reason(quiz.gives, lambda: sys.exit(), expect=1, why="no")
    assert said.startswith("Your function raised SystemExit")
    assert "ordinary" in reason(quiz.close, lambda x: x.to("meta"), [1.0], expect=[1.0], why="no")


def walk(ids):
    return [ids[0], *walk(ids[1:])] if ids else []


def test_an_answer_may_call_itself_for_each_token_of_a_long_text():
    quiz.gives(walk, list(range(domains.LONG)), expect=list(range(domains.LONG)), why="no")


def for_ever(x):
    return for_ever(x)


def for_ever_by_sorted(x):
    return sorted([x], key=for_ever_by_sorted)


def for_ever_by_torch(x):
    return torch.ones(1).apply_(for_ever_by_torch)


@pytest.mark.parametrize("function", [for_ever, for_ever_by_sorted, for_ever_by_torch])
def test_calls_without_an_end_are_told(function):
    said = reason(quiz.gives, function, 1, expect=1, why="no")
    assert said.startswith("Your function raised RecursionError")


def test_keys_and_members_may_be_tuples():
    quiz.gives(lambda: {(1, 2): 3}, expect={(1, 2): 3}, why="no")
    quiz.gives(lambda: {(1, 2)}, expect={(1, 2)}, why="no")


def test_the_courses_own_functions_are_found_under_any_name():
    hidden = {"f": getattr(sampling, "top" + "_k")}
    draw = lambda r: (domains.logits(r), 1)  # noqa: E731
    quiz.own(lambda x, k: x.topk(k), draw)
    for function in (sampling.top_k, lambda x, k: hidden["f"](x, k), partial(sampling.top_k)):
        assert reason(quiz.own, function, draw) == "Write it yourself: yours calls the course's."
    assert sys.getprofile() is None


def test_the_same_reason_is_told_once_a_cell(capsys):
    cell = """
def fails():
    quiz.gives(lambda: 1, expect=2, why="look again")

quiz.passes("one", fails)
quiz.passes("two", fails)
"""
    for _ in range(2):
        exec(compile(cell, "<test>", "exec"), {"quiz": quiz})
    shell = InteractiveShell()
    shell.user_ns["quiz"] = quiz
    for _ in range(2):
        shell.run_cell(cell, silent=True)
    told = "[not yet] one: look again\n[not yet] two: the same.\n"
    assert capsys.readouterr().out == told * 4


def test_domains_are_the_same_for_a_seed_and_have_what_they_say():
    drawn = [domains.batch(Random(seed)) for seed in range(300)]
    assert all(torch.equal(x, domains.batch(Random(s))) for s, x in enumerate(drawn))
    assert {x.dim() for x in drawn} == {1, 2, 3, 5}
    assert all((x > -torch.inf).any(dim=-1).all() for x in drawn)
    assert any((x == -torch.inf).any() for x in drawn)
    assert any(x.max() > 4000 for x in drawn) and any(x.min() < -4000 for x in drawn)
    assert any(len(x.unique()) < x.numel() for x in drawn)
    for seed in range(300):
        shares = domains.shares(Random(seed))
        assert sum(shares) == 1 and all(x * 64 == int(x * 64) for x in shares)
    assert max(len(domains.history(Random(seed), 5)) for seed in range(300)) > 500
    assert all(len(domains.history(Random(seed), 5, least=4)) >= 4 for seed in range(300))
    for seed in range(100):
        text = domains.far(Random(seed), 9)
        often = max(set(text), key=text.count)
        assert text.count(often) == 256 and len(text) <= domains.LONG
        assert min(text.count(text[0]), text.count(text[-1])) == 1


WORDS = [
    *(separator.join for separator in domains.SEPARATORS),
    lambda run: tuple(sorted(run)),
    lambda run: tuple(word.lower() for word in run),
    lambda run: tuple(word.strip() for word in run),
    lambda run: tuple(word.strip(".'") for word in run),
    lambda run: tuple(word[:3] for word in run),
    lambda run: tuple(word[-3:] for word in run),
]
IDS = [
    lambda run: "".join(map(str, run)),
    lambda run: tuple(sorted(run)),
    *(lambda run, size=size: tuple(i % size for i in run) for size in domains.SIZES),
    *(lambda run, size=size: reduce(lambda x, i: x * size + i, run) for size in domains.SIZES),
    *(
        lambda run, size=size: sum(i * size**place for place, i in enumerate(run))
        for size in domains.SIZES
    ),
]


@pytest.mark.parametrize(
    ("alike", "key"),
    [*((domains.alike_words, key) for key in WORDS), *((domains.alike_ids, key) for key in IDS)],
)
@pytest.mark.parametrize("n", [2, 5])
def test_runs_that_look_alike_differ_and_careless_keys_confuse_them(alike, key, n):
    pairs = [pair for seed in range(300) for pair in alike(Random(seed), n)]
    assert all(x != y and len(x) == len(y) == n for x, y in pairs)
    assert any(key(x) == key(y) for x, y in pairs)


def test_a_part_that_others_begin_with_runs_once_and_ends_the_same_way_again(capsys):
    ran = []

    @quiz.once
    def holds():
        ran.append("holds")
        return True

    @quiz.once
    def fails():
        ran.append("fails")
        raise AssertionError("No.")

    for part, holding in ((holds, True), (fails, False)):
        assert [quiz.passes("part", part) for _ in range(3)] == [holding] * 3
    assert ran == ["holds", "fails"]
    assert capsys.readouterr().out.count("[not yet] part: ") == 3

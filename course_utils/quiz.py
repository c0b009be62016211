"""Checks that explain, for the scored cells, and the button that scores a notebook.

A check that fails raises AssertionError with a reason. The reason teaches; it never is the answer.
"""

import contextlib
import copy
import functools
import io
import itertools
import logging
import random
import re
import sys
import warnings
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from types import FrameType, MappingProxyType

import numpy as np
import torch
from torch import Tensor

from course_utils.project import self_paced

LETTERS = ("A", "B", "C", "D")
AROUND = " ␣\t\r\n\"'`*.:;,()[]{}"  # what people set around a word, a letter or a number
# A comma in front of three digits may set thousands apart: only after 0 is it surely a decimal one.
NUMBER = re.compile(r"[-+]?(\d+|\d*\.\d+|\d+\.|0,\d+|\d+,\d{1,2}|\d+,\d{4,})(e[-+]?\d+)?", re.I)
SAME = "the same."  # instead of a reason that the cell has told before
QUOTES = " \t\r\n\"'`*"
LARGEST = 10**300
MOST = 10_000  # numbers of a range
KINDS = {
    bool: "True or False",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list or a tensor",
    dict: "a dict",
    set: "a set or a list",
    tuple: "a list or a tensor",  # a list in a set
}
RESULT_FIRST = "Its inputs stay as they were, but its result is not right yet, and has to be."
CASES = 200  # of a domain: 0.1 s, where calls cross a pipe
TOGETHER = 16  # of them that are asked for at once
MISTAKEN = 24  # of them in which a wrong answer may be like a known one
OWN = 20  # calls that are watched
UNRETURNED = "Your function returns None: not written yet, or a `return` is missing."
CALLS_DEEP = 2500  # so that an answer may walk a text of 1,000 tokens by calling itself
CHANGED: dict[int, tuple] = {}  # by id, who did not leave the arguments as they were, in which cell


def answered(answer: str) -> float | None:
    """Say whether a letter was noted, not whether it is right.

    Returns 0.0 without one: as a cell's last value that is "no points yet" to nbgrader, and unlike
    an exception it does not stop Run All.
    """
    return noted(lambda: letter(answer))


def choice(answer: str, right: str, why: Mapping[str, str]) -> None:
    """AssertionError unless the letter is right. why: each wrong letter's own reason."""
    given = letter(answer)
    assert given == right, why[given]


def letter(answer: str) -> str:
    """The letter, in upper case; AssertionError if it is none. "b", "B)" and "(b)" are B."""
    form = f"write one of the letters {', '.join(LETTERS)} between the quotes"
    value = plain_value(answer, form)
    found = value.strip(AROUND).upper() if type(value) is str else value
    assert found in LETTERS, f"Your answer is {told(answer)}: {form}."
    return found


def is_number(answer: float) -> float | None:
    """Say whether a number was noted, not whether it is right. Returns as `answered` does."""
    return noted(lambda: f"{plain_number(answer):g}")


def number(answer: float, right: float, within: float, why: Mapping[float, str], hint: str) -> None:
    """AssertionError unless the number is right. why: reasons for the mistakes we know by value."""
    given = plain_number(answer)
    known = [reason for wrong, reason in why.items() if abs(given - wrong) <= within]
    assert abs(given - right) <= within, known[0] if known else hint


def plain_number(answer: float) -> float:
    """The number; AssertionError if it is none. "0.25", "0,25" and a tensor of one are numbers."""
    form = "write a number in digits in place of None"
    value = plain_value(answer, form)
    if type(value) is list and len(value) == 1:
        (value,) = value
    if type(value) is str:
        written = value.strip(QUOTES).replace("−", "-").replace("–", "-")
        value = float(written.replace(",", ".")) if NUMBER.fullmatch(written) else value
    assert type(value) in (int, float), f"Your answer is {told(answer)}: {form}."
    assert abs(value) < LARGEST, f"Your answer is {told(answer)}, not a finite number: {form}."
    return value


def is_text(answer: str) -> float | None:
    """Say whether a text was noted, not whether it is right. Returns as `answered` does."""
    return noted(lambda: repr(plain_text(answer)))


def text(answer: str, right: str, why: Mapping[str, str], hint: str) -> None:
    """AssertionError unless the words are right, whatever stands around and between them.

    Capitals do not count, and single letters may have anything between them, or nothing.
    """
    given = words(plain_text(answer))
    spelled = re.sub(r"[\W_]", "", "".join(given))

    def meant(other: str) -> bool:
        wanted = words(other)
        letters = all(len(word) == 1 and word.isalpha() for word in wanted)
        return given == wanted or (letters and spelled == "".join(wanted))

    assert meant(right), next((reason for wrong, reason in why.items() if meant(wrong)), hint)


def plain_text(answer: str) -> str:
    """The text with single spaces, or a list's words; AssertionError if it is none."""
    form = "write the text between the quotes"
    value = plain_value(answer, form)
    if type(value) is list and all(type(x) in (str, int, float) for x in value):
        value = " ".join(map(str, value))
    assert type(value) is str, f"Your answer is {told(answer)}: {form}."
    return " ".join(value.split())


def words(text: str) -> list[str]:
    stripped = (word.strip(AROUND).lower() for word in text.replace(",", " ").split())
    return [word for word in stripped if word]


def is_ids(answer: list[int]) -> float | None:
    """Say whether token ids were noted, not whether they are right. Returns as `answered` does."""
    return noted(lambda: str(plain_ids(answer)))


def ids(answer: list[int], right: set[int], why: Mapping[tuple[int, ...], str], hint: str) -> None:
    """AssertionError unless these are the right token ids, in any order. why: by sorted ids."""
    given = plain_ids(answer)
    assert given == sorted(right), why.get(tuple(given), hint)


def plain_ids(answer: list[int]) -> list[int]:
    """The ids in order; AssertionError if they are not different whole numbers.

    A set, range, tensor or array of them is taken, and "0, 2" or ["0", "2"].
    """
    form = "write whole numbers between the brackets, such as [0, 2]"
    value = plain_value(answer, form)
    if type(value) is list and all(type(x) is str for x in value):
        value = " ".join(value)
    if type(value) is str and all(word.isascii() and word.isdigit() for word in words(value)):
        value = [int(word) for word in words(value)]
    assert type(value) is list and all(
        type(i) in (int, float) and abs(i) < LARGEST and i == int(i) for i in value
    ), f"Your answer is {told(answer)}: {form}."
    given = sorted(int(i) for i in value)
    assert len(set(given)) == len(given), f"Write each number once, not {given}."
    return given


def plain_value(answer: object, form: str) -> object:
    """The answer as a text, a number, or a list; AssertionError if there is none yet.

    form: how to write it.
    """
    try:
        value = plain(None if answer is ... else answer)
    except Exception:  # a sparse tensor, a list in itself: whatever it is, it is told
        raise AssertionError(f"Your answer is or holds {told(answer)}: {form}.") from None
    value = list(value) if type(value) is set else value
    unwritten = value is None or (type(value) in (str, list) and not value)
    unwritten = unwritten or (type(value) is str and not value.strip())
    assert not unwritten, f"Not answered yet: {form}."
    return value


def told(value: object) -> str:
    """What a value is: its type, and how it is written if that is short."""
    kind = type(value).__name__
    named = f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"
    if type(value) in (Tensor, np.ndarray) and value.ndim == 0:
        return f"{named} of a single number, without axes"
    if type(value) in (Tensor, np.ndarray) and not getattr(value, "is_nested", False):
        return f"{named} of shape {tuple(value.shape)}"
    if type(value) not in (str, int, float, bool, list) or too_large(value):
        return named
    try:
        shown = repr(value)
    except Exception:  # too deep, or a number too long, or an object in it that raises
        return named
    return f"{named}, {shown}" if len(shown) <= 40 else named


def too_large(value: object) -> bool:
    """Whether Python refuses to write it out: it does from 4,300 digits on."""
    parts = value if type(value) is list else [value]
    return any(type(x) is int and abs(x) >= LARGEST for x in parts)


def noted(read: Callable[[], str]) -> float | None:
    try:
        later = "" if self_paced() else " The score button below tells whether it is right."
        print(f"Noted: {read()}.{later}")
    except AssertionError as reason:
        print(reason)
        return 0.0
    return None


def close(function: Callable, *args, expect: Tensor | list, why: str, within: float = 1e-5) -> None:
    """AssertionError unless function(*args) is a tensor that is close to `expect` everywhere.

    Lists in `args` become tensors, and the function gets copies: it cannot spoil a later check.
    """
    compare(on_copies(function, *copies(args)), torch.as_tensor(expect), why, within)


def unchanged(function: Callable, *args, expect: Tensor | list, why: str) -> None:
    """As `close`, and the tensors it was given must be the same after the call: else `why`."""
    given = copies(args)
    result = call(function, *given)
    assert all(same(now, before) for now, before in zip(given, copies(args), strict=True)), why
    compare(result, torch.as_tensor(expect), RESULT_FIRST, within=1e-5)


def kept(function: Callable, logits: Tensor | list, *args, expect: set[int], why: str) -> None:
    """AssertionError unless function(logits, *args) keeps exactly these tokens of one row.

    Kept logits must be as they were, the others at -inf. Lists become tensors, as in `close`.
    """
    row = torch.as_tensor(logits)
    result = on_copies(function, *copies((row, *args)))
    stay = sorted(expect)
    formed(result, row, why)
    moved = ~((result.double() - row.double()).abs() <= 1e-5)
    assert not (moved & ~result.isneginf()).any(), (
        "Each logit stays as it was or becomes -inf: yours holds others."
    )
    assert (result > -torch.inf).nonzero().flatten().tolist() == stay, why


def gives(function: Callable, *args, expect: object, why: str, within: float = 1e-5) -> None:
    """AssertionError unless function(*args) is `expect`: numbers, texts, lists and dicts of them.

    Numbers may be off by `within`. A tensor, a tuple or an array counts as the list it holds; where
    a set is expected, the order does not count. The function gets copies of `args`, as they are.
    """
    equals(on_copies(function, *args), expect, why, within)


def against(
    definition: Callable,
    function: Callable,
    draw: Callable[[random.Random], tuple],
    why: str,
    within: float = 1e-5,
    mistakes: Mapping[str, Callable] = MappingProxyType({}),
) -> None:
    """AssertionError unless the function gives what the definition gives, all over a domain.

    draw: makes the arguments of a case, from a generator. What the definition returns says what is
    compared: a tensor asks for one, of its shape, with -inf where it has -inf; else as `gives`.
    within: of each number; of a tensor's, times its size if that is above 1. mistakes: reasons, and
    what the definition would be with that mistake: a function that gives the same as one of them is
    told its reason in place of `why`.
    """
    for cases in groups(draw):
        given = [fresh(args) for args in cases]
        asked = ahead(function, given)
        # Across the grader's pipe the function runs while the definition does.
        expected = defined(definition, cases)
        for ask, now, args, expect in zip(asked, given, cases, expected, strict=True):
            try:
                fits(call(ask, *now), expect, why, within)
                note(function, now, args)
            except AssertionError as error:
                tried = [args, *(args for args, _ in drawn(nothing, draw, MISTAKEN))]
                may_be_none = error.args == (UNRETURNED,) and any(
                    result is None for result in defined(definition, tried)
                )
                if error.args != (why,) and not may_be_none:
                    raise
                made = (told for told, faulty in mistakes.items() if agree(function, faulty, tried))
                raise AssertionError(next(made, why)) from None


def fits(result: object, expect: object, why: str, within: float) -> None:
    if isinstance(expect, Tensor):
        compare(result, expect, why, within, relative=within)
    else:
        equals(result, expect, why, within)


def agree(function: Callable, faulty: Callable, cases: list[tuple]) -> bool:
    """Whether the function gives in all cases what a faulty definition gives."""
    try:
        for args in cases:
            fits(call(function, *fresh(args)), faulty(*fresh(args)), "", within=1e-5)
    except AssertionError:
        return False
    return True


def keeps(function: Callable, draw: Callable[[random.Random], tuple], why: str) -> None:
    """AssertionError unless its arguments are after each call as they were, all over a domain, and
    wherever it has been asked since the last time in this cell."""
    for cases in groups(draw):
        given = [fresh(args) for args in cases]
        for ask, now, before in zip(ahead(function, given), given, cases, strict=True):
            call(ask, *now)
            note(function, now, before)
        changed = CHANGED.pop(id(function), None)
        assert changed != (function, cell_number()), why


def groups(draw: Callable[[random.Random], tuple]) -> Iterator[list[tuple]]:
    """The arguments of all cases, a few together; alone at first, where most wrong answers show."""
    cases, size = (args for args, _ in drawn(nothing, draw)), 1
    while group := list(itertools.islice(cases, size)):
        yield group
        size = TOGETHER


def defined(definition: Callable, cases: list[tuple]) -> list:
    """What the definition gives for each case."""
    return [definition(*fresh(args)) for args in cases]


def ahead(function: Callable, cases: list[tuple]) -> list[Callable]:
    """What to call with the arguments of each case, in this order.

    It is the function, or where that is at the other end of the grader's pipe, what waits for a
    call that has been asked for.
    """
    asked = getattr(function, "ahead", None)
    return asked(cases) if asked else [function] * len(cases)


def nothing(*args) -> None:
    """The definition where no value is compared."""


def drawn(
    definition: Callable, draw: Callable, cases: int = CASES, seed: int = 0
) -> Iterator[tuple[tuple, object]]:
    """The arguments of each case, and what the definition gives for them."""
    generator = random.Random(seed)
    for _ in range(cases):
        args = draw(generator)
        yield args, definition(*fresh(args))


def own(function: Callable, draw: Callable[[random.Random], tuple]) -> None:
    """AssertionError if the function calls one of the course's, under whatever name."""
    generator = random.Random(0)
    # Across the grader's pipe, calls are watched where they run.
    watched = getattr(function, "calls_the_course", functools.partial(calls_the_course, function))
    for _ in range(OWN):
        assert not watched(*draw(generator)), "Write it yourself: yours calls the course's."


def calls_the_course(function: Callable, *args) -> bool:
    """Whether function(*args) calls a function of the course, however it ends."""
    used = False

    def watch(frame: FrameType, event: str, _) -> None:
        nonlocal used
        package, *rest = (frame.f_globals.get("__name__") or "").split(".")
        # `grading` is called by whoever prints or displays something while it is scored.
        ours = package == "course_utils" and rest[:1] != ["grading"]
        used = used or (event == "call" and ours)

    before = sys.getprofile()
    with unheard(), contextlib.suppress(Exception, SystemExit):  # `call` tells of an exception
        sys.setprofile(watch)
        try:
            function(*args)
        finally:
            sys.setprofile(before)
    return used


def equals(result: object, expect: object, why: str, within: float) -> None:
    if expect is not None:
        returned(result)
    form = KINDS.get(type(plain(expect)), "None")
    found = plain(result, form)
    fits = KINDS.get(type(found), "None") == form or (type(expect), type(found)) == (set, list)
    assert fits, f"Return {form}; yours returns {told(result)}."
    if alike(found, plain(expect), within):
        return
    assert not rounded(found, plain(expect)), (
        "What you return is rounded: return it as it comes out."
    )
    kinds_agree([plain(expect)], [found])
    raise AssertionError(why)


def plain(value: object, form: str = "numbers, texts, lists or tensors") -> object:
    """The same as numbers, texts, lists, dicts and sets of exactly these types.

    A subclass could call itself equal to anything. AssertionError if there is another type in it,
    or if it cannot be read.
    """
    try:
        return exactly(value)
    except (RuntimeError, ArithmeticError, ValueError):  # a list in itself, a vast fraction
        raise AssertionError(f"Return {form}; yours returns {told(value)}.") from None


def exactly(value: object) -> object:
    """`plain`, where an endless list or a tensor without values raises as it will."""
    if type(value) is np.ndarray and value.dtype == object:
        return exactly(value.tolist())
    if type(value) in (Tensor, np.ndarray) or isinstance(value, np.generic):
        return value.tolist()
    if type(value) in (Fraction, Decimal):
        return float(value)
    if issubclass(type(value), tuple):  # a named one, too
        return [exactly(x) for x in tuple.__iter__(value)]
    if type(value) in (list, deque) or (type(value) is range and len(value) <= MOST):
        return [exactly(x) for x in value]
    if type(value) in (dict, OrderedDict, defaultdict, Counter):
        return {hashable(exactly(k)): exactly(v) for k, v in dict.items(value)}
    if type(value) in (set, frozenset):
        return {hashable(exactly(x)) for x in value}
    assert value is None or type(value) in (bool, int, float, str), (
        f"Return numbers, texts, lists or tensors; yours holds {told(value)}."
    )
    return value


def kinds_agree(expect: list, found: list) -> None:
    """AssertionError if lists hold something of another kind, or lists in them do."""
    inside = [
        [x for value in values if type(value) in (list, set, tuple) for x in value]
        for values in (expect, found)
    ]
    wanted, held = ({KINDS.get(type(x), "None") for x in values} for values in inside)
    if not wanted:
        return
    other = sorted(held - wanted)
    assert not other, (
        f"What you return should hold {' or '.join(sorted(wanted))}; yours holds {other[0]}."
    )
    kinds_agree(*inside)


def hashable(value: object) -> object:
    return tuple(map(hashable, value)) if type(value) is list else value


def alike(result: object, expect: object, within: float) -> bool:
    if type(expect) is set:
        found = list(result) if type(result) in (list, set) else []
        simple = not any(type(x) in (list, dict, set) for x in found)
        return simple and len(found) == len(expect) and set(found) == expect
    if type(expect) is list:
        return (
            type(result) is list
            and len(result) == len(expect)
            and all(alike(x, y, within) for x, y in zip(result, expect, strict=True))
        )
    if type(expect) is dict:
        return (
            type(result) is dict
            and result.keys() == expect.keys()
            and all(alike(result[key], expect[key], within) for key in expect)
        )
    if type(expect) in (int, float):
        number = type(result) in (int, float) and not too_large(result)
        return number and (result == expect or abs(result - expect) <= within)
    return type(result) is type(expect) and result == expect


def rounded(found: object, expect: object) -> bool:
    """Whether numbers, none of them whole, are right to 2 to 4 decimals and have no more."""
    found, expect = (x if isinstance(x, list) else [x] for x in (found, expect))
    return (
        len(found) == len(expect)
        and all(type(x) is float for x in [*found, *expect])
        and not any(map(float.is_integer, found))
        and any(found == [round(x, digits) for x in expect] for digits in (2, 3, 4))
    )


def copies(args: tuple) -> list:
    return [torch.tensor(arg) if isinstance(arg, list) else fresh(arg) for arg in args]


def fresh(value: object) -> object:
    """A deep copy, made quickly where there is no more to it than tensors, numbers and texts."""
    if type(value) is Tensor and value.is_leaf:
        return value.clone()
    if type(value) in (tuple, list):
        return type(value)(map(fresh, value))
    return value if type(value) in (int, float, str, bool) else copy.deepcopy(value)


def on_copies(function: Callable, *args) -> object:
    """function(*args), for copies of them. `keeps` tells of it if it changes them."""
    given = fresh(args)
    result = call(function, *given)
    note(function, given, args)
    return result


def note(function: Callable, now: tuple, before: tuple) -> None:
    if not same(now, before):
        CHANGED[id(function)] = function, cell_number()


def same(now: object, before: object) -> bool:
    if not isinstance(now, type(before)):
        return False
    if isinstance(now, Tensor):
        if (now.dtype, now.layout, now.shape) != (before.dtype, before.layout, before.shape):
            return False
        return bool(((now == before) | ((now != now) & (before != before))).all())
    if isinstance(now, np.ndarray):
        return np.array_equal(now, before)
    if isinstance(now, list | tuple):
        return len(now) == len(before) and all(map(same, now, before))
    if isinstance(now, dict):
        return now.keys() == before.keys() and all(same(now[key], before[key]) for key in now)
    if type(now).__eq__ is object.__eq__:  # of a copy, that could tell nothing
        return True
    return now == before or (now != now and before != before)


def call(function: Callable, *args) -> object:
    """function(*args); its exceptions become reasons."""
    try:
        with unheard():
            return function(*args)
    except NotImplementedError:
        raise AssertionError("Not written yet.") from None
    except (Exception, SystemExit) as error:
        said = f"Your function raised {type(error).__name__}: {error}"
        if line := line_of(error, function):
            said = f"Your function raised {type(error).__name__} (line {line} of its cell): {error}"
        raise AssertionError(said) from None


def returned(result: object) -> object:
    """The result of a function; AssertionError if it is None."""
    assert result is not None, UNRETURNED
    return result


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Drops what a learner's function warns of, logs, or writes to stderr: nbgrader gives no points
    to a cell that writes there."""
    heard = logging.root.manager.disable
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable()  # a handler may have kept the stderr of before
        try:
            yield
        finally:
            logging.disable(heard)


def attempt(function: Callable, *args) -> object:
    """function(*args), where a lesson shows what a learner's function does; None if it raises.

    A cell says each kind of exception once: the function's own checks say the rest.
    """
    try:
        return function(*args)
    except (Exception, SystemExit) as error:
        unwritten = isinstance(error, AssertionError | NotImplementedError)
        say_not_ready("" if unwritten else f": {type(error).__name__}", cell_number())
        return None


def cell_number() -> int:
    """How many cells the kernel has run, 0 without one: a cell that runs again speaks again."""
    kernel = sys.modules.get("IPython")
    shell = kernel and kernel.get_ipython()
    return shell.execution_count if shell else 0


@functools.cache
def say_not_ready(kind: str, cell: int) -> None:
    print(f"(Your function is not ready yet{kind}.)")


def line_of(error: BaseException, function: Callable) -> int | None:
    """The last line of the function's own cell that an error passed. The grader's pipe notes it."""
    line, code = getattr(error, "cell_line", None), getattr(function, "__code__", None)
    trace = error.__traceback__
    while trace:
        if code and trace.tb_frame.f_code.co_filename == code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def formed(result: object, expect: Tensor, why: str) -> None:
    returned(result)
    assert type(result) is Tensor, f"Return a tensor; yours is a {type(result).__name__}."
    usual = result.device.type == "cpu" and result.layout is torch.strided
    assert usual, "Return an ordinary tensor, dense and on the CPU."
    assert result.shape == expect.shape, (
        f"Return a tensor of shape {tuple(expect.shape)}; yours is {tuple(result.shape)}."
    )
    assert not result.is_complex(), "Return real numbers; yours are complex."
    assert not result.isnan().any(), f"There is a NaN in your result. {why}"


def compare(result: object, expect: Tensor, why: str, within: float, relative: float = 0.0) -> None:
    formed(result, expect, why)
    if result.dtype == expect.dtype and torch.equal(result, expect):
        return
    result, expect = result.double(), expect.double()
    close = functools.partial(torch.allclose, rtol=relative, atol=within)
    cut = expect.isneginf()
    if cut.sum() > 1 and result[cut].unique().isfinite().tolist() == [True]:
        assert not close(result[~cut], expect[~cut]), (
            "Where -inf belongs, yours holds another number."
        )
    assert close(result, expect), why


def once(part: Callable[[], None]) -> Callable[[], None]:
    """A part of a test that later parts begin with: it runs once, and ends the same way again."""
    ends: list[AssertionError | None] = []

    def again() -> None:
        if not ends:
            try:
                part()
                ends.append(None)
            except AssertionError as error:
                ends.append(error)
        if ends[0] is not None:
            raise ends[0]

    return again


def passes(name: str, check: Callable, *args, **kwargs) -> bool:
    """Run one check and print how it went, without raising: for practice and for partial credit."""
    try:
        check(*args, **kwargs)
    except AssertionError as error:
        reason = SAID.once(str(error), sys._getframe(1))
        print(f"[not yet] {name}: {reason}")
        return False
    print(f"[ok] {name}")
    return True


class Said:
    """The reasons that the test cell which runs has given so far: each is told once."""

    def __init__(self):
        self.code, self.line, self.reasons = None, 0, set()

    def once(self, reason: str, frame: FrameType) -> str:
        """frame: of the cell. IPython compiles each of its statements apart, under one name."""
        code = frame.f_code
        named_alike = self.code and "ipy" in code.co_filename == self.code.co_filename
        if code is not self.code and not (named_alike and frame.f_lineno > self.line):
            self.reasons = set()
        self.code, self.line = code, frame.f_lineno
        if reason in self.reasons:
            return SAME
        self.reasons.add(reason)
        return reason


SAID = Said()


def score_button():
    """A button that saves the notebook it is in, scores it and shows a table, as a widget."""
    from course_utils.learner.button import ScoreButton  # here, so that scored cells need no widget

    return ScoreButton().box


# Not far more: calls of Python by C++ end the process from 4,000 on, or from 2,000 on Windows.
if sys.platform != "win32":
    sys.setrecursionlimit(max(sys.getrecursionlimit(), CALLS_DEEP))

if self_paced():
    from course_utils.learner.at_once import watch  # here, as nobody else waits for its import

    watch()

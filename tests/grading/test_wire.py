"""Whatever value a submission makes crosses as it is, or as opaque; none ends its process."""

import builtins
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from cases import at_least, examples
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from course_utils.grading import wire, worker
from course_utils.grading.separate import Budget, Submission

pytestmark = [
    pytest.mark.grading,
    pytest.mark.filterwarnings("ignore:.*(beta|prototype|deprecated|ComplexHalf)"),
]

CROSSING = [getattr(torch, name) for name in wire.DTYPES]


def back(value: object) -> object:
    """The value after the way there; what the worker sends for it is what `encode` makes."""
    data = wire.encode(value)
    assert worker.encoded(value) == data
    return wire.decode(data)


def name(value: object) -> str:
    """The name of what a value crossed as, if it crossed as opaque."""
    assert type(value).__module__ == wire.__name__, value
    return type(value).__name__


def same(a: object, b: object) -> bool:
    """Whether they are alike in type and value; NaN is NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor | np.ndarray | np.generic):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        if a.dtype == object:
            return same(a.reshape(-1).tolist(), b.reshape(-1).tolist())
        return repr(a.tolist()) == repr(b.tolist())
    if type(a) in (list, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if type(a) is dict:
        return same(list(a.items()), list(b.items()))
    return a == b or (type(a) in (float, set, frozenset) and "nan" in repr(a) and "nan" in repr(b))


@st.composite
def tensors(draw) -> torch.Tensor:
    """Any dtype that crosses, up to five axes, seen through a few views."""
    shape = draw(st.lists(st.integers(0, 4), max_size=5))
    seed = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    x = torch.randint(0, 256, (*shape, 16), generator=seed, dtype=torch.uint8)
    dtype = draw(st.sampled_from(CROSSING))
    x = x[..., 0] > 127 if dtype is torch.bool else x.view(dtype)[..., 0]
    for _ in range(draw(st.integers(0, 4))):
        axis = draw(st.integers(0, x.dim() - 1)) if x.dim() else None
        match draw(st.sampled_from(["step", "one", "pick", "turn", "wide", "conj", "flip"])):
            case "step" if x.dim():
                x = x[(slice(None),) * axis + (slice(None, None, draw(st.integers(1, 3))),)]
            case "one" if x.dim() and x.shape[axis]:
                x = x.narrow(axis, draw(st.integers(0, x.shape[axis] - 1)), 1)
            case "pick" if x.dim() and x.shape[axis]:
                x = x.select(axis, draw(st.integers(0, x.shape[axis] - 1)))
            case "turn":
                x = x.permute(draw(st.permutations(range(x.dim()))))
            case "wide":
                x = x.unsqueeze(0).expand(draw(st.integers(0, 3)), *x.shape)
            case "conj" if x.dtype.is_complex:
                x = draw(st.sampled_from([x.conj(), x.conj().imag]))
            case "flip":
                x = x.mT if x.dim() > 1 else x
    if (x.is_floating_point() or x.is_complex()) and draw(st.booleans()):
        x = x.detach().requires_grad_()
    return x


@given(tensors())
@examples(5000)
def test_a_tensor_crosses_whatever_view_it_is(x):
    before = x.detach().clone()
    assert same(back(x), x)
    assert same(x.detach(), before)


NUMBERS = arrays.scalar_dtypes().filter(lambda dtype: dtype.kind in "biufcU")


@st.composite
def numpy_values(draw) -> np.ndarray | np.generic:
    shape = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    x = draw(arrays.arrays(draw(NUMBERS), draw(shape)))
    if draw(st.booleans()):
        x = x.T
    if x.ndim and draw(st.booleans()):
        x = x[:: draw(st.sampled_from([-2, -1, 2]))]
    if x.size and draw(st.booleans()):
        x = x.reshape(-1)[0]
    return x


def as_objects(items: list) -> np.ndarray:
    array = np.empty(len(items), object)
    for i, item in enumerate(items):
        array[i] = item
    return array


TEXT = st.text(st.characters(codec="utf-8"))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
KEYS = SCALARS | st.tuples(SCALARS, SCALARS) | st.frozensets(SCALARS)
PLAIN = st.recursive(
    SCALARS | numpy_values() | tensors(),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.tuples(parts, parts)
        | st.dictionaries(KEYS, parts, max_size=4)
        | st.sets(KEYS, max_size=4)
        | st.lists(parts, max_size=3).map(as_objects)
    ),
    max_leaves=12,
)


def crosses(value: object) -> bool:
    """Whether all in it is small enough to cross."""
    if type(value) is int:
        return abs(value) < wire.LARGEST
    if type(value) is dict:
        return all(map(crosses, value.keys())) and all(map(crosses, value.values()))
    if type(value) in (list, tuple, set, frozenset):
        return all(map(crosses, value))
    if type(value) is np.ndarray and value.dtype.kind == "O":
        return all(map(crosses, value.tolist()))
    return True


@given(PLAIN)
@examples(3000)
def test_plain_data_crosses_with_all_that_is_in_it(value):
    there = back(value)
    if crosses(value):
        assert same(there, value)


class MyTensor(torch.Tensor):
    pass


class Lying(type):
    """A type that calls itself str, under any name, with the hash of str."""

    __name__ = property(lambda self: 1 / 0)
    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = lambda self: hash(str)  # noqa: E731
    __instancecheck__ = __subclasscheck__ = lambda self, other: sys.exit()


def stop(*args, **kwargs):
    raise SystemExit


def interrupt(*args, **kwargs):
    raise KeyboardInterrupt


class Hostile(metaclass=Lying):
    __class__ = dtype = shape = layout = __dict__ = property(stop)
    __iter__ = __len__ = __bool__ = __repr__ = __str__ = __getattribute__ = stop
    __eq__ = __array__ = __float__ = __index__ = __torch_function__ = interrupt
    __hash__ = lambda self: 1  # noqa: E731


class HostileText(str):
    __len__ = __getitem__ = __str__ = __iter__ = __eq__ = encode = stop
    __hash__ = str.__hash__


class HostileList(list):
    __iter__ = __len__ = __getitem__ = stop


class HostileArray(np.ndarray):
    __array_finalize__ = lambda self, other: None  # noqa: E731
    dtype = shape = nbytes = property(stop)


class HostileNumber(float):
    __repr__ = __float__ = __abs__ = __eq__ = stop
    __hash__ = float.__hash__


def shared(depth: int) -> list:
    """2**depth lists in few bytes."""
    found: list = []
    for _ in range(depth):
        found = [found, found]
    return found


def without_memory() -> torch.Tensor:
    x = torch.ones(10**6)
    x.untyped_storage().resize_(0)
    return x


ODD = {
    "sparse": (lambda: torch.eye(3).to_sparse(), "sparse tensor"),
    "compressed": (lambda: torch.eye(4).to_sparse_csr(), "sparse tensor"),
    "mkldnn": (lambda: torch.eye(3).to_mkldnn(), "sparse tensor"),
    "meta": (lambda: torch.empty(3, device="meta"), "meta tensor"),
    "quantised": (
        lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "qint8 tensor",
    ),
    "nested": (
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "nested tensor",
    ),
    "jagged": (
        lambda: torch.nested.nested_tensor([torch.ones(2)], layout=torch.jagged),
        "NestedTensor",
    ),
    "float8": (lambda: torch.ones(3).to(torch.float8_e4m3fn), "float8_e4m3fn tensor"),
    "65 axes": (lambda: torch.zeros([1] * 65), "very large value"),
    "100,000 axes": (lambda: torch.zeros([1] * 100_000), "very large value"),
    "expanded": (lambda: torch.zeros(1).expand(10**12), "very large value"),
    "hidden length": (lambda: torch.empty(10**12, 0), "very large value"),
    "without memory": (without_memory, "tensor without its memory"),
    "subclass": (lambda: torch.ones(2).as_subclass(MyTensor), "MyTensor"),
    "parameter": (lambda: torch.nn.Parameter(torch.ones(2)), "Parameter"),
    "broadcast": (lambda: np.broadcast_to(1.0, 10**12), "very large value"),
    "hidden length in NumPy": (lambda: np.empty((10**12, 0)), "very large value"),
    "beyond its memory": (
        lambda: np.lib.stride_tricks.as_strided(np.ones(4), (2, 2), (2**40, 8)),
        "array without its memory",
    ),
    "before its memory": (
        lambda: np.lib.stride_tricks.as_strided(np.ones(4)[1:], (3,), (-8,)),
        "array without its memory",
    ),
    "record": (lambda: np.zeros(2, "i4,f8"), "ndarray"),
    "dates": (lambda: np.zeros(2, "M8[s]"), "ndarray"),
    "date": (lambda: np.datetime64(0, "s"), "datetime64"),
    "bytes in NumPy": (lambda: np.zeros(2, "S3"), "ndarray"),
    "masked": (lambda: np.ma.masked_array([1, 2], [True, False]), "MaskedArray"),
    "shared": (lambda: shared(wire.DEEPEST), "very large value"),
    "long text": (lambda: "x" * (wire.LONGEST + 1), "very large value"),
    "long list": (lambda: [0] * (wire.MOST_OBJECTS + 1), "very large value"),
    "huge number": (lambda: 10**5000, "very large number"),
    "hostile": (Hostile, "Hostile"),
    "hostile text": (lambda: HostileText("x"), "HostileText"),
    "hostile list": (lambda: HostileList([1]), "HostileList"),
    "hostile number": (lambda: HostileNumber(1), "HostileNumber"),
    "hostile array": (lambda: np.ones(2).view(HostileArray), "HostileArray"),
    "bytes": (lambda: b"x", "bytes"),
    "complex": (lambda: 1j, "complex"),
    "generator": (lambda: (x for x in [1]), "generator"),
}


def innermost(value: object) -> object:
    while type(value) in (list, tuple, dict):
        (value,) = value.values() if type(value) is dict else value
    return value


@pytest.mark.parametrize("kind", at_least(*(ODD.keys() - {"shared"}), of=ODD))
def test_what_cannot_cross_is_opaque_and_says_what_it_was(kind):
    make, said = ODD[kind]
    for value in (make(), [make()], {"key": (make(),)}):
        assert name(innermost(back(value))) == said


@pytest.mark.parametrize("kind", at_least(list, of=[list, dict, np.ndarray]))
def test_what_holds_itself_crosses_to_some_depth(kind):
    """A list that does so twice has more in it than can be counted."""
    held = np.empty(2, object) if kind is np.ndarray else kind()
    if kind is list:
        held += [held]
    else:
        held[0] = held
    there = back(held)
    for _ in range(wire.DEEPEST):
        assert type(there) is kind
        there = there[0]
    held = []
    held += [held, held]
    assert name(back(held)) == "very large value"


SAME_HASH = [(2.0 ** (61 * i), 2.0 ** (61 * j)) for i in range(-8, 8) for j in range(-8, 8)]


class HostileError(Exception):
    __str__ = __bool__ = __repr__ = __traceback__ = property(stop)


class HostileSyntax(SyntaxError):
    lineno = property(stop)


def fail(kind: str) -> None:
    """Raise in some way that Exception does not catch, or that cannot be told."""
    if kind == "loud":
        sys.stdout.write(HostileText("z"))
    errors = {"hostile": HostileError, "loud": HostileError, "syntax": HostileSyntax}
    raise (errors.get(kind) or getattr(builtins, kind))()


FAILURES = ["hostile", "loud", "syntax", "SystemExit", "KeyboardInterrupt", "GeneratorExit"]


@pytest.mark.slow
def test_no_value_and_no_error_ends_the_process():
    with Submission(None, sandbox=False, seconds=60) as submission:

        def run(source: str) -> list | None:
            return submission.run(source, 60)[1]

        here = str(Path(__file__).parents[1])
        names = "HostileError, ODD, SAME_HASH, fail, stop, torch"
        assert run(f"import sys\nsys.path[:0] = [{here!r}]") is None
        assert run(f"from grading.test_wire import {names}") is None
        assert run("def give(kind): return ODD[kind][0]()\nmany = set(SAME_HASH)") is None
        budget = Budget(300)
        give, fails = (submission.get(name, budget) for name in ("give", "fail"))
        process = submission.process
        for i, (kind, (_, said)) in enumerate(ODD.items()):
            assert name(give(kind)) == said
            assert run(f"value_{i} = give({kind!r})") is None
            assert name(submission.get(f"value_{i}", budget)) == said
        for kind in FAILURES:
            with pytest.raises(Exception) as error:
                fails(kind)
            assert type(error.value).__name__ in (kind, "HostileError", "HostileSyntax")
            assert run(f"fail({kind!r})") is not None
        assert run("long = chr(0) * 2_000_000") is None
        assert name(submission.get("long", budget)) == "very large value"
        assert name(submission.get("many", budget)) == "unreadable value"
        assert run("torch.Tensor.detach = stop\nvalue = torch.ones(2)") is None
        assert name(submission.get("value", budget)) == "unreadable value"
        assert submission.process is process and submission.stops == 0


@pytest.mark.parametrize(
    ("value", "crosses"),
    [
        (Fraction(3, 5), 0.6),
        (Decimal("0.6"), 0.6),
        (range(0, 3, 2), [0, 2]),
        (range(5, 0, -2), [5, 3, 1]),
        ([Fraction(1, 2), range(0)], [0.5, []]),
    ],
)
def test_numbers_of_other_types_and_ranges_cross_as_what_tests_ask_for(value, crosses):
    assert wire.decode(wire.encode(value)) == crosses


def test_a_range_that_has_no_end_in_sight_is_opaque():
    for endless in (range(10**12), range(10**30), range(10**12, 0, -1)):
        assert wire.encode(endless)["t"] == "opaque"


def lists(count: int) -> list:
    return [[] for _ in range(count)]


SENT = {  # what no `encode` makes, but a submission may write into the pipe
    "objects": lists(wire.MOST_OBJECTS + 1),
    "objects in a dict": {"t": "dict", "v": [[i, lists(1000)] for i in range(1100)]},
    "opaque values": [{"t": "opaque", "v": f"a{i}"} for i in range(200_000)],
    "functions": {"t": "set", "v": [{"t": "function", "v": "f"}] * 20_000},
    "one long text of many": {
        **{"t": "array", "dtype": "U", "shape": [100_001]},
        "v": [""] * 100_000 + ["x" * 1_000_000],
    },
    "axes": {"t": "array", "dtype": "<f8", "shape": [1] * 100_000, "v": "AAAAAAAAAAA="},
}


@pytest.mark.parametrize("kind", SENT)
def test_what_was_sent_is_refused_before_it_takes_memory(kind):
    with pytest.raises(wire.Malformed):
        wire.decode(SENT[kind])


def test_a_named_tuple_crosses_as_what_it_holds():
    class Lying(NamedTuple):
        low: float
        high: float

        def __iter__(self):
            return iter("abc")

    assert wire.decode(wire.encode([Lying(1.5, 2.0)])) == [(1.5, 2.0)]

"""What crosses between grader and submission: plain data as JSON, never code or pickled objects.

A message is one JSON document with its length in front. A value that is no plain data, or too much
of it, crosses as the name of its type, and a function as the fact that it is one. Its own methods
never run.
"""

import base64
import json
import math
import re
import struct
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    import torch

LONGEST = 8 * 2**20  # bytes in a message; as JSON lists it may take 30 times that in memory
UNKNOWN_BYTES = 1000  # what stands for a value that could not cross: a type of its own
LARGEST = 2**63  # whole numbers beyond it cross as opaque: work with them has no end
MOST_ALIKE = 100  # keys with one hash: a table of very many takes hours to fill
DEEPEST = 50  # containers inside each other
MOST_OBJECTS = 2**20  # in a value; a list that holds itself twice has 2**DEEPEST
MOST_AXES = 64  # as in NumPy; torch makes more, and its C++ recurses over them until it crashes
DICTS = (dict, OrderedDict, defaultdict, Counter)
LENGTH = struct.Struct(">I")
DTYPES = (
    *("float64", "float32", "float16", "bfloat16"),
    *("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool"),
    *("complex64", "complex128"),
)
NAME = re.compile(r"[A-Za-z_][\w ]{0,63}", re.ASCII)
PLAIN = re.compile(r"[<>|=]?[biufc]\d{1,2}", re.ASCII)  # numpy's short names of number types


class Closed(Exception):
    """The other side has gone."""


class Malformed(Exception):
    """The other side sent what is no message."""


class TooLarge(Malformed):
    """A value that takes too much room or time to work with."""

    def __init__(self, what: str = "a very large value"):
        super().__init__(what)


def packed(message: object) -> bytes:
    """One message to send. ValueError if it is too long."""
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > LONGEST:
        raise ValueError(f"a message must have at most {LONGEST} bytes, got {len(data)}")
    return LENGTH.pack(len(data)) + data


def send(stream: BinaryIO, message: object) -> None:
    """Write one message. Closed if nobody reads; ValueError if it is too long."""
    write(stream, packed(message))


def write(stream: BinaryIO, data: bytes) -> None:
    """Write what is packed. Closed if nobody reads."""
    try:
        stream.write(data)
        stream.flush()
    except OSError:
        raise Closed


def receive(stream: BinaryIO) -> object:
    """Read one message. Closed or Malformed if there is none."""
    return unpacked(received(stream))


def received(stream: BinaryIO) -> bytes:
    """One message as it came. Closed or Malformed if there is none."""
    (length,) = LENGTH.unpack(read(stream, LENGTH.size))
    if length > LONGEST:
        raise Malformed(f"a message of {length} bytes")
    return read(stream, length)


def unpacked(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{type(error).__name__} in a message")


def read(stream: BinaryIO, size: int) -> bytes:
    try:
        data = stream.read(size)
    except OSError:
        data = b""
    if len(data) < size:
        raise Closed
    return data


class Room:
    """What a value may still take."""

    def __init__(self):
        self.objects, self.bytes = MOST_OBJECTS, LONGEST

    def take(self, size: int) -> None:
        """One more object. TooLarge if there is no room for its bytes, or for one more."""
        self.objects -= 1
        self.bytes -= size
        if min(self.objects, self.bytes) < 0:
            raise TooLarge


def encode(value: object) -> object:
    """The JSON for a value, opaque if it cannot cross."""
    try:
        return encode_part(value, 0, Room())
    except TooLarge:
        return unknown("very large value")


def encode_part(value: object, depth: int, room: Room) -> object:
    """Exact types only: a subclass could be made to lie, and its type to equal any other."""
    kind = type(value)
    room.take(len(value) if kind is str else 1)
    if depth > DEEPEST:
        return unknown("deeply nested value")
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        if abs(value) >= LARGEST:
            return unknown("very large number")
        return value if abs(value) < 2**53 else {"t": "int", "v": str(value)}
    if kind is float:
        return value if math.isfinite(value) else {"t": "float", "v": repr(value)}
    # torch takes seconds to import: a value can only be a tensor if the submission has done so.
    if (torch := sys.modules.get("torch")) and kind is getattr(torch, "Tensor", None):
        return encode_tensor(value, room)
    if issubclass(kind, np.generic) or kind is np.ndarray:
        return encode_array(value, depth, room)
    if kind is Fraction or kind is Decimal:  # as a number, which is what tests ask for
        return encode_part(float(value), depth, room)
    if kind is range and (value.stop - value.start) // value.step > MOST_OBJECTS:
        raise TooLarge
    if kind is list or kind is range or kind is deque:
        return [encode_part(x, depth + 1, room) for x in value]
    if issubclass(kind, tuple):  # the items of a named one are what it says it holds
        items = [encode_part(x, depth + 1, room) for x in tuple.__iter__(value)]
        return {"t": "tuple", "v": items}
    if kind is set or kind is frozenset:
        items = [encode_part(x, depth + 1, room) for x in value]
        return {"t": kind.__name__, "v": items}
    if any(kind is other for other in DICTS):
        pairs = [[encode_part(x, depth + 1, room) for x in pair] for pair in dict.items(value)]
        return {"t": "dict", "v": pairs}
    return {"t": "function" if callable(value) else "opaque", "v": name_of(kind)}


def name_of(kind: type) -> str:
    """A type's own name; its metaclass could have made another of it, that raises or is no text."""
    return str.__str__(type.__dict__["__name__"].__get__(kind))[:64]


def unknown(what: str) -> dict:
    """What crosses in place of a value that cannot."""
    return {"t": "opaque", "v": what}


def encode_tensor(value: "torch.Tensor", room: Room) -> dict:
    import torch

    dtype = str(value.dtype).removeprefix("torch.")
    if value.is_nested:  # it has no shape
        return unknown("nested tensor")
    if value.layout is not torch.strided:
        return unknown("sparse tensor")
    if value.is_quantized or value.is_meta or dtype not in DTYPES:
        return unknown("meta tensor" if value.is_meta else f"{dtype} tensor")
    shape = checked_shape(list(value.shape))
    room.take(value.numel() * value.element_size())
    last = value.storage_offset() + sum(
        (n - 1) * step for n, step in zip(shape, value.stride(), strict=True)
    )
    if value.numel() and (last + 1) * value.element_size() > value.untyped_storage().nbytes():
        return unknown("tensor without its memory")  # to read on would end the process
    # A copy, as a view of one element may keep any stride, and no other type's view takes it.
    flat = value.detach().cpu().reshape(-1)
    flat = flat.clone(memory_format=torch.contiguous_format)
    raw = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    return {"t": "tensor", "dtype": dtype, "shape": shape, "v": base64.b64encode(raw).decode()}


def encode_array(value: np.generic | np.ndarray, depth: int, room: Room) -> dict:
    array = np.asarray(value)
    kind = array.dtype.kind
    if kind not in "biufcUO":
        return unknown(name_of(type(value)))
    shape = checked_shape(list(array.shape))
    room.take(array.nbytes)
    if array.size and reaches_out(array):
        return unknown("array without its memory")
    data = {"t": "array" if type(value) is np.ndarray else "scalar", "shape": shape}
    if kind in "UO":  # of texts, or of anything: element by element
        items = [encode_part(x, depth + 1, room) for x in array.reshape(-1).tolist()]
        return data | {"dtype": kind, "v": items}
    raw = np.ascontiguousarray(array).tobytes()
    return data | {"dtype": array.dtype.str, "v": base64.b64encode(raw).decode()}


def reaches_out(array: np.ndarray) -> bool:
    """Whether strides lead out of the memory of the array that it is a view of: no one can read."""
    owner = array
    while (base := getattr(owner, "base", None)) is not None:
        owner = base
    if type(owner) is not np.ndarray:  # memory that is not NumPy's
        return False
    (low, high), (first, last) = map(np.lib.array_utils.byte_bounds, (array, owner))
    return low < first or high > last


def decode(data: object, function: object = None) -> object:
    """The value for JSON that came in. function: what stands for one.

    Malformed if it is none, TooLarge if it has more objects or takes more bytes than may cross:
    whoever wrote it need not have used `encode`.
    """
    return decode_part(data, 0, function, Room())


def decode_part(data: object, depth: int, function: object, room: Room) -> object:
    room.take(len(data) if type(data) is str else 1)
    if depth > DEEPEST + 2:
        raise Malformed("a deeply nested value")
    if type(data) is int and abs(data) >= LARGEST:
        raise Malformed("a very large number")
    if type(data) is str:
        return as_text(data)
    if data is None or type(data) in (bool, int, float):
        return data
    if type(data) is list:
        return [decode_part(x, depth + 1, function, room) for x in data]
    try:
        return decode_tagged(data["t"], data, depth, function, room)
    except (KeyError, TypeError, ValueError, RuntimeError, OverflowError, MemoryError) as error:
        raise Malformed(f"{type(error).__name__} in a value")


def decode_tagged(tag: str, data: dict, depth: int, function: object, room: Room) -> object:
    def decoded(parts: list) -> list:
        return [decode_part(x, depth + 1, function, room) for x in parts]

    value = data["v"]
    if tag == "int" and abs(number := int(value)) < LARGEST:
        return number
    if tag == "float":
        return float(value)
    if tag in ("tuple", "set", "frozenset"):
        made = {"tuple": tuple, "set": set, "frozenset": frozenset}[tag]
        items = decoded(value)
        return made(items if made is tuple else hashable(items))
    if tag == "dict":
        keys = hashable([decode_part(k, depth + 1, None, room) for k, _ in value])
        return dict(zip(keys, decoded([v for _, v in value]), strict=True))
    if tag == "tensor":
        return decode_tensor(value, data["dtype"], checked_shape(data["shape"]))
    if tag in ("array", "scalar"):
        if data["dtype"] in ("U", "O"):
            array = array_of(decoded(value), data["dtype"], room)
        else:
            array = array_of_numbers(value, data["dtype"])
        array = array.reshape(checked_shape(data["shape"]))
        return array if tag == "array" else array[()]
    if tag == "function" and function is not None:
        return function
    if tag in ("function", "opaque"):
        room.take(UNKNOWN_BYTES)
        return opaque(value)
    raise Malformed(f"a value tagged {tag!r}")


def decode_tensor(value: str, name: str, shape: list[int]) -> "torch.Tensor":
    import torch

    if name not in DTYPES:
        raise Malformed(f"a tensor of {name!r}")
    raw, dtype = bytearray(base64.b64decode(value, validate=True)), getattr(torch, name)
    if not raw:
        return torch.empty(0, dtype=dtype).reshape(shape)
    flat = torch.frombuffer(raw, dtype=torch.uint8)
    return (flat != 0 if dtype is torch.bool else flat.view(dtype)).reshape(shape)


def array_of_numbers(value: str, name: object) -> np.ndarray:
    if not (type(name) is str and PLAIN.fullmatch(name)):
        raise Malformed("an array of what are no numbers")
    raw, dtype = base64.b64decode(value, validate=True), np.dtype(name)
    array = np.frombuffer(raw, dtype) if raw else np.empty(0, dtype)
    return array != 0 if dtype.kind == "b" else array.copy()


def array_of(items: list, kind: str, room: Room) -> np.ndarray:
    """An array of texts, or of any objects. TooLarge if there is no room for it."""
    if kind == "U":
        if not all(type(x) is str for x in items):
            raise Malformed("an array of what are no texts")
        room.take(4 * len(items) * max(map(len, items), default=0))  # each as long as the longest
    array = np.empty(len(items), object)
    for i, item in enumerate(items):  # one by one: of lists NumPy would make more axes
        array[i] = item
    return array.astype(str) if kind == "U" else array


def as_text(text: str) -> str:
    """The text without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def hashable(items: list) -> list:
    """The same items; Malformed if so many have one hash that a table of them takes for ever."""
    if max(Counter(map(hash, items)).values(), default=0) > MOST_ALIKE:
        raise Malformed("many keys with one hash")
    return items


def checked_shape(shape: object) -> list[int]:
    """The shape; Malformed if it is none, TooLarge if no work can be done with it.

    That may be so without any element: an axis of none can hide one that is very long.
    """
    if type(shape) is not list or not all(type(n) is int and n >= 0 for n in shape):
        raise Malformed("a shape that is none")
    if len(shape) > MOST_AXES or math.prod(max(n, 1) for n in shape) > LONGEST:
        raise TooLarge("a shape that is too large")
    return shape


def opaque(name: str) -> object:
    """An object that only has the name of the type of what could not cross."""
    return type(name if NAME.fullmatch(name) else "object", (), {"__slots__": ()})()

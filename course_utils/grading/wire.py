"""What crosses between grader and submission: plain data as JSON, never code or pickled objects.

A message is one JSON document with its length in front. A value that is no plain data crosses as
the name of its type, and a function as the fact that it is one.
"""

import base64
import json
import math
import re
import struct
import sys
from collections import Counter
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    import torch

LONGEST = 8 * 2**20  # bytes in a message; as JSON lists it may take 30 times that in memory
LARGEST = 2**63  # whole numbers beyond it cross as opaque: work with them has no end
MOST_ALIKE = 100  # keys with one hash: a table of very many takes hours to fill
DEEPEST = 50  # containers inside each other
LENGTH = struct.Struct(">I")
DTYPES = (
    *("float64", "float32", "float16", "bfloat16"),
    *("int64", "int32", "int16", "int8", "uint8", "bool"),
)
NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
PLAIN = re.compile(r"[<>|=]?[biuf]\d{1,2}", re.ASCII)  # numpy's short names of number types


class Closed(Exception):
    """The other side has gone."""


class Malformed(Exception):
    """The other side sent what is no message."""


def send(stream: BinaryIO, message: object) -> None:
    """Write one message. Closed if nobody reads; ValueError if it is too long."""
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > LONGEST:
        raise ValueError(f"a message must have at most {LONGEST} bytes, got {len(data)}")
    try:
        stream.write(LENGTH.pack(len(data)) + data)
        stream.flush()
    except OSError:
        raise Closed


def receive(stream: BinaryIO) -> object:
    """Read one message. Closed or Malformed if there is none."""
    (length,) = LENGTH.unpack(read(stream, LENGTH.size))
    if length > LONGEST:
        raise Malformed(f"a message of {length} bytes")
    try:
        return json.loads(read(stream, length))
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


def encode(value: object, depth: int = 0) -> object:
    """The JSON for a value: exact types only, as a subclass could be made to lie."""
    kind = type(value)
    if depth > DEEPEST:
        return {"t": "opaque", "v": "deeply nested value"}
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        if abs(value) >= LARGEST:
            return {"t": "opaque", "v": "very large number"}
        return value if abs(value) < 2**53 else {"t": "int", "v": str(value)}
    if kind is float:
        return value if math.isfinite(value) else {"t": "float", "v": repr(value)}
    # torch takes seconds to import: a value can only be a tensor if the submission has done so.
    if (torch := sys.modules.get("torch")) and kind is getattr(torch, "Tensor", None):
        return encode_tensor(value)
    if isinstance(value, np.generic) or kind is np.ndarray:
        return encode_array(value)
    if kind is list:
        return [encode(x, depth + 1) for x in value]
    if kind in (tuple, set, frozenset):
        return {"t": kind.__name__, "v": [encode(x, depth + 1) for x in value]}
    if kind is dict:
        pairs = [[encode(k, depth + 1), encode(v, depth + 1)] for k, v in value.items()]
        return {"t": "dict", "v": pairs}
    return {"t": "function" if callable(value) else "opaque", "v": kind.__name__}


def encode_tensor(value: "torch.Tensor") -> dict:
    import torch

    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in DTYPES:
        return {"t": "opaque", "v": "Tensor"}
    flat = value.detach().cpu().contiguous().reshape(-1)
    raw = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    return {
        "t": "tensor",
        "dtype": dtype,
        "shape": list(value.shape),
        "v": base64.b64encode(raw).decode(),
    }


def encode_array(value: np.generic | np.ndarray) -> dict:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        return {"t": "opaque", "v": type(value).__name__}
    return {
        "t": "array" if type(value) is np.ndarray else "scalar",
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "v": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
    }


def decode(data: object, depth: int = 0, function=None) -> object:
    """The value for JSON that came in. Malformed if it is none. function: what stands for one."""
    if depth > DEEPEST + 2:
        raise Malformed("a deeply nested value")
    if type(data) is int and abs(data) >= LARGEST:
        raise Malformed("a very large number")
    if type(data) is str:
        return as_text(data)
    if data is None or type(data) in (bool, int, float):
        return data
    if type(data) is list:
        return [decode(x, depth + 1, function) for x in data]
    try:
        return decode_tagged(data["t"], data, depth, function)
    except (KeyError, TypeError, ValueError, RuntimeError, OverflowError, MemoryError) as error:
        raise Malformed(f"{type(error).__name__} in a value")


def decode_tagged(tag: str, data: dict, depth: int, function) -> object:
    value = data["v"]
    if tag in ("int", "float"):
        return decode(int(value)) if tag == "int" else float(value)
    if tag in ("tuple", "set", "frozenset"):
        made = {"tuple": tuple, "set": set, "frozenset": frozenset}[tag]
        items = [decode(x, depth + 1, function) for x in value]
        return made(items if made is tuple else hashable(items))
    if tag == "dict":
        keys = hashable([decode(k, depth + 1) for k, _ in value])
        return dict(zip(keys, (decode(v, depth + 1, function) for _, v in value), strict=True))
    if tag == "tensor":
        return decode_tensor(value, data["dtype"], checked_shape(data["shape"]))
    if tag in ("array", "scalar"):
        if not (type(data["dtype"]) is str and PLAIN.fullmatch(data["dtype"])):
            raise Malformed("an array of what are no numbers")
        array = np.frombuffer(base64.b64decode(value, validate=True), np.dtype(data["dtype"]))
        array = array != 0 if array.dtype.kind == "b" else array.copy()
        array = array.reshape(checked_shape(data["shape"]))
        return array if tag == "array" else array[()]
    if tag == "function" and function is not None:
        return function
    if tag in ("function", "opaque"):
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


def as_text(text: str) -> str:
    """The text without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def hashable(items: list) -> list:
    """The same items; Malformed if so many have one hash that a table of them takes for ever."""
    if max(Counter(map(hash, items)).values(), default=0) > MOST_ALIKE:
        raise Malformed("many keys with one hash")
    return items


def checked_shape(shape: object) -> list[int]:
    """The shape; Malformed if an axis of no element hides one that is too long to work with."""
    if type(shape) is not list or not all(type(n) is int and 0 <= n <= LONGEST for n in shape):
        raise Malformed("a shape that is none")
    if math.prod(max(n, 1) for n in shape) > LONGEST:
        raise Malformed("a shape that is too large")
    return shape


def opaque(name: str) -> object:
    """An object that only has the name of the type of what could not cross."""
    return type(name if NAME.fullmatch(name) else "object", (), {"__slots__": ()})()

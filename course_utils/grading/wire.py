"""What crosses between grader and submission: plain data as JSON, never code or pickled objects.

A message is one JSON document with its length in front. A value that is no plain data crosses as
the name of its type, and a function as the fact that it is one.
"""

import base64
import json
import math
import re
import struct
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

LONGEST = 8 * 2**20  # bytes in a message; as JSON lists it may take 30 times that in memory
DEEPEST = 50  # containers inside each other
LENGTH = struct.Struct(">I")
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    )
}
NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)


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
        return value if abs(value) < 2**53 else {"t": "int", "v": str(value)[:5000]}
    if kind is float:
        return value if math.isfinite(value) else {"t": "float", "v": repr(value)}
    if kind is Tensor and str(value.dtype).removeprefix("torch.") in DTYPES:
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


def encode_tensor(value: Tensor) -> dict:
    flat = value.detach().cpu().contiguous().reshape(-1)
    raw = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    return {
        "t": "tensor",
        "dtype": str(value.dtype).removeprefix("torch."),
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
    if data is None or type(data) in (bool, int, float, str):
        return data
    if type(data) is list:
        return [decode(x, depth + 1, function) for x in data]
    try:
        return decode_tagged(data["t"], data, depth, function)
    except (KeyError, TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise Malformed(f"{type(error).__name__} in a value")


def decode_tagged(tag: str, data: dict, depth: int, function) -> object:
    value = data["v"]
    if tag in ("int", "float"):
        return int(value) if tag == "int" else float(value)
    if tag in ("tuple", "set", "frozenset"):
        made = {"tuple": tuple, "set": set, "frozenset": frozenset}[tag]
        return made(decode(x, depth + 1, function) for x in value)
    if tag == "dict":
        return {decode(k, depth + 1): decode(v, depth + 1, function) for k, v in value}
    if tag == "tensor":
        raw = bytearray(base64.b64decode(value, validate=True))
        dtype = DTYPES[data["dtype"]]
        if not raw:
            return torch.empty(0, dtype=dtype).reshape(data["shape"])
        return torch.frombuffer(raw, dtype=torch.uint8).view(dtype).reshape(data["shape"])
    if tag in ("array", "scalar"):
        dtype = np.dtype(data["dtype"])
        if dtype.kind not in "biuf":
            raise Malformed(f"an array of {dtype}")
        array = np.frombuffer(base64.b64decode(value, validate=True), dtype)
        array = array.reshape(data["shape"]).copy()
        return array if tag == "array" else array[()]
    if tag == "function" and function is not None:
        return function
    if tag in ("function", "opaque"):
        return opaque(value)
    raise Malformed(f"a value tagged {tag!r}")


def opaque(name: str) -> object:
    """An object that only has the name of the type of what could not cross."""
    return type(name if NAME.fullmatch(name) else "object", (), {"__slots__": ()})()

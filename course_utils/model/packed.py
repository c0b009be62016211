"""Products of a few rows with the model's matrices, by the quickest way on this machine."""

import functools
import textwrap
import weakref
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

Product = Callable[[Tensor], Tensor]
Into = Callable[[Tensor, Tensor], object]
Norm = tuple[Tensor, Tensor]  # scale and shift

# model -> whether several rows, or "any rows" -> (stamp, made)
made: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


class Products(NamedTuple):
    """What `one_token` needs of a model.

    blocks: (norm, qkv, out, norm, up, down) of each, where qkv writes into its second argument;
    norm: the last one; head: hidden states (rows, width) to logits.
    """

    blocks: list[tuple[Norm, Into, Product, Norm, Product, Product]]
    norm: Norm
    head: Product


def products(gpt: nn.Module, rows: int) -> Products:
    """The model's products for so many rows; made once, and anew when its weights have changed."""
    of_gpt = made.setdefault(gpt, {})
    stamp = [fingerprint(p) for p in gpt.parameters()]
    for kind in ("any rows", rows > 1):
        if of_gpt.get(kind, (None,))[0] == stamp:
            return of_gpt[kind][1]
    blocks = [
        (
            norm(block.ln_1),
            into(block.attn.c_attn.weight, block.attn.c_attn.bias, rows),
            product(block.attn.c_proj.weight, block.attn.c_proj.bias, rows),
            norm(block.ln_2),
            product(block.mlp.c_fc.weight, block.mlp.c_fc.bias, rows),
            product(block.mlp.c_proj.weight, block.mlp.c_proj.bias, rows),
        )
        for block in gpt.h
    ]
    head = product(gpt.wte.weight.T, None, rows)
    halved = all(can_halve(p.detach()) for p in gpt.parameters() if p.ndim == 2)
    kind = "any rows" if halved else rows > 1
    of_gpt[kind] = (stamp, Products(blocks, norm(gpt.ln_f), head))
    return of_gpt[kind][1]


def fingerprint(weights: Tensor) -> tuple[int, int, str]:
    """What differs once these weights have been changed, in place, by `.data` or by numpy too."""
    # What was made in inference mode has no version.
    version = 0 if weights.is_inference() else weights._version
    mixed = weights.detach().float()
    while mixed.ndim:
        mixed = mixed @ places(mixed.shape[-1]).to(mixed.device)
    return weights.data_ptr(), version, mixed.item().hex()  # as text, in which NaN equals itself


@functools.cache
def places(n: int) -> Tensor:
    """A number for each of n places, so that an exchange is a change."""
    return torch.rand(n, generator=torch.Generator().manual_seed(n), device="cpu") + 0.5


def norm(layer: nn.LayerNorm) -> Norm:
    return layer.weight.detach(), layer.bias.detach()


def into(weight: Tensor, bias: Tensor, rows: int) -> Into:
    """As `product`, with the result written into a second argument of rows * outputs numbers."""
    if weight.dtype == torch.float32:
        multiply, bias = product(weight, None, rows), bias.detach()
        return lambda x, room: torch.add(
            multiply(x).view(room.shape), bias.view(room.shape[1:]), out=room
        )
    multiply = product(weight, bias, rows)
    return lambda x, room: room.copy_(multiply(x).view(room.shape))


def product(weight: Tensor, bias: Tensor | None, rows: int) -> Product:
    """x -> x @ weight + bias, for x (rows, inputs) and weight (inputs, outputs).

    Reading the matrix is what takes the time. oneDNN takes half of it for a few rows, or for one in
    bfloat16, once it has a copy of the matrix in an order of its own. torch has that as operators
    of its compiler, not as functions.
    """
    weight, bias = weight.detach(), bias if bias is None else bias.detach()
    if can_halve(weight):
        multiply = halved()
        packed = torch.ops.quantized.linear_prepack_fp16(weight.T.contiguous(), bias)
        return lambda x: multiply(x, packed)
    if can_pack(weight) and (rows > 1 or weight.dtype == torch.bfloat16):
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.T.contiguous(), rows)
        multiply = torch.ops.mkldnn._linear_pointwise.default
        return lambda x: multiply(x, packed, bias, "none", [], "")
    if bias is None:
        return lambda x: torch.mm(x, weight)
    return lambda x: torch.addmm(bias, x, weight)


@functools.cache
def halved() -> Callable:
    """x @ weight + bias, from packed weights in float16: half the bytes to read, sums in float32.

    Python takes longer to hand packed weights to this operator than the product takes. TorchScript
    does not.
    """
    source = """
        def product(x: Tensor, packed: __torch__.torch.classes.quantized.LinearPackedParamsBase):
            return torch.ops.quantized.linear_dynamic_fp16(x, packed)
    """
    return torch.jit.CompilationUnit(textwrap.dedent(source)).product


def can_halve(weight: Tensor) -> bool:
    """Whether float16 holds these weights, as it does shipped ones, and this torch the operator."""
    here = torch.backends.quantized.engine in ("x86", "fbgemm") and weight.device.type == "cpu"
    held = here and weight.dtype == torch.float32 and torch.equal(weight.half().float(), weight)
    return held and bool(weight.isfinite().all())


def can_pack(weight: Tensor) -> bool:
    """Whether this torch and this processor have the operators for such a matrix."""
    here = torch.backends.mkldnn.is_available() and weight.device.type == "cpu"
    if not here or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    if weight.dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return weight.dtype == torch.float32

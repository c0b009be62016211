"""Products of a few rows with the model's matrices, by the quickest way on this machine."""

import weakref
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

Product = Callable[[Tensor], Tensor]
Into = Callable[[Tensor, Tensor], object]
Norm = tuple[Tensor, Tensor]  # scale and shift

made: weakref.WeakKeyDictionary = (
    weakref.WeakKeyDictionary()
)  # model -> few or one -> (stamp, made)


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
    # What was made in inference mode has no version, as it is not meant to change.
    stamp = [(p.data_ptr(), 0 if p.is_inference() else p._version) for p in gpt.parameters()]
    if of_gpt.get(rows > 1, (None,))[0] != stamp:
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
        of_gpt[rows > 1] = (stamp, Products(blocks, norm(gpt.ln_f), head))
    return of_gpt[rows > 1][1]


def norm(layer: nn.LayerNorm) -> Norm:
    return layer.weight.detach(), layer.bias.detach()


def into(weight: Tensor, bias: Tensor, rows: int) -> Into:
    """As `product`, with the result written into a second argument of rows * outputs numbers."""
    if rows == 1 and weight.dtype == torch.float32:
        multiply, bias = product(weight, None, rows), bias.detach()
        return lambda x, room: torch.add(multiply(x), bias, out=room.view(1, -1))
    multiply = product(weight, bias, rows)
    return lambda x, room: room.copy_(multiply(x).view(room.shape))


def product(weight: Tensor, bias: Tensor | None, rows: int) -> Product:
    """x -> x @ weight + bias, for x (rows, inputs) and weight (inputs, outputs).

    oneDNN takes half the time for a few rows, or for one in bfloat16, once it has a copy of the
    matrix in an order of its own. torch has that as operators of its compiler, not as functions.
    """
    weight, bias = weight.detach(), bias if bias is None else bias.detach()
    if can_pack(weight) and (rows > 1 or weight.dtype == torch.bfloat16):
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.T.contiguous(), rows)
        multiply = torch.ops.mkldnn._linear_pointwise.default
        return lambda x: multiply(x, packed, bias, "none", [], "")
    plain = weight.dtype == torch.float32 and weight.device.type == "cpu"
    wide = weight.shape[1] > 4 * weight.shape[0]  # as the head's
    if rows == 1 and plain and not wide and weight.is_contiguous():
        return sum_of_rows(weight, bias)
    if bias is None:
        return lambda x: torch.mm(x, weight)
    return lambda x: torch.addmm(bias, x, weight)


def sum_of_rows(weight: Tensor, bias: Tensor | None) -> Product:
    """The product for x (1, inputs), as a sum of the matrix's rows, each times its number of x.

    So the matrix is read once, from end to end. On some processors a product of matrices takes
    half as long again.
    """
    rows, add = torch.arange(len(weight), device=weight.device), 0
    first = rows[:1]

    def multiply(x: Tensor) -> Tensor:
        y = torch.embedding_bag(weight, rows, first, False, add, False, x.view(-1))[0]
        return y if bias is None else y.add_(bias)

    return multiply


def can_pack(weight: Tensor) -> bool:
    """Whether this torch and this processor have the operators for such a matrix."""
    here = torch.backends.mkldnn.is_available() and weight.device.type == "cpu"
    if not here or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    if weight.dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return weight.dtype == torch.float32

"""The models and what runs them: a GPT, its cache and products, tokenizer, the Storyteller, and an
adapter for any causal model of transformers."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from course_utils.model.interface import Model


def load(
    name: "str | Path" = "storyteller", device: str = "cpu", dtype: "torch.dtype | None" = None
) -> "Model":
    """A model for everything in the course that takes one, loaded once.

    name: "storyteller", "calculator"; a folder; or a name on the Hugging Face hub, such as "gpt2",
    which is read from the hub's local cache and never downloaded. Needs transformers, the extra
    `[models]`, for all but models of the course's own kind.
    dtype: of the weights, float32 by default. Raises ValueError, in one line, on what cannot be
    loaded; more under `adapter.load`.
    """
    import torch

    from course_utils.model import adapter, calculator, storyteller

    dtype = dtype or torch.float32
    ours = {"storyteller": storyteller, "calculator": calculator}
    if str(name) in ours:
        plain = (device, dtype) == ("cpu", torch.float32)  # the one that explorers have
        own = ours[str(name)]
        return own.load() if plain else own.load(own.HERE, device, dtype)
    if (Path(name) / "tokenizer.ranks").is_file():
        return storyteller.load(Path(name), device, dtype)
    return adapter.load(str(name), device, dtype)

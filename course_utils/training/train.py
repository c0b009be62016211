"""Train a GPT. Stop it at any time: it goes on from its last checkpoint."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.model.gpt import GPT, Config

Batch = tuple[torch.Tensor, torch.Tensor]
NO_TARGET = -100  # what `cross_entropy` leaves out


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; by default as the Storyteller is."""

    tokens: int = 31_000_000  # places in all batches together
    batch: int = 32  # rows a step
    muon_lr: float = 5e-3  # matrices inside the blocks
    adam_lr: float = 3e-3  # embeddings, norms, biases
    weight_decay: float = 0.05
    warmup: float = 0.02  # share of the steps
    bfloat16: bool = True  # autocast; it takes longer than float32 where matrices are small
    seed: int = 0


def initialise(model: GPT, seed: int) -> None:
    """GPT-2's own start: normal 0.02, and less where a block adds to the residual stream."""
    generator = torch.Generator().manual_seed(seed)
    residual_std = 0.02 / (2 * model.config.n_layer) ** 0.5
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.zeros_(parameter)
        elif parameter.ndim == 2:
            std = residual_std if "c_proj" in name else 0.02
            torch.nn.init.normal_(parameter, 0.0, std, generator=generator)


def windows_at(ids: np.ndarray, recipe: Recipe, context: int, step: int) -> Batch:
    """The ids of a step and those that follow them: (batch, context) each.

    Each pass over the stories starts at another offset and takes the windows in another order.
    """
    count = (len(ids) - 1) // context - 1
    steps_a_pass = count // recipe.batch
    rng = np.random.default_rng([recipe.seed, step // steps_a_pass])
    offset, order = rng.integers(context), rng.permutation(count)
    first = step % steps_a_pass * recipe.batch
    starts = offset + context * order[first : first + recipe.batch]
    windows = np.stack([ids[s : s + context + 1] for s in starts]).astype(np.int64)
    rows = torch.from_numpy(windows)
    return rows[:, :-1], rows[:, 1:]


def optimizers(model: GPT, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks (Jordan 2024), AdamW for all else."""
    matrices = [p for p in model.h.parameters() if p.ndim == 2]
    rest = [p for name, p in model.named_parameters() if p.ndim < 2 or not name.startswith("h.")]
    return [
        torch.optim.Muon(
            matrices,
            lr=recipe.muon_lr,
            weight_decay=recipe.weight_decay,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(rest, lr=recipe.adam_lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def train(
    config: Config,
    recipe: Recipe,
    batch_at: Callable[[int], Batch],
    folder: Path,
    device: str,
    log: Callable,
) -> tuple[GPT, float]:
    """Train to the recipe's end, with a checkpoint in `folder` every minute.

    batch_at: step to ids and what is to be predicted at each of them, (batch, context) int64 both,
    NO_TARGET where nothing is; of the step alone, so that a resumed run sees the same.
    Returns the model and the seconds that it took, all starts together.
    """
    model = GPT(config)
    initialise(model, recipe.seed)
    model.to(device)
    opts = optimizers(model, recipe)
    base_lrs = [opt.param_groups[0]["lr"] for opt in opts]
    total = recipe.tokens // (recipe.batch * config.n_positions)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    step, seconds = 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        if saved["config"] != asdict(config):
            raise ValueError(f"{checkpoint} is of another model: {saved['config']}. Move it away.")
        model.load_state_dict(saved["model"])
        for opt, state in zip(opts, saved["optimizers"], strict=True):
            opt.load_state_dict(state)
        step, seconds = saved["step"], saved["seconds"]
        log(f"going on from step {step}")

    def save() -> None:
        state = {
            "config": asdict(config),
            "model": model.state_dict(),
            "optimizers": [opt.state_dict() for opt in opts],
            "step": step,
            "seconds": seconds,
        }
        part = checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(checkpoint)  # a kill in the middle of saving leaves the old one whole

    last = saved_at = time.monotonic()
    losses = []
    while step < total:
        scale = min((step + 1) / (recipe.warmup * total), (total - step) / total)
        for opt, lr in zip(opts, base_lrs, strict=True):
            opt.param_groups[0]["lr"] = lr * scale
        ids, targets = (rows.to(device) for rows in batch_at(step))
        with torch.autocast(device, torch.bfloat16, enabled=recipe.bfloat16):
            logits = model(ids).flatten(0, 1).float()
            loss = F.cross_entropy(logits, targets.flatten(), ignore_index=NO_TARGET)
        loss.backward()
        for opt in opts:
            opt.step()
            opt.zero_grad(set_to_none=True)
        step += 1
        losses.append(loss.item())
        now = time.monotonic()
        seconds += now - last
        last = now
        if step % 50 == 0 or step == total:
            mean = sum(losses) / len(losses)
            speed = step * recipe.batch * config.n_positions / seconds
            log(f"step {step}/{total}  loss {mean:.4f}  {speed:,.0f} tokens/s")
            losses.clear()
        if now - saved_at > 60 or step == total:
            save()
            saved_at = now
    return model, seconds

"""The model card: what the Storyteller is, how it was made, what it cannot do."""

import platform
from dataclasses import asdict

from course_utils.generate import Settings, generate
from course_utils.model.storyteller import Storyteller
from course_utils.training.evaluate import Evaluation
from course_utils.training.train import Recipe

PROMPT = "Once upon a time"
SETTINGS = {
    "greedy": Settings(temperature=0),
    "T 0.5": Settings(temperature=0.5),
    "T 0.8, top-p 0.9": Settings(temperature=0.8, top_p=0.9),
    "T 1, top-k 40": Settings(top_k=40),
    "T 1.5": Settings(temperature=1.5),
}

CARD = """# The Storyteller

A small GPT-2 that continues children's stories. It ships with The Next Token so that learners can
look at a real model's scores; it is made for teaching how text is drawn from them, nothing else.

| | |
|---|---|
| architecture | GPT-2: {n_layer} layers, width {n_embd}, {n_head} heads, context {n_positions} |
| parameters | {parameters:,} |
| tokenizer | byte-level BPE, {vocab_size:,} tokens, end-of-text is the last |
| file | float16 safetensors; loads into `transformers.GPT2LMHeadModel` |
| validation | **{bits:.4f} bits per character**, {nats:.4f} nats per token |

Validation is on {valid_characters:,} characters of stories that were not trained on: nats summed
over all tokens (end-of-text too), ÷ ln 2 ÷ characters, from a window of {n_positions} tokens that
moves by half. `course evaluate --corpus DIR` prints it.

## Data

{stories:,} stories and chapters ({ids:,} tokens) from public-domain English children's books,
published in the USA before 1930. Licences, notes and long verse were removed, and chapters with
offensive terms left out by a word list.{details}

## Recipe

| | |
|---|---|
| tokens drawn | {tokens:,}, {epochs:.1f} passes |
| optimisers | Muon {muon_lr} for the matrices of the blocks, AdamW {adam_lr} for the rest |
| weight decay | {weight_decay} on the matrices |
| schedule | warm-up over {warmup:.0%} of the steps, then down to 0 in a straight line |
| batch | {batch} × {n_positions} tokens, bfloat16 autocast |
| seed | {seed} |
| hardware | {hardware} |
| time | {minutes:.0f} minutes |

`course train {source}` does it again.

## Samples

Each continues "{prompt}" by up to 80 tokens, seed 0.

{samples}

## Limits

- It knows no facts and keeps no plot: it writes sentences that sound like a story.
- Books of before 1930 carry the attitudes of their time about gender, race, class and religion. The
  word list removed chapters with offensive terms; it cannot see attitudes without such words.
- It repeats itself when decoded greedily. The course makes use of that.
- It has seen ASCII only: any other character costs one token a byte and means nothing to it.
"""


def model_card(
    model: Storyteller, recipe: Recipe, facts: dict, device: str, result: Evaluation
) -> str:
    """The text of the card.

    facts: stories, ids, seconds and threads of the training; source, the option of `course train`
    that names its stories; details, what else is to be said of them, or "".
    """
    samples = "\n\n".join(
        f"**{name}**\n\n> {sample(model, settings)}" for name, settings in SETTINGS.items()
    )
    return CARD.format(
        **asdict(model.gpt.config),
        **asdict(recipe),
        stories=facts["stories"],
        ids=facts["ids"],
        source=facts["source"],
        details=facts["details"],
        parameters=sum(p.numel() for p in model.gpt.parameters()),
        bits=result.bits_per_character,
        nats=result.nats / result.tokens,
        valid_characters=result.characters,
        epochs=recipe.tokens / facts["ids"],
        hardware=f"{device}, {platform.machine()}, {facts['threads']} threads",
        minutes=facts["seconds"] / 60,
        prompt=PROMPT,
        samples=samples,
    )


def sample(model: Storyteller, settings: Settings) -> str:
    text = "".join(step.text for step in generate(model, PROMPT, settings, 80))
    return " ".join((PROMPT + text).split()).replace("*", r"\*").replace("_", r"\_")

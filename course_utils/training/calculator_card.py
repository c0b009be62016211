"""The Calculator's model card."""

from dataclasses import asdict

from course_utils.model.storyteller import Storyteller
from course_utils.sums import COUNT, HIGH, LOW, question, verify
from course_utils.training.accuracy import POWER_SUMS, held_out_sums, tries
from course_utils.training.train import Recipe

SAMPLES, SAMPLES_AT = 6, 0.75

CARD = """# The Calculator

A small GPT-2 that adds numbers and shows its working. It ships with The Next Token because its
answers are right or wrong: what temperature, beams, votes and many tries are worth can be measured
on it. It is good but fallible on purpose; to add numbers, take `sum`.

| | |
|---|---|
| architecture | GPT-2: {n_layer} layers, width {n_embd}, {n_head} heads, context {n_positions} |
| parameters | {parameters:,} |
| tokenizer | a token a byte, and end-of-text, the last of {vocab_size} |
| file | float16 safetensors; loads into `transformers.GPT2LMHeadModel` |

## What it writes

{count} numbers from {low} to {high}. After `:` it adds any two of the numbers that are left, until
one is left, and repeats that as the answer; `'` follows each digit that a carry was added to. After
`?` it gives the answer alone. {samples} tries at one sum, T {samples_at}, with the verifier's word:

```
{texts}
```

`course_utils.sums` asks, works out and checks such sums. Its `verify` looks at the steps alone:
does each add two numbers that are left, and rightly?

## Accuracy

Right answers in per cent, on {sums:,} sums that no training has seen (a checksum of the sum
decides, whatever the order of its numbers), 16 tries a sum, and 64 at T 0.75. One standard error is
at most {error:.1f} points, and {power_error:.1f} for power sampling, which takes longest and has
fewer sums. `course evaluate --calculator` prints the table again.

{table}

One try: how often a single text is right. Vote: the answer that most of the tries gave. pass@k: at
least one of k tries is right. Likeliest: of 16 tries, the one with the highest log-probability.
Verified: of 16 tries, the first whose working `verify` accepts. p^4: power sampling, which draws
whole texts by the fourth power of their probability, on the first {power_sums} sums.

**Temperature.** A sum has one right answer, and a draw can only stray from what the model thinks
likeliest. So a single try gets worse as T rises. Mostly the randomness goes into the open choice,
which two numbers come next, at no cost; but now and then it falls on a digit, and a wrong digit is
never taken back. Many tries lose far less by it, as what one gets wrong another gets right. If one
try is all you have, turn T down; if you can tell which of many is right, T matters little until it
is high. Beams and the likeliest of 16 look at whole texts, where greedy sees the next character.

**Votes and verifiers.** A vote helps where tries go wrong in different ways and right in the same
one. Here two tries seldom take the same way to the sum, so a slip in the one is not repeated in the
other, and the wrong answers scatter while the right ones meet. Without a working there is only one
way to each answer: the one that comes most often is the one that the model finds likeliest, which
greedy gives already, and a vote adds nothing, though pass@16 shows that the right answer is often
among the tries. A verifier needs no majority. It has only to tell a right working from a wrong one,
which is easier than to find one, as each step can be checked by itself. So one right try of 16 is
enough, and its column stays near pass@16, which no way of choosing can beat. Without a working it
has nothing to check.

## Recipe

| | |
|---|---|
| examples | {examples:,} random sums; {alone:.0%} of them give the answer alone |
| learned | only what follows the question |
| optimisers | Muon {muon_lr} for the matrices of the blocks, AdamW {adam_lr} for the rest |
| weight decay | {weight_decay} on the matrices |
| schedule | warm-up over {warmup:.0%} of the steps, then down to 0 in a straight line |
| batch | {batch} × {n_positions} tokens, float32 |
| seed | {seed} |
| hardware | {hardware} |
| time | {minutes:.0f} minutes |

`course train --calculator` does it again.

## Limits

- Other numbers than {count} from {low} to {high}, and other signs, it has never seen: it writes
  something all the same.
- A right answer may stand after a wrong working; `verify` refuses that.
- Its training was stopped while it still made mistakes, and it learns fast there: 600, 640, 700 and
  820 steps gave 59, 73, 89 and 94% greedy. Another machine's roundings may end some points away.
"""


def calculator_card(
    model: Storyteller,
    recipe: Recipe,
    alone: float,
    seconds: float,
    hardware: str,
    sums: int,
    table: str,
) -> str:
    """The text of the card. alone: share of examples without a working; table: of `sums` sums."""
    config, power_sums = model.gpt.config, min(POWER_SUMS, sums)
    return CARD.format(
        **asdict(config),
        **asdict(recipe),
        alone=alone,
        count=COUNT,
        low=LOW,
        high=HIGH,
        parameters=sum(p.numel() for p in model.gpt.parameters()),
        examples=recipe.tokens // config.n_positions,
        samples=SAMPLES,
        samples_at=SAMPLES_AT,
        texts=texts(model),
        sums=sums,
        power_sums=power_sums,
        power_error=100 * (0.25 / power_sums) ** 0.5,
        error=100 * (0.25 / sums) ** 0.5,
        table=table,
        hardware=hardware,
        minutes=seconds / 60,
    )


def texts(model: Storyteller) -> str:
    """Some tries at one held-out sum, a line each, with what the verifier says of them."""
    [numbers] = held_out_sums(1)
    [found] = tries(model, [numbers], SAMPLES, SAMPLES_AT)
    said = {True: "accepted", False: "refused"}
    return "\n".join(
        f"{question(numbers)}{text}  {said[verify(numbers, text)]}" for text, _ in found
    )

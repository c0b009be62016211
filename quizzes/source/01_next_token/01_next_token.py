# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The next token
#
# A language model never writes a word. It scores every token it knows, and something else chooses.

# %% [markdown]
# > **About 60 minutes** · difficulty ●●○○○ · you need: softmax, a little PyTorch
# >
# > Afterwards you can
# > - turn scores into probabilities, and choose greedily or with a weighted die;
# > - write that die, and the loop that makes a text;
# > - measure how likely the model finds a text;
# > - spot six mistakes from famous courses and real projects.
#
# Names in brackets, as in [shannon1948], are sources, listed at the end.

# %% [markdown]
# **Recall.** Softmax gets the numbers 2, 0 and −2. Can one of the results be negative? What do they
# add up to? How many times as large as the second is the first? Answer before you unfold.
#
# <details><summary>Answer</summary>
#
# Softmax raises *e* to each number, which is always above 0, and divides by the sum. So none is
# negative, and they add up to 1. The first is *e*² ≈ 7.4 times the second.
# </details>

# %% locked="setup"
import math
import random

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.explore.plots.style import CUT, DRAWN, KEPT, visible
from course_utils.generate import generate
from course_utils.metrics import entropy, perplexity
from course_utils.sampling import sample
from course_utils.toys import CAT, NEXT_LOGITS, VOCABULARY, Toy

# What could follow "She picked up": the weights 12, 5, 2 and 1, as logits.
FOUR = Toy((" the", " a", " that", " one"), torch.tensor([12.0, 5.0, 2.0, 1.0]).log())
PROBS = torch.tensor([0.6, 0.25, 0.1, 0.05])


def show(words, **columns):
    """Print one row a word, one column an argument."""
    print(" " * 10 + "".join(f"{name:>14}" for name in columns))
    for word, *numbers in zip(words, *columns.values(), strict=True):
        values = [number.item() for number in numbers]
        cells = [f"{x:14d}" if isinstance(x, int) else f"{x:14.3f}" for x in values]
        print(f"{visible(word):<10}" + "".join(cells))


# %% [markdown]
# ## A score for every token
#
# A model has read `She picked up`. For now it knows only four tokens. It gives each a score, called
# a *logit*. (`␣` is a space: it belongs to the token.)

# %%
show(FOUR.tokens, logit=FOUR.logits)

# %% [markdown]
# Softmax makes each logit a weight, *e* to that power. Here the weights are 12, 5, 2 and 1. Divided
# by their sum, 20, they are probabilities: the 60%, a 25%, that 10%, one 5%.

# %%
weights = FOUR.logits.exp()
show(FOUR.tokens, logit=FOUR.logits, weight=weights, probability=weights / weights.sum())

# %% [markdown]
# **Predict.** You draw 100 times, each token with its probability. About how often is it *not*
# `␣the`: 5, 20 or 40 times? Say a number, then press **Sample 100**. Leave the slider alone: it is
# the next lesson's.

# %%
explore.Distribution(FOUR)

# %% [markdown]
# 1. Change the seed to 1 and back to 0, which clears the draws. Press **Sample 1** ten times. How
#    often was it `␣the`? Which token came first, and what was its probability? (Five times; `␣one`,
#    5%.)
# 2. Clear again and press **Sample 100** ten times. Is the share of `␣the` nearer to 60% after 100
#    draws, or after 1,000? (64 and 603.)

# %% [markdown]
# The bars never moved while you drew. The model's answer is the whole distribution; a draw takes one
# token from it. The knobs of chat programs, such as temperature, work between the two. They change
# what is done with the scores, not the model.

# %% [markdown]
# ## Two ways to choose
#
# **Greedy**: always the token with the highest logit. Softmax keeps the order, so it is not needed.
#
# **The weighted die**: each token as often as its probability says. Think of a die with 20 faces:
# 12 say `␣the`, 5 `␣a`, 2 `␣that` and 1 `␣one`.

# %%
faces = [" the"] * 12 + [" a"] * 5 + [" that"] * 2 + [" one"]
generator = torch.Generator().manual_seed(0)
rolls = torch.randint(20, (10,), generator=generator)
print("greedy:", FOUR.tokens[FOUR.logits.argmax()] * 10)
print("die:   ", "".join(faces[i] for i in rolls))

# %% [markdown]
# Real probabilities do not fit on 20 faces. But laid end to end, they fill a line of length 1. Throw
# a number *u* onto it, each place equally likely. The stretch it falls on is drawn.

# %%
chart = explore.Chart(x="u", y="", height=1.5)
left = 0.0
for token, p, color in zip(FOUR.tokens, PROBS.tolist(), (KEPT, DRAWN, KEPT, DRAWN), strict=True):
    chart.axes.barh(0, p, left=left, color=color, edgecolor="white")
    chart.label(left + 0.005, 0.65, visible(token), color=color)
    left += p
chart.axes.set(xlim=(0, 1), ylim=(-0.5, 1.0), yticks=[], xticks=[0, 0.6, 0.85, 0.95, 1])
chart.says("The stretches end at 0.6, 0.85, 0.95 and 1: the running sums of the probabilities.")

# %% [markdown]
# **Predict.** Which token does *u* = 0.7 draw? And *u* = 0.6, exactly where two stretches meet?
#
# <details><summary>Answer</summary>
#
# Both draw `␣a`. A stretch holds its left end and not its right one. So `␣the` has the numbers from 0
# up to but not 0.6. As *u* can be 0 but is never 1, every number belongs to one token.
# </details>

# %% [markdown]
# ## A thousand draws
#
# Our next vocabulary has nine words and logits for what follows `every effort moves you`; both are
# from a well-known book [raschka2024].
#
# **Predict.** `toward` has 35.8%. In 1,000 draws, will it come exactly 358 times?

# %%
generator = torch.Generator().manual_seed(1)
drawn = sample(NEXT_LOGITS.expand(1000, -1), generator)
counts = torch.bincount(drawn, minlength=len(VOCABULARY))
expected = 1000 * NEXT_LOGITS.softmax(dim=-1)
show(VOCABULARY, logit=NEXT_LOGITS, drawn=counts, expected=expected, off=counts - expected)

# %% [markdown]
# Chance misses a little. *n* draws of a token with probability *p* typically miss *np* by
# √(*np*(1−*p*)): here about 15 for the two likely words. The *share* is then off by 1.5 percentage
# points, and a hundred times as many draws make that only ten times smaller.

# %% [markdown]
# ## Tokens are not words
#
# The Storyteller, our real model, knows 4,096 tokens. How does it cut a text into them?

# %%
model = storyteller.load()


def name(token):
    return visible(model.tokenizer.decode([token]))


for text in ("She picked up the lantern.", "Unbelievable! The astronaut unlocked it."):
    print("  ".join(name(token) for token in model.tokenizer.encode_ordinary(text)))

# %% [markdown]
# Frequent words have a token of their own, with the space before them. Rare ones are spelt from
# pieces: `␣lantern` takes three, `Unbelievable` seven. So what the model scores next may be a word, a
# piece of one, or a full stop.
#
# The tokenizer is a `tiktoken.Encoding`, OpenAI's open library, which has GPT-2's encoding too
# [tiktoken2026]. Ours is smaller, learnt from the stories.

# %% [markdown]
# **Predict.** Our four probabilities were made up. After `She picked up`, will the Storyteller put
# `␣the` first too? Will it give it more than half?

# %%
explore.Distribution("She picked up")

# %% [markdown]
# 1. What are the first four tokens, and what do they have together? (`␣the`, `␣a`, `␣her` and
#    `␣one`: 81%.)
# 2. Write `Once upon a` into the prompt box. How sure is the model now? Then `There was once a`: like
#    how many equal choices is that? (99.7%; about 178.)

# %% [markdown]
# ## The formula
#
# For logits $z_1, \dots, z_n$, with their softmax $p$, and for a number $u$ from 0 up to but not 1:
#
# $$p_i = \frac{e^{z_i}}{\sum_j e^{z_j}} \qquad
# \text{greedy: the } i \text{ with the largest } z_i \qquad
# \text{die: the first } i \text{ with } p_1 + \dots + p_i > u$$
#
# The die is called *inverse CDF sampling*: the running sums are the cumulative distribution
# function.

# %% [markdown]
# ## Build it
#
# > difficulty ●●○○○ · importance ●●●●● · 10 to 15 minutes
#
# Write the die. Mind its ends: PyTorch once drew tokens of probability 0 [pytorch48841], and where
# rounding left the sum below *u*, FlashInfer returned impossible ones [flashinfer923].
#
# <details><summary>Hint</summary>
#
# `probs.cumsum(0)` gives the running sums. Look for the first one above `u`.
# <details><summary>More</summary>
#
# `(sums > u).nonzero()` lists the places. If it is empty, `probs.nonzero()[-1]` helps.
# </details>
# </details>


# %% answer="draw"
def draw(probs, u):
    """The id of the token whose stretch holds u, the stretches end to end in order of ids.

    probs: (vocab,) float32, each at least 0; rounding may leave the sum up to 0.00001 off 1.
    u: a number from 0 up to but not 1. If it lies beyond the last stretch, the last token of a
    probability above 0 is drawn. A token of probability 0 never is.
    Returns one whole number.
    """
    ### BEGIN SOLUTION
    above = (probs.cumsum(0) > u).nonzero()
    return int(above[0] if len(above) else probs.nonzero()[-1])
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It gives no points, only reasons.

# %%
for u, token in ((0.1, 0), (0.7, 1), (0.9, 2), (0.99, 3)):
    check.passes(
        f"u = {u} draws {visible(FOUR.tokens[token])}",
        check.gives,
        draw,
        PROBS,
        u,
        expect=token,
        why="Follow the line of stretches from its left end to u. On which are you?",
    )

# %% [markdown]
# Now 10,000 throws with your die, *u* spread evenly over the line. While `draw` is not written, or
# when it has a mistake, the explorer says so below the picture.
#
# **Predict.** How many of the 10,000 throws draw `␣one`?


# %%
def your_die(logits, temperature):
    probs = (logits / temperature).softmax(dim=-1)
    evenly = (torch.arange(10_000) + 0.5) / 10_000
    drawn = [draw(probs, u) for u in evenly.tolist()]
    if None in drawn:
        return None  # draw is not written yet
    return torch.bincount(torch.tensor(drawn), minlength=len(probs)) / 10_000


explore.Distribution(FOUR, function=your_die)

# %% [markdown]
# 1. The crosses are your die. Is the one at `␣one` where 500 of 10,000 should be? Move the slider to 2
#    and wait a moment: does your die still agree?
# 2. Let your `draw` always return 0, run its cell and the one above again. Which way of choosing is
#    that, and where does it differ most? (Greedy; at `␣the`, by 0.4.)

# %% [markdown]
# ## The loop
#
# A text is many choices, each made after the ones before: *autoregressive*. The model scores all
# positions at once. Row *i* is about the token that follows the *i*-th.

# %%
ids = model.encode("Once upon a time there")
with torch.inference_mode():
    logits = model.gpt(torch.tensor([ids]))
print("one text, positions, vocabulary:", tuple(logits.shape))
for token, row in zip(ids, logits[0], strict=True):
    print(f"after {name(token):<14} its best guess is {name(row.argmax().item())}")

# %% [markdown]
# All rows but the last are about tokens that are already there. So the loop has five steps: crop the
# text to what the model can see, run the model, take the **last** row, choose, append.


# %%
def next_logits(ids):
    """The model's scores for the token that follows these ids."""
    window = ids[-model.gpt.config.n_positions :]
    with torch.inference_mode():
        logits = model.gpt(torch.tensor([window]))
    return logits[0, -1]


ids = model.encode("She picked up")
for _ in range(24):
    ids.append(next_logits(ids).argmax().item())  # greedy
print(model.tokenizer.decode(ids[1:]))  # the Storyteller begins each text with end-of-text

# %% [markdown]
# Greedy goes round in circles. Now the same loop with your die.

# %%
ready = check.passes("your draw is ready", check.gives, draw, PROBS, 0.7, expect=1, why="Not yet.")
ids = model.encode("She picked up")
generator = torch.Generator().manual_seed(0)
for _ in range(24 if ready else 0):
    u = torch.rand(1, generator=generator).item()
    ids.append(int(draw(next_logits(ids).softmax(dim=-1), u)))
print(model.tokenizer.decode(ids[1:]))

# %% [markdown]
# Change the seed and run it again: another text, from the same model and the same prompt. `generate`
# is this loop too. It only keeps what it has computed for earlier tokens, which saves most of the
# work.

# %% [markdown]
# ## What the model cannot see
#
# The Storyteller's context is 256 tokens. We let it write until the text has 270.
#
# **Predict.** We swap the 11th token for `␣dragon`. How many of the 4,096 next logits change?

# %%
story = model.encode("Once upon a time")
story += [step.token for step in generate(model, "Once upon a time", max_new_tokens=265, seed=2)]
now = next_logits(story)
[dragon] = model.tokenizer.encode_ordinary(" dragon")
for position in (10, 13, 14, 200, 269):
    other = [*story[:position], dragon, *story[position + 1 :]]
    change = (next_logits(other) - now).abs().max()
    print(f"token {position + 1} of {len(story)} swapped: a logit changes by up to {change:.3f}")

# %% [markdown]
# None. The last 256 tokens begin at the 15th, and what lies before is not weakly remembered: it is
# not there. A hero who was named only on the first page has no name any more.

# %% [markdown]
# ## Where a text ends
#
# One token is no text: *end-of-text*. It has a logit like any other. When it is drawn, the text is
# over.

# %%
end = model.tokenizer.eot_token
for prompt in ("She picked up the", "So they all went home.", "And they lived happily ever after."):
    chance = model.next_logits(prompt).softmax(dim=-1)[end].item()
    print(f"{prompt:<36} end-of-text {chance:.1%}")

# %% [markdown]
# The next model is a table: nine tokens, and for each the logits of what follows it. After `.` it
# gives end-of-text 33%, after all other tokens 2% or less.
#
# **Predict.** It writes four texts at once. Will they end together?

# %%
explore.Playground(CAT, samples=4, max_new_tokens=40)

# %% [markdown]
# 1. `∎` is end-of-text. How many of the four reached it within 40 tokens? What did the others do when
#    the first one had ended? (Two; they went on.)
# 2. Set the temperature to 0, which is greedy, and press **Generate**. Why will these texts never
#    end?

# %% [markdown]
# Each row of a batch has to end on its own. Greedy never comes to a `.` here: it goes from `␣the` to
# `␣cat`, `␣sat`, `␣on` and back to `␣the`.

# %% [markdown]
# ## How likely is a text?
#
# As likely as all its choices together: the product of the probabilities, each given what came
# before. Products of many small numbers get tiny, so take logarithms: **log-probabilities add up
# where probabilities multiply.**


# %%
def scored(text):
    """The tokens of a text, and the log-probability of each after those before it."""
    ids = model.encode(text)
    with torch.inference_mode():
        rows = model.gpt(torch.tensor([ids]))[0].log_softmax(dim=-1)
    return ids[1:], [rows[i, token].item() for i, token in enumerate(ids[1:])]


tokens, logprobs = scored("The king had a lantern.")
for token, logprob in zip(tokens, logprobs, strict=True):
    print(f"{name(token):<8} probability {math.exp(logprob):8.4f}   log {logprob:7.2f}")
print(f"{'all':<8} product     {math.exp(sum(logprobs)):8.2g}   sum {sum(logprobs):7.2f}")

# %% [markdown]
# A probability is at most 1, so its logarithm is at most 0. Without the minus it is called the
# *surprise*: 0 for a sure token, large for a rare one. For 100 tokens the product is too small for
# float32. The sum is an ordinary number.

# %%
_, logprobs = scored(model.tokenizer.decode(story[1:101]))
print("product:", torch.tensor(logprobs).exp().prod().item())
print("sum:    ", round(sum(logprobs), 2))

# %% [markdown]
# **Perplexity** turns the sum into a number for one token: *e* to minus the mean log-probability.
# A perplexity of 8 means: as hard to guess as an 8-sided fair die, on average.
#
# **Predict.** Shuffle the words of a sentence. Does the perplexity double, or more?

# %%
sentence = "Thunder rumbled over the meadow while the shepherd counted his lambs."
words = sentence.split()
random.Random(0).shuffle(words)
for text in (sentence, " ".join(words)):
    print(f"{perplexity(scored(text)[1]).item():6.0f}   {text}")

# %% [markdown]
# Ten times as much. **Entropy** looks the other way: not back at a text, but forward at one choice.
# It is the surprise to expect, log₂(1/*p*) weighted with *p*, in bits [shannon1948].

# %%
bits = (1 / PROBS).log2()
show(FOUR.tokens, p=PROBS, surprise=bits, weighted=PROBS * bits)
total = (PROBS * bits).sum().item()
print(f"entropy: {total:.2f} bits, like {2**total:.1f} equal choices")
for prompt in ("Once upon a", "She picked up", "There was once a"):
    print(f"{entropy(model.next_logits(prompt)):.2f} bits after {prompt!r}")

# %% [markdown]
# **Predict.** Which of four texts does the model find most likely: a person's, its own greedy one,
# one of beam search (a later module), or one drawn with the die?

# %%
explore.ProbabilityTrace(length=40, beams=2)

# %% [markdown]
# 1. Read the mean log-probability of the human and of the greedy text. What are the perplexities?
#    (*e*⁴·⁰⁹ ≈ 60 and *e*¹·¹³ ≈ 3.)
# 2. Read the greedy text. Is the likeliest text the best one?

# %% [markdown]
# ## A known result, reproduced
#
# In written English the first letter of a word is the hardest to guess. Deep inside a word the
# entropy of a letter is about four times smaller [schurmann2007]. Does the Storyteller, who guesses
# tokens, show the same? We wrote eight sentences with long words.

# %%
SENTENCES = (
    "The shoemaker hammered cheerfully at his workbench until the lantern flickered.",
    "A mischievous squirrel gathered acorns beneath the crumbling staircase.",
    "Grandmother untangled the embroidery and hummed an enchanting lullaby.",
    "The astonished blacksmith discovered footprints leading towards the orchard.",
    "Nobody remembered the password, so the drawbridge stayed firmly shut.",
    "Thunder rumbled over the meadow while the shepherd counted his lambs.",
    "An impatient porcupine knocked upon the innkeeper's window.",
    "The youngest princess whispered something unbelievable to the gardener.",
)
for token, logprob in zip(*scored(SENTENCES[0]), strict=True):
    bits = -logprob / math.log(2)
    print(f"{name(token):<8} {bits:5.1f} bits {'#' * round(bits)}")

# %% [markdown]
# `␣sho` is a surprise; once it is there, `em` and `aker` are not. Now all eight sentences.

# %%
places = {1: [], 2: [], 3: [], 4: []}
for text in SENTENCES:
    place = 0
    for token, logprob in zip(*scored(text), strict=True):
        piece = model.tokenizer.decode([token])
        if not piece.strip().isalpha():  # a full stop, a comma: the word is over
            place = 0
            continue
        place = 1 if piece[0] == " " or place == 0 else place + 1
        places[min(place, 4)].append(-logprob / math.log(2))

# %%
chart = explore.Chart(x="place of the token in its word", y="surprise in bits")
for place, found in places.items():
    mean = sum(found) / len(found)
    chart.axes.plot([place] * len(found), found, "o", color=CUT, markeredgecolor=KEPT, alpha=0.6)
    chart.axes.plot([place - 0.15, place + 0.15], [mean] * 2, color=DRAWN, linewidth=3)
    chart.label(place + 0.18, mean, f"mean {mean:.1f}", color=DRAWN)
chart.axes.set(xlim=(0.7, 4.6), ylim=(0, None))
chart.axes.set_xticks([1, 2, 3, 4], ["1st", "2nd", "3rd", "4th or later"])
chart.says("A word's first token surprises by 8.6 bits on average, its second by 3.6, then by 1.7.")

# %% [markdown]
# The direction is the same, with tokens in place of letters: choices are wide where words begin and
# narrow inside them, though not always (see `b` and `en` of `workbench`). One fixed rule for all
# steps, such as "keep the best 40", can hardly fit both. Later modules come back to that.

# %% [markdown]
# ## What goes wrong
#
# **"Raw probabilities."** A well-known course introduces logits by that name [hfcourse2026].

# %%
logits = model.next_logits("She picked up")
print(f"lowest {logits.min():.1f}, highest {logits.max():.1f}, sum {logits.sum():.0f}")
print(f"after softmax: sum {logits.softmax(dim=-1).sum():.3f}")

# %% [markdown]
# They are scores: negative or positive, with any sum. The documentation of `transformers` says so
# itself: scores before softmax [transformers2026].

# %% [markdown]
# **"The most likely token, by sampling."** A chapter of a good book describes a draw like that
# [raschka2024]. Your die knows better: `␣the` lost four times in ten. Only greedy choice always
# returns the most likely token.

# %% [markdown]
# **Drawing from logits.** TensorFlow's `multinomial` takes logits, PyTorch's takes weights. Who
# carries code from one to the other has to add a softmax [openaigpt51]. Here it is missing.

# %%
generator = torch.Generator().manual_seed(0)
from_logits = torch.multinomial(FOUR.logits, 1000, replacement=True, generator=generator)
from_probs = torch.multinomial(PROBS, 1000, replacement=True, generator=generator)
show(FOUR.tokens, logits=from_logits.bincount(minlength=4), probs=from_probs.bincount(minlength=4))
try:
    torch.multinomial(NEXT_LOGITS, 1)
except RuntimeError as error:
    print("nine words:", error)

# %% [markdown]
# A negative logit at least raises an error. Logits that happen to be positive are taken as weights
# without a word, and `␣one`, with the logit 0, never comes.

# %% [markdown]
# **The wrong row.** An inference engine scored each token of a prompt with the row *at* the token, not
# the one before it, and got very low log-probabilities for ordinary text [maxtext2103].

# %%
ids = model.encode("Once upon a time there was a king.")
with torch.inference_mode():
    rows = model.gpt(torch.tensor([ids]))[0].log_softmax(dim=-1)
before = [rows[i - 1, ids[i]].item() for i in range(1, len(ids))]
at = [rows[i, ids[i]].item() for i in range(1, len(ids))]
print(f"row before the token: mean log-probability {sum(before) / len(before):6.2f}")
print(f"row at the token:     mean log-probability {sum(at) / len(at):6.2f}")

# %% [markdown]
# The last row has a trap too: if short prompts of a batch are padded at their *end*, it belongs to a
# padding token, and the answers are nonsense [unsloth772]. So pad in front.

# %% [markdown]
# **One end for all.** `if next_token == end: break` is right for one text, as in that book's loop
# [raschka2024]. When it was proposed for batches, a reviewer said no [litllama153].

# %%
drawn = torch.tensor([end, 17])  # the first row ends, the second goes on
try:
    if drawn == end:
        print("stop")
except RuntimeError as error:
    print(error)

# %% [markdown]
# `.any()` would cut the second row off. `.all()` waits for all rows to end in the same step
# [flashattention2784]. Note which rows *have* ended, and stop when that is all of them.

# %% [markdown]
# **The mean in the wrong place.** Perplexity is *e* to the mean surprise. A change named "Fix
# perplexity calculation" took the mean of *e* to each surprise [magenta239].

# %%
logprobs = torch.tensor([0.5, 0.5, 0.5, 0.001]).log()
print(f"exp of the mean: {(-logprobs).mean().exp():.1f}")
print(f"mean of the exp: {(-logprobs).exp().mean():.1f}")

# %% [markdown]
# One rare token now decides nearly alone, and the number can no longer be compared with anyone
# else's.

# %% [markdown]
# ## What production systems do
#
# - `transformers` is greedy unless you set `do_sample=True`. It fills rows that have ended with
#   padding, and warns of prompts padded at their end [transformers2026].
# - vLLM reports log-probabilities of the model's own logits, before penalties and temperature
#   [vllm2026].
# - They keep the keys and values of earlier tokens in a cache [hfcourse2026]; so does `generate`.
# - The same loop runs OpenAI's GPT-2: `course_utils.model.gpt.GPT.from_pretrained("gpt2")` loads its
#   published weights.

# %% [markdown]
# ## Recap
#
# - The model gives a logit for each token; softmax makes them probabilities; then *you* choose.
# - Greedy takes the best. The die takes each token as often as its probability says.
# - Crop, run, take the last row, choose, append. What is cropped is gone. Each row ends on its own.
# - Log-probabilities add up. Perplexity is *e* to minus their mean [jelinek1977]. Entropy is the
#   surprise to expect.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores.

# %% [markdown] question="Numbers from a model" points=1
# A model gives three tokens the logits 2.1, 0.4 and −1.3. What are these numbers?
#
# - **A** Probabilities not yet divided by their sum.
# - **B** Logarithms of the probabilities, which would never be above 0.
# - **C** Scores of which only the differences matter to softmax.
# - **D** Raw probabilities, where a negative one marks a token that cannot come.

# %% answer="logits_are"
answer_logits = ""  # "A", "B", "C" or "D"

# %% test="logits_are"
check.choice(
    answer_logits,
    right="C",
    why={
        "A": "Divide them by their sum, 1.2: one result is above 1 and one below 0. Look again at "
        "the first section: what comes before the division?",
        "B": "One of them is 2.1. Can a logarithm of a probability be above 0? See the section on "
        "how likely a text is.",
        "D": "No probability is negative, and after softmax every token can come. See the first "
        "mistake in the section on what goes wrong.",
    },
)

# %% [markdown] question="A probability by hand" points=1
# Three tokens have the logits 3, 1 and 0. Which probability has the first? Three decimals. (*e*³ ≈
# 20.09, *e* ≈ 2.72)

# %% answer="share_of_first"
answer_first = None  # a number

# %% test="share_of_first"
check.number(
    answer_first,
    right=math.e**3 / (math.e**3 + math.e + 1),
    within=0.002,
    why={
        0.75: "You divided the logits by their sum. First make each a weight.",
        0.881: "A logit of 0 is not a weight of 0: what is e to the power 0?",
        20.09: "That is the weight of the first token. Divide it by the sum of all weights.",
        0.114: "That is the second token's probability.",
        84.4: "Write it as a number between 0 and 1.",
    },
    hint="Raise e to each of the three logits, then divide the first weight by their sum.",
)

# %% [markdown] question="Four throws" points=1
# `the` has 60%, `a` 25%, `that` 10% and `one` 5%, laid end to end in this order. Four throws of the
# die give *u* = 0.97, 0.3, 0.85 and 0.6. Which text does that print? Write the four words with
# spaces between them.

# %% answer="four_throws"
answer_throws = ""  # four words

# %% test="four_throws"
check.text(
    answer_throws,
    right="one the that a",
    why={
        "one the a the": "Where two stretches meet, which one holds the point? See the answer "
        "folded in the section on two ways to choose.",
        "one the that the": "You have one of the two meeting points right. Treat both alike.",
        "one the a a": "You have one of the two meeting points right. Treat both alike.",
        "the the the the": "That is greedy choice. The die looks at u.",
        "3 0 2 1": "These are places. Write the words that stand there.",
        "onethethata": "Write spaces between the words.",
        "␣one␣the␣that␣a": "Write plain spaces between the words.",
        "␣one ␣the ␣that ␣a": "Write plain spaces between the words.",
    },
    hint="Four words with spaces between them. Find each u on the line of the four stretches: they "
    "end at 0.6, 0.85, 0.95 and 1.",
)

# %% [markdown] question="A sentence from a book" points=1
# `torch.multinomial` draws one of the nine words; `forward` has 57%, `toward` 36%. A book calls the
# result the most likely token [raschka2024]. What is it?
#
# - **A** The most likely word, unless two of them are tied.
# - **B** One of nine words which come equally often.
# - **C** `forward` or `toward`: a die leaves out unlikely words.
# - **D** A word that in 43 of 100 draws is not the likeliest.

# %% answer="book_sentence"
answer_draw = ""  # "A", "B", "C" or "D"

# %% test="book_sentence"
check.choice(
    answer_draw,
    right="D",
    why={
        "A": "That is greedy choice. Look at the counts of 1,000 draws: did one word get them all?",
        "B": "That would be a fair die. What do the probabilities do to its faces?",
        "C": "Look at the 1,000 draws: did any word but these two come?",
    },
)

# %% [markdown] question="A model in a table" points=1
# A model of three tokens is a table: row *i* holds the logits of what follows token *i*. What does
# this print, the next token of a greedy loop? Work it out.
#
# ```python
# table = torch.tensor([[0.0, 5.0, 1.0], [1.0, 0.0, 4.0], [3.0, 1.0, 0.0]])
# ids = [2, 0, 1]
# logits = table[ids]  # (3, 3): a row for each position
# print(logits[-1].argmax().item())
# ```

# %% answer="table_model"
answer_row = None  # a whole number

# %% test="table_model"
check.number(
    answer_row,
    right=2,
    within=0.01,
    why={
        0: "That follows the first token of the text, and it is already there. Which row is about "
        "a token that is not?",
        1: "That is the last token of the text, or the guess for a place that is taken. Which row "
        "of the table belongs to the last token, and where is its largest logit?",
        4: "That is a logit. The question is where it stands.",
        5: "That is a logit. The question is where the largest one of the right row stands.",
    },
    hint="The last token is 1. Find the row of the table for it, and the place of its largest "
    "logit, counting from 0.",
)

# %% [markdown] question="The hero's name" points=1
# The Storyteller sees 256 tokens. A text of 400 tokens names its hero only in the first sentence.
# You change that name. What happens to the next logits?
#
# - **A** Nothing: they all stay as they were.
# - **B** They change, as the model has read all of the text.
# - **C** They change a little, as far tokens count less.
# - **D** There are none: the loop stops at 256.

# %% answer="hero_name"
answer_name = ""  # "A", "B", "C" or "D"

# %% test="hero_name"
check.choice(
    answer_name,
    right="A",
    why={
        "B": "The model keeps no notes: at each step it gets a window of tokens. Which ones are in "
        "it? See the section on what the model cannot see.",
        "C": "That may be so within the window. Look again at the dragon in the 11th place.",
        "D": "The loop crops the text before it runs the model. See the five steps of the loop.",
    },
)

# %% [markdown] question="Perplexity of a short text" points=1
# A text has four tokens. The model gave them the probabilities 1/2, 1/4, 1/8 and 1/4. What is the
# perplexity?

# %% answer="short_text_perplexity"
answer_perplexity = None  # a number

# %% test="short_text_perplexity"
check.number(
    answer_perplexity,
    right=4.0,
    within=0.02,
    why={
        4.5: "You took the mean of 2, 4, 8 and 4. Take the mean of the logarithms first; see the "
        "last mistake in the section on what goes wrong.",
        3.56: "You turned the mean probability round. The mean is of the logarithms.",
        2.0: "That is the mean surprise in bits. Perplexity is a number of equal choices.",
        8.0: "That is the sum of the surprises in bits. Take their mean, then the power.",
        256.0: "That is for the whole text. Perplexity is for one token.",
        0.25: "Perplexity is at least 1: turn it round.",
        1.386: "That is the mean surprise in natural units. Raise e to it.",
    },
    hint="Add up the logarithms of the four, take their mean, and raise e to minus that.",
)

# %% [markdown] question="Two texts compared" points=1
# Text 1 has 10 tokens and a log-probability of −20 in all. Text 2 has 40 tokens and −60. What
# follows?
#
# - **A** Text 2 is less likely, and more surprising for each token.
# - **B** Text 2 is less likely, but less surprising for each token.
# - **C** Text 2 is more likely, as 60 is more than 20.
# - **D** Nothing, as a log-probability lies between 0 and 1.

# %% answer="two_texts"
answer_texts = ""  # "A", "B", "C" or "D"

# %% test="two_texts"
check.choice(
    answer_texts,
    right="B",
    why={
        "A": "Half of that is so. For the other half, divide each sum by the number of tokens.",
        "C": "Mind the sign: which of e to the power −20 and e to the power −60 is larger?",
        "D": "That holds for probabilities. What is the logarithm of a number between 0 and 1?",
    },
)

# %% [markdown] question="Many draws at once" points=2
# Find the bug. The function should draw `n` tokens, each on its own and with its softmax probability.
# It was carried over from TensorFlow, as GPT-2's once was [openaigpt51]. Repair it, for one row of
# logits between −20 and 20, *n* from 1 to 20,000 and seeds from 0 to a billion. It returns the *n*
# ids. The same seed gives the same ids, whatever was drawn before, and another seed gives others.


# %% answer="draws_repair"
def repaired_draws(logits, n, seed):
    ### BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    weights = logits.softmax(dim=-1)
    return torch.multinomial(weights, n, replacement=True, generator=generator)
    ### END SOLUTION
    generator = torch.Generator().manual_seed(seed)
    weights = logits
    return torch.multinomial(weights, n, replacement=True, generator=generator)


# %% test="draws_repair"
def drawn_ids(logits, n, seed):
    ids = check.plain(check.call(repaired_draws, logits.clone(), n, seed))
    whole = type(ids) is list and all(type(i) is int and 0 <= i < len(logits) for i in ids)
    assert whole and len(ids) == n, "Return n token ids, as a tensor of shape (n,) or a list."
    return ids


def example():
    counts = torch.bincount(torch.tensor(drawn_ids(FOUR.logits, 4000, 0)), minlength=4)
    assert (counts / 4000 - PROBS).abs().max() < 0.04, (
        "4,000 draws should give ' the' about 60%, ' a' 25%, ' that' 10% and ' one' 5%."
    )


2.0 * check.passes("the four tokens", example)
### BEGIN HIDDEN TESTS
import math
import random
from collections import Counter
from itertools import combinations

from course_utils import domains


def softmax(logits, n, seed):
    weights = [math.exp(x) for x in logits.tolist()]
    return {i: weight / sum(weights) for i, weight in enumerate(weights)}


def any_row(random):
    scale, middle = random.choice([0.5, 2, 6]), random.uniform(-15, 15)
    row = [random.gauss(middle, scale) for _ in range(domains.size(random))]
    logits = torch.tensor([max(-20.0, min(20.0, x)) for x in row])
    n = 2000 if random.random() < 0.1 else random.randint(1, 30)
    return logits, n, random.getrandbits(30)


def many(random):
    """A token that has half of the probability, so that the smallest change of logits shows."""
    others = random.randint(150, 400)
    row = [math.log(others)] + [0.0] * others
    random.shuffle(row)
    return torch.tensor(row) + random.uniform(-10, 10), 20_000, random.getrandbits(29)


def as_often(found, probs, why):
    """Within five standard deviations, and a little more where few are expected."""
    counts = Counter(found)
    n = counts.total()
    for i, p in probs.items():
        assert abs(counts[i] - n * p) <= 5 * math.sqrt(n * p * (1 - p)) + 4, why


example()
for (logits, n, seed), probs in check.drawn(softmax, any_row):
    ids = drawn_ids(logits, n, seed)
    as_often(
        ids,
        probs,
        why="These draws do not follow the softmax of their logits, which may be negative, all alike "
        "or far apart. What makes logits weights?",
    )
    assert ids == drawn_ids(logits, n, seed), "The same seed has to give the same ids again."
for (logits, n, seed), probs in check.drawn(softmax, many, cases=1):
    ids = drawn_ids(logits, n, seed)
    windows = {tuple(ids[i : i + 32]) for i in range(n - 31)}
    assert len(windows) == n - 31, "20,000 draws are each made anew: yours repeat a part of them."
    as_often(ids, probs, why="The logits themselves have to decide, not a multiple of them.")

logits, p = torch.tensor([7.0, 3.0]).log(), 0.7
generator = random.Random(0)
for n in range(1, 7):
    texts = [drawn_ids(logits, n, generator.getrandbits(29)) for _ in range(200)]
    for place in zip(*texts, strict=True):
        as_often(
            place,
            {0: p},
            why="Drawn with many seeds, each of a few draws should follow softmax, the first as well "
            "as the last.",
        )
    for one, other in combinations(zip(*texts, strict=True), 2):
        as_often(
            map(int.__eq__, one, other),
            {True: p * p + (1 - p) * (1 - p)},
            why="Drawn with many seeds, one draw should not tell what another is. Is each draw made "
            "on its own, and with the seed?",
        )

few = [generator.getrandbits(29) for _ in range(100)]
seeds = {*few, *(few[0] + 2**i for i in range(29)), *(few[0] + 10**i for i in range(9))}
texts = {tuple(drawn_ids(torch.zeros(8), 40, seed)) for seed in seeds}
assert len(texts) == len(seeds), "Two seeds gave the same ids."
### END HIDDEN TESTS

# %% [markdown] question="A batch of texts" points=2
# Find the bug. `tokens[s, r]` is what row *r* of a batch draws in step *s*: one row or more, 1 to 400
# steps. A row ends at its first `end`, any id up to 100,000; later draws do not count. The function
# should return in which step, from 1, the last row ends, or the number of all steps if one never
# does. A real library ran on too long because of this [mistral214]. Repair it.


# %% answer="text_batch_repair"
def repaired_steps(tokens, end):
    ### BEGIN SOLUTION
    finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
    for step, drawn in enumerate(tokens, 1):
        finished = finished | (drawn == end)
        if finished.all():
            return step
    return len(tokens)
    ### END SOLUTION
    finished = torch.zeros(tokens.shape[1], dtype=torch.bool)
    for step, drawn in enumerate(tokens, 1):
        finished = finished ^ (drawn == end)
        if finished.all():
            return step
    return len(tokens)


# %% test="text_batch_repair"
def example():
    check.gives(
        repaired_steps,
        torch.tensor([[5, 0], [7, 0], [0, 4], [6, 6], [6, 8]]),
        0,
        expect=3,
        why="With end 0, the right row ends in step 1 and the left one in step 3. Follow "
        "both rows by hand.",
    )


2.0 * check.passes("one row draws end twice", example)


### BEGIN HIDDEN TESTS
def last_end(tokens, end):
    rows = zip(*tokens.tolist(), strict=True)
    return max(row.index(end) + 1 if end in row else len(row) for row in rows)


def any_texts(random):
    long = random.random() < 0.1
    steps = random.choice([400, random.randint(41, 400)]) if long else random.randint(1, 40)
    rows = random.choice([1, 2, 3, 5] if long else [1, 2, 3, 5, 30])
    vocab = random.choice([2, 3, 10, 1 + steps // 2])
    first = random.choice([0, 0, 250, 2040, 40_000, 99_000])
    tokens = [[first + random.randrange(vocab) for _ in range(rows)] for _ in range(steps)]
    return torch.tensor(tokens), first + random.randrange(vocab)


def often_ended(random):
    """One row draws nothing but `end`, the other ends late: in step 256, where a byte is full."""
    steps, end = random.randint(257, 400), random.randrange(100)
    last = random.choice([256, 256, random.randint(1, steps)])
    return torch.tensor([[end, end if s >= last else end + 1] for s in range(1, steps + 1)]), end


example()
check.against(
    last_end,
    repaired_steps,
    any_texts,
    why="Once a row has ended it stays ended, whatever it draws. Rows may end in different steps, in "
    "the same step, or never, and ids may be large.",
)
for (tokens, end), steps in check.drawn(last_end, often_ended, cases=10):
    check.gives(
        repaired_steps,
        tokens,
        end,
        expect=steps,
        why="A row that draws `end` hundreds of times has still ended.",
    )
### END HIDDEN TESTS

# %% [markdown] question="A greedy loop" points=3
# Write the loop, greedily, for a model that is a table. One point each: it follows the table from
# the last token; it stops after `end`; no new tokens, equal and nearly equal logits, and what it is
# given stays as it was.


# %% answer="greedy_loop"
def greedy_loop(table, start, max_new_tokens, end):
    """The ids of `start` and of its greedy continuation, as one list of whole numbers.

    table: (vocab, vocab) float32, vocab up to 1,000; row i holds the logits of what follows token
    i, whatever was before it; some may be -inf. start: a list of 1 to 1,000 ids, without `end`.
    max_new_tokens: from 0 to 400. Both table and start stay as they are.
    Of equal logits the lowest id wins. Once `end` is chosen, it is the last id of the list.
    """
    ### BEGIN SOLUTION
    ids = list(start)
    for _ in range(max_new_tokens):
        ids.append(int(table[ids[-1]].argmax()))
        if ids[-1] == end:
            break
    return ids
    ### END SOLUTION


# %% test="greedy_loop"
def follows_the_table():
    check.gives(
        greedy_loop,
        CAT.table,
        [0],
        6,
        8,
        expect=[0, 1, 4, 6, 0, 1, 4],
        why="From ' the' (0), the largest logit of row 0 leads to ' cat' (1), and so on. Return "
        "the start and the new ids together.",
    )


points = 1.0 * check.passes("the cat sat on the cat sat", follows_the_table)
### BEGIN HIDDEN TESTS
from course_utils import domains


def greedy_text(table, start, max_new_tokens, end):
    rows, ids = table.tolist(), list(start)
    while len(ids) < len(start) + max_new_tokens and ids[-1] != end:
        row = rows[ids[-1]]
        ids.append(row.index(max(row)))
    return ids


def without_ties(random, vocab):
    """Logits clear of each other, of tokens that follow at random, or round a long circle."""
    step = random.choice([2**-12, 0.25, 1.25])
    if vocab <= 20 and random.random() < 0.5:
        rows = [random.sample(range(-1000, 1000), vocab) for _ in range(vocab)]
        return torch.tensor(rows) * step
    row = torch.tensor(random.sample(range(-1000, 1000), vocab))
    turned = torch.tensor(random.sample(range(vocab), vocab))[:, None]
    return row[(torch.arange(vocab) + turned) % vocab] * step


def loop(random, table, long=False, never=True):
    """A start without `end`, and up to 30 new tokens, or 400; never: `end` is out of reach."""
    vocab = len(table)
    end = random.randrange(vocab)
    if never:
        table[:, end] = -torch.inf
    long = long and random.random() < 0.05
    ids = domains.history(random, vocab, least=1000 if long and vocab > 2 else 0)
    start = [i for i in ids[:1000] if i != end] or [(end + 1) % vocab]
    return table, start, 400 if long else random.randint(1, random.choice([5, 30])), end


def no_end(random):
    return loop(random, without_ties(random, random.randint(2, 20)), long=True)


def many_columns(random):
    return loop(random, without_ties(random, random.randint(300, 1000)))


def with_end(random):
    while True:
        case = loop(random, without_ties(random, random.randint(2, 8)), never=False)
        if greedy_text(*case)[-1] == case[-1]:
            return case


def no_new(random):
    table, start, _, end = no_end(random)
    return table, start, 0, end


def tied(random):
    vocab = random.randint(2, 20)
    few = [[float(random.randint(-2, 2)) for _ in range(vocab)] for _ in range(vocab)]
    return loop(random, torch.tensor(few))


def near(random):
    """Logits that differ by 0.00002, or by less than a billionth."""
    vocab = random.randint(2, 20)
    rows = [random.sample(range(2 * vocab), vocab) for _ in range(vocab)]
    middle, step = random.choice([(0, 2.0**-34), (0, 2.0**-16), (-9, 2.0**-16)])
    return loop(random, middle + torch.tensor(rows) * step)


def any_loop(random):
    return random.choice([no_end, with_end, no_new, tied, near])(random)


def follows_from_the_last():
    follows_the_table()
    check.against(
        greedy_text,
        greedy_loop,
        no_end,
        why="A start may have several tokens. Which of them decides what comes next, and how many "
        "come?",
    )
    for case, ids in check.drawn(greedy_text, many_columns, cases=4):
        check.gives(
            greedy_loop,
            *case,
            expect=ids,
            why="A table may have up to 1,000 columns, and the largest logit may stand in any.",
        )


def stops_after_end():
    check.against(
        greedy_text,
        greedy_loop,
        with_end,
        why="Once `end` is chosen nothing follows, and `end` itself stands in the list.",
    )


def corners():
    check.against(greedy_text, greedy_loop, no_new, why="With 0 new tokens only the start is left.")
    deep = torch.tensor([[-torch.inf, -3000.0, -2000.0], [-1500.0, -1400.0, -2000.0], [0.0] * 3])
    check.gives(
        greedy_loop, deep, [0], 1, 1, expect=[0, 2], why="A logit of -2,000 is still above -3,000."
    )
    check.against(greedy_text, greedy_loop, tied, why="Of equal logits the lowest id wins.")
    check.against(
        greedy_text,
        greedy_loop,
        near,
        why="A logit that is larger by very little is the largest. Compare them as they are given: "
        "rounding and softmax can make two of them equal.",
    )
    check.keeps(
        greedy_loop, any_loop, why="The caller's start and table must stay: make a new list."
    )


points = 1.0 * check.passes("from the last token of the start", follows_from_the_last)
points += check.passes("end-of-text", stops_after_end)
points += check.passes("no new tokens, equal logits, inputs left as they were", corners)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Your die" points=4
# Your `draw` from **Build it** above. One point each: the stretches and their ends; tokens of
# probability 0; a *u* beyond the last stretch; larger vocabularies, up to 1,000 tokens, with *u*
# clear of the ends. A probability here is 0 or at least 0.000001.


# %% test="draw"
def stretches():
    for u, expected in ((0.1, 0), (0.7, 1), (0.9, 2), (0.99, 3)):
        check.gives(
            draw,
            PROBS,
            u,
            expect=expected,
            why=f"On the line of the four stretches u = {u} falls on another token.",
        )


points = 1.0 * check.passes("four tokens", stretches)
### BEGIN HIDDEN TESTS
from itertools import accumulate

from course_utils import domains


def stretch(probs, u):
    held, last = 0.0, None
    for i, p in enumerate(probs.tolist()):
        if p > 0:
            held, last = held + p, i
            if u < held:
                break
    return last


def possible(random):
    """Shares above 0 of which all sums are exact, and a u that may lie on one or just beside it.

    One of them may be tiny. With these, u is exact in float32 too.
    """
    shares = [p for p in domains.shares(random) if p > 0]
    if random.random() < 0.5:
        place, tiny = random.randrange(len(shares)), 2.0 ** -random.randint(8, 19)
        shares[place] -= tiny
        shares.insert(random.choice([place, place + 1, len(shares)]), tiny)
    end = random.choice([0.0, *accumulate(shares)])
    beside = random.choice([u for u in (end - 2**-24, end, end + 2**-24) if 0 <= u < 1])
    return torch.tensor(shares), random.choice([beside, random.randrange(128) / 128])


def with_zeros(random):
    shares = domains.shares(random)
    for _ in range(random.choice([1, 3, 20])):
        shares.insert(random.randint(0, len(shares)), 0.0)
    sums = [0.0, *accumulate(shares)]
    on_a_sum = random.choice([u for u in sums if u < 1])
    return torch.tensor(shares), random.choice([0.0, on_a_sum, random.randrange(128) / 128])


def beyond(random):
    """A u at the last end or above it."""
    short = random.uniform(1e-6, 1e-5)
    probs = torch.tensor(domains.shares(random, random.choice([3, 12, 40]))) * (1 - short)
    u = 1 - random.choice([1e-12, 1e-7, random.uniform(0, short)])
    return probs, random.choice([u, u, probs.cumsum(dim=0)[-1].item()])


def beyond_a_tiny_one(random):
    """A u above the last end, where the last token of a probability above 0 has very little."""
    short, tiny = random.uniform(1e-6, 8e-6), random.uniform(2e-6, 1e-5)
    shares = [p * (1 - short - tiny) for p in domains.shares(random, random.choice([1, 3, 12]))]
    zeros = [0.0] * random.choice([0, 1, 3])
    return torch.tensor([*shares, tiny, *zeros]), 1 - random.choice([1e-12, 1e-7])


def larger(random):
    """A u near an end, but not so near that rounding decides. The sum may be a little off 1."""
    vocab = domains.LONG if random.random() < 0.05 else random.randint(5, 100)
    logits = torch.tensor([random.gauss(0, 2) for _ in range(vocab)])
    probs = logits.clamp(-4, 6).softmax(dim=0)
    probs = probs * (1 + random.uniform(-1e-5, 1e-5))
    ends = probs.double().cumsum(dim=0)
    while True:
        u = ends[random.randrange(vocab - 1)].item() + random.choice(
            [-1, 1]
        ) * 10 ** random.uniform(-4.4, -1)
        if 0 <= u < 0.9999 and (ends - u).abs().min() > 3e-5:
            return probs, u


def stretches_and_ends():
    stretches()
    check.against(
        stretch,
        draw,
        possible,
        why="The stretches lie in order of ids, not of size, and where two meet, the point "
        "belongs to the right one.",
    )


def never_what_is_impossible():
    check.against(
        stretch,
        draw,
        with_zeros,
        why="A token of probability 0 has a stretch without length: no u may fall on it.",
    )


def beyond_the_last():
    check.against(
        stretch,
        draw,
        beyond,
        why="Rounding can leave the last sum below u. Then the last token that is possible "
        "at all has to come, not an impossible one and no error.",
    )
    check.against(
        stretch,
        draw,
        beyond_a_tiny_one,
        why="A token of a tiny probability is possible too, and may be the last one that is.",
    )


def larger_vocabulary():
    check.against(
        stretch,
        draw,
        larger,
        why="Each of many tokens has its own stretch, in order of ids, as long as its probability.",
    )


points = 1.0 * check.passes("the stretches and their ends", stretches_and_ends)
points += check.passes("tokens of probability 0", never_what_is_impossible)
points += check.passes("u beyond the last stretch", beyond_the_last)
points += check.passes("larger vocabularies", larger_vocabulary)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="Lyon, says the program" points=0
# In three sentences: a friend asks a chat program once for the capital of France, gets `Lyon`, and
# says "so the model thinks it is Lyon". What does one answer tell, what not, and what would you
# look at?

# %% [markdown] answer="explain_lyon"
# ### BEGIN SOLUTION
# The model gave a distribution, and the program drew from it: one answer only shows that Lyon had a
# probability above 0. It does not show that Lyon was the most likely token, as a token with a few
# percent comes once in a while. I would look at the log-probabilities of the next token, or ask for
# the greedy answer, or ask a hundred times and count.
# ### END SOLUTION

# %% [markdown]
# ## Your score
#
# Press the button. It saves the notebook, then scores it.

# %%
check.score_button()

# %% [markdown]
# ## References
#
# - [shannon1948] Shannon: A Mathematical Theory of Communication. 1948
# - [jelinek1977] Jelinek, Mercer, Bahl and Baker: Perplexity, a measure of the difficulty of speech
#   recognition tasks. 1977
# - [schurmann2007] Schürmann and Grassberger: The predictability of letters in written English.
#   arXiv, 2007
# - [raschka2024] Raschka: Build a Large Language Model (From Scratch), notebook of chapter 5. 2024

# %% [markdown]
# - [hfcourse2026] the LLM course of Hugging Face, chapter 1
# - [transformers2026], [vllm2026], [tiktoken2026]: the code of these three, as read in 2026
# - [openaigpt51], [maxtext2103], [unsloth772], [litllama153], [flashattention2784], [mistral214],
#   [magenta239], [pytorch48841], [flashinfer923]: questions, bug reports and repairs
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

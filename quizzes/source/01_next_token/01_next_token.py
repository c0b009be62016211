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
# Two writers share one model. At every step the careful writer takes the token that the model likes best.
# (A *token* is a word or a piece of a word.) The other writer throws a die. Which writer would you hire?

# %% [markdown]
# > **About 155 minutes**, in two sittings · difficulty ●●○○○ · you need: softmax, some PyTorch
# >
# > Afterwards you can
# > - choose a token from a model's scores, greedily or with a weighted die;
# > - write that die, and the loop that makes a text;
# > - say what a model sees of a text, and what ends it;
# > - measure how likely a text is.
#
# Names in brackets, such as [shannon1948], are sources, listed last.

# %% locked="setup" jupyter={"source_hidden": true}
import math
import random
import textwrap

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.explore.plots.look import DRAWN, KEPT, visible
from course_utils.explore.trace import HUMAN, PROMPT
from course_utils.generate import Settings, generate
from course_utils.metrics import perplexity
from course_utils.sampling import sample
from course_utils.toys import CAT, NEXT_LOGITS, VOCABULARY, Toy

# What could follow "She picked up": the weights 12, 5, 2 and 1, as logits.
FOUR = Toy((" the", " a", " that", " one"), torch.tensor([12.0, 5.0, 2.0, 1.0]).log())
PROBS = torch.tensor([0.6, 0.25, 0.1, 0.05])
HALVES = torch.tensor([0.5, 0.25, 0.125, 0.125])  # in every kind of number, sums are exact


def show(words, **columns):
    """Print one row a word, one column an argument."""
    print(" " * 10 + "".join(f"{name:>14}" for name in columns))
    for word, *numbers in zip(words, *columns.values(), strict=True):
        values = [number.item() for number in numbers]
        cells = [f"{x:14d}" if isinstance(x, int) else f"{x:14.3f}" for x in values]
        print(f"{visible(word):<10}" + "".join(cells))


def table_rows(table, ids):
    """What a table says after each token; the table of a test may depend on the first one too."""
    return table[ids] if table.dim() == 2 else table[ids[0], ids]


def tell(text):
    """Print a text in short lines, with an empty one below."""
    print(textwrap.fill(" ".join(text.split()), 90) + "\n")


# %%
model = storyteller.load()
# Temperature 0 always takes the favourite; Settings() alone throws the die.
for writer, settings in (("CAREFUL:", Settings(temperature=0)), ("DIE:", Settings())):
    steps = generate(model, "She picked up", settings, max_new_tokens=54, seed=3)
    tell(f"{writer} She picked up" + "".join(step.text for step in steps))

# %% [markdown]
# The careful writer repeats `put her in a dress` for ever. The text of the die is a little mad, but
# never dull.
#
# Our puzzle is: **how can the best choice at every step make the worse text?** To solve the puzzle you
# build a die, a writer and a judge.

# %% [markdown]
# **Recall.** Softmax gets the numbers 2, 0 and −2. Can a result be negative? What do the three results
# add up to?
#
# <details><summary>Answer</summary>
#
# No: softmax raises *e* to each number and divides by the sum. The results add up to 1.
# </details>

# %% [markdown]
# ## A score for every token
#
# A language model reads a text and gives a score, called a *logit*, to *every* token that it knows.
# A very small model knows four tokens. Here are its logits after `She picked up`. (`␣` is a space, part
# of the token.)

# %%
weights = FOUR.logits.exp()
show(FOUR.tokens, logit=FOUR.logits, weight=weights, probability=weights / weights.sum())

# %% [markdown]
# *e* to the power of 2.485 is 12, the *weight* of `␣the`. *Softmax* divides each weight by the sum of all
# weights, 20: `␣the` has 12 of 20, or 60%. (If every logit grows by 10, all weights grow by the same
# factor: no probability changes.)
#
# **Predict.** You *draw* 100 tokens: you pick each by chance, with these probabilities. About how many
# are *not* `␣the`: 5, 20 or 40?
#
# <details><summary>Answer</summary>
#
# 40: the others share 25% + 10% + 5%.
# </details>

# %%
explore.Distribution(FOUR)

# %% [markdown]
# Leave the slider at 1. (You do not need the other numbers yet.)
#
# 1. Press **Sample 1** once. Which token came?
# 2. To clear the draws, change the seed to 1 and back to 0. Press **Sample 100** once. How often did
#    `␣the` come?
# 3. Press **Sample 100** nine more times. How often now, in 1,000?
#
# <details><summary>Answers</summary>
#
# 1. `␣one`, with 5%. 2. 64 times. 3. 603 times: nearer to 60%.
# </details>

# %% [markdown]
# The bars did not move while you drew. The model's answer is all four probabilities, not the token
# drawn. How does a program draw `␣the` with 60%?

# %% [markdown]
# ## Two ways to choose
#
# The **greedy** way always takes the token with the highest logit, as the careful writer does.
#
# The **weighted die** draws each token as often as its probability says. Think of a die with 20
# faces: 12 say `␣the`, 5 `␣a`, 2 `␣that` and 1 `␣one`. Each way chooses ten times:

# %%
faces = [" the"] * 12 + [" a"] * 5 + [" that"] * 2 + [" one"]
generator = torch.Generator().manual_seed(0)
rolls = torch.randint(20, (10,), generator=generator)
print("greedy:", FOUR.tokens[FOUR.logits.argmax()] * 10)
print("die:   ", "".join(faces[i] for i in rolls))

# %% [markdown]
# Real probabilities do not fit on 20 faces. So lay the probabilities end to end, as stretches of a
# line from 0 to 1. To throw the die, take a random point *u* of the line. The stretch that holds *u* is
# your token:

# %% jupyter={"source_hidden": true}
chart = explore.Chart(x="u", y="", height=1.5)
left = 0.0
for token, p, color in zip(FOUR.tokens, PROBS.tolist(), (KEPT, DRAWN, KEPT, DRAWN), strict=True):
    chart.axes.barh(0, p, left=left, color=color, edgecolor="white")
    chart.label(left + 0.005, 0.65, visible(token), color=color)
    left += p
chart.axes.set(xlim=(0, 1), ylim=(-0.5, 1.0), yticks=[], xticks=[0, 0.6, 0.85, 0.95, 1])
chart.says("The stretches end at 0.6, 0.85, 0.95 and 1: the running sums of the probabilities.")

# %% [markdown]
# *u* can be 0, but never 1.
#
# **Predict.** Which token does *u* = 0.7 draw? And *u* = 0.6, where two stretches meet?
# (Think of *u* = 0.)
#
# <details><summary>Answer</summary>
#
# Both draw `␣a`. *u* = 0 must draw `␣the`, so each stretch owns its left end.
# </details>
#
# In code a token is its *id*, its place in the list of all tokens (the *vocabulary*). `␣the` has id 0,
# and `␣a` has id 1.

# %% [markdown]
# ## Beyond the last stretch
#
# A computer rounds, so the last stretch may end at 0.9999999 and not at 1. A *u* between 0.9999999
# and 1 then lies on no stretch: draw the last token with a probability above 0.
#
# A token with probability 0 must never come. (In the library FlashInfer such a token could come
# [flashinfer923].)

# %% [markdown]
# ## Build it: the die
#
# > difficulty ●●○○○ · importance ●●●●● · 10 to 15 minutes
#
# Write `draw`: probabilities and *u* go in, the id of the drawn token comes out, also for a *u*
# beyond the last stretch. `draw` is scored at the end.
#
# <details><summary>Hint</summary>
#
# With `sums = probs.cumsum(0)`, `(sums > u).nonzero()` lists the ids whose sum is above `u`. If the list
# is empty, `probs.nonzero()[-1]` helps. `.item()` turns an id into a plain number.
# </details>


# %% answer="draw"
def draw(probs, u):
    """The id of the token whose stretch holds u, the stretches end to end in order of ids.

    A stretch owns its left end, not its right one.
    probs: (vocab,) float32, each at least 0; rounding may leave the sum up to 0.00001 off 1.
    u: a number, 0 <= u < 1. If it lies beyond the last stretch, the last token of a
    probability above 0 is drawn. A token of probability 0 never is.
    Returns one whole number: draw(PROBS, 0.7) is 1.
    """
    ### BEGIN SOLUTION
    above = (probs.cumsum(0) > u).nonzero()
    return int(above[0] if len(above) else probs.nonzero()[-1])
    ### END SOLUTION


# %% [markdown]
# Run the next cell, a folded test without points. You are done when you read `[ok]` five times, and
# when `draw(torch.tensor([0.999995, 0.0]), 0.999999)` gives 0 in a new cell.

# %% jupyter={"source_hidden": true}
LINE = "Follow the line of stretches from its left end to u. On which are you?"
POINT = "With 50%, 25%, 12.5% and 12.5%, two stretches meet at 0.5. Which of them owns that point?"
for title, probs, u, token, why in (
    ("u = 0.1", PROBS, 0.1, 0, LINE),
    ("u = 0.7", PROBS, 0.7, 1, LINE),
    ("u = 0.9", PROBS, 0.9, 2, LINE),
    ("u = 0.99", PROBS, 0.99, 3, LINE),
    ("u = 0.5, the end of a stretch", HALVES, 0.5, 1, POINT),
):
    check.passes(title, check.gives, draw, probs, u, expect=token, why=why)

# %% [markdown]
# The next cell calls your `draw` 10,000 times, with *u* spread evenly over the line. A cross shows how
# often each token came.
#
# **Predict.** How many of the 10,000 calls should draw `␣one`?
#
# <details><summary>Answer</summary>
#
# 500: the cross is at 5%. If every bar ends at a cross, each token comes as often as it should.
# </details>


# %% jupyter={"source_hidden": true}
def your_die(logits, temperature):
    probs = (logits / temperature).softmax(dim=-1)
    evenly = (torch.arange(10_000) + 0.5) / 10_000
    drawn = [draw(probs, u) for u in evenly.tolist()]
    if None in drawn:
        return None  # draw is not written yet
    return torch.bincount(torch.tensor(drawn), minlength=len(probs)) / 10_000


explore.Distribution(FOUR, function=your_die)

# %% [markdown]
# ## How would you notice a broken die?
#
# A real *u* is random, so the counts are a little off. A book gives logits for nine words after
# `every effort moves you` [raschka2024]. `sample`, the course's own die, draws 1,000 words.
#
# **Predict.** `toward` has 35.8%, so 358 draws are expected. By how much will the count be off: about
# 1, 15 or 150?

# %%
generator = torch.Generator().manual_seed(1)
drawn = sample(NEXT_LOGITS.expand(1000, -1), generator)
counts = torch.bincount(drawn, minlength=len(VOCABULARY))
expected = 1000 * NEXT_LOGITS.softmax(dim=-1)
show(VOCABULARY, logit=NEXT_LOGITS, drawn=counts, expected=expected, off=counts - expected)

# %% [markdown]
# `toward` came 374 times, 16 too many. Statistics calls about 15 normal:
# √(1000 × 0.358 × (1 − 0.358)), the *standard deviation*. With a count off by 150, the die is broken.

# %% [markdown]
# How does a die break? OpenAI wrote the model GPT-2 in TensorFlow, with no softmax before the draw. A
# programmer who rewrote GPT-2 in PyTorch asked why the softmax was missing [openaigpt51].
#
# TensorFlow's `multinomial` takes *logits*, but PyTorch's `multinomial` takes *weights*.

# %% [markdown]
# **Predict.** Our four logits are 2.485, 1.609, 0.693 and 0. We give the logits to PyTorch as weights.
# How often does `␣one` come in 1,000 draws?

# %%
generator = torch.Generator().manual_seed(0)
from_logits = torch.multinomial(FOUR.logits, 1000, replacement=True, generator=generator)
from_probs = torch.multinomial(PROBS, 1000, replacement=True, generator=generator)
show(FOUR.tokens, logits=from_logits.bincount(minlength=4), probs=from_probs.bincount(minlength=4))

# %% [markdown]
# `␣one` never comes: its weight is 0. `␣the` comes too rarely. PyTorch raised no error, as no logit is
# negative: you notice the bug only if you count.

# %% [markdown]
# ## Tokens are not words
#
# The Storyteller, our real model, has read old stories for children, and knows 4,096 tokens. Here are
# two texts, cut into tokens:


# %% jupyter={"source_hidden": true}
def name(token):
    return visible(model.tokenizer.decode([token]))


for text in ("She picked up the lantern.", "Unbelievable! The astronaut unlocked it."):
    print("  ".join(name(token) for token in model.tokenizer.encode_ordinary(text)))

# %% [markdown]
# A frequent word has a token of its own, with the space before the word. A rare word is put together
# from pieces: `␣lantern` takes three, `Unbelievable` seven.

# %% [markdown]
# **Predict.** Our four probabilities were made up. Does the Storyteller also put `␣the` first after
# `She picked up`? Does `␣the` have more than 50%?

# %%
explore.Distribution("She picked up")

# %% [markdown]
# Yes, `␣the` is first, but with 42%.
#
# 1. Write `Once upon a` into the prompt box. How likely is the first token now?
# 2. Then write `There was once a`. Above the bars stands *like … equal choices*: the more, the harder to
#    guess. How many now?
#
# <details><summary>Answers</summary>
#
# 1. `␣time` has 99.7%. 2. About 178.
# </details>

# %% [markdown]
# ## One step of a text
#
# A die draws one token. For a *text*, we ask the model again and again, each time with one more token.
#
# To ask the model, call `scores(model, ids)`, defined in the next cell (folded). `scores` gets the ids of
# a text and returns a row of logits for **each** place in the text.


# %% locked="scores" jupyter={"source_hidden": true}
def scores(model, ids):
    """The logits for what follows each token of a text: (len(ids), vocab).

    ids: a list of 1 to 256 token ids. Raises ValueError if there are more, or none.
    """
    if not 1 <= len(ids) <= 256:
        raise ValueError(f"the model sees 1 to 256 tokens, got {len(ids)}")
    return table_rows(model, ids) if isinstance(model, torch.Tensor) else model.logits(ids)


# %%
ids = model.encode("Once upon a time there")
rows = scores(model, ids)
print("places, tokens of the vocabulary:", tuple(rows.shape))
for token, row in zip(ids, rows, strict=True):
    print(f"after {name(token):<14} the favourite is {name(row.argmax().item())}")

# %% [markdown]
# Five words have six places: `<|endoftext|>`, the token between two stories, stands before every text.
# (After it the favourite is `"`, which opens a speech.)
#
# Each row is about the token *after* its place. The row of `␣upon` is about `␣a`, which is already there.
#
# **Predict.** Which row do we draw from to make the text longer?
#
# <details><summary>Answer</summary>
#
# The last row. Only the last row is about a token that is not there yet.
# </details>

# %% [markdown]
# A text is made in five steps:
#
# 1. **Crop**: show the model only the last 256 tokens, as it takes no more.
# 2. **Run** the model.
# 3. Take the **last row**.
# 4. **Choose** a token.
# 5. **Append** the token, and begin again.
#
# The token `<|endoftext|>`, or *end-of-text*, has a logit too. Once end-of-text is drawn, the text is
# over.

# %% [markdown]
# ## Build it: the writer
#
# > difficulty ●●●○○ · importance ●●●●● · 15 to 20 minutes
#
# Write `write_text`, the five steps as a loop. Step 4 uses a die: your `draw`, `torch.multinomial` or
# another. `write_text` is scored at the end.
#
# <details><summary>Hint</summary>
#
# Before the loop: `generator = torch.Generator().manual_seed(seed)`. In the loop:
# `u = torch.rand(1, generator=generator).item()`, then `draw(row.softmax(dim=-1), u)`, where `row` is
# the last row.
# </details>


# %% answer="write_text"
def write_text(model, start, max_new_tokens, end, seed):
    """The ids of `start` and of what the die writes after them, as one list of whole numbers.

    For each new token: take the last 256 ids of the text, ask `scores`, take the softmax of the
    last row, and draw once from it. Stop after max_new_tokens new ids, or once `end` is drawn: it
    is then the last id of the list. An `end` in `start` ends nothing.
    The same arguments give the same text; another seed gives new, independent throws.
    `model` and `start` stay as they are.

    model: pass it on to `scores`. A test's model has 2 to 300 tokens, logits from -20 to 20 or -inf.
    start: a list of 1 to 1,000 ids; only the first may be `end`.
    max_new_tokens: from 0 to 400. seed: from 0 to a billion.
    """
    ### BEGIN SOLUTION
    ids = list(start)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(max_new_tokens):
        probs = scores(model, ids[-256:])[-1].softmax(dim=-1)
        ids.append(torch.multinomial(probs, 1, generator=generator).item())
        if ids[-1] == end:
            break
    return ids
    ### END SOLUTION


# %% [markdown]
# The next two cells, folded, are the test. You are done when you read `[ok]` three times. The test's
# models are tables: row *i* holds the logits for what follows token *i*, whatever came before.

# %% locked="two_tables" jupyter={"source_hidden": true}
CIRCLE = torch.full((4, 4), -torch.inf)  # 0 to 1 to 2 to 0; nothing leads to 3
CIRCLE[0, 1] = CIRCLE[1, 2] = CIRCLE[2, 0] = CIRCLE[3, 0] = 0.0
EQUAL = torch.zeros(5, 5)
EQUAL[:, 4] = -torch.inf  # nothing leads to 4


def round_the_circle(function):
    check.gives(
        function,
        CIRCLE,
        [0, 1],
        5,
        3,
        0,
        expect=[0, 1, 2, 0, 1, 2, 0],
        why="0 is followed by 1, 1 by 2, 2 by 0. Return the start and the five new ids together.",
    )


def until_the_end(function):
    check.gives(
        function,
        CIRCLE,
        [1],
        5,
        0,
        0,
        expect=[1, 2, 0],
        why="With end 0 the text is over as soon as 0 is drawn, and 0 itself stays in the list.",
    )


def equal_chances(function):
    ids = check.plain(check.call(function, EQUAL, [0], 400, 4, 0))
    check.returned(ids)
    assert type(ids) is list and len(ids) == 401, "400 new tokens after a start of one: 401 ids."
    counts = [ids[1:].count(i) for i in range(4)]
    assert all(60 < n < 140 for n in counts), f"About 100 of each token, yours are {counts}."


# %% jupyter={"source_hidden": true}
for title, test in (
    ("round the circle", round_the_circle),
    ("until the end", until_the_end),
    ("400 tokens, four equal chances", equal_chances),
):
    check.passes(title, test, write_text)

# %% [markdown]
# Now your writer tells two stories, with the seeds 0 and 1. Then try other seeds.

# %%
end = model.tokenizer.eot_token
ready = check.passes("your writer is ready", until_the_end, write_text)
if ready:
    for seed in (0, 1):
        ids = write_text(model, model.encode("She picked up"), 50, end, seed)
        tell(model.tokenizer.decode([int(i) for i in ids[1:]]))

# %% [markdown]
# ## The hero without a name
#
# A story has 270 tokens, and the model sees the last 256. We replace one token by `␣dragon`, and look
# at the logits of the *next* token, the 271st.
#
# **Predict.** `␣dragon` replaces the 11th token. Does any of the 4,096 logits change?

# %% jupyter={"source_hidden": true}
steps = generate(model, "Once upon a time", max_new_tokens=265, seed=2)
story = model.encode("Once upon a time") + [step.token for step in steps]
now = scores(model, story[-256:])[-1]
[dragon] = model.tokenizer.encode_ordinary(" dragon")
for place in (11, 14, 15, 201, 270):
    other = story.copy()
    other[place - 1] = dragon
    change = (scores(model, other[-256:])[-1] - now).abs().max()
    print(f"token {place:3} of {len(story)} swapped: a logit changes by up to {change:.3f}")

# %% [markdown]
# No: the 11th token is one of the 270 − 256 = 14 cropped tokens, which do not exist for the model. If
# the hero's name stands only in cropped tokens, the model has to invent a name.

# %% [markdown]
# ## What ends a text
#
# A story should end before its beginning is cropped. The model has learnt where end-of-text is likely:

# %%
for prompt in ("She picked up the", "So they all went home.", "And they lived happily ever after."):
    chance = model.next_logits(prompt).softmax(dim=-1)[end].item()
    print(f"{prompt:<36} end-of-text {chance:.1%}")

# %% [markdown]
# Real services write a *batch* of texts at once: each step draws one token for every text. In the
# library flash-attention, the loop ended only when all texts drew end-of-text *in the same step*
# [flashattention2784].

# %% [markdown]
# **Predict.** Each of four texts draws end-of-text with a chance of 1 in 10 at every step. After
# about how many steps do all four draw end-of-text together: 40, 1,000 or 10,000?
#
# <details><summary>Answer</summary>
#
# About 10,000: 1/10 × 1/10 × 1/10 × 1/10 is 1 in 10,000.
# </details>

# %% [markdown]
# The repaired loop notes each text that *has* ended, and stops when all texts have ended.
#
# You are halfway: take a break. Then we judge texts by the model's own probabilities.

# %% [markdown]
# ## How likely is a text?
#
# Multiply the probabilities of all tokens of a text, each given the tokens before. The product gets tiny:
# 6.5e-12 for the 8 tokens below. For a long text PyTorch rounds the product to 0. So we add up the
# *logarithms* of the probabilities, the **log-probabilities**.


# %% jupyter={"source_hidden": true}
def scored(text):
    """The tokens of a text, and the log-probability of each, given those before it."""
    ids = model.encode(text)
    rows = scores(model, ids).log_softmax(dim=-1)
    return ids[1:], [rows[i - 1, ids[i]].item() for i in range(1, len(ids))]


tokens, logprobs = scored("The king had a lantern.")
for token, logprob in zip(tokens, logprobs, strict=True):
    print(f"{name(token):<8} probability {math.exp(logprob):8.4f}   log {logprob:7.2f}")
print(f"{'all':<8} product     {math.exp(sum(logprobs)):8.2g}   sum {sum(logprobs):7.2f}")

# %% [markdown]
# A probability is at most 1, so its logarithm is at most 0. The logarithm without its minus
# is the token's *surprise*. `␣l` surprises most, with 6.86.

# %% [markdown]
# The sum depends on the length of the text, so we take the mean: −25.76 / 8 is −3.22. *e* to the power
# of 3.22 is about 25. On average each token was as hard to guess as a throw of a fair die with 25 faces.
#
# The number 25 is the text's **perplexity**: *e* to the power of minus the mean log-probability
# [jelinek1977].

# %% [markdown]
# **Predict.** We shuffle the words of a sentence. Does the perplexity stay the same, double, or grow tenfold?

# %% jupyter={"source_hidden": true}
sentence = "Thunder rumbled over the meadow while the shepherd counted his lambs."
words = sentence.split()
random.Random(0).shuffle(words)
for text in (sentence, " ".join(words)):
    print(f"{perplexity(scored(text)[1]).item():6.0f}   {text}")

# %% [markdown]
# The perplexity grows tenfold: the model expects the words in order.

# %% [markdown]
# ## How much surprise to expect
#
# Perplexity measures a finished text. Now draw one of our four tokens: how much surprise should you
# expect?
#
# We count surprise in *bits*, with log₂ in place of the natural logarithm: a token with probability 1/2 has 1
# bit of surprise, 1/4 has 2, 1/8 has 3.
#
# **Predict.** The surprise to expect is a sum: each token adds its bits times its probability.
# Which token adds most? (0.6 has 0.74 bits.)

# %%
bits = (1 / PROBS).log2()
show(FOUR.tokens, p=PROBS, bits=bits, weighted=PROBS * bits)
total = (PROBS * bits).sum().item()
print(f"the last column adds up to {total:.2f} bits; 2 to that power is {2**total:.1f}")

# %% [markdown]
# `␣a` adds most, 0.500. `␣one` surprises most, but comes only 5 times in 100. The last column adds up to
# 1.49 bits, the **entropy** of the choice [shannon1948]. Four *equal* choices would have 2 bits,
# and 2² is 4. Here 2 to the power of 1.49 is 2.8, so the first panel says `like 2.8 equal choices`.

# %% [markdown]
# ## A number too bad to be true
#
# In 2025 a user asked the library MaxText for the log-probabilities of a prompt. All were far too low
# [maxtext2103].

# %% [markdown]
# **Find it.** The next cell scores one sentence in two ways, and one way has MaxText's bug. `rows[i]` is
# about what comes *after* place *i*. For the token at place *i*, A takes row *i*, and B takes row *i* − 1.
# Which way is wrong, and why?

# %%
ids = model.encode("Once upon a time there was a king.")
rows = scores(model, ids).log_softmax(dim=-1)
places = range(1, len(ids))
for way, logprobs in (
    ("A", [rows[i, ids[i]].item() for i in places]),
    ("B", [rows[i - 1, ids[i]].item() for i in places]),
):
    print(f"{way}: mean log-probability {sum(logprobs) / len(logprobs):6.2f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# A is wrong. For `␣upon`, A asks how likely a second `␣upon` is after `Once upon`. The row *before* the
# token is the right row.
# </details>
#
# No error was raised. But a mean of −11.10 is a perplexity of about 66,000, for a simple sentence. A
# blind guess among 4,096 tokens has only 4,096.

# %% [markdown]
# ## Build it: the judge
#
# > difficulty ●●○○○ · importance ●●●●○ · 5 to 10 minutes
#
# Write `text_logprobs`: logits go in, the log-probability of each token but the first comes out.
# One trap: PyTorch may round a probability to 0, but the log-probability must stay finite, such as −200.
# You are done at two `[ok]` in the folded test below. `text_logprobs` is scored at the end.
#
# <details><summary>Hint</summary>
#
# `rows.log_softmax(dim=-1)` gives all log-probabilities. The columns are `ids[1:]`. Which are the rows?
# </details>


# %% answer="text_logprobs"
def text_logprobs(rows, ids):
    """The log-probability of each token of a text but the first, given those before it.

    rows: (n, vocab) float32 logits from -100 to 100, some may be -inf; row i is for what follows
    the i-th token. ids: a list of n ids, n from 2 to 1,000. Both stay as they are.
    Returns a list or a tensor of n - 1 natural logarithms, each within 0.001. They are finite where
    the logit is, and -inf where it is -inf.
    """
    ### BEGIN SOLUTION
    logprobs = rows.log_softmax(dim=-1)
    return [logprobs[i, token].item() for i, token in enumerate(ids[1:])]
    ### END SOLUTION


# %% jupyter={"source_hidden": true}
three_rows = torch.stack([PROBS, HALVES, PROBS]).log()
unlikely = torch.tensor([[100.0, -100.0], [0.0, 0.0]])
for title, rows, ids, expect, why in (
    (
        "three tokens",
        three_rows,
        [3, 0, 1],
        [-0.511, -1.386],
        "0 has 60% in row 0, 1 has 25% in row 1.",
    ),
    ("very unlikely", unlikely, [0, 1], [-200.0], "The logarithm of e to the power -200 is -200."),
):
    check.passes(title, check.gives, text_logprobs, rows, ids, expect=expect, why=why, within=0.001)

# %% [markdown]
# ## Where the surprises are
#
# The model reads a sentence that a *person* wrote. `␣shoemaker`, its second word, has three tokens:
# `␣sho`, `em` and `aker`.
#
# **Predict.** Which of the three tokens surprises the model most?

# %% jupyter={"source_hidden": true}
sentence = "The shoemaker hammered cheerfully at his workbench until the lantern flickered."
for token, logprob in zip(*scored(sentence), strict=True):
    bits = -logprob / math.log(2)
    print(f"{name(token):<8} {bits:5.1f} bits {'#' * round(bits)}")

# %% [markdown]
# Of the three tokens, `␣sho` surprises most, with 11.6 bits. The person surprises the
# model again and again, mostly where a new word begins. (In some words, such
# as `workbench`, later pieces surprise, too.)

# %% [markdown]
# ## The careful writer, explained
#
# Three writers continue `The very next morning the Forest People awakened to find`: a person (from a
# book that our model has never read), the careful writer, and the die. The model judges all three.
#
# **Predict.** Whose text has the lowest perplexity? How often does the *person* write the token that
# our model likes best: 90, 50 or 25 times in 100?

# %% jupyter={"source_hidden": true}
texts = {"person": model.tokenizer.encode_ordinary(HUMAN)}
for writer, settings in (("careful", Settings(temperature=0)), ("die", Settings())):
    texts[writer] = [step.token for step in generate(model, PROMPT, settings, 54, seed=0)]
beginning, probs = model.encode(PROMPT), {}
for writer, new in texts.items():
    # The rows for the new tokens: from that of the beginning's last token on.
    probs[writer] = scores(model, beginning + new)[len(beginning) - 1 : -1].softmax(dim=-1)
    chosen = [row[token].item() for row, token in zip(probs[writer], new, strict=True)]
    best = (probs[writer].argmax(dim=-1) == torch.tensor(new)).sum().item()
    number = math.exp(-sum(map(math.log, chosen)) / len(new))
    print(f"{writer}: perplexity {number:.0f}, the favourite in {best} of {len(new)} steps")
    tell(PROMPT + model.tokenizer.decode(new))

# %% [markdown]
# The careful writer's text has the lowest perplexity, 3, and the person's text has the highest, 60. The
# person took the favourite in 14 of 54 steps, about 25 in 100.
#
# A person who has something new to say often takes another token. The careful writer always takes the
# favourite, so its text is dull.

# %% [markdown]
# But why does the careful writer *repeat* itself?
#
# **Predict.** The first text of this notebook repeats `and put her in a dress`. From one repetition to
# the next, does the model find `␣dress` less likely or more likely?

# %%
steps = list(generate(model, "She picked up", Settings(temperature=0), 60))
for token in (" a", " dress"):
    chances = [math.exp(step.logprob) for step in steps if step.text == token]
    print(f"{visible(token):<7}", "  ".join(f"{chance:4.0%}" for chance in chances))

# %% [markdown]
# More likely: `␣dress` rises from 6% to 41%. (The first number, 9%, is for `the little girl's dress`.)
# `␣a` rises to between 70% and 75%.

# %% [markdown]
# Stories repeat names and phrases, so a copy of earlier words is often a good guess. Repetition
# makes more repetition likelier, in larger models too [xu2022]. A writer who always takes the favourite
# seldom gets out of a repetition. The die can: even where `␣dress` has 41%, another token comes in 59 of 100
# throws.

# %% [markdown]
# ## The die, explained
#
# The die does not repeat itself, but its text is mad: `no rather changing of sleep in the sun`.
# Are rare tokens the reason? A token is *rare* here if the model gave the token less than 0.5%.
#
# **Predict.** Which text about the Forest People has more rare tokens, the person's or the die's?

# %% jupyter={"source_hidden": true}
for writer in ("person", "die"):
    rare = [row[token] < 0.005 for row, token in zip(probs[writer], texts[writer], strict=True)]
    text = PROMPT
    for token, is_rare in zip(texts[writer], rare, strict=True):
        piece = model.tokenizer.decode([token])
        space = " " * piece.startswith(" ")
        text += f"{space}[{piece.strip()}]" if is_rare else piece
    print(f"{writer}: {sum(rare)} of {len(rare)} tokens are rare")
    tell(text)
rare = (probs["die"] < 0.005).sum(dim=-1).float().mean()
print(f"At a step of the die, {rare:,.0f} of the 4,096 tokens are rare, on average.")

# %% [markdown]
# The person's text has more rare tokens (in brackets): 19 against 12. So rare tokens alone do not make
# a text mad.
#
# The person chose each rare token for a reason: `frost`, `leaves`, `river` and `mist` belong to one autumn
# morning. The die has no reason: only the throw decides which of thousands of rare tokens comes. Once
# `rather` stands after `no`, the model has to go on from `no rather`.

# %% [markdown]
# So hire neither writer. The *temperature*, the number on the slider, is 0 for the careful writer and 1
# for the die. The next module is about the temperatures between.

# %% [markdown]
# ## What production systems do
#
# In 2026 the library `transformers` still chooses greedily, unless `do_sample=True` is set, by you or by the model's file. Its guide
# warns that greedy text begins to repeat itself [hfgeneration2026].

# %% [markdown]
# ## Recap
#
# Why did the best choice at every step make the worse text? The careful writer always takes the
# favourite, and repetition makes more repetition likelier. A person often takes another token,
# for a reason. The die takes other tokens without a reason.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (A number under
# it is not your score.)
# The button at the end scores all answers, your builds above too.

# %% [markdown] question="Numbers from a model" points=1
# A model gives three tokens the logits 2.1, 0.4 and −1.3. What are these numbers?
#
# - **A** Probabilities not yet divided by their sum.
# - **B** Natural logarithms of the three probabilities.
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
        "D": "No probability is negative, and after softmax every token can come. What is e to the "
        "power -1.3?",
    },
)

# %% [markdown] question="A probability by hand" points=1
# Three tokens have the logits 3, 1 and 0. What is the probability of the first token? Give three
# decimals. (*e*³ ≈ 20.09, *e* ≈ 2.72)

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
# die give *u* = 0.97, 0.3, 0.85 and 0.6. Which text do the throws make? Write the four words with
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
# drawn word the most likely word [raschka2024]. What is true of the drawn word?
#
# - **A** It is the most likely one, unless two are tied.
# - **B** It is any of the nine, all equally often.
# - **C** It is `forward` or `toward`: the others are too rare.
# - **D** It is any of the nine, in 43 of 100 draws not `forward`.

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
# the code print?
#
# ```python
# table = torch.tensor([[0.0, 5.0, 1.0], [1.0, 0.0, 4.0], [3.0, 1.0, 0.0]])
# ids = [2, 0, 1]
# logits = table[ids]  # (3, 3): a row for each place
# print(logits[-1].argmax().item())
# ```

# %% answer="table_model"
answer_row = None  # a number

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
# The Storyteller sees 256 tokens. A text of 400 tokens names its hero only in its first 20
# tokens. You change the name. What happens to the logits of the next token?
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
        "it? See the section on the hero without a name.",
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
        4.5: "You took the mean of 2, 4, 8 and 4, where one rare token decides nearly alone. Take the "
        "mean of the logarithms first.",
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
# Text 1 has 10 tokens and a log-probability of −20 in all. Text 2 has 40 tokens and −60 in all. What
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

# %% [markdown] question="Surprise to expect" points=1
# Four tokens have the probabilities 1/2, 1/4, 1/8 and 1/8. What is the entropy of this choice, in bits?

# %% answer="surprise_to_expect"
answer_entropy = None  # a number

# %% test="surprise_to_expect"
check.number(
    answer_entropy,
    right=1.75,
    within=0.01,
    why={
        2.25: "That is the plain mean of 1, 2, 3 and 3 bits. Which of the four comes more often?",
        2.0: "That would be four equal choices. These are not equal.",
        1.213: "That is in natural units. A bit is the surprise of a probability of 1/2.",
        3.364: "That is the number of equal choices. The question is about the power of 2.",
        9.0: "That is the sum of the four surprises. Weight each with its probability.",
        -1.75: "A surprise is the logarithm of 1/p, so it is not negative.",
    },
    hint="The surprise of 1/2 is one bit, of 1/4 two. Weight each surprise with its probability, and "
    "add them up.",
)

# %% [markdown] question="Who wrote it" points=1
# Each pair of numbers is about one token of a text. Before the `/` stands the token's probability, after
# the `/` the probability of the model's favourite at the same step. No two tokens are ever equally
# likely. Which texts can be the careful writer's?
#
# - text 0: 0.90/0.90, 0.47/0.48, 0.81/0.81
# - text 1: 0.41/0.41, 0.32/0.32, 0.55/0.55
# - text 2: 0.41/0.41, 0.05/0.38, 0.30/0.30
# - text 3: 0.02/0.02, 0.04/0.04, 0.03/0.03

# %% answer="who_wrote_it"
answer_writer = []  # numbers of texts

# %% test="who_wrote_it"
check.ids(
    answer_writer,
    right={1, 3},
    why={
        (1,): "How likely is a favourite where the choice is wide open?",
        (0, 1): "Go through each step: whose token was it?",
        (0, 1, 3): "Almost the favourite is not the favourite.",
        (0, 2): "These are the ones in which a step went another way.",
        (0, 1, 2): "One step is enough to tell. And how likely is a favourite in a wide choice?",
        (
            0,
            1,
            2,
            3,
        ): "The die can have written all of them. What does the careful writer never do?",
    },
    hint="What does the careful writer take at each step? Compare the two numbers of every step.",
)

# %% [markdown] question="Many draws at once" points=2
# Find the bug. The function should draw `n` tokens, each on its own and with its softmax
# probability. The code was rewritten from TensorFlow, as GPT-2 once was [openaigpt51].
#
# Repair the function: return the *n* ids. `logits` is one row of numbers from −20 to 20, *n* from 1 to 20,000,
# `seed` from 0 to a billion. The same seed gives the same ids, whatever was drawn before, and another
# seed gives others.


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
    ids = check.plain(check.on_copies(repaired_draws, logits, n, seed))
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
from itertools import combinations, product

from course_utils import domains


def softmax(logits, n, seed):
    weights = [math.exp(x) for x in logits.tolist()]
    total = sum(weights)
    return {i: weight / total for i, weight in enumerate(weights)}


def any_row(random):
    scale, middle = random.choice([0.5, 2, 6]), random.uniform(-15, 15)
    row = [random.gauss(middle, scale) for _ in range(domains.size(random))]
    logits = torch.tensor([max(-20.0, min(20.0, x)) for x in row])
    n = random.choice([2000, 20, 20] + [random.randint(1, 30)] * 7)
    return logits, n, random.choice([0, random.getrandbits(30)])  # one seed for many rows


def many(random):
    """A token that has half of the probability, so that the smallest change of logits shows."""
    others = random.randint(150, 400)
    row = [math.log(others)] + [0.0] * others
    random.shuffle(row)
    return torch.tensor(row) + random.uniform(-10, 10), 20_000, random.getrandbits(29)


def unlikely(random):
    """A token that has half of the probability, of which each other has about a 4,000th."""
    row = torch.linspace(-0.5, 0.5, 2001)
    row[random.randrange(len(row))] = math.log(2000)
    return row + random.uniform(-10, 10), 1000, random.getrandbits(29)


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
    assert len(windows) == n - 31, (
        "20,000 draws are each made anew, and stay in order: in yours the same run of 32 comes again."
    )
    as_often(ids, probs, why="The logits themselves have to decide, not a multiple of them.")
    likely = max(probs, key=probs.get)
    halves = [i == likely for i in ids]
    as_often(
        (x == y for apart in (1, 2, 3, 4) for x, y in zip(halves, halves[apart:], strict=False)),
        {True: 1 / 2},
        why="20,000 draws are each made anew: in yours one tells what a later one will be.",
    )
for (logits, n, seed), probs in check.drawn(softmax, unlikely, cases=1):
    as_often(
        drawn_ids(logits, n, seed),
        probs,
        why="Of two thousand unlikely tokens one comes often enough: leave none of them out.",
    )

generator = random.Random(0)
few = [generator.getrandbits(29) for _ in range(100)]
seeds = {*few, *(few[0] + 2**i for i in range(29)), *(few[0] + 10**i for i in range(9))}
seeds |= {*range(40)}
texts = [drawn_ids(torch.zeros(8), 40, seed) for seed in seeds]
assert len({*map(tuple, texts)}) == len(seeds), "Two seeds gave the same ids."
runs = [tuple(text[i : i + 20]) for text in texts for i in range(21)]
assert len({*runs}) == len(runs), "Two seeds share a run of 20 draws: is the seed used once?"

logits, p = torch.tensor([7.0, 3.0]).log(), 0.7
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
texts = [drawn_ids(torch.zeros(8), 60, few[0] + i) for i in range(40)]
for apart, shift in product((1, 2, 3), range(4)):
    pairs = [zip(a[shift:], b, strict=False) for a, b in zip(texts, texts[apart:], strict=False)]
    as_often(
        (x == y for pair in pairs for x, y in pair),
        {True: 1 / 8, False: 7 / 8},
        why="The draws of neighbouring seeds have more in common than chance brings. Is the seed used "
        "once, or draw by draw again?",
    )
### END HIDDEN TESTS

# %% [markdown] question="A batch of texts" points=2
# Find and repair the bug, which made a real library run too long [mistral214]. `tokens[s, t]` is the id
# that text *t* of a batch draws in step *s*. One text or more, 1 to 400 steps, ids
# up to 100,000. A text is over once it has drawn `end`, whatever it draws later.
#
# Return the first step (counted from 1) after which *every* text is over. If a text never ends, return
# the number of steps.


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
        finished = finished ^ (drawn == end)  # ^: one of the two, but not both
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
        why="Each column is a text. With end 0, the right one ends in step 1 and the left one in "
        "step 3. Follow both by hand.",
    )


2.0 * check.passes("one text draws end twice", example)


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
    apart = random.choice([1, 256, 10_000, 65_536]) if vocab == 2 and first < 1000 else 1
    tokens = [[first + apart * random.randrange(vocab) for _ in range(rows)] for _ in range(steps)]
    return torch.tensor(tokens), first + apart * random.randrange(vocab)


def often_ended(random):
    """Hundreds of texts. When the last one ends, the others have drawn `end` 2, 3, 4, … times."""
    steps, end = random.choice([400, random.randint(257, 400)]), random.randrange(100)
    last = random.choice([256, steps - 1, random.randint(1, steps)])
    running = torch.tensor(random.sample(range(last), last))
    return torch.where(torch.arange(steps)[:, None] < running, end + 1, end), end


example()
check.against(
    last_end,
    repaired_steps,
    any_texts,
    why="Once a text has ended it stays ended, whatever it draws. Texts may end in different steps, "
    "in the same step, or never, and ids may be large.",
)
for (tokens, end), steps in check.drawn(last_end, often_ended, cases=6):
    check.gives(
        repaired_steps,
        tokens,
        end,
        expect=steps,
        why="There may be hundreds of texts and of steps, and a text that draws `end` hundreds of "
        "times has still ended.",
    )
### END HIDDEN TESTS

# %% [markdown] question="A greedy loop" points=3
# Write the loop of a greedy writer, for a model that is a table. One point each:
#
# 1. It follows the table from the last token.
# 2. It stops after `end`.
# 3. Special cases: no new tokens; equal logits, where the lowest id wins; logits that differ by very
#    little, where the larger wins; `table` and `start` are not changed.


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
    """400 new tokens, in circles of up to 1,000."""
    vocab = random.choice([random.randint(30, 200), random.randint(300, 1000), 1000])
    table, start, _, end = loop(random, without_ties(random, vocab))
    return table, start, 400, end


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
    """Logits that differ by as little as float32 allows, near 0 and far from it."""
    vocab = random.randint(2, 20)
    rows = [random.sample(range(2 * vocab), vocab) for _ in range(vocab)]
    middle, step = random.choice(
        [(0, 2.0**-100), (0, 2.0**-34), (0, 2.0**-16), (-9, 2.0**-16), (-15, 2.0**-20)]
    )
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
    for case, ids in check.drawn(greedy_text, many_columns, cases=6):
        check.gives(
            greedy_loop,
            *case,
            expect=ids,
            why="A table may have up to 1,000 columns, and the largest logit may stand in any. The "
            "same tokens may come again.",
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
# Your `draw` from **Build it: the die** above. A probability here is 0 or at least 0.000001. One
# point each. (No test depends on how you round.)
#
# 1. The stretches and their ends.
# 2. Tokens of probability 0.
# 3. A *u* beyond the last stretch.
# 4. Larger vocabularies, up to 1,000 tokens.


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
from itertools import accumulate, pairwise

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


def hundreds(random):
    """Shares of up to 1,000 tokens, many of them 0, of which all sums are exact."""
    vocab = random.choice([domains.LONG, random.randint(50, domains.LONG)])
    used = random.choice([vocab, random.randint(2, vocab)])
    ends = sorted(random.randrange(1025) for _ in range(used - 1))
    shares = [(end - start) / 1024 for start, end in pairwise([0, *ends, 1024])]
    place = random.choice([0, used, random.randint(0, used)])
    return shares[:place] + [0.0] * (vocab - used) + shares[place:]


def with_zeros(random):
    shares = domains.shares(random)
    for _ in range(random.choice([1, 3, 20])):
        shares.insert(random.randint(0, len(shares)), 0.0)
    if random.random() < 0.1:
        shares = hundreds(random)
    sums = [0.0, *accumulate(shares)]
    on_a_sum = random.choice([u for u in sums if u < 1])
    return torch.tensor(shares), random.choice([0.0, on_a_sum, random.randrange(128) / 128])


def beyond(random):
    """A u at the last end or above it."""
    short = random.uniform(1e-6, 1e-5)
    probs = torch.tensor(domains.shares(random, random.choice([3, 12, 40]))) * (1 - short)
    u = 1 - random.choice([1e-12, 1e-7, random.uniform(0, short)])
    return probs, random.choice([u, u, probs.cumsum(dim=0)[-1].item()])


def beyond_hundreds(random):
    """A u at the last end or above it. What the largest share lacks leaves all sums exact."""
    shares = hundreds(random)
    shares[shares.index(max(shares))] -= 2**-17
    return torch.tensor(shares), 1 - random.choice([1e-12, 2**-20, 2**-17])


def beyond_a_tiny_one(random):
    """A u above the last end, where the last token of a probability above 0 has very little."""
    short = random.uniform(1e-6, 8e-6)
    tiny = random.choice([1.01e-6, random.uniform(1.01e-6, 1e-5)])
    shares = [p * (1 - short - tiny) for p in domains.shares(random, random.choice([1, 3, 12]))]
    zeros = [0.0] * random.choice([0, 1, 3])
    return torch.tensor([*shares, tiny, *zeros]), 1 - random.choice([1e-12, 1e-7])


def too_long(random):
    """A sum above 1, and a u on a first stretch that is shorter than what is too much."""
    much = random.uniform(2e-6, 1e-5)
    tiny = random.uniform(1.01e-6, much)
    rest = [p * (1 + much - tiny) for p in domains.shares(random)]
    return torch.tensor([tiny, *rest]), random.choice([0.0, tiny / 2])


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
        "belongs to the right-hand one.",
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
    for draw_case, why in (
        (beyond_hundreds, "The last token that is possible may be any of up to 1,000."),
        (too_long, "The last stretch may end a little above 1, too. The first begins at 0 still."),
    ):
        for case, token in check.drawn(stretch, draw_case, cases=20):
            check.gives(draw, *case, expect=token, why=why)


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

# %% [markdown] question="Your writer" points=4
# Your `write_text` from **Build it: the writer** above. It may call `scores`, your `draw` and anything
# of PyTorch, NumPy or Python. One point each:
#
# 1. Tables where each token has only one possible next token, also after long starts or for 0 new
#    tokens; `model` and `start` are not changed.
# 2. When texts end.
# 3. How often each token is drawn.
# 4. The same text for the same seed, independent texts for other seeds.


# %% test="write_text"
points = 1.0 * check.passes("round the circle", round_the_circle, write_text)
### BEGIN HIDDEN TESTS
import math
from collections import Counter
from itertools import pairwise

from course_utils import domains


def walk(table, start, max_new_tokens, end, seed):
    """The only text there can be where each row leaves one token."""
    ids = list(start)
    while len(ids) < len(start) + max_new_tokens and end not in ids[len(start) :]:
        seen = ids[-256:]
        row = table[seen[-1]] if table.dim() == 2 else table[seen[0], seen[-1]]
        ids.append(row.tolist().index(max(row.tolist())))
    return ids


def over_before(table, start, max_new_tokens, end, seed):
    return walk(table, start, 0 if end in start else max_new_tokens, end, seed)


def over_at_once(table, start, max_new_tokens, end, seed):
    return walk(table, start, 0 if end == start[-1] else max_new_tokens, end, seed)


def without(end, ids):
    return [i for i in ids if i != end] or [int(end == 0)]


def no_choice(random):
    vocab = random.choice([2, 3, 6, 20])
    table = torch.full((vocab, vocab), -torch.inf)
    for row in table:
        row[random.randrange(vocab)] = random.uniform(-20, 20)
    end = random.randrange(vocab)
    start = without(end, random.choice([[], domains.history(random, vocab)[:999]]))
    start = random.choice([start, start, [end, *start], [end, *start], [end]])
    seed = random.choice([0, random.getrandbits(29)])  # often the same one for another table
    return table, start, random.choice([0, 1, 2, 30]), end, seed


def looking_at_the_first(random):
    """A text that grows past the 256 tokens, where the first of them decides."""
    vocab = random.choice([2, 3, 4])
    table = torch.full((vocab, vocab, vocab), -torch.inf)
    end = vocab - 1
    for row in table.view(-1, vocab):
        row[random.randrange(end)] = 0.0
    start = [random.randrange(end) for _ in range(random.choice([1, 250, 255, 256, 257, 300]))]
    return table, start, random.choice([0, 3, 20]), end, random.getrandbits(29)


def long_and_many(random):
    vocab = random.choice([3, 300])
    table = torch.full((vocab, vocab), -torch.inf)
    end = random.randrange(vocab)
    for row in table:
        row[random.choice([i for i in range(vocab) if i != end])] = 0.0
    start = [int(end == 0)] * random.choice([1, 950])
    return table, start, 400, end, random.getrandbits(29)


def written(*args):
    """A text of write_text; AssertionError if it is none."""
    table, start, max_new_tokens, end, _ = args
    ids = check.plain(check.on_copies(write_text, *args))
    check.returned(ids)
    whole = type(ids) is list and all(type(i) is int and 0 <= i < len(table) for i in ids)
    assert whole and ids[: len(start)] == start, "Return one list of ids that begins with `start`."
    new = ids[len(start) :]
    over = len(new) == max_new_tokens or new[-1:] == [end]
    assert over and len(new) <= max_new_tokens and end not in new[:-1], (
        "A text goes on until `end` is drawn, which stays in it, or until there are "
        "max_new_tokens new ids."
    )
    return new


def as_often(found, probs, why, deviations=5):
    """Within so many standard deviations, and a little more where few are expected."""
    counts = Counter(found)
    n = counts.total()
    for i, p in enumerate(probs):
        assert abs(counts[i] - n * p) <= deviations * math.sqrt(n * p * (1 - p)) + 4, why
        assert p > 0 or not counts[i], "A token of logit -inf can never be drawn."


def shares(table):
    weights = [[math.exp(x) for x in row] for row in table.double().tolist()]
    return [[w / sum(row) for w in row] for row in weights]


def chances(table, *_):
    return shares(table)


def some_tokens(random):
    vocab = random.randint(2, 6)
    scale, middle = random.choice([0.5, 1, 2]), random.uniform(-12, 12)
    table = torch.tensor(
        [[random.gauss(middle, scale) for _ in range(vocab)] for _ in range(vocab)]
    ).clamp(-20, 20)
    if random.random() < 0.3:
        for row in table:
            row[random.randrange(vocab)] = -torch.inf
    end = random.randrange(vocab)
    table[:, end] = -torch.inf
    table[:, (end + 1) % vocab].nan_to_num_(neginf=middle)
    start = [(end + 1) % vocab] * random.choice([1, 3])
    return table, start, random.choice([20, 100, 400]), end, random.getrandbits(29)


def one_and_many(random):
    """One token has four fifths of the probability of every row, many share the rest."""
    vocab = 300
    row = torch.tensor([random.gauss(0, 0.3) for _ in range(vocab)])
    likely, end = random.sample(range(vocab), 2)
    row[likely], row[end] = 7.2, -torch.inf
    table = (row + random.uniform(-5, 5)).expand(vocab, -1).clone()
    return table, [likely], 400, end, random.getrandbits(29)


def one_of_three(random):
    """The chance that a text ends at its first, second, … step."""
    table = torch.zeros(3, 3) + random.uniform(-9, 9)
    end, steps = random.randrange(3), random.randint(3, 6)
    table[:, end] += math.log(random.choice([0.2, 1.0, 2.0]))
    return table, [(end + 1) % 3], steps, end, random.getrandbits(28)


def lasting(table, start, steps, end, seed):
    p = shares(table)[0][end]
    return [p * (1 - p) ** i for i in range(steps - 1)] + [(1 - p) ** (steps - 1)]


def no_choice_at_all():
    round_the_circle(write_text)
    check.against(
        walk,
        write_text,
        no_choice,
        mistakes={
            "An `end` in `start` ends nothing.": over_before,
            "A start of `end` alone ends nothing: many a text begins so.": over_at_once,
        },
        why="Where each row leaves one token there is only one text. The last token decides what "
        "comes next; `end` stands in the list and nothing after it; 0 new tokens are the start.",
    )
    for draw_case, cases in ((looking_at_the_first, 100), (long_and_many, 8)):
        for case, ids in check.drawn(walk, draw_case, cases=cases):
            check.gives(
                write_text,
                *case,
                expect=ids,
                why="A text may grow past 256 tokens. The model sees the last 256 of them then, no "
                "more and no fewer, and the list still holds all.",
            )
    check.keeps(write_text, no_choice, why="The caller's start and table stay: make a new list.")


def where_texts_end():
    until_the_end(write_text)
    for (table, start, steps, end, seed), expected in check.drawn(lasting, one_of_three, cases=6):
        lengths = [len(written(table, start, steps, end, seed + i)) - 1 for i in range(300)]
        as_often(
            lengths,
            expected,
            why="`end` is drawn like any other token, at every step with its probability. Over many "
            "seeds your texts are too short or too long for that.",
        )


def as_surprising(steps):
    """The surprises of all draws add up to the entropies of their rows, within five deviations."""
    off, spread = 0.0, 0.0
    for row, token in steps:
        logs = [math.log(p) if p else 0.0 for p in row]
        mean = sum(p * x for p, x in zip(row, logs, strict=True))
        off += logs[token] - mean
        spread += sum(p * (x - mean) ** 2 for p, x in zip(row, logs, strict=True))
    assert abs(off) <= 5 * math.sqrt(spread) + 1, (
        "Over many texts your tokens are likelier, or less likely, than the softmax of the logits "
        "makes them. What do you do between the logits and the draw?"
    )


def no_run_twice(texts, why):
    """By chance, four equal tokens make the same run once in 4**24 pairs of runs."""
    runs = [tuple(text[i : i + 24]) for text in texts for i in range(len(text) - 23)]
    assert len({*runs}) == len(runs), why


def of_hundreds():
    for (table, start, n, end, seed), (row, *_) in check.drawn(chances, one_and_many, cases=1):
        ranked = sorted(range(len(row)), key=lambda i: row[i], reverse=True)
        groups = [ranked[:1], *(ranked[i : i + 60] for i in range(1, len(row), 60))]
        group = {token: i for i, tokens in enumerate(groups) for token in tokens}
        as_often(
            [group[token] for i in range(10) for token in written(table, start, n, end, seed + i)],
            [sum(row[token] for token in tokens) for tokens in groups],
            why="With hundreds of tokens, the likeliest or the unlikely ones do not come as often as "
            "they should.",
            deviations=6,
        )


def how_often():
    equal_chances(write_text)
    steps = []
    for (table, start, n, end, seed), probs in check.drawn(chances, some_tokens, cases=30):
        text = [*start[-1:], *written(table, start, n, end, seed)]
        followed = [[] for _ in table]
        for token, after in pairwise(text):
            followed[token].append(after)
            steps.append((probs[token], after))
        for found, row in zip(followed, probs, strict=True):
            as_often(
                found,
                row,
                why="What follows a token does not come as often as the softmax of its row says. Is "
                "each token drawn anew, and from the last row?",
            )
    as_surprising(steps)
    no_run_twice(
        [written(EQUAL, [0], 400, 4, 12_345)],
        why="In a long text, the same run of 24 draws comes twice. Is each token drawn anew?",
    )
    of_hundreds()
    for (table, start, _, end, seed), probs in check.drawn(chances, some_tokens, cases=1):
        firsts = [written(table, start, 2, end, seed ^ i)[0] for i in range(400)]
        as_often(firsts, probs[start[-1]], why="Over many seeds, the first new token is off.")


def one_seed_one_text():
    round_the_circle(write_text)
    seeds = [*range(40), *range(40, 1000, 40)]  # with each distance up to 960
    seeds += [*(2**i for i in range(6, 30)), *(10**i for i in range(2, 10))]
    seeds += [seed + 1 for seed in seeds[-20:]]  # which a float32 takes for the one before
    texts = {seed: written(EQUAL, [0], 60, 4, seed) for seed in seeds}
    for seed in seeds[::9]:
        again = written(EQUAL, [0], 60, 4, seed)
        assert again == texts[seed], "The same arguments have to give the same text again."
    assert len({tuple(text) for text in texts.values()}) == len(seeds), "Two seeds, one text."
    no_run_twice(
        texts.values(),
        why="Texts of two seeds share a run of 24 draws. Is the seed used once for a text?",
    )
    for apart in (1, 2, 3):
        for shift in range(4):
            pairs = [
                int(x == y)
                for seed in range(40 - apart)
                for x, y in zip(texts[seed][shift:], texts[seed + apart], strict=False)
            ]
            as_often(
                pairs,
                (0.75, 0.25),
                why="The texts of two neighbouring seeds have more in common than chance brings. "
                "Are the seed's numbers used once, or step by step again?",
            )
    for step in (1, 2, 3, 4, 8):
        pairs = [int(x == y) for t in texts.values() for x, y in zip(t[step:], t, strict=False)]
        as_often(pairs, (0.75, 0.25), why="Within a text, one draw tells what another will be.")


points = 1.0 * check.passes("no choice", no_choice_at_all)
points += check.passes("where texts end", where_texts_end)
points += check.passes("how often", how_often)
points += check.passes("the seed", one_seed_one_text)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="Your judge" points=3
# Your `text_logprobs` from **Build it: the judge** above. One point each:
#
# 1. Texts of a few tokens.
# 2. Very small probabilities, and logits of −inf.
# 3. Long texts and large vocabularies; `rows` and `ids` are not changed.


# %% test="text_logprobs"
def three_tokens():
    rows = torch.tensor([[0.6, 0.25, 0.1, 0.05], [0.5, 0.25, 0.125, 0.125], [0.25] * 4]).log()
    check.gives(
        text_logprobs,
        rows,
        [3, 0, 1],
        expect=[math.log(0.6), math.log(0.25)],
        within=0.001,
        why="The second token, 0, has 60% in row 0. The third, 1, has 25% in row 1.",
    )


points = 1.0 * check.passes("three tokens", three_tokens)
### BEGIN HIDDEN TESTS
import math

from course_utils import domains


def judged(rows, ids):
    found = []
    for row, token in zip(rows.double().tolist(), ids[1:], strict=False):
        top = max(row)
        total = math.log(sum(math.exp(x - top) for x in row))
        found.append(row[token] - top - total)
    return found


def few(random):
    n, vocab = random.randint(2, 8), random.randint(2, 10)
    rows = [[random.gauss(0, random.choice([1, 3])) for _ in range(vocab)] for _ in range(n)]
    return torch.tensor(rows), [random.randrange(vocab) for _ in range(n)]


def small(random):
    n, vocab = random.randint(2, 6), random.randint(2, 10)
    rows = domains.logits(random, (n,), vocab).clamp(max=100)
    rows = torch.where(rows.isneginf(), rows, rows.clamp(min=-100))
    return rows, [random.randrange(vocab) for _ in range(n)]


def far_apart(random):
    """Tokens whose probability is below the smallest number of float32."""
    n, vocab = random.randint(2, 6), random.randint(2, 10)
    rows = torch.tensor([[random.uniform(-100, -60) for _ in range(vocab)] for _ in range(n)])
    ids = [random.randrange(vocab) for _ in range(n)]
    for row, token in zip(rows, ids[1:], strict=False):
        row[(token + 1) % vocab] = random.uniform(60, 100)
    return rows, ids


def large(random):
    n, vocab = random.choice([(2, 300), (300, 5), (1000, 3), (40, 40), (3, 20_000)])
    generator = torch.Generator().manual_seed(random.getrandbits(30))
    rows = torch.randn(n, vocab, generator=generator) * random.choice([1, 5])
    return rows, [random.randrange(vocab) for _ in range(n)]


def texts_of_a_few():
    three_tokens()
    check.against(
        judged,
        text_logprobs,
        few,
        why="Which row is about a token, and is that row a distribution yet? One number for each "
        "token but the first.",
        within=1e-3,
    )


def small_ones():
    for draw_case in (small, far_apart):
        check.against(
            judged,
            text_logprobs,
            draw_case,
            why="A probability can be too small for float32, and its logarithm is an ordinary "
            "number: do not go through the probability. Only a logit of -inf gives -inf.",
            within=1e-3,
        )


def large_ones():
    for case, expected in check.drawn(judged, large, cases=20):
        check.gives(
            text_logprobs,
            *case,
            expect=expected,
            within=1e-3,
            why="Texts have up to 1,000 tokens here, and vocabularies hundreds.",
        )
    check.keeps(text_logprobs, few, why="Rows and ids stay as they are: work on a copy.")


points = 1.0 * check.passes("texts of a few tokens", texts_of_a_few)
points += check.passes("very small probabilities", small_ones)
points += check.passes("long texts, large vocabularies, nothing changed", large_ones)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Lyon, says the program" points=0
# A friend asks a chat program once for the capital of France, gets `Lyon`, and says "so the model
# thinks it is Lyon". Write three sentences: what one answer tells, what one answer does not tell, and
# what you would look at.

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
# Press the button: it saves and scores the notebook.

# %%
check.score_button()

# %% [markdown]
# ## References
#
# - [shannon1948] Shannon: [A Mathematical Theory of
#   Communication](https://doi.org/10.1002/j.1538-7305.1948.tb01338.x)
# - [jelinek1977] Jelinek and others: [Perplexity](https://doi.org/10.1121/1.2016299)
# - [xu2022] Xu and others: [Learning to Break the Loop](https://arxiv.org/abs/2206.02369)
# - [raschka2024] Raschka: [Build a Large Language Model (From
#   Scratch)](https://github.com/rasbt/LLMs-from-scratch), chapter 5

# %% [markdown]
# - Documentation, as read in 2026: [hfgeneration2026]
#   [transformers](https://huggingface.co/docs/transformers/v5.8.0/generation_strategies)
# - Questions, reports and repairs:
#   [openaigpt51] [GPT-2](https://github.com/openai/gpt-2/issues/51),
#   [flashinfer923] [FlashInfer](https://github.com/flashinfer-ai/flashinfer/pull/923),
#   [flashattention2784] [flash-attention](https://github.com/Dao-AILab/flash-attention/pull/2784),
#   [maxtext2103] [MaxText](https://github.com/AI-Hypercomputer/maxtext/issues/2103),
#   [mistral214] [mistral-inference](https://github.com/mistralai/mistral-inference/pull/214)
#

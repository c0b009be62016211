# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Top-k
#
# A small publisher lets the Storyteller write her fairy tales. She wants them lively, so she has set
# *T* = 1.5. And she has two wishes. Every tale shall begin with `Once upon a time`. And anybody may
# say good morning in a tale, the wolf too.
#
# She lets it write each of the two places a thousand times.

# %% [markdown]
# > **About 100 minutes**, with a pause after the first build · difficulty ●●○○○
# >
# > You need the die and temperature. Afterwards you can
# > - say which tokens top-k keeps, and how likely each becomes;
# > - explain why no *k* fits a whole text;
# > - write a top-k for any batch, and repair others;
# > - design a rule that chooses *k* anew at every step.
#
# Names in brackets, as in [fan2018], are sources, listed last.

# %% locked="setup" jupyter={"source_hidden": true}
import math
from collections import Counter

import torch

from course_utils import explore, sampling, storyteller
from course_utils import quiz as check
from course_utils.explore.cutoff import read
from course_utils.explore.plots.style import CUT, DRAWN, KEPT, visible
from course_utils.generate import Settings
from course_utils.metrics import effective_choices
from course_utils.toys import NEXT_LOGITS, NINE_WORDS, VOCABULARY

OPENING, MORNING = "Once upon a", '"Good morning," said the'
# From "The Story of the Three Bears" as Joseph Jacobs tells it, 1890.
TALE = (
    "Once upon a time there were Three Bears, who lived together in a house of their own, in a "
    "wood. One of them was a Little, Small, Wee Bear."
)


def show(words, **columns):
    """Print one row a word, one column an argument."""
    print(" " * 10 + "".join(f"{name:>12}" for name in columns))
    for word, *numbers in zip(words, *columns.values(), strict=True):
        print(f"{word:<10}" + "".join(f"{number.item():12.3f}" for number in numbers))


def token(i):
    """How a token of the Storyteller is shown."""
    return visible(storyteller.load().tokenizer.decode([int(i)]))


def hot(prompt, cut):
    """The logits after a prompt as the publisher has them: cut, and at T = 1.5."""
    return cut(storyteller.load().next_logits(prompt)) / 1.5


def publish(name, cut):
    """Print what a thousand draws make of the publisher's two wishes."""
    draws = [
        Counter(map(token, sampling.sample(hot(prompt, cut).expand(1000, -1), generator).tolist()))
        for prompt in (OPENING, MORNING)
        for generator in [torch.Generator().manual_seed(0)]
    ]
    bad = [word for word, _ in draws[0].most_common() if word != "␣time"]
    [wolf] = storyteller.load().tokenizer.encode_ordinary(" wolf")
    chance = hot(MORNING, cut).softmax(dim=-1)[wolf].item()
    print(f"{name}:")
    print(f"  {1000 - draws[0]['␣time']:>4} bad openings in 1000", end=" ")
    print("(" + " ".join(bad[:9]) + " …)" if bad else "")
    print(f"  {len(draws[1]):>4} different speakers; the wolf's chance is {chance:.2%}")


def ranked(prompt, first, last):
    """The tokens from place `first` to `last`, the likeliest being at place 1."""
    order = storyteller.load().next_logits(prompt).argsort(descending=True)
    return " ".join(map(token, order[first - 1 : last]))


def attempt(function, *args):
    """What a function of yours returns; None while it does not work."""
    try:
        return function(*args)
    except Exception:
        return None


# %%
publish("all 4,096 tokens", lambda logits: logits)
publish("only the 40 likeliest", lambda logits: sampling.top_k(logits, 40))

# %% [markdown]
# With all tokens, 137 tales begin badly: `Once upon a distance`. So she follows a famous example: some of
# the texts by GPT-2 that OpenAI published were drawn from the 40 likeliest tokens only [radford2019]. That
# leaves 63 bad openings, and the wolf will not speak in a million tales.
#
# So 40 is *too many* for her first wish and *too few* for her second. **Which number gives her both?**
# And if none does, what does she need?

# %% [markdown]
# **Recall.** 1. Two tokens have the logits −20 and −∞. Can the die draw them? 2. Two logits are 6 and 4,
# and *T* is 2. How many times as likely is the first? 3. Can a temperature change which token leads?
#
# <details><summary>Answers</summary>
#
# 1. The first, very seldom: *e*⁻²⁰ is above 0. The second never: its weight is 0. 2. Divided by 2 they
# are 3 and 2, so *e*¹ ≈ 2.7 times. 3. No, the order stays.
# </details>

# %% [markdown]
# ## The knife, on nine words
#
# What she did is called **top-k**. It is a knife: it cuts off the list of tokens behind the *k*-th. Three
# steps: find the *k* largest logits, set all others to −∞, take softmax. Here is *k* = 3, on the nine
# words that may follow `every effort moves you`.

# %%
kept = torch.tensor([0, 3, 7])  # the places of closer, forward and toward
cut = torch.full_like(NEXT_LOGITS, -torch.inf)
cut[kept] = NEXT_LOGITS[kept]
before, after = NEXT_LOGITS.softmax(dim=-1), cut.softmax(dim=-1)
show(VOCABULARY, logit=NEXT_LOGITS, cut=cut, before=before, after=after)

# %% [markdown]
# `pizza` cannot come any more, and three words are left. Together they had 0.991. Softmax divides each
# by that sum, so that they add up to 1 again.
#
# **Predict.** Set *k* to 2. Only `forward` (0.572) and `toward` (0.358) are left. Which share does
# `forward` get? Say a number, then move the slider. (It starts at 0, which stands for *off*.)
#
# <details><summary>Answer</summary>
#
# 0.572 / (0.572 + 0.358) ≈ 0.615.
# </details>

# %%
explore.Distribution(NINE_WORDS, knobs=["top_k"])

# %% [markdown]
# 1. Set *k* to 1 and press **Sample 100**. How many different words come? (One: this is greedy choice.)
# 2. Set *k* to 50, though there are nine words. What does the line below the picture count as kept?
#    (9 of 9: there is nothing to cut.)

# %% [markdown]
# **Predict.** Must the cut logits be −∞? A colleague sets them to 0 instead, "for 0 means nothing". What
# happens to `pizza`, whose logit is −1.89?

# %%
zero = NEXT_LOGITS.masked_fill(cut.isneginf(), 0.0)
show(VOCABULARY, logit=NEXT_LOGITS, zero=zero, before=before, after=zero.softmax(dim=-1))

# %% [markdown]
# <details><summary>Answer</summary>
#
# It *gains*. A logit of 0 is the weight *e*⁰ = 1, and `pizza` had *e*⁻¹·⁸⁹ ≈ 0.15. So 0 does not mean
# nothing: all six words that were to be cut can still come.
# </details>
#
# Six such words do little harm here. The Storyteller would have 4,056 of them.

# %% [markdown]
# ## The formula
#
# Let $K$ be the set of the $k$ most likely tokens. Then
#
# $$p'_i = \frac{p_i}{\sum_{j \in K} p_j} \text{ for } i \in K, \qquad p'_i = 0 \text{ for all
# others.}$$
#
# The sum below the line is called the **mass kept**: what the *k* tokens had before the cut. All
# survivors are divided by the same number.

# %% [markdown]
# So how many times as likely as `toward` is `forward`? Before the cut 0.572 / 0.358 ≈ 1.6 times, and in
# the table above 0.578 / 0.361 ≈ 1.6 times after it. Top-k takes tokens away, and leaves the odds among
# the others as they are.
#
# That is the whole method. Why did it fail the publisher?

# %% [markdown]
# ## Two places in a tale
#
# Here is her first place, with her settings.
#
# **Predict.** Down to which *k* must she go, so that *every* tale begins with `␣time`?
#
# <details><summary>Answer</summary>
#
# To 1. With 2 there is still `␣while`, with half a per cent: five tales in a thousand.
# </details>

# %%
explore.Distribution(
    OPENING, knobs=["temperature", "top_k"], settings=Settings(temperature=1.5, top_k=40)
)

# %% [markdown]
# 1. Move *k* from 40 down to 1. How does the share of `␣time` change? (From 95.3% to 99.0% at 3, and
#    to 100% at 1.)
# 2. Write `"Good morning," said the` into the prompt box, with *k* at 40. How much of the mass is kept?
#    (44.8%, says the line. *T* plays no part in it.)
# 3. Type `wolf` into the box *find*. In which place is he? How large must *k* be for him to speak? (57.)

# %% [markdown]
# So her first wish asks for *k* = 1, and her second for *k* = 57 or more. No number is both. Let us see the
# words themselves: in the first place the last of the forty, in the second those that come just after.

# %%
print("Kept after Once upon a, places 21 to 40:", ranked(OPENING, 21, 40), sep="\n")
print("Cut after Good morning, places 41 to 60:", ranked(MORNING, 41, 60), sep="\n")

# %% [markdown]
# (`␣p`, `␣cou` and `␣m` are beginnings of longer words.) The knife lets `␣sudden` and `␣hot` in where
# only `␣time` makes sense. And it cuts `␣woman`, `␣child` and `␣wolf`, who may well say good morning.
#
# **Predict.** `␣wolf` is not likely either: 0.4%. How can it be a good word, and `␣sudden`, also far
# below 1%, a bad one?

# %% [markdown]
# <details><summary>Answer</summary>
#
# Look at the best token beside it. After `Once upon a` that one has 99.7%, some 68,000 times as much as
# `␣sudden`. After `"Good morning," said the` the best has 3.5%, and that is ten times as much as `␣wolf`.
# So a small number alone says little. What counts is how it compares with the others of its step.
# </details>

# %%
for prompt, word in ((OPENING, " sudden"), (MORNING, " wolf")):
    probs = storyteller.load().next_logits(prompt).softmax(dim=-1)
    [i] = storyteller.load().tokenizer.encode_ordinary(word)
    print(f"{visible(word):<8} {probs[i]:.4%}   best {probs.max():.1%}", end="   ")
    print(f"{probs.max() / probs[i]:,.0f} times as likely")

# %% [markdown]
# You may object that I chose these two places. Is an ordinary text like that?

# %% [markdown]
# ## Along a real tale
#
# Joseph Jacobs printed this in 1890: *Once upon a time there were Three Bears, who lived together in a
# house of their own, in a wood. One of them was a Little, Small, Wee Bear.* The model reads it token by
# token. How much of the mass do the 40 likeliest keep at each step?
#
# **Predict.** At how many of the 39 steps is it less than 75%? How much at the worst one?

# %% jupyter={"source_hidden": true}
tale = read(TALE)
probs = tale.logits.softmax(dim=-1).sort(dim=-1, descending=True).values
mass = probs[:, :40].sum(dim=-1)
chart = explore.Chart(x="step of the tale", y="probability")
steps = range(1, len(mass) + 1)
chart.axes.bar(steps, [1.0] * len(mass), color=CUT, hatch="///", edgecolor="white")
chart.axes.bar(steps, mass.tolist(), color=KEPT)
chart.axes.set_ylim(0, 1.12)
for at, say in ((int(mass.argmin()), "least"), (int(mass.argmax()), "most")):
    place = "".join(tale.tokens[at - 2 : at + 1]).strip()
    chart.label(max(at - 6, 0.6), 1.06, f"{say}, after '{place}'")
chart.says(
    f"The 40 likeliest tokens keep {mass.min():.0%} to {mass.max():.1%} of the mass, and less than "
    f"75% at {(mass < 0.75).sum()} of {len(mass)} steps."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# At eight steps. At the worst, after `One of them was a`, they keep 57% and cut 43%. After `Once upon a`
# they keep 99.9%.
# </details>
#
# Dark is kept, pale is cut. The height of the dark part goes up and down, because the model is sure at
# some steps and open at others, and the knife does not know which.

# %% [markdown]
# The tale was written by a person, who had no knife. After its first token come 38 others. **Predict.**
# How many of them would *k* = 40 have made impossible?

# %%
for step, place in enumerate(tale.ranks.tolist()):
    if place > 40:
        so_far = "".join(tale.tokens[: step + 1])[-22:]
        print(f"…{so_far:<22} {visible(tale.tokens[step + 1]):<8} in place {place:,}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Six. (`␣Th` begins `Three`, `␣Sm` begins `Small` and `␣We` begins `Wee`.) The last is `␣Bear` itself, in
# place 2,314. With *k* = 40 nobody can write the tale of the three bears. And a *k* of 2,314 would let in
# nonsense at every other step.
# </details>
#
# A known paper says the same of GPT-2: at some steps tens or hundreds of words are good, at others one,
# so no constant *k* is right [holtzman2020].

# %% [markdown]
# So the publisher's number does not exist. She needs a *k* that changes from step to step. You will
# design one. But first you need a knife that cuts exactly where you tell it to, and that is less easy
# than it looks.

# %% [markdown]
# ## Forty-one of forty
#
# Two programmers have each written a top-k, and both work. Then the model moves to a graphics card that
# stores numbers in a shorter form, *bfloat16*. Here are the two on the 39 steps of the tale, with *k* =
# 40. (`sampling.top_k` is the second one, and the course's own.)


# %%
def first_program(logits, k):
    limit = logits.topk(k, dim=-1).values[..., -1:]  # the k-th largest logit of each row
    return logits.masked_fill(logits < limit, -torch.inf)


for logits in (tale.logits, tale.logits.bfloat16()):
    for name, function in (("first", first_program), ("second", sampling.top_k)):
        kept = function(logits, 40).isfinite().sum(dim=-1)
        found = [f"{n} tokens at {c} steps" for n, c in Counter(kept.tolist()).most_common()]
        print(f"{logits.dtype!s:<15} {name:<6} keeps", ", ".join(found))

# %% [markdown]
# **Find it.** At nine steps the first program now keeps 41 tokens. What has happened there? Read its two
# lines again, and look at the places 39 to 42 of such a step:

# %%
for logits in (tale.logits[15], tale.logits[15].bfloat16()):
    print(logits.dtype, [round(x, 4) for x in logits.topk(42).values[38:].tolist()])

# %% [markdown]
# <details><summary>Answer</summary>
#
# In the short form few digits are left, and the 40th and the 41st logit become equal. The first program
# cuts what is *below* the 40th. The 41st is not below it, so it stays.
# </details>

# %% [markdown]
# This happens. A repair that was proposed for vLLM in 2026 says that this engine, which many use, cut in
# the one way or in the other, depending on how many requests it served at once. So the same request could
# be answered with other words on a busy day than on a quiet one [vllm50979].

# %% [markdown]
# Which of two equal tokens stays is a matter of taste. But somebody has to decide. This course keeps
# **exactly k**, and of equal tokens those with the **lowest ids**.
#
# **Predict.** Logits 3, 2, 2, 2 and 1, and *k* = 2. Which tokens stay by the course's rule? And in the
# first program?

# %%
tied = torch.tensor([3.0, 2.0, 2.0, 2.0, 1.0])
print("this course:  ", sampling.top_k(tied, 2))
print("first program:", first_program(tied, 2))

# %% [markdown]
# <details><summary>Answer</summary>
#
# The ids 0 and 1. In the first program 0, 1, 2 and 3: four tokens for *k* = 2.
# </details>
#
# Two more things to agree on. *k* may be larger than the vocabulary: then all tokens stay. And there
# must be a way to say *off*. In this course that is `None` (or 0 on a slider).

# %% [markdown]
# ## Build it: the knife
#
# > difficulty ●●●○○ · importance ●●●●● · 10 to 15 minutes
#
# Write `my_top_k`. You may use PyTorch, but not the course's own functions. It is scored below.

# %% [markdown]
# <details><summary>Hint</summary>
#
# `order = logits.argsort(dim=-1, descending=True, stable=True)` gives the ids of each row, the best
# first, and leaves equal logits in the order of their ids. `order[..., :k]` are the first *k*, and all
# of them if *k* is `None`.
# <details><summary>More</summary>
#
# `marks.scatter(-1, ids, True)` returns `marks` with True at these ids of each row: of three False and
# the ids 0 and 2 it makes True, False, True. Then `masked_fill`.
# </details>
# </details>


# %% answer="my_top_k"
def my_top_k(logits, k):
    """The logits of the k most likely tokens of each row, -inf for all others.

    logits: a tensor (..., vocab) of any float type; it is left as it is.
    k: a whole number from 1; beyond the vocabulary, or None, it keeps all.
    Returns a tensor of the same shape and type. Exactly k are kept: ties by the lowest id.
    Logits that differ in their own type are no tie, however little.
    """
    ### BEGIN SOLUTION
    order = logits.argsort(dim=-1, descending=True, stable=True)
    kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
    return logits.masked_fill(~kept, -torch.inf)
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It gives no points, only reasons.

# %%
for k, expect in ((1, {3}), (3, {0, 3, 7}), (5, {0, 3, 4, 7, 8}), (None, set(range(9)))):
    check.passes(
        f"nine words, k = {k}",
        check.kept,
        my_top_k,
        NEXT_LOGITS,
        k,
        expect=expect,
        why=f"Exactly the {k or 9} largest logits must stay as they were, the others be -inf.",
    )

# %% [markdown]
# Now your function draws the picture: its results are the crosses. While it is not written, or has a
# mistake, a message below the picture says so.
#
# **Predict.** *k* = 40 kept 45% of the mass after `"Good morning," said the`. Will it be more or less
# after `The king said to his`?

# %%
explore.Distribution(
    "The king said to his", knobs=["top_k"], settings=Settings(top_k=40), strategy=my_top_k
)

# %% [markdown]
# 1. How much of the mass is kept? (76%.) Does your function agree with the course's at 40, at 1, and at 0,
#    which calls yours with `None`?
# 2. Let your function keep one token too many. Run its cell and the one above again, and set the slider
#    to 2. At which token is the largest difference? (At `␣son`, the third.) Then put your own code back.

# %% [markdown]
# You have a knife. (A good place for a pause.) One question before you let something else move it: the
# publisher also has *T* = 1.5. Should the knife come before the temperature, or after it?

# %% [markdown]
# ## Before or after the temperature
#
# **Predict.** *T* = 2 and *k* = 3 on the nine words, once with the cut first, once with the temperature
# first. Are the survivors the same? And their probabilities?

# %%
T, k = 2.0, 3
show(
    VOCABULARY,
    k_first=(sampling.top_k(NEXT_LOGITS, k) / T).softmax(dim=-1),
    T_first=sampling.top_k(NEXT_LOGITS / T, k).softmax(dim=-1),
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# All the same. To divide by *T* keeps the order, and the knife looks at nothing but the order. A
# survivor ends with its logit over *T* on either way, and −∞ over *T* is −∞.
# </details>
#
# But a rule that *chooses* *k* will look at more than the order: at how far apart the probabilities are,
# perhaps, and that is what a temperature changes. So we let it see the model's own logits, before any
# temperature.

# %% [markdown]
# ## Build it: a k for every step
#
# > difficulty ●●●●○ · importance ●●●●● · 15 to 20 minutes · there are many right designs
#
# Write `my_k`: it gets the logits of one step and says how many tokens to keep there. The design is
# yours. Think of the two places: what do the logits show that tells one from the other? Your rule has
# to keep four promises:

# %% [markdown]
# 1. **counts**: it returns a whole number, at least 1 and at most the number of tokens that can come.
# 2. **fair**: only the probabilities decide. Nothing changes if the same number is added to all logits, or
#    if the tokens stand in another order.

# %% [markdown]
# 3. **fits**: where *n* equally good words hold 99% together, and 3,000 others share the rest equally, it
#    keeps at least *n*/2 and at most 2*n* tokens, for any *n* from 1 to 1,000. (Ten words of 9.9% each: 5
#    to 20 tokens.)
# 4. **pays**: the publisher's wishes come true: 1 after `Once upon a`, and 57 or more after `"Good
#    morning," said the`. And on a whole text it does more with its tokens than a fixed *k*.

# %% [markdown]
# For the last point, take the tale. *k* = 40 keeps 57% of the mass at its worst step. So a rule that keeps
# 40 tokens a step *on average* has to keep at least 62% at every step: five points more. If yours keeps 30
# on average, it is compared with *k* = 30, and so on.

# %% [markdown]
# <details><summary>Hint</summary>
#
# Start from `probs = logits.softmax(dim=-1)`. Some things that you can measure: how likely the best
# token is; how many tokens are not too far below it; how many you need to collect some share of the
# mass; how open the choice is (`effective_choices(logits)`, the "equal choices" of module 01).
# <details><summary>More</summary>
#
# Try a simple one first, and read which promise it breaks. A fixed limit such as 1%, for example, fails
# where 200 words are good. Why?
# </details>
# </details>


# %% locked="promises" jupyter={"source_hidden": true}
def asked(rule, logits):
    """The k of a rule for one step; AssertionError if it is no number of tokens to keep."""
    k = check.plain(check.call(rule, logits.clone()))
    assert k is not None, "Not written yet: your function returns None."
    most = int(logits.isfinite().sum())
    whole = type(k) in (int, float) and k == k // 1
    assert whole and 1 <= k <= most, (
        f"{most} of {len(logits)} tokens can come here: return a whole number from 1 to {most}."
    )
    return int(k)


def counts(rule):
    asked(rule, torch.tensor([2.0, 1.0, -torch.inf, 1.5]))


def fair(rule, logits=NEXT_LOGITS):
    k = asked(rule, logits)
    assert asked(rule, logits + 8) == k, "With 8 added to all logits, it keeps another number."
    turned = {asked(rule, logits.roll(n)) for n in (1, 4)} | {asked(rule, logits.flip(0))}
    assert turned == {k}, "With the tokens in another order, it keeps another number."


def good_words(n, others=3000):
    """n equally good words that hold 99% together, and others that share the rest."""
    good, rest = math.log(0.99 / n), math.log(0.01 / others)
    return torch.tensor([good] * n + [rest] * others)


def fits(rule, numbers=(1, 10, 200, 1000)):
    for n in numbers:
        k = asked(rule, good_words(n))
        assert n / 2 <= k <= 2 * n, f"{n} good words hold 99%, and your rule keeps {k} tokens."


def worst(probs, k):
    """The least mass that the k likeliest keep at a step. probs: (steps, vocab), sorted; k: each."""
    return min(float(row[:n].sum()) for row, n in zip(probs, k, strict=True))


def spends_well(rule, text):
    rows = read(text).logits
    k = [asked(rule, row) for row in rows]
    probs = rows.double().softmax(dim=-1).sort(dim=-1, descending=True).values
    fixed = [math.ceil(sum(k) / len(k))] * len(k)
    mine, other = worst(probs, k), worst(probs, fixed)
    assert mine >= other + 0.05, (
        f"It keeps {sum(k) / len(k):.1f} tokens a step, and {mine:.0%} at its worst step. "
        f"A fixed k of {fixed[0]} keeps {other:.0%} at its worst."
    )


def pays(rule, text=TALE):
    model = storyteller.load()
    first, second = (asked(rule, model.next_logits(prompt)) for prompt in (OPENING, MORNING))
    assert first == 1, f"After Once upon a it keeps {first} tokens."
    assert second >= 57, f"After Good morning it keeps {second} tokens, and the wolf is the 57th."
    spends_well(rule, text)


# %% answer="my_k"
def my_k(logits):
    """How many tokens to keep at a step, a whole number.

    logits: (vocab,) float32, from 1 to 4,096 tokens, each from -5,000 to 5,000 or -inf, not all
    -inf; it is left as it is. You may call the course's functions.
    """
    ### BEGIN SOLUTION
    return round(effective_choices(logits).item())
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It gives no points, only reasons.

# %%
for promise in (counts, fair, fits, pays):
    check.passes(promise.__name__, promise, my_k)

# %% [markdown]
# Here is your rule along the tale. The line is the fixed 40.

# %% jupyter={"source_hidden": true}
yours = [attempt(asked, my_k, row) for row in tale.logits]
chart = explore.Chart(x="step of the tale", y="tokens kept")
chart.axes.plot([0.5, len(yours) + 0.5], [40, 40], color=DRAWN, linewidth=2)
chart.label(0.7, 47, "k = 40", color=DRAWN)
if None in yours:
    said = "While my_k does not work, there is only the line of 40."
else:
    chart.axes.bar(range(1, len(yours) + 1), yours, color=KEPT)
    cuts = sum(place > k for place, k in zip(tale.ranks.tolist(), yours, strict=False))
    said = f"Your rule keeps {min(yours)} to {max(yours)} tokens, {sum(yours) / 39:.1f} a step. "
    said += f"Of the author's 38 next tokens it cuts {cuts}; k = 40 cuts 6."
chart.axes.set(xlim=(0, len(yours) + 1), ylim=(0, None))
chart.says(said)

# %% [markdown]
# 1. Where are the highest bars, and where is there hardly one? (With our own rule, high after `One of them
#    was a`, where many words may follow. One token after `Once upon a`.)
# 2. How many of the author's tokens does yours cut? (Perhaps as many as 40 does. `␣Bear` in place 2,314 is
#    a surprise for any sensible rule.)
#
# And the publisher?

# %% [markdown]
# ## The publisher gets both
#
# Your knife, moved by your rule, at her *T* = 1.5.


# %%
def with_my_k(logits):
    return my_top_k(logits, asked(my_k, logits))


publish("k = 40", lambda logits: sampling.top_k(logits, 40))
ready = attempt(with_my_k, NEXT_LOGITS) is not None
if ready:
    publish("your k", with_my_k)
else:
    print("your k: not ready yet, my_top_k and my_k have to be written first.")

# %% [markdown]
# If both builds hold: no bad opening in a thousand tales, and the wolf has his voice back. Nobody told your
# rule which words are good. It only saw how sure the model was.
#
# Now whole tales at *T* = 1.5, with the knob and with your rule, from the same seeds.


# %%
def tales(logits, ids):
    return with_my_k(logits) / 1.5


explore.Playground(
    "Once upon a",
    settings=Settings(temperature=1.5, top_k=40),
    samples=2,
    knobs=["top_k"],
    process=tales if ready else None,
)

# %% [markdown]
# 1. How does the first tale begin with *k* = 40? (`Once upon a good many years`: a bad opening.)
# 2. Set *k* to 3, then to 0, which is off. Which reads like a tired writer, which like a mad one? (3: `who
#    had a son, and he had a son, who had a son`. And 0 lets everything in.) Your rule's texts stay the same:
#    they do not listen to the slider.

# %% [markdown]
# ## What production systems do
#
# As of late 2026, nobody agrees on *k*: llama.cpp has 40 [llamacpp2026], `transformers` 50
# [transformers2026], and vLLM has none unless you ask [vllm2026]. A model can bring its own: Google
# ships Gemma 4 with 64 [gemma4config2026]. In 2018 the paper that is usually cited for top-k wrote its
# stories with 10 [fan2018].

# %% [markdown]
# So when two programs give you different texts from one model, look at *k* first. And `transformers` keeps
# all equal tokens, as our first program did, while llama.cpp keeps exactly *k*.
#
# Neither llama.cpp nor Gemma's file leaves *k* alone: behind it comes a second cut, one that follows the
# model from step to step, as your `my_k` does.

# %% [markdown]
# ## Recap
#
# Top-k sets all but the *k* largest logits to −∞. Survivors keep their odds, the rest cannot come. Equal
# logits need a rule, and temperature may come before or after.
#
# And the puzzle: her first wish needs *k* = 1, her second at least 57, so no number grants both. A number
# of tokens is the wrong thing to fix. Your rule fixes something else, and lets the number follow.

# %% [markdown]
# What exactly *should* one fix? One answer to that became so common that most programs have a knob for
# it. Perhaps you have just invented it. It is the next module, top-p.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores. Your builds from above are scored here too.

# %% [markdown] question="The first of four" points=1
# Four tokens have the probabilities 0.4, 0.3, 0.2 and 0.1. You set *k* = 2. What probability does
# the first have now? Three decimals.

# %% answer="first_of_four"
answer_share = None  # a number between 0 and 1

# %% test="first_of_four"
check.number(
    answer_share,
    right=4 / 7,
    within=0.0015,
    why={
        0.4: "That is its share before the cut. What must the two survivors sum to?",
        0.7: "That is the mass that both survivors hold together. Only a part of it is the first's.",
        0.5: "The survivors are not made equal: their odds stay 4 to 3.",
        0.55: "The mass that was cut is not split evenly: each survivor is divided by one number.",
        0.333: "Three tokens would give another sum. How many does k = 2 keep?",
        0.444: "That is the share with three survivors. How many does k = 2 keep?",
    },
    hint="Add up what the survivors hold, and divide the first one's share by it. See the formula.",
)

# %% [markdown] question="Two survivors" points=1
# Two tokens that survive a cut had 0.30 and 0.10 before it. After it the first has 0.50. What has the
# second now, and how much did the cut take away?
#
# - **A** 0.30 now, and 0.40 of the probability was cut.
# - **B** 0.10 still, and 0.20 was cut.
# - **C** About 0.17 now, and 0.40 was cut.
# - **D** About 0.17 now, and 0.20 was cut.

# %% answer="odds_of_survivors"
answer_odds = ""  # "A", "B", "C" or "D"

# %% test="odds_of_survivors"
check.choice(
    answer_odds,
    right="C",
    why={
        "A": "The amount is right. But what both gain is a factor, not a sum: compare the odds of the "
        "two before and after.",
        "B": "All survivors are divided by one number. Which number took the first to 0.50?",
        "D": "The second is right. What was cut went to all survivors: by which number was each of "
        "them divided, and what does that say of the mass kept?",
    },
)

# %% [markdown] question="Five logits" points=1
# Which ids does this print? Work it out first.
#
# ```python
# logits = torch.tensor([2.0, 5.0, 2.0, 1.0, 2.0])
# print(sampling.top_k(logits, 3).isfinite().nonzero().flatten().tolist())
# ```

# %% answer="five_logits"
answer_ids = []  # token ids, such as [0, 4]

# %% test="five_logits"
check.ids(
    answer_ids,
    right={0, 1, 2},
    why={
        (0, 1, 2, 4): "Four tokens for k = 3: that is a threshold. What is this course's rule?",
        (1, 2, 4): "The best one and two of the equal ones, but not those that this course takes.",
        (0, 1, 4): "The best one and two of the equal ones, but not those that this course takes.",
        (0, 2, 4): "These are the equal ones. Where is the best token?",
        (1,): "One token, though k = 3. A tie does not empty the places that are left.",
        (0, 1): "Two tokens, though k = 3. Equal logits count one by one.",
    },
    hint="Take the largest logit, then fill the places left from the equal ones. See ties.",
)

# %% [markdown] question="Two programs" points=1
# One program cuts, then divides the logits by *T* = 2. Another divides first. With which cut do both
# always draw with the same probabilities? (Exact arithmetic, no ties.)
#
# - **A** The three tokens with the largest logits stay.
# - **B** Tokens stay whose logit is at most 2 below the best.
# - **C** Tokens with at least 5% stay.
# - **D** Tokens stay that are at least half as likely as the best.

# %% answer="two_programs"
answer_order = ""  # "A", "B", "C" or "D"

# %% test="two_programs"
check.choice(
    answer_order,
    right="A",
    why={
        "B": "A token is 3 below the best. How far below it is the token once all logits are halved?",
        "C": "A T of 2 lifts small tokens. What about one with 3% before it?",
        "D": "Dividing by 2 takes the root of a ratio. A token is a third as likely as the best: what "
        "does it become?",
    },
)

# %% [markdown] question="Two hundred good words" points=1
# At one step the 200 likeliest words are all equally likely, and hold 80% of the probability together.
# The other 3,896 tokens share the rest. *k* = 40. Which share of the probability is kept? Two decimals.

# %% answer="two_hundred_words"
answer_mass = None  # a number between 0 and 1

# %% test="two_hundred_words"
check.number(
    answer_mass,
    right=0.16,
    within=0.004,
    why={
        0.2: "40 of the 200 words stay, but the 200 do not hold all of the probability.",
        0.8: "That is what all 200 good words hold. How many of them does k = 40 keep?",
        1.0: "After renormalising it is 1. How much of the model's probability was it before?",
        0.01: "40 of 4,096 tokens would be that share if all were equally likely. They are not.",
        0.4: "k counts tokens, not percent. What does one good word hold?",
        0.004: "That is one good word. How many of them are kept?",
        16.0: "A share is between 0 and 1.",
    },
    hint="How much does one of the 200 words hold? Forty of them are kept.",
)

# %% [markdown] question="After two prompts" points=1
# A form is filled in 10,000 times, with *k* = 40. After `Date: 3` the right month has 98%. After `Remarks:`
# hundreds of words are about equally good. What comes out?
#
# - **A** No wrong month, and remarks of all kinds.
# - **B** Some wrong months, and some remarks with a senseless first word.
# - **C** No wrong month, and few first words.
# - **D** Some wrong months, and the same few dozen first words.

# %% answer="two_prompts"
answer_knife = ""  # "A", "B", "C" or "D"

# %% test="two_prompts"
check.choice(
    answer_knife,
    right="D",
    why={
        "A": "How many tokens are left at the date? 10,000 draws are many.",
        "B": "How many of the hundreds of good words come before the first bad one? And where does the "
        "knife fall?",
        "C": "The remarks are right. But how many tokens are left at the date, in 10,000 draws?",
    },
)

# %% [markdown] question="Sure steps" points=1
# A long tale has 300 steps at which only one token is right. With *k* = 40 that token has 99.5% of what
# is kept, each time. How likely is it that the tale has no slip at any of the 300? Two decimals.

# %% answer="sure_steps"
answer_clean = None  # a number between 0 and 1

# %% test="sure_steps"
check.number(
    answer_clean,
    right=0.995**300,
    within=0.006,
    why={
        0.995: "That is one step. All 300 have to go well.",
        0.78: "That is how likely there is at least one slip. Asked is a tale without any.",
        0.005: "That is how likely a slip is at one step.",
        0.0: "It is not that bad. Probabilities of things that all have to happen multiply.",
        1.5: "So many slips there are on average. How likely is it that there is none?",
        22.2: "A probability is between 0 and 1.",
    },
    hint="Every one of the steps has to go well. What do the probabilities of such steps do?",
)

# %% [markdown] question="Four rows of a text" points=1
# Four steps of a text: what a model gave to the ids 0, 1, 2, 3 and 4, and the id that a person wrote. With
# *k* = 2 and this course's rule for ties, which rows could not be written?
#
# ```
# row 0:  0.05 0.70 0.05 0.15 0.05  wrote 3
# row 1:  0.30 0.20 0.10 0.20 0.20  wrote 4
# row 2:  0.01 0.01 0.96 0.01 0.01  wrote 0
# row 3:  0.22 0.18 0.24 0.17 0.19  wrote 4
# ```

# %% answer="four_rows"
answer_rows = []  # rows, such as [0, 2]

# %% test="four_rows"
check.ids(
    answer_rows,
    right={1, 3},
    why={
        (3,): "One row more. How many places are left for its equal tokens, and who gets them?",
        (1,): "One row more. 0.19 is not small, but how many tokens are larger there?",
        (1, 2, 3): "1% may be enough. Which of the equal tokens takes the second place?",
        (0, 1, 3): "Sort the first row. Which two tokens are the likeliest?",
        (2,): "Not how likely a token is counts, but how many are before it.",
        (2, 3): "Where tokens are equal, go back to the rule: which of them come first?",
        (0, 2): "Those are the rows that can be written. Asked are the others.",
    },
    hint="In each row, find the two tokens that stay. Is the one that was written among them?",
)

# %% [markdown] question="A call of top-k" points=1
# In this course 0 on the slider means *off*. One library took *k* = 0 like any other number
# [litgpt2309]. Here is its way on the nine words. Which word does greedy choice print?
# Work it out first. (`scatter` writes each value to its place. Of equals, `argmax` takes the first
# here.)
#
# ```python
# best = NEXT_LOGITS.topk(0)
# kept = torch.full_like(NEXT_LOGITS, -torch.inf)
# kept = kept.scatter(0, best.indices, best.values)
# print(VOCABULARY[kept.argmax()])
# ```

# %% answer="top_k_call"
answer_word = ""  # one of the nine words

# %% test="top_k_call"
check.text(
    answer_word,
    right="closer",
    why={
        "forward": "That is the best word, which top-k off would give. How many values does "
        "topk(0) bring back, and what is in the row then?",
        "effort": "The smallest logit has no meaning here: the row no longer holds any logit.",
        "you": "That is the last word. Of equal values, which one does argmax take?",
        "pizza": "Nothing is drawn here. What does the row hold after the scatter?",
        "0": "That is a place. Write the word that stands there.",
    },
    hint="One of the nine words. How many values does topk(0) bring back? Write down the row that argmax sees.",
)

# %% [markdown] question="Lines in a log" points=1
# A model ran in bfloat16 with *k* = 1 and *T* above 0. The same request was sent twice, and was answered
# with ` 5` and with ` 7` [tpuinference3580]. Why?
#
# - **A** With *T* above 0 the whole vocabulary is drawn from.
# - **B** Both tokens had the largest logit, and ties were kept.
# - **C** bfloat16 adds a little noise to the logits of each request.
# - **D** One token was kept, but a draw can miss it.

# %% answer="log_lines"
answer_two = ""  # "A", "B", "C" or "D"

# %% test="log_lines"
check.choice(
    answer_two,
    right="B",
    why={
        "A": "Cut tokens have probability 0 at every T. What else can let in a second token?",
        "C": "Rounding is no noise: the same number is rounded the same way each time. What do "
        "two numbers become that are rounded to the same value?",
        "D": "A token that is alone has probability 1, at every T.",
    },
)

# %% [markdown] question="Found in minGPT" points=2
# This function has a bug that was in minGPT, a small GPT which many have learnt from. A user saw poor
# texts, but at low temperatures good ones [mingpt10]. Repair it: a token below the *k*-th largest logit
# of its row must get probability 0 exactly, whatever the logits are (float32 of any shape, each between
# −1 million and 1 million). The others share as softmax says. *k* is from 1 to the vocabulary; no
# other logit equals the *k*-th.


# %% answer="mingpt_repair"
def repaired_fill(logits, k):
    ### BEGIN SOLUTION
    kth = logits.topk(k, dim=-1).values[..., -1:]
    return logits.masked_fill(logits < kth, -torch.inf).softmax(dim=-1)
    ### END SOLUTION
    kth = logits.topk(k, dim=-1).values[..., -1:]
    fill = 1e-10
    return logits.masked_fill(logits < kth, fill).softmax(dim=-1)


# %% test="mingpt_repair"
def example():
    check.close(
        repaired_fill,
        [-1.0, -2.0, -3.0],
        2,
        expect=[0.731059, 0.268941, 0.0],
        why="The third token must not come, but which weight does softmax give to its new logit?",
    )


2.0 * check.passes("logits -1, -2 and -3, k = 2", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def share(logits, k):
    rows = []
    for row in logits.reshape(-1, logits.shape[-1]).tolist():
        limit = sorted(row, reverse=True)[k - 1]
        rows.append([x if x >= limit else -torch.inf for x in row])
    return torch.tensor(rows, dtype=torch.float64).reshape(logits.shape).softmax(dim=-1)


def unlike(random):
    shape, vocab = domains.shape(random), domains.size(random)
    scale = random.choice([0.001, 1, 5, 1000])
    middle = random.choice([0, 50, -50, -5_000, -900_000, -1_000_000, 1_000_000])
    values = [random.gauss(middle, scale) for _ in range(torch.Size(shape).numel() * vocab)]
    logits = torch.tensor(values).clamp(-1e6, 1e6).reshape(*shape, vocab)
    k = random.randint(1, vocab)
    at_limit = logits.sort(dim=-1, descending=True).values[..., k - 1 : k] == logits
    return (logits, k) if (at_limit.sum(dim=-1) == 1).all() else unlike(random)


example()
below = (
    "Logits may be far below 0, and a cut one has to be far below those too. Which value is below "
    "them all? And each row has a k-th largest logit of its own."
)
for (logits, k), probs in check.drawn(share, unlike):
    result = check.call(repaired_fill, logits.clone(), k)
    check.compare(result, probs, below, within=1e-4)
    assert not result[probs == 0].any(), below
### END HIDDEN TESTS

# %% [markdown] question="The best probabilities" points=2
# This function follows a change that was proposed for Mistral's code [mistral26]. For one text it works,
# for a batch it does not. Repair it: return the *k*
# largest probabilities of each row, the largest first, divided by their own sum. `probs` is a
# single row (vocab,) or any batch (..., vocab), each row summing to 1; *k* is from 1 to the
# vocabulary. Equal probabilities count one by one.


# %% answer="best_repair"
def repaired_best(probs, k):
    ### BEGIN SOLUTION
    ordered = probs.sort(dim=-1, descending=True).values
    best = ordered[..., :k]
    return best / best.sum(dim=-1, keepdim=True)
    ### END SOLUTION
    ordered = probs.sort(dim=-1, descending=True).values
    best = ordered[:k]
    return best / best.sum(dim=-1, keepdim=True)


# %% test="best_repair"
def example():
    check.close(
        repaired_best,
        [[0.5, 0.1, 0.4], [0.1, 0.6, 0.3]],
        1,
        expect=[[1.0], [1.0]],
        why="Two texts go in, so two must come out, each with its k best tokens.",
    )


2.0 * check.passes("two texts of three tokens, k = 1", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def largest(probs, k):
    rows = [sorted(row, reverse=True)[:k] for row in probs.reshape(-1, probs.shape[-1]).tolist()]
    shares = [[p / sum(row) for p in row] for row in rows]
    return torch.tensor(shares).reshape(*probs.shape[:-1], k)


def any_probs(random):
    probs = domains.batch(random).softmax(dim=-1)
    return probs, random.randint(1, probs.shape[-1])


example()
check.against(
    largest,
    repaired_best,
    any_probs,
    why="Tokens are the last dimension. Each row keeps its own largest, the largest first, and is "
    "divided by its own sum.",
)
### END HIDDEN TESTS

# %% [markdown] question="A function from a book" points=2
# A good book has this function, for one text [raschka2024]. For a batch it raises an error, or, if the
# batch is as large as the vocabulary, says nothing and cuts the wrong tokens. Repair it: each row keeps
# its *k* largest logits, the others become −∞. The logits are of any shape (batch, vocab), *k* is from 1 to the vocabulary; no other
# logit of a row equals its *k*-th.


# %% answer="book_repair"
def repaired_cut(logits, k):
    ### BEGIN SOLUTION
    top_logits, _ = torch.topk(logits, k)
    min_val = top_logits[:, -1:]
    return torch.where(logits < min_val, -torch.inf, logits)
    ### END SOLUTION
    top_logits, _ = torch.topk(logits, k)
    min_val = top_logits[:, -1]
    return torch.where(logits < min_val, -torch.inf, logits)


# %% test="book_repair"
def example():
    check.close(
        repaired_cut,
        [[3.0, 1.0, 2.0], [5.0, 7.0, 6.0]],
        2,
        expect=[[3.0, -torch.inf, 2.0], [-torch.inf, 7.0, 6.0]],
        why="The best two of the first row are 3 and 2, of the second 7 and 6. All else is cut.",
    )


2.0 * check.passes("two rows of three logits, k = 2", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def best_of_each(logits, k):
    limits = [sorted(row, reverse=True)[k - 1] for row in logits.tolist()]
    rows = zip(logits.tolist(), limits, strict=True)
    return torch.tensor([[x if x >= limit else -torch.inf for x in row] for row, limit in rows])


def unlike(random):
    vocab = domains.size(random)
    logits = domains.logits(random, (random.choice([1, 2, 3, vocab, 30]),), vocab)
    k = random.randint(1, vocab)
    at_limit = logits.sort(dim=-1, descending=True).values[:, k - 1 : k] == logits
    return (logits, k) if (at_limit.sum(dim=-1) == 1).all() else unlike(random)


example()
check.against(
    best_of_each,
    repaired_cut,
    unlike,
    why="Each row keeps its own k largest, as they were. Which shape must the limits have, to be one "
    "a row?",
)
### END HIDDEN TESTS

# %% [markdown] question="Your top-k" points=5
# Your `my_top_k` from **Build it: the knife** above, without the course's own functions. One point each: the
# kept logits of single rows; batches of any shape; exactly *k* with ties, the lowest ids first; *k*
# beyond the vocabulary and `None`; the input left as it was, its type kept, and no digit of it lost.
# The last three are tried on batches too.


# %% test="my_top_k"
def nine_words():
    for k, expect in ((1, {3}), (2, {3, 7}), (5, {0, 3, 4, 7, 8}), (9, set(range(9)))):
        check.kept(
            my_top_k,
            NEXT_LOGITS,
            k,
            expect=expect,
            why=f"For k = {k} exactly the {k} largest logits must stay, the others be -inf.",
        )


points = 1.0 * check.passes("nine words", nine_words)
### BEGIN HIDDEN TESTS
import math

from course_utils import domains


def best(logits, k):
    """Row by row, the lower ids of a tie first."""
    kept = torch.full_like(logits, -torch.inf)
    for row, values in zip(kept.view(-1, kept.shape[-1]), rows_of(logits), strict=True):
        ids = sorted(range(len(values)), key=lambda i: (-values[i], i))[:k]
        row[ids] = torch.tensor([values[i] for i in ids], dtype=row.dtype)
    return kept


def rows_of(logits):
    return logits.reshape(-1, logits.shape[-1]).tolist()


def plain(random, shape=()):
    """Logits without ties, but for those at -inf."""
    vocab = domains.size(random)
    step, cut = random.choice([2**-12, 0.25, 1.25]), random.choice([0.0, 0.0, 0.3])
    rows = [random.sample(range(-4000, 4001), vocab) for _ in range(math.prod(shape))]
    values = [[-math.inf if random.random() < cut else x * step for x in row] for row in rows]
    return torch.tensor(values).reshape(*shape, vocab)


def within(random, logits):
    return logits, random.randint(1, logits.shape[-1])


def single(random):
    return within(random, plain(random))


def batch(random):
    return within(random, plain(random, domains.shape(random)))


def tied(random):
    shape, vocab = domains.shape(random), random.choice([domains.size(random), 20, 100])
    few = [float(random.randint(-1, 1)) for _ in range(math.prod(shape) * vocab)]
    return within(random, torch.tensor(few).reshape(*shape, vocab))


def typed(random):
    """Logits of each type, without ties; those of float64 differ by less than float32 can tell."""
    dtype = random.choice([torch.float32, torch.float16, torch.bfloat16, torch.float64])
    shape, vocab = domains.shape(random), domains.size(random)
    rows = [random.sample(range(-200, 200), vocab) for _ in range(math.prod(shape))]
    logits = torch.tensor(rows).reshape(*shape, vocab).to(dtype)
    return within(random, 1 + logits * 2**-40 if dtype == torch.float64 else logits)


def all_kept(random):
    logits, _ = typed(random)
    vocab = logits.shape[-1]
    return logits, random.choice([None, None, vocab, vocab + 1, vocab + random.randint(2, 5_000)])


def single_rows():
    nine_words()
    check.against(
        best,
        my_top_k,
        single,
        why="Exactly the k largest logits must stay as they were, the others be -inf.",
    )


def batches():
    check.against(
        best,
        my_top_k,
        batch,
        why="Each row along the last dimension keeps its own k largest.",
    )


def ties():
    for size in (50, 3_000):
        check.kept(
            my_top_k,
            torch.zeros(size),
            7,
            expect=set(range(7)),
            why="When all are equal, the first k ids stay. Not every way to sort promises that.",
        )
    check.against(
        best,
        my_top_k,
        tied,
        why="Of equal logits the lowest ids stay, and exactly k in all, in each row.",
    )


def odd_k():
    nine_words()
    check.against(best, my_top_k, all_kept, why="Nothing is to be cut, and nothing may raise.")


def input_and_type(draw):
    for (logits, k), kept in check.drawn(best, draw):
        given = logits.clone()
        result = check.call(my_top_k, given, k)
        assert torch.equal(given, logits), "The caller's logits must be the same after the call."
        check.compare(result, kept, "Its result is not right yet for every float type.", within=0)
        assert result.dtype == logits.dtype, f"Logits of {logits.dtype} must come back as such."


def input_and_type_of_all(all_kept_is_right):
    input_and_type(typed)
    if all_kept_is_right:  # else the point before has told it
        input_and_type(all_kept)


check.own(my_top_k, batch)
points = 1.0 * check.passes("single rows", single_rows)
points += check.passes("batches", batches)
points += check.passes("ties", ties)
odd = check.passes("k beyond the vocabulary, and None", odd_k)
points += odd
points += check.passes("input as it was, type kept, no digit lost", input_and_type_of_all, odd)
### END HIDDEN TESTS
float(min(points, 5))

# %% [markdown] question="A rule for every step" points=4
# Your `my_k` from **Build it: a k for every step** above, one point for each promise as it stands there,
# over all that its description allows. *Counts* also wants the logits left as they were. *Counts*, *fair*
# and *pays* have their points only together with *fits*. *Pays* is tried on other texts too.


# %% test="my_k"
points = 1.0 * check.passes("fits", fits, my_k)
### BEGIN HIDDEN TESTS
from course_utils import domains

TEXTS = (
    "The miller was so poor that he had sold his wheel, his donkey and his door, and nothing was left "
    "to him but a cat who could not catch mice.",
    "Early in the morning the two brothers set out, and they walked until they came to a bridge. "
    "Under the bridge sat a giant, who was washing his feet.",
    "There was once a tailor who had only one needle. One day it fell into the well, and he climbed "
    "down after it, and what did he find there but a green meadow and a house made of buttons.",
    "In the middle of the night the lamp went out. The princess heard somebody laugh behind the "
    "curtain, and she took her brother by the hand.",
)


def any_logits(random):
    vocab = random.choice([1, 2, domains.size(random), domains.size(random), 4096])
    return (domains.logits(random, (), vocab),)


def far_apart(random):
    """Logits without ties, and another row with their probabilities; nothing is rounded."""
    vocab = random.choice([1, 2, domains.size(random), 300])
    values = random.sample(range(-600, 600), vocab)
    logits = torch.tensor(values) * random.choice([2**-6, 2**-4, 2**-3])
    return logits, mixed(random, logits)


def mixed(random, logits):
    """The same probabilities: the tokens in another order, the logits all larger or smaller."""
    order = torch.randperm(
        len(logits), generator=torch.Generator().manual_seed(random.getrandbits(30))
    )
    return logits[order] + random.choice([0, 8, -64, 1000, -3000])


def some_good_words(random):
    n = random.choice([random.randint(1, 10), random.randint(1, 100), random.randint(1, 1000)])
    return n, mixed(random, good_words(n))


def always_fits():
    fits(my_k, range(1, 31))
    for (n, logits), _ in check.drawn(check.nothing, some_good_words, cases=100):
        k = asked(my_k, logits)
        assert n / 2 <= k <= 2 * n, (
            f"{n} good words hold 99%, in any order, and your rule keeps {k} tokens."
        )


def always_counts():
    counts(my_k)
    for (logits,), _ in check.drawn(check.nothing, any_logits):
        asked(my_k, logits)
    check.keeps(my_k, any_logits, why="The logits have to stay as they were.")


def always_fair():
    fair(my_k)
    for (logits, other), _ in check.drawn(check.nothing, far_apart):
        assert asked(my_k, other) == asked(my_k, logits), (
            "Two steps with the same probabilities, and it keeps another number."
        )


def always_pays():
    pays(my_k)
    for text in TEXTS:
        spends_well(my_k, text)


right = check.passes("fits", always_fits)
points = 1.0 * right
for name, test in (("counts", always_counts), ("fair", always_fair), ("pays", always_pays)):
    points += check.passes(name, test) and right
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="A colleague's forty" points=0
# In three sentences: a colleague takes *k* = 40 for a chat program and for filling in dates,
# "because GPT-2 had it". What does *k* = 40 do at a sharp step, what at a flat one, and what would
# you suggest?

# %% [markdown] answer="explain_forty"
# ### BEGIN SOLUTION
# At a sharp step, such as a date with one right answer, 40 tokens let in 39 that are wrong; each is
# unlikely, but over many steps one will come. At a flat step 40 may cut half of what would fit, and
# the chat becomes narrower than the model is. For dates be greedy (k = 1 or T = 0); for the chat
# use a k that follows the model from step to step, and compare outputs before choosing.
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
# - [radford2019] [Language Models are Unsupervised Multitask
#   Learners](https://github.com/openai/gpt-2), 2019: GPT-2, with published samples
# - [holtzman2020] [The Curious Case of Neural Text Degeneration](https://arxiv.org/abs/1904.09751), 2020
# - [fan2018] [Hierarchical Neural Story Generation](https://arxiv.org/abs/1805.04833), 2018
# - [raschka2024] [Build a Large Language Model (From
#   Scratch)](https://github.com/rasbt/LLMs-from-scratch), 2024
# - Settings, as read in 2026: [llamacpp2026] [llama.cpp](https://github.com/ggml-org/llama.cpp),
#   [transformers2026] [transformers](https://github.com/huggingface/transformers),
#   [vllm2026] [vLLM](https://github.com/vllm-project/vllm),
#   [gemma4config2026] [Gemma 4](https://huggingface.co/google/gemma-4-E4B)

# %% [markdown]
# - Reports and repairs: [vllm50979] [vLLM](https://github.com/vllm-project/vllm/pull/50979),
#   [tpuinference3580] [tpu-inference](https://github.com/vllm-project/tpu-inference/pull/3580),
#   [mingpt10] [minGPT](https://github.com/karpathy/minGPT/issues/10),
#   [litgpt2309] [LitGPT](https://github.com/Lightning-AI/litgpt/pull/2309),
#   [mistral26] [mistral-inference](https://github.com/mistralai/mistral-inference/pull/26)
#
# What each is cited for is in the course's `quizzes/references.md`.

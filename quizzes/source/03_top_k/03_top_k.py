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
# A small publisher prints the Storyteller's fairy tales. She wants lively tales, so she has set *T* = 1.5.
# She has two wishes. Every tale must begin with `Once upon a time`. And anybody may say good morning,
# the wolf too.
#
# To test both wishes, the Storyteller draws the next token a thousand times after a first prompt, `Once
# upon a`, and a thousand times after a second, `"Good morning," said the`.

# %% [markdown]
# > **About 155 minutes** with the questions, in two sittings · difficulty ●●○○○
# >
# > You need modules 01 and 02. Afterwards you can
# > - say which tokens top-k keeps, and how likely each becomes;
# > - judge a fixed *k* on a whole text;
# > - write a top-k for any batch, and repair faulty ones;
# > - design a rule that chooses *k* anew at every step.
#
# Names in brackets, as in [fan2018], are sources.

# %% locked="setup" jupyter={"source_hidden": true}
import math
from collections import Counter

import torch

from course_utils import explore, sampling, storyteller
from course_utils import quiz as check
from course_utils.explore.cutoff import read
from course_utils.explore.plots.look import CUT, DRAWN, KEPT, visible
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
        for generator in [torch.Generator().manual_seed(5)]
    ]
    bad = [word for word, _ in draws[0].most_common() if word != "␣time"]
    [wolf] = storyteller.load().tokenizer.encode_ordinary(" wolf")
    chance = hot(MORNING, cut).softmax(dim=-1)[wolf].item()
    print(f"{name}:")
    print(f"  Once upon a …    {1000 - draws[0]['␣time']} bad openings in 1000", end=" ")
    print("(" + " ".join(bad[:9]) + " …)" if bad else "")
    print(f"  Good morning …   {len(draws[1])} different next tokens", end="; ")
    print(f"the wolf's chance is {chance:.2%}")


def ranked(prompt, first, last):
    """The tokens from rank `first` to `last`, the likeliest having rank 1."""
    order = storyteller.load().next_logits(prompt).argsort(descending=True)
    return " ".join(map(token, order[first - 1 : last]))


# %%
publish("all 4,096 tokens", lambda logits: logits)
publish("only the 40 likeliest", lambda logits: sampling.top_k(logits, 40))

# %% [markdown]
# With all 4,096 tokens, 121 openings are bad, such as `Once upon a distance`. So the publisher allows
# only the 40 likeliest tokens, as OpenAI did for some of GPT-2's published texts [radford2019]. Now 48
# openings are bad. But the wolf can never speak: he is not among the 40.
#
# So 40 is *too many* for her first wish and *too few* for her second. **Which number grants both?**

# %% [markdown]
# **Recall.** 1. Three tokens have the logits 6, −20 and −∞. Which can be drawn? 2. Can a temperature
# change which token is the likeliest?
#
# <details><summary>Answers</summary>
#
# 1. The first, and very seldom the second: its weight *e*⁻²⁰ is tiny, but above 0. The third has
# weight 0. 2. No, the order stays.
# </details>

# %% [markdown]
# ## Top-k on nine words
#
# The publisher used **top-k**: only the *k* likeliest tokens stay. Top-k finds the *k* largest logits,
# sets all others to −∞; softmax does the rest. Here is *k* = 3, on the nine words that may follow `every
# effort moves you`.

# %%
kept = torch.tensor([0, 3, 7])  # the ids of closer, forward and toward
cut = torch.full_like(NEXT_LOGITS, -torch.inf)
cut[kept] = NEXT_LOGITS[kept]
before, after = NEXT_LOGITS.softmax(dim=-1), cut.softmax(dim=-1)
show(VOCABULARY, logit=NEXT_LOGITS, cut=cut, before=before, after=after)

# %% [markdown]
# `pizza` cannot come now. The **mass kept** is what the three words left had together: 0.061 + 0.572 +
# 0.358 = 0.991. Softmax divides each of the three by the mass kept: `toward` now has 0.358 / 0.991 ≈ 0.361.
#
# **Predict.** Which probability will `forward` have with *k* = 2? Then move the slider from 0 (*off*) to 2.
# (The outlines show the probabilities at *T* = 1, before any cut.)
#
# <details><summary>Answer</summary>
#
# 0.572 / (0.572 + 0.358) ≈ 0.615.
# </details>

# %%
explore.Distribution(NINE_WORDS, knobs=["top_k"])

# %% [markdown]
# Now set *k* to 1 and press **Sample 100**. How many different words come? (One: *k* = 1 is greedy choice.)
#
# **Predict.** A colleague sets the cut logits to 0 instead of −∞. Does the probability of `pizza`, whose
# logit is −1.89, rise or fall?

# %%
zero = NEXT_LOGITS.masked_fill(cut.isneginf(), 0.0)
show(VOCABULARY, logit=NEXT_LOGITS, zero=zero, before=before, after=zero.softmax(dim=-1))

# %% [markdown]
# <details><summary>Answer</summary>
#
# It *rises*. A logit of 0 gives `pizza` the weight *e*⁰ = 1. Its weight was *e*⁻¹·⁸⁹ ≈ 0.15.
# </details>
#
# All six cut words can still come.

# %% [markdown]
# ## The formula
#
# Let $p$ be the probabilities before the cut, and $p'$ those after it. Let $K$ be the set of the $k$
# likeliest tokens:
#
# $$p'_i = \frac{p_i}{\sum_{j \in K} p_j} \text{ for } i \in K, \qquad p'_i = 0 \text{ for all
# others.}$$
#
# The probabilities of all *survivors* (the tokens kept) are divided by one sum, so their ratios (*odds*) stay:
# `forward` is 1.6 times as likely as `toward` before and after the cut (0.572 / 0.358).

# %% [markdown]
# ## Two prompts
#
# Why does *k* = 40 grant neither wish? Here is the first prompt, with *T* = 1.5 and *k* = 40. (The
# line above the picture counts the mass kept at *T* = 1: before the publisher divides by *T*.)
#
# **Predict.** What is the largest *k* with which `␣time` *always* comes?

# %%
explore.Distribution(
    OPENING, knobs=["temperature", "top_k"], settings=Settings(temperature=1.5, top_k=40)
)

# %% [markdown]
# 1. Move *k* down until `␣time` has 100%. (99.5% at *k* = 2, 100% only at 1.)
# 2. Set *k* to 40 again: 99.9% of the mass is kept. Now write the second prompt,
#    `"Good morning," said the`, into the prompt box. How much is kept? (44.8%.)
# 3. Type `wolf` into the box *find*. The line below the picture tells the wolf's **rank** (the likeliest
#    token has rank 1). What is the smallest *k* that lets the wolf speak? (57.)

# %% [markdown]
# So the first wish needs *k* = 1, and the second *k* = 57 or more. No *k* grants both.
#
# Here are some of the tokens that *k* = 40 keeps or cuts:

# %%
print("Kept after Once upon a, ranks 21 to 40:", ranked(OPENING, 21, 40), sep="\n")
print("Cut after Good morning, ranks 41 to 60:", ranked(MORNING, 41, 60), sep="\n")

# %% [markdown]
# After the first prompt only `␣time` is right, but *k* = 40 keeps `␣sudden` and `␣hot`. After the second,
# *k* = 40 cuts good words: `␣woman`, `␣child` and `␣wolf`.

# %% [markdown]
# **Predict.** At *T* = 1, `␣sudden` has 0.0015% after the first prompt, and `␣wolf` 0.37% after the
# second. Small numbers, both. With which *other* token after the same prompt can you compare each, to see
# that `␣wolf` is a good word and `␣sudden` is not?

# %%
for prompt, word in ((OPENING, " sudden"), (MORNING, " wolf")):
    probs = storyteller.load().next_logits(prompt).softmax(dim=-1)
    [i] = storyteller.load().tokenizer.encode_ordinary(word)
    print(f"{visible(word):<8} {probs[i]:.4%}   the best token {probs.max():.1%}", end=", ")
    print(f"{probs.max() / probs[i]:,.0f} times as likely")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The best token. It is only ten times as likely as `␣wolf` after the second prompt, but about 68,000 times
# as likely as `␣sudden` after the first.
# </details>

# %% [markdown]
# ## Along a real tale
#
# Now take a whole text, printed by Joseph Jacobs in 1890: *Once upon a time there were Three Bears,
# who lived together in a house of their own, in a wood. One of them was a Little, Small, Wee Bear.*
# The tale has 39 tokens. After each token the model says what may come next: 39 *steps*.
#
# **Predict.** Guess: at how many steps does *k* = 40 keep less than 75% of the mass?

# %% jupyter={"source_hidden": true}
tale = read(TALE)
mass = tale.logits.softmax(dim=-1).topk(40, dim=-1).values.sum(dim=-1)
chart = explore.Chart(x="step of the tale", y="mass kept")
chart.axes.set_ylim(0, 1.18)
steps = range(1, len(mass) + 1)
chart.axes.bar(steps, [1.0] * len(mass), color=CUT, hatch="///", edgecolor="white")
chart.axes.bar(steps, mass.tolist(), color=KEPT)
for at, say in ((int(mass.argmin()), "least"), (int(mass.argmax()), "most")):
    words = "".join(tale.tokens[at - 2 : at + 1]).strip()
    chart.axes.plot(at + 1, 1.045, marker="v", markersize=5, color=DRAWN)
    chart.label(max(at - 6, 0.6), 1.1, f"{say}, after '{words}'")
chart.says(
    f"The 40 likeliest tokens keep {mass.min():.0%} to {mass.max():.1%} of the mass, and less than "
    f"75% at {(mass < 0.75).sum()} of {len(mass)} steps."
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Eight. *k* = 40 keeps least, 57%, after `One of them was a`, and most, 99.9%, after `Once upon a`.
# </details>
#
# Dark is kept, pale is cut. At *sure* steps few words may come, at *open* steps many. A fixed *k*
# treats all steps alike.

# %% [markdown]
# **Predict.** A person wrote the tale. Guess: how many of its tokens would *k* = 40 have cut? (38 of the
# 39 count: before the first there is no step.)

# %%
for step, rank in enumerate(tale.ranks.tolist()):
    if rank > 40:
        so_far = "".join(tale.tokens[: step + 1])[-22:]
        print(f"…{so_far:<22} {visible(tale.tokens[step + 1]):<8} at rank {rank:,}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Six. (`␣Th` begins `Three`, `␣Sm` begins `Small` and `␣We` begins `Wee`.) With *k* = 40 the model could not
# write this tale. `␣Bear` needs *k* = 2,314, which would let in nonsense at the other steps.
# </details>
#
# GPT-2, too, has sure steps and open steps [holtzman2020].

# %% [markdown]
# So the publisher needs a rule that chooses *k* at every step. You will design one. But first you need a
# top-k that keeps exactly *k* tokens.

# %% [markdown]
# ## *k* = 40, but 41 tokens
#
# The cell runs `first_program`, a short top-k, and the course's `sampling.top_k` at the 39 steps. The
# logits are first *float32*, the usual numbers, then *bfloat16*: fewer digits, and large models
# are often stored so.
#
# **Predict.** Read `first_program`. With which of the two kinds of numbers is it likelier to keep 41
# tokens?


# %%
def first_program(logits, k):
    limit = logits.topk(k, dim=-1).values[..., -1:]  # the k-th largest logit of each row
    return logits.masked_fill(logits < limit, -torch.inf)


for logits in (tale.logits, tale.logits.bfloat16()):
    for name, function in (("first", first_program), ("course", sampling.top_k)):
        kept = function(logits, 40).isfinite().sum(dim=-1)
        found = [f"{n} tokens at {c} steps" for n, c in Counter(kept.tolist()).most_common()]
        print(f"{logits.dtype!s:<15} {name:<6} keeps", ", ".join(found))

# %% [markdown]
# **Find it.** With bfloat16 `first_program` kept 41 tokens at some steps. Why did the 41st token stay? Read
# `first_program` again, and compare the logits of ranks 39 to 42 at one such step:

# %%
for logits in (tale.logits[15], tale.logits[15].bfloat16()):
    print(logits.dtype, [round(x, 4) for x in logits.topk(42).values[38:].tolist()])

# %% [markdown]
# <details><summary>Answer</summary>
#
# With fewer digits, the 40th and the 41st logit become equal: a *tie*. `first_program` cuts only logits
# *below* the 40th, so the 41st stays.
# </details>
#
# vLLM, a program that answers many requests together, had this fault too, says a proposed repair [vllm50979].
# With some numbers of requests a tie kept more than *k* tokens, with others exactly *k*. So the same
# request could get different answers.

# %% [markdown]
# This course keeps **exactly k** tokens. Of equal tokens, those with the **lowest ids** stay.
#
# **Predict.** The logits are 3, 2, 2, 2 and 1, and *k* = 2. Which ids stay?

# %%
print(sampling.top_k(torch.tensor([3.0, 2.0, 2.0, 2.0, 1.0]), 2))

# %% [markdown]
# The ids 0 and 1 stay.

# %% [markdown]
# ## Build it: top-k
#
# > difficulty ●●●○○ · importance ●●●●● · 10 to 15 minutes
#
# Write `my_top_k`. You may use PyTorch, but not the course's own functions. The two cells after
# `my_top_k` check it without points. The question *Your top-k* scores it.

# %% [markdown]
# <details><summary>Hint</summary>
#
# `order = logits.argsort(dim=-1, descending=True, stable=True)` gives the ids of each row, the best
# first. Equal logits come in the order of their ids. `order[..., :k]` are the first *k* ids, or all
# if *k* is `None`.
# <details><summary>More</summary>
#
# Start from `marks = torch.zeros_like(logits, dtype=torch.bool)`: all False. `marks.scatter(-1, ids,
# True)` returns marks that are True at `ids` in each row: with the ids 0 and 2, three marks become True,
# False, True. Then use `masked_fill` with their opposite (`~`).
# </details>
# </details>


# %% answer="my_top_k"
def my_top_k(logits, k):
    """The logits of the k most likely tokens of each row, -inf for all others.

    logits: a tensor (..., vocab) of any float type; it is left as it is.
    k: a whole number from 1; beyond the vocabulary, or None, it keeps all.
    Returns a tensor of the same shape and type. Exactly k are kept: ties by the lowest id.
    Even float64 logits must not be rounded on the way: that could make two logits equal.
    """
    ### BEGIN SOLUTION
    order = logits.argsort(dim=-1, descending=True, stable=True)
    kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order[..., :k], True)
    return logits.masked_fill(~kept, -torch.inf)
    ### END SOLUTION


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

# %%
gone = -torch.inf
for name, logits, k, expect in (
    ("a tie", [3.0, 2.0, 2.0, 2.0, 1.0], 2, [3.0, 2.0, gone, gone, gone]),
    ("two rows", [[1.0, 5.0, 2.0], [4.0, 0.0, 3.0]], 1, [[gone, 5.0, gone], [4.0, gone, gone]]),
    ("three tokens, k = 99", [1.0, 5.0, 2.0], 99, [1.0, 5.0, 2.0]),
):
    why = "Each row keeps its own k best, of equal logits the lowest ids, and all if it has fewer."
    check.passes(name, check.close, my_top_k, logits, k, expect=expect, why=why)

# %% [markdown]
# The crosses in the next picture are your function's results.

# %%
explore.Distribution(
    "The king said to his", knobs=["top_k"], settings=Settings(top_k=40), strategy=my_top_k
)

# %% [markdown]
# Try *k* = 40, 1 and 0 (then your function gets `None`). If each cross lies at the end of its bar, your
# function agrees with the course's.

# %% [markdown]
# Now is a good time for a pause.

# %% [markdown]
# ## Before or after the temperature
#
# Should the publisher cut before or after the temperature?
#
# **Predict.** Take *T* = 2 and *k* = 3 on the nine words, once with the cut first, once with the
# temperature first. Are the survivors the same, and are their probabilities the same?

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
# Yes, both. Top-k looks only at the order of the logits, and division by *T* keeps this order.
# </details>
#
# But a rule that *chooses* *k* may also look at how far apart the logits are, and a temperature changes
# these distances. Your rule gets the logits *before* the temperature, so *T* cannot change *k*.

# %% [markdown]
# ## Build it: a k for every step
#
# > difficulty ●●●●○ · importance ●●●●● · 20 to 30 minutes · there are many right designs
#
# Write `my_k`: it gets the logits of one step and returns how many tokens to keep. First think how the
# logits of a sure step differ from those of an open step.
#
# Your rule must keep four promises. A cell below `my_k` tries them without points. The question *A rule for
# every step* scores them.

# %% [markdown]
# 1. **counts**: `my_k` returns a whole number, from 1 to the number of tokens above −∞.
# 2. **fair**: only the probabilities decide. The number stays the same if 8 is added to all logits, or if
#    the tokens come in another order.
# 3. **fits**: suppose *n* equally good words (*n* up to 1,000) hold 99%, and 3,000 others share the last
#    1%. Then `my_k` returns a number from *n*/2 to 2*n*: with ten good words, 5 to 20.

# %% [markdown]
# 4. **pays**: `my_k` returns 1 after the first prompt, and 57 or more after the second. Along the tale,
#    your rule beats a fixed *k* at the *worst step*, where the least mass is kept.
#
# Suppose your rule keeps 39.2 tokens a step on average. The fixed *k* is this average rounded up, 40. At
# its worst step *k* = 40 keeps 57%. At its own worst step your rule must keep 57% + 5% = 62% or more.

# %% [markdown]
# The question also tries *pays* on other texts, about as long as the tale. To try a text of your own,
# write `check.passes("pays", pays, my_k, "your text")` in a new cell.

# %% [markdown]
# <details><summary>Hint</summary>
#
# With `probs = logits.softmax(dim=-1)` you can measure
#
# - how likely the best token is
# - how many tokens are nearly as likely
# - how many of the likeliest *together* hold some share of the mass
# - how open the choice is, in equal choices: `effective_choices(logits)` (−∞ is allowed)
#
# <details><summary>More</summary>
#
# This rule fails: keep all tokens with at least 1%. Where 200 words are equally good, each has about
# 0.5%, and none is kept.
# </details>
# </details>


# %% locked="promises" jupyter={"source_hidden": true}
def asked(rule, logits):
    """The k of a rule for one step; AssertionError if it is no number of tokens to keep."""
    k = check.plain(check.on_copies(rule, logits))
    check.returned(k)
    most = int(logits.isfinite().sum())
    whole = type(k) in (int, float) and k == k // 1
    assert whole and 1 <= k <= most, (
        f"{most} of {len(logits)} tokens can come here: return a whole number from 1 to {most}, not "
        f"{check.told(k)}."
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


def described(k, tale):
    """What a rule's k along a tale are like."""
    said = f"Your rule keeps {sum(k) / len(k):.1f} tokens a step. "
    for say, n in (("most", max(k)), ("fewest", min(k))):
        so_far = "".join(tale.tokens[: k.index(n) + 1])[-18:].strip()
        said += f"The {say}, {n}, at step {k.index(n) + 1}: after '{so_far}'. "
    cuts = sum(rank > n for rank, n in zip(tale.ranks.tolist(), k, strict=False))
    return said + f"Of the author's 38 next tokens it cuts {cuts}; k = 40 cuts 6."


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
    -inf. Do not change them. You may call the course's functions.
    """
    ### BEGIN SOLUTION
    return round(effective_choices(logits).item())
    ### END SOLUTION


# %%
for promise in (counts, fair, fits, pays):
    check.passes(promise.__name__, promise, my_k)

# %% [markdown]
# The bars show what your rule keeps along the tale.

# %% jupyter={"source_hidden": true}
yours = [check.attempt(asked, my_k, row) for row in tale.logits]
chart = explore.Chart(x="step of the tale", y="tokens kept")
chart.axes.plot([0.5, len(yours) + 0.5], [40, 40], color=DRAWN, linewidth=2)
chart.label(0.7, 47, "k = 40", color=DRAWN)
top = 60
if None in yours:
    said = "While my_k does not work, there is only the line of 40."
else:
    chart.axes.bar(range(1, len(yours) + 1), yours, color=KEPT)
    said = described(yours, tale)
    top = max(top, 1.05 * max(yours))
chart.axes.set(xlim=(0, len(yours) + 1), ylim=(0, top))
chart.says(said)

# %% [markdown]
# Read the text below the picture.
#
# 1. Where does your rule keep the most tokens, and where the fewest? (One good rule keeps 189 after `One of
#    them was a`, and 1 after `Once upon`.)
# 2. How many of the author's tokens does your rule cut? (The same good rule cuts six, as *k* = 40 does, but
#    keeps more mass at its worst step.)

# %% [markdown]
# ## Both wishes
#
# Here `my_k` chooses the *k* of `my_top_k`, at the publisher's *T* = 1.5.


# %%
def with_my_k(logits):
    return my_top_k(logits, asked(my_k, logits))


publish("k = 40", lambda logits: sampling.top_k(logits, 40))
ready = check.attempt(with_my_k, NEXT_LOGITS) is not None
if ready:
    publish("your k", with_my_k)
else:
    print("your k: not ready yet, my_top_k and my_k have to be written first.")

# %% [markdown]
# When both builds work, no opening is bad, and the wolf can speak again. Your rule did not know which
# words are good, only how sure the model was.
#
# Now compare longer texts at *T* = 1.5: two with the slider's *k*, and two with your rule, which the slider
# does not change. (Ignore the measures: later modules explain them.)


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
# 1. How does the first text begin with *k* = 40? (`Once upon a good many years`.) How do your
#    rule's two texts begin? (`Once upon a time`.)
# 2. Set *k* to 3. How does the first text read now? (It repeats `who had a son`.)

# %% [markdown]
# ## What production systems do
#
# In late 2026 the default *k* is 40 in llama.cpp [llamacpp2026] and 50 in `transformers`
# [transformers2026]. vLLM has no default of its own [vllm2026]. Gemma 4 brings a file of settings, which
# says 64 [gemma4config2026]. The paper usually cited for top-k used 10 [fan2018].
#
# Of two programs with the same model and *T*, the one with wilder texts may have the larger *k*.

# %% [markdown]
# ## Recap
#
# Top-k sets all but the *k* largest logits to −∞. Survivors keep their odds. Of equal logits, the lowest
# ids stay. Temperature may come before top-k or after it.
#
# No fixed *k* grants both wishes, but a rule that chooses *k* at each step can. Most programs offer another
# such rule: top-p, the next module.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

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

# %% [markdown] question="Two of the survivors" points=1
# Tokens `x`, `y` and others survive a cut at *T* = 1. Before the cut `x` had 0.30 and `y` 0.10. Now `x` has
# 0.50. How likely is `y` now, and how much was cut?
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
        "B": "All survivors are divided by one number. Which number took x from 0.30 to 0.50?",
        "D": "What y has is right. What was cut went to all survivors: by which number was each of "
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
# One program cuts, then divides the logits by *T* = 2. Another program divides first, then cuts by the
# same rule. With which rule do both always give the same probabilities? (Exact arithmetic, no ties.)
#
# - **A** The more likely half of the tokens stays.
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
# The other 3,896 tokens share the rest. Which share of the probability does *k* = 40 keep? Two decimals.

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
# A model fills in a form 10,000 times, with *k* = 40 and *T* = 1. After `Date: 3` (the day) the right
# month has 98%. After `Remarks:` hundreds of words are equally good. What comes out?
#
# - **A** No wrong month, remarks of all kinds.
# - **B** Some wrong months, some remarks with a senseless first word.
# - **C** No wrong month, few first words.
# - **D** Some wrong months, the same few dozen first words.

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
# A long tale has 300 steps at which only one token is right. With *k* = 40 that token has 99.5% after the
# cut, each time. How likely is it that no wrong token (a *slip*) comes at any of the 300? Two decimals.

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
# Each row is a step of a text: the probabilities of the ids 0 to 4, and the id a person wrote. With
# *k* = 2 and this course's rule for ties, at which rows could the person's id not be drawn?
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
# One library took *k* = 0 like any other number [litgpt2309], not as *off*. This code does so on the
# nine words. Which word is printed? Work it out first. (`scatter` writes each value to its place. Of
# equal values, `argmax` takes the first here.)
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
        "0": "That is an id. Write the word that has it.",
    },
    hint="One of the nine words. How many values does topk(0) bring back? Write down the row that argmax sees.",
)

# %% [markdown] question="Two answers" points=1
# A model ran in bfloat16 with *k* = 1 and *T* above 0. The same request gave the same logits twice, but
# the answers were ` 5` and ` 7` [tpuinference3580]. Why?
#
# - **A** With *T* above 0 the whole vocabulary is drawn from.
# - **B** Both tokens had the largest logit; ties were kept.
# - **C** The second time, *T* had lifted ` 7` above ` 5`.
# - **D** One token was kept, but a draw can miss it.

# %% answer="log_lines"
answer_two = ""  # "A", "B", "C" or "D"

# %% test="log_lines"
check.choice(
    answer_two,
    right="B",
    why={
        "A": "Cut tokens have probability 0 at every T. What else can let in a second token?",
        "C": "Can a temperature change which token leads? See the recall at the start. What can two "
        "logits become when they are rounded?",
        "D": "A token that is alone has probability 1, at every T.",
    },
)

# %% [markdown] question="Found in minGPT" points=2
# This function has a bug that was in minGPT, a small GPT [mingpt10]: its texts were good only at low
# temperatures. Repair the function: a token below the *k*-th largest logit of its row must get probability
# exactly 0. Softmax shares the probability among the tokens left. The logits are float32 of any shape,
# from −1 million to 1 million. *k* is from 1 to the vocabulary; no other logit equals the *k*-th.


# %% answer="mingpt_repair"
def repaired_fill(logits, k):
    ### BEGIN SOLUTION
    values, ids = logits.topk(k, dim=-1)
    return torch.full_like(logits, -torch.inf).scatter(-1, ids, values).softmax(dim=-1)
    ### END SOLUTION
    values, ids = logits.topk(k, dim=-1)
    fill = 1e-10
    return torch.full_like(logits, fill).scatter(-1, ids, values).softmax(dim=-1)


# %% test="mingpt_repair"
def example():
    check.close(
        repaired_fill,
        [-1.0, -2.0, -3.0],
        2,
        expect=[0.731059, 0.268941, 0.0],
        why="The third token must get exactly 0: which weight does softmax give to its new logit? All "
        "the rest is shared between the first two.",
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
    if random.random() < 0.03:
        shape, vocab = (2,), random.choice([300, 2_000])
    scale = random.choice([1e-9, 1e-6, 0.001, 1, 5, 1000])
    middle = random.choice([0, 50, -50, -5_000, -900_000, -1_000_000, 1_000_000])
    values = [random.gauss(middle, scale) for _ in range(torch.Size(shape).numel() * vocab)]
    logits = torch.tensor(values).clamp(-1e6, 1e6).reshape(*shape, vocab)
    if random.random() < 0.1:  # one of each row is 0
        logits = logits.scatter(-1, logits.argmin(dim=-1, keepdim=True), 0.0)
    k = random.randint(1, vocab)
    at_limit = logits.sort(dim=-1, descending=True).values[..., k - 1 : k] == logits
    return (logits, k) if (at_limit.sum(dim=-1) == 1).all() else unlike(random)


example()
below = (
    "Logits may be far below 0, and a cut one has to be far below those too. Which value is below "
    "them all? And each row has a k-th largest logit of its own."
)
shared = (
    "The k largest logits of each row stay as they are, and softmax shares all of 1 among them."
)
for (logits, k), probs in check.drawn(share, unlike):
    result = check.on_copies(repaired_fill, logits, k)
    check.formed(result, probs, below)
    assert not result[probs == 0].any(), below
    check.compare(result, probs, shared, within=1e-4)
### END HIDDEN TESTS

# %% [markdown] question="Ranks for a report" points=2
# This function should give each token its rank in its row: 1 for the likeliest, 2 for the next, and so
# on. For logits 1, 3 and 2 it says 2, 3 and 1, which is wrong. Repair the function. The logits are
# float32 of any shape (..., vocab), some may be −∞. Of equal logits the lower id comes first. The
# result is a tensor of their shape. (You may have to sort twice, or to use `scatter`.)


# %% answer="rank_repair"
def repaired_ranks(logits):
    ### BEGIN SOLUTION
    order = logits.argsort(dim=-1, descending=True, stable=True)
    return order.argsort(dim=-1) + 1
    ### END SOLUTION
    order = logits.argsort(dim=-1, descending=True, stable=True)
    return order + 1


# %% test="rank_repair"
def example():
    check.close(
        repaired_ranks,
        [1.0, 3.0, 2.0],
        expect=[3, 1, 2],
        why="The first token is the least likely, and the likeliest has rank 1. What do the numbers in "
        "`order` stand for?",
    )


2.0 * check.passes("logits 1, 3 and 2", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def counted(logits):
    """One more than the tokens before it: the larger logits, and the equal ones of lower ids."""
    rows = logits.reshape(-1, logits.shape[-1]).tolist()
    ranks = [
        [1 + sum(y > x or (y == x and j < i) for j, y in enumerate(row)) for i, x in enumerate(row)]
        for row in rows
    ]
    return torch.tensor(ranks).reshape(logits.shape)


def any_logits(random):
    if (
        random.random() < 0.2
    ):  # one far ahead, the others so close that softmax takes them for equal
        steps = random.sample(range(40), random.randint(2, 9))
        return (torch.tensor([*(step * 2.0**-30 for step in steps), 20.0]),)
    return (domains.batch(random) * random.choice([1, 1, 1, 1e6, 1e30]),)


example()
check.close(
    repaired_ranks,
    torch.zeros(3_000),
    expect=list(range(1, 3_001)),
    why="Of equal logits the lower id comes first. Not every way to sort promises that. And each rank "
    "must come out as it is.",
)
check.against(
    counted,
    repaired_ranks,
    any_logits,
    why="In each row, a token's rank is one more than the number of tokens that come before it. Of "
    "equal logits the lower id comes first.",
)
### END HIDDEN TESTS

# %% [markdown] question="A function from a book" points=2
# This function from a good book is for one text [raschka2024]. With a batch, the function raises an
# error, or, if the batch is as large as the vocabulary, cuts the wrong tokens. Repair the function:
# each row keeps its *k* largest logits, the others become −∞. The logits are of any shape (batch,
# vocab). *k* is from 1 to the vocabulary; no other logit of a row equals its *k*-th.


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
    logits = domains.logits(random, (random.choice([1, 2, 3, min(vocab, 40), 30]),), vocab)
    if random.random() < 0.03:
        vocab = 2_000
        logits = torch.tensor([random.sample(range(9_999), vocab) for _ in range(2)]).float()
    elif random.random() < 0.2:  # hardly apart, in many rows, each with limits of its own
        apart = random.choice([0, 1, 50])
        rows = [
            [row * apart + x for x in random.sample(range(vocab), vocab)]
            for row in random.sample(range(100), random.choice([2, 12, 100]))
        ]
        logits = 1 + torch.tensor(rows) * 2.0**-20
    k = random.randint(1, vocab)
    if random.random() < 0.2 and k > 2:  # equals above the k-th
        logits = torch.where(logits >= logits.topk(k - 1).values[:, -1:], 6000.0, logits)
    at_limit = logits.sort(dim=-1, descending=True).values[:, k - 1 : k] == logits
    return (logits, k) if (at_limit.sum(dim=-1) == 1).all() else unlike(random)


example()
check.against(
    best_of_each,
    repaired_cut,
    unlike,
    why="Each row keeps its own k largest, exactly k, as they were. Which shape must the limits have, "
    "to be one a row? And nothing may be rounded on the way.",
)
### END HIDDEN TESTS

# %% [markdown] question="Your top-k" points=5
# Your `my_top_k` from **Build it: top-k** above, without the course's own functions. One point each: the
# kept logits of single rows; batches of any shape; exactly *k* with ties, the lowest ids first; *k*
# beyond the vocabulary and `None`; the input left as it was, its type kept, and no digit of it lost.
# The last three points are tried on batches too.


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


def plain(random, shape=(), vocab=None):
    """Logits without ties, but for those at -inf."""
    vocab = vocab or domains.size(random)
    step, cut = random.choice([2**-12, 0.25, 1.25, 1e4]), random.choice([0.0, 0.0, 0.3])
    rows = [random.sample(range(-4000, 4001), vocab) for _ in range(math.prod(shape))]
    values = [[-math.inf if random.random() < cut else x * step for x in row] for row in rows]
    return torch.tensor(values).reshape(*shape, vocab)


def within(random, logits):
    return logits, random.randint(1, logits.shape[-1])


def single(random):
    if random.random() < 0.03:
        return within(random, plain(random, vocab=random.choice([2_000, 8_000])))
    return within(random, plain(random))


def shape_of(random):
    """Of a batch, now and then of many rows."""
    return random.choice([(70,), (2, 150)]) if random.random() < 0.03 else domains.shape(random)


def batch(random):
    return within(random, plain(random, shape_of(random)))


def tied(random):
    shape, vocab = shape_of(random), random.choice([domains.size(random), 20, 100])
    few = random.choices([-1.0, -0.0, 0.0, 1.0], k=math.prod(shape) * vocab)
    return within(random, torch.tensor(few).reshape(*shape, vocab))


def typed(random):
    """Logits of each type, without ties; those of float64 differ by less than float32 can tell."""
    dtype = random.choice([torch.float32, torch.float16, torch.bfloat16, torch.float64])
    shape, vocab = domains.shape(random), domains.size(random)
    rows = [random.sample(range(-200, 200), vocab) for _ in range(math.prod(shape))]
    logits = torch.tensor(rows).reshape(*shape, vocab).to(dtype)
    if dtype == torch.float64:
        logits = random.choice([1 + logits * 2**-40, logits * 2**-70])
    elif dtype != torch.float16:  # what float16 does not hold, and what softmax rounds
        logits = logits * random.choice([1.0, 2.0**60, 2.0**-70])
    return within(random, logits)


def all_kept(random):
    logits, _ = typed(random)
    if random.random() < 0.02:
        logits = plain(random, vocab=5_000)
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


DIGITS = "Float64 logits that differ in their last digits still differ: compare them as they are."


def input_and_type(draw):
    for (logits, k), kept in check.drawn(best, draw):
        given = logits.clone()
        result = check.call(my_top_k, given, k)
        assert torch.equal(given, logits), "The caller's logits must be the same after the call."
        check.compare(result, kept, DIGITS, within=0)
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
# Your `my_k` from **Build it: a k for every step** above, one point for each promise. `my_k` is tried with 1 to
# 4,096 logits between −5,000 and 5,000, some of them −∞. For *counts* the logits must also stay as they were,
# and *pays* is tried on other texts too. Without *fits* there are no points for the other three.


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
    logits = domains.logits(random, (), vocab)
    if random.random() < 0.2:  # equals, perhaps at an end of the range, and the first ones banned
        logits = torch.full((vocab,), random.choice([-5000.0, 0.0, 5000.0]))
        logits[: random.randrange(vocab)] = -torch.inf
    return (logits,)


def far_apart(random):
    """Logits without ties, and another row with their probabilities; nothing is rounded."""
    vocab = random.choice([1, 2, domains.size(random), 300])
    values = random.sample(range(-600, 600), vocab)
    logits = torch.tensor(values) * random.choice([2**-6, 2**-4, 2**-3])
    if random.random() < 0.3:
        logits[: random.randrange(vocab)] = -torch.inf
    return logits, mixed(random, logits)


def mixed(random, logits):
    """The same probabilities: the tokens in another order, the logits all larger or smaller."""
    order = torch.randperm(
        len(logits), generator=torch.Generator().manual_seed(random.getrandbits(30))
    )
    return logits[order] + random.choice([0, 8, -64, 1000, -3000, 4900, -4900])


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
            "Two steps with the same probabilities, in another order or all logits moved alike, and it "
            "keeps another number."
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
# A colleague takes *k* = 40 for a chat program and for filling in dates, "because GPT-2 had it". Write
# three sentences: what does *k* = 40 do where the model is sure, and where many tokens are good? What
# would you suggest?

# %% [markdown] answer="explain_forty"
# ### BEGIN SOLUTION
# At a sure step, such as a date with one right answer, 40 tokens let in 39 that are wrong; each is
# unlikely, but over many steps one will come. At an open step 40 may cut half of what would fit, and
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
#   [litgpt2309] [LitGPT](https://github.com/Lightning-AI/litgpt/pull/2309)
#
# What each is cited for is in the course's `quizzes/references.md`.

# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Top-p
#
# A colleague has written a cut for the Storyteller, without *k*. With this cut some texts are good, but many
# stop early, with an error. Here are four texts.

# %% [markdown]
# > **About 150 minutes**, in two sittings · difficulty ●●●○○ · you need: softmax, entropy, *T*, top-k
# >
# > Afterwards you can
# > - work out by hand which tokens top-p keeps;
# > - say what changes when *T* or top-k comes first;
# > - design a cut that follows the model, and write top-p for any batch;
# > - find a cut's mistake, and say why a quick repair hides it.
#
# Names in brackets are sources, listed last.

# %% locked="setup" jupyter={"source_hidden": true}
import itertools
import statistics
import textwrap

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.explore.plots import look
from course_utils.generate import Settings, generate, generate_batch
from course_utils.sampling import temperature, top_k, top_p
from course_utils.toys import Toy

model = storyteller.load()
FOUR = Toy((" king", " queen", " fox", " spoon"), torch.tensor([0.4, 0.3, 0.2, 0.1]).log())
HALVES = torch.tensor([0.5, 0.25, 0.125, 0.125]).log()


def kept(logits):
    """The ids of the tokens that are not cut, lowest first."""
    return (logits > -torch.inf).nonzero().flatten().tolist()


def show(words, **columns):
    """Print one row a word, one column an argument."""
    print(" " * 10 + "".join(f"{name:>14}" for name in columns))
    for word, *numbers in zip(words, *columns.values(), strict=True):
        print(f"{look.visible(word):<10}" + "".join(f"{float(x):14.3f}" for x in numbers))


def name(token):
    return look.visible(model.tokenizer.decode([int(token)]))


def ranked(prompt, first, last):
    """The tokens from place `first` to `last`, the likeliest being at place 1."""
    order = model.next_logits(prompt).argsort(descending=True)
    return " ".join(map(name, order[first - 1 : last]))


def tell(prompt, process, seed, tokens=40):
    """Print a text, up to the step where the process fails."""
    text = prompt
    try:
        for step in generate(model, prompt, process, tokens, seed):
            text += step.text
    except ValueError as error:
        text += f" [ERROR: {error}]"
    print(textwrap.fill(" ".join(text.split()), 90), end="\n\n")


def colleague(logits, ids=None):
    # You will read this at the end of the module, and not before.
    probs, order = logits.softmax(dim=-1).sort(dim=-1, descending=True)
    cut = probs.cumsum(dim=-1) > 0.9
    return logits.masked_fill(torch.zeros_like(cut).scatter(-1, order, cut), -torch.inf)


def place(before, now):
    """Where in a sentence a token stands, from its text and that of the one before."""
    if before[-1:].isalpha() and now[:1].isalpha():
        return "inside a word"
    if before in (" the", " a", " an"):
        return "after the, a, an"
    return "first in a sentence" if before.strip(' "\n')[-1:] in ".!?" else "elsewhere"


def by_place(stories):
    """Print, for each place in a sentence, how many tokens were kept there."""
    groups = {}
    for before, now in itertools.chain(*map(itertools.pairwise, stories)):
        groups.setdefault(place(before.text, now.text), []).append(now.kept)
    for where, counts in sorted(groups.items(), key=lambda pair: statistics.median(pair[1])):
        print(f"{where:<20} median {statistics.median(counts):5g}, largest {max(counts)}")


def costliest(stories, missing):
    """Print the three steps where the missing tokens (steps, vocab) have the most probability."""
    steps = [
        (story[max(0, nth - 4) : nth], now) for story in stories for nth, now in enumerate(story)
    ]
    probs = torch.stack([now.logits for _, now in steps]).softmax(dim=-1)
    for at in (probs * missing).sum(dim=-1).topk(3).indices.tolist():
        words = look.visible("".join(step.text for step in steps[at][0]))
        best = probs[at].topk(2)
        pair = [f"{name(i)} {p:.0%}" for i, p in zip(best.indices, best.values, strict=True)]
        print(f"after {words:<22} {pair[0]:>10} or {pair[1]}")


def sizes_along(story):
    """A chart of how many tokens were kept at each step of a story."""
    line = [step.kept for step in story]
    chart = explore.Chart(x="token of the story", y="tokens in the nucleus", height=3.4)
    chart.axes.semilogy(range(1, len(line) + 1), line, color=look.KEPT, linewidth=1)
    for size in (max(line), min(line)):
        nth = line.index(size)
        words = look.visible("".join(step.text for step in story[max(0, nth - 3) : nth]))
        chart.axes.plot(nth + 1, size, "o", color=look.DRAWN)
        chart.label(
            nth + 3, size * (1.3 if size > 1 else 0.72), f"after {words}: {size}", look.DRAWN
        )
    chart.axes.set_ylim(0.5, 2000)
    chart.axes.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    return chart.says(f"p = 0.9 keeps {min(line)} to {max(line)} tokens in the first story.")


# %%
for prompt, seed in (
    ("The king said to his", 0),
    ("One day", 1),
    ("One day", 2),
    ("Once upon a", 0),
):
    tell(prompt, colleague, seed)

# %% [markdown]
# The first text got its 40 new tokens. The others stop at a step where every token was cut. What should
# come after `wand`, `Mr` and `Once upon a`? The model knows:

# %%
for start in ("One day, as he was wand", "One day Mr", "Once upon a"):
    best = model.next_logits(start).softmax(dim=-1).max(dim=-1)
    print(f"{start:<25} {name(best.indices)} {best.values:.1%}")

# %% [markdown]
# So the cut breaks where the model is sure. **How can a sure model break a cut?**

# %% [markdown]
# **Recall.** 1. Which logit makes a token impossible, and why? 2. Two tokens have 40% and 20%. What does *T* =
# 0.5 do to their ratio? 3. Top-k with *k* = 40: how many tokens stay after `Once upon a`, and how many after
# `The`?
#
# <details><summary>Answers</summary>
#
# 1. −∞, as *e* to the power of −∞ is 0. 2. It squares the ratio: 2 to 1 becomes 4 to 1. 3. 40 both times.
# </details>

# %% [markdown]
# ## What k cannot know
#
# **Predict.** How many tokens would you keep after `Once upon a`, and how many after `The little girl saw a`?
# Say two numbers.

# %%
explore.Distribution("The little girl saw a", knobs=["top_k"])

# %% [markdown]
# 1. Set *k* to 40. How much probability (*mass*) is kept? (61.7%.)
# 2. Write `Once upon a` in the box. At *k* = 40, how much do the 39 tokens below ` time` hold? (0.2%: ` time`
#    has 99.8% of what is kept.)
# 3. Can one *k* keep ` time` alone here, and most of the mass after `The little girl saw a`? (No: only *k* = 1
#    keeps ` time` alone, and it keeps 14.0% after the other prompt.)

# %%
print("After 'The little girl saw a', cut:", ranked("The little girl saw a", 41, 60))
print("After 'Once upon a', kept:", ranked("Once upon a", 29, 40))

# %% [markdown]
# A girl may well see a baby, a door or a basket. Nobody begins a story with `Once upon a hot`. A good cut
# would keep few tokens where the model is sure, and many where the model is unsure.

# %% [markdown]
# ## Build it: your own cut
#
# > difficulty ●●●○○ · importance ●●●●○ · 15 to 20 minutes
#
# Write `my_cut`. It gets the logits of one step, and returns them with −∞ where you cut. Any rule that keeps
# the five promises in the code cell below is right. Do not call the course's own functions. Question 4.14
# scores `my_cut`. No later section needs it: if you are stuck, go on.

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which number, computed from the probabilities, is small only when the model is sure?
# <details><summary>More</summary>
#
# Module 01 had "like how many equal choices": 2 to the power of the entropy in bits. With the natural
# logarithm it is *e* to the power of the entropy. Round that number to *n*: `logits.argsort(descending=True)[:n]` are the ids of the best *n*.
# </details>
# </details>


# %% answer="my_cut"
def my_cut(logits):
    """Cut what makes no sense: keep few tokens if the model is sure, many if it is not.

    logits: (vocab,), float32, from -40 to 40, 2 to 4096 tokens. Do not change this tensor.
    Returns a tensor of the same shape: -inf where you cut, and the logit itself where you keep.

    Always: keep at least one token. Never cut a token and keep a less likely one.
    Sure: if one token has 99% or more, keep it alone.
    Open: if no token is more than 1.2 times as likely as another, keep at least half of them.
    Tail: if there are two kinds of tokens, 3 to 30 likely ones that hold 96% to 98% together, and
    300 to 3000 unlikely ones that share the rest, keep at least half of the likely ones, and cut
    at least half of the others. (Within a kind no token is more than 1.2 times as likely as another.)
    Places: shuffle the tokens, or add one number to all logits, and the same tokens stay.
    Among tokens of exactly the same logit you may choose as you like.
    """
    ### BEGIN SOLUTION
    logprobs = logits.log_softmax(dim=-1)
    entropy = -(logprobs.exp() * logprobs).sum()
    size = int(entropy.exp().round())  # as many as the equal choices that it is like
    stay = logits.argsort(descending=True)[:size]
    out = torch.full_like(logits, -torch.inf)
    out[stay] = logits[stay]
    return out
    ### END SOLUTION


# %% locked="cut_checks" jupyter={"source_hidden": true}
def stays(cut, logits):
    """Which tokens a cut keeps, (vocab,) of True and False, if what it returns is a cut at all."""
    row = torch.as_tensor(logits)
    found = check.on_copies(cut, row)
    check.returned(found)
    assert type(found) is torch.Tensor, f"Return a tensor; yours is a {type(found).__name__}."
    assert found.shape == row.shape, f"Return a tensor of shape {tuple(row.shape)}."
    assert not found.isnan().any(), "There is a NaN in your result."
    stay = found > -torch.inf
    assert stay.any(), "Everything is cut, so nothing is left to draw from."
    assert torch.equal(found[stay], row[stay]), "The logits that stay must be as they were."
    assert stay.all() or row[stay].min() >= row[~stay].max(), (
        "A token was cut that is likelier than one that stayed."
    )
    return stay


def is_sure(cut, logits):
    number = int(stays(cut, logits).sum())
    assert number == 1, f"One token has 99% or more, and yours keeps {number}."


def is_open(cut, logits):
    number = int(stays(cut, logits).sum())
    assert 2 * number >= len(logits), (
        f"{len(logits)} tokens are about equally likely, and yours keeps {number} of them."
    )


def cuts_tail(cut, logits, good):
    """good (vocab,): which tokens are the few likely ones."""
    stay = stays(cut, logits)
    few, others = int((stay & good).sum()), int((stay & ~good).sum())
    said = (
        f"{few} of {int(good.sum())} good tokens stay, and {others} of {int((~good).sum())} others"
    )
    assert 2 * few >= good.sum() and 2 * others <= (~good).sum(), said


def same_elsewhere(cut, logits, order, number):
    """order (vocab,): where each token of the second row stood in the first; number: added to it."""
    moved = stays(cut, logits[order] + number)
    assert torch.equal(stays(cut, logits)[order], moved), (
        "The same logits in other places, with a number added, had another cut."
    )


def nearly(number):
    """So many probabilities that differ by a factor of 1.2 at most."""
    weights = torch.linspace(1.0, 1.2, number)
    return weights / weights.sum()


def tail(number, share, others):
    """Logits of `number` good tokens that have this share together, and others; which are good."""
    probs = torch.cat([share * nearly(number), (1 - share) * nearly(others)])
    return probs.log(), torch.arange(number + others) < number


def writes(cut):
    """Print how many tokens a cut keeps on the real model, and a story that it writes."""
    prompts = "Once upon a", "Once upon a time", "One day", "The king said to his"
    for prompt in (*prompts, "The little girl saw a"):
        number = int(stays(cut, model.next_logits(prompt)).sum())
        print(f"{prompt:<22} {number:>5} tokens stay")

    def process(logits, ids):
        return logits.masked_fill(~stays(cut, logits), -torch.inf)

    tell("Once upon a", process, seed=1)


# %% [markdown]
# The next cell tries each promise once, without points. Five `[ok]` are enough to go on.

# %%
eight = torch.tensor([2.0, 0.5, -1.0, 4.0, 3.5, -2.0, 0.0, 1.0])
for title, test, *args in (
    ("always: eight tokens", stays, eight),
    ("sure: one of 300 has 99%", is_sure, torch.tensor([10.4] + [0.0] * 299)),
    ("open: 1,000 nearly equal ones", is_open, nearly(1000).log()),
    ("tail: 10 good ones, 1,000 others", cuts_tail, *tail(10, 0.97, 1000)),
    ("places: the eight backwards, plus 5", same_elsewhere, eight, torch.arange(8).flip(0), 5.0),
):
    check.passes(title, test, my_cut, *args)

# %% [markdown]
# Now try `my_cut` on the real model:

# %%
_ = check.passes("it can write", writes, my_cut)

# %% [markdown]
# Do few tokens stay after `Once upon a`, and many after `The little girl saw a`? Then your cut follows the
# model. Top-p follows the model, too.

# %% [markdown]
# ## By hand, on four tokens
#
# For **top-p** you set *p*: a *share* of the probability, not a number of tokens. Top-p takes the likeliest
# token, then the next, and stops as soon as the sum of their probabilities *reaches* *p*.
#
# **Predict.** Four tokens have 0.4, 0.3, 0.2 and 0.1. With *p* = 0.8, do two tokens stay, or three?

# %%
probs = torch.tensor([0.4, 0.3, 0.2, 0.1])
show(FOUR.tokens, probability=probs, sum_so_far=probs.cumsum(dim=0))
print("top-p with p = 0.8 keeps", kept(top_p(FOUR.logits, 0.8)))

# %% [markdown]
# Three. Two tokens hold 0.7, less than 0.8. The third token *crosses* 0.8 (the sum is now 0.9), and stays.
#
# The tokens that stay are the **nucleus**: the smallest set of most likely tokens that holds *at least* p. So
# top-p is also called *nucleus sampling* [holtzman2020].

# %% [markdown]
# **Predict.** You lower *p* from 1 towards 0. At which three values does a token leave? Then move the slider.

# %%
explore.Distribution(FOUR, knobs=["top_p"])

# %% [markdown]
# 1. Were your three values right? (0.90, 0.70 and 0.40: the sums so far.)
# 2. Set *p* to 0.80. Which share do the kept tokens hold? (90%: *at least* p.)
# 3. How many tokens are left at the lowest *p*? (One, as in greedy choice: ` king` alone holds more than *p*.)

# %% [markdown]
# At *p* = 0.8 the three tokens keep their logits. Softmax makes their probabilities sum to 1 again:

# %%
after = top_p(FOUR.logits, 0.8).softmax(dim=-1)
show(FOUR.tokens, before=probs, after=after)
print(f"king to queen: {probs[0] / probs[1]:.3f} before, {after[0] / after[1]:.3f} after")

# %% [markdown]
# Each of the three probabilities is divided by their sum, 0.9. King to queen is still 4 to 3. So top-p decides
# *which* tokens may come. Temperature sets the odds *between* them.
#
# Can one *p* fit both `Once upon a` and `The little girl saw a`?

# %% [markdown]
# ## One number, two prompts
#
# **Predict.** With *p* = 0.9, only ` time` stays after `Once upon a`: it has 99.7%. How many of the 4,096
# tokens stay after `The little girl saw a`?

# %%
explore.Distribution("Once upon a", knobs=["top_p"], settings=Settings(top_p=0.9))

# %% [markdown]
# 1. Write `The little girl saw a` in the box, with *p* at 0.90. How many stay? (337.)
# 2. Set *p* to 0.50. Which *k* would keep the same tokens? (*k* = 19, as 19 stay.)

# %% [markdown]
# The next cell writes eight stories of 100 tokens with *p* = 0.9, and shows how many tokens stay at each step
# of the first story:

# %%
stories = [[] for _ in range(8)]
for steps in generate_batch(model, ["Once upon a time"] * 8, Settings(top_p=0.9), 100):
    for story, step in zip(stories, steps, strict=True):
        if step:  # a story that has ended gives None
            story.append(step)

sizes_along(stories[0])

# %% [markdown]
# Within a few steps the nucleus grows or shrinks by a factor of a hundred.
#
# **Predict.** The next cell sorts the steps of all stories into four groups: the token drawn stands
# inside a word; first in a sentence; after `the`, `a` or `an`; or elsewhere. Which group has the smallest
# median of tokens kept, and which the largest?

# %%
by_place(stories)

# %% [markdown]
# ## The formula
#
# Sort the probabilities, the largest first: $q_1 \ge q_2 \ge \dots$ The token at place *j* stays if the tokens
# *before* it hold less than *p*:
#
# $$q_1 + \dots + q_{j-1} < p$$
#
# Take 0.4, 0.3, 0.2, 0.1 and *p* = 0.8. The tokens before the third hold 0.7, so the third stays. Those before
# the fourth hold 0.9, so the fourth is cut. Before the first the sum is 0, below *p*: it stays.

# %% [markdown]
# **Predict.** Four tokens have 0.5, 0.25, 0.125 and 0.125, and *p* is 0.5. The first token *reaches* 0.5
# exactly. Does a second token stay?

# %%
for p in (1.0, 0.75, 0.5, 0.000001):
    print(f"p = {p:<8} keeps {kept(top_p(HALVES, p))}")

# %% [markdown]
# No: a set that holds exactly *p* is complete.
#
# *p* = 1 has its own rule: all tokens stay, even a token whose share the computer rounds to 0.

# %% [markdown]
# ## Build it: top-p
#
# > difficulty ●●●○○ · importance ●●●●● · 10 to 15 minutes
#
# Write `my_top_p` with PyTorch, as the text in its code cell says. Do not call the course's own functions.
# Question 4.13 scores `my_top_p`.

# %% [markdown]
# <details><summary>Hint</summary>
#
# Take the softmax, sort it, and add up with `cumsum`. The sum *before* a token is its `cumsum` minus its share.
# Use the formula, then bring the decision back to the tokens' own places.
# <details><summary>More</summary>
#
# `values, order = x.sort(dim=-1, descending=True, stable=True)` gives the order, and
# `torch.zeros_like(keep).scatter(-1, order, keep)` undoes the sort: the value at place *i* of `keep` goes to
# `order[i]`. With `order` [2, 0, 1] and `keep` [True, True, False], tokens 2 and 0 stay.
# </details>
# </details>


# %% answer="my_top_p"
def my_top_p(logits, p):
    """Keep, in each row, the smallest set of most likely tokens that holds at least p.

    logits: (..., vocab), float32, 1 to 4096 tokens. Do not change this tensor. p: 1e-30 to 1.
    p = 1 keeps every token, however small its probability. However small p is, at least one stays.
    Of equally likely tokens those with lower ids come first.
    A token that is at -inf already is never kept, even at p = 1.
    Where a sum is so close to p that rounding in float32 decides, either answer is right.
    Returns a tensor of the same shape: -inf where you cut, and the logit itself where you keep.
    """
    ### BEGIN SOLUTION
    if p == 1:
        return logits.clone()
    probs, order = logits.softmax(dim=-1).sort(dim=-1, descending=True, stable=True)
    stays = probs.cumsum(dim=-1) - probs < p
    keep = torch.zeros_like(stays).scatter(-1, order, stays)
    return logits.masked_fill(~keep, -torch.inf)
    ### END SOLUTION


# %% [markdown]
# The next cell tries your function five times, without points or batches.

# %%
for title, row, p, expect, why in (
    ("four tokens", FOUR.logits, 0.8, {0, 1, 2}, "Two hold 0.7: the token that crosses 0.8 stays."),
    ("the other way round", FOUR.logits.flip(0), 0.8, {1, 2, 3}, "Each token has its own place."),
    ("a sure model", [9.0, 0.0, 0.0], 0.9, {0}, "How many tokens does it take here to reach 0.9?"),
    ("p = 1", [0.0, -200.0], 1.0, {0, 1}, "p = 1 keeps all, also what softmax rounds to 0."),
    ("four equal tokens", [2.0, 2.0, 2.0, 2.0], 0.5, {0, 1}, "Of equals the lower ids come first."),
):
    check.passes(title, check.kept, my_top_p, row, p, expect=expect, why=why)

# %% [markdown]
# Now try `my_top_p` on the real model. A line below the picture compares your cut with the reference, the
# course's own top-p.

# %%
explore.Distribution("The king said to his", knobs=["top_p"], strategy=my_top_p)

# %% [markdown]
# 1. Set *p* to 0.90. How many stay? (136.)
# 2. Click on the bar of ` wife`, so that ` wife` joins the text. How many stay now? (7.)

# %% [markdown]
# You may stop here for today. (When you come back, click on this cell and choose **Run → Run All Above
# Selected Cell**: the cells below need `stories`.)

# %% [markdown]
# ## Which p?
#
# **Predict.** Take three settings: *p* = 0.5; *p* = 1; *T* = 1.5 with *p* = 0.9. Which setting writes the most
# ordinary text, and which writes nonsense? (*Distinct-2*, in the lines about the texts, is the share of different
# pairs among all pairs of neighbouring tokens.)

# %%
explore.Playground(
    "Once upon a time",
    settings=Settings(top_p=0.9),
    knobs=["temperature", "top_p"],
    samples=2,
    max_new_tokens=50,
)

# %% [markdown]
# Read both texts at each setting:
#
# 1. The start, *p* = 0.9. (Plain, with a slip here and there: `good and ugly, ugly and`.)
# 2. Set *p* to 0.5. (The most ordinary words, repeated: `a little girl who had two daughters, and had two
#    daughters`. Distinct-2 falls.)
# 3. Set *p* to 1: no cut. (Odder: `Boxer at first made wry in his ear`.)
# 4. Set *p* to 0.9 and *T* to 1.5. (Nonsense: `Peggar swallowed His day's mouth`.)

# %% [markdown]
# At *T* = 1, *p* = 0.9 lies between dull and odd. Why did it not prevent the nonsense? *T* = 1.5 comes first, and makes the probabilities more equal. So
# top-p needs more tokens to hold 90%. The next cell tries three values of *T* before top-p, at all 800 steps of `stories`:

# %%
# (800 steps, 4096 tokens)
logits = torch.stack([step.logits for story in stories for step in story])
for t in (0.5, 1.0, 1.5):
    sizes = (top_p(temperature(logits, t), 0.9) > -torch.inf).sum(dim=-1)
    print(f"T = {t}: p = 0.9 keeps {sizes.median()} tokens at the median step")

# %% [markdown]
# Top-p sees only the shares after *T*, not how sure the model itself is.
#
# **Predict.** Now at *T* = 1 again, over our 800 steps. Of 100 draws with *p* = 0.95, how many fall on a token that
# *p* = 0.94 cuts: 1, 6 or 17?

# %%
narrow, wide = (top_p(logits, p) for p in (0.94, 0.95))
added = (wide > -torch.inf) & (narrow == -torch.inf)
more = added.sum() / (narrow > -torch.inf).sum()
drawn = (wide.softmax(dim=-1) * added).sum(dim=-1).mean()
print(f"the nucleus of 0.95 has {more:.0%} more tokens than that of 0.94")
print(f"and a draw falls on a new token in {drawn:.1%} of the steps")

# %% [markdown]
# One. The nucleus has 17% more tokens, but the new tokens together hold only about 0.01. So, to choose *p*,
# compare values far apart: 0.5, 0.9, 1.
#
# What if *T* comes after top-p?

# %% [markdown]
# ## Who comes first
#
# **Predict.** Logits 3, 2 and 1 have the shares 67%, 24% and 9%. At *T* = 0.5 the shares become about 87%, 12%
# and 1.6%. How many tokens does *p* = 0.8 keep if *T* comes first, and how many if *T* comes last?

# %%
explore.Pipeline(
    ([" king", " queen", " fox"], torch.tensor([3.0, 2.0, 1.0])),
    settings=Settings(temperature=0.5, top_p=0.8),
)

# %% [markdown]
# 1. Here *T* is first. How many tokens are left at the end? (One: ` king` alone has 87%.)
# 2. Choose `÷T` under `stage`, and press **Right →** until `÷T` stands last. (After softmax, *T* = 0.5
#    squares each share, then divides by the sum.) How many tokens are left now? (Two: ` king` has 67%, less than 0.8.)

# %% [markdown]
# Top-k, too, changes what top-p sees. Of 0.5, 0.25, 0.125 and 0.125, top-k with *k* = 2 leaves the first two.
# Top-p could add up their *old* shares, 0.5 and 0.25, or their *new* shares, 0.667 and 0.333.
#
# **Predict.** With *p* = 0.6, how many tokens stay with the new shares, and how many with the old?

# %%
best_two = top_k(HALVES, 2)
print("new shares:", [round(x, 3) for x in best_two.softmax(dim=-1).tolist()])
print("top-p on the new shares keeps", kept(top_p(best_two, 0.6)))
# To see the old shares, top-p goes first here.
print("top-p on the old shares keeps", kept(top_k(top_p(HALVES, 0.6), 2)))

# %% [markdown]
# One token stays with the new shares, two with the old. In 2026 `transformers` and vLLM apply *T*, then top-k,
# then top-p, on the new shares [transformers2026], [vllm2026]. `top_p(top_k(…))` uses the new shares, too.
# llama.cpp applies *T* last [llamacpp2026].

# %% [markdown]
# ## The colleague's program
#
# Our colleague wanted top-p with *p* = 0.9. Here is his cut. (`scatter` brings each decision back to the
# token's own place.) **Find it:** which mistake breaks the cut where the model is sure? Say it in one sentence,
# then unfold the answer.


# %%
def his_cut(logits, ids=None):
    probs, order = logits.softmax(dim=-1).sort(dim=-1, descending=True)
    cut = probs.cumsum(dim=-1) > 0.9
    cut = torch.zeros_like(cut).scatter(-1, order, cut)
    return logits.masked_fill(cut, -torch.inf)


# %% [markdown]
# <details><summary>Answer</summary>
#
# He cuts a token if the sum *with* it is above *p*. With ` time` the sum is 0.997, above 0.9, so ` time` is
# cut. All other tokens have larger sums, and are cut, too. Top-p cuts a token only if the sum *before* it has
# reached *p*. The sum before ` time` is 0, so top-p keeps ` time`.
# </details>

# %% [markdown]
# He adds a guard: a line that always keeps the likeliest token. Now no text stops early. **Predict.** At how
# many of our 800 steps does the guarded cut keep exactly what top-p keeps: few, half or most?


# %%
def guarded(logits, ids=None):
    probs, order = logits.softmax(dim=-1).sort(dim=-1, descending=True)
    cut = probs.cumsum(dim=-1) > 0.9
    cut[..., 0] = False  # the guard
    cut = torch.zeros_like(cut).scatter(-1, order, cut)
    return logits.masked_fill(cut, -torch.inf)


right = top_p(logits, 0.9) > -torch.inf  # which tokens stay: (steps, vocab)
his = his_cut(logits) > -torch.inf
missing = right & (guarded(logits) == -torch.inf)
print("his first version: nothing kept at", int((~his.any(dim=-1)).sum()), "steps")
print("with the guard: one token missing at", int((missing.sum(dim=-1) == 1).sum()), "steps")

# %% [markdown]
# Few: the 36 steps where one token holds more than 0.9, and the guard keeps it. At the 764 others the
# guarded cut loses the token that crosses 0.9, without an error.
#
# Where hundreds of tokens should stay, one missing token matters little. But where two should stay, only
# one is left. Here are the three steps where the missing token is likeliest, with their two best tokens:

# %%
costliest(stories, missing)

# %% [markdown]
# The code of a well-known book has such a guard, and loses the token that crosses *p* [reasoning164].
#
# llama.cpp lost the same token. Its tests did not fail: in each test *p* was exactly one of the sums so far
# [llamacpp1953]. **Predict.** Three tokens have 0.5, 0.25 and 0.25, and *p* is 0.5. Which tokens does the
# guarded cut keep? And top-p?
#
# <details><summary>Answer</summary>
#
# Both keep the first token alone, so such a test does not fail.
# </details>

# %% [markdown]
# ## Recap
#
# Top-p keeps the smallest set of most likely tokens that holds at least *p*. So the number of tokens follows
# the model: one after `Once upon a`, hundreds after `the`. *T* or top-k before top-p changes that number.
#
# How could a sure model break a cut? One token with 99.7% crosses *p* alone. The colleague's cut threw that
# token away; top-p keeps it.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

# %% [markdown] question="Five tokens, one nucleus" points=1
# Five tokens have 0.5, 0.25, 0.125, 0.0625 and 0.0625. After top-p with *p* = 0.8, what is the probability of
# the first token? Give three decimals.

# %% answer="five_tokens_share"
answer_share = None  # a number between 0 and 1

# %% test="five_tokens_share"
check.number(
    answer_share,
    right=0.5 / 0.875,
    within=0.002,
    why={
        0.5: "That is its share before the cut. Afterwards the kept tokens have to sum to 1.",
        0.667: "Two tokens hold less than 0.8. Does the one that crosses the line stay?",
        0.625: "Divide by what the kept tokens really hold. Is that exactly p?",
        0.533: "You kept a token too many: the line was reached before it.",
        0.875: "That is what the kept tokens hold together. Which part of it is the first's?",
    },
    hint="Find the tokens that stay, add them up, and divide. See what became of the ones that stay.",
)

# %% [markdown] question="Two cuts, two prompts" points=1
# After a first prompt, *k* = 3 alone and *p* = 0.7 alone keep the same three tokens. After a second prompt, *p*
# alone keeps two. What is certain at the second prompt?
#
# - **A** Its best two tokens hold more than the first prompt's best two.
# - **B** Its best three tokens hold less than 0.7 together.
# - **C** The model is less sure there, so fewer tokens stay.
# - **D** There *k* = 3 keeps two tokens, too.


# %% answer="two_knives"
answer_knife = ""  # "A", "B", "C" or "D"

# %% test="two_knives"
check.choice(
    answer_knife,
    right="A",
    why={
        "B": "Two of them hold at least 0.7 already. Can three hold less?",
        "C": "How many tokens does it take to reach 0.7 when the shares are small?",
        "D": "One of the two cuts is a plain number of tokens. Can it follow anything?",
    },
)

# %% [markdown] question="A printed nucleus" points=1
# Which token ids does this print?
#
# ```python
# probs = torch.tensor([0.125, 0.5, 0.125, 0.25])
# print(kept(top_p(probs.log(), 0.75)))
# ```

# %% answer="printed_nucleus"
answer_ids = []  # token ids, such as [0, 2]

# %% test="printed_nucleus"
check.ids(
    answer_ids,
    right={1, 3},
    why={
        (0, 1): "You have as many as stay, but the ids are places in the tensor, not in the sorted "
        "list.",
        (0, 1, 2): "That goes through the tensor from the left. Top-p begins with the likeliest.",
        (0, 1, 3): "Add up the shares of your tokens one by one: was p reached before the last?",
        (1,): "Does this token alone hold 0.75? The one that reaches the line stays as well.",
        (0, 1, 2, 3): "All four hold 1. Is there a smaller set that holds at least 0.75?",
    },
    hint="Sort, add up until p is reached, then look up where those tokens stand.",
)

# %% [markdown] question="Two orders of two calls" points=1
# What does this print? At *T* = 0.5 the probabilities are squared and divided by their sum.
#
# ```python
# logits = torch.tensor([0.5, 0.3, 0.2]).log()
# first = top_p(temperature(logits, 0.5), 0.85)
# last = temperature(top_p(logits, 0.85), 0.5)
# print(len(kept(first)), len(kept(last)))
# ```

# %% answer="nucleus_calls"
answer_counts = ""  # two numbers with a space between

# %% test="nucleus_calls"
check.text(
    answer_counts,
    right="2 3",
    why={
        "3 2": "In which of the two lines does top_p see the sharper shares? Read from the inside.",
        "3 3": "The squares are 0.25, 0.09 and 0.04, and sum to 0.38. Which shares are those?",
        "2 2": "In the last line top_p works on 0.5, 0.3 and 0.2. Which sum reaches 0.85?",
        "1 2": "A token that crosses the line stays. Write down the sums that top_p sees in each line.",
    },
    hint="Two numbers with a space between. Work out what top_p is given in each line.",
)

# %% [markdown] question="Cut upon cut" points=1
# `FOUR` has the probabilities 0.4, 0.3, 0.2 and 0.1. How many tokens are left after
# `top_p(top_k(FOUR.logits, 3), 0.75)`?

# %% answer="cut_upon_cut"
answer_left = None  # a whole number

# %% test="cut_upon_cut"
check.number(
    answer_left,
    right=2,
    within=0.01,
    why={
        3: "You compared p with the old shares. What do the three sum to when top_p sees them?",
        1: "Does the first of the three reach 0.75, once they sum to 1?",
        4: "Top-k has cut one already, and nothing brings it back.",
    },
    hint="See the section on who comes first: which shares do the three have after the cut?",
)

# %% [markdown] question="Greedy at every step" points=1
# Which setting leaves only the likeliest token at *every* step, whatever the model says? *T* and the
# cuts work in the order given. Top-k keeps exactly *k* tokens, and top-p uses the new shares.
#
# - **A** *T* = 0.5, then *p* = 0.5.
# - **B** *p* = 0.5, then *k* = 2.
# - **C** *k* = 2, then *p* = 0.5.
# - **D** *p* = 0.01 alone.

# %% answer="greedy_settings"
answer_greedy = ""  # "A", "B", "C" or "D"

# %% test="greedy_settings"
check.choice(
    answer_greedy,
    right="C",
    why={
        "A": "Take three equal tokens. What does T change there, and how many hold 0.5?",
        "B": "Take three equal tokens. How many does top-p keep, and how many are left at the end?",
        "D": "Take 4,096 equal tokens, of 0.00024 each. How many of them hold 0.01?",
    },
)

# %% [markdown] question="A colder cut" points=1
# A speech model applied top-p before *T*. Somebody proposed *T* first. The reason: if *T* is
# below 1, top-p before *T* cuts *more* [fishspeech1150]. Is this reason right?
#
# - **A** Yes: top-p before *T* sees sharper shares.
# - **B** Yes: an earlier cut takes more away than a later one.
# - **C** No: *T* never reorders tokens, so both orders keep the same set.
# - **D** No: top-p before *T* sees flatter shares, and keeps as many or more.

# %% answer="colder_cut"
answer_colder = ""  # "A", "B", "C" or "D"

# %% test="colder_cut"
check.choice(
    answer_colder,
    right="D",
    why={
        "A": "What does a T below 1 do to the shares, and has it happened yet when the cut comes?",
        "B": "Look at logits 3, 2 and 1 in the section on who comes first.",
        "C": "That is why top-k does not mind. But top-p adds up shares, and T changes those.",
    },
)

# %% [markdown] question="Two values of p" points=1
# You raise *p* from 0.60 to 0.65. The nucleus grows from 6 to 9 tokens, and holds almost exactly *p* each time.
# About how many draws now fall on one of the three new tokens?
#
# - **A** One in three: three of the nine tokens are new.
# - **B** One in thirteen.
# - **C** One in a hundred, as between 0.94 and 0.95.
# - **D** None: the odds between the old six have not changed.

# %% answer="two_p_values"
answer_digits = ""  # "A", "B", "C" or "D"

# %% test="two_p_values"
check.choice(
    answer_digits,
    right="B",
    why={
        "A": "Count the probability of the new tokens, not their number. What do they hold?",
        "C": "There 0.01 was added to 0.94. How much is added here, and what do all hold then?",
        "D": "The old tokens keep their odds, but the new ones are no longer impossible.",
    },
)

# %% [markdown] question="A guard at the door" points=1
# A program keeps a token if the sum *with* it is at most *p*, and always keeps the first token. At which
# steps, with *p* = 0.75, does the program keep another set of tokens than top-p?
#
# - step 0: 0.9, 0.06, 0.04
# - step 1: 0.5, 0.25, 0.125, 0.125
# - step 2: 0.625, 0.25, 0.125
# - step 3: 0.25, 0.25, 0.25, 0.25
# - step 4: 0.4, 0.3, 0.2, 0.1

# %% answer="guarded_steps"
answer_steps = []  # numbers of steps, such as [0, 1]

# %% test="guarded_steps"
check.ids(
    answer_steps,
    right={2, 4},
    why={
        (0, 2, 4): "At step 0 the guard keeps one token. How many does it take to reach 0.75?",
        (0, 1, 2, 3, 4): "At some of these steps a sum is exactly 0.75. Is the set complete then?",
        (1, 2, 3, 4): "At some of these steps a sum is exactly 0.75. Is the set complete then?",
        (2,): "One more. Write down the sums of the steps where no sum is 0.75.",
        (4,): "One more. Write down the sums of the steps where no sum is 0.75.",
        (1, 3): "There a sum is exactly 0.75, and both keep the tokens up to it.",
    },
    hint="For each step write down the sums, and what each of the two rules keeps. Where does one sum "
    "lie below 0.75 and the next one above?",
)

# %% [markdown] question="The token on the line" points=2
# This function was in a speech model [fishspeech1171]. On 0.5, 0.25, 0.125, 0.125 with *p* = 0.7 it returns
# one token, not two. Repair the function: return the ids, in any order, of the smallest set of most likely
# tokens that holds *at least* p. Of equal tokens the lower ids come first.
#
# Shares are multiples of 1/64, so sums are exact; 0 < *p* < 1. One point for *p* between two sums, one for *p*
# exactly a sum.


# %% answer="line_repair"
def repaired_nucleus(probs, p):
    ### BEGIN SOLUTION
    values, order = probs.sort(descending=True, stable=True)
    cut = values.cumsum(dim=0) - values >= p
    return order[~cut]
    ### END SOLUTION
    values, order = probs.sort(descending=True, stable=True)
    cut = values.cumsum(dim=0) > p
    return order[~cut]


# %% test="line_repair"
def example():
    check.gives(
        repaired_nucleus,
        torch.tensor([0.5, 0.25, 0.125, 0.125]),
        0.7,
        expect={0, 1},
        why="One token holds 0.5, less than 0.7.",
    )


points = 1.0 * check.passes("0.5, 0.25, 0.125, 0.125 with p = 0.7", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def smallest_set(probs, p):
    shares, ids, held = probs.tolist(), set(), 0.0
    for i in sorted(range(len(shares)), key=lambda i: (-shares[i], i)):
        if held < p:
            ids.add(i)
        held += shares[i]
    return ids


def few_or_many(random):
    if random.random() < 0.1:
        return [1 / 64] * 64
    return domains.shares(random, random.choice([None, None, 64]))


def between_sums(random):
    """Anywhere between two sums, or close to one."""
    above = random.choice([random.randrange(64), random.randrange(3), 63]) / 64
    return torch.tensor(few_or_many(random)), above + 2.0 ** -random.randint(7, 20)


def below_a_sum(random):
    above = random.choice([random.randint(1, 64), random.randint(1, 3)]) / 64
    return torch.tensor(few_or_many(random)), above - 2.0 ** -random.randint(7, 20)


def on_a_sum(random):
    return torch.tensor(few_or_many(random)), random.randint(1, 63) / 64


@check.once
def crossing():
    example()
    for draw in (between_sums, below_a_sum):
        check.against(
            smallest_set,
            repaired_nucleus,
            draw,
            why="For each p the kept tokens must hold at least p, and no token too many.",
        )


def edges():
    crossing()
    check.against(
        smallest_set,
        repaired_nucleus,
        on_a_sum,
        why="A set that holds exactly p is complete: see the edges, just before you built it.",
    )


points = 1.0 * check.passes("p between two sums", crossing)
points += check.passes("p on a sum", edges)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="The size of a nucleus" points=2
# A chat program wanted the *size* of the nucleus, its number of tokens [chatrwkv170]. The program's function
# has two bugs:
#
# - At *p* = 1 it returns 1: no sum is above *p*, and `argmax` of a row of zeros is 0.
# - Where a sum is exactly *p*, it returns one too many.
#
# Repair both bugs, and return a whole number.

# %% [markdown]
# `probs` is float32 and has 1 to 302 tokens. Do not change it. 0 < *p* ≤ 1.
#
# - *p* = 1 counts every token, also one of probability 0.
# - Below 1, add up in float64 (`probs.double()`), the largest share first.
# - If even the sum of all shares is below *p*, by rounding, count all tokens.
#
# One point for *p* = 1 and *p* between two sums together, one for *p* exactly a sum.


# %% answer="size_repair"
def repaired_size(probs, p):
    ### BEGIN SOLUTION
    if p == 1:
        return len(probs)
    mass = probs.double().sort(descending=True).values.cumsum(dim=0)
    return min(int((mass < p).sum()) + 1, len(probs))
    ### END SOLUTION
    mass = probs.sort(descending=True).values.cumsum(dim=0)
    last = int((mass > p).int().argmax())
    return last + 1


# %% test="size_repair"
def example():
    check.gives(
        repaired_size,
        torch.tensor([0.5, 0.25, 0.125, 0.125]),
        1.0,
        expect=4,
        why="p = 1 keeps all four tokens.",
    )


points = 1.0 * check.passes("p = 1", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def size(probs, p):
    """In float64, which Python's own numbers are."""
    held = 0.0
    for count, share in enumerate(sorted(probs.tolist(), reverse=True), 1):
        held += share
        if held >= p and p < 1:
            return count
    return len(probs)


def few_or_many(random):
    return domains.shares(random, random.choice([None, None, 64, 302]))


def between_sums(random):
    """Anywhere between two sums, or close to one."""
    above = random.choice([random.randrange(64), random.randrange(3)]) / 64
    return torch.tensor(few_or_many(random)), above + 2.0 ** -random.randint(7, 20)


def below_a_sum(random):
    above = random.choice([random.randint(1, 64), random.randint(1, 3)]) / 64
    return torch.tensor(few_or_many(random)), above - 2.0 ** -random.randint(7, 20)


def on_a_sum(random):
    return torch.tensor(few_or_many(random)), random.randint(1, 63) / 64


def between_many(random):
    """Equal shares, and p well between two sums."""
    count = random.randint(65, 302)
    taken = random.choice([random.randrange(count), random.randrange(3), count - 1])
    return torch.full((count,), 1 / count), (taken + random.uniform(0.1, 0.9)) / count


def softmax_row(random):
    count = random.choice([random.randint(1, 5), random.randint(1, 50), random.randint(250, 302)])
    spread = random.choice([1, 6, 6, 200])  # 200: one has 1, the others 0
    return torch.tensor([random.gauss(0, spread) for _ in range(count)]).softmax(0)


def near_a_sum(random):
    """So near to a sum of real shares that float32 may not tell on which side."""
    probs = softmax_row(random)
    sums = probs.double().sort(descending=True).values.cumsum(dim=0).tolist()
    p = random.choice(sums) + random.choice([-1, 1]) * 10 ** random.uniform(-12, -3)
    return probs, min(max(p, 1e-6), 1 - 1e-12)


def all_of_it(random):
    if random.random() < 0.5:
        return softmax_row(random), 1.0
    probs = few_or_many(random)
    if random.random() < 0.5:  # a sum a little below 1
        probs[probs.index(max(probs))] -= 2.0**-20
    return torch.tensor([*probs, *[0.0] * random.randint(0, 2)]), 1.0


def short_of_p(random):
    """All together hold a little less than p."""
    probs = few_or_many(random)
    probs[probs.index(max(probs))] -= 2.0**-20
    return torch.tensor(probs), 1 - 2.0**-22


@check.once
def not_greedy():
    example()
    check.against(size, repaired_size, all_of_it, why="p = 1 counts every token, whatever it adds.")
    for draw in (between_sums, below_a_sum, between_many):
        check.against(
            size,
            repaired_size,
            draw,
            why="Right at p = 1 is not enough: between the sums the old answers were right.",
        )
    check.against(
        size,
        repaired_size,
        near_a_sum,
        why="Near a sum float32 decides otherwise than float64, which the description asks for.",
    )
    check.against(
        size,
        repaired_size,
        short_of_p,
        why="If all tokens together stay below p, then all of them count, and no more.",
    )


def equality():
    not_greedy()
    check.against(
        size,
        repaired_size,
        on_a_sum,
        why="Where a sum is exactly p the set is complete, and elsewhere nothing changes.",
    )
    check.keeps(
        repaired_size, near_a_sum, why="The caller's tensor must be the same after the call."
    )


points = 1.0 * check.passes("p = 1, and between the sums", not_greedy)
points += check.passes("exactly p", equality)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="A token's entry" points=2
# A token is in the nucleus for every *p* above a certain number. With 0.4, 0.3, 0.2 and 0.1 the second token
# comes in above 0.4, the first above 0. Write `entry_p`, which returns that number. `probs` is a list of 1 to
# 300 shares (do not change it), `token` a place in it. Of equal shares the lower id comes first. Differences
# by rounding do not matter.
#
# One point for lists without equal shares, one for lists with them.


# %% answer="entry_p"
def entry_p(probs, token):
    """The number above which every p (below 1) has this token in its nucleus, as a float."""
    ### BEGIN SOLUTION
    own = probs[token]
    return float(sum(x for i, x in enumerate(probs) if (-x, i) < (-own, token)))
    ### END SOLUTION


# %% test="entry_p"
def example():
    check.gives(
        entry_p,
        [0.1, 0.4, 0.2, 0.3],
        3,
        expect=0.4,
        why="Token 3 has 0.3 and is the second. It stays as soon as the best does not reach p.",
    )


points = 1.0 * check.passes("the second of four tokens", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def before(probs, token):
    ranked = sorted(range(len(probs)), key=lambda i: -probs[i])
    return sum((probs[i] for i in ranked[: ranked.index(token)]), 0.0)


def few(random):
    while True:
        probs = domains.shares(random, vocab=domains.size(random, 20), parts=1024)
        # Near another, perhaps, and the higher id ahead.
        probs[0], probs[-1] = probs[0] - 2.0**-20, probs[-1] + 2.0**-20
        if len(set(probs)) == len(probs) and min(probs) >= 0:
            return probs


def many(random):
    weights = random.sample(range(1, 10_000), random.randint(65, 299))
    total = sum(weights)
    return [weight / total for weight in weights]


def different(random):
    probs = random.choice([few, few, few, many])(random)
    if random.random() < 0.1 and 0 not in probs:
        probs.insert(random.randint(0, len(probs)), 0.0)
        return probs, probs.index(0)
    return probs, random.randrange(len(probs))


def tied(random):
    probs = domains.shares(random, random.choice([None, None, 64, 300]))
    return probs, random.randrange(len(probs))


def list_stays():
    check.keeps(entry_p, different, why="The caller's list must be the same after the call.")


def each_token():
    example()
    list_stays()
    check.against(
        before,
        entry_p,
        different,
        why="Which tokens are taken before this one, and what do they hold together?",
    )


def ties():
    check.against(
        before,
        entry_p,
        tied,
        why="Of equals the lower ids are taken first, so they too stand before this token.",
    )
    list_stays()


points = 1.0 * check.passes("different shares", each_token)
points += check.passes("ties", ties)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Your top-p" points=5
# This scores `my_top_p` from **Build it: top-p**, without the course's functions. One point each: the smallest
# set, in the tokens' own places; *p* = 1, tiny *p*, a sure model and tokens at −∞; ties; batches of any shape;
# the input left as it was.


# %% test="my_top_p"
def smallest_set():
    for p, expect in ((0.3, {0}), (0.6, {0, 1}), (0.8, {0, 1, 2}), (0.95, {0, 1, 2, 3})):
        check.kept(
            my_top_p,
            FOUR.logits,
            p,
            expect=expect,
            why=f"At p = {p} the smallest set that holds at least p is another one.",
        )
    check.kept(
        my_top_p,
        FOUR.logits.flip(0),
        0.6,
        expect={2, 3},
        why="The same tokens in another order: the decision has to go back to their own places.",
    )


points = 1.0 * check.passes("the smallest set", smallest_set)
### BEGIN HIDDEN TESTS
import math

from course_utils import domains


def nucleus(logits, p):
    """Row by row, in float64, the lower ids of a tie first."""
    kept = []
    for row in logits.reshape(-1, logits.shape[-1]):
        values, shares, held = row.tolist(), row.double().softmax(dim=0).tolist(), 0.0
        for i in sorted(range(len(values)), key=lambda i: (-values[i], i)):
            shares[i], held = held < p or p == 1, held + shares[i]
        kept.append(shares)
    return logits.masked_fill(~torch.tensor(kept).view(logits.shape), -torch.inf)


def sums(logits):
    return logits.double().softmax(dim=-1).sort(dim=-1, descending=True).values.cumsum(dim=-1)


def apart(logits, p):
    """Whether p lies clear of every sum, so that rounding does not decide."""
    clear = 3e-6 + 2e-7 * logits.shape[-1]
    return p == 1 or bool(((sums(logits) - p).abs() > clear).all())


def drawn(random, logits, some):
    while not apart(logits, p := random.choice(some())):
        pass
    return logits, p


def plain(random, shape=()):
    """Logits without ties, from nearly flat to sharp, or close to each other."""
    vocab, spread = domains.size(random), random.choice([0.3, 2, 2])
    ranks = [random.gauss(0, spread) for _ in range(math.prod(shape) * vocab)]
    if vocab <= 40 and random.random() < 0.1:
        ranks = [2 + 1e-4 * x for x in random.sample(range(len(ranks) * 2), len(ranks))]
    return torch.tensor(ranks).view(*shape, vocab)


def inner(random):
    return [random.uniform(0.06, 0.98) for _ in range(9)]


def single(random):
    logits = plain(random)
    near = sums(logits)[random.randrange(len(logits))].item()
    closely = random.choice([-1, 1]) * 10 ** random.uniform(-5, -2)
    around = [min(max(near + closely, 0.06), 0.98)]
    return drawn(random, logits, lambda: [*around, *inner(random)[:2]])


def ends(random):
    near_one = [1 - 10 ** random.uniform(-5.35, -2) for _ in range(3)]
    return [1.0, 1.0, 0.05, 1e-3, 1e-4, 1e-9, 1e-30, 0.99, *near_one]


def at_edges(random, logits):
    """The logits sharper, each row moved, some at -inf, and p at an end."""
    moves = torch.randint(-2, 3, (*logits.shape[:-1], 1), generator=seeded(random))
    logits = logits * random.choice([1, 1, 100, 2000]) + random.choice([0, 50]) * moves
    gone = torch.rand(logits.shape, generator=seeded(random)) < 0.3
    gone[..., 0] = False
    return drawn(random, logits.masked_fill(gone, -torch.inf), lambda: ends(random))


def seeded(random):
    return torch.Generator().manual_seed(random.getrandbits(32))


def alike(random, shape=()):
    """Logits with many ties."""
    few = torch.randint(3, (*shape, domains.size(random)), generator=seeded(random))
    return few.float()


def tied(random):
    return drawn(random, alike(random, domains.shape(random)), lambda: inner(random))


def batch(random):
    return drawn(random, plain(random, domains.shape(random)), lambda: inner(random))


def edge(random):
    return at_edges(random, plain(random))


def tied_edge(random):
    return at_edges(random, alike(random))


def batch_edge(random):
    return at_edges(random, plain(random, domains.shape(random)))


def tied_batch_edge(random):
    return at_edges(random, alike(random, domains.shape(random)))


def anything(random):
    return domains.batch(random), random.choice([1.0, 0.999, 0.9, 0.5, 0.1, 1e-9])


def own_places():
    smallest_set()
    check.against(
        nucleus,
        my_top_p,
        single,
        why="Softmax, sort, add up until p is reached, and undo the sort: in a vocabulary the "
        "likeliest token stands anywhere.",
    )


def edges():
    for p, count in ((1e-4, 1), (9e-4, 4), (1.0, 4096)):
        check.kept(
            my_top_p,
            torch.arange(4096) * -1e-5,
            p,
            expect=set(range(count)),
            why="4,096 tokens, each a little less likely than the one before: the first holds "
            "0.00025. How many does it take?",
        )
    check.kept(
        my_top_p,
        [8.0, 0.0, 0.5],
        0.9995,
        expect={0, 2},
        why="The best token holds 0.9991, a little less than p.",
    )
    rare = 8e-6 * (1 - torch.arange(8) / 100)
    check.kept(
        my_top_p,
        torch.cat([1 - rare.sum()[None], rare]).log(),
        1 - rare[4:].sum().item() - 4e-6,
        expect={0, 1, 2, 3, 4},
        why="p just below 1 cuts something, and keeps tokens of 0.00001: only the sum decides.",
    )
    check.against(
        nucleus,
        my_top_p,
        edge,
        why="p = 1 keeps all, also what float32 rounds to 0. However small p is or sure the model, "
        "the best token stays. Tokens at -inf stay there, and the others share the probability.",
    )


def ties(*draws):
    check.kept(
        my_top_p,
        torch.zeros(4096),
        0.5,
        expect=set(range(2048)),
        why="Of 4,096 equally likely tokens half hold 0.5, and the lower ids come first.",
    )
    for p, expect in ((0.5, {0, 1}), (0.75, {0, 1, 2})):  # exact, and p is reached
        check.kept(
            my_top_p,
            [2.0, 2.0, 2.0, 2.0],
            p,
            expect=expect,
            why="Four equal tokens: the lower ids come first, and only as many as it takes.",
        )
    for draw in draws:
        check.against(
            nucleus,
            my_top_p,
            draw,
            why="Of equal tokens the lower ids come first, and only as many as it takes, in each "
            "row.",
        )


def shapes(*draws):
    alone = "Each row along the last dimension is a distribution of its own"
    for draw in draws:
        edges_too = "." if draw is batch else ", at the edges too: p = 1, tiny p, far rows, -inf."
        check.against(nucleus, my_top_p, draw, why=alone + edges_too)
    if batch_edge in draws:
        row = torch.arange(4096) * -1e-5
        rows, between = torch.stack([row, row.flip(0)]), sums(row)[2999:3001].mean().item()
        for p in (9e-4, between, 1.0):
            check.close(
                my_top_p, rows, p, expect=nucleus(rows, p), why=f"{alone}, at p = {p:g} too."
            )


def leaves_its_input():
    changed = "The caller's logits must be the same after the call: make a new tensor."
    for p, expect in ((0.6, [-torch.inf, 1.0, -torch.inf, 0.8]), (1.0, [0.0, 1.0, 0.2, 0.8])):
        check.unchanged(my_top_p, torch.tensor([0.0, 1.0, 0.2, 0.8]), p, expect=expect, why=changed)
    check.keeps(my_top_p, anything, why=changed)


check.own(my_top_p, batch)
points = 1.0 * check.passes("the smallest set, in its own places", own_places)
# Edges in ties or batches are asked of who has them in plain rows: a mistake costs one point.
has_edges = check.passes("the edges", edges)
has_ties = check.passes("ties", ties, tied, *[tied_edge] * has_edges)
both = [tied_batch_edge] * (has_edges and has_ties)
points += has_edges + has_ties
points += check.passes("batches", shapes, batch, *[batch_edge] * has_edges, *both)
points += check.passes("input left as it was", leaves_its_input)
### END HIDDEN TESTS
float(min(points, 5))

# %% [markdown] question="Your own cut" points=4
# This scores `my_cut` from **Build it: your own cut**, without the course's functions. Two points for *sure*
# and *open* together, one for *tail*, one for *places*.
#
# *Always* must hold for each of these points. *Tail* and *places* count only if *sure* and *open* pass.


# %% test="my_cut"
def example():
    stays(my_cut, [2.0, 0.5, -1.0, 4.0, 3.5, -2.0, 0.0, 1.0])
    is_sure(my_cut, torch.tensor([10.4] + [0.0] * 299))
    is_open(my_cut, nearly(1000).log())


points = 2.0 * check.passes("sure, open", example)
### BEGIN HIDDEN TESTS
import math
import random

from course_utils import domains

LEVELS = 200  # shares of the best token
SURE = 4.605  # log(0.9901 / 0.0099)


def vocab(random, least=2):
    """Any size, each order of magnitude as often."""
    return round(math.exp(random.uniform(math.log(least), math.log(4096))))


def moves(row):
    """The least and the most that may be added: whole numbers, so that many rows stay exact."""
    return math.ceil(-40 - row.min()), math.floor(40 - row.max())


def anywhere(random, row):
    """The row in any order, moved."""
    order = torch.tensor(random.sample(range(len(row)), len(row)))
    return row[order] + random.choice([*moves(row), random.randint(*moves(row))])


def led(random, scale, odds):
    """One token with these log-odds, and others, 1/256 from each other or tied."""
    number = random.choice([random.randint(2, 6), vocab(random), vocab(random)])
    others = [round(random.gauss(0, scale) * 256) / 256 for _ in range(number - 1)]
    best = math.log(sum(map(math.exp, others))) + odds
    return anywhere(random, torch.tensor([*others, min(best, min(others) + 79)]))


def sure_row(random):
    odds = random.choice([SURE, random.uniform(SURE, 10), random.uniform(SURE, 60)])
    return (led(random, random.choice([0, 1, 3, 8]), odds),)


def open_row(random, number):
    """Nearly equal ones, or some that are just not 1.2 times as likely as the others."""
    ahead = random.choice([0, 1, number // 2, number // 2, random.randint(0, number)])
    row = 0.182 * (torch.arange(number) < ahead)
    return anywhere(random, random.choice([row, row, nearly(number).log()]))


def tail_row(random):
    number = random.choice([3, 30, random.randint(3, 30)])
    others = random.choice([300, 3000, random.randint(300, 3000)])
    row, good = tail(number, random.choice([0.96, 0.98, random.uniform(0.96, 0.98)]), others)
    order = torch.tensor(random.sample(range(len(row)), len(row)))
    return row[order] + random.choice([0.0, 5.0]), good[order]


def any_row(random):
    scale, number = random.choice([0.3, 2.0, 8.0]), random.randint(2, random.choice([4, 60, 300]))
    row = [max(-40.0, min(40.0, random.gauss(0, scale))) for _ in range(number)]
    if random.random() < 0.3:
        row = [float(round(x)) for x in row]  # with ties
    return (torch.tensor(row),)


def moved_row(random):
    """Logits without ties, an order for them, and a number that can be added exactly."""
    number = min(vocab(random), random.choice([6, 60, 1200]))
    near = min(number, random.choice([2, 3, 200]))  # so many less than 4 below the best
    far = random.sample(range(256, 64 * random.choice([24, 50, 78])), number - near)
    row = anywhere(random, torch.tensor([*random.sample(range(256), near), *far]) / -64)
    order = torch.tensor(random.sample(range(number), number))
    least, most = moves(row)
    return row, order, random.choice([least, most, random.randint(8 * least, 8 * most) / 8])


@check.once
def sure_and_open():
    example()
    for (row,), _ in check.drawn(check.nothing, any_row, cases=60):
        stays(my_cut, row)
    generator = random.Random(0)
    for level in range(LEVELS):
        odds = math.log((level + 0.5) / (LEVELS - level - 0.5))
        stays(my_cut, led(generator, generator.choice([0.3, 2, 8]), odds))
    for (row,), _ in check.drawn(check.nothing, sure_row, cases=100):
        is_sure(my_cut, row)
    larger = [vocab(generator, 130) for _ in range(60)]
    for number in (*range(2, 130), *larger, *[4096] * 12):
        is_open(my_cut, open_row(generator, number))


def the_tail():
    sure_and_open()
    for (row, good), _ in check.drawn(check.nothing, tail_row, cases=60):
        cuts_tail(my_cut, row, good)


def the_places():
    sure_and_open()
    check.keeps(my_cut, any_row, why="The caller's logits must be the same after the call.")
    for (row, order, number), _ in check.drawn(check.nothing, moved_row):
        same_elsewhere(my_cut, row, order, number)


check.own(my_cut, any_row)
points = 2.0 * check.passes("sure, open", sure_and_open)
points += check.passes("tail", the_tail)
points += check.passes("places", the_places)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="A colleague's half" points=0
# A colleague sets *p* = 0.5 for everything, "so that the model stays on topic". Answer in three sentences:
# what does *p* = 0.5 change where the model is sure, what does it change after `the`, and what would you
# suggest?

# %% [markdown] answer="explain_half"
# ### BEGIN SOLUTION
# Where one token is sure it changes nothing: the nucleus is that token at 0.5 as at 0.9. After `the`
# it cuts the hundreds of words that share the other half, among them most of those that a human
# would have written, so that texts get plainer and more alike. Top-p knows likely from unlikely and
# not on topic from off topic: keep it at 0.9 or 0.95, and say what the topic is in the prompt.
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
# - [holtzman2020] [The Curious Case of Neural Text Degeneration](https://arxiv.org/abs/1904.09751), 2020 (first online
#   in 2019)
# - [transformers2026] [transformers](https://github.com/huggingface/transformers), [vllm2026]
#   [vLLM](https://github.com/vllm-project/vllm), [llamacpp2026]
#   [llama.cpp](https://github.com/ggml-org/llama.cpp): their sampling code, as read in 2026

# %% [markdown]
# - [llamacpp1953], [reasoning164], [fishspeech1171]: the crossing token, in
#   [llama.cpp](https://github.com/ggml-org/llama.cpp/pull/1953), 2023,
#   [a book](https://github.com/rasbt/reasoning-from-scratch/issues/164) and
#   [a speech model](https://github.com/fishaudio/fish-speech/pull/1171), 2026
# - [fishspeech1150] The order, in [a speech model](https://github.com/fishaudio/fish-speech/pull/1150), 2026
# - [chatrwkv170] [*p* = 1 in a chat program](https://github.com/BlinkDL/ChatRWKV/pull/170), 2023
#
# What each is cited for stands in the course's `quizzes/references.md`.

# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What a cutoff should know
#
# A friend wants bolder stories. He was told: turn the temperature up to 2, and leave top-p at 0.9.
# Nonsense lives in the last tenth of the probability, and top-p cuts that off. So he did. Then he put
# *another cut* in the place of top-p: same model, same heat, same dice. One of his two texts is a
# story. What did that cut know?

# %% [markdown]
# > **About 120 minutes, with a pause before top-nσ** · difficulty ●●●●○
# >
# > You need temperature, top-p, entropy, perplexity (02, 04, 07). Afterwards you can
# > - say what each of ten newer samplers looks at, and work out by hand what it keeps;
# > - build min-p and top-h, and repair two real samplers;
# > - design a cut that heat and tail cannot fool;
# > - weigh a dispute about a cut, with measurements of your own.

# %% [markdown]
# **Recall.** 1. A toy gives five words 85%, 8%, 4%, 2%, 1% after `Once upon a`, and 26%, 22%, 20%, 17%,
# 15% after `She saw a`. How many does top-p 0.9 keep? 2. One token is nine times as likely as another.
# And at *T* = 2? 3. All tokens of a text had probability 1/8. Perplexity?
#
# <details><summary>Answers</summary>
#
# 1. Two, and five (four hold 85%). 2. Three times. 3. 8.
# </details>
#
# Folded below: imports and helpers.

# %% locked="setup" jupyter={"source_hidden": true}
import math

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.explore.frontier import STORIES, read_human
from course_utils.explore.plots.style import DRAWN, INK, KEPT, QUIET
from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import distinct_n, perplexity, seq_rep_n
from course_utils.penalties import dry
from course_utils.sampling import (
    epsilon_cutoff,
    eta_cutoff,
    min_p,
    mirostat_update,
    p_less,
    temperature,
    top_h,
    top_k,
    top_n_sigma,
    top_p,
    typical_p,
    xtc,
)

SURE_WORDS = ("time", "day", "year", "night", "hill")  # after "Once upon a"
OPEN_WORDS = ("fox", "man", "bird", "ship", "light")  # after "She saw a"
SURE = torch.tensor([0.85, 0.08, 0.04, 0.02, 0.01]).log()
OPEN = torch.tensor([0.26, 0.22, 0.20, 0.17, 0.15]).log()
TOYS = ((SURE_WORDS, SURE), (OPEN_WORDS, OPEN))


def stay(words, logits):
    """The words that are not cut."""
    return ", ".join(w for w, x in zip(words, logits.tolist(), strict=True) if math.isfinite(x))


def count(logits):
    """How many tokens are not cut."""
    return int(logits.isfinite().sum())


# %% jupyter={"source_hidden": true}
model = storyteller.load()
PROMPTS = ("Once upon a", "The king said to his", "She saw a")
ROWS = [model.next_logits(prompt) for prompt in PROMPTS]  # one sure, two open
king = ROWS[1]
another = Settings(temperature=2.0, min_p=0.1)


def story(process, prompt="Once upon a time", tokens=40, seed=0):
    """The prompt and what the Storyteller adds to it."""
    return prompt + "".join(step.text for step in generate(model, prompt, process, tokens, seed))


# %%
print("top-p 0.9:   ", story(Settings(temperature=2.0, top_p=0.9)), end="\n\n")
print("another cut: ", story(another))

# %% [markdown]
# Both may draw only from what they keep. So look at what they keep, one word earlier, after `Once
# upon a`. There the model is 99.7% sure of ` time`.
#
# **Predict.** At *T* = 1 top-p 0.9 keeps that one token. How many of the 4,096 does it keep at *T* = 2:
# still 1, about 30, or more than 1,000?

# %%
for T in (1.0, 1.5, 2.0):
    hot = ROWS[0] / T
    print(f"T = {T}: time has {hot.softmax(-1).max():.1%}", end="   ")
    print(f"top-p keeps {count(top_p(hot, 0.9)):>5,}   another keeps {count(min_p(hot, 0.1))}")

# %% [markdown]
# Heat took more than half of what ` time` had and spread it over 4,095 others, a crumb for each. Top-p
# has a quota to fill. ` time` alone is 44%, so it gathers crumbs until it has 90%, and that takes
# 1,314 of them. It cannot see that they are crumbs. All it knows is *how much it has so far*.

# %%
explore.Playground(
    "Once upon a time",
    settings=Settings(temperature=2.0, top_p=0.9),
    knobs=["temperature", "top_p"],
    samples=2,
    max_new_tokens=40,
)

# %% [markdown]
# 1. Leave *T* at 2 and lower top_p to 0.3. What happens? (Pieces of sentences come back. So top-p is not
#    broken. Its *number* no longer fits. Keep this in mind for the end.)
# 2. Now set *T* to 1, and leave 0.3. What is wrong now? (`and a son, and a son`. Each *T* wants its own
#    top_p.)
#
# So: **what should a cutoff know?** Every section from here on gives another answer.

# %% [markdown]
# ## Know the token itself: epsilon
#
# The plainest answer: look at one token at a time. It stays if its own probability is at least ε, a
# small number that you choose. That is **epsilon** sampling [hewitt2022]. In our story it works: at
# *T* = 2 ` time` has 44%, every crumb has less than 1%, and ε = 0.03 keeps ` time` alone.

# %% [markdown]
# **Predict.** But what will ε = 0.03 do after `The king said to his`, where many words fit?

# %%
for T in (1.0, 2.0):
    hot = king / T
    best = hot.softmax(-1).max()
    print(f"T = {T}: the best has {best:.1%}, epsilon keeps {count(epsilon_cutoff(hot, 0.03))}")

# %% [markdown]
# At *T* = 2 not even the best token has 3%, so nothing reaches the bar. Epsilon then keeps the best one,
# by a rule of its own that saves it from an empty set. Just where the model has most to say, it is
# made to say one thing. A fixed bar is too high for open rows or too low for sure ones. It has to
# move with the row. By what?

# %% [markdown]
# ## Know the best: min-p
#
# **Min-p** measures each token against the best one: it stays if it is at least *m* times as likely
# [nguyen2025]. With *m* = 0.1 the bar for `time`, 85%, is at 8.5%. For `fox`, 26%, it is at 2.6%.
#
# **Predict.** Which words of our two toys stay?

# %%
for words, logits in TOYS:
    print(f"top-p 0.9: {stay(words, top_p(logits, 0.9)):<30} min-p 0.1: ", end="")
    print(stay(words, min_p(logits, 0.1)))

# %% [markdown]
# `day` has 8%, just below the bar, so `time` is alone. Where the model is open the bar is low, and
# all five stay. In the story's row ` time` has 44% at *T* = 2, the bar is at 4.4%, and no crumb comes
# near it. Min-p was the other cut.

# %% [markdown]
# ## The formula
#
# $$p_i \ge m \, p_{\max} \quad\Longleftrightarrow\quad z_i \ge z_{\max} + \ln m$$
#
# A ratio of probabilities is a difference of logits, so min-p needs no softmax. If *T* comes first,
# all gaps shrink, and a token *T* times as far below the best gets in.
#
# **Predict.** The logits are 5, 3 and 1, and ln 0.1 is −2.3. How many stay at *T* = 0.5, 1 and 2?

# %%
logits = torch.tensor([5.0, 3.0, 1.0])
for T in (0.5, 1.0, 2.0):
    print(f"T = {T}: gaps {((5 - logits) / T).tolist()}, {count(min_p(logits / T, 0.1))} kept")

# %% [markdown]
# So heat moves min-p as well, only much less than top-p. Remember this too.

# %% [markdown]
# ## Build it: min-p
#
# > difficulty ●●●○○ · importance ●●●●● · 10 minutes
#
# You may use PyTorch, but not the course's functions. It is scored below, so read its description
# closely.
#
# <details><summary>Hint</summary>
#
# Compare each logit with the largest of its own row plus ln *p*. What is ln 0?
# <details><summary>More</summary>
#
# `.max(dim=-1, keepdim=True).values` is the best of each row, `torch.tensor(0.0).log()` is −inf, and
# `.masked_fill(mask, -torch.inf)` makes a new tensor.
# </details>
# </details>


# %% answer="my_min_p"
def my_min_p(logits, p):
    """Keep every token at least p times as likely as the best one of its row.

    logits: (..., vocab), float32, some perhaps at -inf, but not a whole row; they are left as they
    are. p: from 0, which keeps all, to 1, which keeps the best and its equals.
    Returns a tensor of the same shape: kept logits as they were, the others at -inf.
    """
    ### BEGIN SOLUTION
    bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(p)).log()
    return logits.masked_fill(logits < bar, -torch.inf)
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It gives no points, only reasons.

# %%
for name, logits, p, expect in (
    ("sure, p = 0.1", SURE, 0.1, {0}),
    ("sure, p = 0.05", SURE, 0.05, {0, 1}),
    ("open, p = 0.7", OPEN, 0.7, {0, 1, 2}),
):
    why = "Which tokens have at least p times the probability of the best? Work it out by hand."
    check.passes(name, check.kept, my_min_p, logits, p, expect=expect, why=why)

# %% [markdown]
# Now your own function draws, with *T* fixed at 2. While it is not written, or wrong, the explorer says
# so below the picture.
#
# **Predict.** At *T* = 1 ` there` has 66% and the comma 17.5%. From which min_p on will ` there` be
# alone here: 0.26, 0.52 or 0.75?

# %%
explore.Distribution("Once upon a time", knobs=["min_p"], temperature=2.0, strategy=my_min_p)

# %% [markdown]
# 1. Were you right? (0.52: heat takes the root of the ratio, 0.175/0.66.)
# 2. Set min_p to 0.1. How many tokens stay? (7.)
#
# Next, along a whole passage, at *T* = 1. **Predict.** Top-p 0.9 keeps between 1 and 360 tokens there.
# Will your min-p 0.1 keep more or fewer at the open steps?

# %%
explore.AdaptiveCutoff(strategy=my_min_p, knob="min_p")

# %% [markdown]
# 1. What are the medians of top_p 0.9 and min_p 0.1? (48 and 4.) And how many of the text's own 38
#    tokens does each cut? (5 and 9.)
# 2. Lower min_p until it cuts 5 as well. Which of the two keeps fewer tokens at its widest step?
#    (At 0.01, min-p: 167 against 360.)

# %% [markdown]
# **Find it.** A library's min-p did this to a row whose best token has number 1 [mamba927]. The first
# line is what it kept, the second what it should have kept. Where did it look for the best?

# %%
logits = torch.tensor([-4.0, 5.0, 3.0, 1.0])
print("kept:  ", [i for i in range(4) if logits[i] >= logits[0] + math.log(0.1)])
print("should:", min_p(logits, 0.1).isfinite().nonzero().flatten().tolist())

# %% [markdown]
# <details><summary>Answer</summary>
#
# At place 0. That is the best one only if somebody has sorted the row before. With one row there is no
# error message: the text just gets wilder.
# </details>
#
# One token does not say much about a row. Two rows may have the same best token at 40%, one with a rival
# at 39%, one with six hundred crumbs. Min-p sets the same bar for both. Could a cut look at *all*
# tokens?

# %% [markdown]
# ## Know the whole row: p-less
#
# Here is a game. Draw two tokens from the row, one after the other. How likely is it that they are
# the same? Two `time`s come with 0.85 · 0.85, two `day`s with 0.08 · 0.08, and so on. Together that is
# the sum of the squares.
#
# **Predict.** Is it near 0.2, 0.5 or 0.7 for the sure toy? And for the open one?

# %%
for words, logits in TOYS:
    probs = logits.softmax(-1)
    same = probs.square().sum()
    print(f"twice the same: {same:.3f}   at least as likely: {stay(words, p_less(logits))}")

# %% [markdown]
# A sure model says the same thing twice, an open one does not. **P-less** takes this chance as its bar:
#
# $$p_i \ge \sum_j p_j^2$$
#
# There is no number to choose, so it is named p-less [tan2025]. Of *n* equal tokens the sum is *n* · 1/*n*²
# = 1/*n*, and all of them stay. It cannot end with an empty set. Why not?

# %% [markdown]
# <details><summary>Answer</summary>
#
# The sum is an average of the probabilities, each weighed by itself. The largest is never below an
# average.
# </details>
#
# "No knob" does not mean "no decision". Of our five open words, all nearly as good, it keeps two: a
# strict bar, which the authors chose for you by choosing the square. Is it less easily fooled by heat?

# %%
print(f"{'':<21}{'T':>3}{'top-p 0.9':>12}{'min-p 0.1':>12}{'p-less':>12}")
for prompt, row in zip(PROMPTS, ROWS, strict=True):
    for T in (1.0, 2.0):
        counts = [count(cut) for cut in (top_p(row / T, 0.9), min_p(row / T, 0.1), p_less(row / T))]
        print(f"{prompt:<21}{T:>3.0f}" + "".join(f"{n:>12,}" for n in counts))

# %% [markdown]
# At *T* = 2 p-less keeps somewhat fewer tokens than min-p 0.1, and both keep far fewer than top-p. It looks at the whole row, and behaves much as if it looked at the
# best. That is no accident: in a sum of squares large numbers count most.
#
# What else could one ask of a whole row? How much *doubt* there is.

# %% [markdown]
# ## Know the doubt: eta and top-h
#
# Entropy is the surprise to expect, a measure of doubt. **Eta** sampling is epsilon with a bar that
# sinks where the entropy *H*, in nats, is high [hewitt2022]:
#
# $$\eta = \min\big(\varepsilon,\ \sqrt{\varepsilon}\, e^{-H}\big)$$
#
# Of *n* equal tokens *e*^−*H* is 1/*n*. So of 4,096 equal ones, with ε = 0.0009, the bar is 0.03/4,096, and
# all stay.

# %% [markdown]
# But heat makes doubt too. **Predict.** How many does eta keep after `The king said to his`,
# at *T* = 2?

# %%
for T in (1.0, 2.0):
    print(f"T = {T}: eta keeps {count(eta_cutoff(king / T, 9e-4)):,}")

# %% [markdown]
# Eta takes the heat for doubt of the model, and lets most tokens in.
#
# **Top-h** gives doubt a *budget*. Every token brings a part of the entropy, −*p* log *p*. Take the likeliest tokens for as long as their parts sum to at most *h* times the whole
# entropy [potraghloo2025]. (The best one always stays.)
#
# **Predict.** `time` holds 85% of the sure row's probability. Which part of its doubt: more than 85%, or
# less?

# %%
for words, logits in TOYS:
    parts = torch.special.entr(logits.softmax(-1))
    shares = (parts / parts.sum()).tolist()
    print(", ".join(f"{word} {share:.0%}" for word, share in zip(words, shares, strict=True)))
    print("   kept with h = 0.6:", stay(words, top_h(logits, 0.6)))

# %% [markdown]
# Only 23%: that it comes is no surprise. `day` comes seldom, and brings more doubt than `time` does. In
# both toys two words fit into 60% of the doubt, 23% + 34% and 22% + 21%, and three do not.

# %% [markdown]
# ## Build it: top-h
#
# > difficulty ●●●○○ · importance ●●●○○ · 10 minutes
#
# Now the whole rule, for one row. You may use PyTorch, but not the course's functions.

# %% [markdown]
# <details><summary>Hint</summary>
#
# Sort the logits, as you did for top-p: `logits.sort(descending=True, stable=True)` gives the values
# and their places. `torch.special.entr` gives −*p* ln *p*, and 0 for *p* = 0. Then `cumsum`.
# <details><summary>More</summary>
#
# `kept = parts.cumsum(0) <= h * parts.sum()`, then `kept[0] = True`. Make a new row of −inf and write
# the kept logits into their places: `new[order[kept]] = values[kept]`.
# </details>
# </details>


# %% answer="my_top_h"
def my_top_h(logits, h):
    """Keep the likeliest tokens while their parts of the entropy sum to at most h of the whole.

    logits: (vocab,), one row, float32, some perhaps at -inf, but not all; left as they are. Of
    equal logits the one with the lower id comes first. h: above 0 and below 1.
    Returns a tensor of the same shape: kept logits as they were, the others at -inf. The likeliest
    token stays, whatever its part.
    """
    ### BEGIN SOLUTION
    values, order = logits.sort(descending=True, stable=True)
    parts = torch.special.entr(values.double().softmax(dim=0))
    kept = parts.cumsum(dim=0) <= h * parts.sum()
    kept[0] = True
    new = torch.full_like(logits, -torch.inf)
    new[order[kept]] = values[kept]
    return new
    ### END SOLUTION


# %%
for name, logits, h, expect in (
    ("sure, h = 0.6", SURE, 0.6, {0, 1}),
    ("sure, h = 0.2", SURE, 0.2, {0}),
    ("four equal tokens, h = 0.6", torch.zeros(4), 0.6, {0, 1}),
    ("another order", torch.tensor([0.125, 0.5, 0.125, 0.25]).log(), 0.6, {1, 3}),
):
    why = "Sort, take each token's -p log p, and add up. How much is h of the whole?"
    check.passes(name, check.kept, my_top_h, logits, h, expect=expect, why=why)

# %% [markdown]
# **Two rules, one name.** The paper, and the text that brought top-h into `transformers` in 2025, say
# something else: the entropy *of the kept tokens among themselves*, their shares made to sum to 1
# again, is to be at most *h* times the whole [transformers40837]. What the library runs adds up parts,
# as you did, and looks at the 100 likeliest tokens only.
#
# **Predict.** At *T* = 2, which keeps more: the words or the code?


# %%
def as_described(logits, h):
    """How many tokens the rule in words keeps: the entropy among the kept ones counts."""
    probs = logits.softmax(-1).sort(descending=True).values
    most, kept = h * torch.special.entr(probs).sum(), 1
    while torch.special.entr(probs[: kept + 1] / probs[: kept + 1].sum()).sum() <= most:
        kept += 1
    return kept


for T in (1.0, 2.0):
    hot = king / T
    print(f"T = {T}: in words {as_described(hot, 0.4)}, parts {count(top_h(hot, 0.4))}", end=", ")
    print(f"parts of the best hundred {count(top_h(top_k(hot, 100), 0.4))}")

# %% [markdown]
# Three answers from one name. At *T* = 2 the parts let in more than ten times as many tokens as the
# words do, and looking at a hundred tokens only hides the difference. If you compare cuts by name,
# first ask which code has run. (This is the middle of the module, and a good place for a pause.)

# %% [markdown]
# All cuts so far look at probabilities, and heat moves all of them, some a lot, some a little. Is there
# something to look at that heat does not move?

# %% [markdown]
# ## Know the spread: top-nσ
#
# **Top-nσ** looks at logits. It keeps those at most *n* standard deviations σ below the best
# [tang2024]:
#
# $$z_i \ge z_{\max} - n\,\sigma$$
#
# **Predict.** Dividing by *T* makes all gaps smaller. What does it do to σ? So which column below will
# not move?

# %%
print("        min-p 0.1   p-less  top-nσ")
for T in (1, 2, 3):
    x = temperature(king, float(T))
    counts = [count(cut) for cut in (min_p(x, 0.1), p_less(x), top_n_sigma(x, 1.0))]
    print(f"T = {T}  " + "".join(f"{n:>9}" for n in counts))

# %% [markdown]
# Gaps and σ shrink together. The same 20 tokens stay at every *T*: heat changes how they are mixed, not
# who they are. For our friend that is the clean answer: *the temperature is a wish of the user, and not
# news about the row.* The price is that a sure row and the same row made open by heat are one to it.

# %% [markdown]
# And there is an objection [ding2026]. σ is taken over the *whole* vocabulary. **Predict.** We add a
# thousand tokens that nobody will ever draw. Whose count changes?

# %%
hopeless = torch.full((1000,), king.min().item())
longer = torch.cat([king, hopeless])
CUTS = {
    "min-p 0.1": lambda x: min_p(x, 0.1),
    "p-less": p_less,
    "top-nσ": lambda x: top_n_sigma(x, 1.0),
}
for name, cut in CUTS.items():
    print(f"{name:<10}{count(cut(king)):>3} tokens before, {count(cut(longer)):>3} after")

# %% [markdown]
# The hopeless thousand drag σ up, from 20 kept tokens to 75. Heat cannot move top-nσ, but
# the tail can. The tail cannot move min-p and p-less, but heat can. Is there a cut that neither moves?

# %% [markdown]
# ## Build it: a cut of your own
#
# > difficulty ●●●●○ · importance ●●●●● · 15 minutes · there are many right designs
#
# Design one. It gets the logits of one row, and has to keep four promises:

# %% [markdown]
# 1. **tidy**: what it cuts is −inf, what it keeps is as it was, the input stays as it is, and no token
#    is cut that is likelier than a kept one;
# 2. **cliff**: up to 12 good tokens are alike, all others lie far below: it keeps the good ones and no
#    other;

# %% [markdown]
# 3. **heat**: dividing all logits by a temperature from 0.5 to 4 changes nothing about which tokens
#    stay; nor does adding a number to all, which leaves every probability as it was;
# 4. **tail**: behind at least 64 ordinary tokens come hundreds of hopeless ones, or of banned ones at
#    −inf: the same tokens stay as without them.
#
# Promises 3 and 4 count only together with 1 and 2. The course's functions may be called.


# %% locked="promises" jupyter={"source_hidden": true}
def made(cutter, logits):
    """What the design makes of a copy; AssertionError unless it is a row with a token to draw."""
    result = check.call(cutter, logits.clone())
    assert result is not None, "Not written yet: your function returns None."
    assert type(result) is torch.Tensor, f"Return a tensor, not a {type(result).__name__}."
    assert result.shape == logits.shape, f"Keep the shape; yours is {tuple(result.shape)}."
    assert not result.isnan().any(), "There is a NaN in your result."
    assert result.isfinite().any(), "No token is left to draw."
    return result


def kept_by(cutter, logits):
    return made(cutter, logits).isfinite()


def cliff_row(good):
    """So many good tokens, falling by 1/32, and 100 others, 6 and more below, falling by 1/16."""
    best = -torch.arange(good) / 32
    return torch.cat([best, -6 - torch.arange(100) / 16])


def tidy(cutter, logits=None):
    row = cliff_row(5).flip(0) if logits is None else logits
    given = row.clone()
    result = check.call(cutter, given)
    made(cutter, row)
    assert torch.equal(given, row), "Its input was changed. Make a new tensor."
    kept = result.isfinite()
    assert torch.equal(result[kept].double(), row[kept].double()), "A kept logit is not as it was."
    assert result[~kept].isneginf().all(), "What is cut must be at -inf."
    cut = row[~kept]
    assert not len(cut) or cut.max() <= row[kept].min(), (
        "A token was cut that is likelier than a kept one."
    )


def cliff(cutter):
    for n in (1, 3, 8, 12):
        kept = kept_by(cutter, cliff_row(n))
        right = int(kept[:n].sum()), int(kept[n:].sum())
        assert right == (n, 0), f"Of {n} good tokens it keeps {right[0]}, of the others {right[1]}."


def slope():
    """100 ordinary tokens, falling by uneven steps, on a grid of 1/32."""
    steps = torch.arange(100) % 7 + 1 + 40 * (torch.arange(100) % 9 == 4)
    return -steps.cumsum(0) / 32


def heat(cutter, row=None, ways=((0.5, 0.0), (2.0, 0.0), (4.0, 0.0), (1.0, 64.0), (1.0, -64.0))):
    row = slope() if row is None else row
    before = kept_by(cutter, row)
    for T, added in ways:
        n, now = int(before.sum()), kept_by(cutter, row / T + added)
        word = f"Divided by {T:g}" if T != 1 else f"With {added:g} added to all"
        assert torch.equal(now, before), f"{word} it keeps {int(now.sum())} tokens, before {n}."


def tail(cutter, row=None, below=(50.0,), counts=(300, 900)):
    row = slope() if row is None else row
    before = kept_by(cutter, row)
    for n in counts:
        for deep in (*below, torch.inf):
            now = kept_by(cutter, torch.cat([row, (row.min() - deep).expand(n)]))
            word = f"With {n} {'hopeless' if deep < torch.inf else 'banned'} tokens more"
            assert torch.equal(now[: len(row)], before) and not now[len(row) :].any(), (
                f"{word} it keeps {int(now.sum())} tokens, before {int(before.sum())}."
            )


# %% [markdown]
# <details><summary>Hint</summary>
#
# For *heat*, compare gaps with other gaps. For *tail*, take those gaps from a few of the likeliest
# tokens only.
# <details><summary>More</summary>
#
# Some ways: σ of the best tokens in place of all; half-way between the best and the 30th; the widest
# gap among the first so many (where a slope has no widest gap, what then?).
# </details>
# </details>


# %% answer="my_cutoff"
def my_cutoff(logits):
    """A cut that neither heat nor tail can move: see the four promises.

    logits: (vocab,), one row, float32, with at least 64 tokens that are not at -inf.
    Returns a new tensor (vocab,): kept logits as they were, the others at -inf.
    """
    ### BEGIN SOLUTION
    best = logits.topk(30).values
    return logits.masked_fill(logits < (best[0] + best[-1]) / 2, -torch.inf)
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It gives no points, only reasons.

# %%
for promise in (tidy, cliff, heat, tail):
    check.passes(promise.__name__, promise, my_cutoff)

# %% [markdown]
# And the friend's story? Above, the knobs as he had them. Below, your cut, at the same *T* = 2.


# %%
def cool_headed(logits, ids):
    """Heat, then your cut. The other way round would give the same texts."""
    return my_cutoff(temperature(logits, 2.0))


explore.Playground(
    "Once upon a time",
    settings=Settings(temperature=2.0, top_p=0.9),
    knobs=["temperature", "top_p"],
    process=cool_headed,
    samples=1,
    max_new_tokens=40,
)

# %% [markdown]
# 1. Is your text whole where the other falls apart? Bold or tame? (With half-way to the 30th: whole, and
#    rather tame.)
# 2. Make your cut more generous, say three quarters of the way, then nine tenths. What happens to the
#    text, and which promise breaks? (It gets bolder. At nine tenths the cliff is lost.)
#
# All cuts so far agree on one thing: the likeliest token stays. Is that so clear?

# %% [markdown]
# ## Know what is expected: typical
#
# People do not always say the likeliest thing. **Typical** sampling says: a good word is about as
# surprising as one expects at this place, neither dull nor wild [meister2023]. Sort the tokens by how far their surprise is from the entropy, nearest first, and keep
# until they hold *p* of the probability.

# %%
surprise = -king.log_softmax(-1)
expected = torch.special.entr(king.softmax(-1)).sum()
typical = typical_p(king, 0.2)
print(f"expected {expected:.2f} nats, {count(typical)} tokens stay")
for i in king.topk(7).indices.tolist():
    far = abs(surprise[i] - expected)
    word = "stays" if typical[i].isfinite() else "cut"
    print(f"{model.tokenizer.decode([i]):<10} {surprise[i]:.2f} nats, off by {far:.2f}  {word}")

# %% [markdown]
# ` wife` and ` daughter`, the two likeliest, are cut *because* they are likely. **XTC**, "exclude top
# choices", is bolder still. With some chance it removes all tokens that reach a threshold, except the
# least likely of them, so that one good word is left [textgen6335].
#
# **Predict.** What stays of our two toys at the threshold 0.1, when it fires?

# %%
fires = torch.Generator().manual_seed(0)
for words, logits in TOYS:
    print("XTC 0.1: ", stay(words, xtc(logits, 0.1, 1.0, fires)))

# %% [markdown]
# Of the sure toy only `time` reaches 0.1. It is then also the least likely that does, so nothing is cut.
# Of the open toy all five do, and only `light` is left. A user who signs as p-e-w proposed XTC in 2024,
# and others report that they like it. We found no controlled study.
#
# **Find it.** In spring 2026 a library's threshold was 0 unless somebody set it [mlxlm1036]. What did XTC
# leave then?

# %% [markdown]
# <details><summary>Answer</summary>
#
# Every token reaches 0. So all go but the least likely of the whole vocabulary, which is drawn for
# sure. With a cut that takes away from above, 0 is not "off".
# </details>
#
# All that these cuts know is one row. None of them knows what has been written.

# %% [markdown]
# ## Know the past: DRY and mirostat
#
# **DRY**, "don't repeat yourself", looks back at the text. The penalties of module 05 hit every ` the`.
# DRY hits only a token that would *prolong* a repetition: if the last *n* tokens stood in the text
# before, what came next there loses multiplier · base^(*n* − allowed), and nothing while *n* is below
# what is allowed [textgen5677].

# %%
text = torch.tensor([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5])
for n in range(1, 6):
    so_far = text[: 6 + n]
    after = dry(torch.zeros(8), so_far, multiplier=0.8, base=1.75, allowed_length=2)
    print(f"{n} repeated: token {so_far[-1] + 1} loses {after.abs().max():.2f}")

# %% [markdown]
# Single words cost nothing, long repeats cost more with each token, and so no loop can last. Greedy
# choice needs this most:


# %%
def greedy(logits, ids):
    return top_k(logits, 1)


def greedy_dry(logits, ids):
    return top_k(dry(logits, ids), 1)


for process in (greedy, greedy_dry):
    steps = list(generate(model, "Once upon a time", process, 40))
    looped = seq_rep_n([step.token for step in steps], 4)
    print(f"{process.__name__}: {looped:.0%} of the runs of four are repeats")
    print("Once upon a time" + "".join(step.text for step in steps), end="\n\n")

# %% [markdown]
# **Mirostat** remembers surprises. You name a target τ, in bits. It cuts what is more surprising than μ,
# draws, and corrects: μ falls after a token that surprised more than τ, and rises after one that
# surprised less [basu2021].
#
# $$\mu \leftarrow \mu - \eta \, (\text{surprise} - \tau), \qquad \mu_0 = 2 \tau$$
#
# It is a thermostat: not one row, but the *text* shall be this surprising. (Its η is a step, 0.1, and no
# relative of eta sampling.)

# %% [markdown]
# **Predict.** With τ = 2, μ starts at 4. A token of 1/8, three bits, comes first. Then one of 1/2. Where is
# μ after each?

# %%
mu = 4.0
for probability in (1 / 8, 1 / 2):
    mu = mirostat_update(mu, -math.log2(probability), tau=2.0, eta=0.1)
    print(f"after a token of {probability}: mu = {mu:.1f}")

# %% [markdown]
# So we have ten answers to one question. Which is *better*? About one of them, min-p, people have been
# arguing since 2025. It is worth your time, since the argument is about how to compare anything.
#
# ## The dispute about min-p
#
# *The claim.* Better texts and more variety than top-p, above all at high temperatures, and people
# prefer them. It was a talk at ICLR 2025, one of the large conferences [nguyen2025].

# %% [markdown]
# *The objection*, June 2025. The study with people left out data and tested it wrongly. Give every
# method the same number of tries for its knobs, and no gain is left. The authors made a second study
# with people, and the critics see no gain in that one either [schaeffer2025].
#
# *The authors*, November 2025. The paper's eighth version keeps the claim, in softer words: people show
# "a preference", where the fourth had "a clear preference" [nguyen2025].

# %% [markdown]
# *2026.* P-less, tested against the same rivals, became a talk at ICLR 2026 [tan2025]. In the same
# April one of the critics wrote that a talk there, on this very topic, repeats the old mistakes
# [schaeffer2026]. Neither side has changed its mind, and we found no study by a third.
#
# You have a model, both cuts, and the tools of module 07. So look for yourself.

# %% [markdown]
# ## First the claim
#
# Five openings of stories that the model has never read, ten texts a setting. We measure the
# perplexity of what is written, under the model itself, and compare with what *people* wrote there.
#
# **Predict.** At *T* = 2, will top-p 0.9 be 2, 5 or 50 times above people? And top-p with *T* last?


# %%
def written(process, texts=10, tokens=20):
    """Token ids of texts that go on from the five openings, and every token's log-probability."""
    prompts = list(STORIES) * (texts // 5)
    ids, logprobs = [[] for _ in prompts], []
    for steps in generate_batch(model, prompts, process, tokens):
        for text, step in zip(ids, steps, strict=True):
            if step is not None:
                text.append(step.token)
                logprobs.append(step.logprob)
    return ids, logprobs


# %%
HUMAN = math.exp(-read_human(STORIES).logprob)
HEATS = (1.0, 1.5, 2.0, 3.0)
RECIPES = {
    "top-p 0.9": lambda T: Settings(temperature=T, top_p=0.9),
    "min-p 0.1": lambda T: Settings(temperature=T, min_p=0.1),
    "top-p 0.9, T last": lambda T: lambda logits, ids: top_p(logits, 0.9) / T,
}
found = {}
for name, recipe in RECIPES.items():
    found[name] = [perplexity(written(recipe(T))[1]).item() for T in HEATS]

# %% jupyter={"source_hidden": true}
chart = explore.Chart(x="temperature", y="perplexity (log scale)", height=3.4)
for (name, values), look in zip(
    found.items(), ((DRAWN, "s"), (KEPT, "o"), (QUIET, "^")), strict=True
):
    colour, marker = look
    chart.axes.semilogy(HEATS, values, color=colour, marker=marker)
    chart.label(3.05, values[-1], name, colour)
chart.axes.axhline(HUMAN, color=INK, linestyle=":")
chart.label(3.05, HUMAN * 0.75, "people", INK)
chart.axes.set(xlim=(0.9, 3.75), xticks=HEATS)
said = "; ".join(f"{name} {v[2]:,.0f} and {v[3]:,.0f}" for name, v in found.items())
chart.says(f"Perplexity at T 2 and 3: {said}; people {HUMAN:.0f}.")

# %% [markdown]
# The claim holds on our model: at *T* = 2 top-p's texts are about 40 times as perplexing as people's,
# min-p's are about like them. That is the friend's story, in numbers.
#
# But top-p with *T* *last* does as well as min-p, and at *T* = 3, where min-p is lost too, it is still
# near people. It chooses its tokens before the heat comes. So a part of min-p's lead is *order*.

# %% [markdown]
# ## Then the objection
#
# 0.9 and 0.1 are just two numbers, and you saw at the start what top-p 0.3 does. So give both cuts
# three values, at *T* = 2. At equal perplexity, whose words are more varied (distinct-1, the share of
# tokens that are new)? P-less has no value to try, and yours is as you made it: a dot each.
#
# **Predict.** Will min-p's curve lie above top-p's?

# %%
TRIED = {
    "min-p": {m: Settings(2.0, min_p=m) for m in (0.3, 0.1, 0.05)},
    "top-p": {p: Settings(2.0, top_p=p) for p in (0.1, 0.3, 0.4)},
    "p-less": {"": lambda logits, ids: p_less(logits / 2)},
}
if check.passes("your cut is tidy", tidy, my_cutoff):
    TRIED["yours"] = {"": cool_headed}

tuned = {}
for name, values in TRIED.items():
    for value, process in values.items():
        ids, logprobs = written(process, texts=40)
        sets = torch.tensor([distinct_n(ids[i : i + 5], 1) for i in range(0, 40, 5)])
        spread = sets.std().item() / 8**0.5
        tuned[name, value] = perplexity(logprobs).item(), sets.mean().item(), spread

# %% jupyter={"source_hidden": true}
chart = explore.Chart(x="perplexity (log scale)", y="distinct-1, sets of five texts", height=3.6)
LOOKS = {"min-p": (KEPT, "o"), "top-p": (DRAWN, "s"), "p-less": (QUIET, "^"), "yours": (INK, "D")}
for name, (colour, marker) in LOOKS.items():
    points = [(value, *numbers) for (cut, value), numbers in tuned.items() if cut == name]
    if points:
        shown, x, y, spread = zip(*points, strict=True)
        chart.axes.errorbar(x, y, yerr=spread, color=colour, marker=marker, capsize=2)
    for value, a, b, _ in points:
        above = {"min-p": -0.04, "yours": -0.06}.get(name, 0.03)
        chart.label(a * 0.92, b + above, f"{name} {value}".strip(), colour)

# %% jupyter={"source_hidden": true}
chart.axes.set_xscale("log")
chart.axes.set(xlim=(4, 130), ylim=(0.5, 0.95), xticks=(5, 10, 20, 50, 100))
chart.axes.set_xticklabels((5, 10, 20, 50, 100))
chart.axes.minorticks_off()
said = [
    f"{n} {v}: {a:.0f}, {b:.2f} ± {s:.2f}".replace(" :", ":") for (n, v), (a, b, s) in tuned.items()
]
chart.says("Perplexity and distinct-1 at T 2. " + "; ".join(said) + ".")

# %% [markdown]
# Two curves that one cannot tell apart (the bars: one standard error of eight sets). At *T* = 2 top-p
# 0.3 does what min-p 0.1 does, as far as these two measures can see. So the objection holds here *too*.
# P-less lies a little above both, by about two of its bars: a hint, not a proof.

# %% [markdown]
# Is that a contradiction? In the first figure each cut had one number, such as people use. In the
# second each had several. Both figures are right about what they measured.

# %% [markdown]
# What is left for min-p, on our small model and without a human judge: its one number need not be
# changed as soon when *T* changes. That is worth something to a person who turns knobs. It is not
# "better texts". Keep the direction, and forget our numbers.

# %% [markdown]
# When two studies disagree, ask first: how many settings did each side get? And when two *judges*
# disagree, say a statistic and people, ask what each of them sees, before you call one wrong.

# %% [markdown]
# ## What production systems do
#
# As of late 2026:
#
# - llama.cpp runs DRY, top-nσ, top-k, typical, top-p, min-p, XTC, and the temperature *last*. Min-p is on
#   by default, at 0.05 [llamacpp2026].
# - `transformers` runs the temperature first, then, if asked, top-h, top-k, top-p, min-p, typical, ε and
#   η [transformers2026].
# - vLLM has min-p. P-less was proposed there, and still waits for a reviewer [vllm45288].

# %% [markdown]
# So an engine's default has taken a side, for many who never heard of the dispute. Before you stack
# several cuts, ask what each still cuts after the others.
#
# ## Recap
#
# Both cuts of the story saw the same hot row. Top-p knew how much it had, and filled its quota with
# crumbs. Min-p knew the best token, at 44%, and no crumb came near a tenth of that.

# %% [markdown]
# Others know the whole row (p-less), its doubt (eta, top-h), its spread (top-nσ, which heat cannot
# move, but the tail can; neither moves yours), what is expected (typical, XTC) or the past (DRY, mirostat).

# %% [markdown]
# And the friend? Top-p before the heat, or 0.3 in place of 0.9, would have saved his story as well.
# What a cutoff should know, most of all, is *what the heat has done*, or it should come before the heat.
#
# One question stays: a cut chooses among *tokens*. If you may have sixteen whole texts, how do you
# choose among those? That is the next module.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores. Your builds from above are scored here too.

# %% [markdown] question="From top-p to min-p" points=1
# You replace `top_p = 0.9` by `min_p = 0.9`. Many do, says a min-p author [transformers30639]. What
# happens to the texts?
#
# - **A** Little: both settings keep about nine tenths of the probability.
# - **B** They turn to noise: nearly every token passes so high a value.
# - **C** They are nearly greedy: few tokens come so near to the best.
# - **D** They break off: at most steps no token has a probability of 0.9.

# %% answer="top_p_to_min_p"
answer_turned = ""  # "A", "B", "C" or "D"

# %% test="top_p_to_min_p"
check.choice(
    answer_turned,
    right="C",
    why={
        "A": "That is what top-p's number means. Min-p's number is compared with something else: "
        "see the section on min-p.",
        "B": "Does a higher bar let more tokens over it, or fewer? Put 0.9 into min-p's example.",
        "D": "The bar is not at 0.9. It is at 0.9 times a probability: which one?",
    },
)

# %% [markdown] question="Four logits and min-p" points=1
# What does this print? ln 0.1 is −2.3.
#
# ```python
# logits = torch.tensor([6.0, 4.5, 3.0, 0.0])
# left = min_p(logits / 2.0, 0.1)
# print(left.isfinite().nonzero().flatten().tolist())
# ```

# %% answer="four_logits_min_p"
answer_hot = []  # the list that is printed

# %% test="four_logits_min_p"
check.ids(
    answer_hot,
    right={0, 1, 2},
    why={
        (0, 1): "Those stay if the cut sees the logits before the division. What does it see here?",
        (0,): "Which gaps to the best logit are smaller than 2.3, once all are halved?",
        (
            *range(4),
        ): "The last token is 3.0 below the best after the division. Is that within 2.3?",
        (3,): "Those that stay are finite. You named the one that is cut.",
    },
    hint="Halve the logits, then compare each with the largest minus 2.3. See the formula.",
)

# %% [markdown] question="Your min-p" points=3
# Your `my_min_p` from **Build it** above, as its description says. One point each: the right tokens
# of one row; rows of a batch, of any shape; and *p* = 0 and *p* = 1, banned tokens and an input left
# as it was. With a call of the course's functions it gets none.


# %% test="my_min_p"
def one_row():
    for logits, p, expect in ((SURE, 0.1, {0}), (SURE, 0.05, {0, 1}), (OPEN, 0.7, {0, 1, 2})):
        check.kept(
            my_min_p,
            logits,
            p,
            expect=expect,
            why=f"At p = {p}, which tokens have at least p times the best one's probability?",
        )


points = 1.0 * check.passes("one row", one_row)
### BEGIN HIDDEN TESTS
from course_utils import domains


def near_the_best(logits, p):
    """Row by row, by the gap to the best logit."""
    rows = []
    for row in logits.reshape(-1, logits.shape[-1]).tolist():
        gap = -math.log(p) if p else math.inf
        best = max(row)
        rows.append([x if best - x <= gap else -math.inf for x in row])
    return torch.tensor(rows).reshape(logits.shape)


def clear(logits, p):
    """Whether no gap is so near to the bar that rounding decides; equals are none."""
    if not p:
        return True
    best = logits.double().amax(dim=-1, keepdim=True)
    gaps = best - logits.double()
    return bool(((gaps + math.log(p)).abs() > 2e-5 + 1e-6 * best.abs())[gaps > 0].all())


def drawn(random, logits, some):
    """Logits and p; often a token stands close to the bar, on one side or the other."""
    while True:
        p, near = random.choice(some), logits.clone()
        if p and near.shape[-1] > 1 and random.random() < 0.5:
            best = near.max(dim=-1)
            place = (best.indices + random.randrange(1, near.shape[-1])) % near.shape[-1]
            off = random.choice([-1, 1]) * random.choice([4e-5, 9e-5, random.uniform(1e-4, 1e-3)])
            bar = (best.values + math.log(p) + off).minimum(best.values)
            near.scatter_(-1, place[..., None], bar[..., None])
        if clear(near, p):
            return near, p


def inner(random):
    some = [1e-12, 1e-12, 1e-6, 1e-3, 0.05, 0.1, 0.5, 0.9, 0.99, 0.995, 0.9995, 0.9995]
    return [*some, *(random.uniform(0.02, 0.98) for _ in range(12))]


def without_banned(logits):
    return logits.masked_fill(logits.isneginf(), -7.0)


def almost_one(random):
    """Rows of small logits, where a p that is next to 1 still decides."""
    p = 1 - random.choice([5e-5, 2e-5, 1e-5])
    parts = [0.0, *random.choices([0.0, 0.4, 0.6, 1.8, 3.0, 1e5], k=random.randint(1, 8))]
    best = random.choice([0.25, -0.5, 0.375])
    row = [best + part * math.log(p) for part in parts]
    random.shuffle(row)
    return torch.tensor(row), p


def single(random):
    if random.random() < 0.15:
        return almost_one(random)
    logits = without_banned(domains.logits(random))
    if random.random() < 0.05:  # a large vocabulary, of which many may stay
        logits = torch.tensor([random.gauss(0, 0.3) for _ in range(2000)])
    return drawn(random, logits, inner(random))


def batch(random):
    deep = [(2, 1, 3), (1, 2, 1, 2), (1, 1, 1, 1), (150,)]
    shape = random.choice([*deep, *(domains.shape(random) for _ in range(16))])
    return drawn(random, without_banned(domains.logits(random, shape)), inner(random))


def end(random):
    """Alike rows, so that only p and what is at -inf count. The best often has a near rival."""
    logits = domains.logits(random)
    if random.random() < 0.3 and logits.max().abs() < 100:
        logits[random.randrange(len(logits))] = logits.max() + random.choice([0.005, 2e-4])
    logits = logits.expand(*domains.shape(random), len(logits)).clone()
    p = random.choice([*[0, 0.0, 1, 1, 1.0] * 8, *inner(random)])
    return (logits, p) if clear(logits, p) else end(random)


def anything(random):
    return domains.batch(random), random.choice([0, 0.0, 1, 1.0, 1e-6, 0.05, 0.5])


def another_row():
    check.own(my_min_p, anything)
    one_row()
    check.against(
        near_the_best,
        my_min_p,
        single,
        why="The logits may all be negative, large or alike, and the best one may stand anywhere.",
    )


def batches():
    another_row()
    check.against(
        near_the_best,
        my_min_p,
        batch,
        why="Each row along the last dimension has a best token of its own.",
    )


def ends():
    another_row()
    check.against(
        near_the_best,
        my_min_p,
        end,
        why="p = 0 keeps every token, p = 1 the best and its equals; -inf stays -inf and does not "
        "disturb the others.",
    )
    check.keeps(
        my_min_p,
        anything,
        why="The caller's logits must be the same after the call: make a new tensor.",
    )


points = 1.0 * check.passes("one row, whatever its logits", another_row)
points += check.passes("batches", batches)
points += check.passes("p = 0 and 1, banned tokens, input as it was", ends)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Twice the same" points=1
# A row has the probabilities 0.5, 0.3, 0.1 and 0.1. Which probability must a token reach for p-less?

# %% answer="two_draws"
answer_bar = None  # a number between 0 and 1

# %% test="two_draws"
check.number(
    answer_bar,
    right=0.36,
    within=0.004,
    why={
        0.64: "That is the chance that two draws differ. The bar is the other one.",
        0.25: "That is the bar of four equal tokens, or the best one's part alone.",
        0.34: "The two small ones have a part as well, however small.",
        0.35: "There are two tokens of 0.1. Did you count both?",
        0.6: "You went on after the sum. The bar is the sum itself.",
        0.5: "That is the best one. A bar there would let nobody else in, whatever the row.",
    },
    hint="How likely is it that two draws from this row give the same token?",
)

# %% [markdown] question="A hundred equal tokens" points=1
# At a step 100 tokens are equally likely, so that e^−*H* is 1/100. Eta sampling runs with ε =
# 0.0009. Which probability must a token reach?
#
# <details><summary>Hint</summary>
#
# The bar is the smaller of two numbers: ε, and √ε · e^−*H*.
# </details>

# %% answer="eta_bar"
answer_eta = None  # a number

# %% test="eta_bar"
check.number(
    answer_eta,
    right=0.0003,
    within=0.000005,
    why={
        0.0009: "That is epsilon's bar, the same at every step. At open steps eta's is lower.",
        0.03: "That is the root alone. The entropy has to come in.",
        0.01: "That is what each token has. The question is what it must reach.",
        0.000009: "Take the root of epsilon before you multiply.",
        0.000039: "That is the bar if the entropy is taken in bits. It is in nats.",
    },
    hint="Work out the root of 0.0009, divide it by 100, and compare the result with 0.0009.",
)

# %% [markdown] question="Your top-h" points=3
# Your `my_top_h` from **Build it: top-h** above, for rows of up to 600 tokens whose finite logits are
# at most 60 apart. One point for rows of different logits; one for rows with equals and banned
# tokens; one for any *h* between 0 and 1, however small, and an input left as it was. With a call of
# the course's functions it gets none.


# %% test="my_top_h"
def by_hand():
    for logits, h, expect in (
        (SURE, 0.6, {0, 1}),
        (SURE, 0.2, {0}),
        (torch.tensor([0.125, 0.5, 0.125, 0.25]).log(), 0.6, {1, 3}),
    ):
        check.kept(
            my_top_h,
            logits,
            h,
            expect=expect,
            why=f"With h = {h}: whose -p log p, added up from the likeliest on, stays within h times "
            "the sum of all?",
        )


points = 1.0 * check.passes("rows worked by hand", by_hand)


### BEGIN HIDDEN TESTS
def parts_of_doubt(row):
    """Each token's -p ln p."""
    best = max(row)
    weights = [math.exp(x - best) for x in row]
    shares = [w / sum(weights) for w in weights]
    return [-p * math.log(p) if p else 0.0 for p in shares]


def running(row):
    """Places from the likeliest on, of equals the lower first, and the sum of parts up to each."""
    parts = parts_of_doubt(row)
    order = sorted(range(len(row)), key=lambda i: (-row[i], i))
    sums, total = [], 0.0
    for i in order:
        total += parts[i]
        sums.append(total)
    return order, sums


def within_budget(logits, h):
    row = logits.tolist()
    order, sums = running(row)
    stays = {i for i, so_far in zip(order, sums, strict=True) if so_far <= h * sums[-1]}
    stays.add(order[0])
    return torch.tensor([x if i in stays else -math.inf for i, x in enumerate(row)])


def clear(row, h):
    """Whether no sum is so near to the budget that rounding decides."""
    _, sums = running(row)
    sure = 1 / sum(math.exp(x - max(row)) for x in row) > 0.99
    return all(abs(s - h * sums[-1]) > (0.06 if sure else 1e-3) * sums[-1] for s in sums[:-1])


def some_row(random, kind, small=False):
    """A row with a budget that cuts clearly between two tokens."""
    while True:
        size = 600 if random.random() < 0.03 else random.choice([2, 3, 5, 8, 20, 40])
        scale = random.choice([0.3, 1.0, 2.0, 5.0])
        centre = random.choice([0.0, 0.0, 30.0, -300.0])
        row = [max(-20.0, min(20.0, random.gauss(0, scale))) for _ in range(size)]
        if kind == "equals":
            row = [float(round(x)) for x in row]
            row = random.choice([row, row, [row[0]] * size])
        if random.random() < 0.1:
            row[random.randrange(size)] = 30.0
        row = torch.tensor([centre + x for x in row]).tolist()
        if kind == "equals" and random.random() < 0.5:
            stays = random.randrange(size)
            row = [
                x if i == stays or random.random() < 0.6 else -math.inf for i, x in enumerate(row)
            ]
        h = random.choice([0.4, 0.6, 0.995, random.uniform(0.02, 0.98), random.uniform(0.02, 0.98)])
        h = random.choice([1e-9, 1e-4, 0.005]) if small else h
        _, sums = running(row)
        if not small and random.random() < 0.5 and sums[-1]:  # close to a token, on one side of it
            near = random.choice(sums[:-1] or sums) / sums[-1] + random.choice(
                [-0.01, 0.01, -0.003, 0.003]
            )
            h = near if 0.02 < near < 0.998 else h
        if (small or clear(row, h)) and (len(set(row)) == size or kind == "equals"):
            return torch.tensor(row), h


def different_logits(random):
    return some_row(random, "different")


def equals_and_banned(random):
    return some_row(random, "equals")


def tiny(random):
    """A budget that no token fits in, so that only the likeliest is left."""
    while True:
        row, h = some_row(random, random.choice(["different", "equals"]), small=True)
        parts = parts_of_doubt(row.tolist())
        if parts[int(row.argmax())] > 2 * h * sum(parts) + 1e-5:
            return row, h


def any_row(random):
    return random.choice([different_logits, equals_and_banned])(random)


def rows_apart():
    by_hand()
    check.own(my_top_h, any_row)
    check.against(
        within_budget,
        my_top_h,
        different_logits,
        why="The likeliest token may stand anywhere, and logits may be large, negative or far apart.",
    )


def rows_alike():
    rows_apart()
    check.against(
        within_budget,
        my_top_h,
        equals_and_banned,
        why="Of equal logits the lower id comes first. A banned token has no part in the doubt, and "
        "stays at -inf.",
    )


def small_budgets():
    rows_apart()
    check.against(
        within_budget,
        my_top_h,
        tiny,
        why="The likeliest token stays, even if its own part is above the budget.",
    )
    check.keeps(
        my_top_h,
        any_row,
        why="The caller's logits must be the same after the call: make a new tensor.",
    )


points = 1.0 * check.passes("rows of different logits", rows_apart)
points += check.passes("equals and banned tokens", rows_alike)
points += check.passes("small h, input as it was", small_budgets)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="A change of temperature" points=1
# A chat program has a slider for the temperature. Its makers want that moving it never changes *which*
# tokens can come, only how often. Which of these chains do that, whatever the row? Write the numbers of
# all of them.
#
# 0. Temperature, then min-p 0.1, then top-k 40
# 1. Top-p 0.9, then temperature, then top-k 40
# 2. Top-p 0.9, then temperature, then min-p 0.05
# 3. Temperature, then top-nσ 1.0

# %% answer="temperature_change"
answer_heat = []  # such as [0, 2]

# %% test="temperature_change"
check.ids(
    answer_heat,
    right={1, 3},
    why={
        (1,): "One is missing. Which cut kept the same tokens at T = 1, 2 and 3?",
        (3,): "One is missing. In which chain does the cut that heat moves come before the heat?",
        (1, 2): "What comes before the temperature is safe. Is all that comes after it?",
        (1, 2, 3): "What comes before the temperature is safe. Is all that comes after it?",
        (0, 3): "Min-p sees the row after the heat: look at logits 5, 3, 1 at three temperatures.",
        (0, 1, 3): "Min-p sees the row after the heat: look at logits 5, 3, 1.",
        (
            0,
            1,
            2,
            3,
        ): "Then heat could not move min-p. Look at logits 5, 3, 1 at three temperatures.",
    },
    hint="For each cut behind a temperature: does it look at probabilities, or at ranks or gaps "
    "measured by gaps?",
)

# %% [markdown] question="A lesson for llama.cpp" points=2
# Find the bug. As soon as one token is banned, at −inf, this function cuts nothing at all, and
# raises no error. llama.cpp once had to learn it [llamacpp13344]. Repair it: the spread is that of
# the finite logits, squares divided by their number. Logits that are kept stay as they were. One
# point for one banned token, one if it also works with many, and with none.


# %% answer="top_n_sigma_repair"
def repaired_top_n_sigma(logits, n):
    """logits: (vocab,), one row, with at least one finite; n: 0 or more. Cut tokens are at -inf."""
    ### BEGIN SOLUTION
    sigma = logits[logits.isfinite()].std(correction=0)
    return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
    ### END SOLUTION
    sigma = logits.std(correction=0)
    return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)


# %% test="top_n_sigma_repair"
def one_banned():
    check.kept(
        repaired_top_n_sigma,
        [4.0, 3.5, -torch.inf, 0.0, -1.0, -2.0],
        1.0,
        expect={0, 1},
        why="Work out by hand: the mean of the five finite logits, their standard deviation, and "
        "how far below 4 that reaches.",
    )


points = 1.0 * check.passes("one banned token", one_banned)
### BEGIN HIDDEN TESTS
from course_utils import domains


def bar(row, n):
    finite = [x for x in row if x > -math.inf]
    mean = sum(finite) / len(finite)
    return max(finite) - n * math.sqrt(sum((x - mean) ** 2 for x in finite) / len(finite))


def within_n_sigma(logits, n):
    row = logits.tolist()
    best, line = max(row), bar(row, n)
    return torch.tensor([x if x == best or x >= line else -math.inf for x in row])


def clear(row, n):
    """Whether no logit but the best is so near to the bar that rounding decides."""
    size, best, line = 1 + max(abs(x) for x in row if x > -math.inf), max(row), bar(row, n)
    return all(abs(x - line) > 4e-6 * size for x in row if x < best)


def banned(random, count):
    """A row with so many tokens at -inf, and n, often such that the bar is close to a token."""
    while True:
        centre = random.choice([0, 0, 0, 30, -30, 1000, -4000, -20000])
        scale = random.choice([0.005, 0.5, 3, 10, 300])
        size = 2000 if random.random() < 0.03 else random.choice([domains.size(random), 150])
        row = [centre + random.gauss(0, scale) for _ in range(size)]
        row = [round(x) for x in row] if random.random() < 0.3 else row  # ties
        row[0] = random.choice([row[0], max(row) - 0.02 * scale])  # often the best has a near rival
        row[-1] = random.choice([row[-1], row[-1], max(row) + 30 * scale])
        row = torch.tensor([*row, *[-math.inf] * count], dtype=torch.float32).tolist()
        n = random.choice([0, 1, 1.0, 2, 4, random.uniform(0, 3), random.uniform(0, 3)])
        sigma = max(row) - bar(row, 1)
        if sigma and random.random() < 0.5:
            near = max(row) - random.choice(row[:size])
            n = near / sigma + random.choice([-1, 1]) * random.uniform(1e-5, 2e-3) / sigma
        random.shuffle(row)
        if n >= 0 and clear(row, n):
            return torch.tensor(row), n


def one(random):
    return banned(random, 1)


def any_number(random):
    return banned(random, random.choice([0, 0, 2, 3, 5, 40]))


def other_spreads():
    one_banned()
    check.against(
        within_n_sigma,
        repaired_top_n_sigma,
        one,
        why="The finite logits may lie far from 0, and close together or not; n may be any number. "
        "In which of the three, mean, squares and count, is the banned token still in?",
    )


def many_or_none():
    other_spreads()
    check.against(
        within_n_sigma,
        repaired_top_n_sigma,
        any_number,
        why="Without a banned token it was right before. However many are banned, only the others "
        "count: for the mean, and for the number that the squares are divided by.",
    )


points = 1.0 * check.passes("one banned token, any spread", other_spreads)
points += check.passes("many banned tokens, or none", many_or_none)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="A design that is hard to fool" points=4
# Your `my_cutoff` from **Build it: a cut of your own**, one point for each promise made there. Rows have 64 to 400 ordinary tokens in any order, float32. *Cliff*: 1 to 12 good ones within
# 0.4 of each other, the others 6 to 8 below and on from there. *Heat*: also numbers from −64 to 64
# added. *Tail*: 100 to 900 more, at least 30 below all others. *Heat* and *tail* count only
# with *tidy* and *cliff*.


# %% test="my_cutoff"
points = 1.0 * check.passes("tidy", tidy, my_cutoff)


### BEGIN HIDDEN TESTS
def mixed(random, row):
    """The row in another order, as float32."""
    order = list(range(len(row)))
    random.shuffle(order)
    return row.float()[order]


def ordinary(random):
    """A row on a grid of 1/32, such that halving and adding are exact."""
    size, scale = random.randint(64, 400), random.choice([0.5, 1.5, 3.0])
    row = [round(32 * max(-12.0, min(12.0, random.gauss(0, scale)))) / 32 for _ in range(size)]
    for place in random.sample(range(size), random.choice([0, 1, 4])):
        row[place] += random.choice([2.0, 5.0])
    return (mixed(random, torch.tensor(row)),)


def with_banned(random):
    (row,) = ordinary(random)
    row = row + torch.tensor([random.uniform(0, 0.02) for _ in row])
    banned = torch.full((random.choice([0, 0, 1, 40]),), -torch.inf)
    return (mixed(random, torch.cat([row, banned])),)


def steep(random):
    """A row with a cliff, and how many stand above it."""
    good, others = random.randint(1, 12), random.randint(64, 388)
    best = -torch.tensor(sorted(random.choices(range(13), k=good))) / 32
    depth, slope = random.choice([6.0, 7.0, 8.0]), random.choice([16, 24, 32])
    row = torch.cat([best - best[0], -depth - torch.arange(others) / slope])
    return mixed(random, row + random.choice([0.0, 4.0, -20.0])), good


def heated(random):
    ways = [(T, 0.0) for T in (0.5, 2.0, 4.0)] + [(1.0, random.uniform(1, 64)), (1.0, -64.0)]
    ways = [(T, float(round(added))) for T, added in random.sample(ways, 2)]
    return *ordinary(random), ways


def longer_row(random):
    return *ordinary(random), (random.choice([30.0, 50.0, 90.0]),), (random.randint(100, 900),)


def cases(draw):
    return (args for args, _ in check.drawn(check.nothing, draw, 100))


def always_tidy():
    tidy(my_cutoff)
    for (row,) in cases(with_banned):
        tidy(my_cutoff, row)


def any_cliff():
    cliff(my_cutoff)
    for row, good in cases(steep):
        kept = kept_by(my_cutoff, row)
        right = row >= row.topk(good).values[-1]
        assert torch.equal(kept, right), (
            f"Of {good} good tokens it keeps {int((kept & right).sum())}, of the others "
            f"{int((kept & ~right).sum())}."
        )


def any_heat():
    heat(my_cutoff)
    for row, ways in cases(heated):
        heat(my_cutoff, row, ways)


def any_tail():
    tail(my_cutoff)
    for row, below, counts in cases(longer_row):
        tail(my_cutoff, row, below, counts)


points = 1.0 * check.passes("tidy", always_tidy)
points += check.passes("cliff", any_cliff)
if points == 2:
    points += check.passes("heat", any_heat)
    points += check.passes("tail", any_tail)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="Four surprises" points=1
# Four tokens have 0.5, 0.25, 0.125 and 0.125. In bits, their surprises are 1, 2, 3 and 3, and the
# entropy is 1.75. What does this print?
#
# ```python
# logits = torch.tensor([0.5, 0.25, 0.125, 0.125]).log()
# left = typical_p(logits, 0.2)
# print(left.isfinite().nonzero().flatten().tolist())
# ```

# %% answer="four_surprises"
answer_typical = []  # the list that is printed

# %% test="four_surprises"
check.ids(
    answer_typical,
    right={1},
    why={
        (0,): "That is top-p's order, likeliest first. Here another distance decides who is first.",
        (0, 1): "The first token in the order holds enough already. How much is asked for?",
        (2, 3): "Those are the least likely. Which surprise is nearest to 1.75?",
        (1, 2, 3): "The most likely one is out, true. But how much mass is asked for?",
    },
    hint="Take the distance of each surprise from 1.75, and go from the nearest until 0.2 is held.",
)

# %% [markdown] question="XTC on a server" points=2
# Find the bug. The code of an inference server did this when XTC fires [aprender2131]. Repair it:
# of the tokens that reach the threshold, the least likely one must stay. One that has exactly the
# threshold reaches it. One point for rows where several reach it, one if it is also right where one
# does, or none.


# %% answer="xtc_repair"
def repaired_xtc(probs, threshold):
    """probs: (vocab,), all different and above 0, in any order; threshold: from 0 to 1. Returns
    probs with the cut ones at 0, not rescaled."""
    ### BEGIN SOLUTION
    cut = probs >= threshold
    if cut.any():
        cut = probs > probs[cut].min()
    return probs.masked_fill(cut, 0.0)
    ### END SOLUTION
    cut = probs >= threshold
    return probs.masked_fill(cut, 0.0)


# %% test="xtc_repair"
def several_reach():
    check.close(
        repaired_xtc,
        [0.50, 0.25, 0.15, 0.07, 0.03],
        0.1,
        expect=[0.0, 0.0, 0.15, 0.07, 0.03],
        why="Three tokens reach 0.1. Two of them go, and the unlikeliest of the three stays.",
    )


points = 1.0 * check.passes("several tokens reach the threshold", several_reach)
### BEGIN HIDDEN TESTS
from course_utils import domains


def without_top_choices(probs, threshold):
    row = probs.tolist()
    reach = sorted(x for x in row if x >= threshold)
    return torch.tensor([0.0 if x in reach[1:] else x for x in row])


def different(random, reach, vocab):
    """Shares of which so many reach the threshold."""
    while True:
        weights = [random.expovariate(1) ** random.choice([1, 3]) for _ in range(vocab)]
        if random.random() < 0.1:  # two hold nearly all
            weights[:2] = random.sample([30 * vocab, 31 * vocab, 40 * vocab], 2)
            random.shuffle(weights)
        probs = torch.tensor([weight / sum(weights) for weight in weights])
        ranked = [1.0, *sorted(set(probs.tolist()), reverse=True), 0.0]
        lower, upper = ranked[reach + 1], ranked[reach]
        exact = upper if reach else (1.0 + lower) / 2
        threshold = random.choice([exact, random.uniform(lower, upper)])
        if reach == vocab and random.random() < 0.3:
            return probs, random.choice([0, 0.0])
        if len(ranked) == vocab + 2 and lower < threshold:
            return probs, threshold


def several(random):
    vocab = 600 if random.random() < 0.05 else 1 + domains.size(random)
    return different(random, random.choice([2, vocab, random.randint(2, vocab)]), vocab)


def one_or_none(random):
    vocab = domains.size(random)
    if random.random() < 0.1:  # a sure row: all others are lost in float32's 1.0
        probs = [1.0, *(1e-9 * (i + 1) for i in range(vocab - 1))]
        random.shuffle(probs)
        return torch.tensor(probs), random.choice([1, 1.0, 0.5, random.uniform(0.1, 0.9)])
    return different(random, random.choice([0, 1]) if vocab > 1 else 1, vocab)


def in_any_order():
    several_reach()
    check.against(
        without_top_choices,
        repaired_xtc,
        several,
        why="The tokens may stand in any order: which of those that reach it is the least likely? "
        "All others keep what they have.",
        within=1e-9,
    )


def few_reach():
    in_any_order()
    check.against(
        without_top_choices,
        repaired_xtc,
        one_or_none,
        why="If one token reaches the threshold it is also the least likely that does. If none "
        "does, there is nothing to cut.",
        within=1e-9,
    )


points = 1.0 * check.passes("several, in any order", in_any_order)
points += check.passes("one reaches it, or none", few_reach)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="The web address" points=1
# At *T* = 0 a model is to repeat a web address from its prompt. With DRY it gets the address wrong
# [llamacpp26754]. Why?
#
# - **A** DRY draws at random, so *T* = 0 is not greedy with it.
# - **B** DRY bans each word of the prompt, and so the address.
# - **C** No single token is an address, so DRY can find no match.
# - **D** Greedy choice comes after DRY, and copying is repeating.

# %% answer="web_address"
answer_address = ""  # "A", "B", "C" or "D"

# %% test="web_address"
check.choice(
    answer_address,
    right="D",
    why={
        "A": "There is no die in DRY: it subtracts a number that you can work out. See its section.",
        "B": "A word that was said once before loses nothing: look at the losses printed in DRY's "
        "section. From how many repeated tokens on?",
        "C": "An address is a run of tokens, and DRY compares runs. Is there one in the prompt?",
    },
)

# %% [markdown] question="Mirostat's second token" points=1
# Mirostat runs with τ = 3 and η = 0.1. The first token that it draws had a probability of 1/32.
# What is μ for the second token?

# %% answer="second_mu"
answer_mu = None  # a number

# %% test="second_mu"
check.number(
    answer_mu,
    right=5.8,
    within=0.005,
    why={
        6.2: "The token surprised more than the target. Should the bar rise after it, or fall?",
        2.8: "The size of the step is right. Look again at where the controller starts.",
        5.953: "You measured the surprise in nats. Which unit does mirostat use?",
        6.0: "That is where it starts. One token has been drawn since.",
        4.0: "The error is corrected only in part: which number says how much of it?",
        5.5: "The error is the surprise less the target, not the surprise itself.",
    },
    hint="Start, surprise in bits, error, a tenth of it: see the section on mirostat.",
)

# %% [markdown] question="A new cut in a table" points=1
# A paper tries five values of its new cut. The best has 71 points, top-p at 0.9 has 69. What would the
# critics of min-p [schaeffer2025] say first?
#
# - **A** The new cut has won, and people must confirm it.
# - **B** The best of five tries would be higher for top-p too.
# - **C** Points say nothing about texts, so neither has won.
# - **D** A lead in a small model will be gone in a large one.

# %% answer="min_p_objection"
answer_objection = ""  # "A", "B", "C" or "D"

# %% test="min_p_objection"
check.choice(
    answer_objection,
    right="B",
    why={
        "A": "Has it, though? Count how many settings each side was allowed.",
        "C": "They used points themselves. They objected to how the two sides got theirs.",
        "D": "Nothing was said of sizes. What did the two sides not get alike?",
    },
)

# %% [markdown] question="Two judges" points=1
# Two ways of writing were compared [suxu2022]. On MAUVE, a statistic of how alike two heaps of texts
# are, machine's and people's, the first lost. People who read texts in pairs liked it better. What
# follows?
#
# - **A** Both may be right: one judges heaps, the other pairs.
# - **B** People were careless: a statistic has no moods.
# - **C** MAUVE was wrong: people have the last word on texts.
# - **D** The two are equally good, one win each.

# %% answer="two_judges"
answer_judges = ""  # "A", "B", "C" or "D"

# %% test="two_judges"
check.choice(
    answer_judges,
    right="A",
    why={
        "B": "A heap can look human though each of its texts reads badly. Did the people judge heaps?",
        "C": "Someone who reads two texts cannot see that the ten-thousandth resembles them all.",
        "D": "A win in one thing does not make up for a loss in another. Was the same thing judged?",
    },
)

# %% [markdown] question="A letter about min-p" points=0
# A friend writes: "Min-p has been proved better than top-p." Another: "Min-p has been debunked."
# Answer both in five or six sentences: what was claimed, what was objected, what did *you* measure, what
# does your measurement not show, and what would you advise somebody whose temperature is 2?

# %% [markdown] answer="explain_letter"
# ### BEGIN SOLUTION
# Its authors claimed better and more varied texts than top-p, above all when it is hot (2025). Critics
# objected in the same year that the study with people was faulty and that the lead is gone when all
# methods get the same number of tries; the authors have kept their claim in softer words. On our model
# both are seen: at T = 2 min-p 0.1 stays near people's perplexity where top-p 0.9 is some 40 times
# above it, but top-p 0.3, or top-p before the heat, does as well, within the spread. That is one small
# model, two statistics and no human judge. At T = 2 I would take min-p or put top-p before the
# temperature, and look at texts; I would not say that either is better in general.
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
# - [basu2021] [Mirostat](https://arxiv.org/abs/2007.14966), 2021
# - [ding2026] [Min-k Sampling](https://arxiv.org/abs/2604.11012), 2026
# - [hewitt2022] [Truncation Sampling as Language Model
#   Desmoothing](https://arxiv.org/abs/2210.15191), 2022
# - [meister2023] [Locally Typical Sampling](https://arxiv.org/abs/2202.00666), 2023
# - [nguyen2025] [Turning Up the Heat: Min-p Sampling](https://arxiv.org/abs/2407.01082), 2025
# - [potraghloo2025] [Top-H Decoding](https://arxiv.org/abs/2509.02510), 2025

# %% [markdown]
# - [schaeffer2025] [Turning Down the Heat: A Critical Analysis of Min-p
#   Sampling](https://arxiv.org/abs/2506.13681), 2025
# - [schaeffer2026] [A case study in error
#   propagation](https://rylanschaeffer.github.io/blog_posts/2026-04-29-why-ml-conferences-have-lost-legitimacy.html),
#   29 April 2026
# - [suxu2022] [An Empirical Study on Contrastive Search and Contrastive
#   Decoding](https://arxiv.org/abs/2211.10797), 2022
# - [tan2025] [p-less Sampling](https://arxiv.org/abs/2509.23234), 2025
# - [tang2024] [Top-nσ: Not All Logits Are You Need](https://arxiv.org/abs/2411.07641), 2024

# %% [markdown]
# Code and threads, as read in 2026:
#
# - [llamacpp2026] [llama.cpp](https://github.com/ggml-org/llama.cpp), [transformers2026]
#   [transformers](https://github.com/huggingface/transformers)
# - [textgen5677] [DRY](https://github.com/oobabooga/text-generation-webui/pull/5677), [textgen6335]
#   [XTC](https://github.com/oobabooga/text-generation-webui/pull/6335), as they were proposed
# - [transformers40837] [top-h](https://github.com/huggingface/transformers/pull/40837), [vllm45288]
#   [p-less](https://github.com/vllm-project/vllm/pull/45288)
# - [transformers30639] [min-p set to 0.9](https://github.com/huggingface/transformers/pull/30639)

# %% [markdown]
# Bugs: [mamba927](https://github.com/state-spaces/mamba/pull/927) [mamba927],
# [mlxlm1036](https://github.com/ml-explore/mlx-lm/issues/1036) [mlxlm1036],
# [aprender2131](https://github.com/paiml/aprender/pull/2131) [aprender2131],
# [llamacpp13344](https://github.com/ggml-org/llama.cpp/pull/13344) [llamacpp13344],
# [llamacpp26754](https://github.com/ggml-org/llama.cpp/issues/26754) [llamacpp26754].

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
# A friend wants bolder stories. Somebody told him: "Turn the temperature up to 2, and leave top-p at 0.9.
# Top-p cuts off the last tenth of the probability, where the nonsense is." He tried top-p. Then he tried
# *another cut*, with the same model, temperature and seed. Only one of his two texts is a story. What did
# the cut behind the story know?

# %% [markdown]
# > **About 175 minutes, three evenings** · difficulty ●●●●○
# >
# > You need temperature, top-p, entropy, perplexity (02, 04, 07). Afterwards you can
# > - say what each of ten newer samplers looks at, and work out by hand what it keeps;
# > - build min-p, and repair two real samplers;
# > - design a cut that keeps the same tokens at every temperature;
# > - weigh a dispute about a cut, with your own measurements.

# %% [markdown]
# **Recall.**
#
# 1. The *sure toy* gives `time`, `day`, `year`, `night`, `hill` 85%, 8%, 4%, 2%, 1%. The *open toy* gives
#    `fox`, `man`, `bird`, `ship`, `light` 26%, 22%, 20%, 17%, 15%. How many of each toy does top-p 0.9
#    keep?
# 2. A token is nine times as likely as another. How many times at *T* = 2?
# 3. What perplexity has a text of tokens with probability 1/8?
#
# <details><summary>Answers</summary>
#
# 1. Two, and five. 2. Three: √9. 3. 8.
# </details>

# %% locked="setup" jupyter={"source_hidden": true}
import math

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.explore.frontier import STORIES, read_human
from course_utils.explore.plots.look import DRAWN, INK, KEPT, QUIET
from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import distinct_n, perplexity, seq_rep_n
from course_utils.penalties import dry
from course_utils.sampling import (
    epsilon_cutoff,
    eta_cutoff,
    min_p,
    mirostat,
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


def other_cut(row):
    """What the story calls another cut."""
    return min_p(row, 0.1)


def story(process, prompt="Once upon a", tokens=40, seed=12):
    """The prompt and what the Storyteller adds to it."""
    return prompt + "".join(step.text for step in generate(model, prompt, process, tokens, seed))


# %%
print("top-p 0.9:   ", story(Settings(temperature=2.0, top_p=0.9)), end="\n\n")
print("another cut: ", story(another))

# %% [markdown]
# After `Once upon a` the model is 99.7% sure of ` time`, at *T* = 1. Yet one of the two
# texts has drawn ` rabbit`.
#
# The logits of all 4,096 tokens at one place are a **row**. Where many words fit, a row is *open*. The row
# after `Once upon a` is *sure*.
#
# **Predict.** Of this sure row top-p 0.9 keeps one token at *T* = 1. How many at *T* = 2: 1, about 30, or
# over 1,000?

# %%
for T in (1.0, 1.5, 2.0):
    hot = ROWS[0] / T
    first, second = hot.softmax(-1).topk(2).values
    print(f"T = {T}: time has {first:.1%}, the second best {second:.1%}", end="   ")
    print(f"top-p keeps {count(top_p(hot, 0.9)):>5,}   another keeps {count(other_cut(hot))}")

# %% [markdown]
# A higher *T* is *heat*, for short. Heat took more than half of what ` time` had, and gave each of the
# 4,095 others a *crumb*, a tiny probability. ` time` has 44%, so top-p adds 1,314 crumbs to reach 90%.
# Top-p knows only *how much it has so far*.

# %%
explore.Playground(
    "Once upon a time",
    settings=Settings(temperature=2.0, top_p=0.9),
    knobs=["temperature", "top_p"],
    samples=2,
    max_new_tokens=40,
)

# %% [markdown]
# 1. Leave *T* at 2 and lower top_p to 0.3. What happens? (Sentences begin to come back.)
# 2. Now set *T* to 1. What is wrong? (The text goes in circles: `and a son, and a son`.)
#
# Each *T* needs its own top_p. **What should a cutoff know**, so that one number fits every *T*?

# %% [markdown]
# ## Know the token itself: epsilon
#
# **Epsilon** sampling [hewitt2022] keeps a token if the token's own probability is at least ε, a small
# number that you choose. After `Once upon a` epsilon works: at *T* = 2 ` time` has 44%, the second best
# 0.9%, and ε = 0.03 keeps ` time` alone.

# %% [markdown]
# **Predict.** The row after `The king said to his` (the *king's row*) is open. Does ε = 0.03 keep more of
# its tokens at *T* = 2 than at *T* = 1, or fewer?

# %%
for T in (1.0, 2.0):
    hot = king / T
    best = hot.softmax(-1).max()
    print(f"T = {T}: the best has {best:.1%}, epsilon keeps {count(epsilon_cutoff(hot, 0.03))}")

# %% [markdown]
# Fewer. At *T* = 2 not even the best token has 3%. (When no token passes, a cut keeps the best one.) The
# *bar*, the probability that a token must reach, must fit each row. What should set the bar?

# %% [markdown]
# ## Know the best: min-p
#
# **Min-p** keeps a token if it is at least *m* times as likely as the best one [nguyen2025]. Take
# *m* = 0.1. The best word of the sure toy has 85%, so the bar is 8.5%. The bar of the open toy is 2.6%.
#
# **Predict.** Which words of the two toys stay?

# %%
for words, logits in TOYS:
    print(f"top-p 0.9: {stay(words, top_p(logits, 0.9)):<30} min-p 0.1: ", end="")
    print(stay(words, min_p(logits, 0.1)))

# %% [markdown]
# In the sure toy `day`, with 8%, is just below the bar. In the model's row after `Once upon a`, at *T* = 2,
# ` time` has 44%. The bar is at 4.4%, and no other token reaches it. *Another cut* was min-p.

# %% [markdown]
# ## The formula
#
# The distance of a logit *z* below the best one is its *gap*. A token with a gap of 2.3 is 0.1 times as
# likely as the best, because ln 0.1 = −2.3. So min-p with *m* = 0.1 keeps each token whose gap is at most
# 2.3:
#
# $$p_i \ge m \, p_{\max} \quad\Longleftrightarrow\quad z_i \ge z_{\max} + \ln m$$
#
# Heat before the cut divides every gap by *T*. The limit stays at 2.3.

# %% [markdown]
# **Predict.** *m* is 0.1, the logits are 5, 3 and 1. How many tokens stay at *T* = 0.5, 1 and 2?

# %%
logits = torch.tensor([5.0, 3.0, 1.0])
for T in (0.5, 1.0, 2.0):
    print(f"T = {T}: gaps {((5 - logits) / T).tolist()}, {count(min_p(logits / T, 0.1))} kept")

# %% [markdown]
# So heat *moves* min-p too: which tokens stay depends on *T*.

# %% [markdown]
# ## Build it: min-p
#
# > difficulty ●●●○○ · importance ●●●●● · 10 minutes
#
# You may use PyTorch, but not the course's functions. Your function is scored at the end: the docstring
# says all that counts.
#
# <details><summary>Hint</summary>
#
# Compare each logit with the largest of its own row plus ln *m*. What is ln 0?
# <details><summary>More</summary>
#
# `.max(dim=-1, keepdim=True).values` is the best of each row, `torch.tensor(0.0).log()` is −inf, and
# `.masked_fill(mask, -torch.inf)` makes a new tensor.
# </details>
# </details>


# %% answer="my_min_p"
def my_min_p(logits, m):
    """Keep every token at least m times as likely as the best one of its row.

    logits: (..., vocab), float32, up to 5,000 in a row, some perhaps at -inf, but not a whole row;
    they are left as they are. m: 0, which keeps all, or from 1e-12 to 1, which keeps the best and
    its equals.
    Returns a tensor of the same shape: kept logits as they were, the others at -inf.
    """
    ### BEGIN SOLUTION
    bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(m)).log()
    return logits.masked_fill(logits < bar, -torch.inf)
    ### END SOLUTION


# %% [markdown]
# The next cell gives reasons, no points.

# %%
for name, logits, m, expect in (
    ("sure, m = 0.1", SURE, 0.1, {0}),
    ("sure, m = 0.05", SURE, 0.05, {0, 1}),
    ("open, m = 0.7", OPEN, 0.7, {0, 1, 2}),
):
    why = "Which tokens have at least m times the probability of the best? Work it out by hand."
    check.passes(name, check.kept, my_min_p, logits, m, expect=expect, why=why)

# %% [markdown]
# The next explorer shows a real row. The bars show what the course's min-p keeps. The text below the picture
# ends with whether your `my_min_p` agrees. The slider min_p is *m*.
#
# **Predict.** After `Once upon a time`, at *T* = 1, ` there` has 66% and the next best, a comma, 17.5%. The
# explorer is at *T* = 2. From which min_p on is ` there` alone: 0.27, 0.52 or 0.75?

# %%
explore.Distribution("Once upon a time", knobs=["min_p"], temperature=2.0, strategy=my_min_p)

# %% [markdown]
# Raise min_p until ` there` is alone. (0.52. At *T* = 1 the comma is 0.175/0.66 = 0.27 times as likely as
# ` there`, and *T* = 2 takes the root of 0.27.)

# %% [markdown]
# A *person* wrote the next passage. At each place the explorer counts how many tokens a cut keeps, at
# *T* = 1. The text below the picture also gives the *misses*: how many of the person's own tokens each cut
# removes.
#
# **Predict.** Top-p 0.9 keeps between 1 and 360 tokens. Will your min-p 0.1 keep more or fewer at the open
# places?

# %%
explore.AdaptiveCutoff(strategy=my_min_p, knob="min_p")

# %% [markdown]
# 1. Read the line below the picture. How many tokens does min-p 0.1 keep at most? (21, far fewer.) How many
#    misses have min-p and top-p? (9 and 5, of 38.)
# 2. Lower min_p until min-p, too, has 5 misses. How many tokens does min-p keep at most now? (167, at 0.01:
#    with as many misses, fewer than top-p's 360.)

# %% [markdown]
# But the best token is not the whole row. Row A has 40%, 39% and three times 7%: two tokens lead. Yet min-p
# 0.1 cuts nothing: its bar is 4%. Could a cut look at *all* tokens?

# %% [markdown]
# ## Know the whole row: p-less
#
# Draw twice from the same row. How likely are two equal tokens? Twice `time` has the probability
# 0.85 · 0.85, twice `day` 0.08 · 0.08, and so on; the answer is their sum.
#
# **Predict.** Is the sum near 0.2, 0.5 or 0.7 for the sure toy? And for the open toy?

# %%
for words, logits in TOYS:
    probs = logits.softmax(-1)
    same = probs.square().sum()
    print(f"twice the same: {same:.3f}, words that reach it: {stay(words, p_less(logits))}")

# %% [markdown]
# A sure row often gives the same token twice, an open row rarely. **P-less** takes the probability of two
# equal tokens as its bar [tan2025]:
#
# $$p_i \ge \sum_j p_j^2$$
#
# There is no number to choose. In row A the bar is 0.4² + 0.39² + 3 · 0.07² = 33%, and both leaders stay.
#
# What does heat do to p-less?

# %% jupyter={"source_hidden": true}
print(f"{'':<21}{'T':>3}{'top-p 0.9':>12}{'min-p 0.1':>12}{'p-less':>12}")
for prompt, row in zip(PROMPTS, ROWS, strict=True):
    for T in (1.0, 2.0):
        counts = [count(cut) for cut in (top_p(row / T, 0.9), min_p(row / T, 0.1), p_less(row / T))]
        print(f"{prompt:<21}{T:>3.0f}" + "".join(f"{n:>12,}" for n in counts))

# %% [markdown]
# On the two open rows heat moves all three cuts. On the sure row top-p jumps to 1,315, while min-p and
# p-less stay at 1. At *T* = 2 the bar of p-less is about 0.44² = 0.2 (squares of crumbs add
# almost nothing), and no crumb reaches 0.2.

# %% [markdown]
# ## Know the entropy: eta and top-h
#
# **Eta** is epsilon with a bar that sinks as the entropy *H* grows [hewitt2022]. *H* is in nats (ln in
# place of log₂).
#
# $$\text{bar} = \min\big(\varepsilon,\ \sqrt{\varepsilon}\, e^{-H}\big)$$
#
# Take ε = 0.0009, so √ε = 0.03. In a sure row *e*^−*H* is nearly 1, and ε is the smaller number. For
# 1,000 equal tokens *e*^−*H* is 1/1,000, and the bar is 0.03/1,000 = 0.00003.

# %% [markdown]
# The entropy is a sum: each token adds its *part*, −*p* log *p*. **Top-h** takes tokens from the likeliest
# on, as long as their parts together are at most a share *h* of the entropy [potraghloo2025].
#
# **Predict.** `time` has 85% of the sure toy's probability. Does `time` add more than 85% of the entropy,
# or less?

# %% jupyter={"source_hidden": true}
for words, logits in TOYS:
    parts = torch.special.entr(logits.softmax(-1))
    shares = (parts / parts.sum()).tolist()
    print(", ".join(f"{word} {share:.0%}" for word, share in zip(words, shares, strict=True)))
    print("   kept with h = 0.6:", stay(words, top_h(logits, 0.6)))
for T in (1, 2):
    counts = count(eta_cutoff(king / T, 9e-4)), count(top_h(king / T, 0.6))
    print(f"The king said to his, T = {T}: eta keeps {counts[0]:,}, top-h {counts[1]:,}")

# %% [markdown]
# Less: 23%, because `time` hardly surprises. `time` and `day` add 57%, within *h* = 0.6. With `year` the
# sum would be 79%.

# %% [markdown]
# Heat raises the entropy, so both cuts keep more: in the king's row eta goes from 159 tokens to 3,275.
#
# All new cuts so far look at probabilities, and heat moves all of them. (Pause here.)

# %% [markdown]
# ## Know the spread: top-nσ
#
# **Top-nσ** looks at the logits themselves. A logit stays if it is at most *n* times σ below the best
# [tang2024], here with *n* = 1:
#
# $$z_i \ge z_{\max} - n\,\sigma$$
#
# σ is the standard deviation of the row's logits: the root of the mean squared distance from their mean.
#
# **Predict.** *T* = 2 halves every logit, and so every gap. What happens to σ, and to the number of tokens
# that stay?

# %% jupyter={"source_hidden": true}
print("        min-p 0.1   p-less  top-nσ")
for T in (1, 2, 3):
    x = temperature(king, float(T))
    counts = [count(cut) for cut in (min_p(x, 0.1), p_less(x), top_n_sigma(x, 1.0))]
    print(f"T = {T}  " + "".join(f"{n:>9}" for n in counts))

# %% [markdown]
# Gaps and σ shrink together, so the same 20 tokens stay at every *T*. Heat changes only how often each of
# them comes.

# %% [markdown]
# But σ is taken over the *whole* vocabulary [ding2026].
#
# **Predict.** We add a thousand *hopeless* tokens, each with the row's lowest logit. Which of min-p, p-less
# and top-nσ will keep a different number of tokens?

# %% jupyter={"source_hidden": true}
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
# The new tokens make σ larger, and 75 tokens stay in place of 20. So the *tail*, the hopeless end of a row, moves
# top-nσ, and heat does not. Heat moves min-p and p-less, and the tail does not. Top-k resists both, but keeps the
# same number in every row. Is there a cut that looks at the row, and that neither heat nor tail can move?

# %% [markdown]
# ## Build it: a cut of your own
#
# > difficulty ●●●●○ · importance ●●●●● · 30 minutes · there are many right designs
#
# Your cut gets one row: 64 to 400 ordinary logits from −200 to 200, in any order, float32, and perhaps
# up to 900 more that are banned, at −inf. You may call the course's functions. Four promises are scored,
# one point each.

# %% [markdown]
# 1. **tidy**, for every row. A cut token is at −inf, a kept one is as it was, and the input is not changed.
#    No cut token is likelier than a kept one.

# %% [markdown]
# 2. **cliff**, for rows with a cliff. Of 0, −0.1, −0.2, −6, −6.05, −6.1, and so on, the first three stay,
#    and no other. In general all the *good* tokens stay, and no other: 1 to 12 of them, the best and those at
#    most 0.4 below the best. The next logit lies 6 to 8 below the best. The rest follow in steps of at most 1/16.

# %% [markdown]
# 3. **heat**, for every row. Divide all logits by 0.5, 2 or 4, or add the same whole number, from −64 to
#    64, to all: the same tokens stay. (In the scored rows float32 divides and adds without rounding.)

# %% [markdown]
# 4. **tail**, for every row. Add 100 to 900 tokens, banned (at −inf) or hopeless (30 to 1,000 below all
#    others): the same tokens stay, and none of the new ones.


# %% locked="promises" jupyter={"source_hidden": true}
def sound(result, logits):
    """The result; AssertionError unless it is a row like the logits with a token to draw."""
    check.returned(result)
    assert type(result) is torch.Tensor, f"Return a tensor, not a {type(result).__name__}."
    assert result.shape == logits.shape, f"Keep the shape; yours is {tuple(result.shape)}."
    assert not result.isnan().any(), "There is a NaN in your result."
    lowest, best = (x.item() for x in logits.aminmax())
    assert result.isfinite().any(), f"Of logits from {lowest:g} to {best:g} none is left to draw."
    return result


def made(cutter, logits):
    """What the design makes of a copy."""
    return sound(check.on_copies(cutter, logits), logits)


def kept_by(cutter, logits):
    return made(cutter, logits).isfinite()


def cliff_row(good):
    """So many good tokens, falling by 1/32, and 100 others, 6 and more below, falling by 1/16."""
    best = -torch.arange(good) / 32
    return torch.cat([best, -6 - torch.arange(100) / 16])


def tidy(cutter, logits=None):
    row = cliff_row(5).flip(0) if logits is None else logits
    given = row.clone()
    result = sound(check.call(cutter, given), row)
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
        assert torch.equal(now, before), f"{word} other tokens stay: {int(now.sum())}, before {n}."


def tail(cutter, row=None, below=(50.0,), counts=(300, 900)):
    row = slope() if row is None else row
    before = kept_by(cutter, row)
    for n in counts:
        for deep in (*below, torch.inf):
            now = kept_by(cutter, torch.cat([row, (row.min() - deep).expand(n)]))
            word = f"With {n} {'hopeless' if deep < torch.inf else 'banned'} tokens more"
            assert torch.equal(now[: len(row)], before) and not now[len(row) :].any(), (
                f"{word} other tokens stay: {int(now.sum())}, before {int(before.sum())}."
            )


# %% [markdown]
# <details><summary>Hint</summary>
#
# For *heat*, compare gaps with other gaps. For *tail*, take those gaps from a few of the likeliest
# tokens only.
# <details><summary>More</summary>
#
# Some ways: σ of the best tokens in place of all; a bar half-way between the best logit and the 30th; a bar
# in the widest step among the first 30 (which step, if two are equally wide?).
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
# Run the next cell until all four promises hold.

# %%
for promise in (tidy, cliff, heat, tail):
    check.passes(promise.__name__, promise, my_cutoff)

# %% [markdown]
# The upper text uses top-p 0.9, the lower text your cut, both at *T* = 2.


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
# 1. Does the lower text fall apart, as the upper one does? Is it bold or tame? (With a bar half-way
#    from the best logit to the 30th the text holds together and is rather tame.)
# 2. If `my_cutoff` has a number, change the number so that more tokens stay, and run the cells from
#    `my_cutoff` on again. (Nine tenths of the way to the 30th breaks *cliff*.)
#    **Then put the good number back: `my_cutoff` is scored.**

# %% [markdown]
# ## Know what is expected: typical
#
# All cuts so far keep the likeliest token. But people do not always say the likeliest. **Typical** sampling
# prefers tokens with about the expected surprise (−ln of the probability) [meister2023]. The expected
# surprise is the entropy: 4.18 nats after `The king said to his`. Typical takes the token nearest to 4.18
# first, then the next nearest, until the taken tokens hold *p* of the probability.

# %% [markdown]
# **Predict.** ` wife`, the likeliest, has 16.7%, so a surprise of 1.79 nats. Does ` wife` stay with *p* =
# 0.2?

# %% jupyter={"source_hidden": true}
surprise = -king.log_softmax(-1)
expected = torch.special.entr(king.softmax(-1)).sum()
typical = typical_p(king, 0.2)
print(f"expected {expected:.2f} nats")
for i in king.topk(7).indices.tolist():
    far = abs(surprise[i] - expected)
    word = "stays" if typical[i].isfinite() else "cut"
    print(f"{model.tokenizer.decode([i]):<10} {surprise[i]:.2f} nats, off by {far:.2f}  {word}")
print("T = 1:", count(typical), "stay   T = 2:", count(typical_p(king / 2, 0.2)), "stay")

# %% [markdown]
# The five likeliest tokens are cut *because* they are likely. Heat raises the entropy, so at *T* = 2 rarer
# tokens lie nearest, and more of them are needed to hold 0.2.

# %% [markdown]
# **XTC** is "exclude top choices" [textgen6335]. At each step a die decides whether XTC acts. If the die
# says yes, XTC cuts all tokens that reach a threshold, except the least likely of them. Tokens below the
# threshold stay.

# %% [markdown]
# **Predict.** The threshold is 0.1, and the die says yes. Which words of the two toys stay? And in the
# king's row, does XTC cut more tokens at *T* = 2 than at *T* = 1, or fewer?

# %%
dice = torch.Generator().manual_seed(0)
for words, logits in TOYS:
    print("XTC 0.1: ", stay(words, xtc(logits, 0.1, 1.0, dice)))  # 1.0: the die always says yes
for T in (1.0, 2.0):
    best = [f"{p:.1%}" for p in (king / T).softmax(-1).topk(3).values.tolist()]
    print(f"T = {T}: best {', '.join(best)}; {4096 - count(xtc(king / T, 0.1, 1.0, dice))} cut")

# %% [markdown]
# In the sure toy only `time` reaches 0.1, and the least likely that reaches it stays. In the open toy all
# five reach 0.1: only `light` stays.
#
# In the king's row two tokens reach 0.1, and ` wife` is cut. At *T* = 2 none does: heat switches XTC
# off. Now try XTC at *T* = 1. The upper text uses min-p alone, the lower text min-p, then XTC with
# a die that always says yes.


# %%
def min_p_then_xtc(logits, ids):
    return xtc(min_p(logits, 0.1), 0.1, 1.0, dice)


explore.Playground(
    "Once upon a time",
    settings=Settings(min_p=0.1),
    knobs=["min_p"],
    process=min_p_then_xtc,
    samples=1,
    max_new_tokens=40,
)

# %% [markdown]
# Try three seeds. Which text would you rather read?

# %% [markdown]
# ## Know the past: DRY and mirostat
#
# All cuts so far know one row. **DRY**, "don't repeat yourself", looks back at the text, prompt included
# [textgen5677]. Say the text is 1 2 3 4 5 6 1 2 3. The last three tokens also stand at the start, followed
# by token 4. So token 4 would *prolong* the repetition, and DRY lowers the logit of token 4 alone.

# %% [markdown]
# Say *n* tokens are repeated so far, here three. If *n* is below allowed_length, the logit loses nothing.
# Otherwise the logit loses
#
# $$\text{multiplier} \cdot \text{base}^{\,n - \text{allowed\_length}}$$
#
# With multiplier 0.8, base 1.75 and allowed_length 2, token 4 loses 0.8 · 1.75¹ = 1.4.
#
# **Predict.** Token 4 comes nevertheless, so *n* is four. How much does token 5 lose?

# %% jupyter={"source_hidden": true}
text = torch.tensor([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5])
for n in range(1, 6):
    so_far = text[: 6 + n]
    after = dry(torch.zeros(8), so_far, multiplier=0.8, base=1.75, allowed_length=2)
    print(f"{n} repeated: token {so_far[-1] + 1} loses {after.abs().max():.2f}")

# %% [markdown]
# Token 5 loses 2.45. Each further token of a repetition loses more, so no loop can last. Greedy choice
# loops most. What share of a greedy text's runs of four tokens are repeats, without and with this DRY?


# %% jupyter={"source_hidden": true}
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
# **Mirostat** remembers how surprising the drawn tokens were [basu2021]. You choose a target surprise τ, in
# bits. Tokens whose surprise is above a limit μ are cut; the best token always stays. Then one token is
# drawn. Its surprise comes from its probability before the cut. If this surprise is above τ, μ falls by a
# tenth of the difference. If it is below, μ rises in the same way.

# %% [markdown]
# $$\mu \leftarrow \mu - \eta \, (\text{surprise} - \tau), \qquad \eta = 0.1, \qquad \mu_0 = 2 \tau$$

# %% [markdown]
# **Predict.** With τ = 2, μ starts at 4. The first token drawn had probability 1/8, so a surprise of three
# bits. What is μ now?
#
# <details><summary>Answer</summary>
#
# 4 − 0.1 · (3 − 2) = 3.9.
# </details>
#
# The next cell writes a real text.


# %% jupyter={"source_hidden": true}
def thermostat(T):
    """Eight tokens: the heat comes first, then mirostat cuts, draws and corrects mu."""
    text, mu, die = "The king said to his", 4.0, torch.Generator().manual_seed(0)
    for _ in range(8):
        row = model.next_logits(text) / T
        left = mirostat(row, mu)
        token = torch.multinomial(left.softmax(-1), 1, generator=die).item()
        bits = -row.log_softmax(-1)[token].item() / math.log(2)
        word, kept = model.tokenizer.decode([token]), count(left)
        print(f"mu {mu:.2f}  keeps {kept}  draws {word:<10} {bits:.1f} bits", end="  ")
        mu, text = mirostat_update(mu, bits, tau=2.0, eta=0.1), text + word
        print(f"-> mu {mu:.2f}")


thermostat(1.0)

# %% [markdown]
# Surprises above 2 bits lower μ, and the comma, with 1.3, raises it. So mirostat steers the average
# surprise of the *text*, not of each row.
#
# **Predict.** Now each row is first heated to *T* = 2. Will the text be wilder, much the same, or duller?

# %%
thermostat(2.0)

# %% [markdown]
# Duller. In the first heated row even the best token, ` wife`, has a surprise of 5.6 bits, above μ. So all others
# are cut, and μ falls. Each step is a greedy choice.

# %% [markdown]
# The next table counts how many tokens of the king's row stay at *T* = 1 and *T* = 2. For the column
# *tail*, at *T* = 1, the thousand hopeless tokens are added to the row, but not counted.
#
# **Predict.** Which cuts have the same number in all three columns: epsilon, min-p, p-less, top-nσ, eta,
# top-h, typical, XTC, mirostat?

# %% jupyter={"source_hidden": true}
NINE = {
    "epsilon 0.03": lambda x: epsilon_cutoff(x, 0.03),
    **CUTS,
    "eta 0.0009": lambda x: eta_cutoff(x, 9e-4),
    "top-h 0.6": lambda x: top_h(x, 0.6),
    "typical 0.2": lambda x: typical_p(x, 0.2),
    "XTC 0.1": lambda x: xtc(x, 0.1, 1.0, dice),
    "mirostat, mu 4": lambda x: mirostat(x, 4.0),
}
print(f"{'':<16}{'T = 1':>7}{'T = 2':>8}{'tail':>8}")
for name, cut in NINE.items():
    kept = count(cut(king)), count(cut(king / 2)), count(cut(longer)[:4096])
    print(f"{name:<16}{kept[0]:>7,}{kept[1]:>8,}{kept[2]:>8,}")

# %% [markdown]
# None. Heat moves eight cuts, and the tail moves the ninth, top-nσ. Your own cut promises to resist
# both and, unlike top-k, to fit the row.
#
# Which cut is *better*? (Here you may stop for today, as before top-nσ.)

# %% [markdown]
# ## The dispute about min-p
#
# *The claim* of its authors, 2025: min-p writes better and more varied texts than top-p, above all at
# high temperatures [nguyen2025].
#
# *The objection* of critics, 2025: in the study with people some answers were left out, and the statistics
# had errors. If all cuts try equally many settings, min-p is no longer ahead [schaeffer2025].
#
# *The answer*, November 2025: the claim stays, but people's "clear preference" for min-p is now "a preference"
# [nguyen2025].

# %% [markdown]
# ## First the claim
#
# We take five openings of stories that the model never read. Top-p 0.9, min-p 0.1, and top-p 0.9 *before*
# the heat each write two texts for each opening and temperature. The model at *T* = 1 measures the
# perplexity of these texts, and of what *people* wrote after the openings. (The folded cells run for about
# half a minute.)

# %% [markdown]
# **Predict.** People's perplexity is 27. At *T* = 2, will top-p 0.9 be at about 50, 250 or over 1,000? Will
# top-p *before* the heat be about as high, or far lower?


# %% jupyter={"source_hidden": true}
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


# %% jupyter={"source_hidden": true}
HUMAN = math.exp(-read_human(STORIES).logprob)
HEATS = (1.0, 1.5, 2.0, 3.0)
RECIPES = {
    "top-p 0.9": lambda T: Settings(temperature=T, top_p=0.9),
    "min-p 0.1": lambda T: Settings(temperature=T, min_p=0.1),
    "top-p before heat": lambda T: lambda logits, ids: top_p(logits, 0.9) / T,
}
found = {}
for name, recipe in RECIPES.items():
    found[name] = [perplexity(written(recipe(T))[1]).item() for T in HEATS]

# %% jupyter={"source_hidden": true}
chart = explore.Chart(x="temperature", y="perplexity (log scale)", height=3.4)
for (name, values), look in zip(
    found.items(), ((KEPT, "s"), (DRAWN, "o"), (QUIET, "^")), strict=True
):
    colour, marker = look
    chart.axes.semilogy(HEATS, values, color=colour, marker=marker)
    chart.label(3.05, values[-1], name, colour)
chart.axes.axhline(HUMAN, color=INK, linestyle=":")
chart.label(3.05, HUMAN * 0.75, "people", INK)
chart.axes.set(xlim=(0.9, 3.75), xticks=HEATS)
said = "; ".join(f"{n} {v[0]:,.0f}, {v[2]:,.0f} and {v[3]:,.0f}" for n, v in found.items())
chart.says(f"Perplexity at T 1, 2 and 3: {said}; people {HUMAN:.0f}.")

# %% [markdown]
# At *T* = 2 top-p's texts are about 40 times as perplexing as people's. Min-p's texts are near people's.
# (How can 20,328 be more than 4,096 equal choices? The texts are drawn at *T* = 3 and measured at
# *T* = 1. There most of their tokens have far less than 1/4,096.)

# %% [markdown]
# But top-p before the heat is near people's too. At *T* = 3 its texts are still at 49, far below min-p's.
# So top-p 0.9 did so badly because it came *after* the heat.

# %% [markdown]
# ## Then the objection
#
# So far top-p and min-p had one number each. Now each gets three, at *T* = 2, *after* the heat. P-less has
# no number, and your cut stays as it is: one dot each.

# %% [markdown]
# Each dot stands for 40 texts (10 before), in eight sets of five. Further right, texts are more perplexing; further up,
# more varied (distinct-1, the share of different tokens in a set). At equal perplexity, higher is better.
#
# **Predict.** Will min-p's line lie above top-p's?

# %% jupyter={"source_hidden": true}
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
LOOKS = {"min-p": (DRAWN, "o"), "top-p": (KEPT, "s"), "p-less": (QUIET, "^"), "yours": (INK, "D")}
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
    f"{n} {v}: {a:.0f}, {b:.3f} ± {s:.3f}".replace(" :", ":") for (n, v), (a, b, s) in tuned.items()
]
chart.says("Perplexity and distinct-1 at T 2. " + "; ".join(said) + ".")

# %% [markdown]
# The small strokes reach one standard error up and down (module 07). Min-p's line lies a little *below*
# top-p's: min-p 0.1 is at 0.774; at the same perplexity top-p's line, read off the figure, is at about
# 0.80. The distance is less than two standard errors, and on the right the lines meet. So top-p, with
# another number, reaches what min-p reaches. By these two measures the objection holds here too.

# %% [markdown]
# P-less is at 0.799; at the same perplexity top-p's line is at about 0.77. The distance is about two of
# p-less's standard errors, and top-p's line is uncertain, too: a weak hint that p-less is better, no proof.
#
# The two figures do not contradict each other: in the first, each cut had one number; in the second,
# several.

# %% [markdown]
# Min-p keeps one advantage here, on a small model and without a human judge: at *T* = 2 and 3 its 0.1 is far nearer
# to people than top-p's 0.9 after the heat. That advantage does not show "better texts".
#
# When two studies disagree, ask first: *how many settings did each side get?*

# %% [markdown]
# ## What production systems do
#
# As of late 2026, `transformers` runs the temperature first [transformers2026]. llama.cpp runs its cuts
# first and the temperature *last* [llamacpp2026]: there our friend's 0.9 would have come before the heat.

# %% [markdown]
# ## Recap
#
# Top-p knew how much it had. Min-p knew the best token. What does your cut know?
#
# Top-p before the heat would have helped the friend. So would 0.3 in place of 0.9 (perplexity 41,
# people 27), or a cut that keeps the same tokens at every *T*.

# %% [markdown]
# A cut chooses among *tokens*. The next module chooses among sixteen whole *texts*.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

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
# Your `my_min_p` from **Build it** above, as its docstring says. One point for the right tokens of one row,
# one for batches of any shape, and one for *m* = 0, *m* = 1, banned tokens and an unchanged input together.
# A function that calls the course's functions gets no point.


# %% test="my_min_p"
def one_row():
    for logits, m, expect in ((SURE, 0.1, {0}), (SURE, 0.05, {0, 1}), (OPEN, 0.7, {0, 1, 2})):
        check.kept(
            my_min_p,
            logits,
            m,
            expect=expect,
            why=f"At m = {m}, which tokens have at least m times the best one's probability?",
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


def clear(logits, p, least=2e-5):
    """Whether no gap is so near to the bar that rounding decides; equals are none."""
    if not p:
        return True
    best = logits.double().amax(dim=-1, keepdim=True)
    gaps = best - logits.double()
    return bool(((gaps + math.log(p)).abs() > least + 1e-6 * best.abs())[gaps > 0].all())


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


def a_few(random):
    return without_banned(domains.logits(random, vocab=domains.size(random, most=39)))


def single(random):
    """No logit is near the bar, so that only which one is the best counts."""
    while True:
        logits, p = a_few(random), random.uniform(0.02, 0.98)
        if clear(logits, p, least=0.03):
            return logits, p


def close(random):
    return drawn(random, a_few(random), [random.uniform(0.02, 0.98) for _ in range(12)])


def any_share(random):
    if random.random() < 0.15:
        return almost_one(random)
    return drawn(random, a_few(random), inner(random))


def many(random):
    """A large vocabulary, of which hundreds may stay; the best one often comes late."""
    size = random.choice([60, 100, 300, random.choice([300, 300, 2000, 4200, 5000])])
    logits = torch.tensor([random.gauss(0, 0.3) for _ in range(size)])
    if random.random() < 0.5:
        logits[-random.randint(1, 60)] = logits.max() + random.uniform(0.5, 3)
    return drawn(random, logits, inner(random))


def batch(random):
    deep = [(2, 1, 3), (1, 2, 1, 2), (1, 1, 1, 1), (150,)]
    shape = random.choice([*deep, *(domains.shape(random) for _ in range(16))])
    vocab = None
    if random.random() < 0.02:
        shape, vocab = (2,), random.choice([1500, 5000])
    return drawn(random, without_banned(domains.logits(random, shape, vocab)), inner(random))


def end(random):
    """Alike rows, so that only p and what is at -inf count. The best often has a near rival."""
    if random.random() < 0.1:
        return long_end(random)
    logits = domains.logits(random)
    if random.random() < 0.3 and logits.max().abs() < 100:
        logits[random.randrange(len(logits))] = logits.max() + random.choice([0.005, 2e-4])
    logits = logits.expand(*domains.shape(random)[-2:], len(logits)).clone()
    p = random.choice([*[0, 0.0, 1, 1, 1.0] * 8, *inner(random)])
    return (logits, p) if clear(logits, p) else end(random)


def long_end(random):
    """Alike rows of many tokens, often with equals at the top, and one far below or banned."""
    size, p = random.choice([60, 300, 1500, 5000, 5000]), random.choice([0, 0.0, 1, 1.0])
    logits = domains.logits(random, vocab=size)
    if random.random() < 0.6:
        logits = logits.clamp(max=logits.topk(random.choice([2, 3, size // 2])).values[-1])
    below = random.choice([60.0, 200.0, 4000.0, math.inf])
    logits[logits.argmin()] = logits.max() - below
    return logits.expand(*random.choice([(), (1,), (2,)]), size).clone(), p


def anything(random):
    return domains.batch(random), random.choice([0, 0.0, 1, 1.0, 1e-6, 0.05, 0.5])


@check.once
def another_row():
    check.own(my_min_p, anything)
    one_row()
    for draw, why in (
        (
            single,
            "The logits may all be negative, large or alike, and the best one may stand anywhere.",
        ),
        (close, "A token just above the bar stays, one just below it goes: nothing is rounded."),
        (any_share, "m may be any number from 0 to 1: tiny as 1e-12, or hardly below 1."),
        (
            many,
            "A row may have thousands of tokens: hundreds may stay, and the best may come late.",
        ),
    ):
        check.against(near_the_best, my_min_p, draw, why=why)


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
        why="m = 0 keeps every token, m = 1 the best and its equals, however many there are; -inf "
        "stays -inf and does not disturb the others.",
    )
    check.keeps(
        my_min_p,
        anything,
        why="The caller's logits must be the same after the call: make a new tensor.",
    )


points = 1.0 * check.passes("one row, whatever its logits", another_row)
points += check.passes("batches", batches)
points += check.passes("m = 0 and 1, banned tokens, input as it was", ends)
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

# %% [markdown] question="A change of temperature" points=1
# Moving the temperature slider of a chat program (above 0) must never change *which* tokens can come, only how often.
# Which chains guarantee this for every row? Write all their numbers.
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
# Find the bug. As soon as one token is banned, at −inf, this function cuts nothing, and raises no error.
# llama.cpp once had the same bug [llamacpp13344]. Repair the function: take σ of the finite logits alone,
# the root of their mean squared distance from their mean (`std(correction=0)`). Kept logits stay as they
# were. One point for rows with one banned token, one more if rows with many, or none, are right too.


# %% answer="top_n_sigma_repair"
def repaired_top_n_sigma(logits, n):
    """logits: (vocab,), one row of up to 3,000, with at least one finite; n: from 0 to 10. Cut
    tokens are at -inf."""
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


def within_n_other_sigma(logits, n):
    row = logits.tolist()
    count = sum(x > -math.inf for x in row)
    line = bar(row, n * math.sqrt(count / max(1, count - 1)))
    return torch.tensor([x if x == max(row) or x >= line else -math.inf for x in row])


def above_n_sigma(logits, n):
    line = bar(logits.tolist(), n)
    return torch.tensor([x if x > line else -math.inf for x in logits.tolist()])


def above_or_best(logits, n):
    row = logits.tolist()
    best, line = max(row), bar(row, n)
    return torch.tensor([x if x == best or x > line else -math.inf for x in row])


def two_at_least(logits, n):
    second = logits.topk(min(2, len(logits))).values[-1]
    return torch.maximum(within_n_sigma(logits, n), logits.masked_fill(logits < second, -math.inf))


def by_another(spread):
    """The cut with another number in place of σ; spread: of the finite logits, and how many all are."""

    def cut(logits, n):
        finite = logits[logits.isfinite()].double()
        line = finite.max() - n * spread(finite, len(logits))
        return logits.masked_fill((logits < line) & (logits < logits.max()), -math.inf)

    return cut


def filled(finite, count, value):
    return torch.cat([finite, value.expand(count - len(finite))]).std(correction=0)


def from_median(finite, count):
    return (finite - finite.median()).square().mean().sqrt()


SIGMAS = {
    "The squares are divided by their number, not by one less: `correction=0`.": within_n_other_sigma,
    "A logit exactly at the bar stays: with n = 0 that is the best.": above_n_sigma,
    "A logit exactly at the bar stays, too: of 2 and 0, with n = 2, both.": above_or_best,
    "If only the best is within n times σ, it stays alone.": two_at_least,
    "n need not be a whole number.": lambda logits, n: within_n_sigma(logits, int(n)),
    "By how many do you divide the squares? Count only the finite logits.": by_another(
        lambda finite, count: filled(finite, count, finite.mean())
    ),
    "In which of the three, mean, squares and count, is the banned token still in?": by_another(
        lambda finite, count: filled(finite, count, finite.new_zeros(()))
    ),
    "A banned token is not the lowest one: it is in none of mean, squares and count.": by_another(
        lambda finite, count: filled(finite, count, finite.min())
    ),
    "σ takes the root of the mean square: it is not the mean distance.": by_another(
        lambda finite, count: (finite - finite.mean()).abs().mean()
    ),
    "σ is measured from the mean, not from the median.": by_another(from_median),
}


def clear(row, n):
    """Whether no logit but the best is so near to the bar that rounding decides."""
    size, best, line = 1 + max(abs(x) for x in row if x > -math.inf), max(row), bar(row, n)
    return all(abs(x - line) > 4e-6 * size for x in row if x < best)


def banned(random, count):
    """A row with so many tokens at -inf, and n, often such that the bar is close to a token."""
    if random.random() < 0.06:  # exactly at the bar: of two logits, half their distance is σ
        row = [*random.sample(range(-40, 40), 2), *[-math.inf] * count]
        random.shuffle(row)
        return torch.tensor(row, dtype=torch.float32), random.choice([2, 2.0])
    while random.random() < 0.1:  # rows that have the same best and length
        row = [5, *random.choices(range(6), k=3), *[-math.inf] * count]
        n = random.choice([0.5, 1, 1.5, random.uniform(0, 3)])
        random.shuffle(row)
        if clear(row, n):
            return torch.tensor(row, dtype=torch.float32), n
    while True:
        centre = random.choice([0, 0, 0, 30, -30, 1000, -4000, -20000])
        scale = random.choice([0.005, 0.5, 3, 10, 300])
        size = random.choice([domains.size(random), 150])
        if random.random() < 0.05:
            size = random.choice([1000, 2000, 2960])
        row = [centre + random.gauss(0, scale) for _ in range(size)]
        row = [round(x) for x in row] if random.random() < 0.3 else row  # ties
        row[0] = max(row) - random.choice([0.02, 0.002]) * scale  # a near rival of the best
        row[-1] = random.choice([row[-1], row[-1], max(row) + random.choice([15, 30, 300]) * scale])
        row = torch.tensor([*row, *[-math.inf] * count], dtype=torch.float32).tolist()
        n = random.choice([0, 1, 1.0, 2, 4, random.uniform(0, 3), random.uniform(0, 3)])
        sigma = max(row) - bar(row, 1)
        if sigma and random.random() < 0.5:
            near = max(row) - random.choice(row[:size])
            off = random.uniform(1e-5, 2e-3) * random.choice([1, 1, near])
            n = (near + random.choice([-1, 1]) * off) / sigma
        if size > 400 and random.random() < 0.7:  # a part of it is not like the whole
            row.sort(reverse=random.random() < 0.7)
        else:
            random.shuffle(row)
        if 0 <= n <= 10 and clear(row, n):
            return torch.tensor(row), n


def one(random):
    return banned(random, 1)


def any_number(random):
    return banned(random, random.choice([0, 0, 2, 3, 5, 40]))


@check.once
def other_spreads():
    one_banned()
    check.against(
        within_n_sigma,
        repaired_top_n_sigma,
        one,
        mistakes=SIGMAS,
        why="σ is that of the finite logits alone, far from 0 or not, close together or not; n may "
        "be any number from 0 to 10, and nothing is remembered between calls.",
    )


def many_or_none():
    other_spreads()
    check.against(
        within_n_sigma,
        repaired_top_n_sigma,
        any_number,
        mistakes=SIGMAS,
        why="Without a banned token it was right before. However many are banned, only the others "
        "count: for the mean, and for the number that the squares are divided by.",
    )


points = 1.0 * check.passes("one banned token, any spread", other_spreads)
points += check.passes("many banned tokens, or none", many_or_none)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="A design that is hard to fool" points=4
# Your `my_cutoff` from **Build it: a cut of your own**, one point for each of the four promises, on
# many rows that fit its description. *Heat* and *tail* count only with *tidy* and *cliff*.


# %% test="my_cutoff"
points = 1.0 * check.passes("tidy", tidy, my_cutoff)


### BEGIN HIDDEN TESTS
def mixed(random, row):
    """The row in another order, as float32."""
    order = list(range(len(row)))
    random.shuffle(order)
    return row.float()[order]


def moved(random, row):
    """The row with a whole number added to all, such that it stays within -200 and 200."""
    down, up = -200 - math.floor(row.min()), 200 - math.ceil(row.max())
    return row + random.choice([0, 0, 0, down, up, random.randint(down, up)])


def ordinary(random):
    """A row on a grid of 1/32, such that halving and adding are exact."""
    size = random.choice([64, 65, 400, *[random.randint(64, 400) for _ in range(5)]])
    scale, most = random.choice([(0.5, 12), (0.5, 12), (1.5, 12), (1.5, 12), (3, 12), (40, 160)])
    row = [round(32 * max(-most, min(most, random.gauss(0, scale)))) / 32 for _ in range(size)]
    for place in random.sample(range(size), random.choice([0, 1, 4])):
        row[place] += random.choice([2.0, 5.0])
    return (mixed(random, moved(random, torch.tensor(row))),)


def dense(random, step):
    """A row of which many neighbours are a step apart, so that some are next to any bar."""
    size = random.choice([64, 80, 120])
    places = random.sample(range(size + random.choice([10, size])), size)
    return mixed(random, moved(random, (torch.tensor(places) - size // 2) * step))


def crowded(random):
    """A row in which 13 to 29 are nearly as good as the best, and all others far below."""
    crowd, others = random.randint(13, 29), random.randint(64, 370)
    best = [-(random.uniform(0, 0.3) ** 2) for _ in range(crowd)]
    return mixed(random, torch.tensor([*best, *(-random.uniform(4, 9) for _ in range(others))]))


def with_banned(random):
    (row,) = ordinary(random)
    row = row + torch.tensor([random.uniform(0, 0.02) for _ in row])
    row = random.choice([row, row, row, crowded(random), torch.zeros(len(row))])
    banned = torch.full((random.choice([0, 0, 1, 40, 900]),), -torch.inf)
    return (mixed(random, torch.cat([row, banned])),)


def steep(random):
    """A row with a cliff, and how many stand above it."""
    good, others = random.randint(1, 12), random.randint(64, 388)
    best = -torch.tensor(sorted(random.choices(range(13), k=good))) / 32
    best = best - best[0]
    if good > 1 and random.random() < 0.5:
        best[-1] = -0.399
    depth, slope = random.choice([6.0, 7.0, 8.0]), random.choice([16, 24, 32, 1000, 1000])
    row = torch.cat([best, -depth - torch.arange(others) / slope])
    return mixed(random, moved(random, row)), good


def heated(random):
    heats = [(T, 0.0) for T in (0.5, 2.0, 4.0)]
    ways = [*heats, (1.0, float(round(random.uniform(1, 64)))), (1.0, -64.0)]
    kind = random.random()
    if kind < 0.15:  # divided alone: that is exact, however small the steps
        return dense(random, 1 / 1024), random.sample(heats, 2)
    if kind < 0.3:
        return dense(random, 1 / 32), [(1.0, 64.0), (1.0, -64.0)]
    if kind < 0.4:
        return steep(random)[0], random.sample(heats, 2)
    (row,) = ordinary(random)
    if kind < 0.5:
        row = torch.cat([row, torch.full((random.choice([1, 900]),), -torch.inf)])
    return mixed(random, row), random.sample(ways, 2)


def longer_row(random):
    (row,) = ordinary(random)
    if random.random() < 0.3:  # equals at the top
        row = row.clamp(max=row.topk(random.randint(2, 25)).values[-1])
    below = random.choice([30.0, 50.0, 90.0, 400.0, 1000.0])
    return row, (below,), (random.choice([100, 900, random.randint(100, 900)]),)


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
# Find the bug. An inference server ran this function whenever XTC's die said yes [aprender2131]. Repair the
# function: of the tokens that reach the threshold, the least likely must stay. A token with exactly the
# threshold reaches it. One point if several tokens reach the threshold; one more if rows with one such
# token, or none, are right too.


# %% answer="xtc_repair"
def repaired_xtc(probs, threshold):
    """probs: (vocab,), up to 1,000, all different and above 0, in any order; threshold: from 0 to 1.
    Returns probs with the cut ones at 0, not rescaled."""
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


def without_those_above(probs, threshold):
    above = probs[probs > threshold]
    return probs.masked_fill(probs > above.min(), 0.0) if len(above) else probs


def without_at_0(probs, threshold):
    return without_top_choices(probs, threshold) if threshold else probs


def one_stays(place):
    """Of those that reach the threshold the one at a place stays, whatever it has."""

    def cut(probs, threshold):
        reach = (probs >= threshold).nonzero().flatten().tolist()
        stays = reach[place : place + 1 or None]
        return probs.masked_fill(
            torch.tensor([i in {*reach} - {*stays} for i in range(len(probs))]), 0.0
        )

    return cut


def without_the_first(probs, threshold):
    many = int((probs >= threshold).sum())
    return torch.cat([torch.zeros(max(0, many - 1)), probs[max(0, many - 1) :]])


EXACT = {
    "A token with exactly the threshold reaches it.": without_those_above,
    "With a threshold of 0 every token reaches it.": without_at_0,
    "The tokens may stand in any order: the least likely need not be the last.": one_stays(-1),
    "The tokens may stand in any order: the least likely need not be the first.": one_stays(0),
    "The tokens may stand in any order: the likeliest need not come first.": without_the_first,
}


def different(random, reach, vocab):
    """Shares of which so many reach the threshold."""
    while True:
        weights = [random.expovariate(1) ** random.choice([1, 3]) for _ in range(vocab)]
        if random.random() < 0.1:  # two hold nearly all
            weights[:2] = random.sample([30 * vocab, 31 * vocab, 40 * vocab], 2)
            random.shuffle(weights)
        probs = torch.tensor([weight / sum(weights) for weight in weights])
        ranked = [1.0, *sorted(set(probs.tolist()), reverse=True), 0.0]
        if len(ranked) < vocab + 2:  # two are alike
            continue
        lower, upper = ranked[reach + 1], ranked[reach]
        exact = upper if reach else (1.0 + lower) / 2
        little = random.choice([4e-6, 2e-5, 1e-4])  # of itself: a slip of one part in so many
        near = [lower * (1 + little), upper * (1 - little)]
        threshold = random.choice([exact, random.uniform(lower, upper), *near])
        if reach == vocab and random.random() < 0.3:
            return probs, random.choice([0, 0.0])
        if lower < threshold <= upper:
            return probs, threshold


def several(random):
    vocab = domains.LONG if random.random() < 0.05 else 1 + domains.size(random)
    return different(random, random.choice([2, vocab, random.randint(2, vocab)]), vocab)


def one_or_none(random):
    vocab = domains.LONG if random.random() < 0.03 else domains.size(random)
    if random.random() < 0.1:  # a sure row: all others are lost in float32's 1.0
        probs = [1.0, *(1e-9 * (i + 1) for i in range(vocab - 1))]
        random.shuffle(probs)
        return torch.tensor(probs), random.choice([1, 1.0, 0.5, random.uniform(0.1, 0.9)])
    return different(random, random.choice([0, 1]) if vocab > 1 else 1, vocab)


@check.once
def in_any_order():
    several_reach()
    check.against(
        without_top_choices,
        repaired_xtc,
        several,
        mistakes=EXACT,
        why="Of those that reach the threshold only the least likely stays, wherever it stands and "
        "whatever the threshold; all others keep what they have.",
        within=0.0,
    )


def few_reach():
    in_any_order()
    check.against(
        without_top_choices,
        repaired_xtc,
        one_or_none,
        mistakes=EXACT,
        why="If one token reaches the threshold it is also the least likely that does. If none "
        "does, there is nothing to cut.",
        within=0.0,
    )


points = 1.0 * check.passes("several, in any order", in_any_order)
points += check.passes("one reaches it, or none", few_reach)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="The web address" points=1
# At *T* = 0 a model must repeat a web address from its prompt. With DRY it gets the address wrong
# [llamacpp26754]. Why?
#
# - **A** DRY draws at random, so *T* = 0 is not greedy with it.
# - **B** DRY bans each word of the prompt, and so the address.
# - **C** No single token is an address, so DRY can find no match.
# - **D** The best after DRY is chosen, and copying is repeating.

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
# - **B** The best of five tries might be higher for top-p too.
# - **C** Points say nothing about texts, so neither has won.
# - **D** A lead in a small model may well be gone in a large one.

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
# MAUVE, a statistic, compares many machine texts (a heap) with a heap of people's. By MAUVE one method lost.
# People, who read pairs of texts, preferred that method [suxu2022]. What follows?
#
# - **A** Both may be right: heap and pair show different things.
# - **B** People were wrong: a whole heap shows all that a pair shows.
# - **C** MAUVE was wrong: a pair shows all that a heap shows.
# - **D** Neither counts: heap and pair contradict each other.

# %% answer="two_judges"
answer_judges = ""  # "A", "B", "C" or "D"

# %% test="two_judges"
check.choice(
    answer_judges,
    right="A",
    why={
        "B": "A heap can look human though each of its texts reads badly. Did the people judge heaps?",
        "C": "Someone who reads two texts cannot see that the ten-thousandth resembles them all.",
        "D": "They would, if both judged the same thing. Did they?",
    },
)

# %% [markdown] question="A letter about min-p" points=0
# A friend writes: "Min-p has been proved better than top-p." Another: "Min-p has been debunked."
# Answer in five or six sentences: what was claimed, what was objected, what did *you* measure, what
# does your measurement not show, and what would you advise somebody whose temperature is 2?
#
# <details><summary>Afterwards</summary>
#
# Are claim and objection told as somebody's word? Is there a number from each figure, and a reason why the
# figures differ? Does the advice name a cut and its place?
# </details>

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
# - [transformers30639] [min-p set to 0.9](https://github.com/huggingface/transformers/pull/30639)

# %% [markdown]
# Bugs: [aprender2131](https://github.com/paiml/aprender/pull/2131) [aprender2131],
# [llamacpp13344](https://github.com/ggml-org/llama.cpp/pull/13344) [llamacpp13344],
# [llamacpp26754](https://github.com/ggml-org/llama.cpp/issues/26754) [llamacpp26754].

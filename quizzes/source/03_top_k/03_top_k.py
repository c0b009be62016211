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
# Keep the *k* most likely tokens, forbid all others, and draw.

# %% [markdown]
# > **About 45 minutes** · difficulty ●●○○○ · you need: softmax, temperature
# >
# > Afterwards you can
# > - say by hand which tokens top-k keeps, with ties and odd *k* too, and how likely each becomes;
# > - explain why no single *k* fits every step of a text;
# > - write a top-k that keeps exactly *k* in any batch;
# > - repair three top-k bugs from real projects.
#
# Names in brackets, as in [fan2018], are sources.

# %% [markdown]
# **Recall.** At *T* = 5 `pizza` has 4.3% after `every effort moves you`. Is there a temperature above
# 0 at which it cannot come? Which logit would forbid it? Answer before you unfold.
#
# <details><summary>Answer</summary>
#
# There is none: *e* to any real number is above 0. A logit of −∞ would do it, as *e* to the power
# of −∞ is 0. Top-k hands out that logit.
# </details>

# %% locked="setup"
import textwrap

import torch

from course_utils import explore, sampling, storyteller
from course_utils import quiz as check
from course_utils.explore.plots import style
from course_utils.generate import Settings, generate
from course_utils.toys import CAPITAL, NEXT_LOGITS, NINE_WORDS, VOCABULARY


def show(words, **columns):
    """Print one row a word, one column an argument."""
    print(" " * 10 + "".join(f"{name:>12}" for name in columns))
    for word, *numbers in zip(words, *columns.values(), strict=True):
        print(f"{word:<10}" + "".join(f"{number.item():12.3f}" for number in numbers))


def tell(text):
    """Print a text in lines that end between words."""
    print(textwrap.fill(text, 90), end="\n\n")


# %% [markdown]
# ## By hand, on nine words
#
# The rule has three steps: find the *k* largest logits, set all others to −∞, take softmax. Here is
# *k* = 3.

# %%
kept = torch.tensor([0, 3, 7])  # closer, forward, toward
cut = torch.full_like(NEXT_LOGITS, -torch.inf)
cut[kept] = NEXT_LOGITS[kept]
before, after = NEXT_LOGITS.softmax(dim=-1), cut.softmax(dim=-1)
show(VOCABULARY, logit=NEXT_LOGITS, cut=cut, before=before, after=after)

# %% [markdown]
# Three probabilities are left, and `pizza` cannot come any more. The three held 0.991 together;
# each was divided by that sum, so that they sum to 1 again. `forward` is 1.6 times as likely as
# `toward`, before and after: top-k does not touch the odds between survivors.

# %% [markdown]
# **Predict.** With *k* = 2 only `forward` and `toward` are left, and their odds stay 1.6 to 1.
# Which share does `forward` get? Say a number, then move the slider. It starts at 0, which is off.

# %%
explore.Distribution(NINE_WORDS, knobs=["top_k"])

# %% [markdown]
# 1. Set *k* to 2. Does `forward` have 1.6 / 2.6 ≈ 62%?
# 2. Set *k* to 1 and press **Sample 100**. How many different words come? (One. *k* = 1 is greedy
#    choice.) Then set *k* to 50: how many words does the line below the picture count as kept?

# %% [markdown]
# ## The formula
#
# Let $K$ be the set of the $k$ most likely tokens. Then
#
# $$p'_i = \frac{p_i}{\sum_{j \in K} p_j} \text{ for } i \in K, \qquad p'_i = 0 \text{ for all
# others.}$$
#
# The sum below the line is the **mass kept**. It is the same for every survivor, so it drops out of
# any ratio: $p'_i / p'_j = p_i / p_j$.

# %% [markdown]
# ## A knife that does not move
#
# *k* is the same number at every step. The steps are not the same. First a **sharp** one: ten
# tokens after `The capital of France is`.
#
# **Predict.** ` Paris` has 93%. With *k* = 5, how much do the four other survivors have together?

# %%
explore.Distribution(CAPITAL, knobs=["top_k"])

# %% [markdown]
# 1. Set *k* to 5. How much of the mass is kept, and how much of it is not ` Paris`? (99.2%, and
#    about 6%.) ` Lyon` is among the five: here 5 is too many.
# 2. Move on to *k* = 2. By how much does ` Paris` grow? (From 93.8% to 97.1%.) Where one token has
#    nearly everything, the exact *k* hardly matters to it.

# %% [markdown]
# Now a **flat** step of the real model, the Storyteller, which has 4,096 tokens. Animals, kings and
# aunts may all say good morning.
#
# **Predict.** How much of the mass do the 40 most likely tokens keep: nearly all, three quarters,
# or less than half?

# %%
explore.Distribution('"Good morning," said the', knobs=["temperature", "top_k"])

# %% [markdown]
# 1. Set *k* to 40. How much of the mass is kept? (45%.) Now write `Once upon a` in the box: how
#    much is kept there? (99.9%, and ` time` has nearly all of it.)
# 2. Go back to the first prompt, stay at *k* = 40 and move *T* from 1 to 2. Does the number of kept
#    tokens change? Do other tokens appear among the first twelve? (Neither.)

# %% [markdown]
# Which tokens does *k* = 40 let in after the sharp `Once upon a`, and which does it cut after the
# flat `"Good morning," said the`?

# %%
model = storyteller.load()


def ranked(prompt, first, last):
    """The tokens from place `first` to `last`, the likeliest being at place 1."""
    order = model.next_logits(prompt).argsort(descending=True)
    pieces = [model.tokenizer.decode([i]) for i in order[first - 1 : last].tolist()]
    return " ".join(map(style.visible, pieces))


tell("Kept after the sharp one, places 21 to 40: " + ranked("Once upon a", 21, 40))
tell("Cut after the flat one, places 41 to 60: " + ranked('"Good morning," said the', 41, 60))

# %% [markdown]
# The same knife lets ` sudden` and ` hot` in where only ` time` makes sense, and cuts ` woman`,
# ` child` and ` wolf`, who may well say good morning. At a sharp step 40 is too many, at a flat one
# too few.

# %% [markdown]
# ## With a temperature
#
# Dividing by *T* keeps the order, and top-k looks at nothing but the order. So either can come
# first: the survivors are the same.
#
# **Predict.** And their probabilities?

# %%
T, k = 2.0, 3
show(
    VOCABULARY,
    k_first=(sampling.top_k(NEXT_LOGITS, k) / T).softmax(dim=-1),
    T_first=sampling.top_k(NEXT_LOGITS / T, k).softmax(dim=-1),
)

# %% [markdown]
# They are the same too: a survivor ends with its logit over *T*, whichever came first, and a cut
# one with −∞ over *T*, which is −∞. Do not get used to it. Top-p looks at probabilities, and there
# the order matters.

# %% [markdown]
# ## Ties and odd values of k
#
# **Predict.** Logits 3, 2, 2, 2 and 1, and *k* = 2. One place is left for three equal tokens. How
# many survive under each rule?

# %%
tied = torch.tensor([3.0, 2.0, 2.0, 2.0, 1.0])
kth = tied.topk(2).values[-1]
print("this course: ", sampling.top_k(tied, 2))
print("a threshold: ", tied.masked_fill(tied < kth, -torch.inf))

# %% [markdown]
# This course keeps **exactly k**, and of equal tokens those with the **lowest ids**. A threshold,
# as in `transformers`, keeps every tie [transformers2026]: four tokens for *k* = 2. A bare
# `torch.topk` keeps exactly *k*, but which of the equal ones is not promised [pytorch2026].

# %% [markdown]
# Are ties rare? That depends on the number format. Here are the Storyteller's logits along a
# passage, as they are and rounded to bfloat16, in which many models run.

# %%
text = (
    "Once upon a time there were Three Bears, who lived together in a house of their own, in a "
    "wood. One of them was a Little, Small, Wee Bear."
)
ids = torch.tensor([model.encode(text)])
with torch.inference_mode():
    passage = model.gpt(ids)[0, 1:]  # (steps, vocab): what could follow each token
for logits in (passage, passage.bfloat16()):
    different = sum(len(row.unique()) for row in logits) / len(logits)
    ordered = logits.sort(dim=-1, descending=True).values
    ties = (ordered[:, 39] == ordered[:, 40]).sum()
    print(f"{logits.dtype}: {different:,.0f} different values a step on average,")
    print(f"  number 40 and number 41 are equal at {ties} of {len(logits)} steps")

# %% [markdown]
# bfloat16 keeps 8 significant bits, so the 4,096 logits share a quarter as many values. At *k* = 40
# a tie sits on the border at every fifth step or so. One path in vLLM kept all ties and another
# exactly *k*, says a proposed repair: the same request could give other tokens alone than in a
# large batch [vllm50979].

# %% [markdown]
# **k beyond the vocabulary.** All tokens stay, so nothing should happen. A bare `topk` disagrees.

# %%
print("this course:", int(sampling.top_k(NEXT_LOGITS, 50).isfinite().sum()), "of 9 kept")
try:
    NEXT_LOGITS.topk(50)
except RuntimeError as error:
    print("torch.topk: ", error)

# %% [markdown]
# `transformers` takes the smaller of *k* and the vocabulary [transformers2026]. TransformerLens
# does so since a crash [transformerlens1347].
#
# **k = 0.** There is no draw from no token, so 0 or `None` stands for *off*. It must be asked for:
# a library that did not cut every token [litgpt2309]. One of the questions below shows what greedy
# choice did then.

# %% [markdown]
# ## Build it
#
# > difficulty ●●●○○ · importance ●●●●● · 10 minutes
#
# Write `my_top_k`. You may use PyTorch, but not the course's own functions. It is scored below.
#
# <details><summary>Hint</summary>
#
# Sort the places of each row by their logits. Mark the first *k* of them, and fill the rest.
# <details><summary>More</summary>
#
# `argsort(dim=-1, descending=True, stable=True)` leaves equal logits in the order of their ids. A
# slice may end beyond the row, or at `None`. `scatter` marks, `masked_fill` makes a new tensor.
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
for k, expect in ((1, {3}), (3, {0, 3, 7}), (5, {0, 3, 4, 7, 8})):
    check.passes(
        f"nine words, k = {k}",
        check.kept,
        my_top_k,
        NEXT_LOGITS,
        k,
        expect=expect,
        why=f"Exactly the {k} largest logits must stay as they were, the others be -inf.",
    )
print("\nExpected for k = 3:")
show(VOCABULARY, logits=cut)

# %% [markdown]
# Now your function draws the picture. While it is not written, or has a mistake, the explorer says
# so below. At 0 it calls your function with `None`.
#
# **Predict.** *k* = 40 kept 45% after `"Good morning," said the`. Will it be more or less after `The
# king said to his`?

# %%
explore.Distribution("The king said to his", knobs=["top_k"], strategy=my_top_k)

# %% [markdown]
# 1. Does your function agree with the course's at *k* = 0, 1 and 40? How much of the mass is kept
#    at 40? (76%.)
# 2. Let it keep *k* + 1 tokens, run its cell and the one above again, and set *k* to 2. At which
#    token does the explorer find the largest difference? (At ` son`, the third.)

# %% [markdown]
# ## On the Storyteller
#
# `generate` takes a function of the logits and the ids so far: `generate(model, prompt, process)`.
# The playground writes with the knobs, and beside it with yours.
#
# **Predict.** In module 02 *T* = 1.5 rambled and glued pieces of words together. Will *T* = 1.4 be
# readable with *k* = 25?


# %%
def top_25_then_hot(logits, ids):
    return my_top_k(logits, 25) / 1.4


explore.Playground(settings=Settings(temperature=1.4, top_k=25), samples=2, process=top_25_then_hot)

# %% [markdown]
# 1. The knobs divide by *T* first, your process cuts first. Are the texts of the same seed the
#    same? (Yes: compare the last sentence below.)
# 2. Set *k* to 0 and press **Generate**. How does the mean log-probability a token change? (It
#    falls by more than 2.) Where do the strange words come from?

# %% [markdown]
# ## The whole loop
#
# A well-known book builds its `generate` in this order: top-k, then temperature, and *T* = 0 means
# the best token [raschka2024]. Here is the choice, for a batch of rows.


# %%
def choose(logits, temperature=0.0, top_k=None):
    """One token a row. logits: (batch, vocab). Returns ids (batch, 1)."""
    if top_k is not None:
        logits = sampling.top_k(logits, top_k)
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    return torch.multinomial((logits / temperature).softmax(dim=-1), num_samples=1)


# %% [markdown]
# And the loop: show the model the last tokens that fit, choose, append, and stop once every row has
# drawn the end-of-text token.


# %%
@torch.inference_mode()
def continue_ids(
    model, idx, max_new_tokens, context_size, temperature=0.0, top_k=None, eos_id=None
):
    ended = torch.zeros(len(idx), 1, dtype=torch.bool)
    for _ in range(max_new_tokens):
        logits = model(idx[:, -context_size:])[:, -1]
        drawn = choose(logits, temperature, top_k)
        if eos_id is not None:
            drawn = torch.where(ended, eos_id, drawn)
            ended = ended | (drawn == eos_id)
        idx = torch.cat([idx, drawn], dim=1)
        if ended.all():
            break
    return idx


# %%
torch.manual_seed(123)
start = torch.tensor([model.encode("Once upon a time")]).repeat(3, 1)
end = model.tokenizer.eot_token
for T, k in ((0.0, None), (1.4, 25)):
    rows = continue_ids(model.gpt, start, 40, 256, temperature=T, top_k=k, eos_id=end)
    for row in rows[:, 1:].unique(dim=0):
        tell(f"T = {T}, k = {k}: {model.tokenizer.decode(row.tolist())}")

# %% [markdown]
# Greedy rows are all the same, so one is printed. The hot rows differ, yet most of it can be read:
# *T* spreads the choice over 25 tokens, and the other 4,071 cannot come.
#
# The book's loop asks `if idx_next == eos_id`. With a batch that question has several answers, and
# Python raises an error. Asking whether *any* row ended would stop the others, so `ended` remembers
# each.

# %% [markdown]
# ## What goes wrong
#
# **0 in place of −∞.** A logit of 0 is no ban: its weight is *e*⁰ = 1. Most of the Storyteller's
# logits are below 0, so a 0 *lifts* them, and makes all banned tokens equally likely.


# %%
def cut_to_zero(logits, ids):
    return logits.masked_fill(sampling.top_k(logits, 40).isneginf(), 0.0)


for name, process in (("cut to 0", cut_to_zero), ("cut to -inf", Settings(top_k=40))):
    steps = list(generate(model, "The king said to his", process, max_new_tokens=40, seed=1))
    banned = sum(step.rank > 40 for step in steps)
    print(f"{name}: {banned} of {len(steps)} tokens were to be cut")
    tell("The king said to his" + "".join(step.text for step in steps))

# %% [markdown]
# minGPT filled with `1e-10`, where `-1e10` was meant. A user saw terrible samples, unless the
# temperature was very low [mingpt10].

# %% [markdown]
# **A lost dimension.** The book finds each row's smallest kept logit with `top_logits[:, -1]`, of
# shape (batch,), and compares `logits < min_val` [raschka2024]. `transformers` had the same in
# 2019, until a user repaired it [transformers338].
#
# **Predict.** Two rows of three logits raise an error. And three rows?

# %%
logits = torch.tensor([[9.0, 8.0, 3.0], [1.0, 5.0, 4.0], [2.0, 3.0, 0.0]])
min_val = logits.topk(2).values[:, -1]
try:
    print(logits[:2] < min_val[:2])
except RuntimeError as error:
    print("two rows:", error)
print("three rows:", logits.masked_fill(logits < min_val, -torch.inf), sep="\n")

# %% [markdown]
# Every row should keep two. They keep three, two and none. The last dimension of `logits` is the
# vocabulary, so `min_val` was lined up with the *tokens*: each column is held against the limit of
# another row. As batch and vocabulary are equal, nothing complains.

# %% [markdown]
# **The wrong axis.** `[:k]` takes the first *k* of the *first* dimension. In a batch these are
# texts, not tokens. A proposed change to Mistral's inference code did it, and a reviewer doubted
# that it works [mistral26].

# %%
ordered = NEXT_LOGITS.expand(4, 9).softmax(dim=-1).sort(dim=-1, descending=True).values
print("four texts, nine words:", tuple(ordered.shape))
print("[:3]      ", tuple(ordered[:3].shape), "three texts, nothing cut")
print("[..., :3] ", tuple(ordered[..., :3].shape), "three words of each text")

# %% [markdown]
# **After softmax.** Probabilities are cut with 0, not with −∞, and must then be divided by their
# sum. mlx-lm once left that out, and its top-p, which came next, expects a sum of 1 [mlxlm388].

# %%
probs = model.next_logits("The king said to his").softmax(dim=-1)
kept = torch.where(probs == probs.max(), probs, 0.0)  # k = 1, not renormalised
rising = kept.sort().values.cumsum(dim=-1)
print(f"mass left by k = 1: {kept.sum():.3f}")
print("top-p 0.8 drops while the rising sum is at most 0.2, and keeps", int((rising > 0.2).sum()))
lost = NEXT_LOGITS.softmax(dim=-1).masked_fill(cut.isneginf(), -torch.inf)
print("-inf among probabilities:", lost / lost.sum())

# %% [markdown]
# Both end without a token to draw. The second is −∞ over −∞, which is not a number: in DeepSparse a
# filter's −∞ reached NumPy's draw, which could not take it [deepsparse1354]. Cut logits, take
# softmax last, and neither can happen.

# %% [markdown]
# ## What production systems do
#
# - `transformers` draws with *k* = 50 by default, keeps ties, and takes 0 or `None` as off
#   [transformers2026].
# - llama.cpp has 40 and keeps exactly *k*; 0 is off [llamacpp2026]. vLLM leaves top-k off
#   [vllm2026].
# - The paper usually cited for top-k wrote stories with 10 [fan2018]. OpenAI published GPT-2 samples
#   with 40 [radford2019].
#
# So a default is 50, 40 or none: write *k* down when you compare.

# %% [markdown]
# ## A known result: no k fits all steps
#
# The paper on nucleus sampling argues against any constant *k*: at some steps the likely part is
# flat over tens or hundreds of good options, at others one token has nearly everything
# [holtzman2020]. Is it so here?
#
# **Predict.** Along the passage on the three bears, what is the least that *k* = 40 keeps?

# %%
probs = passage.softmax(dim=-1).sort(dim=-1, descending=True).values
mass, plausible = probs[:, :40].sum(dim=-1), (probs > 0.01).sum(dim=-1)
steps, low, high = range(1, len(mass) + 1), int(mass.argmin()), int(mass.argmax())
names = [model.tokenizer.decode([i]) for i in ids[0, 1:].tolist()]
chart = explore.Chart(x="step of the passage", y="probability")
chart.axes.bar(steps, [1.0] * len(mass), color=style.CUT, hatch="///", edgecolor="white")
chart.axes.bar(steps, mass.tolist(), color=style.KEPT)
chart.axes.set_ylim(0, 1.12)
for at, say in ((low, "least"), (high, "most")):
    chart.label(max(at - 6, 0.6), 1.06, f"{say}, after '{''.join(names[at - 2 : at + 1]).strip()}'")
chart.says(
    f"The 40 most likely tokens keep {mass.min():.0%} to {mass.max():.1%} of the mass, "
    f"and {plausible.min()} to {plausible.max()} tokens have more than 1%."
)

# %% [markdown]
# The dark part is kept, the pale part cut: 43% after `One of them was a`, next to nothing after
# `Once upon a`. And at no step do more than 22 tokens have over 1% each, at two steps only one: much
# of what *k* = 40 lets in is crumbs. Too many at one step, too few at another, as the paper says.

# %% [markdown]
# **Predict.** The text was written by a person. How many of its own 38 next tokens would *k* = 40
# have made impossible?

# %%
explore.AdaptiveCutoff(top_k=40)

# %% [markdown]
# 1. How many does the line below say that top-k cuts? (6.) Move **step** to 37, where ` Bear` comes
#    next: which place does it have? (2,314.) No sensible *k* would have kept it.
# 2. Set *k* to 10. How many more of the author's tokens are cut? (2.) Which rules' lines move with
#    the text, and which is flat?

# %% [markdown]
# ## Recap
#
# - Top-k sets all but the *k* largest logits to −∞: survivors keep their odds, the rest cannot come.
# - It looks only at the order, so temperature may come before or after.
# - 1 is greedy, beyond the vocabulary changes nothing, 0 or `None` is off. Ask about ties.
# - One *k* is too many at a sharp step and too few at a flat one. Top-p, next, moves the knife.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores.

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
# Without top-k `forward` is 1.6 times as likely as `toward`. You set *k* = 3, and both survive. How
# many times now?
#
# - **A** More than 1.6 times: most of the cut mass goes to the best token.
# - **B** Less than 1.6 times: the cut mass is shared out evenly.
# - **C** Still 1.6 times: both were divided by the same sum.
# - **D** Once: the draw among the kept tokens is fair.

# %% answer="odds_of_survivors"
answer_odds = ""  # "A", "B", "C" or "D"

# %% test="odds_of_survivors"
check.choice(
    answer_odds,
    right="C",
    why={
        "A": "In probability it does gain most, as it is the largest. But divide the two shares "
        "of the table in the section by hand, before and after.",
        "B": "Sharing evenly would add the same to each. Look at what the formula does instead.",
        "D": "Look at the table by hand: are the three numbers in the last column equal?",
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
# One program applies *k* = 3, then *T* = 2; another *T* first, then *k*. No logits are equal and
# the arithmetic is exact. How do the results differ?
#
# - **A** Not at all: same tokens, same probabilities.
# - **B** In the tokens: a high *T* first lets others in.
# - **C** In the probabilities: a cut first leaves less to flatten.
# - **D** In the number: a flatter row keeps more.

# %% answer="two_programs"
answer_order = ""  # "A", "B", "C" or "D"

# %% test="two_programs"
check.choice(
    answer_order,
    right="A",
    why={
        "B": "Can dividing all logits by 2 change which three are the largest?",
        "C": "Follow one survivor: which number reaches softmax on either way? See the section "
        "with a temperature.",
        "D": "k is a number of tokens, not an amount of probability. How many does 3 keep?",
    },
)

# %% [markdown] question="Two hundred good words" points=1
# At one step 200 words are equally good and hold 80% of the probability together. The 3,896 other
# tokens share the rest. *k* = 40. Which share of the probability is kept? Two decimals.

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
# *k* = 40, first after `Once upon a`, then after `"Good morning," said the`. What is true?
#
# - **A** Both steps keep the same share of the probability: *k* is the same.
# - **B** The first loses more good words: one token has nearly everything.
# - **C** *k* adapts: at the second step more tokens stay.
# - **D** The first keeps tokens that do not fit, the second cuts some that do.

# %% answer="two_prompts"
answer_knife = ""  # "A", "B", "C" or "D"

# %% test="two_prompts"
check.choice(
    answer_knife,
    right="D",
    why={
        "A": "The same number of tokens is not the same amount of probability. Compare the mass "
        "kept under the second explorer of that section.",
        "B": "Where one token has nearly everything there are hardly any other good words to lose.",
        "C": "The 40th token differs, but the number of places does not. Who decides about that?",
    },
)

# %% [markdown] question="A call of top-k" points=1
# A library did not ask for *k* = 0 apart [litgpt2309]. Which word does greedy choice print? Work it
# out first. (`scatter` writes the values to their places. Of equals, `argmax` takes the first
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
# A model ran in bfloat16 with *k* = 1 and *T* above 0. Two equal requests were answered with ` 5`
# and with ` 7` [tpuinference3580]. Why?
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
# Find the bug, which was in minGPT [mingpt10]. Repair it: a token below the *k*-th largest logit of
# its row must get probability 0 exactly, whatever the logits are (float32 of any shape, each between
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
# Find the bug, after a proposed change to Mistral's code [mistral26]. Repair it: return the *k*
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
# Find the bug, which is in a well-known book [raschka2024]. It fails for a batch, and silently when
# the batch is as large as the vocabulary. Repair it: each row keeps its *k* largest logits, the others
# become −∞. The logits are of any shape (batch, vocab), *k* is from 1 to the vocabulary; no other
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
# Your `my_top_k` from **Build it** above, without the course's own functions. One point each: the
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

# %% [markdown] question="A colleague's forty" points=0
# In three sentences: a colleague takes *k* = 40 for a chat program and for filling in dates,
# "because GPT-2 had it". What does *k* = 40 do at a sharp step, what at a flat one, and what would
# you suggest?

# %% [markdown] answer="explain_forty"
# ### BEGIN SOLUTION
# At a sharp step, such as a date with one right answer, 40 tokens let in 39 that are wrong; each is
# unlikely, but over many steps one will come. At a flat step 40 may cut half of what would fit, and
# the chat becomes narrower than the model is. For dates be greedy (k = 1 or T = 0); for the chat
# use a cut that follows the distribution, such as top-p, and compare outputs before choosing.
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
# - [fan2018] Fan, Lewis and Dauphin: Hierarchical Neural Story Generation. 2018
# - [radford2019] Radford and others: Language Models are Unsupervised Multitask Learners. 2019
# - [holtzman2020] Holtzman and others: The Curious Case of Neural Text Degeneration. 2020
# - [raschka2024] Raschka: Build a Large Language Model (From Scratch). 2024
# - [transformers2026], [vllm2026], [llamacpp2026], [pytorch2026]: code and documentation, as read
#   in 2026

# %% [markdown]
# Bug reports and repairs: [transformers338], [mingpt10], [litgpt2309], [transformerlens1347],
# [mistral26], [mlxlm388], [deepsparse1354], [vllm50979], [tpuinference3580].
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

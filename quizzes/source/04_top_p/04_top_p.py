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
# Keep just enough tokens to hold a share *p* of the probability, and draw among those.

# %% [markdown]
# > **About 45 minutes** · difficulty ●●●○○ · you need: softmax, temperature, top-k
# >
# > Afterwards you can
# > - work out by hand which tokens top-p keeps, also at its edges;
# > - say where it keeps one token and where hundreds, and what *T* or top-k before it changes;
# > - write a top-p for any batch, and spot bugs that published ones had.
#
# Names in brackets, as in [holtzman2020], are sources, listed at the end.

# %% [markdown]
# **Recall.** After `Once upon a` the Storyteller gives ` time` 99.7%. After `The` its best token has
# 4%. What does top-k with *k* = 40 keep in each case? Answer before you unfold.
#
# <details><summary>Answer</summary>
#
# 40 tokens both times. After `Once upon a` 39 of them are nearly impossible; after `The` hundreds
# of good words are cut. The knife is fixed, and the distribution is not.
# </details>

# %% locked="setup"
import itertools
import statistics
import textwrap

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.explore.plots import style
from course_utils.generate import Settings, generate, generate_batch
from course_utils.sampling import temperature, top_k, top_p
from course_utils.toys import NEXT_LOGITS, VOCABULARY, Toy

FOUR = Toy((" king", " queen", " fox", " spoon"), torch.tensor([0.4, 0.3, 0.2, 0.1]).log())


def kept(logits):
    """The ids of the tokens that are not cut, lowest first."""
    return (logits > -torch.inf).nonzero().flatten().tolist()


def show(words, **columns):
    """Print one row a word, one column an argument."""
    print(" " * 10 + "".join(f"{name:>14}" for name in columns))
    for word, *numbers in zip(words, *columns.values(), strict=True):
        print(f"{word:<10}" + "".join(f"{float(number):14.3f}" for number in numbers))


# %% [markdown]
# ## By hand, on four tokens
#
# A model gives four tokens 0.4, 0.3, 0.2 and 0.1. Top-p goes down the list, the most likely token
# first, and stops as soon as what it holds *reaches* p. **Predict.** With *p* = 0.8, how many stay?

# %%
probs = torch.tensor([0.4, 0.3, 0.2, 0.1])
show(FOUR.tokens, probability=probs, sum_so_far=probs.cumsum(dim=0))
print("top-p with p = 0.8 keeps", kept(top_p(FOUR.logits, 0.8)))

# %% [markdown]
# Three. Two tokens hold 0.7, which is not yet 0.8. So the third, the token that *crosses* the line,
# comes in too. The kept set is called the **nucleus** [holtzman2020]: the smallest set of most
# likely tokens that holds at least *p*.

# %% [markdown]
# **Predict.** You lower *p* from 1 to 0. At which three values does a token leave? Say them, then
# move the slider.

# %%
explore.Distribution(FOUR, knobs=["top_p"])

# %% [markdown]
# 1. Were your three values right? (0.90, 0.70 and 0.40: the sums so far.)
# 2. Set *p* to 0.80. Which share of the mass do the kept tokens hold? (90%. It is at least *p*, and
#    seldom *p* itself.) And how many are left at the very lowest *p*? (One: greedy choice.)

# %% [markdown]
# ## Sharp and flat
#
# Now the real model, with both knives: *k* from the last module, and *p*. **Predict.** After `Once
# upon a time` a *k* of 3 keeps 87% of the mass. Will *p* = 0.7 keep many more tokens than three, or
# about as many?

# %%
explore.Distribution("Once upon a time", knobs=["top_k", "top_p"])

# %% [markdown]
# 1. Set *p* to 0.70 with *k* off: how many stay? (2.) Then *p* to 1 and *k* to 3. On this sharp
#    head the two cut about alike.
# 2. Do both again with the prompt `The little girl saw a`. (*p* = 0.7 keeps 70 tokens. *k* = 3 keeps
#    three, with 21% of the mass.) Which of the two would you trust here?

# %% [markdown]
# ## Along a text
#
# Each step of a text has its own distribution, so the nucleus grows and shrinks as you read.
# **Predict.** In the passage below, where will *p* = 0.9 keep a single token, and where the most?

# %%
explore.AdaptiveCutoff()

# %% [markdown]
# 1. Move `step`: where does *p* = 0.9 keep one token? (Steps 2 and 3, in `Once upon a time`.) Where
#    the most? (360 at step 30, after `One of them was a`.)
# 2. Set *p* to 0.50. How many of the text's own tokens would it have forbidden? (14 of 38, at 0.90
#    it was 5.) Only the head is left, and the story leaves the head quite often.

# %% [markdown]
# The third rule, min-p, has a place in a later module.

# %% [markdown]
# ## What stays is not changed
#
# Cut tokens get −∞ as their logit, so softmax gives them 0 and shares everything among the others.

# %%
after = top_p(FOUR.logits, 0.8).softmax(dim=-1)
show(FOUR.tokens, before=probs, after=after)
print(f"king to queen: {probs[0] / probs[1]:.3f} before, {after[0] / after[1]:.3f} after")

# %% [markdown]
# Each survivor is divided by 0.9, the sum of the three. So the odds between them stay. Top-p says
# who may come, and nothing about who among those comes more often: that is temperature's work.

# %% [markdown]
# ## The edges
#
# **p = 1** does nothing. **p near 0** keeps the best token and never none. **Equality**: with 0.5,
# 0.25, 0.125, 0.125 and *p* = 0.5 the first token already reaches *p*. Does a second one stay?

# %%
halves = torch.tensor([0.5, 0.25, 0.125, 0.125]).log()
for p in (1.0, 0.75, 0.5, 0.000001):
    print(f"p = {p:<8} keeps {kept(top_p(halves, p))}")

# %% [markdown]
# No: the smallest set that reaches 0.5 is the first token. Older versions of `transformers` kept
# one token more at equality [transformers18976].

# %% [markdown]
# Halves, quarters and eighths are exact in a computer. Tenths are not: by hand 0.4 + 0.3 + 0.2
# reaches 0.9, so three tokens stay.

# %%
for kind in (torch.float32, torch.float64):
    mass = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=kind).cumsum(dim=0)
    print(f"{kind}: the first three hold {mass[2].item():.17f}")

# %% [markdown]
# One is a hair above 0.9 and the other a hair below, where a fourth token has to come in. This is
# noise, and no model gives exactly 0.9. But a *test* of equality needs exact numbers.

# %% [markdown]
# ## Before it: temperature
#
# Temperature changes the probabilities, so it matters whether it comes first. **Predict.** Logits 3,
# 2 and 1 have the shares 67%, 24% and 9%. At *T* = 0.5 they become 87%, 12% and 2%. What does *p* =
# 0.8 keep before *T*, and what after it?

# %%
logits = torch.tensor([3.0, 2.0, 1.0])
print("T first:", kept(top_p(temperature(logits, 0.5), 0.8)))
print("T last: ", kept(temperature(top_p(logits, 0.8), 0.5)))

# %% [markdown]
# With *T* first the best token alone reaches 0.8. With *T* last it does not. Below 1, *T* first cuts
# at least as hard; above 1 it is the other way round. Top-k does not mind: *T* keeps the order of the tokens.

# %% [markdown]
# ## Before it: top-k
#
# After top-k the logits that are left go through softmax again, so they sum to 1 again. Code that
# skips this compares *p* with a smaller sum.

# %%
best_two = top_k(halves, 2)
print("shares after top-k:", [round(x, 3) for x in best_two.softmax(dim=-1).tolist()])
print("renormalised, p = 0.6 keeps", kept(top_p(best_two, 0.6)))
print("not renormalised, it keeps ", kept(top_p(halves, 0.6)))

# %% [markdown]
# One token or two, from the same request. A server had two code paths that differed in just this,
# and in the place of *T*; a flag meant to save time chose between them [sglangjax1563].

# %% [markdown]
# ## The formula
#
# Sort the probabilities, $p_{(1)} \ge p_{(2)} \ge \dots$ The nucleus is the first $m$ tokens with
#
# $$m = \min \Big\{ j : \sum_{i \le j} p_{(i)} \ge p \Big\}$$
#
# Seen from one token: it stays as long as the tokens *before* it do not reach *p* yet,
#
# $$p_{(1)} + \dots + p_{(j-1)} < p$$
#
# Before the first token there is nothing, and 0 is less than any *p*. So the first always stays.

# %% [markdown]
# ## Build it
#
# > difficulty ●●●○○ · importance ●●●●● · 10 to 15 minutes
#
# Write `my_top_p`. You may use PyTorch, but not the course's own functions. It is scored below, so
# read the description closely.
#
# <details><summary>Hint</summary>
#
# Softmax, sort, running sum: the second formula says who stays. Then bring the decision back to the
# tokens' own places.
# <details><summary>More</summary>
#
# `sort(dim=-1, descending=True, stable=True)` also gives the order, and `scatter(-1, order, …)`
# undoes it. `masked_fill` makes a new tensor.
# </details>
# </details>


# %% answer="my_top_p"
def my_top_p(logits, p):
    """Keep, in each row, the smallest set of most likely tokens that holds at least p.

    logits: (..., vocab), float32; they are left as they are. p: above 0, at most 1.
    p = 1 keeps every token, however small its probability. However small p is, one token stays.
    Of equally likely tokens those with lower ids come first. A token at -inf stays at -inf.
    Returns the same shape: kept logits unchanged and in their places, -inf elsewhere.
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
# Run this as often as you like. It gives no points, only reasons.

# %%
for name, row, p, expect, why in (
    ("four tokens", FOUR.logits, 0.8, {0, 1, 2}, "Two hold 0.7: the token that crosses 0.8 stays."),
    ("the other way round", FOUR.logits.flip(0), 0.8, {1, 2, 3}, "Each token has its own place."),
    ("a sure model", [9.0, 0.0, 0.0], 0.9, {0}, "The first alone reaches 0.9, and it has to stay."),
    ("p = 1", [0.0, -200.0], 1.0, {0, 1}, "p = 1 keeps all, also what softmax rounds to 0."),
):
    check.passes(name, check.kept, my_top_p, row, p, expect=expect, why=why)

# %% [markdown]
# Now let it cut the real model's choice. While it is not written, or when it has a mistake, the
# explorer says so below the picture.

# %%
explore.Distribution("The king said to his", knobs=["top_p"], strategy=my_top_p)

# %% [markdown]
# 1. Do you agree with the course at *p* = 0.90, and how many tokens stay? (136.) And at 0.17? (2, as
#    ` wife` has 16.7%.)
# 2. Let your function keep one token too many, and run its cell and the one above. What does the
#    explorer say at 0.90, and what at 0.17? Where does one token matter more?

# %% [markdown]
# And along the passage, as the line "yours":

# %%
explore.AdaptiveCutoff(strategy=my_top_p, knob="top_p")

# %% [markdown]
# 1. The last sentence compares you with `top_p` at every step. Does it say "as many"?
# 2. Drop the crossing token on purpose: compare the sum *with* each token, and keep those up to *p*.
#    What does the message say, and which two steps are to blame? (2 and 3: nothing is left there.)

# %% [markdown]
# Last, let it write. Both texts below start from the same seed.


# %%
def my_process(logits, ids):
    return my_top_p(logits, 0.9)


explore.Playground("Once upon a time", settings=Settings(top_p=0.9), process=my_process, samples=1)

# %% [markdown]
# 1. Is your text the same as that of the knobs, to the last word?
# 2. The summary counts the tokens below 1%. Point at one of those: what is its rank? Was it in the
#    nucleus of 0.9? (It had to be.)

# %% [markdown]
# ## Four texts
#
# **Predict.** *p* = 0.5, *p* = 0.9, no cut at all, and *T* = 1.5 with *p* = 0.95. Which text is the
# tamest, and which one falls apart?

# %%
model = storyteller.load()
for settings in (
    Settings(top_p=0.5),
    Settings(top_p=0.9),
    Settings(),
    Settings(temperature=1.5, top_p=0.95),
):
    steps = list(generate(model, "Once upon a time", settings, max_new_tokens=50, seed=0))
    median = statistics.median_low(step.kept for step in steps)
    print(f"{settings.changed() or 'no cut'}: {median:,} tokens kept at the median step")
    print("Once upon a time" + "".join(step.text for step in steps), end="\n\n")

# %% [markdown]
# With *p* = 0.5 only the head is left, a handful of tokens: safe and plain. Without a cut this small
# model stumbles already, and at 1.5 and 0.95 it rambles. *T* flattens first, and 95% of a flat
# distribution is a crowd of hundreds: *p* follows the model's doubt, also the doubt that *T* put
# there.

# %% [markdown]
# ## All three knobs
#
# Divide by *T*, keep the best *k*, keep the nucleus, draw, append. Each cut shares what is left out
# among what stays. In a terminal:
#
# ```sh
# course generate "ROMEO:" --temperature 0.8 --top-k 50 --top-p 0.9
# ```
#
# It writes 200 tokens, on the best device that it finds: a GPU (`cuda`, `mps`), or else the
# processor.
#
# **Predict.** Here are three runs, with three seeds. What will they have in common?

# %%
texts = ["ROMEO:"] * 3
all_three = Settings(temperature=0.8, top_k=50, top_p=0.9)
for steps in generate_batch(model, texts, all_three, 200, seeds=(0, 1, 2)):
    texts = [text + (step.text if step else "") for text, step in zip(texts, steps, strict=True)]
for text in texts:
    print(textwrap.shorten(text, 280, placeholder=" …"), end="\n\n")

# %% [markdown]
# The prompt, and little else. There is no Romeo and no play in them: this model has read fairy tales.
# Sampling chooses among what the model offers, and no knob adds to that.

# %% [markdown]
# ## From one token to hundreds
#
# The paper that brought nucleus sampling observed that the nucleus holds anything from one token to
# a thousand, from step to step [holtzman2020]. Does a small model do that too? Here are eight
# stories at *p* = 0.9. **Predict.** Where will the nucleus be small?

# %%
stories = [[] for _ in range(8)]
for steps in generate_batch(model, ["Once upon a time"] * 8, Settings(top_p=0.9), 100):
    for story, step in zip(stories, steps, strict=True):
        if step:
            story.append(step)
sizes = [step.kept for story in stories for step in story]
print(
    f"{len(sizes)} steps: {min(sizes)} to {max(sizes)} tokens, {statistics.median(sizes):g} median"
)

# %%
story = stories[0]
line = [step.kept for step in story]
chart = explore.Chart(x="token of the story", y="tokens in the nucleus", height=3.4)
chart.axes.semilogy(range(1, len(line) + 1), line, color=style.KEPT, linewidth=1)
for size in (max(line), min(line)):
    nth = line.index(size)
    words = style.visible("".join(step.text for step in story[max(0, nth - 3) : nth]))
    chart.axes.plot(nth + 1, size, "o", color=style.DRAWN)
    chart.label(nth + 3, size * (1.3 if size > 1 else 0.72), f"after {words}: {size}", style.DRAWN)
chart.axes.set_ylim(0.5, 2000)
chart.axes.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
chart.says(f"p = 0.9 keeps {min(line)} to {max(line)} tokens in the first story, step by step.")

# %% [markdown]
# A fixed *k* would be a flat line through this. Now all eight stories, by the place in the sentence.


# %%
def place(before, now):
    if now[:1].isalpha():
        return "inside a word"
    if before in (" the", " a", " an"):
        return "after the, a, an"
    return "first in a sentence" if before.strip(' "\n')[-1:] in ".!?" else "elsewhere"


groups = {}
for story in stories:
    for before, now in itertools.pairwise(story):
        groups.setdefault(place(before.text, now.text), []).append(now.kept)
for name, counts in sorted(groups.items(), key=lambda pair: statistics.median(pair[1])):
    print(f"{name:<20} {len(counts):4} steps, median nucleus {statistics.median(counts):5g}")

# %% [markdown]
# Inside a word little is open: after `imp` and `at` hardly anything but `ient` will do. After `the`
# or `a` any noun or adjective may come. A sentence's first word is less open than you may think: about
# as open as the average step.

# %% [markdown]
# ## Two digits
#
# **Predict.** Somebody spends an afternoon on *p* = 0.94 against *p* = 0.95. Over the same eight
# stories: how many tokens more are in the nucleus, and how often would one of those be drawn?

# %%
logits = torch.stack([step.logits for story in stories for step in story])
narrow, wide = (top_p(logits, p) for p in (0.94, 0.95))
added = (wide > -torch.inf) & (narrow == -torch.inf)
more = added.sum() / (narrow > -torch.inf).sum()
drawn = (wide.softmax(dim=-1) * added).sum(dim=-1).mean()
print(f"the nucleus of 0.95 has {more:.0%} more tokens than that of 0.94")
print(f"and a draw falls on one of those in {drawn:.1%} of the steps")

# %% [markdown]
# A sixth more members, one draw in a hundred. No eye sees that in a text, and another seed changes
# far more. Choosing between 0.5, 0.9 and 1 is a decision. The second digit is superstition.

# %% [markdown]
# ## What goes wrong
#
# **The crossing token dropped.** It takes one comparison with the wrong sum: the sum *with* the
# token in place of the sum *before* it. A speech model had it [fishspeech1171], so had a protein
# model [esm360] and the code of a book [reasoning164].

# %%
mass = probs.cumsum(dim=0)
left = mass <= 0.8
print("asked for 0.8, kept", kept(torch.where(left, 0.0, -torch.inf)), end=", ")
print(f"which hold {probs[left].sum():.1f}")

# %% [markdown]
# **The nucleus emptied.** The same comparison meets a sure model. Its first token alone is above
# *p*, so everything is cut.

# %%
sure = torch.tensor([0.97, 0.02, 0.01])
cut = sure.log().masked_fill(sure.cumsum(dim=0) > 0.9, -torch.inf)
print(cut, cut.softmax(dim=0))

# %% [markdown]
# NaN, at the one step where nothing was in doubt. A small course had this bug and the next
# [tinyllm32]. A tiny *p* can do it as well: `1 - p` rounds to 1 in half precision, and one library
# then cut all tokens and drew noise [mlxlm1912].

# %% [markdown]
# **A sum of something else.** Log-probabilities are negative: their running sum only falls and never
# reaches *p*. Nothing is cut, and no error is raised.

# %%
show(FOUR.tokens, log_prob=probs.log(), sum_so_far=probs.log().cumsum(dim=0))

# %% [markdown]
# **The places mixed up.** Sorting moves the tokens. On the nine words *p* = 0.9 should keep
# `forward` and `toward`. What do you get if you forget to move the decision back, and what if you
# never sort?

# %%
right = kept(top_p(NEXT_LOGITS, 0.9))
sums_from_the_left = NEXT_LOGITS.softmax(dim=-1).cumsum(dim=0)
print("right:      ", [VOCABULARY[i] for i in right])
print("not undone: ", list(VOCABULARY[: len(right)]))
print("not sorted: ", list(VOCABULARY[: 1 + int((sums_from_the_left < 0.9).sum())]))

# %% [markdown]
# The text gets strange, and every shape is right. In a batch each row has an order of its own too: a
# vision model's server could choose one request's token by another request's order [mlxvlm1094].

# %% [markdown]
# **The wrong axis.** `cumsum(dim=0)` is right for one row. In a batch it adds up the same token over
# different texts.

# %%
batch = torch.stack([halves, halves.flip(0)]).softmax(dim=-1).sort(dim=-1, descending=True).values
for dim in (-1, 0):
    print(f"dim = {dim:2}: tokens kept", (batch.cumsum(dim) - batch < 0.75).sum(dim=-1).tolist())

# %% [markdown]
# **Ties.** Four tokens with 0.25 each and *p* = 0.5: which two? `transformers` sorts ascending and
# cuts from the small end, so of equals it keeps the highest ids [transformers2026].

# %%
equal = torch.zeros(4)
share, order = equal.softmax(dim=-1).sort(stable=True)
print("from the small end:", order[share.cumsum(dim=0) > 1 - 0.5].tolist())
print("from the large end:", kept(top_p(equal, 0.5)))

# %% [markdown]
# Both hold 0.5, and both are right. It matters when you compare two libraries token by token.

# %% [markdown]
# ## What production systems do
#
# - `transformers` says that *p* is between 0.9 and 0.95 in practice, and applies *T*, then top-k,
#   then top-p [transformers2026]. vLLM keeps that order [vllm2026].
# - llama.cpp starts from *k* = 40 and *p* = 0.95, and its *T* comes last [llamacpp2026]. Ollama
#   starts from *p* = 0.9 [ollama11725].
# - mlx-lm once ran top-k first and did not renormalise. With a small *k* every token could be cut;
#   now top-k comes last [mlxlm388].

# %% [markdown]
# ## Recap
#
# - Top-p keeps the smallest set of most likely tokens that holds at least *p*: the crossing token is
#   in.
# - It follows the model: one token inside a word, hundreds after `the`.
# - Survivors keep their odds. What comes before it, *T* or top-k, changes what it keeps.
# - Sort, sum, compare the sum *before* each token, undo the sort. At least one stays.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores.

# %% [markdown] question="Ninety-seven percent" points=1
# A model gives its best token 0.97. You ask for *p* = 0.9, and the code is right. How many tokens
# stay?
#
# - **A** None, as the first token alone is above 0.9.
# - **B** Two, the first and the next, so that there is a choice.
# - **C** One, the first: it reaches 0.9 by itself.
# - **D** About 90% of the vocabulary, the likelier part of it.

# %% answer="ninety_seven"
answer_sure = ""  # "A", "B", "C" or "D"

# %% test="ninety_seven"
check.choice(
    answer_sure,
    right="C",
    why={
        "A": "That is the bug that ends in NaN. What is the sum before the first token?",
        "B": "The set is to be the smallest that reaches p. Is a second token needed for that?",
        "D": "p is a share of the probability, not of the tokens. See the four tokens by hand.",
    },
)

# %% [markdown] question="Five tokens, one nucleus" points=1
# Five tokens have 0.5, 0.25, 0.125, 0.0625 and 0.0625. After top-p with *p* = 0.8, which
# probability is the first token drawn with? Three decimals.

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
    hint="Find the tokens that stay, add them up, and divide. See what stays is not changed.",
)

# %% [markdown] question="Two knives" points=1
# After one prompt *k* = 3 and *p* = 0.7 keep the same three tokens. The next prompt leaves the
# model far more open. What now?
#
# - **A** *k* = 3 keeps three again, *p* = 0.7 keeps more.
# - **B** Both keep more than three, as both follow the model.
# - **C** *k* = 3 keeps three again, *p* = 0.7 keeps fewer.
# - **D** Both keep three: they agreed once, so they agree.

# %% answer="two_knives"
answer_knife = ""  # "A", "B", "C" or "D"

# %% test="two_knives"
check.choice(
    answer_knife,
    right="A",
    why={
        "B": "One of the two is a plain number of tokens. Can it follow anything?",
        "C": "An open choice means many small shares. How many of those does it take to reach 0.7?",
        "D": "See the two prompts in sharp and flat: what did each rule keep there?",
    },
)

# %% [markdown] question="A printed nucleus" points=1
# Which token ids does this print? Work it out first.
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

# %% [markdown] question="Calls of a nucleus" points=1
# What does this print? At *T* = 0.5 the probabilities are squared and divided by their sum.
#
# ```python
# logits = torch.tensor([0.5, 0.3, 0.2]).log()
# first = top_p(temperature(logits, 0.5), 0.6)
# last = temperature(top_p(logits, 0.6), 0.5)
# print(len(kept(first)), len(kept(last)))
# ```

# %% answer="nucleus_calls"
answer_counts = ""  # two numbers with a space between

# %% test="nucleus_calls"
check.text(
    answer_counts,
    right="1 2",
    why={
        "2 1": "In which of the two lines does top_p see the sharper shares? Read from the inside.",
        "2 2": "0.5 squared is 0.25, and the three squares sum to 0.38. Which share is that?",
        "1 1": "In the last line top_p works on 0.5, 0.3 and 0.2. Does 0.5 reach 0.6?",
        "1 3": "In the last line two tokens hold 0.8 together. Is a third one needed?",
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
    hint="See the section on top-k before it: which shares do the three have after the cut?",
)

# %% [markdown] question="A colder cut" points=1
# A speech model applied top-p first, then *T*. A proposed change says that below *T* = 1 this cut
# *harder* than *T* first [fishspeech1150]. Is that right?
#
# - **A** Yes: cutting first sees the sharper distribution.
# - **B** Yes: a cut that comes first always takes more away.
# - **C** No: *T* never reorders tokens, so both keep the same set.
# - **D** No: cutting first sees the flatter one, and keeps as many or more.

# %% answer="colder_cut"
answer_colder = ""  # "A", "B", "C" or "D"

# %% test="colder_cut"
check.choice(
    answer_colder,
    right="D",
    why={
        "A": "What does a T below 1 do to the shares, and has it happened yet when the cut comes?",
        "B": "Look at logits 3, 2 and 1 in the section on temperature before it.",
        "C": "That is why top-k does not mind. But top-p adds up shares, and T changes those.",
    },
)

# %% [markdown] question="Two values of p" points=1
# You raise *p* from 0.94 to 0.95, and a sixth more tokens come into the nucleus. How many draws
# does that touch?
#
# - **A** About a sixth: as many more tokens, as many other draws.
# - **B** About one in a hundred falls on one of the new tokens.
# - **C** None, as the odds between the old tokens stay the same.
# - **D** Nearly all of them, as every share is divided by a new sum.

# %% answer="two_p_values"
answer_digits = ""  # "A", "B", "C" or "D"

# %% test="two_p_values"
check.choice(
    answer_digits,
    right="B",
    why={
        "A": "Count the probability of the new tokens, not their number. What do they hold?",
        "C": "The old tokens keep their odds, but the new ones are no longer impossible.",
        "D": "By how much does each old share change, when the sum goes from 0.94 to 0.95?",
    },
)

# %% [markdown] question="The token on the line" points=2
# Find the bug. It was in a speech model [fishspeech1171]: on 0.5, 0.25, 0.125, 0.125 with *p* = 0.7
# it keeps one token. Repair it: the ids of the smallest set of most likely tokens that holds *at
# least* p, of equals the lower ids first.
#
# Sums are exact, as shares are whole 64ths; 0 < *p* ≤ 1. One point where p lies between two sums,
# one where it is a sum: that set is complete.


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
    return domains.shares(random, random.choice([None, None, 64]))


def between_sums(random):
    """Anywhere between two sums, or close to one."""
    above = random.choice([random.randrange(64), random.randrange(3)]) / 64
    return torch.tensor(few_or_many(random)), above + 2.0 ** -random.randint(7, 20)


def below_a_sum(random):
    above = random.choice([random.randint(1, 64), random.randint(1, 3)]) / 64
    return torch.tensor(few_or_many(random)), above - 2.0 ** -random.randint(7, 20)


def on_a_sum(random):
    return torch.tensor(few_or_many(random)), random.randint(1, 64) / 64


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
        why="A set that holds exactly p is complete: see the section on the edges.",
    )


points = 1.0 * check.passes("p between two sums", crossing)
points += check.passes("p on a sum", edges)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="The size of a nucleus" points=2
# Find the bug. A chat program took the first place where the sum passes *p* [chatrwkv170]. This is
# the *size* of the nucleus: how many of the most likely tokens it takes to hold at least *p*. With
# *p* = 1 it finds 1, and where a sum is exactly *p* one too many.
#
# Repair both. Where rounding leaves the sum of all below *p*, all count. One point for *p* = 1 and
# between sums, one for exactly *p*.


# %% answer="size_repair"
def repaired_size(probs, p):
    ### BEGIN SOLUTION
    mass = probs.sort(descending=True).values.cumsum(dim=0)
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
    held = 0.0
    for count, share in enumerate(sorted(probs.tolist(), reverse=True), 1):
        held += share
        if held >= p:
            return count
    return len(probs)


def few_or_many(random):
    return domains.shares(random, random.choice([None, None, 64]))


def between_sums(random):
    """Anywhere between two sums, or close to one."""
    above = random.choice([random.randrange(64), random.randrange(3)]) / 64
    return torch.tensor(few_or_many(random)), above + 2.0 ** -random.randint(7, 20)


def below_a_sum(random):
    above = random.choice([random.randint(1, 64), random.randint(1, 3)]) / 64
    return torch.tensor(few_or_many(random)), above - 2.0 ** -random.randint(7, 20)


def on_a_sum(random):
    return torch.tensor(few_or_many(random)), random.randint(1, 64) / 64


def all_of_it(random):
    if random.random() < 0.2:  # a sum a little below 1, and tokens that add nothing
        probs = domains.shares(random)
        probs[probs.index(max(probs))] -= 2.0**-20
        return torch.tensor([*probs, 0.0]), 1.0
    while True:
        count = random.randint(1, random.choice([50, 300]))
        probs = torch.tensor([random.gauss(0, 1) for _ in range(count)]).softmax(0)
        before_last = probs.sort(descending=True).values.double()[:-1].sum()
        if before_last < 1 - 1e-5:  # else rounding decides whether the last is needed
            return probs, 1.0


def not_greedy():
    example()
    check.against(
        size,
        repaired_size,
        all_of_it,
        why="With p = 1 every token of a softmax is needed, though rounding may leave the sum of "
        "all a little below 1.",
    )
    for draw in (between_sums, below_a_sum):
        check.against(
            size,
            repaired_size,
            draw,
            why="Right at p = 1 is not enough: between the sums the old answers were right.",
        )


def equality():
    check.against(
        size,
        repaired_size,
        on_a_sum,
        why="Where a sum is exactly p the set is complete, and elsewhere nothing changes.",
    )


points = 1.0 * check.passes("p = 1, and between the sums", not_greedy)
points += check.passes("exactly p", equality)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="A token's entry" points=2
# Write `entry_p`: a token is in the nucleus for every *p* above a certain number. Return that
# number. `probs` is a list of shares, which stays as it is, `token` a place in it. Of equally likely
# tokens the one with the lower id comes first. One point without ties, one with.


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


def different(random):
    while True:
        probs = domains.shares(random, vocab=domains.size(random, 20), parts=1024)
        # Near another, perhaps, and the higher id ahead.
        probs[0], probs[-1] = probs[0] - 2.0**-20, probs[-1] + 2.0**-20
        if len(set(probs)) == len(probs) and min(probs) >= 0:
            return probs, random.randrange(len(probs))


def tied(random):
    probs = domains.shares(random, random.choice([None, None, 64]))
    return probs, random.randrange(len(probs))


def each_token():
    example()
    check.keeps(entry_p, different, why="The caller's list must be the same after the call.")
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


points = 1.0 * check.passes("different shares", each_token)
points += check.passes("ties", ties)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Your top-p" points=5
# Your `my_top_p` from **Build it** above, for any *p* above 0 up to 1. One point each: the smallest
# set, in the tokens' own places; *p* = 1, tiny *p*, a sure model and tokens at −∞; ties; batches of
# any shape; the input left as it was.


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


def edge(random):
    logits = plain(random)
    logits = logits * random.choice([1, 1, 100, 2000])
    logits[1:][torch.rand(len(logits) - 1, generator=seeded(random)) < 0.3] = -torch.inf
    ends = [1.0, 1.0, 0.05, 1e-3, 1e-4, 1e-9, 0.99]
    return drawn(random, logits, lambda: [*ends, random.uniform(0.99, 0.9999)])


def seeded(random):
    return torch.Generator().manual_seed(random.getrandbits(32))


def tied(random):
    shape, vocab = domains.shape(random), domains.size(random)
    few = torch.randint(3, (*shape, vocab), generator=seeded(random)).float()
    return drawn(random, few, lambda: inner(random))


def batch(random):
    return drawn(random, plain(random, domains.shape(random)), lambda: inner(random))


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
    check.against(
        nucleus,
        my_top_p,
        edge,
        why="p = 1 keeps all, also what float32 rounds to 0. However small p is or sure the model, "
        "the best token stays. Tokens at -inf stay there, and the others share the probability.",
    )


def ties():
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
    check.against(
        nucleus,
        my_top_p,
        tied,
        why="Of equal tokens the lower ids come first, and only as many as it takes, in each row.",
    )


def shapes():
    check.against(
        nucleus,
        my_top_p,
        batch,
        why="Each row along the last dimension is a distribution of its own.",
    )


def leaves_its_input():
    changed = "The caller's logits must be the same after the call: make a new tensor."
    for p, expect in ((0.6, [-torch.inf, 1.0, -torch.inf, 0.8]), (1.0, [0.0, 1.0, 0.2, 0.8])):
        check.unchanged(my_top_p, torch.tensor([0.0, 1.0, 0.2, 0.8]), p, expect=expect, why=changed)
    check.keeps(my_top_p, anything, why=changed)


check.own(my_top_p, batch)
points = 1.0 * check.passes("the smallest set, in its own places", own_places)
points += check.passes("the edges", edges)
points += check.passes("ties", ties)
points += check.passes("batches", shapes)
points += check.passes("input left as it was", leaves_its_input)
### END HIDDEN TESTS
float(min(points, 5))

# %% [markdown] question="A colleague's half" points=0
# In three sentences: a colleague sets *p* = 0.5 for everything, "so that the model stays on topic".
# What does it change at a step where one token is sure, what after `the`, and what would you
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
# - [holtzman2020] Holtzman et al.: The Curious Case of Neural Text Degeneration. 2020
# - [transformers2026], [vllm2026], [llamacpp2026]: the sampling code of these three, as read in
#   2026
# - [ollama11725]: a default, in a bug report

# %% [markdown]
# - [reasoning164], [esm360], [fishspeech1171]: the crossing token dropped
# - [tinyllm32], [mlxlm1912]: the nucleus emptied
# - [transformers18976], [chatrwkv170]: equality, and *p* = 1
# - [mlxvlm1094]: rows mixed up
# - [sglangjax1563], [fishspeech1150], [mlxlm388]: the order with *T* and top-k
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

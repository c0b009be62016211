# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Temperature
#
# One number decides how boldly a model chooses its next token.
#
# > **About 40 minutes** · difficulty ●●○○○ · you need: softmax, a little PyTorch
# >
# > Afterwards you can
# > - work out by hand what a temperature does to a few logits, and what happens at its two ends;
# > - write a temperature that survives huge logits and half precision;
# > - spot four temperature bugs from real projects.

# %% [markdown]
# **Recall.** A model gives three tokens the logits 2, 1 and 0. Do the logits have to sum to 1?
# Which token is the most likely, and is it twice as likely as the second? Answer before you unfold.
#
# <details><summary>Answer</summary>
#
# No: logits are scores, and only softmax makes them sum to 1. The first token is the most likely,
# *e* ≈ 2.7 times as likely as the second: softmax turns a *difference* of 1 into a *ratio* of *e*.
# </details>

# %% locked="setup"
import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.generate import Settings, generate
from course_utils.metrics import effective_choices, entropy
from course_utils.sampling import sample
from course_utils.toys import CAPITAL, NEXT_LOGITS, NINE_WORDS, VOCABULARY


def show(words, **columns):
    """Print one row a word, one column an argument."""
    print(" " * 10 + "".join(f"{name:>14}" for name in columns))
    for word, *numbers in zip(words, *columns.values(), strict=True):
        values = [number.item() for number in numbers]
        cells = [f"{x:14d}" if isinstance(x, int) else f"{x:14.3f}" for x in values]
        print(f"{word:<10}" + "".join(cells))


# %% [markdown]
# ## By hand, on nine words
#
# Our first vocabulary has nine words. A model has read `every effort moves you` and scores what
# could come next.

#
# Softmax makes each logit a weight, *e* to that power, and divides by the sum of the weights.

# %%
weights = NEXT_LOGITS.exp()
probs = weights / weights.sum()
show(VOCABULARY, logit=NEXT_LOGITS, weight=weights, probability=probs)

# %% [markdown]
# `forward` has 57%, `toward` 36%, `closer` 6%. The other six words share what is left, less than
# 1%.
#
# **Predict.** Temperature is one division: every logit is divided by *T* before softmax. With *T* =
# 2 the logits are half as far apart. Does `forward` rise above 57% or fall below? And `pizza`?

# %%
T = 2.0
weights = (NEXT_LOGITS / T).exp()
show(VOCABULARY, before=probs, after=weights / weights.sum())

# %% [markdown]
# `forward` falls to 42%, and everything small gains. Above 1, temperature flattens. Below 1 it
# sharpens: put `T = 0.5` into the cell above and run it again.

# %% [markdown]
# ## Predict, then move
#
# **Predict.** At *T* = 1 `forward` is 1.6 times as likely as `toward`. How many times at *T* = 0.5?
# Say a number, then move the slider.

# %%
explore.Distribution(NINE_WORDS)

# %% [markdown]
# 1. At *T* = 0.5, divide the share of `forward` by that of `toward`. Halving *T* doubles the gap
#    between the logits, so it squares the ratio: 1.6 × 1.6 ≈ 2.6. Is that what you see?
# 2. Near which *T* does `forward` fall below one half? (Between 1.3 and 1.5.)

# %% [markdown]
# The next vocabulary has ten tokens that could follow `The capital of France is`. One answer is
# right, and the model knows it.
#
# **Predict.** At *T* = 1 ` Paris` has 93%. At *T* = 2, will it have more than half, or less?

# %%
explore.Distribution(CAPITAL)

# %% [markdown]
# 1. Set *T* to 2. Were you right? (59%: about four draws in ten now say something else.)
# 2. Stay at *T* = 2 and press **Sample 100** a few times. How often does ` Paris` lose? Is it ever
#    overtaken in the *true* probabilities?

# %% [markdown]
# It never is. Dividing all logits by the same positive number keeps their order: temperature
# changes how far apart the tokens are, not who leads. It adds no information either: what the model
# does not know at *T* = 1, it does not know at any *T*.

# %% [markdown]
# Now the real model, the Storyteller: 4,096 tokens, trained on old stories. The prompt box is
# yours.

# %%
explore.Distribution("Once upon a time")

# %% [markdown]
# 1. The line below the picture says how open the choice is: "like so many equal choices". Find a
#    *T* at which it falls below 3 after `Once upon a time`.
# 2. Keep that *T* and write `The king said to his` in the box. Are there more equal choices now, or
#    fewer? Which of the two prompts leaves the model more open?

# %% [markdown]
# ## The two ends
#
# **Towards 0.** The gap between `forward` (6.75) and `toward` (6.28) is 0.47. At *T* = 0.1 it is
# 4.7, and *e*⁴·⁷ ≈ 110: `forward` is 110 times as likely. At *T* = 0.01 the gap is 47.

# %%
for T in (1.0, 0.1, 0.01):
    best, second = (NEXT_LOGITS / T).softmax(dim=-1).topk(2).values.tolist()
    print(f"T = {T:<5} forward {best:.6f}   toward {second:.2g}   ratio {best / second:.3g}")

# %% [markdown]
# In the limit the best token has everything. That is greedy choice, so most tools let *T* = 0 mean
# *greedy*, though nothing can be divided by 0. The explorer's slider does the same.

# %% [markdown]
# **Towards infinity.** Divided by a huge *T*, all logits are nearly 0. *e*⁰ is 1 for each of them,
# so nine words get 1/9 ≈ 0.111 each. The model's opinion is gone.

# %%
show(VOCABULARY, T10=(NEXT_LOGITS / 10).softmax(-1), T1000=(NEXT_LOGITS / 1000).softmax(-1))

# %% [markdown]
# ## A thousand draws
#
# **Predict.** At *T* = 5 `pizza` has 4.3%. In 1,000 draws, how often will it come: exactly 43
# times?

# %%
generator = torch.Generator().manual_seed(123)
for T in (1.0, 0.1, 5.0):
    logits = NEXT_LOGITS / T
    drawn = sample(logits.expand(1000, -1), generator)
    counts = torch.bincount(drawn, minlength=len(VOCABULARY))
    print(f"T = {T}")
    show(VOCABULARY, drawn=counts, expected=1000 * logits.softmax(dim=-1))

# %% [markdown]
# Close to 43, seldom 43. A count of *n* draws with probability *p* typically misses *np* by about
# √(*np*(1−*p*)), which is 6.4 here: anything from 30 to 56 is no surprise.

# %% [markdown]
# At *T* = 0.1 there was no `pizza` at all, and none of six other words. Their probabilities are not
# zero: temperature never *forbids* a token. That is what top-k and top-p are for, in the next
# modules.

# %% [markdown]
# ## How many choices are there, really?
#
# Entropy says how open a choice is, in bits. Two to that power is the number of *effective
# choices*: a fair die with that many sides would be as hard to guess.

# %%
for T in (0.1, 1.0, 5.0):
    bits = entropy(NEXT_LOGITS / T).item()
    choices = effective_choices(NEXT_LOGITS / T).item()
    print(f"T = {T:<4} entropy {bits:.2f} bits   effective choices {choices:.2f}")

# %% [markdown]
# Nine words are on the table each time. The model chooses as if among 1.05, 2.49 and 7.38 of them.
# It is the number of equal choices below the explorer's picture.

# %% [markdown]
# ## The formula
#
# For logits $z_1, \dots, z_n$ and a temperature $T > 0$:
#
# $$p_i = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}} \qquad\text{so}\qquad
# \frac{p_i}{p_j} = e^{(z_i - z_j) / T}$$
#
# Only differences count. Adding 10 to every logit changes nothing. The name comes from physics,
# where hot systems try unlikely states; Boltzmann machines, neural networks built on that physics,
# had a temperature in 1985 [ackley1985]. Names in
# brackets are sources, listed at the end.

# %% [markdown]
# ## Build it
#
# > difficulty ●●○○○ · importance ●●●●● · 5 to 10 minutes
#
# Write `softmax_with_temperature`. You may use PyTorch, but not the course's own functions. It is
# scored below, so read the description closely.
#
# <details><summary>Hint</summary>
#
# Convert to float32, divide, softmax over the last dimension.
# <details><summary>More</summary>
#
# `logits.float()` converts, `tensor / number` divides each element and makes a new tensor, and
# `.softmax(dim=-1)` works on any leading shape. All three can stand in one line.
# </details>
# </details>


# %% answer="softmax_with_temperature"
def softmax_with_temperature(logits, temperature):
    """Probabilities of softmax(logits / temperature) over the last dimension.

    logits: (..., vocab), float16 or float32, between -10,000 and 10,000 or -inf, not all of a row;
    they are left as they are. temperature: from 0.00001 to a million.
    Returns float32 of the same shape, each row summing to 1.
    """
    ### BEGIN SOLUTION
    return (logits.float() / temperature).softmax(dim=-1)
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It gives no points, only reasons.

# %%
for T in (1.0, 0.5, 5.0):
    check.passes(
        f"nine words at T = {T}",
        check.close,
        softmax_with_temperature,
        NEXT_LOGITS,
        T,
        expect=(NEXT_LOGITS / T).softmax(dim=-1),
        why="These are not softmax(logits / T). Divide the logits first, then take softmax.",
    )
print("Expected:")
show(VOCABULARY, **{f"T = {T}": (NEXT_LOGITS / T).softmax(dim=-1) for T in (1.0, 0.5, 5.0)})

# %% [markdown]
# Now let your own function draw the picture. While it is not written, or when it has a mistake, the
# explorer says so below the picture.

# %%
explore.Distribution("Once upon a time", function=softmax_with_temperature)

# %% [markdown]
# 1. Does your function agree with the course's at *T* = 0.5 and at *T* = 2?
# 2. Drop the `/ temperature` from it, run its cell and the one above again, and move the slider.
#    What does the explorer show?

# %% [markdown]
# ## Sixty tokens, three temperatures
#
# **Predict.** The Storyteller goes on from `Once upon a time` at *T* = 0.1, 0.8 and 1.5. Which text
# will use the fewest different words? Which will invent words?

# %%
model = storyteller.load()
for T in (0.1, 0.8, 1.5):
    steps = generate(
        model, "Once upon a time", Settings(temperature=T).process, max_new_tokens=60, seed=0
    )
    text = "".join(step.text for step in steps)
    words = text.lower().split()
    print(f"T = {T}: {len(set(words))} different words of {len(words)}")
    print("Once upon a time" + text, end="\n\n")

# %% [markdown]
# 0.1 goes round in circles: nearly always taking the best next token does not make a good text. 1.5
# rambles and glues pieces of words together: each unlikely token is rare, but there are thousands.
# A small model shows both faults early. Change the seed and see what stays the same.

# %% [markdown]
# ## What goes wrong
#
# **Scaling the probabilities.** They have to sum to 1 again afterwards, and that undoes the
# division.

# %%
scaled = NEXT_LOGITS.softmax(dim=-1) / 5.0
renormalised = scaled / scaled.sum()
show(
    VOCABULARY, T1=NEXT_LOGITS.softmax(-1), scaled=renormalised, T5=(NEXT_LOGITS / 5.0).softmax(-1)
)

# %% [markdown]
# The middle column is the first one. A temperature without effect raises no error: a published
# homework once had one, for another reason, until a student noticed [statnlp26].

# %% [markdown]
# **Dividing by 0.** PyTorch does not complain. It goes on with infinities, and infinity minus
# infinity is not a number.

# %%
print(NEXT_LOGITS / 0.0)
print((NEXT_LOGITS / 0.0).softmax(dim=-1))

# %% [markdown]
# Drawing from that fails with `probability tensor contains either inf, nan or element < 0`, a
# message that says nothing about temperature. Users of Bark met it at *T* = 0 [bark270], users of
# vLLM once at 0.0001 [vllm1623]. So ask first: `if temperature == 0`, be greedy.

# %% [markdown]
# **Overflow.** float32 ends near 3.4 × 10³⁸, so `exp` overflows from 89 on. Cold temperatures get
# there quickly: 6.75 / 0.01 is 675.

# %%
cold = NEXT_LOGITS / 0.01
print("naive:   ", cold.exp() / cold.exp().sum())
shifted = cold - cold.max()
print("shifted: ", shifted.exp() / shifted.exp().sum())

# %% [markdown]
# Only differences count, so subtract the largest logit first: the largest weight is then *e*⁰ = 1.
# `torch.softmax` does that for you.

# %% [markdown]
# **Half precision.** float16 ends at 65,504. There the division itself overflows, before softmax
# can help.

# %%
half = NEXT_LOGITS.half() / 0.0001
print(half)
print(half.softmax(dim=-1))

# %% [markdown]
# PyTorch's own chat program replaced *T* = 0 by 0.00001, which was too cold for float16
# [torchchat259]. Converting the logits to float32 first is the simple cure.

# %% [markdown]
# ## What production systems do
#
# - OpenAI's API takes *T* from 0 to 2 [openai1282]. Some newer models elsewhere refuse the argument
#   [anima29].
# - vLLM takes anything below 0.00001 as greedy [vllm2026], llama.cpp anything up to 0
#   [llamacpp2026]. `transformers` refuses 0 and points to `do_sample=False` [transformers2026].

# %% [markdown]
# The order differs. `transformers` applies *T* before top-k, top-p and min-p; llama.cpp applies it
# last [transformers2026] [llamacpp2026]. The same settings can keep different tokens.
#
# *T* has a use in training too: in distillation a small model learns from a large one's softened
# probabilities, at a *T* above 1 [hinton2015].
#
# A low *T* together with a low *p* is a trap of its own. It has a place in a later module.

# %% [markdown]
# ## Recap
#
# - Temperature divides the logits before softmax: below 1 sharpens, above 1 flattens.
# - The order of the tokens stays, no token is forbidden, and no information is added.
# - Towards 0 it is greedy choice, towards infinity a fair die.
# - Divide logits, not probabilities. Treat 0 apart, subtract the maximum, work in float32.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores.

# %% [markdown] question="From one to three" points=1
# At *T* = 1 `forward` has 57%, `toward` 36%, `closer` 6%. You raise *T* to 3. What is true?
#
# - **A** `toward` can now become the most likely word.
# - **B** `forward` stays the most likely word, with a smaller share.
# - **C** All nine words have the same share.
# - **D** `forward` stays the most likely word, with a larger share.

# %% answer="from_one_to_three"
answer_order = ""  # "A", "B", "C" or "D"

# %% test="from_one_to_three"
check.choice(
    answer_order,
    right="B",
    why={
        "A": "Dividing two numbers by the same positive number never swaps which is larger. "
        "Look again at the capital of France at T = 2.",
        "C": "That is the limit for a huge T. Put T = 3 into the by-hand cell and compare shares.",
        "D": "Think of the gaps between logits: does dividing by 3 widen or narrow them?",
    },
)

# %% [markdown] question="The ratio of two tokens" points=1
# Two tokens have the logits 4 and 2. At *T* = 1 the first is *e*² ≈ 7.39 times as likely as the
# second. How many times at *T* = 2? Two decimals are enough.

# %% answer="ratio_at_two"
answer_ratio = None  # a number

# %% test="ratio_at_two"
check.number(
    answer_ratio,
    right=2.71828,
    within=0.03,
    why={
        7.39: "That is the ratio at T = 1. The temperature narrows the gap between the logits.",
        3.69: "That is half the old ratio. Temperature divides the gap, which sits in an exponent.",
        2.0: "Logits are not probabilities: their quotient means nothing. Take their difference.",
        54.6: "That is the ratio when the gap doubles. Does a T above 1 widen the gap?",
        0.37: "That is how likely the second is compared with the first. Turn it round.",
    },
    hint="Divide the gap of the logits by T, then raise e to it. See the formula.",
)

# %% [markdown] question="Almost at zero" points=1
# Three tokens have the logits 3, 3 and 1. *T* comes closer and closer to 0 but never reaches it.
# Which probabilities does softmax with temperature come close to?
#
# - **A** 1, 0, 0
# - **B** 1/3, 1/3, 1/3
# - **C** they become NaN
# - **D** 1/2, 1/2, 0

# %% answer="near_zero"
answer_tie = ""  # "A", "B", "C" or "D"

# %% test="near_zero"
check.choice(
    answer_tie,
    right="D",
    why={
        "A": "That is what greedy choice does. But what is the gap between the first two logits, "
        "divided by any T, and what ratio follows from it?",
        "B": "That is the limit for a huge T, where gaps close. Here they open.",
        "C": "NaN comes from dividing by exactly 0, or from an overflow. For T above 0 the "
        "probabilities are well defined.",
    },
)

# %% [markdown] question="Divided by a million" points=1
# What does this print? Work it out first.
#
# ```python
# print(round(effective_choices(NEXT_LOGITS / 1_000_000).item()))
# ```

# %% answer="by_a_million"
answer_choices = None  # a whole number

# %% test="by_a_million"
check.number(
    answer_choices,
    right=9,
    within=0.01,
    why={
        1: "One choice is left when the distribution is as sharp as can be. Is this T cold or hot?",
        0: "There is always at least one choice. Which die does a huge T lead to?",
        3: "That is about the entropy in bits. The effective choices are two to that power.",
        2: "That is about the number at T = 1, rounded. What does a T of a million do?",
        0.111: "That is each word's share. How many equal choices are there, when each has that?",
        3.17: "That is the entropy in bits. The effective choices are two to that power.",
        2.49: "That is the number at T = 1. What does a T of a million do?",
        1_000_000: "T is not a number of choices: there are not that many words to choose from.",
    },
    hint="Look at the section on the two ends: what do all shares come close to?",
)

# %% [markdown] question="The capital of Australia" points=1
# A model names Australia's capital: Sydney 60%, Canberra 30%, other towns the rest. Canberra is
# right. You can change only *T*. What is true?
#
# - **A** At every *T* above 0 Sydney stays the most likely answer.
# - **B** At a low *T* the model is more accurate: Canberra wins.
# - **C** At a high enough *T* Canberra overtakes Sydney.
# - **D** At *T* = 0 nothing is random, so the answer is right.

# %% answer="australia_capital"
answer_knowledge = ""  # "A", "B", "C" or "D"

# %% test="australia_capital"
check.choice(
    answer_knowledge,
    right="A",
    why={
        "B": "A low T makes the model surer of what it already prefers. Which town is that?",
        "C": "A high T brings the two shares together. Coming together is not changing places.",
        "D": "Not random means the same answer each time. It does not mean the right one.",
    },
)

# %% [markdown] question="What the API shows" points=1
# An API shows you only probabilities: two tokens at *T* = 1 with 0.8 and 0.2. What share does the
# first have at *T* = 0.5? Three decimals.
#
# <details><summary>Hint</summary>
#
# Halving *T* squares the ratio of the two.
# </details>

# %% answer="api_shares"
answer_share = None  # a number between 0 and 1

# %% test="api_shares"
check.number(
    answer_share,
    right=0.64 / 0.68,
    within=0.002,
    why={
        0.8: "That is the share at T = 1. A T below 1 has to sharpen.",
        1.6: "A probability above 1? You divided the probability. Temperature divides logits.",
        0.64: "Close: you squared the share. Now make the two squares sum to 1.",
        0.667: "That is the share at T = 2, a flatter one. Here T is below 1.",
        0.9: "Dividing the smaller share alone is not what T does. Square the ratio of the two.",
    },
    hint="The ratio of the two is 4 at T = 1. Square it, and find the shares that go with it.",
)

# %% [markdown] question="A disputed formula" points=1
# `softmax(log_softmax(logits) / T)` is a bug, says a proposed change to a speech model: only raw
# logits may be divided [kimi161]. Is it different from `softmax(logits / T)`?
#
# - **A** Yes: it flattens or sharpens more at every *T* except 1.
# - **B** Yes: softmax is taken twice, which flattens.
# - **C** No: one shift for all tokens changes nothing.
# - **D** No: softmax undoes whatever was done to the logits.

# %% answer="disputed_formula"
answer_logprobs = ""  # "A", "B", "C" or "D"

# %% test="disputed_formula"
check.choice(
    answer_logprobs,
    right="C",
    why={
        "A": "Try it: compute both for the nine words at T = 0.5 and compare the numbers.",
        "B": "The first step here is log_softmax. What does taking the logarithm undo?",
        "D": "Then dividing by T could not do anything at all, and you have seen that it does.",
    },
)

# %% [markdown] question="A temperature function" points=2
# Find the bug. This function runs without an error, and its temperature does nothing. Repair it:
# the result must be softmax with temperature, over the last dimension of logits of any shape. They
# lie between −20 and 20, *T* between 0.25 and 10.


# %% answer="temperature_code_repair"
def repaired_scaling(logits, temperature):
    ### BEGIN SOLUTION
    return (logits / temperature).softmax(dim=-1)
    ### END SOLUTION
    probs = logits.softmax(dim=-1)
    probs = probs / temperature
    return probs / probs.sum(dim=-1, keepdim=True)


# %% test="temperature_code_repair"
def example():
    check.close(
        repaired_scaling,
        [4.0, 2.0],
        2.0,
        expect=torch.tensor([1.0, 0.0]).softmax(dim=-1),
        within=1e-3,
        why="At T = 2 the logits 4 and 2 must act like 2 and 1. Follow both through your function.",
    )


2.0 * check.passes("logits 4 and 2 at T = 2", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def softened(logits, temperature):
    weights = (logits.double() / temperature).exp()
    return weights / weights.sum(dim=-1, keepdim=True)


def any_temperature(random):
    return domains.batch(random).clamp(-20, 20), random.choice(
        [0.25, 1.0, 10 ** random.uniform(-0.6, 1)]
    )


example()
check.against(
    softened,
    repaired_scaling,
    any_temperature,
    within=5e-3,
    why="A T below 1 sharpens, a T above 1 flattens, and each row is a distribution of its own.",
)
check.against(
    softened,
    repaired_scaling,
    any_temperature,
    why="Nearly: what is rounded on the way? Compute in float32, with T as it is given.",
)
### END HIDDEN TESTS

# %% [markdown] question="Fast path, slow path" points=2
# Find the bug. It is from a real library, where all tests ran at *T* = 1 and passed [rlkernel81].
# At other temperatures the fast path gives another distribution than the slow one. Repair it, so
# that both give softmax with temperature, over the last dimension of logits of any shape. They lie
# between −20 and 20, *T* between 0.25 and 10.


# %% answer="paths_repair"
def repaired_paths(logits, temperature, fast):
    ### BEGIN SOLUTION
    scaled = logits / temperature
    return scaled.softmax(dim=-1)
    ### END SOLUTION
    scaled = logits / temperature
    if fast:
        scaled = scaled / temperature
    return scaled.softmax(dim=-1)


# %% test="paths_repair"
def example():
    check.close(
        repaired_paths,
        [4.0, 2.0],
        2.0,
        True,
        expect=torch.tensor([2.0, 1.0]).softmax(dim=-1),
        within=1e-3,
        why="On the fast path at T = 2, follow the logit 4: which value reaches softmax?",
    )


2.0 * check.passes("logits 4 and 2 at T = 2, the fast path", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def softened(logits, temperature, fast):
    weights = (logits.double() / temperature).exp()
    return weights / weights.sum(dim=-1, keepdim=True)


def any_path(random):
    logits = domains.batch(random).clamp(-20, 20)
    return logits, random.choice([0.25, 1.0, 10 ** random.uniform(-0.6, 1)]), random.random() < 0.5


example()
check.against(
    softened,
    repaired_paths,
    any_path,
    within=5e-3,
    why="Count the divisions on each path: with fast and without, below T = 1 and above.",
)
check.against(
    softened,
    repaired_paths,
    any_path,
    why="Nearly: what is rounded on the way? Compute in float32, with T as it is given.",
)
### END HIDDEN TESTS

# %% [markdown] question="A sampling function" points=2
# Find the bug. At *T* = 0 this function returns NaN. Repair it: at *T* = 0 the best token of each row
# gets probability 1 and all others 0. Of several best tokens the first gets the 1. For *T* above 0
# nothing changes. The logits have any shape and lie between −20 and 20, *T* is 0 or from 0.01 to
# 10. One point for single rows without ties, one for batches, ties and near ties.


# %% answer="sampling_code_repair"
def repaired_zero(logits, temperature):
    ### BEGIN SOLUTION
    if temperature == 0:
        best = logits.argmax(dim=-1, keepdim=True)
        return torch.zeros_like(logits).scatter(-1, best, 1.0)
    return (logits / temperature).softmax(dim=-1)
    ### END SOLUTION
    probs = (logits / temperature).softmax(dim=-1)
    return probs


# %% test="sampling_code_repair"
def one_row():
    check.close(
        repaired_zero,
        [1.0, 3.0, 2.0],
        0.0,
        expect=[0.0, 1.0, 0.0],
        why="At T = 0 all the probability belongs to the best token.",
    )
    check.close(
        repaired_zero,
        [1.0, 3.0, 2.0],
        2.0,
        expect=torch.tensor([0.5, 1.5, 1.0]).softmax(dim=-1),
        why="Only T = 0 is a special case. For other temperatures the function was right.",
    )


points = 1.0 * check.passes("one row", one_row)
### BEGIN HIDDEN TESTS
from course_utils import domains


def down_to_zero(logits, temperature):
    if temperature > 0:
        return (logits.double() / temperature).softmax(dim=-1)
    rows = [[0.0] * logits.shape[-1] for _ in logits.reshape(-1, logits.shape[-1])]
    for probs, row in zip(rows, logits.reshape(-1, logits.shape[-1]).tolist(), strict=True):
        probs[row.index(max(row))] = 1.0
    return torch.tensor(rows).reshape(logits.shape)


def some_temperature(random):
    return random.choice([0.0, 0.0, 0, 0.01, 1.0, 10 ** random.uniform(-2, 1)])


def unlike(random, shape=()):
    """Rows of logits without ties."""
    vocab = domains.size(random)
    rows = [random.sample(range(-20_000, 20_001), vocab) for _ in range(torch.Size(shape).numel())]
    return torch.tensor(rows).reshape(*shape, vocab) / random.choice([1000, 16_000])


def near(random):
    """As `unlike`, with logits that differ by 0.00002 or by less than a billionth."""
    vocab = domains.size(random)
    steps = torch.tensor(random.sample(range(2 * vocab), vocab))
    middle, step = random.choice([(0, 2.0**-34), (0, 2.0**-16), (1, 2.0**-16), (-9, 2.0**-16)])
    return middle + steps * step, some_temperature(random)


def single(random):
    return unlike(random), some_temperature(random)


def several(random):
    return unlike(random, domains.shape(random)), some_temperature(random)


def tied(random):
    shape, step = (*domains.shape(random), domains.size(random)), random.choice([0.125, 8.0])
    values = [random.randint(-2, 2) * step for _ in range(torch.Size(shape).numel())]
    return torch.tensor(values).reshape(shape), some_temperature(random)


def single_rows():
    one_row()
    check.against(
        down_to_zero,
        repaired_zero,
        single,
        within=5e-4,  # 20 / 0.01 is 2,000, and float32 is that coarse there
        why="At T = 0 the best token of any row has everything, and above 0 nothing changes.",
    )


def batches_and_ties():
    check.against(
        down_to_zero,
        repaired_zero,
        several,
        within=5e-4,  # 20 / 0.01 is 2,000, and float32 is that coarse there
        why="Each row has a best token of its own. Along which dimension do you look?",
    )
    check.against(
        down_to_zero,
        repaired_zero,
        tied,
        within=5e-4,  # 20 / 0.01 is 2,000, and float32 is that coarse there
        why="Of equally good tokens only the first gets the 1, so a tiny T will not do.",
    )
    check.against(
        down_to_zero,
        repaired_zero,
        near,
        within=5e-4,
        why="A token that is better by very little is the best. Compare the logits as they are given: "
        "rounding and softmax can make two of them equal.",
    )


points = 1.0 * check.passes("single rows", single_rows)
points += check.passes("batches, ties and near ties", batches_and_ties)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Your softmax with temperature" points=4
# Your `softmax_with_temperature` from **Build it** above, without the course's own functions. One
# point each: single rows; batches of any shape; huge logits, tiny and huge *T*, −∞, and float16
# with a float32 result; the input left as it was.


# %% test="softmax_with_temperature"
def nine_words():
    for T in (0.5, 1.0, 5.0):
        check.close(
            softmax_with_temperature,
            NEXT_LOGITS,
            T,
            expect=(NEXT_LOGITS / T).softmax(dim=-1),
            why=f"At T = {T} these are not softmax(logits / T).",
        )


points = 1.0 * check.passes("nine words", nine_words)
### BEGIN HIDDEN TESTS
from course_utils import domains


def softened(logits, temperature):
    return (logits.double() / temperature).softmax(dim=-1)


def plain(random, shape=()):
    logits = domains.batch(random) if shape is None else domains.logits(random, shape)
    return logits.clamp(-20, 20), 10 ** random.uniform(-0.5, 1)


def single(random):
    return plain(random)


def batch(random):
    return plain(random, shape=None)


def extreme(random):
    """Where rounding does not decide: float32 is coarse, but not between tokens far apart."""
    while True:
        size = 10 ** random.uniform(0, 4)
        values = [random.uniform(-size, size) for _ in range(domains.size(random))]
        cut = [x if random.random() < 0.8 else -torch.inf for x in values[1:]]
        logits = torch.tensor(values[:1] + cut).to(random.choice([torch.float32, torch.float16]))
        temperature = random.choice([1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 100])
        scaled = logits.double() / temperature
        behind = scaled.max() - scaled
        if scaled[scaled.isfinite()].abs().max() < 5_000 or (behind > 100).sum() == len(logits) - 1:
            return logits, temperature


def cold(random):
    """Logits as near each other as a tiny T, some of them equal."""
    temperature = random.choice([1e-5, 1e-5, 10 ** random.uniform(-5, -1)])
    steps = [random.randint(-20, 20) for _ in range(domains.size(random))]
    return torch.tensor(steps) * random.choice([0.05, 0.5, 50]) * temperature, temperature


def hot(random):
    values = [random.uniform(-10_000, 10_000) for _ in range(domains.size(random, 12))]
    cut = [x if random.random() < 0.8 else -torch.inf for x in values[1:]]
    dtype = random.choice([torch.float32, torch.float16])
    return torch.tensor(values[:1] + cut).to(dtype), random.choice(
        [1e6, 1e6, 10 ** random.uniform(2, 6)]
    )


def anything(random):
    return random.choice([single, batch, extreme, cold, hot])(random)


def single_rows():
    nine_words()
    check.against(
        softened,
        softmax_with_temperature,
        single,
        why="These are not softmax(logits / T). Divide the logits first, then take softmax.",
    )


def batches():
    check.against(
        softened,
        softmax_with_temperature,
        batch,
        why="Each row along the last dimension is a distribution of its own.",
    )


def extremes():
    check.against(
        softened,
        softmax_with_temperature,
        hot,
        within=1e-4,
        why="At a T of 100 to a million the shares come close to each other, without becoming equal, "
        "and each T gives others.",
    )
    check.against(
        softened,
        softmax_with_temperature,
        cold,
        within=1e-3,
        why="At a tiny T, tokens whose logits are as near as T, or equal, still share. No T above 0 "
        "is greedy, and each gives other shares.",
    )
    check.against(
        softened,
        softmax_with_temperature,
        extreme,
        within=1e-3,  # at 5,000 float32 is that coarse: a logsumexp is right too
        why="Large logits overflow exp: what may be subtracted without changing the result? And "
        "float16 ends at 65,504: convert before you divide.",
    )
    for args, _ in check.drawn(check.nothing, anything):
        result = check.call(softmax_with_temperature, args[0].clone(), args[1])
        float32 = getattr(result, "dtype", None) == torch.float32
        assert float32, "The result has to be of torch.float32, whatever the logits are."


def leaves_its_input():
    changed = "The caller's logits must be the same after the call: make a new tensor."
    for T in (0.5, 2.0):
        expect = (NEXT_LOGITS / T).softmax(dim=-1)
        check.unchanged(softmax_with_temperature, NEXT_LOGITS, T, expect=expect, why=changed)
    check.keeps(softmax_with_temperature, anything, why=changed)


check.own(softmax_with_temperature, anything)
points = 1.0 * check.passes("single rows", single_rows)
points += check.passes("batches", batches)
points += check.passes("huge logits, tiny T, -inf, float16", extremes)
points += check.passes("input left as it was", leaves_its_input)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="A colleague's zero" points=0
# In three sentences: a colleague sets *T* = 0 "so that the model stops making things up". What does
# it change, what not, and what would you suggest?

# %% [markdown] answer="explain_zero"
# ### BEGIN SOLUTION
# At T = 0 the model gives the token it finds most likely, each time the same as far as the hardware
# allows. That removes unlucky draws, but not what the model wrongly believes: a false statement
# that it finds likely is now certain, and long texts begin to loop. To make answers true, give it
# the facts to answer from and check what it says; keep T = 0 for repeatable, short, structured
# answers.
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
# - [ackley1985] Ackley, Hinton and Sejnowski: A Learning Algorithm for Boltzmann Machines. 1985
# - [hinton2015] Hinton, Vinyals and Dean: Distilling the Knowledge in a Neural Network. 2015
# - [transformers2026], [vllm2026], [llamacpp2026]: the sampling code of these three, as read in
#   2026
# - [openai1282], [anima29]: what two providers accept
# - [statnlp26], [bark270], [vllm1623], [torchchat259], [rlkernel81], [kimi161]: bug reports and
#   repairs
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

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
# Every child knows the fourth word of a fairy tale. So does our model, the Storyteller: after `Once upon a` it
# gives `time` 99.7%. Change one number from 1 to 2, and often another word comes.

# %% [markdown]
# > **About 170 minutes**, in two sittings · difficulty ●●●○○ · you need: module 01
# >
# > Afterwards you can
# > - work out by hand what a temperature does, and what happens at its two ends;
# > - say why one temperature is mild for nine words and wild for thousands;
# > - write softmax with temperature, and draw with it;
# > - find the temperature for a wanted number of choices, and design a thermostat.

# %% locked="setup" jupyter={"source_hidden": true}
import math
import textwrap

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.explore.plots.look import DRAWN, KEPT
from course_utils.generate import Settings, generate
from course_utils.metrics import effective_choices
from course_utils.sampling import sample
from course_utils.toys import CAPITAL, NEXT_LOGITS, VOCABULARY


def show(words, **columns):
    """Print one row a word, one column an argument."""
    print(" " * 10 + "".join(f"{name:>14}" for name in columns))
    for word, *numbers in zip(words, *columns.values(), strict=True):
        cells = [f"{number.item():14.3f}" for number in numbers]
        print(f"{word:<10}" + "".join(cells))


def tell(text):
    """Print a text in short lines, with an empty one below."""
    print(textwrap.fill(" ".join(text.split()), 90) + "\n")


# %%
model = storyteller.load()
for T in (0.5, 1, 2):
    steps = generate(model, "Once upon a", Settings(temperature=T), max_new_tokens=24, seed=2)
    tell(f"T = {T}:  Once upon a" + "".join(step.text for step in steps))

# %% [markdown]
# *T* is the temperature. In the third text the *fourth word* is not `time`.
#
# **Predict.** At *T* = 1 the word `time` has 99.7%. What does `time` have at *T* = 2: 75, 45 or 15%?

# %%
explore.Distribution("Once upon a")

# %% [markdown]
# 1. Set *T* to 2. What share has `time` now? Which bar grew the most?
# 2. Press **Sample 100**. How often does `time` come?
#
# <details><summary>Answers</summary>
#
# 1. 44%. The second best token, `while`, has only 0.9%. But the bar at the bottom, for the 4,084 tokens not
# listed, grew from 0.1% to 50%. 2. 49 times. No other token comes more than twice.
# </details>

# %% [markdown]
# At *T* = 1 the 4,095 tokens other than `time` had 0.3% together. **How did they take more than half from `time`?**

# %% [markdown]
# **Recall**, from module 01. A model gives two tokens the logits 2 and 1. Is the first twice as likely as the second?
#
# <details><summary>Answer</summary>
#
# No, *e* ≈ 2.7 times: softmax turns a *gap* of 1 between two logits into a *ratio* of *e*.
# </details>

# %% [markdown]
# ## One division
#
# Temperature divides every logit by *T* before softmax. The next cell shows nine words that might follow
# `every effort moves you`.
#
# **Predict.** At *T* = 1 `forward` has 57%, and `pizza` almost nothing. Does each have more or less at *T* = 2?

# %%
T = 2.0
before = NEXT_LOGITS.softmax(dim=-1)
after = (NEXT_LOGITS / T).softmax(dim=-1)
show(VOCABULARY, logit=NEXT_LOGITS, divided=NEXT_LOGITS / T, before=before, after=after)

# %% [markdown]
# `forward` falls to 42%, and all small shares grow. A *T* above 1 *flattens*. A *T* below 1 *sharpens*.

# %% [markdown]
# **Predict.** At *T* = 1 `forward` is 1.6 times as likely as `toward` (0.572 / 0.358). How many times as likely at
# *T* = 0.5? To check, put `T = 0.5` into the code above the table, and run that cell.
#
# <details><summary>Answer</summary>
#
# 2.6 times: 0.713 / 0.279. The gap of the logits is 6.75 − 6.28 = 0.47, and *e*⁰·⁴⁷ is 1.6. Half the *T*
# doubles the gap, so the ratio is 1.6 × 1.6.
# </details>

# %% [markdown]
# Half the *T* squares every ratio. Twice the *T* takes the square root of every ratio, here √1.6 ≈ 1.26.
# Temperature changes *how far* a word is ahead of another, never *which* word is ahead.
#
# A *favourite* is the most likely token. The next picture shows three: `time`, one of 4,096 tokens; `forward`, one of
# nine words; and `Paris`, one of ten tokens in a made-up example.

# %% jupyter={"source_hidden": true}
ONCE = model.next_logits("Once upon a")
chart = explore.Chart(x="temperature", y="share of the favourite")
temperatures = torch.linspace(0.5, 3, 51)
for name, row, color, style in (
    ("time", ONCE, DRAWN, "-"),
    ("Paris", CAPITAL.logits, KEPT, "-"),
    ("forward", NEXT_LOGITS, KEPT, "--"),
):
    shares = [(row / t).softmax(dim=-1).max().item() for t in temperatures]
    chart.axes.plot(temperatures, shares, style, color=color, linewidth=2)
    chart.label(3.02, shares[-1], name, color=color)
chart.axes.set(xlim=(0.5, 3.35), ylim=(0, 1.03))
chart.says("time falls from 99.7% at T = 1 to 44% at 2 and 6% at 3; Paris has 93, 59 and 40%.")

# %% [markdown]
# `time` has the most at *T* = 1 and the least at *T* = 3. What is different about `time`? Extreme temperatures give a
# clue.

# %% [markdown]
# ## The two ends
#
# **Towards 0.** The logits of `forward` and `toward` have a gap of 0.47. At *T* = 0.1 the gap is 4.7, and the ratio
# is *e*⁴·⁷ ≈ 110.

# %%
for T in (1.0, 0.1, 0.01):
    best, second = (NEXT_LOGITS / T).softmax(dim=-1).topk(2).values.tolist()
    print(f"T = {T:<5} forward {best:.6f}   toward {second:.2g}   ratio {best / second:.3g}")

# %% [markdown]
# At *T* = 0.01 the best token has everything: the choice is *greedy* (module 01). In many tools, *T* = 0 means greedy.
#
# **Towards infinity.** A huge *T* makes all logits nearly 0, and *e*⁰ is 1.
#
# **Predict.** What share does `forward`, one of 9 words, come close to? And `time`, one of 4,096 tokens?

# %%
for name, row in (("forward", NEXT_LOGITS), ("time", ONCE)):
    shares = [(row / T).softmax(dim=-1).max().item() for T in (1, 10, 1000)]
    print(f"{name:<8} at T = 1, 10 and 1,000:", *[f"{share:.3%}" for share in shares], sep="  ")
    print(f"{'':<8} 1 / {len(row):,} is {1 / len(row):.3%}")

# %% [markdown]
# All tokens of a row become equally likely: `forward` falls to a ninth, `time` to a 4,096th. The clue is the number of
# *rivals*, the other tokens of the row: `time` has many more.

# %% [markdown]
# ## How the rivals took more than half
#
# Take numbers that fit on paper. In a first row, the favourite has the logit 14, and each of 4,095 rivals has 0.
# In softmax the favourite weighs *e*¹⁴ ≈ 1,203,000, and each rival *e*⁰ = 1. A share is a weight divided by the sum
# of all, so the favourite has 99.7%, as `time` has.

# %% [markdown]
# In a second row, the favourite has the logit 8, and nine rivals have 0. At *T* = 1 this favourite has 99.7% too:
# *e*⁸ ≈ 2,981 against 9.
#
# **Predict.** At *T* = 2 the favourites have the logits 7 and 4, and weigh *e*⁷ ≈ 1,097 and *e*⁴ ≈ 55. What share has
# each?

# %%
for n, logit in ((4095, 14), (9, 8)):
    for T in (1, 2):
        favourite, rivals = math.exp(logit / T), n * math.exp(0 / T)
        share = favourite / (favourite + rivals)
        print(f"T = {T}: {favourite:>9,.0f} against {rivals:5,.0f}: {share:.1%}")

# %% [markdown]
# The first favourite has only 21%! Every weight became its square root: 1,203,000 became 1,097, but 1 stayed 1. So the
# 4,095 rivals have 79%. The nine rivals began with 0.3% too, but have only 14% now.
#
# The real rivals of `time` are not equal. Below are `time`, its 99 nearest rivals together, and all the rest.

# %%
ranked = ONCE.sort(descending=True).values
for T in (1, 1.5, 2):
    shares = (ranked / T).softmax(dim=-1)
    time, near, far = shares[0], shares[1:100].sum(), shares[100:].sum()
    print(f"T = {T:<3}  time {time:6.2%}   next 99 {near:6.2%}   other 3,996 {far:6.2%}")
print(f"At T = 2 the largest of those 3,996 has {shares[100]:.2%}.")

# %% [markdown]
# So the rivals took more than half *together*: the last 3,996 have 39%, each at most 0.08%.
#
# We call a token a **crumb** if it has less than 0.5% at *T* = 1. Here all tokens but `time` are crumbs.
# At *T* = 2, about 56 of 100 draws give a crumb (17% + 39%). Here are 16 draws.

# %%
drawn = sample((ONCE / 2).expand(16, -1), torch.Generator().manual_seed(0))
print("Once upon a …", *[model.tokenizer.decode([i]).strip() for i in drawn.tolist()], sep="  ")

# %% [markdown]
# Nine draws give `time`, and seven give a crumb.
#
# So the same *T* = 2 is mild for a row of nine words, and wild (many crumbs) for one of 4,096 tokens. Which number
# says *how* wild?

# %% [markdown]
# ## Equal choices
#
# Module 01 has such a number: the **equal choices**, 2 to the power of the entropy. (The code says
# *effective choices*.) With 8 equal choices, the next token surprises on average like a fair die with 8 faces.
#
# **Predict.** How many equal choices are there after `Once upon a` at *T* = 2: nearest to 1, 10 or 100?

# %%
rows = {
    "nine words": NEXT_LOGITS,
    "Once upon a": ONCE,
    "There was once a": model.next_logits("There was once a"),
}
print(f"{'equal choices at':<18}{'T = 0.5':>10}{'T = 1':>10}{'T = 2':>10}")
for name, row in rows.items():
    choices = [effective_choices(row / T).item() for T in (0.5, 1, 2)]
    print(f"{name:<18}" + "".join(f"{count:10.1f}" for count in choices))

# %% [markdown]
# At *T* = 2 the nine words are like 4 equal choices. After `Once upon a`, 1 choice has become 115.
#
# *T* = 0.5 leaves 1 choice after `Once upon a`, but nearly 9 after `There was once a`. The same *T* is almost greedy
# after one text, and not after another.
#
# How low may *T* be?

# %% [markdown]
# ## The formula, and how a low *T* breaks it
#
# With logits $z_1, \dots, z_n$ and a temperature $T > 0$, token $i$ has the probability
#
# $$p_i = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}} \qquad\text{so}\qquad
# \frac{p_i}{p_j} = e^{(z_i - z_j) / T}$$
#
# Only gaps count: adding 10 to every logit changes no share. So PyTorch's softmax first subtracts the largest
# logit from all. Then no *e*ᶻ is too large for the computer.

# %% [markdown]
# **A zero.** A user of Bark, a model that speaks, set *T* to 0. The program stopped with
# `probability tensor contains either inf, nan or element < 0` [bark270].
#
# **Predict.** For a tensor, 1 / 0 is infinity, `inf`, and −1 / 0 is `-inf`. Six of our nine logits are above 0, three
# below. How many of the nine shares are still numbers?

# %%
print(NEXT_LOGITS / 0.0)
print((NEXT_LOGITS / 0.0).softmax(dim=-1))

# %% [markdown]
# None. Softmax subtracts the largest logit, and infinity minus infinity is `nan`, *not a number*. Then softmax
# divides by the sum of all, so one `nan` spoils every share. At *T* = 0, take the best token without softmax.

# %% [markdown]
# **Almost a zero.** A chat program, torchchat, divided by 0.00001 in place of 0 [torchchat259]. The program failed
# with logits in `float16`, a shorter format than `float32`. Below, `.half()` makes `float16` logits.

# %%
for logits in (NEXT_LOGITS, NEXT_LOGITS.half()):
    cold = logits / 0.00001
    print(cold.dtype, "divided:", cold, "softmax:", cold.softmax(dim=-1), "", sep="\n")

# %% [markdown]
# The `float32` result is right: the best token has everything. **Find it:** in `float16`, which step went wrong first,
# division or softmax? Why?
#
# <details><summary>Answer</summary>
#
# The division: `float16` ends at 65,504, and 6.75 / 0.00001 is 675,000, so the result is `inf`. Then softmax makes
# inf − inf, `nan` again.
# </details>

# %% [markdown]
# ## Build it: softmax with temperature
#
# > difficulty ●●○○○ · importance ●●●●● · 5 minutes
#
# Write the function. Question 2.12 scores it, and the description under `def` says all that counts. You may use
# PyTorch, but no function of the course.
#
# <details><summary>Hint</summary>
#
# `logits.float()` converts to float32, `tensor / number` makes a new tensor, and `.softmax(dim=-1)` takes
# softmax over the last dimension. Which comes first, the conversion or the division?
# </details>


# %% answer="softmax_with_temperature"
def softmax_with_temperature(logits, temperature):
    """Probabilities of softmax(logits / temperature) over the last dimension.

    logits: (..., vocab) of up to 5,000 tokens, float16 or float32, between -10,000 and 10,000; some
    may be -inf, but never a whole row. Do not change them. temperature: from 0.00001 to a million.
    Returns float32 of the same shape, each row summing to 1.
    """
    ### BEGIN SOLUTION
    return (logits.float() / temperature).softmax(dim=-1)
    ### END SOLUTION


# %% [markdown]
# Run these tests as often as you like. They score nothing.

# %%
usual = [0.061, 0.002, 0.0, 0.572, 0.003, 0.0, 0.0, 0.358, 0.004]
hot = [0.137, 0.023, 0.006, 0.421, 0.033, 0.006, 0.006, 0.333, 0.035]
best = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
why = "These are not softmax(logits / T). If only float16 fails: which numbers can it not hold?"
for T, row, expect in (
    (1.0, NEXT_LOGITS, usual),
    (2.0, NEXT_LOGITS, hot),
    (0.00001, NEXT_LOGITS.half(), best),
):
    title, given = f"nine words at T = {T}, {row.dtype}", (softmax_with_temperature, row, T)
    check.passes(title, check.close, *given, expect=expect, why=why, within=0.001)

# %% [markdown]
# Below, a cross marks each share that *your* function gives. Set *T* to 0.5, then to 2: the crosses should sit at the
# ends of the bars.

# %%
explore.Distribution("Once upon a time", function=softmax_with_temperature)

# %% [markdown]
# ## Build it: the draw
#
# > difficulty ●●●○○ · importance ●●●●● · 10 minutes
#
# To get a token, you throw the weighted die of module 01: a random number *u* from 0 to 1. Suppose that three tokens
# have 9%, 67% and 24%. Their running sums are 0.09, 0.76 and 1. The throw *u* = 0.5 lies between 0.09 and 0.76, on the
# stretch of the second token. So the result is its id, 1 (ids begin at 0).

# %% [markdown]
# Write a function that draws for many rows of logits at once, each row with its own throw. Question 2.13 scores it.
#
# <details><summary>Hint</summary>
#
# `probs.cumsum(dim=-1)` gives the running sums of each row. `u[..., None]` lets `<=` compare a row's throw with
# all the row's sums. The id is the number of sums that are not above *u*. For *T* = 0 there is `argmax`: of
# equal logits it takes the first.
# </details>


# %% answer="choose"
def choose(logits, temperature, u):
    """The id of the token that each row's throw falls on.

    logits: (..., vocab) float32 of up to 5,000 tokens, -20 to 20, some may be -inf.
    temperature: 0, or from 0.05 to 20.
    u: (...) float32, a throw from 0 to 1 for each row. Do not change logits and u.
    T above 0: lay the probabilities end to end from 0 to 1, in order of ids. The result is the
    id whose stretch holds u. (No u lies closer than 0.0001 to a border.)
    T = 0: the id of the best token, whatever u is; of equally good ones the first.
    You may call your own softmax_with_temperature, but no function of the course.
    Returns whole numbers, a tensor (...).
    """
    ### BEGIN SOLUTION
    if temperature == 0:
        return logits.argmax(dim=-1)
    sums = (logits / temperature).softmax(dim=-1).cumsum(dim=-1)
    return (sums <= u[..., None]).sum(dim=-1)
    ### END SOLUTION


# %%
two = torch.tensor([[1.0, 3.0, 2.0], [5.0, 0.0, 5.0]])
why = "Write the running sums of softmax(logits / T) on paper, and find u among them."
for title, row, T, u, ids in (
    ("one row", two[0], 1.0, 0.5, 1),
    ("one row at T = 0.05", two[0], 0.05, 0.01, 1),
    ("two rows, a throw each", two, 2.0, [0.1, 0.9], [0, 2]),
    ("two rows at T = 0", two, 0, [0.9, 0.9], [1, 0]),
):
    u, ids = torch.tensor(u), torch.tensor(ids)
    check.passes(title, check.close, choose, row, T, u, expect=ids, why=why)

# %% [markdown]
# When the tests pass, the next cell writes four texts with `choose`, at *T* = 0, 0.5, 1 and 2. All get *the same* 30
# throws; *T* = 0 ignores them.
#
# **Predict.** Which two of the four texts share the longest beginning?

# %%
throws = torch.rand(30, generator=torch.Generator().manual_seed(2))
ready = check.passes(
    "your draw is ready", check.close, choose, two[0], 0, throws[0], expect=1, why=""
)
if ready:
    print(f"The first throw is {throws[0]:.2f}.\n")
    for T in (0, 0.5, 1, 2):
        ids = model.encode("Once upon a")
        for u in throws:
            ids.append(int(choose(model.logits(ids)[-1], T, u)))
        tell(f"T = {T}:  " + model.tokenizer.decode(ids[1:]))

# %% [markdown]
# <details><summary>What happened</summary>
#
# The texts at *T* = 0 and 0.5 agree up to `time there was a`. At *T* = 2 the fourth word is not `time`.
# </details>
#
# The first throw is 0.61. Read from the next output: does 0.61 fall on `time` at *T* = 1? At *T* = 2?

# %%
time = ONCE.argmax()
for T in (1, 2):
    sums = (ONCE / T).softmax(dim=-1).cumsum(dim=-1)
    print(f"T = {T}: the stretch of `time` goes from {sums[time - 1]:.3f} to {sums[time]:.3f}")

# %% [markdown]
# Yes at *T* = 1, no at *T* = 2. Where the model is sure, the same throw gives another word only at a high *T*. Where
# the model is less sure, a slightly higher *T* can change the word, and so the rest of the story.
#
# Below, the slider writes new texts. (Skip the numbers above the texts.)

# %%
explore.Playground("Once upon a", samples=2, max_new_tokens=50, knobs=["temperature"])

# %% [markdown]
# 1. Set *T* to 0.4. What is wrong with the second text?
# 2. Find the highest *T* at which you would still read on: your taste decides.
#
# <details><summary>Answer to 1</summary>
#
# The text says `great` again and again.
# </details>
#
# A step is one new token. *T* = 0.5 left 1 choice at one step, and nearly 9 at another. Should each step have its own
# temperature? (A good place for a break.)

# %% [markdown]
# ## Four choices, at every step
#
# Which *T* leaves four equal choices after `There was once a`? At *T* = 0.5 there were 8.8: too many.
#
# **Predict.** Will *T* = 0.25 leave more than four, or fewer?

# %%
row = model.next_logits("There was once a")
for T in (0.5, 0.25, 0.375):
    print(f"T = {T:<6} like {effective_choices(row / T).item():.1f} equal choices")

# %% [markdown]
# A higher *T* means more choices, never fewer. So 0.25 is too low and 0.5 too high. Their middle, 0.375, is a little too
# high, so next comes the middle of 0.25 and 0.375. Each round halves the distance between *too low* and *too high*.

# %% [markdown]
# ## Build it: find the temperature
#
# > difficulty ●●●○○ · importance ●●●●○ · 10 to 15 minutes · there are many right ways
#
# Write a function that finds *T*, by halving or otherwise. Question 2.14 scores only the result.
#
# <details><summary>Hint</summary>
#
# Begin with `low, high = 0.001, 1000.0`. Their mean, 500, is far too high. So take `math.sqrt(low * high)` as
# the middle: 1 in the first round. Do 50 rounds. `effective_choices` works with −inf and all these *T*.
# </details>


# %% answer="temperature_for"
def temperature_for(logits, choices):
    """A temperature at which there are `choices` equal choices, within 1%.

    logits: (vocab,) float32 of 2 to 5,000 tokens, -50 to 50, some may be -inf. Do not change them.
    The best is ahead of all others by at least 0.05, as equal ones leave 2 choices at any T.
    choices: at least 1.1, and at most 90% of the number of tokens that are not at -inf.
    You may call the course's functions, and all that this page has defined.
    Returns a number: the right one lies between 0.001 and 1,000.
    """
    ### BEGIN SOLUTION
    low, high = 0.001, 1000.0
    for _ in range(50):
        middle = math.sqrt(low * high)
        if effective_choices(logits / middle) < choices:
            low = middle
        else:
            high = middle
    return low
    ### END SOLUTION


# %% locked="equal_choices" jupyter={"source_hidden": true}
def choices_at(logits, T):
    """How many equal choices there are at a temperature, in float64."""
    probs = (logits.double() / T).softmax(dim=-1)
    return 2 ** -(probs * probs.log2()).nansum().item()


def heat(function, logits, *args):
    """The temperature that a function gives: a number from 0.001 to 1,000."""
    given = logits.clone()
    T = check.plain(check.call(function, given, *args))
    check.returned(T)
    right = type(T) in (int, float) and 0.001 <= T <= 1000
    assert right, "Return a number from 0.001 to 1,000."
    assert torch.equal(given, logits), "The logits have to stay as they were."
    return T


def hits(function, logits, choices):
    T = heat(function, logits, choices)
    got = choices_at(logits, T)
    assert abs(got / choices - 1) <= 0.01, (
        f"At your T = {T:.4g} it is like {got:.3g} equal choices, not {choices:.3g}."
    )


# %%
fewer = NEXT_LOGITS.clone()
fewer[7:] = -torch.inf  # two of the nine words cannot come
for name, row in {**rows, "seven words": fewer}.items():
    for choices in (1.5, 4):
        check.passes(f"{name}: {choices} choices", hits, temperature_for, row, choices)

# %% [markdown]
# Now every step of a story gets four equal choices. With so few choices, you would expect that no *crumb* is
# drawn. (A crumb has less than 0.5% at *T* = 1. After `Once upon a` every token but `time` is one.)
#
# **Predict.** To give `Once upon a` four choices, must *T* be above or below 1? Is `time` then certain?


# %%
# generate also takes a function instead of settings: logits and ids so far -> new logits.
def four_choices(logits, ids):
    return logits / temperature_for(logits, 4)


ready = check.passes("your temperature is ready", hits, temperature_for, NEXT_LOGITS, 4)
if ready:
    steps = generate(model, "Once upon a", four_choices, max_new_tokens=40, seed=0)
    tell("Once upon a" + "".join(step.text for step in steps))
    T = temperature_for(ONCE, 4)
    print(f"its first step: T = {T:.2f}, time has {(ONCE / T).softmax(dim=-1).max().item():.1%}")

# %% [markdown]
# <details><summary>What happened</summary>
#
# `Once upon a distance`: a crumb came! The model *had* one choice at this step, and we asked for four. So
# your function *raised* *T* to 1.55. Now `time` has 85%, and 4,095 others share 15%. `time` surprises little, each
# other token very much: 2 bits on average, as with four equal choices.
# </details>
#
# We want fewer choices where there are too many. Where the model is sure, it should stay sure.

# %% [markdown]
# ## Build it: a thermostat
#
# > difficulty ●●●●○ · importance ●●●●● · 15 minutes · there are many right designs
#
# A thermostat looks at a row of logits and sets *T* for this one step. Write a thermostat that keeps four promises:
# *tame*, *lively*, *gentle* and *steady*. Question 2.15 scores only the promises.

# %% [markdown]
# | promise | if at *T* = 1 the row has | then your *T* |
# |---|---|---|
# | **tame** | any shares | leaves at most 20 equal choices |
# | **lively** | 5 equal choices or more | leaves at least 3 |
# | **gentle** | a favourite with 90% or more | leaves that favourite 90% or more |
#
# And **steady**: adding the same number to all logits does not change your *T*.

# %% [markdown]
# Be careful with `temperature_for`: a row of two tokens cannot have four choices, at any *T*.
#
# <details><summary>Hint</summary>
#
# Begin at *T* = 1, which changes nothing. While there are more choices than you want,
# multiply *T* by 0.98.
# </details>


# %% locked="promises" jupyter={"source_hidden": true}
SURE = torch.zeros(4096)
SURE[0] = 14.0
OPEN = torch.linspace(6, -6, 400)
OPEN[0] += 0.05
STEEP = torch.linspace(5, -5, 25)


def everywhere(promise, thermostat):
    for logits in (OPEN, STEEP, SURE):
        promise(thermostat, logits)


def tame(thermostat, logits):
    got = choices_at(logits, heat(thermostat, logits))
    assert got <= 20.2, f"At your T a choice is like {got:.4g} equal ones."


def lively(thermostat, logits):
    before, got = choices_at(logits, 1.0), choices_at(logits, heat(thermostat, logits))
    assert before < 5 or got >= 2.97, (
        f"A choice was like {before:.3g} equal ones at T = 1. At yours it is like {got:.3g}."
    )


def gentle(thermostat, logits):
    before = logits.double().softmax(dim=-1).max().item()
    got = (logits.double() / heat(thermostat, logits)).softmax(dim=-1).max().item()
    assert before < 0.9 or got >= 0.899, (
        f"A favourite had {before:.1%} at T = 1. At yours it has {got:.1%}."
    )


def steady(thermostat, logits, shift=8.0):
    first, second = heat(thermostat, logits), heat(thermostat, logits + shift)
    assert abs(first / second - 1) <= 0.01, (
        f"T was {first:.4g}. With {shift:g} added to all logits it is {second:.4g}."
    )


# %% answer="my_thermostat"
def my_thermostat(logits):
    """The temperature for the next token: one that keeps the four promises above, within 1%.

    logits: (vocab,) float32 of 2 to 5,000 tokens, -50 to 50, some may be -inf; the best is ahead of
    all others by at least 0.05. Do not change them.
    You may call the course's functions, and all that this page has defined.
    Returns a number from 0.001 to 1,000.
    """
    ### BEGIN SOLUTION
    T = 1.0
    while effective_choices(logits / T) > 8:
        T *= 0.98
    return T
    ### END SOLUTION


# %%
for promise in (tame, lively, gentle, steady):
    check.passes(promise.__name__, everywhere, promise, my_thermostat)

# %% [markdown]
# ## The fourth word
#
# Now the model writes four stories of 60 tokens at each of four *T*, and four with your thermostat. We count the
# crumbs, and how many of a story's tokens are *different*: 50% if each token comes twice.


# %%
def thermostat(logits, ids):
    return logits / my_thermostat(logits)


def try_out(name, process):
    found = [list(generate(model, "Once upon a", process, 60, seed=seed)) for seed in range(4)]
    crumbs = sum(step.logprob < math.log(0.005) for steps in found for step in steps)
    different = sum(len({s.token for s in steps}) / len(steps) for steps in found) / len(found)
    print(f"{name:<16}{crumbs:4} crumbs of {sum(map(len, found))}, different {different:.0%}")
    return found


# %%
for T in (0.3, 0.7, 1, 2):
    try_out(f"T = {T}", Settings(temperature=T))
ready = all(check.passes(p.__name__, everywhere, p, my_thermostat) for p in (tame, lively, gentle))
if ready:
    found = try_out("your thermostat", thermostat)
    for steps in found[:2]:
        tell("Once upon a" + "".join(step.text for step in steps))

# %% [markdown]
# *T* = 0.3 draws no crumb, but repeats itself. *T* = 1 draws 48 crumbs. The authors' thermostat (not on this page)
# lowers *T* until at most 8 choices are left. Its stories have 10 crumbs, 66% different tokens, and all begin
# `Once upon a time`.

# %% [markdown]
# *T* = 0.7 has a few more crumbs, 15, but also more different tokens, 72%. Now look at the equal choices at
# three steps.

# %%
for text in ("Once upon a", "Once upon a time", "Once upon a time there was a"):
    row = model.next_logits(text)
    usual, cool = (effective_choices(row / t).item() for t in (1, 0.7))
    print(f"{text:<30}T = 1: {usual:5.1f}   T = 0.7: {cool:4.1f}", end="")
    if ready:
        T = my_thermostat(row)
        print(f"   yours, T = {T:.2f}: {effective_choices(row / T).item():4.1f}", end="")
    print()

# %% [markdown]
# *T* = 0.7 cuts even 4.5 choices, after `Once upon a time`, to 1.8, yet leaves 31 of the third line's 187: too many
# for *tame*. The authors' thermostat keeps the 4.5, and cuts the 187 to 8. No single *T* does both.
#
# Now change your thermostat, and run all cells from `my_thermostat` to here. Can you get below 10 crumbs, and keep 60%
# different? (Only the promises are scored.)

# %% [markdown]
# ## What production systems do
#
# <details><summary>As of late 2026</summary>
#
# - *Zero.* vLLM is greedy below 0.00001 [vllm2026], llama.cpp at 0 and below [llamacpp2026]. `transformers`
#   refuses 0: there greedy is `do_sample=False` [transformers2026].
# - *A thermostat.* llama.cpp's thermostat raises *T* where the entropy is high: the authors' lowers *T* there
#   [llamacpp4972].
# </details>

# %% [markdown]
# ## Recap
#
# The rivals of `time` are many, so they took more than half. In our example, *T* = 2 gave nine rivals 14%, but 4,095
# rivals 79%. The same *T* is mild for few tokens and wild for many. A thermostat sets *T* for each step.
#
# Yet crumbs can still come: a low *T* only makes their shares smaller. The next module forbids crumbs.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

# %% [markdown] question="Shares at another temperature" points=1
# At *T* = 1 three tokens have 60%, 30% and 10%. Which of these can be their shares at another *T*?
#
# - **A** 31.2%, 58.5%, 10.3%
# - **B** 47.3%, 33.4%, 19.3%
# - **C** 51.7%, 38.2%, 10.1%
# - **D** 74.6%, 15.2%, 10.2%

# %% answer="shares_elsewhere"
answer_shares = ""  # "A", "B", "C" or "D"

# %% test="shares_elsewhere"
check.choice(
    answer_shares,
    right="B",
    why={
        "A": "Here the second has overtaken the first. Divide two logits by the same number: can "
        "the smaller one end up ahead?",
        "C": "First to second is flatter than 2 to 1, so it got hotter. What must heat do to the "
        "3 to 1 of second and third?",
        "D": "First to second is sharper than 2 to 1, so it got colder. What must cold do to the "
        "3 to 1 of second and third?",
    },
)

# %% [markdown] question="The ratio of two tokens" points=1
# Two tokens have the logits 4 and 2. At *T* = 1 the first is *e*² ≈ 7.39 times as likely as the
# second. How many times as likely at *T* = 2? Two decimals are enough.

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
# - **C** they become `nan`
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

# %% [markdown] question="A favourite and its rivals" points=1
# A favourite has the logit 6, and 100 rivals have 0 each. At *T* = 1 the favourite has 80%. What is
# its share at *T* = 2? Two decimals. (*e*⁶ ≈ 403.4, *e*³ ≈ 20.09)

# %% answer="favourite_and_rivals"
answer_favourite = None  # a number between 0 and 1

# %% test="favourite_and_rivals"
check.number(
    answer_favourite,
    right=math.exp(3) / (math.exp(3) + 100),
    within=0.006,
    why={
        0.8: "That is at T = 1. Divide the logits by 2 first. What is e to half of 6?",
        0.95: "There are 100 rivals, and each has a weight. Add them all up.",
        0.4: "The share is not halved: the logit is. Work out the weights anew.",
        0.67: "The root of the odds of 4 to 1 is for one rival. Here 100 rivals have a weight each.",
        0.2: "Nearly: that is the ratio of the favourite to its rivals. What share of all is it?",
        0.29: "The logits of the rivals are halved too, but what is half of 0?",
    },
    hint="Divide each logit by 2, raise e to it, and take the favourite's part of the sum of all 101.",
)

# %% [markdown] question="Five ways to write it" points=1
# Which of these always give the same as `softmax(logits / 2)`? Write their numbers.
#
# - 0: `softmax(logits) / 2`, divided by its sum
# - 1: `softmax((logits + 5) / 2)`
# - 2: `softmax(softmax(logits) / 2)`
# - 3: `softmax(logits / 4 * 2)`
# - 4: the square roots of `softmax(logits)`, divided by their sum

# %% answer="five_ways"
answer_ways = []  # numbers of ways

# %% test="five_ways"
check.ids(
    answer_ways,
    right={1, 3, 4},
    why={
        (
            1,
            3,
        ): "Temperature 2 takes the square root of every ratio. Which way does that in the open?",
        (3, 4): "Only differences count. What becomes of a difference if both sides grow by 5?",
        (1, 4): "Work out 4 / 4 * 2 and 4 / 2.",
        (0, 1, 3, 4): "What does the division by the sum make of a 2 that all have in common?",
        (1, 2, 3): "Probabilities lie between 0 and 1: how large can a ratio after 2 still be?",
        (
            3,
        ): "Only differences count, and ratios of probabilities. Try it with the logits 4 and 2.",
    },
    hint="Take two tokens with the logits 4 and 2: their ratio has to be e. Follow it through each way.",
)

# %% [markdown] question="A disputed formula" points=1
# A speech model's `softmax(log_softmax(logits) / T)` was called a bug [kimi161]. Does its result
# differ from `softmax(logits / T)`?
#
# <details><summary>Hint</summary>
#
# Softmax is *a*/*b*, a token's *e*ᶻ by the sum; `log_softmax` is log *a* − log *b*. Which differs between
# tokens?
# </details>
#
# - **A** Yes: it flattens or sharpens more.
# - **B** Yes: softmax is taken twice, which flattens.
# - **C** No: `log_softmax` subtracts the same number from every logit.
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
# The API of question 2.6 shows only the probabilities at *T* = 1. This function should turn them into
# the probabilities at another *T*, but changes nothing. Repair it. The probabilities have any shape, and each row
# along the last dimension sums to 1. A probability is 0, or at least 0.00001. *T* lies between 0.25 and 10.


# %% answer="temperature_code_repair"
def repaired_scaling(probs, temperature):
    ### BEGIN SOLUTION
    powers = probs ** (1 / temperature)
    return powers / powers.sum(dim=-1, keepdim=True)
    ### END SOLUTION
    scaled = probs / temperature
    return scaled / scaled.sum(dim=-1, keepdim=True)


# %% test="temperature_code_repair"
def example():
    check.close(
        repaired_scaling,
        [0.9, 0.1],
        2.0,
        expect=[0.75, 0.25],
        within=1e-3,
        why="What becomes of the ratio 9 to 1 at T = 2? Follow it through your function.",
    )


2.0 * check.passes("0.9 and 0.1 at T = 2", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def at_another(probs, temperature):
    return (probs.double().log() / temperature).softmax(dim=-1)


def any_shares(random):
    """Rows of shares of 0, or of 0.00001 and more, which float32 lets sum to 1."""
    shape, vocab = domains.shape(random), domains.size(random)
    least = random.choice([-3.0, -1.0, -0.1])
    rows = []
    for _ in range(torch.Size(shape).numel()):
        row = [10 ** random.uniform(least, 0) for _ in range(vocab)]
        stays, zeros = random.randrange(vocab), random.choice([0.0, 0.0, 0.4, 1.0])
        if random.random() < 0.2:  # all but one as small as shares may be
            row = [10 ** random.uniform(-4.99, -4) for _ in range(vocab)]
            row[stays] = 1 - sum(row)
        rows.append([w if i == stays or random.random() >= zeros else 0 for i, w in enumerate(row)])
    weights = torch.tensor(rows).reshape(*shape, vocab)
    temperature = random.choice([0.25, 1.0, 10.0, 10 ** random.uniform(-0.6, 1)])
    return weights / weights.sum(dim=-1, keepdim=True), temperature


example()
check.against(
    at_another,
    repaired_scaling,
    any_shares,
    within=5e-3,
    why="A T below 1 sharpens, a T above 1 flattens, what has 0 keeps 0, and each row is a "
    "distribution of its own.",
)
check.against(
    at_another,
    repaired_scaling,
    any_shares,
    why="Nearly: what is rounded, added, left out or capped on the way? Compute in float32, with "
    "all shares and T as they are given.",
)
### END HIDDEN TESTS

# %% [markdown] question="A sampling function" points=2
# At *T* = 0 this function returns `nan`. Repair it: at 0 each row's best token (in a tie, the first) gets
# probability 1, however little it is ahead. Above 0 nothing changes. Logits of any shape
# lie between −20 and 20, *T* is 0 or from 0.01 to 10. One point for single rows without ties, one for
# batches, ties and near ties.
#
# <details><summary>Hint</summary>
#
# `torch.zeros_like(logits).scatter(-1, ids[..., None], 1.0)` is 1 at each row's id, 0 elsewhere.
# </details>


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
    return random.choice([0.0, 0.0, 0, 0.01, 1.0, 10.0, 10 ** random.uniform(-2, 1)])


def unlike(random, shape=()):
    """Rows of logits without ties."""
    vocab = domains.size(random)
    rows = [random.sample(range(-20_000, 20_001), vocab) for _ in range(torch.Size(shape).numel())]
    return torch.tensor(rows).reshape(*shape, vocab) / random.choice([1000, 16_000])


def near(random):
    """As `unlike`, with logits that differ by 0.00002 or by less than a billionth."""
    vocab = domains.size(random)
    steps = torch.tensor(random.sample(range(2 * vocab), vocab))
    middle = random.choice([0, 0, 1, -9])
    step = 2.0 ** -random.choice([16, 16, 34, 70] if middle == 0 else [16])
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
        why="Each row has a best token of its own: along which dimension do you look? And above 0 "
        "nothing changes.",
    )
    check.against(
        down_to_zero,
        repaired_zero,
        tied,
        within=5e-4,  # 20 / 0.01 is 2,000, and float32 is that coarse there
        why="At T = 0 only the first of equally good tokens gets the 1, so a tiny T will not do. "
        "And above 0 nothing changes.",
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
# Your `softmax_with_temperature` from **Build it**, without the course's own functions. One
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


def plain(random, shape):
    logits = domains.logits(random, shape).clamp(-20, 20)
    if random.random() < 0.02:  # thousands of tokens, each with a share that counts
        logits = torch.tensor([random.uniform(-1, 1) for _ in range(5000)])
        logits = logits.reshape(2, 2500) if shape else logits
    return logits, 10 ** random.uniform(-0.5, 1)


def single(random):
    return plain(random, ())


def batch(random):
    logits, temperature = plain(random, domains.shape(random))
    if random.random() < 0.2:  # so far apart that exp of the distance is 0
        rows = logits.reshape(-1, logits.shape[-1])
        rows[0] -= 55
        rows[1:] += 50
        temperature = 0.9
    return logits, temperature


def stacked(shape, row):
    """Rows that are drawn one by one."""
    rows = torch.stack([row() for _ in range(math.prod(shape))])
    return rows.reshape(*shape, -1)


def precision(random):
    return random.choice([torch.float32, torch.float16])


def cut(random, values, stays=0.8):
    return [x if i == 0 or random.random() < stays else -torch.inf for i, x in enumerate(values)]


def extreme(random, shape=()):
    """Where rounding does not decide: float32 is coarse, but not between tokens far apart."""
    temperature = random.choice([1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 100])
    vocab, dtype = domains.size(random, 12 if shape else 40), precision(random)

    def row():
        while True:
            size = 10 ** random.uniform(0, 4)
            values = [random.uniform(-size, size) for _ in range(vocab)]
            logits = torch.tensor(cut(random, values)).to(dtype)
            scaled = logits.double() / temperature
            far = (scaled.max() - scaled > 100).sum() == vocab - 1
            if far or scaled[scaled.isfinite()].abs().max() < 5_000:
                return logits

    return stacked(shape, row), temperature


def cold(random, shape=()):
    """Logits as near each other as a tiny T, some of them equal."""
    temperature = random.choice([1e-5, 1e-5, 10 ** random.uniform(-5, -1)])
    vocab, step = domains.size(random), random.choice([0.05, 0.5, 50]) * temperature
    rows = stacked(shape, lambda: torch.tensor([random.randint(-20, 20) for _ in range(vocab)]))
    return (rows * step).to(precision(random)), temperature


def hot(random, shape=()):
    vocab, stays = domains.size(random, 12), 0.8
    if not shape and random.random() < 0.05:
        vocab, stays = 1000, 0.0  # what is nearly 0 is much, 999 times
    temperature = random.choice([1e6, 1e6, 10 ** random.uniform(2, 6)])

    def row():
        values = [random.uniform(-10_000, 10_000) for _ in range(vocab)]
        return torch.tensor(cut(random, values, stays))

    return stacked(shape, row).to(precision(random)), temperature


def in_batches(draw):
    return lambda random: draw(random, domains.shape(random))


def anything(random):
    far = [extreme, cold, hot]
    return random.choice([single, batch, *far, *map(in_batches, far)])(random)


def divided_as_given(logits, temperature):
    return (logits / temperature).float().softmax(dim=-1)


def all_as_given(logits, temperature):
    return (logits / temperature).softmax(dim=-1)


def with_a_number_for_inf(logits, temperature):
    return (logits.double().clamp(min=-10_000) / temperature).softmax(dim=-1)


EXTREMES = {
    "Logits in float16 are too coarse to be divided, and end at 65,504: make them float32 first.": (
        divided_as_given
    ),
    "Softmax in float16 is too coarse: make the logits float32 first.": all_as_given,
    "A token at -inf has probability 0 at any T: leave it at -inf.": with_a_number_for_inf,
}


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


ENDS = (
    (
        hot,
        1e-4,
        "At a T of 100 to a million the shares come close to each other, without becoming equal, "
        "and each T gives others.",
    ),
    (
        cold,
        1e-3,
        "At a tiny T, tokens whose logits are as near as T, or equal, still share. No T above 0 "
        "is greedy, and each gives other shares.",
    ),
    (
        extreme,
        1e-3,  # at 5,000 float32 is that coarse: a logsumexp is right too
        "Large logits overflow exp: what may be subtracted without changing the result? And "
        "float16 ends at 65,504: which of your steps passes that?",
    ),
)


def extremes(batched):
    """batched: whether the function is right for batches; else they are not asked for again."""
    for draw, within, why in ENDS:
        for some in [draw, in_batches(draw)] if batched else [draw]:
            check.against(
                softened,
                softmax_with_temperature,
                some,
                mistakes=EXTREMES,
                within=within,
                why=why,
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
points += (batched := check.passes("batches", batches))
points += check.passes("huge logits, tiny T, -inf, float16", extremes, batched)
points += check.passes("input left as it was", leaves_its_input)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="Your draw" points=3
# Your `choose` from **Build it: the draw**. One point each: single rows above *T* = 0; batches of
# any shape above *T* = 0; and *T* = 0, with ties. For each, leave the inputs as they were, and call no
# function of the course.


# %% test="choose"
def one_row():
    row = torch.tensor([1.0, 3.0, 2.0])
    for T, u, token in ((1.0, 0.5, 1), (2.0, 0.1, 0), (2.0, 0.9, 2)):
        check.close(
            choose,
            row,
            T,
            torch.tensor(u),
            expect=torch.tensor(token),
            why=f"At T = {T} the throw {u} falls on another token's stretch.",
        )


points = 1.0 * check.passes("one row", one_row)
### BEGIN HIDDEN TESTS
from course_utils import domains


def drawn_by_hand(logits, temperature, u):
    """Row by row, token by token, in Python's own numbers."""
    ids = []
    rows = logits.reshape(-1, logits.shape[-1]).tolist()
    for row, throw in zip(rows, u.reshape(-1).tolist(), strict=True):
        best = max(row)
        if temperature == 0:
            ids.append(row.index(best))
            continue
        weights = [math.exp((x - best) / temperature) for x in row]
        left = throw * math.fsum(weights)
        for token, weight in enumerate(weights):
            left -= weight
            if left < 0:
                break
        ids.append(token)
    return torch.tensor(ids).reshape(logits.shape[:-1])


def throws_for(random, logits, temperature):
    """A throw for each row, often close to the end of a stretch, never nearer than 0.0002."""
    found = []
    for row in logits.reshape(-1, logits.shape[-1]):
        ends = (row.double() / (temperature or 1.0)).softmax(dim=-1).cumsum(dim=-1).tolist()
        throw = 0.0
        while not 0 < throw < 1 or min(abs(end - throw) for end in [0.0, 1.0, *ends]) < 0.0002:
            close = random.choice(ends) + random.choice([-1, 1]) * 0.00022
            throw = random.choice([random.random(), close])
        found.append(throw)
    return torch.tensor(found).reshape(logits.shape[:-1])


def bounded(logits):
    return torch.where(logits.isneginf(), logits, logits.clamp(-20, 20))


def heated(random, shape):
    logits = bounded(domains.logits(random, shape))
    T = random.choice([0.05, 0.5, 1.0, 20.0, 10 ** random.uniform(-1.3, 1.3)])
    return logits, T, throws_for(random, logits, T)


def single(random):
    return heated(random, ())


def several(random):
    return heated(random, domains.shape(random))


def seeded(random):
    return torch.Generator().manual_seed(random.randrange(10**6))


def cold(random):
    """At 0, with ties, near ties and the best at either end."""
    logits = bounded(domains.batch(random))
    if random.random() < 0.3:
        logits = (
            torch.randint(
                -2,
                3,
                logits.shape,
                generator=seeded(random),
            )
            / 1.0
        )
    if random.random() < 0.3:
        steps = torch.tensor(random.sample(range(logits.shape[-1]), logits.shape[-1]))
        middle, gap = random.choice([(1, 2.0**-20), (0, 2.0**-30)])  # softmax misses the second
        logits = (middle + steps * gap).expand(logits.shape).contiguous()
    return logits, random.choice([0, 0.0]), throws_for(random, logits, 0)


LARGE = "Rows of 5,000 tokens have 5,000 stretches: of those at -inf none has any length."


def large(shapes, T):
    """Rows of 5,000 tokens of which all, 40, or a bad one alone can come."""

    def draw(random):
        shape, left = random.choice(shapes), random.choice([5000, 40, 1])
        logits = torch.full((*shape, 5000), -torch.inf)
        for row in logits.view(-1, 5000):
            values = torch.randn(left, generator=seeded(random)) if left > 1 else -20.0
            row[random.sample(range(5000), left)] = values
        heat = 20.0 if T and left == 1 else T  # there -inf is nearest to a number
        return logits, heat, throws_for(random, logits, heat)

    return draw


def on_large_rows(shapes, T, why):
    for args, ids in check.drawn(drawn_by_hand, large(shapes, T), cases=8):
        check.close(choose, *args, expect=ids, why=why)


def untouched(draw):
    check.own(choose, draw)
    check.keeps(choose, draw, why="Logits and throws have to stay as they were.")


def single_rows():
    one_row()
    untouched(single)
    check.against(
        drawn_by_hand,
        choose,
        single,
        why="Lay the stretches of softmax(logits / T) end to end. On which one is u?",
    )
    on_large_rows([()], 1.0, LARGE)


def batches():
    untouched(several)
    check.against(
        drawn_by_hand,
        choose,
        several,
        why="Each row has stretches of its own, along the last dimension, and a throw of its own.",
    )
    on_large_rows([(1,), (2,)], 1.0, LARGE)


def at_zero():
    untouched(cold)
    check.against(
        drawn_by_hand,
        choose,
        cold,
        why="At 0 each row gives its best token, the first of several, whatever u is.",
    )
    on_large_rows([(), (1,), (2,)], 0, "At 0 the best token may be any of 5,000.")


points = 1.0 * check.passes("single rows", single_rows)
points += check.passes("batches", batches)
points += check.passes("T = 0", at_zero)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Your search for a temperature" points=3
# Your `temperature_for` from **Build it: find the temperature**. Two points for rows of 10 to
# 300 tokens, where `choices` is at least 2 and at most half of the tokens. One point for all else that the
# description allows. For both, leave the logits as they were.


# %% test="temperature_for"
def example():
    for choices in (2, 4):
        hits(temperature_for, NEXT_LOGITS, choices)


points = 2.0 * check.passes("nine words, 2 and 4 choices", example)


### BEGIN HIDDEN TESTS
def any_row(random, vocab, scale):
    """Rows of one spread, with a favourite now and then, or tokens that cannot come."""
    values = [max(-35.0, min(35.0, random.gauss(0, scale))) for _ in range(vocab)]
    best = max(range(vocab), key=values.__getitem__)
    values[best] += random.choice([0.06, 0.06, 1.0, random.uniform(1, 14)])
    if random.random() < 0.3:
        for i in range(vocab):
            if i != best and random.random() < 0.5:
                values[i] = -math.inf
        values[best - 1] = values[best] - random.uniform(0.06, 9)
    return torch.tensor(values) + random.choice([0.0, 0.0, -15.0])


def usual(random):
    row = any_row(random, random.randint(10, 300), random.choice([1.0, 2.0, 4.0]))
    left = int(row.isfinite().sum())
    wanted = random.uniform(2, left / 2) if left > 4 else 1.5
    return row, random.choice([wanted, max(1.1, round(wanted))])


def unusual(random):
    vocab = random.choice([2, 3, random.randint(2, 40), random.randint(2, 400)])
    if random.random() < 0.03:
        vocab = 5000
    row = any_row(random, vocab, random.choice([0.01, 0.5, 3.0, 15.0]))
    if random.random() < 0.1:  # two tokens can come, one far behind the other
        row = torch.full((random.choice([vocab, 5000, 5000]),), -torch.inf)
        row[0], row[-1] = random.uniform(20, 50), -random.choice([50, random.uniform(20, 50)])
    most = 0.9 * int(row.isfinite().sum())
    return row, random.choice([1.1, most, random.uniform(1.1, most), 1.1 + (most - 1.1) ** 0.5 / 9])


def always_hits(draw):
    for (row, choices), _ in check.drawn(check.nothing, draw):
        hits(temperature_for, row, max(1.1, min(choices, 0.9 * int(row.isfinite().sum()))))


def the_usual():
    example()
    always_hits(usual)


def the_others():
    close = torch.zeros(5000)  # T is nowhere lower than where all are close behind the best
    close[7] = 0.051
    hits(temperature_for, close, 1.1)
    far = torch.tensor([50.0, -50.0, -50.0])  # nor higher than where all are far behind it
    hits(temperature_for, far, 2.7)
    always_hits(unusual)


points = 2.0 * check.passes("the usual", the_usual)
points += check.passes("few and many tokens, cold and hot", the_others)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Your thermostat" points=4
# Your `my_thermostat` from **Build it: a thermostat**, over all rows of its description. Two points
# if it is *tame* and *lively*, one more if it is *gentle* as well, and one more if it keeps all four
# promises, all within 1%. For each, leave the logits as they were.


# %% test="my_thermostat"
def example():
    everywhere(tame, my_thermostat)
    everywhere(lively, my_thermostat)


points = 2.0 * check.passes("tame and lively, on three rows", example)


### BEGIN HIDDEN TESTS
def any_step(random):
    """A row of logits like those of a model, and of no model."""
    vocab = random.choice([2, 3, random.randint(2, 40), random.randint(100, 500)])
    scale = random.choice([0.01, 0.5, 1.0, 2.0, 4.0, 15.0])
    if random.random() < 0.06:
        vocab, scale = 5000, random.choice([0.01, 1.0, 4.0])
    values = [max(-30.0, min(30.0, random.gauss(0, scale))) for _ in range(vocab)]
    best = max(range(vocab), key=values.__getitem__)
    values[best] += random.choice([0.06, 1.0, random.uniform(0.06, 14)])
    if random.random() < 0.3:
        values = [
            x if i == best or random.random() < 0.6 else -math.inf for i, x in enumerate(values)
        ]
    if random.random() < 0.3:  # the favourite is sure, or nearly so
        weights = math.fsum(math.exp(x) for i, x in enumerate(values) if i != best)
        second = max(x for i, x in enumerate(values) if i != best)
        share = random.uniform(0.85, 0.99)
        if weights:
            values[best] = max(math.log(weights * share / (1 - share)), second + 0.06)
    return (torch.tensor(values).clamp(max=44.0) - random.choice([0, 0, 19]),)


def sure(share):
    """A favourite with this share, and 4,999 equal rivals."""
    row = torch.zeros(5000)
    row[7] = math.log(4999 * share / (1 - share))
    return row


def near_a_border(random):
    """A row with about 5 or 20 choices at T = 1, where a promise begins or ends."""
    if random.random() < 0.5:
        count = random.choice([random.randint(6, 8), random.randint(6, 40)])
        wanted = random.uniform(5.01, random.choice([5.05, 5.3, 8.0]))
    else:
        count = random.choice([random.randint(21, 26), random.randint(21, 300)])
        wanted = random.choice([random.uniform(18, 19.9), random.uniform(20.3, 26)])
    equal = random.random() < 0.5
    gaps = torch.tensor([1.0 if equal else random.random() for _ in range(count)])

    def row(scale):
        values = -0.06 - scale * gaps
        values[0] = 0.0
        return values

    low, high = 0.0, 60.0
    for _ in range(30):
        middle = (low + high) / 2
        too_many = choices_at(row(middle), 1.0) > min(wanted, 0.97 * count)
        low, high = (middle, high) if too_many else (low, middle)
    size = random.choice([count, count, count + 40, 3000])  # the others cannot come
    found = torch.full((size,), -torch.inf)
    found[random.sample(range(size), count)] = row(low)
    return (found + random.choice([0, *room(found)]),)


def room(row):
    """How far down and up all logits may be moved."""
    return -49.9 - row[row.isfinite()].min().item(), 49.9 - row.max().item()


def kept(promise):
    """Whether the thermostat's temperatures, asked for once, keep a promise on every row."""
    if not asked:
        drawn = [
            *check.drawn(check.nothing, any_step, cases=100),
            *check.drawn(check.nothing, near_a_border, cases=60),
        ]
        close = torch.zeros(5000)  # T is nowhere lower than where all are close behind the best
        close[7] = 0.051
        half = torch.where(torch.arange(5000) % 2 == 1, close, -torch.inf)
        favourites = map(sure, (0.9, 0.99, 0.999, 0.9992, 0.9999))
        rows = [OPEN, STEEP, SURE, close, half, *favourites, *(row for (row,), _ in drawn)]
        asked.extend((row, heat(my_thermostat, row)) for row in rows)
    for row, T in asked:
        promise(lambda _, T=T: T, row)


@check.once
def tame_and_lively():
    example()
    kept(tame)
    kept(lively)


@check.once
def gentle_too():
    tame_and_lively()
    kept(gentle)


def all_four():
    gentle_too()
    for row, T in asked[::2]:
        far = max(room(row), key=abs)
        steady(my_thermostat, row, far if T > 0.1 else far / 8)  # float32 is coarse at a low T


asked = []
points = 2.0 * check.passes("tame and lively", tame_and_lively)
points += check.passes("gentle too", gentle_too)
points += check.passes("all four", all_four)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="A colleague's zero" points=0
# A colleague sets *T* = 0 "so that the model stops making things up". Write two or three sentences: what does *T* = 0
# change, what does it not change, and what might help more? (The last was not taught here: guess.)

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
# - [bark270] [Bark at temperature 0](https://github.com/suno-ai/bark/issues/270), 2023
# - [torchchat259] [torchchat: temperatures too small for float16](https://github.com/pytorch/torchchat/pull/259), 2024
# - [kimi161] [the disputed formula](https://github.com/MoonshotAI/Kimi-Audio/pull/161), 2026
# - [llamacpp4972] [dynamic temperature in llama.cpp](https://github.com/ggml-org/llama.cpp/pull/4972), 2024
# - [vllm2026] [vLLM](https://github.com/vllm-project/vllm), [llamacpp2026]
#   [llama.cpp](https://github.com/ggml-org/llama.cpp), [transformers2026]
#   [transformers](https://github.com/huggingface/transformers): their sampling code, as read in 2026
#
# What each is cited for is in the course's `quizzes/references.md`.

# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Measuring
#
# Welcome to a writing contest. Twelve openings of nine words each come from old story books that the
# Storyteller has not read [stories12]. Six contestants continue each opening for 50 tokens: the book's
# author, and the Storyteller with five settings that you know. The judge is a number: the lowest perplexity
# wins. What could go wrong?

# %% [markdown]
# > **About 195 minutes**, in two sittings · difficulty ●●●○○
# >
# > You need modules 1 to 6. Afterwards you can
# > - measure how surprising, repetitive and diverse texts are;
# > - say when plain draws, with no top-k and no top-p, surprise a model as much as people do;
# > - design an alarm for texts that got stuck;
# > - compare two settings so that luck does not decide.
#
# Names in brackets are sources, listed last.

# %% [markdown]
# **Recall.** 1. A text has three tokens. The model gave each of them 1/8. What is the text's perplexity?
# 2. The entropy of a row is 3 bits. How many equally likely tokens have this entropy?
#
# <details><summary>Answers</summary>
#
# 1. 8, as for a die with 8 faces. 2. 8.
# </details>
#
# Helpers and the twelve passages are folded below.

# %% locked="setup" jupyter={"source_hidden": true}
import math
import random
import textwrap
from collections import Counter
from statistics import fmean, stdev

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.explore.plots import look
from course_utils.explore.trace import HUMAN, PROMPT
from course_utils.generate import Settings, generate_batch
from course_utils.metrics import distinct_n, ends_in_loop, perplexity, seq_rep_n

LENGTH = 50  # tokens a text


def show(name, *cells):
    """Print one row of a table."""
    print(f"{name:<12}" + "".join(f"{cell:>15}" for cell in cells))


def tell(text):
    """Print a text in short lines, with an empty one below."""
    print(textwrap.fill(" ".join(text.split()), 90) + "\n")


def together(lists):
    """What is in several lists, in one."""
    return [x for each in lists for x in each]


def means_by_opening(runs):
    """For each opening, the mean of its numbers in several runs."""
    return [fmean(numbers) for numbers in zip(*runs, strict=True)]


def interval(a, b):
    """What your my_interval says; by hand while it is not there."""
    found = check.attempt(my_interval, a, b)
    if found is not None:
        return [float(x) for x in found]
    d = [x - y for x, y in zip(a, b, strict=True)]
    half = 2 * stdev(d) / math.sqrt(len(d))
    return [fmean(d), fmean(d) - half, fmean(d) + half]


def ngrams(tokens, n):
    """All runs of n tokens, in order, as tuples."""
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


def report(name, runs, author):
    """Print a line of the contest: surprise beside the author's, alarms, and distinct-2."""
    own = means_by_opening(map(mean_surprises, runs))
    numbers = [f"{x:.2f}" for x in interval(own, author)]
    alarms = [check.attempt(my_alarm, ids) for ids in together(runs)]
    rung = "-" if None in alarms else f"{sum(alarms)} of {len(alarms)}"
    # Of each run of twelve, since among 36 texts more pairs come again.
    show(name, *numbers, rung, f"{fmean(distinct_n(run, 2) for run in runs):.2f}")


@torch.inference_mode()
def rows_of(prompts, texts):
    """For each text the model's logits at each of its tokens, and the tokens."""
    model = storyteller.load()
    starts = [model.encode(prompt) for prompt in prompts]
    rows = [torch.tensor(start + ids) for start, ids in zip(starts, texts, strict=True)]
    # What is filled in behind a text cannot change what was before it.
    logits = model.gpt(torch.nn.utils.rnn.pad_sequence(rows, batch_first=True))
    return [
        (scores[len(start) - 1 : len(row) - 1], row[len(start) :])
        for scores, start, row in zip(logits, starts, rows, strict=True)
    ]


def read(prompts, texts, temperature=1.0):
    """The log-probabilities of each text's tokens after its prompt, by the model."""
    return [
        (logits / temperature).log_softmax(dim=-1).gather(-1, ids[:, None]).flatten().tolist()
        for logits, ids in rows_of(prompts, texts)
    ]


def mean_surprises(texts):
    """The mean surprise of each of the twelve texts, in nats."""
    return [-fmean(values) for values in read(PROMPTS, texts)]


def expected(prompts, texts):
    """The surprise to expect at each place of each text, in nats, before the token is seen."""
    return [
        torch.special.entr(logits.softmax(dim=-1)).sum(dim=-1).tolist()
        for logits, _ in rows_of(prompts, texts)
    ]


def drawn(prompts, settings, seed=0, length=LENGTH):
    """Continue each prompt: one list of token ids each, without end-of-text."""
    model = storyteller.load()
    texts = [[] for _ in prompts]
    seeds = range(seed, seed + len(prompts))
    for steps in generate_batch(model, prompts, settings, length, seeds):
        for text, step in zip(texts, steps, strict=True):
            if step is not None and step.token != model.tokenizer.eot_token:
                text.append(step.token)
    return texts


# %% locked="passages" jupyter={"source_hidden": true}
PASSAGES = [
    "One night a maple tree, the very one under which Mr. Red Squirrel sat when he first came "
    "to the forest, dreamed of her winter resting-time, and when she awakened early in the "
    "morning she found that her leaves were turning yellow. They were not all brightly colored,"
    " but",
    "When the little Water Spiders first opened their eyes, and this was as soon as they were "
    "hatched, they found themselves in a cosy home of one room which their mother had built "
    "under the water. This room had no window and only one door. There was no floor at all. "
    "When Father Stickleback",
    "Soon after sunrise they came to a great city, and it was perfectly still. There were grand"
    " towers and terraces, wharves, too, and a large market, but there was nobody anywhere to "
    "be seen. Jack thought that might be because it was so early in the morning;",
    "A mocking bird sang in Grandmother's garden. He was king of the garden, and the rose was "
    "queen. Every night when the garden was still, he serenaded Grandmother; and she would lie "
    "awake and listen to him, for she said he told her all the glad tidings of the day,",
    "Once upon a time there lived by herself, in a city, an old woman who was desperately poor."
    " One day she found that she had only a handful of flour left in the house, and no money to"
    " buy more nor hope of earning it. Carrying her little brass",
    "There were, once upon a time, a king and queen of Denmark who had an only son, a handsome "
    "and clever lad. When he was eighteen, his father, the old king, fell very ill, and there "
    "was no hope that he would ever get well again. The queen and",
    "Once upon a time there was a widow who had two daughters; one of them was pretty and "
    "clever, and the other ugly and lazy. But as the ugly one was her own daughter, she liked "
    "her far the best of the two, and the pretty one had to do all the work of the",
    "Once upon a time there were a King and a Queen who had an only daughter, called Hadvor, "
    "who was fair and beautiful, and being an only child, was heir to the kingdom. The King and"
    " Queen had also a foster son, named Hermod, who",
    "The King came slowly on a great black horse, riding between the green trees. He himself "
    "wore white and green like the May-bushes, and so did the gracious lady who rode beside him"
    " on a white horse, whose long tail almost swept the ground and whose long mane fluttered",
    "On the last house in the village there lay a stork's nest. The mother stork sat in it with"
    " her four little ones, who were stretching out their heads with their pointed black bills "
    "that had not yet turned red. At a little distance, on the top of the roof,",
    "There was once on a time, a little girl whose father and mother were dead. She was so poor"
    " that she no longer had any little room to live in, or bed to sleep in. At last, she had "
    "nothing else but the clothes she was wearing and a little bit of bread in her",
    "There was once a shoemaker, who, through no fault of his own, became so poor that at last "
    "he had nothing left but just enough leather to make one pair of shoes. He cut out the "
    "shoes at night, so as to set to work upon them next morning; and as he had a good",
]
PROMPTS = [" ".join(passage.split()[:9]) for passage in PASSAGES]

# %%
model = storyteller.load()
CONTEST = {
    "greedy": Settings(temperature=0),
    "T 0.5": Settings(temperature=0.5),
    "k 40": Settings(top_k=40),
    "p 0.9": Settings(top_p=0.9),
    "T 1": Settings(),
}
# drawn: what the model writes after each opening.
texts = {name: drawn(PROMPTS, settings) for name, settings in CONTEST.items()}
texts["author"] = [
    model.tokenizer.encode_ordinary(passage[len(prompt) :])[:LENGTH]
    for prompt, passage in zip(PROMPTS, PASSAGES, strict=True)
]

# %%
# read: the log-probability of each token. together: several lists as one.
logprobs = {name: read(PROMPTS, each) for name, each in texts.items()}
numbers = {name: perplexity(together(values)) for name, values in logprobs.items()}
for name in sorted(numbers, key=numbers.get):
    print(f"{name:<8} perplexity {numbers[name]:5.1f}")
print()
for name in ("greedy", "author", "T 1"):
    tell(f"{name.upper()}: {PROMPTS[6]} … {model.tokenizer.decode(texts[name][6])}")

# %% [markdown]
# Greedy wins with *very fond of her*, and the author comes fifth of six. So perplexity is a bad judge.
# (On another processor a few drawn words may differ: trust your numbers.)
#
# Now you judge. Below, a person and `T 1` continue the same words. (`T 1` is the *plain die*: nothing cut,
# nothing sharpened.) In each of ten rounds press `A is human` or `B is human`, then `Next round`.

# %%
explore.Duel()

# %% [markdown]
# 1. How many of ten did you get? (A coin gets about five.)
# 2. After the last round, read the perplexities at the top of the picture. What do you notice?
#
# <details><summary>After the ten rounds</summary>
#
# People and the machine both have 17.4 on the duel's passages. But the texts are not equal: in the first
# round the machine shouts rude words, and no person in the duel does.
# </details>

# %% [markdown]
# The second judge is a number again: the share of *different* pairs among *all* pairs of neighbouring
# tokens. The highest share wins. A new contestant, `noise`, draws every token of the vocabulary with equal
# chances.

# %%
generator = torch.Generator().manual_seed(0)
texts["noise"] = torch.randint(0, 4095, (12, LENGTH), generator=generator).tolist()
for name in sorted(texts, key=lambda name: -distinct_n(texts[name], 2)):
    print(f"{name:<8} different pairs {distinct_n(texts[name], 2):.3f}")
print()
tell(f"NOISE: {PROMPTS[6]} … {model.tokenizer.decode(texts['noise'][6])}")

# %% [markdown]
# Noise wins. Both judges choose badly. So our puzzle is: **how can numbers tell which setting writes best?**
#
# The first table has a second puzzle: the plain die (`T 1`) is right beside `author`. Is that luck?

# %% [markdown]
# ## Surprise of many texts
#
# One text has a single token, with probability 1/2. Another has three, each with 1/8. Alone, their
# perplexities are 2 and 8.
#
# **Predict.** What is the perplexity of both texts together: 5, less, or more?

# %%
half, eighth = math.log(1 / 2), math.log(1 / 8)
print("mean of 2 and 8:", (2 + 8) / 2)
print(f"all four tokens: {perplexity([half, eighth, eighth, eighth]):.2f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# More: 5.66. In bits the four surprises are 1, 3, 3 and 3, on average 2.5, and 2 to the power 2.5 is
# 5.66. Every token counts the same, so the longer text counts three times as much.
# </details>
#
# $$\text{perplexity} = \exp\Big(-\frac{1}{N} \sum_{i=1}^{N} \log p_i\Big), \quad
# N \text{ tokens of all texts together}$$

# %% [markdown]
# ## Build it: perplexity
#
# > difficulty ●●○○○ · importance ●●●●● · 8 minutes
#
# Write the formula above for several texts at once, without the course's own functions. Your function is
# scored at the end.
#
# <details><summary>Hint</summary>
#
# Add up the sums, add up the lengths, divide once. The exponential comes last. `math.exp(math.inf)` is
# infinity.
# </details>


# %% answer="my_perplexity"
def my_perplexity(texts):
    """The perplexity of several texts together: exp of minus the mean over all their tokens.

    texts: a list of texts, each a list of the natural log-probabilities of its tokens. A text has
    up to 1,000 tokens, and each number is from -60 to 0, or -inf, which makes the perplexity
    infinite. A text may be empty, but not all of them. Returns a number, right to four digits.
    """
    ### BEGIN SOLUTION
    total = sum(sum(text) for text in texts)
    return math.exp(-total / sum(len(text) for text in texts))
    ### END SOLUTION


# %%
for title, values, expect in (
    ("one text", [[half, eighth]], 4.0),
    ("two texts", [[half], [eighth, eighth, eighth]], 1024**0.25),
    ("the twelve authors", logprobs["author"], 24.381),
):
    why = f"It is {expect:.3f}: the mean over all tokens first, then exp of minus that mean."
    args = {"expect": expect, "why": why, "within": 2e-3}
    check.passes(title, check.gives, my_perplexity, values, **args)

# %% [markdown]
# **A number to doubt.** A service draws texts at *T* = 0.5. From its log-probabilities a customer gets the
# perplexity 2.8. Our table says 4.7, for the same texts. Both use the formula correctly.
#
# **Predict.** What differs? Which of the two numbers may we compare with the author's 24.4?

# %%
cool = texts["T 0.5"]
print(f"ours          {perplexity(together(read(PROMPTS, cool, temperature=1.0))):.1f}")
print(f"the service's {perplexity(together(read(PROMPTS, cool, temperature=0.5))):.1f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The probabilities differ: the service's come after *T* = 0.5, which makes likely tokens likelier. (After
# greedy's setting each token is certain: perplexity 1.) Only 4.7 may be compared with 24.4: both use the
# model's own probabilities, before any setting.
# </details>

# %% [markdown]
# ## Sixty, or twenty-four?
#
# In module 01 the same model read a passage from a story book with perplexity 60. In the contest the authors
# have 24.4.
#
# **Predict.** Is one of the two numbers wrong?

# %%
passage = model.tokenizer.encode_ordinary(HUMAN)
print(f"module 01: {perplexity(together(read([PROMPT], [passage]))):.0f}")
alone = sorted(perplexity(values).item() for values in logprobs["author"])
print("contest, one by one:", *(f"{x:.0f}" for x in alone))

# %% [markdown]
# <details><summary>Answer</summary>
#
# No: passages differ. The twelve alone go from 16 to 44, and the one in module 1 was harder than all of them.
# </details>

# %% [markdown]
# How far can we trust 24.4, from only twelve passages? In *nats*, with the natural logarithm, the mean
# surprise is log 24.4, or 3.19.

# %%
surprises = mean_surprises(texts["author"])
mean, spread = fmean(surprises), stdev(surprises)
error = spread / math.sqrt(len(surprises))
print(f"mean surprise {mean:.2f}, standard deviation {spread:.2f}, standard error {error:.2f}")
low, high = mean - 2 * error, mean + 2 * error
print(f"two standard errors to each side: {low:.2f} to {high:.2f}")
print(f"as perplexities: {math.exp(low):.1f} to {math.exp(high):.1f}")

# %% [markdown]
# A single passage typically lies 0.31 from the mean: 0.31 is the *standard deviation*. The mean of twelve
# is steadier: its *standard error* is 0.31 / √12, or 0.09. Go two standard errors
# to each side. If twenty researchers do this, each with twelve other passages, about 19 of their 20 ranges
# contain the mean of *all* passages of this kind. So the perplexity of all is probably between 20 and 29.

# %% [markdown]
# Of the first table's settings, only the die lies in this range.

# %% [markdown]
# ## Why the die lands beside the author
#
# After some words a model gives three tokens 1/2, 1/4 and 1/4. Their surprises are 1, 2 and 2 bits. The
# die draws each token as often as its probability says.
#
# **Predict.** What is the average surprise, in bits? Must you throw the die to know?
#
# <details><summary>Answer</summary>
#
# 1/2 × 1 + 1/4 × 2 + 1/4 × 2 = 1.5 bits, without a throw. This sum is the row's *entropy*.
# </details>

# %% [markdown]
# So before any throw the model *expects* 1.5 bits.
#
# Now three sorts of people, A, B and C, choose among the same tokens. The code below says how often: read it
# before you run it.
#
# **Predict.** Which sort surprises the model as much as the die does?

# %%
bits = [1, 2, 2]
for name, shares in {
    "the die": [0.5, 0.25, 0.25],
    "A": [0.5, 0.4, 0.1],
    "B": [0.8, 0.1, 0.1],
    "C": [0.2, 0.4, 0.4],
}.items():
    mean = sum(share * b for share, b in zip(shares, bits, strict=True))
    print(f"{name:<8} {mean:.1f} bits, perplexity {2**mean:.2f}")

# %% [markdown]
# A does, though A's shares are not the model's. B prefers the first token, and surprises less. C avoids the
# first token, and surprises more.
#
# A model is **calibrated** if people surprise it, on average, as much as it expects. Before each of the
# authors' tokens the Storyteller expects its row's entropy. Then it sees the token, and gets a surprise.
#
# **Predict.** Does the Storyteller expect too much surprise, too little, or about right?

# %%
for name in ("author", "T 1"):
    expects = math.exp(fmean(together(expected(PROMPTS, texts[name]))))
    print(f"{name:<8} perplexity expected {expects:.1f}, got {numbers[name]:.1f}")

# %% [markdown]
# About right: for the authors 25.2 expected, 24.4 got. The die's two differ by luck alone: it draws each
# token as often as its probability says.
#
# So the die comes close to the author for two reasons:
#
# - **The model is calibrated**: people surprise it as much as it expects.
# - **Similar rows**: after the die's words the rows are about as flat as after the author's. The two
#   `expected` numbers are close: luck moves twelve texts that far.

# %% [markdown]
# Would a temperature make it better calibrated? A model that expects too much surprise has rows that are too flat,
# and reads people better at a lower one. Let ours read the authors at seven temperatures.
#
# **Predict.** At which temperature do people surprise the model least?

# %% jupyter={"source_hidden": true}
warm = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
reads = [perplexity(together(read(PROMPTS, texts["author"], t))).item() for t in warm]
chart = explore.Chart(x="temperature while reading the authors", y="perplexity", height=2.6)
chart.axes.plot(warm, reads, marker="o", color=look.KEPT)
for t, value in zip(warm, reads, strict=True):
    chart.label(t - 0.012, value + 0.8, f"{value:.1f}")
chart.axes.set(ylim=(23, 36))
best = warm[reads.index(min(reads))]
chart.says(f"The model reads people best at T = {best}: {min(reads):.1f}.")

# %% [markdown]
# At *T* = 1. Training changes the weights until books surprise the model as little as possible. So no
# temperature improves its rows: they are neither too flat nor too sharp. That is why it is calibrated.
#
# Let two models with the same tokenizer *read* the same human text: the one with the lower perplexity reads
# better. A model that *writes* with a low perplexity is only less surprising.

# %% [markdown]
# ## Why GPT-2's die lands too high
#
# The paper on top-p lists these perplexities by GPT-2 Large [holtzman2020]:
#
# | people | greedy | *k* = 40 | *p* = 0.95 | plain die |
# |---|---|---|---|---|
# | 12.38 | 1.50 | 6.88 | 13.13 | 22.73 |

# %% [markdown]
# **Predict.** Our die had two reasons to come close: a calibrated model, and similar rows. Which of the two
# may fail in GPT-2?
#
# <details><summary>Answer</summary>
#
# Similar rows. (GPT-2 was trained with the same aim as ours.) The die draws an odd word. After an odd text
# the next row is flatter, so the next odd word comes sooner, and so on: the model expects more and more
# surprise.
# </details>

# %% [markdown]
# This growth is called **drift** [braverman2020]. A cut leaves out the odd words, so the drift hardly begins.
#
# **Predict.** Does our model drift: does the perplexity rise along 200 tokens of the plain die?

# %%
long = read(PROMPTS, drawn(PROMPTS, Settings(), length=200))
for first in range(0, 200, 50):
    part = together(values[first : first + 50] for values in long)
    print(f"tokens {first + 1:>3} to {first + 50:>3}: perplexity {perplexity(part):.1f}")

# %% [markdown]
# Not in this run: the perplexity does not rise. (Why GPT-2 drifts and ours does not, we have not measured.)
#
# One rule fits both models, **perplexity matching**: choose the setting whose texts have people's
# perplexity, by the same model. For the Storyteller the plain die comes closest, for GPT-2 *p* = 0.95. For
# another model, measure.

# %% [markdown]
# Try perplexity matching. The authors' 24.4 is a mean log-probability of −3.19. Below, three texts at
# *T* = 1.3 have −4.79, by the model's own probabilities. (Ignore the other numbers.)

# %%
explore.Playground(
    "Once upon a time there was a widow who",
    settings=Settings(temperature=1.3),
    knobs=["temperature", "top_p"],
)

# %% [markdown]
# 1. Move `temperature` down to 1. Does the mean log-probability come within 0.2 of −3.19?
# 2. Set `temperature` back to 1.3. Which `top_p`, to one decimal, brings the mean log-probability within 0.1
#    of −3.19?
# 3. Read the texts of both settings. How do their words differ?
#
# <details><summary>What we found</summary>
#
# 1. Yes: −3.31. 2. 0.8: −3.14. 3. At *T* = 1 all are real words. At 1.3 with 0.8 some are not: `kennut`,
# `declunicious`.
# </details>

# %% [markdown]
# So two settings with people's perplexity can still write differently. (You may take a break here.)

# %% [markdown]
# ## Repetition, by hand
#
# **Predict.** `the cat sat on the cat sat` has seven words. How many pairs of neighbours does it have? How
# many different pairs?

# %%
sentence = "the cat sat on the cat sat"
pairs = ngrams(sentence.split(), 2)
for pair, count in Counter(pairs).items():
    print(f"{' '.join(pair):<10} {count}")
print(f"{len(pairs)} pairs, {len(set(pairs))} different")

# %% [markdown]
# A run of *n* tokens is called an *n*-gram. Two numbers count them:
#
# - **distinct-2**, our second judge: the share of *different* pairs, 4/6, over *all* texts together
#   [li2016]. High is diverse.
# - **seq-rep-2**: the share that *repeats* an earlier pair, 2/6, within *one* text [welleck2020]. High is
#   repetitive.

# %% [markdown]
# Why all texts together? A published program took the mean of each text's own distinct-2 [distinctn2].
#
# **Predict.** A lazy model has one good story, the first author's, and tells it twelve times. Is its
# distinct-2 high or low (1) as the mean of the twelve texts, (2) over all together?

# %%
lazy = [texts["author"][0]] * 12
for name, each in (("authors", texts["author"]), ("lazy", lazy)):
    mean = fmean(distinct_n([ids], 2) for ids in each)
    print(f"{name:<8} mean of the texts {mean:.2f}   all together {distinct_n(each, 2):.2f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# As the mean, 1.00: the lazy model seems perfectly diverse, since the mean never compares two texts. Over
# all together, 0.08: one twelfth.
# </details>
#
# Longer texts repeat more words, so compare equal lengths only [liu2022].

# %% [markdown]
# ## Build it: repetition
#
# > difficulty ●●○○○ · importance ●●●●○ · 8 minutes
#
# $$\text{seq-rep-}n = 1 - \frac{\text{different } n\text{-grams}}{\text{all } n\text{-grams}}$$
#
# Write this formula, without the functions of `course_utils`. Your function is scored at the end.
#
# <details><summary>Hint</summary>
#
# `tuple(ids[i : i + n])` is one run; `i` goes up to `len(ids) - n`. Compare the length of the list of
# all runs with that of a set of them.
# </details>


# %% answer="my_seq_rep"
def my_seq_rep(ids, n):
    """The share of n-grams of one text that repeat an earlier one: 1 - different / all.

    ids: a list of up to 1,000 token ids, or words, perhaps empty; n: at least 1, perhaps more than
    there are tokens. Two n-grams are the same if they have the same tokens in the same order; a word
    may hold any character, and capitals count. Returns a number, 0.0 for a text without any n-gram.
    """
    ### BEGIN SOLUTION
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
    ### END SOLUTION


# %%
for text, n, repeats, every in (("the cat sat on the cat sat", 2, 2, 6), ("ha ha ha ha", 1, 3, 4)):
    check.passes(
        f"'{text}', n = {n}",
        check.gives,
        my_seq_rep,
        text.split(),
        n,
        expect=repeats / every,
        why=f"{repeats} of its {every} n-grams repeat an earlier one.",
    )

# %% [markdown]
# **Predict.** Now take runs of four tokens. Which setting has the highest seq-rep-4, and about how much do
# the authors have?

# %%
for name in ("greedy", "T 0.5", "p 0.9", "T 1", "author"):
    # What yours gives, or None while it is not ready.
    mine = [check.attempt(my_seq_rep, ids, 4) for ids in texts[name]]
    course = fmean(seq_rep_n(ids, 4) for ids in texts[name])
    yours = "-" if None in mine else f"{fmean(mine):.3f}"
    show(name, f"course {course:.3f}", f"yours {yours}")

# %% [markdown]
# Greedy, by far. The authors have 0.000. But to *stop* a stuck text, a service needs a yes or no.

# %% [markdown]
# ## An alarm
#
# A known alarm is **rep** [holtzman2020]: it rings if the text *ends* in a phrase of two tokens or more,
# three times or more in a row. Six times `ha` counts as three times `ha ha`.

# %%
for text in ("so kind and so kind and so kind and", "ha ha ha ha ha ha", "ha ha ha , he said"):
    print(f"{ends_in_loop(text.split())!s:<6} {text}")
stuck = drawn(PROMPTS, CONTEST["greedy"], length=120)
print(f"\ngreedy, 120 tokens: {sum(map(ends_in_loop, stuck))} of 12 texts end in a loop")

# %% [markdown]
# **Predict.** Are the other six texts fine, or stuck in another way? The cell shows the ends of four.

# %%
for ids in [ids for ids in stuck if not ends_in_loop(ids)][:4]:
    tell("… " + model.tokenizer.decode(ids[-36:]))

# %% [markdown]
# Three of the four are stuck, as any reader sees. But the known alarm wants an *exact* loop, up to the *very
# last* token. (The fourth text is fine.)

# %% [markdown]
# ## Build it: the alarm
#
# > difficulty ●●●○○ · importance ●●●●● · 18 minutes · many right designs
#
# *Fire* is a text that is stuck at its end, and *toast* is a text that is not. Write an alarm that keeps the
# four promises below: each is scored at the end. For a text that no promise names, such as a loop of 25
# tokens, either answer is right.

# %% [markdown]
# 1. **rings**: the last 40 tokens or more are one phrase of 1 to 8 tokens, again and again. The last
#    repeat may break off: `so kind and so kind and so …`
# 2. **rings nearly**: a phrase of 3 to 8 tokens fills the last 60 tokens or more, but in every third
#    repeat one token, any one, is replaced by any other: `so kind and so kind and so kind but …`

# %% [markdown]
# 3. **quiet** at four sorts of toast:
#    - fewer than 10 tokens;
#    - prose: no run of three comes twice; five different tokens or more;
#    - prose with a refrain: 3 to 6 tokens that come three times, with at least 12 others in between;
#    - a text that got stuck, then went on with at least 60 tokens of prose;
# 4. **only sees what is equal**: renaming the tokens, to other numbers or to words, changes nothing.

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which part matters? What is new?
# <details><summary>Designs that have worked</summary>
#
# Which share of all runs of three in the last 40 tokens is different? Or compare each token with those 1, 2, … 8
# places before. How often are they equal?
# <details><summary>Where to draw the line</summary>
#
# In a new cell below the folded one, print it for `near_fire(random.Random(i))` and
# `toast(random.Random(i))`, for some `i`. Choose a limit between, and another rule for
# texts under ten tokens.
# </details>
# </details>
# </details>


# %% locked="promises" jupyter={"source_hidden": true}
def prose(rng, length, words=()):
    """Made-up tokens in which no three in a row come twice: of the words, or some common, most rare."""
    ids, seen = [], set()
    while len(ids) < length:
        if words and all((*ids[-2:], word) in seen for word in words):
            ids, seen = [], set()  # no way on
        if words:
            token = rng.choice(words)
        else:
            token = int(300 ** rng.random()) - 1 if rng.random() < 0.7 else rng.randrange(300, 4000)
        gram = (*ids[-2:], token)
        if len(gram) < 3 or gram not in seen:
            seen.add(gram)
            ids.append(token)
    return ids


def other_phrase(rng, size):
    """Different tokens that prose does not have."""
    return rng.sample(range(4000, 5000), size)


def fire(rng):
    """A text that is stuck at its end, exactly."""
    phrase = other_phrase(rng, rng.randint(1, 8))
    length = rng.choice([40, rng.randint(40, 60), rng.randint(60, 300)])
    return prose(rng, rng.choice([0, 5, 40, 100, 500 - length])) + (phrase * length)[:length]


def near_fire(rng):
    """The same with one other token in every third round."""
    phrase = other_phrase(rng, rng.randint(3, 8))
    ids, rounds = [], 0
    length = rng.randint(60, 120)
    while len(ids) < length:
        again, rounds = list(phrase), rounds + 1
        if rounds % 3 == 0:
            again[rng.randrange(len(phrase))] = rng.randrange(5000, 6000)
        ids += again
    return prose(rng, rng.choice([0, 5, 40, 100, 500 - len(ids)])) + ids


def toast(rng):
    """A text that is not stuck."""
    kind = rng.choice(["short", "prose", "few words", "refrain", "refrain", "went on", "went on"])
    if kind == "short":
        length = rng.choice([0, 9, rng.randint(0, 9)])
        return rng.choice([prose(rng, length), [7] * length])
    if kind == "prose":
        return prose(rng, rng.choice([rng.randint(10, 300), rng.randint(300, 500)]))
    if kind == "few words":
        words = other_phrase(rng, rng.choice([5, 6, 7, rng.randint(8, 13)]))
        return prose(rng, rng.randint(10, 80), words)
    if kind == "went on":
        rest = prose(rng, rng.randint(60, 120))
        return (other_phrase(rng, rng.randint(1, 8)) * 80)[: rng.randint(40, 120)] + rest
    line, rest = other_phrase(rng, rng.randint(3, 6)), prose(rng, 400)
    odd = rng.sample(range(5000, 6000), 6)  # beside the line, so that no more than it comes again
    parts = [rest[360 : 360 + rng.randint(0, 40)]]
    for _ in range(3):
        between = rng.choice([12, rng.randint(12, 40)]) - 2
        parts += [[odd.pop(), *line], [odd.pop(), *rest[:between]]]
        rest = rest[between:]
    return together(parts[: rng.choice([-1, len(parts)])])  # the line may end the text


def says(alarm, ids):
    """What an alarm says of a text; AssertionError unless it is True or False."""
    said = check.plain(check.on_copies(alarm, list(ids)))
    check.returned(said)
    assert type(said) is bool, f"Return True or False; yours returns {check.told(said)}."
    return said


def rings(alarm, ids=tuple([3, 1, 4] * 20)):
    assert says(alarm, ids), f"It is silent at {len(ids)} tokens that end … {list(ids[-12:])}."


def rings_nearly(alarm, ids=tuple(([3, 1, 4, 5, 3, 1, 4, 5, 3, 9, 4, 5] * 6)[:70])):
    assert says(alarm, ids), f"It is silent at {len(ids)} tokens that end … {list(ids[-12:])}."


def quiet(alarm, ids=tuple(range(100, 160))):
    assert not says(alarm, ids), f"It rings at {len(ids)} tokens that end … {list(ids[-12:])}."


def only_equality(alarm, ids=tuple([3, 1, 4] * 20), seed=0):
    names = sorted(set(ids))
    rng = random.Random(seed)
    first, step = rng.choice([-1, 0, 2**30]), rng.choice([1, 97, 100, 1000, 1009, 4096, 65_536])
    places = rng.sample(range(rng.choice([len(names), 100_000])), len(names))
    others = {name: first + step * place for name, place in zip(names, places, strict=True)}
    said = says(alarm, ids)
    assert says(alarm, [others[i] for i in ids]) == said, "Other numbers change what it says."
    letters = str.maketrans("01-", "aA.")
    repeated = {others[name]: "a" * (n + 1) for n, name in enumerate(names)}
    forms = ["w{}".format, "word{}".format, lambda i: f"{i:b}".translate(letters)]
    word = rng.choice([*forms, repeated.get])
    assert says(alarm, [word(others[i]) for i in ids]) == said, "Words change what it says."


def always(promise, made, alarm, texts=50, seed=1):
    """The promise, at so many texts of one kind."""
    rng = random.Random(seed)
    for _ in range(texts):
        promise(alarm, made(rng))


# %% answer="my_alarm"
def my_alarm(ids):
    """Whether a text got stuck: True or False.

    ids: a list of up to 500 tokens, whole numbers or words, perhaps empty. It stays as it is. The
    same text always gets the same answer. You may call the course's functions.
    """
    ### BEGIN SOLUTION
    last = ids[-40:]
    runs = [tuple(last[i : i + 3]) for i in range(len(last) - 2)]
    return len(runs) > 7 and len(set(runs)) < 0.6 * len(runs)
    ### END SOLUTION


# %%
for title, promise, made in (
    ("rings", rings, fire),
    ("rings nearly", rings_nearly, near_fire),
    ("quiet", quiet, toast),
    ("only sees what is equal", only_equality, fire),
):
    check.passes(title, always, promise, made, my_alarm)

# %%
# Made-up texts are one thing. How does it do on real ones?
show("", "known alarm", "yours")
for name, each in {"greedy, 120": stuck, "author": texts["author"], "T 1": texts["T 1"]}.items():
    mine = [check.attempt(my_alarm, ids) for ids in each]
    yours = "-" if None in mine else f"{sum(mine)} of 12"
    show(name, f"{sum(map(ends_in_loop, each))} of 12", yours)

# %% [markdown]
# Our solution rings at 10 of greedy's 12. It misses `the bright sun`.

# %% [markdown]
# The sampler below is greedy (at *T* = 0.001) until *your* alarm rings. Then it draws at *T* = 1 until the
# alarm is silent.
#
# **Predict.** Greedy gets stuck after `Once upon a time`. Will this sampler get out?


# %%
def wakes_up(logits, ids):
    return logits if my_alarm(ids.tolist()) else logits / 0.001


explore.Loops(temperature=1.0, repetition_penalty=1.0, function=wakes_up)

# %% [markdown]
# 1. When the rows have stopped growing, compare the first, `Greedy`, with the last, `wakes_up`. Which share
#    of their 4-grams repeats? (If both say 60.8%, your alarm never rang.)
# 2. Change `seed` three times. Is `wakes_up` always below `Greedy`?
#
# <details><summary>With our alarm</summary>
#
# 1. About a quarter, beside 60.8%. It gets out, and greedy walks into the next circle.
# 2. Yes: with six seeds 20% to 34%.
# </details>

# %% [markdown]
# So three judges stay: perplexity and distinct-2, both beside people's, and your alarm. Can they tell which
# of two settings is better?

# %% [markdown]
# ## Three runs, three answers
#
# Does *p* = 0.95 write less surprisingly than the plain die? Three colleagues try, each with other seeds.
# (Now we compare text with text, so each *text* counts once, however long it is. The perplexity is e to the mean of
# the texts' surprises.)

# %%
SEEDS = {"Ann": 0, "Ben": 100, "Cem": 200}
die_texts, cut_texts, die, cut = {}, {}, {}, {}
for name, seed in SEEDS.items():  # the same seed for both settings; each text counts the same
    die_texts[name] = drawn(PROMPTS, Settings(), seed)
    cut_texts[name] = drawn(PROMPTS, Settings(top_p=0.95), seed)
    die[name] = mean_surprises(die_texts[name])
    cut[name] = mean_surprises(cut_texts[name])
    a, b = math.exp(fmean(die[name])), math.exp(fmean(cut[name]))
    print(f"{name}: plain die {a:.1f}, p 0.95 {b:.1f}")

# %% [markdown]
# Ann says: yes, clearly. Ben says: no difference at all. Cem says: nearly halved!
#
# **Predict.** Why does Ben see no difference? The cell shows the perplexity of each of his texts.

# %%
print("plain die:", *(f"{math.exp(x):.0f}" for x in die["Ben"]))
print("p 0.95:   ", *(f"{math.exp(x):.0f}" for x in cut["Ben"]))
a, b = (math.exp(fmean(values["Ben"][1:])) for values in (die, cut))
print(f"without his first text: plain die {a:.1f}, p 0.95 {b:.1f}\n")
tell("The die's first: " + model.tokenizer.decode(die_texts["Ben"][0][-30:]))

# %% [markdown]
# The die's first text fell into a loop, `iiii`, which pulls the die's number down from 22.4 to 18.9. Even
# the other texts spread widely: 37 after one opening, 10 after another. **A single run proves little.** So
# run more, and compare in pairs.

# %% [markdown]
# ## Pairs, by hand
#
# Four openings, two settings, the mean surprise of each text:
#
# | opening | 1 | 2 | 3 | 4 |
# |---|---|---|---|---|
# | A | 3.0 | 3.4 | 2.6 | 3.8 |
# | B | 2.7 | 3.2 | 2.3 | 3.4 |
#
# **Predict.** Is A more surprising than B, or could the difference be luck?

# %%
a, b = [3.0, 3.4, 2.6, 3.8], [2.7, 3.2, 2.3, 3.4]


def show_mean(name, values):
    error = stdev(values) / math.sqrt(len(values))
    print(f"{name:<6} mean {fmean(values):.2f}, give or take {2 * error:.2f}")


show_mean("A", a)
show_mean("B", b)
differences = [x - y for x, y in zip(a, b, strict=True)]
print("pair by pair:", [round(d, 1) for d in differences])
show_mean("A - B", differences)

# %% [markdown]
# "Give or take" is two standard errors. The means alone decide nothing: 3.20 and 2.90, each give or take
# 0.5. Pair by pair A is clearly more surprising, each time by 0.2 to 0.4.
#
# The *openings* made the numbers spread, and these were the same for both settings. So give
# both settings the same openings, and the same seeds: then both have the same luck with the die, as far as
# possible.

# %% [markdown]
# With *n* differences, their mean $\bar d$ and their standard deviation $s$ (`stdev`, which divides by
# $n - 1$), the interval is
#
# $$\bar d - 2 s / \sqrt n \quad \text{to} \quad \bar d + 2 s / \sqrt n$$
#
# If the interval contains 0, you cannot tell which setting is more surprising. (With a dozen pairs it is a
# little too short: doubt an interval that only just misses 0.)

# %% [markdown]
# ## Build it: the interval
#
# > difficulty ●●○○○ · importance ●●●●● · 5 minutes
#
# Write the mean and both ends for two lists, `a` and `b`. Your function is scored at the end, and the next
# module needs it.


# %% answer="my_interval"
def my_interval(a, b):
    """Mean and ends of the interval of a - b, pair by pair: (mean, low, high).

    a, b: lists of 2 to 200 numbers from -100 to 100, whole or not, equally many; a[i] belongs to
    b[i]. Both stay as they are. low and high lie 2 standard errors from the mean; the standard
    deviation divides by n - 1. Returns three numbers, right to 0.0001. The course's functions are not needed.
    """
    ### BEGIN SOLUTION
    differences = [x - y for x, y in zip(a, b, strict=True)]
    mean = fmean(differences)
    half = 2 * stdev(differences) / math.sqrt(len(differences))
    return mean, mean - half, mean + half
    ### END SOLUTION


# %%
for a, b, expect in (
    ([3.0, 3.4, 2.6, 3.8], [2.7, 3.2, 2.3, 3.4], [0.3, 0.21835, 0.38165]),
    ([1, 2], [1, 1], [0.5, -0.5, 1.5]),
):
    why = "Differences first. Then their mean, and 2 × stdev / √n to both sides."
    check.passes(f"{a} - {b}", check.gives, my_interval, a, b, expect=expect, why=why, within=1e-4)

# %% [markdown]
# The next cell also takes all three runs together: for each opening and setting, the mean surprise of three
# texts. Again there are twelve pairs, with less luck in each.

# %%
show("die - p 0.95", "mean", "from", "to")
for name in SEEDS:
    show(name, *(f"{x:.2f}" for x in interval(die[name], cut[name])))
all_die, all_cut = means_by_opening(die.values()), means_by_opening(cut.values())
show("together", *(f"{x:.2f}" for x in interval(all_die, all_cut)))
a, b = math.exp(fmean(all_die)), math.exp(fmean(all_cut))
print(f"\nperplexity of all three runs: plain die {a:.1f}, p 0.95 {b:.1f}")

# %% [markdown]
# **Decide.** May Ben say "no difference at all"? And what may all three say together?
#
# <details><summary>Answer</summary>
#
# No. Ben's interval contains 0, so he may only say "I cannot tell". The interval of all three together is
# above 0: *p* = 0.95 does write less surprisingly.
# </details>

# %% [markdown]
# The die's number in our first table, Ann's run, was partly luck: Ben's and Cem's lie outside the authors'
# range, 20 to 29. All three runs together have about 24.

# %% [markdown]
# ## The contest, with fair rules
#
# Who writes as people do? Each contestant gets three numbers: its surprise minus the author's, opening by
# opening, with the interval; how often your alarm rings; and distinct-2. *p* = 0.95 takes part, too. All
# but author, greedy and noise write three times; their distinct-2 is the mean of the three runs.
#
# **Predict.** Which setting's interval will contain 0? Do our two winners, greedy and noise, land near the
# author or far away?

# %%
author = mean_surprises(texts["author"])
runs = {name: [texts[name]] for name in ("author", "greedy")}
for name in ("T 0.5", "k 40", "p 0.9"):
    runs[name] = [drawn(PROMPTS, CONTEST[name], seed) for seed in SEEDS.values()]
runs |= {"p 0.95": cut_texts.values(), "T 1": die_texts.values(), "noise": [texts["noise"]]}
show("", "minus author", "from", "to", "alarms", "distinct-2")
for name, each in runs.items():
    report(name, each, author)

# %% [markdown]
# Of the settings, only the die's interval contains 0. The others miss 0, *p* = 0.95 only just: doubt that one. Greedy and
# noise are the *farthest* from the authors.

# %% [markdown]
# Whether the die surprises more or less than the author we cannot tell. "Cannot tell" does not prove "equal": the die's interval is more than half a
# nat wide. But the die's other numbers fit, too. Its distinct-2 is 0.91, like the author's. Our solution's
# alarm rings at one of its 36 texts, Ben's `iiii`, and at 9 of greedy's 12 (of 50 tokens now, not 120).

# %% [markdown]
# And yet the die shouted rude words in the duel: the numbers do not see what a text means. Reject a setting
# whose numbers are far from people's. If they are close, read the texts, best without knowing who wrote
# what.

# %% [markdown]
# ## What production systems do
#
# Large models drift, too [cao2025]. Production systems cut: llama.cpp takes top-k 40 and top-p 0.95 by
# default [llamacpp2026]. When people rate texts, likelier texts get better ratings, but only up to a point
# [zhang2021]. So *most like people* and *liked most* are two aims, and our numbers measure the first.

# %% [markdown]
# ## Recap
#
# How can numbers tell which setting writes best? Look for the setting whose surprise, repetition and
# distinct-2 are all close to people's, measured in the same way. Compare in pairs, over several seeds, and
# give the interval. Then read the texts.

# %% [markdown]
# The plain die lands beside the authors because the model is calibrated and the rows are similar. Where a
# model drifts, as GPT-2 did, the die's number is too high, and a cut lowers it.
#
# The next module tests recipes: settings that makers recommend.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

# %% [markdown] question="Perplexity of two tokens" points=1
# A text has two tokens, with the probabilities 1/4 and 1/16. What is its perplexity?

# %% answer="two_tokens"
answer_two_tokens = None  # a number

# %% test="two_tokens"
check.number(
    answer_two_tokens,
    right=8,
    within=0.02,
    why={
        10: "That is the mean of 4 and 16: the mean of exponentials. Take the mean of the logarithms "
        "first.",
        64: "That is one over the probability of the whole text. Perplexity is for one token.",
        6.4: "That is one over the mean probability. Surprise is averaged as a logarithm.",
        3: "That is the mean surprise in bits. Which number of equal choices does it stand for?",
        2.079: "That is the mean surprise in nats. Perplexity is e to that power.",
        0.125: "That is the typical probability of a token. Perplexity is a number of choices.",
    },
    hint="See the formula: mean of the logarithms first, exponential last. In bits it is easy.",
)

# %% [markdown] question="A text of its own" points=1
# At each step a model gives four tokens 1/2, 1/4, 1/8 and 1/8. It writes a very long text with the plain
# die. Which perplexity does this text have, by the model? Two decimals.

# %% answer="own_text"
answer_own = None  # a number

# %% test="own_text"
check.number(
    answer_own,
    right=2**1.75,
    within=0.02,
    why={
        4: "So it is if all four are equally likely, or if you average 2, 4, 8 and 8 by how often they "
        "come. Average bits.",
        1.75: "That is the mean surprise in bits. Like how many equal choices is it?",
        2: "That is the surprise of the likeliest token alone: the others come too.",
        4.757: "That takes the mean of the four surprises as if each token came equally often.",
        5.5: "That is the plain mean of 2, 4, 8 and 8. Average bits, and by how often each comes.",
        1.21: "That is the mean surprise in nats. Perplexity is e to that power.",
    },
    hint="How many bits has each token, and how often does each come? Then 2 to the power of the mean.",
)

# %% [markdown] question="A die far from home" points=1
# M reads people's stories with perplexity 11. Its plain die writes texts with 31, but their first 20 tokens
# have 12. What fits?
#
# - **A** M is a poor reader: a good one finds its own texts easy.
# - **B** Unlucky seeds: in the long run it comes out at 11.
# - **C** M reads people well, but moves on to texts that people do not write.
# - **D** M is too sure: *T* above 1 would bring both together.

# %% answer="far_from_home"
answer_home = ""  # "A", "B", "C" or "D"

# %% test="far_from_home"
check.choice(
    answer_home,
    right="C",
    why={
        "A": "How good a reader is, its number on people's text says. Is 11 high?",
        "B": "The die's number is what the model expects along the die's own text. Who says that this "
        "is 11?",
        "D": "Was the die surprised more than people were, or less? Which way does T push that?",
    },
)

# %% [markdown] question="The king and the queen" points=1
# What does this print? It counts over both texts together.
#
# ```python
# text = "the king and the queen".split()
# print(distinct_n([text, text], 1))
# ```

# %% answer="king_and_queen"
answer_twice = None  # a number

# %% test="king_and_queen"
check.number(
    answer_twice,
    right=0.4,
    within=0.005,
    why={
        0.8: "That is one text alone, or the average of the two. Together, how many words are "
        "there, and how many different ones?",
        1: "There is a word that comes twice even within one text.",
        0.6: "That is the share that repeats. distinct-n is the share that is different.",
        0.5: "Count the different words of the sentence once more.",
        4: "That is how many different words there are. Divide by the number of all.",
        0.75: "Only different words count above the line, but below it each of the words counts.",
    },
    hint="Divide the number of different words by the number of all words, in both texts together.",
)

# %% [markdown] question="A thousand texts each" points=1
# Distinct-2 and perplexity, from a thousand 50-token texts each:
#
# - people: 0.62, 24;
# - setting P: 0.31, 22;
# - setting R: 0.66, 25.
#
# What do you check first?
#
# - **A** P's texts side by side: each may be fine, and many the same.
# - **B** P's seeds: so low a distinct-2 cannot go with 22.
# - **C** R's perplexity again: with 0.66 it must be far above people's.
# - **D** Nothing: R is above people twice, so it wins.

# %% answer="thousand_texts"
answer_side = ""  # "A", "B", "C" or "D"

# %% test="thousand_texts"
check.choice(
    answer_side,
    right="A",
    why={
        "B": "Think of the lazy model. What was its distinct-2, and what the perplexity of its text?",
        "C": "Must texts that share few pairs be surprising to the model? One number does not fix the "
        "other.",
        "D": "Is above people's better? Which contestant had the highest number of the second judge?",
    },
)

# %% [markdown] question="Five short texts" points=1
# What does this print? Write the numbers into the list.
#
# ```python
# TEXTS = ["a b a b a b", "a b a b a b c", "a a a a a", "a a a a a a", "x y z x y z"]
# print([i for i, text in enumerate(TEXTS) if ends_in_loop(text.split())])
# ```

# %% answer="five_short_texts"
answer_endings = []  # such as [0, 4]

# %% test="five_short_texts"
check.ids(
    answer_endings,
    right={0, 3},
    why={
        (0, 1, 3): "A loop that the text got out of does not count: look at the very end.",
        (0, 2, 3): "The phrase needs two tokens or more. How many times does it fit into the third "
        "text?",
        (0, 3, 4): "How many times does the phrase come in the last text? It takes three.",
        (0,): "One token again and again can be a phrase of two, too.",
        (0, 1, 2, 3): "Two tokens or more, three times or more, at the very end: check each text "
        "for all three.",
        (0, 1, 2, 3, 4): "Repeating something is not enough. There are three conditions.",
    },
    hint="See the known alarm: a phrase of two or more, three times or more, at the very end.",
)

# %% [markdown] question="Half the temperature" points=1
# One text has two perplexities: by the probabilities *in the draw*, after temperature and cuts, and by the
# model's own, before them. At *T* = 0.5 the two differ. For which sampler are both always the same?
#
# - **A** Greedy, as it draws the model's favourite.
# - **B** Top-p at 0.95, as ratios of kept tokens stay.
# - **C** *T* = 0.9, as the order of tokens stays.
# - **D** Top-k, *k* the size of the vocabulary, *T* = 1.

# %% answer="half_temperature"
answer_whose = ""  # "A", "B", "C" or "D"

# %% test="half_temperature"
check.choice(
    answer_whose,
    right="D",
    why={
        "A": "In its draw greedy gives the favourite all. What does the model give it?",
        "B": "Where does the share of the tokens go that are cut?",
        "C": "The order stays. Do the numbers?",
    },
)

# %% [markdown] question="Three settings, five seeds" points=1
# People's perplexity is 26. Three settings have:
#
# - P, one seed: 26.0; no alarm.
# - Q, five seeds: 23 to 29; no alarm.
# - R, five seeds: 24.8 to 25.1; alarm at 9 of 60 texts.
#
# Whose texts do you read first?
#
# - **A** P: no other comes so close.
# - **B** Q: about people's surprise, and no alarm.
# - **C** R: near people's, and it hardly depends on luck.
# - **D** None: without intervals no number can be used.

# %% answer="three_settings"
answer_first = ""  # "A", "B", "C" or "D"

# %% test="three_settings"
check.choice(
    answer_first,
    right="B",
    why={
        "A": "How far did Ann, Ben and Cem differ, with one run each?",
        "C": "A steady number is good. But what do 9 of its 60 texts do?",
        "D": "Five seeds each show how far luck goes here. Does any of the three fail by more?",
    },
)

# %% [markdown] question="Nine prompts" points=1
# Two settings wrote after the same nine prompts. Surprise of the first minus that of the second, pair by
# pair: the mean is 0.12 and the standard deviation 0.24. Where does the interval of two standard errors
# *begin*? Two decimals, with its sign.

# %% answer="nine_prompts"
answer_begins = None  # a number

# %% test="nine_prompts"
check.number(
    answer_begins,
    right=-0.04,
    within=0.005,
    why={
        0.28: "That is where it ends. Where does it begin?",
        0.04: "That is one standard error from the mean, or a lost sign: 0.12 minus how much?",
        -0.36: "That takes two standard deviations. What does the root of nine do?",
        0.07: "That divides by nine. The standard error divides by its root.",
        0.16: "That is half of the interval's width. Where does it begin?",
        -0.12: "That is 0.12 minus one standard deviation. Divide it by the root of nine, and take two.",
    },
    hint="The standard error is 0.24 divided by the root of 9. Go two of them down from 0.12.",
)

# %% [markdown] question="What texts have in common" points=2
# Find the bug, similar to one in the toolkit Texygen [texygen46]. The function measures which share of a
# text's n-grams is also in *other* texts, on average over the texts. Repair it. An n-gram that comes twice
# in a text counts twice in that text's share.
#
# One point if all texts differ. One if a text comes twice or more, word for word: each copy counts as an
# *other* text.


# %% answer="overlap_repair"
def repaired_overlap(texts, n):
    """texts: two or more lists of words, each of n words or more. Returns a number.

    Each text is a list of its own. A word may hold any character, and capitals count.
    """
    ### BEGIN SOLUTION
    every = [ngrams(text, n) for text in texts]
    shares = []
    for i, own in enumerate(every):
        others = [gram for j, grams in enumerate(every) if j != i for gram in grams]
        shares.append(sum(gram in others for gram in own) / len(own))
    return sum(shares) / len(shares)
    ### END SOLUTION
    every = [ngrams(text, n) for text in texts]
    shares = []
    for i, own in enumerate(every):
        others = [gram for grams in every for gram in grams]
        shares.append(sum(gram in others for gram in own) / len(own))
    return sum(shares) / len(shares)


# %% test="overlap_repair"
def example():
    check.gives(
        repaired_overlap,
        [list("abc"), list("abd")],
        2,
        expect=0.5,
        why="Each of the two texts shares one of its two pairs with the other: 0.5. With which "
        "texts does the function compare a text?",
    )


points = 1.0 * check.passes("a b c and a b d, n = 2", example)
### BEGIN HIDDEN TESTS
from random import Random

from course_utils import domains


def found_elsewhere(texts, n):
    every = [[tuple(text[i : i + n]) for i in range(len(text) - n + 1)] for text in texts]
    total = 0.0
    for i, own in enumerate(every):
        elsewhere = {gram for grams in every[:i] + every[i + 1 :] for gram in grams}
        total += sum(gram in elsewhere for gram in own) / len(own)
    return total / len(every)


def some(random, count, n):
    """Texts of n words or more, of few different ones, so that they have much in common."""
    letters = random.choice(["abc", "abcdef", "abcdefghijklmnopqrstuvwxyz"])
    ids = [domains.history(random, len(letters), n)[:300] for _ in range(count)]
    texts = [[letters[i] for i in text] for text in ids]
    if random.random() < 0.5:
        for one, other in domains.alike_words(random, n):
            texts[0] += one
            texts[-1] += other
    return texts


def all_different(random):
    n = random.choice([1, 2, 3, 4, random.randint(5, 12)])
    while True:
        texts = some(random, random.choice([2, 2, 2, 3, 3, 4, 7, 22]), n)
        if n > 4:  # alike but for the last word of a run
            texts[-1] += [*texts[0][: n - 1], "zz"]
        if n <= 4 and random.random() < 0.1:  # the same texts again, with another n
            texts = some(Random(random.randrange(3)), 3, 4)
        if len({tuple(text) for text in texts}) == len(texts):
            return texts, n


def with_copies(random):
    n = random.randint(1, 4)
    texts = some(random, random.choice([1, 2, 3, 4]), n)
    texts += [list(random.choice(texts)) for _ in range(random.choice([1, 1, 2, 4, 20]))]
    random.shuffle(texts)
    return texts, n


@check.once
def different():
    example()
    check.against(
        found_elsewhere,
        repaired_overlap,
        all_different,
        why="Compare each text with all of the others and with nothing else, and take the mean over "
        "the texts. A run of a text counts as often as it comes in it. Found is what has the same "
        "words in the same order.",
    )


def copies():
    different()
    check.against(
        found_elsewhere,
        repaired_overlap,
        with_copies,
        why="Of two copies each is wholly found in the other. Leave out one place, not one wording.",
    )


points = 1.0 * check.passes("different texts", different)
points += check.passes("copies among the texts", copies)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Perplexity from mlx-lm" points=2
# Find the bug. In mlx-lm the perplexity of a text depended on its batch [mlxlm1855]. Rows are texts.
# `lengths` says how many tokens each row has, at least one. Shorter rows are filled up to equal length; the
# filling means nothing, and may be −inf. Repair it: return the perplexity of each text alone, infinite if
# one of its own tokens is at −inf.


# %% answer="mlx_lm_repair"
def repaired_padding(logprobs, lengths):
    """logprobs: float32 (texts, longest); lengths: int64 (texts,). Returns a tensor (texts,)."""
    ### BEGIN SOLUTION
    places = torch.arange(logprobs.shape[-1])
    counted = places < lengths[:, None]
    total = logprobs.where(counted, 0.0).sum(dim=-1)
    return (-total / lengths).exp()
    ### END SOLUTION
    places = torch.arange(logprobs.shape[-1])
    counted = places <= lengths[:, None]
    total = logprobs.where(counted, 0.0).sum(dim=-1)
    return (-total / lengths).exp()


# %% test="mlx_lm_repair"
def example():
    check.close(
        repaired_padding,
        [[-1.0, -1.0, -1.0], [-2.0, -5.0, -7.0]],
        [3, 1],
        expect=torch.tensor([1.0, 2.0]).exp(),
        why="The second text has one token, with -2: alone its perplexity is e², or 7.39.",
        within=1e-3,
    )


2.0 * check.passes("a text of three tokens and one of one", example)
### BEGIN HIDDEN TESTS


def each_alone(logprobs, lengths):
    rows = zip(logprobs.tolist(), lengths.tolist(), strict=True)
    return torch.tensor([math.exp(-sum(row[:length]) / length) for row, length in rows])


def batch(random):
    longest = random.choice([1, 2, 5, 20, random.choice([20, 1000])])
    lengths = [random.randint(1, longest) for _ in range(random.choice([1, 1, 2, 3, 8]))]
    lengths[random.randrange(len(lengths))] = longest
    worst = random.choice([2, 10, 60])
    padding = random.choice([[0.0], [-math.inf], [-0.5, -3.0, 7.0, 1e4, -1e4, -math.inf]])
    rows = [
        [-random.choice([0, 1, 1]) * random.uniform(0, worst) for _ in range(length)]
        + [random.choice(padding) for _ in range(longest - length)]
        for length in lengths
    ]
    if random.random() < 0.1:
        text = random.randrange(len(rows))
        if random.random() < 0.5:
            rows[text][lengths[text] // 2] = -math.inf
        rows[text][
            random.choice([0, lengths[text] - 1, random.randrange(lengths[text])])
        ] = -math.inf
    return torch.tensor(rows), torch.tensor(lengths)


example()
check.against(
    each_alone,
    repaired_padding,
    batch,
    why="Of each text all of its own tokens count, as they are, over its own length. Padding is told "
    "by its place, not by its value, and must not come in by a product either.",
    within=1e-3,
)
### END HIDDEN TESTS

# %% [markdown] question="Your seq-rep" points=3
# Your `my_seq_rep` from **Build it** above. One point for texts with two n-grams or more. One for texts with
# no n-gram or just one. One for n-grams that look alike and are not the same, such as `"a b", "c"` and
# `"a", "b c"`, or 1, 2 and 2, 1, or `"A"` and `"a"`. No point if it calls the course's functions.


# %% test="my_seq_rep"
def values():
    for text, n, expect in (
        ("the cat sat on the cat sat", 2, 2 / 6),
        ("ha ha ha ha", 1, 3 / 4),
        ("a b c d", 2, 0.0),
    ):
        check.gives(
            my_seq_rep,
            text.split(),
            n,
            expect=expect,
            why=f"Write down the n-grams of '{text}' for n = {n}, and tick those that came before. "
            "What share of all is ticked?",
        )


points = 1.0 * check.passes("short texts", values)
### BEGIN HIDDEN TESTS
from random import Random

from course_utils import domains


def repeats(ids, n):
    seen, again, runs = set(), 0, 0
    for start in range(len(ids) - n + 1):
        gram = tuple(ids[start : start + n])
        again, runs = again + (gram in seen), runs + 1
        seen.add(gram)
    return again / runs if runs else 0.0


def sorted_too(ids, n):
    """How many different n-grams there are, and how many if each is sorted."""
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return len(set(grams)), len({tuple(sorted(gram)) for gram in grams})


def plain(random):
    """Texts with two n-grams or more, in which different ones look different."""
    while True:
        n = random.choice(
            [1, 2, 2, 3, 4, 5, 6, *2 * [random.randint(7, 40)], random.randint(99, 300)]
        )
        least = random.choice([*15 * [n + 1], *3 * [max(60, n + 1)], domains.LONG])
        ids = domains.history(random, random.choice([5, 30, 800]), least)
        again = random.random() < 0.2
        if again:  # one of three texts, with another n or another end
            ids = domains.history(Random(random.randrange(3)), 5, n + 1 if n > 6 else 7)
            ids[-2:] = random.choice([ids[-2:], random.choices(ids, k=2)])
        ids = [i + 100 if i else 0 for i in ids]
        for _ in range(0 if again else random.choice([0, 1, 2])):
            start = random.randrange(max(1, len(ids) - n))
            run = ids[start : start + random.choice([n, n, n + 1, 2 * n])]
            between = random.sample(
                range(800, 899), random.choice([0, 3, 40] if n < 5 else [3, 40])
            )
            ids = [*ids, *between, *random.choice([run, run, [*run[: n - 1], 899]])][-1000:]
        if len(set(sorted_too(ids, n))) == 1:
            return random.choice([ids, [chr(i + 0x4E00) for i in ids]]), n  # one Chinese character


def short(random):
    n = random.choice([1, 2, 3, 5, 50])
    ids = [random.choice([0, 1, 2, 300]) for _ in range(random.choice([0, n - 1, n, n // 2]))]
    return random.choice([ids, [f"w{i}" for i in ids]]), n


def lookalike(random):
    """Texts in which different n-grams look the same."""
    n = random.choice([1, 2, 2, 3, 4])
    pairs = random.choice([domains.alike_ids, domains.alike_words])(random, n)
    return [token for pair in pairs for run in pair for token in run], n


@check.once
def more_values():
    check.own(my_seq_rep, lookalike)
    values()
    check.against(
        repeats,
        my_seq_rep,
        plain,
        why="A run of n tokens starts at every place of the whole text. What share of all runs came "
        "before, token for token?",
    )


def few_tokens():
    more_values()
    check.against(
        repeats,
        my_seq_rep,
        short,
        why="A text with fewer than n tokens has no n-gram, one with n has a single one: "
        "nothing repeats.",
    )


def only_alike():
    more_values()
    check.against(
        repeats,
        my_seq_rep,
        lookalike,
        why="Same tokens in the same order: 1, 12 is not 11, 2, and 1, 2 is not 2, 1. Compare the "
        "tokens themselves, whatever characters they have.",
    )


points = 1.0 * check.passes("values", more_values)
points += check.passes("no n-gram, or one", few_tokens)
points += check.passes("tokens that only look alike", only_alike)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Your perplexity" points=3
# Your `my_perplexity` from **Build it** above. One point for one text, also a long one. One for several
# texts of different lengths. One for empty texts, and for tokens that the model found impossible (−inf).
# No point if it calls the course's functions.


# %% test="my_perplexity"
def one_text():
    check.gives(
        my_perplexity,
        [[math.log(1 / 2), math.log(1 / 8)]],
        expect=4.0,
        why="Which number of equal choices do 1/2 and 1/8 feel like? Take the mean of the "
        "logarithms, then exp of minus that.",
        within=1e-3,
    )


points = 1.0 * check.passes("one text", one_text)
### BEGIN HIDDEN TESTS


def choices(texts):
    every = [x for text in texts for x in text]
    return math.exp(-math.fsum(every) / len(every)) if min(every) > -math.inf else math.inf


def text(random, least=1):
    length = random.choice([least, 1, 2, 5, 30, random.choice([30, 1000])])
    worst = random.choice([0, 2, 8, 60])
    if random.random() < 0.1:
        return [-60.0] * random.choice([length, 12, 13, 20])
    return [-random.uniform(0, worst) for _ in range(length)]


def single(random):
    return ([text(random)],)


def many(random):
    return ([text(random) for _ in range(random.choice([2, 2, 3, 8, 25]))],)


def with_empty(random):
    texts = [text(random), *([] for _ in range(random.choice([1, 1, 3])))]
    random.shuffle(texts)
    return (texts,)


def with_impossible(random):
    texts = [text(random, least=0) for _ in range(random.choice([0, 1, 3]))] + [text(random)]
    for _ in range(random.choice([1, 1, 2, 5])):
        impossible = random.choice([texts[-1], random.choice(texts) or texts[-1]])
        impossible[random.randrange(len(impossible))] = -math.inf
    random.shuffle(texts)
    return (texts,)


def right(draw, why):
    """As `check.against`, to four digits of a number of any size."""
    check.own(my_perplexity, many)
    for args, expect in check.drawn(choices, draw):
        within = 1e-4 * max(1.0, expect) if expect < math.inf else 0.0
        check.gives(my_perplexity, *args, expect=expect, why=why, within=within)


@check.once
def any_text():
    one_text()
    right(
        single,
        why="It is exp of minus the mean of all logarithms, each as it is, none left out. A product "
        "of a thousand probabilities is too small for any float: add logarithms.",
    )


def several():
    any_text()
    right(
        many,
        why="Every token of every text counts the same, once. A mean over texts counts those of short "
        "texts more.",
    )


def empty_and_impossible():
    any_text()
    why = "An empty text adds no token. One impossible token makes the perplexity infinite."
    right(with_empty, why)
    right(with_impossible, why)


points = 1.0 * check.passes("one text, more values", any_text)
points += check.passes("several texts", several)
points += check.passes("empty texts, impossible tokens", empty_and_impossible)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Fire and toast" points=4
# Your `my_alarm` from **Build it: the alarm** above: one point for each promise. *Quiet* counts only if
# *rings* is kept, and the other two promises only if *rings* and *quiet* are. *Quiet* also wants the list
# left as it was, and the same answer each time for the same text.


# %% test="my_alarm"
points = 1.0 * check.passes("rings", rings, my_alarm)


### BEGIN HIDDEN TESTS
def at_all(made, draws=check.drawn):
    return (ids for (ids,), _ in draws(check.nothing, lambda random: (made(random),)))


def any_text(random):
    return random.choice([fire, near_fire, toast])(random)


@check.once
def always_rings():
    rings(my_alarm)
    for ids in at_all(fire):
        rings(my_alarm, ids)


@check.once
def always_quiet():
    always_rings()
    quiet(my_alarm)
    for ids in at_all(toast):
        quiet(my_alarm, ids)
    check.keeps(my_alarm, lambda random: (any_text(random),), why="The list has to stay as it was.")
    for ids in at_all(toast):
        assert says(my_alarm, ids) == says(my_alarm, ids), "Asked twice, it says two things."


def always_nearly():
    always_quiet()
    rings_nearly(my_alarm)
    for ids in at_all(near_fire):
        rings_nearly(my_alarm, ids)


def always_by_equality():
    always_quiet()
    only_equality(my_alarm)
    for i, ids in enumerate(at_all(any_text)):
        only_equality(my_alarm, ids, seed=i)


points = 1.0 * check.passes("rings", always_rings)
points += check.passes("quiet", always_quiet)
points += check.passes("rings nearly", always_nearly)
points += check.passes("only sees what is equal", always_by_equality)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="Your interval" points=2
# Your `my_interval` from **Build it: the interval** above. One point for the mean, one for low and high
# (only if the mean is right). Both lists have to stay as they were.


# %% test="my_interval"
def example():
    given = ([3.0, 3.4, 2.6, 3.8], [2.7, 3.2, 2.3, 3.4])
    why = "The differences are 0.3, 0.2, 0.3 and 0.4: mean, lower end, upper end. Their standard "
    why += "deviation, by n - 1, is 0.0816, and 2 × 0.0816 / √4 is the half of the interval."
    check.gives(my_interval, *given, expect=[0.3, 0.21835, 0.38165], why=why, within=1e-4)


points = 2.0 * check.passes("four pairs", example)
### BEGIN HIDDEN TESTS
from random import Random


def three_numbers(a, b):
    d = [x - y for x, y in zip(a, b, strict=True)]
    mean = math.fsum(d) / len(d)
    squares = math.fsum((x - mean) ** 2 for x in d)
    half = 2 * math.sqrt(squares / (len(d) - 1) / len(d))
    return [mean, mean - half, mean + half]


def few_values(random, n):
    """Lists with equal numbers, whole or not, each or both perhaps all alike, the first a known one."""
    most = random.choice([1, 1, 3, 100])
    few = [random.uniform(-100, 100) for _ in range(3)]
    values = random.choice([range(-most, most + 1), few, [-100, 100]])
    a = random.choices(values, k=n)
    if random.random() < 0.3:
        a = Random(n).choices([-1, 0, 2.5], k=n)
    b = random.choice([random.choices(values, k=n), [random.choice(values)] * n])
    if random.random() < 0.3:
        a = [random.choice(values)] * n
    if random.random() < 0.2:
        a, b = [random.uniform(-100, 100)] * n, [random.uniform(-100, 100)] * n
    if random.random() < 0.1:  # the same numbers in another order
        a = [x / 2 for x in range(n)]
        b = random.sample(a, n)
    return a, b


def pairs_of_runs(random):
    n = random.choice([2, 3, random.randint(2, 12), random.choice([random.randint(2, 200), 200])])
    if random.random() < 0.4:
        return few_values(random, n)
    wide = random.choice([0, 0.002, 0.5, 40])
    a = [random.uniform(-60, 60) for _ in range(n)]
    b = [x + random.uniform(-wide, wide) for x in a]
    if random.random() < 0.2:  # one pair unlike all others
        b[random.randrange(n)] = random.choice([-100.0, 100.0])
    if random.random() < 0.3:
        b = [random.uniform(-100, 100) for _ in range(n)]
    return random.choice([(a, b), (b, a)])


@check.once
def means():
    why = "The mean of all the differences, the first minus the second."
    for runs, expect in check.drawn(three_numbers, pairs_of_runs):
        found = check.plain(check.on_copies(my_interval, *runs))
        good = type(found) is list and len(found) == 3
        assert good, "Return three numbers: the mean and both ends."
        check.gives(lambda mean=found[0]: mean, expect=expect[0], why=why, within=1e-4)
    check.keeps(my_interval, pairs_of_runs, why="Both lists have to stay as they were.")


def ends():
    means()
    example()
    why = "To each side 2 × s / √n, where s is the standard deviation of the differences, by n - 1."
    check.against(three_numbers, my_interval, pairs_of_runs, why=why, within=1e-4)


points = 1.0 * check.passes("means", means)
points += check.passes("ends", ends)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="A distinct-2 of 0.99" points=0
# A colleague tuned a story writer until distinct-2 reached 0.99, on one prompt with one seed. In
# three sentences: what may be wrong with the number, what would you measure beside it, and what
# would you do before you ship?

# %% [markdown] answer="explain_tuned_writer"
# ### BEGIN SOLUTION
# One run is an anecdote, short texts win at distinct-n, and noise reaches 1.0, so 0.99 may be
# too high: the first question is what human text of the same length has. I would measure
# perplexity under the unfiltered model, repetition and distinct-n together, on many prompts and
# several seeds, each beside human text, and compare in pairs. Before shipping I would let people read
# texts of both settings without knowing which is which.
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
# - [holtzman2020] [The Curious Case of Neural Text Degeneration](https://arxiv.org/abs/1904.09751), 2020
# - [braverman2020] [Calibration, Entropy Rates, and Memory in Language Models](https://arxiv.org/abs/1906.05664), 2020
# - [cao2025] [On the Entropy Calibration of Language Models](https://arxiv.org/abs/2511.11966), 2025
# - [welleck2020] [Neural Text Generation with Unlikelihood Training](https://arxiv.org/abs/1908.04319), 2020
# - [zhang2021] [Trading Off Diversity and Quality in Natural Language Generation](https://arxiv.org/abs/2004.10450), 2021

# %% [markdown]
# - [li2016] [A Diversity-Promoting Objective Function](https://arxiv.org/abs/1510.03055), 2016, and
#   [liu2022] [a correction of distinct-n for length](https://aclanthology.org/2022.acl-short.86), 2022
# - [llamacpp2026] [llama.cpp](https://github.com/ggml-org/llama.cpp), read in 2026
# - [distinctn2], [texygen46], [mlxlm1855]: mistakes and repairs:
#   [one](https://github.com/neural-dialogue-metrics/Distinct-N/issues/2),
#   [two](https://github.com/geek-ai/Texygen/issues/46),
#   [three](https://github.com/ml-explore/mlx-lm/pull/1855)
# - [stories12]: the books that the twelve passages are from
#
# All are in the course's `quizzes/references.md`.

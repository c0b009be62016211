# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Many tries
#
# The Calculator is a tiny model that adds five numbers and shows its working. Greedy choice always
# gets 51 + 86 + 64 + 72 + 28 wrong. Then you draw sixteen tries at random, and the right answer is
# among them. Which of the sixteen do you trust?

# %% [markdown]
# > **About 170 minutes, with a pause before the verifier** · difficulty ●●●●○
# >
# > You need log-probabilities, temperature, beams. Afterwards you can
# > - say how often one of k tries is right;
# > - build a vote and a verifier, and say when they fail;
# > - design a rule that chooses one of many answers;
# > - draw likely texts, not only likely tokens;
# > - strengthen a prompt, and limit a model's working.

# %% [markdown]
# **Recall.** 1. You ask a model twice, greedily. How do the two texts differ? 2. One text has the
# log-probability −8, another −10. How many times as likely is the first? 3. Why did beam search find
# likelier texts than greedy choice?
#
# <details><summary>Answers</summary>
#
# 1. Not at all: nothing is drawn. 2. *e*² ≈ 7.4 times. 3. The likeliest token may lead only to
#    unlikely texts. A beam keeps several beginnings.
# </details>

# %% locked="setup" jupyter={"source_hidden": true}
import math
import random
from collections import Counter
from itertools import combinations, permutations
from typing import NamedTuple

import torch

from course_utils import calculator, explore, storyteller
from course_utils import quiz as check
from course_utils.generate import Settings, generate_batch
from course_utils.sampling import greedy, guide
from course_utils.sums import ADDED, answer, draw_sum, question, step
from course_utils.think import power_sample, thinking_budget

calc = calculator.load()
STORY = [51, 86, 64, 72, 28]
SUMS = [draw_sum(rng, held_out=True) for rng in [random.Random("votes")] for _ in range(24)]


class Try(NamedTuple):
    """One text of the Calculator: what it wrote, the answer in it, its log-probability."""

    text: str
    answer: int | None
    logprob: float


def written(prompts, process, seeds):
    """What the Calculator writes after each prompt, 64 texts side by side."""
    found = []
    for first in range(0, len(prompts), 64):
        part = prompts[first : first + 64]
        texts, logprobs = [""] * len(part), [0.0] * len(part)
        for steps in generate_batch(calc, part, process, 54, seeds[first : first + 64]):
            for i, token in enumerate(steps):
                if token:
                    texts[i] += token.text
                    logprobs[i] += token.logprob
        found += [Try(t, answer(t), p) for t, p in zip(texts, logprobs, strict=True)]
    return found


def ask(numbers, tries=16, temperature=0.75, worked=True):
    """Ask for one sum so many times; try number i has the seed i."""
    prompts = [question(numbers, worked)] * tries
    return written(prompts, Settings(temperature=temperature), range(tries))


def ask_all(tries=16, temperature=0.75, worked=True):
    """The tries at each of the 24 sums, as lists. The Votes explorer makes the same ones."""
    prompts = [question(numbers, worked) for numbers in SUMS for _ in range(tries)]
    seeds = [64 * i + j for i in range(len(SUMS)) for j in range(tries)]
    found = written(prompts, Settings(temperature=temperature), seeds)
    return [found[i : i + tries] for i in range(0, len(found), tries)]


def exact_answers(numbers, temperature=0.75):
    """The probability of each answer from 0 to 999 that is written with three digits: (1000,)."""
    rows, logprobs = [calc.encode(question(numbers, worked=False))], torch.zeros(1)
    digits = [calc.encode(str(digit))[1] for digit in range(10)]
    for _ in range(3):  # each row goes on with each digit
        after = (calc.reader().next_logits(rows) / temperature).log_softmax(dim=-1)
        logprobs = (logprobs[:, None] + after[:, digits]).flatten()
        rows = [[*row, digit] for row in rows for digit in digits]
    after = (calc.reader().next_logits(rows) / temperature).log_softmax(dim=-1)
    return (logprobs + after[:, list(calc.ends)].logsumexp(dim=-1)).exp()


def nines(numbers, found):
    """Whether an answer leaves, divided by nine, what the numbers leave together."""
    return found is not None and found % 9 == sum(n % 9 for n in numbers) % 9


def slips(text):
    """The steps of a working whose result is wrong."""
    steps = [(written, ADDED.fullmatch(written)) for written in text.partition(";")[0].split(",")]
    return [w for w, m in steps if not m or w != step(int(m[1]), int(m[2]))]


def score(chooser, all_tries):
    """For how many of the 24 sums the chooser finds the right answer."""
    chosen = [check.attempt(chooser, found) for found in all_tries]
    return sum(a == sum(numbers) for a, numbers in zip(chosen, SUMS, strict=True))


def first(found):
    return found[0].answer


def likeliest(found):
    return max(found, key=lambda one: one.logprob).answer


def best_three(logits):
    """The three likeliest next tokens of the Storyteller, with their probabilities."""
    values, ids = logits.softmax(dim=-1).topk(3)
    names = [storyteller.load().tokenizer.decode([i]) for i in ids.tolist()]
    return ", ".join(f"{name} {p:.1%}" for name, p in zip(names, values.tolist(), strict=True))


def budget(most):
    """Greedy choice, after a working of so many characters at most. All prompts are as long."""
    start, end = len(calc.encode(question(STORY))), calc.encode(";")[1:]

    def process(logits, ids):
        logits = thinking_budget(logits, ids[start:], end, most=most)
        return torch.full_like(logits, -torch.inf).scatter(0, greedy(logits)[None], 0.0)

    return process


def with_word(numbers, found):
    """The tries as the chooser wants them, with your verifier's word."""
    return [(t.answer, t.logprob, bool(check.attempt(my_verifier, numbers, t.text))) for t in found]


# %% [markdown]
# ## The same sum, the same mistake
#
# The Calculator replaces two of the numbers by their sum, again and again, until one number is left.
# A `'` after a digit says that a carry was added to that digit: `72+64=1'36` is 136. After the last
# step come `;` and the answer.
#
# `ask` gives a list of tries. The next cell asks three times, greedily:

# %%
print(question(STORY))
for _ in range(3):
    print(ask(STORY, tries=1, temperature=0)[0].text)

# %% [markdown]
# **Predict.** One of the four steps is wrong. Which, and what happened there?
#
# <details><summary>Answer</summary>
#
# The last, 273 + 28. The ones make 11: write 1, carry 1. The tens make 7 + 2 + 1 = 10. The model
# wrote `9'`: it marked the carry, but did not add the 1. The right answer is 301.
# </details>
#
# **Predict.** The next cell draws sixteen tries, at *T* = 0.75. How many will be right?

# %%
tries = ask(STORY)
for i, one in enumerate(tries):
    print(f"{i:>2}  {one.text:<62} {'right' if one.answer == 301 else ''}")

# %% [markdown]
# Five lines say 301, eleven say 291. The model *can* do this sum. But which answer would you hand in
# if nobody wrote `right` beside the lines?
#
# Here are the first three lines again. A character is tinted where the model gave it less than 50%:

# %%
explore.Playground(
    question(STORY),
    model=calc,
    settings=Settings(temperature=0.75),
    knobs=["temperature"],
    max_new_tokens=54,
)

# %% [markdown]
# 1. Where do the tinted characters stand? (Nearly all begin a number to be added: the model is unsure
#    *which two come next*.)
# 2. In seed 1 one digit of a result is tinted too. Find it. (The `2` after `158+143=`. A carry from
#    the tens would make it 3, but the tens are written later.)
# 3. Set *T* to 1.5. What goes wrong? (Digits are wrong, and workings stop half-way.)

# %% [markdown]
# ## Is a right answer there at all?
#
# You can choose a right answer only if one is among the tries. **Pass@k** is the chance that at least
# one of k tries is right.

# %% [markdown]
# **Predict.** A model made four tries at a task, and one was right. You draw two of these four. With
# what probability do you get the right try? A quick way says: both are wrong with probability
# (3/4)² = 9/16, so the answer is 7/16. Is the quick way right?

# %%
pairs = list(combinations(["right", "wrong", "wrong", "wrong"], 2))
print("with a right one:", sum("right" in pair for pair in pairs), "of", len(pairs), "pairs")
print("the quick way:   ", 1 - (3 / 4) ** 2)

# %% [markdown]
# Half of the pairs have the right try. The quick way is right only if you put the first try back before
# you draw the second.

# %% [markdown]
# ## The formula
#
# Of *n* tries *c* were right. There are $\binom{n}{k}$ ways to take *k* tries, and $\binom{n-c}{k}$ of
# these ways take only wrong tries:
#
# $$\text{pass@}k = 1 - \binom{n-c}{k} \Big/ \binom{n}{k}$$

# %% [markdown]
# Is the formula right? Let each try be right with probability *p* = 0.3. Two tries are both wrong with
# probability 0.7² = 0.49, so the true pass@2 is 0.51.
#
# The formula sees four tries, of which 0, 1, 2, 3 or 4 are right. The next cell weighs these five
# cases by their probability:

# %%
p, n, k = 0.3, 4, 2
chance = [math.comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)]  # of c right ones
formula = [1 - math.comb(n - c, k) / math.comb(n, k) for c in range(n + 1)]
quick = [1 - (1 - c / n) ** k for c in range(n + 1)]
print(f"truth     {1 - (1 - p) ** k:.4f}")
print(f"formula   {sum(x * y for x, y in zip(chance, formula, strict=True)):.4f} on average")
print(f"quick way {sum(x * y for x, y in zip(chance, quick, strict=True)):.4f} on average")

# %% [markdown]
# On average the formula gives the truth. Such an estimate is called *unbiased* [chen2021].

# %% [markdown]
# ## Build it: pass@k
#
# > difficulty ●●○○○ · importance ●●●●● · 5 minutes
#
# Write the formula. `math.comb(n, k)` counts the ways, and is 0 where its second number is larger
# than its first. Do not call the course's own `pass_at_k`. Your function is scored below.


# %% answer="my_pass_at_k"
def my_pass_at_k(n, c, k):
    """How likely one or more of k tries are right, where c of n were: the unbiased estimate.

    n: 1 to 200; c: 0 to n; k: 1 to n; all are whole numbers. Returns a float.
    """
    ### BEGIN SOLUTION
    return 1 - math.comb(n - c, k) / math.comb(n, k)
    ### END SOLUTION


# %%
for n, c, k, expect, why in (
    (4, 1, 2, 0.5, "Three of the six pairs have the right one."),
    (4, 1, 4, 1.0, "All four tries have the right one among them."),
    (5, 0, 3, 0.0, "None of the five was right, so none of three is."),
    (16, 5, 1, 5 / 16, "5 of the 16 were right, so one is right with 5/16."),
):
    check.passes(
        f"{n} tries, {c} right, k = {k}", check.gives, my_pass_at_k, n, c, k, expect=expect, why=why
    )

# %% [markdown]
# The Calculator's **card** has measurements on 1,000 sums that were not in the training. The table
# gives the per cent of these sums with a right answer (tries at *T* = 0.75):
#
# | greedy | one try | pass@4 | pass@16 | pass@64 |
# |---|---|---|---|---|
# | 72.8 | 56.5 | 94.8 | 99.9 | 100.0 |

# %% [markdown]
# One drawn try is *worse* than greedy choice, but sixteen nearly always hold the right answer.

# %% [markdown]
# ## The likeliest of sixteen
#
# **Best-of-n** hands in the text with the best score, such as its log-probability (at *T* = 1).
#
# **Predict.** Does the likeliest of the sixteen lines say 291 or 301?

# %%
best = max(tries, key=lambda one: one.logprob)
print(f"likeliest {best.logprob:.2f}  {best.text}")
greedy_one = ask(STORY, tries=1, temperature=0)[0]
print(f"greedy    {greedy_one.logprob:.2f}  {greedy_one.text}")

# %% [markdown]
# Both are wrong.
#
# `ask_all` makes tries at 24 other sums. `score` counts how often a way of choosing is right:

# %%
worked = ask_all()
greedy_ones = ask_all(tries=1, temperature=0)
print("greedy:", score(first, greedy_ones), "of 24 sums;", end=" ")
print("likeliest of 16:", score(likeliest, worked), "of 24")

# %% [markdown]
# On the card's 1,000 sums the likeliest of sixteen is right in 82.6%, greedy choice in 72.8%. Does a
# lower temperature draw likely texts directly?

# %% [markdown]
# ## A low temperature is not enough
#
# Here are four texts of two words each:

# %%
tree = {"the": (0.6, {"cat": 0.5, "dog": 0.5}), "a": (0.4, {"cat": 0.9, "dog": 0.1})}
texts = {f"{w} {v}": p * q for w, (p, after) in tree.items() for v, q in after.items()}
print({text: round(p, 2) for text, p in texts.items()})

# %% [markdown]
# Two ways may make the likeliest text, `a cat`, come more often:
#
# - *T* = 1/4. At each *word* raise the probabilities to the fourth power, and divide by their sum.
#   (Dividing the logits by 1/4 does the same.)
# - p⁴. Do the same with the probabilities of the four *texts*.
#
# **Predict** for each way: does `a cat` come in more than 36% of the draws, or in less?


# %%
def shares(values):
    """Each to the fourth power, and all divided by their sum."""
    total = sum(x**4 for x in values.values())
    return {name: x**4 / total for name, x in values.items()}


starts = shares({word: p for word, (p, _) in tree.items()})
cold = {f"{w} {v}": starts[w] * q for w in tree for v, q in shares(tree[w][1]).items()}
power = shares(texts)
for text in texts:
    print(f"{text:<8} p {texts[text]:.2f}   T = 1/4 {cold[text]:.3f}   p^4 {power[text]:.3f}")

# %% [markdown]
# At *T* = 1/4 the first word is `a` with 0.4⁴ / (0.4⁴ + 0.6⁴) = 0.165, and after it `cat` is nearly sure.
# So `a cat` comes *less* often than before.

# %% [markdown]
# A low *T* takes the power word by word: it raises the whole 0.6 of `the`, before two texts share it. So a
# low *T* does not draw whole *texts* by a power of p [karan2025].

# %% [markdown]
# ## Drawing by the power of a text
#
# Nobody can list all texts of a real model. But you can *walk* from text to text, by a rule that visits each as often
# as p⁴ says. You stand at an *old* text, and draw a *new* text at *T* = 1/4. A text has the probability *p* at *T* =
# 1, and *q* at *T* = 1/4. You go to the new text with probability
#
# $$\min\Big(1, \frac{p(\text{new})^4}{p(\text{old})^4} \cdot \frac{q(\text{old})}{q(\text{new})}\Big)$$

# %% [markdown]
# Otherwise you stay, and visit the old text again. The second fraction makes up
# for the drawing: what is drawn more often is taken less often.

# %% [markdown]
# **Predict.** You stand at `the dog` and draw `a cat`. With what probability do you go? And from
# `a cat` to `the dog`? (The columns `p` and `T = 1/4` give *p* and *q*.)
#
# <details><summary>Answer</summary>
#
# The first fraction is (0.36/0.30)⁴ = 2.07, the second 0.418/0.165 = 2.53. Their product is 5.2,
# above 1: you always go. You go back with probability 1/5.2 = 0.19.
# </details>
#
# Now take twenty thousand steps:

# %%
rng, now, seen = random.Random(0), "the dog", Counter()
for _ in range(20_000):
    new = rng.choices(list(cold), list(cold.values()))[0]
    ratio = (texts[new] / texts[now]) ** 4 * cold[now] / cold[new]
    if rng.random() < ratio:
        now = new  # go; otherwise stay
    seen[now] += 1
print({text: round(seen[text] / 20_000, 3) for text in texts})

# %% [markdown]
# Each step compared only two texts. Yet the shares come close to the column `p^4`.

# %% [markdown]
# With a real model, the new text keeps the old text up to a random place, and the rest is drawn at
# *T* = 1/4. The walk begins with a text's first piece. After some steps the next piece comes, until
# the text is whole. **Power sampling** [karan2025] takes the text where the walk stands after
# all its steps, here forty.
# The next cell takes six walks for the opening sum, `STORY` (`alpha` is the power):

# %%
drawn = [power_sample(calc, question(STORY), alpha=4, max_new_tokens=54, seed=s) for s in range(6)]
for one in drawn:
    print(f"{one.logprob:6.2f}  {one.text}")
quarter = ask(STORY, tries=64, temperature=0.25)
print(f"log-probability on average: {sum(one.logprob for one in drawn) / 6:.2f},", end=" ")
print(f"of 64 texts at T = 1/4: {sum(one.logprob for one in quarter) / 64:.2f}")

# %% [markdown]
# On average the six texts are likelier than texts at *T* = 1/4. But three of the six say 291.
#
# Many of the forty steps draw only a short end, so one walk runs the model about as often as sixteen
# tries do. On the card it is right in 80.0% of the first 250 sums, and the likeliest of sixteen in 82.6% of all
# 1,000. With 250 sums 3 points may be chance: no gain is seen here.

# %% [markdown]
# ## The vote
#
# For a made-up sum, a model can write only these five texts:
#
# | text | 1 | 2 | 3 | 4 | 5 |
# |---|---|---|---|---|---|
# | answer | 187 | 197 | 197 | 197 | 195 |
# | probability | 0.30 | 0.25 | 0.20 | 0.15 | 0.10 |
#
# **Predict.** Which text is the likeliest? Which *answer* is the likeliest?

# %% [markdown]
# <details><summary>Answer</summary>
#
# Text 1 is the likeliest text. The likeliest answer is 197, with 0.25 + 0.20 + 0.15 = 0.60.
# </details>

# %% [markdown]
# A vote counts answers, not texts: draw many workings, and hand in the answer that came most often.
# Its name in papers is **self-consistency** [wang2022].

# %% [markdown]
# ## Build it: the vote
#
# > difficulty ●●○○○ · importance ●●●●○ · 5 minutes
#
# Write `my_vote`. A `Counter` may help. Do not call the course's own functions. Your function is
# scored below.


# %% answer="my_vote"
def my_vote(answers):
    """The answer that came most often; of equally many, the one that came first.

    answers: a list of whole numbers, and of None for each try without an answer: it has no vote.
    The list stays as it is. Returns None if there is no vote at all, as in an empty list.
    """
    ### BEGIN SOLUTION
    votes = Counter(a for a in answers if a is not None)
    return max(votes, key=votes.get, default=None)
    ### END SOLUTION


# %%
for answers, expect, why in (
    ([301, 291, 301], 301, "301 came twice."),
    ([7, 5, 5, 7], 7, "Two each: 7 came first."),
    ([None, None, 4], 4, "None is no answer, however often it comes."),
):
    check.passes(f"{answers}", check.gives, my_vote, answers, expect=expect, why=why)


# %%
def vote(found):
    return my_vote([one.answer for one in found])


print(
    "greedy:", score(first, greedy_ones), "· likeliest of 16:", score(likeliest, worked), end=" · "
)
print("your vote of 16:", score(vote, worked), "of 24")

# %% [markdown]
# With a right `my_vote` the vote gets 23 of 24. The explorer shows one sum at the left. The curves
# at the right are the vote, the likeliest text and pass@n (pass@k for n tries). For a vote of 4 the
# tries are cut into sets of four, and their votes are averaged. (Of two that differ the first wins: a vote of two is
# no better than one try.) Wait for `Right, over 24 sums`.

# %%
explore.Votes(function=my_vote)

# %% [markdown]
# 1. Choose sum 17: with 16 tries the vote is 6 against 5. Set `tries` to 32. Is the vote still close?
#    (No: 15 against 6. More tries help where the right answer is most common.)
# 2. Set `asked for` to `answer alone`. Wait for the 24 sums. Which curve still climbs? (Only pass@n.)

# %% [markdown]
# What does the vote say of the opening sum?

# %%
print("the vote says", check.attempt(vote, tries))
more = [one.answer for one in ask(STORY, tries=256)]
for n in (16, 64, 256):
    print(n, "tries:", Counter(more[:n]).most_common(3))

# %% [markdown]
# ## Sure, and wrong
#
# With 256 tries 291 is still far ahead, 124 to 83. Why do more tries not help?
#
# **Find it.** The next cell prints the wrong steps of the eleven wrong lines. What do ten of the eleven share?

# %%
for i, one in enumerate(tries):
    if one.answer != 301:
        print(f"{i:>2}", *slips(one.text))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Their *last* step is wrong, and ends in `=29'1`. Eight of the ten are steps like 229 + 72: the tens
# make 9, and a carry from the ones must turn 9 into 10. Twelve of the sixteen lines end in a
# step with such a carry, and only 0, 3, 5 and 11 get it right.
# </details>

# %% [markdown]
# A vote finds what is *common*, not what is right. It helps where the right answer is
# most common.

# %% [markdown]
# ## One text for each answer
#
# With the prompt `51+86+64+72+28?` the Calculator writes the answer alone. Then each answer has only
# one text. The next cell works out the exact probability of each, at *T* = 0.75.

# %%
exact = exact_answers(STORY)
order = exact.argsort(descending=True).tolist()
print("likeliest:", [f"{i} {exact[i]:.1%}" for i in order[:4]])
print(f"301: {exact[301]:.1%}, place {order.index(301) + 1}")
print("greedy:", ask(STORY, tries=1, temperature=0, worked=False)[0].answer)
more = [one.answer for one in ask(STORY, tries=256, worked=False)]
for n in (16, 64, 256):
    print(n, "tries:", Counter(more[:n]).most_common(3))

# %% [markdown]
# The three votes have three winners, and none is right. **Predict.** What would a vote of a million
# tries say?
#
# <details><summary>Answer</summary>
#
# 303, almost surely: a vote of very many tries finds the likeliest answer. Greedy choice says 303
# too, with one try.
# </details>

# %% [markdown]
# The card gives the per cent of its 1,000 sums that come out right (tries at *T* = 0.75):
#
# | | greedy | one try | vote of 64 | pass@64 |
# |---|---|---|---|---|
# | with the working | 72.8 | 56.5 | 95.0 | 100.0 |
# | the answer alone | 6.6 | 5.9 | 7.3 | 93.0 |

# %% [markdown]
# With the answer alone, 64 tries hold a right answer for 93% of the sums. But the vote gets only 7.3%.
# What could do better? (Time for a pause.)

# %% [markdown]
# ## A check that does not know the sum
#
# Nobody knows the right answer to a hard task. So pretend that Python cannot add large numbers.

# %% [markdown]
# Clerks had an old trick. Divide each number by nine, and keep the remainder: 51, 86, 64, 72, 28
# leave 6, 5, 1, 0, 1. Together the remainders make 13, and 13 leaves 4. Each
# number is its remainder plus some nines. So the right sum is 13 plus some nines, and must leave 4 too.
#
# **Predict.** Which of 303, 291 and 301 does this trick accept?

# %%
print("what is left by nine:", {n: n % 9 for n in (303, 291, 301)})

# %% [markdown]
# Only 301. The trick also accepts wrong answers that are off by 9, 18, 27 … But few of the model's
# wrong answers are. The next cell draws 64 answers for each of the 24 sums, without a working. It votes
# twice: with all answers, and with those that the trick (`nines`) accepts:

# %%
alone = ask_all(tries=64, worked=False)
good = [[one for one in f if nines(s, one.answer)] for s, f in zip(SUMS, alone, strict=True)]
print("vote of all:", score(vote, alone), "of 24 sums · of the accepted:", score(vote, good))
right = [one for s, f in zip(SUMS, good, strict=True) for one in f if one.answer == sum(s)]
print(f"{24 * 64} tries: {sum(map(len, good))} accepted, and {len(right)} of these are right")

# %% [markdown]
# With a right `my_vote` the vote of all tries gets 1 sum of 24 right, the vote of the accepted tries
# 14. The trick is a **verifier**: it checks an answer, which is often far easier than finding one.
#
# Only 84 of the 182 accepted tries are right, 46%. **Predict.** Does this share rise with a hundred
# times as many tries?

# %% [markdown]
# <details><summary>Answer</summary>
#
# No: the right and the wrong accepted tries both become a hundred times as many. The trick accepts
# every right try, so 84 of the 1,536 tries are right: *p* = 5.5%. The trick also accepts 182 − 84 = 98
# of the 1,452 wrong tries: *f* = 6.7%. The share of right tries among the accepted tries is
#
# $$\frac{p}{p + (1 - p) \cdot f} = 46\%$$
#
# More tries make an accepted try no safer [stroebl2024].
# </details>

# %% [markdown]
# **It happened.** HumanEval, a set of programming tasks, checks each program with about ten tests. In
# 2023 others wrote eighty times as many tests. Many programs that had passed now failed [liu2023].

# %% [markdown]
# ## Build it: a verifier
#
# > difficulty ●●●○○ · importance ●●●●● · 15 minutes
#
# Now Python may add large numbers, but only two at a time.
#
# A text has steps with `,` between them, then `;` and the answer. `right_step(a, b)` writes how a step
# *should* look, with its carries:


# %% locked="right_step"
def right_step(a, b):
    """The addition of two whole numbers as the Calculator should write it."""
    result, carry = "", 0
    for place in range(len(str(a + b))):
        ones = a // 10**place % 10 + b // 10**place % 10 + carry
        result = f"{ones % 10}" + "'" * carry + result
        carry = ones // 10
    return f"{a}+{b}={result}"


print(right_step(273, 28), right_step(28, 51))

# %% [markdown]
# Write `my_verifier`; it is scored below. Keep a list of the numbers that are left. For each step:
#
# - The step must be exactly what `right_step` writes for two numbers of the list, in either order.
# - Then remove these two numbers, and add their sum to the list.
#
# At the end one number must be left, and the text after `;` must be exactly that number. Then return
# True. In every other case return False, and raise no error.

# %% [markdown]
# <details><summary>Hint</summary>
#
# You need not read the step. Write all right steps, and see whether the step is one of them.
# `permutations(left, 2)` gives every pair of the numbers, in both orders.
# </details>


# %% answer="my_verifier"
def my_verifier(numbers, text):
    """Whether the text is a right working of the sum, judged by its steps: True or False.

    numbers: a list of two to five whole numbers from 10 to 99, the same one perhaps twice; it stays
    as it is. text: any text. You may call `right_step`, and no function of the course.
    """
    ### BEGIN SOLUTION
    steps, _, last = text.partition(";")
    left = list(numbers)
    for written in steps.split(","):
        pair = next((p for p in permutations(left, 2) if right_step(*p) == written), None)
        if pair is None:
            return False
        for n in pair:
            left.remove(n)
        left.append(sum(pair))
    return [str(n) for n in left] == [last]
    ### END SOLUTION


# %%
for text, expect, why in (
    ("15+27=4'2,42+38=8'0;80", True, "Both steps are right, and 80 is left."),
    ("15+27=4'2,42+38=8'0;90", False, "80 is left, not 90."),
    ("15+27=32,32+38=7'0;70", False, "15 + 27 is not 32."),
    ("15+27=4'2;42", False, "Two numbers are left, and it stops."),
    ("eighty", False, "That is no working."),
):
    check.passes(text, check.gives, my_verifier, [15, 27, 38], text, expect=expect, why=why)

# %% [markdown]
# Which lines does your verifier accept?

# %%
for i, one in enumerate(tries):
    if check.attempt(my_verifier, STORY, one.text):
        print(f"{i:>2}  {one.text}")

# %% [markdown]
# With a right verifier four lines appear, all with 301. Line 11 says 301 too, but is refused:
# `'1'1'4` for 114 has a mark too many.

# %% [markdown]
# ## Build it: the chooser
#
# > difficulty ●●●●○ · importance ●●●●● · 18 minutes · there are many right designs
#
# Write `my_chooser`. It gets a list of tries, each `(answer, logprob, accepted)`, and returns one
# answer. `accepted` says whether the verifier accepted the try. Your design must keep four promises,
# each scored below:

# %% [markdown]
# 1. **speaks**: it chooses an answer that a try gave, and None only if no try has one;
# 2. **heeds**: if any accepted tries have an answer, it chooses one of their answers;
# 3. **fair**: the order of the tries does not matter;
# 4. **pays**: it is right in at least 85% of many made-up sums.

# %% [markdown]
# Each made-up sum has sixteen tries:
#
# - 45% of the tries are right. Right texts are a little likelier.
# - In half of the sums most wrong tries give the same answer.
# - In 40% of the sums the verifier makes no mistake. In 40% it also accepts one wrong try in ten. In 20%
#   it is broken, and accepts none at all.
#
# A plain vote is right in three of four sums.

# %% [markdown]
# <details><summary>Hint</summary>
#
# Decide first which tries may count: what if none is accepted? Do not break a tie by the place in the
# list. What else do you know of each try?
# </details>


# %% locked="promises" jupyter={"source_hidden": true}
def made_up(rng):
    """Sixteen tries at a sum, and its answer."""
    right = rng.randint(100, 400)
    lets_through = rng.choice([0.0, 0.0, 0.1, 0.1, None])
    gathered = rng.choice([-10, 10]) if rng.random() < 0.5 else None
    found = []
    for _ in range(16):
        good = rng.random() < 0.45
        off = rng.choice([-10, 10, -1, 1, -3, 5, -100, 27, 9, -20])
        if gathered and rng.random() < 0.8:
            off = gathered
        logprob = round(rng.gauss(-8.4 if good else -9.0, 0.8), 6)
        says = right if good else right + off
        accepted = lets_through is not None and (good or rng.random() < lets_through)
        silent = rng.random() < 0.05
        found.append((None if silent else says, logprob, accepted and not silent))
    return found, right


def chosen(chooser, found):
    said = check.plain(check.on_copies(chooser, list(found)))
    number = said is None or type(said) in (int, float)
    assert number, f"Return a whole number or None; yours returns {check.told(said)}."
    return said


def speaks(chooser, found=((7, -3.0, False), (None, -1.0, False))):
    given = {a for a, _, _ in found if a is not None}
    said = chosen(chooser, found)
    assert said in given if given else said is None, (
        f"The answers are {given or 'none'}; yours returns {check.told(said)}."
    )


def heeds(chooser, found=((7, -1.0, False), (7, -2.0, False), (9, -8.0, True))):
    good = {a for a, _, accepted in found if accepted and a is not None}
    said = chosen(chooser, found)
    assert not good or said in good, (
        f"Accepted were tries with {good}; yours returns {check.told(said)}."
    )


def fair(chooser, found=((7, -1.5, False), (9, -1.0, False), (9, -3.0, False), (7, -2.0, False))):
    speaks(chooser, found)
    said = {chosen(chooser, order) for order in (found, found[::-1], (*found[2:], *found[:2]))}
    assert len(said) == 1, f"The same tries in other orders: {said}."


def pays(chooser, sums=200, seed=1):
    rng = random.Random(seed)
    found = [made_up(rng) for _ in range(sums)]
    right = sum(chosen(chooser, each) == answer for each, answer in found)
    assert right >= 0.85 * sums, f"It is right in {right / sums:.0%} of {sums} made-up sums."


# %% answer="my_chooser"
def my_chooser(found):
    """The answer to hand in, a whole number; None if no try has an answer.

    found: a list of up to 64 tries, perhaps none, each a tuple: the answer, a whole number, or None
    if the text has none; the log-probability of the text, no two alike; and whether the verifier
    accepted it, True or False. The list stays as it is. You may call the course's functions.
    """
    ### BEGIN SOLUTION
    found = [one for one in found if one[0] is not None]
    found = [one for one in found if one[2]] or found
    weights = {}
    for says, logprob, _ in sorted(found, key=lambda one: -one[1]):
        weights[says] = weights.get(says, 0) + 1
    return max(weights, key=weights.get, default=None)
    ### END SOLUTION


# %%
for promise in (speaks, heeds, fair, pays):
    check.passes(promise.__name__, promise, my_chooser)

# %% [markdown]
# ## Eleven against five
#
# Now your chooser gets the sixteen lines. (`with_word` adds your verifier's word on each line.)


# %%
print("hand in:", check.attempt(my_chooser, with_word(STORY, tries)))
judged = [with_word(numbers, found) for numbers, found in zip(SUMS, worked, strict=True)]
print(
    "24 sums: greedy", score(first, greedy_ones), "· likeliest", score(likeliest, worked), end=" · "
)
print("vote", score(vote, worked), "· your chooser", score(my_chooser, judged))

# %% [markdown]
# A good chooser hands in 301, and is right in all 24 sums. The card gives the per cent right with
# sixteen tries (*verified* takes the first accepted text, or the first text if none is accepted):
#
# | one try | greedy | likeliest | vote | verified | pass@16 |
# |---|---|---|---|---|---|
# | 56.5 | 72.8 | 82.6 | 91.3 | 99.8 | 99.9 |

# %% [markdown]
# ## A stronger prompt
#
# **Guidance** strengthens the prompt. It runs the model twice for each token, with the prompt and
# without, and combines the logits with a strength γ [sanchez2023]:
#
# $$\text{without} + \gamma \cdot (\text{with} - \text{without})$$
#
# γ = 1 is the model with its prompt. Above 1 the prompt counts more.

# %% [markdown]
# **Predict.** Without the prompt, ` light` has the logit −1 and ` dog` 2. With the prompt they have
# 1 and 2. Which token has the higher logit at γ = 2?
#
# <details><summary>Answer</summary>
#
# ` light`, with −1 + 2 × (1 − (−1)) = 3. ` dog` has 2 + 2 × (2 − 2) = 2.
# </details>

# %% [markdown]
# Now the Storyteller continues ` The girl saw a`, with the prompt `It was night and it was dark.`
# before it or without. **Predict.** Name one word that becomes likelier as γ grows.

# %%
stories = storyteller.load()
NIGHT = "It was night and it was dark."
with_night = stories.next_logits(NIGHT + " The girl saw a")
without = stories.next_logits(" The girl saw a")
for gamma in (0, 1, 1.5, 3):
    print(f"gamma {gamma:<4}", best_three(guide(with_night, without, gamma)))

# %% [markdown]
# ` light` rises most. The next cell writes two plain texts, then two guided texts with γ = 2.

# %%
night_length = len(stories.encode(NIGHT))
plain = stories.reader()
strength = 2.0


def guided(logits, ids):
    """What the Storyteller would write, moved away from what it would write without the night."""
    short = torch.cat([ids[:1], ids[night_length:]])  # the first id begins any text
    without = plain.last_logits(short.tolist(), 1)[0]  # the logits after the last of these ids
    return guide(logits, without, strength)


explore.Playground(
    NIGHT + " The girl saw a", process=guided, knobs=["temperature"], samples=2, max_new_tokens=30
)

# %% [markdown]
# 1. Which texts have `night`, `dark` or `light` after ` saw a`, perhaps inside a word? (No plain
#    text. One guided text has `darker and lighter`, the other `night`.)
# 2. Set `strength = 5.0` and run the cell again. What goes wrong? (The text repeats the prompt:
#    `It was dark. It was dark. It was darker.`)

# %% [markdown]
# <details><summary>If you like: a strong model and a weak one</summary>
#
# *Contrastive decoding* combines the logits of a weak and a strong model in the same way
# (`sampling.contrast`) [li2022].
# </details>

# %% [markdown]
# ## Less thought for one answer
#
# Greedy choice is right in 72.8% with the working, in 6.6% without. Each character takes one run of the
# model, and later runs read the character: the model computes by writing.
#
# A **budget** limits the working: after a set number of characters only `;` may come
# [muennighoff2025].

# %% [markdown]
# The greedy working in the first section has 46 characters before its `;`. **Predict.** How many of
# the 24 sums are right with a budget of 40?

# %%
for most in (36, 40, 48):
    found = written([question(s) for s in [STORY, *SUMS]], budget(most), range(25))
    right = score(first, [[one] for one in found[1:]])
    print(f"at most {most}: {right:>2} of 24 right, for example {found[0].text}")

# %% [markdown]
# No sum is right with a working cut short. In training `;` came only after the last step: the model
# never learned what follows an earlier `;`.

# %% [markdown]
# ## What production systems do
#
# As of late 2026:
#
# - *Verifiers.* With one try a model repaired 15.9% of real bugs. With 250 tries for each bug, tests
#   found a right repair for 56% [brown2024].
# - *Budgets.* The servers vLLM and llama.cpp force the end of a working after so many tokens
#   [vllmbudget2026] [llamacpp22717]. Anthropic's models from Claude 4.7 on refuse such a limit; you
#   ask for more or less *effort* [claudethinking2026].

# %% [markdown]
# ## Recap
#
# Greedy choice always gets the opening sum wrong. Sixteen tries hold the right answer, but the
# likeliest try and the vote say 291: most lines end with a carry that the model often gets wrong.
# A vote needs the right answer to be the most common. A verifier without mistakes needs only
# one right line.

# %% [markdown]
# The next module asks how a model can write *faster*, without changing any text.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

# %% [markdown] question="One of k tries" points=2
# Your `my_pass_at_k` from **Build it: pass@k** above, for all inputs that its description allows. One
# point for *n* up to 30, a second for *n* up to 200.


# %% test="my_pass_at_k"
def example():
    check.gives(my_pass_at_k, 4, 1, 2, expect=0.5, why="Three of the six pairs have the right one.")


points = 1.0 * check.passes("4 tries, 1 right, k = 2", example)
### BEGIN HIDDEN TESTS
from fractions import Fraction


def one_of_k(n, c, k):
    """One minus the chance that each of k tries, one after the other, is one of the wrong ones."""
    none = Fraction(1)
    for taken in range(k):
        none *= Fraction(max(n - c - taken, 0), n - taken)
    return float(1 - none)


def counts(random, most):
    n = random.choice(
        [random.randint(1, 6), random.randint(1, most), random.randint(1, most), most]
    )
    c = random.choice([0, 1, n, random.randint(0, n), random.randint(2, 6)])
    k = random.choice([1, n, random.randint(1, n), random.randint(2, 6)])
    return n, min(c, n), min(k, n)


@check.once
def small():
    example()
    check.own(my_pass_at_k, lambda random: counts(random, 30))
    check.against(
        one_of_k,
        my_pass_at_k,
        lambda random: counts(random, 30),
        why="Count the ways to take k of n tries, and those that take only wrong ones.",
        within=1e-9,
    )


def large():
    small()
    check.against(
        one_of_k,
        my_pass_at_k,
        lambda random: counts(random, 200),
        why="It is right for few tries, but not for many: is the formula the same there, and is it "
        "still exact?",
        within=1e-6,
    )


points = 1.0 * check.passes("up to 30 tries", small)
points += check.passes("up to 200 tries", large)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Two right of five" points=1
# Five tries at a task, two of them right. What is pass@3? One or two decimals.

# %% answer="two_right_of_five"
answer_pass = None  # a number between 0 and 1

# %% test="two_right_of_five"
check.number(
    answer_pass,
    right=0.9,
    within=0.004,
    why={
        0.784: "That puts each try back before the next is drawn. The three are three different ones.",
        0.1: "So likely are three wrong ones. What was asked?",
        0.4: "That is one try. With three there is more to hope for.",
        0.6: "That is a share of tries. Which sets of three have no right one?",
        1.0: "There are three wrong tries, so one set of three has no right one.",
        0.7: "That is for two tries. How many sets of three are there?",
    },
    hint="How many sets of three are there among five tries, and how many of them are all wrong?",
)

# %% [markdown] question="A published estimator" points=2
# This estimator came with HumanEval. For two tries, none right, and *k* = 5 it says 1.0 [humaneval35].
# Repair it: where *n* is below *k*, return None, whatever *c* is. Elsewhere it is right: the product is
# our formula without large numbers.
#
# *n*: 1 to 60; *c*: 0 to *n*; *k*: 1 to 80. One point if *c* = 0 is right, a second if every *c* is.
# No point if an estimate for *k* up to *n* changes.


# %% answer="estimator_repair"
def repaired_estimate(n, c, k):
    ### BEGIN SOLUTION
    if k > n:
        return None
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))
    ### END SOLUTION
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))


# %% test="estimator_repair"
def example():
    check.gives(
        repaired_estimate, 2, 0, 5, expect=None, why="Two tries were made: what is known of five?"
    )


points = 1.0 * check.passes("2 tries, none right, k = 5", example)
### BEGIN HIDDEN TESTS
from fractions import Fraction


def estimate(n, c, k):
    if n < k:
        return None
    none = Fraction(1)
    for taken in range(k):
        none *= Fraction(max(n - c - taken, 0), n - taken)
    return float(1 - none)


def enough(random):
    n = random.choice([random.randint(1, 6), random.randint(1, 60)])
    c = random.choice([0, n, 1, random.randint(0, n)])
    return n, min(c, n), random.choice([1, n, random.randint(1, n)])


def too_few(random, right):
    n = random.choice([1, random.randint(1, 60)])
    c = random.choice([1, n, random.randint(1, n)]) if right else 0
    return n, c, random.choice([n + 1, random.randint(n + 1, 80)])


@check.once
def none_right():
    example()
    for draw in (enough, lambda random: too_few(random, right=False)):
        check.against(
            estimate,
            repaired_estimate,
            draw,
            why="None only where there are fewer than k tries; elsewhere the estimate stays.",
        )


def some_right():
    none_right()
    check.against(
        estimate,
        repaired_estimate,
        lambda random: too_few(random, right=True),
        why="Some tries were right, and still there are fewer than k of them all.",
    )


points = 1.0 * check.passes("none right", none_right)
points += check.passes("some right", some_right)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Squared texts" points=1
# A text begins with `x` (0.6) or `y` (0.4). After `x` comes one of two words, with 0.5 each. After `y`
# there is only one word. How likely is the text with `y`, first if texts are drawn in proportion to p², then if
# tokens are drawn at *T* = 1/2? (As in the lesson, with squares in place of fourth powers.) Give the
# first minus the second, to three decimals.

# %% answer="squared_texts"
answer_higher = None  # a number between -1 and 1

# %% test="squared_texts"
check.number(
    answer_higher,
    right=0.16 / 0.34 - 0.16 / 0.52,
    within=0.002,
    why={
        0.471: "That is its probability by p². How much is it at T = 1/2?",
        0.308: "That is its probability at T = 1/2. How much is it by p²?",
        -0.163: "The size is right. Which of the two is larger?",
        0.071: "You took 0.4 for T = 1/2. What do squares make of 0.6 and 0.4 at the first word?",
        0.0: "Work out the three texts' own probabilities, and square those.",
    },
    hint="First the squares at each word, divided by their sum there; then the squares of the three "
    "texts, divided by their sum.",
)

# %% [markdown] question="To go or to stay" points=2
# This step of power sampling returns the probability of going to the new text. `new` and `old` are
# pairs (log *p*, log *q*): a text has the probability *p* at *T* = 1, and *q* at *T* = 1/`alpha`.
# `alpha` is the power. Repair its two faults. (What does `math.exp(2000)` do?)
#
# Logarithms are from −5,000 to 0, `alpha` is above 0, at most 10. One point for short texts (down to
# −20), a second for any length.


# %% answer="acceptance_repair"
def repaired_acceptance(new, old, alpha):
    ### BEGIN SOLUTION
    log_ratio = alpha * (new[0] - old[0]) + old[1] - new[1]
    return math.exp(min(0.0, log_ratio))
    ### END SOLUTION
    ratio = math.exp(alpha * (new[0] - old[0]))
    return min(1.0, ratio)


# %% test="acceptance_repair"
def example():
    check.gives(
        repaired_acceptance,
        (-2.0, -1.0),
        (-2.0, -3.0),
        4.0,
        expect=math.exp(-2),
        why="Both texts are as likely, but the new one is drawn more often: to make up for that, "
        "it has to be taken less often.",
    )


points = 1.0 * check.passes("two texts as likely as each other", example)
### BEGIN HIDDEN TESTS
from decimal import Decimal


def acceptance(new, old, alpha):
    """In decimals, which neither overflow nor vanish here."""
    weights = [(Decimal(alpha) * Decimal(p) - Decimal(q)).exp() for p, q in (new, old)]
    return float(min(Decimal(1), weights[0] / weights[1]))


def clipped_apart(new, old, alpha):
    return math.exp(min(0.0, alpha * (new[0] - old[0])) + min(0.0, old[1] - new[1]))


CLIPS = {
    "Only the whole is at most 1. One of its two parts may be more.": clipped_apart,
    "alpha need not be a whole number.": lambda new, old, alpha: acceptance(new, old, round(alpha)),
    "alpha may be below 1.": lambda new, old, alpha: acceptance(new, old, max(1, alpha)),
}
FEW = [(-3.0, -2.0), (-2.75, -2.5), (-2.5, -3.0)]  # texts that come again, with another alpha


def pair(random, lowest):
    return random.choice([random.uniform(lowest, 0), random.uniform(-3, 0), 0.0, lowest])


def power(random):
    some = [1.0, 4.0, 10.0, 0.25, random.uniform(0.001, 0.1)]
    return random.choice([*some, *(random.uniform(0.01, 10) for _ in range(3))])


def texts_of(lowest):
    def draw(random):
        if random.random() < 0.15:
            return *random.sample(FEW, 2), power(random)
        new, old = ((pair(random, lowest), pair(random, lowest)) for _ in range(2))
        if random.random() < 0.5:  # near the other one, so that the ratio is neither 0 nor 1
            old = (
                min(0.0, max(lowest, new[0] + random.uniform(-1, 1))),
                min(0.0, max(lowest, new[1] + random.uniform(-1, 1))),
            )
        return new, old, power(random)

    return draw


@check.once
def short():
    example()
    check.against(
        acceptance,
        repaired_acceptance,
        texts_of(-20.0),
        why="Look at the formula in the section on the power of a text: are its four numbers, the "
        "power and the min in, for any alpha? Nothing is rounded.",
        within=1e-6,
        mistakes=CLIPS,
    )


def long():
    short()
    check.against(
        acceptance,
        repaired_acceptance,
        texts_of(-5000.0),
        why="Long texts have log-probabilities in the thousands. Of which numbers can no exp be taken?",
        within=1e-6,
        mistakes=CLIPS,
    )


points = 1.0 * check.passes("short texts", short)
points += check.passes("texts of any length", long)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="How strong a guide" points=1
# With the prompt the logits of two tokens are 2 for `calm` and 1 for `storm`. Without the prompt they
# are 2 and −0.5. Above which γ does guidance make `storm` the likelier one? Two decimals.

# %% answer="strength_of_guidance"
answer_gamma = None  # a number

# %% test="strength_of_guidance"
check.number(
    answer_gamma,
    right=5 / 3,
    within=0.01,
    why={
        1.0: "At 1 it is the model with its prompt, and that prefers calm.",
        0.67: "That is how much further than 1 you must go. What is γ itself?",
        2.0: "There storm is well ahead. Where do the two meet?",
        1.5: "That is what the prompt added to storm. How many times is that needed?",
        2.5: "Does calm move with γ?",
    },
    hint="Write down what each token's score is at γ, and set the two equal.",
)

# %% [markdown] question="A thought cut short" points=1
# You train the Calculator anew, so that it gets more sums right under a budget of 40 characters. Which
# 10,000 texts help most?
#
# - **A** Whole workings of other sums, so that it makes fewer slips.
# - **B** Workings that break off anywhere, then `;` and the result of the last whole step.
# - **C** Whole workings of small sums, at most 40 characters.
# - **D** Workings that break off anywhere, then `;` and the sum of the five numbers.

# %% answer="thought_cut_short"
answer_cut = ""  # "A", "B", "C" or "D"

# %% test="thought_cut_short"
check.choice(
    answer_cut,
    right="D",
    why={
        "A": "It will add better. But what has it seen of a `;` that comes too early?",
        "B": "It would learn to hand in something. Is that what was asked for?",
        "C": "In these the `;` comes after the last step, as always. And the long ones that are cut?",
    },
)

# %% [markdown] question="The most common answer" points=2
# Your `my_vote` from **Build it: the vote** above, for up to 300 answers, whole numbers from −999 to
# 999 and None. One point for the answer, one for ties, None, and a list that stays as it was.


# %% test="my_vote"
def example():
    check.gives(my_vote, [301, 291, 301], expect=301, why="301 came twice, 291 once.")


points = 1.0 * check.passes("two of three", example)


### BEGIN HIDDEN TESTS
def most_common(answers):
    given = [a for a in answers if a is not None]
    most = max(map(given.count, given), default=0)
    return next((a for a in given if given.count(a) == most), None)


def ignoring(bad):
    return lambda answers: most_common([a for a in answers if not bad(a)])


IGNORED = {
    "0 is an answer, too.": ignoring(lambda a: a == 0),
    "0 is an answer, too, and may win.": lambda a: most_common(a) or None,
    "-1 is an answer, too.": ignoring(lambda a: a == -1),
    "Negative numbers are answers, too.": ignoring(lambda a: a < 0),
}


def some(random, most, with_none):
    if with_none and random.random() < 0.1:  # the same answers again, in another order
        again = random.choice([[7, 5], [7, 7, 5, 5, 3], [-4, 0, None]])
        return random.sample(again, len(again))
    size = random.choice([random.randint(1, 6), random.randint(1, 6), 100])
    pool = [random.randint(-999, 999) for _ in range(size)]
    pool[random.randrange(size)] = random.choice([0, -1, random.randint(-999, 999)])
    pool[0] = pool[-1] = random.randint(-999, 999)  # so that one may stand out late
    count = random.choice(
        [random.randint(0, 6), random.randint(1, most), random.randint(1, most), most]
    )
    rate = random.choice([0.0, 0.3, 0.7, 0.97, 1.0]) if with_none else 0.0
    return [None if random.random() < rate else random.choice(pool) for _ in range(count)]


def often(random):
    """Two answers, one or both more often than a byte can count."""
    more = random.choice([random.randint(256, 270), random.randint(130, 160)])
    fewer = random.randint(more - 255, 300 - more) if more > 255 else random.randint(128, more - 1)
    one, other = random.sample(range(-999, 1000), 2)
    answers = [*[other] * min(fewer, 300 - more), *[one] * more]
    if random.random() < 0.5:
        random.shuffle(answers)
    return answers


def clear(random):
    """A list whose most common answer is the only one."""
    if random.random() < 0.05:
        return (often(random),)
    while True:
        answers = some(random, 300, with_none=False)
        counts = sorted((answers.count(a) for a in set(answers)), reverse=True)
        if counts and (len(counts) == 1 or counts[0] > counts[1]):
            return (answers,)


@check.once
def without_ties():
    example()
    check.own(my_vote, clear)
    check.against(
        most_common,
        my_vote,
        clear,
        mistakes=IGNORED,
        why="Which answer stands most often in the list? It may have up to 300 answers.",
    )


def everything():
    without_ties()
    for most in (6, 300):
        draw = lambda random, most=most: (some(random, most, with_none=True),)  # noqa: E731
        check.against(
            most_common,
            my_vote,
            draw,
            why="Of equally many the first wins, None has no vote, and no vote at all gives None.",
        )
        check.keeps(my_vote, draw, why="The list has to stay as it was.")


points = 1.0 * check.passes("a clear winner", without_ties)
points += check.passes("ties and None", everything)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Counted and weighed" points=1
# What does this code print, with a right `my_vote`?
#
# ```python
# found = [(291, -7.8), (301, -8.3), (None, -6.9), (None, -8.0), (301, -9.0), (291, -9.4), (None, -9.9)]
# print(my_vote([a for a, _ in found]), max(found, key=lambda one: one[1])[0])
# ```

# %% answer="counted_and_weighed"
answer_two = ""  # what it prints, with a space between

# %% test="counted_and_weighed"
check.text(
    answer_two,
    right="291 None",
    why={
        "291 291": "The second is the likeliest of all texts. Is that one with an answer?",
        "301 None": "Both numbers came twice. What did the description say of that?",
        "None None": "None came three times. What is its vote worth?",
        "None 291": "Has a text without an answer a vote? And which log-probability is nearest to 0?",
        "301 291": "Look for the tie first, then for the log-probability that is nearest to 0.",
    },
    hint="First the vote, with its rule for ties and for None, then the text nearest to 0.",
)

# %% [markdown] question="Ever more tries" points=1
# A model draws one wrong answer with probability 0.30, the right answer with 0.25, many other answers
# rarely. What happens from 16 tries to 1,600?
#
# - **A** The vote and pass@n both come closer to 1.
# - **B** The vote is right less and less often, and pass@n comes closer to 1.
# - **C** The vote stays right in a quarter of cases, and pass@n comes closer to 1.
# - **D** The vote comes closer to 1, and pass@n sinks.

# %% answer="ever_more_tries"
answer_more = ""  # "A", "B", "C" or "D"

# %% test="ever_more_tries"
check.choice(
    answer_more,
    right="B",
    why={
        "A": "More tries say more exactly which answer is the most common. Which one is that?",
        "C": "A quarter is a single try. Can the second most common win a count of 1,600?",
        "D": "Pass@n asks for one right try. Can more tries make that less likely?",
    },
)

# %% [markdown] question="A lenient judge" points=1
# A model is right in one try of ten. A verifier accepts all right tries, and one in five of the wrong ones.
# You draw until a try is accepted, and hand that try in. How often is it right? Two decimals.

# %% answer="lenient_judge"
answer_share = None  # a number between 0 and 1

# %% test="lenient_judge"
check.number(
    answer_share,
    right=0.1 / 0.28,
    within=0.006,
    why={
        0.1: "That is without a verifier. What does it take away?",
        0.28: "So many tries are accepted. Which part of them is right?",
        0.8: "So many wrong ones are refused. But the wrong ones are many.",
        0.56: "0.1 over 0.18 compares right with wrong. Both are among the accepted.",
        0.33: "One of five of the wrong tries, not of all tries, is accepted.",
        0.83: "Five times as likely to be accepted, but nine times as rare: weigh both.",
    },
    hint="Of 100 tries, how many right ones and how many wrong ones are accepted?",
)

# %% [markdown] question="Cold tries" points=1
# With a right `my_verifier` and 16 tries at *T* = 0.75 the Calculator gets 99.8% right. Someone sets
# *T* to 0, where single tries are best. How many sums come out right?
#
# - **A** About 73%
# - **B** About 99.8%
# - **C** All
# - **D** About 91%

# %% answer="cold_tries"
answer_cold = ""  # "A", "B", "C" or "D"

# %% test="cold_tries"
check.choice(
    answer_cold,
    right="A",
    why={
        "B": "It decides among what there is. How many different texts are there to judge?",
        "C": "Where is the second try better than the first? Ask twice at T = 0 and compare.",
        "D": "They agree, yes. Can the verifier take another one if their text is refused?",
    },
)

# %% [markdown] question="Five workings" points=1
# Which of these workings of 15 + 27 + 38 does a right `my_verifier` accept?
#
# | id | text |
# |---|---|
# | 0 | `38+27=65,65+15=8'0;80` |
# | 1 | `15+27=4'2,42+38=8'0;80` |
# | 2 | `15+38=5'3,15+27=4'2;42` |
# | 3 | `15+27=32,32+38=7'0;80` |
# | 4 | `27+38=6'5,15+65=8'0;80` |

# %% answer="five_workings"
answer_good = []  # ids, such as [0, 2]

# %% test="five_workings"
check.ids(
    answer_good,
    right={1, 4},
    why={
        (
            0,
            1,
            4,
        ): "All of yours end in 80. Compare each step letter by letter with what it should be.",
        (0, 1, 3, 4): "A right answer is not enough. Is each step right?",
        (1,): "The numbers may be taken in any order.",
        (1, 2, 4): "Which numbers are left after the first step?",
        (4,): "Look at the marks again: 5 + 7 is 12, so one is carried.",
    },
    hint="Take each step: are both numbers still left, is the sum right, is each carry marked?",
)

# %% [markdown] question="Step by step" points=3
# Your `my_verifier` from **Build it: a verifier** above. One point for right workings and for those
# with a wrong result in a step or at the end, one for numbers that are not left and for workings that
# stop early or go on too long, one for texts of any kind and lists that stay as they were.


# %% test="my_verifier"
def example():
    good, bad = "15+27=4'2,42+38=8'0;80", "15+27=4'2,42+38=8'0;90"
    check.gives(my_verifier, [15, 27, 38], good, expect=True, why="Both steps are right.")
    check.gives(my_verifier, [15, 27, 38], bad, expect=False, why="80 is left, not 90.")


points = 1.0 * check.passes("15 + 27 + 38", example)
### BEGIN HIDDEN TESTS
import random as chance

from course_utils import sums


def some_numbers(random):
    least = random.choice([10, 10, 10, 75])
    numbers = [random.randint(least, 99) for _ in range(random.randint(2, 5))]
    return [random.choice(numbers) for _ in numbers] if random.random() < 0.2 else numbers


def right_one(random, numbers):
    return sums.working(numbers, chance.Random(random.getrandbits(32)))


def other_digit(random, text, places):
    """The text with another digit, or a carry more or less, at one of the places."""
    i = random.choice(places)
    if text[i] == "'" or random.random() < 0.3:
        return text[:i] + text[i + 1 :] if text[i] == "'" else text[: i + 1] + "'" + text[i + 1 :]
    return text[:i] + str((int(text[i]) + random.randint(1, 9)) % 10) + text[i + 1 :]


def slip(random):
    """A working that is right, or has a wrong result in a step or at the end."""
    numbers = some_numbers(random)
    text = right_one(random, numbers)
    results, inside = [], False
    for i, letter in enumerate(text):
        inside = letter in "=;" or (inside and letter not in ",;")
        if inside and letter not in "=;":
            results.append(i)
    if random.random() < 0.6:
        text = other_digit(random, text, results)
    if random.random() < 0.3:  # a second slip, which may make up for the first
        wrong = random.choice([-10, 10, 1])
        text = text[: text.index(";") + 1] + str(sum(numbers) + wrong)
    return numbers, text


def carried_on(random):
    """Right additions, but of numbers that are not left, or too few or too many of them."""
    numbers = some_numbers(random)
    text = right_one(random, numbers)
    steps, last = text.split(";")[0].split(","), text.split(";")[1]
    kind = random.choice(
        ["twice", "fewer", "more", "again", "other", "swapped", "right", "wrong carried on"]
    )
    if kind == "twice":  # a number is used again, and all is consistent but for that
        again = [*numbers[:-1], random.choice(numbers[:-1])]
        text = right_one(random, again)
    if kind == "fewer":
        kept = steps[: random.choice([len(steps) - 1, random.randint(0, len(steps) - 1)])]
        ends = [*map(str, numbers), last, *(s.split("=")[1].replace("'", "") for s in kept)]
        text = ",".join(kept) + ";" + random.choice([last, random.choice(ends)])
    if kind == "more":
        extra = sums.step(int(last), random.choice([0, *numbers]))
        text = ",".join([*steps, extra]) + ";" + extra.split("=")[1].replace("'", "")
    if kind == "again":  # a step is written once more
        i = random.choice([random.randrange(len(steps)), len(steps) - 1])
        text = ",".join([*steps[: i + 1], *steps[i:]]) + ";" + last
    if kind == "other":
        text = right_one(random, [*numbers[1:], random.randint(10, 99)])
    if kind == "swapped":
        random.shuffle(steps)
        text = ",".join(steps) + ";" + last
    if kind == "wrong carried on":  # a wrong sum takes the place, and all else follows from it
        a, b = numbers[0], numbers[1]
        wrong = a + b + random.choice([-10, 10, 1])
        rest = right_one(random, [wrong, *numbers[2:]]) if len(numbers) > 2 else f";{wrong}"
        text = f"{a}+{b}={wrong}" + ("," if len(numbers) > 2 else "") + rest
    return numbers, text


def used_again(random):
    """Right additions, of which one takes a number, or a sum, that was used before."""
    numbers = [random.randint(10, 99) for _ in range(random.randint(3, 5))]
    left, used, steps = random.sample(numbers, len(numbers)), [], []
    wrong = random.randrange(len(numbers) - 1)
    for i in range(len(numbers) - 1):
        a, b = (left.pop(random.randrange(len(left))) for _ in range(2))
        if i == wrong:  # what it takes the place of is never used
            b = random.choice(used or [a])
        used += [a, b]
        steps.append(sums.step(*random.sample([a, b], 2)))
        left.append(a + b)
    return numbers, f"{','.join(steps)};{random.choice([sum(numbers), left[0]])}"


def all_stay(random):
    """Right additions of any numbers and sums, as if none were ever removed."""
    numbers = [random.randint(10, 49) for _ in range(random.randint(3, 5))]
    pool, steps = list(numbers), []
    for _ in numbers[1:]:
        a, b = random.sample(pool, 2)
        steps.append(sums.step(a, b))
        pool.append(a + b)
    return numbers, f"{','.join(steps)};{random.choice([sum(numbers), pool[-1]])}"


def made_up_for(random):
    """One number is used twice and two are left out, but the last sum is that of all numbers."""
    a, c, d, *more = (random.randint(10, 49) for _ in range(random.choice([3, 4])))
    numbers, total = [a, c + d, c, d, *more], a + c + d
    steps = [sums.step(a, c + d)]
    for n in more:
        steps.append(sums.step(total, n))
        total += n
    steps.insert(random.randint(1, len(steps)), sums.step(a, random.choice([c, d])))
    steps.append(sums.step(*random.sample([total, c + d], 2)))
    return random.sample(numbers, len(numbers)), f"{','.join(steps)};{sum(numbers)}"


def with_itself(random):
    """A number, or a sum, is added to itself, though it stands there once; all else is right."""
    numbers = random.sample(range(10, 100), random.randint(2, 5))
    left, steps, wrong = random.sample(numbers, len(numbers)), [], random.randrange(len(numbers))
    while len(left) > 1 or len(steps) <= wrong:
        a = left.pop(random.randrange(len(left)))
        b = a if len(steps) == wrong else left.pop(random.randrange(len(left)))
        steps.append(sums.step(a, b))
        left.append(a + b)
    return numbers, f"{','.join(steps)};{random.choice([sum(numbers), left[0]])}"


def not_left(random):
    return random.choice([used_again, all_stay, made_up_for, with_itself])(random)


def same_text(random):
    """Few texts, each asked about with several numbers of the same sum."""
    several = [[15, 27, 38], [16, 26, 38], [15, 28, 37]]
    text = right_one(chance.Random(random.randrange(2)), random.choice(several))
    return random.choice(several), text


def right_working(random):
    numbers = some_numbers(random)
    return numbers, right_one(random, numbers)


def lenient(random):
    """A right working but for a letter that looks alike, stands twice, or is not seen."""
    numbers = some_numbers(random)
    text = right_one(random, numbers)
    i = random.randrange(len(text))
    before, letter, after = text[:i], text[i], text[i + 1 :]
    unseen = random.choice(["\0", "\u200b", "\ufeff", "\xa0", "<|endoftext|>"])
    return numbers, random.choice(
        [
            before + chr(ord(letter) + 0xFEE0) + after,  # as wide as it is high
            "".join(chr(ord(letter) + 0xFEE0) for letter in text),
            before + 2 * letter + after,
            text.replace("'", random.choice("’′`")),
            text + random.choice([".", ".0", ",0", "!", " ", "\n", unseen]),
            unseen + text,
            before + unseen + letter + after,
        ]
    )


def anything(random):
    numbers = some_numbers(random)
    text = right_one(random, numbers)
    i = random.randrange(len(text) + 1)
    odd = random.choice([" ", ",", ";", "+", "=", "'", "x", "٣", "-", "\n", "0", ";;", "", "+0"])
    return numbers, random.choice(
        [
            text[:i] + odd + text[i:],
            text[:i] + text[i + 1 :],
            text[:i],
            odd * random.randint(0, 5),
            text + odd + text.split(";")[1],
            text.replace(random.choice(",;+='"), odd),
            "".join(random.choice("0123456789+=',;") for _ in range(random.randint(0, 40))),
            question(numbers) + text,
            text,
        ]
    )


def between(random):
    """A right working, but for a letter where a step or the answer begins or ends."""
    numbers = some_numbers(random)
    text = right_one(random, numbers)
    edges = [i for i in range(len(text) + 1) if {*text[max(0, i - 1) : i + 1]} & {*",;"}]
    i = random.choice([0, *edges, len(text)])
    if random.random() < 0.2:  # the two that part steps and answer, one for the other
        return numbers, random.choice([text.replace(";", ","), text.replace(",", ";")])
    return numbers, text[:i] + random.choice(" \n\t\r\v\f\u2003,;+0") + text[i:]


@check.once
def results():
    example()
    check.own(my_verifier, slip)
    check.against(
        sums.verify,
        my_verifier,
        right_working,
        why="A right working is refused: any two of the numbers may come next, equal ones too, in "
        "either order.",
    )
    check.against(
        sums.verify,
        my_verifier,
        slip,
        why="Each step has to be written as right_step writes it, and the answer is what is left.",
    )


@check.once
def numbers_left():
    results()
    for draw in (carried_on, not_left):
        check.against(
            sums.verify,
            my_verifier,
            draw,
            why="Two numbers that are left go, their sum comes; at the end one is left, the answer.",
        )
    check.against(
        sums.verify,
        my_verifier,
        same_text,
        why="The same text is right for some numbers and wrong for others: look at those of each call.",
    )


def any_text():
    numbers_left()
    for texts in (anything, between, lenient):
        check.against(
            sums.verify, my_verifier, texts, why="Any other text is refused, whatever stands in it."
        )
    check.keeps(my_verifier, anything, why="The list of numbers has to stay as it was.")


points = 1.0 * check.passes("results", results)
points += check.passes("numbers that are left", numbers_left)
points += check.passes("any text", any_text)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Work for a count" points=1
# For which job is a vote the right tool?
#
# - **A** Sixteen poems about the sea, of which the best is to be printed.
# - **B** Sixteen greedy answers to one exam task, from one model and machine.
# - **C** Sixteen worked solutions of an exam task whose answer is a date.
# - **D** Sixteen one-word answers to a riddle that the model usually gets wrong.

# %% answer="work_for_a_count"
answer_job = ""  # "A", "B", "C" or "D"

# %% test="work_for_a_count"
check.choice(
    answer_job,
    right="C",
    why={
        "A": "A vote counts what is the same. How many of the poems are?",
        "B": "How many different answers are there to count?",
        "D": "What is the most common answer, if there is one road and it leads astray?",
    },
)

# %% [markdown] question="A design that keeps its promises" points=4
# Your `my_chooser` from **Build it: the chooser** above, one point for each promise as it stands
# there: up to 64 tries, answers from −999 to 999, log-probabilities from −99 to 0. *Speaks* also wants
# the list left as it was. *Fair* counts only together with *speaks*. *Pays* counts only with *speaks*
# and *heeds*, and is measured on 1,000 other sums.


# %% test="my_chooser"
points = 1.0 * check.passes("speaks", speaks, my_chooser)


### BEGIN HIDDEN TESTS
def any_tries(random, one_alone=False):
    """Tries of few or many answers; none, one, some or all accepted."""
    count = random.choice([0, 1, 2, random.randint(3, 8), random.randint(3, 64)])
    count = random.randint(3, 64) if one_alone else count
    count = 64 if random.random() < 0.05 else count
    pool = [random.choice([0, -1, random.randint(-999, 999)]) for _ in range(random.randint(1, 5))]
    pool += [None] * random.choice([0, 0, 1, 5])
    logprobs = random.sample(range(-99_000_000, random.choice([1, -90_000_000])), count)
    if count and random.random() < 0.2 and 0 not in logprobs:  # a text that is sure
        logprobs[random.randrange(count)] = 0
    rate = random.choice([0.0, 0.2, 0.5, 1.0])
    good = [random.random() < rate for _ in range(count)]
    if one_alone:  # often the likeliest, the least likely, the first or the last
        ends = logprobs.index(min(logprobs)), logprobs.index(max(logprobs)), 0, count - 1
        only = random.choice([random.randrange(count), *ends])
        good = [i == only for i in range(count)]
    found = zip(logprobs, good, strict=True)
    return ([(random.choice(pool), x / 1_000_000, accepted) for x, accepted in found],)


def alike_tries(random):
    """Few answers that come again in all orders, nearly as likely, accepted or not."""
    answers = random.choice([[7, 9], [5, -5], [7, 7, 9, 9], [-1, 3, None], [8, -8, 2]])
    base, rate = random.choice([-1.0, -3.5, -8.0]), random.choice([0.0, 0.3, 0.5, 1.0])
    logprobs = [
        round(base - off / 100_000, 6) for off in random.sample([1, 2, 4, 8, 16], len(answers))
    ]
    found = zip(random.sample(answers, len(answers)), logprobs, strict=True)
    return ([(says, x, random.random() < rate) for says, x in found],)


def each(one_alone=False):
    draw = lambda random: any_tries(random, one_alone)  # noqa: E731
    return (found for (found,), _ in check.drawn(check.nothing, draw))


def each_alike():
    return (found for (found,), _ in check.drawn(check.nothing, alike_tries, 80))


@check.once
def always_speaks():
    speaks(my_chooser)
    for found in each():
        speaks(my_chooser, found)
    check.keeps(my_chooser, any_tries, why="The list has to stay as it was.")


@check.once
def always_heeds():
    heeds(my_chooser)
    for found in [*each(), *each(one_alone=True), *each_alike()]:
        heeds(my_chooser, found)


def always_fair():
    always_speaks()
    fair(my_chooser)
    for found in [*each(), *each_alike()]:
        fair(my_chooser, found)
        mixed = sorted(found, key=lambda one: one[1])
        assert chosen(my_chooser, mixed) == chosen(my_chooser, found), "The order of tries decides."


def always_pays():
    always_speaks()
    always_heeds()
    pays(my_chooser, sums=1000, seed=2)


points = 1.0 * check.passes("speaks", always_speaks)
points += check.passes("heeds", always_heeds)
points += check.passes("fair", always_fair)
points += check.passes("pays", always_pays)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown]
# ## Your score
#
# Press the button. It saves the notebook, then scores it.

# %%
check.score_button()

# %% [markdown]
# ## References
#
# - [chen2021] [Evaluating Large Language Models Trained on Code](https://arxiv.org/abs/2107.03374), 2021
# - [wang2022] [Self-Consistency](https://arxiv.org/abs/2203.11171), 2022
# - [karan2025] [Reasoning with Sampling](https://arxiv.org/abs/2510.14901), 2025
# - [sanchez2023] [Stay on Topic with Classifier-Free Guidance](https://arxiv.org/abs/2306.17806), 2023
# - [li2022] [Contrastive Decoding](https://arxiv.org/abs/2210.15097), 2022
# - [muennighoff2025] [s1: Simple test-time scaling](https://arxiv.org/abs/2501.19393), 2025
# - [brown2024] [Large Language Monkeys](https://arxiv.org/abs/2407.21787), 2024

# %% [markdown]
# - [stroebl2024] [The Limits of Inference Scaling Through Resampling](https://arxiv.org/abs/2411.17501), 2024
# - [liu2023] [Is Your Code Generated by ChatGPT Really Correct?](https://arxiv.org/abs/2305.01210), 2023
# - [humaneval35] [pass@k of more tries than were made](https://github.com/openai/human-eval/issues/35)
# - [vllmbudget2026] [vLLM's budget for thinking](https://docs.vllm.ai/en/v0.22.1/api/vllm/v1/sample/thinking_budget_state/), 2026
# - [llamacpp22717] [a bug report on llama.cpp's](https://github.com/ggml-org/llama.cpp/issues/22717), 2026
# - [claudethinking2026] [Extended thinking](https://platform.claude.com/docs/en/build-with-claude/extended-thinking), 2026

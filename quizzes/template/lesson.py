# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # __TITLE__
#
# Keep every token whose logit is near enough to the best, forbid the others, and draw.
#
# > **About 20 minutes** · difficulty ●●○○○ · you need: softmax
# >
# > Afterwards you can
# > - say by hand which tokens a gap keeps, and how likely each becomes;
# > - write the cut for any batch;
# > - say what it shares with min-p, and why temperature changes it.

# %% [markdown]
# **Recall.** Two tokens have logits that differ by 1. How many times as likely is the better one?
# Answer before you unfold.
#
# <details><summary>Answer</summary>
#
# *e* ≈ 2.7 times: softmax turns a difference of logits into a ratio of probabilities.
# </details>

# %% locked="setup"
import torch

from course_utils import explore
from course_utils import quiz as check
from course_utils.toys import NEXT_LOGITS, NINE_WORDS, VOCABULARY

# %% [markdown]
# ## By hand, on nine words
#
# A model has read `every effort moves you`. The logits of what could follow begin with `forward`
# 6.75, `toward` 6.28, `closer` 4.51. The gap is the distance below the best that is still allowed.
#
# **Predict.** How many words stay with a gap of 1? And with a gap of 3?

# %%
for gap in (1.0, 3.0):
    stays = NEXT_LOGITS.max() - NEXT_LOGITS <= gap
    print(gap, [word for word, stay in zip(VOCABULARY, stays, strict=True) if stay])

# %% [markdown]
# Two and three. A gap counts logits, so it does not ask how many tokens are near, or how much
# probability they hold.

# %% [markdown]
# ## Predict, then move
#
# A gap of *g* is min-p with *p* = *e*⁻ᵍ [nguyen2025]: a token stays if it is at least *p* times as
# likely as the best.
#
# **Predict.** At min_p 0.1 the gap is 2.3. How many words stay? Say a number, then move the slider.

# %%
explore.Distribution(NINE_WORDS, knobs=["min_p"])

# %% [markdown]
# 1. Were you right? (Three: `closer` is 2.24 below `forward`.)
# 2. Find the *p* at which `closer` goes. Which gap is that?

# %% [markdown]
# ## The formula
#
# Token $i$ stays if $z_i \ge \max_j z_j - g$, for a gap $g \ge 0$. Dividing all logits by a
# temperature divides their distances too, so the same gap keeps more tokens when it is hot.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example, without points.
# The button at the end scores all answers, your builds above too.

# %% [markdown] question="Four logits and a gap" points=1
# Four tokens have the logits 3, 2, 0 and −1. How many stay with a gap of 1.5?

# %% answer="count_by_hand"
answer_count = None  # a whole number

# %% test="count_by_hand"
check.number(
    answer_count,
    right=2,
    within=0.01,
    why={
        1: "A gap of 0 would keep the best alone. How far below it is the second?",
        3: "How far below the best is the third: more than the gap, or less?",
        4: "All of them would need a gap of 4.",
    },
    hint="Subtract the gap from the largest logit. Which logits are not below the result?",
)

# %% [markdown] question="A printed count" points=1
# What does this print? Work it out first.
#
# ```python
# row = torch.tensor([2.0, 5.0, 4.5, 2.0])
# print(int((row >= row.max() - 3).sum()))
# ```

# %% answer="printed_count"
answer_printed = None  # a whole number

# %% test="printed_count"
check.number(
    answer_printed,
    right=4,
    within=0.01,
    why={
        1: "The comparison asks for every element of the row, not for the largest alone.",
        2: "Two are well inside. What does the comparison say of those just at the edge?",
        3: "Two elements are equal, so they share their fate.",
    },
    hint="Work out the bar, then compare each number of the row with it.",
)

# %% [markdown] question="Heat first" points=1
# You set the temperature to 2 before the cut. What happens with the same gap?
#
# - **A** At least as many tokens stay: logits move together.
# - **B** Fewer tokens stay: every logit gets smaller, so more of them fall below the bar.
# - **C** The same tokens stay, as their order does.
# - **D** Other tokens lead.

# %% answer="heat_first"
answer_heat = ""  # "A", "B", "C" or "D"

# %% test="heat_first"
check.choice(
    answer_heat,
    right="A",
    why={
        "B": "The best logit gets smaller too, and the bar with it. What becomes of a distance?",
        "C": "The order stays, but the cut does not look at the order. At what does it look?",
        "D": "Can dividing by a positive number change which logit is the largest?",
    },
)

# %% [markdown] question="Two survivors" points=1
# Two tokens survive a cut. How do their odds compare with those before it?
#
# - **A** They become even, as the cut removed what set them apart.
# - **B** They are as before: both were divided by one sum.
# - **C** The better one gains.
# - **D** The worse one gains most, as it was nearest to the bar that was drawn.

# %% answer="two_survivors"
answer_odds = ""  # "A", "B", "C" or "D"

# %% test="two_survivors"
check.choice(
    answer_odds,
    right="B",
    why={
        "A": "Their logits were left alone. What sets two survivors apart?",
        "C": "Both gain. Divide one by the other, before and after.",
        "D": "The bar decides who stays, and nothing else.",
    },
)

# %% [markdown] question="The gap of min-p" points=1
# Which gap is the same as min-p with *p* = 0.5?
#
# - **A** 0.5, as *p* is the share that the bar takes of the best probability.
# - **B** 2, one over *p*.
# - **C** About 0.69, the natural logarithm of 2.
# - **D** None: one counts logits, the other counts probabilities, and they cannot be compared.

# %% answer="gap_of_min_p"
answer_gap = ""  # "A", "B", "C" or "D"

# %% test="gap_of_min_p"
check.choice(
    answer_gap,
    right="C",
    why={
        "A": "A ratio of probabilities is not a difference of logits. What turns one into the other?",
        "B": "That is the ratio of the best to the bar. Which difference of logits gives it?",
        "D": "Softmax ties the two together: what does a difference of logits become?",
    },
)

# %% [markdown] question="A crowded step" points=1
# Which step of a text keeps the most tokens, at the same gap?
#
# - **A** One with a single good word.
# - **B** The first of the text, as the model knows nothing yet about what it will be asked to say.
# - **C** Each keeps as many as the others.
# - **D** One where many words are about equally good.

# %% answer="crowded_step"
answer_step = ""  # "A", "B", "C" or "D"

# %% test="crowded_step"
check.choice(
    answer_step,
    right="D",
    why={
        "A": "With a single good word the others are far below it. Are they within the gap?",
        "B": "The place in the text does not count. What about a row decides how many are near?",
        "C": "That is top-k. The gap compares each token with the best of its step.",
    },
)

# %% [markdown] question="A bar for a batch" points=2
# Find the bug: in a batch the rows spoil each other. Repair it for `logits` of any shape (...,
# vocab).


# %% answer="bar_repair"
def repaired_bar(logits, gap):
    """The lowest logit that stays, one a row: (..., 1)."""
    ### BEGIN SOLUTION
    best = logits.max(dim=-1, keepdim=True).values
    return best - gap
    ### END SOLUTION
    best = logits.max()
    return best - gap


# %% test="bar_repair"
def example():
    check.close(
        repaired_bar,
        [[3.0, 1.0], [9.0, 2.0]],
        1.0,
        expect=[[2.0], [8.0]],
        why="The best of the first row is 3, that of the second 9. Each row has a bar of its own.",
    )


2.0 * check.passes("two rows", example)
### BEGIN HIDDEN TESTS
example()
check.close(
    repaired_bar,
    [[[1.0, 4.0, 2.0]], [[0.0, -5.0, -1.0]]],
    0.5,
    expect=[[[3.5]], [[-0.5]]],
    why="For logits of shape (2, 1, 3): tokens are the last dimension, whatever is before it.",
)
### END HIDDEN TESTS

# %% [markdown] question="Your cut" points=2
# Write the cut. The check below shows one case; scoring tries others.


# %% answer="keep_within"
def keep_within(logits, gap):
    """Logits at least the largest of their row minus `gap`; the others are -inf.

    logits: (..., vocab), left as they are; gap: 0 or more. Returns the same shape.
    """
    ### BEGIN SOLUTION
    best = logits.max(dim=-1, keepdim=True).values
    return logits.masked_fill(logits < best - gap, -torch.inf)
    ### END SOLUTION


# %% test="keep_within"
def example():
    check.kept(
        keep_within,
        NEXT_LOGITS,
        1.0,
        expect={3, 7},
        why="With a gap of 1, forward and toward must stay, and all others be -inf.",
    )


2.0 * check.passes("nine words, gap 1", example)
### BEGIN HIDDEN TESTS
example()
check.kept(
    keep_within,
    [2.0, 5.0, 2.0],
    3.0,
    expect={0, 1, 2},
    why="A token just at the edge of the gap stays.",
)
check.unchanged(
    keep_within,
    [[1.0, 4.0], [9.0, 2.0]],
    1.0,
    expect=[[-torch.inf, 4.0], [9.0, -torch.inf]],
    why="Each row has a best token of its own, and the logits that went in must stay as they were.",
)
### END HIDDEN TESTS

# %% [markdown]
# ## Your score
#
# Press the button. It saves the notebook, then scores it.

# %%
check.score_button()

# %% [markdown]
# ## References
#
# - [nguyen2025] Nguyen and others: Turning Up the Heat: Min-p Sampling. 2025
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Start here
#
# > **Seven minutes** · difficulty ○○○○○ · you need: nothing
# >
# > Afterwards you know that everything works, what a slider does, and how your answers are scored.
#
# A notebook is a column of cells. Shift+Enter runs the cell you are in and moves on. Run them from
# top to bottom.

# %% [markdown]
# ## Does it run?
#
# The next cell loads the course and its language model, the Storyteller. It came with the course,
# so nothing is downloaded.

# %% locked="setup"
from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.generate import Settings, generate
from course_utils.toys import NINE_WORDS

# %%
model = storyteller.load()
steps = generate(model, "Once upon a time", Settings(temperature=0.7), max_new_tokens=40, seed=0)
print("Once upon a time" + "".join(step.text for step in steps))

# %% [markdown]
# If a story began, all is well. If a cell says `ModuleNotFoundError`, the notebook runs in another
# Python than the course's: close JupyterLab and start it as the README says.

# %% [markdown]
# ## One slider
#
# A toy model knows nine words. It has read `every effort moves you`, and the bars are the
# probabilities of its next word. A high **temperature** makes them more equal, a low one less. (The
# small line above the bars is for later.)
#
# **Predict.** You set the temperature to 0. How many words are left to choose from? Say a number,
# then move the slider, by mouse or with the arrow keys.

# %%
explore.Distribution(NINE_WORDS)

# %% [markdown]
# 1. At 0 one word has 100%. Which?
# 2. Move to 3. Does any word overtake another?
#
# No picture above? Then widgets are missing from your JupyterLab. Start it as the README says.

# %% [markdown]
# ## How a module goes
#
# Each module asks for a guess, lets you move something, explains what you saw, and has
# you build it. At its end are the questions. Run everything again as often as you like: nothing can
# break, and the course never overwrites your files.

# %% [markdown]
# ## How scoring works
#
# If a cell has `None`, put your answer in its place. Else write your code in place of
# `# YOUR CODE HERE`. Run the cell, and the locked one below it: it shows how your answer was read, or
# tries your function once, without points. The button at the end runs the notebook from top to
# bottom and gives points and a reason for each point lost.
#
# To try it: 2 questions, 2 points.

# %% [markdown] question="Read a bar" points=1
# Set the slider above to 0.5. What share has `forward` now, in percent? Write the number that the
# picture shows.

# %% answer="read_a_bar"
answer_share = None  # a number of percent, such as 12.5

# %% test="read_a_bar"
check.number(
    answer_share,
    right=71.3,
    within=0.6,
    why={
        57.2: "That is its share at temperature 1. Move the slider first, then read the bar.",
        0.713: "The right bar. Write it in percent, as the picture does.",
        28: "That is the bar of another word. Look for the one labelled forward.",
        100: "That is its share at temperature 0. The question is about 0.5.",
    },
    hint="Set the slider to 0.5 and read the number at the end of the bar labelled forward.",
)

# %% [markdown] question="A first function" points=1
# Complete the function: it returns the sum of two numbers. The check below shows one case. Scoring
# tries others too, so a function has to be right for any numbers.


# %% answer="add"
def add(a, b):
    """The sum of a and b."""
    ### BEGIN SOLUTION
    return a + b
    ### END SOLUTION


# %% test="add"
def example():
    check.gives(add, 2, 3, expect=5, why="2 and 3 make 5.")


1.0 * check.passes("2 and 3", example)
### BEGIN HIDDEN TESTS
import math


def total(a, b):
    return math.fsum([a, b])


def any_two(random):
    numbers = 0, random.randint(-9, 9), random.randint(-(10**12), 10**12), random.gauss(0, 1)
    return random.choice(numbers), random.choice(numbers)


example()
check.against(total, add, any_two, why="Right for 2 and 3, but not for every two numbers.")
### END HIDDEN TESTS

# %% [markdown]
# Press the button. It saves the notebook, then scores it.

# %%
check.score_button()

# %% [markdown]
# Two points, or a reason for each lost one? Then all works: go on with module 01, **The next token**.

# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Fast and constrained
#
# The Storyteller gets two helpers. The first writes ahead, which may save time. The second forbids
# tokens, so that a program can read the answer.

# %% [markdown]
# > **About 180 minutes**, best in two sittings · difficulty ●●●●○ · you need: modules 1 to 3, 6 and
# > 10
# >
# > Afterwards you can
# > - write the coin that accepts or refuses a guess, and say why it works;
# > - say when guessing ahead saves time;
# > - write the mask of a small grammar, and measure what it takes away;
# > - repair the answers that a mask changed.

# %% [markdown]
# **Recall.** Three tokens have the probabilities 0.5, 0.3 and 0.2, and top-k keeps two. How likely
# is the second token then? Which token is drawn at *T* = 0?
#
# <details><summary>Answer</summary>
#
# 0.3 / 0.8 = 0.375: what stays is divided by its sum. At *T* = 0 the likeliest token is always
# drawn.
# </details>
#
# The next cell, folded, has imports and helpers.

# %% locked="setup" jupyter={"source_hidden": true}
import functools
import math
import random
from collections import Counter

import torch
from torch.nn import functional as F

from course_utils import calculator, constrain, explore, storyteller
from course_utils import quiz as check
from course_utils.explore.plots import look
from course_utils.explore.speculation import fewer_blocks, looked_at
from course_utils.generate import Settings, generate, generate_batch
from course_utils.sampling import sample
from course_utils.speculative import lookup_draft, model_draft, speculate, verify
from course_utils.sums import answer, draw_sum, question
from course_utils.toys import exact_conditional, masked_decoding

model = storyteller.load()
VOCAB = model.vocab_size
END = model.tokenizer.eot_token
PIECES = [model.tokenizer.decode([token]) for token in range(END)] + [""]
OPENINGS = ("Once upon a time", "The king", "The little girl", "One day", "The old man", "The fox")


def show(words, **columns):
    """Print one row a word, one column an argument."""
    print(" " * 13 + "".join(f"{name:>13}" for name in columns))
    for word, *numbers in zip(words, *columns.values(), strict=True):
        print(f"{word:<13}" + "".join(f"{float(number):13.3f}" for number in numbers))


@functools.cache
def after(ids):
    """The probabilities of the next token after these ids, a tuple: float64 (vocab,)."""
    return model.logits(list(ids), 1)[0].double().softmax(dim=-1)


def chance(prompt, text):
    """How likely the model goes on from the prompt with exactly this text."""
    ids, product = tuple(model.encode(prompt)), 1.0
    for token in model.tokenizer.encode_ordinary(text):
        product, ids = product * float(after(ids)[token]), (*ids, token)
    return product


def fill_in(prompt, grammar, seed, most=40):
    """Draw under a mask until only the end is allowed, or `most` tokens: the text, its pieces, and
    at each step how many tokens the mask allowed and what probability they had together."""
    generator = torch.Generator().manual_seed(seed)
    start, new, counts, left = tuple(model.encode(prompt)), [], [], []
    while len(new) < most:
        allowed = grammar.allowed(new)
        if allowed.sum() == 1 and allowed[END]:
            break
        probs = after((*start, *new)) * allowed
        counts.append(int(allowed.sum()))
        left.append(float(probs.sum()))
        new.append(int(sample(probs.log(), generator)))
    pieces = [model.tokenizer.decode([token]) for token in new]
    return model.tokenizer.decode(new), pieces, counts, left


@functools.cache
def drawn_stories(seeds):
    prompts = [OPENINGS[seed % len(OPENINGS)] for seed in seeds]
    texts = [model.encode(prompt) for prompt in prompts]
    for steps in generate_batch(model, prompts, Settings(temperature=0.8), 50, seeds):
        for text, step in zip(texts, steps, strict=True):
            if step:
                text.append(step.token)
    return texts


def three_bars(names, bars):
    """A chart with three thin bars a name. bars: by label, lengths and a colour."""
    chart = explore.Chart(x="probability", y="", height=3.0)
    for place, (label, (lengths, color)) in enumerate(bars.items()):
        rows = [y + 0.28 * (place - 1) for y in range(len(names))]
        chart.axes.barh(rows, lengths, height=0.25, color=color)
        chart.label(lengths[0] + 0.01, rows[0], label, color)
    chart.axes.set_yticks(range(len(names)), names)
    chart.axes.set_xlim(0, 0.95)
    chart.axes.invert_yaxis()
    return chart


def stories(seeds):
    """Texts that the Storyteller drew at T = 0.8, a list of token ids a seed."""
    return [list(text) for text in drawn_stories(seeds)]


def guessed_ids(guess, ids, ahead, seen):
    """The token ids it guesses, as a list; AssertionError if they are none."""
    found = check.plain(check.call(guess, ids, ahead, seen))
    assert type(found) is list, "Return a list of token ids."
    whole = all(type(token) is int and 0 <= token < VOCAB for token in found)
    assert whole, f"An id is a whole number from 0 to {VOCAB - 1}."
    return found


def come_true(guess, texts, seen, ahead=4):
    """How many guessed tokens are those of the finished texts, and in how many passes."""
    accepted = passes = 0
    for text in texts:
        at = 4
        while at < len(text):
            guessed = guessed_ids(guess, text[:at], ahead, [list(one) for one in seen])
            same = [a == b for a, b in zip(guessed[:ahead], text[at:], strict=False)]
            hits = [*same, False].index(False)
            accepted, passes, at = accepted + hits, passes + 1, at + hits + 1
    return accepted, passes


def look_up(ids, ahead, seen):
    """What followed the last time that the text's last tokens, three at most, stood in it."""
    return lookup_draft(model)(ids, ahead, None)[0]


def midpoints(pair):
    """One of 64 pairs of u and v, evenly spread: 1/16, 3/16 and so on to 15/16."""
    return (pair // 8 + 0.5) / 8, (pair % 8 + 0.5) / 8


def joins_as_often_as_p(coin):
    """AssertionError unless, over all guesses and 64 even pairs of u and v, tokens join as p says."""
    p, q = [0.5, 0.375, 0.125], [0.3125, 0.1875, 0.5]
    total = [0.0, 0.0, 0.0]
    for token in range(3):
        for pair in range(64):
            joined = check.plain(check.call(coin, [*p], [*q], token, *midpoints(pair)))
            assert joined in (0, 1, 2), (
                f"Return an id, 0, 1 or 2; yours returns {check.told(joined)}."
            )
            assert joined == token or q[token] > p[token], "Of this one there is too little: keep."
            total[int(joined)] += q[token] / 64
    assert total == p, f"They should join with {p}, and join with {total}."


def goes_round(guess):
    circle = [5, 9, 5, 7, 3] * 4
    why = "Token 5 stands in the circle twice: look at more than the text's last token."
    check.gives(guess, circle[:12], 3, [], expect=circle[12:15], why=why)


def follows_the_others(guess):
    other = [7, 8, 9, 4] * 3
    check.gives(guess, [4, 7], 2, [other], expect=[8, 9], why=f"The other text is {other}.")


@functools.cache
def looked_up():
    return come_true(look_up, stories(range(106, 112)), [])


def beats_looking_up(guess):
    """AssertionError unless 1.5 times as many tokens come true as by looking up."""
    old, passes = looked_up()
    yours, fewer = come_true(guess, stories(range(106, 112)), stories(range(16)))
    said = f"looking up: {old} tokens come true, {passes} passes; yours: {yours} and {fewer}"
    assert yours >= 1.5 * old, said
    print(said)


def calculates(numbers, grammar=None):
    """What the Calculator writes for a sum at T = 0, under a mask if one is given."""
    adder, asked = calculator.load(), question(numbers)
    start, cold = len(adder.encode(asked)), Settings(temperature=0)

    def process(logits, ids):
        logits = grammar.process(logits, ids[start:]) if grammar else logits
        return cold.process(logits, ids)

    return "".join(step.text for step in generate(adder, asked, process, 54))


# %% [markdown]
# ## Two helpers
#
# The first helper is the **apprentice**: the Storyteller without the last of its six layers. The
# apprentice guesses the next four tokens.
#
# The master is the whole Storyteller. One run of the network, a **pass**, gives the probabilities
# after *every* token that it reads. So the master can judge all four guesses in one pass, from left
# to right:

# %% [markdown]
# - A guess that the master keeps (*accepts*) joins the text.
# - At the first refusal the master draws another token. Later guesses are thrown away, not judged.
# - If the master keeps all guesses, the same pass gives one token more, the **bonus**.
#
# Manuals say **speculative decoding**, and *draft model* for the apprentice.

# %% [markdown]
# **Predict** a number: of ten guesses that the master judges, how many are kept?

# %%
apprentice, knobs = fewer_blocks(model)["5 blocks"], Settings(temperature=0.8)
passes = list(speculate(model, "Once upon a time", model_draft(apprentice, knobs), knobs, 40))
for each in passes[:4]:
    guesses, new = ([PIECES[token] for token in ids] for ids in (each.drafted, each.tokens))
    print(f"guessed {guesses}\n   kept {each.accepted}, joined the text: {new}")
agreed, judged = looked_at(passes)
tokens = sum(len(each.tokens) for each in passes)
print(f"all {len(passes)} passes: {tokens} tokens; {judged} guesses were judged, {agreed} kept")

# %%
explore.Speculation("Once upon a time", temperature=0.8)

# %% [markdown]
# Of 38 judged guesses 19 were kept, half. So the apprentice wrote 19 of the 40 tokens.

# %% [markdown]
# The explorer writes the same text, without the guesses that were not judged; its last lines say what the boxes mean. There *drafted* means
# guessed, and `5 blocks` is the apprentice. A redrawn token has an orange outline, the bonus a plain
# one. (The chart is not needed here.)
#
# Wait for 40 tokens, change `seed` to 1, and wait again: half of the guesses or a little more are
# accepted.

# %% [markdown]
# The text is **exact**: each text comes just as often as if the master wrote alone.

# %% [markdown]
# The second helper is the **censor**. It holds a **form**: a text with a gap, and the answers that
# may fill the gap. At each step the censor forbids the tokens that fit no answer.
#
# Our form begins `Once a girl lived with her grandmother. One day she met`. The answers are
# ` the moon` and ` her grandmother`.

# %% [markdown]
# The Storyteller fills in the form 300 times under the censor. (In the code `|` means "or".) The
# column `with_censor` is the share of each answer. For `model_alone` the model writes freely, and
# only texts with one of the answers count.
#
# **Predict.** Will the two columns be alike?

# %%
PROMPT = "Once a girl lived with her grandmother. One day she met"
ANSWERS = (" the moon", " her grandmother")
two_answers = constrain.regex(model.tokenizer, "|".join(ANSWERS))
forms = [fill_in(PROMPT, two_answers, seed) for seed in range(300)]
count = Counter(text for text, *_ in forms)
alone = [chance(PROMPT, text) for text in ANSWERS]
show(
    [text.strip() for text in ANSWERS],
    with_censor=[count[text] / len(forms) for text in ANSWERS],
    model_alone=[p / sum(alone) for p in alone],
)

# %% [markdown]
# Under `model_alone` the grandmother has 996 texts in 1,000. With the censor, nearly two girls in
# three meet the moon. Yet the censor forbade only tokens that fit neither answer. (The second half
# says why.)
#
# First: how can a text be exact, if the apprentice wrote half of it?

# %% [markdown]
# ## One token, by hand
#
# The next token is one of three words. The master, our model, draws with the probabilities *p*. The
# apprentice, our guesser, draws with *q*: `dog` far too often, and `cat` too seldom.

# %%
WORDS = ("cat", "dog", "fox")
p = torch.tensor([0.5, 0.3, 0.2])
q = torch.tensor([0.2, 0.6, 0.2])
show(WORDS, master_p=p, apprentice_q=q)

# %% [markdown]
# The apprentice guesses `dog` twice as often as it should. So toss a coin for each `dog`, and keep
# half of the dogs. Keep each `cat` (there are too few) and each `fox` (their number is right).

# %% [markdown]
# **Predict.** Of 100 guesses, how many are kept? After each refusal another word is drawn. Which
# word must it be, so that each word comes as often as *p* says?
#
# <details><summary>Answer</summary>
#
# 20 cats, 30 dogs and 20 foxes are kept: 70 of 100. Dogs and foxes are complete then, and 30 cats
# are missing. So each of the 30 refusals must become a `cat`.
# </details>

# %%
kept = torch.minimum(p, q)
missing = (p - q).clamp(min=0)
show(WORDS, guessed=q, kept=kept, missing=missing, in_the_end=kept + missing)
print(f"refused: {1 - kept.sum():.3f}   missing: {missing.sum():.3f}")

# %% [markdown]
# The column `in_the_end` is *p*, as 0.300 was refused and 0.300 was missing. The two are always
# equal: *p* and *q* both sum to 1, so if *q* is 0.3 too high for some words, it is 0.3 too
# low for others.

# %% [markdown]
# ## The formula
#
# Half of the dogs were kept: 0.3 / 0.6, which is *p* / *q*. For any word $x$, the **coin** keeps
# the guess with probability $\min(1, p(x) / q(x))$. After a refusal, draw from what is missing,
# $\max(0, p - q)$ (divided by its sum). Then $x$ joins the text with probability
#
# $$\underbrace{q(x) \min\Big(1, \frac{p(x)}{q(x)}\Big)}_{\text{kept: } \min(p(x),\, q(x))} +
# \underbrace{\max(0, p(x) - q(x))}_{\text{redrawn}} = p(x)$$

# %% [markdown]
# Why is the redrawn part just what is missing? Say 0.1 of one word is missing and 0.2 of another.
# Then 0.3 is refused, and one redraw in three becomes the first word: 0.1.
#
# How often is a guess accepted? By hand: 0.2 + 0.3 + 0.2 = 0.7. This sum is the **overlap** of *p*
# and *q*, $\sum_x \min(p(x), q(x))$ [leviathan2023], [chen2023].

# %% [markdown]
# ## Build it: the coin
#
# > difficulty ●●●○○ · importance ●●●●● · 8 to 12 minutes
#
# Write `my_coin`, without the course's functions, until all checks pass. It is scored. Two numbers
# are random: *u* for the coin, *v* for the redraw. (*u* < *p* / *q* means *u* × *q* < *p*.)
#
# <details><summary>Hint</summary>
#
# After a refusal, walk along what is missing with a running sum, as in module 1.
# </details>


# %% answer="my_coin"
def my_coin(p, q, token, u, v):
    """The token that joins the text when the guesser has drawn `token`.

    p, q: what the model and the guesser give each token, two lists of equal length; each
    sums to 1, and they stay as they are. token: the id of the guess, with q[token] above 0.
    u, v: random numbers, at least 0 and below 1.
    The guess is accepted if u * q[token] is below p[token]. If it is not, the token is drawn
    from what is missing, max(0, p - q) of each token: the first id at which the running sum is
    above v times the whole sum.
    Returns an id, a whole number.
    """
    ### BEGIN SOLUTION
    if u * q[token] < p[token]:
        return token
    missing = [max(0.0, a - b) for a, b in zip(p, q, strict=True)]
    line, so_far = v * sum(missing), 0.0
    for i, amount in enumerate(missing):
        so_far += amount
        if so_far > line:
            return i
    ### END SOLUTION


# %%
HAND = [0.5, 0.3, 0.2], [0.2, 0.6, 0.2]
for name, token, u, why in (
    ("a cat", 0, 0.9, "Too few cats: keep."),
    ("a dog", 1, 0.7, "0.42 is above 0.3."),
):
    check.passes(name, check.gives, my_coin, *HAND, token, u, 0.5, expect=0, why=why)
tried = check.passes("every guess and pair", joins_as_often_as_p, my_coin)

# %% [markdown]
# ## On the real model
#
# A text is exact if each token joins as often as *p* says. Does the coin work with 4,096 tokens?
# The next two cells, folded, toss the course's coin for 2,000 guesses after `Once upon a time`, now at *T* = 1.
#
# **Predict.** By hand 70% of the guesses were accepted. Are more accepted here, or fewer?

# %% jupyter={"source_hidden": true}
ids = model.encode("Once upon a time")
real_p = after(tuple(ids))
real_q = apprentice.logits(ids, 1)[0].double().softmax(dim=-1)
generator, joined, accepted = torch.Generator().manual_seed(0), Counter(), 0
for _ in range(2000):
    guess = int(sample(real_q.log(), generator))
    # p at the guess, and at the bonus after it, which is not used here
    tokens, hit = verify(torch.stack([real_p, real_p]), real_q[None], [guess], generator)
    joined[tokens[0]] += 1
    accepted += hit
print(f"accepted {accepted / 2000:.3f}, overlap {torch.minimum(real_p, real_q).sum():.3f}")

# %% jupyter={"source_hidden": true}
best = real_p.topk(4).indices.tolist()
names = [look.visible(model.tokenizer.decode([token])) for token in best]
share = [joined[token] / 2000 for token in best]
bars = {
    "q, the apprentice": (real_q[best].tolist(), look.QUIET),
    "p, the model": (real_p[best].tolist(), look.KEPT),
    "what joined the text": (share, look.DRAWN),
}
three_bars(names, bars).says(
    f"{names[0]} joins {share[0]:.1%} of the time: the model gives it {real_p[best[0]]:.1%}, the "
    f"apprentice {real_q[best[0]]:.1%}. The comma: {share[1]:.1%}, {real_p[best[1]]:.1%}, and "
    f"{real_q[best[1]]:.1%}."
)

# %% [markdown]
# Only half of the guesses were accepted, yet each word joins about as often as *p* says. A bad
# guesser makes the text slow, not wrong.

# %% [markdown]
# ## A mistake with *q*
#
# Somebody lets the apprentice always guess its *likeliest* word. The coin and the redraw still use
# the old *q*.

# %% [markdown]
# **Predict**, on paper. There are two words. *p* is 0.6 and 0.4, the old *q* is 0.8 and 0.2. How
# often does the first word join in the end?
#
# <details><summary>Answer</summary>
#
# The guess is always word one. It is accepted with probability 0.6 / 0.8 = 75%, and a refusal
# becomes word two. So word one joins 75 times in 100, not 60.
# </details>

# %% [markdown]
# This mistake was found in the library `transformers` in 2024 [transformers32867].
#
# The rule: ***q* must be what the guess was drawn from**. A guesser that always says the same word
# has *q* = 1 for this word. Then the coin accepts with probability 0.6 / 1, and word one joins 60
# times in 100.

# %% [markdown]
# ## How much faster?
#
# A pass gives the kept guesses and one token of the master's own (redrawn, or the bonus).
#
# Say 0.8 of the judged guesses are kept. Then the first guess joins in 80 of 100 passes. The second
# guess joins only if the first did: in 80 × 0.8 = 64. So 100 passes with two guesses give the
# master's own 100 tokens, and 80 + 64 guesses: 244 tokens, 2.44 a pass.

# %% [markdown]
# If a judged guess is kept with probability *a*, a pass with *n* guesses gives on average [leviathan2023]
#
# $$1 + a + a^2 + \dots + a^n$$
#
# **Predict.** With *a* = 0.5 and four guesses, is a pass closer to 2 tokens or to 3? And with eight
# guesses?

# %%
for a in (0.5, 0.8):
    for n in (4, 8):
        print(f"a = {a}, {n} guesses: {sum(a**i for i in range(n + 1)):.2f} tokens a pass")

# %% [markdown]
# With *a* = 0.5 eight guesses hardly help: the fifth counts only if the four before it were kept.

# %% [markdown]
# The next guesser has no network. It **looks up** the latest place where the text's last three
# tokens stood before, and guesses up to four tokens that came next there. If there is no such
# place, it tries the last two, then the last one, or guesses nothing. (It is sure of each guess:
# *q* = 1.)
#
# The next cell, folded, compares both guessers.

# %% jupyter={"source_hidden": true}
counted, texts = {}, {}
for T in (0, 0.8):
    knobs = Settings(temperature=T)
    for name, draft in (
        ("apprentice", model_draft(apprentice, knobs)),
        ("look up", lookup_draft(model)),
    ):
        each = list(speculate(model, "Once upon a time", draft, knobs, 40))
        guessed, (kept, judged) = sum(len(one.drafted) for one in each), looked_at(each)
        counted[name, T] = len(each), guessed
        texts[T] = [token for one in each for token in one.tokens]
        print(
            f"T = {T:<4}{name:<11}{len(each)} passes, {guessed} guessed, {judged} judged, {kept} kept"
        )
print("T = 0 wrote:" + model.tokenizer.decode(texts[0]))

# %% [markdown]
# At *T* = 0 the text repeats itself, so the guesses of looking up are as good as the
# apprentice's: 11 of 18 kept, against 23 of 37. But looking up often finds nothing, and takes 29 passes, against 17.

# %% [markdown]
# **Predict.** At *T* = 0 the master kept 62% of the apprentice's judged guesses. The next cell raises the
# *T* of master and apprentice. Is the share clearly larger then, clearly smaller, or neither?

# %% jupyter={"source_hidden": true}
for T in (0.3, 0.9, 1.5):
    knobs = Settings(temperature=T)
    draft = model_draft(apprentice, knobs)
    texts = [speculate(model, "Once upon a time", draft, knobs, 40, seed) for seed in (0, 1)]
    agreed, judged = map(sum, zip(*(looked_at(list(text)) for text in texts), strict=True))
    print(f"T = {T:<4}{agreed} of {judged} judged guesses kept, {agreed / judged:.0%}")

# %% [markdown]
# 51%, 61% and 59%, against 62% of only 37 guesses. These are too few guesses to show a clear change. A higher *T*
# flattens both *p* and *q*, so their overlap need not shrink.

# %% [markdown]
# ## What a guess costs
#
# Without guesses 40 tokens cost 40 passes. A guess costs 0.98 of a pass:
#
# - 5/6 to *make* it: the apprentice runs five of the six layers;
# - 0.15 to *read* it: with four guesses to read, a pass took 1.6 times as long (on one processor
#   thread, November 2026). So reading four costs 0.6, and reading one 0.15.

# %% [markdown]
# **Predict.** At *T* = 0 the apprentice made 62 guesses (in the last passes fewer than four), and
# the master 17 passes. Is 17 + 62 × 0.98
# more than 40, or less? (The next cell, folded, divides by 40: above 1 is slower.)


# %% jupyter={"source_hidden": true}
def time_of(passes, guessed, cost):
    """Against plain writing of 40 tokens; cost: to make and read a guess, in plain passes."""
    return (passes + guessed * cost) / 40


for (name, T), (passes, guessed) in counted.items():
    cost = 0.15 + (5 / 6 if name == "apprentice" else 0)
    print(
        f"T = {T:<4}{name:<11}({passes} passes + {guessed} guesses × {cost:.2f}) / 40 = "
        f"{time_of(passes, guessed, cost):.2f} of the time"
    )

# %% [markdown]
# With an apprentice nearly as big as its master, a text takes *about 2 to 2.6 times as long*.
# Looking up costs only the reading, and saves a little at *T* = 0.
#
# A large model's apprentice can be fifty times smaller. And on a graphics card reading is nearly
# free: most of a pass goes into fetching the weights, once for all its tokens [chen2023].

# %% [markdown]
# **Predict**, on paper. At *T* = 0.8 our apprentice made 84 guesses in 21 passes. Let reading be
# free. How cheap must a guess be, so that passes and guesses cost less than 40?
#
# <details><summary>Answer</summary>
#
# 21 + 84 × cost is below 40 if the cost is below 19 / 84, not quite a quarter of a pass.
# </details>

# %%
for part in (2, 4, 10, 50):
    time = time_of(*counted["apprentice", 0.8], 1 / part)
    print(f"T = 0.8, a guess costs 1/{part} of a pass, reading it nothing: {time:.2f} of the time")

# %% [markdown]
# An apprentice as good as ours, at 1/50 of a pass a guess, saves over 40%.

# %% [markdown]
# ## Build it: your own guesser
#
# > difficulty ●●●○○ · importance ●●●●○ · 10 to 20 minutes
#
# You may guess *however you like*, and the text stays exact: each guess has *q* = 1, as in looking
# up. Write `my_guess`, until its three checks pass. Let it search the text so far, and other texts
# of the same model: asking the model would cost a pass for each guess.

# %% [markdown]
# `my_guess` is scored (question *Your guesser*):
#
# 1. **A circle.** A phrase of one to eight tokens was said about three times, and `ahead` is never longer than
#    the phrase. Three in four of the tokens asked for must be right; a missing guess is a wrong one.
# 2. **Other texts.** In them each token is always followed by the same one. Again three in four of the tokens
#    asked for, up to 20, must be right.

# %% [markdown]
# 3. **New stories.** Six stories are read, four guesses at a time; `seen` has 16 others. Guesses *come
#    true* up to the first one that differs from the story. You need 1.5 times as many as looking up gets.

# %%
old, turns = looked_up()
print(f"looking up: {old} tokens come true, in {turns} passes; you need {math.ceil(1.5 * old)}")

# %% [markdown]
# <details><summary>Hint</summary>
#
# Look for the last three tokens in the text, then in the others; only then for the last two. If too few tokens follow
# there, add those that you found to a copy of the text, and look again.
# </details>


# %% answer="my_guess"
def my_guess(ids, ahead, seen):
    """What may follow: up to `ahead` token ids, the next one first.

    ids: the text so far, a list of at least one id; ahead: 1 to 20; seen: up to 40 other texts
    of the same model, a list of lists of ids, perhaps empty. All of them stay as they are.
    Returns a list of whole numbers from 0 to 4095, perhaps an empty one. The same question gets
    the same answer, whatever was asked before. The course's functions may be called.
    """
    ### BEGIN SOLUTION
    for n in (3, 2, 1):
        for text in (ids, *seen):
            for i in range(len(text) - n - 1, -1, -1):
                if text[i : i + n] == ids[-n:]:
                    return text[i + n : i + n + ahead]
    return []
    ### END SOLUTION


# %%
for name, ask in (
    ("a circle", goes_round),
    ("another text", follows_the_others),
    ("new stories", beats_looking_up),
):
    check.passes(name, ask, my_guess)

# %% [markdown]
# Does the master write the same text with each guesser? (Not scored.)


# %%
def my_draft(ids, ahead, generator):
    found = list(map(int, my_guess(ids, ahead, stories(range(16)))))
    # the guesses, and for each its q: 1 at this token, 0 at all others
    return found, F.one_hot(torch.tensor(found, dtype=torch.int64), VOCAB).double()


explore.Speculation("Once upon a time", draft=my_draft, temperature=0)

# %% [markdown]
# Note the first words. Change `draft` to *5 blocks* and to *look up*: at *T* = 0 the words stay,
# only the number of passes changes.

# %% [markdown]
# ## Speed in production
#
# DeepSeek's V3 guesses ahead with a small extra layer, and was reported to write 1.8 times as fast
# [deepseek2024]. Guessing helps less with many users at once: the card is busy anyway
# [vllmspec2026].
#
# With the apprentice each refusal is **paid back** with a word that was missing. Does the censor
# pay back what it takes? (Here is a good place to rest.)

# %% [markdown]
# ## What the censor does
#
# A program wants an answer that it can read, such as a JSON object. A **grammar** says which texts
# are allowed. A token is allowed if the text so far, with this token, is one of the allowed texts
# or the beginning of one. The censor's **mask** sets the logit of every other token to −∞, as top-k does. Manuals
# speak of *constrained decoding*, or *structured output*.

# %% [markdown]
# **Predict.** How many of the 4,096 tokens does our form of the girl allow at the first step?

# %%
first = two_answers.allowed([])
print([look.visible(PIECES[token]) for token in first.nonzero().flatten().tolist()])

# %% [markdown]
# Seven: every token that begins one of the answers, even a space alone (`␣`).

# %% [markdown]
# ## Build it: the mask
#
# > difficulty ●●○○○ · importance ●●●●● · 5 to 8 minutes
#
# Write `my_mask` for a grammar that is a list of texts, without the course's functions, until all
# checks pass. It is scored.
#
# <details><summary>Hint</summary>
#
# `text.startswith(beginning)` is most of it.
# </details>


# %% answer="my_mask"
def my_mask(pieces, texts, so_far):
    """For each piece, whether the text may go on with it: a list of True and False.

    pieces: the tokens as strings; the last one is "" and stands for the end of the text, the
    others are not empty. texts: the allowed texts, whole, a list of different strings.
    so_far: what has been written, perhaps "", perhaps already against the rules.
    A piece is allowed if so_far with it is one of the texts or the beginning of one. The end is
    allowed if so_far is one of the texts. pieces and texts stay as they are.
    """
    ### BEGIN SOLUTION
    fits = [any(text.startswith(so_far + piece) for text in texts) for piece in pieces[:-1]]
    return [*fits, so_far in texts]
    ### END SOLUTION


# %%
TINY = ["y", "ye", "yes", "n", "no", "t", "not", ""]
for so_far, expect, why in (
    ("", ["y", "ye", "yes", "n", "no", "not"], "A piece may be a beginning, or a whole text."),
    ("no", ["t", ""], "`no` is a text, and the beginning of `not`."),
    ("yes", [""], "Nothing may follow but the end."),
):
    given = my_mask, TINY, ["yes", "no", "not"], so_far
    expect = [piece in expect for piece in TINY]
    check.passes(f"after {so_far!r}", check.gives, *given, expect=expect, why=why)
for so_far in ("", " the", " her g"):
    right = two_answers.allowed(model.tokenizer.encode_ordinary(so_far)).tolist()
    given = my_mask, PIECES, [*ANSWERS], so_far
    check.passes(
        f"4,096 after {so_far!r}", check.gives, *given, expect=right, why="Half a word counts too."
    )

# %% [markdown]
# ## What the mask takes away
#
# The **mass** is the probability that the model gives to all allowed tokens together. The mask
# divides each of their probabilities by the mass, like 0.3 / 0.8 in the recall.
#
# After `The prince told his name and age:` the model fills in a JSON form: a name of at most eight characters, and the age 7, 30 or 90.
# The next cell, folded, prints the mass at ten steps. (`5.1e-08` is 0.000000051.)

# %% jupyter={"source_hidden": true}
fields = {"name": {"type": "string", "maxLength": 8}, "age": {"enum": [7, 30, 90]}}
schema = {"type": "object", "properties": fields, "required": ["name", "age"]}
form = constrain.json_schema(model.tokenizer, schema | {"additionalProperties": False})
text, pieces, counts, left = fill_in("The prince told his name and age: ", form, seed=0)
print(text)
for piece, number, mass in list(zip(pieces, counts, left, strict=True))[:10]:
    print(f"{look.visible(piece):<8} {number:5} tokens allowed, mass {mass:.2g}")

# %% [markdown]
# The text is valid JSON, from a model that has only read fairy tales. Where the name begins nearly
# everything is allowed, and the mass is 0.98. At the first step only `{` is allowed, and the model
# gave it nearly nothing. The mask divides, and 5.1e-08 becomes 1.
#
# So each step multiplies an answer's probability by 1 / mass. Are all answers multiplied by the
# same factor? If so, their shares stay.

# %% [markdown]
# ## Masking is not conditioning
#
# Here is the girl again, with round numbers and four texts. Only the moon and the grandmother are
# on the form.

# %%
TEXTS = {
    (" the", " king"): 0.57,
    (" the", " moon"): 0.03,
    (" her", " cat"): 0.20,
    (" her", " grandmother"): 0.20,
}


def on_the_form(text):
    return text[-1] in (" moon", " grandmother")


# %% [markdown]
# What do we *want*? Let the model draw texts, and throw away those not on the form:
# **conditioning**. A mask goes step by step instead: first ` the` or ` her`, as both begin an
# answer, and then the only word that is allowed.
#
# **Predict**, on paper: how often is the answer the moon with conditioning? And with the mask?

# %%
exact = exact_conditional(TEXTS, on_the_form)
masked = masked_decoding(TEXTS, on_the_form)
words = [text[-1].strip() for text in exact]
show(words, conditioning=exact.values(), mask=masked.values())

# %% [markdown]
# Conditioning: 0.03 / (0.03 + 0.20). The mask: ` the` comes with 0.57 + 0.03 = 60%, and then only
# ` moon` is allowed.
#
# After ` the` the mass was 0.03 / 0.6 = 0.05, so the moon was multiplied by 20. After ` her` the
# mass was 0.2 / 0.4 = 0.5, so the grandmother was only doubled. **At each step the mask knows which words can come
# later, but not how likely they are** [park2024].

# %% [markdown]
# Did the real model write the moon for this reason? Look at its first step.

# %%
explore.Distribution(PROMPT, knobs=["temperature"])

# %% [markdown]
# 1. Find ` the` and ` her`. Which is likelier, and about how many times?
# 2. Lower `temperature`. Does the ratio grow or shrink? Which answer would come out under the
#    censor at *T* = 0?
#
# <details><summary>Answers</summary>
#
# 13% and 7%: ` the` is about twice as likely. So under the mask the moon came two times in three. A
# lower *T* raises the ratio, and at *T* = 0 the moon comes each time.
# </details>

# %% [markdown]
# ## The formula
#
# The moon: 0.03 became 0.03 / (1 × 0.05) = 0.6. The mass is 1 at the first step, where both words
# are allowed, and 0.05 at the second.
#
# In general, let $m_t$ be the mass at step $t$ on the way to the text $x$. Then
#
# $$\text{mask}(x) = \frac{p(x)}{m_1 m_2 \cdots m_n} \qquad\text{and}\qquad
# p(x) = \text{mask}(x) \cdot m_1 m_2 \cdots m_n$$

# %% [markdown]
# The smaller the product of the masses, the more the mask has favoured a text. The shares stay only
# if every text has the *same* product. Otherwise multiply each text's share by its product, and you
# have *p* again. If you can only draw texts, there are two ways to do this.

# %% [markdown]
# ## Paying back
#
# The product lies between 0 and 1, so a coin can have this probability. Fill in the form under the
# mask, accept the answer with probability $m_1 \cdots m_n$, or else start again (*rejection
# sampling*). In one try the moon comes with 0.6 × 0.05 = 0.03, the grandmother with 0.4 × 0.5 =
# 0.20, as in the model.

# %% [markdown]
# **Predict.** How many tries does it take on average, until one is accepted?
#
# <details><summary>Answer</summary>
#
# One try is accepted with 0.03 + 0.20 = 0.23. So it takes 1 / 0.23, a bit more than four.
# </details>

# %% [markdown]
# Rejection sampling is not always cheap. Every answer of the JSON form begins with `{`, `"` and `n`. The
# masses were 5.1e-08, 0.0012 and 3.5e-06. Multiply them: not one try in a billion is accepted.

# %% [markdown]
# The second way is **resampling**: fill in the form a few times, and draw *one of these filled
# forms*. The *weight* of each is the product of its masses, and each is drawn with its share of all
# weights. Say three are moon, moon and grandmother. Their weights are 0.05, 0.05 and 0.5. So the
# moon is drawn with 0.1 / 0.6, one time in six.
#
# More forms come nearer to the exact 13%:

# %% jupyter={"source_hidden": true}
for n in (1, 2, 4, 16, 64):
    moon = 0.0
    for k in range(1, n + 1):  # so many of the n forms say moon
        weight = k * 0.05 / (k * 0.05 + (n - k) * 0.5)
        moon += math.comb(n, k) * 0.6**k * 0.4 ** (n - k) * weight
    print(f"{n:2} forms: {moon:.1%} moon")

# %% [markdown]
# Now take the real model's 300 filled forms. The column `repaired` is each answer's share of all
# weights.

# %%
weights = Counter()
for text, _, _, left in forms:
    weights[text] += math.prod(left)
repaired = [weights[text] / weights.total() for text in ANSWERS]
show(
    [text.strip() for text in ANSWERS],
    with_censor=[count[text] / len(forms) for text in ANSWERS],
    repaired=repaired,
    model_alone=[p / sum(alone) for p in alone],
)

# %% [markdown]
# The grandmother is back.
#
# With hundreds of steps the product becomes 0 in the computer. So add the logs of the masses, as in
# module 6: one sum for each form. Subtract the largest sum from each, as softmax does. Then take
# `exp`.

# %% [markdown]
# ## Two forms that went wrong
#
# **The form that never ends.** JSON allows white space between the colon and a number. **Predict**:
# if the grammar allows white space too, how many of ten forms are whole (end with `}`) after 16
# tokens?

# %%
for kind, pattern in (("none", r'\{"age":(7|30|90)\}'), ("any", r'\{"age":[ \n]*(7|30|90)\}')):
    grammar = constrain.regex(model.tokenizer, pattern)
    ages = [fill_in("The prince was ", grammar, seed, most=16)[0] for seed in range(10)]
    print(
        f"white space: {kind:<5} {sum(text.endswith('}') for text in ages)} of 10 forms are whole"
    )
print(repr(min(ages, key=lambda text: text.endswith("}"))))

# %% [markdown]
# In the printed form the model expects no number: new lines (`\n`) are drawn again and again. In
# 2026 the same was reported of Qwen3.5, for about one request in three [vllm38696]. The repair: a
# grammar with little or no white space.

# %% [markdown]
# **The form without room to think.** The Calculator adds five numbers. It writes its working first
# (`'` marks a carry), then `;` and the answer. Then it is asked again with
# the same prompt, but a mask allows only `;` and three digits.
# **Predict**: of six sums, how many are right with the working, and how many with the form alone?

# %%
sums = [draw_sum(random.Random(seed), held_out=True) for seed in range(6)]
only = constrain.regex(calculator.load().tokenizer, ";[0-9]{3}")
print("the sum:         ", question(sums[0]))
print("with its working:", calculates(sums[0]))
print("the form alone:  ", calculates(sums[0], only))
for name, grammar in (("with its working", None), ("the form alone", only)):
    right = [answer(calculates(numbers, grammar)) == sum(numbers) for numbers in sums]
    print(f"{name}: {sum(right)} of 6 right")

# %% [markdown]
# The mask forbade the working, and without it the answers were wrong. Give the form a field for the
# working, *before* the answer. Strict formats lowered the scores in reasoning of large models too
# [tam2024].

# %% [markdown]
# ## Forms in production
#
# In late 2026 a request to a server may name a form [vllmforms2026]. The server does not pay back.
# So ask for the form in the prompt as well: a model that expects the form gives it more mass.
# Record the mass where you can: a small one is a warning.

# %% [markdown]
# ## Recap
#
# The coin accepts a guess with probability $\min(1, p / q)$, and a refusal is redrawn from what is
# missing. The text stays exact: a bad guess costs only time.

# %% [markdown]
# The mask divided by the mass at each step, so it favoured texts whose masses were small. Draw
# among filled forms by the product of their masses, and the grandmother comes back.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

# %% [markdown] question="Guess and overlap" points=1
# The model draws three tokens with 0.5, 0.25 and 0.25, the guesser with 0.125, 0.5 and 0.375. With
# what probability is a guess accepted?

# %% answer="overlap_of_two"
answer_overlap = None  # a number between 0 and 1

# %% test="overlap_of_two"
check.number(
    answer_overlap,
    right=0.625,
    within=0.002,
    why={
        0.375: "That is how often a guess is refused.",
        0.281: "You multiplied the two and added up. That is how often two draws would be alike.",
        0.5: "Which tokens does the guesser give too much to? Of those only a part is refused.",
        1.0: "A guess that the guesser makes too often cannot always be accepted.",
    },
    hint="Token by token: how much of what the guesser says can be kept?",
)

# %% [markdown] question="Who comes after a refusal" points=1
# The model's probabilities are 0.1, 0.3, 0.2 and 0.4, the guesser's 0.5, 0.1, 0.2 and 0.2. Token 0
# was guessed and refused. Which ids can be drawn in its place?

# %% answer="after_refusal"
answer_drawn = []  # token ids, such as [0, 2]

# %% test="after_refusal"
check.ids(
    answer_drawn,
    right={1, 3},
    why={
        (1, 2, 3): "How much of token 2 is missing, if the guesser says it as often as it should?",
        (0, 1, 2, 3): "Then the refused token could come back, and it came too often already.",
        (3,): "The likeliest is not the only one of which there is too little.",
        (1, 2): "Compare the two numbers of each token: what is missing where?",
        (0,): "That one was refused because the guesser says it too often.",
    },
    hint="Of which tokens does the guesser say too little?",
)

# %% [markdown] question="Three guesses a pass" points=1
# Each guess is accepted with probability 0.5, whatever came before, and three tokens are guessed at
# a time. How many tokens does a pass give on average?

# %% answer="tokens_a_pass"
answer_tokens = None  # a number

# %% test="tokens_a_pass"
check.number(
    answer_tokens,
    right=1.875,
    within=0.005,
    why={
        0.875: "You counted the guesses. A pass gives one more token: redrawn, or as a bonus.",
        1.5: "The second guess counts only if the first was accepted.",
        2.5: "The second guess counts only if the first was accepted, and the third likewise.",
        1.9375: "That would be four guesses.",
        1.75: "That would be two guesses.",
    },
    hint="One token is certain. Then the first guess, the first two, all three: how likely is each?",
)

# %% [markdown] question="The price of guesses" points=1
# With four guesses a pass gives 1.9375 tokens on average. A guess costs a quarter of a pass to
# make, and nothing to read. How much does a token cost, in passes? (Plain writing: 1.) Two
# decimals.

# %% answer="price_of_guesses"
answer_price = None  # passes a token

# %% test="price_of_guesses"
check.number(
    answer_price,
    right=2 / 1.9375,
    within=0.006,
    why={
        0.516: "The four guesses are not free.",
        0.645: "All four are guessed before the model reads them.",
        0.969: "That is tokens a pass's cost. Turn it round.",
        0.5: "How many tokens do come out of a round, and what does the round cost?",
        2.0: "That is what a round costs. How many tokens does it give?",
    },
    hint="What does one round cost, guesses and pass together? Then divide by its tokens.",
)

# %% [markdown] question="Another rule" points=1
# A program draws each token from the model's *p*, without a coin. A guess counts as accepted if it
# is the token drawn. Is the text exact? (Two projects disagreed: [mlxcel992], [mlxswiftlm459].)
#
# - **A** Exact, and just as many are accepted as by our coin.
# - **B** Exact, and never more are accepted than by our coin, often fewer.
# - **C** Not exact: words likely in *p* and *q* come too often.
# - **D** Exact only at *T* = 0.

# %% answer="other_rule"
answer_rule = ""  # "A", "B", "C" or "D"

# %% test="other_rule"
check.choice(
    answer_rule,
    right="B",
    why={
        "A": "How likely are a guess from q and a draw from p the same token? Compare 0.5 and 0.5.",
        "C": "Which tokens join the text, and what were they drawn from? Forget the guess.",
        "D": "What is the token that joins the text drawn from, at any temperature?",
    },
)

# %% [markdown] question="A report of q" points=1
# A guesser draws from its *three likeliest* tokens, and tells the coin the uncut *q*. All else is
# right. How does the text change?
#
# - **A** Not at all: the coin makes every guesser exact.
# - **B** Not at all, but fewer guesses are accepted.
# - **C** The other tokens together come too often: after each refusal one is drawn.
# - **D** The three likeliest together come too often: they are guessed more than the coin was told.

# %% answer="report_of_q"
answer_report = ""  # "A", "B", "C" or "D"

# %% test="report_of_q"
check.choice(
    answer_report,
    right="D",
    why={
        "A": "The proof uses that x is guessed with probability q(x). Is it, here?",
        "B": "A guess is accepted by p / q, whatever q is. Is what is kept still min(p, q)?",
        "C": "They are never guessed, and a redraw happens seldom. See the two words, 0.6 and 0.4.",
    },
)

# %% [markdown] question="A share under the mask" points=1
# The first token is `a` with 0.5, `b` with 0.3 or `c` with 0.2. After `a` the token `x` has 0.1,
# after `b` the token `y` has 0.6. A form allows only the texts `a x` and `b y`. How often does a
# mask write `a x`?

# %% answer="mask_share"
answer_masked = None  # a number between 0 and 1

# %% test="mask_share"
check.number(
    answer_masked,
    right=0.625,
    within=0.003,
    why={
        0.5: "One first token was cut. What do the others share?",
        0.217: "That is conditioning. What does a mask know of the second step at the first one?",
        0.05: "That is how often the model alone writes it.",
        0.143: "That is 0.1 of 0.7. How many tokens are allowed at the second step?",
        0.0625: "After `a` only one token is allowed. How likely is it then?",
    },
    hint="Go step by step: which tokens are allowed, and what do they share?",
)

# %% [markdown] question="A share by condition" points=1
# Take the tokens and the form of the last question. Texts are drawn from the model, and those not
# on the form are thrown away. What share of those that stay is `a x`? Three decimals.

# %% answer="true_share"
answer_true = None  # a number between 0 and 1

# %% test="true_share"
check.number(
    answer_true,
    right=0.05 / 0.23,
    within=0.002,
    why={
        0.625: "That is the mask's share.",
        0.05: "That is its share of all texts. Of those that stay it is more.",
        0.23: "That is how many texts stay. Which part of them is `a x`?",
        0.783: "That is the other text.",
        0.143: "How likely is each whole text? Two factors each.",
    },
    hint="How likely is each of the two whole texts? Then share out what stays.",
)

# %% [markdown] question="A printed mask" points=1
# Which ids does this print? Work it out on paper. (Give every printed id, even one that a mask
# should not allow.)
#
# ```python
# pieces, texts, so_far = ["a", "ab", "b", "bcd", ""], ["abc", "abd"], "a"
# print([i for i, piece in enumerate(pieces)
#        if any(text.startswith(so_far + piece) for text in texts)])
# ```

# %% answer="printed_mask"
answer_mask = []  # ids, such as [0, 2]

# %% test="printed_mask"
check.ids(
    answer_mask,
    right={2, 4},
    why={
        (2,): "What does the line ask of the last piece, which is empty?",
        (0, 1, 2, 4): "The line asks about `a` and the piece together.",
        (2, 3, 4): "`a` and `bcd` make `abcd`. Is one of the texts that long?",
        (1, 2, 4): "`a` and `ab` make `aab`.",
        (4,): "Is `ab` the beginning of a text?",
    },
    hint="Put `a` in front of each piece, and compare with the beginnings of both texts.",
)

# %% [markdown] question="Four forms" points=1
# On which form does a mask give each answer the share that conditioning gives it, whatever the
# model? (Each answer can be written in one way only, and no end token is drawn.)
#
# - **A** Two answers of three tokens each, all six tokens different.
# - **B** Two answers that the model finds equally likely.
# - **C** Five answers of one token, some likely and some not.
# - **D** Two answers, one of a single token and one of two.

# %% answer="four_forms"
answer_forms = ""  # "A", "B", "C" or "D"

# %% test="four_forms"
check.choice(
    answer_forms,
    right="C",
    why={
        "A": "After each first token the mask may leave another mass, as after ` the` and ` her`.",
        "B": "Equally likely as a whole: 0.5 × 0.1 and 0.1 × 0.5. What does the mask see first?",
        "D": "One is done after a step. What is left for the other, at its second step?",
    },
)

# %% [markdown] question="Grade and reason" points=1
# Asked freely, a model grades well: it reasons first. A form has the grade first, and a mask forces it.
# The grades get worse, and drawing one of sixteen filled forms by weight hardly helps. (Mass: 0.98 at the
# grade, about 1 later.) Why?
#
# - **A** The weights are nearly alike.
# - **B** Sixteen forms are too few: take a thousand.
# - **C** The mask hides which grade is likelier.
# - **D** Weights are right only at *T* = 0.

# %% answer="grade_and_reason"
answer_grade = ""  # "A", "B", "C" or "D"

# %% test="grade_and_reason"
check.choice(
    answer_grade,
    right="A",
    why={
        "B": "More forms come closer to conditioning. How far from it was the mask?",
        "C": "Two grades that are allowed: does the mask change which of them is likelier?",
        "D": "The formula holds for any p. Where does the temperature stand in it?",
    },
)

# %% [markdown] question="A redraw for every guesser" points=2
# This function is right for a guesser that is sure of one token. Repair it for guesses drawn from
# any *q*: after `token` was guessed and refused, with what probability is each token drawn in its
# place? Return these probabilities, a list that sums to 1.
#
# *p* and *q* are lists of up to twelve numbers. All are multiples of 1/64, and each list sums to 1;
# *q* is above *p* at `token`. Both lists stay as they are.


# %% answer="redraw_repair"
def repaired_redraw(p, q, token):
    ### BEGIN SOLUTION
    rest = [max(0.0, a - b) for a, b in zip(p, q, strict=True)]
    return [x / sum(rest) for x in rest]
    ### END SOLUTION
    rest = [0.0 if i == token else x for i, x in enumerate(p)]
    return [x / sum(rest) for x in rest]


# %% test="redraw_repair"
def example():
    check.gives(
        repaired_redraw,
        [0.5, 0.25, 0.25],
        [0.25, 0.5, 0.25],
        1,
        expect=[1.0, 0.0, 0.0],
        why="Token 2 is guessed as often as it should be: it must not come after a refusal too.",
    )


check.passes("three tokens", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def missing_share(p, q, token):
    short = {i: a - b for i, (a, b) in enumerate(zip(p, q, strict=True)) if a > b}
    return [short.get(i, 0.0) / sum(short.values()) for i in range(len(p))]


def refused(random):
    while True:
        p = domains.shares(random)
        q = domains.shares(random, vocab=len(p))
        over = [i for i in range(len(p)) if q[i] > p[i]]
        if over:
            return p, q, random.choice(over)


example()
why = "What is drawn has to be what the guesser says too seldom, in these proportions."
check.against(missing_share, repaired_redraw, refused, why=why)
check.keeps(repaired_redraw, refused, why="p and q must be the same after the call.")
### END HIDDEN TESTS

# %% [markdown] question="The weights of forms" points=2
# One of up to 100 filled forms is drawn by a weight that pays back what the mask did. `masses` has
# one list for each form: the mass at each of its steps, from 1/1024 to 1. Repair this
# function: it returns a weight for each form, and the weights sum to 1.
#
# One point for forms of up to six steps, one for up to 600 steps, within 0.001. `masses` stays as
# it is; `math` is imported.


# %% answer="weights_repair"
def repaired_weights(masses):
    ### BEGIN SOLUTION
    logs = [sum(map(math.log, steps)) for steps in masses]
    weights = [math.exp(log - max(logs)) for log in logs]
    return [weight / sum(weights) for weight in weights]
    ### END SOLUTION
    weights = [sum(steps) / len(steps) for steps in masses]
    return [weight / sum(weights) for weight in weights]


# %% test="weights_repair"
def example():
    check.gives(
        repaired_weights,
        [[1.0, 0.25], [0.5, 0.5, 0.5], [0.125]],
        expect=[0.5, 0.25, 0.25],
        why="The mask divided by each of a form's numbers, one after the other. The weights come in "
        "the order of the forms.",
    )


points = 1.0 * check.passes("three forms", example)
### BEGIN HIDDEN TESTS
from fractions import Fraction


def shares_of_products(masses):
    products = [Fraction(1)] * len(masses)
    for i, steps in enumerate(masses):
        for mass in steps:
            products[i] *= Fraction(mass)
    whole = sum(products)
    return [float(product / whole) for product in products]


def short(random):
    if random.random() < 0.3:  # forms that come again, beside other ones
        steps = [random.choice([2, 3]) for _ in range(random.choice([2, 2, 3]))]
        return ([[random.choice([0.25, 0.5]) for _ in range(count)] for count in steps],)
    forms = 100 if random.random() < 0.03 else random.randint(1, 6)
    most = random.choice([4, 64, 1024])
    steps = [random.randint(1, 6) for _ in range(forms)]
    return ([[random.randint(1, most) / most for _ in range(count)] for count in steps],)


def small(random):
    """Two to six forms with masses from 1/1024 on."""
    most = random.choice([4, 64])
    steps = [random.randint(1, 6)] * random.randint(2, 6)
    return ([[random.randint(1, most) / 1024 for _ in range(count)] for count in steps],)


def long(random):
    """Forms of up to 600 steps, much alike, so that several have a share; or of any length."""
    steps, most = random.choice([0, 141, 391, 591]), random.choice([1, 4, 64, 1024])
    alike = [random.randint(1, most) / 1024 for _ in range(steps)]
    if random.random() < 0.2:  # the products are about the smallest numbers that there are
        alike = [1 / 1024] * 106 + [0.5] * random.randint(0, 14)
    ends = [
        [random.randint(512, 1024) / 1024 for _ in range(random.choice([0, random.randint(0, 8)]))]
        for _ in range(random.randint(2, 5))
    ]
    forms = [[*alike, *end, random.randint(1, 9) / 16] for end in ends]
    other = [random.randint(1, most) / 1024 for _ in range(2)] + alike
    far = [1 / 1024] * random.randint(100, 250) + alike
    forms += random.choice([[], [other], [[0.5], other], [far], [[0.5], [0.75], far]])
    random.shuffle(forms)
    return (forms,)


STAY = "masses must be the same after the call."


@check.once
def products():
    example()
    why = "How much did the mask favour each of the forms, over all of its steps?"
    check.against(shares_of_products, repaired_weights, short, why=why)
    check.against(shares_of_products, repaired_weights, small, why=why)
    check.keeps(repaired_weights, short, why=STAY)


def without_underflow():
    products()
    why = (
        "Every step of a long form counts as it is. A product of hundreds of small numbers becomes "
        "0 in a computer, or loses its digits: what can be added instead? If you add already, what "
        "is left out or rounded?"
    )
    check.against(shares_of_products, repaired_weights, long, why=why, within=1e-3)
    check.keeps(repaired_weights, short, why=STAY)


points = 1.0 * check.passes("short forms", products)
points += check.passes("long forms", without_underflow)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Your coin" points=4
# Your `my_coin` from **Build it** above, without the course's functions. One point each: all
# guesses with 64 pairs of *u* and *v*; any *p* and *q* of up to twelve tokens, in multiples of
# 1/64 (so sums are exact); *u* and *v* exactly on the border where the decision changes; both lists
# left as they were.


# %% test="my_coin"
points = 1.0 * check.passes("every guess and pair", joins_as_often_as_p, my_coin)
### BEGIN HIDDEN TESTS
from course_utils import domains


def joined(p, q, token, u, v):
    """With whole numbers: parts of 64, and of 2 ** 26."""
    p, q = ([round(64 * x) for x in each] for each in (p, q))
    u, v = round(u * 2**26), round(v * 2**26)
    if u * q[token] < p[token] * 2**26:
        return token
    line = [i for i in range(len(p)) for _ in range(p[i] - q[i])]
    return line[v * len(line) // 2**26]


def guessed(random):
    p = domains.shares(random)
    q = domains.shares(random, vocab=len(p))
    if random.random() < 0.2:
        q = list(p)
    return p, q, random.choice([i for i, x in enumerate(q) if x])


def of_few(random):
    """Quarters of two or three tokens: the same p comes again with another q, and so on."""
    vocab = random.choice([2, 2, 3])
    p, q = (domains.shares(random, vocab=vocab, parts=4) for _ in range(2))
    token = random.choice([i for i, x in enumerate(q) if x])
    return p, q, token, random.choice([0.375, 0.875]), random.choice([0.375, 0.875])


def beside_a_line(random):
    """A guess that comes far too often, and v a little off where the answer changes."""
    size = random.randint(3, 12)
    token, often = random.sample(range(size), 2)
    parts = [1 + (64 - size) * (i == often) for i in range(size)]
    sums = [sum(parts[:i]) - (token < i) for i in range(size + 1)]  # of the 63 that are missing
    line = 4096 * random.choice([1, 62, *sums]) // 63 + random.choice([-1, 2])
    v = min(max(line, 1), 4095) / 4096
    q = [float(i == token) for i in range(size)]
    return [part / 64 for part in parts], q, token, random.choice([0.5, 0.96875]), v


def one_is_missing(random):
    """A guess that comes far too often, and one other token that comes too seldom."""
    size = random.randint(2, 12)
    token, other = random.sample(range(size), 2)
    p = [1 / 64 + (64 - size) / 64 * (i == other) for i in range(size)]
    q = [1 / 64 + (64 - size) / 64 * (i == token) for i in range(size)]
    return p, q, token, 0.96875, random.randrange(64) / 64


def anywhere(random):
    kind = random.random()
    if kind < 0.5:
        return random.choice([of_few, beside_a_line, one_is_missing])(random)
    return (
        *guessed(random),
        (random.randrange(2**26) | 1) / 2**26,
        (random.randrange(2**26) | 1) / 2**26,
    )


def on_a_line(random):
    """u where the coin turns, or v where a running sum is met, as far as these are dyadic."""
    while True:
        p, q, token = guessed(random)
        u = p[token] / q[token]
        v = random.choice([0.0, random.randrange(64) / 64])
        if random.random() < 0.7:  # refused, and then on a sum
            short = [max(0.0, a - b) for a, b in zip(p, q, strict=True)]
            u = random.choice([u, 1 - 2.0**-20])
            v = sum(short[: random.randint(1, len(p))]) / (sum(short) or 1.0)
            v = max(0.0, v - random.choice([0.0, 2.0**-26]))
        if u < 1 and v < 1 and all(x * 2**26 == round(x * 2**26) for x in (u, v)):
            return p, q, token, u, v


@check.once
def everywhere():
    joins_as_often_as_p(my_coin)
    why = "Compare u times q with p. If it is refused, walk along what is missing, up to v of it."
    check.against(joined, my_coin, anywhere, why=why)


def on_the_lines():
    everywhere()
    why = "Exactly at p / q the guess is refused, and a running sum has to be above its line, be it by little."
    check.against(joined, my_coin, on_a_line, why=why)


def left_alone():
    everywhere()
    check.keeps(my_coin, anywhere, why="p and q must be the same after the call.")


check.own(my_coin, anywhere)
points = 1.0 * check.passes("every guess and pair", joins_as_often_as_p, my_coin)
points += check.passes("any p and q", everywhere)
points += check.passes("on the lines", on_the_lines)
points += check.passes("lists left as they were", left_alone)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="Your guesser" points=4
# Your `my_guess` from **Build it: your own guesser** above. One point for a circle, one for other texts,
# two for new stories, if in all cases it returns at most `ahead` ids, the same when asked again, and
# leaves the lists as they were.


# %% test="my_guess"
points = 1.0 * check.passes("a circle", goes_round, my_guess)
### BEGIN HIDDEN TESTS
from course_utils import domains


def asked(random):
    vocab = random.choice([1, 3, 50, 4096])
    seen = [domains.history(random, vocab) for _ in range(random.choice([0, 0, 1, 5]))]
    ids = domains.history(random, vocab, least=1)
    if random.random() < 0.4:  # a text that goes on with it for a token or two
        seen.append([*ids[-3:], *random.sample(range(4096), random.randint(1, 2))])
    return ids, random.choice([random.randint(1, 8), random.randint(1, 20)]), seen


def circle(random):
    """A text that goes round, and what follows; a token may stand in the phrase twice."""
    phrase = random.sample(range(4096), random.randint(1, 8))
    if len(phrase) > 4:
        phrase[2] = phrase[0]
    text = phrase * 9
    end = random.randint(3 * len(phrase), 5 * len(phrase))
    ahead = random.randint(1, len(phrase))
    return text[:end], ahead, random.choice([[], [[1, 2, 3]]]), text[end : end + ahead]


def followers(random):
    """A few tokens of a language in which each has one follower, other texts of it, and the rest."""
    words = random.sample(range(4096), random.randint(5, 30))
    start, ahead = random.randrange(len(words)), random.randint(1, 6)
    text = (words * 20)[start:]
    seen = [(words * 4)[i : i + 2 * len(words)] for i in random.sample(range(len(words)), 2)]
    end = random.randint(1, len(words) - 1)
    return text[:end], ahead, seen, text[end : end + ahead]


def from_one(random):
    """One or two tokens that come in many questions, each with its own language."""
    first = random.choice([3, 7, 12])
    others = [
        token for token in random.sample(range(4096), random.randint(8, 30)) if token != first
    ]
    text = [first, *others] * 4
    end = random.choice([1, 1, 2])
    ahead = random.choice([1, 1, 2])
    at = random.randrange(len(others))
    return text[:end], ahead, [text[at : at + 2 * len(others) + 4]], text[end : end + ahead]


def far_ahead(random):
    words = random.sample(range(4096), random.randint(80, 150))
    text, seen = words * 4, [(words * 4)[i : i + 2 * len(words)] for i in (0, 50)]
    at, ahead = random.randrange(len(words)), random.randint(12, 20)
    end = at + random.randint(1, 5)
    return text[at:end], ahead, seen, text[end : end + ahead]


def among_many(random):
    """Other texts, each of its own tokens: one of them, at any place, has what is asked for."""
    length, others = random.randint(10, 20), random.randint(30, 40)
    tokens = random.sample(range(4096), length * others)
    seen = [tokens[i : i + length] for i in range(0, len(tokens), length)]
    ahead = random.randint(1, 3)
    text, end = random.choice(seen), random.randint(1, length - ahead)
    return text[max(0, end - 2) : end], ahead, seen, text[end : end + ahead]


def tidy():
    answers = []
    for (ids, ahead, seen), _ in check.drawn(check.nothing, asked, cases=60):
        given = [*ids], ahead, [[*one] for one in seen]
        found = guessed_ids(my_guess, *given)
        assert len(found) <= ahead, (
            f"At most {ahead} guesses were asked for, and {len(found)} came."
        )
        assert given == ([*ids], ahead, seen), "Leave the lists as they were."
        answers.append((ids, ahead, seen, [*found]))
    for ids, ahead, seen, found in reversed(answers):
        again = guessed_ids(my_guess, ids, ahead, seen)
        assert again == found, "The same question got another answer, after other questions."


def mostly_right(draw, why):
    right = total = 0
    for (ids, ahead, seen, follows), _ in check.drawn(check.nothing, draw, cases=60):
        found = guessed_ids(my_guess, ids, ahead, seen)
        right += sum(a == b for a, b in zip(found, follows, strict=False))
        total += len(follows)
    assert right >= 0.75 * total, f"{why} {right} of {total} guesses were right."


def as_the_others():
    mostly_right(followers, "The others tell what follows.")
    mostly_right(from_one, "The others tell what follows, even after a single token.")
    mostly_right(far_ahead, "The others tell what follows, up to 20 tokens ahead.")
    mostly_right(among_many, "One of the others tells what follows, whichever it is.")


points = 0.0
if check.passes("tidy", tidy):
    points += check.passes("circles", mostly_right, circle, "The text goes round.")
    points += check.passes("followers", as_the_others)
    points += 2 * check.passes("new stories", beats_looking_up, my_guess)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="Your mask" points=3
# Your `my_mask` from **Build it** above, without the course's functions. One point each: where a
# text is half written; where a text is complete; where `so_far` is against the rules, and both
# lists left as they were. A piece may be longer than any text, and a text may be empty. There are 1
# to 1,000 texts, each of up to 1,000 characters of any kind.


# %% test="my_mask"
def small_words():
    expect = [False] * 5 + [True, False, True]
    check.gives(
        my_mask,
        ["y", "ye", "yes", "n", "no", "t", "not", ""],
        ["yes", "no", "not"],
        "no",
        expect=expect,
        why="`no` is a whole text, and the beginning of `not`.",
    )


points = 1.0 * check.passes("after 'no'", small_words)


### BEGIN HIDDEN TESTS
def of_letters(random, least, most, letters="ab"):
    return "".join(random.choice(letters) for _ in range(random.randint(least, most)))


SPECIAL = ".*+?|^$()[]{}\\\t 07-_#%!'\"Zéß日🙂\u00a0"


def grammar_of(random):
    letters = random.choice(["ab", "aA", "a ", "a\n", *["a" + random.choice(SPECIAL)] * 5])
    size, texts = random.random(), random.randint(1, 6)
    least, most = 0, 6
    if size < 0.05:
        letters, most, texts = "abcdefgh" + letters, 9, 2000
    elif size < 0.15:
        least, most, texts = 100, 1000, 2
    elif size < 0.3:
        least, most, texts = 6, 40, 3
    pieces = {of_letters(random, 1, 3, letters) for _ in range(random.randint(1, 8))} | {"a" * 7}
    texts = sorted({of_letters(random, least, most, letters) for _ in range(texts)})
    pieces, texts = sorted(pieces), random.sample(texts, min(len(texts), 1000))
    random.shuffle(pieces)
    return [*pieces, ""], texts


def one_letter_off(random, text):
    i = random.choice([0, 0, random.randrange(len(text)), len(text) - 1])
    return (
        text[:i] + random.choice([letter for letter in "abX" if letter != text[i]]) + text[i + 1 :]
    )


def with_the_rest(random, pieces, texts, text, so_far):
    """Often, one of the pieces is a part of what is left of a text, or all of it, or nearly so."""
    rest = text[len(so_far) :]
    more = rest[: random.choice([random.randint(0, len(rest)), len(rest)])]
    if more and random.random() < 0.4:
        more = one_letter_off(random, more)
    if random.random() < 0.8 and more and more not in pieces:
        pieces = [more, *pieces]
    return pieces, texts, so_far


def beginnings(pieces, texts, so_far):
    """All beginnings of all texts, and all whole ones."""
    begun = {text[:n] for text in texts for n in range(len(text) + 1)}
    return [so_far + piece in (begun if piece else set(texts)) for piece in pieces]


def beginnings_end_too(pieces, texts, so_far):
    return beginnings(pieces, [text[:n] for text in texts for n in range(len(text) + 1)], so_far)


HALF = {"The end is allowed only where a text is whole.": beginnings_end_too}


def being_written(random):
    while True:
        pieces, texts = grammar_of(random)
        text = texts[-1] if len(texts) > 6 else random.choice(texts)
        most = random.choice([len(text), len(text), len(text) // 9])
        so_far = text[: random.choice([*[random.randint(0, most)] * 3, max(0, len(text) - 1)])]
        if so_far not in texts:
            return with_the_rest(random, pieces, texts, text, so_far)


def whole(random):
    pieces, texts = grammar_of(random)
    return pieces, texts, texts[-1] if len(texts) > 6 else random.choice(texts)


def broken(random):
    pieces, texts = grammar_of(random)
    return pieces, texts, of_letters(random, 0, 9, "".join(texts) or "ab")


def one_letter_broken(random):
    """A long text, or its beginning, with a wrong letter; and a piece that would go on with it."""
    size = random.choice([12, 30, 300, 1000])
    text = of_letters(random, size, size)
    written = random.choice([random.randint(1, size - 1), random.randint(size // 2, size)])
    rest = text[written : random.randint(written, size)]
    return [rest or "b", "a" * 9, ""], ["ab", text], one_letter_off(random, text[:written])


@check.once
def while_written():
    why = "A piece fits if, put behind what stands there, it is still the beginning of a text."
    check.against(beginnings, my_mask, being_written, why=why, mistakes=HALF)


@check.once
def ends():
    while_written()
    small_words()
    why = "A whole text may end, and may also go on if it is the beginning of a longer one."
    check.against(beginnings, my_mask, whole, why=why)


def rules_broken():
    ends()
    why = "After what is no beginning of any text nothing is allowed, not even the end."
    for draw in (broken, one_letter_broken):
        check.against(beginnings, my_mask, draw, why=why)
    check.keeps(my_mask, broken, why="Both lists must be the same after the call.")


check.own(my_mask, broken)
points = 1.0 * check.passes("while a text is written", while_written)
points += check.passes("where a text is whole", ends)
points += check.passes("rules broken before", rules_broken)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown]
# ## Your score
#
# Press the button. It saves the notebook, then scores it.

# %%
check.score_button()

# %% [markdown]
# ## References
#
# - [leviathan2023] Fast Inference from Transformers via Speculative Decoding.
#   <https://arxiv.org/abs/2211.17192>
# - [chen2023] Accelerating Large Language Model Decoding with Speculative Sampling.
#   <https://arxiv.org/abs/2302.01318>
# - [deepseek2024] DeepSeek-V3 Technical Report. <https://arxiv.org/abs/2412.19437>
# - [park2024] Grammar-Aligned Decoding. <https://arxiv.org/abs/2405.21047>
# - [tam2024] Let Me Speak Freely? <https://arxiv.org/abs/2408.02442>

# %% [markdown]
# - [transformers32867] <https://github.com/huggingface/transformers/issues/32867>
# - [vllmspec2026] <https://docs.vllm.ai/en/v0.19.0/features/speculative_decoding/>
# - [mlxcel992] <https://github.com/lablup/mlxcel/pull/992>
# - [mlxswiftlm459] <https://github.com/ml-explore/mlx-swift-lm/pull/459>
# - [vllm38696] <https://github.com/vllm-project/vllm/issues/38696>
# - [vllmforms2026] <https://docs.vllm.ai/en/latest/features/structured_outputs/>
#
# What each is cited for is in the course's `quizzes/references.md`.

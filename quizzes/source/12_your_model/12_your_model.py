# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Your model
#
# Here you may bring your own model, and you write your own sampler.

# %% [markdown]
# > **About 165 minutes, on two evenings** · difficulty ●●●●○ · you need:
# > modules 01, 05, 07, 09 and 10
# >
# > Afterwards you can
# > - run your functions on another model, and say what must change;
# > - compare models that cut a text into different tokens;
# > - say what a sampler can add to a model, and what it cannot;
# > - design a sampler that beats the best top-p, and defend it.

# %% [markdown]
# Run the next cell, folded: imports and helpers. Names in square brackets are sources, listed last.

# %% locked="setup" jupyter={"source_hidden": true}
import math
from collections import Counter
from itertools import pairwise, product
from pathlib import Path
from statistics import fmean, stdev

import torch

from course_utils import explore, storyteller
from course_utils import model as models
from course_utils import quiz as check
from course_utils.generate import Settings, generate_batch
from course_utils.metrics import distinct_n, perplexity
from course_utils.penalties import (  # noqa: F401, some are there for your own sampler
    dry,
    frequency_penalty,
    no_repeat_ngram,
    presence_penalty,
    repetition_penalty,
)
from course_utils.sampling import (  # noqa: F401
    epsilon_cutoff,
    eta_cutoff,
    min_p,
    temperature,
    top_h,
    top_k,
    top_n_sigma,
    top_p,
    typical_p,
)

DOOR = (
    'The witch had said, "Open, little door, and let the king come in." So the girl went to the '
    'tower and cried, "Open, little door, and let the king come in." Nothing moved. Once more she '
    'cried, "Open, little'
)
LINE = " door, and let the king come in"


def continued(model, prompts, process, length, first=0):
    """Continue each prompt: lists of token ids, and of the model's log-probabilities of them."""
    texts, logprobs = [[] for _ in prompts], [[] for _ in prompts]
    for start in range(0, len(prompts), 64):  # more side by side would take much memory
        rows = range(len(prompts))[start : start + 64]
        seeds = [first + row for row in rows]
        for steps in generate_batch(model, prompts[start : start + 64], process, length, seeds):
            for row, step in zip(rows, steps, strict=True):
                if step is not None:
                    logprobs[row].append(step.logprob)
                    if step.token not in model.ends:
                        texts[row].append(step.token)
    return texts, logprobs


def opened(process, tries=20):
    """How many of so many texts open the door, and how the first one goes on."""
    model = storyteller.load()
    texts, _ = continued(model, [DOOR] * tries, process, 9)
    said = [model.tokenizer.decode(text).replace("\n", " ") for text in texts]
    return sum(text.startswith(LINE) for text in said), said[0]


def visitor(name):
    """The model of this name, or the Calculator where there is no name or no such model here."""
    try:
        return models.load(name or "calculator")
    except ValueError as reason:
        print(f"{reason}\nThe Calculator takes its place.")
        return models.load("calculator")


def rows_and_ids(model, prompt, phrase):
    """The logits before each token of the phrase, (n, vocab), and its n token ids."""
    start, ids = model.encode(prompt), model.tokenizer.encode_ordinary(phrase)
    return model.logits(start + ids, len(ids) + 1)[:-1], ids


def logprobs_of(model, prompt, phrase):
    """The natural log-probability of each token of the phrase: (n,)."""
    rows, ids = rows_and_ids(model, prompt, phrase)
    return rows.log_softmax(dim=-1).gather(-1, torch.tensor(ids)[:, None]).flatten()


# %% [markdown]
# ## The door
#
# A fairy-tale door opens only to one sentence, word for word: `Open, little door, and let the king
# come in`. The witch and the girl have said it. Now the girl begins again: `"Open, little`.
#
# **Predict.** Yes or no: can the knobs below make the Storyteller finish the sentence? Then try for two
# minutes.

# %%
explore.Playground(
    DOOR, knobs=["temperature", "top_k", "top_p", "repetition_penalty"], max_new_tokens=12
)

# %% [markdown]
# Temperature 0 comes near: `door, little door, and let him come`. A `repetition_penalty` lowers the
# logits of words that were said, and the sentence needs exactly those words.

# %%
SETTINGS = {
    "greedy": Settings(temperature=0),
    "T 0.5": Settings(temperature=0.5),
    "top-p 0.9": Settings(top_p=0.9),
    "T 1, no cut": Settings(),
    "greedy, penalty 1.3": Settings(temperature=0, repetition_penalty=1.3),
}
for name, settings in SETTINGS.items():
    count, said = opened(settings)
    print(f'{name:<20} opened {count} of 20    "Open, little{said}')

# %% [markdown]
# No setting opened the door. Your own sampler will open it.

# %% [markdown]
# **Recall.** The answers are folded.
#
# 1. (01) A model gives a text's three tokens 1/2, 1/4 and 1/8. How likely is the text?
# 2. (07) A text has a perplexity of 8. How many bits is a token, on average?
#
# <details><summary>Answers</summary>
#
# 1. 1/64: the probabilities multiply.
# 2. 3 bits, as 2³ = 8.
# </details>

# %% [markdown]
# ## How likely is the sentence?
#
# Is the sentence rare, or impossible? Twenty tries cannot tell. So multiply the probabilities of the
# eight missing tokens, ` door` to ` in`.
#
# **Predict.** Is one of the eight much less likely than the others? If so, which?

# %%
model = storyteller.load()
logs = logprobs_of(model, DOOR, LINE)
for token, log in zip(model.tokenizer.encode_ordinary(LINE), logs.tolist(), strict=True):
    print(f"{model.tokenizer.decode([token]):<8}{math.exp(log):6.1%}")
print(f"all eight: one text in {1 / logs.sum().exp().item():,.0f}")

# %% [markdown]
# No: five tokens get 13% to 45%, the others more. All eight together make one text in about 3,400.

# %% [markdown]
# ## Build it: how likely is a phrase?
#
# > difficulty ●●○○○ · importance ●●●●● · 8 minutes
#
# Write `my_phrase` with PyTorch, without the course's own functions. It is scored at the end.
#
# <details><summary>Hint</summary>
#
# Turn each row into log-probabilities, pick one from each, and add.
# </details>


# %% answer="my_phrase"
def my_phrase(rows, ids):
    """The natural log-probability of a phrase of several tokens.

    rows: logits (n, vocab), float32; token i of the phrase is drawn from row i. n is up to 1,000,
    vocab up to 60,000. Logits are from -10,000 to 10,000, or -inf. ids: the n token ids, a list.
    Both stay as they are. Returns a number: 0.0 for a phrase of no token, minus infinity if one of
    its tokens is impossible.
    """
    ### BEGIN SOLUTION
    logprobs = rows.log_softmax(dim=-1)
    return float(sum(logprobs[i, token] for i, token in enumerate(ids)))
    ### END SOLUTION


# %% [markdown]
# The next cell tests `my_phrase` without points. A right function finds one text in about 3,400 for the
# door.

# %%
EVEN = torch.zeros(2, 4)
for name, rows, ids, expect, why in (
    ("two tokens", EVEN, [3, 0], 2 * math.log(0.25), "A quarter each: a sixteenth together."),
    ("sure", torch.tensor([[50.0, 0.0]]), [0], 0.0, "The model is sure, so nothing is lost."),
    ("no token", torch.zeros(0, 4), [], 0.0, "Of no token nothing can go wrong: ln 1."),
):
    check.passes(name, check.gives, my_phrase, rows, ids, expect=expect, why=why)
found = my_phrase(*rows_and_ids(model, DOOR, LINE))  # the rows and the ids of the line
print("the door:", "not written yet" if found is None else f"one text in {math.exp(-found):,.0f}")

# %% [markdown]
# ## The capital of France, for real
#
# A picture in module 02 gave ` Paris` 93%, made up. Now we measure, after `The capital of France is`.
# (` Paris` is three tokens here, so its probability is a product.)
#
# **Predict.** The Storyteller has read only old stories. Which token is likeliest after ` is`? Is
# ` Paris` likelier than ` London`?

# %%
FRANCE = "The capital of France is"
best = model.next_logits(FRANCE).softmax(dim=-1).topk(4)
for p, token in zip(best.values.tolist(), best.indices.tolist(), strict=True):
    print(f"{model.tokenizer.decode([token])!r:<10}{p:.1%}")
pieces = [model.tokenizer.decode([i]) for i in rows_and_ids(model, FRANCE, " Paris")[1]]
print("Paris is the tokens", pieces)
for word in (" Paris", " London", " gold"):
    share = logprobs_of(model, FRANCE, word).sum().exp().item()
    print(f"{word:<8} {share:.3%}   one in {1 / share:,.0f}")

# %% [markdown]
# ` gold` is three times as likely as ` Paris`, and ` London` is a little likelier than ` Paris`.
#
# A higher temperature does not help: it lifts thousands of other words too. No knob knows which word is
# *true*: a knob only reshapes what the model says after the given text.
#
# A model that has read more might know the capital. Must our functions change for that model?

# %% [markdown]
# ## Another model
#
# Our functions need three things from a model: it turns a text into ids, gives one logit for each
# possible next token, and says which ids end a text. The Calculator of module 10, which adds five
# numbers and shows its working, does all three.

# %% [markdown]
# <details><summary>Or take GPT-2 (more than half a gigabyte to download)</summary>
#
# Run this once in a terminal, in the course's folder.
#
# ```sh
# pip install --editable '.[models]'
# hf download gpt2 --include "*.json" --include "*.safetensors"
# ```
#
# Then write `NAME = "gpt2"` in the next cell. The text below speaks of the Calculator.
# </details>

# %%
NAME = ""
yours, SUM = visitor(NAME), "57+25+81+68+72:"
BOTH = {"the Storyteller": model, NAME or "the Calculator": yours}
for title, each in BOTH.items():
    print(f"{title}: {each.vocab_size:,} different tokens, reads at most {each.context:,} at once")
    for question in (FRANCE, SUM):
        texts, _ = continued(each, [question], Settings(temperature=0), 54)
        print(f"    {question} → {each.tokenizer.decode(texts[0])[:64]!r}")

# %% [markdown]
# Our functions have not changed. The Calculator adds two numbers at a time; `'` marks a carry. The
# answer, after the `;`, is right: 303.
#
# How likely is ` Paris` for each model?

# %%
for title, each in BOTH.items():
    log = logprobs_of(each, FRANCE, " Paris").double().sum().item()
    print(f"{title:<16} Paris: {math.exp(log):.0e}, of which the logarithm is {log:.0f}")

# %% [markdown]
# Float32 holds nothing as small as 6e-54: there the product would be 0. The logarithm, −122, fits, so
# `my_phrase` adds logarithms.
#
# **Predict.** After `57+25+81+68+72:` the Calculator began with 7. Which other digits were likely?

# %%
explore.Distribution(FRANCE if NAME else SUM, model=yours, knobs=["temperature", "top_p"])

# %% [markdown]
# The Calculator may begin with any of the five numbers.

# %% [markdown]
# ## Perplexity with other tokens
#
# In module 07 the better model had the lower perplexity. Now compare the Storyteller with a table of
# letters. Run the next cell, folded: it counts in seven passages from books how often each letter
# follows another. Then the table and the Storyteller read an eighth passage.
#
# **Predict.** Which has the lower perplexity: the table or the Storyteller?

# %% locked="passages" jupyter={"source_hidden": true}
# From books of T. W. Burgess 1914, Maud Lindsay 1900, E. Nesbit 1899, Leo Tolstoi 1916, Howard R.
# Garis 1912, the brothers Grimm 1922, Katharine Pyle 1919 and Anna Sewell 1877: an opening, and how
# it goes on. The Storyteller has not read them.
OPENINGS = {
    "The beautiful springtime had brought a great deal of happiness": (
        " to the Smiling Pool, as it had to the Green Meadows and to the Green Forest. "
        "Great-Grandfather Frog, who had slept the long winter away in his own special bed way"
    ),
    "Mother and Father Pigeon lived with their two young pigeons": (
        " in their home, built high on a post in the king's barnyard. Every bright morning they "
        "would fly away through the beautiful sunshine wherever they pleased, but, when evening"
    ),
    "I was a handsome, discreet, middle-aged, respectable, responsible, domesticated tabby": (
        " cat. I was humble. I knew my place, and kept it. My place was the place nearest the fire "
        "in winter, or close to the sunny window in summer. There was"
    ),
    "He came to a large garden and in the garden": (
        " was a high house with a golden roof. At the gate stood his godfather, smiling. He greeted "
        "his godson, made him come inside the gate and took him round the garden"
    ),
    "Jimmie Wibblewobble was out flying his kite. He had made": (
        " it all himself, out of sticks, and paste, and paper and strings, and it was a very fine "
        "kite indeed. It was nearly as large as the little boy duck, and"
    ),
    "There was once a poor peasant who sat in the": (
        " evening by the hearth and poked the fire, and his wife sat and span. Then said he, "
        '"How sad it is that we have no children! With us all is so quiet'
    ),
    "The three Princes were well content with what their father": (
        " said. At once the two elder ones made ready to set out; but the youngest one said he "
        'would wait a bit. "It is not right," said he, "that our father should be'
    ),
    "Before I was two years old a circumstance happened which": (
        " I have never forgotten. It was early in the spring; there had been a little frost in the "
        "night, and a light mist still hung over the woods and meadows. I and the other"
    ),
}
*seven, eighth = [opening + rest for opening, rest in OPENINGS.items()]
pairs = Counter(pair for text in seven for pair in pairwise(text))
before = Counter(text[i] for text in seven for i in range(len(text) - 1))
letters = len(set("".join([*seven, eighth])))
by_letters = [  # half a time more for each, so that none is impossible
    math.log((pairs[a, b] + 0.5) / (before[a] + 0.5 * letters)) for a, b in pairwise(eighth)
]

# %%
by_words = logprobs_of(model, "\n", eighth).tolist()
for name, logs, kinds in (
    ("the letter table", by_letters, letters),
    ("the Storyteller", by_words, model.vocab_size),
):
    ruler = f"perplexity {perplexity(logs).item():4.1f} over {len(logs):>3} tokens"
    print(f"{name:<17} {ruler}, each one of {kinds:,}")

# %% [markdown]
# The letter table has a third of the Storyteller's perplexity. Is the table better?
#
# <details><summary>Answer</summary>
#
# Perplexity cannot tell: it is counted *per token*. The table guesses 223 times, one of 44
# characters. The Storyteller guesses only 54 times, one of 4,096 tokens: each guess is harder.
# </details>

# %% [markdown]
# So add up the bits of the *whole* text, and divide by the number of its characters, which is the same
# for every tokenizer:
#
# $$\text{bits per character} = \frac{-\sum_i \log_2 p_i}{\text{characters}}$$

# %% [markdown]
# By hand: `a castle` has 8 characters. A model gives its two tokens 1/16 and 1/4: 4 + 2 = 6 bits, or
# 0.75 bits a character.
#
# **Predict.** Which needs the fewest bits a character: the table, the Storyteller or the Calculator?


# %%
def bits_a_character(logprobs, text):
    return -sum(logprobs) / math.log(2) / len(text)


first = bits_a_character(by_letters, eighth[1:])  # nothing stands before the first letter
print(f"the letter table {first:6.2f} bits a character")
print(f"the Storyteller  {bits_a_character(by_words, eighth):6.2f}")
short = eighth[:60]  # the Calculator reads at most 70
logs = logprobs_of(yours, "\n", short).tolist()
print(f"{NAME or 'the Calculator':<16} {bits_a_character(logs, short):6.2f}")

# %% [markdown]
# The Storyteller needs a third of the table's bits: 1.27 a character against 3.69. So perplexities
# cannot be compared where tokenizers differ [llamacppdocs2026].
#
# The Calculator needs about 29 on the first 60 characters: it expects digits, and the text has none.

# %% [markdown]
# ## Your numbers elsewhere
#
# **Predict.** Why may these numbers be wrong for another model: a presence penalty of 2, the id 0 as the end, a
# perplexity of 20 to beat?
#
# <details><summary>Answers</summary>
#
# - A penalty of 2 overturns a lead of 1, not of 5. Other models lead by more.
# - Id 0 may be a word. Where it was `!`, each text stopped at its first `!` [transformers7275].
# - Perplexity is counted per token, and the tokens differ.
# </details>

# %% [markdown]
# ## Build it: what came next before?
#
# > difficulty ●●○○○ · importance ●●●●○ · 8 minutes
#
# Parts of larger models find an earlier place with the same last words, and raise the word that came
# next [olsson2022]. Can a sampler do the same?
#
# By hand: the ids are 5 6 7 5 6 8 5 6. The last two, 5 6, stood in the text twice before. First
# 7 came next, then 8. So `my_followers(ids, 2)` is `[7, 8]`.

# %% [markdown]
# Write `my_followers` without the course's own functions. It is tested below without points, and scored
# at the end.
#
# <details><summary>Hint</summary>
#
# Compare `ids[j - n : j]` with the last `n` ids, for each `j` up to `len(ids) - 1`.
# </details>


# %% answer="my_followers"
def my_followers(ids, n):
    """The tokens that came next where the last n tokens stood before, in the order of the text.

    ids: a list of up to 1,000 token ids, perhaps fewer than n, perhaps none; it stays as it is.
    n: at least 1. Earlier places may overlap with the end: of 4 4 4 and n = 2 it is [4]. Returns a
    list with one token for each place; if the same token came next at two places, it is there twice.
    """
    ### BEGIN SOLUTION
    last = ids[-n:]
    return [ids[j] for j in range(n, len(ids)) if ids[j - n : j] == last]
    ### END SOLUTION


# %%
for ids, n, expect, why in (
    ([5, 6, 7, 5, 6, 8, 5, 6], 2, [7, 8], "5 6 stood there twice before."),
    ([5, 6, 7, 5, 6, 8, 5, 6], 3, [], "8 5 6 is new."),
    ([4, 4, 4], 2, [4], "4 4 stood one place earlier, and 4 came next."),
    ([], 2, [], "Nothing has been said."),
):
    check.passes(f"{ids}, n = {n}", check.gives, my_followers, ids, n, expect=expect, why=why)

# %% [markdown]
# The sampler `echo` calls `my_followers` with n = 4. If the list is not empty, `echo` adds 12 to the
# logit of the last token in the list. The 12 multiplies this token's odds by e¹², about 160,000: even
# a token of 0.1% gets 99%.
#
# **Predict.** Will the door open? How will `echo` continue `The wolf ran up the hill and down the
# hill.`, said three times?


# %%
def echo(logits, ids):
    logits = logits.clone()  # the input stays as it was
    if found := my_followers(ids.tolist(), 4):
        logits[found[-1]] += 12.0
    return top_p(logits, 0.9)


if my_followers([4, 4, 4], 2) == [4]:
    count, said = opened(echo)
    print(f'opened {count} of 20: "Open, little{said}')
    rut = " ".join(["The wolf ran up the hill and down the hill."] * 3)
    texts, _ = continued(model, [rut], echo, 40)
    print(model.tokenizer.decode(texts[0]))
else:
    print("not written yet: echo needs your my_followers")

# %% [markdown]
# With your `my_followers` the door opens in 20 of 20 texts.
#
# But the wolf never stops running: the text is in a *rut*. The girl's sentence is a *refrain*, a line
# that should come again. `echo` treats both alike.
#
# **Predict.** How can a function tell a rut from a refrain? Write down two signs in the ids: you need
# them in the capstone. You may stop here today.

# %% [markdown]
# ## Capstone: a refrain, or a rut?
#
# > difficulty ●●●●● · importance ●●●●● · 45 minutes
#
# Write a sampler that finishes refrains and ends ruts. It continues:
#
# - *plain*: eight openings of books;
# - *ruts*: four texts that say one sentence seven times;
# - *tales*: four texts like the door's, where a line said twice begins a third time.
#
# The course's functions are allowed. The five promises are scored at the end, on other texts: keep each
# with a margin.

# %% [markdown]
# 1. **Tidy.**
#    - The sampler returns a new tensor of the same shape; the inputs stay as they were.
#    - The same input gives the same result: no chance, no memory.
#    - A token that comes in at −inf stays at −inf, and a token that you cut gets −inf.
#    - The sampler cuts. In a test ten equal tokens hold 99%, thousands share 1%, and the text repeats
#      nothing: at most 20 tokens may stay.

# %% [markdown]
# 2. **Alive.** The sampler continues the plain openings.
#    - *Distinct-1*, the share of different tokens in eight continuations together (a mean over six such
#      sets), is above 0.693 (derived below).
#    - The *perplexity*, by the model's probabilities before your sampler changes them, is from 13.5 to
#      54.1: half to twice the perplexity of the books' own words.

# %% [markdown]
# 3. **Out of the rut.** In `the wolf, the wolf` the second `the wolf` is a *repeat*: a pair of tokens
#    that stood in the text before. After plain texts and ruts together, at most 0.035 of the new pairs
#    are repeats: the books' own share.
# 4. **The refrain.** In at least three of the four tales the line is said a third time, word for word.
# 5. **All at once** (2 points): one sampler keeps 1 to 4.

# %% [markdown]
# Run the next cell, folded: it holds the texts and the tests.
#
# <details><summary>Three signs that have worked</summary>
#
# How often was the line said: twice, or seven times? How far back: some sentences ago, or just now? Is
# the text inside a quotation? (Then the number of quotation marks so far is odd. `QUOTES` holds the ids
# of all tokens with such a mark.)
# </details>


# %% locked="trial" jupyter={"source_hidden": true}
def quotes_of(model):
    """The ids of all tokens with a quotation mark in them."""
    mark, decoded = b'"', model.tokenizer.decode_single_token_bytes
    return {i for i in range(model.vocab_size) if i not in model.ends and mark in decoded(i)}


QUOTES = quotes_of(storyteller.load())
RUTS = [
    " ".join([sentence] * 7)
    for sentence in (
        "He was very fond of her, and she was very fond of him.",
        "The wolf ran up the hill and down the hill.",
        "And the king said that it was good.",
        "The old man went home and shut the door.",
    )
]


def tale(start, cue, rest, again, then):
    """A text in which a line is said twice and begins a third time, and how it goes on."""
    return f'{start}, "{cue}{rest}." {again}, "{cue}{rest}." {then}, "{cue}', rest


TALES = [
    (DOOR, LINE),
    tale(
        "On the stone was written",
        "Who drinks of",
        " this water will become a deer",
        "The boy came near and read aloud",
        "His sister did not believe it, and she read",
    ),
    tale(
        "An old man gave him three apples and said",
        "Take these to",
        " the mill and wait until the moon is up",
        "All the way the boy said to himself",
        "When he met the fox, he told him",
    ),
    tale(
        "High in the tree the bird sang",
        "My mother was",
        " good and I live under the stone",
        "The miller came out, and the bird sang again",
        "The whole village stood and listened while it sang",
    ),
]
LENGTH, SETS = 32, 6


def sampled(sampler, logits, ids):
    """What the sampler makes of copies; AssertionError unless a token can be drawn from it."""
    result = check.on_copies(sampler, logits, ids)
    check.returned(result)
    assert type(result) is torch.Tensor, f"Return a tensor, not a {type(result).__name__}."
    assert result.shape == logits.shape, f"Keep the shape; yours is {tuple(result.shape)}."
    assert result.is_floating_point(), "Return logits, which are floats."
    assert not result.isnan().any(), "There is a NaN in your result."
    assert result.max().isfinite(), "No token is left to draw, or one is at +inf."
    assert result[logits.isneginf()].isneginf().all(), "A token that came in at -inf is back."
    return result


def repeated(before, after):
    """The share of new tokens that end a pair which stood in the text before."""
    ids, found = [*before, *after], 0
    seen = set(pairwise(before))
    for pair in zip(ids[len(before) - 1 :], after, strict=False):
        found += pair in seen
        seen.add(pair)
    return found / max(1, len(after))


def people(openings):
    """Perplexity and repetition of what people wrote."""
    model, logs, shares = storyteller.load(), [], []
    for opening, rest in openings.items():
        ids = model.tokenizer.encode_ordinary(rest)[:LENGTH]
        rows = model.logits(model.encode(opening) + ids, len(ids) + 1)[:-1].log_softmax(dim=-1)
        logs += rows.gather(-1, torch.tensor(ids)[:, None]).flatten().tolist()
        shares.append(repeated(model.encode(opening), ids))
    return {"perplexity": perplexity(logs).item(), "repeats": fmean(shares)}


def trial(sampler, openings, ruts, tales, sets=SETS, first=0):
    """The four numbers of a sampler, and how far its diversity spreads over the sets of seeds."""
    model = storyteller.load()
    tokenizer = model.tokenizer

    def safe(logits, ids):
        return sampled(sampler, logits, ids)

    openings, ruts = [*openings] * sets, ruts * sets
    plain, logs = continued(model, openings, safe, LENGTH, first)
    started = [*ruts, *(start for start, _ in tales)]
    others, _ = continued(model, started, safe, LENGTH // 2, first + len(plain))
    pairs = [*zip(openings, plain, strict=True), *zip(ruts, others, strict=False)]
    size = len(plain) // sets
    diverse = [distinct_n(plain[i : i + size], 1) for i in range(0, len(plain), size)]
    said = [tokenizer.decode(text) for text in others[len(ruts) :]]
    return {
        "perplexity": perplexity([log for each in logs for log in each]).item(),
        "distinct-1": fmean(diverse),
        "spread": stdev(diverse),
        "repeats": fmean(repeated(model.encode(start), text) for start, text in pairs),
        "refrains": fmean(
            text.startswith(rest) for text, (_, rest) in zip(said, tales, strict=True)
        ),
    }


def tidy(sampler):
    """Promise 1."""
    model = storyteller.load()
    vocab, even = model.vocab_size, torch.arange(model.vocab_size) % 2 == 0
    good = torch.full((vocab,), 0.01 / (vocab - 10))
    good[500:510] = 0.099
    rising = torch.linspace(0, 20, vocab)
    rows = [good.log(), rising.masked_fill(even, -torch.inf), rising.masked_fill(~even, -torch.inf)]
    new = [torch.arange(100, 130), torch.arange(100, 101), torch.arange(600, 1200)]
    old = [torch.tensor(model.encode(text)) for text in (DOOR, RUTS[0])]
    for logits, ids in product(rows, [*new, *old]):
        result = sampled(sampler, logits, ids)
        sampled(sampler, logits.flip(0), ids.flip(0))
        again = sampled(sampler, logits, ids)
        assert torch.equal(result, again), "Same input, another result: no chance, no memory."
        given = logits.clone(), ids.clone()
        check.call(sampler, *given)
        same = torch.equal(given[0], logits) and torch.equal(given[1], ids)
        assert same, "An input was changed. Make a new tensor."
    for ids in new:
        left = int(sampled(sampler, good.log(), ids).isfinite().sum())
        assert left <= 20, f"Ten tokens hold 99%, and {left:,} of {vocab:,} stay."


def alive(found, human, bar):
    low, high = human["perplexity"] / 2, human["perplexity"] * 2
    assert low <= found["perplexity"] <= high, (
        f"The texts' perplexity is {found['perplexity']:.1f}; wanted is {low:.1f} to {high:.1f}."
    )
    assert found["distinct-1"] > bar, (
        f"distinct-1 is {found['distinct-1']:.3f}; top-p 0.99 and its spread make {bar:.3f}."
    )


def out_of_the_rut(found, human):
    assert found["repeats"] <= human["repeats"], (
        f"{found['repeats']:.1%} of the pairs are repeats; people's texts have "
        f"{human['repeats']:.1%}."
    )


def says_the_refrain(found):
    assert found["refrains"] >= 0.75, f"Only {found['refrains']:.0%} of the refrains came right."


# %% [markdown]
# ### The rival
#
# Where does 0.693 come from? Top-p did your task at six values of *p*, each with 24 sets of seeds (a set
# continues each opening once). The next cell prints the means.
#
# **Predict.** Which *p* has the highest distinct-1? What share of the refrains does top-p say?

# %%
NAMES = ("perplexity", "distinct-1", "spread", "repeats", "refrains")
MEASURED = {
    0.8: (12.7, 0.592, 0.026, 0.089, 0),
    0.9: (17.6, 0.626, 0.020, 0.069, 0),
    0.95: (21.6, 0.654, 0.024, 0.057, 0),
    0.98: (25.0, 0.652, 0.022, 0.057, 0),
    0.99: (27.2, 0.664, 0.029, 0.051, 0),
    1.0: (26.5, 0.661, 0.024, 0.060, 0),
}
print(" " * 14 + "".join(f"{name:>12}" for name in NAMES))
for p, numbers in MEASURED.items():
    print(f"top-p {p:<8}" + "".join(f"{number:>12.3f}" for number in numbers))

# %% [markdown]
# Top-p says no refrain: it goes by the probabilities alone, and never looks back at the text.
#
# Top-p 0.99 has the highest distinct-1, 0.664 (that 1.0 has a little less is chance). The *spread*, 0.029, is the
# standard deviation of distinct-1 over the 24 sets: a sampler that leads by less may be lucky. So the bar is 0.664 +
# 0.029 = 0.693. The next cell prints all bars, and the numbers of `echo`.


# %%
def line(name, numbers):
    print(" " * 14 + "".join(f"{title:>12}" for title in numbers))
    print(f"{name:<14}" + "".join(f"{number:>12.3f}" for number in numbers.values()))


HUMAN = people(OPENINGS)
RIVAL = dict(zip(NAMES, MEASURED[0.99], strict=True))
BAR = RIVAL["distinct-1"] + RIVAL["spread"]
print(f"perplexity from {HUMAN['perplexity'] / 2:.1f} to {HUMAN['perplexity'] * 2:.1f}")
print(f"distinct-1 above {BAR:.3f}, repeats at most {HUMAN['repeats']:.3f}, refrains at least 0.75")
if my_followers([4, 4, 4], 2) == [4]:
    line("echo", trial(echo, OPENINGS, RUTS, TALES))
else:
    print("echo: not written yet, it needs your my_followers")

# %% [markdown]
# With your `my_followers`, `echo` says each refrain (1.000). But its repeats are about ten times the
# allowed 0.035.

# %% [markdown]
# ### One promise at a time
#
# 1. Copy the body of `echo` into `my_sampler`. Run the next two code cells: the refrain comes, the rut
#    stays.
# 2. Let one sign decide *when* to add 12. The repeats should fall.
# 3. Where you add no 12, use `presence_penalty(logits, ids, 2.0)`, `dry` (`help(dry)`) or both. Which
#    raises distinct-1? Which ends ruts?
# 4. A higher temperature raises distinct-1 *and* perplexity; a tighter cut lowers both.
# 5. Cut last: a question below asks why.


# %% answer="own_sampler"
def my_sampler(logits, ids):
    """A sampler that keeps the five promises.

    logits: (vocab,), float32, some perhaps at -inf; ids: (length,), int64, all tokens so far, at
    least one. Returns a new tensor of logits (vocab,).
    """
    ### BEGIN SOLUTION
    text = ids.tolist()
    said = [text[j] for j in range(4, len(text)) if text[j - 4 : j] == text[-4:]]
    logits = temperature(logits, 1.15)
    if 1 <= len(said) <= 2:
        logits[said[-1]] += 20.0
    else:
        logits = presence_penalty(dry(logits, ids, multiplier=2.0, allowed_length=1), ids, 2.0)
    return top_p(logits, 0.87)
    ### END SOLUTION


# %% [markdown]
# The next cell shows your numbers, and which promise is broken and why.


# %%
def judged(sampler):
    runs = []
    if not check.passes("tidy", tidy, sampler) or not check.passes(
        "it writes", lambda: runs.append(trial(sampler, OPENINGS, RUTS, TALES))
    ):
        return None
    [found] = runs
    line("yours", found)
    check.passes("alive", alive, found, HUMAN, BAR)
    check.passes("out of the rut", out_of_the_rut, found, HUMAN)
    check.passes("the refrain", says_the_refrain, found)
    return found


mine = judged(my_sampler)

# %% [markdown]
# The next two cells print your tries (kept in `leaderboard.md`, in your own copy of the course). Change
# one number in `my_sampler` and run its cell and those down to `keep(mine)` again, until no promise is broken.

# %% locked="leaderboard" jupyter={"source_hidden": true}
MARK = "<!-- The Next Token: the leaderboard of module 12 -->"


def keep(found, page=Path("leaderboard.md")):
    """Show the leaderboard with a row for these numbers; keep it in a learner's own copy."""
    old, known = [], page.read_text("utf-8") if page.is_file() else MARK
    if not known.startswith(MARK):
        print(f"{page} is a page of your own: it stays as it is, and nothing is kept.")
        page = None
    else:
        old = [row for row in known.splitlines() if row.startswith("| try ")]
    row = None
    if found:
        cells = " | ".join(f"{number:.3f}" for number in found.values())
        if not any(cells in each for each in old):
            row = f"| try {len(old) + 1} | {cells} |"
    columns = " | ".join(RIVAL)
    rival = "| top-p 0.99 | " + " | ".join(f"{number:.3f}" for number in RIVAL.values()) + " |"
    lines = ["| | " + columns + " |", "|---" * (len(RIVAL) + 1) + "|", rival, *old]
    lines += [row] if row else []
    print("\n".join(lines))
    own = any((folder / ".given").is_dir() for folder in Path.cwd().parents)
    if own and page:
        page.write_text("\n".join([MARK, "", *lines, ""]), "utf-8")


# %%
keep(mine)

# %% [markdown]
# Try your sampler on the door, and on a story. What do the numbers not show? The last question asks.

# %%
if mine:
    count, said = opened(my_sampler)
    print(f'opened {count} of 20: "Open, little{said}')
explore.Playground("One fine morning the Fox", process=my_sampler, samples=2, knobs=["top_p"])

# %% [markdown]
# Now write a tale of yours into the panel's prompt: a line in quotes, twice, and its beginning once
# more. Does the rest come?

# %% [markdown]
# ## Recap
#
# The door stayed shut because its line is one text in about 3,400, and no cut or penalty looks for a line
# that was said, to raise it. Your sampler looks back, raises the refrain, and the door opens. But no
# sampler knows which word is true.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

# %% [markdown] question="Gold before Paris" points=1
# After `The capital of France is` the Storyteller puts ` gold` before ` Paris`. The model stays unchanged.
# What could put ` Paris` ahead? (`logprobs_of` can measure it.)
#
# - **A** A temperature well above 1, which lifts rare words to common ones.
# - **B** Top-p with a small *p*, which cuts wrong words.
# - **C** A text in front, in which a king lives in Paris.
# - **D** A presence penalty, as old stories say ` gold` too often.

# %% answer="gold_paris"
answer_gold = ""  # "A", "B", "C" or "D"

# %% test="gold_paris"
check.choice(
    answer_gold,
    right="C",
    why={
        "A": "Heat lifts all rare words. And how many draws does a word of three pieces have to win?",
        "B": "A cut goes by the model's own order. Which of the two goes first?",
        "D": "A penalty counts what stands in this text. Does gold stand in it?",
    },
)

# %% [markdown] question="Two readers of one book" points=1
# Model M reads a book with a perplexity of 32 and 5 characters a token; N has a
# perplexity of 8 and 2 characters a token. Which predicts the book better?
#
# - **A** N: its perplexity is a quarter of M's.
# - **B** M: it needs fewer bits for the whole book.
# - **C** Nobody can say, as their tokens are different.
# - **D** N: it has more tokens, so it is tested more often.

# %% answer="two_readers"
answer_readers = ""  # "A", "B", "C" or "D"

# %% test="two_readers"
check.choice(
    answer_readers,
    right="B",
    why={
        "A": "A quarter a token. But how many tokens does each need for the book?",
        "C": "Their tokens are, and the book is not. What can be counted over the whole of it?",
        "D": "More tokens are more surprises to add up. Add them, for 10 characters say.",
    },
)

# %% [markdown] question="A bonus behind the cut" points=1
# A student keeps only the likeliest token (top-k), then adds 12 to the logit of the
# follower (found by `my_followers`). The door stays shut. Why?
#
# - **A** Twelve is too little for a token that the model finds unlikely.
# - **B** The bonus makes the sum of the probabilities larger than one.
# - **C** After a cut the ids are sorted, so another token gets the bonus.
# - **D** A follower that was cut stays impossible, whatever is added.

# %% answer="bonus_place"
answer_bonus = ""  # "A", "B", "C" or "D"

# %% test="bonus_place"
check.choice(
    answer_bonus,
    right="D",
    why={
        "A": "e to the 12th is 160,000. And before the cut the same 12 was enough.",
        "B": "Softmax comes last, and what it gives sums to one. What does a cut leave behind?",
        "C": "Each token keeps its place in the row. What is written there for one that is cut?",
    },
)

# %% [markdown] question="Moving house" points=1
# You take your sampler to another model, with another tokenizer. Which of these can stay
# unchanged?
#
# - **A** The rule that helps a line said twice, and not one said seven times.
# - **B** The set of ids in which there is a quotation mark.
# - **C** The 12 that is added, as it makes any token the likeliest in every model.
# - **D** The bar for distinct-1, as it is a share and not a logit.

# %% answer="moving_house"
answer_moving = ""  # "A", "B", "C" or "D"

# %% test="moving_house"
check.choice(
    answer_moving,
    right="A",
    why={
        "B": "What is token 34 in the other vocabulary? Think of the texts that ended with !",
        "C": "Are the gaps between logits as wide in a model that is much surer?",
        "D": "Distinct-1 counts tokens. Are the same texts as many tokens there?",
    },
)

# %% [markdown] question="A town in three pieces" points=1
# After some text a model gives ` P` 4%, then `ar` 50%, and then `is` 30%. How likely is ` Paris`, as
# a number between 0 and 1?

# %% answer="town_pieces"
answer_town = None  # a number

# %% test="town_pieces"
check.number(
    answer_town,
    right=0.006,
    within=0.00005,
    why={
        0.84: "That is their sum. Each piece needs the ones before it to have come.",
        0.28: "That is their mean. How often do all three come, one after the other?",
        0.04: "That is the first piece alone. Two more have to follow.",
        0.6: "As a number between 0 and 1, not in per cent.",
        0.02: "Those are two of the three pieces.",
    },
    hint="Half of 4% go on with the second piece. How many of those with the third?",
)

# %% [markdown] question="Bits of a short line" points=1
# A model gives the three tokens of a line 1/16, 1/4 and 1/8. The line has 18 characters. How many
# bits a character is that?

# %% answer="line_bits"
answer_bits = None  # a number

# %% test="line_bits"
check.number(
    answer_bits,
    right=0.5,
    within=0.003,
    why={
        3.0: "That is a token. The ruler that all models share is another one.",
        9.0: "Those are all the bits of the line. Over how many characters?",
        0.3466: "That is in nats: the logarithm is the natural one.",
        0.1667: "You took the mean of the bits. The text pays for each of its tokens.",
        2.0: "That is characters a bit, upside down.",
    },
    hint="1/16 is 4 bits. Add up all three and divide by the characters.",
)

# %% [markdown] question="A lead, and how much of it" points=1
# Over three sets of seeds top-p has a distinct-1 of 0.60, 0.63 and 0.66, with a standard deviation of
# 0.03. Your sampler has 0.66, 0.67 and 0.71. The bar is top-p's mean plus this standard deviation. How
# far above the bar is your mean?

# %% answer="lead_margin"
answer_lead = None  # a number, below 0 if it stays under the bar

# %% test="lead_margin"
check.number(
    answer_lead,
    right=0.02,
    within=0.0005,
    why={
        0.05: "That is the lead between the means. What of the spread?",
        -0.02: "The right size. On which side of the bar is your mean?",
        0.08: "The spread makes the bar higher, not lower.",
        0.03: "Take your mean, not your lowest set. Or is that the spread alone?",
        -0.01: "From the mean, not from top-p's best set.",
    },
    hint="Two means first. The bar is one of them and 0.03.",
)

# %% [markdown] question="After each seven" points=1
# The ids so far are 7 1 7 7 2 7, and `my_followers(ids, 1)` is called. Which tokens are in its result?

# %% answer="after_seven"
answer_followers = []  # the tokens, each once, in any order

# %% test="after_seven"
check.ids(
    answer_followers,
    right={1, 2, 7},
    why={
        (1, 2): "One of the sevens is followed by something that you left out.",
        (1,): "All earlier places count, not only the first.",
        (2,): "All earlier places count, not only the nearest.",
        (7,): "That is what is looked for. What came next, each time?",
    },
    hint="Put a finger on each 7 but the last, and read the id to its right.",
)

# %% [markdown] question="Bits a letter" points=2
# A research project's code for bits a character did not divide by characters [adaptivespan17]. The code
# below has that fault, and one more. Repair both.
#
# `logprobs`: natural log-probabilities of all tokens of the text, a list, each from −60 to 0; `text`:
# 1 to 1,000 characters of any script, as `len` counts them: `ß`, `語`, `🦊` and a tab are one each. Errors
# up to 0.001 are allowed. One point for plain English letters, one more for all scripts.


# %% answer="letter_bits"
def repaired_bits(logprobs, text):
    ### BEGIN SOLUTION
    return -sum(logprobs) / math.log(2) / len(text)
    ### END SOLUTION
    return -fmean(logprobs) / math.log(2) / len(text.encode())


# %% test="letter_bits"
def example():
    check.gives(
        repaired_bits,
        [math.log(1 / 16), math.log(1 / 4)],
        "a castle",
        expect=0.75,
        why="4 and 2 bits, over 8 characters.",
    )


points = 1.0 * check.passes("two tokens, eight characters", example)


### BEGIN HIDDEN TESTS
def of_the_text(logprobs, text):
    bits = [-value / math.log(2) for value in logprobs]
    return math.fsum(bits) / sum(1 for _ in text)


def drawn_text(random, letters, ends):
    """Log-probabilities, and a text that often ends or begins with one of the ends."""
    count = random.choice([1, 2, 3, random.randint(1, 60), random.randint(60, 200), 1000])
    tokens = random.choice([1, 2, 3, random.randint(1, 60), random.randint(60, 200), 1000])
    tokens = min(tokens, 5 * count)  # more bits a character than float32 could tell to 0.001
    size = random.choice([0.5, 5, 60])
    few = [0.0, *(-random.uniform(0, size) for _ in range(random.choice([2, 1000])))]
    text = "".join(random.choices(letters, k=count))
    text = random.choice([text, text, text + ends[0], text + ends[-1], ends[-1] + text])
    return random.choices(few, k=tokens), text[-1000:]


def over(count):
    """The bits with another count of letters."""
    return lambda logprobs, text: of_the_text(logprobs, "x" * max(1, count(text)))


SIZES = {
    "A space or a line break at either end is a character, too.": over(
        lambda text: len(text.strip())
    ),
    "A line break is a character, too.": over(lambda text: len(text.replace("\n", ""))),
    "A space is a character, too.": over(lambda text: len(text.replace(" ", ""))),
    "A character that comes twice counts twice.": over(lambda text: len(set(text))),
    "Tokens of the same log-probability cost each its own bits.": (
        lambda logprobs, text: of_the_text(set(logprobs), text)
    ),
}


def english(random):
    return drawn_text(
        random, "abcdefghijklm NOP.,!\n\r\t", random.choice([" ", "\n", "\r\n", "\t"])
    )


def any_script(random):
    letters = random.choice(["abé ß日本語🦊Жжİ\u200d", ["e\u0301", "ö", "o\u0308", "한"]])
    return drawn_text(random, letters, random.choice(["\u200d", "\u0301", "\u3000", "\ufeff", "0"]))


@check.once
def plain_letters():
    example()
    check.against(
        of_the_text,
        repaired_bits,
        english,
        mistakes=SIZES,
        why="The sum of all log-probabilities, in bits, over the number of all characters: which of "
        "the two goes wrong in yours?",
        within=1e-3,
    )


def all_letters():
    plain_letters()
    check.against(
        of_the_text,
        repaired_bits,
        any_script,
        why="Of any script, and whatever its letters are made of: `len` counts the characters of the "
        "text as it is. How many does your divisor count in Zoë, or in 🦊?",
        within=1e-3,
    )


points = 1.0 * check.passes("English letters", plain_letters)
points += check.passes("letters of any script", all_letters)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="The second way to end" points=2
# When Llama 3 came out, servers went on writing after its answer: they knew only one of its two end
# tokens [vllm4180]. This function should return all tokens before the first end token, or all tokens if
# none ends the text. Repair the function.
#
# `ids`: up to 1,000 tokens, perhaps none; `ends`: one or more ids, in any order. Both lists stay as they
# are. One point for texts with an end; one more for others.


# %% answer="second_end"
def repaired_end(ids, ends):
    ### BEGIN SOLUTION
    for place, token in enumerate(ids):
        if token in ends:
            return ids[:place]
    return ids[:]
    ### END SOLUTION
    end = ends[0]
    return ids[: ids.index(end)]


# %% test="second_end"
def example():
    check.gives(
        repaired_end,
        [5, 8, 2, 9, 1],
        [1, 2],
        expect=[5, 8],
        why="The first token that ends the text is 2. It is not shown, nor is what comes after.",
    )


points = 1.0 * check.passes("two ways to end", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def before_the_end(ids, ends):
    places = [place for place, token in enumerate(ids) if token in set(ends)]
    return ids[: min(places)] if places else list(ids)


def not_at_once(ids, ends):
    return before_the_end(ids, ends) or ids


def text_and_ends(random):
    vocab = random.choice([3, 8, 40, 4000])
    ids = domains.history(random, vocab, least=1)[: domains.LONG - 1]
    ends = random.sample(range(vocab + 15), random.choice([1, 2, 3, 4, 14]))
    if random.random() < 0.2:  # no end, though a careless key takes it for one
        [end], [other] = random.choice(domains.alike_ids(random, 1))
        ends, ids[random.randrange(len(ids))] = [end], other
    return ids, ends


def ending(random):
    ids, ends = text_and_ends(random)
    place = random.choice([len(ids), random.randrange(len(ids) + 1)])
    ids.insert(place, int(str(random.choice(ends))))  # equal, but another object
    return ids, ends


def any_text(random):
    ids, ends = text_and_ends(random)
    return random.choice([ids, ids, []]), ends


@check.once
def some_end():
    example()
    check.against(
        before_the_end,
        repaired_end,
        ending,
        mistakes={"The very first token may be an end. Then nothing is left.": not_at_once},
        why="All tokens before the first end come back, whichever of the ends it is, and no other.",
    )


def or_none():
    some_end()
    check.against(
        before_the_end,
        repaired_end,
        any_text,
        why="A text may stop at the length that was asked for, before any end came.",
    )
    check.keeps(repaired_end, any_text, why="The caller's lists must be the same after the call.")


points = 1.0 * check.passes("some end comes", some_end)
points += check.passes("or none does", or_none)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Your phrase" points=3
# Your `my_phrase` from **Build it** above. One point each: phrases of several tokens; phrases so unlikely
# that float32 holds only their logarithm; phrases of no token, and impossible phrases. Errors up to 0.003 are
# allowed, and float32 is exact enough for the rows of the tests. If it calls the course's functions, it gets no points.


# %% test="my_phrase"
def two_tokens():
    check.gives(
        my_phrase,
        torch.tensor([[0.0, 0.0], [math.log(3), 0.0]]),
        [1, 0],
        expect=math.log(0.375),
        why="A half, and then three quarters.",
    )


points = 1.0 * check.passes("two tokens", two_tokens)
### BEGIN HIDDEN TESTS
from course_utils import domains


def by_sums(rows, ids):
    total = 0.0
    for row, token in zip(rows.double().tolist(), ids, strict=True):
        top = max(row)
        total += row[token] - top - math.log(math.fsum(math.exp(x - top) for x in row))
    return total


def some_rows(random, count, spread, vocab=None):
    vocab = vocab or domains.size(random)
    rows = [[random.gauss(0, spread) for _ in range(vocab)] for _ in range(count)]
    return torch.tensor(rows, dtype=torch.float32).view(count, vocab)


def several(random, counts=(1, 2, 3, 6)):
    rows = some_rows(random, random.choice(counts), random.choice([0.3, 2, 5]))
    if random.random() < 0.15:  # all rows alike, and different tokens
        rows[:] = rows[:1].clone()
    return rows, [random.randrange(rows.shape[1]) for _ in rows]


def any_vocabulary(random):
    if random.random() < 0.98:
        return several(random)
    rows = some_rows(random, 1, 0.3, vocab=random.choice([33_000, 60_000, 60_000]))
    return rows, [rows.shape[1] - random.randint(1, 200)]


def unlikely(random):
    rows, ids = several(random, (130,) if random.random() < 0.05 else (1, 2, 3, 6))
    return rows + random.choice([0, 90, -90]), ids


def far(random):
    rows, ids = several(random)
    rows[random.randrange(len(rows)), random.randrange(rows.shape[1])] += 200.0
    return rows, ids


def very_far(random):
    """One token so far behind that not even float64 holds its share, of logits of any height."""
    rows, ids = several(random)
    if random.random() < 0.2:
        rows, behind = rows[:1] + 6000.0, 12_000
        ids = ids[:1]
    else:
        rows += torch.tensor([[random.choice([0.0, 1000.0, -1000.0])] for _ in rows])
        behind = random.choice([800, 3000, 8500])
    if rows.shape[1] > 1:
        rows[-1, ids[-1]] = rows[-1].max() - behind
    return rows, ids


def long(random):
    count = random.choice([300, 1000]) if random.random() < 0.03 else random.choice([10, 30])
    rows = some_rows(random, count, 0.3, vocab=random.randint(2, 3))
    return rows, [random.randrange(rows.shape[1]) for _ in rows]


def impossible(random):
    rows = some_rows(random, random.choice([0, 1, 2, 6]), 2)
    rows = random.choice([rows, rows, rows - 5000.0, rows.clamp(-1, 1) - 9999.0])
    best = rows.argmax(dim=-1, keepdim=True)
    banned = torch.rand(rows.shape, generator=torch.Generator().manual_seed(len(rows))) < 0.3
    rows = rows.masked_fill(banned.scatter(-1, best, False), -torch.inf)
    return rows, [random.randrange(rows.shape[1]) for _ in rows]


@check.once
def all_phrases():
    check.own(my_phrase, several)
    two_tokens()
    check.against(
        by_sums,
        my_phrase,
        any_vocabulary,
        why="For each token, its log-probability in its own row; then the sum.",
        within=3e-3,
    )


def far_tokens():
    all_phrases()
    check.against(
        by_sums,
        my_phrase,
        long,
        why="In a phrase of hundreds of tokens, each counts.",
        within=3e-3,
    )
    for draw in (unlikely, far, very_far):
        check.against(
            by_sums,
            my_phrase,
            draw,
            why="e to the -200 is 0 in float32, and e to the -800 in every float: that has no "
            "logarithm. Never leave the logarithms, and let no token be too unlikely to count.",
            within=3e-3,
        )


def ends_of_it():
    all_phrases()
    check.against(
        by_sums,
        my_phrase,
        impossible,
        why="A phrase of no token loses nothing. A token of it at -inf makes the whole phrase so; "
        "others at -inf have no share of their row.",
        within=3e-3,
    )
    check.keeps(
        my_phrase, impossible, why="The caller's rows and ids must be the same after the call."
    )


points = 1.0 * check.passes("several tokens", all_phrases)
points += check.passes("very unlikely tokens", far_tokens)
points += check.passes("no token, and impossible ones", ends_of_it)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Your look back" points=3
# Your `my_followers` from **Build it** above. One point each: several earlier places, in the order of
# the text; overlaps, texts shorter than n, and empty texts; texts of hundreds of tokens, and a list that
# stays as it was. If it calls the course's functions, it gets no points.


# %% test="my_followers"
def two_places():
    check.gives(
        my_followers,
        [5, 6, 7, 5, 6, 8, 5, 6],
        2,
        expect=[7, 8],
        why="5 6 stood there twice before: once 7 came next, and then 8.",
    )


points = 1.0 * check.passes("two places", two_places)
### BEGIN HIDDEN TESTS
from course_utils import domains


def came_next(ids, n):
    found = []
    for place in range(len(ids) - n):
        if all(ids[place + k] == ids[len(ids) - n + k] for k in range(n)):
            found.append(ids[place + n])
    return found


def apart(random):
    n, vocab = random.randint(1, 4), random.choice([4, 9])
    end = [vocab + k for k in range(n)]
    ids = []
    for _ in range(random.randint(0, 4)):
        ids += [random.randrange(vocab) for _ in range(random.randint(0, 3))]
        ids += [*end, random.randrange(vocab)]
        if n > 1 and random.random() < 0.5:  # alike but for its first token
            ids += [0, *end[1:], random.randrange(vocab)]
    return [*ids, *end], n


def any_ids(random):
    vocab = random.choice([1, 2, 3, 8])
    ids = [random.randrange(vocab) for _ in range(random.choice([0, 1, 2, 3, 5, 12, 30]))]
    return ids, random.randint(1, 6)


def long_ids(random):
    if random.random() < 0.1:  # the same token again and again, but perhaps for the first
        n = random.randint(1, domains.LONG - 2)
        return [random.choice([6, 7]), *[7] * n], n
    vocab, count = random.choice([2, 5, 40, 3000]), random.choice([120, 400, domains.LONG])
    n = random.choice([1, 2, 3, 4, 20, (count - 9) // 3])
    ids = [random.randrange(vocab) for _ in range(count)]
    last = ids[-n:]
    if random.random() < 0.7:
        ids[:n] = last
    ids[n + 9 : 2 * n + 9] = [last[0] + 1, *last[1:]]  # alike but for its first token
    return ids, n


def alike_runs(random):
    """Runs that a careless key takes for the last one, between two places of that itself."""
    n = random.choice([1, 2, 3])
    run, other = random.choice(domains.alike_ids(random, n))
    return [*run, 70_001, *other, 70_002, *run, 70_003, *other, 70_001, *run], n


@check.once
def places():
    check.own(my_followers, any_ids)
    two_places()
    check.against(
        came_next,
        my_followers,
        apart,
        why="One token for each earlier place where the last n stood, from the front; one that came "
        "next twice is there twice.",
    )
    check.against(
        came_next,
        my_followers,
        alike_runs,
        why="The n tokens themselves have to be the same, each in its place: 1 11 and 11 1 are two "
        "runs, and 5 and 32,773 two tokens. What came next is returned as it is.",
    )


def overlaps():
    places()
    check.against(
        came_next,
        my_followers,
        any_ids,
        why="Of 4 4 4 and n = 2 it is [4]. With fewer than n tokens, or none, it is [].",
    )


def long_texts():
    places()
    check.against(
        came_next,
        my_followers,
        long_ids,
        why="The text may have hundreds of tokens, and so may n: every place counts where all n are "
        "the same, and no other.",
    )
    check.keeps(my_followers, any_ids, why="The caller's list must be the same after the call.")


points = 1.0 * check.passes("several places", places)
points += check.passes("overlaps, and short texts", overlaps)
points += check.passes("long texts, and the list as it was", long_texts)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="A refrain or a rut" points=6
# Your `my_sampler` from the **Capstone** above. One point each for promises 1 to 4, and two more if all
# four are kept by one sampler. The texts are new, and the bars are measured on them: a sampler that
# only just passes above may fail here. The course's functions may be called.


# %% test="own_sampler"
points = 1.0 * check.passes("tidy", tidy, my_sampler)
### BEGIN HIDDEN TESTS
# From books of L. Frank Baum 1903, Thornton W. Burgess 1918, Yei Theodora Ozaki 1908, Andrew Lang
# 1910 and 1897, the brothers Grimm 1927, George MacDonald 1871 and E. Nesbit 1900.
UNSEEN = {
    "The King's plum-pudding crop had for some time suffered from": (
        " the devastations of a secret enemy. Each day, as he examined the vines, he found more and "
        "more of the plum-pudding missing, and finally the monarch"
    ),
    "Happy Jack Squirrel hadn't slept very well. He had had": (
        " bad dreams. Ever so many times in the night he had waked up, a very unusual thing for "
        "Happy Jack. The fact is, he had something on his mind. Yes"
    ),
    "Long, long ago, in old Japan, the Kingdom of the": (
        " Sea was governed by a wonderful King. He was called Rin Jin, or the Dragon King of the "
        "Sea. His power was immense, for he was the ruler of all"
    ),
    "There was once a little farmer and his wife living": (
        " near Coolgarrow. They had three children, and my story happened while the youngest was a "
        "baby. The wife was a good wife enough, but her mind was all on her family"
    ),
    "Once upon a time there were seven brothers, who were": (
        " orphans, and had no sister. Therefore they were obliged to do all their own housework. "
        "This they did not like at all; so after much deliberation they decided to"
    ),
    "When the Princess grew up, she was betrothed to a": (
        " Prince who lived very far away. When the time came for her to be married, and she had to "
        "journey forth into the distant kingdom, the aged Queen packed up for her"
    ),
    "Diamond woke very early in the morning, and thought what": (
        " a curious dream he had had. But the memory grew brighter and brighter in his head, until "
        "it did not look altogether like a dream, and he began to doubt whether he"
    ),
    "It all began with Effie's getting something in her eye.": (
        " It hurt very much indeed, and it felt something like a red-hot spark--only it seemed to "
        "have legs as well, and wings like a fly. Effie rubbed and cried"
    ),
}
NEW_RUTS = [
    " ".join([sentence] * 7)
    for sentence in (
        "The little girl laughed and clapped her hands.",
        "So the prince rode on and on through the wood.",
        "She looked out of the window, but there was nobody.",
        "The fox was hungry, and he could not sleep.",
    )
]
NEW_TALES = [
    tale(
        "The giant looked up and said",
        "I smell bread",
        " and honey and a boy from the hills",
        "His wife shook her head, but he said again",
        "And when the clock struck nine, he stood up and said",
    ),
    tale(
        "Every night the owl called",
        "Three steps to",
        " the river and seven steps to the sea",
        "The children heard it, and the owl called again",
        "So they went out with a lamp, and the eldest whispered",
    ),
    tale(
        "The fairy told her",
        "Turn the golden",
        " key twice and never look behind you",
        "The girl said it over and over",
        "At the gate she stopped and said once more",
    ),
    tale(
        "Before he died, the father said",
        "Sell the cow",
        " and the house, but keep the old grey cat",
        "The eldest son laughed and told his brothers",
        "And the youngest said to himself",
    ),
    tale(
        "The wind sang at the window",
        "Far away in",
        " the north there is a bed of snow for me",
        "The child sat up and listened, and it sang again",
        "In the morning the child sang softly",
    ),
    tale(
        "The hen cried",
        "The sky is",
        " falling and we must run and tell the queen",
        "The duck ran after her and cried",
        "They met the goose, and both of them cried",
    ),
]
TOP_P = 0.687  # mean of top-p 0.99 over 24 sets of seeds here, and a standard deviation
runs = []


def writes():
    runs.append(trial(my_sampler, UNSEEN, NEW_RUTS, NEW_TALES))


def all_at_once():
    assert points >= 4, "Each of the four promises has to be kept by one and the same sampler."


points = 0.0
if check.passes("it writes", writes):
    wrote = people(UNSEEN)
    points += check.passes("tidy", tidy, my_sampler)
    points += check.passes("alive", alive, runs[0], wrote, TOP_P)
    points += check.passes("out of the rut", out_of_the_rut, runs[0], wrote)
    points += check.passes("says the refrain", says_the_refrain, runs[0])
    points += 2.0 * check.passes("all at once", all_at_once)
### END HIDDEN TESTS
float(min(points, 6))

# %% [markdown] question="In defence of a refrain" points=0
# Defend your sampler in about six sentences:
#
# 1. the sign by which it knows a refrain, and a text that fools it;
# 2. a reason for each number in the sampler;
# 3. what another order of its steps would break;
# 4. a measurement that speaks *for* the sampler, with its spread, and one that speaks *against* it;
# 5. what the measured numbers cannot see;
# 6. what you would do first on a larger model.

# %% [markdown] answer="explain_refrain"
# ### BEGIN SOLUTION
# It counts: where the last four tokens stood in the text once or twice, what came next is helped, and
# from the third time on it is punished; so a chorus that is sung four times breaks off. Four tokens
# are long enough to be no accident, and 20 is as good as certain for any token. A penalty of 2 is the
# strongest that the course allows; the heat of 1.15 adds rare words, and the 0.87 takes the worst of
# them away again. The cut comes last: earlier, it would cut what was to be helped. Its distinct-1
# leads the best top-p's by about 0.07, more than twice the spread; against it, its perplexity is higher than
# top-p's, and it meets people's names with a penalty. None of the numbers sees a plot, or a word that
# does not exist. On a larger model I would first switch the help off and count how often the door
# opens without it.
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
# - [olsson2022] Olsson, Elhage et al.: In-context Learning and Induction Heads. 2022
# - [llamacppdocs2026]: the manual of llama.cpp's perplexity tool, as read in 2026
# - [transformers7275], [vllm4180], [adaptivespan17]: three reports on end tokens and a divisor
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

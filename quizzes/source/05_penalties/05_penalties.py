# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Penalties
#
# An old woman told a prince where a princess lives: in the Golden Castle, *east of the sun and west
# of the moon*. Now he must give this address to the North Wind. Three writers finish his sentence. One
# of them gets the address wrong.

# %% [markdown]
# > **About 140 minutes**, in two sittings · difficulty ●●●○○ · you need: logits, softmax, greedy
# > choice (01), temperature (02), top-k (03)
# >
# > Afterwards you can
# > - work out by hand what penalties, a block and a bias do to logits;
# > - write the repetition penalty, right for negative logits too;
# > - say which tokens a penalty counts;
# > - tell where penalties help and hurt, repair them, design your own.

# %% locked="setup" jupyter={"source_hidden": true}
import textwrap

import torch

from course_utils import explore, penalties, storyteller
from course_utils import quiz as check
from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import seq_rep_n
from course_utils.sampling import top_k
from course_utils.toys import NEXT_LOGITS, NINE_WORDS, VOCABULARY

model = storyteller.load()
tokenizer = model.tokenizer
HEARD = (
    '"She lives in the Golden Castle, east of the sun and west of the moon," said the old woman.'
)
AGAIN = (
    ' The prince rode to the {} Wind and said, "She lives in the Golden Castle, east of the sun and'
)
TASK = HEARD + AGAIN.format("North")
PROMPTS = [
    "Once upon a time",
    "The king said to his",
    "In the forest there lived",
    "One day the little girl",
    "The wolf and the fox",
    "There was once a poor man",
    "The three brothers",
    "The giant came to the",
]


def show(words, **columns):
    """Print one row a word, one column an argument."""
    print(" " * 10 + "".join(f"{name:>14}" for name in columns))
    for word, *numbers in zip(words, *columns.values(), strict=True):
        values = [number.item() for number in numbers]
        cells = [f"{x:14d}" if isinstance(x, int) else f"{x:14.3f}" for x in values]
        print(f"{word:<10}" + "".join(cells))


def tell(text):
    """Print a text in short lines, with an empty one below."""
    print(textwrap.fill(" ".join(text.split()), 90) + "\n")


def likeliest(logits, n=3):
    """The n likeliest tokens with their probabilities, as a text."""
    best = logits.softmax(dim=-1).topk(n)
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return ", ".join(f"{tokenizer.decode([i])!r} {p:.1%}" for i, p in pairs)


def careful(process):
    """A writer who always takes the token that is best after the process."""

    def best(logits, ids):
        result = process(logits, ids)
        if result is None:
            raise ValueError("it returns nothing")
        return top_k(result, 1)

    return best


def finish(process, prompt=TASK, tokens=34):
    """The pieces that a writer adds to the prompt; none, and a word why, if the process fails."""
    try:
        return [step.text for step in generate(model, prompt, process, max_new_tokens=tokens)]
    except Exception as error:
        print(f"(Your function is not ready yet: {error}.)")
        return []


def write(process, prompts, tokens):
    """The new tokens of each text, without end-of-text."""
    texts = [[] for _ in prompts]
    for steps in generate_batch(model, prompts, process, tokens):
        for text, step in zip(texts, steps, strict=True):
            if step and step.token != tokenizer.eot_token:
                text.append(step.token)
    return texts


def repeats(process):
    """The share of 4-grams, and of single tokens, that came before: the mean over eight texts."""
    texts = write(process, PROMPTS, 64)
    return [sum(seq_rep_n(text, n) for text in texts) / len(texts) for n in (4, 1)]


# %%
print(TASK, "...\n")
tell("FIRST, no penalty: ..." + "".join(finish(Settings(temperature=0))))
second = Settings(temperature=0, repetition_penalty=1.3)
tell("SECOND, repetition penalty 1.3: ..." + "".join(finish(second)))
third = Settings(temperature=0, frequency_penalty=2.0)
tell("THIRD, frequency penalty 2.0: ..." + "".join(finish(third)))

# %% [markdown]
# All three writers always take the token that is best after their penalty. The first gets the address right, but loops. The
# second says *west of the sky*. The third gets the address right, without a loop.
#
# Both penalties lower the logits of tokens that came before. **Why did the repetition penalty spoil
# the address, and the frequency penalty not?**

# %% [markdown]
# **Recall.**
#
# 1. (01, 03) You take 1 from one logit. What happens to the odds of its token against any other?
# 2. (01, 03) And if you take 1 from every logit?
# 3. (02) Two logits are 2 apart. How far apart are they at *T* = 0.5?
#
# <details><summary>Answers</summary>
#
# 1. They fall by a factor of *e* ≈ 2.7. 2. Nothing. 3. 4 apart.
# </details>

# %% [markdown]
# ## By hand, on nine words
#
# A small model has read `every effort moves you` and written `forward forward toward forward`. For its
# next word we take the logits of module 01, and we count only what it *wrote*.
#
# The **frequency** penalty subtracts a number from a word's logit for *each time* that the word was
# written. The **presence** penalty subtracts a number once, if the word was written *at all*. Here
# both numbers are 0.5.

# %%
new = torch.tensor([3, 3, 7, 3])  # forward forward toward forward
count = torch.bincount(new, minlength=len(VOCABULARY))
frequency = NEXT_LOGITS - 0.5 * count
presence = NEXT_LOGITS - 0.5 * (count > 0)
show(VOCABULARY, count=count, logit=NEXT_LOGITS, frequency=frequency, presence=presence)

# %% [markdown]
# With the frequency penalty, `forward` pays 0.5 three times: 6.75 − 1.5 = 5.25. `toward` pays once,
# and leads with 5.78.
#
# **Predict.** Above which frequency penalty does `toward` lead? Can *any* presence penalty make
# `toward` lead?

# %%
explore.Penalties(NINE_WORDS, knobs=("frequency_penalty", "presence_penalty"))

# %% [markdown]
# 1. Raise `frequency_penalty` until the second line says `→ 'toward'`.
# 2. Set `frequency_penalty` to 0, and `presence_penalty` to 2. Which word leads? Which is second?
#
# <details><summary>Answers</summary>
#
# 1. `forward` is ahead by 6.75 − 6.28 = 0.47, and pays two penalties more than `toward`. So a
#    penalty must be above 0.47 / 2 = 0.235: on the slider, 0.3.
# 2. `forward`: 4.75. No presence penalty helps `toward`: both pay the same. `closer` (4.51) is
#    second, above `toward` (4.28).
# </details>

# %% [markdown]
# In symbols: a token has the logit $\mu$ and was written $c$ times. By OpenAI's rule [openai2026] its
# new logit is
#
# $$\mu' = \mu - c \cdot \alpha_{\text{frequency}} - [c > 0] \cdot \alpha_{\text{presence}}$$
#
# The bracket is 1 if $c > 0$, else 0. You set each $\alpha$, from −2 to 2. At 0 the penalty is off,
# and a negative $\alpha$ rewards repetition.

# %% [markdown]
# ## A penalty that divides
#
# The second writer had a **repetition penalty** of θ (theta) = 1.3. If a token was said before, its
# logit is divided by θ: once, however often the token came. The penalty's inventors found θ ≈ 1.2
# good for greedy choice [keskar2019].
#
# After `west of the`, these are four likely next tokens:

# %%
so_far = TASK + " west of the"
logits, seen = model.next_logits(so_far), torch.tensor(model.encode(so_far))
words = (" moon", " sun", " sky", " stars")
four = [tokenizer.encode_ordinary(word)[0] for word in words]
said = torch.bincount(seen, minlength=len(logits))
probs = logits.softmax(dim=-1)
show(words, said_before=said[four], logit=logits[four], probability=probs[four])

# %% [markdown]
# **Predict.** The second writer says `sky`. Order the other three words by their logits after a
# penalty of 1.3, highest first. (11.009 / 1.3 is about 8.5.)
#
# <details><summary>Answer</summary>
#
# `moon`, `stars`, `sun`. `stars` was never said, and keeps 7.831. `moon` falls to 8.47, below the 8.786
# of `sky`, and `sun` to 7.09.
# </details>
#
# `moon` was right *because* the old woman had said it. The penalty lowered `moon` for the same
# reason. Now other values of θ:

# %%
explore.Playground(
    TASK,
    settings=Settings(temperature=0, repetition_penalty=1.3),
    knobs=["repetition_penalty"],
    samples=1,
    max_new_tokens=20,
)

# %% [markdown]
# 1. Lower θ (`repetition_penalty`) in steps of 0.05. At which θ does the prince first say *moon*
#    again?
# 2. Lower θ further. At which θ does the loop come back?
#
# <details><summary>Answers</summary>
#
# 1. At 1.25: 11.009 / 1.25 = 8.81, just above 8.786.
# 2. At 1.05.
# </details>
#
# From 1.1 to 1.25 the address is right, and no loop comes: *in this sentence*.

# %% [markdown]
# ## The good dog
#
# What does division do to negative logits? We make all logits negative: PyTorch's `log_softmax`
# subtracts the same number from each, so no probability changes (Recall 2). The results, our
# `scores`, are *logarithms* of probabilities: 5% becomes −3, and 100% would become 0.
#
# Two functions penalise all tokens so far, `ids`: `divides` divides their scores by 1.5,
# `multiplies` multiplies them by 1.5.
#
# **Predict.** With which of the two functions does the model loop?


# %%
def divides(logits, ids):
    scores = logits.log_softmax(dim=-1)
    scores[ids.unique()] /= 1.5
    return scores


def multiplies(logits, ids):
    scores = logits.log_softmax(dim=-1)
    scores[ids.unique()] *= 1.5
    return scores


for process in (divides, multiplies):
    tell(f"{process.__name__}: The dog" + "".join(finish(careful(process), "The dog", 45)))

# %% [markdown]
# <details><summary>Answer</summary>
#
# `divides`. −3 / 1.5 is −2: higher than before. Division *rewards* what was said. (`multiplies` says one
# phrase twice, and goes on: no loop.)
# </details>

# %% [markdown]
# The mistake is famous: the inventors' paper divides negative logits too. The library
# `transformers` did the same in 2019, until a user set 1.5 and got `The dog dog dog dog dog`
# [transformers2302]. The repair: divide a positive logit, **multiply** a negative logit. θ = 1
# changes nothing.

# %% [markdown]
# ## Build it: the repetition penalty
#
# > difficulty ●●●○○ · importance ●●●●○ · 10 minutes
#
# Write `my_repetition_penalty`, without the course's own functions. Your function is scored at the
# end.
#
# <details><summary>Hint</summary>
#
# Which tokens were seen? List each once. Which of them have a negative logit?
# <details><summary>More</summary>
#
# `seen = ids.unique()` lists each token once, and `x = logits[seen]` reads their logits.
# `torch.where(x < 0, x * penalty, x / penalty)` chooses. Write its result into a copy,
# `logits.clone()`, at `seen`.
# </details>
# </details>


# %% answer="my_repetition_penalty"
def my_repetition_penalty(logits, ids, penalty):
    """For each token that occurs in ids: divide a positive logit by penalty, multiply a negative one.

    logits: (vocab,), float32, all finite; they are left as they are. ids: (length,), int64, 1 to 700
    tokens; a token that occurs often is penalised once. penalty: at least 1.
    Returns logits, float32 (vocab,).
    """
    ### BEGIN SOLUTION
    seen = ids.unique()
    x = logits[seen]
    result = logits.clone()
    result[seen] = torch.where(x < 0, x * penalty, x / penalty)
    return result
    ### END SOLUTION


# %% [markdown]
# After each change run your cell and the next one, until you see `[ok]`. (No points yet.)

# %%
expected = NEXT_LOGITS.clone()
expected[[2, 3, 7]] = torch.tensor([-1.90 * 1.2, 6.75 / 1.2, 6.28 / 1.2])
check.passes(
    "forward, toward and effort at 1.2",
    check.close,
    my_repetition_penalty,
    NEXT_LOGITS,
    torch.tensor([2, 3, 7]),
    1.2,
    expect=expected,
    why="Every logit of these three must fall, and no other may move. Look at each sign.",
)
show(VOCABULARY, logit=NEXT_LOGITS, expected=expected)

# %% [markdown]
# **Predict.** The next text holds `effort` twice and `forward` three times. Which logit falls
# further at θ = 2: the −1.90 of `effort`, or the 6.75 of `forward`?

# %%
explore.Penalties(
    NINE_WORDS,
    "effort effort forward forward toward forward",
    knobs=("repetition_penalty",),
    function=my_repetition_penalty,
)

# %% [markdown]
# Set θ to 2. Each ✕ is a logit from your function, each arrow ends at the course's logit. Does each
# ✕ lie at the end of its arrow? (The ✕ of a token without an arrow should lie on its ○.)
#
# <details><summary>Answer</summary>
#
# They should. The logit of `forward` is halved and falls by 3.38. The logit of `effort` is doubled,
# to −3.80, and falls by only 1.90.
# </details>

# %% [markdown]
# Now your function finishes the prince's sentence. Like the second writer, it should say *sky*:


# %%
def mine(logits, ids):
    return my_repetition_penalty(logits, ids, 1.3)


tell("..." + "".join(finish(careful(mine))))

# %% [markdown]
# Why did the third writer not fail too? Up to `west of`, ` the` was said seven times (count in the
# first output; `The` is another token). At 2 for *each* time, ` the` would pay 14, more than any
# logit that we have seen. But the third writer said ` the`. Did the penalty count all seven?

# %% [markdown]
# ## Who counts the prompt?
#
# The **prompt** is everything up to the last `sun and`. What the model has written is the **answer**:
# so far `west of the` (`west` is two tokens, ` w` and `est`). Prompt and answer have 31 different
# tokens, and θ = 1.3 moves all 31 logits.
#
# **Predict.** How many logits move if only the answer is counted?

# %%
explore.Penalties(
    TASK,
    " west of the",
    knobs=("repetition_penalty", "frequency_penalty"),
    repetition_penalty=1.3,
)

# %% [markdown]
# In the panel `0 + 1` means: 0 times in the answer (*text*), once in the prompt.
#
# 1. Press **never** below *count the prompt*. Which token leads?
# 2. Press **as APIs do**: each penalty now counts what it counts at OpenAI or in vLLM. Set
#    `repetition_penalty` to 1 (off), and `frequency_penalty` to 2. How many tokens move?
#
# <details><summary>Answers</summary>
#
# 1. `moon`, with 63.4%. Only 4 tokens moved: ` w`, `est`, ` of` and ` the`.
# 2. The same four.
# </details>

# %% [markdown]
# The third writer's frequency penalty counted only the answer. When ` the` and ` moon` were due,
# only the prompt held them, so they paid nothing.

# %% [markdown]
# What counts, by default, in 2026 (– means: no such penalty):
#
# | API or library | frequency, presence | repetition |
# |---|---|---|
# | OpenAI [openai2026] | the answer | – |
# | vLLM [vllm2026] | the answer | prompt and answer |
# | `transformers` [transformers2026] | – | prompt and answer |
# | llama.cpp [llamacpp2026] | the last 64 tokens, prompt or answer | the same 64 |

# %% [markdown]
# The course's `Settings` counts as vLLM does. Is an address safe if only the answer counts?

# %% [markdown]
# ## The second wind
#
# The prince says the same sentence to the East, the South and the West Wind too. Now only the old
# woman's words are the prompt; all that follows is the answer. At each wind we look which word
# leads after the penalty, but then write `moon` ourselves.

# %% [markdown]
# Without a penalty `moon` is ahead of `sky` by 11.0 − 8.8 = 2.2 at the first wind, a little more
# later. (Between them stands `sun`. But each sentence says `sun` before `moon`, so it always pays too. The rival
# is `sky`.)
#
# **Predict.** With a frequency penalty of 2, which wind is the first where `moon` does not lead?

# %%
heard, prompt_length = HEARD, len(model.encode(HEARD))
print("penalty          0               1               2")
for wind in ("North", "East", "South", "West"):
    heard += AGAIN.format(wind) + " west of the"
    logits, ids = model.next_logits(heard), torch.tensor(model.encode(heard))
    answer = ids[prompt_length:]
    rows = [penalties.frequency_penalty(logits, answer, a) for a in (0, 1, 2)]
    print(f"{wind:<8}" + "".join(f"{likeliest(row, 1):>16}" for row in rows))
    heard += ' moon,"'

# %% [markdown]
# <details><summary>Answer</summary>
#
# The South Wind, the third. `moon` has then been said to two winds and pays 2 × 2 = 4, more than
# its lead.
# </details>

# %% [markdown]
# The longer the text, the more a frequency penalty takes. But names, variables in code and terms in
# a contract must come back letter for letter.

# %% [markdown]
# Every text needs some tokens often, such as `.`, `,` and ` the` [llamacpp5561]. The model writes
# eight stories of 150 tokens. Without a penalty, 58 of every 1,000 tokens in the second halves are
# commas.
#
# **Predict.** Guess: how many of the 58 are left with a frequency penalty of 2?

# %%
for penalty in (0.0, 2.0):
    settings = Settings(temperature=0.8, frequency_penalty=penalty)
    texts = write(settings, ["Once upon a time"] * 8, 150)
    later = [token for text in texts for token in text[75:]]
    print(f"frequency_penalty {penalty}, in 1,000 tokens of the second half:")
    for token in (".", ",", " the", " and"):
        [i] = tokenizer.encode_ordinary(token)
        print(f"    {token!r:8}{1000 * later.count(i) / len(later):4.0f}")

# %% [markdown]
# Back to the repetition penalty: is the same θ equally strong for every model?
#
# (A good place for a break.)

# %% [markdown]
# ## Where zero lies
#
# Add 10 to all logits, and no probability changes (Recall 2). Two models may give the same
# probabilities with different logits: a token with the logit −2 in one model has 8 in the other. The
# text is again `forward forward toward forward` (`new`). We add −10, 0 or 10 to all logits, then
# penalise: presence penalty 0.5, or repetition penalty 1.2.
#
# **Predict.** With which penalty is the probability of `forward` the same all three times?

# %%
print("          presence 0.5    repetition 1.2")
print("added          forward    forward      closer")
for shift in (-10, 0, 10):
    moved = NEXT_LOGITS + shift
    subtracted = penalties.presence_penalty(moved, new, 0.5).softmax(dim=-1)
    divided = penalties.repetition_penalty(moved, new, 1.2).softmax(dim=-1)
    print(f"{shift:>5}{subtracted[3]:>17.3f}{divided[3]:>11.3f}{divided[0]:>12.3f}")

# %% [markdown]
# The presence penalty takes 0.5 whatever was added, so 0.547 stays. Division by 1.2 takes 1.1 from the logit
# 6.75 of `forward`. With 10 added the logit is 16.75, and the same division takes 2.8. `closer`,
# never written, pays nothing, and leads.
#
# So the same θ is weak for one model and strong for another.

# %% [markdown]
# A report of July 2026 blames this: with θ = 1.3 the share of valid JSON fell from 97% to 23%
# [transformers47595]. Is it better to *forbid* repeats?

# %% [markdown]
# ## Forbidding
#
# An *n-gram* is a run of *n* tokens. An **n-gram block** lets no n-gram come twice. If a token
# would complete an n-gram that the text already holds, the token's logit becomes −∞, as in top-k.
#
# **Predict.** The text so far is `toward you toward closer toward`. Which words are forbidden next
# with *n* = 2, and which with *n* = 3?

# %%
words = "toward you toward closer toward"
ids = torch.tensor([VOCABULARY.index(word) for word in words.split()])
block = penalties.no_repeat_ngram
show(VOCABULARY, logit=NEXT_LOGITS, n2=block(NEXT_LOGITS, ids, 2), n3=block(NEXT_LOGITS, ids, 3))

# %% [markdown]
# <details><summary>Answer</summary>
#
# With *n* = 2 neither `toward you` nor `toward closer` may come again, so `you` and `closer` are
# forbidden. With *n* = 3 the last two words count, `closer toward`. This pair never came before, so
# nothing is forbidden.
# </details>
#
# **Predict.** A writer with a block of *n* = 4, which counts the prompt, finishes the prince's
# sentence. How many words of `west of the moon` come out before the first wrong word?


# %%
def block_4(logits, ids):
    return block(logits, ids, 4)


tell("... east of the sun and" + "".join(finish(careful(block_4))))

# %% [markdown]
# <details><summary>Answer</summary>
#
# None: `moon` comes at once. The old woman said `the sun and w`, so `w`, the first piece of `west`,
# is forbidden.
# </details>

# %% [markdown]
# A **logit bias** does not look at the text. You name a token by its id and add a number to its
# logit: in practice −100 bans the token, and 100 forces it [openai2026]. Here are seven words and
# their tokens:

# %%
for word in (" cat", " cats", " Cat", "cat", "Cat", " CAT", " cathedral"):
    ids = tokenizer.encode_ordinary(word)
    print(f"{word!r:13} {ids!s:22} {[tokenizer.decode([i]) for i in ids]}")

# %% [markdown]
# **Predict.** We ban ` cat`, token 910. Which of the seven words can no longer be written with the
# tokens of its row?

# %%
logits = model.next_logits("The mouse was afraid of the")
[cat_id] = tokenizer.encode_ordinary(" cat")
print("as it is:   ", likeliest(logits, 4))
print("' cat' -100:", likeliest(penalties.logit_bias(logits, {cat_id: -100}), 4))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Two: ` cat`, and ` cathedral`, which we did not mean to ban.
# </details>

# %% [markdown]
# ## Do loops end?
#
# In each of eight stories we measure which share of the 4-grams came before in the same story, and
# which share of the single tokens. The table shows the means.
#
# **Predict.** A block of *n* = 4 ends all repeated 4-grams. Does the block leave nearly as many
# repeated *tokens* as θ = 1 (off), or about as few as θ = 1.2?

# %%
rows = {
    f"greedy, θ = {theta}": Settings(temperature=0, repetition_penalty=theta)
    for theta in (1.0, 1.1, 1.2, 1.5)
}
rows |= {"greedy, 4-gram block": careful(block_4), "the die, T = 1": Settings()}
print("repeats of       4-grams    tokens")
for name, process in rows.items():
    four_grams, tokens = repeats(process)
    print(f"{name:<20} {four_grams:.3f}     {tokens:.3f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Nearly as many as θ = 1: 0.541, not far from 0.662. Blocked texts repeat themselves with a word
# changed, as the prince did with the block: `and moon, and the moon, and she lives in the moon`.
# </details>

# %% [markdown]
# Where the die chooses, 19 tokens in 100 are repeats, as ` the` and `.` must come back.
# At θ = 1.5 fewer than 4 in 100 are repeats: too few.

# %% [markdown]
# ## Build it: your own brake
#
# > difficulty ●●●○○ · importance ●●●●○ · 15 to 20 minutes
#
# Write a *brake*: a function that gets the logits and the tokens so far, and returns new logits.
# Every brake with the four properties below is right. Each property names a case and, in italics,
# what must hold after the brake. Your brake may call the course's functions, and is scored at the
# end.

# %% [markdown]
# 1. **It ends loops.** Case: the answer ends in the same run of tokens, six times or more in a row,
#    like `and the moon, ...`. The loop's next token leads; some token *never said* has a
#    logit at most 2 lower. *Another token must lead.*
# 2. **It lets an address pass.** Case: the answer copies an address from the prompt. The address's
#    next token is ahead of all others by 4 or more. *This token must still lead.*

# %% [markdown]
# 3. **It leaves commas.** Case: one token has come back up to a hundred times in the answer, like
#    the comma in a long list. Now this token is ahead of all others by 4 or more. *It must still
#    lead.*
# 4. **It does not care where zero is.** Case: 10, or another whole number, is added to all logits
#    before your brake. *The probabilities after the brake must be the same as without the 10.*

# %% [markdown]
# <details><summary>The small print</summary>
#
# A loop is a run of 1 to 6 tokens; its last round may be unfinished. *Never said*: not in the
# prompt either. An address has 3 to 12 tokens, each at most three times, and may stand in the
# prompt more than once. The answer is the address's beginning, or empty. Commas come every 3 to 9
# tokens. Inside an address no run of four tokens comes twice, and none in the answer with
# commas.
# </details>

# %% [markdown]
# <details><summary>Hint</summary>
#
# `ids[prompt_length:]` is the answer. Take 1 from a token for each time that it stands there. Which
# of the four properties does this brake lack?
# <details><summary>More</summary>
#
# The third: after a hundred commas, the next comma pays 100. `torch.bincount(answer,
# minlength=len(logits))` counts, and `.clamp(max=…)` sets a limit. Which limit ends a lead of 2,
# and leaves a lead of 4?
# </details>
# </details>


# %% answer="my_brake"
def my_brake(logits, ids, prompt_length):
    """Logits for the next token, after a brake that ends loops and lets copies pass.

    logits: (vocab,), float32, all finite; the tests have 4 to 300 tokens, a model thousands.
    ids: (length,), int64, the prompt and then the answer so far, which may be empty.
    prompt_length: how many of the ids are the prompt, at least 1. What is passed in stays as it is.
    Returns a tensor (vocab,) without NaN and without +inf; -inf forbids a token.
    """
    ### BEGIN SOLUTION
    answer = ids[prompt_length:]
    count = torch.bincount(answer, minlength=len(logits))
    return logits - count.clamp(max=3)
    ### END SOLUTION


# %% [markdown]
# Run the next two cells, and change `my_brake` until you see four `[ok]`. (No points
# yet.) In the example of a loop, the answer is token 1, six times; token 2 was never said.

# %% locked="brake_examples" jupyter={"source_hidden": true}
LOOP = torch.tensor([0.0, 3.0, 1.5, 0.0]), torch.tensor([0, 3, *[1] * 6]), 2
LINE = torch.tensor([0.0, 1.0, 5.0, 1.0]), torch.tensor([0, 1, 2, 3, 0, 1]), 4
COMMAS = (
    torch.tensor([9.0, *[5.0] * 29]),
    torch.tensor([1, *[i for x in range(1, 28) for i in (0, x, x + 1)]]),
    1,
)


def braked(function, logits, ids, prompt_length):
    """What the brake returns; AssertionError if that cannot be used, or if its inputs changed."""
    given = logits.clone(), ids.clone()
    result = check.call(function, *given, prompt_length)
    check.returned(result)
    assert type(result) is torch.Tensor, f"Return a tensor; yours is a {type(result).__name__}."
    assert result.shape == logits.shape, "Return a logit for each token of the vocabulary."
    odd = result.isnan() | result.isposinf()
    assert not odd.any(), "There is a NaN or a +inf in your result: no die can be thrown with that."
    kept = all(map(torch.equal, given, (logits, ids)))
    assert kept, "The caller's logits and ids must be the same after the call: work on a copy."
    return result


def leads(function, logits, ids, prompt_length, token):
    """Whether the token has a higher logit than all others after the brake."""
    result = braked(function, logits, ids, prompt_length)
    others = torch.cat([result[:token], result[token + 1 :]])
    return bool(result[token] > others.max())


def ends_loop(function, case, token):
    result = braked(function, *case)
    assert result[token] < result.max(), (
        "The loop's next token still leads. How much does yours take from it, and how much is needed?"
    )


def passes_line(function, case, token):
    assert leads(function, *case, token), (
        "The address's next token has lost its lead. What did yours count, and where did that stand?"
    )


def leaves_commas(function, case, token):
    assert leads(function, *case, token), (
        "The frequent token has lost its lead. How much does yours take after a hundred times?"
    )


def ignores_zero(function, case, shift):
    logits, ids, prompt_length = case
    before = braked(function, logits, ids, prompt_length)
    after = braked(function, logits + shift, ids, prompt_length)
    before, after = (x.double().log_softmax(dim=-1) for x in (before, after))
    same = torch.allclose(before, after, atol=1e-2, equal_nan=True)  # NaN: all were forbidden
    assert same, f"With {shift} added to all logits, yours leads to other probabilities."


# %%
check.passes("a loop", ends_loop, my_brake, LOOP, 1)
check.passes("an address", passes_line, my_brake, LINE, 2)
check.passes("commas", leaves_commas, my_brake, COMMAS, 0)
_ = check.passes("another zero", ignores_zero, my_brake, LOOP, 10)


# %% [markdown]
# Now your brake finishes the prince's sentence.


# %%
def my_process(logits, ids):
    return my_brake(logits, ids, len(model.encode(TASK)))


texts = {
    "no penalty": finish(Settings(temperature=0), tokens=60),
    "repetition 1.3": finish(second, tokens=60),
    "your brake": finish(careful(my_process), tokens=60),
}
tell("... east of the sun and" + "".join(texts["your brake"]))

# %%
explore.Loops({name: pieces for name, pieces in texts.items() if pieces})

# %% [markdown]
# Is the address in your text right, and does the text end without a loop? If not, change
# `my_brake`, and run the cells from `my_brake` to here again.

# %% [markdown]
# One more trial, without points: which of the four winds, if any, is the first to hear another word
# than `moon`?


# %%
def from_the_old_woman_on(logits, ids):
    return my_brake(logits, ids, len(model.encode(HEARD)))


told = HEARD
for wind in ("North", "East", "South", "West"):
    told += AGAIN.format(wind) + " west of the"
    print(f"{wind:<6}", *finish(careful(from_the_old_woman_on), told, tokens=1))
    told += ' moon,"'

# %% [markdown]
# <details><summary>What ours does</summary>
#
# Our brake takes 1 from a token for each time that the answer holds it, but at most 3. A limit
# above 2 ends loops, and a limit below 4 leaves commas. At the fourth wind `moon` pays
# 3, more than its lead, so this wind hears a wrong word. (Property 2 promises only leads of 4 or more.)
# </details>

# %% [markdown]
# ## What production systems do
#
# llama.cpp and `transformers` come with all penalties off [llamacpp2026] [transformers2026]: switch
# a penalty on only when you *see* loops. The makers of Qwen3.5 advise a presence penalty of 1.5 for
# general chat, but 0 for exact work on code [qwencard2026].

# %% [markdown]
# Penalties come before temperature, top-k and top-p [transformers2026] [vllm2026] [llamacpp2026]. So
# at *T* = 0.5 a subtracted 1 counts double (Recall 3).

# %% [markdown]
# ## The puzzle, solved
#
# The first writer repeated everything. The second writer's penalty counted the prompt, so it
# divided the logit of `moon`, but not of `sky`. The third writer's penalty counted only the answer,
# which did not yet hold `moon`. At the third wind this writer would have failed too.

# %% [markdown]
# A penalty sees *which words* were said, or how often, but not why. So use the weakest penalty that
# helps, and know whether the prompt counts.
#
# Module 09 shows DRY, a penalty that sees *runs*. The next module chooses whole texts.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

# %% [markdown] question="One token, two penalties" points=1
# A token has the logit 4. The answer holds it three times. The frequency penalty is 0.5, the presence
# penalty 0.4. What is its logit after both?

# %% answer="two_penalties"
answer_penalties = None  # a number

# %% test="two_penalties"
check.number(
    answer_penalties,
    right=2.1,
    within=0.01,
    why={
        1.3: "One of the two is paid for each time, the other not. Which is which? See the formula.",
        3.1: "You let both be paid once. One of them grows with the count: see the formula.",
        2.3: "You gave each penalty the other's part. Which one asks how often, and which whether?",
        2.5: "That is the frequency penalty alone. The presence penalty comes on top.",
        3.6: "That is the presence penalty alone. The frequency penalty comes on top.",
        5.9: "A positive penalty takes away. Mind the signs in the formula.",
    },
    hint="Work out both amounts by themselves, as the section on nine words does, and subtract.",
)

# %% [markdown] question="Five wolves" points=1
# On a vLLM server, a prompt says ` wolf` five times. The answer has no token yet. The repetition
# penalty is 1.2, the frequency penalty 1, the presence penalty 1. Which penalties move the logit of
# ` wolf`?
#
# - **A** All three: it was said before.
# - **B** None: nothing was written yet.
# - **C** Only the repetition penalty does.
# - **D** Only frequency and presence penalty do.

# %% answer="five_wolves"
answer_prompt = ""  # "A", "B", "C" or "D"

# %% test="five_wolves"
check.choice(
    answer_prompt,
    right="C",
    why={
        "A": "Two of the three look at the answer only. See who counts the prompt.",
        "B": "That would be true if all of them looked at the answer only. One looks further back.",
        "D": "It is the other way round: look up vLLM in the section on who counts the prompt.",
    },
)

# %% [markdown] question="A run of digits" points=1
# The text so far is the ids `3 1 4 1 5 3 1`, and no run of *n* = 2 may come twice. Which ids are
# forbidden next?

# %% answer="digit_run"
answer_forbidden = []  # token ids, such as [0, 2]

# %% test="digit_run"
check.ids(
    answer_forbidden,
    right={4, 5},
    why={
        (1, 3, 4, 5): "That is a block of n = 1: nothing may come twice. Here pairs may not.",
        (
            4,
        ): "That is n = 3, where the last two tokens have to match. With n = 2, how many have to?",
        (5,): "That is one of the places where the last token stood before. There is another.",
        (3, 4): "Those stand before the last token elsewhere. What stood after it?",
        (1,): "1 is the token that the text ends with. Is the pair 1 1 in the text?",
        (1, 3): "Those come twice already. But which pairs would come twice?",
        (3,): "Find the earlier places of the last token. What came after it there?",
    },
    hint="The last token opens a pair. Which pairs that open so are in the text? See the section on forbidding.",
)

# %% [markdown] question="A story about a cat" points=1
# You ban the token ` cat` by a logit bias of −100. A story opens with `Cat` all the same. What
# happened?
#
# - **A** −100 makes a token rare, and this time it was drawn.
# - **B** The ban ended after the first new token.
# - **C** A bias acts on the prompt, not on new tokens.
# - **D** The story spelled the word with other tokens.

# %% answer="cat_story"
answer_ban = ""  # "A", "B", "C" or "D"

# %% test="cat_story"
check.choice(
    answer_ban,
    right="D",
    why={
        "A": "By which factor do the odds fall if 100 is taken from a logit? That is as good as never.",
        "B": "A bias is added at every step. Look again at the six spellings in the lesson.",
        "C": "It is added to the logits of the next token, whatever the prompt is.",
    },
)

# %% [markdown] question="A token meets theta" points=1
# A token has the logit −1.5, and was said twice before. What is its logit after a repetition penalty
# of θ = 1.2?

# %% answer="token_meets_theta"
answer_negative = None  # a number

# %% test="token_meets_theta"
check.number(
    answer_negative,
    right=-1.8,
    within=0.01,
    why={
        -1.25: "That is higher than −1.5: the token was rewarded. What is done to negative logits?",
        -2.16: "That is the penalty paid twice. How often does it count a token?",
        -1.04: "Divided twice: the token was rewarded, and for each of its places.",
        -2.7: "Nothing is subtracted here: θ is a factor.",
        -3.9: "Nothing is subtracted here: θ is a factor.",
        1.8: "The penalty never changes a sign. In which direction must the logit go?",
        -1.5: "It has been seen, so it has to move. In which direction?",
    },
    hint="See the section on the repetition penalty: the logit has to fall, and once only.",
)

# %% [markdown] question="Reports from a clinic" points=1
# A model writes a clinic's reports: `the patient`, then `the aforementioned patient`, then `the said
# individual`. No report has ever looped. The frequency penalty is 0.8. What do you try first?
#
# - **A** Let it write ten reports without the penalty.
# - **B** Set it to 1.6, so that odd words pay as well.
# - **C** Forbid runs of two tokens instead.
# - **D** Use a presence penalty of 0.8 instead, as it does not grow.

# %% answer="clinic_reports"
answer_reports = ""  # "A", "B", "C" or "D"

# %% test="clinic_reports"
check.choice(
    answer_reports,
    right="A",
    why={
        "B": "The right word would pay even more, and sooner. What is the penalty curing here?",
        "C": "Then `the patient` could come exactly once. See the section on the second wind.",
        "D": "Then `patient` still pays from its second time on. What is the penalty curing here?",
    },
)

# %% [markdown] question="Six letters" points=1
# What does this print? Six letters, with blanks between them.
#
# ```python
# scores = {"a": 3.0, "b": 2.0, "c": 1.0}
# text = []
# for step in range(6):
#     text.append(max(scores, key=lambda token: scores[token] - 0.6 * text.count(token)))
# print(" ".join(text))
# ```

# %% answer="six_letters"
answer_letters = ""  # six letters with blanks between them

# %% test="six_letters"
check.text(
    answer_letters,
    right="a a b a b a",
    why={
        "a a a a a a": "So it would be with a presence penalty of 0.6. Here each a makes a dearer.",
        "a b c a b c": "A penalty does not forbid. Is 3.0 − 0.6 already below 2.0?",
        "a b a b a b": "After one a, is 3.0 − 0.6 already below 2.0?",
        "a b a a b a": "After one a, is 3.0 − 0.6 already below 2.0?",
        "a a b b c c": "After a a b, compare the three again: what has b paid by now?",
        "a a b a b c": "Right up to the last letter. What are the three scores there?",
        "a a b c a b": "After a a b, compare 3.0 − 1.2, 2.0 − 0.6 and 1.0.",
    },
    hint="Note the three scores before each step. Each letter pays 0.6 for each time it was written.",
)

# %% [markdown] question="The new version" points=1
# A model's two best tokens have the logits 5 and 4. Only the first was written before. The model's
# new version gives every logit 10 more. The only penalty is a repetition penalty of 1.2. Which of
# the two tokens leads after this penalty?
#
# - **A** Old and new version: the first.
# - **B** Old version: the first. New: the second.
# - **C** Old and new version: the second.
# - **D** Old version: the second. New version: the first.

# %% answer="new_version"
answer_shift = ""  # "A", "B", "C" or "D"

# %% test="new_version"
check.choice(
    answer_shift,
    right="B",
    why={
        "A": "Did you add the 10 to both tokens before the penalty? Which of the two pays?",
        "C": "Work out the old version by itself. Is 5 / 1.2 below 4?",
        "D": "Work out each version by itself: only the token that was written is divided.",
    },
)

# %% [markdown] question="A word and its rival" points=1
# A prompt says a word that has to be copied. The word's logit is 9.0. Its best rival, never said, has
# 7.2. The repetition penalty counts the prompt. Above which θ does the rival lead?

# %% answer="word_and_rival"
answer_theta = None  # a number

# %% test="word_and_rival"
check.number(
    answer_theta,
    right=1.25,
    within=0.005,
    why={
        0.8: "Turned round: θ divides the copied word's logit, and below 1 it would help it.",
        1.8: "That is the gap, which a subtraction has to reach. θ divides.",
        0.9: "Half of the gap? Only one of the two words pays, and θ divides it.",
        1.2: "At 1.2 the copied word has 9.0 / 1.2. Does the other one lead yet?",
        1.3: "At 1.3 the other word leads already, but not only from there.",
    },
    hint="Where are the two equal? One logit is divided by θ, the other stays.",
)

# %% [markdown] question="Frequency penalty on the bench" points=2
# Find the bug. This frequency penalty takes the same from a token that came once as from a token
# that came three times. In PyTorch `x[[0, 0, 0]] -= 1` lowers `x[0]` by 1, not by 3 [pytorch3844].
# Repair the function, for any text of at least one token, any penalty from −2 to 2, and logits that
# may hold −inf. `logits` and `ids` are tensors, and stay as they are.


# %% answer="frequency_repair"
def repaired_frequency(logits, ids, penalty):
    ### BEGIN SOLUTION
    return logits - penalty * torch.bincount(ids, minlength=len(logits))
    ### END SOLUTION
    result = logits.clone()
    result[ids] -= penalty
    return result


# %% test="frequency_repair"
def example():
    check.close(
        repaired_frequency,
        [5.0, 4.0, 3.0],
        [0, 0, 2, 0],
        0.5,
        expect=[3.5, 4.0, 2.5],
        why="Token 0 came three times, token 2 once, token 1 never. What has each of them to pay?",
    )


2.0 * check.passes("token 0 three times, token 2 once", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def each_time(logits, ids, penalty):
    scores = logits.tolist()
    for i in ids.tolist():
        scores[i] -= penalty
    return torch.tensor(scores)


def exact(random):
    """Logits that are whole 64ths, a text, and a penalty in 8ths: their sums are exact."""
    logits, ids = domains.exact_step(random)
    return logits * random.choice([1, 1, 1, 30]), torch.tensor(ids), random.randint(-16, 16) / 8


example()
check.against(
    each_time,
    repaired_frequency,
    exact,
    why="Each token pays the penalty once for each of its places, whatever the penalty, the length "
    "of the text and the vocabulary.",
)
check.keeps(
    repaired_frequency,
    exact,
    why="The caller's logits and ids must be the same after the call: work on a copy.",
)
### END HIDDEN TESTS

# %% [markdown] question="A penalty from tinygrad" points=2
# Find the bug. Like tinygrad's sampler [tinygrad2026], this function keeps the counts for both
# penalties on the function itself: the second story pays for the words of the first. Repair the
# function. Each call gets all `ids` of its own text, at least one, and must not depend on earlier
# calls, which may have had another vocabulary. Logits may hold −inf; `logits` and `ids` are
# tensors, and stay as they are.


# %% answer="tinygrad_repair"
def repaired_memory(logits, ids, frequency, presence):
    ### BEGIN SOLUTION
    counts = torch.bincount(ids, minlength=len(logits))
    return logits - frequency * counts - presence * (counts > 0)
    ### END SOLUTION
    if not hasattr(repaired_memory, "counts"):
        repaired_memory.counts = torch.zeros(len(logits))
    counts = repaired_memory.counts
    counts += torch.bincount(ids, minlength=len(logits))
    return logits - frequency * counts - presence * (counts > 0)


# %% test="tinygrad_repair"
def after(ids, token, pays):
    """Frequency penalty 0.5, presence penalty 0.25, on the nine logits: one token pays."""
    expected = NEXT_LOGITS.clone()
    expected[token] -= pays
    check.close(
        repaired_memory,
        NEXT_LOGITS,
        ids,
        0.5,
        0.25,
        expect=expected,
        why="Each token pays for its places in the ids of this call, no more and no less. What do "
        "the counts hold at the second call?",
    )


def example():
    after([3, 3], token=3, pays=0.5 + 0.5 + 0.25)
    after([7], token=7, pays=0.5 + 0.25)


2.0 * check.passes("a story with token 3 twice, then one with token 7", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def from_nothing(logits, ids, frequency, presence):
    scores = logits.tolist()
    for i in ids.tolist():
        scores[i] -= frequency
    for i in set(ids.tolist()):
        scores[i] -= presence
    return torch.tensor(scores)


def asked_again(random):
    """One of few calls, so that any part of a call comes back with other parts beside it."""
    logits = random.choice([NEXT_LOGITS, NEXT_LOGITS.flip(0)]).clone()
    ids = torch.tensor(random.choice([[3, 3, 7], [3, 7, 7]]))
    return logits, ids, random.choice([-0.5, 0.5, 1.5]), random.choice([-0.5, 0.5, 1.5])


def story(random):
    """Logits that are whole 64ths, a text, and penalties in 4ths: their sums are exact."""
    if random.random() < 0.25:
        return asked_again(random)
    logits, ids = domains.exact_step(random)
    frequency, presence = (random.choice([-1.0, 0.0, 0.25, 0.5, 1.5, 2.0]) for _ in range(2))
    if random.random() < 0.4:  # texts that have both ends in common, and often their length
        middle = random.choices(range(9), k=random.choice([3, 3, random.randint(4, 40)]))
        logits, ids = NEXT_LOGITS.clone(), [1, 2, 3, 4, *middle, 5]
        ids += random.choice([[], [1, 2, 3, 4, 5, 6, 7, 8]])
    return logits * random.choice([1, 1, 1, 30]), torch.tensor(ids), frequency, presence


example()
check.against(
    from_nothing,
    repaired_memory,
    story,
    why="Each token pays for its places in the ids of this call, whatever calls came before: with "
    "the same words, with as many, with other penalties or logits, or with another vocabulary.",
)
check.keeps(
    repaired_memory,
    story,
    why="Logits or ids of the caller that have changed are a memory too: the next call may get them "
    "again.",
)
### END HIDDEN TESTS

# %% [markdown] question="A block from fairseq" points=2
# Find the bug. This function looks at the end of a buffer, not at the end of the text, as fairseq's
# n-gram block is reported to do [fairseq5206]. Only the first `step` tokens of the list `buffer` are
# the text; −1 fills the rest. Repair the function: return the tokens that a block of *n* forbids next,
# each once, in any order. *n* is at least 2, `step` at least *n* − 1, and the text may fill the buffer.


# %% answer="block_repair"
def repaired_block(buffer, step, n):
    ### BEGIN SOLUTION
    start = buffer[step - n + 1 : step]
    places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
    return sorted({buffer[i + n - 1] for i in places})
    ### END SOLUTION
    start = buffer[-(n - 1) :]
    places = [i for i in range(step - n + 1) if buffer[i : i + n - 1] == start]
    return sorted({buffer[i + n - 1] for i in places})


# %% test="block_repair"
def example():
    check.gives(
        repaired_block,
        [5, 8, 2, 5, -1, -1, -1, -1],
        4,
        2,
        expect={8},
        why="Four tokens are written: 5 8 2 5. The last one stood at the front too. What followed?",
    )


2.0 * check.passes("5 8 2 5 in a buffer of eight, n = 2", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def completes(buffer, step, n):
    text = tuple(buffer[:step])
    runs = {text[i : i + n] for i in range(step - n + 1)}
    return {run[-1] for run in runs if run[:-1] == text[step - n + 1 :]}


def filled(random):
    """A text of few different tokens, so that runs come back, and a buffer that holds it."""
    n = random.choice([2, 2, 3, 3, 4, 5, random.randint(2, 12)])
    few = random.sample([0, 1, 2, 3, 11, 12, 21, 111, 4095], random.randint(1, 4))
    long = random.choice([domains.LONG, 5 * domains.LONG])
    most = long if random.random() < 0.1 else random.choice([3, 10, 30, 150])
    text = random.choices(few, k=random.randint(n - 1, n + most))
    if random.random() < 0.2:  # the last tokens stand in front twice, and share tokens there
        again = random.choices(few, k=random.randint(1, n - 1))
        twice = (again * n)[: n - 1 + len(again)]
        text = [*twice, 500, *twice[: n - 1]]
    elif random.random() < 0.5:  # the last tokens stand in front too, and what looks like them
        end, like = random.choice(domains.alike_ids(random, n - 1))
        other = [random.choice(few), *end[1:]]
        text = [*end, 500, *like, 501, *other, 502, *text, *end]
    return text + [-1] * random.choice([0, 0, 1, 4, 40]), len(text), n


example()
check.against(
    completes,
    repaired_block,
    filled,
    why="A run of n is n − 1 tokens, which have to equal the last n − 1 written ones, and the one "
    "after them. Two runs may share tokens. Try n = 3 by hand, and a buffer that is full.",
)
### END HIDDEN TESTS

# %% [markdown] question="Your repetition penalty" points=4
# Your `my_repetition_penalty` from **Build it** above, without the course's own functions. One point
# each: positive logits of tokens seen once; negative logits; tokens seen several times; float32 as
# the type, and what was passed in left as it was. The cell below tries only the first: it can show
# 1 point.


# %% test="my_repetition_penalty"
def positive():
    for theta in (1.0, 1.2, 2.0):
        check.close(
            my_repetition_penalty,
            [4.0, 1.0, 3.0, 2.0],
            [0, 3],
            theta,
            expect=[4.0 / theta, 1.0, 3.0, 2.0 / theta],
            why=f"Tokens 0 and 3 were seen, θ is {theta}. Theirs are the only logits that move.",
        )


points = 1.0 * check.passes("positive logits of tokens seen once", positive)
### BEGIN HIDDEN TESTS
from course_utils import domains


def penalised(logits, ids, penalty):
    scores = logits.tolist()
    for i in set(ids.tolist()):
        scores[i] = scores[i] * penalty if scores[i] < 0 else scores[i] / penalty
    return torch.tensor(scores)


def finite(random):
    # Of 257 to 1,000 tokens each is shown where a learner prints the logits, which takes seconds.
    large = random.random() < 0.03
    vocab = 400 if large else domains.size(random, 39)
    logits = domains.logits(random, (), vocab).clamp(min=-domains.EXTREME)
    logits = logits.repeat(20) if large else logits
    return logits * random.choice([1, 1, 1, 1e-3, 1e3, 1e9])


def theta(random):
    return random.choice([1.0, 1.05, 1.2, 1.5, 2.0, 10.0, 1000.0, random.uniform(1, 3)])


def once_positive(random):
    logits, ids, penalty = once_signed(random)
    return logits.abs(), ids, penalty


def once_signed(random):
    logits = finite(random)
    most = min(len(logits), 700)
    ids = random.sample(range(len(logits)), random.choice([most, random.randint(1, most)]))
    return logits, torch.tensor(ids), theta(random)


def often_positive(random):
    logits, ids, penalty = often_signed(random)
    return logits.abs(), ids, penalty


def often_signed(random):
    logits = finite(random)
    far = random.random() < 0.2
    ids = domains.far(random, len(logits)) if far else domains.history(random, len(logits), 1)
    ids = ids if far else [*ids, random.choice(ids)]
    ids = ids if len(ids) <= 700 else [*ids[:350], *ids[-350:]]  # the ends of `far` are what counts
    return logits, torch.tensor(ids), theta(random)


def any_theta():
    for theta in (3.0, 30.0, 1000.0, 1e6):
        check.close(
            my_repetition_penalty,
            [4.0, 1.0, 3.0, 2.0],
            [0, 3],
            theta,
            expect=[4.0 / theta, 1.0, 3.0, 2.0 / theta],
            why=f"θ may be any number from 1 on. Try {theta:,.0f}: what is a logit of 4 divided by that?",
        )


def seen_once():
    positive()
    any_theta()
    check.against(
        penalised,
        my_repetition_penalty,
        once_positive,
        why="The logits of all tokens in the text move, wherever they stand there, and no others.",
    )


def negative():
    any_theta()
    check.against(
        penalised,
        my_repetition_penalty,
        once_signed,
        why="A negative logit has to fall as well. Each token goes by its own sign.",
    )


def by_repeats(logits, ids, penalty):
    """How far the result moves because tokens occur more than once."""
    often = my_repetition_penalty(logits.clone(), ids, penalty)
    return often - my_repetition_penalty(logits, ids.unique(), penalty)


def not_at_all(logits, ids, penalty):
    return torch.zeros_like(logits)


def repeated():
    any_theta()
    why = "How often a token was seen, and where, makes no difference to this penalty."
    check.against(penalised, my_repetition_penalty, often_positive, why=why)
    check.against(not_at_all, by_repeats, often_signed, why=why)


def number_type(logits, ids, penalty):
    return str(my_repetition_penalty(logits, ids, penalty).dtype)


def float32(logits, ids, penalty):
    return "torch.float32"


def leaves_its_input():
    changed = "The caller's logits and ids must be the same after the call: work on a copy."
    for ids, expect in (([0], [2.0, 1.0, 3.0, 2.0]), ([1, 2], [4.0, 0.5, 1.5, 2.0])):
        check.unchanged(
            my_repetition_penalty, [4.0, 1.0, 3.0, 2.0], ids, 2.0, expect=expect, why=changed
        )
    check.keeps(my_repetition_penalty, often_signed, why=changed)
    check.against(
        float32,
        number_type,
        often_signed,
        why="The logits are float32, and yours come back in another type. Where does it change?",
    )


check.own(my_repetition_penalty, often_signed)
points = 1.0 * check.passes("positive logits of tokens seen once", seen_once)
points += check.passes("negative logits", negative)
points += check.passes("tokens seen several times", repeated)
points += check.passes("float32, and input left as it was", leaves_its_input)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="Your brake" points=4
# Your `my_brake` from **Build it** above. One point for each of the four properties: loops,
# addresses, commas, zero. Without the first there are no points for the others. You may call the
# course's functions. What is passed in stays as it is. The cell below tries one loop and one
# address: it can show 2 points.

# %% test="my_brake"
points = 0.0
if check.passes("a loop", ends_loop, my_brake, LOOP, 1):
    points += 1 + check.passes("an address", passes_line, my_brake, LINE, 2)
### BEGIN HIDDEN TESTS
from course_utils import domains


def with_lead(random, vocab, token, rival, lead):
    """Logits, whole 64ths, in which the token is ahead of the rival by the lead, and of all others
    by that much or more."""
    high = random.choice([random.randint(-10, 12), random.randint(-500, 500)])
    most = 64 * random.choice([0, 10, 10, 50, int(domains.EXTREME)])  # how far below the others lie
    below = [high - lead - random.choice([0, random.randint(0, most) / 64]) for _ in range(vocab)]
    below[rival], below[token] = high - lead, high
    return torch.tensor(below)


def some_length(random, most):
    """Of a text: up to most, and now and then that of a long one."""
    return random.randint(0, domains.LONG) if random.random() < 0.1 else random.randint(0, most)


def circle(random):
    """The answer ends in a phrase said six times or more; the rival was never said."""
    vocab = random.choice([random.randint(4, 9), random.randint(4, 40), 300])
    rival, *others = random.sample(range(vocab), vocab)
    phrase = [random.choice(others) for _ in range(random.randint(1, 6))]
    at = random.randrange(len(phrase))
    before = [random.choice(others) for _ in range(random.choice([0, some_length(random, 5)]))]
    prompt = [random.choice(others) for _ in range(1 + some_length(random, 40))]
    rounds = random.choice([6, 7, 6 + some_length(random, 60) // len(phrase)])
    answer = before + phrase * rounds + phrase[:at]
    lead = random.choice([2.0, 2.0, random.randint(1, 128) / 64])
    logits = with_lead(random, vocab, phrase[at], rival, lead)
    return (logits, torch.tensor(prompt + answer), len(prompt)), phrase[at]


def different_runs(text):
    return len({tuple(text[i : i + 4]) for i in range(len(text) - 3)}) == max(0, len(text) - 3)


def line(random):
    """The answer is the beginning of a line of the prompt."""
    vocab = random.choice([random.randint(6, 12), 40, 300])
    while True:
        text = [random.randrange(vocab) for _ in range(random.randint(3, 12))]
        if random.random() < 0.4:  # three tokens that come three times
            a, b, c, x, y = random.sample(range(vocab), 5)
            text = [a, b, c, x, a, b, c, y, a, b, c]
        elif random.random() < 0.3:  # one token three times in a row
            text[1:4] = [text[1]] * 3
        if max(map(text.count, text)) <= 3 and different_runs(text):
            break
    at = random.choice([len(text) - 1, len(text) - 1, random.randrange(len(text))])
    before, after = (domains.history(random, vocab, least=1) for _ in range(2))
    prompt = before + text * random.choice([1, 1, 8]) + after
    rival = random.choice([i for i in range(vocab) if i != text[at]])
    lead = random.choice([4.0, 4.0, random.randint(256, 600) / 64])
    logits = with_lead(random, vocab, text[at], rival, lead)
    return (logits, torch.tensor(prompt + text[:at]), len(prompt)), text[at]


def commas(random):
    """One token stands in every few places of the answer, and no run of four comes twice."""
    vocab, every = random.randint(100, 300), random.randint(3, 9)
    comma, *others = random.sample(range(vocab), vocab)
    while True:
        answer = random.choices(others, k=every * random.choice([8, 30, 100]))
        answer[::every] = [comma] * len(answer[::every])
        answer = answer[: len(answer) - random.choice([0, 1])]
        if different_runs([*answer, comma]):
            break
    prompt = [random.randrange(vocab) for _ in range(1 + some_length(random, 40))]
    lead = random.choice([4.0, 4.0, random.randint(256, 600) / 64])
    logits = with_lead(random, vocab, comma, random.choice(others), lead)
    return (logits, torch.tensor(prompt + answer), len(prompt)), comma


def zero(random):
    case, _ = random.choice([circle, line, commas])(random)
    return case, random.choice([-30, -10, 10, 30, 100, -1000])


def everywhere(holds, draw):
    for ((logits, *text), of_it), _ in check.drawn(check.nothing, draw):
        check.on_copies(my_brake, logits.flip(0), *text)  # it must not be what is remembered
        holds(my_brake, (logits, *text), of_it)


points = 0.0
if check.passes("loops", everywhere, ends_loop, circle):
    points += 1 + check.passes("addresses", everywhere, passes_line, line)
    points += check.passes("commas", everywhere, leaves_commas, commas)
    points += check.passes("zero", everywhere, ignores_zero, zero)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="To be on the safe side" points=0
# In three or four sentences: a colleague sets a repetition penalty of 1.3 for everything, chat,
# contracts and code, "to be on the safe side". What goes well, what goes wrong, and what would you
# do instead?

# %% [markdown] answer="explain_penalty_for_everything"
# ### BEGIN SOLUTION
# Long greedy texts will stop going in circles. But every token that was seen is punished, in
# transformers and vLLM those of the prompt as well: names, defined terms, brackets and variables of
# the contract or the program, and full stops and articles everywhere, so the right word loses to
# another one. How hard 1.3 hits also depends on where the model's logits have their zero. I would
# leave penalties at neutral, look for loops, and where there are some, raise the temperature a
# little or use a small penalty on the new tokens for that task only.
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
# - [keskar2019] [CTRL, a Conditional Transformer Language Model](https://arxiv.org/abs/1909.05858), 2019
# - [openai2026] [OpenAI's API, in its Python library](https://github.com/openai/openai-python)
# - [transformers2026] [Hugging Face transformers](https://github.com/huggingface/transformers)
# - [vllm2026] [vLLM](https://github.com/vllm-project/vllm)
# - [llamacpp2026] [llama.cpp](https://github.com/ggml-org/llama.cpp)
# - [qwencard2026] [model card of Qwen3.5-35B-A3B](https://huggingface.co/Qwen/Qwen3.5-35B-A3B), 2026

# %% [markdown]
# - [transformers2302] [The dog dog dog](https://github.com/huggingface/transformers/issues/2302), 2019
# - [transformers47595] [on where zero lies](https://github.com/huggingface/transformers/issues/47595), 2026
# - [llamacpp5561] [on frequent tokens](https://github.com/ggml-org/llama.cpp/pull/5561), 2024
# - [pytorch3844] [repeated indices](https://github.com/pytorch/pytorch/issues/3844), 2017
# - [tinygrad2026] [tinygrad's sampler](https://github.com/tinygrad/tinygrad)
# - [fairseq5206] [the end of a buffer](https://github.com/facebookresearch/fairseq/issues/5206), 2023
#
# What each is cited for is in the course's `quizzes/references.md`.

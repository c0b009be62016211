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
# The knobs so far look at one step. A penalty looks back: what has been said counts against itself.

# %% [markdown]
# > **About 50 minutes** · difficulty ●●●○○ · you need: logits, softmax, temperature
# >
# > Afterwards you can
# > - work out by hand what penalties, an n-gram block and a bias do to logits;
# > - write a repetition penalty, right for negative logits too;
# > - say which tokens count, and where zero matters;
# > - tell where penalties help and hurt, and repair faulty ones.
#
# Names in brackets, as in [keskar2019], are sources, listed at the end.

# %% [markdown]
# **Recall.** You take 1 from a single logit. What happens to the odds of its token against any
# other? And what if you take 1 from every logit?
#
# <details><summary>Answer</summary>
#
# A difference between logits is a ratio between probabilities: the odds fall by a factor of *e* ≈
# 2.7. Taking 1 from all logits changes no difference, and so no probability. Keep that in mind:
# one penalty on this page breaks it.
# </details>

# %% locked="setup"
import torch

from course_utils import explore, penalties, storyteller
from course_utils import quiz as check
from course_utils.explore.plots import style
from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import seq_rep_n
from course_utils.sampling import temperature, top_k
from course_utils.toys import NEXT_LOGITS, NINE_WORDS, VOCABULARY


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
# After `every effort moves you` a model wrote `forward forward toward forward`, and it still gives
# the nine words the same logits. Two penalties of OpenAI's subtract from them: the **frequency**
# penalty once for *each time* that a word was written, the **presence** penalty once if it was
# written *at all*.

# %%
new = torch.tensor([3, 3, 7, 3])  # forward forward toward forward
count = torch.bincount(new, minlength=len(VOCABULARY))
frequency = NEXT_LOGITS - 0.5 * count
presence = NEXT_LOGITS - 0.5 * (count > 0)
show(VOCABULARY, count=count, logit=NEXT_LOGITS, frequency=frequency, presence=presence)

# %% [markdown]
# With a frequency penalty of 0.5, `forward` pays three times and falls from 6.75 to 5.25. `toward`
# pays once, and its 5.78 now lead. With a presence penalty of 0.5 both pay once, so `forward` keeps
# its lead.
#
# **Predict.** How small can the frequency penalty be for `toward` to lead? And can *any* presence
# penalty do it?

# %%
explore.Penalties(NINE_WORDS, knobs=("frequency_penalty", "presence_penalty"))

# %% [markdown]
# 1. Raise `frequency_penalty` step by step. From where does `toward` lead? (`forward` is 0.47 ahead
#    and pays twice more: from 0.3 on.)
# 2. Set it back to 0 and `presence_penalty` to 2. Who leads, and which word is second? (`forward`
#    with 4.75, then `closer` with 4.51: the words that were written sink side by side.)

# %% [markdown]
# ## The formula
#
# For a token with logit $\mu$ that was written $c$ times [openai2026]:
#
# $$\mu' = \mu - c \cdot \alpha_{\text{frequency}} - [c > 0] \cdot \alpha_{\text{presence}}$$
#
# The bracket is 1 if $c > 0$, else 0. Both numbers run from −2 to 2, and 0 is off. OpenAI calls 0.1
# to 1 reasonable, and warns that 2 can make the text worse. Below 0 they reward repetition.

# %% [markdown]
# ## The repetition penalty
#
# An older rule *divides*. The paper divides the logit of every token that was written by θ, once,
# however often it came, with θ about 1.2 [keskar2019]. But −1.9 divided by 1.2 is −1.58: closer to
# the top. So today's libraries divide a positive logit and **multiply** a negative one
# [transformers2026].

# %%
prompt = torch.tensor([1, 2, 5, 8])  # every effort moves you
text = torch.cat([prompt, new])
repetition = penalties.repetition_penalty
written, both = repetition(NEXT_LOGITS, new, 1.2), repetition(NEXT_LOGITS, text, 1.2)
show(VOCABULARY, logit=NEXT_LOGITS, new_words=written, prompt_too=both)

# %% [markdown]
# `forward` was written three times and divided once: 6.75 / 1.2 ≈ 5.63. If the prompt counts too,
# `effort` goes from −1.90 to −1.90 × 1.2 = −2.28, and `you` from 1.79 to 1.49.

# %% [markdown]
# ## Who counts the prompt
#
# Libraries disagree, and few say so:
#
# - OpenAI's formula counts tokens that were *sampled* [openai2026].
# - vLLM: frequency and presence, the output; repetition, prompt and output [vllm2026].
# - `transformers`: repetition and n-grams, the prompt too; the other two it does not have
#   [transformers2026].
# - llama.cpp looks at the last 64 tokens [llamacpp2026], mlx-lm at the last 20 [mlxlm2026].

# %%
print(Settings(repetition_penalty=1.2, frequency_penalty=0.5, presence_penalty=0.2).code())

# %% [markdown]
# In this course a penalty looks at the `ids` that it is given, and nothing else. Whoever calls it
# cuts the slice: `ids` for everything, `ids[prompt_length:]` for the new tokens, `ids[-64:]` for
# the last 64. `Settings` does as vLLM does.

# %% [markdown]
# ## Forbidding runs
#
# A penalty discourages, an **n-gram block** forbids: a token that would complete a run of *n*
# tokens which stands in the text already gets the logit −∞. In `transformers`, runs of the prompt
# are forbidden too [transformers2026].

# %%
words = "toward you toward closer toward"
ids = torch.tensor([VOCABULARY.index(word) for word in words.split()])
block = penalties.no_repeat_ngram
show(VOCABULARY, logit=NEXT_LOGITS, n2=block(NEXT_LOGITS, ids, 2), n3=block(NEXT_LOGITS, ids, 3))

# %% [markdown]
# The text ends with `toward`. With *n* = 2, `toward you` and `toward closer` may not come again, so
# `you` and `closer` are out. With *n* = 3 the end is `closer toward`, which has had no follower
# yet: nothing is forbidden.

# %% [markdown]
# Now the Storyteller. Its prompt speaks of a castle, its text of a king and a queen who keep
# talking.
#
# **Predict.** The text ends in `and the king`. Which tokens does a block of *n* = 2 forbid?

# %%
explore.Penalties(knobs=("repetition_penalty", "no_repeat_ngram"))

# %% [markdown]
# 1. The number left of + counts the text, the one right of it the prompt. At 1.2 all 15 tokens seen
#    have moved. Press **never** below *count the prompt*: how many still move? (8. What has become
#    of `␣castle`?)
# 2. Go back to **as APIs do**, set `repetition_penalty` to 1, and `no_repeat_ngram` to 2, 3, 4. How
#    many are banned? (3, 1 and 0.)

# %% [markdown]
# ## Where zero lies
#
# Softmax does not care where zero is: adding 10 to all logits changes no probability. Division does
# care.
#
# **Predict.** We add −10, 0 or 10 to all logits, and then apply each penalty. What becomes of
# `forward`, which has 57%?

# %%
for shift in (-10, 0, 10):
    moved = NEXT_LOGITS + shift
    subtracted = penalties.presence_penalty(moved, new, 0.5).softmax(dim=-1)
    divided = repetition(moved, new, 1.2).softmax(dim=-1)
    print(f"shift {shift:>3}   forward: presence 0.5 {subtracted[3]:.3f}   ", end="")
    print(f"repetition 1.2 {divided[3]:.3f}, and closer {divided[0]:.3f}")

# %% [markdown]
# Subtracting gives 0.547 each time. Dividing gives 0.554, 0.487 or 0.272, and in the last line
# `closer` leads, a word that was never written. A model may put its zero anywhere, so θ = 1.2 means
# something else for each model.

# %% [markdown]
# It can even mean two things for one model. Beam search in `transformers` works with
# log-probabilities, greedy choice with raw logits, and both apply the same θ. A proposal to work
# with log-probabilities everywhere reports that θ = 1.3 on raw logits took valid JSON from 97% to
# 23% in one benchmark [transformers47595].

# %% [markdown]
# ## Before everything else
#
# Penalties come first in `transformers`, vLLM and llama.cpp: before temperature, top-k and top-p
# [transformers2026] [vllm2026] [llamacpp2026]. It makes a difference.

# %%
for T in (1.0, 0.5):
    first = temperature(penalties.presence_penalty(NEXT_LOGITS, new[:1], 1.0), T)
    last = penalties.presence_penalty(temperature(NEXT_LOGITS, T), new[:1], 1.0)
    odds = [(x[3] - x[7]).exp().item() for x in (NEXT_LOGITS / T, first, last)]
    print("T = {}: forward : toward is {:.2f}, penalty first {:.2f}, last {:.2f}".format(T, *odds))

# %% [markdown]
# At *T* = 0.5 a penalty of 1 that comes first counts double: temperature widens the gap that it
# made. It also decides who is among the top *k* at all. So change one knob at a time: the effect of
# a penalty depends on *T*.

# %% [markdown]
# ## Logit bias
#
# The bluntest knob looks at no text: you add a number to the logit of a token that you name, by its
# id. From −1 to 1 it nudges. −100 as good as bans the token, and 100 as good as forces it
# [openai2026].

# %%
model = storyteller.load()
tokenizer = model.tokenizer


def likeliest(logits, n=3):
    best = logits.softmax(dim=-1).topk(n)
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return ", ".join(f"{tokenizer.decode([i])!r} {p:.2%}" for i, p in pairs)


logits = model.next_logits("Once upon a")
[time_id] = tokenizer.encode_ordinary(" time")
print("as it is:     ", likeliest(logits))
print("' time' -100: ", likeliest(penalties.logit_bias(logits, {time_id: -100})))

# %% [markdown]
# **Predict.** You want no cat in a story, and ban the token ` cat`. Will there be none?

# %%
for word in (" cat", " cats", " Cat", "cat", "Cat", " CAT", " cathedral"):
    ids = tokenizer.encode_ordinary(word)
    print(f"{word!r:13} {ids!s:22} {[tokenizer.decode([i]) for i in ids]}")
logits = model.next_logits("The mouse was afraid of the")
[cat_id] = tokenizer.encode_ordinary(" cat")
print("\nas it is:    ", likeliest(logits, 4))
print("' cat' -100: ", likeliest(penalties.logit_bias(logits, {cat_id: -100}), 4))

# %% [markdown]
# One word, six spellings, and ` Cat` is as ready as before. A ban also takes what you did not mean:
# ` cathedral` begins with the token ` cat` here. A user of OpenAI's API wanted no `impossible`, and
# found that one of its two tokens spells `possible` [openaicookbook677].

# %% [markdown]
# ## Build it
#
# > difficulty ●●●○○ · importance ●●●●○ · 10 minutes
#
# Write the repetition penalty, without the course's own functions. It is scored below.
#
# <details><summary>Hint</summary>
#
# Which tokens were seen? Each of them once. Of those, which have a negative logit?
# <details><summary>More</summary>
#
# `ids.unique()` lists each token once, and `logits[seen]` reads their logits. `torch.where(x < 0,
# x * penalty, x / penalty)` chooses. Write the result into `logits.clone()`.
# </details>
# </details>


# %% answer="my_repetition_penalty"
def my_repetition_penalty(logits, ids, penalty):
    """For each token that occurs in ids: divide a positive logit by penalty, multiply a negative one.

    logits: (vocab,), float32, all finite; they are left as they are. ids: (length,), int64, at least
    one token; a token that occurs often is penalised once. penalty: at least 1.
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
# Run this as often as you like. It gives no points, only reasons.

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
# **Predict.** Now your function draws beside the course's. In the text, `effort` comes twice and
# `forward` three times. Which of the two is pushed further *down* at θ = 2?

# %%
explore.Penalties(
    NINE_WORDS,
    "effort effort forward forward toward forward",
    knobs=("repetition_penalty",),
    function=my_repetition_penalty,
)

# %% [markdown]
# 1. Set θ to 2. `forward` falls by 3.38, `effort` only by 1.90: the rule moves a logit by a share of
#    itself. Does your function agree?
# 2. Change your function so that it divides every logit, run its cell and this one again. Which way
#    does `effort` go?

# %% [markdown]
# ## Out of the loop
#
# Greedy choice on the Storyteller ends in a circle. In the first two rows below nothing is
# penalised; *Your settings* has θ = 1.2; the last row uses your function.
#
# **Predict.** Greedy repeats about 60% of its 4-grams here. How many are left with θ = 1.2?


# %%
def with_my_penalty(logits, ids):
    return my_repetition_penalty(logits, ids, 1.2)


explore.Loops("Once upon a time", function=with_my_penalty)

# %% [markdown]
# 1. Are the last two texts the same, once your function is written? (Both repeat about 2%.)
# 2. Set `repetition_penalty` to 1 and `no_repeat_ngram` to 4. What share is left? (0%.) Read the
#    text aloud: does it still go round, by other words?

# %% [markdown]
# ## A known result
#
# In 2020 Welleck and others measured repetition as *seq-rep-n*: the share of a text's n-grams that
# stood in it before. Greedy choice scored 0.44 for *n* = 4. For beam search, blocking 4-grams
# brought 0.52 down to 0, but 51% of the single tokens were still repeats [welleck2020]. Keskar and
# others call θ ≈ 1.2 a good balance for greedy choice [keskar2019]. Here are both on eight stories.

# %%
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


def block_4(logits, ids):
    return top_k(penalties.no_repeat_ngram(logits, ids, 4), 1)


# %%
def write(process, prompts, tokens):
    """The new tokens of each text, without end-of-text."""
    texts = [[] for _ in prompts]
    for steps in generate_batch(model, prompts, process, tokens):
        for text, step in zip(texts, steps, strict=True):
            if step and step.token != tokenizer.eot_token:
                text.append(step.token)
    return texts


def repeats(process):
    """seq-rep-4 and seq-rep-1, the mean over the prompts."""
    texts = write(process, PROMPTS, 64)
    return [sum(seq_rep_n(text, n) for text in texts) / len(texts) for n in (4, 1)]


# %% [markdown]
# **Predict.** As θ goes from 1 to 1.5, both numbers fall. Which one falls to 0?

# %%
thetas = (1.0, 1.05, 1.1, 1.2, 1.5)
measured = [repeats(Settings(temperature=0, repetition_penalty=theta)) for theta in thetas]
blocked = repeats(block_4)
drawn = repeats(Settings())
rows = {f"θ = {theta}": pair for theta, pair in zip(thetas, measured, strict=True)}
rows |= {"4-gram block": blocked, "drawn, T = 1": drawn}
for name, (four, one) in rows.items():
    print(f"{name:14} seq-rep-4 {four:.3f}   seq-rep-1 {one:.3f}")

# %%
chart = explore.Chart(x="repetition penalty θ, greedy", y="share of repeats")
for values, marker, name in zip(zip(*measured, strict=True), "os", ("4", "1"), strict=True):
    chart.axes.plot(thetas, values, marker=marker, color=style.KEPT)
    chart.label(1.115, values[2] + 0.02, f"seq-rep-{name}", color=style.KEPT)
chart.axes.axhline(blocked[1], linestyle="--", color=style.DRAWN)
said = "seq-rep-1 of a 4-gram block (its seq-rep-4 is 0)"
chart.label(1.24, blocked[1] + 0.06, said, color=style.DRAWN)
chart.axes.set_ylim(-0.03, 0.95)
chart.says(
    f"Greedy seq-rep-4 falls from {measured[0][0]:.2f} to {measured[-1][0]:.2f} as the penalty rises "
    f"to 1.5. A 4-gram block takes it to {blocked[0]:.2f}, but leaves seq-rep-1 at {blocked[1]:.2f}."
)

# %% [markdown]
# The papers' picture, in small. The penalty thins out loops, and 1.2 is enough for most. The block
# ends the 4-grams at a stroke, yet more than half of its tokens are repeats: it turns in the same
# circle with a word changed.

# %% [markdown]
# Look at the last line, text drawn freely at *T* = 1. Its seq-rep-1 is not 0, and no good text's
# is: `the` and `.` have to come back. At θ = 1.5 the text repeats *less* than that. That is no
# success, as you will see.

# %% [markdown]
# ## What goes wrong
#
# **Naive division.** Here are two penalties on log-probabilities, all of which are negative. One
# divides, one multiplies.


# %%
def divides(logits, ids):
    scores = logits.log_softmax(dim=-1)
    scores[ids.unique()] /= 1.5
    return top_k(scores, 1)


def multiplies(logits, ids):
    scores = logits.log_softmax(dim=-1)
    scores[ids.unique()] *= 1.5
    return top_k(scores, 1)


for process in (divides, multiplies):
    steps = generate(model, "The dog", process, max_new_tokens=45)
    print(f"{process.__name__}: The dog" + "".join(step.text for step in steps), end="\n\n")

# %% [markdown]
# Dividing *rewards* what was said: the dog stays good for ever. A user of `transformers` got `The
# dog dog dog dog dog` in 2019, the more so the higher the penalty [transformers2302]. The same bug
# was found in NeMo in 2024 [nemo8194].

# %% [markdown]
# **Once per occurrence.** A loop over the ids, instead of over the different ids, divides again for
# each repeat. Thirty times 1.1 is not 1.1.

# %%
for times in (1, 3, 10, 30):
    print(f"{times:>3} times: the logit is divided by {1.1**times:.1f}")

# %% [markdown]
# A common word is then as good as banned in a long text. One engine did that on two of its three
# code paths [lattice312].

# %% [markdown]
# **Penalising probabilities.** Softmax comes after the penalty. If it came before:

# %%
probs = NEXT_LOGITS.softmax(dim=-1)
divided = torch.where(count > 0, probs / 1.2, probs)
lowered = probs - 0.5 * (count > 0)
print(f"divided by 1.2: they sum to {divided.sum():.2f}")
print(f"lowered by 0.5: toward has {lowered[7]:.2f}")

# %% [markdown]
# The first are no probabilities until they are divided by their sum. A minus sign cannot be mended
# even so. Logits can be any number: that is why penalties belong there.

# %% [markdown]
# **Counting what nobody wrote.** In a batch, short texts are filled up with a padding token. One
# server penalised the padding too, so what a request got depended on who else was in its batch
# [tgi1765].
#
# **Changing the caller's logits.** `logits[seen] -= 1` works on the very tensor that was passed in.
# Whoever asks for the model's own probabilities later gets penalised ones. vLLM had that bug in one
# of its paths [vllm30846].

# %% [markdown]
# ## When repetition is right
#
# A report says `patient` many times, since that is the word. Here a model is sure of it, each time
# anew.
#
# **Predict.** `patient` has the logit 6, `aforementioned` 3. With a frequency penalty of 0.8, how
# often may a report say `patient` before the other one leads?

# %%
report = ("patient", "aforementioned", "person", "sufferer", "doctor")
report_logits = torch.tensor([6.0, 3.0, 2.5, 1.0, 0.5])
explore.Penalties(
    (report, report_logits),
    "patient patient patient patient patient patient",
    knobs=("frequency_penalty", "presence_penalty"),
    frequency_penalty=0.8,
)

# %% [markdown]
# 1. Move *tokens so far* up from 0. After how many does `aforementioned` lead? (4: 6 − 3.2 is less
#    than 3. Welcome, *the aforementioned patient*.)
# 2. Set `frequency_penalty` to 0 and `presence_penalty` to 2. Does it ever happen? (No: 4 stays
#    above 3. One payment can be survived, a toll each time cannot.)

# %% [markdown]
# Law, medicine, technical text and code need the same word again: a variable that changes its name
# is another variable. Stories have names. A name of several tokens pays for each piece.

# %%
tale = "Snow-White laughed. Snow-White ran home. Snow-White was happy. Snow-White sang. Then"
name = tokenizer.encode_ordinary(" Snow-White")
penalise = penalties.frequency_penalty
print("piece     " + "".join(f"   frequency {a}" for a in (0, 1, 2)) + "   in the lead at 2")
for i in range(1, len(name)):
    so_far = tale + tokenizer.decode(name[:i])
    logits, ids = model.next_logits(so_far), torch.tensor(tokenizer.encode_ordinary(so_far))
    rows = [penalise(logits, ids, a) for a in (0, 1, 2)]
    shares = "".join(f"{row.softmax(dim=-1)[name[i]]:14.1%}" for row in rows)
    print(f"{tokenizer.decode([name[i]]):10}{shares}   {tokenizer.decode([int(rows[2].argmax())])}")

# %% [markdown]
# Without a penalty the Storyteller is sure of each piece. At 2, after four Snow-Whites, `Wh` has
# lost its lead to `wh`: her name changes its spelling in the middle of the tale.

# %% [markdown]
# Names are not the worst of it. The most frequent tokens of any English text are `.`, `,` and
# `the`: a penalty works against its structure, as one developer of samplers put it
# [llamacpp5561].
#
# **Predict.** Eight texts of 150 tokens have 58 commas in 1,000 tokens of their second halves. How
# many are left with a frequency penalty of 2?

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
# Commas fall from 58 to 7, `the` from 57 to 5, full stops from 28 to 13.
#
# **Predict.** Such texts hardly repeat themselves. Do they read better?

# %%
explore.Playground(
    settings=Settings(temperature=0.8, frequency_penalty=2.0), samples=2, max_new_tokens=120
)

# %% [markdown]
# 1. The line below the texts counts the tokens that had less than 1% (about 50 of 240). Read on to
#    the last paragraph of each text: how many commas does it have?
# 2. Press **Save as A**, set `frequency_penalty` to 0, press **Generate**, then **Compare with A**.
#    How many are below 1% now? (About 35.) *distinct-2*, the share of different pairs, is higher
#    with the penalty. Which text would you rather read on?

# %% [markdown]
# ## What production systems do
#
# - llama.cpp and `transformers` ship with penalties off [llamacpp2026] [transformers2026]. Leave
#   them off until you *see* loops.
# - `transformers` has only the repetition penalty [transformers2026]. Some Gemini models refuse
#   OpenAI's two [geminicookbook1290].
# - Off is 0 for two of them and **1** for the third. A chat program passed a repetition penalty of 1
#   on as frequency penalty [chatui1552].
# - DRY, in module 09, punishes only what prolongs a repeated run.

# %% [markdown]
# ## Recap
#
# - Frequency subtracts each time, presence once; the repetition penalty divides positive logits and
#   multiplies negative ones, once a token.
# - Division depends on where zero lies; subtraction does not.
# - An n-gram block and a bias of −100 forbid; a word has more tokens than you think.
# - Know whether the prompt counts. Penalties come before temperature.
# - They cure loops, and hurt wherever the same word is the right word.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores.

# %% [markdown] question="One token, two penalties" points=1
# A token has the logit 4. The text holds it three times. The frequency penalty is 0.5, the presence
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
# On a vLLM server, a prompt says ` wolf` five times. The answer has no token yet. Repetition
# penalty 1.2, frequency penalty 1, presence penalty 1. Which of them move the logit of ` wolf`?
#
# - **A** All three: it is in the text.
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
        "A": "Two of the three look at the output only. See who counts the prompt.",
        "B": "That would be true if all of them looked at the output only. One looks further back.",
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
    hint="The last token opens a pair. Which pairs that open so are in the text? See forbidding runs.",
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
        "B": "A bias is added at every step. Look again at the spellings in the section on it.",
        "C": "It is added to the logits of the next token, whatever the prompt is.",
    },
)

# %% [markdown] question="A token meets theta" points=1
# A token has the logit −1.5, and the text holds it twice. What is its logit after a repetition
# penalty of θ = 1.2?

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
# A clinic's reports say `the patient`, then `the aforementioned patient`, then `the said
# individual`. None has ever looped. The frequency penalty is 0.8. What do you try first?
#
# - **A** Set it to 0, and look whether loops appear.
# - **B** Set it to 1.6, so that odd words pay as well.
# - **C** Forbid runs of two tokens instead.
# - **D** Lower the temperature to 0.2, and keep the penalty as it is.

# %% answer="clinic_reports"
answer_reports = ""  # "A", "B", "C" or "D"

# %% test="clinic_reports"
check.choice(
    answer_reports,
    right="A",
    why={
        "B": "The right word would pay even more, and sooner. What is the penalty curing here?",
        "C": "Then `the patient` could come exactly once. See when repetition is right.",
        "D": "The penalty is applied before temperature. Which word does a low T then prefer?",
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
# A model's new version gives every logit 10 more, which changes no probability. Your settings stay.
# Which penalties, each used alone, give the same probabilities with both versions?
#
# - **A** The repetition penalty does, the other two do not.
# - **B** Frequency and presence do, repetition does not.
# - **C** All three, as softmax ignores a shift of all logits.
# - **D** None, as each of them changes logits.

# %% answer="new_version"
answer_shift = ""  # "A", "B", "C" or "D"

# %% test="new_version"
check.choice(
    answer_shift,
    right="B",
    why={
        "A": "Compute 2 / 1.2 and 12 / 1.2. Which of the two falls further? Now subtract 0.5 instead.",
        "C": "Softmax ignores it if it is still a shift of all logits after the penalty. Is it always?",
        "D": "They change logits in both versions. The question is whether by the same amount.",
    },
)

# %% [markdown] question="Frequency penalty on the bench" points=2
# Find the bug. This frequency penalty takes the same from a token that came once and from one that
# came three times: in PyTorch, an assignment through repeated indices counts once, which has
# surprised people for years [pytorch3844]. Repair it, for any text of at least one token, any
# penalty from −2 to 2, and logits that may hold −inf. What is passed in stays as it is.


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
    logits = (domains.logits(random) * 64).round() / 64
    far = random.random() < 0.1
    ids = domains.far(random, len(logits)) if far else domains.history(random, len(logits), 1)
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
# Find the bug. tinygrad's sampler keeps its counts on the function itself [tinygrad2026], as here:
# the second story pays for the words of the first. Repair it. Each call gets all `ids` of its own
# text, at least one, and must not depend on calls before it: these may have had another vocabulary.
# Logits may hold −inf, and what is passed in stays as it is.


# %% answer="tinygrad_repair"
def repaired_memory(logits, ids, penalty):
    ### BEGIN SOLUTION
    counts = torch.bincount(ids, minlength=len(logits))
    return logits - penalty * counts
    ### END SOLUTION
    if not hasattr(repaired_memory, "counts"):
        repaired_memory.counts = torch.zeros(len(logits))
    counts = repaired_memory.counts
    counts += torch.bincount(ids, minlength=len(logits))
    return logits - penalty * counts


# %% test="tinygrad_repair"
def after(ids, penalty, places):
    """The nine logits, of which each place in `places` has paid once."""
    expected = NEXT_LOGITS.clone()
    for place in places:
        expected[place] -= penalty
    check.close(
        repaired_memory,
        NEXT_LOGITS,
        ids,
        penalty,
        expect=expected,
        why="Each token pays for its places in the ids of this call, no more and no less. What do "
        "the counts hold at the second call?",
    )


def example():
    after([3, 3], 0.5, places=[3, 3])
    after([7], 0.5, places=[7])


2.0 * check.passes("a story with token 3 twice, then one with token 7", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def from_nothing(logits, ids, penalty):
    scores = logits.tolist()
    for i in ids.tolist():
        scores[i] -= penalty
    return torch.tensor(scores)


def story(random):
    """Logits that are whole 64ths, a text, and a penalty in 4ths: their sums are exact."""
    logits = (domains.logits(random) * 64).round() / 64
    far = random.random() < 0.1
    ids = domains.far(random, len(logits)) if far else domains.history(random, len(logits), 1)
    penalty = random.choice([-1.0, 0.0, 0.25, 0.5, 1.5, 2.0])
    if random.random() < 0.2:  # texts that have their length and their ends in common
        logits, ids = NEXT_LOGITS.clone(), [1, *random.choices(range(9), k=3), 1]
    return logits * random.choice([1, 1, 1, 30]), torch.tensor(ids), penalty


example()
check.against(
    from_nothing,
    repaired_memory,
    story,
    why="Each token pays for its places in the ids of this call, whatever calls came before: with "
    "the same words, with as many, or with another vocabulary.",
)
check.keeps(
    repaired_memory,
    story,
    why="Logits or ids of the caller that have changed are a memory too: the next call may get them "
    "again.",
)
### END HIDDEN TESTS

# %% [markdown] question="A block from fairseq" points=2
# Find the bug. A report says that fairseq's n-gram block takes the end of a buffer for the end of
# the text [fairseq5206]. Here too: of `buffer` only the first `step` tokens are written, and −1
# fills the rest. Repair it: return the tokens, each once in any order, that would complete a
# run of *n* which is in the text. *n* is at least 2, `step` at least *n* − 1, and the text may fill
# the buffer.


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
    most = domains.LONG if random.random() < 0.05 else random.choice([3, 10, 30, 150])
    text = random.choices(few, k=random.randint(n - 1, n + most))
    if random.random() < 0.5:  # the last tokens stand in front too, and what looks like them
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
    "after them. Try n = 3 by hand, and a buffer that is full.",
)
### END HIDDEN TESTS

# %% [markdown] question="Your repetition penalty" points=4
# Your `my_repetition_penalty` from **Build it** above, without the course's own functions. One point
# each: positive logits of tokens seen once; negative logits; tokens seen several times; float32 as
# the type, and what was passed in left as it was.


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
    return domains.logits(random).clamp(min=-domains.EXTREME) * random.choice([1, 1, 1, 1e3, 1e9])


def theta(random):
    return random.choice([1.0, 1.05, 1.2, 1.5, 2.0, 10.0, 1000.0, random.uniform(1, 3)])


def once_positive(random):
    logits, ids, penalty = once_signed(random)
    return logits.abs(), ids, penalty


def once_signed(random):
    logits = finite(random)
    ids = random.sample(range(len(logits)), random.randint(1, len(logits)))
    return logits, torch.tensor(ids), theta(random)


def often_positive(random):
    logits, ids, penalty = often_signed(random)
    return logits.abs(), ids, penalty


def often_signed(random):
    logits = finite(random)
    far = random.random() < 0.2
    ids = domains.far(random, len(logits)) if far else domains.history(random, len(logits), 1)
    ids = ids if far else [*ids, random.choice(ids)]
    return logits, torch.tensor(ids), theta(random)


def seen_once():
    positive()
    check.against(
        penalised,
        my_repetition_penalty,
        once_positive,
        why="The logits of all tokens in the text move, wherever they stand there, and no others.",
    )


def negative():
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
# - [keskar2019] Keskar and others: CTRL, A Conditional Transformer Language Model for Controllable
#   Generation. 2019
# - [welleck2020] Welleck and others: Neural Text Generation with Unlikelihood Training. 2020
# - [openai2026], [transformers2026], [vllm2026], [llamacpp2026], [mlxlm2026], [tinygrad2026]: what
#   these count and allow, as read in 2026
# - [transformers2302], [nemo8194], [lattice312], [tgi1765], [vllm30846], [chatui1552],
#   [fairseq5206]: bug reports and repairs

# %% [markdown]
# - [transformers47595], [llamacpp5561]: on where zero lies, and on frequent tokens
# - [openaicookbook677], [pytorch3844], [geminicookbook1290]: what surprised users
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

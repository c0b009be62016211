# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Recipes
#
# All knobs together: in which order they work, which settings suit which task, and what a seed
# promises.

# %% [markdown]
# > **About 60 minutes** · difficulty ●●●○○ · you need: modules 02 to 05
# >
# > Afterwards you can
# > - apply settings in the order of different libraries, and say which tokens stay;
# > - choose settings without doubling up;
# > - say why a seed is no promise, and draw independently of the batch;
# > - spot a setting that is silently without effect.
#
# Names in brackets, as in [holtzman2020], are sources, listed at the end.

# %% [markdown]
# **Recall.** Three tokens have the shares 0.5, 0.3 and 0.2. How many does top-p keep at *p* = 0.7?
# A temperature of 0.1 comes first: how many now? Answer before you unfold.
#
# <details><summary>Answer</summary>
#
# Two: 0.5 alone does not reach 0.7, so the next token comes in. At *T* = 0.1 each share is raised
# to the power 10 and rescaled: the first now has more than 0.99, and it alone reaches 0.7.
# </details>

# %% locked="setup"
import json

import torch

from course_utils import constrain, explore, storyteller
from course_utils import quiz as check
from course_utils.explore.plots.style import DRAWN, KEPT, QUIET
from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import distinct_n, ends_in_loop, seq_rep_n
from course_utils.sampling import min_p, temperature, top_p
from course_utils.toys import NINE_WORDS


def kept(logits):
    """The ids of the tokens that are not cut."""
    return logits.isfinite().nonzero().flatten().tolist()


def shares(logits):
    return " ".join(f"{share:.3f}" for share in logits.softmax(dim=-1).tolist())


def write(prompt, settings, seeds, tokens):
    """A list of steps for each seed, written side by side."""
    texts = [[] for _ in seeds]
    prompts = [prompt] * len(seeds)
    for steps in generate_batch(storyteller.load(), prompts, settings, tokens, seeds):
        for text, step in zip(texts, steps, strict=True):
            text += [step] if step else []
    return texts


# %% [markdown]
# ## One picture
#
# The model scores every token. Then each setting changes that distribution a little, and at the end
# one token is drawn. Nothing else happens: no setting changes what the model knows.
#
# ```text
# logits → penalties → temperature → top-k → top-p → min-p → softmax → one draw
# ```
#
# The course works in that order. Others do not.

# %% [markdown]
# **Predict.** Of the nine words, top-p 0.6 keeps two. *T* = 0.5 cuts none, and leaves `forward`
# 71%. Both sound mild. How many words are left when you set both?

# %%
explore.Distribution(NINE_WORDS, knobs=("temperature", "top_p"))

# %% [markdown]
# 1. Set *T* = 0.5 and *p* = 0.6. How many words are kept? (One: nothing is left to draw.)
# 2. Stay at *p* = 0.6. At which *T* does `toward` come back? (Near 0.9: `forward` falls below 0.6.)
#
# Here *T* came first, so *p* cut a sharper distribution. What if it comes last?

# %% [markdown]
# ## Same settings, different tokens
#
# Three logits: 3, 2 and 1. The settings are *T* = 0.5 and *p* = 0.8.
#
# **Predict.** Which tokens stay if *T* comes first? And if it comes last?

# %%
logits = torch.tensor([3.0, 2.0, 1.0])
print("shares at T = 1:  ", shares(logits))
print("shares at T = 0.5:", shares(logits / 0.5))
print("T first keeps", kept(top_p(temperature(logits, 0.5), 0.8)))
print("T last keeps ", kept(temperature(top_p(logits, 0.8), 0.5)))

# %% [markdown]
# At *T* = 0.5 the first token has 0.867, which reaches 0.8 alone. At *T* = 1 it has 0.665, so the
# second comes in too. Both programs are right; they answer different questions. With *T* last, *p*
# speaks about the model. With *T* first, *p* speaks about what will be drawn.

# %% [markdown]
# Min-p 0.1 keeps tokens at least a tenth as likely as the best. Logits 5, 3 and 1, at three
# temperatures:

# %%
logits = torch.tensor([5.0, 3.0, 1.0])
for T in (0.5, 1.0, 2.0):
    first = min_p(temperature(logits, T), 0.1)
    last = temperature(min_p(logits, 0.1), T)
    print(f"T = {T}: first keeps {kept(first)}, last keeps {kept(last)}")

# %% [markdown]
# A tenth is a gap of ln 10 ≈ 2.3 between logits. *T* = 0.5 turns the gap 2 into 4, *T* = 2 turns
# the gap 4 into 2. With *T* last nothing moves.
#
# Top-k does not care: it counts ranks, and no *T* changes those.

# %% [markdown]
# ## Who does what
#
# | library | order |
# |---|---|
# | transformers [transformers2026] | penalties, **T**, top-k, top-p, min-p |
# | vLLM [vllm2026] | penalties, **T**, min-p, top-k, top-p |
# | llama.cpp [llamacpp2026] | penalties, top-k, top-p, min-p, **T** |
# | mlx-lm [mlxlm2026] | penalties, top-p, min-p, top-k, **T** |
#
# Settings tuned in one library are other settings in the next. llama.cpp lets you choose the order
# yourself (`--samplers`).

# %% [markdown]
# ## Along a text
#
# **Predict.** The Storyteller reads an old story. At each token we count what top-p 0.9 keeps, with
# *T* first. At *T* = 1 the median is 48 tokens. Below 10 at *T* = 0.5, or above? And at *T* = 1.5,
# above 100?

# %%
explore.AdaptiveCutoff()

# %% [markdown]
# 1. Move *T* to 0.5, then to 1.5. What does the line below the picture say of top_p? (Medians of 2
#    and of 739.)
# 2. Which of the three rules keeps the same number at every *T*? Why?

# %% [markdown]
# Now both orders in one picture. With *T* last, what stays is the same at every *T*: the middle
# line.

# %%
model = storyteller.load()
story = "Once upon a time there were Three Bears, who lived together in a house of their own."
ids = torch.tensor([model.encode(story)])
with torch.inference_mode():
    scores = model.gpt(ids)[0, 1:]
counts = {T: top_p(temperature(scores, T), 0.9).isfinite().sum(dim=-1) for T in (1.5, 1.0, 0.5)}
chart = explore.Chart(x="token of the story", y="tokens kept by top-p 0.9")
for (T, count), color in zip(counts.items(), (DRAWN, KEPT, QUIET), strict=True):
    chart.axes.plot(count, color=color, marker="o", markersize=3)
    said = "T last, any T" if T == 1 else f"T = {T}, first"
    chart.label(len(count) - 0.7, count[-1] * 0.9, said, color)
chart.axes.set(yscale="log", xlim=(-0.5, len(count) + 3.6))
hot, plain, cold = (int(count.median()) for count in counts.values())
chart.says(f"Medians: T = 0.5 first {cold}, T last {plain}, T = 1.5 first {hot}.")

# %% [markdown]
# So at *T* = 1.5 and *p* = 0.9 one library draws from hundreds of tokens, another from dozens. That
# is why "*T* = 1.5 is fine" and "*T* = 1.5 is rubbish" can both be honest reports.

# %% [markdown]
# ## Build it
#
# > difficulty ●●●○○ · importance ●●●●● · 10 to 15 minutes
#
# Write `apply_in_order`: it works through a list of steps from left to right, so it can run any
# library's order. You may use PyTorch, not the course's functions.
#
# <details><summary>Hint</summary>
#
# One loop, four branches. Each replaces `logits` by a new tensor.
# <details><summary>More</summary>
#
# Counts: `torch.bincount(ids, minlength=len(logits))`. Cut: `logits.masked_fill(mask, -torch.inf)`.
# Top-p: sort the softmax of the *present* logits, and compare the mass *before* each token.
# </details>
# </details>


# %% answer="apply_in_order"
def apply_in_order(logits, ids, steps):
    """The logits after all steps, each working on what the one before it left.

    logits: float32 (vocab,), some perhaps at -inf; ids: int64 (length,), the text so far, may be
    empty; both stay as they are. steps: a list or tuple of pairs (name, value), of these four:
    "frequency_penalty"  subtract value, of either sign, once for each time that a token is in ids
    "temperature"        divide by value; 0 instead cuts all but the best token, which keeps its logit
    "top_k"              keep the value best tokens, 1 <= value <= vocab
    "top_p"              keep the fewest most likely tokens whose mass reaches value, 0 < value < 1
    A step may come more than once, and steps may be empty. Cut tokens get -inf. No test has finite
    ties, or a sum so near to value that rounding decides. Returns float32 (vocab,).
    """
    ### BEGIN SOLUTION
    for name, value in steps:
        if name == "frequency_penalty":
            logits = logits - value * torch.bincount(ids, minlength=len(logits))
        elif name == "temperature" and value > 0:
            logits = logits / value
        elif name in ("temperature", "top_k"):
            least = logits.topk(value or 1).values[-1]
            logits = logits.masked_fill(logits < least, -torch.inf)
        elif name == "top_p":
            probs, order = logits.softmax(dim=-1).sort(descending=True)
            cut = order[probs.cumsum(dim=-1) - probs >= value]
            logits = logits.index_fill(0, cut, -torch.inf)
    return logits
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It gives no points, only reasons.

# %%
NONE = torch.tensor([], dtype=torch.int64)
first, last = (("temperature", 0.5), ("top_p", 0.8)), (("top_p", 0.8), ("temperature", 0.5))
for name, ids, steps, expect in (
    ("frequency 0.5", [2, 0, 2], [("frequency_penalty", 0.5)], [2.5, 2.0, 0.0]),
    ("T = 2", NONE, [("temperature", 2.0)], [1.5, 1.0, 0.5]),
    ("T = 0", NONE, [("temperature", 0)], [3.0, -torch.inf, -torch.inf]),
    ("top-k 2", NONE, [("top_k", 2)], [3.0, 2.0, -torch.inf]),
    ("T first", NONE, first, [6.0, -torch.inf, -torch.inf]),
    ("T last", NONE, last, [6.0, 4.0, -torch.inf]),
):
    why = f"On the logits 3, 2, 1 this should give {expect}."
    args = ([3.0, 2.0, 1.0], ids, tuple(steps))
    check.passes(name, check.close, apply_in_order, *args, expect=expect, why=why)

# %% [markdown]
# Now let it run with *T* last, beside the course's order. While it is not written, or when it has a
# mistake, the explorer says so below the picture.
#
# **Predict.** At *T* = 1 the best token, ` wife`, has 17%. Set *T* = 2 and *p* = 0.8: in which order
# will it get more?


# %%
def temperature_last(logits, t, p):
    return apply_in_order(logits, NONE, [("top_p", p), ("temperature", t)])


explore.Distribution(
    "The king said to his", knobs=("temperature", "top_p"), strategy=temperature_last
)

# %% [markdown]
# 1. At *T* = 1, do the two agree at every *p*? They should.
# 2. At *T* = 2 and *p* = 0.8, *T* first keeps 1,016 tokens and *T* last 55. What share does ` wife`
#    have in each? (0.026 and 0.078: fewer tokens share the same whole.)

# %% [markdown]
# ## Two orders on the Storyteller
#
# **Predict.** *T* = 1.5 and *p* = 0.9, the same seeds, two orders. Which will invent words?


# %%
def llama_order(logits, ids):
    return apply_in_order(logits, ids, [("top_p", 0.9), ("temperature", 1.5)])


explore.Playground(settings=Settings(temperature=1.5, top_p=0.9), process=llama_order, samples=2)

# %% [markdown]
# 1. Read the numbers above the texts: how many effective choices a token did each order have? (207
#    with *T* first, 57 with *T* last.) Which one wrote `lilps`?
# 2. The sliders are the order with *T* first. Lower *p* there to 0.6 and press **Generate**. How many
#    choices now? So which setting of one library is like 0.9 of the other?

# %% [markdown]
# ## Four recipes
#
# | task | T | top-p | penalties |
# |---|---|---|---|
# | extraction, classification, structured output | 0 | 1 | none |
# | chat | 0.7 | 1 | none |
# | stories, ideas | 0.9 to 1.1 | 0.95 | frequency 0.2 |
# | code | 0.2 | 0.95 | none |
#
# These are the explorers' presets. They are starting points, not laws.

# %% [markdown]
# **Why these?**
#
# - *Extraction*: one answer is right, and names and keys have to be repeated exactly. A penalty
#   would push the second `patient` towards "the aforementioned patient".
# - *Chat*: some variety. A *T* below 1 makes the tail rare without a cut.
# - *Stories*: the model's own spread, without its worst tail, and a light push against loops.
# - *Code*: nearly greedy. Brackets and names repeat on purpose.

# %% [markdown]
# **Predict.** Three texts, three seeds. How many of them differ with the preset `deterministic`?
# And which preset will repeat itself most on a story?

# %%
explore.Playground(
    settings=Settings(temperature=1.0, top_p=0.95, frequency_penalty=0.2), max_new_tokens=60
)

# %% [markdown]
# 1. Choose `deterministic`, press **Generate**. How many different texts, and what is distinct-2?
#    (One, and 0.16.)
# 2. Now `code`. On a story, is its distinct-2 nearer to `deterministic` or to `creative`, 0.97? A
#    recipe is for a task.

# %% [markdown]
# **The second digit of *p*.** People tune *p* = 0.91 against 0.90. Here are both, with four groups
# of 16 seeds each. Distinct-2 is the share of different token pairs.

# %%
for p in (0.90, 0.91):
    values = []
    for group in range(4):
        texts = write("Once upon a time", Settings(top_p=p), range(16 * group, 16 * group + 16), 40)
        values.append(distinct_n([[step.token for step in text] for text in texts], 2))
    numbers = "  ".join(f"{value:.3f}" for value in values)
    print(f"p = {p:.2f}:  {numbers}   mean {sum(values) / 4:.3f}")

# %% [markdown]
# The four groups differ by more than the two rows. With 64 texts a side you cannot see what the
# second digit does, so a preference for 0.91 is superstition.

# %% [markdown]
# ## The double-up trap
#
# To be careful, someone sets *T* = 0.3 **and** *p* = 0.6. You have seen what that does to nine
# words.
#
# **Predict.** After `Once upon a time`, will such a text be nearer to greedy or to plain sampling?

# %%
explore.Loops(temperature=0.3, top_p=0.6, repetition_penalty=1.0)

# %% [markdown]
# 1. What share of 4-grams repeats in greedy text, and in yours? (61% and 46%.)
# 2. Undo *one* of the two: *p* = 1 alone, then *T* = 1 alone. How far does the share fall? (To 8%,
#    and to 3%.)

# %% [markdown]
# Why? *T* = 0.3 makes the distribution so sharp that 0.6 is nearly always reached by one token. We
# can count the steps at which nothing was left to draw.

# %%
runs = {}
for T in (0.3, 0.6, 1.0):
    for p in (0.6, 1.0):
        texts = write("Once upon a time", Settings(temperature=T, top_p=p), range(12), 80)
        steps = [step for text in texts for step in text]
        tokens = [[step.token for step in text] for text in texts]
        runs[T, p] = sum(seq_rep_n(ids, 3) for ids in tokens) / 12
        single = sum(step.kept == 1 for step in steps) / len(steps)
        print(
            f"T = {T}  p = {p}:  one token left at {single:4.0%} of steps,  "
            f"{runs[T, p]:4.0%} of 3-grams repeat,  {sum(map(ends_in_loop, tokens))} of 12 end in a loop"
        )

# %% [markdown]
# ## A known result
#
# For GPT-2, sampling below *T* = 0.9 severely increases repetition [holtzman2020]. The Storyteller
# is a far smaller model. Does it show the same, and what does a low *p* add?

# %%
chart = explore.Chart(x="temperature", y="share of 3-grams that repeat", height=2.6)
for p, color in ((0.6, DRAWN), (1.0, KEPT)):
    line = [runs[T, p] for T in (0.3, 0.6, 1.0)]
    chart.axes.plot((0.3, 0.6, 1.0), line, color=color, marker="o")
    chart.label(0.315, line[0] + 0.04, f"p = {p}", color)
chart.axes.set(ylim=(0, 0.8), xticks=(0.3, 0.6, 1.0))
chart.says(
    f"At T = 0.3, {runs[0.3, 1.0]:.0%} of 3-grams repeat with p = 1 and {runs[0.3, 0.6]:.0%} with "
    f"p = 0.6; at T = 1, {runs[1.0, 1.0]:.0%} and {runs[1.0, 0.6]:.0%}."
)

# %% [markdown]
# The colder, the more it repeats; and a low *p* multiplies it. So turn **one** knob:
#
# - to be deterministic: *T* = 0 and *p* = 1. Expect loops in long texts, and remember that *always
#   the same* is not *true*.
# - to be diverse: *T* = 1, and only *p*.
#
# OpenAI's own description recommends altering *T* or *p*, but not both [openai2026].

# %% [markdown]
# ## What a seed gives you
#
# Same model, same machine, same request, same seed: here the text is the same.


# %%
def text_of(steps):
    return "".join(step.text for step in steps)


for seed in (7, 7, 8):
    print(seed, repr(text_of(generate(model, "Once upon a time", None, 20, seed))))

# %% [markdown]
# Its best use is to **cut noise**. You edit a prompt and want to know what the edit did. With new
# seeds, luck changes too. With the same seeds, both prompts meet the same luck.

# %%
one, other = "Once upon a time there was a king who", "Once upon a time there was a queen who"
before = write(one, Settings(), range(32), 10)
same = write(other, Settings(), range(32), 10)
fresh = write(other, Settings(), range(100, 132), 10)
for name, after in (("same seeds", same), ("new seeds", fresh)):
    agree = sum(a[0].token == b[0].token for a, b in zip(before, after, strict=True))
    change = torch.tensor([a[0].logprob - b[0].logprob for a, b in zip(before, after, strict=True)])
    print(f"{name}: first token equal in {agree} of 32, spread of the change {change.std():.2f}")
print("king: ", text_of(before[3]), "\nqueen:", text_of(same[3]))

# %% [markdown]
# With the same seeds more of the first tokens agree, and the change in their log-probability
# spreads about half as wide: what is left is more of the edit, and less of the luck. Statisticians
# call it *common random numbers*.

# %% [markdown]
# ## What a seed does not give you
#
# A seed fixes the random numbers. The text also depends on the logits, down to their last digits.
#
# **Predict.** Do these two print the same?

# %%
print((0.1 + 0.2) + 0.3)
print(0.1 + (0.2 + 0.3))

# %% [markdown]
# A computer rounds after every addition, so the order of additions matters. What is small beside a
# large number can be lost altogether:

# %%
print(1e16 + 1.0 - 1e16, 1e16 - 1e16 + 1.0)
numbers = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0))
print(numbers.sum().item(), numbers.sort().values.sum().item())

# %% [markdown]
# The same million numbers, two orders, two sums. A logit is a sum of many products, and *how* a
# program adds them up depends on how much work it does at once: on the batch, on the cache, on the
# chip.


# %%
def first_row(size):
    return write("Once upon a time", Settings(), range(size), 8)[0]


alone = first_row(1)
uncached = list(generate(model, "Once upon a time", None, 8, seed=0, cache=False))
others = {"again": first_row(1), "in a batch of 8": first_row(8), "without cache": uncached}
for name, steps in others.items():
    gaps = [(a.logits - b.logits).abs().max().item() for a, b in zip(alone, steps, strict=True)]
    print(f"{name:<16} largest difference of a logit: {max(gaps):.2g}")

# %% [markdown]
# Run again, the logits are equal to the last bit: a computer does not roll dice. In a batch, or
# without the cache, they differ near the fifth digit after the point.
#
# **Predict.** Each row draws with its own random numbers. Can such a difference change a text?

# %%
forks = {}
together = write("Once upon a time", Settings(), range(16), 40)
for seed, in_batch in enumerate(together):
    single = write("Once upon a time", Settings(), [seed], 40)[0]
    pairs = enumerate(zip(single, in_batch, strict=False))
    fork = next((i for i, (a, b) in pairs if a.token != b.token), None)
    if fork is not None:
        forks[seed] = fork, single[fork], in_batch[fork]
print(f"{len(forks)} of 16 texts differ between alone and in a batch")
for seed, (fork, *steps) in forks.items():
    print(f"seed {seed}, token {fork + 1}:", " or ".join(repr(step.text) for step in steps))

# %% [markdown]
# On the machine where this page was written one text of 16 forks: `made wry` alone, `madein` in the
# batch. On yours it may be none, or another. Let us look at that draw: which number was drawn, and
# where does one token's stretch of the line from 0 to 1 begin?

# %%
for seed, (fork, *steps) in forks.items():
    generator = torch.Generator().manual_seed(seed)
    u = [torch.rand(1, generator=generator, dtype=torch.float64) for _ in range(fork + 1)][-1]
    print(f"seed {seed}: the number drawn is {u.item():.10f}")
    upper = max(steps, key=lambda step: step.token)
    for name, step in zip(("alone", "batch"), steps, strict=True):
        ends = step.logits.double().softmax(dim=-1).cumsum(dim=0)
        begins = ends[upper.token - 1].item()
        print(f"{name}: {upper.text!r} begins at {begins:.10f}, drawn {step.text!r}")

# %% [markdown]
# The number fell between the two borders, less than a millionth apart. From there the texts share
# nothing. At *T* = 0 it is a near-tie of the two best tokens that flips.
#
# On large models this is common: 1,000 requests at *T* = 0 to one model gave 80 different texts,
# equal up to token 102, as the batch changed with the load [he2025].

# %% [markdown]
# **Other machines.** Half-precision arithmetic is what most servers use. Here it plays the part of
# another chip, or of a provider that swaps the model behind a name. *T* = 0, so no luck at all:

# %%
swapped = storyteller.load(dtype=torch.bfloat16)
for one in (model, swapped):
    print(repr(text_of(generate(one, "Once upon a time", Settings(temperature=0), 20))))

# %% [markdown]
# - OpenAI calls `seed` a best effort, without a guarantee; `system_fingerprint` tells you that
#   something behind the name has changed [openai2026]. A user saw different texts with equal
#   fingerprints too [openai708].
# - vLLM promises it only on the same hardware and version, with batch invariance switched on
#   [vllmrepro2026].
# - llama.cpp warns that its prompt cache can change results [llamacpp2026].

# %% [markdown]
# **So keep the answers.** What has to stay the same is stored, not generated anew. And what is
# stored can be compared: a difference is news.

# %%
saved = {}


def ask(model, prompt, **settings):
    key = json.dumps([prompt, settings], sort_keys=True)
    text = text_of(generate(model, prompt, Settings(**settings), 12))
    if saved.setdefault(key, text) != text:
        print(f"CHANGED, now: {text!r}")
    return saved[key]


for one in (model, model, swapped):
    print(repr(ask(one, "Once upon a time", temperature=0)))

# %% [markdown]
# ## Models that think first
#
# Reasoning models write many tokens before the answer. For that part your settings are
#
# - **ignored**: DeepSeek's API accepts *T*, *p* and penalties, without effect [deepseek2025];
# - **fixed**: OpenAI's o1-mini took no *T* but 1 [luaopenai12];
# - **rejected**: o3-mini refuses `temperature` altogether [openai2104]. Anthropic's models after
#   Opus 4.6 answer any *T* but 1 with an error [anthropic2026], and its SDK 2.12 has no
#   `temperature`, `top_p` or `top_k` left [anthropicsdk2026].

# %% [markdown]
# Open models come with their maker's advice:
#
# - QwQ: *T* 0.6, *p* 0.95, and not greedy, to avoid endless repetition [qwq2025];
# - DeepSeek-R1: 0.6, 0.95 [deepseekr12025];
# - GLM-5: 1.0, 0.95 [glm2026].
#
# An agent that kept its old *T* = 0 for a model made for 1.0 and 0.95 wrote the same five sentences
# again and again [osaurus2274]. When in doubt in 2026: *T* = 1, *p* = 0.95, no penalties.

# %% [markdown]
# ## The same request on today's APIs
#
# ```text
#               T, p  top_k  repetition          freq.  length                 seed
# OpenAI chat   yes   -      -                   yes    max_completion_tokens  seed
# Anthropic     -     -      -                   -      max_tokens             -
# vLLM          yes   yes    repetition_penalty  yes    max_tokens             seed
# transformers  yes   yes    repetition_penalty  -      max_new_tokens         set_seed
# llama.cpp     yes   yes    repeat_penalty      yes    n_predict              seed
# ```
#
# [openai2026], [anthropicsdk2026], [vllm2026], [transformers2026], [llamacpp2026]

# %% [markdown]
# - **Ranges**: *T* from 0 to 2 at OpenAI and vLLM, above 0 in `transformers`; frequency and presence
#   from −2 to 2.
# - **Silence means something.** A request that does not mention top-k gets 40 in llama.cpp, and 50
#   in `transformers` once `do_sample=True`, unless the model's own file says otherwise. One without
#   *T* gets 0.8 in llama.cpp.
# - **Names come and go.** Anthropic's newest SDK has none of the knobs, OpenAI's newer Responses API
#   no `seed`.

# %% [markdown]
# ## Structured output
#
# One more function from logits to logits: a grammar that cuts every token after which the text
# could no longer become valid. It comes first in the chain. Even at *T* = 1 the form is certain.

# %%
fields = {"name": {"type": "string", "maxLength": 12}, "age": {"enum": [7, 30, 90]}}
schema = {"type": "object", "properties": fields, "required": ["name", "age"]}
form = constrain.json_schema(model.tokenizer, schema | {"additionalProperties": False})
prompt = "The prince told his name and his age: "
start = len(model.encode(prompt))
for seed in range(3):
    steps = generate(model, prompt, lambda logits, ids: form.process(logits, ids[start:]), 40, seed)
    print(json.loads(text_of(steps)))

# %% [markdown]
# Valid JSON each time, from a model trained on old stories. The *content* is as good as the model,
# and a text that is cut off by the length limit is not valid. A grammar with *T* = 0 and no
# penalties is the recipe for extraction.

# %% [markdown]
# ## What goes wrong
#
# **A setting without effect.** In `transformers`, *T* counts only with `do_sample=True`, and the
# library's own default is `False` [transformers2026]. Users reported that *T* does nothing
# [transformers22405]. In miniature:


# %%
def next_token(logits, do_sample=False, temperature=1.0):
    if not do_sample:
        return int(logits.argmax())
    return int((logits / temperature).softmax(dim=-1).multinomial(1))


print([next_token(torch.tensor([3.0, 2.0, 1.0]), temperature=5.0) for _ in range(20)])

# %% [markdown]
# No error, at most a warning in a log. Test a setting by an extreme value: at *T* = 5, twenty equal
# answers are suspicious.

# %% [markdown]
# **Penalties after softmax.** They are made for logits. Subtracted from probabilities, they give
# numbers that are none:

# %%
probs = torch.tensor([0.7, 0.2, 0.1])
print("subtracted from probabilities:", probs - 0.5 * torch.tensor([1, 1, 0]))
print("subtracted from logits:       ", (probs.log() - 0.5 * torch.tensor([1, 1, 0])).softmax(-1))

# %% [markdown]
# **A shortcut for *T* = 0 that skips the rest.** Greedy means the best token *after* the penalties.
# A server took the argmax first, and its penalties were silently dropped [mtplx157].

# %%
logits, seen = torch.tensor([3.0, 2.5, 1.0]), torch.tensor([1, 0, 0])
print("argmax first: ", int(logits.argmax()))
print("penalty first:", int((logits - 1.0 * seen).argmax()))

# %% [markdown]
# **Top-p on what is not a distribution.** mlx-lm once ran top-k first and did not rescale. Its
# top-p cuts from below whatever holds at most 1 − *p*. With *k* = 1 and *p* = 0.3 [mlxlm388]:

# %%
left = torch.tensor([0.6, 0.0, 0.0])  # after top-k 1, not rescaled
ascending = left.sort().values
print("cut:", (ascending.cumsum(dim=0) <= 1 - 0.3).tolist())

# %% [markdown]
# All three. Now mlx-lm takes top-k last, which is one of the differences in the table above. Does
# your `apply_in_order` rescale?

# %% [markdown]
# ## Recap
#
# - Every setting changes the distribution before the draw, and the order decides what stays.
# - One knob, not two: *T* = 0 with *p* = 1, or *T* = 1 with *p*. Penalties when you see loops.
# - A seed fixes the random numbers, not the logits. Use it to compare prompts; store what must not
#   change.
# - Check that a setting does something.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores.

# %% [markdown] question="A program reads invoices" points=1
# A program reads invoices and returns number, date and sum as JSON. Which settings would you start
# with?
#
# - **A** *T* = 0.3 and *p* = 0.6, to be careful twice
# - **B** *T* = 0.7 and *p* = 1, as it is a chat model
# - **C** *T* = 0 and *p* = 1, no penalties, a grammar
# - **D** *T* = 0 and *p* = 1, frequency penalty 0.5

# %% answer="invoice_settings"
answer_recipe = ""  # "A", "B", "C" or "D"

# %% test="invoice_settings"
check.choice(
    answer_recipe,
    right="C",
    why={
        "A": "That is the double-up trap: nearly greedy, but you cannot rely on it. What does "
        "the table of four recipes say for a task with one right answer?",
        "B": "Variety is welcome in a conversation. Is it welcome in an invoice number?",
        "D": "Digits and keys of an invoice repeat. What does a penalty do to a digit that was "
        "already written twice? See the reasons below the four recipes.",
    },
)

# %% [markdown] question="One line, two knobs" points=1
# What does this print? Work it out first.
#
# ```python
# logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
# print(kept(temperature(top_p(logits, 0.75), 2.0)))
# ```

# %% answer="one_line_two_knobs"
answer_kept = []  # token ids

# %% test="one_line_two_knobs"
check.ids(
    answer_kept,
    right={0, 1},
    why={
        (0, 1, 2): "That is what stays when T comes first. Which call runs first here?",
        (0,): "One token holds 0.5, which is less than p. The token that crosses p stays too.",
        (0, 1, 2, 3): "Temperature cuts nothing, but the other function does.",
    },
    hint="Read the calls from the inside out: which shares does top-p see?",
)

# %% [markdown] question="Min-p on vLLM" points=1
# Four tokens have the logits 6, 4, 3 and 1. The settings are *T* = 2 and min-p 0.1, in the order of
# vLLM. How many tokens stay? (ln 10 ≈ 2.3)

# %% answer="min_p_on_vllm"
answer_stay = None  # a whole number

# %% test="min_p_on_vllm"
check.number(
    answer_stay,
    right=3,
    within=0.01,
    why={
        2: "That is right for a library where T comes last. Look at the table of orders again.",
        4: "The gap of the last token is 5. What does T = 2 make of it, and is that below 2.3?",
        1: "You widened the gaps. What does a T above 1 do to them?",
    },
    hint="Divide the gaps to the best logit by T, and count those of at most 2.3.",
)

# %% [markdown] question="The writing assistant" points=1
# To be safe, a writing assistant runs at *T* = 0.3 and *p* = 0.6. Its stories go round in circles.
# What would you change first?
#
# - **A** Lower *p* to 0.3, so that the repeated words are cut.
# - **B** Raise *T* to 1 and use *p* alone as the safety.
# - **C** Tune *p* in steps of 0.01 until the loops stop.
# - **D** Set *T* to 0: without luck there is no loop.

# %% answer="writing_assistant"
answer_doubled = ""  # "A", "B", "C" or "D"

# %% test="writing_assistant"
check.choice(
    answer_doubled,
    right="B",
    why={
        "A": "Top-p cuts what is unlikely. Are the words of a loop likely or unlikely by then?",
        "C": "Look at the two rows under 'The second digit of p': what could you see?",
        "D": "The Loops explorer shows a text at T = 0. How much of it repeats?",
    },
)

# %% [markdown] question="The best token's chance" points=1
# Four tokens have the shares 0.5, 0.25, 0.15 and 0.1. The settings are *T* = 0.5 and *p* = 0.6,
# with *T* first. With which probability is the best token drawn? Two decimals.

# %% answer="best_token_chance"
answer_double = None  # a number between 0 and 1

# %% test="best_token_chance"
check.number(
    answer_double,
    right=1.0,
    within=0.006,
    why={
        0.725: "That is its share after the temperature. Does it reach p alone, and what then?",
        0.8: "That is the share among two tokens. How many are needed to reach p once T has "
        "worked?",
        0.667: "That is the result of p without T. Square the shares first.",
        0.5: "That is its share before anything happened.",
        100.0: "Write a probability, a number from 0 to 1.",
    },
    hint="T = 0.5 squares the shares; make them sum to 1. Then see how many reach p.",
)

# %% [markdown] question="Sums of five numbers" points=1
# What does this print? Two numbers, with a space between them.
#
# ```python
# def total(numbers):
#     result = 0.0
#     for number in numbers:
#         result = result + number
#     return result
#
# print(total([1.0, 1e20, 1.0, -1e20, 1.0]), total([1e20, -1e20, 1.0, 1.0, 1.0]))
# ```

# %% answer="five_numbers"
answer_totals = ""  # for example "5.0 6.0"

# %% test="five_numbers"
check.text(
    answer_totals,
    right="1.0 3.0",
    why={
        "3.0 3.0": "So it is on paper. What is left of a 1 that is added to 1e20?",
        "0.0 3.0": "Follow the first list to its end: what is added after the large numbers?",
        "2.0 3.0": "Two of the ones in the first list meet a large number. What is left of each?",
        "1.0 1.0": "In the second list, where are the large numbers when the first 1 comes?",
        "3.0 1.0": "Follow each list from left to right: in which one do ones meet 1e20?",
        "1 3": "Nearly: write them as Python prints numbers with a decimal point.",
        "1.0 3": "Nearly: write them as Python prints numbers with a decimal point.",
        "1 3.0": "Nearly: write them as Python prints numbers with a decimal point.",
        "1,0 3,0": "Nearly: write them as Python prints numbers with a decimal point.",
        "1.00 3.00": "Nearly: write them as Python prints numbers with a decimal point.",
        "1.0 and 3.0": "Nearly: write the two numbers and a space between them, no more.",
        "1.0 & 3.0": "Nearly: write the two numbers and a space between them, no more.",
        "1.0/3.0": "Nearly: write the two numbers and a space between them, no more.",
    },
    hint="Look at the section on what a seed does not give you: a small number beside a large one.",
)

# %% [markdown] question="A service under check" points=1
# A provider gets the same request twice, *T* = 0, same seed, and reports the same fingerprint. The
# answers differ from word 50 on. The likeliest reason?
#
# - **A** The two ran in batches of different sizes, and a near-tie flipped.
# - **B** The seed was too small for so many random numbers.
# - **C** At *T* = 0 the provider still draws, but with little luck.
# - **D** The model has learnt from the first answer.

# %% answer="service_check"
answer_same = ""  # "A", "B", "C" or "D"

# %% test="service_check"
check.choice(
    answer_same,
    right="A",
    why={
        "B": "Any seed starts an endless row of numbers. And how many does a greedy text need?",
        "C": "T = 0 takes the best token, without a random number. What else can change which "
        "token is the best? See the section on what a seed does not give you.",
        "D": "Answering changes no weight. What differed between the two runs?",
    },
)

# %% [markdown] question="A change for fish-speech" points=1
# A proposed repair moves *T* in front of top-p. It says that for *T* below 1 the old order, *T*
# last, had kept *fewer* tokens than intended [fishspeech1150]. Is that so?
#
# - **A** Yes: with *T* last, two cuts follow each other.
# - **B** Yes, and above 1 the old order kept more.
# - **C** It kept as many: *T* does not change ranks.
# - **D** No: *T* last keeps at least as many there.

# %% answer="fish_speech_change"
answer_fewer = ""  # "A", "B", "C" or "D"

# %% test="fish_speech_change"
check.choice(
    answer_fewer,
    right="D",
    why={
        "A": "Temperature cuts nothing. Compare the two lines printed for the logits 3, 2, 1.",
        "B": "Look at the figure along the story: on which side of the middle line is T = 0.5?",
        "C": "Ranks stay, but top-p adds up shares. Which of the two does T change?",
    },
)

# %% [markdown] question="A request to the API" points=2
# Find the bug. A benchmark ran with *T* = 0 and got another result each time: the setting never
# reached the API [agentdojo141]. Repair it: only what is `None` gets the default 1.0. Any number
# is sent as it is, be it *T* or *p*; whether 0 is a good *p* is for the API to say.


# %% answer="request_repair"
def repaired_request(temperature, top_p):
    ### BEGIN SOLUTION
    return {
        "temperature": 1.0 if temperature is None else temperature,
        "top_p": 1.0 if top_p is None else top_p,
    }
    ### END SOLUTION
    request = {"temperature": temperature or 1.0, "top_p": top_p or 1.0}
    return request


# %% test="request_repair"
def example():
    check.gives(
        repaired_request,
        0.0,
        None,
        expect={"temperature": 0.0, "top_p": 1.0},
        why="With T = 0 and no p, the request has to hold two numbers, 0 as its temperature and 1 as "
        "its top_p, and nothing else. What is `0.0 or 1.0`?",
    )


2.0 * check.passes("T = 0, no p", example)
### BEGIN HIDDEN TESTS


def as_given(temperature, top_p):
    request = {"temperature": 1.0, "top_p": 1.0}
    for name, value in (("temperature", temperature), ("top_p", top_p)):
        if value is not None:
            request[name] = value
    return request


def settings(random):
    """Numbers that an API would take, and others: those too are sent as they are."""
    some = [None, None, 0, 0.0, 1, 1.0, 2, 1e-12, 1.0000001, -1, -0.25, 1.5, 5, 1000.0]
    return tuple(random.choice([*some, random.random(), random.uniform(0, 2)]) for _ in range(2))


example()
check.against(
    as_given,
    repaired_request,
    settings,
    why="Each of the two is sent as it was given, 0 as well and what no API would take, and only "
    "None gets the default.",
    within=0,
)
### END HIDDEN TESTS

# %% [markdown] question="A rewrite of transformers" points=2
# Find the bug. After a rewrite, `transformers` ran *T* behind top-p for a while [transformers8686].
# Repair it, so that *p* is measured on the distribution that is drawn from, and return that
# distribution. `logits` is one row without finite ties, some perhaps at −inf; *T* is 0.1 or more,
# *p* above 0, up to 1. You may go on using the course's `top_p`.


# %% answer="rewrite_repair"
def repaired_order(logits, t, p):
    ### BEGIN SOLUTION
    return top_p(logits / t, p).softmax(dim=-1)
    ### END SOLUTION
    left = top_p(logits, p)
    probs = (left / t).softmax(dim=-1)
    return probs


# %% test="rewrite_repair"
def example():
    check.close(
        repaired_order,
        [3.0, 2.0, 1.0],
        0.5,
        0.8,
        expect=[1.0, 0.0, 0.0],
        why="At T = 0.5 the first token has 0.867. Does p = 0.8 need another one?",
    )


2.0 * check.passes("logits 3, 2, 1 at T = 0.5 and p = 0.8", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def shares(logits, t):
    return (logits.double() / t).softmax(dim=-1)


def drawn_from(logits, t, p):
    kept, held = torch.zeros(len(logits), dtype=torch.float64), 0.0
    for share, i in sorted(
        ((x, i) for i, x in enumerate(shares(logits, t).tolist())), reverse=True
    ):
        if held < p or p == 1:
            kept[i] = share
        held += share
    return kept / kept.sum()


def row(random):
    """Logits, T and p, where rounding decides nothing."""
    while True:
        scale = random.choice([0.5, 2, 2, 5, 1000])
        vocab = random.choice([domains.size(random), domains.size(random), 60])
        values = [random.gauss(0, scale) for _ in range(vocab)]
        t = random.choice(
            [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 128.0, 128.0]
        )  # exact, if logits are large
        p = random.choice([1.0, 1.0, 0.999, 1e-6, 0.02, *(random.random() for _ in range(6))])
        if scale < 10 and random.random() < 0.5:
            t = random.choice([0.1, 0.1, 7, 40.0, *(random.uniform(0.3, 3) for _ in range(5))])
        if random.random() < 0.05:  # a large vocabulary, nearly even
            values = [(i + random.random() / 2) / 2000 for i in range(2000)]
            random.shuffle(values)
            scale, p = 1, random.choice([0.0006, 0.006, 0.6, 0.99, 1.0])
        logits = torch.tensor(values).clamp(-domains.EXTREME, domains.EXTREME)
        if scale == 1000:
            logits = logits.round()
        if random.random() < 0.3:
            logits[random.sample(range(len(values)), len(values) // 2)] = -torch.inf
        sums = shares(logits, t).sort(descending=True).values.cumsum(dim=-1)
        if random.random() < 0.3:  # p close to where one more token comes in
            near = random.choice(sums.tolist())
            p = min(1.0, abs(near + random.choice([-1, 1]) * random.uniform(2e-4, 2e-3)))
        finite = logits[logits.isfinite()]
        clear = p == 1 or bool(((sums - p).abs() > 1e-4).all())
        if clear and len(finite.unique()) == len(finite):
            return logits, t, p


example()
check.against(
    drawn_from,
    repaired_order,
    row,
    why="Divide once, cut once, in the order that the question asks for, and share out what is left, "
    "at any T, p and number of tokens.",
)
### END HIDDEN TESTS

# %% [markdown] question="A proposal for vLLM" points=2
# Find the bug. It seeds once for the batch, so a row's draw depends on the rows before it. A change
# proposed for vLLM had this flaw [vllm1637]; in the end each request got a seed of its own
# [vllm2514]. Repair it: row *i* uses the first `torch.rand(())` that the seed `seeds[i]` gives, and
# draws the token at whose place the shares, added up from the left, first exceed that number.


# %% answer="vllm_proposal_repair"
def repaired_draws(probs, seeds):
    """The token drawn in each row. probs: (rows, vocab); seeds: a list of ints >= 0, one a row."""
    ### BEGIN SOLUTION
    u = torch.stack([torch.rand((), generator=torch.Generator().manual_seed(s)) for s in seeds])
    return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)
    ### END SOLUTION
    generator = torch.Generator().manual_seed(seeds[0])
    u = torch.stack([torch.rand((), generator=generator) for _ in seeds])
    return torch.searchsorted(probs.cumsum(dim=-1), u[:, None], right=True).squeeze(-1)


# %% test="vllm_proposal_repair"
def example():
    probs = torch.full((3, 10), 0.1)
    check.gives(
        repaired_draws,
        probs,
        [5, 5, 6],
        expect=[8, 8, 5],
        why="Return one token a row. Each row has its own seed: which number does torch.rand(()) give "
        "first with 5, which with 6? Rows with equal shares and equal seeds draw the same.",
    )


2.0 * check.passes("three rows, seeds 5, 5 and 6", example)
### BEGIN HIDDEN TESTS
from itertools import accumulate, pairwise

from course_utils import domains

WHOLE = 2**24  # torch.rand gives whole parts of it: sums of such shares do not round


def first_number(seed):
    return torch.rand((), generator=torch.Generator().manual_seed(seed)).item()


def each_alone(probs, seeds):
    return [
        sum(total <= first_number(seed) for total in accumulate(row))
        for row, seed in zip(probs.tolist(), seeds, strict=True)
    ]


def shares_near(random, number, vocab):
    """Shares, some 0. A sum is the number, next to it, near it or far from it."""
    drawn = round(number * WHOLE)
    sums = [drawn + random.choice([0, 0, -1, 1, random.randint(-3000, 3000), -drawn, WHOLE])]
    while len(sums) < vocab - 1:
        sums.append(sums[0] if random.random() < 0.2 else random.randrange(WHOLE))
    sums = sorted(min(max(0, x), WHOLE) for x in sums[: vocab - 1])
    return [(y - x) / WHOLE for x, y in pairwise([0, *sums, WHOLE])]


def rows(random, count):
    """Shares and seeds: some equal in a batch, and in later ones."""
    vocab = random.choice([2, 3, domains.size(random), domains.size(random)])
    if count == 1 and random.random() < 0.04:
        vocab = 2000
    few = [0, 1, random.getrandbits(32)]
    seeds = [random.choice([*few, random.getrandbits(63)]) for _ in range(count)]
    return torch.tensor([shares_near(random, first_number(s), vocab) for s in seeds]), seeds


def single(random):
    return rows(random, 1)


def batch(random):
    return rows(random, 150 if random.random() < 0.03 else random.choice([1, 2, 3, 4, 8]))


example()
check.against(
    each_alone,
    repaired_draws,
    single,
    why="In one row, add the shares up from the left, all of them and as they are: which token's sum "
    "is the first that exceeds the number? To equal it is not enough, and a share may be 0.",
)
check.against(
    each_alone,
    repaired_draws,
    batch,
    why="A row draws the same alone, in a batch and at any place in it, by the first number of its "
    "own seed.",
)
### END HIDDEN TESTS

# %% [markdown] question="Your list of steps" points=4
# Your `apply_in_order` from **Build it** above, as its description says. One point each: each step
# alone; several steps, in the order of the list; *T* = 0, alone and among other steps; the inputs
# left as they were, and float32 returned. With a call of the course's functions it gets none.


# %% test="apply_in_order"
CUT_OFF = -torch.inf
LOGITS = torch.tensor([2.0, 4.0, 1.0, 3.0, -1.0])
TEXT = torch.tensor([1, 3, 1])


def gives(*steps, expect, why):
    check.close(apply_in_order, LOGITS, TEXT, steps, expect=expect, why=why)


def one_step():
    why = "On its own, the step {} does something else than its description."
    gives(
        ("frequency_penalty", 0.5),
        expect=[2.0, 3.0, 1.0, 2.5, -1.0],
        why=why.format("frequency_penalty"),
    )
    gives(("temperature", 0.5), expect=[4.0, 8.0, 2.0, 6.0, -2.0], why=why.format("temperature"))
    gives(("top_k", 2), expect=[CUT_OFF, 4.0, CUT_OFF, 3.0, CUT_OFF], why=why.format("top_k"))
    gives(("top_p", 0.7), expect=[CUT_OFF, 4.0, CUT_OFF, 3.0, CUT_OFF], why=why.format("top_p"))


points = 1.0 * check.passes("each step alone", one_step)
### BEGIN HIDDEN TESTS
from itertools import pairwise

from course_utils import domains


def in_order(logits, ids, steps):
    row = logits.tolist()
    for name, value in steps:
        row = after(row, ids.tolist(), name, value)
    return torch.tensor(row)


def after(row, ids, name, value):
    """A row after one step, in plain Python."""
    if name == "frequency_penalty":
        counts = [0] * len(row)
        for i in ids:
            counts[i] += 1
        return [x - value * n for x, n in zip(row, counts, strict=True)]
    if name == "temperature" and value:
        return [x / value for x in row]
    size = 1 if name == "temperature" else value
    if name == "top_p":
        size = sum(mass < value for mass in [0.0, *sums(row)[:-1]])
    stay = set(sorted(range(len(row)), key=lambda i: -row[i])[:size])
    return [x if i in stay else -torch.inf for i, x in enumerate(row)]


def sums(row):
    """The mass of the most likely token, of the two most likely, and so on."""
    probs = torch.tensor(row, dtype=torch.float64).softmax(dim=0)
    return probs.sort(descending=True).values.cumsum(dim=0).tolist()


def clear(row, ids, steps):
    """Whether no step meets finite ties, or a sum near p: rounding must not decide."""
    for name, value in steps:
        finite = sorted(x for x in row if x > -torch.inf)
        size = 1 + max(map(abs, finite))
        near = min((y - x for x, y in pairwise(finite)), default=size) < 1e-5 * size
        margin = 1e-4 + 1e-6 * size
        if near or (name == "top_p" and any(abs(x - value) < margin for x in sums(row))):
            return False
        row = after(row, ids, name, value)
    return True


def knob(random, name, vocab):
    some = {
        "frequency_penalty": [-1 / 8, 0, 0.5, 7 / 8, 2.0],
        "temperature": [1, 1.0, 0.05, 4.0, random.uniform(0.1, 3)],
        "zero": [0, 0.0],
        "top_k": [1, vocab, random.randint(1, vocab)],
        "top_p": [0.01, 0.99, random.uniform(0.05, 0.95)],
    }
    return random.choice(some[name])


def any_knob(random, name, vocab):
    """Values that nobody would set, and the others."""
    some = {
        "frequency_penalty": [-3, 20.0, random.uniform(-30, 30)],
        "temperature": [2, 3, 0.004, 0.0005, 20.0, 1000.0],
        "top_k": [random.randint(1, vocab)],
        "top_p": [0.001, 0.9995, 0.99],
    }
    return random.choice([*some[name], *(knob(random, name, vocab) for _ in range(3))])


def drawn(random, names, knob=knob, most=0):
    """Logits, a text, and a step for each name; "zero" is the temperature 0.

    most: tokens of a large vocabulary, nearly even, which one in seven has; 0 for none.
    """
    while True:
        vocab = random.choice([domains.size(random), domains.size(random), 60])
        scale = random.choice([0.5, 2, 2, 10, 2000])
        row = [max(-5000.0, min(5000.0, random.gauss(0, scale))) for _ in range(vocab)]
        if most and random.random() < 0.15:
            vocab = most
            row = [2 * (i + random.random() / 2) / vocab for i in range(vocab)]
            random.shuffle(row)
        logits, ids = torch.tensor(row), domains.history(random, vocab)
        if most:
            ids *= random.choice([1, 1, 1, 60])
        if random.random() < 0.2:
            logits[random.sample(range(vocab), vocab // 2)] = -torch.inf
        steps = [("temperature" if n == "zero" else n, knob(random, n, vocab)) for n in names]
        if clear(logits.tolist(), ids, steps):
            return logits, torch.tensor(ids, dtype=torch.int64), random.choice([list, tuple])(steps)


KINDS = ("frequency_penalty", "temperature", "top_k", "top_p")


def single(random):
    logits, ids, steps = drawn(random, [random.choice([*KINDS, "top_p"])], any_knob, 1500)
    if steps[0][0] == "top_p" and random.random() < 0.5:  # close to where one more token comes in
        near = random.choice(sums(logits.tolist()))
        close = [("top_p", abs(near - random.choice([-1, 1]) * random.uniform(2e-4, 2e-3)))]
        if close[0][1] < 1 and clear(logits.tolist(), ids, close):
            steps = close
    return logits, ids, steps


def several(random):
    return drawn(random, random.choices(KINDS, k=random.choice([*[0, 2, 2, 3, 3, 4, 6] * 4, 24])))


def zero_among(random):
    names = [*random.choices(KINDS, k=random.choice([0, 1, 2, 3])), "zero"]
    random.shuffle(names)
    return drawn(random, names)


def anything(random):
    return random.choice([single, several, zero_among])(random)


def each_step():
    check.own(apply_in_order, anything)
    one_step()
    check.against(
        in_order,
        apply_in_order,
        single,
        why="A step alone is not yet right all over its range: small and large values, either sign, "
        "long texts, large vocabularies. Read its description once more.",
    )


def several_steps():
    check.own(apply_in_order, anything)
    check.against(
        in_order,
        apply_in_order,
        several,
        why="Work through the list from left to right, each step on what the one before it left. "
        "Top-p after a cut measures what is left: its shares sum to 1 again.",
    )


def with_zero():
    check.own(apply_in_order, anything)
    check.against(
        in_order,
        apply_in_order,
        zero_among,
        why="T = 0 leaves the best token of what has reached it, with its logit, and cuts the rest. "
        "Then the list goes on.",
    )


def leaves_its_inputs():
    check.own(apply_in_order, anything)
    changed = "The caller's tensors must be the same after the call: make new ones."
    for steps, expect in (
        ((("temperature", 2.0), ("frequency_penalty", 1.0)), [1.0, 0.0, 0.5, 0.5, -0.5]),
        ((("frequency_penalty", 1.0), ("temperature", 2.0)), [1.0, 1.0, 0.5, 1.0, -0.5]),
        ((("top_k", 1),), [CUT_OFF, 4.0, CUT_OFF, CUT_OFF, CUT_OFF]),
        ((("top_p", 0.1),), [CUT_OFF, 4.0, CUT_OFF, CUT_OFF, CUT_OFF]),
    ):
        check.unchanged(apply_in_order, LOGITS, TEXT, steps, expect=expect, why=changed)
    check.keeps(apply_in_order, anything, why=changed)
    for args, _ in check.drawn(check.nothing, anything):
        dtype = getattr(check.call(apply_in_order, *args), "dtype", None)
        assert dtype is torch.float32, f"Return a float32 tensor; the dtype of yours is {dtype}."


points = 1.0 * check.passes("each step alone, over its range", each_step)
points += check.passes("several steps", several_steps)
points += check.passes("T = 0", with_zero)
points += check.passes("inputs left as they were, float32", leaves_its_inputs)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="Seed 42 in a report" points=0
# In four sentences: a colleague writes in a report "temperature 0.8, top-p 0.9, seed 42, so our
# results are reproducible". Which information is missing, and what else would you store?

# %% [markdown] answer="explain_reproducible_reports"
# ### BEGIN SOLUTION
# The numbers mean different things in different libraries, so the library, its version and its
# order of operations belong in the report, and its defaults for what was not set, such as top-k.
# The model's exact version or fingerprint, the precision and the hardware are missing too. Even
# with all of that, batches change the last digits of the logits, and a near-tie can flip. So store
# the outputs themselves, and report results over several seeds.
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
# - [holtzman2020] Holtzman et al.: The Curious Case of Neural Text Degeneration. 2020
# - [he2025] He and Thinking Machines Lab: Defeating Nondeterminism in LLM Inference. 2025
# - [transformers2026], [vllm2026], [llamacpp2026], [mlxlm2026]: the sampling code of these four, as
#   read in 2026
# - [vllmrepro2026]: vLLM on reproducibility
# - [openai2026], [anthropic2026], [anthropicsdk2026], [deepseek2025]: what providers accept

# %% [markdown]
# - [qwq2025], [deepseekr12025], [glm2026]: settings that makers recommend
# - [openai708], [openai2104], [luaopenai12]: what users saw of seeds and settings
# - [transformers8686], [transformers22405], [fishspeech1150], [mlxlm388], [mtplx157],
#   [osaurus2274], [agentdojo141], [vllm1637], [vllm2514]: bug reports and repairs
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

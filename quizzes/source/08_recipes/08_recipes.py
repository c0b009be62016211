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
# Your colleague sends the same request to three servers, Ash, Birch and Cedar, which all run the same model. The
# request holds a prompt and the seed 3, nothing else. At noon, when Birch is busy, he asks Birch again. Four
# different texts come back. Why?
#
# (The servers are small imitations; their model is the Storyteller.)

# %% [markdown]
# > **About 185 minutes**, in three sittings · difficulty ●●●○○
# >
# > You need temperature, top-k, top-p, penalties (modules 02 to 05), repetition, intervals (07).
# > Afterwards you can
# > - write code that says who set each knob of a request;
# > - apply the knobs in any library's order;
# > - say what a seed does not promise, and what helps;
# > - test a recipe, and pick one of many without being fooled.

# %% [markdown]
# **Recall.** Three tokens have the shares 0.5, 0.3 and 0.2. How many does top-p keep at *p* = 0.7? How many if
# *T* = 0.1 comes first?
#
# <details><summary>Answers</summary>
#
# Two: 0.5 alone does not reach 0.7. With *T* = 0.1 first, only one: the best token then has more than 0.99.
# </details>
#
# Folded below: helpers, and the three servers.

# %% locked="setup" jupyter={"source_hidden": true}
import math
import random
from statistics import fmean, stdev

import torch

from course_utils import calculator, explore, storyteller
from course_utils import quiz as check
from course_utils.explore.plots.look import DRAWN, KEPT, QUIET
from course_utils.generate import Settings, generate_batch
from course_utils.metrics import seq_rep_n
from course_utils.sampling import sample, temperature, top_k, top_p
from course_utils.sums import answer, draw_sum, question

PROMPT = "The princess opened the box and found"
MODEL_FILE = {"temperature": 0.7, "top_k": 20, "top_p": 0.8}  # came with the model
T_FIRST, T_LAST = ("temperature", "top_k", "top_p"), ("top_k", "top_p", "temperature")
ORDERS = {"Ash": T_FIRST, "Birch": T_FIRST, "Cedar": T_LAST}
OWN = {"temperature": 1.0, "top_k": 50}  # what Ash does if nobody tells it anything
KNOBS = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
model = storyteller.load()


def kept(logits):
    """The ids of the tokens that are not cut."""
    return logits.isfinite().nonzero().flatten().tolist()


def shares(logits):
    return " ".join(f"{share:.3f}" for share in logits.softmax(dim=-1).tolist())


def last_layer(hidden, parts):
    """The scores of all tokens. Each is a sum of 256 products, added up in so many parts.

    After each part the sum is rounded to bfloat16, the 16 bits that most servers calculate in.
    """
    weights = model.gpt.wte.weight.detach()
    total = torch.zeros(len(hidden), len(weights), dtype=torch.bfloat16)
    for h, w in zip(hidden.chunk(parts, 1), weights.chunk(parts, 1), strict=True):
        total = total + (h @ w.T).bfloat16()
    return total.float()


def serve(settings, order, seeds, fixed=False, length=20, ends=None):
    """The tokens that a server writes for the requests with these seeds, all at the same time.

    A fast server adds up in as many parts as there are requests. A fixed one takes each request
    alone and adds up in one part, whoever else is there. ends: a list for the ends of all pieces.
    """
    start = model.encode(PROMPT)
    rows = [list(start) for _ in seeds]
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    groups = [[row] for row in rows] if fixed else [rows]
    readers = [model.reader() for _ in groups]
    for _ in range(length):
        logits = []
        for reader, group in zip(readers, groups, strict=True):
            hidden = reader.next_states(group)[1][:, -1]
            logits.append(last_layer(hidden, len(group)))
        left = torch.cat(logits)
        for name in order:
            left = KNOBS[name](left, settings[name]) if name in settings else left
        if ends is not None:
            ends.append(left.softmax(dim=-1).cumsum(dim=-1))
        for row, token in zip(rows, sample(left, generators).tolist(), strict=True):
            row.append(token)
    return [row[len(start) :] for row in rows]


def ask(server, seed=3, noon=False, fixed=False, **settings):
    """What a server answers. At noon fifteen other requests are on their way with ours."""
    given = settings or (OWN if server == "Ash" else MODEL_FILE)
    seeds = range(16) if noon else [seed]
    texts = serve(given, ORDERS[server], seeds, fixed)
    return model.tokenizer.decode(texts[seeds.index(seed)])


def write(settings, seeds, length=40, prompt=PROMPT):
    """A list of steps for each seed, written side by side by the exact model."""
    texts = [[] for _ in seeds]
    for steps in generate_batch(model, [prompt] * len(seeds), settings, length, seeds):
        for text, step in zip(texts, steps, strict=True):
            text += [step] if step else []
    return texts


def interval(a, b):
    """Mean and ends of the interval of a - b, pair by pair, as in module 07."""
    differences = [x - y for x, y in zip(a, b, strict=True)]
    mean, half = fmean(differences), 2 * stdev(differences) / math.sqrt(len(differences))
    return mean, mean - half, mean + half


# %%
print(PROMPT, "…\n")
for server in ("Ash", "Birch", "Cedar"):
    print(f"{server:<16}", repr(ask(server)))
print(f"{'Birch, at noon':<16}", repr(ask("Birch", noon=True)))

# %% [markdown]
# Three texts differ from Birch's first text, for **three causes**. In the end all four texts will be the same.

# %% [markdown]
# ## Who turned the knobs?
#
# We first compare Ash with Birch. Your colleague set no knob, but every draw needs *some* temperature.

# %% [markdown]
# **Predict.** Ash draws with *T* = 1 and *k* = 50, and Birch with *T* = 0.7, *k* = 20 and *p* = 0.8. Of 4,096 tokens,
# how many are left for Birch's first draw: about 4, 10 or 20?

# %%
explore.Distribution(PROMPT, knobs=("temperature", "top_k", "top_p"))

# %% [markdown]
# 1. Set Birch's three numbers. How many tokens are kept?
# 2. Which of the three knobs cuts most? Switch off one at a time (*T* = 1, *k* off, *p* = 1), and count.
#
# <details><summary>What you should see</summary>
#
# 1. Four. 2. Without *p*, 20 tokens stay; without *T*, 5; without *k*, 4. So *p* cuts most.
# </details>

# %% [markdown]
# ## Three voices, one rule
#
# Three *voices* may set a knob. Most programs of 2026 ask the voices in this order:
#
# 1. the **request**;
# 2. the **model's file**, often `generation_config.json`, in which the maker recommends numbers;
# 3. the **engine**, the program that runs the model, with a number for every knob.
#
# For each knob, the first voice that gives a number decides.

# %% [markdown]
# **Predict.** The request sets *T* = 0. The file has *T* = 0.7 and *p* = 0.8. The engine has *T* = 1, *k* = 50 and
# *p* = 1. Which number is used for each knob?
#
# <details><summary>Answer</summary>
#
# *T* = 0 from the request, *p* = 0.8 from the file, *k* = 50 from the engine. Zero is a number too.
# </details>

# %% [markdown]
# **It happened.** In June 2026 a server got the same request three times, without *T* or seed. The model's file says
# *T* = 1, but the same haiku came back three times [mlxvlm1331]. Which voice set *T*, and to which number?
#
# <details><summary>Answer</summary>
#
# The engine, to 0: without a seed, *T* = 1 gives different texts. The server had not taken *T* from the file.
# </details>

# %% [markdown]
# ## Build it: who said so?
#
# > difficulty ●●○○○ · importance ●●●●● · 10 minutes
#
# Write `my_resolver`. For each knob, the function reports the number used and *who* set it. Names in the request that
# the engine does not know, such as `topk`, are reported as *ignored*. The function is scored below.
#
# <details><summary>Hint</summary>
#
# Begin with the engine's numbers. Write the file's over them, then the request's.
# </details>


# %% answer="my_resolver"
def my_resolver(request, model_file, engine):
    """The settings that are used, and who set each: a dict of name -> (value, who).

    engine: a dict with every knob that the engine has, and its number. request, model_file: dicts,
    perhaps empty, that may hold other names too. All values are numbers; in the request and the
    file also None, which is as if the name were not there. 0 is a value.
    For each knob of the engine, `who` is the first of "request", "model file" and "engine" that
    has a value for it. A name that the engine does not have, with a value in the request, gets
    (that value, "ignored"). All other names are left out. The three dicts stay as they are.
    """
    ### BEGIN SOLUTION
    used = {name: (value, "engine") for name, value in engine.items()}
    for who, says in (("model file", model_file), ("request", request)):
        for name, value in says.items():
            if value is not None and name in engine:
                used[name] = value, who
            elif value is not None and who == "request":
                used[name] = value, "ignored"
    return used
    ### END SOLUTION


# %% [markdown]
# The next check gives no points.

# %% jupyter={"source_hidden": true}
ENGINE = {"temperature": 1.0, "top_k": 50}
silent = {name: (value, "engine") for name, value in ENGINE.items()}
for name, request, file, changed in (
    ("nobody speaks", {}, {}, {}),
    ("the file", {}, {"top_k": 20}, {"top_k": (20, "model file")}),
    ("zero", {"temperature": 0}, {"temperature": 0.7}, {"temperature": (0, "request")}),
    ("None", {"temperature": None}, {}, {}),
    ("other names", {"best_of": 4}, {"eos_token_id": 0}, {"best_of": (4, "ignored")}),
):
    why = f"Here the answer should be {silent | changed}."
    args = my_resolver, request, file, ENGINE
    check.passes(name, check.gives, *args, expect=silent | changed, why=why)

# %% [markdown]
# Next, your function gets a request without knobs. Ash does not read the file, Birch does.

# %%
ENGINE = {"temperature": 1.0, "top_k": 50, "top_p": 1.0}
for server, file in (("Ash", {}), ("Birch", MODEL_FILE)):
    report = check.attempt(my_resolver, {}, file, ENGINE)
    if not report:
        print(f"{server:<6} (no report yet: my_resolver has to be written first)")
    for name, (value, who) in (report or {}).items():
        print(f"{server:<6} {name:<12} {value:<5} {who}")

# %% [markdown]
# The **first cause is silence**: your colleague set no knob, so Ash used the engine's numbers, and Birch the file's.
#
# Cedar and Birch use the same numbers from the same file. But their texts differ.

# %% [markdown]
# ## The same numbers, another order
#
# Tokens 0, 1 and 2 have the logits 3, 2 and 1:

# %%
logits = torch.tensor([3.0, 2.0, 1.0])
print("shares at T = 1:  ", shares(logits))
print("shares at T = 0.5:", shares(logits / 0.5))

# %% [markdown]
# **Predict.** Which tokens does top-p 0.8 keep if *T* = 0.5 comes first? Which if *T* comes last?

# %%
print("T first keeps", kept(top_p(temperature(logits, 0.5), 0.8)))
print("T last keeps ", kept(temperature(top_p(logits, 0.8), 0.5)))

# %% [markdown]
# With *T* first, token 0 alone reaches 0.8. With *T* last, token 0 has only 0.665, so token 1 stays too.

# %% [markdown]
# **Predict.** Top-k counts ranks. Does it matter whether *T* comes before or after top-k?
#
# <details><summary>Answer</summary>
#
# No: *T* changes no rank.
# </details>

# %% [markdown]
# No order is wrong: libraries differ (code of 2026). Birch works like vLLM, Cedar like llama.cpp.
#
# | library | order |
# |---|---|
# | transformers [transformers2026] | penalties, **T**, top-k, top-p |
# | vLLM [vllm2026] | penalties, **T**, top-k, top-p |
# | llama.cpp [llamacpp2026] | penalties, top-k, top-p, **T** |
# | mlx-lm [mlxlm2026] | penalties, top-p, top-k, **T** |

# %% [markdown]
# At 21 places of an old story we count the tokens that top-p 0.9 keeps, and take the median.
#
# **Predict.** With *T* last, top-p never sees *T*: the median is 37 for every *T*. With *T* = 0.5 first, is the
# median about 20 or below 10? With *T* = 1.5 first, is the median about 60 or above 500?

# %% jupyter={"source_hidden": true}
story = "Once upon a time there were Three Bears, who lived together in a house of their own."
with torch.inference_mode():
    scores = model.gpt(torch.tensor([model.encode(story)]))[0, 1:]
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
# With *T* first, the medians are 2 and 524. The **second cause is the order.**

# %% [markdown]
# ## Build it: any order
#
# > difficulty ●●●○○ · importance ●●●●● · 25 minutes
#
# Write `apply_in_order`, which applies the steps of a list from left to right. You may use PyTorch, but not the
# course's functions. The function is scored below.

# %% [markdown]
# <details><summary>Hint</summary>
#
# Write a loop with four branches. Each branch replaces `logits` by a new tensor.
# <details><summary>More</summary>
#
# Counts: `torch.bincount(ids, minlength=len(logits))`. Cut: `logits.masked_fill(mask, -torch.inf)`.
#
# Top-p: sort the shares of the *present* logits, `probs, order = logits.softmax(0).sort(descending=True)`. Compare the
# mass *before* each token with the value. The mask that you get is in sorted order;
# `torch.empty_like(mask).scatter(0, order, mask)` puts the mask in the order of the logits.
# </details>
# </details>


# %% answer="apply_in_order"
def apply_in_order(logits, ids, steps):
    """The logits after all steps, each working on what the one before it left.

    logits: float32 (vocab,), some perhaps at -inf; ids: int64 (length,), the text so far, may be
    empty; both stay as they are. steps: a list or tuple of pairs (name, value), of these four:
    "frequency_penalty"  each time that a token is in ids, subtract value from the token's logit;
                         value may be below 0
    "temperature"        value > 0: divide by it; 0: cut all but the best token, whose logit stays
    "top_k"              keep the best tokens, as many as value says, 1 <= value <= vocab
    "top_p"              keep the fewest most likely tokens whose mass reaches value, 0 < value < 1;
                         the shares are the softmax of the logits as they are here
    A step may come more than once, and steps may be empty. Cut tokens get -inf. In the tests, no
    two uncut tokens have equal logits, and no mass is so near to value that rounding decides.
    Returns float32 (vocab,).
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
# The next check gives no points.

# %% jupyter={"source_hidden": true}
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
# In the next explorer, the bars show *T* first. Once `apply_in_order` is written, a ✕ on each bar shows the share
# with *T* last.
#
# **Predict.** After `The king said to his` the best token, ` wife`, has only 17%. With *T* = 2 and *p* = 0.8, which
# order keeps more tokens?


# %%
def temperature_last(logits, t, p):
    cut = [("top_p", p)] if p < 1 else []
    return apply_in_order(logits, NONE, [*cut, ("temperature", t)])


explore.Distribution(
    "The king said to his", knobs=("temperature", "top_p"), strategy=temperature_last
)

# %% [markdown]
# 1. Set *p* = 0.8 and leave *T* = 1, where the two orders agree. How many tokens stay?
# 2. Set *T* = 2. How many does *T* first keep? (*T* last keeps the same tokens as before.) In the panel's text, read
#    the share of ` wife`: `reference` is *T* first.
#
# <details><summary>What you should see</summary>
#
# 1. 55. 2. 1,016. ` wife` has 2.6% with *T* first, and 7.8% with *T* last (`yours`).
# </details>

# %% [markdown]
# ## Careful twice
#
# To be careful, someone draws 100 tokens from the Storyteller with *T* = 0.3 *and* *p* = 0.6, *T* first.
#
# **Predict.** What share of the 4-grams repeats an earlier 4-gram: about 5%, 25% or 45%? (Read the row
# `Your settings`; such 4-grams are drawn taller.)

# %%
explore.Loops(temperature=0.3, top_p=0.6, repetition_penalty=1.0)

# %% [markdown]
# Set *T* alone (*p* = 1): what share repeats? Then *p* alone (*T* = 1, *p* = 0.6)?
#
# <details><summary>What you should see</summary>
#
# 8% with *T* alone, and 3% with *p* alone. Both together gave 46%, and greedy 61%.
# </details>

# %% [markdown]
# Why do both knobs together repeat so much more? In three texts of 100 tokens each, we count the steps at which *p*
# leaves a single token:

# %% jupyter={"source_hidden": true}
for name, T in (("p alone", 1.0), ("both", 0.3)):
    texts = write(Settings(temperature=T, top_p=0.6), [0, 1, 2], 100, "Once upon a time")
    left = [[len(kept(top_p(temperature(x.logits, T), 0.6))) for x in text] for text in texts]
    single = [numbers.count(1) for numbers in left]
    print(f"{name:<8} steps with a single token, for the seeds 0, 1 and 2: {single}")

# %% [markdown]
# *T* makes the best token's share larger. So the best token alone reaches *p* more often, and the text is nearly
# greedy. *T* alone cuts nothing, so an unlikely token can still end a repetition.
#
# A good place for a break.

# %% [markdown]
# ## Who else was there?
#
# Birch alone and Birch at noon still differ, with the same file, order and seed. But a seed fixes only the random
# numbers. The text also depends on the logits, down to their last digits.
#
# **Predict.** Do these two lines print the same?

# %%
print((0.1 + 0.2) + 0.3)
print(0.1 + (0.2 + 0.3))

# %% [markdown]
# A computer rounds after every addition, so the order of the additions matters. A small number can even be lost:

# %%
print(1e16 + 1.0 - 1e16, 1e16 - 1e16 + 1.0)

# %% [markdown]
# (1e16 is a 1 with 16 zeros.) The first sum loses the 1; the second adds the 1 to 0.

# %% [markdown]
# A logit is a sum too, of 256 products. A fast program splits the sum into parts, and adds up the parts. The
# number of parts depends on how much there is to do. It depends on a request's **company**: the *other* requests at
# the same time.

# %% [markdown]
# With one request, Birch adds in one part. With 16 requests, Birch adds in 16 parts, so in another order. (The rule
# is ours.) With each part, Birch rounds the sum to 16 bits (bfloat16: two or three digits).

# %% [markdown]
# **Predict.** Birch gets 16 requests, with the seeds 0 to 15: first each alone, then all together. How many of the 16
# texts change: about 1, 4 or 12?


# %%
SEEDS = range(16)


def changed(quiet, busy):
    return [seed for seed in SEEDS if quiet[seed] != busy[seed]]


quiet = [serve(MODEL_FILE, T_FIRST, [seed])[0] for seed in SEEDS]
busy = serve(MODEL_FILE, T_FIRST, SEEDS)
print("texts that change within 20 tokens: those of the seeds", changed(quiet, busy))

# %% [markdown]
# The **third cause is company**: on our processor four texts change, also the text of seed 3. On yours, other texts
# may change.

# %% [markdown]
# How can a few digits change a text? Birch writes `a bench in a`, and then draws the 12th token, with the 12th random
# number. (` bench` is two tokens.) On a line from 0 to 1, each token has a piece as long as its share. A random number
# picks the piece in which it lies. The piece of ` hollow` follows the piece of ` corner`.

# %% jupyter={"source_hidden": true}
corner = model.encode(" corner")[-1]
generator = torch.Generator().manual_seed(3)
numbers = [torch.rand(1, generator=generator, dtype=torch.float64).item() for _ in range(12)]
print(f"seed 3, random number 12:            {numbers[-1]:.4f}")
for name, seeds in (("alone, ", [3]), ("at noon,", SEEDS)):
    ends = []
    serve(MODEL_FILE, T_FIRST, seeds, length=12, ends=ends)
    print(f"{name:<8} the piece of corner ends at {ends[-1][seeds.index(3), corner]:.4f}")

# %% [markdown]
# Which token does the random number pick when Birch is alone, and which at noon?
#
# <details><summary>Answer</summary>
#
# Alone ` corner`: its piece ends at 0.5945, just after the number 0.5944. At noon ` hollow`: the piece of ` corner`
# ends at 0.5881, before the number. (If your two ends lie on the same side of 0.5944, work with ours.)
# </details>

# %% [markdown]
# At *T* = 0 nothing is drawn. **Predict.** Is the text the same in any company?
#
# <details><summary>Answer</summary>
#
# No. When the two best tokens are nearly equally likely, the last digits decide which is best. In 2025 a team sent
# one request to a large model 1,000 times at *T* = 0, and got 80 different texts [he2025].
# </details>

# %% [markdown]
# ## The cure
#
# **Fix the additions**: cut each request's sums into the same parts in any company [he2025].
#
# **Predict.** How many texts change now?

# %%
quiet = [serve(MODEL_FILE, T_FIRST, [seed], fixed=True)[0] for seed in SEEDS]
busy = serve(MODEL_FILE, T_FIRST, SEEDS, fixed=True)
print("texts that change:", changed(quiet, busy))

# %% [markdown]
# None: both runs do the same additions.
#
# vLLM has this cure as a switch, `VLLM_BATCH_INVARIANT=1` [vllmbatch2026], which promises the same text only on the
# same hardware and version [vllmrepro2026]. If you need exactly the same text again, **store** it.

# %% [markdown]
# ## Ask the makers
#
# *Recipes* are sets of numbers for the knobs. Here are recipes by makers of open models (November 2026):

# %% [markdown]
# | model | *T* | *p* | *k* | presence |
# |---|---|---|---|---|
# | DeepSeek-V4, file [ikllama2302] | 1.0 | 1.0 | | |
# | GLM-5, guide [glm2026] | 1.0 | 0.95 | | |
# | Gemma 4, file [mlxvlm1331] | 1.0 | 0.95 | 64 | |
# | Qwen3-VL, file [qwenvl1825] | 0.7 | 0.8 | 20 | |
# | Qwen3-VL, as evaluated [qwenvl1825] | 0.7 | 0.8 | 20 | 1.5 |

# %% [markdown]
# In empty fields the source names no number. The last two rows are one model: its maker used a presence
# penalty of 1.5 in the evaluation, but the file has no penalty.
#
# A recipe is a **hypothesis**, made for one model and its maker's tasks. Test it on your model and task.

# %% [markdown]
# ## Test one: *T* = 0 is for right answers
#
# People say that at *T* = 0 the answers are *deterministic* (always the same) and *right*. We test both claims on the
# Calculator, a tiny model that adds five numbers. The Calculator writes its steps (its *working*) and the answer, or
# only the answer. We ask each of 24 sums with four seeds.

# %% [markdown]
# **Predict.** With the working, which *T* gets the most answers right: 0, 0.5 or 1? And at *T* = 0.5, how many of the
# 24 sums get the same answer four times: about 7, 15 or 23?

# %% jupyter={"source_hidden": true}
SUMS = [draw_sum(rng, held_out=True) for rng in [random.Random("votes")] for _ in range(24)]


def four_tries(settings, worked):
    """The answers of the Calculator to each of the 24 sums: 24 lists of four."""
    prompts = [question(numbers, worked) for numbers in SUMS for _ in range(4)]
    texts = [""] * len(prompts)
    for steps in generate_batch(calculator.load(), prompts, settings, 54, range(len(prompts))):
        for i, step in enumerate(steps):
            texts[i] += step.text if step else ""
    return [[answer(text) for text in texts[i : i + 4]] for i in range(0, len(texts), 4)]


# %% jupyter={"source_hidden": true}
print("              working   same 4 times   right")
rates = {}
for worked in (True, False):
    for T in (0, 0.5, 1.0):
        tries = four_tries(Settings(temperature=T), worked)
        same = sum(len(set(four)) == 1 for four in tries)
        # For each sum: how many of its four answers are right, as a share.
        rates[worked, T] = [four.count(sum(s)) / 4 for four, s in zip(tries, SUMS, strict=True)]
        right, said = fmean(rates[worked, T]), "yes" if worked else "no"
        print(f"T = {T:<8} {said:>10} {same:>9} of 24 {right:>8.0%}")

# %% [markdown]
# *Deterministic*: here yes, as all the tries run together, always in the same company. At *T* = 0.5, with the
# working, only 7 of the 24 sums get the same answer four times.
#
# *Right*: with the working, 75% at *T* = 0 and 50% at *T* = 1. Without the working, 4% to 7% at any *T*. So here a
# low *T* helps only with the working.

# %% [markdown]
# ## Pair by pair
#
# With the working, *T* = 0 got 75%, and *T* = 0.5 got 71%. Is *T* = 0 better?
#
# As in module 07, we take the difference on each sum: new recipe minus old. The interval goes from two standard
# errors below the mean difference to two above. (A *standard error* is the standard deviation of the *n* differences,
# divided by √*n*.)

# %% [markdown]
# If the interval holds 0, you cannot tell which recipe is better. **Predict.** The old recipe is *T* = 0.5, and the
# new recipe is *T* = 0. Does the interval hold 0?

# %%
mean, low, high = interval(rates[True, 0], rates[True, 0.5])  # True: with the working
print("share right at T = 0 minus share right at T = 0.5:")
print(f"{mean:+.2f}, from {low:+.2f} to {high:+.2f}")

# %% [markdown]
# The interval holds 0: 24 sums are too few. On 1,000 sums (measured once for this course), *T* = 0 gets 73%, and
# *T* = 0.5 gets 65%. The interval goes from about 0.04 to 0.12. So *T* = 0 is better for this model with the working.

# %% [markdown]
# ## Test two: a penalty of 1.5
#
# Is a presence penalty of 1.5 good for the Storyteller too? The old recipe is *T* = 0.7; the new recipe adds the
# penalty. We measure two numbers with the same 32 seeds: the share of repeated pairs of tokens, and the mean
# log-probability of the tokens in the plain model (*T* = 1, no penalty).

# %% [markdown]
# **Predict.** `race`, folded below, prints both numbers, old → new, and the interval of each change. How many of the
# two intervals will hold 0?


# %% jupyter={"source_hidden": true}
def measured(settings):
    """For each of 32 seeds: the share of repeated pairs, and the mean log-probability."""
    texts = write(settings, range(32))
    repeats = [seq_rep_n([step.token for step in text], 2) for text in texts]
    return repeats, [fmean(step.logprob for step in text) for text in texts]


def race(old, new):
    """Compare two settings on the same 32 seeds: the old one, then the new one."""
    for name, x, y in zip(("repeats", "log-prob"), measured(old), measured(new), strict=True):
        _, low, high = interval(y, x)
        print(f"{name:<9} {fmean(x):6.3f} → {fmean(y):6.3f}   change {low:+.3f} to {high:+.3f}")


# %%
race(Settings(temperature=0.7), Settings(temperature=0.7, presence_penalty=1.5))

# %% [markdown]
# Neither interval holds 0. With the penalty, nearly all repeated pairs are gone, but the tokens are less likely: the
# log-probability falls by 0.11. The test cannot say whether you should take the penalty.

# %% [markdown]
# ## Test three: the second digit
#
# Some people compare *p* = 0.91 with *p* = 0.90. **Predict.** How far must *p* rise from 0.90 until a difference shows:
# to 0.91, 0.94 or 0.99?

# %%
race(Settings(top_p=0.90), Settings(top_p=0.91))

# %% [markdown]
# Both intervals hold 0. In the cell above, raise 0.91 by 0.01 at a time, until one interval leaves 0 out.
#
# <details><summary>What you should see</summary>
#
# At 0.94 the interval of the log-probability leaves 0 out. Smaller steps do not show with these 32 seeds. (We
# tried four values of *p*: more on that below.)
# </details>
#
# A good place for a break.

# %% [markdown]
# ## Many recipes at once
#
# Often you try many recipes, and keep one that beats the old recipe. In a made-up contest, six to ten new recipes meet
# one old recipe, with 24 to 60 seeds. In truth **all recipes are equal**.
#
# **Predict.** A new recipe "wins" if its whole interval, new minus old, lies above 0. In how many of 200 such
# contests does at least one new recipe win: about 5, 25 or 60?


# %% locked="contests" jupyter={"source_hidden": true}
def made_up(rng, better):
    """A contest: the old recipe's numbers, those of the new ones, and which is truly better.

    The luck of a seed hits all of them alike.
    """
    pairs, luck, noise = rng.randint(24, 60), rng.choice([3.0, 10.0]), rng.choice([0.5, 1.0])
    base = [rng.gauss(0, luck) for _ in range(pairs)]
    old, *new = ([x + rng.gauss(0, noise) for x in base] for _ in range(rng.randint(7, 11)))
    best = rng.randrange(len(new)) if better else None
    if better:
        gain = 5 * math.sqrt(2) * noise / math.sqrt(pairs)  # five standard errors
        new[best] = [x + gain for x in new[best]]
    return old, new, best


def picked(picker, old, new):
    """What a design picks: a place in the list, or None."""
    found = check.plain(check.on_copies(picker, list(old), [list(numbers) for numbers in new]))
    good = found is None or (type(found) is int and 0 <= found < len(new))
    asked = f"Return the place of a recipe, 0 to {len(new) - 1}, or None"
    assert good, f"{asked}; yours returns {check.told(found)}."
    return found


FIRST = made_up(random.Random(0), better=True)


def far_better(old, spread):
    """A recipe that is far better than the old one at every seed."""
    return [x + spread * (9 + i * i % 7 / 100) for i, x in enumerate(old)]


def straight(picker, old=FIRST[0], new=FIRST[1]):
    found = picked(picker, old, new)
    spread = max(max(numbers) for numbers in (old, *new)) - min(old)
    assert picked(picker, old, [*new, far_better(old, spread)]) == len(new), (
        "A recipe that is far better at every seed was added, and is not picked."
    )
    assert picked(picker, old, new) == found, "The same contest twice, and another pick."
    back = picked(picker, old, new[::-1])
    assert back == (None if found is None else len(new) - 1 - found), (
        "The order of recipes decides."
    )
    tenfold = [[10 * x + 7 for x in numbers] for numbers in (old, *new)]
    assert picked(picker, tenfold[0], tenfold[1:]) == found, (
        "All numbers times ten, plus seven: another scale, the same contest, and another pick."
    )


def contests(picker, better, count, seed):
    """For each made-up contest, whether the pick is right."""
    rng = random.Random(seed)
    return [picked(picker, old, new) == best for old, new, best in made(rng, better, count)]


def made(rng, better, count):
    return [made_up(rng, better) for _ in range(count)]


def cautious(picker, count=100, seed=1):
    held = sum(contests(picker, False, count, seed)) / count
    assert held >= 0.9, f"Where all recipes were equal, it said so in {held:.0%} of the contests."


def keen(picker, count=100, seed=1):
    found = sum(contests(picker, True, count, seed)) / count
    assert found >= 0.8, f"Where one was better, it found that one in {found:.0%} of the contests."


# %% jupyter={"source_hidden": true}
fooled = sum(
    any(interval(numbers, old)[1] > 0 for numbers in new)  # its lower end
    for old, new, _ in made(random.Random(1), better=False, count=200)
)
print(f"{fooled} of 200 contests have a winner")

# %% [markdown]
# All recipes are equal, so the true difference is 0. About one interval in 20 misses 0 (module 07), and half of those
# intervals lie above 0. So each new recipe wins by luck with chance 1/40.
#
# The chance that neither of two independent recipes wins is 39/40 · 39/40 = 0.95, so luck wins 5 contests in 100. With
# six to ten recipes luck wins more often. (Ours are not independent: all are compared with one old recipe.)

# %% [markdown]
# ## Build it: one of many
#
# > difficulty ●●●●○ · importance ●●●●● · 20 minutes · there are many right designs
#
# Write `my_pick`, a *picker*: a function that picks one new recipe, or none. For example, the picker may ask for a
# wider interval, or let the first half of the seeds choose and the second half confirm. You may call `interval`. The
# picker is scored below.

# %% [markdown]
# The picker makes three promises:
#
# 1. **straight**: it picks a recipe that is far better at every seed, whatever the order of recipes and the scale of
#    numbers;
# 2. **cautious**: where all recipes are equal, it picks none in at least 90 of 100 contests;
# 3. **keen**: where one recipe is truly better, by five standard errors of the difference, it picks that recipe in at
#    least 80 of 100.

# %% [markdown]
# <details><summary>Hint</summary>
#
# `interval(numbers, old)` gives the mean and the two ends. One standard error is (high − low) / 4. For each
# recipe, count the standard errors between 0 and the mean. Pick the recipe with the largest count, but only above some
# limit. With one new recipe a limit of 2 is enough. With ten, try 2, 2.5, 3 and so on in the check below, and take one in
# the middle of those that pass.
# </details>


# %% answer="my_pick"
def my_pick(old, new):
    """The place in `new` of the recipe to change to; None if none has shown that it is better.

    old: a list of 24 to 60 numbers, one for each seed; higher is better. new: a list of 1 to 11 such
    lists, each as long as old; numbers at the same place have the same seed. The differences of
    two recipes never have the standard deviation 0.
    A recipe that is far better at every seed is picked. The same recipe is picked in any order of
    `new`, and also when all numbers are multiplied by ten and seven is added. The same lists give
    the same pick, and stay as they are.
    """
    ### BEGIN SOLUTION
    best, most = None, 3.0
    for place, numbers in enumerate(new):
        differences = [b - a for a, b in zip(old, numbers, strict=True)]
        error = stdev(differences) / math.sqrt(len(differences))
        if fmean(differences) / error > most:
            best, most = place, fmean(differences) / error
    return best
    ### END SOLUTION


# %% [markdown]
# The next check gives no points. (An empty function is cautious: it never picks.)

# %%
for promise in (straight, cautious, keen):
    check.passes(promise.__name__, promise, my_pick)

# %% [markdown]
# Next comes a real contest: four new recipes against the old recipe, *T* = 0.7. A difference above 0 means fewer
# repeats.

# %%
rivals = {
    "p 0.9": Settings(temperature=1.0, top_p=0.9),
    "T 0.79": Settings(temperature=0.79),
    "p 0.9, k 40": Settings(temperature=1.0, top_p=0.9, top_k=40),
    "presence 1.5": Settings(temperature=0.7, presence_penalty=1.5),
}

# %% [markdown]
# **Predict.** How many of the four have an interval above 0? Which recipe does your picker pick?

# %% jupyter={"source_hidden": true}
old, *new = ([-x for x in measured(s)[0]] for s in (Settings(temperature=0.7), *rivals.values()))
for name, numbers in zip(rivals, new, strict=True):
    mean, low, high = interval(numbers, old)
    print(f"{name:<13} {mean:+.3f}, from {low:+.3f} to {high:+.3f}")
place = check.attempt(my_pick, old, new)
print("your picker:", "none (or it is not written)" if place is None else list(rivals)[place])

# %% [markdown]
# Three intervals lie above 0. But do not trust that *T* = 0.79 beats the old recipe: put 0.78 or 0.80 in its
# place, and the interval holds 0. The presence penalty's interval lies furthest above 0, so the penalty wins. But a contest finds the best
# only *by the number that you measure*: in test two the penalty lowered the log-probability.

# %% [markdown]
# ## The last test is yours
#
# The course's own recipes are guesses too: `creative` is *T* = 1 with *p* = 0.95 and a frequency penalty of 0.2.
#
# **Predict.** Does `creative` have fewer repeats than *T* = 0.7? Which recipe has the lower log-probability?

# %%
race(Settings(temperature=0.7), Settings(temperature=1.0, top_p=0.95, frequency_penalty=0.2))

# %% [markdown]
# `creative` has fewer repeats, but the log-probability falls by 0.77. Do fewer repeats always cost so much?
#
# **Beat it.** Change the second `Settings(...)` in the cell above, until the texts have fewer repeats *and* likelier
# tokens than at *T* = 0.7, and neither interval holds 0. (Not scored.)
#
# <details><summary>Hint</summary>
#
# A penalty takes repeats away. Which other knob makes the drawn tokens likelier? Turn both.
# </details>

# %% [markdown]
# You may try many, so luck may win. To be sure, unfold the cell of `measured` in *Test two*, write `range(32, 64)`, and
# run both cells again.

# %% [markdown]
# Then read texts by your recipe: set its numbers, and press **Generate**.

# %%
explore.Playground(
    PROMPT, settings=Settings(temperature=0.7), knobs=["temperature", "top_p", "presence_penalty"]
)

# %% [markdown]
# <details><summary>What we found</summary>
#
# *T* = 0.5 with a presence penalty of 1: repeats 0.075 → 0.019, log-probability −2.21 → −1.86. Both numbers are
# better. But the texts are ordinary: in one somebody is `once more on her way to the palace`, as in so many tales.
# Whether you want that, the numbers cannot tell.
# </details>

# %% [markdown]
# ## What production systems do
#
# <details><summary>In November 2026: who reads the model's file, and who takes <i>T</i> and top-p</summary>
#
# - vLLM reads the file [vllmquickstart2026], and llama.cpp since 2025 [llamacpp17120].
# - Anthropic gives an error for any *T*, even 1, as a blog reports [claudeversion2026].
# - OpenAI's GPT-6 takes *T* and top-p only without reasoning (effort `none`) [openaideploy2026].
# - Google takes *T* and top-p, but advises *T* = 1 for Gemini 3: a lower *T* may bring loops [gemini2026].
# </details>

# %% [markdown]
# ## Four texts, explained
#
# Ash used the engine's numbers, and Birch the file's. Cedar used Birch's numbers in another order. Birch at noon had
# company and added in other parts. So set every knob yourself, know the order, and fix the additions.

# %%
ORDERS["Cedar"] = T_FIRST  # llama.cpp lets you set it: --samplers
for server in ("Ash", "Birch", "Cedar"):
    print(f"{server:<16}", repr(ask(server, fixed=True, **MODEL_FILE)))
print(f"{'Birch, at noon':<16}", repr(ask("Birch", noon=True, fixed=True, **MODEL_FILE)))

# %% [markdown]
# The four texts are the same. Only a test can tell which *numbers* suit your task. Compare recipes pair by pair, with
# a wider interval if you try many.
#
# The next module tests whether a cut by rank or mass is the right *kind*.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

# %% [markdown] question="A program reads invoices" points=1
# With an open model, a program copies number, date and sum from invoices. Which settings would you test first, and
# against what?
#
# - **A** *T* = 0, against *T* = 1, on the Calculator's sums
# - **B** *T* = 0, against the maker's settings, on the maker's own benchmark
# - **C** *T* = 0, against the maker's settings, on invoices
# - **D** *T* = 0, against *T* = 0.3, on invoices, each with a frequency penalty of 0.5

# %% answer="invoice_settings"
answer_recipe = ""  # "A", "B", "C" or "D"

# %% test="invoice_settings"
check.choice(
    answer_recipe,
    right="C",
    why={
        "A": "A result holds for one model on one task. Which model and which task are they here?",
        "B": "The benchmark holds the maker's tasks. What would you know after this test, and what "
        "not yet?",
        "D": "Digits of an invoice repeat. What does such a penalty do to a digit that was already "
        "written twice, in both of the recipes that you compare?",
    },
)

# %% [markdown] question="One line, two knobs" points=1
# What does this print?
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

# %% [markdown] question="A tenth of the best" points=1
# Four tokens have the logits 6, 4, 3 and 1. A new cut keeps the tokens that are at least a tenth as likely as the
# best token. *T* = 2 comes first, as in vLLM. How many tokens stay? A tenth is a gap of ln 10 ≈ 2.3 between logits.

# %% answer="min_p_on_vllm"
answer_stay = None  # a whole number

# %% test="min_p_on_vllm"
check.number(
    answer_stay,
    right=3,
    within=0.01,
    why={
        2: "That is right for a library where T comes last. Which comes first here?",
        4: "The gap of the last token is 5. What does T = 2 make of it, and is that below 2.3?",
        1: "You widened the gaps. What does a T above 1 do to them?",
    },
    hint="Divide the gaps to the best logit by T, and count those of at most 2.3.",
)

# %% [markdown] question="The writing assistant" points=1
# To be safe, a writing assistant runs the Storyteller at *T* = 0.4 and *p* = 0.5, *T* first. Its stories repeat
# themselves. Which change would you test first?
#
# - **A** *p* = 0.6, so that a second token can come in
# - **B** *T* = 1, so that *p* alone keeps the text safe
# - **C** *k* = 40 as well, so that 40 tokens are mixed
# - **D** Another seed, so that other tokens are drawn

# %% answer="writing_assistant"
answer_doubled = ""  # "A", "B", "C" or "D"

# %% test="writing_assistant"
check.choice(
    answer_doubled,
    right="B",
    why={
        "A": "What share has the best token after such a T, at most steps? Set the Loops explorer to "
        "these two numbers.",
        "C": "Top-k can only cut. Are there too many tokens left here, or too few?",
        "D": "Look at 'Careful twice': what did the seeds 0, 1 and 2 give there?",
    },
)

# %% [markdown] question="Sums of five numbers" points=1
# What does this print? Write two numbers, with a space between them.
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
    hint="Look at the section 'Who else was there?': a small number beside a large one.",
)

# %% [markdown] question="A service under check" points=1
# A provider gets the same request twice, with *T* = 0 and the same seed. Its model and program are unchanged. The
# answers differ from word 50 on. Which reason is likeliest?
#
# - **A** Other requests ran, and two nearly equally likely tokens changed ranks.
# - **B** The second answer took the random numbers that follow those of the first.
# - **C** The provider still draws, at a very low *T*.
# - **D** In between, the provider changed its top-k.

# %% answer="service_check"
answer_same = ""  # "A", "B", "C" or "D"

# %% test="service_check"
check.choice(
    answer_same,
    right="A",
    why={
        "B": "A seed starts the row anew. And how many random numbers does a greedy text need?",
        "C": "T = 0 takes the best token, without a random number. What else can change which "
        "token is the best? See the section 'Who else was there?'.",
        "D": "Does top-k ever cut the token that T = 0 takes?",
    },
)

# %% [markdown] question="A search without a prize" points=1
# In truth none of ten new recipes is better than the old one. Each of the ten has one chance in 40 to look
# better, independently of the others. How likely is it that at least one of them looks better? Give two decimals.

# %% answer="search_without_prize"
answer_search = None  # a number between 0 and 1

# %% test="search_without_prize"
check.number(
    answer_search,
    right=0.2237,
    within=0.008,
    why={
        0.25: "So many look better on average. But two at once are only one search that went wrong.",
        0.025: "That is one recipe. There are ten.",
        0.776: "So likely is it that none looks better. What was asked?",
        0.4: "That would be one chance in 20 for each of ten. On which side of 0 is better?",
        22.4: "Write a probability, a number from 0 to 1.",
    },
    hint="First: how likely is it that none of the ten looks better?",
)

# %% [markdown] question="A change for fish-speech" points=1
# The speech program fish-speech had *T* last. A proposed repair moves *T* in front of top-p. The reason: for
# *T* below 1, *T* last keeps *fewer* tokens than *T* first [fishspeech1150]. Is the reason true?
#
# - **A** Yes: a low *T* at the end cuts once more.
# - **B** Yes, and for *T* above 1, *T* last keeps more.
# - **C** No, equally many: *T* does not change ranks.
# - **D** No: it keeps at least as many.

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
# A benchmark ran with *T* = 0 and got another result each time: the setting never reached the API [agentdojo141].
# Repair the benchmark's function: only what is `None` gets the default 1.0. Any number is sent as it is, for *T* and
# for *p*, even one that the API will refuse.


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

# %% [markdown] question="A proposal for vLLM" points=2
# Each row should draw the token that it would draw alone. But this function seeds only once, like a change
# proposed for vLLM [vllm1637] (and repaired later [vllm2514]). Repair the function: row *i* uses the first
# `torch.rand(())` of its own seed, `seeds[i]`. The last line stays: it draws the first token at which the sum of the
# row's shares, from the left, exceeds the row's random number.


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


def seeded(random):
    """Even shares, so that only the seed can go wrong."""
    few = [0, 1, 2, 1000, 2**16, 2**31, 2**32]
    return torch.full((1, 64), 1 / 64), [random.choice([*few, random.getrandbits(63)])]


def single(random):
    return rows(random, 1)


def batch(random):
    return rows(random, 150 if random.random() < 0.03 else random.choice([1, 2, 3, 4, 8]))


example()
check.against(
    each_alone,
    repaired_draws,
    seeded,
    why="One row of even shares: its number is the first torch.rand(()) of its seed, and the seed is "
    "taken as it is, be it 0 or large.",
)
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

# %% [markdown] question="A report on a request" points=3
# Your `my_resolver` from **Build it: who said so?** above is scored by its description. One point each: (1) the three
# voices, with values above 0 and the engine's names only; (2) also 0, negative values and None; (3) also names that
# the engine does not have, and the dicts left as they were.


# %% test="my_resolver"
def example():
    check.gives(
        my_resolver,
        {"temperature": 0.5},
        {"temperature": 0.7, "top_k": 20},
        {"temperature": 1.0, "top_k": 50, "top_p": 1.0},
        expect={
            "temperature": (0.5, "request"),
            "top_k": (20, "model file"),
            "top_p": (1.0, "engine"),
        },
        why="Each of the three says something here. Who comes first, and who last?",
    )


points = 1.0 * check.passes("three knobs, three voices", example)
### BEGIN HIDDEN TESTS


def first_to_speak(request, model_file, engine):
    """By name, not by voice."""
    used = {}
    for name in [*engine, *(n for n in request if n not in engine and request[n] is not None)]:
        voices = [(request.get(name), "request" if name in engine else "ignored")]
        voices += [(model_file.get(name), "model file"), (engine.get(name), "engine")]
        used[name] = next(said for said in voices if said[0] is not None)
    return used


NAMES = ["temperature", "top_k", "top_p", "frequency_penalty", "seed", "Top_k", "top_k ", "", "k"]
ALL_NAMES = [*NAMES, *(f"{start}{i}" for i in range(100) for start in ("_", "top", "-"))]


def voices(random, values, strangers):
    """A request, a model's file and an engine. strangers: whether there are names of no knob."""
    pool, most = (ALL_NAMES, 300) if random.random() < 0.03 else (NAMES, 6)
    names = random.sample(pool, random.randint(0, most))
    others = [name for name in pool if name not in names] if strangers else []

    def some(names, values):
        chosen = [name for name in names if random.random() < 0.5]
        random.shuffle(chosen)
        return {name: random.choice(values) for name in chosen}

    numbers = [x for x in values if x is not None]
    engine = {name: random.choice(numbers) for name in names}
    request = some([*names, *others], values)
    said = some([*names, *others], values)
    said = random.choice([dict(request), {}, *[said] * 18])
    return request, said, engine


ABOVE_ZERO = [0.1, 0.7, 1, 1.0, 2, 20, 50, 1e-9, 1_000_000]
ANY = [None, None, 0, 0.0, -1, -0.5, *ABOVE_ZERO]


def positive(random):
    return voices(random, ABOVE_ZERO, False)


def known(random):
    return voices(random, ANY, False)


def anything(random):
    return voices(random, ANY, True)


def three_voices():
    example()
    check.against(
        first_to_speak,
        my_resolver,
        positive,
        why="For each knob of the engine, however many there are: the first of request, model's file "
        "and engine that has it, and that one's name.",
        within=0,
    )


def zero_and_none():
    check.against(
        first_to_speak,
        my_resolver,
        known,
        why="Which values say nothing? Only one does. What would your code do with 0, or with -1?",
        within=0,
    )


def strangers():
    check.against(
        first_to_speak,
        my_resolver,
        anything,
        why="A name that the engine does not have: it matters who said it, and there may be many. "
        "Names differ as soon as one letter or space does.",
        within=0,
    )
    check.keeps(my_resolver, anything, why="The three dicts must be the same after the call.")


points = 1.0 * check.passes("three voices", three_voices)
points += check.passes("0 and None", zero_and_none)
points += check.passes("names that the engine does not have", strangers)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="One of many recipes" points=3
# Your `my_pick` from **Build it: one of many** above is scored on other made-up contests, of any size that its
# description allows: one point for each promise. *Cautious* counts only if *straight* is kept, and *keen* only if
# both are. Course functions may be called.


# %% test="my_pick"
points = 1.0 * check.passes("straight", straight, my_pick)
### BEGIN HIDDEN TESTS


def any_contest(random):
    """A contest of any allowed size and scale, some of it with a better recipe, some with worse."""
    count, scale = random.choice([24, 60, random.randint(24, 60)]), 10 ** random.randint(-2, 3)
    luck, shift = random.choice([0.0, 1.0, 20.0]), random.choice([0, -50, 80])
    base = [random.gauss(0, luck) + shift for _ in range(count)]
    recipes = random.choice([1, 2, 10, random.randint(1, 10)])
    gains = [random.choice([0, 0, -3, 3]) * random.random() for _ in range(recipes)]
    old = [scale * (x + random.gauss(0, 1)) for x in base]
    return old, [[scale * (x + gain + random.gauss(0, 1)) for x in base] for gain in gains]


def better_by(old, luck, errors):
    """A recipe whose mean lies so many standard errors above that of the old one."""
    error, mean = stdev(luck) / math.sqrt(len(luck)), fmean(luck)
    return [x + y - mean + errors * error for x, y in zip(old, luck, strict=True)]


def near_ties(random):
    """A contest of recipes that are all better, and nearly equally so."""
    count, recipes = random.randint(24, 60), random.choice([2, 10, random.randint(2, 10)])
    old, *lucks = ([random.gauss(0, 1) for _ in range(count)] for _ in range(recipes + 1))
    places = random.sample(range(recipes), recipes)
    gap = random.choice([0.001, 0.01, 0.05])
    return old, [better_by(old, x, 5 + gap * i) for x, i in zip(lucks, places, strict=True)]


def steady(picker):
    """Near the place where it begins to pick, neither chance nor the size of numbers decides."""
    rng = random.Random(4)
    for scale in (0.01, 0.1, 1, 10, 100):
        old, luck = ([rng.gauss(0, scale) for _ in range(30)] for _ in range(2))
        for tenths in range(15, 45):
            new = better_by(old, luck, tenths / 10 + 0.037)  # no limit that rounding could decide
            picks = {picked(picker, old, [new]) for _ in range(2)}
            assert len(picks) == 1, "The same contest twice, and another pick."
            larger = [[10 * x + 7 for x in numbers] for numbers in (old, new)]
            assert picked(picker, larger[0], larger[1:]) in picks, (
                "All numbers times ten, plus seven: the same contest, and another pick."
            )


def alone(picker, old):
    assert picked(picker, old, [far_better(old, max(old) - min(old))]) == 0, (
        "The only new recipe is far better at every seed, and is not picked."
    )


def of_size(random, recipes, count, errors):
    """A contest of this size, one of its recipes better by so many standard errors; and which."""
    base = [random.gauss(0, 3) for _ in range(count)]
    old, *new = ([x + random.gauss(0, 1) for x in base] for _ in range(recipes + 1))
    best = random.randrange(recipes)
    new[best] = [x + errors * math.sqrt(2 / count) for x in new[best]]
    return old, new, best


SIZES = [(1, 60), (2, 24), (3, 60), (4, 60), (5, 24), (11, 60)]  # recipes and seeds


def rate(picker, size, errors, contests):
    """How often the pick is right; without a better recipe, none is."""
    rng, right = random.Random(1), 0
    for _ in range(contests):
        old, new, best = of_size(rng, *size, errors)
        right += picked(picker, old, new) == (best if errors else None)
    return right / contests


def least(share, contests):
    """Five standard errors below a share that good designs reach: luck alone fails none."""
    return share - 5 * math.sqrt(share * (1 - share) / contests)


def cautious_at(picker, size, contests):
    held = rate(picker, size, 0, contests)
    assert held >= least(0.94, contests), (
        f"With {size[0]} new and all recipes equal, it said so in {held:.0%} of the contests."
    )


def keen_at(picker, size, contests=40):
    found = rate(picker, size, 5, contests)
    assert found >= least(0.815, contests), (
        f"With {size[0]} new, one of them better, it found that one in {found:.0%} of the contests."
    )


@check.once
def always_straight():
    straight(my_pick)
    steady(my_pick)
    for args, _ in check.drawn(check.nothing, any_contest, cases=15):
        straight(my_pick, *args)
        alone(my_pick, args[0])
    for args, _ in check.drawn(check.nothing, near_ties, cases=8):
        straight(my_pick, *args)
    check.keeps(my_pick, any_contest, why="The lists have to stay as they were.")


@check.once
def always_cautious():
    always_straight()
    cautious(my_pick, count=150, seed=2)
    for size in SIZES:
        cautious_at(my_pick, size, 250 if size[0] == 1 else 80)


def always_keen():
    always_cautious()
    keen(my_pick, count=80, seed=3)
    for size in SIZES:
        keen_at(my_pick, size)


points = 1.0 * check.passes("straight", always_straight)
points += check.passes("cautious", always_cautious)
points += check.passes("keen", always_keen)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Your list of steps" points=4
# Your `apply_in_order` from **Build it: any order** above is scored by its description. One point each: each step
# alone; several steps, in the order of the list; *T* = 0, alone and among other steps; the inputs left as they were,
# the list of steps too, and float32 returned. A function that calls the course's functions gets no points.


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
from random import Random

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
        margin = (1e-4 if len(steps) > 1 else 1e-5) + 1e-6 * size
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
        "top_p": [0.0003, 0.0003, 0.001, 0.9995, 0.99],
    }
    return random.choice([*some[name], *(knob(random, name, vocab) for _ in range(3))])


def drawn(random, names, knob=knob, most=0):
    """Logits, a text, and a step for each name; "zero" is the temperature 0.

    most: tokens of a large vocabulary, nearly even, which one in five has; 0 for none.
    """
    while True:
        few = Random(random.randrange(6))  # the same few rows and values again, with other texts
        source = random.choice([random, random, few])
        vocab = source.choice([domains.size(source), domains.size(source), 60])
        scale = source.choice([0.5, 2, 2, 10, 2000])
        row = [max(-5000.0, min(5000.0, source.gauss(0, scale))) for _ in range(vocab)]
        if most and random.random() < 0.2:
            vocab = most
            wide = random.choice([2, 0.2, 0.2])
            row = [wide * (i + random.random() / 2) / vocab for i in range(vocab)]
            random.shuffle(row)
        logits, ids = torch.tensor(row), domains.history(random, vocab)
        if most:
            ids *= random.choice([1, 1, 1, 60])
        if source is random and random.random() < 0.2:
            logits[random.sample(range(vocab), vocab // 2)] = -torch.inf
        steps = [("temperature" if n == "zero" else n, knob(source, n, vocab)) for n in names]
        if clear(logits.tolist(), ids, steps):
            return logits, torch.tensor(ids, dtype=torch.int64), random.choice([list, tuple])(steps)


KINDS = ("frequency_penalty", "temperature", "top_k", "top_p")
MANY = 1e-4  # of a logit: a float32 that a penalty was subtracted from 2,000 times is off by 3e-5


def single(random):
    logits, ids, steps = drawn(random, [random.choice([*KINDS, "top_p"])], any_knob, 1500)
    if steps[0][0] == "top_p" and random.random() < 0.8:  # close to where one more token comes in
        near = random.choice([x for x in sums(logits.tolist()) if x < 0.999] or [0.5])
        close = [("top_p", abs(near - random.choice([-1, 1]) * 10 ** random.uniform(-4.7, -2.7)))]
        if close[0][1] < 1 and clear(logits.tolist(), ids, close):
            steps = close
    return logits, ids, steps


def large(random, name, vocab=5000):
    """One step on many nearly even logits, which reaches or keeps more than half of them."""
    row = [(i + random.random() / 2) / vocab / 5 for i in range(vocab)]
    random.shuffle(row)
    stay = random.randint(vocab // 2, vocab - 100)
    value = {"frequency_penalty": 0.5, "temperature": 2, "top_k": stay}.get(name)
    if name == "top_p":
        value = fmean(sums(row)[stay - 2 : stay])  # between two sums: rounding is far smaller
    ids = torch.tensor(random.choices(range(vocab), k=300))
    return torch.tensor(row), ids, ((name, value),)


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
        within=MANY,
    )
    for name in KINDS:
        args = large(Random(0), name)
        why = f"Not yet right: {name} on a vocabulary of 5,000 tokens."
        check.close(apply_in_order, *args, expect=in_order(*args), why=why, within=MANY)


def several_steps():
    check.own(apply_in_order, anything)
    check.against(
        in_order,
        apply_in_order,
        several,
        why="Work through the list from left to right, each step on what the one before it left. "
        "Top-p after a cut measures what is left: its shares sum to 1 again.",
        within=MANY,
    )


def with_zero():
    check.own(apply_in_order, anything)
    gives(
        ("frequency_penalty", 3.0),
        ("top_p", 0.3),
        ("temperature", 0),
        expect=[2.0, CUT_OFF, CUT_OFF, CUT_OFF, CUT_OFF],
        why="Each step works on what the one before it left, top-p in front of T = 0 too.",
    )
    check.against(
        in_order,
        apply_in_order,
        zero_among,
        why="T = 0 leaves the best token of what has reached it, with its logit, and cuts the rest. "
        "Then the list goes on.",
        within=MANY,
    )


def leaves_its_inputs():
    check.own(apply_in_order, anything)
    changed = "The caller's tensors and steps must be the same after the call: make new ones."
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
# A colleague writes in a report "temperature 0.8, top-p 0.9, seed 42, so our results are reproducible". Write about
# four sentences: which information is missing, and what else would you store?

# %% [markdown] answer="explain_reproducible_reports"
# ### BEGIN SOLUTION
# The numbers mean different things in different libraries, so the library, its version and its
# order of operations belong in the report, and its defaults for what was not set, such as top-k.
# The model's exact version or fingerprint, the precision and the hardware are missing too. Even
# with all of that, batches change the last digits of the logits, and a near-tie can flip. So store
# the outputs themselves, and report results over several seeds.
# ### END SOLUTION

# %% [markdown]
# <details><summary>To compare with, once yours is written</summary>
#
# Missing may be: the exact version of model and engine; the order of the knobs; the other knobs, such as *k* and the
# penalties; the hardware and its number of bits; the company of other requests. To store: the texts themselves, and
# results over several seeds.
# </details>

# %% [markdown]
# ## Your score
#
# Press the button. It saves the notebook, then scores it.

# %%
check.score_button()

# %% [markdown]
# ## References
#
# - [vllmquickstart2026] [vLLM: Quickstart](https://docs.vllm.ai/en/latest/getting_started/quickstart/), 2026
# - [llamacpp17120] [llama.cpp: settings in model files](https://github.com/ggml-org/llama.cpp/pull/17120), 2025
# - [mlxvlm1331] [the same haiku three times](https://github.com/Blaizzy/mlx-vlm/issues/1331), 2026
# - [claudeversion2026] [Claude API version 2026-10-21](https://developersdigest.tech/blog/claude-api-version-2026-10-21-sdk-migration)
# - [openaideploy2026] [OpenAI: Deployment checklist](https://developers.openai.com/api/docs/guides/deployment-checklist), 2026
# - [gemini2026] [Gemini 3 prompting guide](https://docs.cloud.google.com/vertex-ai/generative-ai/docs/start/gemini-3-prompting-guide), 2026

# %% [markdown]
# - [transformers2026], [vllm2026], [llamacpp2026], [mlxlm2026]: the sampling code of
#   [one](https://github.com/huggingface/transformers), [two](https://github.com/vllm-project/vllm),
#   [three](https://github.com/ggml-org/llama.cpp), [four](https://github.com/ml-explore/mlx-lm), as read in 2026
# - [he2025] [Defeating Nondeterminism in LLM Inference](https://thinkingmachines.ai/blog/defeating-nondeterminism-in-llm-inference/), 2025
# - [vllmbatch2026], [vllmrepro2026] vLLM on [batch invariance](https://docs.vllm.ai/en/latest/features/batch_invariance/)
#   and [reproducibility](https://docs.vllm.ai/en/latest/usage/reproducibility/), 2026
# - [ikllama2302] [an engine that skipped the file](https://github.com/ikawrakow/ik_llama.cpp/issues/2302), 2026

# %% [markdown]
# - [glm2026] [Moving to GLM-5](https://docs.bigmodel.cn/cn/guide/start/migrate-to-glm-new), 2026
# - [qwenvl1825] [a penalty in the evaluation, not in the file](https://github.com/QwenLM/Qwen3-VL/issues/1825), 2025
# - [agentdojo141], [fishspeech1150], [vllm1637], [vllm2514]: changes to
#   [AgentDojo](https://github.com/ethz-spylab/agentdojo/pull/141),
#   [fish-speech](https://github.com/fishaudio/fish-speech/pull/1150),
#   vLLM ([one](https://github.com/vllm-project/vllm/pull/1637), [two](https://github.com/vllm-project/vllm/pull/2514))
#
# What each is cited for stands in the course's `quizzes/references.md`.

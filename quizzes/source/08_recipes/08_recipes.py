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
# A colleague sends one request to three servers. All three run the same model. He gives them the same
# prompt and the same seed, and nothing else. Then he asks one of them again at noon, when it is busy.
# Four texts come back. Please explain, he writes.

# %% [markdown]
# > **About 150 minutes**, in two or three sittings · difficulty ●●●○○
# >
# > You need modules 02 to 05, and repetition and intervals from 07. Afterwards you can
# > - say who set each knob of a request, and write the code that decides it;
# > - run settings in any library's order;
# > - say what a seed does not promise, and what helps;
# > - test a recipe, and pick one of many without fooling yourself.

# %% [markdown]
# **Recall.** 1. Three tokens have the shares 0.5, 0.3 and 0.2. How many does top-p keep at *p* = 0.7?
# 2. *T* = 0.1 comes first: how many now? 3. A text has seq-rep-2 = 0.25. What does that say?
#
# <details><summary>Answers</summary>
#
# 1. Two: 0.5 alone does not reach 0.7. 2. One: its share, to the power 10 and rescaled, is above 0.99.
# 3. A quarter of its pairs of neighbours came before.
# </details>
#
# Folded below: imports and helpers.

# %% locked="setup" jupyter={"source_hidden": true}
import math
import random
from statistics import fmean, stdev

import torch

from course_utils import calculator, explore, storyteller
from course_utils import quiz as check
from course_utils.explore.plots.style import DRAWN, KEPT, QUIET
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
told = set()


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


def serve(settings, order, seeds, fixed=False, length=20):
    """The tokens that a server writes for the requests with these seeds, all at the same time.

    A fast server adds up in as many parts as there are requests. A fixed one takes each request
    alone and adds up in one part, whoever else is there.
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


def without_pairs(first, second):
    """The ends of the interval of a mean difference that takes no notice of the pairs."""
    middle = fmean(second) - fmean(first)
    half = 2 * math.sqrt((stdev(first) ** 2 + stdev(second) ** 2) / len(first))
    return middle - half, middle + half


def attempt(function, *args):
    """What a function of yours returns; None, with one word on it, while it does not work."""
    try:
        return function(*args)
    except Exception as error:
        if (word := f"({type(error).__name__} in your function: not ready yet)") not in told:
            told.add(word)
            print(word)
        return None


# %%
print(PROMPT, "…\n")
for server in ("Ash", "Birch", "Cedar"):
    print(f"{server:<16}", repr(ask(server)))
print(f"{'Birch, at noon':<16}", repr(ask("Birch", noon=True)))

# %% [markdown]
# Ash serves sweet milk. Birch and Cedar agree on a little white man on a bench, and then part. And
# Birch at noon does not even agree with Birch. Nobody changed the model, the prompt or the seed.
#
# There are **three culprits**, one for each difference. We shall catch them one after the other. In the
# end all four lines will be the same.

# %% [markdown]
# ## Who turned the knobs?
#
# Begin with Ash against Birch. Your colleague set no knob at all. But a token cannot be drawn without
# *some* temperature: if you do not choose, somebody has chosen for you.
#
# **Predict.** It turns out that Ash draws with *k* = 50, and Birch with *T* = 0.7, *k* = 20 and *p* = 0.8. How
# many tokens are left to Birch after our prompt? And who may have chosen these numbers?

# %%
explore.Distribution(PROMPT, knobs=("temperature", "top_k", "top_p"))

# %% [markdown]
# 1. Set Ash's one number: 50 tokens are kept. Then set Birch's three. How many now? (Four.)
# 2. Which of Birch's three cuts most? Take them back one by one.
#
# There are two who may have chosen. The **engine** is the program that runs the model; it has numbers of its own.
# And many models come with a **file**, `generation_config.json`, in which their maker recommends some.

# %% [markdown]
# ## Three voices, one order
#
# Most programs of 2026 settle it in the same way. What the **request** says counts first. What it does
# not say, the **model's file** says. What neither says, the **engine** says.

# %% [markdown]
# **Predict.** The request sets *T* = 0. The file has *T* = 0.7 and *p* = 0.8. The engine has *T* = 1,
# *p* = 1 and *k* = 50. What is used?
#
# <details><summary>Answer</summary>
#
# *T* = 0 from the request, *p* = 0.8 from the file, *k* = 50 from the engine. Zero is a number like any
# other: the request did say something.
# </details>

# %% [markdown]
# vLLM reads the maker's file unless you start it with `--generation-config vllm` [vllmquickstart2026].
# llama.cpp has read such numbers from its model files since November 2025, after the request and before its
# own 40 for top-k [llamacpp17120]. A program that never looks into the file behaves like Ash. (Ash's 50 is real, too:
# it is what `transformers` takes for *k* when nobody speaks [transformers2026].)

# %% [markdown]
# **It happened.** In June 2026 somebody asked a server three times for "one random haiku", from a model
# whose file says *T* = 1. Three times the same poem came back, letter by letter [mlxvlm1331]. Before you
# unfold: which of the three voices spoke, and what did it say?
#
# <details><summary>Answer</summary>
#
# The engine. The server opened the file, but took only the end-of-text token from it. Then its own default
# came, and that was greedy. No error, no warning.
# </details>

# %% [markdown]
# ## Build it: who said so?
#
# > difficulty ●●○○○ · importance ●●●●● · 12 minutes
#
# Write the resolver, and let it say for each knob *who* set it. A report of this kind would have solved
# your colleague's first question in a second.
#
# <details><summary>Hint</summary>
#
# Begin with what the engine says. Then let the model's file write over it, then the request.
# </details>


# %% answer="my_resolver"
def my_resolver(request, model_file, engine):
    """The settings that are used, and who set each: a dict of name -> (value, who).

    engine: a dict with every knob that the engine has, and its default. request, model_file: dicts,
    perhaps empty, that may hold other names too. All values are numbers; None in the request or the
    file says nothing, as if the name were not there, and 0 does say something.
    who: "request", "model file" or "engine", the first of the three that says something. A name that
    the engine does not have is left out if the file says it; if the request says it, its value is
    there with "ignored". The dicts stay as they are.
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
# Run this as often as you like. It gives no points, only reasons.

# %%
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
# Now give it your colleague's request, which says nothing, with the file of our model:

# %%
ENGINE = {"temperature": 1.0, "top_k": 50, "top_p": 1.0}
for server, file in (("Ash", {}), ("Birch", MODEL_FILE)):
    for name, (value, who) in (attempt(my_resolver, {}, file, ENGINE) or {}).items():
        print(f"{server:<6} {name:<12} {value:<5} {who}")

# %% [markdown]
# There is the **first culprit: silence.** Ash never opened the file and drew by the engine's numbers. Birch
# drew by the maker's. To say nothing is also a choice, and somebody else makes it.
#
# Why not simply say everything in the request, then? Because by now you may not be allowed to.

# %% [markdown]
# ## When you may not ask
#
# What three large providers accepted in November 2026:
#
# | provider | *T* and top-p in a request |
# |---|---|
# | Anthropic | an error in any request of API version 2026-10-21, also for *T* = 1 [claudeversion2026] |
# | OpenAI | to be left out of GPT-6 requests, unless the effort for reasoning is `none` [openaideploy2026] |
# | Google | taken; for Gemini 3 it advises to leave *T* at 1.0 [gemini2026] |

# %% [markdown]
# Google gives a reason: these models were tuned at *T* = 1, and a lower one may bring loops and worse
# reasoning. So is this course about knobs that are dying?
#
# **Predict.** Name two places where somebody still has to set them.

# %% [markdown]
# <details><summary>Answer</summary>
#
# - **Open models**: whoever runs one is its provider.
# - **Training**: a model that learns from its own texts draws them at some temperature.
# - **Evaluation**: a published score holds for the settings that it was measured with.
# - **Speed**: a small model that guesses ahead for a large one (module 11) has to keep to the large one's
#   settings.
#
# The knobs have not gone. They have moved from the request to those who run the model.
# </details>

# %% [markdown]
# And that leaves Cedar. It reads the same file as Birch, so its report would be the same, line by line. Same
# numbers, another text. How?

# %% [markdown]
# ## The same numbers, another order
#
# Three tokens with the logits 3, 2 and 1, *T* = 0.5 and *p* = 0.8.
#
# **Predict.** Which tokens stay if *T* comes first? And if it comes last?

# %%
logits = torch.tensor([3.0, 2.0, 1.0])
print("shares at T = 1:  ", shares(logits))
print("shares at T = 0.5:", shares(logits / 0.5))
print("T first keeps", kept(top_p(temperature(logits, 0.5), 0.8)))
print("T last keeps ", kept(temperature(top_p(logits, 0.8), 0.5)))

# %% [markdown]
# At *T* = 0.5 the first token has 0.867, which reaches 0.8 alone. At *T* = 1 it has 0.665, so the second
# comes in too. Neither program is wrong. With *T* last, *p* speaks about what the model thinks; with *T*
# first, about what will be drawn.

# %% [markdown]
# **Predict.** Top-k counts ranks. Does its place in the order matter as much?
#
# <details><summary>Answer</summary>
#
# Before or after *T*: not at all, as *T* changes no rank. Before or after top-p it may matter: top-p measures
# shares of what is left, and after a top-k there is less left, so each share is larger.
# </details>
#
# These are the usual orders, as read in the code of 2026, for the knobs that we know:

# %% [markdown]
# | library | order |
# |---|---|
# | transformers [transformers2026] | penalties, **T**, top-k, top-p |
# | vLLM [vllm2026] | penalties, **T**, top-k, top-p |
# | llama.cpp [llamacpp2026] | penalties, top-k, top-p, **T** |
# | mlx-lm [mlxlm2026] | penalties, top-p, top-k, **T** |
#
# Birch works like the first two, Cedar like llama.cpp. Does it matter along a whole text? The Storyteller
# reads the beginning of an old story. At each token we count what top-p 0.9 keeps.

# %% [markdown]
# **Predict.** With *T* last the median is 37 tokens, whatever *T* is. With *T* = 0.5 first: about 20, or below
# 10? With *T* = 1.5 first: about 60, or above 500?

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
# 2 and 524. So when one person writes "*T* = 1.5 is fine" and another "*T* = 1.5 is rubbish", both may tell the
# truth: one draws from dozens of tokens, the other from hundreds. There is the **second culprit: the order.**

# %% [markdown]
# ## Build it: any order
#
# > difficulty ●●●○○ · importance ●●●●● · 15 minutes
#
# Write `apply_in_order`: it works through a list of steps from left to right, so it can run any library's
# order. You may use PyTorch, but not the course's functions.
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
# Now let it run in Cedar's order, beside the course's own, which is Birch's. While it is not written, or when
# it has a mistake, the explorer says so below the picture.
#
# **Predict.** After `The king said to his` the best token, ` wife`, has 17%. Set *T* = 2 and *p* = 0.8: in
# which of the two orders will it keep more?


# %%
def temperature_last(logits, t, p):
    return apply_in_order(logits, NONE, [("top_p", p), ("temperature", t)])


explore.Distribution(
    "The king said to his", knobs=("temperature", "top_p"), strategy=temperature_last
)

# %% [markdown]
# 1. At *T* = 1, do the two agree at every *p*? They should.
# 2. At *T* = 2 and *p* = 0.8, *T* first keeps 1,016 tokens and *T* last 55. What share does ` wife` have in
#    each? (0.026 and 0.078: fewer tokens share the same whole.)

# %% [markdown]
# ## Careful twice
#
# When *T* comes first, a small *T* and a small *p* strengthen each other. To be careful, someone sets
# *T* = 0.3 *and* *p* = 0.6.
#
# **Predict.** After `Once upon a time`, will such a text be nearer to greedy, or to plain sampling?

# %%
explore.Loops(temperature=0.3, top_p=0.6, repetition_penalty=1.0)

# %% [markdown]
# 1. What share of 4-grams repeats in greedy text, and in yours? (61% and 46%.)
# 2. Undo *one* of the two: put *p* back to 1. Then *T* back to 1, with *p* at 0.6 again. How far does the share of
#    repeats fall? (To 8%, and to 3%.)

# %% [markdown]
# Each looked mild. Together they leave one token at most steps: greedy in disguise. That is no law against
# setting both (the maker's file does). It is a reason to *look* at what a pair of knobs leaves.

# %% [markdown]
# Two of the four lines are explained. But Birch against Birch at noon: the same file, the same order, the same
# seed. Is a seed not a promise?

# %% [markdown]
# ## Who else was there?
#
# A seed fixes the random numbers, and nothing else. The text also depends on the logits, down to their last
# digits.
#
# **Predict.** Do these two print the same?

# %%
print((0.1 + 0.2) + 0.3)
print(0.1 + (0.2 + 0.3))

# %% [markdown]
# A computer rounds after every addition, so it matters which one comes first. What is small beside a large
# number can be lost altogether:

# %%
print(1e16 + 1.0 - 1e16, 1e16 - 1e16 + 1.0)
numbers = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0))
print(numbers.sum().item(), numbers.sort().values.sum().item())

# %% [markdown]
# The same million numbers, two orders, two sums. A logit is such a sum of products. A program that has one
# request to work on splits its sums in one way; with sixteen at once it splits them in another, because
# that is faster. So the last digits of *your* logits depend on how many *other* people are asking.

# %% [markdown]
# Here is the Storyteller in full precision, alone, and then as the first of eight rows:


# %%
def first_row(rows):
    return write(Settings(), range(rows), length=8)[0]


alone = first_row(1)
for name, steps in (("again, alone", first_row(1)), ("as one of eight", first_row(8))):
    gaps = [(a.logits - b.logits).abs().max().item() for a, b in zip(alone, steps, strict=True)]
    print(f"{name:<16} largest difference of a logit: {max(gaps):.2g}")

# %% [markdown]
# Run again alone, the logits are equal to the last bit: a computer does not roll dice by itself. In company
# they differ, near the fifth digit after the point. (On your processor it may be a little more or less.)

# %% [markdown]
# Servers calculate in 16 bits, so their last digits come much earlier. Birch does too. Each of its scores is a sum of
# 256 products, and it adds them up in as many parts as it has requests: in one, or at noon in sixteen. After each part
# the sum is rounded to 16 bits.
#
# **Predict.** Birch gets 16 requests, once one after the other and once all at the same time. How many of the 16
# texts change?


# %%
def forks(quiet, busy):
    return sum(a != b for a, b in zip(quiet, busy, strict=True))


SEEDS = range(16)
quiet = [serve(MODEL_FILE, T_FIRST, [seed])[0] for seed in SEEDS]
busy = serve(MODEL_FILE, T_FIRST, SEEDS)
print(f"{forks(quiet, busy)} of 16 texts change within 20 tokens")

# %% [markdown]
# Four, and seed 3 is among them: it is your colleague's white man. One draw near the border between two tokens
# is enough, and from there the texts share nothing. A longer text has more draws, so more texts change. There
# is the **third culprit: company.**
#
# At *T* = 0 nothing is drawn. **Predict.** Is *T* = 0 safe?

# %% [markdown]
# <details><summary>Answer</summary>
#
# No. When the two best tokens are nearly even, the last digits decide which of them is the best. In 2025
# a team sent one large open model 1,000 equal requests at *T* = 0. It got 80 different
# texts. All agreed for the first 102 tokens [he2025].
# </details>

# %% [markdown]
# ## The cure
#
# The same people found the cure. The disease is not chance: it is an order of additions that depends on the
# company. So **fix the order**: add up each row's products in the same parts, whoever else is there.
#
# **Predict.** How many of the 16 texts change now?

# %%
quiet = [serve(MODEL_FILE, T_FIRST, [seed], fixed=True)[0] for seed in SEEDS]
busy = serve(MODEL_FILE, T_FIRST, SEEDS, fixed=True)
print(f"{forks(quiet, busy)} of 16 texts change")

# %% [markdown]
# None, and this zero is no luck: the two runs do the same additions in the same order, so they agree to the last
# bit. Our server takes each request alone, which is slow. A clever program keeps them together and fixes the order only.
#
# vLLM has it as a switch, `VLLM_BATCH_INVARIANT=1`, still marked beta [vllmbatch2026]. It promises the same text on the
# same hardware and version only [vllmrepro2026]: another chip may add up in another order again.

# %% [markdown]
# So what has to stay the same is best **stored**, not made again. And a stored answer is a good alarm: when the
# same request one day gives another text, something behind the name has changed.
#
# All three culprits are caught. You can now get exactly the settings that you want. Which do you want?

# %% [markdown]
# ## Ask the makers
#
# What makers of open models recommended up to November 2026, and where:

# %% [markdown]
# | model | *T* | *p* | *k* | presence |
# |---|---|---|---|---|
# | DeepSeek-V4, file [ikllama2302] | 1.0 | 1.0 | | |
# | GLM-5, guide [glm2026] | 1.0 | 0.95 | | |
# | Gemma 4, file [mlxvlm1331] | 1.0 | 0.95 | 64 | |
# | Qwen3-VL, file [qwenvl1825] | 0.7 | 0.8 | 20 | |
# | Qwen3-VL, as evaluated [qwenvl1825] | 0.7 | 0.8 | 20 | 1.5 |

# %% [markdown]
# The last two rows are one and the same model. Its maker measured it with a presence penalty of 1.5, and left
# that penalty out of the file. Who downloads it gets other settings than the ones behind the published scores.
#
# And GLM's guide says to change *T* or *p*, but not both, while Qwen's file sets both and *k* as well. Do the
# makers contradict each other?

# %% [markdown]
# Not quite. Each recipe was found good *for one model, on its maker's tasks*. "Not both" is advice for somebody
# who turns knobs by hand and wants to know which one did it. A maker who has tested a whole set may well set three.
#
# So a recipe is a **hypothesis**. It can be tested, on your model and your task. We test three, and then ten at once.

# %% [markdown]
# ## Test one: *T* = 0 is for right answers
#
# You find it everywhere: for facts and sums take *T* = 0, it is deterministic and right. That is two claims. We
# ask the Calculator, a tiny model that adds five numbers, with its working or for the answer alone. Each of 24 sums is
# asked with four seeds.
#
# **Predict.** *T* = 0, 0.5 or 1: where are most right? And how many sums get one answer four times?

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


# %%
print("              working   same 4 times   right")
for worked in (True, False):
    for T in (0, 0.5, 1.0):
        tries = four_tries(Settings(temperature=T), worked)
        same = sum(len(set(four)) == 1 for four in tries)
        right = sum(four.count(sum(s)) for four, s in zip(tries, SUMS, strict=True))
        print(f"T = {T:<8} {'yes' if worked else 'no':>10} {same:>9} of 24 {right / 96:>8.0%}")

# %% [markdown]
# *Deterministic*: yes, 24 of 24, as long as nobody disturbs the additions. *Right*: 75% with the working, 4%
# without it. Determinism is worth having when you look for a bug, and it says nothing about truth. A wrong
# answer that comes every time only looks more certain.

# %% [markdown]
# What did help was to let the model write down its working: from 4% to 75%, at the same *T* = 0. And is 75% at *T* = 0
# really more than 71% at *T* = 0.5? With 24 sums?

# %% [markdown]
# ## Pair by pair
#
# Module 07 gave us the tool. Both recipes get the same sums, or the same prompt and seeds, so that both meet the same
# luck. Take the difference pair by pair. A *standard error* is the standard deviation of the *n* differences, divided
# by √*n*; their mean, give or take two of them, is the interval. If it holds 0, you cannot tell which is larger.
# `interval` below is what you wrote there.

# %%
at_zero, at_half = (
    [four.count(sum(s)) / 4 for four, s in zip(tries, SUMS, strict=True)]
    for tries in (four_tries(Settings(temperature=T), worked=True) for T in (0, 0.5))
)
mean, low, high = interval(at_zero, at_half)
print(f"right at T = 0, less right at T = 0.5: {mean:+.2f}, from {low:+.2f} to {high:+.2f}")

# %% [markdown]
# It holds 0. So these 24 sums do *not* show that *T* = 0 is better, and they do not show that it is not. They are too
# few. The Calculator's card has 1,000 sums: there *T* = 0 gets 72.8% and *T* = 0.5 gets 65.0%. So there was a
# difference, and our 24 could not see it.

# %% [markdown]
# ## Test two: a penalty of 1.5
#
# Qwen's maker measured with a presence penalty of 1.5. Others say: penalties only once you see loops. Who is right
# *for the Storyteller*? We take *T* = 0.7, with and without it, with the same 32 seeds, and look at the repeated
# pairs (seq-rep-2) and at the mean log-probability.
#
# **Predict.** Which of the two will the penalty change for sure?


# %%
def measured(settings):
    """For each of 32 seeds: the share of repeated pairs, and the mean log-probability."""
    texts = write(settings, range(32))
    repeats = [seq_rep_n([step.token for step in text], 2) for text in texts]
    return repeats, [fmean(step.logprob for step in text) for text in texts]


def race(first, second):
    """Compare two settings on the same 32 seeds."""
    for name, a, b in zip(("repeats", "log-prob"), measured(first), measured(second), strict=True):
        _, low, high = interval(b, a)
        print(f"{name:<9} {fmean(a):6.3f} → {fmean(b):6.3f}   change {low:+.3f} to {high:+.3f}")
        print("          without pairs it would be {:+.3f} to {:+.3f}".format(*without_pairs(a, b)))


# %%
race(Settings(temperature=0.7), Settings(temperature=0.7, presence_penalty=1.5))

# %% [markdown]
# Both change. The penalty takes away nearly all repeated pairs, and it makes the texts less likely: it pays for new
# words with odd ones. Both camps are right about something, and now you know how much.
#
# Look at the last line, too. Without pairs the interval of the log-probability holds 0, and we would not have known.
# The pairs made the same 64 texts say more.

# %% [markdown]
# ## Test three: the second digit
#
# People tune *p* = 0.91 against 0.90. The same 32 seeds:

# %%
race(Settings(top_p=0.90), Settings(top_p=0.91))

# %% [markdown]
# Both intervals hold 0. Is 0.91 therefore superstition? That would be too much: the first one says that *if* there is
# a difference in repeats, it is smaller than about two pairs in a hundred. Whoever claims to have felt it must have
# read very many texts.

# %% [markdown]
# ## Ten recipes at once
#
# Nobody tries only two recipes. You try ten, and keep the one that beats your old one. Here is a made-up contest: an
# old recipe against six to ten new ones, dozens of pairs each. And in truth **all are equal**.
#
# **Predict.** In how many of 200 such contests will some new recipe "win", with an interval above 0?


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
    found = check.plain(check.call(picker, list(old), [list(numbers) for numbers in new]))
    good = found is None or (type(found) is int and 0 <= found < len(new))
    assert good, f"Return the place of a recipe, 0 to {len(new) - 1}, or None, not {found}."
    return found


FIRST = made_up(random.Random(0), better=True)


def straight(picker, old=FIRST[0], new=FIRST[1]):
    found = picked(picker, old, new)
    spread = max(max(numbers) for numbers in (old, *new)) - min(old)
    clear = [x + spread * (9 + i * i % 7 / 100) for i, x in enumerate(old)]
    assert picked(picker, old, [*new, clear]) == len(new), (
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


# %%
fooled = sum(
    any(interval(numbers, old)[1] > 0 for numbers in new)  # its lower end
    for old, new, _ in made(random.Random(1), better=False, count=200)
)
print(f"{fooled} of 200 contests have a winner")

# %% [markdown]
# An interval that is wrong one time in 40 on its upper side gets up to ten chances here. Search long enough, and luck
# will win for you. So to pick the best of many, you have to ask for more than for a single race.

# %% [markdown]
# ## Build it: one of many
#
# > difficulty ●●●●○ · importance ●●●●● · 20 minutes · there are many right designs
#
# Write a picker. You may ask for a wider interval, or let a first half of the pairs choose and the second half
# confirm, or do something of your own.

# %% [markdown]
# It has to keep three promises:
#
# 1. **straight**: see the description, all of it;
# 2. **cautious**: where all are equal, it picks none in at least 90 of 100 contests;
# 3. **keen**: where one is better by five standard errors, it picks that one in at least 80 of 100.


# %% answer="my_pick"
def my_pick(old, new):
    """The place in `new` of the recipe to change to; None if none has shown that it is better.

    old: a list of 24 to 60 numbers, one a seed, the higher the better; new: a list of 1 to 11 such
    lists, each as long; what stands at the same place was measured with the same seed, and no two
    recipes differ by the same amount at all seeds. A recipe that is far better at every seed is
    picked. The order of the recipes does not matter, and not the scale: with all numbers times ten
    and plus seven the pick is the same. The same lists give the same pick, and stay as they are.
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
# Run this as often as you like. It gives no points, only reasons.

# %%
for promise in (straight, cautious, keen):
    check.passes(promise.__name__, promise, my_pick)

# %% [markdown]
# Now a real contest. The old recipe is *T* = 0.7. Four others want its place, and what counts is few repeats.
#
# **Predict.** How many of the four have an interval above 0? Which one does your picker take?

# %%
rivals = {
    "p 0.9": Settings(top_p=0.9),
    "T 0.75": Settings(temperature=0.75),
    "p 0.9, k 40": Settings(top_p=0.9, top_k=40),
    "presence 1.5": Settings(temperature=0.7, presence_penalty=1.5),
}
old, *new = ([-x for x in measured(s)[0]] for s in (Settings(temperature=0.7), *rivals.values()))
for name, numbers in zip(rivals, new, strict=True):
    mean, low, high = interval(numbers, old)
    print(f"{name:<13} {mean:+.3f}, from {low:+.3f} to {high:+.3f}")
place = attempt(my_pick, old, new)
print("your picker:", None if place is None else list(rivals)[place])

# %% [markdown]
# Three of the four: even *T* = 0.75, by a hair. Our own picker asks for three standard errors, and takes the penalty.
# (Yours may ask for something else.) And you know from test two what the penalty costs. A contest finds the best *by the
# number that you gave it*.

# %% [markdown]
# ## The last test is yours
#
# The buttons above the sliders are the course's own presets. They are guesses too.

# %%
explore.Playground(
    PROMPT, settings=Settings(temperature=0.7), knobs=["temperature", "top_p", "frequency_penalty"]
)

# %% [markdown]
# 1. Choose `creative`, press **Generate**, then the same with `code`. Look at distinct-2, the share of different
#    pairs. (0.98 and 0.34.) For which task would you want which?
# 2. Put the settings that you like best into `race`, against `Settings(temperature=0.7)`. Was your feeling right?

# %% [markdown]
# ## What production systems do
#
# As of November 2026: vLLM and llama.cpp apply the file that came with the model; several hosted APIs take no
# *T* at all; vLLM offers a fixed order of additions, for training and for finding bugs above all. None of them
# can know your task.

# %% [markdown]
# ## Four texts, explained
#
# Ash and Birch differed because your colleague was silent, and two others spoke for him. Birch and Cedar used
# the same numbers in another order. Birch at noon added up in another order, because of its company. So: say
# every knob, know the order, fix the additions.

# %%
ORDERS["Cedar"] = T_FIRST  # llama.cpp lets you set it: --samplers
for server in ("Ash", "Birch", "Birch, at noon", "Cedar"):
    name, noon = server.partition(",")[0], "noon" in server
    print(f"{server:<16}", repr(ask(name, noon=noon, fixed=True, **MODEL_FILE)))

# %% [markdown]
# Four times the same white man. Which *numbers* to send is another matter, and no table can tell you: a recipe is a
# guess by somebody with another model and another task. Measure it pair by pair, and the more you try, the more you
# have to ask for.
#
# One thing we took for granted all along: that a cut by rank or by mass is the right *kind* of cut. Is it? That is
# the next module.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores. Your builds from above are scored here too.

# %% [markdown] question="A program reads invoices" points=1
# A program copies number, date and sum from invoices, with an open model. Which settings would you test
# first, and against what?
#
# - **A** *T* = 0.3 and *p* = 0.6, against nothing, as this is safe
# - **B** *T* = 0.7, against *T* = 0.9, on stories
# - **C** *T* = 0, against the maker's settings, on invoices
# - **D** *T* = 0, against *T* = 0.3, each with a frequency penalty of 0.5

# %% answer="invoice_settings"
answer_recipe = ""  # "A", "B", "C" or "D"

# %% test="invoice_settings"
check.choice(
    answer_recipe,
    right="C",
    why={
        "A": "What do these two leave at most steps? And without a second recipe, what would you "
        "know after the test?",
        "B": "A recipe is good for a task. Are stories the task here?",
        "D": "Digits of an invoice repeat. What does such a penalty do to a digit that was already "
        "written twice, in both of the recipes that you compare?",
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

# %% [markdown] question="A tenth of the best" points=1
# Four tokens have the logits 6, 4, 3 and 1. A cut that is new to you keeps the tokens that are at least a
# tenth as likely as the best one. (The next module calls it min-p.) *T* = 2 comes first, as on vLLM.
# How many tokens stay? A tenth is a gap of ln 10 ≈ 2.3 between logits.

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
# To be safe, a writing assistant runs at *T* = 0.3 and *p* = 0.6, *T* first. Its stories go round in
# circles. Which change would you test first?
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
        "C": "Look at test three: how much did a step of 0.01 change, as far as one could see?",
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
    hint="Look at the section 'Who else was there?': a small number beside a large one.",
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
        "token is the best? See the section 'Who else was there?'.",
        "D": "Answering changes no weight. What differed between the two runs?",
    },
)

# %% [markdown] question="A search without a prize" points=1
# In truth none of ten new recipes is better than the old one. Each of the ten, on its own and independently of the
# others, has one chance in 40 to look better. How likely is it that at least one of them looks better? Two decimals.

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
from random import Random

from course_utils import domains


def shares_of(logits, t):
    return (logits.double() / t).softmax(dim=-1)


def drawn_from(logits, t, p):
    kept, held = torch.zeros(len(logits), dtype=torch.float64), 0.0
    for share, i in sorted(
        ((x, i) for i, x in enumerate(shares_of(logits, t).tolist())), reverse=True
    ):
        if held < p or p == 1:
            kept[i] = share
        held += share
    return kept / kept.sum()


def row(random):
    """Logits, T and p, where rounding decides nothing."""
    while True:
        scale = random.choice([0.5, 2, 2, 5, 1000])
        few = Random(random.randrange(6))  # the same few rows again, with other settings
        source = random.choice([random, random, few])
        vocab = source.choice([domains.size(source), domains.size(source), 60])
        values = [source.gauss(0, scale) for _ in range(vocab)]
        t = random.choice(
            [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 128.0, 128.0]
        )  # exact, if logits are large
        p = random.choice([1.0, 1.0, 0.999, 1e-6, 0.02, *(random.random() for _ in range(6))])
        if scale < 10 and random.random() < 0.5:
            t = random.choice([0.1, 0.1, 7, 40.0, *(random.uniform(0.3, 3) for _ in range(5))])
        if random.random() < 0.1:  # a large vocabulary, nearly even
            values = [(i + random.random() / 2) / 2000 for i in range(2000)]
            random.shuffle(values)
            scale, p = 1, random.choice([random.uniform(1e-5, 0.002), 0.0006, 0.6, 0.99, 1.0])
            t = random.choice([1.0, 2.0, 4.0, 128.0, t])
        logits = torch.tensor(values).clamp(-domains.EXTREME, domains.EXTREME)
        if scale == 1000:
            logits = logits.round()
        if random.random() < 0.3:
            logits[random.sample(range(len(values)), len(values) // 2)] = -torch.inf
        sums = shares_of(logits, t).sort(descending=True).values.cumsum(dim=-1)
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

# %% [markdown] question="A report on a request" points=3
# Your `my_resolver` from **Build it: who said so?** above, as its description says. One point each: the
# three voices, where each value is above 0 and all names are the engine's; 0, negative values and None;
# names that the engine does not have, with the dicts left as they were.


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


def voices(random, values, strangers):
    """A request, a model's file and an engine. strangers: whether there are names of no knob."""
    names = random.sample(NAMES, random.randint(0, 6))
    others = [name for name in NAMES if name not in names] if strangers else []

    def some(names, values):
        chosen = [name for name in names if random.random() < 0.5]
        random.shuffle(chosen)
        return {name: random.choice(values) for name in chosen}

    numbers = [x for x in values if x is not None]
    engine = {name: random.choice(numbers) for name in names}
    request = some([*names, *others], values)
    said = some([*names, *others], values)
    return request, dict(request) if random.random() < 0.1 else said, engine


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
        why="For each knob of the engine: the first of request, model's file and engine that has it, "
        "and that one's name.",
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
        why="A name that the engine does not have: it matters who said it. Names differ as soon as "
        "one letter or space does.",
        within=0,
    )
    check.keeps(my_resolver, anything, why="The three dicts must be the same after the call.")


points = 1.0 * check.passes("three voices", three_voices)
points += check.passes("0 and None", zero_and_none)
points += check.passes("names that the engine does not have", strangers)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="One of many recipes" points=3
# Your `my_pick` from **Build it: one of many** above: one point for each promise, over all that its
# description allows. *Cautious* counts only together with *straight*, *keen* only with both. They are measured
# on other made-up contests than above. Course functions may be called.


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


def always_straight():
    straight(my_pick)
    for args, _ in check.drawn(check.nothing, any_contest, cases=15):
        straight(my_pick, *args)
    check.keeps(my_pick, any_contest, why="The lists have to stay as they were.")


def always_cautious():
    always_straight()
    cautious(my_pick, count=150, seed=2)


def always_keen():
    always_cautious()
    keen(my_pick, count=80, seed=3)


points = 1.0 * check.passes("straight", always_straight)
points += check.passes("cautious", always_cautious)
points += check.passes("keen", always_keen)
### END HIDDEN TESTS
float(min(points, 3))

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
# - [agentdojo141], [transformers8686], [fishspeech1150], [vllm1637], [vllm2514]: changes to
#   [AgentDojo](https://github.com/ethz-spylab/agentdojo/pull/141),
#   [transformers](https://github.com/huggingface/transformers/pull/8686),
#   [fish-speech](https://github.com/fishaudio/fish-speech/pull/1150),
#   vLLM ([one](https://github.com/vllm-project/vllm/pull/1637), [two](https://github.com/vllm-project/vllm/pull/2514))
#
# What each is cited for stands in the course's `quizzes/references.md`.

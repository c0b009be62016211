# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Beyond the usual knobs
#
# Ten ways to choose a token that came after top-k and top-p, what is known of each, and one more:
# yours.

# %% [markdown]
# > **About 75 minutes** · difficulty ●●●●○ · you need: modules 04, 05 and 07
# >
# > Afterwards you can
# > - say what ten newer samplers are for, and work out by hand what they keep;
# > - weigh the evidence for a sampler and against it;
# > - write min-p, and repair real samplers;
# > - design a sampler, and defend it with measurements.
#
# Names in brackets, as in [nguyen2025], are sources, listed at the end.

# %% [markdown]
# **Recall.** After `Once upon a` a model gives five words 85%, 8%, 4%, 2% and 1%. After `She saw a`
# it gives five words 26%, 22%, 20%, 17% and 15%. How many words does top-p keep at *p* = 0.9, in
# each? And top-k at *k* = 3?
#
# <details><summary>Answer</summary>
#
# Top-p keeps two (85% is short of 90%, 93% is not), and then all five (four hold 85%). Top-k keeps
# three both times, sure or not.
# </details>

# %% locked="setup"
import math

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.beam import contrastive_search
from course_utils.explore.frontier import STORIES, read_human
from course_utils.explore.plots.style import DRAWN, INK, KEPT, QUIET
from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import distinct_n, perplexity, seq_rep_n
from course_utils.penalties import dry, frequency_penalty, no_repeat_ngram  # noqa: F401
from course_utils.sampling import (  # noqa: F401, some are there for your own sampler
    epsilon_cutoff,
    eta_cutoff,
    min_p,
    mirostat,
    mirostat_update,
    temperature,
    top_h,
    top_k,
    top_n_sigma,
    top_p,
    typical_p,
    xtc,
)
from course_utils.speculative import lookup_draft, speculate
from course_utils.toys import NEXT_LOGITS, VOCABULARY

SURE_WORDS = ("time", "day", "year", "night", "hill")  # after "Once upon a"
OPEN_WORDS = ("fox", "man", "bird", "ship", "light")  # after "She saw a"
SURE = torch.tensor([0.85, 0.08, 0.04, 0.02, 0.01]).log()
OPEN = torch.tensor([0.26, 0.22, 0.20, 0.17, 0.15]).log()


def stay(words, logits):
    """The words that are not cut, and the share of each."""
    shares = zip(words, logits.softmax(dim=-1).tolist(), strict=True)
    return ", ".join(f"{word} {share:.2f}" for word, share in shares if share)


# %% [markdown]
# ## Min-p: a bar that follows the best
#
# Top-p fills a quota: tokens come in until *p* is reached, good or bad. Min-p asks each token alone:
# are you at least *m* times as likely as the best one? With *m* = 0.1 the bar for `time`, 85%, is at
# 8.5%. For `fox`, 26%, it is at 2.6%.

# %%
for words, logits in ((SURE_WORDS, SURE), (OPEN_WORDS, OPEN)):
    print("top-p 0.9:", stay(words, top_p(logits, 0.9)))
    print("min-p 0.1:", stay(words, min_p(logits, 0.1)), end="\n\n")

# %% [markdown]
# `day` has 8%, just below the bar, so `time` is alone. Where the model is open the bar is low, and
# all five stay.
#
# **Predict.** The next explorer starts at *T* = 1 with min-p off. Set min_p to 0.1. After `Once upon
# a time`, will 2, 20 or 200 of 4,096 tokens stay? And if you then raise *T* to 2?

# %%
explore.Distribution("Once upon a time", knobs=["temperature", "min_p"])

# %% [markdown]
# 1. At min_p 0.1 and *T* = 1, how many tokens stay? And after `The king said to his`? (2 and 9.)
# 2. Now *T* = 2, same prompts. (7 and 74.) The model knows nothing new. Why are there more?

# %% [markdown]
# ## The formula
#
# $$p_i \ge m \, p_{\max} \quad\Longleftrightarrow\quad z_i \ge z_{\max} + \ln m$$
#
# A ratio of probabilities is a difference of logits, so min-p needs no softmax. If *T* comes first,
# the bar on the model's own logits sinks to $z_{\max} + T \ln m$: the hotter, the lower.

# %% [markdown]
# So the order matters. **Predict.** The logits are 5, 3 and 1, and ln 0.1 is −2.3. How many tokens
# does min-p 0.1 keep at *T* = 0.5, 1 and 2, with *T* first, and with *T* last?

# %%
logits = torch.tensor([5.0, 3.0, 1.0])
for T in (0.5, 1.0, 2.0):
    first = min_p(logits / T, 0.1).isfinite().sum().item()
    last = (min_p(logits, 0.1) / T).isfinite().sum().item()
    print(f"T = {T}: {first} kept with T first, {last} with T last")

# %% [markdown]
# `transformers` and vLLM apply *T* first, llama.cpp last [transformers2026] [vllm2026]
# [llamacpp2026]. A llama.cpp user once saw a token chosen that was shown with 1% beside one of 96%,
# with min-p at 0.05. One answer: min-p had looked before the temperature [llamacpp7498].

# %% [markdown]
# ## Build it
#
# > difficulty ●●●○○ · importance ●●●●● · 10 minutes
#
# Write `my_min_p`. You may use PyTorch, but not the course's functions. It is scored below, so read
# the description closely.
#
# <details><summary>Hint</summary>
#
# Compare each logit with the largest of its own row plus ln *p*. What is ln 0?
# <details><summary>More</summary>
#
# `.max(dim=-1, keepdim=True).values` is the best of each row, `torch.tensor(0.0).log()` is −inf, and
# `.masked_fill(mask, -torch.inf)` makes a new tensor.
# </details>
# </details>


# %% answer="my_min_p"
def my_min_p(logits, p):
    """Keep every token at least p times as likely as the best one of its row.

    logits: (..., vocab), float32, some perhaps at -inf, but not a whole row; they are left as they
    are. p: from 0, which keeps all, to 1, which keeps the best and its equals.
    Returns a tensor of the same shape: kept logits as they were, the others at -inf.
    """
    ### BEGIN SOLUTION
    bar = logits.max(dim=-1, keepdim=True).values + torch.tensor(float(p)).log()
    return logits.masked_fill(logits < bar, -torch.inf)
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It gives no points, only reasons.

# %%
for name, logits, p, expect in (
    ("sure, p = 0.1", SURE, 0.1, {0}),
    ("sure, p = 0.05", SURE, 0.05, {0, 1}),
    ("open, p = 0.7", OPEN, 0.7, {0, 1, 2}),
):
    why = "Which tokens have at least p times the probability of the best? Work it out by hand."
    check.passes(name, check.kept, my_min_p, logits, p, expect=expect, why=why)

# %% [markdown]
# Now your own function draws, with *T* fixed at 2 and first. While it is not written, or wrong, the
# explorer says so below the picture.
#
# **Predict.** ` there` has 66% at *T* = 1, the comma 17.5%. From which min_p on will ` there` be
# alone here: 0.26, 0.52 or 0.75?

# %%
explore.Distribution("Once upon a time", knobs=["min_p"], temperature=2.0, strategy=my_min_p)

# %% [markdown]
# 1. Were you right? (0.52: heat takes the root of the ratio, 0.175/0.66.)
# 2. Does your function agree with the course's at 0 and at 1?

# %% [markdown]
# **Predict.** Along a passage top-p keeps between 1 and 360 tokens. Will your min-p keep more or
# fewer at the open steps?

# %%
explore.AdaptiveCutoff(strategy=my_min_p, knob="min_p")

# %% [markdown]
# 1. What are the medians of top_p 0.9 and min_p 0.1? (48 and 4.) And how many of the text's own 38
#    tokens does each cut? (5 and 9.)
# 2. Lower min_p until it cuts 5 as well. Which of the two keeps fewer tokens at its widest step?
#    (At 0.01, min-p: 167 against 360.)

# %% [markdown]
# **The evidence.** The authors report better quality and more diversity than top-p, above all at
# high temperatures [nguyen2025]. A re-analysis says that their human evaluation left out data and
# tested it wrongly, and that no gain is left when all methods' knobs are tuned with the same effort
# [schaeffer2025]. We come back to it with measurements of our own.

# %% [markdown]
# ## Three more bars
#
# - **Epsilon** keeps *p* ≥ ε. The problem: top-p cuts words that are likely enough, as when only
#   `Trump` is left after `Donald` [hewitt2022].
# - **Eta** lowers that bar to $\sqrt{\varepsilon}\, e^{-H}$ where the entropy *H*, in nats, is high. The
#   problem: one bar is too strict for open steps [hewitt2022].
# - **Top-nσ** keeps logits at most *n* standard deviations below the best. The problem: heat lets
#   noise in [tang2024].

# %% [markdown]
# **Predict.** Take 4,096 equally likely tokens and ε = 0.0009. How many stay with epsilon, which
# always keeps the best and its equals? What if one token is a little better than the others? And
# with eta?

# %%
equal = torch.zeros(4096)
almost = equal.clone()
almost[7] = 0.01
for name, cut in (("epsilon", epsilon_cutoff), ("eta", eta_cutoff)):
    counts = [cut(x, 0.0009).isfinite().sum().item() for x in (equal, almost)]
    print(f"{name:<8} equal: {counts[0]:>5} stay   almost equal: {counts[1]:>5} stay")

# %% [markdown]
# 1/4,096 is 0.00024, below the bar. Only the rule that the best stays saves epsilon from an empty
# set, and of almost equal tokens it leaves one. Eta's bar is then 0.03 / 4,096, and all stay.
#
# **Predict.** Which of these columns will not change from row to row?

# %%
model = storyteller.load()
opened = model.next_logits("The king said to his")
print("       min-p 0.1   epsilon    eta   top-nσ")
for T in (1, 2, 3):
    x = temperature(opened, float(T))
    cuts = (min_p(x, 0.1), epsilon_cutoff(x, 9e-4), eta_cutoff(x, 9e-4), top_n_sigma(x, 1.0))
    counts = [cut.isfinite().sum().item() for cut in cuts]
    print(f"T = {T}" + "".join(f"{count:>9}" for count in counts))

# %% [markdown]
# Top-nσ: dividing by *T* shrinks the gaps and the standard deviation alike, so the same 20 tokens
# stay at every *T*. The price: it cannot tell a sure row from an open one that is the same row,
# heated.

# %%
for factor in (1.0, 10.0):
    x = torch.tensor([3.0, 2.5, 1.0, 0.0, -1.0]) * factor
    print(
        f"{x.tolist()}: best {x.softmax(-1).max():.2f}, {top_n_sigma(x, 1.0).isfinite().sum()} stay"
    )

# %% [markdown]
# **The evidence.** People found eta's long texts more plausible than those of older cuts, say its
# authors [hewitt2022]. Top-nσ's authors report gains on four sets of reasoning questions
# [tang2024]; a later paper objects that its deviation is over the whole vocabulary, and so at the
# mercy of the tail [ding2026]. **Top-h** bounds the entropy that is kept, and reports gains over
# min-p on creative writing [potraghloo2025]. Each is judged by its authors, or by a rival.

# %% [markdown]
# ## Cutting the head
#
# All cuts so far keep the best. **Typical** sampling asks what a person would say. Its idea: each
# word carries about as much information as is expected there, so the *most* likely word may be too
# dull [meister2023].
#
# The rule: sort tokens by | −log *p* − *H* |, nearest first, and keep until they hold *p* of the
# mass.

# %%
names = [model.tokenizer.decode([i]) for i in range(len(opened))]
surprise = -opened.log_softmax(-1)
expected = torch.special.entr(opened.softmax(-1)).sum()
typical = typical_p(opened, 0.2).isfinite()
print(f"entropy {expected:.2f} nats, {typical.sum()} tokens stay")
for i in opened.topk(8).indices.tolist():
    far = abs(surprise[i] - expected).item()
    print(
        f"{names[i]:<11} surprise {surprise[i]:.2f}  off by {far:.2f}  {'stays' if typical[i] else 'cut'}"
    )

# %% [markdown]
# ` wife` and ` daughter` are too likely here, and go. Of a sure row the best one stays: nothing else
# holds the mass.
#
# **XTC**, "exclude top choices", goes further. With some probability it removes *every* token that
# reaches a threshold, except the least likely of them, so that one good word is left [textgen6335].

# %%
always = torch.Generator().manual_seed(0)
for words, logits in ((SURE_WORDS, SURE), (OPEN_WORDS, OPEN)):
    print("XTC 0.1:", stay(words, xtc(logits, 0.1, 1.0, always)))
print("XTC 0.18:", stay(OPEN_WORDS, xtc(OPEN, 0.18, 1.0, always)))

# %% [markdown]
# `time` alone reaches 0.1, so it stays. Of five that do, the last stays; of the three above 0.18,
# `bird`, and below it nothing was touched. Above 0.5 no two tokens can reach a threshold, so it is
# off [sillytavern2684].

# %% [markdown]
# **The evidence.** Typical sampling is *competitive* in quality with top-p and top-k and repeats
# less, its authors say [meister2023]; competitive is not better. XTC comes from a chat program's
# users, without a paper. Many report that they like it [textgen6335]. We found no controlled study.

# %% [markdown]
# ## Looking back: DRY
#
# Repetition penalties punish every ` the`. **DRY**, "don't repeat yourself", punishes only a token
# that would prolong a repetition. If the last *n* tokens stood in the text before, what came next
# there loses
#
# $$\text{multiplier} \cdot \text{base}^{\,n - \text{allowed}}$$
#
# and nothing while *n* is below what is allowed [textgen5677].

# %%
text = torch.tensor([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5])
for n in range(1, 6):
    written_so_far = text[: 6 + n]
    after = dry(torch.zeros(8), written_so_far, multiplier=0.8, base=1.75, allowed_length=2)
    print(f"{n} repeated: token {written_so_far[-1] + 1} loses {after.abs().max():.2f}")

# %% [markdown]
# It grows with every round, so no loop can go on for ever. Greedy choice needs it most.


# %%
def greedy(logits, ids):
    return top_k(logits, 1)


def greedy_dry(logits, ids):
    return top_k(dry(logits, ids), 1)


for process in (greedy, greedy_dry):
    steps = list(generate(model, "Once upon a time", process, 70))
    looped = seq_rep_n([step.token for step in steps], 4)
    print(f"{process.__name__}: {looped:.0%} of the runs of four are repeats")
    print("Once upon a time" + "".join(step.text for step in steps), end="\n\n")

# %% [markdown]
# Better, and still dull. **The evidence**: again users, no paper. Its author argues that penalties on
# single words do more harm, as they hit articles and full stops. A maintainer objects that it acts
# only when a repetition is under way [exllamav2447]. And what must be copied suffers: addresses from
# a prompt came out wrong, and a graphics card was blamed first [llamacpp26754].

# %% [markdown]
# ## Looking back: contrastive search
#
# No dice here. Of the *k* likeliest tokens, take the one with the best
# (1 − α) · probability − α · likeness, where the likeness is the largest cosine between its hidden
# state and that of any token before [su2022]. At α = 0 it is greedy.

# %%
for alpha in (0.0, 0.6):
    found = contrastive_search(model, "Once upon a time", k=4, alpha=alpha, max_new_tokens=70)
    looped = seq_rep_n(found.tokens, 4)
    print(f"alpha {alpha}: {looped:.0%} repeats\nOnce upon a time{found.text}\n")

# %% [markdown]
# The loop is gone, without a die. **The evidence**: human judges put it on a level with people's
# texts in 12 of 16 languages, say its authors [sucollier2022]. Against another method it lost on
# MAUVE and won with people [suxu2022], so one of the two judges is wrong. It costs a batch of *k* at
# every step, and `transformers` moved it out of the library [transformers40428].

# %% [markdown]
# ## Mirostat: hold a target
#
# A cut that is too tight bores itself: each dull sentence makes the next one likelier. **Mirostat**
# measures instead. Cut what is more surprising than μ bits, draw, and correct: μ falls if the token
# surprised more than the target τ, and rises if less [basu2021].
#
# $$\mu \leftarrow \mu - \eta \, (\text{surprise} - \tau), \qquad \mu_0 = 2 \tau$$

# %% [markdown]
# With τ = 2 and η = 0.1, μ starts at 4. A token of 1/8, three bits, moves it to 3.9. **Predict.** Where
# does one of 1/2 move it next?
#
# <details><summary>Answer</summary>
#
# One bit is one less than τ, so μ rises by 0.1, back to 4.
# </details>


# %%
def make_mirostat(tau, eta=0.1):
    memory = {}  # for each text so far: its μ, and the logits that its next token is drawn from

    def process(logits, ids):
        text = tuple(ids.tolist())
        mu = 2 * tau
        if text[:-1] in memory:
            mu, before = memory[text[:-1]]
            surprise = -before.log_softmax(-1)[text[-1]].item() / math.log(2)
            mu = mirostat_update(mu, surprise, tau, eta)
        memory[text] = mu, logits
        return mirostat(logits, mu)

    return process


# %% [markdown]
# μ belongs to one text: one μ for several would hold only their *average* at τ. So it is kept by the
# text. One library once forgot it from token to token [llamacpppython914].
#
# **Predict.** Top-p 0.3 against mirostat with τ = 2, six texts each. Which line will fall?

# %%
curves = {}
for name, process in (("top-p 0.3", Settings(top_p=0.3)), ("mirostat, τ 2", make_mirostat(2.0))):
    bits = torch.full((6, 100), torch.nan)
    prompts = ["One fine morning the Fox"] * 6
    for i, steps in enumerate(generate_batch(model, prompts, process, 100)):
        for seed, step in enumerate(steps):
            if step is not None:
                bits[seed, i] = -step.logprob / math.log(2)
    curves[name] = bits.view(6, 5, 20).nanmean(dim=(0, 2)).tolist()

# %%
chart = explore.Chart(x="token of the text, means of 20", y="surprise in bits")
for (name, means), colour, marker in zip(curves.items(), (DRAWN, KEPT), "so", strict=True):
    chart.axes.plot(range(20, 101, 20), means, color=colour, marker=marker)
    chart.label(102, means[-1], name, colour)
chart.axes.set(xlim=(15, 122), ylim=(0, 2.6), xticks=range(20, 101, 20))
said = "; ".join(f"{name}: from {m[0]:.1f} to {m[-1]:.1f} bits" for name, m in curves.items())
chart.says(said + ".")

# %% [markdown]
# Top-p falls into the authors' *boredom trap*: its text gets likelier and likelier.
# Mirostat stays near its two bits. That is their result on our small model [basu2021]. It is a result
# about control. Two bits may still be a bad story.

# %% [markdown]
# ## And one that changes nothing
#
# **Speculative** sampling is about time. A cheap draft proposes tokens, and the model checks several
# in one pass, accepting and redrawing in such a way that the distribution stays exactly its own
# [leviathan2023].

# %%
greedily = Settings(temperature=0)
plain = "".join(step.text for step in generate(model, "Once upon a time", greedily, 60))
rounds = list(speculate(model, "Once upon a time", lookup_draft(model), greedily, 60))
print("same text:", "".join(each.text for each in rounds) == plain)
print(f"passes of the model: {len(rounds)} instead of 60")

# %% [markdown]
# ## What goes wrong
#
# **The best token is not token 0.** A published sampler read the bar from the first logit of the
# vocabulary, and stopped with an error for any batch [mamba927].

# %%
logits = torch.tensor([-4.0, 5.0, 3.0, 1.0])
print("first logit as bar:", (logits >= 0.1 * logits[..., 0]).tolist())
print("the rule:          ", (logits >= logits.max() + math.log(0.1)).tolist())

# %% [markdown]
# **Bits and nats.** Mirostat's μ is in bits. A server measured surprise with the natural logarithm
# [aprender2142]. A nat is 1.44 bits, so its bar was 1.44 times as high.

# %%
p = opened.softmax(-1)
print("μ = 6, surprise in bits:", (-p.log2() <= 6).sum().item(), "tokens stay")
print("μ = 6, surprise in nats:", (-p.log() <= 6).sum().item(), "tokens stay")

# %% [markdown]
# **A default that turns XTC round.** In one library the threshold was 0 unless set. Every token
# reaches 0, so all go except the least likely of the whole vocabulary [mlxlm1036].

# %%
probs = NEXT_LOGITS.softmax(-1)
reach = probs >= 0.0
last = probs.masked_fill(~reach, 2.0).argmin().item()
print(f"left of nine words: {VOCABULARY[last]}, {probs[last]:.5f}")

# %% [markdown]
# **One token short.** A repair in `transformers` once made typical sampling stop *before* the token
# that reaches *p*, and was repaired in turn [transformers27165]. Nearest to the entropy of 1.21 nats,
# the tokens below hold 25% and 50%:

# %%
in_order = torch.tensor([0.25, 0.50, 0.125, 0.125])
mass = in_order.cumsum(0)
reached = (mass < 0.6).sum().item()  # the place of the token that reaches 0.6
print(f"kept up to it:  {mass[reached]:.3f} of the mass")
print(f"one token less: {mass[reached - 1]:.3f}, below the 0.6 that was asked for")

# %% [markdown]
# ## What production systems do
#
# - llama.cpp runs DRY, top-nσ, top-k, typical, top-p, min-p (0.05 by default), XTC, and *T* last
#   [llamacpp2026].
# - `transformers` runs *T*, then top-h, top-k, top-p, min-p, typical, ε, η, if asked
#   [transformers2026].
# - vLLM has min-p, between *T* and top-k [vllm2026].
# - Mirostat may take the place of all others, as in one chat program [textgen2571].
#
# Before you combine several, ask what each still cuts after the others.

# %% [markdown]
# ## A known result, and the objection
#
# First the claim: min-p stays readable at temperatures where top-p falls apart [nguyen2025]. We take
# the perplexity under the model itself, and the five opening lines from stories that it has never
# read.


# %%
def written(process, texts=10, tokens=20):
    """Token ids of texts that go on from the five openings, and every token's log-probability."""
    prompts = list(STORIES) * (texts // 5)
    ids, logprobs = [[] for _ in prompts], []
    for steps in generate_batch(model, prompts, process, tokens):
        for text, step in zip(ids, steps, strict=True):
            if step is not None:
                text.append(step.token)
                logprobs.append(step.logprob)
    return ids, logprobs


HUMAN = math.exp(-read_human(STORIES).logprob)
print(f"what people wrote there: perplexity {HUMAN:.0f}")

# %% [markdown]
# **Predict.** At *T* = 1 both stay below people's perplexity. At *T* = 2, will top-p 0.9 be 2, 5 or
# 50 times above it? And what if its *T* comes last?


# %%
HEATS = (1.0, 1.5, 2.0, 3.0)
RECIPES = {
    "top-p 0.9": lambda T: Settings(temperature=T, top_p=0.9),
    "min-p 0.1": lambda T: Settings(temperature=T, min_p=0.1),
    "top-p 0.9, T last": lambda T: lambda logits, ids: top_p(logits, 0.9) / T,
}
found = {}
for name, recipe in RECIPES.items():
    found[name] = [perplexity(written(recipe(T))[1]).item() for T in HEATS]

# %%
chart = explore.Chart(x="temperature", y="perplexity (log scale)", height=3.4)
for (name, values), look in zip(
    found.items(), ((DRAWN, "s"), (KEPT, "o"), (QUIET, "^")), strict=True
):
    colour, marker = look
    chart.axes.semilogy(HEATS, values, color=colour, marker=marker)
    chart.label(3.05, values[-1], name, colour)
chart.axes.axhline(HUMAN, color=INK, linestyle=":")
chart.label(3.05, HUMAN * 0.75, "people", INK)
chart.axes.set(xlim=(0.9, 3.75), xticks=HEATS)
said = "; ".join(f"{name} {values[2]:,.0f}" for name, values in found.items())
chart.says(f"Perplexity at T 2: {said}; people {HUMAN:.0f}.")

# %% [markdown]
# The claim holds: at *T* = 2 top-p's text is some 40 times as perplexing as people's, min-p's about
# like it. At *T* = 1 nothing needs saving. And top-p with *T* last does as well as min-p: it chooses
# its tokens before the heat. So a part of the result is about *order*.

# %% [markdown]
# **The objection**: 0.9 and 0.1 are just two numbers. Tune both. At *T* = 2 we vary *m* and *p*, and
# ask for diversity (distinct-1) at equal perplexity.
#
# **Predict.** Will min-p's curve lie above top-p's?

# %%
KNOBS = {"min_p": (0.3, 0.1, 0.05), "top_p": (0.1, 0.3, 0.4)}
tuned = {}
for name, values in KNOBS.items():
    for value in values:
        ids, logprobs = written(Settings(temperature=2.0, **{name: value}), texts=20)
        sets = [distinct_n(ids[i : i + 5], 1) for i in range(0, 20, 5)]
        tuned.setdefault(name, []).append((perplexity(logprobs).item(), sum(sets) / 4, value))

# %%
chart = explore.Chart(x="perplexity (log scale)", y="distinct-1, sets of five texts")
for (name, points), look in zip(
    tuned.items(), ((KEPT, "o", -0.033), (DRAWN, "s", 0.033)), strict=True
):
    colour, marker, above = look
    x, y, values = zip(*points, strict=True)
    chart.axes.semilogx(x, y, color=colour, marker=marker)
    for a, b, value in points:
        chart.label(a * 0.92, b + above, f"{name} {value}", colour)
chart.axes.set(
    xlim=(8, 130), ylim=(0.63, 0.93), xticks=(10, 20, 50, 100), xticklabels=(10, 20, 50, 100)
)
said = [f"{n} {v}: {a:.0f} and {b:.2f}" for n, points in tuned.items() for a, b, v in points]
chart.says("Perplexity and distinct-1 at T 2: " + "; ".join(said) + ".")

# %% [markdown]
# One curve, but for noise: at *T* = 2 top-p 0.3 does what min-p 0.1 does, as far as two measures can
# see. The objection holds here too. What is left for min-p is a number that need not be retuned as
# soon. One small model, no human judge: keep the direction and forget the numbers.

# %% [markdown]
# ## Capstone: your own sampler
#
# > difficulty ●●●●○ · importance ●●●●● · 15 minutes
#
# Compose or invent: anything of this page may go in, the course's own functions too. It has to keep
# five promises, a point each.
#
# 1. **Tidy.** It returns new logits of the same shape; cut is −inf, and what came in at −inf stays
#    there. Inputs stay as they were. No chance, no memory. In a text without repetition the likeliest
#    token stays.

# %% [markdown]
# 2. **Cuts the tail.** If ten equal tokens hold 99% and 990 share the rest, at most 20 stay. (Also
#    for 5 and 10, or 40 and 80.)
# 3. **Adapts.** There are 1,000 tokens. If each is 0.99 times as likely as the one before, at least
#    ten times as many stay as if each is 0.1 times as likely.

# %% [markdown]
# 4. **Breaks loops.** A phrase of three or four tokens was said eight times and begins again. The
#    token that completes it has 90%, and gets at most 45%.
# 5. **Spares words.** A word that was said once, in a text of 30 different tokens, has 50%. It still
#    gets 25% or more. (This counts only with promise 4.)

# %% locked="promises"
FRESH = torch.arange(100, 130)  # a text of 30 different tokens
NOTHING = FRESH[:0]


def falling(ratio):
    """Logits of 1,000 tokens, each `ratio` times as likely as the one before."""
    return torch.arange(1000) * math.log(ratio)


def row(share, tokens):
    """Logits: these tokens hold `share` in equal parts, all others of 1,000 the rest."""
    probs = torch.full((1000,), (1 - share) / (1000 - len(tokens)))
    probs[tokens] = share / len(tokens)
    return probs.log()


def sampled(sampler, logits, ids):
    """What the sampler makes of copies; AssertionError unless a token can be drawn from it."""
    result = check.call(sampler, logits.clone(), ids.clone())
    assert result is not None, "Not written yet: your function returns None."
    assert type(result) is torch.Tensor, f"Return a tensor, not a {type(result).__name__}."
    assert result.shape == logits.shape, f"Keep the shape; yours is {tuple(result.shape)}."
    assert not result.isnan().any(), "There is a NaN in your result."
    assert result.max().isfinite(), "No token is left to draw, or one is at +inf."
    assert result[logits.isneginf()].isneginf().all(), "A token that came in at -inf is back."
    return result


def count(sampler, logits):
    """How many tokens the sampler keeps after a text that repeats nothing."""
    return int(sampled(sampler, logits, FRESH).isfinite().sum())


def tidy(sampler):
    some_banned = falling(0.9)
    some_banned[1::2] = -torch.inf
    for logits in (falling(0.9), falling(0.99).flip(0), some_banned):
        for ids in (FRESH, NOTHING):
            result = sampled(sampler, logits, ids)
            assert result[logits.argmax()].isfinite(), "The likeliest token was cut."
            sampled(sampler, falling(0.5), FRESH.flip(0))
            again = sampled(sampler, logits, ids)
            assert torch.equal(result, again), "Same input, another result: no chance, no memory."
            given = logits.clone(), ids.clone()
            check.call(sampler, *given)
            same = torch.equal(given[0], logits) and torch.equal(given[1], ids)
            assert same, "An input was changed. Make a new tensor."
    assert count(sampler, falling(0.9)) < 1000, "Nothing is cut at all: is it a sampler yet?"


def cuts_the_tail(sampler, good=10):
    left = count(sampler, row(0.99, range(500, 500 + good)))
    assert left <= 2 * good, f"{good} tokens hold 99%, and {left} of 1,000 stay."


def adapts(sampler):
    sure, unsure = count(sampler, falling(0.1)), count(sampler, falling(0.99))
    assert unsure >= 10 * sure, f"Of the sure row {sure} stay, of the open one {unsure}."


def breaks_loops(sampler, phrase=(7, 8, 9)):
    *start, end = phrase
    ids = torch.tensor([*phrase] * 8 + start)
    share = sampled(sampler, row(0.9, [end]), ids).softmax(-1)[end]
    assert share <= 0.45, f"The token that goes on with the loop has 90% before, {share:.0%} after."


def spares_words(sampler):
    breaks_loops(sampler)  # to spare words is easy for one who never punishes
    share = sampled(sampler, row(0.5, [110]), FRESH).softmax(-1)[110]
    assert share >= 0.25, f"A word that was said once has 50% before, and {share:.0%} after."


# %% [markdown]
# Write it. Order is most of the design: what must happen before the cut?
#
# <details><summary>Hint</summary>
#
# Two steps are enough: one function that looks back at `ids`, then one that cuts.
# <details><summary>More</summary>
#
# If a cut leaves the looping token alone, no penalty after it can help: one token always has 100%.
# So look back first. Top-nσ cannot keep promise 3 alone. You saw why.
# </details>
# </details>


# %% answer="my_sampler"
def my_sampler(logits, ids):
    """A sampler that keeps the five promises.

    logits: (vocab,), float32, some perhaps at -inf; ids: (length,), int64, all tokens so far,
    perhaps none. Returns a new tensor of logits (vocab,).
    """
    ### BEGIN SOLUTION
    logits = dry(logits, ids, multiplier=0.8, base=1.75, allowed_length=2)
    return min_p(logits, 0.03)
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It gives no points, only reasons.

# %%
PROMISES = (tidy, cuts_the_tail, adapts, breaks_loops, spares_words)
kept_promises = [check.passes(each.__name__, each, my_sampler) for each in PROMISES]

# %% [markdown]
# Promises on toy rows are not yet a good sampler. Now measure texts: is their perplexity near
# people's? How many tokens are new, how many runs of four are repeats, and how much of the model's
# probability was left to draw from?


# %%
def report(name, process):
    steps = list(generate_batch(model, list(STORIES), process, 60))
    every = [step for each in steps for step in each if step]
    texts = [[step.token for step in text if step] for text in zip(*steps, strict=True)]
    numbers = (
        perplexity([step.logprob for step in every]).item(),
        distinct_n(texts, 1),
        sum(seq_rep_n(text, 4) for text in texts) / len(texts),
        sum(step.mass for step in every) / len(every),
    )
    print(f"{name:<14}" + "".join(f"{number:>12.2f}" for number in numbers))


# %%
print(f"{'':<14}{'perplexity':>12}{'distinct-1':>12}{'repeats':>12}{'mass kept':>12}")
report("greedy", Settings(temperature=0))
report("top-k 40", Settings(top_k=40))
report("top-p 0.9", Settings(top_p=0.9))
report("min-p 0.1", Settings(min_p=0.1))
report("T 1, no cut", Settings())
if kept_promises[0]:
    report("my_sampler", my_sampler)
print(f"{'people':<14}{HUMAN:>12.2f}")

# %% [markdown]
# Sampling without a cut comes nearest to people's perplexity, and invents words. Which number would
# have told you? None of these. Choose your sampler's numbers for a reason that you can say, and look
# at texts:
#
# **Predict.** Your sampler beside *T* = 1: whose tokens are unlikelier, and whose words are whole?

# %%
explore.Playground("One fine morning the Fox", process=my_sampler, samples=2, max_new_tokens=60)

# %% [markdown]
# 1. Compare the two mean log-probabilities. By how much is yours higher? What did that cost in
#    distinct-2?
# 2. Set *T* to 0 and press **Generate**: the knobs' distinct-2 falls to 0.30. Why does yours stay
#    where it was? (The knobs do not act on your function: it gets the model's own logits.)

# %% [markdown]
# **Predict.** Below is a dot a setting, and `yours`. To which dot will it be nearest?

# %%
explore.Frontier(process=my_sampler)

# %% [markdown]
# 1. Move **setting** to `yours` and read its two numbers. Which dot is nearest? Do you need a new
#    sampler, or the old one with another number?
# 2. Press **More texts** once. By how much does your dot move? A lead smaller than that is none.
# 3. Change one number in `my_sampler`, run its cell and the explorer's, and say what it did.

# %% [markdown]
# ## Recap
#
# - Bars: min-p's follows the best token, eta's the entropy, top-nσ's the spread of the logits.
# - Typical and XTC cut the head, DRY and contrastive search look back, mirostat steers.
# - Of these cuts only top-nσ, like top-k, keeps the same tokens at every *T*.
# - Tune all rivals with the same effort, or you measure the tuning.
# - Penalties before cuts, and a reason for each number.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores.

# %% [markdown] question="From top-p to min-p" points=1
# You replace `top_p = 0.9` by `min_p = 0.9`. Many do, says a min-p author [transformers30639]. What
# happens to the texts?
#
# - **A** Little: both settings keep about nine tenths of the probability.
# - **B** They turn to noise: nearly every token passes so high a value.
# - **C** They are nearly greedy: few tokens come so near to the best.
# - **D** They break off: at most steps no token has a probability of 0.9.

# %% answer="top_p_to_min_p"
answer_turned = ""  # "A", "B", "C" or "D"

# %% test="top_p_to_min_p"
check.choice(
    answer_turned,
    right="C",
    why={
        "A": "That is what top-p's number means. Min-p's number is compared with something else: "
        "see the first section.",
        "B": "Does a higher bar let more tokens over it, or fewer? Put 0.9 into the first example.",
        "D": "The bar is not at 0.9. It is at 0.9 times a probability: which one?",
    },
)

# %% [markdown] question="Four logits and min-p" points=1
# What does this print? ln 0.1 is −2.3.
#
# ```python
# logits = torch.tensor([6.0, 4.5, 3.0, 0.0])
# left = min_p(logits / 2.0, 0.1)
# print(left.isfinite().nonzero().flatten().tolist())
# ```

# %% answer="four_logits_min_p"
answer_hot = []  # the list that is printed

# %% test="four_logits_min_p"
check.ids(
    answer_hot,
    right={0, 1, 2},
    why={
        (0, 1): "Those stay if the cut sees the logits before the division. What does it see here?",
        (0,): "Which gaps to the best logit are smaller than 2.3, once all are halved?",
        (
            *range(4),
        ): "The last token is 3.0 below the best after the division. Is that within 2.3?",
        (3,): "Those that stay are finite. You named the one that is cut.",
    },
    hint="Halve the logits, then compare each with the largest minus 2.3. See the formula.",
)

# %% [markdown] question="Four surprises" points=1
# Four tokens have 0.5, 0.25, 0.125 and 0.125. In bits, their surprises are 1, 2, 3 and 3, and the
# entropy is 1.75. What does this print?
#
# ```python
# logits = torch.tensor([0.5, 0.25, 0.125, 0.125]).log()
# left = typical_p(logits, 0.2)
# print(left.isfinite().nonzero().flatten().tolist())
# ```

# %% answer="four_surprises"
answer_typical = []  # the list that is printed

# %% test="four_surprises"
check.ids(
    answer_typical,
    right={1},
    why={
        (0,): "That is top-p's order, likeliest first. Here another distance decides who is first.",
        (0, 1): "The first token in the order holds enough already. How much is asked for?",
        (2, 3): "Those are the least likely. Which surprise is nearest to 1.75?",
        (1, 2, 3): "The most likely one is out, true. But how much mass is asked for?",
    },
    hint="Take the distance of each surprise from 1.75, and go from the nearest until 0.2 is held.",
)

# %% [markdown] question="A hundred equal tokens" points=1
# At a step 100 tokens are equally likely, so that e^−*H* is 1/100. Eta sampling runs with ε =
# 0.0009. Which probability must a token reach?
#
# <details><summary>Hint</summary>
#
# The bar is the smaller of two numbers: ε, and √ε · e^−*H*.
# </details>

# %% answer="eta_bar"
answer_eta = None  # a number

# %% test="eta_bar"
check.number(
    answer_eta,
    right=0.0003,
    within=0.000005,
    why={
        0.0009: "That is epsilon's bar, the same at every step. At open steps eta's is lower.",
        0.03: "That is the root alone. The entropy has to come in.",
        0.01: "That is what each token has. The question is what it must reach.",
        0.000009: "Take the root of epsilon before you multiply.",
        0.000039: "That is the bar if the entropy is taken in bits. It is in nats.",
    },
    hint="Work out the root of 0.0009, divide it by 100, and compare the result with 0.0009.",
)

# %% [markdown] question="Mirostat's second token" points=1
# Mirostat runs with τ = 3 and η = 0.1. The first token that it draws had a probability of 1/32.
# What is μ for the second token?

# %% answer="second_mu"
answer_mu = None  # a number

# %% test="second_mu"
check.number(
    answer_mu,
    right=5.8,
    within=0.005,
    why={
        6.2: "The token surprised more than the target. Should the bar rise after it, or fall?",
        2.8: "The size of the step is right. Look again at where the controller starts.",
        5.953: "You measured the surprise in nats. Which unit does mirostat use?",
        6.0: "That is where it starts. One token has been drawn since.",
        4.0: "The error is corrected only in part: which number says how much of it?",
        5.5: "The error is the surprise less the target, not the surprise itself.",
    },
    hint="Start, surprise in bits, error, a tenth of it: see the section on mirostat.",
)

# %% [markdown] question="A change of temperature" points=1
# *T* comes first, and you raise it from 1 to 3. Which cut keeps exactly the tokens that it kept
# before?
#
# - **A** Min-p: the best token and all others lose in proportion.
# - **B** Top-nσ: gaps and standard deviation shrink by one factor.
# - **C** Top-p: the order of the tokens stays, and with it the nucleus.
# - **D** Eta: its bar sinks as entropy rises, which makes up for the heat.

# %% answer="temperature_change"
answer_heat = ""  # "A", "B", "C" or "D"

# %% test="temperature_change"
check.choice(
    answer_heat,
    right="B",
    why={
        "A": "Heat brings the others nearer to the best: look at logits 5, 3, 1 at three "
        "temperatures.",
        "C": "The order stays, but the likeliest tokens hold less, so how many does it take?",
        "D": "Look at the table of counts at T = 1, 2 and 3: does eta's column stay as it is?",
    },
)

# %% [markdown] question="The web address" points=1
# At *T* = 0 a model is to repeat a web address from its prompt. With DRY it gets the address wrong
# [llamacpp26754]. Why?
#
# - **A** DRY draws at random, so *T* = 0 is not greedy with it.
# - **B** DRY bans each word of the prompt, and so the address.
# - **C** No single token is an address, so DRY can find no match.
# - **D** Greedy choice comes after DRY, and copying is repeating.

# %% answer="web_address"
answer_address = ""  # "A", "B", "C" or "D"

# %% test="web_address"
check.choice(
    answer_address,
    right="D",
    why={
        "A": "There is no die in DRY: it subtracts a number that you can work out. See its section.",
        "B": "A word that was said once before loses nothing: look at the losses printed in DRY's "
        "section. From how many repeated tokens on?",
        "C": "An address is a run of tokens, and DRY compares runs. Is there one in the prompt?",
    },
)

# %% [markdown] question="The second look at min-p" points=1
# What does the re-analysis of min-p [schaeffer2025] object?
#
# - **A** That its lead is gone once every method's knobs are tuned with the same effort.
# - **B** That it writes worse texts than top-p, above all at high temperatures.
# - **C** That its rule is not the one that libraries such as `transformers` run.
# - **D** That its lead comes from large models only, and vanishes in small ones.

# %% answer="min_p_objection"
answer_objection = ""  # "A", "B", "C" or "D"

# %% test="min_p_objection"
check.choice(
    answer_objection,
    right="A",
    why={
        "B": "Not better is not the same as worse. Look at the last figure: which curve is higher?",
        "C": "The objection is about how it was compared, not about the code. Read the evidence "
        "on min-p again.",
        "D": "Our own model is tiny and shows both the claim and the objection. See the two figures.",
    },
)

# %% [markdown] question="XTC on a server" points=2
# Find the bug. The code of an inference server did this when XTC fires [aprender2131]. Repair it:
# of the tokens that reach the threshold, the least likely one must stay. One that has exactly the
# threshold reaches it. One point for rows where several reach it, one if it is also right where one
# does, or none.


# %% answer="xtc_repair"
def repaired_xtc(probs, threshold):
    """probs: (vocab,), all different and above 0, in any order; threshold: from 0 to 1. Returns
    probs with the cut ones at 0, not rescaled."""
    ### BEGIN SOLUTION
    cut = probs >= threshold
    if cut.any():
        cut = probs > probs[cut].min()
    return probs.masked_fill(cut, 0.0)
    ### END SOLUTION
    cut = probs >= threshold
    return probs.masked_fill(cut, 0.0)


# %% test="xtc_repair"
def several_reach():
    check.close(
        repaired_xtc,
        [0.50, 0.25, 0.15, 0.07, 0.03],
        0.1,
        expect=[0.0, 0.0, 0.15, 0.07, 0.03],
        why="Three tokens reach 0.1. Two of them go, and the unlikeliest of the three stays.",
    )


points = 1.0 * check.passes("several tokens reach the threshold", several_reach)
### BEGIN HIDDEN TESTS
from course_utils import domains


def without_top_choices(probs, threshold):
    row = probs.tolist()
    reach = sorted(x for x in row if x >= threshold)
    return torch.tensor([0.0 if x in reach[1:] else x for x in row])


def different(random, reach, vocab):
    """Shares of which so many reach the threshold."""
    while True:
        weights = [random.expovariate(1) ** random.choice([1, 3]) for _ in range(vocab)]
        if random.random() < 0.1:  # two hold nearly all
            weights[:2] = random.sample([30 * vocab, 31 * vocab, 40 * vocab], 2)
            random.shuffle(weights)
        probs = torch.tensor([weight / sum(weights) for weight in weights])
        ranked = [1.0, *sorted(set(probs.tolist()), reverse=True), 0.0]
        lower, upper = ranked[reach + 1], ranked[reach]
        exact = upper if reach else (1.0 + lower) / 2
        threshold = random.choice([exact, random.uniform(lower, upper)])
        if reach == vocab and random.random() < 0.3:
            return probs, random.choice([0, 0.0])
        if len(ranked) == vocab + 2 and lower < threshold:
            return probs, threshold


def several(random):
    vocab = 600 if random.random() < 0.05 else 1 + domains.size(random)
    return different(random, random.choice([2, vocab, random.randint(2, vocab)]), vocab)


def one_or_none(random):
    vocab = domains.size(random)
    if random.random() < 0.1:  # a sure row: all others are lost in float32's 1.0
        probs = [1.0, *(1e-9 * (i + 1) for i in range(vocab - 1))]
        random.shuffle(probs)
        return torch.tensor(probs), random.choice([1, 1.0, 0.5, random.uniform(0.1, 0.9)])
    return different(random, random.choice([0, 1]) if vocab > 1 else 1, vocab)


def in_any_order():
    several_reach()
    check.against(
        without_top_choices,
        repaired_xtc,
        several,
        why="The tokens may stand in any order: which of those that reach it is the least likely? "
        "All others keep what they have.",
        within=1e-9,
    )


def few_reach():
    in_any_order()
    check.against(
        without_top_choices,
        repaired_xtc,
        one_or_none,
        why="If one token reaches the threshold it is also the least likely that does. If none "
        "does, there is nothing to cut.",
        within=1e-9,
    )


points = 1.0 * check.passes("several, in any order", in_any_order)
points += check.passes("one reaches it, or none", few_reach)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="A lesson for llama.cpp" points=2
# Find the bug. As soon as one token is banned, at −inf, this function cuts nothing at all, and
# raises no error. llama.cpp once had to learn it [llamacpp13344]. Repair it: the spread is that of
# the finite logits, squares divided by their number. Logits that are kept stay as they were. One
# point for one banned token, one if it also works with many, and with none.


# %% answer="top_n_sigma_repair"
def repaired_top_n_sigma(logits, n):
    """logits: (vocab,), one row, with at least one finite; n: 0 or more. Cut tokens are at -inf."""
    ### BEGIN SOLUTION
    sigma = logits[logits.isfinite()].std(correction=0)
    return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)
    ### END SOLUTION
    sigma = logits.std(correction=0)
    return logits.masked_fill(logits < logits.max() - n * sigma, -torch.inf)


# %% test="top_n_sigma_repair"
def one_banned():
    check.kept(
        repaired_top_n_sigma,
        [4.0, 3.5, -torch.inf, 0.0, -1.0, -2.0],
        1.0,
        expect={0, 1},
        why="Work out by hand: the mean of the five finite logits, their standard deviation, and "
        "how far below 4 that reaches.",
    )


points = 1.0 * check.passes("one banned token", one_banned)
### BEGIN HIDDEN TESTS
from course_utils import domains


def bar(row, n):
    finite = [x for x in row if x > -math.inf]
    mean = sum(finite) / len(finite)
    return max(finite) - n * math.sqrt(sum((x - mean) ** 2 for x in finite) / len(finite))


def within_n_sigma(logits, n):
    row = logits.tolist()
    best, line = max(row), bar(row, n)
    return torch.tensor([x if x == best or x >= line else -math.inf for x in row])


def clear(row, n):
    """Whether no logit but the best is so near to the bar that rounding decides."""
    size, best, line = 1 + max(abs(x) for x in row if x > -math.inf), max(row), bar(row, n)
    return all(abs(x - line) > 4e-6 * size for x in row if x < best)


def banned(random, count):
    """A row with so many tokens at -inf, and n, often such that the bar is close to a token."""
    while True:
        centre = random.choice([0, 0, 0, 30, -30, 1000, -4000, -20000])
        scale = random.choice([0.005, 0.5, 3, 10, 300])
        size = 2000 if random.random() < 0.03 else random.choice([domains.size(random), 150])
        row = [centre + random.gauss(0, scale) for _ in range(size)]
        row = [round(x) for x in row] if random.random() < 0.3 else row  # ties
        row[0] = random.choice([row[0], max(row) - 0.02 * scale])  # often the best has a near rival
        row[-1] = random.choice([row[-1], row[-1], max(row) + 30 * scale])
        row = torch.tensor([*row, *[-math.inf] * count], dtype=torch.float32).tolist()
        n = random.choice([0, 1, 1.0, 2, 4, random.uniform(0, 3), random.uniform(0, 3)])
        sigma = max(row) - bar(row, 1)
        if sigma and random.random() < 0.5:
            near = max(row) - random.choice(row[:size])
            n = near / sigma + random.choice([-1, 1]) * random.uniform(1e-5, 2e-3) / sigma
        random.shuffle(row)
        if n >= 0 and clear(row, n):
            return torch.tensor(row), n


def one(random):
    return banned(random, 1)


def any_number(random):
    return banned(random, random.choice([0, 0, 2, 3, 5, 40]))


def other_spreads():
    one_banned()
    check.against(
        within_n_sigma,
        repaired_top_n_sigma,
        one,
        why="The finite logits may lie far from 0, and close together or not; n may be any number. "
        "In which of the three, mean, squares and count, is the banned token still in?",
    )


def many_or_none():
    other_spreads()
    check.against(
        within_n_sigma,
        repaired_top_n_sigma,
        any_number,
        why="Without a banned token it was right before. However many are banned, only the others "
        "count: for the mean, and for the number that the squares are divided by.",
    )


points = 1.0 * check.passes("one banned token, any spread", other_spreads)
points += check.passes("many banned tokens, or none", many_or_none)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Your min-p" points=3
# Your `my_min_p` from **Build it** above, as its description says. One point each: the right tokens
# of one row; rows of a batch, of any shape; and *p* = 0 and *p* = 1, banned tokens and an input left
# as it was. With a call of the course's functions it gets none.


# %% test="my_min_p"
def one_row():
    for logits, p, expect in ((SURE, 0.1, {0}), (SURE, 0.05, {0, 1}), (OPEN, 0.7, {0, 1, 2})):
        check.kept(
            my_min_p,
            logits,
            p,
            expect=expect,
            why=f"At p = {p}, which tokens have at least p times the best one's probability?",
        )


points = 1.0 * check.passes("one row", one_row)
### BEGIN HIDDEN TESTS
from course_utils import domains


def near_the_best(logits, p):
    """Row by row, by the gap to the best logit."""
    rows = []
    for row in logits.reshape(-1, logits.shape[-1]).tolist():
        gap = -math.log(p) if p else math.inf
        best = max(row)
        rows.append([x if best - x <= gap else -math.inf for x in row])
    return torch.tensor(rows).reshape(logits.shape)


def clear(logits, p):
    """Whether no gap is so near to the bar that rounding decides; equals are none."""
    if not p:
        return True
    best = logits.double().amax(dim=-1, keepdim=True)
    gaps = best - logits.double()
    return bool(((gaps + math.log(p)).abs() > 2e-5 + 1e-6 * best.abs())[gaps > 0].all())


def drawn(random, logits, some):
    """Logits and p; often a token stands close to the bar, on one side or the other."""
    while True:
        p, near = random.choice(some), logits.clone()
        if p and near.shape[-1] > 1 and random.random() < 0.5:
            best = near.max(dim=-1)
            place = (best.indices + random.randrange(1, near.shape[-1])) % near.shape[-1]
            off = random.choice([-1, 1]) * random.choice([4e-5, 9e-5, random.uniform(1e-4, 1e-3)])
            bar = (best.values + math.log(p) + off).minimum(best.values)
            near.scatter_(-1, place[..., None], bar[..., None])
        if clear(near, p):
            return near, p


def inner(random):
    some = [1e-12, 1e-12, 1e-6, 1e-3, 0.05, 0.1, 0.5, 0.9, 0.99, 0.995, 0.9995, 0.9995]
    return [*some, *(random.uniform(0.02, 0.98) for _ in range(12))]


def without_banned(logits):
    return logits.masked_fill(logits.isneginf(), -7.0)


def single(random):
    logits = without_banned(domains.logits(random))
    if random.random() < 0.05:  # a large vocabulary, of which many may stay
        logits = torch.tensor([random.gauss(0, 0.3) for _ in range(2000)])
    return drawn(random, logits, inner(random))


def batch(random):
    deep = [(2, 1, 3), (1, 2, 1, 2), (1, 1, 1, 1), (150,)]
    shape = random.choice([*deep, *(domains.shape(random) for _ in range(16))])
    return drawn(random, without_banned(domains.logits(random, shape)), inner(random))


def end(random):
    """Alike rows, so that only p and what is at -inf count. The best often has a near rival."""
    logits = domains.logits(random)
    if random.random() < 0.3 and logits.max().abs() < 100:
        logits[random.randrange(len(logits))] = logits.max() + random.choice([0.005, 2e-4])
    logits = logits.expand(*domains.shape(random), len(logits)).clone()
    p = random.choice([*[0, 0.0, 1, 1, 1.0] * 8, *inner(random)])
    return (logits, p) if clear(logits, p) else end(random)


def anything(random):
    return domains.batch(random), random.choice([0, 0.0, 1, 1.0, 1e-6, 0.05, 0.5])


def another_row():
    check.own(my_min_p, anything)
    one_row()
    check.against(
        near_the_best,
        my_min_p,
        single,
        why="The logits may all be negative, large or alike, and the best one may stand anywhere.",
    )


def batches():
    another_row()
    check.against(
        near_the_best,
        my_min_p,
        batch,
        why="Each row along the last dimension has a best token of its own.",
    )


def ends():
    another_row()
    check.against(
        near_the_best,
        my_min_p,
        end,
        why="p = 0 keeps every token, p = 1 the best and its equals; -inf stays -inf and does not "
        "disturb the others.",
    )
    check.keeps(
        my_min_p,
        anything,
        why="The caller's logits must be the same after the call: make a new tensor.",
    )


points = 1.0 * check.passes("one row, whatever its logits", another_row)
points += check.passes("batches", batches)
points += check.passes("p = 0 and 1, banned tokens, input as it was", ends)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Your own sampler" points=5
# Your `my_sampler` from the **Capstone** above, one point for each promise as it is written there,
# whichever of the 1,000 tokens are concerned. Promise 5 counts only together with promise 4. The
# course's functions may be called.


# %% test="my_sampler"
points = 1.0 * check.passes("tidy", tidy, my_sampler)
### BEGIN HIDDEN TESTS
from itertools import islice


def cases(draw):
    return (args for args, _ in islice(check.drawn(check.nothing, draw), 40))


def different(random, count, besides=()):
    """So many different tokens of 1,000, none of them one of `besides`."""
    others = [token for token in range(1000) if token not in besides]
    return torch.tensor(random.sample(others, count), dtype=torch.int64)


def moved(random, logits):
    """The same logits at other places."""
    return logits[different(random, 1000)]


def left(logits, text):
    return int(sampled(my_sampler, logits, text).isfinite().sum())


def some_row(random):
    """Logits, some perhaps banned, and a text without repetition that has not the likeliest."""
    logits = moved(random, falling(random.choice([0.5, 0.9, 0.99])))
    best = [int(logits.argmax())]
    logits[different(random, random.choice([0, 0, 1, 500, 998]), best)] = -torch.inf
    return logits, different(random, random.choice([0, 1, 2, 30, 400]), best)


def tail(random):
    """Logits of which so many equal tokens hold 99%, how many, and a text."""
    good = random.choice([5, 10, 40])
    tokens = different(random, good)
    return row(0.99, tokens), good, different(random, 30, tokens.tolist())


def steep_and_flat(random):
    steep, flat = moved(random, falling(0.1)), moved(random, falling(0.99))
    best = [*steep.topk(5).indices.tolist(), *flat.topk(300).indices.tolist()]
    return steep, flat, different(random, 30, best)


def loop(random):
    """Logits, a text in which a phrase begins again, and the token that completes it."""
    phrase = different(random, random.choice([3, 4]))
    text = torch.cat([phrase.repeat(8), phrase[:-1]])
    return row(0.9, phrase[-1:]), text, int(phrase[-1])


def word(random):
    """Logits, a text of 30 different tokens, and one of those."""
    text = different(random, 30)
    said = int(text[random.choice([0, 28, 29, random.randrange(30)])])
    return row(0.5, [said]), text, said


def always_tidy():
    tidy(my_sampler)
    for logits, text in cases(some_row):
        result = sampled(my_sampler, logits, text)
        assert result[logits.argmax()].isfinite(), "The likeliest token was cut."
        again = sampled(my_sampler, logits, text)
        assert torch.equal(result, again), "Same input, another result: no chance, no memory."
    for logits, text, *_ in [*cases(some_row), *cases(loop)]:
        given = logits.clone(), text.clone()
        check.call(my_sampler, *given)
        same = torch.equal(given[0], logits) and torch.equal(given[1], text)
        assert same, "An input was changed. Make a new tensor."


def tail_of_any_size():
    for logits, good, text in cases(tail):
        stay = left(logits, text)
        assert stay <= 2 * good, f"{good} tokens hold 99%, and {stay} of 1,000 stay."


def adapts_everywhere():
    for steep, flat, text in cases(steep_and_flat):
        sure, unsure = left(steep, text), left(flat, text)
        assert unsure >= 10 * sure, f"Of the sure row {sure} stay, of the open one {unsure}."


def loops_of_any_phrase():
    for logits, text, end in cases(loop):
        share = sampled(my_sampler, logits, text).softmax(-1)[end]
        assert share <= 0.45, f"The token that goes on with the loop has {share:.0%} left of 90%."


def words_anywhere():
    loops_of_any_phrase()
    for logits, text, said in cases(word):
        share = sampled(my_sampler, logits, text).softmax(-1)[said]
        assert share >= 0.25, f"A word that was said once has {share:.0%} left of 50%."


points = 1.0 * check.passes("always tidy", always_tidy)
points += check.passes("cuts the tail", tail_of_any_size)
points += check.passes("adapts", adapts_everywhere)
points += check.passes("breaks loops", loops_of_any_phrase)
points += check.passes("spares words", words_anywhere)
### END HIDDEN TESTS
float(min(points, 5))

# %% [markdown] question="In defence of your sampler" points=0
# Defend your sampler in five sentences: which problem does it answer, what does each number do,
# which measurements speak for it and which against, and which setting of the usual knobs comes
# closest?

# %% [markdown] answer="explain_my_sampler"
# ### BEGIN SOLUTION
# It answers loops and stray tail tokens: DRY looks back first, then min-p cuts. DRY's 0.8, 1.75 and
# 2 leave single words alone and make each further repeated token dearer; min-p's 0.03 lets a token
# through that is at least a thirtieth as likely as the best. For it speak repeats near 0 and a
# perplexity between that of greedy and of pure sampling; against it, that its texts are likelier
# than people's, that copied passages would suffer, and that no human has judged it. On the frontier
# it lies among min-p 0.05 and top-p 0.8, so without loops those would do.
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
# - [basu2021] Basu et al.: Mirostat. 2021
# - [ding2026] Ding et al.: Min-k Sampling. 2026
# - [hewitt2022] Hewitt, Manning and Liang: Truncation Sampling as Language Model Desmoothing. 2022
# - [leviathan2023] Leviathan, Kalman and Matias: Fast Inference from Transformers via Speculative
#   Decoding. 2023
# - [meister2023] Meister et al.: Locally Typical Sampling. 2023
# - [nguyen2025] Nguyen et al.: Turning Up the Heat: Min-p Sampling. 2025

# %% [markdown]
# - [potraghloo2025] Baghaei Potraghloo et al.: Top-H Decoding. 2025
# - [schaeffer2025] Schaeffer, Kazdan and Denisov-Blanch: Turning Down the Heat: A Critical Analysis of
#   Min-p Sampling. 2025
# - [su2022] Su et al.: A Contrastive Framework for Neural Text Generation. 2022
# - [sucollier2022] Su and Collier: Contrastive Search Is What You Need. 2022
# - [suxu2022] Su and Xu: An Empirical Study on Contrastive Search and Contrastive Decoding. 2022
# - [tang2024] Tang et al.: Top-nσ: Not All Logits Are You Need. 2024

# %% [markdown]
# - [transformers2026], [vllm2026], [llamacpp2026]: the sampling code of these three, as read in 2026
# - [textgen5677], [textgen6335], [textgen2571], [sillytavern2684], [exllamav2447],
#   [transformers30639], [transformers40428]: threads in which samplers were proposed or removed
# - [mamba927], [aprender2131], [aprender2142], [mlxlm1036], [transformers27165], [llamacpp13344],
#   [llamacpp7498], [llamacpp26754], [llamacpppython914]: bug reports and repairs
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

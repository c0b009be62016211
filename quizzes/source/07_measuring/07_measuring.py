# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Measuring
#
# Which setting writes best? Numbers can help to answer, and each of them can mislead.

# %% [markdown]
# > **About 60 minutes** · difficulty ●●●○○ · you need: log-probabilities, modules 2 to 6
# >
# > Afterwards you can
# > - measure perplexity, diversity and repetition, by hand and in code;
# > - tell searched from human text by its probabilities; say why loops last;
# > - choose a setting by comparing its texts with human text;
# > - spot mistakes that real projects made in measuring.
#
# Names in brackets, as in [holtzman2020], are sources, listed last.

# %% [markdown]
# **Recall.** A model gave each of three tokens the probability 1/8. How many bits of surprise is
# one of them? How likely are the three together? How many equal choices was each like?
#
# <details><summary>Answer</summary>
#
# Three bits each, as 2³ = 8. Together 1/8 × 1/8 × 1/8 = 1/512. Each was like a choice among 8: the
# perplexity of this little text.
# </details>
#
# The next cell, folded, has imports and helpers.

# %% locked="setup" jupyter={"source_hidden": true}
import math
import textwrap
from collections import Counter
from statistics import fmean

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.beam import beam_search
from course_utils.explore.plots import style
from course_utils.generate import Settings, generate_batch
from course_utils.metrics import (
    distinct_n,
    ends_in_loop,
    perplexity,
    self_bleu,
    seq_rep_n,
    zipf_coefficient,
)
from course_utils.penalties import no_repeat_ngram
from course_utils.sampling import top_k

LENGTH = 50  # tokens a text


def show(name, *cells):
    """Print one row of a table."""
    print(f"{name:<12}" + "".join(f"{cell:>13}" for cell in cells))


def together(lists):
    """What is in several lists, in one."""
    return [x for each in lists for x in each]


def ngrams(tokens, n):
    """All runs of n tokens, in order, as tuples."""
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


@torch.inference_mode()
def read(prompts, texts):
    """The log-probabilities of each text's tokens after its prompt, by the model as it is."""
    model = storyteller.load()
    starts = [model.encode(prompt) for prompt in prompts]
    rows = [torch.tensor(start + ids) for start, ids in zip(starts, texts, strict=True)]
    # What is filled in behind a text cannot change what was before it.
    logits = model.gpt(torch.nn.utils.rnn.pad_sequence(rows, batch_first=True))
    return [
        scores[len(start) - 1 : len(row) - 1]
        .log_softmax(dim=-1)
        .gather(-1, row[len(start) :, None])
        .flatten()
        .tolist()
        for scores, start, row in zip(logits, starts, rows, strict=True)
    ]


def drawn(prompts, settings, seed=0, length=LENGTH):
    """Continue each prompt: one list of token ids each, without end-of-text."""
    model = storyteller.load()
    texts = [[] for _ in prompts]
    seeds = range(seed, seed + len(prompts))
    for steps in generate_batch(model, prompts, settings, length, seeds):
        for text, step in zip(texts, steps, strict=True):
            if step is not None and step.token != model.tokenizer.eot_token:
                text.append(step.token)
    return texts


def searched(prompts, beams):
    """The same with beam search."""
    model = storyteller.load()
    found = [beam_search(model, prompt, beams, LENGTH).hypotheses[0] for prompt in prompts]
    return [[i for i in best.tokens if i != model.tokenizer.eot_token] for best in found]


# %% [markdown]
# ## Surprise, by hand
#
# A model reads two texts of four tokens. Three of the tokens are as likely in both.

# %%
TOY = {"dull": [0.5, 0.5, 0.5, 0.5], "vivid": [0.5, 0.5, 0.5, 0.002]}
for name, probs in TOY.items():
    mean = fmean(math.log(p) for p in probs)
    print(f"{name:<6} mean log-probability {mean:6.2f}   perplexity {math.exp(-mean):.2f}")

# %% [markdown]
# One rare word among four takes the perplexity from 2 to 8. Low perplexity means: the model saw it
# coming. Nothing in it says *good*.
#
# **Predict.** Below, four texts go on from one line of an old book: the book's own text, then
# greedy, beam search, and a draw with top-p 0.95. Which has the most bars near zero? Which the
# fewest?

# %%
explore.ProbabilityTrace()

# %% [markdown]
# 1. Perplexity is *e* to minus the mean log-probability, which stands beside each row. It is about
#    60 for the human text. And for beam search? (About 2.)
# 2. Set `temperature` to 0.5. Which of the other rows does `sampled` come close to? (Greedy: −1.33
#    against −1.10.)

# %% [markdown]
# The human text is spiky: likely words, then one that the model gave next to nothing. Greedy and
# beam search keep to high ground, and climb: compare the first half with the second. At *T* = 0.5
# the drawn text joins them. Holtzman et al. saw the same with a much larger model [holtzman2020].

# %% [markdown]
# Are likelier texts better? Up to a point. Zhang et al. had people rate sentences: the rating rose
# with the likelihood, reached a peak, and then *fell* [zhang2021]. They speak of the likelihood
# trap. The likeliest texts of all tend to be dull, and often loops.

# %% [markdown]
# ## Why a loop does not end
#
# **Predict.** After `Once upon a time there was a king.` comes `The little girl laughed.` On average
# its tokens have a probability of 0.04. Now the same sentence comes again, and again. Does the
# model get tired of it? Guess the mean probability on the tenth time.

# %%
START, TIMES = "Once upon a time there was a king.", 10
SENTENCES = {
    " The little girl laughed.": style.DRAWN,
    " He lived in a castle by the sea.": style.KEPT,
    " Green moon seven the under chair spoke.": style.QUIET,
}
model = storyteller.load()
curves = {}
for sentence in SENTENCES:
    ids = model.tokenizer.encode_ordinary(sentence)
    probs = torch.tensor(read([START], [ids * TIMES])).exp()
    curves[sentence] = probs.reshape(TIMES, -1).mean(dim=-1).tolist()
    print(sentence, [round(p, 2) for p in curves[sentence]])

# %%
chart = explore.Chart(x="the sentence comes for the n-th time", y="mean probability of its tokens")
for sentence, color in SENTENCES.items():
    curve = curves[sentence]
    chart.axes.plot(range(1, TIMES + 1), curve, marker="o", color=color)
    chart.label(TIMES + 0.25, curve[-1] - 0.01, sentence.strip(), color)
chart.axes.set_xlim(0.5, 18)
chart.axes.set_xticks(range(1, TIMES + 1))
first, last = curves[" The little girl laughed."][0], curves[" The little girl laughed."][-1]
chart.says(f"'The little girl laughed.' goes from {first:.2f} to {last:.2f}; nonsense stays low.")

# %% [markdown]
# It is the other way round: each repeat makes the next one likelier. Holtzman et al. showed it with
# the phrase `I don't know` [holtzman2020]; Xu et al. measured it over many sentences and called it
# *self-reinforcement*, stronger for sentences that are likely to begin with [xu2022]. Here too, the
# nonsense hardly gains.

# %% [markdown]
# So whoever always takes the likeliest token falls in and stays in. Once a phrase has come a few
# times, nothing is as likely as the same phrase. That is why we count repetition beside likelihood.

# %% [markdown]
# ## Repetition, by hand
#
# **Predict.** `the cat sat on the cat sat` has seven words. How many pairs of neighbours? How many
# different ones?

# %%
sentence = "the cat sat on the cat sat"
pairs = ngrams(sentence.split(), 2)
for pair, count in Counter(pairs).items():
    print(f"{' '.join(pair):<10} {count}")
print(f"{len(pairs)} pairs, {len(set(pairs))} different")

# %% [markdown]
# Six pairs, four different. Two of six repeat an earlier one.
#
# - **distinct-2** is the share of different pairs, 4/6. One counts over *all* texts together; Li et
#   al. divided by the number of tokens instead [li2016].
# - **seq-rep-2** is the share that repeats, 1 − 4/6 = 2/6, within *one* text [welleck2020].
#
# High distinct-n is diverse. High seq-rep-n is repetitive.

# %% [markdown]
# ## The formulas
#
# $$\text{perplexity} = \exp\Big(-\frac{1}{N} \sum_{i=1}^{N} \log p_i\Big) \qquad
# \text{seq-rep-}n = 1 - \frac{\text{different } n\text{-grams}}{\text{all } n\text{-grams}}$$
#
# And **rep**, a yes or no: does the text end in a phrase of two tokens or more, three times or more
# in a row? [holtzman2020] One token six times counts: it is a phrase of two, three times. A loop
# that the text got out of does not.

# %%
for text in ("so kind and so kind and so kind and", "ha ha ha ha ha ha", "ha ha ha , he said"):
    print(f"{ends_in_loop(text.split())!s:<6} {text}")

# %% [markdown]
# ## Build it: repetition
#
# > difficulty ●●○○○ · importance ●●●●○ · 10 minutes
#
# Write `my_seq_rep`, without the course's own functions. It is scored below, so read the description
# closely.
#
# <details><summary>Hint</summary>
#
# Make the list of all runs of `n` tokens, then compare its length with that of a set of them.
# <details><summary>More</summary>
#
# `tuple(ids[i : i + n])` is one run; `i` goes up to `len(ids) - n`. A set needs tuples, not lists.
# </details>
# </details>


# %% answer="my_seq_rep"
def my_seq_rep(ids, n):
    """The share of n-grams of one text that repeat an earlier one: 1 - different / all.

    ids: a list of token ids, or of words, perhaps empty; n: at least 1, perhaps more than there
    are tokens. Two n-grams are the same if they have the same tokens in the same order; a word
    may hold any character, and capitals count. Returns a number, 0.0 for a text without any n-gram.
    """
    ### BEGIN SOLUTION
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It gives no points, only reasons.

# %%
for text, n, repeats, every in (("the cat sat on the cat sat", 2, 2, 6), ("ha ha ha ha", 1, 3, 4)):
    check.passes(
        f"'{text}', n = {n}",
        check.gives,
        my_seq_rep,
        text.split(),
        n,
        expect=repeats / every,
        why=f"{repeats} of its {every} n-grams repeat an earlier one.",
    )

# %% [markdown]
# A measure can also steer. This sampler is nearly greedy until the last 24 tokens repeat
# themselves, by *your* function; then it draws at *T* = 1.
#
# **Predict.** Greedy gets stuck after `Once upon a time`. Will this one get stuck, and get out?


# %%
def wakes_up(logits, ids):
    repeating = my_seq_rep(ids[-24:].tolist(), 2) > 0.25
    return logits if repeating else logits / 0.05


explore.Loops(temperature=1.0, repetition_penalty=1.0, function=wakes_up)

# %% [markdown]
# 1. The line below the picture gives seq-rep-4 in percent. Which texts are above 50%, and where is
#    `wakes_up`? (Near 20%.)
# 2. Put 0.9 in place of 0.25 and run the cell again. Why does the picture of `wakes_up` come close
#    to the greedy one?

# %% [markdown]
# ## Build it: perplexity
#
# > difficulty ●●○○○ · importance ●●●●● · 10 minutes
#
# Write `my_perplexity` for several texts at once: every token counts the same, whichever text it is
# in. You may use Python and PyTorch, but not the course's own functions.
#
# <details><summary>Hint</summary>
#
# Put all log-probabilities of all texts together. The mean first, the exponential last.
# <details><summary>More</summary>
#
# Add up the sums, add up the lengths, divide once. `math.exp(math.inf)` is infinity, and that is
# fine.
# </details>
# </details>


# %% answer="my_perplexity"
def my_perplexity(texts):
    """The perplexity of several texts together: exp of minus the mean over all their tokens.

    texts: a list of texts, each a list of the natural log-probabilities of its tokens, up to
    1,000 of them: each from -60 to 0, or -inf, which makes the perplexity infinite. A text may be
    empty, but not all of them. Returns a number, right to four digits.
    """
    ### BEGIN SOLUTION
    total = sum(sum(text) for text in texts)
    return math.exp(-total / sum(len(text) for text in texts))
    ### END SOLUTION


# %%
half, eighth = math.log(1 / 2), math.log(1 / 8)
for texts, expect in (([[half, eighth]], 4.0), ([[half], [eighth, eighth, eighth]], 1024**0.25)):
    check.passes(
        f"{len(texts)} text(s), lengths {[len(text) for text in texts]}",
        check.gives,
        my_perplexity,
        texts,
        expect=expect,
        why=f"It is {expect:.3f}: the mean over all tokens first, then exp of minus that mean.",
    )

# %% [markdown]
# ## Eight ways to write
#
# Twelve openings of old stories that the Storyteller has not read [stories12]. The first nine words
# are the prompt. A person wrote how it goes on, and the model does it in seven ways, 50 tokens
# each. The passages are in the next cell, folded.

# %% locked="passages" jupyter={"source_hidden": true}
PASSAGES = [
    "One night a maple tree, the very one under which Mr. Red Squirrel sat when he first came "
    "to the forest, dreamed of her winter resting-time, and when she awakened early in the "
    "morning she found that her leaves were turning yellow. They were not all brightly colored,"
    " but",
    "When the little Water Spiders first opened their eyes, and this was as soon as they were "
    "hatched, they found themselves in a cosy home of one room which their mother had built "
    "under the water. This room had no window and only one door. There was no floor at all. "
    "When Father Stickleback",
    "Soon after sunrise they came to a great city, and it was perfectly still. There were grand"
    " towers and terraces, wharves, too, and a large market, but there was nobody anywhere to "
    "be seen. Jack thought that might be because it was so early in the morning;",
    "A mocking bird sang in Grandmother's garden. He was king of the garden, and the rose was "
    "queen. Every night when the garden was still, he serenaded Grandmother; and she would lie "
    "awake and listen to him, for she said he told her all the glad tidings of the day,",
    "Once upon a time there lived by herself, in a city, an old woman who was desperately poor."
    " One day she found that she had only a handful of flour left in the house, and no money to"
    " buy more nor hope of earning it. Carrying her little brass",
    "There were, once upon a time, a king and queen of Denmark who had an only son, a handsome "
    "and clever lad. When he was eighteen, his father, the old king, fell very ill, and there "
    "was no hope that he would ever get well again. The queen and",
    "Once upon a time there was a widow who had two daughters; one of them was pretty and "
    "clever, and the other ugly and lazy. But as the ugly one was her own daughter, she liked "
    "her far the best of the two, and the pretty one had to do all the work of the",
    "Once upon a time there were a King and a Queen who had an only daughter, called Hadvor, "
    "who was fair and beautiful, and being an only child, was heir to the kingdom. The King and"
    " Queen had also a foster son, named Hermod, who",
    "The King came slowly on a great black horse, riding between the green trees. He himself "
    "wore white and green like the May-bushes, and so did the gracious lady who rode beside him"
    " on a white horse, whose long tail almost swept the ground and whose long mane fluttered",
    "On the last house in the village there lay a stork's nest. The mother stork sat in it with"
    " her four little ones, who were stretching out their heads with their pointed black bills "
    "that had not yet turned red. At a little distance, on the top of the roof,",
    "There was once on a time, a little girl whose father and mother were dead. She was so poor"
    " that she no longer had any little room to live in, or bed to sleep in. At last, she had "
    "nothing else but the clothes she was wearing and a little bit of bread in her",
    "There was once a shoemaker, who, through no fault of his own, became so poor that at last "
    "he had nothing left but just enough leather to make one pair of shoes. He cut out the "
    "shoes at night, so as to set to work upon them next morning; and as he had a good",
]
PROMPTS = [" ".join(passage.split()[:9]) for passage in PASSAGES]

# %%
SETTINGS = {
    "T 1": Settings(),
    "T 0.9": Settings(temperature=0.9),
    "k 40": Settings(top_k=40),
    "k 40 T 0.7": Settings(temperature=0.7, top_k=40),
    "p 0.95": Settings(top_p=0.95),
}
written = {
    "human": [
        model.tokenizer.encode_ordinary(passage[len(prompt) :])[:LENGTH]
        for prompt, passage in zip(PROMPTS, PASSAGES, strict=True)
    ],
    "greedy": drawn(PROMPTS, Settings(temperature=0)),
    "beam 4": searched(PROMPTS, 4),
} | {name: drawn(PROMPTS, settings) for name, settings in SETTINGS.items()}

# %%
for name in ("human", "greedy", "beam 4", "k 40", "T 1"):
    text = model.tokenizer.decode(written[name][6])
    print(textwrap.fill(f"{name:<8}{PROMPTS[6]} … {text}", 90), "\n")

# %% [markdown]
# Two more measures, for a *set* of texts.
#
# - **Self-BLEU** asks how many runs of words a text shares with the *other* texts, and averages
#   [zhu2018]. High means alike, so a diverse writer scores *low*. With only twelve texts we count
#   runs of one and two.
# - The **Zipf coefficient** says how steeply frequency falls from the commonest token to the rare
#   ones. Near human is good; steeper means that a few words do most of the work.

# %% [markdown]
# **Predict.** Which of the eight will have the lowest perplexity? Which comes closest to the human
# text? Which end in loops?

# %%
logprobs = {name: read(PROMPTS, texts) for name, texts in written.items()}
show("", "perplexity", "self-BLEU", "Zipf", "rep", "seq-rep-4")
for name, texts in written.items():
    show(
        name,
        f"{perplexity(together(logprobs[name])):.1f}",
        f"{self_bleu(texts, 2):.2f}",
        f"{zipf_coefficient(together(texts)):.2f}",
        f"{sum(map(ends_in_loop, texts))} of {len(texts)}",
        f"{fmean(seq_rep_n(ids, 4) for ids in texts):.3f}",
    )

# %% [markdown]
# Read down the columns, always against the first row. Beam search and greedy have by far the lowest
# perplexity, the highest self-BLEU and Zipf coefficient, and nearly half of their texts end in
# loops. *k* = 40 with *T* = 0.7 goes the same way; *k* = 40 alone is still too likely. *T* = 1 is
# level with human text in perplexity, then come *p* = 0.95 and *T* = 0.9.

# %% [markdown]
# Holtzman et al. printed such a table for GPT-2 Large [holtzman2020]. The directions are theirs:
# greedy and beam search far too likely and full of loops, *k* = 40 with *T* = 0.7 in between,
# nucleus close to human. One differs: there pure sampling lies well above the human perplexity,
# here about level.

# %% [markdown]
# Do your own functions agree with the table?

# %%
gives, why = check.gives, "Go back to your function and run its practice cell."
for name in ("human", "greedy", "k 40"):
    pooled = perplexity(together(logprobs[name])).item()
    args = {"expect": pooled, "why": why, "within": 1e-3}
    check.passes(f"{name}: your perplexity", gives, my_perplexity, logprobs[name], **args)
    first = written[name][0]
    args = {"expect": seq_rep_n(first, 4), "why": why}
    check.passes(f"{name}: your seq-rep-4, first text", gives, my_seq_rep, first, 4, **args)

# %% [markdown]
# ## Match, do not minimise
#
# So do not take the setting with the *lowest* perplexity, but one whose texts have about the
# perplexity of human ones, under the same model. That is **perplexity matching**. It is not enough:
# Holtzman et al. note that sampling, top-k and nucleus can all be tuned to the human value, and the
# first two lose coherence there [holtzman2020].

# %%
values = {name: perplexity(together(x)).item() for name, x in reversed(logprobs.items())}
human = values["human"]
chart = explore.Chart(x="perplexity under the Storyteller (logarithmic)", y="", height=2.8)
for i, (name, value) in enumerate(values.items()):
    chart.label(0.55, i - 0.15, f"{name:<12}")
    chart.label(1.2, i - 0.15, f"{value:4.1f}")
    chart.axes.plot([human, value], [i, i], color=style.CUT, linewidth=4, zorder=1)
    chart.axes.plot(value, i, "o", color=style.DRAWN if name == "human" else style.KEPT)
chart.axes.set_xscale("log")
chart.axes.set_xlim(0.5, 40)
chart.axes.set_xticks([2, 5, 10, 20, 40], ["2", "5", "10", "20", "40"])
chart.axes.set_xticks([], minor=True)
chart.axes.set_yticks([])
chart.says(f"Bars: the distance to human text, {human:.1f}. Beam search is farthest off.")

# %% [markdown]
# ## A known result: who repeats
#
# Welleck et al. measured seq-rep-4 of a large model on encyclopedia text: greedy 0.442, beam search
# with ten beams 0.523, top-k 50 and top-p 0.9 both 0.016 [welleck2020]. We have greedy, four beams,
# top-k 40 and top-p 0.95.
#
# **Predict.** Ours is a small model that writes fairy tales. Will the order be the same?

# %%
PAPER = {"greedy": 0.442, "beam search": 0.523, "top-k": 0.016, "top-p": 0.016}
names = ("greedy", "beam 4", "k 40", "p 0.95")
ours = {name: fmean(seq_rep_n(ids, 4) for ids in written[name]) for name in names}
chart = explore.Chart(x="", y="seq-rep-4", height=2.6)
for shift, color, values in ((-0.2, style.CUT, PAPER), (0.2, style.KEPT, ours)):
    places = [i + shift for i in range(len(values))]
    chart.axes.bar(places, values.values(), 0.36, color=color)
    for x, value in zip(places, values.values(), strict=True):
        chart.label(x - 0.13, value + 0.02, f"{value:.3f}")
chart.axes.set_xticks(range(len(PAPER)), PAPER)
chart.axes.set_ylim(0, 0.65)
chart.says(
    "Pale: the paper. Dark: the Storyteller, with 4 beams. Search repeats, drawing does not."
)

# %% [markdown]
# The order holds: search repeats, drawing does not. A model of six million parameters shows it in
# seconds.

# %% [markdown]
# Could we not forbid it? Then every 4-gram is new by force.

# %%
blocked = drawn(PROMPTS, lambda logits, ids: top_k(no_repeat_ngram(logits, ids, 4), 1))
show("", "seq-rep-4", "seq-rep-1")
for name in ("human", "greedy", "blocked"):
    texts = blocked if name == "blocked" else written[name]
    show(name, *(f"{fmean(seq_rep_n(ids, n) for ids in texts):.3f}" for n in (4, 1)))
print(textwrap.fill("blocked: …" + model.tokenizer.decode(blocked[6]), 90))

# %% [markdown]
# seq-rep-4 is 0 now, by force, but single tokens still repeat more than twice as often as in human
# text. Welleck et al. saw the same with blocked beam search [welleck2020]. A measure that you steer
# by no longer measures.

# %% [markdown]
# ## Quality against diversity
#
# Turn the temperature down and texts get likelier and more alike; turn it up, the reverse. A single
# number for one side proves little: Caccia et al. beat GANs for text on quality by a lower
# temperature alone, and ask for the whole curve [caccia2020]. Each dot below is a setting. `mine` is
# one of them.
#
# **Predict.** Where will human text lie: among the likeliest, or not?


# %%
def mine(logits, ids):
    return logits / 0.5


explore.Frontier(process=mine)

# %% [markdown]
# 1. The human set has diversity 0.75 and mean log-probability −3.30. Move `setting` to `T 0`, then
#    to `T 1.3`. On which side of the human dot is each?
# 2. Change the 0.5 in `mine` and run the cell again. Between which two tenths does `yours` pass
#    −3.30? (1.0 and 1.1.) That is perplexity matching.

# %% [markdown]
# Where diversity matters most, Zhang et al. found all methods about equal; where quality does,
# nucleus sampling came first [zhang2021].
#
# **MAUVE** joins both sides in one number [pillutla2021]: it compares *sets* of human and machine
# texts by a model's inner features, and asks what each set holds that the other lacks. It needs
# hundreds of texts, far more than this page has. The course has it in `metrics.mauve`.

# %% [markdown]
# No number reads. So read, best without knowing which text is which.
#
# **Predict.** Three texts at *p* = 0.95, then three at *T* = 0.5. Which will be likelier, and which
# would you rather read on?

# %%
explore.Playground("There was once a shoemaker, who", settings=Settings(top_p=0.95))

# %% [markdown]
# 1. Press **Save as A**, set `temperature` to 0.5, generate, and press **Compare with A**. Which
#    side is likelier, which more diverse? (−1.35 against −2.83, distinct-2 0.59 against 0.98.)
# 2. Set `seed` to 10 and generate again. By how much do both numbers move, and does a text still
#    end in a loop?

# %% [markdown]
# ## What goes wrong
#
# **Texts of different length.** The same human text, measured over more and more tokens.

# %%
everything = together(written["human"])
for length in (30, 60, 120, 240, 600):
    print(f"first {length:>3} tokens: distinct-1 {distinct_n([everything[:length]], 1):.2f}")

# %% [markdown]
# The writer did not get duller: words simply come again. Short answers win at distinct-n, so compare
# equal lengths, or use a corrected version [liu2022].

# %% [markdown]
# **Averaging over texts.** A published implementation takes distinct-n of each text and averages,
# where the definition counts over all texts together [distinctn2].

# %%
copies = [written["human"][0]] * 12
for name, texts in (("twelve texts", written["human"]), ("one, copied", copies)):
    averaged = fmean(distinct_n([ids], 2) for ids in texts)
    print(f"{name:<13} averaged {averaged:.2f}   together {distinct_n(texts, 2):.2f}")

# %% [markdown]
# A model that writes the same text for everybody looks perfect to the average.

# %% [markdown]
# **Gibberish.** Draw every token from the whole vocabulary with equal chances.

# %%
generator = torch.Generator().manual_seed(0)
noise = torch.randint(0, 4095, (12, LENGTH), generator=generator).tolist()
noise_logprobs = together(read(PROMPTS, noise))
show("", "distinct-2", "self-BLEU", "perplexity")
for name, texts, values in (
    ("human", written["human"], together(logprobs["human"])),
    ("noise", noise, noise_logprobs),
):
    numbers = distinct_n(texts, 2), self_bleu(texts, 2), perplexity(values)
    show(name, *(f"{x:.3g}" for x in numbers))

# %% [markdown]
# Noise wins every contest in diversity. No measure of diversity knows what a sentence is: give it
# together with one of likelihood, as the frontier does.

# %% [markdown]
# **The mean of exponentials.** Perplexity is the exponential of a mean. A change that was merged
# into a music library "fixed" it the other way round [magenta239]; later versions have it right
# again.

# %%
for name in ("human", "T 1", "k 40"):
    values = together(logprobs[name])
    swapped = fmean(math.exp(-x) for x in values)
    print(f"{name:<6} exp of the mean {perplexity(values):5.1f}   mean of the exps {swapped:8,.0f}")

# %% [markdown]
# A mean of exponentials belongs to the one or two rarest tokens.

# %% [markdown]
# **Whose probabilities?** A token was drawn from what temperature and top-k left over. Its
# probability there is higher than under the model.

# %%
raw, left = [], []
for steps in generate_batch(model, PROMPTS, Settings(temperature=0.7, top_k=40), 40):
    for step in steps:
        if step is not None:
            raw.append(step.logprob)
            place = (step.ids == step.token).nonzero().item()
            left.append(step.left.log_softmax(dim=-1)[place].item())
print(f"by the model {perplexity(raw):.1f}   by what was left {perplexity(left):.1f}")

# %% [markdown]
# By what was left, every filter improves its own mark; greedy gets a perfect 1. Judge all settings
# by the same probabilities: the model's own.

# %% [markdown]
# **Other tokenizers.** Perplexity is *per token*, and longer tokens are harder to guess. Divide the
# same surprise by characters instead.

# %%
nats = -sum(map(sum, logprobs["human"]))
characters = sum(len(model.tokenizer.decode(ids)) for ids in written["human"])
print(f"{nats / math.log(2):.0f} bits, {len(everything)} tokens, {characters} characters")
print(f"bits per token {nats / math.log(2) / len(everything):.2f}")
print(f"bits per character {nats / math.log(2) / characters:.2f}")

# %% [markdown]
# **One sample is an anecdote.** The same setting, other seeds.

# %%
show("", "seeds from", "perplexity", "rep", "single texts")
for name, seed in (("p 0.95", 0), ("T 1", 0), ("T 1", 100), ("T 1", 200)):
    texts = written[name] if seed == 0 else drawn(PROMPTS, SETTINGS[name], seed)
    each = read(PROMPTS, texts)
    alone = sorted(perplexity(values).item() for values in each)
    loops = f"{sum(map(ends_in_loop, texts))} of 12"
    spread = f"{alone[0]:.0f} to {alone[-1]:.0f}"
    show(name, seed, f"{perplexity(together(each)):.1f}", loops, spread)

# %% [markdown]
# A single text says next to nothing. Even a dozen are few: with other seeds, one text at *T* = 1
# falls into a loop and takes the set down to where nucleus sampling is. Repeat with several seeds,
# and give the spread.

# %% [markdown]
# ## What production systems do
#
# - vLLM returns the model's own log-probabilities by default; its earlier engine returned those
#   after penalties and temperature [vllm2026]. Providers differ here too [rfcs11]: test before you
#   compute a perplexity.
# - EleutherAI's evaluation harness reports perplexity per word and per byte, and bits per byte
#   [lmeval1544]. Users of llama.cpp asked for the same, to compare models with other vocabularies
#   [llamacpp7111].

# %% [markdown]
# ## Recap
#
# - Likely is not good: the likeliest texts loop, and each repeat makes the next one likelier.
# - Compare with human text, measured the same way. Match its perplexity, do not minimise it.
# - Give quality together with diversity. Noise is diverse, loops are likely.
# - Equal lengths, all texts together, the model's own probabilities, several seeds. Then read.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores.

# %% [markdown] question="Two rows of numbers" points=1
# The token probabilities of two texts, one from a book, one from beam search. Which is which?
#
#     first    0.61  0.58  0.72  0.66
#     second   0.03  0.91  0.37  0.004
#
# - **A** The first is the book's: people write what is likely.
# - **B** The first is the book's: no person picks a token of 0.004.
# - **C** The second is the book's: people pick unlikely tokens too.
# - **D** The second is the book's: its mean log-probability is higher.

# %% answer="two_traces"
answer_traces = ""  # "A", "B", "C" or "D"

# %% test="two_traces"
check.choice(
    answer_traces,
    right="C",
    why={
        "A": "Look at the first explorer again: which of its rows is flat and high, and whose text "
        "is it?",
        "B": "Count the bars near zero in the human row of the first explorer.",
        "D": "Work out both means: one token with 0.004 costs more than five in log-probability.",
    },
)

# %% [markdown] question="Perplexity of two tokens" points=1
# A text has two tokens, with the probabilities 1/2 and 1/8. What is its perplexity?

# %% answer="two_tokens"
answer_two_tokens = None  # a number

# %% test="two_tokens"
check.number(
    answer_two_tokens,
    right=4,
    within=0.02,
    why={
        5: "That is the mean of 2 and 8: the mean of exponentials. Take the mean of the logarithms "
        "first.",
        16: "That is one over the probability of the whole text. Perplexity is for one token.",
        3.2: "That is one over the mean probability. Surprise is averaged as a logarithm.",
        2: "That is the mean surprise in bits. Which number of equal choices does it stand for?",
        1.386: "That is the mean surprise in nats. Perplexity is e to that power.",
        0.25: "That is the typical probability of a token. Perplexity is a number of choices.",
    },
    hint="See the formulas: mean of the logarithms first, exponential last. In bits it is easy.",
)

# %% [markdown] question="The king and the queen" points=1
# What does this print? It counts over both texts together.
#
# ```python
# text = "the king and the queen".split()
# print(distinct_n([text, text], 1))
# ```

# %% answer="king_and_queen"
answer_twice = None  # a number

# %% test="king_and_queen"
check.number(
    answer_twice,
    right=0.4,
    within=0.005,
    why={
        0.8: "That is one text alone, or the average of the two. Together, how many words are "
        "there, and how many different ones?",
        1: "There is a word that comes twice even within one text.",
        0.6: "That is the share that repeats. distinct-n is the share that is different.",
        0.5: "Count the different words of the sentence once more.",
        4: "That is how many different words there are. Divide by the number of all.",
        0.75: "Only different words count above the line, but below it each of the words counts.",
    },
    hint="Divide the number of different words by the number of all words, in both texts together.",
)

# %% [markdown] question="A thousand texts each" points=1
# Self-BLEU of a thousand texts each: people 0.31, setting P 0.50, setting R 0.02. R draws every
# token evenly from the vocabulary. What do the numbers say?
#
# - **A** P's texts are more alike than human ones, R's are diverse nonsense.
# - **B** P writes best: high BLEU means close to human text.
# - **C** R writes best: the lowest self-BLEU is the one to look for.
# - **D** P's texts are diverse, R writes nearly the same each time.

# %% answer="thousand_texts"
answer_side = ""  # "A", "B", "C" or "D"

# %% test="thousand_texts"
check.choice(
    answer_side,
    right="A",
    why={
        "B": "With which texts does self-BLEU compare a text: with human ones, or with its own "
        "siblings?",
        "C": "See the section on gibberish. What does a measure of diversity know about sentences?",
        "D": "That is the wrong way round. What does it mean to share many runs of words?",
    },
)

# %% [markdown] question="Five short texts" points=1
# What does this print? Write the numbers into the list.
#
# ```python
# TEXTS = ["a b a b a b", "a b a b a b c", "a a a a a", "a a a a a a", "x y z x y z"]
# print([i for i, text in enumerate(TEXTS) if ends_in_loop(text.split())])
# ```

# %% answer="five_short_texts"
answer_endings = []  # such as [0, 4]

# %% test="five_short_texts"
check.ids(
    answer_endings,
    right={0, 3},
    why={
        (0, 1, 3): "A loop that the text got out of does not count: look at the very end.",
        (0, 2, 3): "The phrase needs two tokens or more. How many times does it fit into the third "
        "text?",
        (0, 3, 4): "How many times does the phrase come in the last text? It takes three.",
        (0,): "One token again and again can be a phrase of two, too.",
        (0, 1, 2, 3): "Two tokens or more, three times or more, at the very end: check each text "
        "for all three.",
        (0, 1, 2, 3, 4): "Repeating something is not enough. There are three conditions.",
    },
    hint="See the formulas: a phrase of two or more, three times or more, at the very end.",
)

# %% [markdown] question="A hundred characters, two models" points=1
# Two models read the same 100 characters. A cuts them into 40 tokens and has a perplexity of 8 per
# token. B cuts them into 20 tokens and has 32. How many bits per character does the *better* one
# need?
#
# <details><summary>Hint</summary>
#
# A perplexity of 8 is three bits a token.
# </details>

# %% answer="bits_per_character"
answer_bits = None  # a number

# %% test="bits_per_character"
check.number(
    answer_bits,
    right=1.0,
    within=0.01,
    why={
        1.2: "That is A. Compute B in the same way: a lower perplexity per token need not win.",
        3: "That is per token of A. Multiply by its tokens, divide by the characters.",
        5: "That is per token of B. Multiply by its tokens, divide by the characters.",
        120: "Those are the bits of the whole text by A. Divide by the characters, and compute B.",
        100: "Those are the bits of the whole text. Divide by the number of characters.",
        3.2: "Perplexity is not in bits: which power of two is 8, and which is 32?",
        6.4: "Perplexity is not in bits: which power of two is 32?",
    },
    hint="For each model: bits per token, times its tokens, divided by 100. See other tokenizers.",
)

# %% [markdown] question="Half the temperature" points=1
# You compute perplexity from each token's probability *in its draw*, after temperature. *T* = 0.5
# gets a lower one than *T* = 1. What follows?
#
# - **A** Its texts are closer to human ones: the model is surer of them.
# - **B** Its texts are better: lower perplexity is better.
# - **C** The model's own probabilities would say so too: the order of the tokens stays.
# - **D** Little: each setting made the probabilities that it was judged by.

# %% answer="half_temperature"
answer_whose = ""  # "A", "B", "C" or "D"

# %% test="half_temperature"
check.choice(
    answer_whose,
    right="D",
    why={
        "A": "Is human text what a model is surest of? Look at the table of eight settings.",
        "B": "Greedy gets a perfect 1 by this count. Is greedy the best writer?",
        "C": "The order of the tokens stays, but perplexity uses their probabilities. See the "
        "section on whose probabilities.",
    },
)

# %% [markdown] question="Three settings, five seeds" points=1
# Human text has perplexity 26. Over five seeds, P has 6 to 8, Q 23 to 29, R 310 to 420. Which
# setting do you read first?
#
# - **A** P: the lowest perplexity is the best text.
# - **B** Q: it is level with people. Then check repetition, and read.
# - **C** R: human text is full of surprises, and R has the most.
# - **D** None of them: perplexity tells about models, and nothing about texts.

# %% answer="three_settings"
answer_first = ""  # "A", "B", "C" or "D"

# %% test="three_settings"
check.choice(
    answer_first,
    right="B",
    why={
        "A": "Which two rows of the table of eight had the lowest perplexity, and how did they "
        "read?",
        "C": "Human text has some surprises. Compare with how many: the 26 is a measure of that.",
        "D": "With the model held fixed, the texts are what differs. See the section on matching.",
    },
)

# %% [markdown] question="What texts have in common" points=2
# Find the bug. It was reported for Texygen, where self-BLEU comes from [texygen46]; here with plain
# overlap in place of BLEU. The function shall return the mean share of a text's n-grams that are
# also in *other* texts. Repair it. An n-gram that comes twice in a text counts twice in its share.
# One point for different texts, one if some are word for word the same: each of those is found in
# its copy.


# %% answer="overlap_repair"
def repaired_overlap(texts, n):
    """texts: two or more lists of words, each of n words or more. Returns a number.

    Each text is a list of its own. A word may hold any character, and capitals count.
    """
    ### BEGIN SOLUTION
    every = [ngrams(text, n) for text in texts]
    shares = []
    for i, own in enumerate(every):
        others = [gram for j, grams in enumerate(every) if j != i for gram in grams]
        shares.append(sum(gram in others for gram in own) / len(own))
    return sum(shares) / len(shares)
    ### END SOLUTION
    every = [ngrams(text, n) for text in texts]
    shares = []
    for i, own in enumerate(every):
        others = [gram for grams in every for gram in grams]
        shares.append(sum(gram in others for gram in own) / len(own))
    return sum(shares) / len(shares)


# %% test="overlap_repair"
def example():
    check.gives(
        repaired_overlap,
        [list("abc"), list("abd")],
        2,
        expect=0.5,
        why="Each of the two texts shares one of its two pairs with the other: 0.5. With which "
        "texts does the function compare a text?",
    )


points = 1.0 * check.passes("a b c and a b d, n = 2", example)
### BEGIN HIDDEN TESTS
from random import Random

from course_utils import domains


def found_elsewhere(texts, n):
    every = [[tuple(text[i : i + n]) for i in range(len(text) - n + 1)] for text in texts]
    total = 0.0
    for i, own in enumerate(every):
        elsewhere = {gram for grams in every[:i] + every[i + 1 :] for gram in grams}
        total += sum(gram in elsewhere for gram in own) / len(own)
    return total / len(every)


def some(random, count, n):
    """Texts of n words or more, of few different ones, so that they have much in common."""
    letters = random.choice(["abc", "abcdef", "abcdefghijklmnopqrstuvwxyz"])
    ids = [domains.history(random, len(letters), n)[:300] for _ in range(count)]
    texts = [[letters[i] for i in text] for text in ids]
    if random.random() < 0.5:
        for one, other in domains.alike_words(random, n):
            texts[0] += one
            texts[-1] += other
    return texts


def all_different(random):
    n = random.randint(1, 4)
    while True:
        texts = some(random, random.choice([2, 2, 2, 3, 3, 4, 7, 22]), n)
        if random.random() < 0.1:  # the same texts again, with another n
            texts = some(Random(random.randrange(3)), 3, 4)
        if len({tuple(text) for text in texts}) == len(texts):
            return texts, n


def with_copies(random):
    n = random.randint(1, 4)
    texts = some(random, random.choice([1, 2, 3, 4]), n)
    texts += [list(random.choice(texts)) for _ in range(random.choice([1, 1, 2, 4, 20]))]
    random.shuffle(texts)
    return texts, n


def different():
    example()
    check.against(
        found_elsewhere,
        repaired_overlap,
        all_different,
        why="Compare each text with all of the others and with nothing else, and take the mean over "
        "the texts. A run of a text counts as often as it comes in it. Found is what has the same "
        "words in the same order.",
    )


def copies():
    different()
    check.against(
        found_elsewhere,
        repaired_overlap,
        with_copies,
        why="Of two copies each is wholly found in the other. Leave out one place, not one wording.",
    )


points = 1.0 * check.passes("different texts", different)
points += check.passes("copies among the texts", copies)
### END HIDDEN TESTS
float(min(points, 2))

# %% [markdown] question="Perplexity from mlx-lm" points=2
# Find the bug. In mlx-lm the perplexity of a text depended on the batch that it was measured in
# [mlxlm1855]. Rows are texts, filled up behind their end with whatever the model gave there, perhaps
# −inf; `lengths` says how many tokens each text has, at least one. Repair it: the perplexity of each
# text alone, infinite if one of its own tokens is at −inf.


# %% answer="mlx_lm_repair"
def repaired_padding(logprobs, lengths):
    """logprobs: float32 (texts, longest); lengths: int64 (texts,). Returns a tensor (texts,)."""
    ### BEGIN SOLUTION
    places = torch.arange(logprobs.shape[-1])
    counted = places < lengths[:, None]
    total = logprobs.where(counted, 0.0).sum(dim=-1)
    return (-total / lengths).exp()
    ### END SOLUTION
    places = torch.arange(logprobs.shape[-1])
    counted = places <= lengths[:, None]
    total = logprobs.where(counted, 0.0).sum(dim=-1)
    return (-total / lengths).exp()


# %% test="mlx_lm_repair"
def example():
    check.close(
        repaired_padding,
        [[-1.0, -1.0, -1.0], [-2.0, -5.0, -7.0]],
        [3, 1],
        expect=torch.tensor([1.0, 2.0]).exp(),
        why="The second text has one token, with -2. Which places of its row are counted?",
        within=1e-3,
    )


2.0 * check.passes("a text of three tokens and one of one", example)
### BEGIN HIDDEN TESTS


def each_alone(logprobs, lengths):
    rows = zip(logprobs.tolist(), lengths.tolist(), strict=True)
    return torch.tensor([math.exp(-sum(row[:length]) / length) for row, length in rows])


def batch(random):
    longest = random.choice([1, 2, 5, 20, random.choice([20, 1000])])
    lengths = [random.randint(1, longest) for _ in range(random.choice([1, 1, 2, 3, 8]))]
    worst = random.choice([2, 10, 60])
    padding = random.choice([[0.0], [-math.inf], [-0.5, -3.0, 7.0, 1e4, -1e4, -math.inf]])
    rows = [
        [-random.choice([0, 1, 1]) * random.uniform(0, worst) for _ in range(length)]
        + [random.choice(padding) for _ in range(longest - length)]
        for length in lengths
    ]
    if random.random() < 0.1:
        text = random.randrange(len(rows))
        rows[text][random.randrange(lengths[text])] = -math.inf
    return torch.tensor(rows), torch.tensor(lengths)


example()
check.against(
    each_alone,
    repaired_padding,
    batch,
    why="Padding is told by its place, not by its value, and must not come in by a product either. "
    "Each text has its own length, and of its own tokens all count, one at 0 or −inf too.",
    within=1e-3,
)
### END HIDDEN TESTS

# %% [markdown] question="Your seq-rep" points=3
# Your `my_seq_rep` from **Build it** above. One point each: texts with two n-grams or more; texts
# with no n-gram or just one; tokens that only look alike once they are joined, sorted, shortened or
# in lower case. With a call of the course's functions it gets none.


# %% test="my_seq_rep"
def values():
    for text, n, expect in (
        ("the cat sat on the cat sat", 2, 2 / 6),
        ("ha ha ha ha", 1, 3 / 4),
        ("a b c d", 2, 0.0),
    ):
        check.gives(
            my_seq_rep,
            text.split(),
            n,
            expect=expect,
            why=f"Write down the n-grams of '{text}' for n = {n}, and tick those that came before. "
            "What share of all is ticked?",
        )


points = 1.0 * check.passes("short texts", values)
### BEGIN HIDDEN TESTS
from random import Random

from course_utils import domains


def repeats(ids, n):
    seen, again, runs = set(), 0, 0
    for start in range(len(ids) - n + 1):
        gram = tuple(ids[start : start + n])
        again, runs = again + (gram in seen), runs + 1
        seen.add(gram)
    return again / runs if runs else 0.0


def sorted_too(ids, n):
    """How many different n-grams there are, and how many if each is sorted."""
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return len(set(grams)), len({tuple(sorted(gram)) for gram in grams})


def plain(random):
    """Texts with two n-grams or more, in which different ones look different."""
    while True:
        n = random.choice([1, 2, 2, 3, 4, 6, random.randint(7, 40)])
        least = random.choice([*20 * [n + 1], domains.LONG])
        ids = domains.history(random, random.choice([5, 30, 900]), least)
        again = random.random() < 0.2
        if again:  # one of three texts, with another n or another end
            ids = domains.history(Random(random.randrange(3)), 5, n + 1 if n > 6 else 7)
            ids[-2:] = random.choice([ids[-2:], random.choices(ids, k=2)])
        ids = [i + 100 for i in ids]
        for _ in range(0 if again else random.choice([0, 1, 2])):
            start = random.randrange(len(ids))
            ids = ids[:999] + ids[start : start + random.choice([n, n + 1, 2 * n])]
        if len(set(sorted_too(ids, n))) == 1:
            return random.choice([ids, [chr(i + 0x4E00) for i in ids]]), n  # one Chinese character


def short(random):
    n = random.choice([1, 2, 3, 5, 50])
    ids = [random.choice([1, 2, 300]) for _ in range(random.choice([0, n - 1, n, n // 2]))]
    return random.choice([ids, [f"w{i}" for i in ids]]), n


def lookalike(random):
    """Texts in which different n-grams look the same."""
    n = random.choice([1, 2, 2, 3, 4])
    pairs = random.choice([domains.alike_ids, domains.alike_words])(random, n)
    return [token for pair in pairs for run in pair for token in run], n


def more_values():
    check.own(my_seq_rep, lookalike)
    values()
    check.against(
        repeats,
        my_seq_rep,
        plain,
        why="Runs overlap: they start at every place. Count those that came before, and divide "
        "by the number of runs.",
    )


def few_tokens():
    more_values()
    check.against(
        repeats,
        my_seq_rep,
        short,
        why="A text with fewer than n tokens has no n-gram, one with n has a single one: "
        "nothing repeats.",
    )


def only_alike():
    more_values()
    check.against(
        repeats,
        my_seq_rep,
        lookalike,
        why="Same tokens in the same order: 1, 12 is not 11, 2, and 1, 2 is not 2, 1. Compare the "
        "tokens themselves, whatever characters they have.",
    )


points = 1.0 * check.passes("values", more_values)
points += check.passes("no n-gram, or one", few_tokens)
points += check.passes("tokens that only look alike", only_alike)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Your perplexity" points=3
# Your `my_perplexity` from **Build it** above. One point each: one text, also a long one; several
# texts of different lengths; empty texts, and tokens that the model found impossible. With a call
# of the course's functions it gets none.


# %% test="my_perplexity"
def one_text():
    check.gives(
        my_perplexity,
        [[math.log(1 / 2), math.log(1 / 8)]],
        expect=4.0,
        why="Which number of equal choices do 1/2 and 1/8 feel like? Take the mean of the "
        "logarithms, then exp of minus that.",
        within=1e-3,
    )


points = 1.0 * check.passes("one text", one_text)
### BEGIN HIDDEN TESTS


def choices(texts):
    every = [x for text in texts for x in text]
    return math.exp(-math.fsum(every) / len(every)) if min(every) > -math.inf else math.inf


def text(random, least=1):
    length = random.choice([least, 1, 2, 5, 30, random.choice([30, 1000])])
    worst = random.choice([0, 2, 8, 60])
    return [-random.uniform(0, worst) for _ in range(length)]


def single(random):
    return ([text(random)],)


def many(random):
    return ([text(random) for _ in range(random.choice([2, 2, 3, 8, 25]))],)


def with_empty(random):
    texts = [text(random), *([] for _ in range(random.choice([1, 1, 3])))]
    random.shuffle(texts)
    return (texts,)


def with_impossible(random):
    texts = [text(random, least=0) for _ in range(random.choice([0, 1, 3]))] + [text(random)]
    texts[-1][random.randrange(len(texts[-1]))] = -math.inf
    random.shuffle(texts)
    return (texts,)


def right(draw, why):
    """As `check.against`, to four digits of a number of any size."""
    check.own(my_perplexity, many)
    for args, expect in check.drawn(choices, draw):
        within = 1e-4 * max(1.0, expect) if expect < math.inf else 0.0
        check.gives(my_perplexity, *args, expect=expect, why=why, within=within)


def any_text():
    one_text()
    right(
        single,
        why="Sure tokens give 1. Otherwise it is the typical 1/p, averaged as a logarithm. A product "
        "of a thousand probabilities is too small for any float: add logarithms.",
    )


def several():
    any_text()
    right(
        many,
        why="Every token counts the same. A mean over texts counts those of short texts more.",
    )


def empty_and_impossible():
    any_text()
    why = "An empty text adds no token. One impossible token makes the perplexity infinite."
    right(with_empty, why)
    right(with_impossible, why)


points = 1.0 * check.passes("one text, more values", any_text)
points += check.passes("several texts", several)
points += check.passes("empty texts, impossible tokens", empty_and_impossible)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="A distinct-2 of 0.99" points=0
# A colleague tuned a story writer until distinct-2 reached 0.99, on one prompt with one seed. In
# three sentences: what may be wrong with the number, what would you measure beside it, and what
# would you do before you ship?

# %% [markdown] answer="explain_tuned_writer"
# ### BEGIN SOLUTION
# One sample is an anecdote, short texts win at distinct-n, and noise reaches 1.0, so 0.99 may be
# too high: the first question is what human text of the same length has. I would measure
# perplexity under the unfiltered model, repetition and distinct-n together, on many prompts and
# several seeds, each beside human text. Before shipping I would let people read texts of both
# settings without knowing which is which.
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
# - [holtzman2020] The Curious Case of Neural Text Degeneration
# - [welleck2020] Neural Text Generation with Unlikelihood Training
# - [xu2022] Learning to Break the Loop
# - [zhang2021] Trading Off Diversity and Quality in Natural Language Generation
# - [caccia2020] Language GANs Falling Short
# - [zhu2018] Texygen
# - [li2016], [liu2022]: distinct-n, and its correction for length
# - [pillutla2021] MAUVE

# %% [markdown]
# - [vllm2026], [rfcs11]: whose log-probabilities a service returns
# - [lmeval1544], [llamacpp7111]: perplexity per word and per byte
# - [magenta239], [distinctn2], [texygen46], [mlxlm1855]: mistakes and repairs
# - [stories12]: the books that the twelve passages are from
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

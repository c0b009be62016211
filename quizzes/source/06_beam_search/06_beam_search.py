# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Beam search
#
# Carry several texts along, and choose among them at the end.

# %% [markdown]
# > **About 55 minutes** · difficulty ●●●○○ · you need: log-probabilities and greedy choice (01)
# >
# > Afterwards you can
# > - run beam search by hand, and say when it misses the best text;
# > - write it, with texts that end early, and repair published bugs;
# > - say which way a length penalty pushes;
# > - choose the jobs for it.
#
# Names in brackets, as in [wu2016], are sources. They are listed at the end.

# %% [markdown]
# **Recall.** A text of two tokens has the probabilities 0.5 and 0.25. How likely is the text? One
# text has the log-probability −0.9, another −1.5. Which is likelier?
#
# <details><summary>Answer</summary>
#
# 0.5 × 0.25 = 0.125: the probabilities of the tokens are multiplied. Logarithms turn the product
# into a sum. A log-probability is never above 0, and −0.9 is nearer to 0, so that text is likelier:
# 41% against 22%.
# </details>

# %% locked="setup"
import functools
import math

import torch

from course_utils import explore, storyteller
from course_utils import quiz as check
from course_utils.beam import beam_search, diverse_beam_search
from course_utils.explore.plots import style
from course_utils.generate import Settings, generate_batch
from course_utils.metrics import distinct_n, seq_rep_n
from course_utils.penalties import no_repeat_ngram
from course_utils.tokenizer import END_OF_TEXT as END
from course_utils.toys import GREEDY_LOSES

# %% [markdown]
# ## By hand, on a tree of two steps
#
# A toy model goes on from `The`. After each text so far, it gives the next token's probabilities.

# %%
for text, shares in GREEDY_LOSES.items():
    print(repr("".join(text)).ljust(8), shares)

# %% [markdown]
# **Predict.** Greedy takes the best token at each step. Which text does it find, and how likely is
# that text? Is there a likelier one? Multiply, then look: the numbers on the branches are
# log-probabilities, and each total is their sum.

# %%
explore.BeamTree(GREEDY_LOSES, num_beams=1, depth=2)

# %% [markdown]
# 1. One beam is greedy. It ends on ` cat sat` with the total −1.51. Which probability is that?
#    (*e* to that power: 0.22, which is 0.55 × 0.4.)
# 2. Set `num_beams` to 2. Who wins now, and how many times as likely is it? (0.405 against 0.22:
#    1.8 times.)

# %% [markdown]
# ` dog` looked worse by a little, and led to something much better. Greedy cannot know: it has
# dropped ` dog` before it sees ` barked`. Two beams keep both first tokens alive, so the second step
# can compare what became of them.

# %%
first = {"cat": 0.55, "dog": 0.45}
second = {"cat sat": 0.4, "cat ran": 0.35, "cat slept": 0.25, "dog barked": 0.9, "dog ran": 0.1}
for text, p in second.items():
    before = first[text.split()[0]]
    total = math.log(before) + math.log(p)
    print(f"{text:<11} {before} × {p:<4} = {before * p:.4f}   log {total:.2f}")

# %% [markdown]
# Two beams keep the best two of these five, wherever they grew: `dog barked` and `cat sat`.

# %% [markdown]
# ## The rule
#
# Beam search with *k* beams:
#
# 1. Start with one empty text. Its total is 0.
# 2. Lengthen every text that you hold by every token of the vocabulary.
# 3. Of **all** these candidates together, keep the *k* with the highest totals. Go to 2.
#
# With *k* = 1 it is greedy. Nothing is drawn: the same prompt gives the same texts, and a seed has
# no effect.

# %% [markdown]
# The total of a text $y_1, \dots, y_n$ is its log-probability:
#
# $$\log p(y_1, \dots, y_n) = \sum_{t=1}^{n} \log p(y_t \mid y_1, \dots, y_{t-1})$$
#
# Why logarithms? Products of many probabilities become too small for a computer; their sums do not.

# %%
step_probability = torch.tensor(0.04)  # about the Storyteller's mean on human text
print("product of 40:", step_probability.pow(40))
print("sum of 40 logs:", 40 * step_probability.log())

# %% [markdown]
# **How much work?** Four beams and the Storyteller's 4,096 tokens make 4 × 4,096 = 16,384
# candidates a step, and the model reads four texts instead of one. To try *all* texts of four
# tokens it would have to weigh 4,096⁴, about 280 million million.

# %% [markdown]
# ## Not the best, and not always better than greedy
#
# A widely read post says that beam search always finds a likelier text than greedy. A reader
# disagreed, with a tree drawn by hand [blog977]. Here is another.

# %% locked="pruned"
LATER = {" sang": 0.4, " slept": 0.3, " ran": 0.3}
PRUNED = {
    (): {" old": 0.52, " young": 0.48},
    (" old",): {" man": 0.4, " wolf": 0.3, " hen": 0.3},
    (" young",): {" man": 0.55, " wolf": 0.45},
    (" old", " man"): {" sang": 0.9, " slept": 0.1},
    (" old", " wolf"): LATER,
    (" old", " hen"): LATER,
    (" young", " man"): LATER,
    (" young", " wolf"): LATER,
}

# %% [markdown]
# **Predict.** Greedy finds ` old man sang`: 0.52 × 0.4 × 0.9 = 0.187. Will two beams do better?

# %%
explore.BeamTree(PRUNED, num_beams=2, depth=3)

# %% [markdown]
# 1. Which text wins with two beams, and how likely is it? (` young man sang`, total −2.25, which is
#    0.106: *less* than greedy's.)
# 2. At which step do two beams lose greedy's text? How many beams do you need to keep it? (At the
#    second; three.)

# %% [markdown]
# After two steps ` young man` has 0.264 and ` young wolf` 0.216. Together they push out ` old man`,
# 0.208, whose bright future nobody has seen yet. So beam search is a *heuristic*: a wider beam
# prunes less, but only a beam that holds everything is sure to find the best text.

# %% [markdown]
# **Predict.** Does that happen to a real model? The Storyteller continues `There was once a` by 6,
# by 20 and by 40 tokens.

# %%
model = storyteller.load()
widths = (1, 2, 4, 8, 16)
print("beams    " + "".join(f"{width:>8}" for width in widths))
for length in (6, 20, 40):
    found = [beam_search(model, "There was once a", width, length) for width in widths]
    totals = [search.hypotheses[0].logprob for search in found]
    print(f"{length:>2} tokens" + "".join(f"{total:8.1f}" for total in totals))

# %% [markdown]
# At 6 tokens every wider beam beats greedy, the first column. At 40 greedy has overtaken them all: it
# fell into a loop, which a model finds very likely, and the beams had pruned the way there. Nor does
# a wider beam always find more: there, 4 beams do no better than 2.

# %% [markdown]
# ## Build it: one step
#
# > difficulty ●●●○○ · importance ●●●●● · 10 minutes
#
# Write step 2 and 3 of the rule. It is scored below. The course's own functions are not allowed.
#
# <details><summary>Hint</summary>
#
# Collect all candidates as (ids, total) in one list, sort it by total, cut it.
# <details><summary>More</summary>
#
# `[*ids, token]` makes a new list, `ids.append` changes the old one. Or flatten a table of totals:
# place ÷ vocabulary is the text, the remainder its token.
# </details>
# </details>


# %% answer="beam_step"
def beam_step(beams, logprobs, num_beams):
    """The best texts that are one token longer than those in `beams`.

    beams: a list of (ids, total): a list of token ids, of the same length in all, and the sum of
    their log-probabilities.
    logprobs: a tensor (len(beams), vocabulary); row i has the log-probabilities of the token that
    follows beams[i].
    Returns a list of (ids, total), the highest total first: the best num_beams of all candidates
    together, or all of them if there are fewer. `beams` and `logprobs` stay as they are.
    """
    ### BEGIN SOLUTION
    totals = torch.tensor([total for _, total in beams]).unsqueeze(-1) + logprobs
    best, places = totals.flatten().topk(min(num_beams, totals.numel()))
    found = []
    for total, place in zip(best.tolist(), places.tolist(), strict=True):
        parent, token = divmod(place, logprobs.shape[-1])
        found.append(([*beams[parent][0], token], total))
    return found
    ### END SOLUTION


# %% [markdown]
# Run this as often as you like. It is a smaller tree, and tokens are numbers: 0 is `cat`, 1 `dog`, 2
# `sat`, 3 `barked`.

# %%
start = torch.tensor([[0.55, 0.45, 0.0, 0.0]]).log()
later = torch.tensor([[0.0, 0.0, 0.6, 0.4], [0.0, 0.0, 0.1, 0.9]]).log()
beams = [([0], math.log(0.55)), ([1], math.log(0.45))]
why = "Add each token's log-probability to its text's total, then compare all candidates."
check.passes("the first step", check.gives, beam_step, [([], 0.0)], start, 2, expect=beams, why=why)
expected = [([1, 3], math.log(0.45 * 0.9)), ([0, 2], math.log(0.55 * 0.6))]
check.passes("the second", check.gives, beam_step, beams, later, 2, expect=expected, why=why)
print("Expected:", [(ids, round(total, 2)) for ids, total in expected])

# %% [markdown]
# Now let your step search the Storyteller's tree. This takes one step after the other with it; run
# it again when you have changed your function.


# %%
def take_steps(step, next_logprobs, num_beams, depth, length_penalty):
    beams = [([], 0.0)]
    for _ in range(depth):
        rows = torch.stack([next_logprobs(ids) for ids, _ in beams])
        found = step(beams, rows, num_beams)
        if found is None:
            return None
        beams = [([int(i) for i in ids], float(t)) for ids, t in found if t > -math.inf]
    return beams[0][0]


my_search = functools.partial(take_steps, beam_step)
my_search.__name__ = "beam_step"  # for the explorer's message if something is wrong

# %% [markdown]
# **Predict.** After `The little girl saw a`, will three beams end on greedy's four tokens? While
# your step is not written, or when it has a mistake, the explorer says so below the picture.

# %%
explore.BeamTree("The little girl saw a", num_beams=3, depth=4, function=my_search)

# %% [markdown]
# 1. Greedy's total is −6.22. What do three beams find, and from how many beams on is it found?
#    (` little girl in the`, −5.94, from three on.)
# 2. Move `num_beams` and `depth`. Does your function agree with the course's everywhere?

# %% [markdown]
# ## Texts that end
#
# A model can choose end-of-text. Such a text is finished: it is not lengthened any more, but it is
# not out of the race. Its total stays, and it is compared with the texts that still run. In a
# batch of beams, each text ends for itself.

# %% [markdown]
# A third toy answers the question `Did the fox come back?`. Its texts end after two to five tokens.

# %% locked="answers"
ANSWERS = {
    (): {" No": 0.6, " It": 0.4},
    (" No",): {END: 0.7, " one": 0.3},
    (" No", " one"): {END: 1.0},
    (" It",): {" never": 0.9, " did": 0.1},
    (" It", " did"): {END: 1.0},
    (" It", " never"): {" came": 0.9, " went": 0.1},
    (" It", " never", " went"): {END: 1.0},
    (" It", " never", " came"): {" back": 0.9, END: 0.1},
    (" It", " never", " came", " back"): {END: 1.0},
}

# %% [markdown]
# ## Build it: the whole search
#
# > difficulty ●●●●○ · importance ●●●●● · 10 minutes
#
# Now on tables with words, with ends. A finished text counts among the `num_beams`.
#
# <details><summary>Hint</summary>
#
# In each round, make the list of candidates: a finished text enters it as it is, a running one once
# for each next token.
# <details><summary>More</summary>
#
# `for token, p in table[tokens].items()` gives the next tokens; `tokens + (token,)` is a new tuple;
# the total grows by `math.log(p)`.
# </details>
# </details>


# %% answer="my_beam_search"
def my_beam_search(table, num_beams, depth):
    """The texts that beam search holds after `depth` steps, as a list of (tokens, total).

    table: a dict such as ANSWERS: the text so far, a tuple of tokens -> {token: probability}; all
    probabilities are at least 1e-6. It stays as it is. A text that took END is finished: it keeps
    its tokens and its total, and still competes for one of the num_beams places. depth: 1 to 50; a
    text that has not ended by then is returned as it is.
    Returns the highest total first, or fewer than num_beams if there are not that many texts.
    tokens: a tuple with END if it was taken; total: the sum of the natural log-probabilities.
    """
    ### BEGIN SOLUTION
    beams = [((), 0.0)]
    for _ in range(depth):
        candidates = []
        for tokens, total in beams:
            if tokens and tokens[-1] == END:
                candidates.append((tokens, total))
            else:
                for token, p in table[tokens].items():
                    candidates.append(((*tokens, token), total + math.log(p)))
        beams = sorted(candidates, key=lambda beam: beam[1], reverse=True)[:num_beams]
    return beams
    ### END SOLUTION


# %%
why = "Follow the three rules by hand for this tree: which candidates are there after each step?"
hand = [((" dog", " barked"), math.log(0.405)), ((" cat", " sat"), math.log(0.22))]
arguments = (my_beam_search, GREEDY_LOSES, 2, 2)
if check.passes("the cat and the dog", check.gives, *arguments, expect=hand, why=why):
    print("\nDid the fox come back? Two beams, five steps, ■ for end-of-text:")
    for tokens, total in my_beam_search(ANSWERS, 2, 5):
        print(f"{total:6.2f}  {math.exp(total):.3f}  {''.join(tokens).replace(END, '■')}")

# %% [markdown]
# When it works, it prints two finished texts: ` No■` with 0.42, and ` It never came back■` with
# 0.29. The short answer is the likelier one. Is it the better one?

# %% [markdown]
# ## Long texts lose
#
# Every token adds a number below 0, so a total can only fall. Summed log-probabilities of texts of
# different lengths are not a fair race. The usual handicap divides by a power of the length:
#
# $$\text{score} = \frac{\log p(y_1, \dots, y_n)}{n^{\,\alpha}}$$
#
# *n* counts the new tokens, end-of-text too; α is called the **length penalty**.

# %% [markdown]
# **Predict.** ` No■` has the total −0.87 and 2 tokens; ` It never came back■` has −1.23 and 5. With
# α = 1 the score is the mean a token. Who wins? And does a larger α help the short text or the long?

# %%
print("alpha    No■    It never came back■")
for alpha in (-1.0, 0.0, 0.5, 1.0, 2.0):
    short, long = math.log(0.42) / 2**alpha, math.log(0.2916) / 5**alpha
    print(f"{alpha:5.1f} {short:7.2f} {long:10.2f}    {'short' if short > long else 'long'} wins")

# %% [markdown]
# A positive α favours the **longer** text. The total is negative: dividing it by a larger number
# brings it nearer to 0, which is *up*. A negative α favours the shorter one.
#
# **Predict.** Somewhere from 0 to 0.5 the winner changes. Where?

# %%
explore.BeamTree(ANSWERS, num_beams=2, depth=5, length_penalty=0.0)

# %% [markdown]
# 1. Move `length_penalty` up from 0. Between which two steps of the slider does the winner change?
#    (0.3 and 0.4.)
# 2. Set it to 1 and `num_beams` to 1. Why does the short answer win again? (The long one was pruned
#    at the first step; a penalty cannot bring it back.)

# %% [markdown]
# The name misleads, and so have good sources. A textbook says of this very formula that the
# denominator penalises long sequences [zhang2023]; it helps them. The documentation of
# `transformers` had the direction the wrong way round until a reader complained
# [transformers18971]. Google's translation system divided by ((5 + *n*) / 6)^α instead, with the
# same direction [wu2016].

# %% [markdown]
# ## A known result: wide beams, empty texts
#
# Stahlberg and Byrne searched for the *truly* likeliest translation of each sentence of a test set.
# For more than half of them it was the empty text. Beam search had mostly failed to find it, and
# that was its luck [stahlberg2019].
#
# Beams wider than 5 were widely seen to hurt translations [yang2018]. Curing their shortness almost
# cures that too [murray2018].

# %% [markdown]
# **Predict.** Below are eight sentences after which a story may stop, or go on. The beam grows from
# 1 to 16. Does the mean length of the winners rise or fall, ranked by the sum? And ranked by the
# mean?

# %%
last_words = """So the fox went home and was never seen again.
The lamp was never found.
"Good-bye," said the bear, and he went away.
And the moral of this story is
Then the little boy fell fast asleep.
After that the wolf never came back.
They all went home, and it was a happy evening.
The old woman shut the door and went to bed.""".splitlines()


# %%
def search_all(width, alpha):
    searches = [beam_search(model, prompt, width, 20, alpha) for prompt in last_words]
    return [search.hypotheses[0] for search in searches]


by_sum = [search_all(width, alpha=0.0) for width in widths]
print("beams   mean total   empty texts")
for width, texts in zip(widths, by_sum, strict=True):
    total = sum(text.logprob for text in texts) / len(texts)
    empty = sum(text.text == "" for text in texts)
    print(f"{width:>5} {total:12.1f} {empty:13}")


# %%
def mean_length(texts):
    return sum(len(text.tokens) for text in texts) / len(texts)


by_sum_lengths = [mean_length(texts) for texts in by_sum]
by_mean_lengths = [mean_length(search_all(width, alpha=1.0)) for width in (1, 16)]

# %%
chart = explore.Chart(x="beams", y="mean length, tokens")
chart.axes.plot(range(5), by_sum_lengths, color=style.DRAWN, marker="o")
chart.axes.plot((0, 4), by_mean_lengths, color=style.KEPT, marker="s", linestyle="--")
chart.label(0.3, by_sum_lengths[1] - 5, "ranked by the sum (length penalty 0)", style.DRAWN)
chart.label(0.3, by_mean_lengths[1] + 1.6, "ranked by the mean (length penalty 1)", style.KEPT)
chart.axes.set_xticks(range(5), widths)
chart.axes.set_ylim(0, 24)
chart.says(
    f"Ranked by the sum, the winners shrink from {by_sum_lengths[0]:.0f} tokens with 1 beam to "
    f"{by_sum_lengths[-1]:.0f} with 16. Ranked by the mean, they have {by_mean_lengths[-1]:.0f}."
)

# %% [markdown]
# The search does its job ever better: the totals rise. The texts get worse: with 16 beams five of
# eight are *nothing at all*, only end-of-text. The fault is in the question, "which text is the
# likeliest?". With a length penalty of 1 no text is empty, and none ends: all run to the limit of
# 20 tokens. No α knows how long a story should be.

# %% [markdown]
# ## Likelier, and duller
#
# Now texts of one length: eight openings, 40 tokens each, by greedy, by beams, and drawn at random.
#
# **Predict.** Which of them has the highest log-probability a token? Which repeats itself most?

# %%
openings = """Once upon a time
The king said to his
The little girl saw a
There was once a
In the middle of the forest
One day a poor man
Long ago there lived
When the sun went down""".splitlines()


# %%
def report(name, texts):
    """Print the means of texts, a list of (ids, total)."""
    rows = [(total / len(ids), distinct_n([ids], 2), seq_rep_n(ids, 4)) for ids, total in texts]
    mean, pairs, repeats = (sum(column) / len(texts) for column in zip(*rows, strict=True))
    print(f"{name:<9} {mean:10.2f} {pairs:17.0%} {repeats:17.0%}")


# %%
print("          mean log p   different pairs   repeated 4-grams")
for width in (1, 4, 8):
    found = [beam_search(model, prompt, width, 40).hypotheses[0] for prompt in openings]
    name = "greedy" if width == 1 else f"{width} beams"
    report(name, [(text.tokens, text.logprob) for text in found])
steps = zip(*generate_batch(model, openings, Settings(), 40), strict=True)
rows = [[step for step in row if step] for row in steps]
report("drawn", [([s.token for s in row], sum(s.logprob for s in row)) for row in rows])

# %% [markdown]
# Beams find likelier texts than greedy, and repeat themselves more. Drawn texts are far less likely,
# about as likely as human text is to this model, and do not repeat a single run of four.
# People do not write the likeliest words. That text from beam search is bland and gets stuck in
# loops is the classic finding on open-ended writing [holtzman2020].

# %% [markdown]
# **Predict.** A person wrote the first line below. Is it more or less likely to the model than beam
# search's text? By how much, a token?

# %%
explore.ProbabilityTrace(beams=4, length=60)

# %% [markdown]
# 1. Compare the mean log-probabilities of human and beam. (−4.09 and −0.77: a human token is *e*³·³,
#    about 28 times less likely, on average.)
# 2. The last number says how the probability grows from the first half to the second. In which text
#    does it grow most? (Beam: 0.45 → 0.61. It has begun to repeat, and repeats are easy to guess.)

# %% [markdown]
# So beam search is seldom used alone. It is often combined with a ban on repeated n-grams, the
# penalty that you know from module 05.
#
# **Predict.** Below, greedy and beam search run freely, and your settings forbid each run of three
# tokens to come twice. Which share of 4-grams are repeats in each?

# %%
explore.Loops("Once upon a time", length=80, repetition_penalty=1.0, no_repeat_ngram=3)

# %% [markdown]
# 1. Which of the free texts repeats more? (Beam search: 57%, greedy 51%.)
# 2. Set `no_repeat_ngram` to 0 and `temperature` to 1. Does drawing need the ban? (No: under 5% of
#    its 4-grams are repeats.)
#
# On Wikipedia text the order was the same: 44% of greedy's 4-grams were repeats, 52% with 10
# beams, under 2% when drawn from the top 50 [welleck2020].


# %%
def no_trigram_twice(logprobs, ids):
    return no_repeat_ngram(logprobs, ids, 3)


for process in (None, no_trigram_twice):
    found, _ = beam_search(model, "There was once a", 4, 40, process=process)
    print(f"{found[0].logprob:.1f}  There was once a{found[0].text}\n")

# %% [markdown]
# The second text was forbidden to repeat, and still is the *likelier* of the two. So the first was
# not the best there is: it is what four beams had left.

# %% [markdown]
# ## Beams that differ
#
# You can ask for all beams instead of the best. **Predict.** How different will four beams be after
# `The princess opened the door and`?

# %%
prompt = "The princess opened the door and"
for text in beam_search(model, prompt, 4, 14, num_return=4).hypotheses:
    print(f"{text.logprob:.1f} {text.text}")
print("\nFour groups, with a diversity penalty of 1:")
for text in diverse_beam_search(model, prompt, 4, 4, 1.0, 14).hypotheses:
    print(f"{text.logprob:.1f} {text.text}")

# %% [markdown]
# Plain beams share their beginnings and differ in their last words. **Diverse beam search** splits
# the beams into groups. In each step, a token loses some log-probability for every beam of an
# earlier group that took it, so later groups look elsewhere [vijayakumar2016]. They find less likely
# texts, and different ones.

# %% [markdown]
# ## What goes wrong
#
# **All beams start alike.** Hold three copies of the prompt instead of one text, and each brings the
# same candidates. The best three of all are three copies of the best.

# %%
row = model.next_logits("Once upon a time").log_softmax(dim=-1)
for totals in ([0.0, 0.0, 0.0], [0.0, -1e9, -1e9]):
    candidates = torch.tensor(totals).unsqueeze(-1) + row  # three beams × vocabulary
    best = candidates.flatten().topk(3).indices % len(row)
    print(totals, [model.tokenizer.decode([token]) for token in best.tolist()])

# %% [markdown]
# That made all beams of a chatbot library say the same [parlai2007]: its search had become greedy.
# `transformers` starts beams 2, 3, … at −1,000,000,000, as in the second line, so that all winners
# of the first step come from the first beam [transformers2026].

# %% [markdown]
# **Adding probabilities.** A summariser added up softmax outputs instead of their logarithms
# [pointersummarizer26]. Then 0.9 followed by 0.01 (sum 0.91) beats 0.5 followed by 0.4 (sum 0.9),
# though its text is 22 times less likely (0.009 against 0.2). And longer is always better.

# %% [markdown]
# **Ends.** Three ways to get them wrong, all published: finished texts are lengthened further and
# waste their places [parlai2058]; the search stops when the *best* text ends, though others could
# still overtake it under a length penalty [joeynmt149]; it stops after *k* ends, and returns the
# *k* shortest texts instead of the best [xnmt572].

# %% [markdown]
# **Counting the prompt.** The length in the score has to be that of the *new* tokens. Two libraries
# once counted the prompt too [vllm2606] [transformers26624].

# %%
for prompt_length in (0, 1000):
    short, long = math.log(0.42) / (prompt_length + 2), math.log(0.2916) / (prompt_length + 5)
    winner = "short" if short > long else "long"
    print(
        f"prompt of {prompt_length:>4}: No■ {short:.5f}   It never came back■ {long:.5f}   {winner}"
    )

# %% [markdown]
# After a long prompt 1,002 and 1,005 are nearly the same divisor: the penalty is switched off, and
# short texts win again.

# %% [markdown]
# ## Where it is right
#
# Beam search fits where the input fixes the answer and a likelier text is a better one: translation,
# transcription, a short summary. There the model is sure, and the few doubtful steps
# deserve a second look. It does not fit where many texts are right and the likeliest is the dullest:
# stories, chat, ideas [holtzman2020].

# %% [markdown]
# ## What production systems do
#
# - `transformers` takes the best 2*k* candidates, so that *k* can go on when some end; α is 1 by
#   default [transformers2026]. A summariser there is set to 4 beams, α = 2, no trigram twice
#   [transformers6502].
# - Whisper transcribes with 5 beams, and draws when a result looks bad [whisper2022].
# - vLLM wanted to drop beam search, as the large APIs do not offer it. Users objected, and it stayed
#   [vllm6226].

# %% [markdown]
# ## Recap
#
# - Lengthen every text by every token, keep the best *k* of all together, by summed
#   log-probability. One beam is greedy.
# - It can miss the best text, and greedy's too. It draws nothing.
# - Finished texts stop growing and stay in the race. Sums favour short texts; a positive length
#   penalty favours long ones.
# - A likelier text is not a better one, unless the input fixes the answer.

# %% [markdown]
# ## Check your understanding
#
# Answer in the cells that say so. The locked cell after each only looks whether there is an answer
# it can read: the button at the end scores.

# %% [markdown] question="Candidates line up" points=1
# A model has 4,096 tokens. Beam search holds 5 running texts. How many candidates does the next
# step compare?

# %% answer="candidates"
answer_candidates = None  # a whole number

# %% test="candidates"
check.number(
    answer_candidates,
    right=20480,
    within=0.5,
    why={
        4096: "That is what greedy weighs, which holds one text. How many texts are lengthened here?",
        5: "That is how many are kept afterwards. How many are there to choose from?",
        25: "Each text is lengthened by every token of the vocabulary, not only by five.",
        10: "Some libraries take that many out of the ranking. How many were ranked?",
        4096**5: "That is every text of five tokens: the exhaustive search that beams avoid.",
        4101: "The two numbers are not to be added: every text meets every token.",
    },
    hint="Read the rule again: every text that you hold, lengthened by every token.",
)

# %% [markdown] question="A tree of letters" points=1
# What does this print, with a right `my_beam_search`?
#
# ```python
# tree = {
#     (): {"A": 0.5, "B": 0.3, "C": 0.2},
#     ("A",): {"x": 0.36, "y": 0.34, "z": 0.3},
#     ("B",): {"x": 0.62, "y": 0.38},
#     ("C",): {"x": 1.0},
# }
# tokens, total = my_beam_search(tree, 2, 2)[0]
# print(round(math.exp(total), 3))
# ```

# %% answer="letter_tree"
answer_tree = None  # a number, three decimals

# %% test="letter_tree"
check.number(
    answer_tree,
    right=0.186,
    within=0.0006,
    why={
        0.2: "That is the likeliest text of all. But is its first token still held after step 1?",
        0.18: "That is what one beam finds, greedy. Two beams hold a second first token too.",
        0.62: "That is the probability of one token. A text multiplies all of its tokens.",
        -1.682: "That is the total. What does the last line do with it?",
        0.114: "That is a candidate of the second step, but is it the best of those held?",
        0.17: "That is a candidate of the second step, but is it the best of those held?",
        1.12: "Probabilities of one text after another are multiplied, not added.",
        18.6: "Percent? math.exp gives a share, from 0 to 1.",
    },
    hint="Keep two first tokens, multiply out what follows them, and take the best.",
)

# %% [markdown] question="The post about greedy" points=1
# A post says: beam search always finds a text at least as likely as greedy's [blog977]. Both write
# 40 tokens. What is true?
#
# - **A** It holds: greedy's text is always one of the beams.
# - **B** It holds from two beams on, as more texts are compared.
# - **C** It can fail: greedy's text may be pruned while others lead.
# - **D** It can fail: beam search draws tokens and may be unlucky.

# %% answer="post_about_greedy"
answer_greedy = ""  # "A", "B", "C" or "D"

# %% test="post_about_greedy"
check.choice(
    answer_greedy,
    right="C",
    why={
        "A": "Greedy's first token is surely held. Follow its text through the second step of the "
        "tree with the old man and the young one.",
        "B": "More texts are compared, but only by what is known so far. Look at the table for "
        "'There was once a' at 40 tokens.",
        "D": "Run a search twice and compare: what changes? The rule says where chance comes in.",
    },
)

# %% [markdown] question="Two beams meet three tokens" points=1
# Two beams meet a vocabulary of three tokens. Which places does this print?
#
# ```python
# totals = torch.tensor([[-0.5], [-2.0]])
# logprobs = torch.tensor([[-1.0, -1.3, -3.0],
#                          [-0.2, -0.9, -4.0]])
# print((totals + logprobs).flatten().topk(2).indices.tolist())
# ```

# %% answer="best_places"
answer_places = []  # a list of whole numbers from 0 to 5, in any order

# %% test="best_places"
check.ids(
    answer_places,
    right={0, 1},
    why={
        (0, 3): "One for each beam? Nothing in the rule says that each text has to go on.",
        (3, 4): "Those are the likeliest tokens. What matters is the total with what came before.",
        (0,): "Two places are asked for.",
        (1, 2): "Count places from 0, row by row.",
        (2, 5): "A log-probability nearer to 0 is the likelier one.",
        (0, 4): "Places run on through both rows, and the totals of both rows are compared.",
    },
    hint="Write the six sums in one row, numbered from 0, and take the two nearest to 0.",
)

# %% [markdown] question="Two finished texts" points=1
# Two texts have finished. One has 2 tokens and the total −2.0, the other 6 tokens and the total
# −3.6, end-of-text counted. The length penalty is 1. Which score does the winner have?

# %% answer="winning_score"
answer_score = None  # a number

# %% test="winning_score"
check.number(
    answer_score,
    right=-0.6,
    within=0.005,
    why={
        -1.0: "That is a score here, but not the winner's: which of the two is nearer to 0?",
        -2.0: "That compares sums of different lengths. Divide each by its own length first.",
        -3.6: "That is a total. A score divides it by a power of the length.",
        -21.6: "The length divides the total, it does not multiply it.",
        -4.0: "The length divides the total, it does not multiply it.",
        -0.72: "End-of-text is one of the six tokens, and it counts.",
        0.6: "A mean of log-probabilities stays below 0.",
        -1.8: "Each text is divided by its own length, not by the other's.",
    },
    hint="Divide each total by its own length to the power 1. The higher score wins.",
)

# %% [markdown] question="Alpha from 0 to 1" points=1
# The score is total / *n*^α, *n* the length. You raise α from 0 to 1. How do long texts fare
# against short ones?
#
# - **A** They gain: a negative total moves up when divided.
# - **B** They lose: a larger denominator means a smaller score.
# - **C** They lose: it is called a length *penalty* for a reason.
# - **D** They gain: at α = 1 their totals become positive.

# %% answer="alpha_and_length"
answer_direction = ""  # "A", "B", "C" or "D"

# %% test="alpha_and_length"
check.choice(
    answer_direction,
    right="A",
    why={
        "B": "That holds for positive numbers, and a textbook argued so. Which sign has a total? "
        "Divide −6 by 2 and by 3.",
        "C": "Names mislead. Move the slider of the tree that answers for the fox, from 0 to 1.",
        "D": "Half of that is right. But can dividing a negative number by a positive one change "
        "its sign?",
    },
)

# %% [markdown] question="The library that repeats itself" points=1
# A library's five beams return the same sentence five times, for every input [parlai2007]. What is
# the likeliest cause?
#
# - **A** The seed is fixed, so each of the beams draws the same tokens.
# - **B** The first step ranks the candidates of five equal texts.
# - **C** The model is so sure that there is only one sentence to find.
# - **D** The length penalty leaves only sentences of one length.

# %% answer="library_beams"
answer_copies = ""  # "A", "B", "C" or "D"

# %% test="library_beams"
check.choice(
    answer_copies,
    right="B",
    why={
        "A": "Which step of the rule would use a seed? Read what is said about chance there.",
        "C": "Candidates with one parent end on different tokens, however unlikely. When can two "
        "candidates be the same text?",
        "D": "There are many sentences of one length. Look for the step at which the five could "
        "first have parted.",
    },
)

# %% [markdown] question="A job for beams" points=1
# For which job is beam search the natural choice?
#
# - **A** Ten different slogans for a new bakery, to choose from.
# - **B** The next chapter of a fairy tale, of about a page.
# - **C** A friendly reply that keeps a conversation going.
# - **D** A transcript of what a speaker said in a recording.

# %% answer="right_job"
answer_job = ""  # "A", "B", "C" or "D"

# %% test="right_job"
check.choice(
    answer_job,
    right="D",
    why={
        "A": "How different were the four beams about the princess and the door?",
        "B": "Look at the numbers under 'Likelier, and duller': what becomes of open text that is "
        "searched for?",
        "C": "Many replies are right, and the likeliest is the blandest. Where does the input fix "
        "the answer?",
    },
)

# %% [markdown] question="A much-copied tutorial" points=2
# Find the bug. A much-copied tutorial had it until 2020 [brownlee2020]. Each text carries a cost,
# and the lowest costs are kept. Repair the function, so that the texts come out in the order of
# their probability, the likeliest first. Here a step's probabilities do not depend on the text, all
# are at least 1e-6, and steps may differ in tokens. There are 1 to 40 steps. Of two texts, one is
# at least 0.01% likelier.


# %% answer="tutorial_repair"
def repaired_decoder(rows, k):
    """rows: a list of probabilities for each step. Returns the ids of the k texts kept, or of all."""
    ### BEGIN SOLUTION
    beams = [([], 0.0)]
    for row in rows:
        candidates = []
        for ids, cost in beams:
            for token, p in enumerate(row):
                candidates.append(([*ids, token], cost - math.log(p)))
        beams = sorted(candidates, key=lambda beam: beam[1])[:k]
    return [ids for ids, _ in beams]
    ### END SOLUTION
    beams = [([], 1.0)]
    for row in rows:
        candidates = []
        for ids, cost in beams:
            for token, p in enumerate(row):
                new_cost = cost * -math.log(p)
                candidates.append(([*ids, token], new_cost))
        beams = sorted(candidates, key=lambda beam: beam[1])[:k]
    return [ids for ids, _ in beams]


# %% test="tutorial_repair"
def example():
    check.gives(
        repaired_decoder,
        [[0.95, 0.05], [0.5, 0.48, 0.02]],
        3,
        expect=[[0, 0], [0, 1], [1, 0]],
        why="Text [1, 0] has 0.05 × 0.5, text [0, 2] has 0.95 × 0.02. Which is likelier, and which "
        "of the two has the lower cost in this function?",
    )


2.0 * check.passes("two steps, three texts", example)
### BEGIN HIDDEN TESTS
from itertools import pairwise


def decoded(rows, k):
    return [ids for ids, _ in ranking(rows, k)[-1][:k]]


def ranking(rows, k):
    """The candidates of each step, the best first, with the sums of their logarithms."""
    held, steps = [([], 0.0)], []
    for row in rows:
        grown = [([*ids, i], total + math.log(p)) for ids, total in held for i, p in enumerate(row)]
        steps.append(sorted(grown, key=lambda text: -text[1]))
        held = steps[-1][:k]
    return steps


def apart(rows, k):
    """Whether rounding decides nothing."""
    for texts in ranking(rows, k):
        totals = [total for _, total in texts]
        if any(a - b < 1e-4 for a, b in pairwise(totals)):
            return False
    return True


def steps(random):
    """Rows and k. There are at most 512 texts, so that all of them can be ranked as well."""
    while True:
        draw = random.choice([plain, plain, close, rare])
        rows, k = draw(random), 512 if draw is rare else random.choice([1, 2, 3, 5, 8, 25, 512])
        if apart(rows, k):
            return rows, k


def plain(random):
    rows, texts = [], 1
    length = random.choice([1, 2, 3, 5, random.randint(6, 40)])
    for _ in range(length):
        size = random.choice([random.randint(1, 8), 1, 1] if length > 5 else [*range(1, 9), 30])
        size = min(size, 512 // texts)
        rows.append(row([random.random() ** 3 + 1e-4 for _ in range(size)]))
        texts *= size
    return rows


def close(random):
    """Up to five texts that are nearly equally likely."""
    sizes = random.choice([[2], [3], [5], [2, 2], [1, 2, 1]])
    return [row([1 + random.random() / 500 for _ in range(size)]) for size in sizes]


def rare(random):
    """Rows of one token that is likely and one that is not."""
    length, most = random.choice([(1, -1), (3, -1), (6, -1), (9, -5.7)])
    unlikely = [10 ** random.uniform(-6, most) for _ in range(length)]
    return [random.sample([1 - p, p], 2) for p in unlikely]


def row(weights):
    return [weight / sum(weights) for weight in weights]


example()
check.against(
    decoded,
    repaired_decoder,
    steps,
    why="Multiply out the probabilities of a few texts and put them in order. One token that is "
    "nearly certain must not excuse all the others, and a small difference counts as well.",
)
### END HIDDEN TESTS

# %% [markdown] question="Beams in tensors" points=2
# Find the bug. The best candidates are found, but each token is glued to the wrong past. Real
# projects have lost or mixed up the beam that a token came from [visdialrl11] [vllm31101]. Repair
# it: each new text is its *parent's* ids and its token, the best text first, all int64. A text may
# have several children, or none. No two of the best totals are equal.


# %% answer="beam_tensors_repair"
def repaired_growth(ids, totals, logprobs):
    """ids (beams, length), int64, totals (beams,), logprobs (beams, vocabulary), all tensors.

    Returns the ids of as many new texts, int64 (beams, length + 1). All three stay as they are.
    """
    ### BEGIN SOLUTION
    beams, vocabulary = logprobs.shape
    places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
    tokens = places % vocabulary
    return torch.cat([ids[places // vocabulary], tokens.unsqueeze(-1)], dim=-1)
    ### END SOLUTION
    beams, vocabulary = logprobs.shape
    places = (totals.unsqueeze(-1) + logprobs).flatten().topk(beams).indices
    tokens = places % vocabulary
    grown = torch.cat([ids, tokens.unsqueeze(-1)], dim=-1)
    return grown


# %% test="beam_tensors_repair"
def example():
    check.close(
        repaired_growth,
        [[7], [8]],
        [-0.5, -0.8],
        [[-2.0, -1.5, -1.2], [-0.1, -3.0, -4.0]],
        expect=torch.tensor([[8, 0], [7, 2]]),
        why="The best total is −0.8 − 0.1, in the row of the text [8]. Which past did it get?",
    )


2.0 * check.passes("two beams, three tokens", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def grown(ids, totals, logprobs):
    candidates = [
        (total + logprob, past, token)
        for past, total, row in zip(ids.tolist(), totals.tolist(), logprobs.tolist(), strict=True)
        for token, logprob in enumerate(row)
        if logprob > -math.inf
    ]
    best = sorted(candidates, reverse=True)[: len(totals)]
    return torch.tensor([[*past, token] for _, past, token in best])


def many(random):
    """Totals and log-probabilities in 1024ths: their sums are exact, the best no two the same."""
    if random.random() < 0.04:
        beams, vocab, table = wide(random)
    else:
        beams = random.choice([1, 2, 3, 5, 8, 24])
        vocab = random.randint(1, random.choice([6, 40]))
        table = small(random, beams, vocab)
    length = domains.LONG if random.random() < 0.05 else random.choice([0, 1, 2, 5])
    last = random.choice([vocab, 300_000])
    ids = [[random.randrange(last) for _ in range(length)] for _ in range(beams)]
    totals, logprobs = table
    return (
        torch.tensor(ids, dtype=torch.int64).view(beams, length),
        torch.tensor(totals) + random.choice([0, 0, -4000.0]),
        logprobs,
    )


def small(random, beams, vocab):
    while True:
        totals = [-random.randrange(4 * 1024) / 1024 for _ in range(beams)]
        logprobs = [[-random.randrange(8 * 1024) / 1024 for _ in range(vocab)] for _ in totals]
        sums = [x + y for x, row in zip(totals, logprobs, strict=True) for y in row]
        best = sorted(sums, reverse=True)[: beams + 1]
        if len(set(best)) == len(best):
            break
    for row, total in zip(logprobs, totals, strict=True):
        row[:] = [y if total + y >= best[-1] or random.random() < 0.7 else -math.inf for y in row]
    return totals, torch.tensor(logprobs)


def wide(random):
    """Beams, a vocabulary of thousands, and the table: -inf but for a few, many at a row's end."""
    beams, vocab = random.choice([(3, 3000), (24, 3000), (2, 50_000)])
    totals = [-random.randrange(4 * 1024) / 1024 for _ in range(beams)]
    logprobs = torch.full((beams, vocab), -math.inf)
    for total in random.sample(range(4 * 1024, 8 * 1024), 3 * beams):
        row, token = random.randrange(beams), random.choice([0, vocab - 1, random.randrange(vocab)])
        logprobs[row, token] = -total / 1024 - totals[row]
    return beams, vocab, (totals, logprobs)


def number_type(ids, totals, logprobs):
    return str(repaired_growth(ids, totals, logprobs).dtype)


def int64(ids, totals, logprobs):
    return "torch.int64"


example()
check.against(
    grown,
    repaired_growth,
    many,
    why="A place in the flat table counts rows of the vocabulary's length. Which row is it in? "
    "Several of the best may grow from one text, and another may have no child at all. Ids may be "
    "far above 100,000.",
)
check.against(
    int64,
    number_type,
    many,
    why="Token ids come in as int64, and yours come out as another type. Where does it change?",
)
check.keeps(
    repaired_growth,
    many,
    why="The caller still needs its three tensors: make new ones, change none in place.",
)
### END HIDDEN TESTS

# %% [markdown] question="Your beam step" points=3
# Your `beam_step` from **Build it: one step**, without the course's own functions. One point each:
# the step from one empty text, and all candidates where there are too few; totals compared across
# all beams; the texts themselves, each with its parent's ids, and what was passed in left as it was.
# Tokens at −∞ are never among the best, and no two other totals are equal.


# %% test="beam_step"
def example():
    row = torch.tensor([[-2.0, -0.3, -1.7]])
    for k, order in ((2, [1, 2]), (1, [1]), (5, [1, 2, 0])):
        check.gives(
            beam_step,
            [([], 0.0)],
            row,
            k,
            expect=[([token], row[0, token].item()) for token in order],
            why="From one empty text with the total 0, the best tokens follow, the best first; all "
            "of them if num_beams is larger than the vocabulary.",
        )


points = 1.0 * check.passes("the first step", example)
### BEGIN HIDDEN TESTS
from course_utils import domains


def best_of_all(beams, logprobs, num_beams):
    candidates = [
        ([*ids, token], total + logprob)
        for (ids, total), row in zip(beams, logprobs.tolist(), strict=True)
        for token, logprob in enumerate(row)
    ]
    return sorted(candidates, key=lambda text: -text[1])[:num_beams]


WIDE = 1000  # candidates


def table(random, beams, most):
    """Texts, and log-probabilities of up to `most` tokens, or of all that make WIDE candidates.

    Sums are exact in float32, and no two the same; in one of three tables they are close together.
    """
    vocab = random.randint(1, random.choice([min(6, most), most]))
    if random.random() < 0.05:
        vocab = WIDE // beams
    # In steps of a power of 2, and no more than 2^24 of them.
    deep, parts, spread = random.choice([(0, 2**18, 8), (0, 2**18, 1 / 64), (3000, 2**10, 8)])
    below = int(spread * parts)
    totals = [-deep - random.randrange(below // 2) / parts for _ in range(beams)]
    taken, rows = set(), []
    for total in totals:
        row = []
        while len(row) < vocab:
            logprob = -random.randrange(below) / parts
            if total + logprob not in taken:
                taken.add(total + logprob)
                row.append(logprob)
        rows.append(row)
    length = domains.LONG if random.random() < 0.02 else random.choice([0, 1, 2, 6])
    last = random.choice([vocab, 100_000])
    ids = [[random.randrange(last) for _ in range(length)] for _ in totals]
    return list(zip(ids, totals, strict=True)), torch.tensor(rows)


def one_text(random):
    _, rows = table(random, 1, 30)
    return [([], 0.0)], rows, min(random.choice([1, 2, 3, 1000]), rows.numel())


def too_few(random):
    texts, rows = table(random, random.randint(1, 6), 8)
    return texts, rows, rows.numel() + random.randint(0, 3)


def fork(random):
    beams = random.choice([1, 2, 3, 5, 8, 24])
    texts, rows = table(random, beams, 12 if beams < 24 else 4)
    stay = random.randrange(beams), random.randrange(rows.shape[1])
    if random.random() < 0.4:
        cut = torch.rand(rows.shape, generator=torch.Generator().manual_seed(random.getrandbits(9)))
        cut[stay] = 1
        rows[cut < 0.3] = -torch.inf
    there = int(rows.isfinite().sum())
    return texts, rows, min(there, random.choice([1, 2, 3, 5, 8, 25, there]))


def how_many(beams, logprobs, num_beams):
    return len(beam_step(beams, logprobs, num_beams))


def all_there_are(beams, logprobs, num_beams):
    return logprobs.numel()


def totals_of(beams, logprobs, num_beams):
    return [total for _, total in beam_step(beams, logprobs, num_beams)]


def best_totals(beams, logprobs, num_beams):
    return [total for _, total in best_of_all(beams, logprobs, num_beams)]


def from_one_text():
    example()
    check.against(
        best_of_all,
        beam_step,
        one_text,
        why="From one empty text the best tokens of the whole vocabulary follow, the best first: "
        "ranked by their log-probabilities as they are.",
    )
    check.against(
        all_there_are,
        how_many,
        too_few,
        why="If there are no more candidates than num_beams, all of them are returned.",
    )


def across_beams():
    check.against(
        best_totals,
        totals_of,
        fork,
        why="Add each text's total to its row, and rank all the candidates of all texts by that "
        "sum. A text may get several children, or none.",
    )


def with_their_past():
    check.against(
        best_of_all,
        beam_step,
        fork,
        why="Each new text, the best first, is a new list: its parent's ids, and its own token. "
        "Two children of one text must not share a list.",
    )
    check.keeps(
        beam_step,
        fork,
        why="The caller still needs its texts and its table: do not append to the lists, nor add "
        "to the tensor in place.",
    )


check.own(beam_step, fork)
points = 1.0 * check.passes("the first step", from_one_text)
points += check.passes("totals across all beams", across_beams)
points += check.passes("each text with its past", with_their_past)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Your beam search" points=4
# Your `my_beam_search` from **Build it: the whole search**, without the course's own functions. One
# point each: two steps with one and two beams, and the table left as it was; longer trees, in which
# beams may lose the best text; texts that end; more beams than texts, and a single step. No two
# texts that compete are equally likely.


# %% test="my_beam_search"
def ranked(*texts):
    return [(tokens, math.log(p)) for tokens, p in texts]


def cat_and_dog():
    barked, sat = ((" dog", " barked"), 0.405), ((" cat", " sat"), 0.22)
    for k, expect in ((1, ranked(sat)), (2, ranked(barked, sat))):
        check.gives(
            my_beam_search,
            GREEDY_LOSES,
            k,
            2,
            expect=expect,
            why=f"With {k} beam{'s' * (k > 1)}, which texts are held after step 1? Totals are sums "
            "of natural logarithms, the highest first.",
        )


points = 1.0 * check.passes("the cat and the dog", cat_and_dog)
### BEGIN HIDDEN TESTS
from itertools import pairwise

WORDS = [
    " a",
    " cat",
    " dog",
    " ran",
    " sang",
    " the",
    "s",
    ".",
    " cat.",
    "END",
    *map(chr, range(97, 117)),
]


def searched(tree, num_beams, depth):
    return levels(tree, num_beams, depth)[-1][:num_beams]


def levels(tree, num_beams, depth):
    """The candidates of each step, the best first."""
    held, steps = [((), 0.0)], []
    for _ in range(depth):
        ended = [text for text in held if END in text[0]]
        grown = [
            ((*tokens, token), total + math.log(p))
            for tokens, total in held
            if END not in tokens
            for token, p in tree[tokens].items()
        ]
        steps.append(sorted(ended + grown, key=lambda text: -text[1]))
        held = steps[-1][:num_beams]
    return steps


def apart(tree, depth, least=2e-5):
    """Whether rounding decides nothing, however many beams there are."""
    for texts in levels(tree, len(tree) * len(WORDS), depth):
        totals = [total for _, total in texts]
        if any(a - b < least for a, b in pairwise(totals)):
            return False
    return True


def grow(random, first, depth, most, ends=False):
    """A tree with `first` tokens at its root, and at most about `most` texts that still run."""
    while True:
        tree, running = {}, [()]
        for step in range(depth):
            longer = []
            for text in running:
                width = random.randint(1, 4) if len(running) < most else 1
                tokens = random.sample(WORDS, width if text else first)
                if ends and step == depth - 1:
                    tokens = [END]
                elif ends and (text or first > 1) and random.random() < 0.3:
                    tokens[0] = END
                    tokens += random.sample(WORDS, 1) if len(tokens) == 1 else []
                weights = [random.choice([random.random() + 0.02, rare(random)]) for _ in tokens]
                random.shuffle(tokens)
                tree[text] = {
                    t: weight / sum(weights) for t, weight in zip(tokens, weights, strict=True)
                }
                longer += [(*text, token) for token in tokens if token != END]
            running = longer
        if apart(tree, depth):
            return tree


def rare(random):
    return 10 ** random.uniform(-5, 0)


def two_steps(random):
    num_beams = random.choice([1, 2])
    return grow(random, random.randint(2, 3), 2, most=9), num_beams, 2


def long_tree(random):
    num_beams = random.choice([1, 2, 3, 4])
    depth = random.choice([3, 4, 5, 6])
    return grow(random, random.randint(num_beams, 5), depth, most=8), num_beams, depth


def wide_or_deep(random):
    kind = random.random()
    if kind < 0.1:
        return grow(random, len(WORDS), 3, most=1), 25, 3
    if kind < 0.2:
        depth = random.choice([50, random.randint(7, 50)])
        return grow(random, 4, depth, most=4), random.choice([1, 2, 3, 4]), depth
    return two_steps(random)


def comb(random):
    """A text that mostly ends at each step: the one that never does is very unlikely."""
    while True:
        depth = random.choice([*range(2, 8), 50])
        tree, tokens = {}, ()
        for _ in range(depth):
            token = random.choice(WORDS[:9])
            p = min(0.9, rare(random))
            tree[tokens] = {token: p, END: 1 - p}
            tokens = (*tokens, token)
        if apart(tree, depth, 2e-3):
            return tree, random.choice([depth + 1, random.randint(1, depth + 1)]), depth


def ending_tree(random):
    num_beams = random.choice([1, 2, 3, 4])
    most = random.choice([2, 3, 4, 5, random.randint(6, 20)])
    tree = grow(random, random.randint(max(2, num_beams), 5), most, most=6, ends=True)
    return tree, num_beams, random.choice([most, most, most + 2, random.randint(2, most)])


def few_texts(random):
    depth = random.choice([1, 2, 3])
    tree = grow(random, random.randint(1, 4), depth, most=6)
    texts = len(levels(tree, 10**6, depth)[-1])
    return tree, texts + random.randint(0, 3), depth


def one_step(random):
    return grow(random, random.randint(1, 6), 2, most=9), random.randint(1, 7), 1


def small_trees():
    cat_and_dog()
    check.against(
        searched,
        my_beam_search,
        two_steps,
        why="Which texts are held after step 1? Each of them grows by every token of its own entry.",
    )
    check.keeps(
        my_beam_search,
        two_steps,
        why="The caller still needs its table: take nothing out of it, and put nothing in.",
    )


def lost_on_the_way():
    check.against(
        searched,
        my_beam_search,
        long_tree,
        why="Only texts held after one step may grow in the next, and those are the best of "
        "all candidates together, not the best of each beam.",
    )
    check.against(
        searched,
        my_beam_search,
        wide_or_deep,
        why="Take `depth` steps and hold `num_beams` texts, however many that is.",
    )


def texts_that_end():
    check.against(
        searched,
        my_beam_search,
        ending_tree,
        why="A text that took end-of-text keeps its tokens and its total, is not lengthened, "
        "and competes with the texts that still run: by totals, whatever the lengths.",
    )
    check.against(
        searched,
        my_beam_search,
        comb,
        why="Take `depth` steps and hold `num_beams` texts, however unlikely they are. Sum "
        "logarithms as they are: products soon become too small.",
        within=1e-3,
    )


def small_or_short():
    why = (
        "With more beams than texts all of them are returned, in order. With a depth of 1 each has "
        "one token."
    )
    check.against(searched, my_beam_search, few_texts, why=why)
    check.against(searched, my_beam_search, one_step, why=why)


check.own(my_beam_search, ending_tree)
points = 1.0 * check.passes("two steps, one and two beams", small_trees)
points += check.passes("longer trees", lost_on_the_way)
points += check.passes("texts that end", texts_that_end)
points += check.passes("more beams than texts, and one step", small_or_short)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="Bedtime stories with 16 beams" points=0
# In three or four sentences: a colleague lets a model write bedtime stories with 16 beams, "as more
# beams find better texts". The stories are dull, and some are empty. Explain both, and say what you
# would do.

# %% [markdown] answer="explain_bedtime_stories"
# ### BEGIN SOLUTION
# Sixteen beams find texts that the model holds to be likelier, and likelier is not better: people
# write many less likely words, while likely text repeats itself. Each token lowers the sum, so the
# likeliest text of all is often a very short one, and a wide beam is what finds it. A length penalty
# above 0 and a ban on repeated n-grams hide the symptoms. For stories I would not search at all but
# draw, with a temperature near 1 and top-p; beams are for jobs with one right answer.
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
# - [wu2016] Google's translation system: its length penalty
# - [vijayakumar2016] Diverse beam search
# - [murray2018], [yang2018], [stahlberg2019]: why wide beams make short texts
# - [holtzman2020], [welleck2020]: likely text is dull text
# - [zhang2023] Dive into Deep Learning, section on beam search
# - [brownlee2020] A tutorial on beam search
# - [transformers2026], [whisper2022]: code, as read

# %% [markdown]
# - [blog977], [transformers18971]: disputed and corrected statements
# - [parlai2007], [parlai2058], [joeynmt149], [xnmt572], [pointersummarizer26], [vllm2606],
#   [transformers26624], [visdialrl11], [vllm31101]: bug reports and repairs
# - [transformers6502], [vllm6226]: settings, and a discussion of usefulness
#
# Addresses, and what each is cited for, are in the course's `quizzes/references.md`.

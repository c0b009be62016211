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
# A friend says: "Greedy choice looks one token ahead. Why not carry several texts along, compare
# *whole texts*, and hand over the likeliest?" This is **beam search**. The texts carried are its
# *beams*; greedy has one. The friend expects better texts from more beams.
#
# She tries sums first. The **Calculator**, the course's second model, adds five numbers such as
# `18+99+13+77+67`. It adds two at a time, in any order; `'` marks a carry. The answer comes last.

# %% [markdown]
# > **About 160 minutes** with the questions, in two sittings · difficulty ●●●○○ · you need: modules
# > 01 and 05
# >
# > Afterwards you can
# > - run beam search by hand, and say when it misses the best text;
# > - write it, with texts that end early;
# > - say why many beams may write nothing, and which way a length penalty pushes;
# > - choose jobs for beam search.

# %% locked="setup" jupyter={"source_hidden": true}
import functools
import itertools
import math
import random

import torch

from course_utils import calculator, explore, storyteller, sums
from course_utils import quiz as check
from course_utils.beam import beam_search
from course_utils.explore.plots import look
from course_utils.generate import Settings, generate, generate_batch
from course_utils.metrics import seq_rep_n
from course_utils.penalties import no_repeat_ngram
from course_utils.tokenizer import END_OF_TEXT as END
from course_utils.toys import GREEDY_LOSES

DRAWN = random.Random(0)
HUNDRED = [sums.draw_sum(DRAWN, held_out=True) for _ in range(100)]
ENDINGS = """So the fox went home and was never seen again.
The lamp was never found.
"Good-bye," said the bear, and he went away.
Then the little boy fell fast asleep.
After that the wolf never came back.
They all went home, and it was a happy evening.
The old woman shut the door and went to bed.
The giant fell down dead, and the boy ran home.""".splitlines()


def searched(model, prompt, beams, length):
    """The likeliest text that this many beams find."""
    return beam_search(model, prompt, beams, length, length_penalty=0.0).hypotheses[0]


def work_out(beams):
    """The Calculator's texts for the hundred sums, as a list of (text, log-probability)."""
    model, prompts = calculator.load(), [sums.question(numbers) for numbers in HUNDRED]
    if beams > 1:
        found = [searched(model, prompt, beams, 54) for prompt in prompts]
        return [(text.text, text.logprob) for text in found]
    texts = [("", 0.0)] * len(prompts)
    for steps in generate_batch(model, prompts, Settings(temperature=0), 54):
        for i, step in enumerate(steps):
            if step:
                texts[i] = texts[i][0] + step.text, texts[i][1] + step.logprob
    return texts


def are_right(texts):
    """For each of the hundred sums, whether its text ends on the right answer."""
    pairs = zip(HUNDRED, texts, strict=True)
    return [sums.answer(text) == sum(numbers) for numbers, (text, _) in pairs]


def likelier_than_empty(prompt):
    """How many beginnings are likelier than the empty text, and how many whole texts are."""
    model = storyteller.load()
    start, end = model.encode(prompt), model.tokenizer.eot_token
    begun, whole, level, bar = 0, 0, [([], 0.0)], None
    while level:
        begun, longer = begun + len(level), []
        rows = model.reader(cached=False).next_logits([start + ids for ids, _ in level])
        rows = rows.log_softmax(dim=-1)
        bar = rows[0, end].item() if bar is None else bar
        for (ids, total), row in zip(level, rows, strict=True):
            for token in (total + row > bar).nonzero().flatten().tolist():
                whole += token == end
                longer.append(([*ids, token], total + row[token].item()))
        level = [text for text in longer if text[0][-1] != end]
    return begun, whole


def dropped_at(prompt, beams, tokens):
    """The place of the first of these tokens that a search of so many beams does not keep."""
    tree, node = beam_search(model, prompt, beams, len(tokens), length_penalty=0.0).tree, 0
    children = {(node.parent, node.token): place for place, node in enumerate(tree)}
    for place, token in enumerate(tokens, 1):
        node = children.get((node, token))
        if node is None or not tree[node].kept:
            return place


def end_at_once(numbers):
    """The log-probability of the Calculator's empty text after a sum."""
    model = calculator.load()
    row = model.next_logits(sums.question(numbers)).log_softmax(dim=-1)
    return row[model.tokenizer.eot_token].item()


def plain(panel):
    """The tree without the slider that comes later in this module."""
    panel.controls["length_penalty"].layout.display = "none"
    return panel


# %%
greedy_sums, beam_sums = work_out(beams=1), work_out(beams=4)
for name, texts in (("greedy", greedy_sums), ("4 beams", beam_sums)):
    print(f"{name:<8} {sum(are_right(texts))} of 100 sums right, the eleventh: {texts[10][0]}")
print("the eleventh is", "+".join(map(str, HUNDRED[10])), "=", sum(HUNDRED[10]))

# %% [markdown]
# Four beams have more sums right. In the eleventh, greedy wrote that 13 and 85 are 108, and could not
# correct this mistake.
#
# Next, the Storyteller continues a story, by up to 20 tokens.

# %%
model = storyteller.load()
for beams in (1, 4, 16):
    found = searched(model, "After that the wolf never came back.", beams, 20)
    print(f"{beams:>2} beams: {found.text!r}")

# %% [markdown]
# Sixteen beams write nothing: the search *falls silent*. **Why** do more beams help on sums, but not
# on stories? The end of this module gives the answer.

# %% [markdown]
# **Recall**, from earlier modules.
#
# 1. A text of two tokens has the probabilities 0.5 and 0.25. How likely is it as a whole?
# 2. Two texts have the log-probabilities −0.9 and −1.5. Which is likelier?
# <details><summary>Answers</summary>
#
# 1. 0.5 × 0.25 = 0.125. As logarithms: −0.69 − 1.39 = −2.08.
# 2. The text with −0.9, nearer to 0.
# </details>

# %% [markdown]
# ## Two steps by hand
#
# After `The`, a toy model gives these probabilities:
#
# | first token | second token |
# |---|---|
# | ` cat` 0.55 | ` sat` 0.4, ` ran` 0.35, ` slept` 0.25 |
# | ` dog` 0.45 | ` barked` 0.9, ` ran` 0.1 |
#
# **Predict.** Which text does greedy write, and how likely is this text? Is another text likelier?
# Multiply first, then run the cell.

# %%
plain(explore.BeamTree(GREEDY_LOSES, num_beams=1, depth=2, length_penalty=0.0))

# %% [markdown]
# The number below a token is its log-probability, and Σ is the total so far: ` cat sat` has
# 0.55 × 0.4 = 0.22, and the logarithm of 0.22 is −1.51. *Pruned* means dropped. (Some dropped
# branches are not drawn or counted, and some numbers not written. Score and length penalty come later.)
#
# Set `num_beams` to 2. Which text wins?
#
# <details><summary>Answer</summary>
#
# ` dog barked`: 0.45 × 0.9 = 0.405 is 1.8 times as likely as 0.22.
# </details>

# %% [markdown]
# Greedy dropped ` dog` before it saw ` barked`. Two beams keep both first tokens, and compare all
# five texts in *one* list.

# %% [markdown]
# ## The rule
#
# With *k* beams:
#
# 1. Begin with one empty text. Its total is 0.
# 2. Lengthen every text that you hold by every token of the vocabulary. Each new text, a *candidate*,
#    has the old total plus the log-probability of the new token.
# 3. Of **all** candidates together, keep the *k* with the highest totals. Drop the others.
# 4. Repeat steps 2 and 3 until the texts are as long as you want. Hand over the best.

# %% [markdown]
# With *k* = 1 this rule is greedy.
# The total of a text is the logarithm of its probability:
#
# $$\log p(y_1, \dots, y_n) = \sum_{t=1}^{n} \log p(y_t \mid y_1, \dots, y_{t-1})$$
#
# **Predict.** Forty tokens have 0.05 each. What will torch, with float32 numbers, print for the
# product of the forty? A guess is enough.

# %%
share = torch.tensor(0.05)
print("product of 40:", share.pow(40).item())
print("sum of 40 logs:", 40 * share.log().item())

# %% [markdown]
# The product is too small for float32 numbers, and becomes 0. So we add logarithms.

# %% [markdown]
# ## Build it: one step
#
# > difficulty ●●●○○ · importance ●●●●● · 12 minutes
#
# Write steps 2 and 3 of the rule, with Python and torch alone. Your function is scored at the end.
#
# <details><summary>Hint</summary>
#
# Collect all candidates as (ids, total) in one list, sort it, cut it. That is fast enough.
# <details><summary>More</summary>
#
# `[*ids, token]` makes a new list; `ids.append(token)` would change the old one. `logprobs[i]`
# belongs to `beams[i]`; its `.tolist()` gives plain numbers.
# </details>
# </details>


# %% answer="beam_step"
def beam_step(beams, logprobs, num_beams):
    """The best texts that are one token longer than those in `beams`.

    beams: a list of up to 1,000 (ids, total): a text's token ids, and the sum of their
    log-probabilities. All texts are equally long, and no two the same.
    logprobs: a tensor (len(beams), vocabulary); row i has the log-probabilities of the token that
    follows beams[i]. The vocabulary has up to 5,000 tokens.
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
# The next cell tries your function on the tree of the cat and the dog: both steps should say ok.
# Tokens are numbers now: 0 is ` cat`, 1 ` dog`, 2 ` sat`, 3 ` ran`, 4 ` slept`, 5 ` barked`.

# %%
start = torch.tensor([[0.55, 0.45, 0, 0, 0, 0]]).log()
later = torch.tensor([[0, 0, 0.4, 0.35, 0.25, 0], [0, 0, 0, 0.1, 0, 0.9]]).log()
first = [([0], math.log(0.55)), ([1], math.log(0.45))]
second = [([1, 5], math.log(0.45 * 0.9)), ([0, 2], math.log(0.55 * 0.4))]
why = "Add each token's log-probability to its text's total, then compare all candidates."
check.passes("the first step", check.gives, beam_step, [([], 0.0)], start, 2, expect=first, why=why)
check.passes("the second step", check.gives, beam_step, first, later, 2, expect=second, why=why)
print("Expected of the second:", [(ids, round(total, 2)) for ids, total in second])

# %% [markdown]
# Now your step searches the Storyteller's own tree.


# %% jupyter={"source_hidden": true}
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
# **Predict.** A guess is enough: after `The little girl saw a`, do three beams find the same four
# tokens as greedy? (`×` marks what your own step finds best.)

# %%
plain(
    explore.BeamTree(
        "The little girl saw a", num_beams=3, depth=4, length_penalty=0.0, function=my_search
    )
)

# %% [markdown]
# 1. Which text do three beams find?
# 2. Set `num_beams` to 2. Which text do two beams find?
# 3. Move `num_beams` and `depth`. The line below the picture should always say that your function
#    agrees.
#
# <details><summary>Answers</summary>
#
# 1. ` little girl in the`, with −5.94. Greedy's total is −6.22.
# 2. Greedy's text.
# </details>

# %% [markdown]
# ## A library that says everything three times
#
# In 2019 all beams of a chatbot library said the same sentence [[parlai2007]]. The next cell shows
# this fault with three beams, and then the texts of our rule.
#
# **Find it.** Run the cell, but leave its code folded. The library broke only step 1 of our rule.
# With what did it begin?
#
# [parlai2007]: https://github.com/facebookresearch/ParlAI/issues/2007


# %% jupyter={"source_hidden": true}
def sentences(beams, steps=7):
    """The three texts that three beams hold after so many steps from these beams."""
    for _ in range(steps):
        rows = [model.logits(ids, 1)[0].log_softmax(dim=-1) + total for ids, total in beams]
        best, places = torch.cat(rows).topk(3)
        found = zip(places.tolist(), best.tolist(), strict=True)
        size = model.vocab_size
        beams = [([*beams[i // size][0], i % size], total) for i, total in found]
    return [model.tokenizer.decode(ids[1:]) for ids, _ in beams]


prompt_ids = model.encode("The little girl saw a")
print("the library:", *sentences([(prompt_ids, 0.0)] * 3), sep="\n    ")
print("the rule:", *sentences([(prompt_ids, 0.0)]), sep="\n    ")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The library began with *three* copies of the empty text. So each candidate came three times, with
# the same total, and at every step the best three were copies of one text: greedy's.
# </details>

# %% [markdown]
# ## Two beams against greedy
#
# Is the winner of a beam search always at least as likely as greedy's text? A much-read post said
# yes, and a reader objected [[blog977]]. Try this tree:
#
# | first token | second token |
# |---|---|
# | ` old` 0.52 | ` man` 0.4, ` wolf` 0.3, ` hen` 0.3 |
# | ` young` 0.48 | ` man` 0.55, ` wolf` 0.45 |
#
# [blog977]: https://github.com/huggingface/blog/issues/977

# %% [markdown]
# The third token ` sang` has 0.9 after ` old man`, and 0.4 after the other four texts. Greedy takes
# ` old man sang`: 0.52 × 0.4 × 0.9 = 0.187.
#
# **Predict.** How likely is each of the five texts in the table? Which two do two beams keep? With
# ` sang` added, is the better of these two likelier than 0.187?

# %%
REST = {" sang": 0.4, " slept": 0.3, " ran": 0.3}
PRUNED = {
    (): {" old": 0.52, " young": 0.48},
    (" old",): {" man": 0.4, " wolf": 0.3, " hen": 0.3},
    (" young",): {" man": 0.55, " wolf": 0.45},
    (" old", " man"): {" sang": 0.9, " slept": 0.1},
    (" old", " wolf"): REST,
    (" old", " hen"): REST,
    (" young", " man"): REST,
    (" young", " wolf"): REST,
}
plain(explore.BeamTree(PRUNED, num_beams=2, depth=3, length_penalty=0.0))

# %% [markdown]
# 1. Which text wins with two beams, and how likely is that text?
# 2. At which step do two beams drop greedy's text? (` old hen` is dropped too, but not drawn.)
#    Raise `num_beams`: how many beams keep greedy's text?
#
# <details><summary>Answers</summary>
#
# 1. ` young man sang`: 0.264 × 0.4 = 0.106, *less* than greedy's 0.187.
# 2. At the second: ` young man` (0.264) and ` young wolf` (0.216) push out ` old man` (0.208). Three
#    beams keep greedy's text.
# </details>

# %% [markdown]
# The next cell continues `There was once a` by 6, 20 and 40 tokens. For each length it prints the
# totals of greedy (1 beam) and of 2, 4 and 8 beams.
#
# **Predict.** A guess is enough: at which length is greedy's total the highest of the four?

# %%
widths = (1, 2, 4, 8)
print("beams    " + "".join(f"{width:>8}" for width in widths))
for length in (6, 20, 40):
    found = [searched(model, "There was once a", width, length) for width in widths]
    print(f"{length:>2} tokens" + "".join(f"{text.logprob:8.1f}" for text in found))
for name, text in (("greedy", found[0]), ("4 beams", found[2])):
    print(f"\n{name}: There was once a{text.text}")
place = dropped_at("There was once a", 4, found[0].tokens)
print(f"\n4 beams drop greedy's text at its token {place}")

# %% [markdown]
# At 6 and 20 tokens greedy's total is the lowest; at 40 tokens it is the highest. Both printed texts
# loop, but greedy's loop is likelier: from 20 to 40 tokens greedy's total falls by
# only 34.2 − 21.9 = 12.3, that of four beams by 43.7 − 21.0 = 22.7. Four beams had dropped greedy's
# text long before, at its fifth token.
#
# So beam search may drop a likelier text on the way.

# %% [markdown]
# ## Texts that end
#
# A model can choose end-of-text (`END` below) at any step. The text is then *finished*: it grows no
# more, keeps its total, and is still compared with the texts that run on.
#
# A third toy answers `Did the fox come back?` in two to five tokens, `END` included.

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
# > difficulty ●●●●○ · importance ●●●●● · 15 minutes
#
# Write the whole rule for tables such as `ANSWERS`. Both checks below should say ok; your function is
# scored at the end. A finished text takes one of the `num_beams` places.
#
# <details><summary>Hint</summary>
#
# A finished text is one candidate; a running text gives one per next token.
# <details><summary>More</summary>
#
# `for token, p in table[tokens].items()` gives the next tokens. `(*tokens, token)` is a new tuple.
# </details>
# </details>


# %% answer="my_beam_search"
def my_beam_search(table, num_beams, depth):
    """The texts that beam search holds after `depth` steps, as a list of (tokens, total).

    table: a dict such as ANSWERS: the text so far, a tuple of tokens -> {token: probability}; all
    probabilities are at least 1e-6. Each text that you have to lengthen has its row, of up to 1,000
    tokens; there may be rows that you never need. The table stays as it is. num_beams: 1 to 1,000.
    A text that took END is finished: it keeps its tokens and its total, and still competes for one
    of the num_beams places. depth: 1 to 50; a text that has not ended by then is returned as it is.
    Returns num_beams texts, or all if there are fewer, the highest total first.
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
why = "Follow the rule by hand for this tree: which candidates are there after each step?"
pets = [((" dog", " barked"), math.log(0.405)), ((" cat", " sat"), math.log(0.22))]
fox = [((" No", END), math.log(0.42)), ((" It", " never", " came", " back", END), math.log(0.2916))]
two_steps, five_steps = (my_beam_search, GREEDY_LOSES, 2, 2), (my_beam_search, ANSWERS, 2, 5)
check.passes("the cat and the dog", check.gives, *two_steps, expect=pets, why=why)
check.passes("the fox, where texts end", check.gives, *five_steps, expect=fox, why=why)
print("Expected of the fox, with two beams and five steps, ■ for end-of-text:")
for tokens, total in fox:
    print(f"{total:6.2f}  {math.exp(total):.3f}  {''.join(tokens).replace(END, '■')}")

# %% [markdown]
# The short answer is likelier. A text *pays* for each token: its total falls. The long answer
# paid 1.23 for five tokens, the short one 0.87 for two.

# %% [markdown]
# Your build gave a finished text a place. The course's search (in cells above, too) gives it
# *none*. At each step those of the best *k* candidates that have just ended go into a second list; an ended
# text outside the best *k* is lost. Then the best *k* of the candidates that have *not* ended run on. So a
# finished text pushes none out. Both ways are in use. At the end the best text wins, ended or not.

# %% [markdown]
# ## Why the story falls silent
#
# The empty text competes too. Its one token is end-of-text. If the story so far is
# `After that the wolf never came back.`, end-of-text has about 3%, so the empty text pays 3.5, once.
# Greedy's text pays 1.4 for its first token.
#
# **Predict.** If every token costs about 1.4, after how many tokens has greedy's text paid more than
# 3.5?

# %% jupyter={"source_hidden": true}
prompt = "After that the wolf never came back."
first_step = model.next_logits(prompt).log_softmax(dim=-1)
nothing = first_step[model.tokenizer.eot_token].item()
steps = generate(model, prompt, Settings(temperature=0), 20)
totals = list(itertools.accumulate(step.logprob for step in steps))
chart = explore.Chart(x="tokens of the text", y="log-probability so far", height=3.2)
chart.axes.plot(range(1, 21), totals, color=look.KEPT, marker="o", markersize=3)
chart.axes.axhline(nothing, color=look.DRAWN, linestyle="--")
chart.label(8, nothing + 0.8, f"the empty text pays {-nothing:.1f}, once", look.DRAWN)
chart.label(9, totals[7] + 1.6, "greedy's text pays at every token", look.KEPT)
chart.axes.set_xticks((1, 5, 10, 15, 20))
later_than = next(n for n, total in enumerate(totals, 1) if total < nothing)
chart.says(f"From token {later_than} on greedy's text is less likely than the empty text.")

# %% [markdown]
# After three tokens greedy's total is below −3.5, and a total never rises.
#
# Is any *other* finished text likelier than the empty text? After each of eight stories (the
# wolf's is the fifth), the next cell follows every *beginning* (a text that has not ended) that is
# likelier than the empty text, until none is left. (Totals only fall, so all beginnings of such a text are likelier too:
# none can be missed.) The output
# calls finished texts *whole*.

# %%
for text in ENDINGS:
    begun, whole = likelier_than_empty(text)
    print(f"likelier than empty: {begun:>3} beginnings, {whole} whole texts   {text}")

# %% [markdown]
# After all eight stories the empty text is the likeliest finished text. So after the wolf, sixteen
# beams found the likeliest finished text.
#
# Why did one and four beams miss the empty text? The first step drops the empty text if end-of-text
# is not among the *k* likeliest tokens. So the next cell prints the rank of end-of-text; the likeliest
# token has rank 1.

# %% jupyter={"source_hidden": true}
end, log_p = model.tokenizer.eot_token, lambda text: model.next_logits(text).log_softmax(dim=-1)
ranks = {text: 1 + int((log_p(text) > log_p(text)[end]).sum()) for text in ENDINGS}
sixteen = [searched(model, text, 16, 20) for text in ENDINGS]
print("rank of end-of-text   4 beams    16 beams")
for (text, rank), found in zip(ranks.items(), sixteen, strict=True):
    both = (searched(model, text, 4, 20), found)
    words = ["goes on" if one.text else "silent" for one in both]
    print(f"{rank:>19}   {words[0]:<8}   {words[1]:<8}   {text}")

# %% [markdown]
# Compare each rank with 4 and 16.
#
# **Predict.** After `The lamp was never found.`, what is the smallest number of beams that falls
# silent?

# %%
for beams in (20, 24, 25, 30):
    print(f"{beams} beams: {searched(model, 'The lamp was never found.', beams, 20).text!r}")

# %% [markdown]
# The search falls silent at the smallest number of beams that lets end-of-text in, here 25. Fewer
# beams go on only because they *overlook* the likeliest finished text. (A good place for a pause.)

# %% [markdown]
# Other models prefer the empty text too: for more than half of the test sentences, a translation
# model's likeliest text was empty. Beam search mostly missed that text [[stahlberg2019]].
#
# [stahlberg2019]: https://aclanthology.org/D19-1331

# %% [markdown]
# ## A fairer score
#
# To be fairer to long texts, one usually divides the total by a power of the length:
#
# $$\text{score} = \frac{\log p(y_1, \dots, y_n)}{n^{\,\alpha}}$$
#
# *n* counts the new tokens, end-of-text too; α is the **length penalty**. α = 0 leaves the total as
# it is, and α = 1 gives the mean per token. The search itself still compares totals; the score
# ranks only the texts at the end.

# %% [markdown]
# **Predict.** ` No■` has the total −0.87 and 2 tokens, ` It never came back■` has −1.23 and 5.
# Which text wins at α = 1? Does a *larger* α help the short text or the long one?

# %%
print("alpha    No■    It never came back■")
for alpha in (0.0, 0.5, 1.0, 2.0):
    short, long = math.log(0.42) / 2**alpha, math.log(0.2916) / 5**alpha
    print(f"{alpha:5.1f} {short:7.2f} {long:10.2f}    {'short' if short > long else 'long'} wins")

# %% [markdown]
# A larger α favours the **longer** text: division moves a negative total up towards 0, and the
# longer text's total is divided by more.
#
# The name misleads: a well-known textbook says, wrongly, that this formula penalises long sequences
# [[zhang2023]].
#
# [zhang2023]: https://d2l.ai/chapter_recurrent-modern/beam-search.html

# %% [markdown]
# The next panel has a slider for α, `length_penalty`. (Finished texts take no place, so a step may
# have more than two solid branches.)

# %%
explore.BeamTree(ANSWERS, num_beams=2, depth=5, length_penalty=0.0)

# %% [markdown]
# 1. Move `length_penalty` up from 0. Between which two values does the winner change?
# 2. Set `length_penalty` to 1 and `num_beams` to 1. Why does the short answer win again?
#
# <details><summary>Answers</summary>
#
# 1. Between 0.3 and 0.4.
# 2. One beam dropped the long answer at the first step. A score chooses only among the texts kept.
# </details>

# %% [markdown]
# **Predict.** After the eight stories, sixteen beams again write at most 20 tokens. At α = 0 six
# winners are empty (one token, end-of-text). How many are empty at α = 0.5, and how many at 1? A guess is
# enough.

# %%
print("tokens of the eight winners (+ if the text has not ended)")
for alpha in (0.0, 0.5, 0.7, 1.0):
    found = [
        beam_search(model, text, 16, 20, length_penalty=alpha).hypotheses[0] for text in ENDINGS
    ]
    print(
        f"alpha {alpha}:",
        *[f"{len(text.tokens):>3}{' ' if text.finished else '+'}" for text in found],
    )

# %% [markdown]
# At 0.5 five winners are still empty, from 0.7 on none. At 0.7 all winners but one use up the 20 tokens, and
# at 1 no winner *ends*.

# %% [markdown]
# ## Build it: a score of your own
#
# > difficulty ●●●○○ · importance ●●●○○ · 10 minutes
#
# Write a score for finished texts. The docstring states four properties, all scored at the end.

# %% [markdown]
# Here is one case of each property, as (total, length). Your score should prefer
#
# 1. (−9.0, 10) to (−9.5, 10): the same length, but likelier;
# 2. (−9.1, 11) to (−9.0, 10): another token of about 0.9 helps;
# 3. (−9.0, 10) to (−13.7, 11): another token of about 0.01 harms;
# 4. (−20, 10) to (−40, 20): the same mean, −2, but shorter. (The docstring below calls e⁻² = 0.14 the *typical
#    probability*.)

# %% [markdown]
# The total alone fails property 2: −9.1 is below −9.0. The mean fails property 4.
#
# <details><summary>Hint</summary>
#
# Divide by something that grows more slowly than the length, or *add* a fixed reward per token.
# <details><summary>More</summary>
#
# How large a reward? A token of 0.9 costs 0.11, one of 0.01 costs 4.6, and each token of property 4 at least
# 1.6 (0.2 or less). Which costs must the reward outweigh, and which not?
# </details>
# </details>


# %% answer="fair_score"
def fair_score(total, length):
    """A number for a finished text: of two texts, the one with the higher number wins.

    total: its summed log-probability, below 0; length: its tokens, 5 to 200. (The trial below,
    without points, also has texts of 1 to 4: give them any number.)
    The typical probability of a text is e ** (total / length). The four properties in full:
    1. Same length, totals at least 1% apart: the likelier text wins.
    2. Typical probability 0.5 or less: one more token of 0.9 or more raises the score.
    3. Typical probability 0.05 or more: one more token of 0.01 or less lowers the score.
    4. Same typical probability, 0.2 or less: the shorter text wins, if the other is at least twice as
    long.
    """
    ### BEGIN SOLUTION
    return total / length**0.7
    ### END SOLUTION


# %%
def properties():
    for total, length, other, other_length, why in (
        (-9.0, 10, -9.5, 10, "same length: -9.0 has to beat -9.5"),
        (-9.1, 11, -9.0, 10, "a token of 0.9 has to help: -9.1 with 11 tokens beats -9.0 with 10"),
        (-9.0, 10, -13.7, 11, "a token of 0.01 must not: -9.0 with 10 beats -13.7 with 11"),
        (-20.0, 10, -40.0, 20, "the same mean: -20.0 with 10 has to beat -40.0 with 20"),
    ):
        first, second = fair_score(total, length), fair_score(other, other_length)
        assert check.returned(first) > check.returned(second), why


fair = check.passes("one case of each property", properties)

# %% [markdown]
# For each of three prompts, sixteen beams find sixteen texts of 1 to 30 tokens, some of them cut off, and
# your score picks one. (Nothing is
# printed until the cell above says ok.)

# %%
for text in (ENDINGS[4], ENDINGS[3], "And the moral of this story is") if fair else ():
    found = beam_search(model, text, 16, 30, length_penalty=0.0, num_return=16).hypotheses
    by_mine = max(found, key=lambda one: fair_score(one.logprob, len(one.tokens)))
    print(f"{text}\n    by total: {found[0].text!r}\n    by mine:  {by_mine.text!r}\n")

# %% [markdown]
# Would you want to read these texts?
#
# <details><summary>What you may find</summary>
#
# Every long text repeats itself, and a score can only choose among the texts found.
# </details>

# %% [markdown]
# ## Likelier, and duller
#
# The next cell continues eight openings by 40 tokens in three ways: greedily, by drawing at *T* = 1,
# and with four beams. The cell prints the mean log-probability per token. As in module 05, *repeated*
# is the share of four-token runs that came earlier in the same text.
#
# **Predict.** Which way gives the likeliest texts? Which way repeats most?

# %% jupyter={"source_hidden": true}
openings = """Once upon a time\nThe king said to his\nThe little girl saw a\nThere was once a
In the middle of the forest\nOne day a poor man\nLong ago there lived\nWhen the sun went down"""
openings, texts = openings.splitlines(), {}
for name, settings in (("greedy", Settings(temperature=0)), ("drawn", Settings())):
    rows = zip(*generate_batch(model, openings, settings, 40), strict=True)
    rows = [[step for step in row if step] for row in rows]
    texts[name] = [([s.token for s in row], sum(s.logprob for s in row)) for row in rows]
found = [searched(model, prompt, 4, 40) for prompt in openings]
texts["4 beams"] = [(text.tokens, text.logprob) for text in found]
for name, found in texts.items():
    mean = sum(total / len(ids) for ids, total in found) / len(found)
    repeats = sum(seq_rep_n(ids, 4) for ids, _ in found) / len(found)
    print(f"{name:<8} mean log p {mean:.2f}, repeated {repeats:.0%}")

# %% [markdown]
# On average, the texts of four beams are the likeliest, and repeat most. Drawn texts repeat nothing.

# %% [markdown]
# In the next picture each bar is a token, as high as its probability. All rows go on from one
# opening. The row *human* is a person's text, the row *sampled* a drawn text.
#
# **Predict.** Does the model find the person's tokens likelier than those of the beams? (Guess, run the cell, and
# wait until all four rows are full: greedy's `mean log p` changes until then.)

# %%
explore.ProbabilityTrace(beams=4, length=60)

# %% [markdown]
# 1. With all rows full, how far apart are `mean log p` of human and of beam?
# 2. Type your own text (at most 80 tokens) into `human text`. Can its `mean log p` come above
#    greedy's −1.10?
#
# <details><summary>Answers</summary>
#
# 1. −4.09 and −0.77: a difference of 3.32. *e* to the power 3.32 is about 28: a person's token is
#    typically 28 times less likely.
# 2. `the next morning`, then fifteen times `, and the next morning`, has −0.84.
# </details>

# %% [markdown]
# People do not write the likeliest words: they have something to say. A search for the likeliest text
# ends in bland text and loops [[holtzman2020]].
#
# **Predict.** Four beams had −43.7 for 40 tokens after `There was once a`. Now no run of three
# tokens may come twice, as in module 05. Will the new text be likelier?
#
# [holtzman2020]: https://arxiv.org/abs/1904.09751


# %%
def no_trigram_twice(logprobs, ids):
    return no_repeat_ngram(logprobs, ids, 3)


found = beam_search(
    model, "There was once a", 4, 40, length_penalty=0.0, process=no_trigram_twice
).hypotheses[0]
print(f"{found.logprob:.1f}, after -43.7 without the ban: There was once a{found.text}")

# %% [markdown]
# Surprisingly, the text with the ban is likelier, by the model's own probabilities. Without the ban,
# four beams had dropped this text.
#
# Still, a ban stops only loops. For stories it is better to draw (modules 02 to 04).

# %% [markdown]
# ## Where a search helps
#
# Why does the Calculator not fall silent? For each sum, the next cell compares the text that four
# beams found with the empty text.
#
# **Predict.** For how many of the hundred sums is the empty text likelier?

# %%
totals = [total for _, total in beam_sums]
likelier = [total > end_at_once(n) for n, total in zip(HUNDRED, totals, strict=True)]
print(sum(likelier), "of 100 texts are likelier than the empty text")
print(f"the eleventh: {totals[10]:.1f} against {end_at_once(HUNDRED[10]):.1f}")

# %% [markdown]
# The empty text is likelier for none of the sums: the Calculator has never seen a sum without an answer.
#
# Does *likelier* mean *better* on sums? The next cell sorts greedy's hundred texts by log-probability.
#
# **Predict.** Greedy has 71 right. How many of the 71 are in the likelier half?

# %%
marked = zip(greedy_sums, are_right(greedy_sums), strict=True)
by_total = sorted(marked, key=lambda pair: -pair[0][1])
print("right in the likelier half:", sum(right for _, right in by_total[:50]), "of 50")
print("right in the other half:   ", sum(right for _, right in by_total[50:]), "of 50")
pairs = list(zip(are_right(greedy_sums), are_right(beam_sums), strict=True))
print("\nwrong with greedy, right with 4 beams:", pairs.count((False, True)))
print("right with greedy, wrong with 4 beams:", pairs.count((True, False)))

# %% [markdown]
# The likelier half has more right, 43 against 28. A model that doubts a digit gives that digit less
# probability, so the total shows the doubt.
#
# But the halves hold *different* sums, and a search chooses between texts for *one* sum. So look at
# the last two lines: four beams gained 21 sums and lost 9. On sums, a search helps.

# %% [markdown]
# ## The puzzle, solved
#
# On sums the empty text pays more than the text of four beams: 11.3 after the eleventh sum, against 7.0.
# (Most tokens of a working follow from those before, and cost almost nothing.)
# After our stories the empty text pays the least of all finished texts, 3.5 after the wolf. There the
# search falls silent if end-of-text is among the *k* likeliest tokens of the first step.

# %% [markdown]
# The friend's search was good. Her question, *which text is likeliest?*, fits only jobs for which
# likelier means better.

# %% [markdown]
# ## Check your understanding
#
# Put each answer in place of `None`, `""`, `[]` or `# YOUR CODE HERE`, and run the cell. The locked
# cell below then shows how your answer was read, or tries your function on an example. (If the cell
# also shows a number, such as 0.0, that is not your score.)
# The button at the end scores all answers, your builds above too.

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
# On some tree two beams find a *less* likely text than greedy. All texts are equally long. What
# must be true?
#
# - **A** The likeliest text begins with a token that greedy did not take.
# - **B** One of greedy's tokens was only the second best at its step.
# - **C** At some step two other beginnings had higher totals than greedy's.
# - **D** At the last step two candidates had higher totals than greedy's text.

# %% answer="post_about_greedy"
answer_greedy = ""  # "A", "B", "C" or "D"

# %% test="post_about_greedy"
check.choice(
    answer_greedy,
    right="C",
    why={
        "A": "In the tree with the old man and the young one, multiply out all texts: which is the "
        "likeliest, and how does it begin?",
        "B": "Greedy takes the best token at each step, by its rule. What matters is what else was "
        "in the ranking.",
        "D": "Then what was handed over would be at least as likely as greedy's text. It has to be "
        "lost before.",
    },
)

# %% [markdown] question="Two beams meet three tokens" points=1
# Two beams meet a vocabulary of three tokens. `flatten` puts the second row behind the first, and
# places count from 0. Which places does this print?
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
        -2.0: "That compares totals of different lengths. Divide each by its own length first.",
        -3.6: "That is a total. A score divides it by a power of the length.",
        -21.6: "The length divides the total, it does not multiply it.",
        -4.0: "The length divides the total, it does not multiply it.",
        -0.72: "End-of-text is one of the six tokens, and it counts.",
        0.6: "A mean of log-probabilities stays below 0.",
        -1.8: "Each text is divided by its own length, not by the other's.",
    },
    hint="Divide each total by its own length to the power 1. The higher score wins.",
)

# %% [markdown] question="Alpha for the longer text" points=1
# Two texts have finished. One has 4 tokens and the total −2, the other 8 tokens and the total −8.
# The score is total / *n*^α. At which α do both have the same score, so that any larger α lets the
# longer one win?
#
# - **A** 2
# - **B** 1
# - **C** 0.5
# - **D** −2

# %% answer="alpha_and_length"
answer_direction = ""  # "A", "B", "C" or "D"

# %% test="alpha_and_length"
check.choice(
    answer_direction,
    right="A",
    why={
        "B": "Then −2 is divided by 4, and −8 by 8. Are the results the same?",
        "C": "Then −2 is divided by the root of 4, and −8 by the root of 8. Which is nearer to 0?",
        "D": "Dividing by a power of −2 multiplies by the length, twice. What does that do to −8?",
    },
)

# %% [markdown] question="The price of an empty text" points=1
# After a prompt, the empty text (end-of-text at once) has the probability 0.02. The likeliest longer
# text has *n* tokens; each has 0.6, and the last is its end-of-text. What is the smallest *n* at
# which the empty text is the likelier of the two?

# %% answer="silent_length"
answer_length = None  # a whole number

# %% test="silent_length"
check.number(
    answer_length,
    right=8,
    within=0.01,
    why={
        7: "0.6 to the power 7 is 0.028: how does that compare with 0.02?",
        9: "That is enough, but is it the least? Try one token fewer.",
        30: "0.6 is 30 times 0.02. But the text pays 0.6 at each of its tokens: multiply.",
        2: "0.6 × 0.6 is 0.36, far above 0.02.",
    },
    hint="Multiply 0.6 by itself until the product falls below 0.02, and count.",
)

# %% [markdown] question="A repair for the library" points=1
# The library is changed. With five beams it begins with
# five copies of the empty text, but their totals are 0, −1, −2, −3, −4. What happens?
#
# - **A** As with our rule: each copy grows into a different text.
# - **B** It may hold a text twice; some totals are too low.
# - **C** It finds our rule's texts, all with too low totals.
# - **D** As before: it holds five copies of greedy's text.

# %% answer="library_beams"
answer_copies = ""  # "A", "B", "C" or "D"

# %% test="library_beams"
check.choice(
    answer_copies,
    right="B",
    why={
        "A": "Their totals differ, and their ids? Follow one very likely token through the first "
        "ranking.",
        "C": "By which amount is a text too low that grew from the first copy, and by which one that "
        "grew from the third?",
        "D": "Is every candidate of the first copy below the best of the fifth? Think of two tokens "
        "that are about equally likely.",
    },
)

# %% [markdown] question="A finding about a new model" points=1
# A model gets questions with one right answer. On most, four beams find a likelier text than
# greedy. Which finding makes you expect that beams are *right* more often?
#
# - **A** Sixteen beams find texts with still higher totals.
# - **B** Ten answers drawn at *T* = 1 to one question are all different.
# - **C** Most of greedy's tokens have 0.9 or more.
# - **D** Of two answers drawn for a question, the likelier is right more often.

# %% answer="right_job"
answer_job = ""  # "A", "B", "C" or "D"

# %% test="right_job"
check.choice(
    answer_job,
    right="D",
    why={
        "A": "So they did on most of our eight stories. What did the higher totals buy there?",
        "B": "Then the model has many answers to choose from. Does that say which one is right?",
        "C": "Then the model is sure of itself. Does that say that it is right?",
    },
)

# %% [markdown] question="What the beams win and lose" points=1
# On 1,000 sums greedy has 640 right, and beam search 700. Of the sums that greedy has right, 85
# come out wrong with beam search. How many of greedy's wrong sums come out right with beam search?

# %% answer="beams_on_sums"
answer_won = None  # a whole number

# %% test="beams_on_sums"
check.number(
    answer_won,
    right=145,
    within=0.01,
    why={
        60: "That is the difference of the two counts. To end 60 ahead after losing 85, how many "
        "must come in?",
        85: "Then both would have the same number right.",
        25: "Losses and gains pull in opposite directions: the gain has to pay for the loss, and "
        "60 more.",
        360: "So many greedy has wrong. Not all of them come out right.",
        215: "Some of the 360 stay wrong with beam search too. How many has beam search right that "
        "greedy had right as well?",
    },
    hint="How many of the 700 had greedy right as well? The rest are new.",
)

# %% [markdown] question="A search by costs" points=2
# Find the bug. This search keeps the *k* lowest costs. It has to keep the *k* likeliest texts of
# each step, and to return those of the last step, the likeliest first. You may change several
# lines.
#
# A step's probabilities do not depend on the text; all are at least 1e-6. There are 1 to 40 steps,
# each of 1 to 1,000 tokens; *k* is at most 1,000. No two texts are equally likely: they differ by
# 0.01% or more.


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
    """Rows and k. There are at most 1,000 texts, so that all of them can be ranked as well."""
    if random.random() < 0.05:
        return wide(random), random.choice([1, 5, 600, 1000])
    while True:
        draw = random.choice([plain, plain, close, rare, even])
        most = draw in (rare, even)
        rows, k = draw(random), 512 if most else random.choice([1, 2, 3, 5, 8, 25, 512])
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


def even(random):
    """Two texts that are nearly equally likely, one of them by a token of about 1e-6."""
    rarest, likely = 10 ** random.uniform(-6, -5.5), random.uniform(0.2, 0.6)
    product = rarest * likely * (1 + random.choice([-1, 1]) * random.uniform(2e-4, 9e-4))
    second = math.sqrt(product) * 10 ** random.uniform(-0.3, 0.3)
    pairs = [(rarest, second), (likely, product / second)]
    return [random.sample([*pair, 1 - sum(pair)], 3) for pair in random.sample(pairs, 2)]


def wide(random):
    """Up to 1,000 tokens at one step, and one or no choice at the others."""
    size = random.choice([1000, random.randint(100, 1000)])
    weights = [math.exp(-i / 200) for i in range(size)]  # each 0.5% above the next
    rows = [row(random.sample(weights, size))]
    return random.choice([rows, [[1.0], *rows], [*rows, [1.0], [1.0]]])


def row(weights):
    whole = sum(weights)
    return [weight / whole for weight in weights]


def of_equal_steps(rows, k):
    return decoded([row[: len(rows[0])] for row in rows], k)


example()
check.against(
    decoded,
    repaired_decoder,
    steps,
    mistakes={"A later step may have more tokens than the first.": of_equal_steps},
    why="Multiply out the probabilities of a few texts and put them in order. One token that is "
    "nearly certain must not excuse all the others, and a small difference counts as well.",
)
### END HIDDEN TESTS

# %% [markdown] question="Beams in tensors" points=2
# Find the bug. This is a step of beam search with tensors: all candidates stand in one long row, and a
# *place* in this row says both which text and which token. The best places are found, but each token
# is joined to the wrong ids. Repair it: each new text is its *parent's* ids and its token, the best
# text first, all int64. A text may have several children, or none. No two of the best totals are
# equal.


# %% answer="beam_tensors_repair"
def repaired_growth(ids, totals, logprobs):
    """ids (beams, length), int64, totals (beams,), logprobs (beams, vocabulary), all tensors. There
    are up to 1,000 beams, 50,000 tokens and a million candidates.

    Returns the ids of as many new texts as there are beams, int64 (beams, length + 1). The
    arguments stay as they are.
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
    if random.random() < 0.07:
        beams, vocab, table = wide(random)
    else:
        beams = random.choice([1, 2, 3, 5, 8, 24])
        vocab = random.randint(1, random.choice([6, 40]))
        table = small(random, beams, vocab)
    length = random.choice([0, 1, 2, 5])
    if beams < 100 and random.random() < 0.05:
        length = domains.LONG
    last = random.choice([vocab, 300_000])
    ids = [[random.randrange(last) for _ in range(length)] for _ in range(beams)]
    totals, logprobs = table
    if random.random() < 0.2:  # tokens at the end of the vocabulary that cannot come
        never = torch.full((beams, random.randint(1, 9)), -torch.inf)
        logprobs = torch.cat([logprobs, never], dim=-1)
    return (
        torch.tensor(ids, dtype=torch.int64).view(beams, length),
        torch.tensor(totals) + random.choice([0, 0, -4000.0]),
        logprobs,
    )


def small(random, beams, vocab):
    scale = random.choice([1, 1, 16])  # how far apart they are
    while True:
        totals = [-random.randrange(4 * 1024) * scale / 1024 for _ in range(beams)]
        if random.random() < 0.2:  # one text has all children
            totals[random.randrange(beams)] += 12 * scale
        logprobs = [
            [-random.randrange(8 * 1024) * scale / 1024 for _ in range(vocab)] for _ in totals
        ]
        sums = [x + y for x, row in zip(totals, logprobs, strict=True) for y in row]
        best = sorted(sums, reverse=True)[: beams + 1]
        if len(set(best)) == len(best):
            break
    for row, total in zip(logprobs, totals, strict=True):
        row[:] = [y if total + y >= best[-1] or random.random() < 0.7 else -math.inf for y in row]
    return totals, torch.tensor(logprobs)


def wide(random):
    """Many beams or a vocabulary of thousands, and the table: -inf but for a few, many at a row's
    end."""
    beams, vocab = random.choice(
        [(3, 3000), (24, 3000), (2, 50_000), (300, 40), (1000, 4), (120, 400), (300, 1000)]
    )
    alone = []  # tokens of the one text that has all children
    if vocab > 3 * beams and random.random() < 0.5:
        alone = random.sample(range(vocab), 3 * beams)
    totals = [-random.randrange(4 * 1024) / 1024 for _ in range(beams)]
    logprobs = torch.full((beams, vocab), -math.inf)
    for total in random.sample(range(4 * 1024, 8 * 1024), 3 * beams):
        row, token = random.randrange(beams), random.choice([0, vocab - 1, random.randrange(vocab)])
        if alone:
            row, token = 1, alone.pop()
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
# Your `beam_step` from **Build it: one step**, without the course's own functions. One point each for
#
# - the step from one empty text, and all candidates where they are fewer than `num_beams`;
# - totals compared across all beams;
# - each text with its parent's ids, and what was passed in left as it was.
#
# Tokens at −∞ are never among the best, and no two other totals are equal. There are up to 1,000
# beams and 5,000 tokens.


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


def table(random, beams, most, wide=1000):
    """Texts, and log-probabilities of up to `most` tokens; seldom of `wide` candidates.

    Sums are exact in float32, and no two the same; in one of four tables they are close together.
    """
    vocab = random.randint(1, random.choice([min(6, most), most]))
    if random.random() < 0.02:
        vocab = wide // beams
    near = 1 / 64 if beams * vocab <= 1000 else 1 / 4
    # In steps of a power of 2, and no more than 2^24 of them.
    deep, parts, spread = random.choice(
        [(0, 2**18, 8), (0, 2**18, near), (0, 2**16, 100), (3000, 2**10, 8)]
    )
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
    length = random.choice([0, 1, 2, 6] if beams == 1 else [1, 2, 6] if beams < 300 else [1])
    if beams * vocab <= 20 and random.random() < 0.03:
        length = domains.LONG
    last = random.choice([vocab, 100_000])
    ids = [[random.randrange(last) for _ in range(length)] for _ in totals]
    if beams > 1:  # no text stands there twice
        firsts = random.sample(range(20, max(last, beams) + 20), beams)
        if vocab > 12:  # and 12 after it, and 2: the same digits
            ids, firsts[:2] = [text[:1] for text in ids], [1, 11]
        for text, first in zip(ids, firsts, strict=True):
            text[0] = first
    return list(zip(ids, totals, strict=True)), torch.tensor(rows)


def one_text(random):
    _, rows = table(random, 1, 30, wide=5000)
    there = rows.numel()
    num_beams = random.choice([1, 2, 3, there] if there <= 30 else [1, there])
    return [([], 0.0)], rows, min(num_beams, there)


def too_few(random):
    texts, rows = table(random, random.randint(1, 6), 8)
    return texts, rows, rows.numel() + random.randint(0, 3)


def fork(random):
    beams = random.choice([1, 2, 3, 5, 8, 24])
    if random.random() < 0.015:
        beams = random.choice([300, 1000])
    texts, rows = table(random, beams, 16 if beams < 24 else 4 if beams < 300 else 2)
    stay = random.randrange(beams), random.randrange(rows.shape[1])
    if random.random() < 0.4:
        cut = torch.rand(rows.shape, generator=torch.Generator().manual_seed(random.getrandbits(9)))
        cut[stay] = 1
        rows[cut < 0.3] = -torch.inf
    there = int(rows.isfinite().sum())
    few = random.choice([1, 2, 3, 5, 8, 25, min(there, 1000)])
    return texts, rows, min(there, few if beams < 300 else random.choice([1000, there]))


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
        why="From one empty text the best num_beams tokens of the whole vocabulary follow, the best "
        "first: ranked by their log-probabilities as they are.",
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
# point each for
#
# - two steps with one and two beams, and the table left as it was;
# - longer trees, in which beams may lose the best text;
# - texts that end;
# - more beams than texts, and a single step.
#
# No two texts that compete are equally likely. The table may lack rows for texts of `depth` tokens.


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

from course_utils import domains

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


def next_tokens(random, tokens, weights):
    random.shuffle(tokens)
    whole = sum(weights)
    return {token: weight / whole for token, weight in zip(tokens, weights, strict=True)}


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
                tree[text] = next_tokens(random, tokens, weights)
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
    if kind < 0.03:
        return broad(random)
    if kind < 0.1:
        return grow(random, len(WORDS), 3, most=1), 25, 3
    if kind < 0.2:
        depth = random.choice([50, random.randint(7, 50)])
        return grow(random, 4, depth, most=4), random.choice([1, 2, 3, 4]), depth
    return two_steps(random)


def broad(random):
    """Up to 1,000 first tokens, and many beams."""
    size = random.choice([1000, random.randint(100, 1000)])
    weights = [math.exp(-i / 200) for i in range(size)]  # each 0.5% above the next
    whole = sum(weights)
    order = random.sample(range(size), size)
    tree = {(): {f" {i}": weights[i] / whole for i in order}}
    if random.random() < 0.5:  # all of them after one first token
        tree = {(): {" a": 0.9999, " the": 0.0001}, (" a",): tree[()], (" the",): {" end": 1.0}}
        return tree, random.choice([11, 100, 300, 1000]), 2
    tree |= {(token,): {" a": 0.9, " the": 0.1} for token in tree[()]}
    return tree, random.choice([100, 300, 1000, 1000]), random.choice([1, 2])


def alike_texts(random):
    """Texts of different tokens that may be the same when they are joined, sorted or shortened."""
    while True:
        depth, tree = random.choice([2, 3]), {}
        for text in (text for pair in domains.alike_words(random, depth) for text in pair):
            for i, token in enumerate(text):
                tree.setdefault((*text[:i],), {}).setdefault(token, random.random() + 0.02)
        for row in tree.values():
            whole = sum(row.values())
            row.update({token: weight / whole for token, weight in row.items()})
        if apart(tree, depth):
            return tree, random.choice([1, 3, 40, 40]), depth


def comb(random):
    """A text that mostly ends at each step: the one that never does is very unlikely."""
    while True:
        depth = random.choice([*range(2, 8), 50])
        tree, tokens, rarest = {}, (), random.random() < 0.5
        for _ in range(depth):
            token = random.choice(WORDS[:9])
            p = random.uniform(1e-6, 2e-6) if rarest else min(0.9, rare(random))
            tree[tokens] = {token: p, END: 1 - p}
            tokens = (*tokens, token)
        if apart(tree, depth, 2e-3):
            return tree, random.choice([depth + 1, random.randint(1, depth + 1)]), depth


def ending_tree(random):
    num_beams = random.choice([1, 2, 3, 4])
    most = random.choice([2, 3, 4, 5, random.randint(6, 20)])
    tree = grow(random, random.randint(max(2, num_beams), 5), most, most=6, ends=True)
    return tree, num_beams, random.choice([most, most, most + 2, random.randint(2, most)])


def close_race(random):
    """A tree whose first tokens are nearly as likely as end-of-text, and whose next ones are certain
    or not: what was held, and what was not, would have counted later."""
    while True:
        num_beams, depth = random.choice([1, 2, 3, 4]), random.randint(2, 4)
        tree, running = {}, [()]
        for step in range(depth):
            longer = []
            for text in running:
                tokens = random.sample(WORDS, random.randint(1, 2) if text else num_beams + 2)
                tokens[0] = END if not text or random.random() < 0.3 else tokens[0]
                weights = [random.uniform(1, 1.3 if not step else 9) for _ in tokens]
                tree[text] = next_tokens(random, tokens, weights)
                longer += [(*text, token) for token in tokens if token != END]
            running = longer
        if apart(tree, depth):
            return tree, num_beams, depth


def with_rows_for_ended(random):
    """A tree in which texts that have ended have rows, too, which nobody needs."""
    tree, num_beams, depth = ending_tree(random)
    ended = [(*text, END) for text, row in tree.items() if END in row]
    return tree | {text: {random.choice(WORDS[:9]): 1.0} for text in ended}, num_beams, depth


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
    check.against(
        searched,
        my_beam_search,
        alike_texts,
        why="Two texts are the same only if all their tokens are: ('a', 'bc') is not ('ab', 'c').",
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
        close_race,
        why="A text that took end-of-text takes one of the num_beams places: no other text gets it.",
    )
    check.against(
        searched,
        my_beam_search,
        with_rows_for_ended,
        why="The table may hold rows that you never need: a text that has ended needs none.",
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
    check.keeps(
        my_beam_search,
        two_steps,
        why="The caller still needs its table: take nothing out of it, and put nothing in.",
    )


check.own(my_beam_search, ending_tree)
points = 1.0 * check.passes("two steps, one and two beams", small_trees)
points += check.passes("longer trees", lost_on_the_way)
points += check.passes("texts that end", texts_that_end)
points += check.passes("more beams than texts, and one step", small_or_short)
### END HIDDEN TESTS
float(min(points, 4))

# %% [markdown] question="A score for finished texts" points=3
# Your `fair_score` from **Build it: a score of your own**. Any design with the four properties is
# right: one point for the first, two more for all four together. Totals are below 0;
# total / length is −12.5 to −0.05. Lengths are 5 to 200. The score is a number.


# %% test="fair_score"
def beats(total, length, other, other_length):
    """Whether the first text wins by the learner's score."""
    scores = fair_score(total, length), fair_score(other, other_length)
    return None if None in scores else scores[0] > scores[1]


def same_length():
    check.gives(
        beats,
        -9.0,
        10,
        -9.5,
        10,
        expect=True,
        why="Of two texts with ten tokens, the total −9.0 has to beat −9.5.",
    )


points = 1.0 * check.passes("texts of one length", same_length)
### BEGIN HIDDEN TESTS


def lengths(draw):
    """The draw at some lengths, often at the ends, and at each length."""
    ends = [(5, 8), (195, 199), (5, 199)]
    each = itertools.cycle(range(5, 200))
    return (
        lambda random: draw(random, random.randint(*random.choice(ends))),
        lambda random: draw(random, next(each)),
    )


def first_wins(total, length, other, other_length):
    return True


def alike(random):
    length = random.choice([5, 200, random.randint(5, 30), random.randint(5, 200)])
    total = -length * random.choice([12.37, random.uniform(0.05, random.choice([1, 4, 12.37]))])
    gap = random.choice([0.01, 0.1, 0.5]) * -total
    return total, length, max(total - gap, -12.5 * length), length


def likely_token(random, length):
    """A text of unlikely tokens, with and without one more that is nearly certain."""
    least = -math.log(0.5)
    mean = random.choice([least, random.uniform(least, random.choice([1, 4, 12.5])), 12.5])
    total = length * -mean
    more = math.log(random.choice([0.9, 0.99, random.uniform(0.9, 1)]))
    return total + more, length + 1, total, length


def silly_token(random, length):
    """A text of likely tokens, without and with one more that is out of place."""
    least = math.log(0.05)
    total = length * random.choice([least, -0.05, random.uniform(least, -random.choice([0.05, 1]))])
    more = math.log(random.choice([0.01, 0.001, random.uniform(1e-6, 0.01)]))
    return total, length, total + more, length + 1


def as_unlikely(random):
    """Two texts of one average, the second twice as long or longer."""
    length = random.choice([5, random.randint(5, 30), random.randint(5, 100)])
    longer = random.choice([2 * length, random.randint(2 * length, 200)])
    least = -math.log(0.2)
    mean = -random.choice([least, random.uniform(least, random.choice([2, 4, 12.5])), 12.5])
    return length * mean, length, longer * mean, longer


@check.once
def one_length():
    same_length()
    check.against(
        first_wins,
        beats,
        alike,
        why="Of two texts of the same length the likelier has to win, whatever their totals.",
    )


def two_lengths():
    one_length()
    for draw in lengths(likely_token):
        check.against(
            first_wins,
            beats,
            draw,
            why="A text of unlikely tokens has to gain by one more that is nearly certain, short or "
            "long as it is. Here it does not: length costs too much.",
        )
    for draw in lengths(silly_token):
        check.against(
            first_wins,
            beats,
            draw,
            why="A text has to lose by one more token that is out of place, short or long as it is. "
            "Here length pays too well.",
        )
    check.against(
        first_wins,
        beats,
        as_unlikely,
        why="Of two texts of one typical probability, 0.2 or less, the shorter has to win. Here "
        "a text pays nothing for going on.",
    )


points = 1.0 * check.passes("texts of one length", one_length)
points += 2.0 * check.passes("two lengths", two_lengths)
### END HIDDEN TESTS
float(min(points, 3))

# %% [markdown] question="Bedtime stories with 16 beams" points=0
# In three or four sentences: a colleague lets a model write bedtime stories with 16 beams, "as more
# beams find better texts". The stories are dull, and some are empty. Explain both, and say what you
# would do.

# %% [markdown] answer="explain_bedtime_stories"
# ### BEGIN SOLUTION
# Sixteen beams find texts that the model holds to be likelier, and likelier is not better: people
# write many less likely words, while likely text repeats itself. Each token lowers the total, so the
# likeliest text of all is often a very short one, and many beams are what finds it. A length penalty
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
# - [stahlberg2019] Stahlberg and Byrne: [On NMT Search Errors and Model Errors: Cat Got Your
#   Tongue?](https://aclanthology.org/D19-1331)
# - [holtzman2020] Holtzman et al.: [The Curious Case of Neural Text
#   Degeneration](https://arxiv.org/abs/1904.09751)
# - [zhang2023] Dive into Deep Learning: [section on beam
#   search](https://d2l.ai/chapter_recurrent-modern/beam-search.html)
# - [blog977] A post on greedy choice, and [an objection
#   to it](https://github.com/huggingface/blog/issues/977)
# - [parlai2007] Beams that all [say the
#   same](https://github.com/facebookresearch/ParlAI/issues/2007)
#
# What each is cited for stands in the course's `quizzes/references.md`.

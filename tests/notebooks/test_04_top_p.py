"""The Storyteller does what the lesson on top-p says of it."""

import itertools
import statistics

import pytest
import torch

from course_utils import explore
from course_utils.generate import Settings, generate, generate_batch
from course_utils.sampling import temperature, top_k, top_p

GIRL = "The little girl saw a"
FOUR = torch.tensor([0.4, 0.3, 0.2, 0.1])
HALVES = torch.tensor([0.5, 0.25, 0.125, 0.125]).log()
ARTICLES = (" the", " a", " an")


def size(logits, p: float) -> int:
    return int(top_p(logits, p).isfinite().sum())


def colleague(logits, ids=None, guard=False):
    """The sum with each token is compared, as in the lesson."""
    probs, order = logits.softmax(dim=-1).sort(dim=-1, descending=True)
    cut = probs.cumsum(dim=-1) > 0.9
    if guard:
        cut[..., 0] = False
    return logits.masked_fill(torch.zeros_like(cut).scatter(-1, order, cut), -torch.inf)


def written(model, prompt: str, seed: int) -> tuple[str, bool]:
    """The colleague's text of 40 tokens, and whether it broke off."""
    text = prompt
    try:
        for step in generate(model, prompt, colleague, 40, seed):
            text += step.text
    except ValueError as error:
        assert "no token is left to choose" in str(error)
        return text, True
    return text, False


@pytest.fixture(scope="module")
def stories(storyteller):
    found = [[] for _ in range(8)]
    for steps in generate_batch(storyteller, ["Once upon a time"] * 8, Settings(top_p=0.9), 100):
        for story, step in zip(found, steps, strict=True):
            if step:
                story.append(step)
    return found


@pytest.fixture(scope="module")
def rows(stories):
    """The logits of all steps: (800, vocab)."""
    return torch.stack([step.logits for story in stories for step in story])


def test_the_colleagues_stories_break_off_where_the_model_is_sure(storyteller):
    assert not written(storyteller, "The king said to his", 0)[1]
    for prompt, seed, stop, share in (
        ("One day", 1, "One day, as he was wand", ("ering", "99.9%")),
        ("One day", 2, "One day Mr", (".", "98.9%")),
        ("Once upon a", 0, "Once upon a", (" time", "99.7%")),
    ):
        assert written(storyteller, prompt, seed) == (stop, True)
        best = storyteller.next_logits(stop).softmax(dim=-1).max(dim=-1)
        assert storyteller.tokenizer.decode([int(best.indices)]) == share[0]
        assert f"{best.values:.1%}" == share[1]


def test_no_k_fits_both_prompts(storyteller):
    panel = explore.Distribution(GIRL, knobs=["top_k"])
    panel.controls["top_k"].value = 40
    assert "40 of 4,096 tokens kept, 61.7% of the mass" in panel.text
    panel.controls["prompt"].value = "Once upon a"
    assert "'␣time' at 99.8%" in panel.text
    once = top_k(storyteller.next_logits("Once upon a"), 40).softmax(dim=-1)
    assert f"{1 - once.max():.1%}" == "0.2%"

    def ranked(prompt: str, first: int, last: int) -> set[str]:
        order = storyteller.next_logits(prompt).argsort(descending=True)[first - 1 : last]
        return {storyteller.tokenizer.decode([i]) for i in order.tolist()}

    assert {" baby", " door", " basket"} <= ranked(GIRL, 41, 60)
    assert " hot" in ranked("Once upon a", 29, 40)


def test_by_hand():
    assert [size(FOUR.log(), p) for p in (1.0, 0.91, 0.89, 0.8, 0.71, 0.69, 0.41, 0.39, 0.01)] == [
        *(4, 4, 3, 3, 3, 2, 2, 1, 1),
    ]
    after = top_p(FOUR.log(), 0.8).softmax(dim=-1)
    assert torch.allclose(after[:3], FOUR[:3] / 0.9)
    assert [size(HALVES, p) for p in (1.0, 0.75, 0.5, 1e-6)] == [4, 2, 1, 1]

    # Neither the right rule nor the wrong one can be told apart where p is one of the sums.
    on_a_sum = torch.tensor([0.5, 0.25, 0.25])
    assert size(on_a_sum.log(), 0.5) == int((on_a_sum.cumsum(dim=0) <= 0.5).sum()) == 1


def test_one_number_two_prompts(storyteller):
    girl = storyteller.next_logits(GIRL)
    assert (size(girl, 0.9), size(girl, 0.5)) == (337, 19)
    assert size(storyteller.next_logits("Once upon a"), 0.9) == 1
    king = storyteller.next_logits("The king said to his")
    assert (size(king, 0.9), size(king, 0.17)) == (136, 2)
    assert f"{king.softmax(-1).max():.1%}" == "16.7%"
    assert storyteller.tokenizer.decode([int(king.argmax())]) == " wife"
    assert size(storyteller.next_logits("The king said to his wife"), 0.9) == 7
    assert storyteller.next_logits("The").softmax(-1).max() < 0.06


@pytest.mark.slow
def test_along_a_text_the_nucleus_moves_by_a_factor_of_a_hundred(stories):
    first = [step.kept for step in stories[0]]
    assert max(first) >= 100 * min(first)
    before_the_largest = stories[0][: first.index(max(first))]
    assert "".join(step.text for step in before_the_largest).endswith(" of the great")
    groups = {"inside": [], "article": [], "start": [], "elsewhere": []}
    for before, now in itertools.chain(*map(itertools.pairwise, stories)):
        if before.text[-1:].isalpha() and now.text[:1].isalpha():
            groups["inside"].append(now.kept)
        elif before.text in ARTICLES:
            groups["article"].append(now.kept)
        elif before.text.strip(' "\n')[-1:] in (*".!?", ""):
            groups["start"].append(now.kept)
        else:
            groups["elsewhere"].append(now.kept)
    medians = {name: statistics.median(counts) for name, counts in groups.items()}
    ranked = sorted(medians, key=medians.get)
    assert (ranked[0], ranked[-1]) == ("inside", "article")
    assert medians["article"] > 200  # hundreds
    assert (len(groups["start"]), max(groups["start"])) == (40, 63)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "seed", "words"),
    [
        (Settings(top_p=0.9), 0, "good and ugly, ugly and"),
        (Settings(top_p=0.5), 1, "a little girl who had two daughters, and had two daughters"),
        (Settings(), 0, "Boxer at first made wry in his ear"),
        (Settings(temperature=1.5, top_p=0.9), 0, "Peggar swallowed His day's mouth"),
    ],
)
def test_a_small_p_is_dull_and_heat_falls_apart(storyteller, settings, seed, words):
    story = generate(storyteller, "Once upon a time", settings, 50, seed=seed)
    assert words in "".join(step.text for step in story)


@pytest.mark.slow
def test_heat_makes_a_crowd_and_the_second_digit_nothing(rows):
    assert len(rows) == 800
    medians = {
        t: int((top_p(temperature(rows, t), 0.9) > -torch.inf).sum(dim=-1).median())
        for t in (0.5, 1.0, 1.5)
    }
    assert medians[0.5] == 3 and medians[1.0] == 39 and medians[1.5] > 600
    narrow, wide = top_p(rows, 0.94), top_p(rows, 0.95)
    added = wide.isfinite() & ~narrow.isfinite()
    assert f"{added.sum() / narrow.isfinite().sum():.0%}" == "17%"
    assert f"{(wide.softmax(dim=-1) * added).sum(dim=-1).mean():.1%}" == "1.0%"  # 1 in 100


def test_who_comes_first():
    logits = torch.tensor([3.0, 2.0, 1.0])
    for t, shares in ((1.0, ["67%", "24%", "9%"]), (0.5, ["87%", "12%", "2%"])):
        assert [f"{x:.0%}" for x in temperature(logits, t).softmax(dim=-1).tolist()] == shares
    for t, first, last in ((0.5, 1, 2), (3.0, 3, 2)):
        assert size(temperature(logits, t), 0.8) == first
        assert int(temperature(top_p(logits, 0.8), t).isfinite().sum()) == last
    toy = ([" king", " queen", " fox"], logits)
    panel = explore.Pipeline(toy, settings=Settings(temperature=0.5, top_p=0.8))
    assert "1 of 3 tokens left" in panel.text
    panel.controls["stage"].value = "÷T"
    for _ in range(3):
        panel.move_stage(1)
    assert panel.stages[-1] == "÷T" and "2 of 3 tokens left" in panel.text
    three, many = torch.zeros(3), torch.zeros(4096)
    assert size(temperature(three, 0.5), 0.5) == 2 and size(many, 0.01) == 41
    assert int(top_k(top_p(three, 0.5), 2).isfinite().sum()) == 2
    assert {size(top_k(row, 2), 0.5) for row in (three, many, logits, HALVES)} == {1}
    best_two = top_k(HALVES, 2)
    assert (size(best_two, 0.6), int(top_k(top_p(HALVES, 0.6), 2).isfinite().sum())) == (1, 2)
    shares = torch.tensor([0.5, 0.3, 0.2]).log()
    assert size(temperature(shares, 0.5), 0.85) == 2 and size(shares, 0.85) == 3
    assert [round(x, 3) for x in best_two.softmax(-1).tolist()] == [0.667, 0.333, 0.0, 0.0]


@pytest.mark.slow
def test_the_guard_hides_what_the_crash_had_shown(storyteller, rows):
    right, his = (
        (cut(rows) > -torch.inf).sum(dim=-1) for cut in (lambda x: top_p(x, 0.9), colleague)
    )
    mended = colleague(rows, guard=True) > -torch.inf
    assert int((his == 0).sum()) == 36
    fewer = (right - mended.sum(dim=-1)).tolist()
    assert (fewer.count(0), fewer.count(1)) == (36, 764)
    assert int((right == 1).sum()) == 36

    probs = rows.softmax(dim=-1)
    lost = (probs * ((top_p(rows, 0.9) > -torch.inf) & ~mended)).sum(dim=-1)
    seconds = []
    for at in lost.topk(3).indices.tolist():
        pair = probs[at].topk(2)
        assert (int(right[at]), int(mended[at].sum())) == (2, 1)
        seconds.append((storyteller.tokenizer.decode([int(pair.indices[1])]), pair.values[1]))
    assert [(word, f"{p:.0%}") for word, p in seconds[:2]] == [("ited", "41%"), ("ined", "38%")]

import itertools
import re
from html import unescape

import pytest
import torch
from drawn import check_texts

from course_utils import explore
from course_utils.beam import beam_search
from course_utils.explore.plots.beam_tree import BeamTreePicture, Branch, layout, number
from course_utils.explore.plots.style import FONT
from course_utils.generate import Settings, generate
from course_utils.model.tokenizer import END_OF_TEXT
from course_utils.toys import GREEDY_LOSES

ENDING = "So they were married, and lived happily ever after."
# A text that may end at once, or go on and gain.
SHORT_OR_LONG = {
    (): {END_OF_TEXT: 0.55, "on": 0.45},
    ("on",): {"and": 0.8, "but": 0.2},
    ("on", "and"): {"on": 0.9, "off": 0.1},
    ("on", "but"): {"on": 1.0},
}


@pytest.fixture
def panel():
    return explore.BeamTree(GREEDY_LOSES, num_beams=2, depth=2)


def message(panel) -> str:
    return unescape(re.sub("<.*?>", "", panel.message.value))


def texts(panel) -> list[str]:
    return [text.get_text() for text in panel.picture.figure.texts]


def bushy(names, depth=6):
    """A table in which every text of up to `depth` tokens goes on: a full tree for any search."""
    generator = torch.Generator().manual_seed(0)
    lengths = [itertools.product(names, repeat=length) for length in range(depth)]
    return {
        text: dict(zip(names, torch.rand(len(names), generator=generator).tolist(), strict=True))
        for text in itertools.chain(*lengths)
    }


# A tree by hand


def test_two_beams_find_what_greedy_loses(panel):
    assert panel.image.value.startswith("<svg")
    assert panel.text.startswith(
        "2 beams, 2 steps, length penalty 1.0: the winner is '␣dog␣barked', "
        "total −0.90, score −0.45. Greedy takes '␣cat␣sat', total −1.51, score −0.76. "
        "Branches: 4 kept, 2 pruned."
    )
    assert "The winner is 1.8 times as likely as greedy's text." in texts(panel)
    assert "All texts are equally long" in panel.text
    panel.controls["num_beams"].value = 1
    assert "1 beam, 2 steps" in panel.text and "winner is '␣cat␣sat'" in panel.text
    assert "Greedy takes the same." in panel.text


def test_the_picture_says_when_the_beams_lose_what_greedy_finds():
    flat = {"sang": 0.5, "slept": 0.5}
    table = {
        (): {"old": 0.52, "young": 0.48},
        ("old",): {"man": 0.4, "wolf": 0.3, "hen": 0.3},
        ("young",): {"man": 0.55, "wolf": 0.45},
        ("old", "man"): {"sang": 1.0},
        **dict.fromkeys(
            [("old", "wolf"), ("old", "hen"), ("young", "man"), ("young", "wolf")], flat
        ),
    }
    panel = explore.BeamTree(table, num_beams=2, depth=3)
    said = "Greedy's text is 1.6 times as likely as the winner: the beams pruned it."
    assert said in texts(panel)


def test_each_slider_changes_the_picture(panel):
    pictures = {panel.image.value}
    for name, value in [("num_beams", 1), ("num_beams", 3), ("depth", 1), ("length_penalty", 2.0)]:
        panel.controls[name].value = value
        pictures.add(panel.image.value)
    assert len(pictures) == 5


def test_the_branches_carry_what_the_search_weighed(panel):
    state = panel.state()
    branches = explore.beam_tree.branches(state)
    found = {(b.label, b.depth): b for b in branches}
    assert found["start", 0].parent is None
    dog, barked, slept = found["␣dog", 1], found["␣barked", 2], found["␣slept", 2]
    assert dog.winner and barked.winner and barked.score == pytest.approx(-0.4519, abs=1e-3)
    assert number(dog.logprob) == "−0.80" and barked.total == pytest.approx(-0.9039, abs=1e-3)
    assert found["␣cat", 1].greedy and found["␣cat", 1].kept and not found["␣cat", 1].winner
    assert not slept.kept and slept.score is None


def test_the_length_penalty_decides_between_short_and_long():
    panel = explore.BeamTree(SHORT_OR_LONG, num_beams=2, depth=3, length_penalty=0.0)
    assert "the winner is '■ end', total −0.60, score −0.60" in panel.text
    assert "equally long" not in panel.text
    panel.controls["length_penalty"].value = 1
    assert "the winner is 'onandon', total −1.13, score −0.38" in panel.text
    assert "Greedy's text is 1.7 times as likely as the winner" in " ".join(texts(panel))


def test_the_outline_says_what_the_tree_says(panel):
    assert panel.outline.value == ""
    panel.controls["show_outline"].value = True
    lines = re.sub("<.*?>", "", panel.outline.value).splitlines()
    assert lines == [
        "start",
        "  ␣cat  −0.60  total −0.60  kept  greedy",
        "    ␣sat  −0.92  total −1.51  kept  score −0.76  greedy",
        "    ␣ran  −1.05  total −1.65  pruned",
        "    ␣slept  −1.39  total −1.98  pruned",
        "  ␣dog  −0.80  total −0.80  kept",
        "    ␣barked  −0.11  total −0.90  kept  score −0.45  WINNER",
    ]
    panel.controls["num_beams"].value = 1
    assert "barked" not in panel.outline.value
    panel.controls["show_outline"].value = False
    assert panel.outline.value == ""


def test_the_code_is_shown_for_the_present_setting(panel):
    panel.controls["show_code"].value = True
    panel.controls["length_penalty"].value = 0.6
    assert "num_beams=2, max_new_tokens=2, length_penalty=0.6" in panel.code.value


# The picture


def test_kept_pruned_and_winner_differ_by_more_than_colour():
    picture = BeamTreePicture()
    picture.draw(
        [
            Branch("start", None, 0, winner=True),
            Branch("a", 0, 1, -0.1, -0.1, winner=True),
            Branch("b", 0, 1, -0.2, -0.2),
            Branch("c", 0, 1, -0.3, -0.3, kept=False),
        ]
    )
    lines = picture.lines  # in the order in which they lie on each other: pruned, kept, winner
    assert lines.get_linewidth().tolist() == [0.9, 1.5, 3.2, 3.2]
    dashes = [dash for _, dash in lines.get_linestyle()]
    assert dashes[0] and dashes[1:] == [None, None, None]
    weights = {text.get_text(): text.get_weight() for text in picture.figure.texts}
    assert (weights["a"], weights["b"]) == ("bold", "normal")


def test_each_branch_says_its_total_not_only_those_that_end(panel):
    said = texts(panel)
    assert {"Σ−0.60", "Σ−0.80"} < set(said), "of the two kept after the first step"
    assert {"Σ−1.65", "Σ−1.98", "total −1.51", "total −0.90"} < set(said)
    assert "Σ: total" in said[2]


def test_only_the_best_pruned_branches_are_drawn_and_the_rest_counted():
    pruned = [Branch(f"p{i}", 0, 1, -i, -i, kept=False) for i in range(1, 7)]
    picture = BeamTreePicture()
    figure = picture.draw([Branch("start", None, 0), Branch("a", 0, 1, -0.1, -0.1), *pruned])
    said = [text.get_text() for text in figure.texts]
    assert "p1" in said and "p2" in said and "p3" not in said
    assert "4 more pruned" in said[2]


@pytest.mark.parametrize(
    "names", [("a", "b", "c", "d"), ("w" * 40, "M" * 20, "␣" * 30), ("on", "off", END_OF_TEXT)]
)
@pytest.mark.parametrize(("num_beams", "depth"), [(1, 1), (1, 6), (5, 2), (4, 4), (5, 6)])
def test_no_text_leaves_the_picture_or_meets_another(names, num_beams, depth):
    panel = explore.BeamTree(bushy(names), num_beams=num_beams, depth=depth)
    check_texts(panel.image.value)
    assert panel.picture.figure.bbox.height <= 620  # it fits in a window


def test_the_winner_runs_along_the_top_and_no_two_share_a_place():
    panel = explore.BeamTree(bushy("abcd"), num_beams=5, depth=6)
    branches = explore.beam_tree.branches(panel.state())
    rows = layout(branches, range(len(branches)))
    assert {rows[i] for i, branch in enumerate(branches) if branch.winner} == {0}
    assert len({(branches[i].depth, row) for i, row in rows.items()}) == len(branches) > 50
    assert all(rows[b.parent] <= rows[i] for i, b in enumerate(branches) if b.parent is not None)


def test_the_picture_of_a_state_is_one_figure_without_old_parts(panel):
    used = panel.picture
    fresh = explore.BeamTree(GREEDY_LOSES, num_beams=2, depth=2)
    panel.controls["num_beams"].value = 5
    panel.controls["num_beams"].value = 2
    assert panel.image.value == fresh.image.value
    assert panel.draw(panel.state()) is used.figure
    assert {text.get_family()[0] for text in used.figure.texts} == {FONT}


# A learner's own search


def by_hand(next_logprobs, num_beams, depth, length_penalty):
    texts = [([], 0.0)]
    for _ in range(depth):
        longer = [
            ([*ids, token], total + logprob)
            for ids, total in texts
            for token, logprob in enumerate(next_logprobs(ids).tolist())
        ]
        texts = sorted(longer, key=lambda text: -text[1])[:num_beams]
    return texts[0][0]


def test_a_right_search_agrees_and_is_marked():
    panel = explore.BeamTree(GREEDY_LOSES, num_beams=2, depth=2, function=by_hand)
    assert panel.text.endswith("Your function agrees with the reference.")
    assert texts(panel).count("✕") == 2
    assert "✕ your function" in texts(panel)[2]
    panel.controls["num_beams"].value = 1
    assert panel.text.endswith("agrees with the reference.")


def test_another_text_is_shown_with_its_score():
    panel = explore.BeamTree(
        GREEDY_LOSES, num_beams=2, depth=2, function=lambda *args: by_hand(args[0], 1, 2, 1)
    )
    assert panel.text.endswith("Your function finds '␣cat␣sat', total −1.51, score −0.76.")


def fails(next_logprobs, num_beams, depth, length_penalty):
    return next_logprobs([0])[99]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (fails, f"in line {fails.__code__.co_firstlineno + 1} of its cell: IndexError"),
        (lambda *args: None, "returned nothing"),
        (lambda *args: "text", "expected a list of token ids"),
        (lambda *args: [0.5], "expected a list of token ids"),
        (lambda *args: [0, 1, 0], "returned 3 tokens, expected 1 to 2"),
        (lambda *args: [], "returned 0 tokens"),
        (lambda *args: [99], "returned the token 99, expected ids from 0 to 5"),
        (lambda logits: [0], "TypeError"),
    ],
)
def test_a_fault_becomes_a_message_and_the_explorer_goes_on(function, says):
    panel = explore.BeamTree(GREEDY_LOSES, num_beams=2, depth=2, function=function)
    assert says in message(panel) and "Your function" not in panel.text
    before = panel.image.value
    panel.controls["num_beams"].value = 1
    assert panel.image.value != before


# What it must withstand


def test_tokens_are_text_and_never_markup():
    table = {(): {"<script>alert(1)</script>": 0.6, "$x_1$": 0.4}}
    panel = explore.BeamTree(table, depth=1)
    panel.controls["show_outline"].value = True
    for box in (panel.summary, panel.outline):
        assert "<script" not in box.value and "&lt;script&gt;" in box.value
    assert "$x_1$" in texts(panel)
    assert not any(text.get_parse_math() for text in panel.picture.figure.texts)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"num_beams": 0}, "num_beams"),
        ({"num_beams": 6}, r"num_beams must be in \[1, 5\], got 6"),
        ({"depth": 7}, r"depth must be in \[1, 6\], got 7"),
        ({"length_penalty": 3}, "length_penalty"),
        ({"source": 7}, "source must be a prompt or a table"),
        ({"source": ""}, "prompt must not be empty"),
        ({"source": {}}, r"what follows \(\)"),
        ({"source": {(): {"a": 1}, ("b",): {"a": 1}}}, r"what follows \('a',\)"),
        ({"source": {(): {"a": -1, "b": 2}}}, "probabilities"),
    ],
)
def test_bad_arguments_are_refused_in_words(bad, says):
    with pytest.raises(ValueError, match=says):
        explore.BeamTree(**({"source": GREEDY_LOSES} | bad))


# The Storyteller


def test_the_storyteller_s_tree_is_that_of_beam_search(storyteller):
    panel = explore.BeamTree("The little girl saw a", num_beams=5, depth=6)
    state = panel.state()
    expected = beam_search(storyteller, "The little girl saw a", 5, 6, num_return=5)
    assert [h.text for h in state.search.hypotheses] == [h.text for h in expected.hypotheses]
    greedy = generate(storyteller, "The little girl saw a", Settings(temperature=0), 6)
    assert state.greedy.tokens == [step.token for step in greedy]
    assert "prompt" in texts(panel) and "more pruned" in texts(panel)[2]


def test_an_ending_loses_to_a_longer_text_at_a_high_length_penalty(storyteller):
    panel = explore.BeamTree(ENDING, num_beams=4, depth=6)
    assert "the winner is '■ end'" in panel.text
    panel.controls["length_penalty"].value = 2
    assert "the winner is '␣They" in panel.text


@pytest.mark.parametrize(("bad", "says"), [("", "must not be empty"), ("a b " * 200, "at most")])
def test_a_bad_prompt_keeps_the_last_good_picture(storyteller, bad, says):
    panel = explore.BeamTree("Once upon a time")
    good, text = panel.image.value, panel.text
    panel.controls["prompt"].value = bad
    assert says in message(panel) and "still shows 'Once upon a time'" in message(panel)
    assert (panel.image.value, panel.text) == (good, text)
    panel.controls["prompt"].value = "The king"
    assert message(panel) == "" and panel.image.value != good
    panel.controls["show_code"].value = True
    assert "beam_search(model, &#x27;The king&#x27;, num_beams=3" in panel.code.value

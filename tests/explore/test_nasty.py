"""Texts that could break a page, a picture or a layout, in every explorer."""

import itertools
import warnings

import pytest
import torch
from cases import at_least

from course_utils import explore

NASTY = {
    "script": "<script>alert(1)</script>",
    "maths": "$x$ & _y_ \\frac",
    "nul": "a\0b",
    "right to left": "שלום \u202eעולם",
    "emoji": "🐱👩‍🚀 猫が好き",
}
SIGNS = ("<script>", "\0", "\u202e")
MAKE = {
    "Distribution": lambda text: explore.Distribution(text),
    "AdaptiveCutoff": lambda text: explore.AdaptiveCutoff(text),
    "Penalties": lambda text: explore.Penalties(text, text),
    "BeamTree": lambda text: explore.BeamTree(text, num_beams=2, depth=2),
    "Loops": lambda text: explore.Loops(text, length=20),
    "ProbabilityTrace": lambda text: explore.ProbabilityTrace(text, text, length=2, beams=1),
    "Playground": lambda text: explore.Playground(text, samples=1, max_new_tokens=3),
    "Pipeline": lambda text: explore.Pipeline(text),
    "Speculation": lambda text: explore.Speculation(text),
    "Frontier": lambda text: explore.Frontier({"human": [[(text, 0.5)]], text: [[(text, 0.1)]]}),
}


PAIRS = list(itertools.product(MAKE, NASTY))
# Speculation writes a text of its own each time: seconds.
QUICK = [pair for pair in PAIRS if pair[0] != "Speculation" or pair[1] == "script"]


@pytest.mark.parametrize("pair", at_least(*QUICK, of=PAIRS), ids="-".join)
def test_a_nasty_text_stays_text(pair):
    name, text = pair[0], NASTY[pair[1]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib's, of signs that it cannot draw
        panel = MAKE[name](text)
        if name == "Distribution":
            panel.choose("5")
        panel.stop_job()
        assert panel.png().startswith(b"\x89PNG")
    pages = [panel.summary.value, panel.message.value, panel.image.value]
    pages += [
        getattr(panel, part).value
        for part in ("path", "pages", "texts", "passage")
        if hasattr(getattr(panel, part, None), "value")
    ]
    for page in pages:
        assert not [sign for sign in SIGNS if sign in page]
    bundle = panel._repr_mimebundle_()
    assert "<script>alert" not in bundle["text/html"]


@pytest.mark.parametrize("name", [name for name in MAKE if name != "Frontier"])
def test_a_text_of_two_thousand_tokens_is_refused_in_words(name):
    with pytest.raises(ValueError, match=r"must be at most [\d,]+ tokens"):
        MAKE[name]("the king " * 1000)


def test_what_another_font_draws_is_shown_as_itself():
    panel = explore.Loops({"by hand": ["猫", "が"] * 6})
    assert "猫が" in panel.pages.value and "猫" in panel.text
    panel = explore.Distribution((("猫", "שלום"), torch.tensor([1.0, 0.0])))
    for word in ("猫", "שלום"):
        assert word in panel.image.value
    assert "猫" in panel.summary.value

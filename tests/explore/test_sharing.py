"""The code that "Copy this setting" gives makes the panel that it was taken from."""

import re
import time
from html import unescape

import pytest
import torch

from course_utils import explore, toys
from course_utils.explore import sharing
from course_utils.generate import Settings
from course_utils.model import storyteller
from course_utils.toys import CAT, GREEDY_LOSES, NINE_WORDS

TEXTS = {"by hand": [" a", " b", " a", " b", " a", " b"]}
TRACES = {"by hand": [(" a", 0.5), (" b", 0.25)]}
SETS = {"human": [[("a", 0.5)]], "mine": [[("b", 0.5), ("c", 0.1)]]}


def mine(logits, *values):
    return logits.softmax(-1)


def process(logits, ids):
    return logits


# How each explorer is made, and what is moved in it.
CASES = {
    "Distribution": (
        lambda: explore.Distribution(
            "Once upon a", knobs=["temperature"], model=storyteller.load(), function=mine
        ),
        {"temperature": 0.7, "seed": 3, "find": "dragon", "prompt": 'It\'s "so"'},
    ),
    "Distribution of a pair": (
        lambda: explore.Distribution(NINE_WORDS, knobs=["top_p"], temperature=2),
        {"top_p": 0.93},
    ),
    "Distribution of a toy": (lambda: explore.Distribution(CAT), {"prompt": "the dog"}),
    "Playground": (
        lambda: explore.Playground(
            "The king", samples=1, max_new_tokens=4, process=process, knobs=["top_k", "top_p"]
        ),
        {"top_k": 7, "top_p": 0.5, "tokens": 3, "seed": 2},
    ),
    "Playground of a toy": (
        lambda: explore.Playground(CAT, samples=2, max_new_tokens=5),
        {"prompt": "the dog", "frequency_penalty": -0.5},
    ),
    "AdaptiveCutoff": (
        lambda: explore.AdaptiveCutoff("The king said", knob="min_p"),
        {"min_p": 0.3, "step": 1, "prompt": "The queen said to him"},
    ),
    "Penalties": (
        lambda: explore.Penalties("The king", "said the king"),
        {"length": 2, "presence_penalty": 0.5, "text": "said said said"},
    ),
    "Penalties of a pair": (
        lambda: explore.Penalties(NINE_WORDS, knobs=["frequency_penalty"]),
        {"frequency_penalty": 1.5},
    ),
    "Loops": (
        lambda: explore.Loops("The king", length=20),
        {"temperature": 0.6, "no_repeat_ngram": 2, "seed": 1},
    ),
    "Loops of toys": (lambda: explore.Loops(TEXTS), {}),
    "BeamTree": (
        lambda: explore.BeamTree("The king"),
        {"num_beams": 2, "length_penalty": -0.5, "prompt": "The queen"},
    ),
    "BeamTree of a table": (lambda: explore.BeamTree(GREEDY_LOSES, depth=2), {"num_beams": 1}),
    "ProbabilityTrace": (
        lambda: explore.ProbabilityTrace("The king", "was old and grey.", length=4, beams=1),
        {"temperature": 0.5, "length": 5},
    ),
    "ProbabilityTrace of toys": (lambda: explore.ProbabilityTrace(TRACES), {}),
    "Frontier of toys": (lambda: explore.Frontier(SETS), {}),
    "Pipeline": (
        lambda: explore.Pipeline("The king", seed=3),
        {"temperature": 0.5, "top_k": 4, "top_p": 0.6, "prompt": "The queen"},
    ),
    "Pipeline of a pair": (lambda: explore.Pipeline(NINE_WORDS), {"top_k": 3}),
    "Votes": (lambda: explore.Votes(tries=2), {"temperature": 0.5, "tries": 3, "seed": 1}),
    "Speculation": (
        lambda: explore.Speculation("The king", ahead=2),
        {"temperature": 0.5, "ahead": 3, "seed": 1},
    ),
    "Duel": (lambda: explore.Duel(seed=2), {"temperature": 0.5, "top_k": 9}),
}


def settled(panel):
    """The panel, once what it writes is done."""
    end = time.monotonic() + 60
    while panel.job is not None:
        assert time.monotonic() < end, "it still writes"
        time.sleep(0.02)
    return panel


def made_by(code: str) -> explore.Distribution:
    """What the code makes in a notebook that knows the names of this file and nothing else."""
    *imports, line = code.split("\n")
    names = {"model": storyteller.load(), **{name: globals()[name] for name in KNOWN}}
    exec("\n".join(imports), names)
    return eval(line, names)


KNOWN = ("mine", "process", "TEXTS", "TRACES", "SETS")


@pytest.fixture
def notebook(monkeypatch):
    names = {name: globals()[name] for name in KNOWN}
    monkeypatch.setattr(sharing, "notebook", lambda: names)
    return names


@pytest.mark.parametrize("name", CASES)
def test_the_copied_code_makes_the_same_panel(name, notebook):
    make, moves = CASES[name]
    panel = settled(make())
    for control, value in moves.items():
        settled(panel).controls[control].value = value
    settled(panel)
    if name.startswith("Playground"):
        panel.controls["generate"].click()
    settled(panel)
    if name.startswith("Distribution") and name != "Distribution of a pair":
        for _ in range(2):
            panel.choose(str(int(panel.following.order[1])))
    copy = settled(made_by(panel.setting()))
    assert type(copy) is type(panel)
    assert copy.stands() == panel.stands()
    if name.startswith("Distribution"):  # where one has scrolled to is no setting
        copy.scroll(-10_000)
    assert copy.text == panel.text and copy.image.value == panel.image.value
    assert copy.setting() == panel.setting()


def test_every_explorer_is_among_the_cases():
    assert {name.split()[0] for name in CASES} >= set(explore.__all__) - {"Chart"}


def test_the_code_leaves_out_what_is_the_default(notebook, monkeypatch):
    panel = explore.Distribution("Once upon a", knobs=["temperature"])
    panel.controls["temperature"].value = 0.7
    imports = ["from course_utils import explore", "from course_utils.generate import Settings"]
    line = 'explore.Distribution("Once upon a", settings=Settings(temperature=0.7))'
    assert panel.setting() == "\n".join([*imports, line])
    known = notebook | {"explore": explore, "Settings": Settings}
    monkeypatch.setattr(sharing, "notebook", lambda: known)
    assert panel.setting() == line
    assert (
        explore.Distribution(NINE_WORDS)
        .setting()
        .endswith("\nexplore.Distribution(toys.NINE_WORDS)")
    )


def test_objects_are_called_as_the_notebook_calls_them(monkeypatch):
    words, logits = ("a", "b"), torch.zeros(2)
    source = (words, logits)
    monkeypatch.setattr(sharing, "notebook", lambda: {"_": source, "my_pair": source})
    assert sharing.said(source, "source") == "my_pair"
    assert sharing.said((words, logits + 1), "source") == "source"
    assert sharing.said(toys.CAT, "model") == "toys.CAT"
    assert sharing.said(lambda x: x, "function") == "function"
    assert sharing.said(mine, "function") == "mine"


def test_a_table_comes_back_from_its_code(notebook):
    table = {(): {" a": 0.5, " b": 0.5}, (" a",): {" c": 1.0}, (" b",): {" d": 1.0}}
    panel = explore.BeamTree(table, num_beams=1, depth=2)
    assert made_by(panel.setting()).image.value == panel.image.value


@pytest.mark.parametrize("text", ['"', "'", "\"'", "\\", "\0", "\n", "</script>", "猫"])
def test_text_comes_back_from_its_code(text):
    assert eval(sharing.quoted(text)) == text


def test_the_button_answers_with_the_code():
    panel = explore.Distribution(NINE_WORDS)
    sent = []
    panel.copy_button.send = sent.append
    panel.copy_button._handle_custom_msg({}, [])
    assert sent == [{"code": panel.setting()}]


def test_a_control_that_is_not_there_is_refused_by_name():
    with pytest.raises(ValueError, match=r"a control must be one of .*find.*, got 'heat'"):
        explore.Distribution(NINE_WORDS).at(heat=2)


def test_a_bad_prompt_is_not_in_the_code(notebook):
    panel = explore.Distribution("Once upon a")
    panel.controls["prompt"].value = ""
    assert "must not be empty" in unescape(panel.message.value)
    assert panel.setting().endswith('explore.Distribution("Once upon a")')


@pytest.mark.parametrize("name", CASES)
def test_every_number_has_the_one_minus_sign(name):
    make, moves = CASES[name]
    panel = settled(make())
    for control, value in moves.items():
        panel.controls[control].value = value
    settled(panel)
    said = [panel.text, panel.summary.value, panel.message.value, panel.image.value]
    said += [mark[1] for mark in panel.image.marks]
    texts = ["".join(re.findall(r">[^<]*<", part)) if "<" in part else part for part in said]
    assert not [part for part in texts if re.search(r"(?<![\w-])-\d", part)]

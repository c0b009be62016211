import contextlib
import gc
import io
import itertools
import math
import re
import threading
import time
import warnings
import weakref
from dataclasses import replace
from html import unescape

import pytest
import torch

from course_utils import explore
from course_utils.explore import playground
from course_utils.explore.controls import KNOBS, PRESETS
from course_utils.explore.playground import Group, Request, Token, page_of
from course_utils.explore.plots.look import readable, signed
from course_utils.explore.plots.playground import (
    LEVELS,
    MOST_LINES,
    Block,
    Cell,
    PlaygroundPicture,
    level,
)
from course_utils.explore.plots.style import drawable
from course_utils.generate import Settings, generate
from course_utils.metrics import distinct_n
from course_utils.model.tokenizer import END_OF_TEXT
from course_utils.toys import CAT, Markov

pytestmark = pytest.mark.usefixtures("storyteller")


@pytest.fixture
def panel():
    panel = explore.Playground(settings=Settings(temperature=0.8), max_new_tokens=12)
    yield panel
    panel.close()


@pytest.fixture
def slow(monkeypatch):
    """A panel whose texts take a minute, once it is open."""
    steps = playground.generate_batch

    def slowly(*args):
        for step in steps(*args):
            time.sleep(0.3)
            yield step

    panel = explore.Playground(max_new_tokens=200, samples=1, settings=Settings(temperature=0))
    monkeypatch.setattr(playground, "generate_batch", slowly)
    yield panel
    panel.close()


def run(panel) -> None:
    panel.controls["generate"].click()
    finish()


def finish() -> None:
    """Wait for the jobs, each with its last picture."""
    for thread in threading.enumerate():
        if "run_job" in thread.name:
            thread.join(120)
            assert not thread.is_alive()


def wait_for(condition) -> None:
    end = time.monotonic() + 120
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def message(panel) -> str:
    return unescape(re.sub("<.*?>", "", panel.message.value))


def written(panel) -> list[str]:
    return ["".join(token.text for token in text) for text in panel.groups[0].texts]


def on_page(panel) -> str:
    return unescape(re.sub("<style>.*?</style>|<.*?>", "", panel.texts.value, flags=re.DOTALL))


def token(text="a", probability=0.5, name=None, id=7, ends=False, others=()) -> Token:
    name = name or text
    return Token(id, name, text, math.log(probability), 3, others, 2.0, ends)


def group(*texts, writer="", prompt="Once", **settings) -> Group:
    request = Request(prompt, Settings(**settings), len(texts), 9, 0)
    return Group(request, writer, [list(text) for text in texts])


# Writing


def test_it_opens_with_texts_picture_and_summary(panel, storyteller):
    settings = Settings(temperature=0.8)
    for seed, text in enumerate(written(panel)):
        steps = generate(storyteller, "Once upon a time", settings, 12, seed)
        assert text == "".join(step.text for step in steps)
        assert f"seed {seed}Once upon a time{text}" in on_page(panel)
    assert panel.text.startswith("3 texts of 12 tokens at temperature 0.8: mean log-probability −")
    assert panel.text in unescape(panel.summary.value)
    assert panel.png().startswith(b"\x89PNG") and panel.image.value == ""  # texts are in its place
    assert panel.job is None and message(panel) == ""
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == panel.text and "image/png" in bundle


def test_every_token_says_its_probability_rank_and_the_likeliest_others(panel, storyteller):
    text = panel.groups[0].texts[1]
    ids = storyteller.encode("Once upon a time") + [token.id for token in text]
    for place, token in enumerate(text):
        prompt = storyteller.tokenizer.decode(ids[1 : 5 + place])
        probs = storyteller.next_logits(prompt).softmax(-1)
        assert token.probability == pytest.approx(float(probs[token.id]), rel=1e-3)
        assert token.rank == int((probs > probs[token.id]).sum()) + 1
        best = [i for i in probs.topk(4).indices.tolist() if i != token.id][:3]
        shares = [share for _, share in token.others]
        assert shares == pytest.approx(probs[best].tolist(), rel=1e-3)
    tips = [unescape(tip) for tip in re.findall('aria-description="(.*?)"', panel.texts.value)]
    assert len(tips) == 36
    assert re.match(r"'␣there': [\d.]+%, rank 1\. Others: ',' [\d.]+%, '␣a' [\d.]+%", tips[0])


def test_the_summary_counts_what_was_written(panel):
    texts = [[token.id for token in text] for text in panel.groups[0].texts]
    tokens = panel.groups[0].tokens
    mean = sum(token.logprob for token in tokens) / 36
    choices = sum(token.choices for token in tokens) / 36
    assert (
        f"mean log-probability {signed(mean)}, distinct-2 {distinct_n(texts, 2):.2f}" in panel.text
    )
    assert f"0 of 3 end in a loop, {choices:.1f} effective choices a token" in panel.text
    unlikely = sum(token.probability < 0.01 for token in tokens)
    assert f"{unlikely} of 36 tokens below 1%." in panel.text


def test_greedy_texts_have_one_choice_and_may_end_in_a_loop():
    panel = explore.Playground(settings=Settings(temperature=0), max_new_tokens=150, samples=2)
    assert "2 texts of 150 tokens at temperature 0 (greedy)" in panel.text
    assert "2 of 2 end in a loop, 1.0 effective choices" in panel.text
    panel.close()


def test_generate_writes_with_where_the_controls_stand(panel, storyteller):
    before = panel.texts.value, panel.png()
    for name, value in {"prompt": "The king", "seed": 7, "samples": 2, "tokens": 9}.items():
        panel.controls[name].value = value
    panel.controls["top_k"].value = 5
    run(panel)
    assert (panel.texts.value, panel.png()) != before
    settings = Settings(temperature=0.8, top_k=5)
    expected = [
        "".join(step.text for step in generate(storyteller, "The king", settings, 9, seed))
        for seed in (7, 8)
    ]
    assert written(panel) == expected
    assert panel.text.startswith("2 texts of 9 tokens at temperature 0.8, top-k 5:")


def test_enter_generates_also_when_the_prompt_is_the_same(panel):
    panel.controls["seed"].value = 3
    panel.controls["prompt"]._handle_custom_msg({"event": "submit"}, [])
    finish()
    assert panel.request.seed == 3


@pytest.mark.parametrize("name", KNOBS)
def test_every_knob_writes_the_texts_anew_with_the_same_seeds(panel, storyteller, name):
    neutral, options = KNOBS[name]
    value = type(neutral)(options["min" if neutral == options["max"] else "max"])
    panel.controls[name].value = value
    finish()
    settings = Settings(**{"temperature": 0.8, name: value})
    assert written(panel) == [
        "".join(step.text for step in generate(storyteller, "Once upon a time", settings, 12, seed))
        for seed in range(3)
    ]
    assert message(panel) == "" and panel.request.settings == settings


def test_the_boxes_wait_for_the_button(panel):
    before = panel.texts.value
    for name, value in {"seed": 7, "samples": 2, "tokens": 9}.items():
        old, panel.controls[name].value = panel.controls[name].value, value
        assert message(panel) == "The controls have moved: press Generate."
        panel.controls[name].value = old
        assert message(panel) == ""
    assert panel.texts.value == before and panel.job is None


def test_what_a_knob_has_changed_is_marked_and_counted(panel):
    before = [[token.id for token in text] for text in panel.groups[0].texts]
    assert "changed" not in panel.text and 'changed"' not in panel.texts.value
    panel.controls["temperature"].value = 1.2
    finish()
    after = [[token.id for token in text] for text in panel.groups[0].texts]
    differ = sum(
        a != b
        for old, new in zip(before, after, strict=True)
        for a, b in zip(old, new, strict=True)
    )
    assert 0 < differ < 36 and panel.text.endswith(f" {differ} of 36 tokens changed.")
    assert panel.texts.value.count(' changed" tabindex=') == differ
    assert panel.texts.value.count('. Changed"') == differ
    run(panel)  # the same once more
    assert "changed" not in panel.text
    panel.controls["seed"].value = 5  # other draws: the knobs have no part in what differs
    run(panel)
    assert "changed" not in panel.text and 'changed"' not in panel.texts.value


def test_the_last_value_wins_and_what_was_stopped_is_no_measure_of_change(panel):
    first = panel.groups
    for value in (0.9, 1.3, 2.0, 0.4, 1.5):
        panel.controls["temperature"].value = value
    finish()
    assert panel.request.settings.temperature == 1.5 and len(panel.groups[0].tokens) == 36
    assert message(panel) == "" and panel.good == panel.groups
    panel.controls["temperature"].value = 0.8
    finish()
    assert [group.texts for group in panel.groups] == [group.texts for group in first]


def test_slow_texts_grow_over_the_last_good_ones_shown_pale(slow):
    (good,) = slow.good[0].texts
    slow.controls["repetition_penalty"].value = 2
    wait_for(lambda: slow.texts.value.count('class="old"') and slow.groups[0].texts[0])
    written_so_far = slow.groups[0].texts[0]
    old = unescape(re.search('class="old">(.*?)</span>', slow.texts.value, re.DOTALL)[1])
    assert old and "".join(token.shown for token in good).endswith(old)
    assert len(written_so_far) < len(good)
    slow.stop.click()
    assert 'class="old"' not in slow.texts.value and slow.good[0].texts == [good]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_set_all_knobs(panel, name):
    panel.controls["min_p"].value = 0.5
    panel.controls["preset"].value = name
    assert panel.wanted().settings == Settings(**PRESETS[name])
    assert panel.controls["preset"].value == name
    panel.controls["presence_penalty"].value = 1
    assert panel.controls["preset"].value == "your own"


def test_the_code_writes_the_same_texts(panel):
    panel.controls["preset"].value = "creative"
    panel.controls["prompt"].value = "'Stop!' said the \"king\""
    finish()
    panel.controls["show_code"].value = True
    code = unescape(panel.code.value.removeprefix("<pre>").removesuffix("</pre>"))
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    assert out.getvalue() == "".join(
        f"'Stop!' said the \"king\"{text}\n\n" for text in written(panel)
    )
    panel.controls["show_code"].value = False
    assert panel.code.value == ""


def choose(panel, side, text, token) -> explore.Distribution:
    """As the page does when a token is clicked."""
    panel.token_chosen.value = f"{side},{text},{token},{time.monotonic_ns()}"
    return panel.choice.children[1]


def test_a_token_opens_the_distribution_that_it_was_drawn_from(panel, storyteller):
    for name, value in {"top_k": 7, "top_p": 0.9}.items():
        panel.controls[name].value = value
    finish()
    tokens = panel.groups[0].texts[1]
    ids = storyteller.encode("Once upon a time") + [token.id for token in tokens]
    shown = choose(panel, 0, 1, 4)
    assert torch.allclose(
        shown.following.logits, storyteller.logits(ids[:-8], last=1)[0], atol=1e-3
    )
    assert shown.values() == {"temperature": 0.8, "top_k": 7, "top_p": 0.9, "min_p": 0.0}
    assert shown.following.tokens[tokens[4].id].strip() == tokens[4].text.strip()
    assert f"Text 2, token 5, '{tokens[4].name}'" in unescape(panel.choice.children[0].value)
    other = choose(panel, 0, 0, 0)
    assert shown.closed and not other.closed
    panel.close()
    assert other.closed


def test_a_token_of_a_saved_text_opens_its_own_distribution(toy):
    toy.controls["save"].click()
    toy.controls["temperature"].value = 3
    finish()
    toy.controls["compare"].value = True
    assert choose(toy, 0, 0, 0).values()["temperature"] == 0
    shown = choose(toy, 1, 1, 2)
    assert shown.values()["temperature"] == 3
    before = toy.groups[0].texts[1][1].id
    assert torch.equal(shown.following.logits, CAT.table[before])


def test_bad_prompts_become_a_message_and_the_texts_stay(panel):
    texts = panel.texts.value
    for bad, says in {"": "must not be empty", "a b " * 400: "at most"}.items():
        panel.controls["prompt"].value = bad
        assert says in message(panel) and panel.texts.value == texts
    panel.controls["prompt"].value = "The king"
    finish()
    assert message(panel) == "" and "The king" in on_page(panel)


def test_a_text_that_ends_early_says_so():
    ended = group([token("x"), token("", ends=True, name="<|endoftext|>")], [token("y")] * 3)
    assert ">∎</span>" in page_of([("", ended)], tips=True)
    assert "2 texts of 2 to 3 tokens" in playground.summary("", ended)
    assert len(ended.tokens) == 4
    empty = group([token("", ends=True)])
    assert "nothing was written." in playground.summary("", empty)


# Streaming and stopping


@pytest.mark.slow
def test_texts_grow_on_the_page_and_stop_within_a_second(slow):
    slow.controls["prompt"].value = "The old king"
    writing = "Writing 1 text of up to 200 tokens at temperature 0 (greedy)."
    wait_for(lambda: slow.text == writing and slow.texts.value.count("<span") > len(LEVELS) + 4)
    assert "The old king" in on_page(slow) and "rank" not in slow.texts.value
    slow.controls["seed"].value = 2  # moves nothing that is being written
    job, begun = slow.job, time.monotonic()
    slow.stop.click()
    assert time.monotonic() - begun < 5 and not job.is_alive()  # of a minute
    count = len(slow.groups[0].texts[0])
    assert 3 <= count < 20 and f"1 text of {count} tokens at temperature 0 (greedy)" in slow.text
    assert "Stopped." in message(slow)
    assert slow.texts.value.count("aria-description=") == count


def test_a_new_request_takes_over_and_the_same_one_goes_on(slow):
    slow.controls["prompt"].value = "The king"
    first = slow.job
    slow.controls["generate"].click()
    assert slow.job is first
    slow.controls["seed"].value = 5
    slow.controls["generate"].click()
    assert slow.job is not first and not first.is_alive() and slow.request.seed == 5


@pytest.mark.slow
def test_a_closed_panel_stops_its_thread_and_leaves_nothing_behind(slow):
    slow.controls["prompt"].value = "The king"
    job, figure = slow.job, weakref.ref(slow.picture.figure)
    slow.close()
    assert not job.is_alive()
    del job
    gc.collect()
    assert figure() is None


@pytest.mark.slow
def test_updates_come_at_a_calm_pace(panel, monkeypatch):
    pages = []
    panel.texts.observe(lambda change: pages.append(time.monotonic()), "value")
    panel.controls["tokens"].value = 100
    run(panel)
    gaps = [later - earlier for earlier, later in itertools.pairwise(pages[:-1])]
    assert all(gap > 0.9 * playground.BEAT for gap in gaps)
    assert len(pages) < 100


def test_a_slow_first_text_goes_on_behind_the_cell(monkeypatch):
    monkeypatch.setattr("course_utils.explore.panel.PATIENCE", 0.0)

    def mine(logits, ids):
        time.sleep(0.05)
        return logits

    panel = explore.Playground(max_new_tokens=20, samples=1, process=mine)
    assert panel.job is not None
    finish()
    assert "mine wrote the same texts as the knobs." in panel.text
    panel.close()


# A table in place of the model


@pytest.fixture
def no_model(monkeypatch):
    monkeypatch.setattr(
        "course_utils.model.storyteller.load", lambda: pytest.fail("no model is needed")
    )


@pytest.fixture
def toy(no_model):
    panel = explore.Playground(CAT, settings=Settings(temperature=0), max_new_tokens=12, samples=2)
    yield panel
    panel.close()


def test_a_table_writes_with_the_probabilities_that_it_has(toy):
    assert written(toy) == [" cat sat on the cat sat on the cat sat on the"] * 2
    assert toy.text.startswith("2 texts of 12 tokens at temperature 0 (greedy):")
    assert "2 of 2 end in a loop" in toy.text
    assert "seed 0the cat sat on the" in on_page(toy)
    first = toy.groups[0].texts[0][0]
    probs = CAT.table[0].softmax(-1)
    assert first.probability == pytest.approx(float(probs[1])) and first.rank == 1
    assert [name for name, _ in first.others[:2]] == ["␣dog", "␣mat"]
    assert first.others[0][1] == pytest.approx(float(probs[2]))
    assert toy.png().startswith(b"\x89PNG")


def test_every_knob_and_compare_work_on_a_table(toy):
    toy.controls["save"].click()
    expected = []
    for name, value in {"temperature": 1.3, "top_k": 4, "top_p": 0.9, "min_p": 0.05}.items():
        toy.controls[name].value = value
    toy.controls["frequency_penalty"].value = 0.5
    toy.controls["prompt"].value = "the dog"
    run(toy)
    knobs = Settings(1.3, 4, 0.9, 0.05, frequency_penalty=0.5)
    for seed in (0, 1):
        steps = generate(CAT, "the dog", knobs, 12, seed, cache=False)
        expected.append("".join(step.text for step in steps))
    assert written(toy) == expected and expected[0] != expected[1]
    toy.controls["compare"].value = True
    assert toy.text.startswith("A: 2 texts of 12 tokens at temperature 0 (greedy):")
    assert "B: 2 texts of" in toy.text


def test_a_text_of_a_table_comes_to_an_end(no_model):
    panel = explore.Playground(CAT, settings=Settings(top_k=2), samples=4, max_new_tokens=60)
    ended = [text for text in panel.groups[0].texts if text[-1].ends]
    assert ended and all(len(text) < 60 and text[-2].name == "." for text in ended)
    assert "∎" in on_page(panel)
    panel.close()


def test_the_code_for_a_table_prints_the_same_texts(toy):
    toy.controls["temperature"].value = 0.9
    run(toy)
    toy.controls["show_code"].value = True
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(unescape(re.sub("</?pre>", "", toy.code.value)), {"toy": CAT})
    assert printed.getvalue() == "".join(f"the{text}\n\n" for text in written(toy))


def test_a_word_that_is_not_in_the_table_is_named(toy):
    before = written(toy)
    toy.controls["prompt"].value = "the whale"
    assert "prompt must be of the words the, cat, dog" in message(toy)
    assert "got 'whale'" in message(toy) and written(toy) == before
    toy.controls["prompt"].value = " "
    assert "prompt must not be empty" in message(toy)


def test_your_process_writes_with_a_table_too(no_model):
    seen = []

    def mine(logits, ids):
        seen.append((len(logits), ids.tolist()))
        return logits.masked_fill(logits < logits.max(), -math.inf)

    panel = explore.Playground(CAT, process=mine, max_new_tokens=5, samples=1)
    assert seen[0] == (9, [0])
    assert panel.groups[1].tokens[-1].name == "␣cat"
    assert "mine" in panel.text and message(panel) == ""
    panel.close()


def test_what_never_follows_is_no_other_choice(no_model):
    never = -math.inf
    table = torch.tensor([[never, 0.0, never], [0.0, never, never], [0.0, 0.0, 0.0]])
    panel = explore.Playground(Markov(("a", " b", END_OF_TEXT), table), max_new_tokens=4, samples=1)
    assert written(panel) == [" ba ba"]
    assert panel.groups[0].texts[0][0].tip == "'␣b': 100%, rank 1. Others: none"
    panel.close()


@pytest.mark.parametrize(
    ("tokens", "table", "says"),
    [
        (("a", " b"), torch.zeros(2, 2), "tokens must be words and"),
        ((END_OF_TEXT,), torch.zeros(1, 1), "tokens must be words and"),
        (("a", " a", END_OF_TEXT), torch.zeros(3, 3), "tokens must be different"),
        (("a", END_OF_TEXT), torch.zeros(2, 3), r"shape \(2, 2\), got torch.float32 of .*2, 3"),
        (("a", END_OF_TEXT), torch.zeros(2, 2).int(), "must be logits .* got torch.int32"),
        (("a", END_OF_TEXT), [[0.0, 0.0], [0.0, 0.0]], "table must be a tensor, got list"),
        (("a", END_OF_TEXT), torch.full((2, 2), -math.inf), "a choice in each row"),
        (("a", END_OF_TEXT), torch.full((2, 2), math.nan), "a choice in each row"),
    ],
)
def test_a_table_that_cannot_write_is_refused(tokens, table, says):
    with pytest.raises(ValueError, match=says):
        Markov(tokens, table)


# Two settings


def test_saved_texts_stand_beside_new_ones(panel):
    assert panel.controls["compare"].disabled
    panel.controls["save"].click()
    assert "Saved as A" in message(panel) and not panel.controls["compare"].disabled
    old = written(panel)
    panel.controls["preset"].value = "code"
    run(panel)
    panel.controls["compare"].value = True
    new = written(panel)
    page = on_page(panel)
    assert old != new and all(text in page for text in old + new)
    assert "A: temperature 0.8mean log-probability" in page
    assert "B: temperature 0.2, top-p 0.95mean log-probability" in page
    assert re.match(r"A: 3 texts of 12 tokens at temperature 0\.8: .* B: 3 texts", panel.text)
    picture = panel.png()
    panel.controls["compare"].value = False
    assert "A: " not in panel.text and panel.png() != picture
    assert not any(text in on_page(panel) for text in old)


@pytest.mark.slow
def test_what_is_saved_does_not_grow_with_the_text(slow):
    slow.controls["prompt"].value = "The king"
    wait_for(lambda: slow.groups[0].texts[0])
    slow.controls["save"].click()
    count = len(slow.saved[0].texts[0])
    wait_for(lambda: len(slow.groups[0].texts[0]) > count + 1)
    assert len(slow.saved[0].texts[0]) == count


# A learner's process


def test_a_process_that_does_what_the_knobs_do_writes_the_same():
    settings = Settings(temperature=0.5, top_k=3)
    panel = explore.Playground(settings=settings, process=settings.process, max_new_tokens=10)
    assert panel.text.endswith("process wrote the same texts as the knobs.")
    panel.controls["temperature"].value = 3
    panel.controls["top_k"].value = 0
    run(panel)
    assert re.search(r"process parts from the knobs in text \d at token \d+: '", panel.text)
    assert re.search(r"3 texts of 10 tokens by process: mean", panel.text)
    panel.close()


def test_a_process_cannot_change_what_the_page_says_of_the_model():
    def wipes(logits, ids):
        return logits.zero_()

    panel = explore.Playground(process=wipes, max_new_tokens=4, samples=1)
    probabilities = {token.probability for token in panel.groups[1].texts[0]}
    assert len(probabilities) == 4
    panel.close()


def raises(logits, ids):
    if len(ids) > 7:
        return logits / (1 // int(logits.isnan().sum()))
    return logits


def unwritten(logits, ids):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("process", "says"),
    [
        (raises, f"in line {raises.__code__.co_firstlineno + 2} of its cell: ZeroDivisionError"),
        (unwritten, "unwritten is not written yet"),
        (lambda x, ids: None, "returned nothing"),
        (lambda x, ids: "text", "returned str, expected a tensor of logits"),
        (lambda x, ids: x.argmax(), "returned torch.int64, expected a tensor of logits"),
        (lambda x, ids: x[:3], "returned shape (3,), expected (4096,)"),
        (lambda x, ids: x * math.nan, "returned NaN"),
        (lambda x, ids: x - math.inf, "leave no choice"),
        (lambda x: x, "TypeError"),
    ],
)
def test_a_fault_becomes_a_message_and_the_knobs_still_write(process, says):
    panel = explore.Playground(process=process, max_new_tokens=9)
    assert says in message(panel)
    assert re.search(r"line \d+", message(panel)) or process.__code__.co_argcount == 1
    assert panel.text.startswith("3 texts of 9 tokens at temperature 1:")
    assert "the knobs" not in panel.text
    assert "<lambda>" not in panel.texts.value
    panel.controls["temperature"].value = 0.5
    run(panel)
    assert "3 texts of 9 tokens at temperature 0.5:" in panel.text and says in message(panel)
    panel.close()


# What it must withstand


def test_tokens_are_text_and_never_markup():
    nasty = '<script>alert("1")</script>&'
    texts = [token(nasty, others=[(nasty, 0.2)]), token("a\n\nb"), token("$x_1$")]
    page = page_of([("", group(texts, writer=nasty, prompt=nasty))], tips=True)
    assert "<script" not in page and page.count("&lt;script&gt;") == 5
    assert 'alert("' not in page and "a⏎\n⏎\nb" in page and "$x_1$" in page
    light = page_of([("", group(texts))], tips=False)
    assert "<script" not in light and "aria-description" not in light.split("</style>")[1]


@pytest.mark.parametrize(
    "bad",
    [
        {"samples": 0},
        {"samples": 5},
        {"max_new_tokens": 201},
        {"seed": -1},
        {"settings": 0.7},
        {"settings": Settings(temperature=5), "name": "temperature"},
        {"settings": Settings(repetition_penalty=0.5), "name": "repetition_penalty"},
        {"settings": Settings(top_k=500), "name": "top_k"},
        {"process": "top_p"},
        {"prompt": ""},
        {"prompt": 7},
        {"prompt": CAT.table},
    ],
)
def test_bad_arguments_are_refused_by_name(bad):
    name = bad.pop("name", next(iter(bad)))
    with pytest.raises(ValueError, match=name):
        explore.Playground(**bad)


def test_settings_are_where_the_knobs_stand():
    settings = Settings(0.73, 40, 0.9, 0.05, 1.15, -0.5, 0.3)
    panel = explore.Playground(settings=settings, max_new_tokens=2, samples=1)
    assert panel.wanted().settings == settings
    panel.close()


def test_the_space_before_a_word_is_not_tinted():
    page = page_of([("", group([token("\n"), token("  king"), token(" ")]))], tips=False)
    spans = re.findall('( *)<span class="p0">(.*?)</span>', page.split("Once</span>")[1], re.DOTALL)
    assert spans == [("", "⏎\n"), ("  ", "king"), ("", " ")]


def test_a_long_prompt_shows_its_end():
    page = page_of([("", group([token()], prompt="word " * 100 + "end"))], tips=True)
    assert page.count("word") == 15 and "word end" in page


# The picture


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.texts if text.get_text()]


def test_levels_go_from_likely_to_unlikely_and_differ_in_grey():
    assert [level(p) for p in (1, 0.5, 0.3, 0.1, 0.02, 0.001, 0)] == [0, 0, 1, 2, 3, 4, 4]
    strengths = [strength for _, _, strength, _ in LEVELS]
    assert all(b - a > 0.1 for a, b in itertools.pairwise(strengths))
    assert [line for *_, line in LEVELS] == [None, None, None, "dotted", "solid"]


def test_the_picture_shows_all_tokens_in_lines():
    words = ["there", "was", "a", "king", "who", "had", "a", "daughter"]
    cells = [Cell(f" {word}", 0.9 / 2**i) for i, word in enumerate(words)]
    picture = PlaygroundPicture()
    figure = picture.draw([Block("chat", ["numbers"], ["seed 0", "seed 1"], [cells, cells * 3])])
    assert {"chat", "numbers", "seed 0", "seed 1", *words} <= set(texts(figure))
    assert texts(figure).count("daughter") == 4
    assert figure is picture.draw([Block("A", [], [], [])])
    assert "daughter" not in texts(figure)


def test_a_very_long_text_says_how_much_is_left_out():
    cells = [Cell(" token", 0.3)] * 300
    figure = PlaygroundPicture().draw([Block("", [], ["seed 0"], [cells])])
    shown = texts(figure).count("token")
    assert f"… and {300 - shown} more tokens" in texts(figure)
    rows = {round(t.get_position()[1], 3) for t in figure.texts if t.get_text() == "token"}
    assert len(rows) == MOST_LINES


@pytest.mark.parametrize("long", ["w" * 99, " king" * 20, "$x_1$", "你\x00\u202e", "⏎⏎"])
def test_no_text_leaves_the_picture_or_meets_another(long):
    cells = [Cell(drawable(readable(long)), 0.001), Cell(" a", 0.9), Cell("end", 0.03)] * 5
    picture = PlaygroundPicture()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        title = drawable(readable(long)) * 3
        block = Block(title, ["numbers", title] * 4, ["seed 2147483649"], [cells])
        figure = picture.draw([block] * 2)
        picture.png()
    renderer = picture.canvas.get_renderer()
    boxes = [t.get_window_extent(renderer) for t in figure.texts if t.get_text()]
    width, height = picture.canvas.get_width_height()
    assert all(box.x0 >= 0 and box.y0 >= 0 for box in boxes)
    assert all(box.x1 <= width and box.y1 <= height for box in boxes)
    # Letters of one word may be tokens: their boxes touch, as letters do.
    shrunk = [box.padded(-1) for box in boxes]
    assert not any(a.overlaps(b) for i, a in enumerate(shrunk) for b in shrunk[:i])
    assert not any(text.get_parse_math() for text in figure.texts)


# Which sliders there are


def test_only_the_knobs_that_were_taught_have_sliders(storyteller):
    settings = Settings(top_p=0.9, presence_penalty=-0.5)
    panel = explore.Playground(
        settings=settings, knobs=["temperature"], samples=1, max_new_tokens=4
    )
    assert set(KNOBS) & set(panel.controls) == {"temperature"}
    assert "preset" not in panel.controls  # top-p would stay, and none says so
    assert panel.text.startswith(
        "1 text of 4 tokens at temperature 1, presence penalty −0.5, top-p 0.9: "
    )
    panel.controls["temperature"].value = 0.5
    panel.controls["generate"].click()
    panel.job and panel.job.join(60)
    steps = generate(storyteller, "Once upon a time", replace(settings, temperature=0.5), 4, 0)
    assert [token.id for token in panel.groups[0].texts[0]] == [step.token for step in steps]


def test_presets_need_all_of_their_knobs():
    offered = {
        ("temperature",): ("your own", "deterministic", "chat"),
        ("temperature", "top_p"): ("your own", "deterministic", "chat", "code"),
        tuple(KNOBS): ("your own", *PRESETS),
    }
    for knobs, presets in offered.items():
        panel = explore.Playground(CAT, knobs=knobs, samples=1, max_new_tokens=1)
        assert panel.controls["preset"].options == presets
    panel = explore.Playground(CAT, knobs=["top_k"], samples=1, max_new_tokens=1)
    assert "preset" not in panel.controls


@pytest.mark.parametrize("knobs", [[], ["heat"], "temperature"])
def test_knobs_are_refused_by_name(knobs):
    with pytest.raises(ValueError, match="knobs must be of"):
        explore.Playground(CAT, knobs=knobs)

import base64
import gc
import math
import re
import threading
import weakref

import pytest
import torch

from course_utils import explore, sampling
from course_utils.explore import distribution
from course_utils.explore.controls import SPOKEN, preset_box
from course_utils.toys import CAPITAL, CAT, NINE_WORDS


@pytest.fixture
def panel():
    return explore.Distribution(NINE_WORDS)


def softmax(logits, temperature):
    return (logits / temperature).softmax(-1)


def message(panel) -> str:
    return re.sub("<.*?>", "", panel.message.value)


def test_it_opens_with_a_picture_and_says_what_the_picture_says(panel):
    assert panel.image.value.startswith("<svg")
    text = panel.summary.value
    assert "Temperature 1.00: the most likely next token is &#x27;forward&#x27; at 57.2%" in text
    assert "entropy 1.32 bits, like 2.5 equal choices; 9 of 9 tokens kept, 100% of the mass" in text
    assert "summary" in panel.summary._dom_classes
    assert 'role="status"' in text and 'aria-live="polite"' in text
    assert message(panel) == ""


def test_the_slider_moves_the_picture_and_the_text(panel):
    pictures, texts = {panel.image.value}, {panel.summary.value}
    for t in (0.05, 0.5, 2.0, 3.0):
        panel.controls["temperature"].value = t
        pictures.add(panel.image.value)
        texts.add(panel.summary.value)
    assert len(pictures) == len(texts) == 5
    probability = (NINE_WORDS.logits / 3).softmax(-1).max()
    assert f"Temperature 3.00: the most likely next token is 'forward' at {probability:.1%}" in (
        panel.text
    )


def test_temperature_zero_is_greedy(panel):
    panel.controls["temperature"].value = 0
    assert "Temperature 0.00 (greedy)" in panel.text and "'forward' at 100%" in panel.text
    assert "1 of 9 tokens kept, 57.2% of the mass" in panel.text
    panel.controls["sample_100"].click()
    assert "100 draws: 'forward' 100." in panel.text


def test_a_hundred_draws_are_counted_and_come_again_with_the_seed(panel):
    panel.controls["sample_100"].click()
    first = panel.counts
    assert first.sum() == 100
    assert f"'forward' {first[3]}" in panel.text
    panel.controls["sample_1"].click()
    assert panel.counts.sum() == 101
    panel.controls["seed"].value = 1
    assert panel.counts.sum() == 0 and "draws" not in panel.text
    panel.controls["sample_100"].click()
    assert not panel.counts.equal(first)
    again = explore.Distribution(NINE_WORDS)
    again.controls["sample_100"].click()
    assert again.counts.equal(first)


def test_draws_follow_the_probabilities(panel):
    panel.controls["temperature"].value = 2
    panel.add_draws(20_000)
    true = (NINE_WORDS.logits / 2).softmax(-1)
    assert (panel.counts / 20_000 - true).abs().max() < 0.02


def test_moving_a_knob_forgets_the_draws(panel):
    panel.controls["sample_100"].click()
    panel.controls["temperature"].value = 0.5
    assert panel.counts.sum() == 0 and "draws" not in panel.text


def test_presets_are_those_that_the_knobs_express_whole(panel):
    presets, t = panel.controls["preset"], panel.controls["temperature"]
    assert presets.options == ("your own", "deterministic", "chat")
    for name, value in {"deterministic": 0, "chat": 0.7}.items():
        presets.value = name
        assert t.value == value and f"Temperature {value:.2f}" in panel.text
    t.value = 1.3
    assert presets.value == "your own" and message(panel) == ""


def test_other_knobs_cut_and_presets_reach_them():
    panel = explore.Distribution(NINE_WORDS, knobs=("temperature", "top_k", "top_p"))
    panel.controls["top_k"].value = 3
    assert "3 of 9 tokens kept" in panel.text and "top-k 3" in panel.text
    panel.controls["top_k"].value = 0
    panel.controls["preset"].value = "code"
    assert (panel.controls["temperature"].value, panel.controls["top_p"].value) == (0.2, 0.95)
    assert panel.controls["preset"].value == "code" and "top-k off, top-p 0.95" in panel.text
    cut = explore.Distribution(NINE_WORDS, knobs=distribution.SLIDERS)
    cut.controls["min_p"].value = 0.3
    assert cut.text.startswith("Temperature 1.00, top-k off, top-p 1.00, min-p 0.30: ")
    assert "2 of 9 tokens kept, 93.0% of the mass" in cut.text
    assert [line.number.get_text() for line in cut.picture.lines].count("cut") == 7
    for preset in ("deterministic", "chat", "code"):
        cut.controls["min_p"].value = 0.3
        cut.controls["preset"].value = preset
        assert cut.controls["min_p"].value == 0 and "min-p 0.00" in cut.text
    only = explore.Distribution(NINE_WORDS, knobs=["top_p"])
    only.controls["top_p"].value = 0.5
    assert only.text.startswith("top-p 0.50:") and "1 of 9 tokens kept" in only.text


def test_the_code_is_shown_for_the_present_setting(panel):
    assert panel.code.value == ""
    panel.controls["show_code"].value = True
    panel.controls["temperature"].value = 0.8
    assert "logits = temperature(logits, 0.8)\ntoken = sample(logits, generator)" in (
        panel.code.value
    )
    panel.controls["show_code"].value = False
    assert panel.code.value == ""


def test_the_code_of_every_knob_runs_and_gives_what_is_shown():
    panel = explore.Distribution(NINE_WORDS, knobs=distribution.SLIDERS)
    panel.controls["show_code"].value = True
    for name, value in {"temperature": 0.7, "top_k": 4, "top_p": 0.9, "min_p": 0.2}.items():
        panel.controls[name].value = value
    code = re.sub("<.*?>", "", panel.code.value)
    assert [line.split("(")[0] for line in code.splitlines()] == [
        *(f"logits = {name}" for name in distribution.SLIDERS),
        "token = sample",
    ]
    names = vars(sampling) | {"logits": NINE_WORDS.logits, "generator": torch.Generator()}
    exec(code, names)
    assert names["logits"].equal(panel.state().after)


# A learner's own function


def test_a_right_function_agrees():
    panel = explore.Distribution(NINE_WORDS, function=softmax)
    for t in (0.05, 1.0, 3.0):
        panel.controls["temperature"].value = t
        assert "Your function agrees with the reference." in panel.text and not message(panel)


def test_a_list_is_as_good_as_a_tensor():
    panel = explore.Distribution(NINE_WORDS, function=lambda x, t: softmax(x, t).tolist())
    assert "agrees" in panel.text


def test_a_wrong_function_is_shown_where_it_is_most_wrong():
    panel = explore.Distribution(NINE_WORDS, function=lambda x, t: softmax(x, 1 / t))
    assert "agrees" in panel.text  # at temperature 1 nobody can tell
    panel.controls["temperature"].value = 2
    assert "Your function differs most at 'forward': yours 0.713, reference 0.421." in panel.text


def raises(logits, temperature):
    helper = int(temperature)
    return logits / (1 // (helper - helper))


def unwritten(logits, temperature):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (raises, f"in line {raises.__code__.co_firstlineno + 2} of its cell: ZeroDivisionError"),
        (unwritten, "unwritten is not written yet"),
        (lambda x, t: None, "returned nothing"),
        (lambda x, t: "text", "returned a str"),
        (lambda x, t: x[:3].softmax(-1), "returned shape (3,), expected (9,)"),
        (lambda x, t: x.softmax(-1)[None], "returned shape (1, 9)"),
        (lambda x, t: x * float("nan"), "returned NaN at 'closer'"),
        (lambda x, t: x / t, "returned −1.9 at 'effort', expected 0 or more"),
        (lambda x, t: (x / t).exp(), "returned numbers that add up to"),
        (lambda x: x, "TypeError"),
    ],
)
def test_a_fault_becomes_a_message_and_the_explorer_goes_on(function, says):
    panel = explore.Distribution(NINE_WORDS, function=function)
    assert says in message(panel).replace("&#x27;", "'")
    assert re.search(r"line \d+", message(panel)) or function.__code__.co_argcount == 1
    before = panel.image.value
    panel.controls["temperature"].value = 2
    assert panel.image.value != before and "Temperature 2.00" in panel.text
    assert "Your function" not in panel.text


def test_a_strategy_returns_logits():
    for knobs, strategy in [
        (("top_p",), sampling.top_p),
        (("temperature",), sampling.temperature),
        (("top_k",), lambda logits, k: sampling.top_k(logits, k or 9)),
        (("min_p",), sampling.min_p),
    ]:
        panel = explore.Distribution(NINE_WORDS, knobs=knobs, strategy=strategy)
        assert panel.text.endswith("Your function agrees with the reference.")
        panel.controls[knobs[0]].value = 0.5 if knobs != ("top_k",) else 3
        assert panel.text.endswith("Your function agrees with the reference."), panel.text
    emptied = explore.Distribution(NINE_WORDS, strategy=lambda logits, t: logits - math.inf)
    assert "leave no choice" in message(emptied)
    with pytest.raises(ValueError, match="either function"):
        explore.Distribution(NINE_WORDS, function=abs, strategy=abs)


def test_a_strategy_gets_logits_at_the_temperature_that_has_no_slider():
    for knobs, strategy in [(("top_p",), sampling.top_p), (("min_p",), sampling.min_p)]:
        panel = explore.Distribution(NINE_WORDS, knobs=knobs, temperature=2, strategy=strategy)
        panel.controls[knobs[0]].value = 0.6
        assert panel.text.startswith(f"Temperature 2.00, {SPOKEN[knobs[0]]} 0.60: ")
        assert panel.text.endswith("Your function agrees with the reference.")


def test_at_zero_the_function_is_not_called():
    calls = []

    def mine(logits, temperature):
        calls.append(temperature)
        return softmax(logits, temperature)

    panel = explore.Distribution(NINE_WORDS, function=mine, temperature=0)
    assert calls == [] and "mine is not called" in message(panel)
    panel.controls["temperature"].value = 0.5
    assert calls == [0.5] and message(panel) == ""


def test_a_function_cannot_change_the_logits():
    panel = explore.Distribution(NINE_WORDS, function=lambda x, t: x.zero_().add_(1 / 9))
    assert "'forward' at 57.2%" in panel.text


# What it must withstand


def test_tokens_are_text_and_never_markup():
    tokens = ("<script>alert(1)</script>", "$x^2$ & _y_", "<b>", "`c`\n")
    panel = explore.Distribution((tokens, torch.tensor([3.0, 2.0, 1.0, 0.0])))
    panel.controls["sample_100"].click()
    assert "<script" not in panel.summary.value and "&lt;script&gt;" in panel.summary.value
    assert "$x^2$␣&amp;␣_y_" in panel.summary.value

    def mine(logits, temperature):
        raise ValueError("<img src=x onerror=alert(1)>")

    panel = explore.Distribution((tokens, torch.zeros(4)), function=mine)
    assert "<img" not in panel.message.value and "&lt;img" in panel.message.value


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ((("a", "b"), torch.tensor([1.0, float("nan")])), "NaN"),
        ((("a", "b"), torch.tensor([1.0])), "shape"),
        ((("a", "b"), [1.0, 2.0]), "tensor"),
        (7, "source must be a prompt or a pair"),
        ("", "prompt must not be empty"),
    ],
)
def test_a_bad_source_is_refused_in_words(source, says):
    with pytest.raises(ValueError, match=says):
        explore.Distribution(source)


@pytest.mark.parametrize("bad", [{"temperature": 5}, {"knobs": ["heat"]}, {"seed": -1}])
def test_bad_arguments_are_refused_by_name(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        explore.Distribution(NINE_WORDS, **bad)


def test_equal_and_impossible_tokens_are_shown():
    flat = explore.Distribution((tuple("abcd"), torch.zeros(4)))
    assert "entropy 2.00 bits, like 4.0 equal choices" in flat.text
    logits = torch.tensor([0.0, -float("inf")])
    assert "1 of 2 tokens kept, 100% of the mass" in explore.Distribution((("a", "b"), logits)).text
    assert "1 of 1 tokens kept" in explore.Distribution((("a",), torch.zeros(1))).text


def test_while_one_thread_draws_others_leave_at_once_and_the_last_value_wins(panel, monkeypatch):
    drawn, begun, go_on = [], threading.Event(), threading.Event()
    show = panel.show

    def slow_show():
        drawn.append(panel.controls["temperature"].value)
        begun.set()
        go_on.wait(10)
        show()

    monkeypatch.setattr(panel, "show", slow_show)
    slider = panel.controls["temperature"]
    thread = threading.Thread(target=lambda: setattr(slider, "value", 0.5))
    thread.start()
    begun.wait(10)
    for t in (0.6, 0.7, 0.8, 2.5):
        slider.value = t  # returns although the first picture is not done
    go_on.set()
    thread.join(10)
    assert drawn == [0.5, 2.5]
    assert "Temperature 2.50" in panel.text


def test_a_page_without_a_kernel_gets_picture_and_text(panel):
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == repr(panel) == panel.text
    assert base64.b64decode(bundle["image/png"]) == panel.picture.png()
    assert "model_id" in bundle["application/vnd.jupyter.widget-view+json"]


def test_the_picture_of_a_state_is_a_figure(panel):
    figure = panel.draw(panel.state())
    assert figure is panel.picture.figure
    assert "Temperature 1.00" in [text.get_text() for text in figure.texts]


def test_a_closed_panel_leaves_nothing_behind():
    panel = explore.Distribution(CAPITAL)
    figure = weakref.ref(panel.picture.figure)
    for widget in [*panel.controls.values(), *panel.children, panel]:
        widget.close()
    del panel, widget
    gc.collect()
    assert figure() is None


# The Storyteller


def test_the_storyteller_shows_its_likeliest_tokens_and_the_rest(storyteller):
    panel = explore.Distribution("Once upon a time")
    shown = [line.label.get_text() for line in panel.picture.lines]
    assert len(shown) == 13 and shown[-1] == "4,084 others"
    assert "of 4,096 tokens kept" in panel.text
    panel.controls["sample_100"].click()
    counts = [line.count.get_text() for line in panel.picture.lines]
    assert sum(int(text.split()[0]) for text in counts) == 100


def test_logits_are_computed_once_a_prompt(storyteller, monkeypatch):
    calls = []
    monkeypatch.setattr(
        distribution,
        "follow",
        lambda source, _, follow=distribution.follow: (calls.append(source), follow(source))[1],
    )
    panel = explore.Distribution("Once upon a time")
    panel.controls["temperature"].value = 0.5
    panel.controls["sample_100"].click()
    assert calls == ["Once upon a time"]
    panel.controls["prompt"].value = "The little girl saw a"
    assert len(calls) == 2 and panel.counts.sum() == 0


@pytest.mark.parametrize(("bad", "says"), [("", "must not be empty"), ("a b " * 400, "at most")])
def test_a_bad_prompt_keeps_the_last_good_picture(storyteller, bad, says):
    panel = explore.Distribution("Once upon a time")
    good, text = panel.image.value, panel.text
    panel.controls["prompt"].value = bad
    assert says in message(panel) and "still shows 'Once upon" in (
        message(panel).replace("&#x27;", "'")
    )
    assert (panel.image.value, panel.text) == (good, text)
    panel.controls["temperature"].value = 0.5
    assert panel.image.value != good
    panel.controls["prompt"].value = "The king"
    assert message(panel) == ""


# A text that grows


def share(panel) -> float:
    return math.exp(sum(one.logprob for one in panel.following.chosen))


def test_a_chosen_token_joins_the_text_and_can_be_undone(storyteller):
    panel = explore.Distribution("Once upon a time")
    first, text, image = panel.following.logits, panel.text, panel.image.value
    assert panel.path.layout.display == "none" and panel.controls["undo"].disabled
    ids = storyteller.encode("Once upon a time")
    product = 1.0
    for count in (1, 2, 3):
        token = int(panel.following.order[count - 1])
        product *= float(storyteller.logits(ids, 1)[0].double().softmax(-1)[token])
        panel.image.chosen = (str(token), count)  # as the page says it
        ids.append(token)
        assert torch.allclose(panel.following.logits, storyteller.logits(ids, 1)[0], atol=1e-4)
    assert share(panel) == pytest.approx(product, rel=1e-4)
    assert "3 tokens were chosen, together" in panel.text
    assert distribution.exact(share(panel)) in panel.path.value
    assert f"logarithm is {distribution.signed(math.log(product))}." in panel.path.value
    assert panel.counts.sum() == 0
    for _ in range(4):  # once more than there is to undo
        panel.controls["undo"].click()
    assert torch.allclose(panel.following.logits, first) and panel.following.chosen == ()
    assert panel.text == text and panel.image.value == image


def test_end_of_text_and_one_table_have_nothing_after_them():
    toy = explore.Distribution(CAT)
    toy.choose(str(CAT.tokens.index(".")))
    toy.choose(str(CAT.eot_token))
    assert "The text has ended" in message(toy) and "endoftext" in toy.path.value
    toy.choose("0")
    assert len(toy.following.chosen) == 2
    toy.undo()
    assert message(toy) == ""
    pair = explore.Distribution(NINE_WORDS)
    pair.choose("3")
    assert "does not say what follows" in message(pair) and "57.2%" in pair.path.value
    pair.undo()
    assert message(pair) == ""
    with pytest.raises(ValueError, match="does not say what follows"):
        explore.Distribution(NINE_WORDS, chosen=[1, 2])
    with pytest.raises(ValueError, match=r"chosen must be ids in \[0, 9\), got 9"):
        explore.Distribution(NINE_WORDS, chosen=[9])


def test_the_chain_of_a_toy_follows_its_table():
    panel = explore.Distribution("the dog", model=CAT)
    assert panel.following.logits.equal(CAT.table[CAT.tokens.index(" dog")])
    panel.choose(str(CAT.tokens.index(" sat")))
    assert panel.following.logits.equal(CAT.table[CAT.tokens.index(" sat")])
    panel.controls["prompt"].value = "the"
    assert panel.following.chosen == () and panel.following.text == "the"


def test_a_function_and_a_strategy_follow_the_text():
    for options in ({"function": softmax}, {"strategy": sampling.temperature}):
        panel = explore.Distribution(CAT, temperature=0.5, **options)
        panel.choose("1")
        assert panel.text.count("Your function agrees with the reference.") == 1


@pytest.mark.parametrize("word", ["was", " was", "hippopotamus"])
def test_any_word_is_found_by_its_first_token(storyteller, word):
    panel = explore.Distribution("Once upon a time there")
    panel.controls["find"].value = word
    ids = storyteller.tokenizer.encode_ordinary(f" {word.strip()}")
    logits = storyteller.next_logits("Once upon a time there")
    rank = int((logits > logits[ids[0]]).sum()) + 1
    assert f"has rank {rank:,} of 4,096" in panel.text
    assert (f"is {len(ids)} tokens" in panel.text) == (len(ids) > 1)
    assert distribution.exact(float(logits.softmax(-1)[ids[0]])) in panel.text
    assert panel.first <= rank - 1 < panel.first + distribution.TOP
    assert sum(line.label.get_text().startswith("▸") for line in panel.picture.lines) == 1
    panel.controls["find"].value = ""
    assert "has rank" not in panel.text and panel.first == 0


def test_what_cannot_be_found_is_said_until_it_is_taken_back(storyteller):
    panel = explore.Distribution(NINE_WORDS)
    panel.controls["find"].value = "dragon"
    assert "find must be one of the 9 tokens, got 'dragon'" in message(panel).replace("&#x27;", "'")
    panel.controls["find"].value = "pizza"
    assert message(panel) == "" and "'pizza' has rank" in panel.text
    panel = explore.Distribution("Once upon a time")
    panel.controls["find"].value = "a" * 100_000
    assert "find must be at most 20 tokens" in message(panel)
    panel.controls["find"].value = ""
    assert message(panel) == ""


@pytest.mark.full
def test_every_token_comes_into_the_window(storyteller):
    panel = explore.Distribution("Once upon a time", knobs=["temperature", "top_p"])
    panel.controls["top_p"].value = 0.9
    seen, order = [], panel.following.order.tolist()
    for _ in range(len(order)):
        bars = distribution.bars(panel.state())
        assert sum(bar.after for bar in bars) == pytest.approx(1, abs=1e-4)
        seen += [int(bar.key) for bar in bars[:-1]]
        if panel.controls["down"].disabled:
            break
        panel.image.rolled += distribution.TOP
    assert list(dict.fromkeys(seen)) == order
    assert f"ranks {4096 - 11:,} to 4,096 of 4,096" in panel.text
    panel.image.rolled -= 1_000_000
    assert panel.first == 0 and panel.controls["up"].disabled and "ranks" not in panel.text
    panel.choose("others")
    assert panel.first == distribution.TOP and panel.following.chosen == ()


def test_a_pinned_distribution_stays_beside_the_new_one(panel):
    panel.controls["pin"].value = True
    assert "A (Temperature 1.00) is the same." in panel.text
    panel.controls["temperature"].value = 0.5
    before, now = NINE_WORDS.logits.softmax(-1), (NINE_WORDS.logits / 0.5).softmax(-1)
    distance = float((before - now).abs().sum() / 2)
    assert f"{distance:.1%} of the probability moved, most at 'forward', 57.2% in A" in panel.text
    shown = [float(line.pinned.get_xdata()[0]) for line in panel.picture.lines]
    assert shown == pytest.approx(before.sort(descending=True).values.tolist(), abs=1e-6)
    assert "A 57.212%" in panel.image.marks[0][1]
    panel.controls["pin"].value = False
    assert "of the probability moved" not in panel.text
    assert not any(line.pinned.get_visible() for line in panel.picture.lines)


def test_a_single_draw_lands_on_its_bar_and_a_hundred_do_not(storyteller):
    panel = explore.Distribution("Once upon a time", temperature=3)
    for count in range(1, 9):
        before = panel.counts.clone()
        panel.controls["sample_1"].click()
        drawn = str(int((panel.counts - before).argmax()))
        keys = [mark[0] for mark in panel.image.marks]
        key, left, landed = panel.image.landed
        assert key == (drawn if drawn in keys else "others") and landed == count
        assert 0 < left < 100
    panel.controls["sample_100"].click()
    assert panel.image.landed[2] == 8


def test_settings_hold_what_has_no_slider(panel):
    held = explore.Distribution(
        NINE_WORDS, knobs=["temperature"], settings=distribution.Settings(top_k=2)
    )
    assert held.text.startswith("Temperature 1.00, top-k 2: ") and "2 of 9 tokens kept" in held.text
    assert "preset" not in held.controls  # it would not be true: top-k stays
    with pytest.raises(ValueError, match="settings must have no penalty"):
        explore.Distribution(NINE_WORDS, settings=distribution.Settings(presence_penalty=1))
    with pytest.raises(ValueError, match="settings must leave top_k off"):
        explore.Distribution(NINE_WORDS, settings=distribution.Settings(top_k=2), function=softmax)
    assert preset_box(["top_p"]) == {}

import random

import pytest
import torch

from course_utils import cli
from course_utils.generate import Settings, generate
from course_utils.model.calculator import load
from course_utils.sums import COUNT, HIGH, is_held_out, question, verify, working
from course_utils.training import calculator
from course_utils.training.accuracy import COLUMNS, Try, held_out_sums, line, room, shares, tries
from course_utils.training.calculator import CONFIG, END, RECIPE, batch_at
from course_utils.training.train import NO_TARGET

STEPS = [batch_at(RECIPE, CONFIG.n_positions, step) for step in range(8)]


def texts(ids: torch.Tensor) -> list[str]:
    return [bytes(token for token in row if token != END).decode() for row in ids.tolist()]


def test_a_batch_is_of_its_step_alone():
    for step, (ids, targets) in enumerate(STEPS):
        again = batch_at(RECIPE, CONFIG.n_positions, step)
        assert torch.equal(ids, again[0]) and torch.equal(targets, again[1])
    assert len({text for ids, _ in STEPS for text in texts(ids)}) == 8 * RECIPE.batch


def test_rows_are_right_sums_that_are_not_held_out_and_targets_what_follows_the_question():
    alone = 0
    for ids, targets in STEPS:
        assert ids.shape == targets.shape == (RECIPE.batch, CONFIG.n_positions)
        for text, row, target in zip(texts(ids), ids, targets, strict=True):
            asked, mark, written = text.partition("?" if "?" in text else ":")
            numbers = [int(number) for number in asked.split("+")]
            assert not is_held_out(numbers)
            if mark == "?":
                alone += 1
                assert written == str(sum(numbers))
            else:
                assert verify(numbers, written)
            assert row[0] == END
            learned = target != NO_TARGET
            assert bytes(target[learned][:-1].tolist()).decode() == written
            assert target[learned][-1] == END
            # Each place but the last foretells the next one's token.
            assert torch.equal(target[:-1][learned[:-1]], row[1:][learned[:-1]])
    assert 0.05 < alone / (8 * RECIPE.batch) < 0.2


def test_the_longest_working_fits():
    longest = [HIGH] * COUNT
    lengths = {1 + len(question(longest) + working(longest, random.Random(i))) for i in range(50)}
    assert max(lengths) <= CONFIG.n_positions


def test_held_out_sums_are_held_out_and_different():
    sums = held_out_sums(1000)
    assert all(map(is_held_out, sums))
    assert len(set(map(tuple, sums))) == 1000
    assert held_out_sums(10) == sums[:10]


def test_shares_of_one_sum():
    numbers = [10, 20, 30, 40]
    right, lucky, wrong = (
        Try("10+20=30,30+30=60,60+40=1'00;100", -9.0),
        Try("10+20=31,31+30=60,60+40=1'00;100", -8.0),
        Try("10+20=30,30+30=70,70+40=110;110", -7.0),
    )
    of = shares(numbers, [wrong] * 9 + [lucky] * 4 + [right] * 3, worked=True)
    assert of["one try"] == 7 / 16
    assert of["vote of 16"] == of["vote of 4"] == of["likeliest of 16"] == 0
    assert of["pass@16"] == of["verified of 16"] == 1
    assert of["pass@4"] == pytest.approx(1 - 9 * 8 * 7 * 6 / (16 * 15 * 14 * 13))
    assert shares(numbers, [wrong] * 9 + [lucky] * 7, worked=True)["verified of 16"] == 0
    assert shares(numbers, [lucky], worked=True) == {"one try": 1.0}
    cells = line("x", of).strip("| ").split(" | ")
    assert cells == ["x", "43.8", "0.0", "0.0", "–", cells[5], "100.0", "–", "0.0", "100.0"]
    assert len(cells) == 1 + len(COLUMNS)


@pytest.mark.slow
def test_from_training_to_the_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(calculator, "SUMS", 1)
    tokens = 3 * RECIPE.batch * CONFIG.n_positions
    folder = tmp_path / "calculator"
    assert cli.main(["train", "--calculator", "--run", str(tmp_path), "--tokens", str(tokens)]) == 0
    first, *table, last = capsys.readouterr().out.splitlines()
    assert first.startswith("step 3/3") and last == f"the model is in {folder}"
    assert len(table) == 2 + 2 * 9
    card = (folder / "MODEL_CARD.md").read_text("utf-8")
    assert "\n".join(table) in card
    model = load(folder)
    assert model.gpt.config == CONFIG
    assert model.tokenizer.encode_ordinary("99+?:;é") == list("99+?:;é".encode())
    assert cli.main(["evaluate", "--calculator", "--model", str(folder), "--sums", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == table


@pytest.mark.slow
def test_tries_are_those_of_generate():
    model = load()
    new = room(model, worked=True)
    found = tries(model, held_out_sums(3), 2, 0.75)
    prompts = [question(numbers) for numbers in held_out_sums(3) for _ in range(2)]
    flat = [one for of_sum in found for one in of_sum]
    for seed, (prompt, one) in enumerate(zip(prompts, flat, strict=True)):
        steps = list(generate(model, prompt, Settings(temperature=0.75), new, seed))
        assert one.text == "".join(step.text for step in steps)
        assert one.logprob == pytest.approx(sum(step.logprob for step in steps), abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["train", "--calculator", "--raw", "books"],
            "go with --from-books, not with --calculator",
        ),
        (["evaluate", "--corpus", "x", "--sums", "9"], "--sums goes with --calculator"),
    ],
)
def test_options_of_the_other_model_are_refused(arguments, said, capsys):
    assert cli.main(arguments) == 2
    assert said in capsys.readouterr().err

import pytest

from course_utils import calculator, storyteller
from course_utils.generate import Settings, generate
from course_utils.model.calculator import HERE, load
from course_utils.sums import answer, question
from course_utils.training.accuracy import accuracy, held_out_sums, of_tries

CARD = (HERE / "MODEL_CARD.md").read_text("utf-8")


def test_the_files_that_ship_are_small():
    assert sum(p.numel() for p in load().gpt.parameters()) <= 1e6
    assert sum(path.stat().st_size for path in HERE.iterdir() if path.is_file()) <= 2e6


def test_it_is_loaded_once_and_is_not_the_storyteller():
    assert calculator.load() is load()
    assert load() is not storyteller.load()


def test_it_reads_and_writes_a_character_at_a_time():
    model = load()
    numbers = [10, 20, 30, 40, 50]
    prompt = question(numbers)
    assert model.tokenizer.decode(model.encode(prompt)[1:]) == prompt
    assert len(model.encode(prompt)) == 1 + len(prompt)
    steps = list(generate(model, prompt, Settings(temperature=0), 50))
    assert steps[-1].token == model.tokenizer.eot_token
    text = "".join(step.text for step in steps)
    assert len(text) == len(steps) - 1
    assert text.count("=") == len(numbers) - 1 and answer(text) is not None


@pytest.mark.full
def test_it_is_good_but_fallible_and_votes_and_the_verifier_help():
    sums = held_out_sums(200)
    assert 0.60 <= of_tries(load(), sums, 1, 0.0, worked=True)["one try"] <= 0.85
    fewer = sums[:80]
    greedy = of_tries(load(), fewer, 1, 0.0, worked=True)["one try"]
    many = of_tries(load(), fewer, 16, 0.5, worked=True)
    assert many["vote of 16"] >= greedy + 0.05
    assert many["verified of 16"] >= greedy + 0.10


def cells(line: str) -> list[float]:
    """The cells of a row of the table after its name; a dash is -1."""
    return [-1.0 if cell == "–" else float(cell) for cell in line.strip("| ").split(" | ")[1:]]


@pytest.mark.prove
def test_the_cards_table_is_what_is_measured():
    written = [line for line in CARD.splitlines() if line.startswith("|") and line.count("|") > 5]
    measured = list(accuracy(load(), held_out_sums(1000)))
    assert written[:2] == measured[:2]
    assert len(written) == len(measured)
    for old, new in zip(written[2:], measured[2:], strict=True):
        assert old.split("|")[1] == new.split("|")[1]
        # Another machine's roundings turn some draws, and so a few texts.
        assert cells(new) == pytest.approx(cells(old), abs=2.0), new

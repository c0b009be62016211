"""The Storyteller does what the lesson on the next token says of it."""

import math
import random
import re
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from bank import Module

from course_utils.author.notebook import source_notebook
from course_utils.explore.trace import HUMAN, PROMPT
from course_utils.generate import Settings, generate
from course_utils.metrics import effective_choices, entropy, perplexity
from course_utils.sampling import sample
from course_utils.toys import NEXT_LOGITS, Toy

LESSON = Path(__file__).parents[2] / "quizzes/source/01_next_token/01_next_token.py"
NOTEBOOK = source_notebook(LESSON)
FOUR = Toy((" the", " a", " that", " one"), torch.tensor([12.0, 5.0, 2.0, 1.0]).log())
THUNDER, SHOEMAKER = re.findall(r'^sentence = "(.*)"$', LESSON.read_text(), re.MULTILINE)


def likeliest(storyteller, prompt: str, n: int) -> tuple[list[str], list[float]]:
    shares, ids = storyteller.next_logits(prompt).softmax(dim=-1).topk(n)
    return [storyteller.tokenizer.decode([i]) for i in ids.tolist()], shares.tolist()


@torch.inference_mode()
def scored(storyteller, text: str) -> tuple[list[int], list[float]]:
    ids = storyteller.encode(text)
    rows = storyteller.gpt(torch.tensor([ids]))[0].log_softmax(dim=-1)
    return ids[1:], [rows[i, token].item() for i, token in enumerate(ids[1:])]


def written(storyteller, prompt: str, temperature: float, n: int, seed: int = 0) -> list:
    return list(generate(storyteller, prompt, Settings(temperature=temperature), n, seed))


@torch.inference_mode()
def last_row(storyteller, ids: list[int]) -> torch.Tensor:
    return storyteller.gpt(torch.tensor([ids[-256:]]))[0, -1]


def test_the_prompts_are_as_open_as_the_page_says(storyteller):
    tokens, shares = likeliest(storyteller, "She picked up", 4)
    assert tokens == [" the", " a", " her", " one"]
    assert shares[0] < 0.5
    assert sum(shares) == pytest.approx(0.81, abs=0.01)
    tokens, shares = likeliest(storyteller, "Once upon a", 1)
    assert tokens == [" time"]
    assert shares[0] == pytest.approx(0.997, abs=0.002)
    assert effective_choices(storyteller.next_logits("There was once a")) == pytest.approx(
        178, abs=2
    )


def test_rare_words_are_spelt_from_pieces(storyteller):
    pieces = {
        word: len(storyteller.tokenizer.encode_ordinary(word))
        for word in (" picked", " lantern", "Unbelievable")
    }
    assert pieces == {" picked": 1, " lantern": 3, "Unbelievable": 7}


def test_the_explorer_draws_what_the_page_says():
    from course_utils import explore

    panel = explore.Distribution(FOUR)
    click = {number: panel.controls[f"sample_{number}"].click for number in (1, 100)}
    click[1]()
    assert panel.counts.tolist() == [0, 0, 0, 1]
    panel.controls["seed"].value = 1
    panel.controls["seed"].value = 0
    assert panel.counts.sum() == 0
    shares = []
    for _ in range(10):
        click[100]()
        shares.append(panel.counts[0].item())
    panel.close()
    assert (shares[0], shares[-1]) == (64, 603)


def test_a_thousand_draws_miss_as_they_typically_do():
    drawn = sample(NEXT_LOGITS.expand(1000, -1), torch.Generator().manual_seed(1))
    toward = int((drawn == 7).sum())
    assert (toward, toward - 358) == (374, 16)
    p = NEXT_LOGITS.softmax(dim=-1)[7].item()
    assert 1000 * p == pytest.approx(358, abs=0.5)
    assert math.sqrt(1000 * p * (1 - p)) == pytest.approx(15, abs=0.5)


@torch.inference_mode()
def test_each_row_is_about_the_token_after_it(storyteller):
    ids = storyteller.encode("Once upon a time there")
    guesses = storyteller.gpt(torch.tensor([ids]))[0].argmax(dim=-1).tolist()
    assert guesses[1:-1] == ids[2:]
    assert storyteller.tokenizer.decode(guesses[-1:]) == " was"
    ids = storyteller.encode("Once upon a time there was a king.")
    rows = storyteller.gpt(torch.tensor([ids]))[0].log_softmax(dim=-1)
    before = sum(rows[i - 1, ids[i]] for i in range(1, len(ids)))
    at = sum(rows[i, ids[i]] for i in range(1, len(ids)))
    n = len(ids) - 1
    assert [before / n, at / n] == pytest.approx([-1.36, -11.10], abs=0.01)
    assert math.exp(11.10) == pytest.approx(66_000, abs=500)


def test_two_writers_pose_the_puzzle(storyteller):
    careful = "".join(step.text for step in written(storyteller, "She picked up", 0, 300))
    assert careful.startswith(" the little girl's dress, and put her in a dress,")
    assert careful.count(", and put her in a dress") == 42, "also past the 256 tokens that it sees"
    die = "".join(step.text for step in written(storyteller, "She picked up", 1, 54, seed=3))
    assert all(word in die for word in ("a great pot", "Scarecrow", "so tired", '"An owl," said'))


def test_logits_taken_as_weights_never_draw_the_last_token():
    weights = FOUR.logits / FOUR.logits.sum()
    assert FOUR.logits.sum() == pytest.approx(4.787, abs=0.001)
    assert weights.tolist() == pytest.approx([0.52, 0.34, 0.14, 0], abs=0.006)
    assert FOUR.logits.tolist() == pytest.approx([2.485, 1.609, 0.693, 0], abs=0.001)
    with pytest.raises(RuntimeError, match="element < 0"):
        torch.multinomial(NEXT_LOGITS, 1)


def test_a_repetition_makes_the_next_one_likelier(storyteller):
    steps = written(storyteller, "She picked up", 0, 60)
    dresses = [math.exp(step.logprob) for step in steps if step.text == " dress"]
    assert dresses[:2] == pytest.approx([0.09, 0.06], abs=0.006)
    assert dresses[-1] == pytest.approx(0.41, abs=0.006)
    assert all(now < later for now, later in pairwise(dresses[1:]))
    articles = [math.exp(step.logprob) for step in steps if step.text == " a"]
    assert articles[0] == pytest.approx(0.32, abs=0.006)
    assert all(now < later for now, later in pairwise(articles[:4]))
    assert all(0.7 <= article <= 0.75 for article in articles[3:])


@torch.inference_mode()
def test_the_person_writes_more_rare_tokens_than_the_die(storyteller):
    beginning = storyteller.encode(PROMPT)
    die = [step.token for step in written(storyteller, PROMPT, 1, 54)]
    counts, pieces = [], []
    for new in (storyteller.tokenizer.encode_ordinary(HUMAN), die):
        probs = storyteller.logits(beginning + new)[len(beginning) - 1 : -1].softmax(dim=-1)
        is_rare = probs < 0.005
        rare = [(token, row[token]) for token, row in zip(new, probs, strict=True)]
        rare = {storyteller.tokenizer.decode([t]): p.item() for t, p in rare if p < 0.005}
        counts.append(len(rare))
        pieces.append(rare)
        assert is_rare.sum(dim=-1).float().mean() == pytest.approx(4073, abs=1)
    assert counts == [19, 12]
    assert {" fr", " leaves", " river", " mist"} <= set(pieces[0])
    assert " rather" in pieces[1]
    text = storyteller.tokenizer.decode(die)
    assert "for there was no rather changing of sleep in the sun" in text


def test_what_lies_before_the_context_cannot_be_seen(storyteller):
    prompt = "Once upon a time"
    story = storyteller.encode(prompt)
    story += [step.token for step in generate(storyteller, prompt, max_new_tokens=265, seed=2)]
    assert len(story) == 270
    [dragon] = storyteller.tokenizer.encode_ordinary(" dragon")
    now = last_row(storyteller, story)
    for position in (10, 13, 14, 200, 269):
        other = [*story[:position], dragon, *story[position + 1 :]]
        same = torch.equal(last_row(storyteller, other), now)
        assert same == (position < 270 - 256)
    assert storyteller.tokenizer.decode(story[:1]) == "<|endoftext|>"
    _, logprobs = scored(storyteller, storyteller.tokenizer.decode(story[1:101]))
    assert torch.tensor(logprobs).exp().prod() == 0
    assert sum(logprobs) == pytest.approx(-306, abs=1)


def test_end_of_text_is_likely_where_stories_end(storyteller):
    end = storyteller.tokenizer.eot_token
    prompts = ("She picked up the", "So they all went home.", "And they lived happily ever after.")
    chances = [storyteller.next_logits(prompt).softmax(dim=-1)[end].item() for prompt in prompts]
    assert chances[0] < 0.0005 < 0.05 < chances[1] < 0.5 < chances[2]


def test_four_texts_end_in_the_same_step_after_10_000():
    one, four = 0.1, 4
    assert 1 / one**four == pytest.approx(10_000)


def test_shuffled_words_are_far_less_likely(storyteller):
    words = THUNDER.split()
    random.Random(0).shuffle(words)
    numbers = [
        perplexity(scored(storyteller, text)[1]).item() for text in (THUNDER, " ".join(words))
    ]
    assert numbers[1] / numbers[0] == pytest.approx(10, abs=1)


def test_the_person_leaves_the_favourite_and_the_careful_writer_never_does(storyteller):
    """The human text is read in one piece, as the page does it."""
    texts = {"person": storyteller.tokenizer.encode_ordinary(HUMAN)}
    for writer, temperature in (("careful", 0), ("die", 1)):
        texts[writer] = [step.token for step in written(storyteller, PROMPT, temperature, 54)]
    beginning = storyteller.encode(PROMPT)
    means, favourites = {}, {}
    for writer, new in texts.items():
        with torch.inference_mode():
            rows = storyteller.logits(beginning + new)[len(beginning) - 1 : -1].log_softmax(-1)
        means[writer] = rows.gather(-1, torch.tensor(new)[:, None]).mean().item()
        favourites[writer] = (int((rows.argmax(-1) == torch.tensor(new)).sum()), len(new))
    assert means == pytest.approx({"person": -4.09, "careful": -1.12, "die": -3.46}, abs=0.01)
    perplexities = [math.exp(-mean) for mean in means.values()]
    assert perplexities == pytest.approx([60, 3, 32], abs=0.5)
    assert favourites == {"person": (14, 54), "careful": (54, 54), "die": (20, 54)}


def test_surprises_in_one_sentence_are_where_the_page_says(storyteller):
    ids, logprobs = scored(storyteller, "The king had a lantern.")
    surprises = dict(zip(storyteller.tokenizer.decode_tokens_bytes(ids), logprobs, strict=True))
    assert min(surprises, key=surprises.get) == b" l"
    assert surprises[b" l"] == pytest.approx(-6.86, abs=0.006)
    assert max(surprises, key=surprises.get) == b"tern"
    assert surprises[b"tern"] == pytest.approx(-0.02, abs=0.006)
    assert len(logprobs) == 8
    assert sum(logprobs) == pytest.approx(-25.76, abs=0.005)
    assert sum(logprobs) / 8 == pytest.approx(-3.22, abs=0.005)
    assert perplexity(logprobs).item() == pytest.approx(25, abs=0.5)
    ids, logprobs = scored(storyteller, SHOEMAKER)
    assert storyteller.tokenizer.decode(ids[1:4]) == " shoemaker"
    bits = [-logprob / math.log(2) for logprob in logprobs]
    assert bits[1] == pytest.approx(11.6, abs=0.05)
    assert 0.5 > bits[2] > bits[3]


def test_the_entropy_of_the_four_tokens_is_as_the_page_says():
    assert math.log2(20) == pytest.approx(4.322, abs=0.0005)
    assert entropy(FOUR.logits).item() == pytest.approx(1.49, abs=0.005)
    assert effective_choices(FOUR.logits).item() == pytest.approx(2.8, abs=0.05)
    probs = FOUR.logits.softmax(dim=-1)
    shares = -probs * probs.log2()
    assert (shares.argmax().item(), shares.max().item()) == (1, pytest.approx(0.5))


def test_the_end_of_the_line_that_the_page_gives():
    module = Module("01_next_token")
    assert "`draw(torch.tensor([0.999995, 0.0]), 0.999999)`" in " ".join(module.prose)
    for answer in module.bank["draw"].right.values():
        space = module.space({"draw": answer})
        assert int(space["draw"](torch.tensor([0.999995, 0.0]), 0.999999)) == 0


@pytest.mark.parametrize("item", ["draw", "write_text", "text_logprobs"])
def test_practice_has_no_quarrel_with_a_right_answer(item, capsys):
    """Whatever kind of number it adds up in: 0.6 as float32 is above 0.6."""
    module = Module("01_next_token")
    practice = next(
        cell.source
        for cell in NOTEBOOK.cells
        if cell.cell_type == "code"
        and "nbgrader" not in cell.metadata
        and re.search(rf"check\.passes\([^#]*\b{item}\b", cell.source)
    )
    for name, answer in module.bank[item].right.items():
        exec(practice, module.space({item: answer}))
        said = capsys.readouterr().out
        assert "[ok]" in said and "[not yet]" not in said, f"{name}: {said}"

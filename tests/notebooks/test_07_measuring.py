"""The Storyteller does what the lesson on measuring says of it."""

import itertools
import math
from pathlib import Path
from statistics import fmean

import pytest

from course_utils.author.notebook import source_notebook

SOURCE = Path(__file__).parents[2] / "quizzes/source/07_measuring/07_measuring.py"


def together(lists) -> list:
    return list(itertools.chain.from_iterable(lists))


@pytest.fixture(scope="module")
def lesson(storyteller) -> dict:
    """The names of the module's two locked cells: its helpers and its passages."""
    space = {}
    for cell in source_notebook(SOURCE).cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") in ("setup", "passages"):
            exec(cell.source, space)
    return space


@pytest.fixture(scope="module")
def written(lesson, storyteller) -> dict[str, list[list[int]]]:
    Settings, drawn, prompts = lesson["Settings"], lesson["drawn"], lesson["PROMPTS"]
    human = [
        storyteller.tokenizer.encode_ordinary(passage[len(prompt) :])[: lesson["LENGTH"]]
        for prompt, passage in zip(prompts, lesson["PASSAGES"], strict=True)
    ]
    settings = {
        "greedy": Settings(temperature=0),
        "T 1": Settings(),
        "T 0.9": Settings(temperature=0.9),
        "k 40": Settings(top_k=40),
        "k 40 T 0.7": Settings(temperature=0.7, top_k=40),
        "p 0.95": Settings(top_p=0.95),
    }
    return {"human": human, "beam 4": lesson["searched"](prompts, 4)} | {
        name: drawn(prompts, each) for name, each in settings.items()
    }


def perplexities(lesson, written) -> dict[str, float]:
    read, prompts = lesson["read"], lesson["PROMPTS"]
    logprobs = {name: together(read(prompts, texts)) for name, texts in written.items()}
    return {name: math.exp(-fmean(values)) for name, values in logprobs.items()}


def test_reading_texts_together_gives_what_reading_them_alone_gives(lesson, storyteller):
    prompts = ["The king", "Once upon a time there was a king."]
    texts = [[5, 6, 7], [9]]
    alone = [lesson["read"]([p], [t])[0] for p, t in zip(prompts, texts, strict=True)]
    for together, each in zip(lesson["read"](prompts, texts), alone, strict=True):
        assert together == pytest.approx(each, abs=1e-3)


@pytest.mark.slow
def test_all_human_passages_are_as_long_as_the_others(written, lesson):
    assert {len(ids) for ids in written["human"]} == {lesson["LENGTH"]}


@pytest.mark.slow
def test_the_table_of_eight_settings_points_where_the_paper_does(lesson, written):
    from course_utils.metrics import ends_in_loop, self_bleu, seq_rep_n, zipf_coefficient

    perplexity = perplexities(lesson, written)
    order = ["beam 4", "greedy", "k 40 T 0.7", "k 40", "T 0.9", "T 1"]
    assert sorted(order, key=perplexity.get) == order
    assert perplexity["greedy"] < 5 < perplexity["k 40 T 0.7"] < 10 < perplexity["k 40"] < 16
    assert 18 < perplexity["human"] < 35
    assert abs(perplexity["T 1"] - perplexity["human"]) < 8
    assert perplexity["k 40"] < perplexity["p 0.95"] < perplexity["human"]

    rep = {name: sum(map(ends_in_loop, texts)) for name, texts in written.items()}
    assert rep["greedy"] >= 3 and rep["beam 4"] >= 3
    assert all(rep[name] <= 1 for name in set(rep) - {"greedy", "beam 4"})

    repeats = {name: fmean(seq_rep_n(t, 4) for t in texts) for name, texts in written.items()}
    assert min(repeats["greedy"], repeats["beam 4"]) > 0.4
    assert max(repeats[name] for name in ("human", "k 40", "p 0.95", "T 1", "T 0.9")) < 0.05

    alike = {name: self_bleu(texts, 2) for name, texts in written.items()}
    steep = {name: zipf_coefficient(together(texts)) for name, texts in written.items()}
    for numbers in (alike, steep):
        first = sorted(numbers, key=numbers.get)[-3:]
        assert set(first) == {"greedy", "beam 4", "k 40 T 0.7"}


@pytest.mark.slow
def test_a_repeated_sentence_gets_likelier_and_nonsense_hardly(lesson, storyteller):
    def curve(sentence: str) -> list[float]:
        ids = storyteller.tokenizer.encode_ordinary(sentence)
        (values,) = lesson["read"](["Once upon a time there was a king."], [ids * 10])
        size = len(ids)
        return [fmean(map(math.exp, values[i * size : (i + 1) * size])) for i in range(10)]

    girl, castle = curve(" The little girl laughed."), curve(" He lived in a castle by the sea.")
    assert girl[0] < 0.1 and girl[-1] > 0.35
    assert castle[-1] > castle[0] + 0.1
    assert all(later > earlier - 0.02 for earlier, later in itertools.pairwise(girl))
    assert curve(" Green moon seven the under chair spoke.")[-1] < 0.1


@pytest.mark.slow
def test_the_pitfalls_show_what_the_page_says(lesson, written, storyteller):
    import torch

    from course_utils.metrics import distinct_n, perplexity, self_bleu, seq_rep_n
    from course_utils.penalties import no_repeat_ngram
    from course_utils.sampling import top_k

    prompts, read, drawn = lesson["PROMPTS"], lesson["read"], lesson["drawn"]
    Settings, human = lesson["Settings"], written["human"]

    blocked = drawn(prompts, lambda logits, ids: top_k(no_repeat_ngram(logits, ids, 4), 1))
    assert fmean(seq_rep_n(ids, 4) for ids in blocked) == 0
    assert fmean(seq_rep_n(ids, 1) for ids in blocked) > 2 * fmean(seq_rep_n(t, 1) for t in human)

    everything = together(human)
    diverse = [distinct_n([everything[:n]], 1) for n in (30, 60, 120, 240, 600)]
    assert diverse == sorted(diverse, reverse=True) and diverse[0] > 0.85 and diverse[-1] < 0.55

    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 4095, (12, 50), generator=generator).tolist()
    assert distinct_n(noise, 2) > 0.99 > distinct_n(human, 2)
    assert self_bleu(noise, 2) < 0.1 < self_bleu(human, 2)
    assert perplexity(together(read(prompts, noise))) > 10_000

    values = together(read(prompts, human))
    assert fmean(math.exp(-x) for x in values) > 10 * perplexity(values).item()
    characters = sum(len(storyteller.tokenizer.decode(ids)) for ids in human)
    assert 1.0 < -sum(values) / math.log(2) / characters < 1.4

    again = {"T 1": drawn(prompts, Settings(), 100), "p 0.95": written["p 0.95"]}
    other = perplexities(lesson, again)
    assert other["T 1"] < 23 and abs(other["T 1"] - other["p 0.95"]) < 5


@pytest.mark.slow
def test_the_explorers_say_what_the_questions_under_them_say(storyteller):
    from course_utils import explore
    from course_utils.generate import Settings, generate
    from course_utils.metrics import seq_rep_n

    trace = explore.ProbabilityTrace()
    logprob = {
        name: fmean(map(math.log, each.probs)) for name, each in trace.traces.items() if each.probs
    }
    assert 45 < math.exp(-logprob["human"]) < 75
    assert 1.5 < math.exp(-logprob["beam"]) < 3
    assert logprob["human"] < logprob["sampled"] < logprob["greedy"] < logprob["beam"]

    def wakes_up(logits, ids):
        window = ids[-24:].tolist()
        return logits if seq_rep_n(window, 2) > 0.25 else logits / 0.05

    def repeats(process) -> float:
        ids = [step.token for step in generate(storyteller, "Once upon a time", process, 100)]
        return seq_rep_n(ids, 4)

    assert repeats(Settings(temperature=0)) > 0.5
    assert 0.05 < repeats(wakes_up) < 0.4

    frontier = explore.Frontier(process=lambda logits, ids: logits / 1.0)
    assert -3.6 < frontier.human.logprob < -3.0
    assert frontier.rounds["yours"][0].logprob > frontier.human.logprob
    hotter = explore.Frontier(process=lambda logits, ids: logits / 1.1)
    assert hotter.rounds["yours"][0].logprob < frontier.human.logprob
    rounds = frontier.rounds
    assert rounds["T 0"][0].logprob > frontier.human.logprob > rounds["T 1.3"][0].logprob
    assert rounds["T 0"][0].diversity < frontier.human.diversity < rounds["T 1.3"][0].diversity

"""Module 02's bank: right answers for each scored item, and wrong ones for misconceptions."""

import ast
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from bank import HIDDEN, SOLUTION, Module, answered

MODULE = Module("02_temperature")


def letters(variable: str, right: str) -> tuple[dict, dict]:
    """The bank of a choice: the right letter in several hands, and each wrong one."""
    return (
        {
            "letter": f'{variable} = "{right}"',
            "lower case": f'{variable} = "{right.lower()}"',
            "with spaces": f"{variable} = ' {right} '",
        },
        {
            **{f"letter {x}": f'{variable} = "{x}"' for x in "ABCD" if x != right},
            "not a letter": f"{variable} = 2",
            "equal to anything": f"""
                class Any(str):
                    __eq__ = lambda self, other: True
                    __hash__ = str.__hash__
                    strip = upper = lambda self: self
                {variable} = Any("{"A" if right != "A" else "B"}")
            """,
        },
    )


def numbers(variable: str, right: dict, wrong: dict) -> tuple[dict, dict]:
    return (
        {name: f"{variable} = {value}" for name, value in right.items()},
        {name: f"{variable} = {value}" for name, value in wrong.items()}
        | {"text": f"{variable} = 'many'", "NaN": f"{variable} = float('nan')"},
    )


# Item -> (right answers, wrong answers). A wrong answer scores 0, or the points beside it.
BANK = {
    "softmax_with_temperature": (
        {
            "torch": "return torch.softmax(logits.float() / temperature, dim=-1)",
            "by hand": """
                z = logits.to(torch.float32) / temperature
                weights = (z - z.max(dim=-1, keepdim=True).values).exp()
                return weights / weights.sum(dim=-1, keepdim=True)
            """,
            "logsumexp": """
                z = logits.float() / temperature
                return (z - z.logsumexp(dim=-1, keepdim=True)).exp()
            """,
            "double inside": "return (logits.double() / temperature).softmax(-1).float()",
            "in place on a copy": """
                z = logits.clone().float()
                z /= temperature
                return torch.nn.functional.softmax(z, dim=-1)
            """,
            "warns": "return (torch.tensor(logits).float() / temperature).softmax(-1)",
        },
        {
            "temperature ignored": "return logits.float().softmax(dim=-1)",
            "scales probabilities": """
                probs = logits.float().softmax(dim=-1) / temperature
                return probs / probs.sum(dim=-1, keepdim=True)
            """,
            "multiplies": "return (logits.float() * temperature).softmax(dim=-1)",
            "only scales": "return logits.float() / temperature",
            "forgets to return": "(logits.float() / temperature).softmax(dim=-1)",
            "returns a list": "return (logits.float() / temperature).softmax(-1).tolist()",
            "softmax over rows": (
                "return (logits.float() / temperature).softmax(dim=0)",
                3,
            ),
            "sums everything": (
                """
                z = logits.float() / temperature
                weights = (z - z.max()).exp()
                return weights / weights.sum()
                """,
                3,
            ),
            "no maximum subtracted": (
                """
                weights = (logits.float() / temperature).exp()
                return weights / weights.sum(dim=-1, keepdim=True)
                """,
                3,
            ),
            "half precision": ("return (logits / temperature).softmax(dim=-1).float()", 3),
            "in place": (
                """
                logits = logits.float()
                logits /= temperature
                return logits.softmax(dim=-1)
                """,
                3,
            ),
        },
    ),
    "hotter_order": letters("answer_order", "B"),
    "ratio_at_two": numbers(
        "answer_ratio",
        {"e": "2.71828", "two decimals": "2.72", "computed": "torch.e", "one decimal": "2.7"},
        {"unchanged": 7.39, "half the ratio": 3.69, "ratio of logits": 2, "doubled gap": 54.6},
    ),
    "cold_tie": letters("answer_tie", "D"),
    "hot_choices": numbers(
        "answer_choices",
        {"whole": "9", "float": "9.0", "computed": "len(VOCABULARY)"},
        {"greedy": 1, "bits": 3, "at T = 1": 2, "T itself": 1_000_000, "none": 0},
    ),
    "no_new_knowledge": letters("answer_knowledge", "A"),
    "share_when_colder": numbers(
        "answer_share",
        {"rounded": "0.941", "fraction": "16 / 17", "two squares": "0.8**2 / (0.8**2 + 0.2**2)"},
        {"unchanged": 0.8, "divided": 1.6, "not normalised": 0.64, "hotter": 0.667, "half": 0.9},
    ),
    "log_probs_too": letters("answer_logprobs", "C"),
    "scaling_repair": (
        {
            "logits divided": "probs = (logits / temperature).softmax(dim=-1)",
            "power of probabilities": "probs = logits.softmax(dim=-1) ** (1 / temperature)",
            "log-probabilities": """
                probs = (logits.log_softmax(dim=-1) / temperature).exp()
            """,
            "returns early": "return torch.softmax(logits / temperature, -1)",
        },
        {
            "still probabilities": "probs = probs * temperature",
            "softmax again": "probs = (probs / temperature).softmax(dim=-1)",
            "multiplies": "probs = (logits * temperature).softmax(dim=-1)",
            "fixed temperature": "probs = (logits / 2).softmax(dim=-1)",
            "square root": "probs = logits.softmax(dim=-1) ** 0.5",
            "over rows": "probs = (logits / temperature).softmax(dim=0)",
        },
    ),
    "twice_repair": (
        {
            "once for both": "scaled = logits / temperature",
            "undo": "if fast:\n    scaled = scaled * temperature",
            "early return": "return (logits / temperature).softmax(dim=-1)",
        },
        {
            "temperature lost": "scaled = logits",
            "square root always": "scaled = logits / temperature**0.5",
            "undone on both paths": "scaled = scaled * temperature",
            "slow path broken": "scaled = logits / temperature if fast else logits",
            "multiplies": "scaled = logits * temperature",
        },
    ),
    "zero_repair": (
        {
            "one-hot": """
                if temperature == 0:
                    best = logits.argmax(dim=-1)
                    probs = torch.nn.functional.one_hot(best, logits.shape[-1]).float()
            """,
            "early return": """
                if not temperature:
                    out = torch.zeros_like(logits)
                    out.scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
                    return out
            """,
            "first of the best": """
                if temperature == 0:
                    best = logits == logits.max(dim=-1, keepdim=True).values
                    probs = (best & (best.cumsum(dim=-1) == 1)).float()
            """,
        },
        {
            "NaN to zero": "probs = probs.nan_to_num(0.0)",
            "back to T = 1": "if temperature == 0:\n    probs = logits.softmax(dim=-1)",
            "ids": "if temperature == 0:\n    probs = logits.argmax(dim=-1)",
            "always greedy": "probs = torch.eye(logits.shape[-1])[logits.argmax(dim=-1)]",
            "raises": "if temperature == 0:\n    raise ValueError('temperature must be above 0')",
            "tiny T": ("probs = (logits / max(temperature, 1e-5)).softmax(dim=-1)", 1),
            "all of the best": (
                """
                if temperature == 0:
                    best = (logits == logits.max(dim=-1, keepdim=True).values).float()
                    probs = best / best.sum(dim=-1, keepdim=True)
                """,
                1,
            ),
            "one row only": (
                """
                if temperature == 0:
                    probs = torch.zeros_like(logits)
                    probs[..., logits.argmax()  % logits.shape[-1]] = 1.0
                """,
                1,
            ),
        },
    ),
}

RIGHT = [(item, name, code) for item in BANK for name, code in BANK[item][0].items()]
WRONG = [
    (item, name, *(answer if isinstance(answer, tuple) else (answer, 0)))
    for item in BANK
    for name, answer in BANK[item][1].items()
]


def test_every_item_is_in_the_bank():
    assert set(BANK) == set(MODULE.answers)
    assert len(MODULE.tests) == len(MODULE.answers)


def test_the_page_says_how_much_there_is_to_score():
    promise = f"{len(BANK)} questions, {sum(MODULE.worth().values()):g} points"
    assert any(promise in text for text in MODULE.prose)


@pytest.mark.parametrize("item", BANK)
def test_each_item_has_two_right_and_three_wrong_answers(item):
    right, wrong = BANK[item]
    assert len(right) >= 2
    assert len(wrong) >= 3


def test_the_reference_scores_full():
    assert MODULE.score({}) == MODULE.worth()


def test_an_untouched_module_scores_nothing():
    assert MODULE.score(dict.fromkeys(BANK)) == dict.fromkeys(BANK, 0.0)


@pytest.mark.parametrize("stub", ["# YOUR CODE HERE", "raise NotImplementedError()"])
def test_a_function_that_is_only_a_stub_scores_nothing(stub):
    functions = [item for item in BANK if "def " in MODULE.answers[item].source]
    scores = MODULE.score(dict.fromkeys(functions, stub))
    assert {scores[item] for item in functions} == {0.0}


@pytest.mark.parametrize(("item", "name", "code"), RIGHT, ids=[f"{i}-{n}" for i, n, _ in RIGHT])
def test_a_right_answer_scores_full(item, name, code):
    assert MODULE.score({item: code}) == MODULE.worth()


@pytest.mark.parametrize(
    ("item", "name", "code", "points"), WRONG, ids=[f"{i}-{n}" for i, n, *_ in WRONG]
)
def test_a_wrong_answer_loses_its_points_and_no_others(item, name, code, points):
    assert points < MODULE.worth()[item]
    assert MODULE.score({item: code}) == MODULE.worth() | {item: points}


def choices() -> list[str]:
    return [item for item in BANK if "letter A" in BANK[item][1] or "letter B" in BANK[item][1]]


@pytest.mark.parametrize("letter", "ABCD")
def test_one_letter_for_every_choice_earns_under_30_percent(letter):
    variables = {item: MODULE.answers[item].source.split(" =")[0] for item in choices()}
    scores = MODULE.score({item: f'{name} = "{letter}"' for item, name in variables.items()})
    most = sum(MODULE.worth()[item] for item in variables)
    assert sum(scores[item] for item in variables) < 0.3 * most


def test_what_learners_get_holds_no_right_answer():
    for item in BANK:
        assert SOLUTION.search(MODULE.answers[item].source)
        assert HIDDEN.search(MODULE.test(item).source)
        given = HIDDEN.sub("", MODULE.test(item).source)
        assert "check.choice" not in given and "check.number" not in given and "right=" not in given
        assert "SOLUTION" not in answered(MODULE.answers[item].source, "# YOUR CODE HERE")


def test_each_wrong_letter_has_a_reason_of_its_own():
    for item in choices():
        why = re.search(r"why=(\{.*?\}),?\n\)", MODULE.test(item).source, re.DOTALL)
        reasons = ast.literal_eval(why[1])
        right = re.search(r'right="(.)"', MODULE.test(item).source)[1]
        assert set(reasons) | {right} == set("ABCD")
        assert len(set(reasons.values())) == 3

"""How an answer may be given, and answers that many items share."""

import textwrap
from typing import NamedTuple


class Cell(NamedTuple):
    """The whole answer cell, as a learner may rewrite it."""

    code: str


class Two(NamedTuple):
    """A cell of the learner's before the answer's, and the answer in place of the solution."""

    before: str
    code: str


def choice(variable: str, right: str) -> dict:
    """Typings that the lesson does not rule out, and letters and non-letters that are wrong."""
    wrong = [letter for letter in "ABCD" if letter != right]
    low = right.lower()
    return {
        "right": {
            "tab and newline round it": f'{variable} = "\\t{right}\\n"',
            "raw lower, spaces": f"{variable} = r'  {low}  '",
            "annotated": f'{variable}: str = "{right}"',
            "picked from a list": f'{variable} = list("ABCD")[{"ABCD".index(right)}]',
        },
        "wrong": {
            "two letters": f'{variable} = "{right}{wrong[0]}"',
            "all letters": f'{variable} = "ABCD"',
            "a list of all": f'{variable} = ["A", "B", "C", "D"]',
            "bytes": f'{variable} = b"{right}"',
            "changed later to a wrong one": f'{variable} = "{right}"\n{variable} = "{wrong[1]}"',
        },
    }


def letters_typed(variable: str, right: str) -> dict:
    """Typings that a person would read as the right letter."""
    low = right.lower()
    return {
        "B)": f'{variable} = "{right})"',
        "b.": f'{variable} = "{low}."',
        "(B)": f'{variable} = "({right})"',
        "B: ": f'{variable} = "{right}: "',
        "**B**": f'{variable} = "**{right}**"',
        "quoted twice": f"{variable} = '\"{right}\"'",
    }


def number_types(variable: str, value: str) -> dict:
    """The same number in types that a computation in this course gives. `value`: an expression."""
    return {
        "torch scalar": f"import torch\n{variable} = torch.tensor({value})",
        "numpy float64": f"import numpy as np\n{variable} = np.float64({value})",
        "numpy float32": f"import numpy as np\n{variable} = np.float32({value})",
        "Fraction": f"from fractions import Fraction\n{variable} = Fraction(str({value}))",
        "Decimal": f"from decimal import Decimal\n{variable} = Decimal(str({value}))",
        "text": f'{variable} = "{value}"',
    }


def whole(before: str, after: str, answers: dict) -> dict:
    """Answers to a repair, given as the lines between `before` and `after`, as the whole body."""

    def body(answer: object) -> object:
        if isinstance(answer, Cell):
            return answer
        if isinstance(answer, Two):
            return Two(answer.before, body(answer.code))
        if isinstance(answer, tuple):
            return (body(answer[0]), *answer[1:])
        return "\n".join(textwrap.dedent(part).strip("\n") for part in (before, answer, after))

    return {
        kind: {name: body(answer) for name, answer in named.items()}
        for kind, named in answers.items()
    }

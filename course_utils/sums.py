"""The Calculator's sums: how they are asked, worked out and checked.

`47+12+85+36+70:` asks for a working: add any two of the numbers that are left, again and again, and
then give the answer, as in `85+47=1'3'2,36+12=48,70+48=1'18,132+118=25'0;250`, where `'` follows
each digit that a carry was added to. `47+12+85+36+70?` asks for the answer alone. Which two is
open, so one sum has many right workings.
"""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Sequence

COUNT, LOW, HIGH = 5, 10, 99  # the sums that the Calculator has learned

ADDED = re.compile(r"([1-9][0-9]{0,8})\+([1-9][0-9]{0,8})=.*")


def question(numbers: Sequence[int], worked: bool = True) -> str:
    """The prompt that asks for the sum: with a working, or for the answer alone."""
    return "+".join(map(str, numbers)) + (":" if worked else "?")


def step(a: int, b: int) -> str:
    """One addition with its digits and carries: step(85, 47) is `85+47=1'3'2`."""
    x, y, carry, result = a, b, 0, ""
    while x or y or carry:
        total = x % 10 + y % 10 + carry
        result = f"{total % 10}" + "'" * carry + result
        x, y, carry = x // 10, y // 10, total // 10
    return f"{a}+{b}={result}"


def working(numbers: Sequence[int], rng: random.Random) -> str:
    """One of the right workings and the answer, drawn by taking two of what is left each time."""
    left, steps = list(numbers), []
    while len(left) > 1:
        a, b = (left.pop(rng.randrange(len(left))) for _ in range(2))
        steps.append(step(a, b))
        left.append(a + b)
    return f"{','.join(steps)};{left[0]}"


def answer(text: str) -> int | None:
    """The answer at the end of what was written after a question; None if there is none."""
    last = text.rpartition(";")[2]
    return int(last) if re.fullmatch(r"\d{1,9}", last, re.ASCII) else None


def verify(numbers: Sequence[int], text: str) -> bool:
    """Whether the text is a right working of the sum, judged by its steps alone.

    Each step has to add two of the numbers that are left, digits and carries rightly; its result
    takes their place. At the end one is left, and it is the answer. A right answer after a wrong
    step fails.
    """
    steps, _, last = text.partition(";")
    left = Counter(numbers)
    for written in steps.split(","):
        match = ADDED.fullmatch(written)
        if not match:
            return False
        a, b = map(int, match.groups())
        left.subtract([a, b])
        if written != step(a, b) or left[a] < 0 or left[b] < 0:
            return False
        left[a + b] += 1
    return [str(n) for n in left.elements()] == [last]


def is_held_out(numbers: Sequence[int]) -> bool:
    """Whether no training may show the sum: one in ten, in whatever order its numbers stand."""
    return hashlib.sha256(question(sorted(numbers)).encode()).digest()[0] < 256 // 10


def draw_sum(rng: random.Random, held_out: bool) -> list[int]:
    """A random sum, of those for training or of those that are held out."""
    while True:
        numbers = [rng.randint(LOW, HIGH) for _ in range(COUNT)]
        if is_held_out(numbers) == held_out:
            return numbers

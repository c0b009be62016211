"""Makes wrong answers by program: faulty versions of each reference and each right answer.

A mutant that gives what the definition gives on CASES inputs of the question's own domain is no
fault and is left out. Every other one has to lose points. `python tests/quizzes/mutants.py
[MODULE...]` makes all of them and prints a table; its exit status is 1 if one survives, or if an
item has fewer than FEWEST. What is left out is listed with --equal, to be read: an equal mutant
that the question's words rule out shows a domain that is too small.
"""

import ast
import copy
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest
import wrappers
from bank import MODULES, Module, answered, points, run

from course_utils import quiz
from course_utils.author.source import SOLUTION, names, regions

CASES = 2000  # that an equal mutant has to agree on
FEWEST = 20  # mutants of an item that are none
# Seconds of the processor; a mutant that takes longer loops for ever, and is wrong. Between them it
# gets TIMES as long as the slowest right answer.
LEAST, MOST, TIMES = 2.0, 20.0, 20

OTHER = {
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult, ast.Sub],
    ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
}
CALLS = {
    "min": "max",
    "max": "min",
    "argmax": "argmin",
    "argmin": "argmax",
    "amax": "amin",
    "amin": "amax",
    "sum": "mean",
    "mean": "sum",
    "any": "all",
    "all": "any",
    "softmax": "log_softmax",
    "log_softmax": "softmax",
    "exp": "exp2",
    "log": "log2",
    "cumsum": "cumprod",
    "masked_fill": "masked_fill_",
    "scatter": "scatter_",
    "sub": "sub_",
    "div": "div_",
    "sorted": "list",
    "set": "list",
    "reversed": "list",
    "range": "reversed",
    "len": "bool",
    "append": "remove",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "floor": "ceil",
    "ceil": "floor",
}
AS_IT_WAS = {"clone", "copy", "deepcopy", "abs", "float", "double", "int", "tolist", "flip", "sqrt"}


class Mutant(NamedTuple):
    """An answer's cell with one fault."""

    fault: str
    source: str


def edits(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    """What can be made wrong at a node: words for it, and how."""
    if isinstance(node, ast.Compare):
        for other in OTHER.get(type(node.ops[0]), []):
            yield f"compared by {other.__name__}", lambda n, o=other: put(n, ops=[o(), *n.ops[1:]])
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign):
        for other in OTHER.get(type(node.op), []):
            yield f"{type(node.op).__name__} to {other.__name__}", lambda n, o=other: put(n, op=o())
    if isinstance(node, ast.BinOp):
        yield "left side alone", lambda n: n.left
        yield "right side alone", lambda n: n.right
    if isinstance(node, ast.BoolOp):
        for i in range(len(node.values)):
            rest = [x for j, x in enumerate(node.values) if j != i]
            one = rest[0] if len(rest) == 1 else None
            yield f"part {i} left out", lambda n, r=rest, o=one: o or put(n, values=r)
    if isinstance(node, ast.UnaryOp):
        yield f"{type(node.op).__name__} left out", lambda n: n.operand
    if isinstance(node, ast.Constant):
        yield from constants(node)
    if isinstance(node, ast.IfExp):
        yield "always the first", lambda n: n.body
        yield "always the other", lambda n: n.orelse
    if isinstance(node, ast.Slice):
        for side in ("lower", "upper", "step"):
            if getattr(node, side) is not None:
                yield f"no {side} of a slice", lambda n, s=side: put(n, **{s: None})
    if isinstance(node, ast.Call):
        yield from calls(node)
    if isinstance(node, ast.comprehension) and node.ifs:
        yield "no condition", lambda n: put(n, ifs=[])
    if isinstance(node, ast.For):
        yield "one round", lambda n: put(n, body=[*n.body, ast.Break()])
        yield "two rounds", lambda n: put(n, iter=first(n.iter, 2))
        yield "twenty rounds", lambda n: put(n, iter=first(n.iter, 20))
        yield "one round less", lambda n: put(n, iter=first(n.iter, -1))
    if isinstance(node, ast.If | ast.While):
        yield "never", lambda n: put(n, test=ast.Constant(False))
        if isinstance(node, ast.If):
            yield "always", lambda n: put(n, test=ast.Constant(True))
    simple = ast.Assign | ast.AugAssign | ast.Expr | ast.Delete | ast.Continue | ast.Break
    if isinstance(node, simple) and not is_docstring(node):
        yield "left out", lambda n: ast.Pass()
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        early = ast.Return(ast.Name(node.targets[0].id, ast.Load()))
        yield "returned at once", lambda n: [n, early]
    if isinstance(node, ast.Return) and node.value is not None:
        yield "returns None", lambda n: put(n, value=None)


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def constants(node: ast.Constant) -> Iterator:
    value = node.value
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, int):
        others = [value + 1, value - 1]
    elif isinstance(value, float):
        others = [value * 1.1 + 0.01, -value]
    else:
        others = []
    for other in others:
        yield f"{value} to {other:g}", lambda n, o=other: ast.Constant(o)


def calls(node: ast.Call) -> Iterator:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    if name in CALLS:
        part = "attr" if isinstance(function, ast.Attribute) else "id"
        yield f"{name} to {CALLS[name]}", lambda n: put(n, func=put(n.func, **{part: CALLS[name]}))
    if name in AS_IT_WAS and isinstance(function, ast.Attribute) and not node.args:
        yield f"no {name}", lambda n: n.func.value
    if name in AS_IT_WAS and isinstance(function, ast.Name) and len(node.args) == 1:
        yield f"no {name}", lambda n: n.args[0]
    for i, keyword in enumerate(node.keywords):
        rest = [x for j, x in enumerate(node.keywords) if j != i]
        yield f"no {keyword.arg}=", lambda n, r=rest: put(n, keywords=r)
    if len(node.args) == 2:
        yield "arguments swapped", lambda n: put(n, args=n.args[::-1])


def put(node: ast.AST, **parts) -> ast.AST:
    node = copy.copy(node)
    for name, part in parts.items():
        setattr(node, name, part)
    return node


def first(iterated: ast.expr, count: int) -> ast.expr:
    return ast.parse(f"list({ast.unparse(iterated)})[:{count}]", mode="eval").body


class Edit(ast.NodeTransformer):
    """Makes the one edit that has this number, counted as nodes are met."""

    def __init__(self, number: int, lines: range):
        self.number, self.lines, self.met, self.made = number, lines, 0, ""

    def visit(self, node: ast.AST) -> ast.AST:
        here = getattr(node, "lineno", None)
        if here is None or here in self.lines:
            for fault, change in edits(node):
                if self.met == self.number:
                    self.made = f"line {here}: {fault}" if here else fault
                    self.met += 1
                    return change(node)
                self.met += 1
        if self.made:
            return node
        return self.generic_visit(node)


def mutants(source: str, lines: range) -> Iterator[Mutant]:
    """Each fault that one edit makes in these lines of a cell, once."""
    seen = {ast.unparse(ast.parse(source))}
    for number in range(10_000):
        edit = Edit(number, lines)
        tree = edit.visit(ast.parse(source))
        if not edit.made:
            return
        try:
            text = ast.unparse(ast.fix_missing_locations(tree))
            compile(text, "mutant", "exec")
        except (SyntaxError, ValueError, TypeError):
            continue
        if text not in seen:
            seen.add(text)
            yield Mutant(edit.made, text)


def passes(name: str, check: Callable, *args, **kwargs) -> bool:
    """As `quiz.passes`, but what fails ends the test: that points are lost is all that counts."""
    check(*args, **kwargs)
    return True


class Cases:
    """`quiz.drawn` and `quiz.defined` for the test of one item, which asks for its cases in the
    same order each time: they are made once."""

    def __init__(self, count: int, seed: int):
        self.count, self.seed = count, seed
        self.known: list[list] = []
        self.draw, self.define = quiz.drawn, quiz.defined
        self.begin()

    def begin(self) -> None:
        """The test starts anew."""
        self.asked = 0

    def drawn(self, definition: Callable, draw: Callable, cases: int = quiz.CASES) -> list:
        count = cases * self.count // quiz.CASES
        return self.once(lambda: list(self.draw(definition, draw, count, self.seed)))

    def defined(self, definition: Callable, cases: list[tuple]) -> list:
        return self.once(lambda: self.define(definition, cases))

    def once(self, make: Callable[[], list]) -> list:
        if self.asked == len(self.known):
            self.known.append(make())
        self.asked += 1
        return self.known[self.asked - 1]


class Late(BaseException):
    """A mutant took too long. No Exception, so that the checks let it through."""


def in_time(work: Callable[[], bool], seconds: float) -> bool:
    """What `work` returns; True if it takes more than that of the processor."""

    def stop(*_):
        raise Late

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return work()
    except Late:
        return True
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class Row(NamedTuple):
    """How many mutants of an item lost points, and which did not; which were no faults."""

    module: str
    item: str
    killed: int
    survivors: list[Mutant]
    equal: list[Mutant]

    @property
    def good(self) -> bool:
        return self.killed >= FEWEST and not self.survivors


def measure(name: str, item: str, most: int | None = None) -> Row:
    """most: how many mutants to try, spread over all of them; without it, all."""
    module = Module(name)
    worth, test = module.worth()[item], module.test(item)
    tried = made(module, item)
    if most is not None:
        tried = tried[:: max(1, len(tried) // most)]
    before = module.space({item: None})  # names of the lesson, and no answer
    killed, survivors, equal = 0, [], []
    few, more = Cases(quiz.CASES, seed=0), Cases(CASES, seed=1)

    def loses(source: str, cases: Cases) -> bool:
        space = dict(before)
        cases.begin()
        with mock.patch.multiple(quiz, drawn=cases.drawn, defined=cases.defined, passes=passes):
            try:
                run(source, space)
                return points(test, space) < worth
            except Exception:  # the cell itself fails, and there is nothing to score
                return True

    given = module.answers[item].source
    if loses(given, few) or (most is None and loses(given, more)):
        raise AssertionError(f"{name} {item}: its own reference loses points")

    def taken(source: str) -> float:
        began = time.process_time()
        loses(source, few)
        return time.process_time() - began

    slowest = max(map(taken, right(module, item).values()))
    seconds = min(MOST, max(LEAST, TIMES * slowest))
    for mutant in tried:
        if in_time(partial(loses, mutant.source, few), seconds):
            killed += 1
        elif in_time(partial(loses, mutant.source, more), seconds * CASES / quiz.CASES):
            survivors.append(mutant)
        else:
            equal.append(mutant)
    return Row(name, item, killed, survivors, equal)


def right(module: Module, item: str) -> dict[str, str]:
    """The cells of the reference and of the right answers in the bank."""
    given = module.answers[item].source
    bank = {name: answered(given, code) for name, code in module.bank[item].right.items()}
    return {"reference": given} | bank


def made(module: Module, item: str) -> list[Mutant]:
    """The mutants of the reference and of every right answer in the bank, each once."""
    given = module.answers[item].source
    functions = names(given)[1] & names(module.test(item).source)[0]
    found: dict[str, Mutant] = {}
    for name, source in right(module, item).items():
        lines = range(1, source.count("\n") + 2)
        if name == "reference":  # what stands below a repair's solution is never reached
            lines = range(1, regions(source, SOLUTION)[-1][-1] + 1)
        habits = wrapped(source, functions) if name == "reference" else []
        for mutant in [*mutants(source, lines), *habits]:
            found.setdefault(mutant.source, mutant._replace(fault=f"{name}: {mutant.fault}"))
    return list(found.values())


def wrapped(source: str, functions: set[str]) -> Iterator[Mutant]:
    """The answer behind a habit that is wrong somewhere in a domain: see wrappers.py."""
    for function in sorted(functions):
        for habit in wrappers.HABITS:
            line = (
                f"from wrappers import {habit.__name__}\n{function} = {habit.__name__}({function})"
            )
            yield Mutant(f"{function} {textwrap.shorten(habit.__doc__, 60)}", f"{source}\n{line}")


def items(name: str) -> list[str]:
    bank = Module(name).bank
    return [item for item, answers in bank.items() if answers.kind in ("write", "repair")]


def proof(file: str) -> Callable:
    """The test that all mutants of a module lose points, for a file test_mutants_NAME.py.

    A file each, as `make prove TESTS=…` takes files and all together take hours.
    """
    name = Path(file).stem.removeprefix("test_mutants_")

    @pytest.mark.prove
    @pytest.mark.parametrize("item", items(name))
    def test_every_mutant_loses_points_and_there_are_many(item, record_property):
        row = measure(name, item)
        counts = f"{row.killed} | {len(row.survivors)} | {len(row.equal)}"
        record_property("mutants", f"| {name} | {item} | {counts} |")  # for docs/proof.md
        assert row.good, [mutant.fault for mutant in row.survivors]

    return test_every_mutant_loses_points_and_there_are_many


def main(arguments: list[str]) -> int:
    show_equal = "--equal" in arguments
    names = [name for name in arguments if name != "--equal"] or MODULES
    if unknown := sorted(set(names) - set(MODULES)):
        print(f"mutants: no module {unknown[0]!r}; there are {', '.join(MODULES)}", file=sys.stderr)
        return 2
    print("module           item                        killed  survived  equal   seconds")
    good = True
    work = [(name, item) for name in names for item in items(name)]
    for name, item in work:
        start = time.monotonic()
        row = measure(name, item)
        good = good and row.good
        print(
            f"{name:<16} {item:<27} {row.killed:>6}  {len(row.survivors):>8}  {len(row.equal):>5}"
            f"   {time.monotonic() - start:>7.1f}",
            flush=True,
        )
        for mutant in row.survivors:
            print(f"SURVIVED {mutant.fault}\n{textwrap.indent(mutant.source, '    ')}")
        for mutant in row.equal if show_equal else []:
            print(f"  equal: {mutant.fault}")
    return not good


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Answers that are one value, a letter, number, text or ids: what the build makes of them."""

import ast
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from course_utils.author.source import HIDDEN, MARK, SOLUTION, Cell, Mistake

if TYPE_CHECKING:
    from course_utils.author.questions import Question

OPTION = re.compile(r"^- \*\*([A-Z])\*\* (.*?)(?=^- \*\*|\n\n|\Z)", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?)(?!\w)(%?)")
IN_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@dataclass(frozen=True)
class Kind:
    """A kind of value. look: the check that learners see; empty: what stands in the answer's cell
    until it is answered; arguments: of its check; fits: whether a value can be an answer, and
    `what` it is then; key: whether a value can be a wrong answer in `why`."""

    look: str
    empty: str
    arguments: frozenset[str]
    what: str
    fits: Callable[[object], bool]
    key: Callable[[object], bool]


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_ids(value: object) -> bool:
    """A set of whole numbers, or a list or tuple of different ones."""
    kinds = isinstance(value, set | list | tuple) and all(type(i) is int for i in value)
    return kinds and bool(value) and len(set(value)) == len(value)


def is_string(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


KINDS = {
    "choice": Kind("answered", '""', frozenset({"right", "why"}), "a letter", is_string, is_string),
    "number": Kind(
        "is_number",
        "None",
        frozenset({"right", "within", "why", "hint"}),
        "a number",
        is_number,
        is_number,
    ),
    "text": Kind(
        "is_text", '""', frozenset({"right", "why", "hint"}), "a text", is_string, is_string
    ),
    "ids": Kind(
        "is_ids",
        "[]",
        frozenset({"right", "why", "hint"}),
        "a set of token ids such as {0, 2}",
        is_ids,
        lambda key: isinstance(key, tuple) and is_ids(key) and list(key) == sorted(key),
    ),
}


def simple_call(test: str) -> ast.Call | None:
    """The call of check.choice, number, text or ids that is all of a test, or None."""
    body = ast.parse(test).body
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    known = isinstance(function, ast.Attribute) and function.attr in KINDS
    ours = known and ast.unparse(function.value) == "check"
    return call if ours and not MARK.search(test) else None


def simple(call: ast.Call, answer: Cell, test: Cell, question: "Question") -> Iterator[Mistake]:
    """Write the rest of such an answer and of its test; yield what is wrong with them."""
    name, kind = call.func.attr, KINDS[call.func.attr]
    at = test.line + call.lineno
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    if len(call.args) != 1 or not isinstance(call.args[0], ast.Name):
        yield at, f"check.{name} takes the variable first, then {', '.join(sorted(kind.arguments))}"
        return
    if arguments.keys() != kind.arguments:
        got = ", ".join(sorted(map(str, arguments))) or "none"
        yield at, f"check.{name} needs {', '.join(sorted(kind.arguments))}; got {got}"
        return
    variable, source = call.args[0].id, answer.cell.source
    right = ast.get_source_segment(test.cell.source, arguments["right"])
    yield from wrong_place(variable, kind, right, answer, test.line + call.args[0].lineno)
    wrong = list(wrong_values(name, arguments)) or list(wrong_reasons(name, arguments, question))
    for line, said in wrong:
        yield test.line + line, said
    if name == "choice" and not wrong:
        yield from wrong_options(arguments, test.line, question)
    if name == "ids":
        right = f"sorted({right})"
    solution = f"### BEGIN {SOLUTION}\n{variable} = {right}\n### END {SOLUTION}"
    answer.cell.source = f"{source}\n{solution}"
    hidden = f"### BEGIN {HIDDEN}\n{test.cell.source}\n### END {HIDDEN}"
    test.cell.source = f"check.{kind.look}({variable})\n{hidden}"


def wrong_place(
    variable: str, kind: Kind, right: str, answer: Cell, called: int
) -> Iterator[Mistake]:
    """What is wrong with the answer's cell; called: the line where the test names the variable."""
    source, line = answer.cell.source, answer.line + 1
    if MARK.search(source):
        yield line, f"no {SOLUTION} here: the build makes it from right={right}"
        return
    body = ast.parse(source).body
    only = body[0] if len(body) == 1 else None
    if not isinstance(only, ast.Assign) or len(only.targets) != 1:
        yield line, f"this cell must be one line, {variable} = {kind.empty}"
    elif (given := ast.unparse(only.targets[0])) != variable:
        yield called, f"the answer's cell sets {given}, got {variable}"
    elif ast.dump(only.value) != ast.dump(ast.parse(kind.empty, mode="eval").body):
        said = f"{variable} must be {kind.empty} until it is answered"
        yield line, f"{said}, got {ast.unparse(only.value)}"


def wrong_values(name: str, arguments: dict[str, ast.expr]) -> Iterator[Mistake]:
    """Lines of a test whose arguments are of another kind than its check takes."""
    kind, right, why = KINDS[name], arguments["right"], arguments["why"]
    known, value = evaluated(right)
    if known and not kind.fits(value):
        yield right.lineno, f"right must be {kind.what}, got {ast.unparse(right)}"
    if not isinstance(why, ast.Dict) or not all(map(is_text, why.values)):
        yield why.lineno, 'why must be written out: {wrong answer: "its reason", …}'
        return
    for key in why.keys:
        known, value = evaluated(key)
        if known and not kind.key(value):
            form = "ids in order, such as (0, 2) or (1,)" if name == "ids" else kind.what
            yield key.lineno, f"a reason is for {form}, got {ast.unparse(key)}"
    if "hint" in arguments and not is_text(arguments["hint"]):
        yield arguments["hint"].lineno, 'hint must be a text, such as "Count the rest."'
    if "within" in arguments and not is_number(evaluated(arguments["within"])[1]):
        yield arguments["within"].lineno, "within must be a number, such as 0.01"


def wrong_reasons(
    name: str, arguments: dict[str, ast.expr], question: "Question"
) -> Iterator[Mistake]:
    """Lines of a test whose reasons hold the answer."""
    known, right = evaluated(arguments["right"])
    said = [*arguments["why"].values]
    if "hint" in arguments:
        said.append(arguments["hint"])
    for node in said:
        if known and HOLDS[name](node.value, right, question.text):
            yield node.lineno, "this reason holds the right answer"


def wrong_options(
    arguments: dict[str, ast.expr], line: int, question: "Question"
) -> Iterator[Mistake]:
    """What is wrong with a choice's options, and with the letters that have reasons.

    line: of the test's marker.
    """
    right, why = arguments["right"], arguments["why"]
    options = OPTION.findall(question.text)
    letters = [letter for letter, _ in options]
    if letters != list("ABCD"[: len(letters)]) or len(letters) < 2:
        got = ", ".join(letters) or "none"
        said = f"options must be lines `- **A** …`, `- **B** …`, to D at most; got {got}"
        yield question.line, said
        return
    # White space and a full stop set no options apart; a sign may.
    texts = [" ".join(text.lower().split()).rstrip(".") for _, text in options]
    for i, text in enumerate(texts):
        if text in texts[:i]:
            before = question.text[: question.text.index(f"- **{letters[i]}**")].count("\n")
            said = f"options {letters[texts.index(text)]} and {letters[i]} are the same"
            yield question.line + 1 + before, said
    if right.value not in letters:
        said = f"right must be one of {', '.join(letters)}, got {right.value!r}"
        yield line + right.lineno, said
        return
    told = [key.value for key in why.keys]
    for letter in letters:
        if letter != right.value and letter not in told:
            yield line + why.lineno, f"the wrong letter {letter} has no reason"
    for key in told:
        if key == right.value:
            said = f"{key} is right, so its reason would never be read; take it out"
            yield line + why.lineno, said
        elif key not in letters:
            yield line + why.lineno, f"why has a reason for {key!r}, which is no option"


def evaluated(node: ast.expr) -> tuple[bool, object]:
    """Whether a value is known, and it: a literal, or arithmetic with math."""
    try:
        code = compile(ast.Expression(node), "right", "eval")
        return True, eval(code, {"__builtins__": {}, "math": math})
    except Exception:  # the module's run says what is wrong with it
        return False, None


def is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def words(text: str) -> str:
    """A text's words, without signs and capitals, to compare."""
    return " ".join(re.findall(r"[\w−.-]+", text.lower())).strip(".")


# Whether a reason holds the right answer, which the task does not name itself


def holds_letter(said: str, right: str, task: str) -> bool:
    """The letter, or the words behind it in the task. An A may be just an article."""
    option = words(dict(OPTION.findall(task)).get(right, ""))
    letter = rf"\*\*{right}\*\*|\b(?:answer|option|letter|but|not) {right}\b|\b{right} is right"
    if right != "A":
        letter += rf"|(?<![\w-]){right}(?![\w'’-])"
    return bool(re.search(letter, said)) or (" " in option and option in words(said))


def holds_number(said: str, right: float, task: str) -> bool:
    """0 and 1 do not count: any sentence on probabilities has them."""

    def held(text: str) -> bool:
        text = text.replace("−", "-").replace(",", "")
        found = [float(x) / (100 if sign else 1) for x, sign in NUMBER.findall(text)]
        found += [IN_WORDS.index(word) for word in words(text).split() if word in IN_WORDS]
        return any(math.isclose(x, right, rel_tol=5e-3) for x in found)

    return right not in (0, 1) and held(said) and not held(task)


def holds_text(said: str, right: str, task: str) -> bool:
    secret = f" {words(right)} "
    return secret in f" {words(said)} " and secret not in f" {words(task)} "


def holds_ids(said: str, right: set[int], task: str) -> bool:
    listed = [str(i) for i in sorted(right)]
    secret = r"\b" + r"(?:,| and|, and) ".join(listed) + r"\b"
    return len(listed) > 1 and bool(re.search(secret, said)) and not re.search(secret, task)


HOLDS = {
    "choice": holds_letter,
    "number": holds_number,
    "text": holds_text,
    "ids": holds_ids,
}

"""The grammar of a module's text: its cells, the marks in them, and what is wrong, by line."""

import ast
import re
import symtable
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

CELL = re.compile(r"\s*#\s*(%%(%*\s.*)?|<codecell>|In\[[0-9 ]*\]:?)\s*")  # as jupytext reads it
MAGIC = re.compile(r"^\s*[%!]|\?\s*$", re.MULTILINE)
PARTS = ast.Subscript | ast.Attribute
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.GeneratorExp
# Of a cell that holds IPython's own syntax, or is too deep for Python's parser.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
# With these a cell may read what it names in a text alone, or in an annotation.
INDIRECT = {"eval", "exec", "globals", "locals", "vars", "annotations"}
WORDS = re.compile(r"[^\W\d]\w*")
SOLUTION, HIDDEN = "SOLUTION", "HIDDEN TESTS"
MARK = re.compile(rf"(BEGIN|END) ({SOLUTION}|{HIDDEN})")  # anywhere in a line, to nbgrader
LIKE_A_MARK = re.compile(
    r"\s*(?:#{2,}\s*(?:BEGIN|END)\b|#+\s*(?i:(?:begin|end)[ _-](?:solution|hidden[ _-]?tests?)\b))"
)

Mistake = tuple[int, str]  # its line, and what is wrong


class Cell(NamedTuple):
    """A cell as its author wrote it, and the line of its marker."""

    cell: NotebookNode
    line: int


# Marks


def marks(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, BEGIN or END, and SOLUTION or HIDDEN TESTS of each mark that nbgrader sees."""
    for line, text in enumerate(source.split("\n"), 1):
        if found := MARK.search(text):
            yield line, found[1], found[2]


def regions(source: str, what: str) -> list[range]:
    """The lines, from 1, of each part that is marked as `what`, with its marks.

    A part that does not end reaches to the last line.
    """
    found, begin = [], None
    for line, word, kind in marks(source):
        if kind == what and word == "BEGIN" and begin is None:
            begin = line
        elif kind == what and word == "END" and begin is not None:
            found.append(range(begin, line + 1))
            begin = None
    if begin is not None:
        found.append(range(begin, source.count("\n") + 2))
    return found


def inside(source: str, what: str) -> str:
    """What stands between the marks of all parts that are marked as `what`."""
    lines = source.split("\n")
    parts = regions(source, what)
    return "\n".join(line for part in parts for line in lines[part[0] : part[-1] - 1])


def put(source: str, what: str, text: str | None = None) -> str:
    """The source with `text` in place of each part marked as `what`, indented as its first mark.

    None takes the parts out.
    """
    lines = source.split("\n")
    for part in reversed(regions(source, what)):
        first = lines[part[0] - 1]
        indent = first[: len(first) - len(first.lstrip())]
        new = [] if text is None else [f"{indent}{line}".rstrip() for line in text.split("\n")]
        lines[part[0] - 1 : part[-1]] = new
    return "\n".join(lines)


def hidden_lines(source: str) -> set[int]:
    """The lines, from 1, of a test cell's hidden tests, with their marks."""
    return {line for part in regions(source, HIDDEN) for line in part}


def wrong_marks(source: str) -> Iterator[Mistake]:
    """Marks that nbgrader would not know, or that are not in pairs."""
    for line, text in enumerate(source.split("\n"), 1):
        if LIKE_A_MARK.match(text) and not MARK.search(text):
            what = f"write BEGIN or END, then {SOLUTION} or {HIDDEN}"
            yield line, f"unknown mark {text.strip()!r}; {what}"
        elif MARK.search(text) and not text.lstrip().startswith("### "):
            yield line, f"a mark begins with three #: ### {MARK.search(text)[0]}"
    opened = None
    for line, word, what in marks(source):
        if word == "BEGIN" and opened:
            yield line, f"BEGIN {what} before {opened[1]} has ended"
        if word == "END" and (not opened or opened[1] != what):
            yield line, f"END {what} without a BEGIN {what} above it"
        opened = (line, what) if word == "BEGIN" else None
    if opened:
        yield opened[0], f"BEGIN {opened[1]} without an END {opened[1]} below it"


# Cells


def read_cells(path: Path) -> list[Cell]:
    """The cells of a module's text. Raises ValueError, FILE:LINE first, if it cannot be read."""
    import jupytext  # half a second that grading can spare

    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        complain(path, [(line, "this is not UTF-8 text; save the file as UTF-8")])
    complain(path, wrong_beginning(text.splitlines()))
    try:
        cells = jupytext.reads(text, fmt="py:percent").cells
    except Exception as error:  # jupytext's parsers raise many kinds
        mark = getattr(error, "problem_mark", None)  # in the header: its line 0 is the second here
        said = " ".join(str(getattr(error, "problem", None) or error).split())
        complain(path, [(mark.line + 2 if mark else 1, f"jupytext cannot read it: {said}")])
    return list(map(Cell, cells, cell_lines(text, cells)))


def wrong_beginning(lines: list[str]) -> Iterator[Mistake]:
    """Line and mistake, if anything but jupytext's header is above the first cell."""
    first = next((i for i, line in enumerate(lines) if CELL.fullmatch(line)), None)
    if first is None:
        yield 1, "there is no cell; each begins with a line `# %%` or `# %% [markdown]`"
        return
    top = 0
    if lines[0] == "# ---":
        if "# ---" not in lines[1:first]:
            yield 1, "the header that begins with `# ---` has no second `# ---` to end it"
            return
        top = lines.index("# ---", 1) + 1
    for i in range(top, first):
        if lines[i].strip():
            yield i + 1, "this is above the first cell; put `# %%` or `# %% [markdown]` before it"
            return


def cell_lines(text: str, cells: list[NotebookNode]) -> list[int]:
    """The line of each cell's marker; the cell's first line is the next one."""
    markers = [i for i, line in enumerate(text.splitlines(), 1) if CELL.fullmatch(line)]
    found, below = [], 1
    for cell in cells:
        # What looks like a marker inside a cell, in a string say, is above the cell's end.
        line = next((i for i in markers if i >= below), below)
        found.append(line)
        below = line + 1 + len(cell.source.split("\n")) * bool(cell.source)
    return found


def wrong_python(source: str) -> Iterator[Mistake]:
    """What Python's parser says of a code cell."""
    if source.startswith("%%"):
        return  # the text is the magic's own
    if MAGIC.search(source):
        from IPython.core.inputtransformer2 import TransformerManager

        try:
            source = TransformerManager().transform_cell(source)
        except SyntaxError as error:
            yield error.lineno or 1, error.msg
            return
    try:
        with warnings.catch_warnings():
            # Printed, a warning would cost a test its points. Python 3.11 says Deprecation.
            warnings.simplefilter("error", SyntaxWarning)
            warnings.simplefilter("error", DeprecationWarning)
            compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        yield error.lineno or 1, error.msg
    except ValueError as error:
        yield 1, str(error)


def names(source: str) -> tuple[set[str], set[str]]:
    """The global names that a cell uses, and those that it binds."""
    try:
        table = symtable.symtable(source, "cell", "exec")
    except UNREADABLE:  # any word is a name
        words = set(WORDS.findall(source))
        return words, words
    used, bound = set(), set()
    tables = [table]
    while tables:
        here = tables.pop()
        tables += here.get_children()
        for symbol in here.get_symbols():
            if here is table or symbol.is_global():
                if symbol.is_referenced():
                    used.add(symbol.get_name())
                if symbol.is_assigned() or symbol.is_imported():
                    bound.add(symbol.get_name())
    return used, bound


def needs(source: str) -> tuple[set[str], set[str]]:
    """The global names that a cell may read before it binds them, and those that it binds, or
    changes in place by x[…] or x.….

    What a function reads counts always: a test may call it after a later cell has bound the name.
    """
    used, bound = names(source)
    if INDIRECT & (used | bound):
        return set(WORDS.findall(source)), bound
    reads = FirstReads()
    try:
        reads.block(ast.parse(source).body)
    except UNREADABLE:
        return used, bound
    return reads.found & (used | bound) | reads.in_classes, bound | reads.changed


class FirstReads:
    """Names that are read while they may be unbound, in the order in which a cell runs.

    What a branch binds, or a loop, is bound in there alone: it may have no turn. in_classes: names
    in the body of a class, of which Python decides only then whether they are its own.
    """

    def __init__(self):
        self.bound, self.found, self.in_classes, self.changed = set(), set(), set(), set()

    def block(self, statements: Iterable[ast.stmt], target: ast.expr | None = None) -> None:
        added = self.bind(plain(target))
        for node in statements:
            if isinstance(node, ast.For | ast.While | ast.If | ast.With | ast.Try):
                for part in ast.iter_child_nodes(node):
                    if not isinstance(part, ast.stmt):
                        self.read(part)
                self.block(node.body, getattr(node, "target", None))
                self.block(getattr(node, "orelse", ()))
                self.block(getattr(node, "finalbody", ()))
            else:
                self.read(node)
                added |= self.bind(binds(node))
        self.bound -= added

    def bind(self, new: Iterable[str]) -> set[str]:
        """Those of the names that were not bound yet."""
        fresh = set(new) - self.bound
        self.bound |= fresh
        return fresh

    def read(self, top: ast.AST) -> None:
        nodes = [(top, False, False)]
        while nodes:
            node, later, in_class = nodes.pop()
            later = later or isinstance(node, FUNCTIONS)
            in_class = in_class or isinstance(node, ast.ClassDef)
            nodes += [(child, later, in_class) for child in ast.iter_child_nodes(node)]
            if not (later or in_class):
                self.changed |= changed(node)
            if isinstance(node, ast.AugAssign):
                node = node.target
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                continue
            if isinstance(node, ast.Name):
                if in_class:
                    self.in_classes.add(node.id)
                elif later or node.id not in self.bound:
                    self.found.add(node.id)
                if isinstance(node.ctx, ast.Del):
                    self.bound.discard(node.id)


def binds(node: ast.stmt) -> Iterator[str]:
    """The names that a statement surely binds."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from plain(target)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (name.asname or name.name.split(".")[0] for name in node.names)
    elif isinstance(node, ast.FunctionDef):
        yield node.name


def changed(node: ast.AST) -> set[str]:
    """The name of what is changed where this is a target in brackets, or behind a dot."""
    if not isinstance(node, PARTS) or isinstance(node.ctx, ast.Load):
        return set()
    while isinstance(node, PARTS):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def plain(target: ast.expr | None) -> Iterator[str]:
    """The names in a target, but for those in brackets."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from plain(part)
    elif isinstance(target, ast.Starred):
        yield from plain(target.value)


def imports(source: str) -> list[str]:
    """The modules that a cell imports. What it takes from them is named too: it may be modules.

    None for a cell that is not plain Python.
    """
    try:
        tree = ast.parse(source)
    except UNREADABLE:
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found += [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
    return found


def complain(path: Path, wrong: Iterable[Mistake]) -> None:
    """Raise ValueError with one line a mistake, FILE:LINE: first; nothing if there are none."""
    if lines := [f"{shown(path)}:{line}: {said}" for line, said in wrong]:
        raise ValueError("\n".join(lines))


def shown(path: Path) -> Path:
    """The path as one would type it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path

"""Static pages of all lessons, for reading without a kernel and without a network."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from latex2mathml.converter import convert
from markupsafe import Markup
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course_utils.explore.picture import CSS

SECONDS = 300  # for one cell; the slowest takes a few
AT_ONCE = 4  # kernels, of up to a gigabyte each
STILLS = "from course_utils.explore.still import show_stills\nshow_stills()"
OURS = '<meta name="generator" content="course html">'
TITLE = re.compile(r"^# (.+)\n+(?![>#])((?:.+\n?)*)")
MINUTES = re.compile(r"^> \*\*(?:About )?(\w+) minutes\*\*", re.MULTILINE)
KEY = re.compile(r"\[([a-z]+\d+[a-z]?)\]")
ANCHOR = re.compile(rf"<strong>(?={KEY.pattern}</strong>)")
TEMPLATES = PackageLoader("course_utils.author.site", "")


class Lesson(NamedTuple):
    """What the pages say of a lesson. intro: Markdown, may be empty."""

    name: str
    title: str
    intro: str
    minutes: str

    @property
    def number(self) -> str:
        return self.name[:2]


def html(root: Path, folder: Path) -> Iterator[Path]:
    """Run every lesson of `root`/notebooks and write it as `folder`/NAME.html; index.html is last.

    These are the learners' notebooks: they hold no reference answers and no hidden tests. The pages
    are the same to the byte each time. Yields each page once it is written. Raises ValueError if
    there are no lessons, if a cell fails, or if a file of someone else is in the way.
    """
    paths = sorted((root / "notebooks").glob("*/*.ipynb"))
    if not paths:
        raise ValueError(f"no lessons in {root / 'notebooks'}; run: course build")
    references = (root / "quizzes" / "references.md").read_text("utf-8")
    for name in (*(path.stem for path in paths), "references", "index"):
        check_ours(folder / f"{name}.html")
    folder.mkdir(parents=True, exist_ok=True)
    cells = Cells(set(KEY.findall(references)))
    notebooks = [nbformat.read(path, as_version=4) for path in paths]
    lessons = [about(path.stem, notebook) for path, notebook in zip(paths, notebooks, strict=True)]
    with ThreadPoolExecutor(min(AT_ONCE, os.cpu_count() or 1)) as pool:
        executed = pool.map(execute, paths, notebooks)
        for i, notebook in enumerate(executed):
            yield write(
                folder / f"{lessons[i].name}.html",
                "lesson",
                title=lessons[i].title,
                body=Markup(cells.from_notebook_node(notebook)[0]),
                before=lessons[i - 1] if i else None,
                after=lessons[i + 1] if i + 1 < len(lessons) else None,
            )
    # A plain str: in Markup, what is put in place would be escaped.
    body = ANCHOR.sub(r'<strong id="\1">', str(Cells(set()).markdown(references)))
    yield write(folder / "references.html", "page", title="References", body=Markup(body))
    yield write(folder / "index.html", "index", lessons=lessons, markdown=cells.markdown)


def check_ours(path: Path) -> None:
    """Raise ValueError if anything is there that an earlier `course html` did not write."""
    if path.exists() and not (path.is_file() and OURS in path.read_text("utf-8", "replace")):
        raise ValueError(f"{path} was not made by course html; move it away or choose --folder")


def about(name: str, notebook: NotebookNode) -> Lesson:
    """What a lesson says of itself in its first cells. ValueError if it has no title."""
    opening = "\n\n".join(cell.source for cell in notebook.cells[:2])
    found, minutes = TITLE.match(opening), MINUTES.search(opening)
    if not found:
        raise ValueError(f"{name}: the first cell must begin with '# ' and the lesson's title")
    intro = re.sub(rf"\s*{KEY.pattern}", "", found[2])  # a citation is for the page itself
    return Lesson(name, found[1], intro, minutes[1] if minutes else "")


def execute(path: Path, notebook: NotebookNode) -> NotebookNode:
    """Run all cells of a lesson, with its widgets shown as stills, in a folder of their own."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as work:
        manager = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),  # this very Python
        )
        # One thread adds in the same order on every machine, and a set is printed in one order.
        settings = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "IPYTHONDIR": work}
        notebook.cells.insert(0, new_code_cell(STILLS))
        client = NotebookClient(
            notebook,
            manager,
            timeout=SECONDS,
            resources={"metadata": {"path": work}},
            coalesce_streams=True,  # where printed text is cut depends on the moment
            extra_arguments=["--log-level=ERROR"],  # it would warn of its sockets
        )
        try:
            client.execute(env=os.environ | settings, cleanup_kc=True)
        except CellExecutionError as error:
            raise ValueError(f"{path}: a cell fails with {error.ename}: {error.evalue}")
        notebook.cells.pop(0)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.outputs = []  # "not answered yet" is no news to a reader
    return notebook


def write(path: Path, template: str, **values) -> Path:
    environment = Environment(loader=TEMPLATES, autoescape=True, undefined=StrictUndefined)
    page = environment.get_template(f"{template}.html.j2").render(
        ours=Markup(OURS), pictures=Markup(CSS), **values
    )
    path.write_text(page + "\n", "utf-8", newline="\n")
    return path


class Cells(HTMLExporter):
    """The cells of a notebook as HTML, with formulas as MathML and citations as links."""

    template_file = "cells.html.j2"

    def __init__(self, references: set[str]):
        super().__init__(extra_loaders=[TEMPLATES])
        self.references = references

    @pass_context
    def markdown2html(self, context, source: str) -> Markup:
        return self.markdown(source)

    def markdown(self, source: str) -> Markup:
        return Markup(MarkdownWithMath(Renderer(self.references)).render(source))


class Renderer(IPythonRenderer):
    def __init__(self, references: set[str]):
        super().__init__(escape=False, exclude_anchor_links=True)
        self.references = references

    def inline_math(self, body: str) -> str:
        return formula(body, "inline")

    def block_math(self, body: str) -> str:
        return formula(body, "block")

    def text(self, text: str) -> str:
        return KEY.sub(self.citation, super().text(text))

    def citation(self, found: re.Match) -> str:
        known = found[1] in self.references
        return f'<a href="references.html#{found[1]}">{found[0]}</a>' if known else found[0]


def formula(tex: str, display: str) -> str:
    """MathML, which browsers lay out by themselves. ValueError if the formula cannot be read."""
    try:
        return convert(tex, display=display)
    except Exception as error:  # the converter has many kinds
        raise ValueError(f"formula {tex!r} cannot be shown: {type(error).__name__} {error}")

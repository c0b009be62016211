"""What a submission's Markdown may put on Formgrader's and feedback's pages."""

import time
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets.config import PyFileConfigLoader

from course_utils.grading.pages import TAGS

ROOT = Path(__file__).resolve().parents[2]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"

pytestmark = pytest.mark.grading


class Tags(HTMLParser):
    """The elements of a page, as (name, attributes)."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def exporter() -> HTMLExporter:
    """As Formgrader makes it, from the course's settings; its template adds nothing here."""
    settings = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT / "quizzes")).load_config()
    settings.HTMLExporter.sanitize_html = False  # its template has no place for it
    return HTMLExporter(config=settings, template_name="basic")


def page(exporter: HTMLExporter, source: str, **cell) -> str:
    notebook = new_notebook(cells=[new_markdown_cell(source, id="one", **cell)])
    return exporter.from_notebook_node(nbformat.from_dict(notebook))[0]


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
        "<img src=x onerror=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<svg onload=alert(1)>",
        "<details open ontoggle=alert(1)><summary>answer</summary></details>",
        "<a href='java\tscript:alert(1)'>x</a>",
        "[x](javascript:alert(1)) [x](data:text/html,<script>alert(1)</script>)",
        "![x](https://evil.example/seen.png)",
        "![x](/logout)",
        "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe><object data=x></object>",
        "<base href=//evil.example><meta http-equiv=refresh content='0;url=//evil.example'>",
        "<form action=/logout><input name=a class=score><button>Save</button></form>",
        "<style>* {display: none}</style><p style='position: fixed'>x</p>",
        "<div id=sides_test class='score nbgrader_cell'>2</div>",
        "<math><mtext><table><mglyph><style><!--</style><img src=x onerror=alert(1)>-->",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<!-- --!><img src=x onerror=alert(1)> -->",
        "$\\text{</span><img src=x onerror=alert(1)>}$",
        '```html"><script>alert(1)</script>\nx\n```',
        "```mermaid\n<img src=x onerror=alert(1)>\n```",
        "# <img src=x onerror=alert(1)> title",
        "| <img src=x onerror=alert(1)> |\n|-|\n| 1 |",
    ],
)
def test_nothing_of_it_acts(exporter, attack):
    bare = Tags(page(exporter, "")).found
    added = [element for element in Tags(page(exporter, attack)).found if element not in bare]
    for tag, attributes in added:
        assert tag in TAGS
        assert not attributes.keys() & {"id", "style"}
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "#")[:1] == "#" or attributes["href"].startswith("http")
        assert attributes.get("src", "data:image/png").startswith("data:image/png")
        assert "score" not in attributes.get("class", "")


def test_what_an_answer_needs_stays(exporter):
    source = (
        "# Why\n\n*It* is **twice** $x < 2x$, see [paper](https://arxiv.org/abs/1904.09751).\n\n"
        "- one\n- two\n\n| a | b |\n|-|-|\n| 1 | 2 |\n\n```python\ndef f(x): return 1\n```\n\n"
        "<details><summary>more</summary>\n\ntext\n\n</details>\n\n![plot](attachment:plot.png)"
    )
    shown = page(exporter, source, attachments={"plot.png": {"image/png": PIXEL}})
    for part in (
        "<h1>Why</h1>",
        "<em>It</em>",
        "$x &lt; 2x$",
        '<a href="https://arxiv.org/abs/1904.09751">',
        "<li>two</li>",
        "<td>2</td>",
        "<pre><code>def f(x): return 1",
        "<summary>more</summary>",
        f'src="data:image/png;base64,{PIXEL}"',
    ):
        assert part in shown


@pytest.mark.parametrize("source", ["![x](attachment:none)", "> " * 60_000, "[" * 200_000])
def test_what_no_parser_can_read_is_shown_as_it_is(exporter, source):
    assert "<pre>" in page(exporter, source)


SLOW = {  # each takes a minute or more, with parsers and lexers as they are
    "nested": new_markdown_cell("<b><i>" * 40_000),
    "within the length": new_markdown_cell("<div>" * 1_900),
    "names of characters": new_code_cell("'" + "\\N{" * 100_000),
    "in lines": new_code_cell("\n".join(["'" + "\\N{" * 300] * 10)),
    "another lexer": new_code_cell("%%html\n" + "<a " * 50_000),
    "its own lexer": new_markdown_cell("```html\n" + "<!" * 4_000 + "\n```"),
}


@pytest.mark.parametrize("kind", SLOW)
def test_what_takes_a_lexer_or_a_parser_long_is_made_within_seconds(exporter, kind):
    cell = SLOW[kind].copy()
    cell.metadata["magics_language"] = ["html"]
    began = time.process_time()
    shown = exporter.from_notebook_node(new_notebook(cells=[cell]))[0]
    assert time.process_time() - began < 10
    assert "<pre>" in shown


def test_code_is_shown_as_python_whatever_it_says(exporter):
    cell = new_code_cell("%%html\n<b>bold</b>")
    assert "&lt;" in exporter.from_notebook_node(new_notebook(cells=[cell]))[0]
    cell = new_code_cell("def f(x): return 1")
    assert (
        '<span class="k">def</span>' in exporter.from_notebook_node(new_notebook(cells=[cell]))[0]
    )

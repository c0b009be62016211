"""What a submission may put on Formgrader's and feedback's pages: text, never a part of the page.

nbgrader sanitises outputs there, but shows the HTML in Markdown cells as it is.
"""

import re
from html import escape

from bleach.sanitizer import Cleaner
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

# Parsers are quadratic in some texts: within these bounds one cell takes less than a second.
LONGEST = 10_000  # characters of a cell
LONGEST_LINE = 1_000  # of code
MOST_TAGS = 500
TAGS = re.findall(
    r"\w+",
    "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p "
    "pre s span strong sub summary sup table tbody td th thead tr ul",
)
LINK = re.compile(r"https?://|mailto:|#")
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,")  # of another server would tell on you
HIGHLIGHT = re.compile(r"highlight|[a-z][a-z0-9]{0,2}")  # the classes of Pygments


def allowed(tag: str, name: str, value: str) -> bool:
    """Whether an attribute may stay. No id, and no class that Formgrader's own script looks for."""
    if name == "class":
        return bool(HIGHLIGHT.fullmatch(value)) and tag in ("div", "span")
    if tag == "img":
        return name in ("alt", "title", "width") or (name == "src" and bool(PICTURE.match(value)))
    if tag == "a":
        return name == "title" or (name == "href" and bool(LINK.match(value)))
    return (tag, name) == ("ol", "start")


CLEANER = Cleaner(TAGS, allowed, protocols=["http", "https", "mailto", "data"])


PYTHON = Highlight2HTML(pygments_lexer="python3")


class Renderer(IPythonRenderer):
    """Shows code in Markdown as text: its language, and so the lexer, is the student's choice."""

    def block_code(self, code: str, info: str | None = None) -> str:
        return f"<pre><code>{escape(code)}</code></pre>\n"


def code(source: str, language: str | None = None, metadata: dict | None = None) -> str:
    """The HTML of a code cell, as Python whatever it says that it is: a filter for nbconvert."""
    if len(source) > LONGEST or max(map(len, source.split("\n"))) > LONGEST_LINE:
        return f"<pre>{escape(source)}</pre>"
    return PYTHON(source)


@pass_context
def markdown(context: Context, source: str) -> str:
    """The HTML of a Markdown cell, with what is not allowed shown as text: a filter for nbconvert.

    What is too long, or no parser can read, is shown as it was written.
    """
    if len(source) > LONGEST or source.count("<") > MOST_TAGS:
        return f"<pre>{escape(source)}</pre>"
    attachments = context.get("cell", {}).get("attachments", {})  # none in a comment
    renderer = Renderer(escape=False, attachments=attachments, exclude_anchor_links=True)
    try:
        page = MarkdownWithMath(renderer=renderer).render(source)
    except Exception:  # such as an attachment that is not there
        return f"<pre>{escape(source)}</pre>"
    return CLEANER.clean(page)


def as_is(page: str) -> str:
    """In place of nbconvert's strip_files_prefix, which takes minutes for 200,000 brackets."""
    return page

"""Formgrader, clicked through in Chromium, on a class that `course grade` has graded."""

import sys
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat
import pytest
from grading.tiny import NAME, make_course, submit
from nbformat.v4 import new_markdown_cell, new_raw_cell
from playwright.sync_api import Frame, Page

from course_utils.grading.grade import Course, grade

SQUARE = "def square(x):\n    return x * x"
# Each sets a mark in whatever page it gets to run in.
SCRIPTS = (
    "<script>window.top.ran = true</script>",
    "<img src=x onerror='window.top.ran = true'>",
    "<svg onload='window.top.ran = true'></svg>",
    "<details open ontoggle='window.top.ran = true'><summary>more</summary></details>",
    "<iframe srcdoc='<script>window.top.ran = true</script>'></iframe>",
    "<input id=explain class=score autofocus onfocus='window.top.ran = true'>",
)
# Files that a browser would show as pages, beside one that a cell shows.
PAGES = ("x.html", "x.htm", "x.xhtml", "x.svg", "x.xml", "x.pdf", "x", "x.png")

pytestmark = [pytest.mark.browser, pytest.mark.grading, pytest.mark.slow]


@pytest.fixture(scope="module")
def course(sandboxed, tmp_path_factory) -> Path:
    """Three submissions, graded; the hostile one writes scripts wherever it can."""
    course = make_course(tmp_path_factory.mktemp("class"))
    submit(course, "ann", sides="sides = 3", square=SQUARE, explain="Minus by minus is plus.")
    submit(course, "bob", sides="sides = 4", square="def square(x):\n    return x * abs(x)")
    hostile = "".join(SCRIPTS)
    shown = (
        "from IPython.display import HTML, Javascript, Markdown, display\n"
        f"for kind in (HTML, Javascript, Markdown):\n    display(kind({hostile!r}))\n"
        f"print({hostile!r})\nsides = 3"
    )
    raises = f"def square(x):\n    raise ValueError({hostile!r})"
    folder = submit(course, "mal", sides=shown, square=raises, explain=f"See:\n\n{hostile}")
    notebook = nbformat.read(folder / f"{NAME}.ipynb", as_version=4)
    tags = {"tags": ["'><script>window.top.ran = true</script>"]}
    notebook.cells += [
        new_markdown_cell(f"# {hostile}\n\n{hostile}", metadata=tags),
        new_raw_cell(hostile, metadata={"raw_mimetype": "text/html"}),
    ]
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    for name in PAGES:
        (folder / name).write_text(f"<html><svg>{SCRIPTS[0]}</svg></html>", "utf-8")
    assert {o.student: o.failed for o, _ in grade(NAME, course, count=1)} == dict.fromkeys(
        ("ann", "bob", "mal"), ""
    )
    return course


@pytest.fixture(scope="module")
def server(course, run_jupyter, tmp_path_factory):
    """JupyterLab, started in the course folder as the README says."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    with run_jupyter(command, course, tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture
def page(server, new_page) -> Page:
    """Lab, with Formgrader opened from its menu."""
    url, token = server
    page = new_page()
    page.goto(f"{url}/lab?token={token}&reset")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    page.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader").click()
    page.locator(".lm-Menu-itemLabel", has_text="Formgrader").first.click()
    page.wait_for_selector("iframe")
    return page


def formgrader(page: Page, path: str, ready: str) -> Frame:
    """Formgrader's frame, gone to one of its pages, when that shows `ready`."""
    frame = page.locator("iframe").element_handle().content_frame()
    frame.wait_for_url("**/formgrader/**")
    root = frame.url.split("/formgrader")[0]
    frame.goto(f"{root}/formgrader/{path}")
    frame.wait_for_selector(ready)
    return frame


def row(frame: Frame, student: str):
    return frame.locator(f"#main-table tr:has(td.student-id:text-is('{student}'))")


def press(frame: Frame, student: str, button: str) -> str:
    """Press a student's button and give what the dialog says when it is done."""
    row(frame, student).locator(f"td.{button} a").click()
    dialog = frame.locator(".modal.in .modal-body")
    dialog.wait_for()
    said = dialog.inner_text()
    frame.locator(".modal.in .modal-footer .close").click()
    frame.locator(".modal").wait_for(state="detached")
    row(frame, student).locator(f"td.{button} a").wait_for()
    return said


def submissions(page: Page) -> Frame:
    return formgrader(page, f"manage_submissions/{NAME}", "td.student-id")


def graded_page(page: Page, course: Path, student: str) -> Frame:
    """The page on which a person grades a submission."""
    with Course(course).gradebook() as gradebook:
        found = gradebook.find_submission_notebook(NAME, NAME, student).id
    return formgrader(page, f"submissions/{found}/?index=0", "#explain[placeholder], #explain")


def grades(course: Path, student: str) -> dict:
    with Course(course).gradebook() as gradebook:
        found = gradebook.find_submission_notebook(NAME, NAME, student)
        return {
            "score": found.score,
            "manual": gradebook.find_grade("explain", NAME, NAME, student).manual_score,
            "comment": gradebook.find_comment("explain", NAME, NAME, student).manual_comment,
        }


def saved(frame: Frame, act: Callable[[], None]) -> None:
    """Do something that Formgrader sends to its server, and wait for the answer."""
    with frame.page.expect_response(lambda response: response.request.method == "PUT") as answer:
        act()
    assert answer.value.ok


@pytest.mark.full
def test_a_person_grades_what_waits_and_regrading_keeps_it(course, page):
    frame = submissions(page)
    assert row(frame, "ann").locator(".score").inner_text() == "3 / 4"
    assert row(frame, "ann").locator(".status").inner_text() == "needs manual grading"
    assert row(frame, "bob").locator(".score").inner_text() == "0 / 4"

    frame = graded_page(page, course, "ann")
    score = frame.locator("#explain")
    frame.wait_for_selector("#sides_test[placeholder='1']")
    assert frame.locator("#square_test").get_attribute("placeholder") == "2"
    assert "Minus by minus is plus." in frame.locator("body").inner_text()
    score.fill("0.5")
    saved(frame, lambda: score.press("Tab"))
    comment = frame.locator("#explain-comment")
    comment.fill("And minus by plus?")
    saved(frame, lambda: comment.press("Tab"))
    wanted = {"score": 3.5, "manual": 0.5, "comment": "And minus by plus?"}
    assert grades(course, "ann") == wanted

    outcomes = {o.student: o.points for o, _ in grade(NAME, course, regrade=True, count=1)}
    assert outcomes["ann"] == 3.5
    assert grades(course, "ann") == wanted
    assert "Successfully autograded" in press(submissions(page), "ann", "autograde")
    assert grades(course, "ann") == wanted
    frame = graded_page(page, course, "ann")
    frame.wait_for_function("document.querySelector('#explain').value === '0.5'")
    frame.wait_for_function(
        "document.querySelector('#explain-comment').value === 'And minus by plus?'"
    )


def test_the_autograde_button_is_safe(course, page):
    stolen, written = course.parent / "stolen.txt", course / "source" / "mine.txt"
    attack = (
        f"from pathlib import Path\nfound = []\nfor path in ({str(course / 'gradebook.db')!r}, "
        f"{str(course / 'source' / NAME / f'{NAME}.ipynb')!r}):\n"
        "    try:\n        found.append(len(Path(path).read_bytes()))\n"
        "    except OSError as error:\n        found.append(type(error).__name__)\n"
        f"for path in ({str(stolen)!r}, {str(written)!r}):\n"
        "    try:\n        Path(path).write_text('here')\n"
        "    except OSError as error:\n        found.append(type(error).__name__)\n"
        "print(found)\n"
        "class Any(int):\n    __eq__ = lambda self, other: True\n    __hash__ = int.__hash__\n"
        "sides = Any(9)"
    )
    submit(course, "zoe", sides=attack, square="import os\nos._exit(0)")
    frame = submissions(page)
    assert row(frame, "zoe").locator(".status").inner_text() == "needs autograding"
    assert "Successfully autograded" in press(frame, "zoe", "autograde")
    row(frame, "zoe").locator(".status .label-success").wait_for()  # nothing to read by hand
    assert row(frame, "zoe").locator(".score").inner_text() == "0 / 4"
    autograded = course / "autograded" / "zoe" / NAME / f"{NAME}.ipynb"
    printed = [
        out.text
        for cell in nbformat.read(autograded, as_version=4).cells
        for out in cell.get("outputs", [])
        if out.output_type == "stream"
    ]
    assert any("FileNotFoundError" in text and "[0-9]" not in text for text in printed)
    assert not any(character.isdigit() for text in printed for character in text)
    assert not stolen.exists() and not written.exists()


def test_feedback_comes_from_its_button_with_reasons_and_no_answers(course, page):
    frame = submissions(page)
    assert "Successfully generated feedback" in press(frame, "bob", "generate-feedback")
    text = (course / "feedback" / "bob" / NAME / f"{NAME}.html").read_text("utf-8")
    assert "A negative side has a square too." in text
    assert "Draw one, and count." in text
    for hidden in ("secret_value", "sides = 3", "return x * x<", "Minus by minus"):
        assert hidden not in text


def test_no_script_of_a_submission_runs(course, page):
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    frame = submissions(page)
    press(frame, "mal", "generate-feedback")
    frame = graded_page(page, course, "mal")
    frame.wait_for_selector("#sides_test[placeholder='1']")
    assert "window.top.ran" in frame.locator("body").inner_text()  # shown, as text
    assert frame.locator("#explain").count() == 1  # nbgrader's own
    assert page.evaluate("window.ran") is None
    # And the student's own page, opened as a file.
    page.goto((course / "feedback" / "mal" / NAME / f"{NAME}.html").as_uri())
    page.wait_for_load_state("load")
    assert "window.top.ran" in page.inner_text("body")
    assert page.evaluate("window.ran") is None


def test_no_file_of_a_submission_is_a_page_of_formgrader(course, server, new_page):
    """Beside Formgrader a page of a student's could do what its reader may."""
    url, token = server
    with Course(course).gradebook() as gradebook:
        found = gradebook.find_submission_notebook(NAME, NAME, "mal").id

    def heads(address: str) -> Message:
        asked = Request(address, headers={"Authorization": f"token {token}"})
        with urlopen(asked, timeout=60) as answer:
            return answer.headers

    for name in PAGES:
        sent = heads(f"{url}/formgrader/submissions/{found}/{name}")
        assert "sandbox" in sent["Content-Security-Policy"]
        assert "allow-" not in sent["Content-Security-Policy"]
        assert sent["X-Content-Type-Options"] == "nosniff"
        kind = "image/png" if name == "x.png" else "application/octet-stream"
        assert sent["Content-Type"] == kind
        assert (sent["Content-Disposition"] is None) == (name == "x.png")
        # Jupyter's own, where scripts run, but as those of no address.
        for folder in ("submitted", "autograded"):
            own = heads(f"{url}/files/{folder}/mal/{NAME}/{name}")
            assert "sandbox" in own["Content-Security-Policy"]
            assert "allow-same-origin" not in own["Content-Security-Policy"]
    page = new_page()
    page.goto(f"{url}/tree?token={token}")
    with page.expect_download():  # and no page
        page.evaluate(f"location.href = '{url}/formgrader/submissions/{found}/x.html'")
    assert page.evaluate("window.ran") is None

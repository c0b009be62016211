"""docs/classroom.md, walked: its commands and files, a real JupyterHub, the clicks in Chromium."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from classroom.machine import MODULE, commands
from playwright.sync_api import Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START = 90_000  # milliseconds; a user's server imports JupyterLab and nbgrader first
RIGHT_ADD = "def add(a, b):\n    return a + b"
ANSWERS = {
    "ann": {"answer_share = None": "answer_share = 71.3", "def add(a, b):": RIGHT_ADD},
    "bob": {"answer_share = None": "answer_share = 57.2", "def add(a, b):": RIGHT_ADD},
}
REASON = "That is its share at temperature 1. Move the slider first, then read the bar."

pytestmark = [pytest.mark.browser, pytest.mark.grading, pytest.mark.prove]


@pytest.fixture
def sign_in(hub, chromium, tmp_path) -> Iterator[Callable]:
    """`with sign_in(user) as page:` a fresh browser, signed in, with that user's JupyterLab."""
    with sync_playwright() as playwright:

        @contextmanager
        def start(user: str) -> Iterator[Page]:
            browser = playwright.chromium.launch_persistent_context(
                tmp_path / f"profile of {user}",
                executable_path=chromium,
                args=FLAGS,
                viewport={"width": 1280, "height": 900},
            )
            page = browser.pages[0]
            page.goto(hub.url)
            if page.locator("#username_input").is_visible():
                page.locator("#username_input").fill(user)
                page.locator("#password_input").fill(hub.passwords[user])
                page.locator("#login_submit").click()
            page.locator("#jp-main-dock-panel").wait_for(timeout=START)
            page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=START)
            yield page
            browser.close()

        yield start


def choose(page: Page, menu: str, entry: str) -> None:
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=entry, exact=True).click()


def entries(page: Page, menu: str) -> list[str]:
    """What the menu offers."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    labels = page.locator(".lm-Menu-item:not(.lm-mod-hidden) .lm-Menu-itemLabel")
    expect(labels.first).to_be_visible()
    found = [text for text in labels.all_inner_texts() if text]
    page.keyboard.press("Escape")
    return found


def work(page: Page, answers: dict[str, str]) -> None:
    """Fetch the module, open it, type the answers, run it all, save it, submit it."""
    choose(page, "Nbgrader", "Assignment List")
    page.locator("#released_assignments_list button", has_text="Fetch").click()
    fetched = page.locator("#fetched_assignments_list")
    fetched.locator(".assignment-notebooks-link", has_text=MODULE).click()
    fetched.locator(".nested_list_item a", has_text=MODULE).click()
    notebook = page.locator(".jp-NotebookPanel")
    notebook.locator(".jp-Cell").first.wait_for()
    for given, answer in answers.items():
        cells = notebook.locator(".jp-CodeCell .cm-content")
        cells.filter(has_text=given).click()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.insert_text(answer)
        expect(cells.filter(has_text=answer.splitlines()[-1])).to_be_visible()
    # Before it the kernel may still be on its way, and Lab forgets what it was asked to run.
    expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(
        timeout=START
    )
    choose(page, "Run", "Run All Cells")
    button = notebook.get_by_role("button", name="Score my answers")
    expect(button).to_be_visible(timeout=START)
    page.keyboard.press("ControlOrMeta+s")
    expect(page.locator(".jp-mod-current.jp-mod-dirty")).to_have_count(0)
    page.get_by_role("tab", name="Assignments").click()
    fetched.get_by_role("button", name="Submit").click()
    expect(page.locator("#submitted_assignments_list .list_item")).not_to_have_count(0)


def grade_by_clicks(page: Page) -> dict[str, str]:
    """Give feedback in Formgrader, and read there what each student has: {student: score}."""
    choose(page, "Nbgrader", "Formgrader")
    formgrader = page.frame_locator("iframe")
    row = formgrader.get_by_role("row").filter(has_text=MODULE)
    for step in ("generate-feedback", "release-feedback"):
        row.locator(f".{step} a").click()
        dialog = formgrader.locator(".modal-dialog")
        expect(dialog.get_by_text("Success", exact=True)).to_be_visible(timeout=START)
        dialog.get_by_role("button", name="OK").click()
        expect(dialog).to_have_count(0)
    row.locator(".num-submissions a").click()
    scores = formgrader.locator("tbody tr").filter(has=formgrader.locator(".score"))
    expect(scores).to_have_count(len(ANSWERS))
    return {
        row.locator(".student-id").inner_text(): row.locator(".score").inner_text()
        for row in scores.all()
    }


def read_feedback(page: Page) -> str:
    """The text of the page that the student opens, to see how the submission was graded."""
    choose(page, "Nbgrader", "Assignment List")
    submitted = page.locator("#submitted_assignments_list")
    submitted.get_by_role("button", name="Fetch Feedback").click()
    submitted.get_by_text("(view feedback)").click()
    page.locator(".jp-DirListing-item", has_text=f"{MODULE}.html").dblclick()
    feedback = page.frame_locator(".jp-HTMLViewer iframe").locator("body")
    expect(feedback).to_contain_text(f"{MODULE} (Score:")
    return feedback.inner_text()


def test_from_release_to_feedback(hub, sign_in):
    hub.run("ines", commands("3. Release a module"))
    for student, answers in ANSWERS.items():
        with sign_in(student) as page:
            assert entries(page, "Nbgrader") == ["Assignment List"]
            work(page, answers)

    # The score button's way, with a course that is not hers to write.
    assert "2/2" in hub.run("ann", f"course score {MODULE}/{MODULE}.ipynb")

    # Nobody reads what is not theirs, and what ann hands in for bob does not count as his.
    inbound = "/srv/nbgrader/exchange/next_token/inbound"
    for folder in ("/home/bob", "/home/ines", "/srv/jupyterhub", inbound):
        assert "Permission denied" in hub.run("ann", f"ls {folder}", check=False)
    hub.run("ann", f"nbgrader submit {MODULE} --student=bob")

    said = hub.run("ines", commands("4. Collect and grade"))
    assert [line.split() for line in said.splitlines() if line[:4] in ("ann ", "bob ")] == [
        ["ann", "2/2"],
        ["bob", "1/2"],
    ]
    with sign_in("ines") as page:
        assert "Formgrader" in entries(page, "Nbgrader")
        assert grade_by_clicks(page) == {"ann": "2 / 2", "bob": "1 / 2"}
    with sign_in("bob") as page:
        feedback = read_feedback(page)
    assert "(Score: 1.0 / 2.0)" in feedback
    assert REASON in feedback
    assert "HIDDEN TESTS" not in feedback and "right=71.3" not in feedback

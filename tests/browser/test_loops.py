import pytest

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %%
from course_utils import explore

explore.Loops("The dog ran and")
# %%
explore.Loops({"stuck": [" the", " king", ","] * 9, "<b>free</b>": [" the", " $x$", " left"]})
"""
SLOW = """\
# %%
import time

from course_utils import explore

pause = 0

def mine(logits, ids):
    time.sleep(pause)
    return logits

explore.Loops("The dog ran and", function=mine)
# %%
pause = 0.1
"""


def test_the_loops_answer_to_keys(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("loops.ipynb", NOTEBOOK))
    panel = page.locator(".nt-panel").first
    picture, summary = panel.locator(".nt-picture .image"), panel.locator(".summary")
    summary.get_by_text("ending in the loop '␣ran,␣and'").wait_for()
    lab.shoot("loops")
    old = picture.inner_html()
    panel.locator(".noUi-handle").nth(2).focus()
    page.keyboard.press("ArrowRight")
    summary.get_by_text("repetition penalty 1.25").wait_for()
    panel.get_by_role("button", name="Stop").wait_for(state="hidden")
    assert picture.inner_html() != old

    panel.locator(".texts mark").first.wait_for()
    panel.locator(".texts").scroll_into_view_if_needed()
    lab.shoot("loops_texts")
    toy = page.locator(".summary").nth(1)
    toy.scroll_into_view_if_needed()
    assert "stuck 87.5%, ending in the loop" in toy.inner_text()
    assert "<b>free</b>" in toy.inner_text()
    lab.shoot("loops_toy")
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.full
def test_a_slow_text_can_be_stopped(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("loops_slow.ipynb", SLOW))
    panel = page.locator(".nt-panel").first
    panel.get_by_label("prompt").fill("The king")
    page.keyboard.press("Enter")
    stop = panel.get_by_role("button", name="Stop")
    panel.locator(".summary").get_by_text("after 'The king'").wait_for()
    lab.shoot("loops_writing")
    stop.click()
    panel.get_by_text("Stopped.").wait_for()
    stop.wait_for(state="hidden")
    assert "after 'The king'" in panel.locator(".summary").inner_text()
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.prove
def test_the_loops_can_be_read_in_the_dark(open_lab):
    lab = open_lab(dark=True)
    page = lab.open(lab.write("loops_dark.ipynb", NOTEBOOK))
    page.locator(".texts mark").first.wait_for()
    page.locator(".texts").first.scroll_into_view_if_needed()
    lab.shoot("loops_dark")
    assert lab.console == []

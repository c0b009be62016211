import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %%
from course_utils import explore

explore.Speculation()
"""


@pytest.mark.full
@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.prove)])
def test_a_draft_is_changed_and_stopped_by_mouse_and_keyboard(open_lab, dark):
    lab = open_lab(dark=dark)
    page = lab.open(lab.write(f"speculation_{dark}.ipynb", NOTEBOOK))
    panel = page.locator(".nt-panel").first
    summary, stop = panel.locator(".summary"), panel.get_by_role("button", name="Stop")
    expect(summary).to_contain_text("1.5 ")  # the last dot of the curve
    expect(stop).to_be_hidden()
    lab.shoot(f"speculation{'_dark' * dark}")

    panel.locator(".marks > div").first.hover()
    expect(panel.locator(".tip")).to_contain_text("pass 1")
    panel.locator(".marks > div").first.focus()
    page.keyboard.press("ArrowRight")
    expect(panel.locator(".tip")).to_be_visible()
    panel.get_by_role("button", name="look up").click()
    expect(summary).to_contain_text("Draft look up")
    expect(stop).to_be_hidden()
    panel.locator(".noUi-handle").nth(1).focus()
    page.keyboard.press("ArrowRight")
    expect(summary).to_contain_text("5 ahead")
    stop.click()
    expect(panel.locator(".message")).to_contain_text("Stopped.")
    assert lab.errors() == []
    assert lab.console == []

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %%
from course_utils import explore

explore.Pipeline()
# %%
from course_utils.toys import NINE_WORDS

explore.Pipeline(NINE_WORDS)
"""


@pytest.mark.full
@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.prove)])
def test_a_stage_is_moved_and_the_die_falls_by_mouse_and_keyboard(open_lab, dark):
    lab = open_lab(dark=dark)
    page = lab.open(lab.write(f"pipeline_{dark}.ipynb", NOTEBOOK))
    panel = page.locator(".nt-panel").first
    summary = panel.locator(".summary")
    expect(summary).to_contain_text("÷T 0.80 → softmax → top-k 6 → top-p 0.90")

    panel.locator('.marks [data-key="top-p 0"]').click()
    panel.get_by_role("button", name="← Left").click()
    expect(summary).to_contain_text("÷T 0.80 → softmax → top-p 0.90 → top-k 6")
    panel.get_by_role("button", name="← Left").focus()
    page.keyboard.press("Enter")
    expect(summary).to_contain_text("÷T 0.80 → top-p 0.90 → softmax → top-k 6")
    panel.get_by_role("button", name="Usual").click()
    expect(summary).to_contain_text("softmax → top-k 6 → top-p 0.90")

    panel.get_by_role("button", name="Roll").click()
    expect(summary).to_contain_text("lands on")
    number = summary.inner_text().partition("The number ")[2].split()[0]
    panel.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    expect(summary).to_contain_text("÷T 0.85")
    assert f"The number {number} lands on" in summary.inner_text()
    panel.locator(".marks > [tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    expect(panel.locator(".tip")).to_be_visible()
    lab.shoot(f"pipeline{'_dark' * dark}")
    page.locator(".nt-panel").nth(1).scroll_into_view_if_needed()
    lab.shoot(f"pipeline_toy{'_dark' * dark}")
    assert lab.errors() == []
    assert lab.console == []

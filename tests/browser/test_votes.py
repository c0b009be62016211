import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %%
from course_utils import explore

explore.Votes(tries=8)
"""


@pytest.mark.full
@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.prove)])
def test_votes_fill_in_and_answer_to_mouse_and_keyboard(open_lab, dark):
    lab = open_lab(dark=dark)
    page = lab.open(lab.write(f"votes_{dark}.ipynb", NOTEBOOK))
    panel = page.locator(".nt-panel").first
    summary, texts = panel.locator(".summary"), panel.locator(".texts")
    expect(summary).to_contain_text("Over 24 sums")
    expect(panel.get_by_role("button", name="Stop")).to_be_hidden()
    lab.shoot(f"votes{'_dark' * dark}")

    first = summary.inner_text().partition(" = ")[0]
    panel.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    expect(summary).not_to_contain_text(first)
    panel.locator(".marks > div").first.focus()
    page.keyboard.press("ArrowRight")
    expect(panel.locator(".tip")).to_contain_text("of 8")
    page.keyboard.press("Enter")
    chosen = panel.locator(".marks > div").nth(1).get_attribute("data-key")
    expect(texts).to_contain_text(chosen)
    panel.locator(".marks > div").first.click()
    expect(texts).to_contain_text("right)")

    panel.get_by_role("button", name="answer alone").click()
    expect(summary).to_contain_text("answer alone")
    expect(summary).to_contain_text(re.compile("Over [0-9]+ sum"))
    assert lab.errors() == []
    assert lab.console == []

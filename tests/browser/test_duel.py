import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %%
from course_utils import explore

explore.Duel()
"""


@pytest.mark.full
@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.prove)])
def test_ten_rounds_are_played_by_mouse_and_keyboard(open_lab, dark):
    lab = open_lab(dark=dark)
    page = lab.open(lab.write(f"duel_{dark}.ipynb", NOTEBOOK))
    panel = page.locator(".nt-panel").first
    texts, summary = panel.locator(".texts"), panel.locator(".summary")
    go_on = panel.get_by_role("button", name="Next round")
    expect(texts).to_contain_text("Which one is human?")
    lab.shoot(f"duel{'_dark' * dark}")
    for number in range(1, 11):
        expect(texts).to_contain_text(f"Round {number} of 10")
        pick = panel.get_by_role("button", name=f"{'AB'[number % 2]} is human")
        if number % 3:
            pick.click()
        else:
            pick.focus()
            page.keyboard.press("Enter")
        expect(texts).to_contain_text("(sampler)")
        expect(summary).to_contain_text(f"of {number} right")
        if number < 10:
            go_on.click()
    expect(summary).to_contain_text("Perplexity over all rounds")
    panel.locator(".marks > div").first.focus()
    page.keyboard.press("ArrowRight")
    expect(panel.locator(".tip")).to_contain_text("round 2")
    lab.shoot(f"duel_end{'_dark' * dark}")
    panel.get_by_role("button", name="New duel").click()
    expect(texts).to_contain_text("Round 1 of 10")
    assert lab.errors() == []
    assert lab.console == []

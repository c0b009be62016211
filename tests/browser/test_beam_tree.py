import pytest

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %%
from course_utils import explore
from course_utils.toys import GREEDY_LOSES

explore.BeamTree("The little girl saw a")
# %%
explore.BeamTree(GREEDY_LOSES, num_beams=1, depth=2)
"""


@pytest.mark.full
def test_the_tree_answers_to_keys(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("beam_tree.ipynb", NOTEBOOK))
    picture, summary = page.locator(".nt-picture .image"), page.locator(".summary")
    summary.first.get_by_text("3 beams, 4 steps").wait_for()
    lab.shoot("beam_tree")
    old = picture.first.inner_html()
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    summary.first.get_by_text("4 beams, 4 steps").wait_for()
    assert picture.first.inner_html() != old

    page.get_by_role("button", name="Show as text").first.click()
    page.locator(".outline pre").first.get_by_text("WINNER").wait_for()
    page.locator(".noUi-handle").nth(3).focus()
    page.keyboard.press("ArrowRight")
    summary.nth(1).get_by_text("2 beams, 2 steps").wait_for()
    assert "the winner is '␣dog␣barked'" in summary.nth(1).inner_text()
    summary.nth(1).scroll_into_view_if_needed()
    lab.shoot("beam_tree_toy")
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.prove
def test_the_tree_can_be_read_in_the_dark(open_lab):
    lab = open_lab(dark=True)
    page = lab.open(lab.write("beam_tree_dark.ipynb", NOTEBOOK))
    page.locator(".summary").first.get_by_text("3 beams").wait_for()
    page.get_by_role("button", name="Show as text").first.click()
    page.locator(".outline pre").first.get_by_text("WINNER").wait_for()
    page.locator(".outline").first.scroll_into_view_if_needed()
    lab.shoot("beam_tree_dark")
    assert lab.console == []

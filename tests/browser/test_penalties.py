import pytest

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %%
from course_utils import explore
from course_utils.toys import NINE_WORDS

explore.Penalties()
# %%
explore.Penalties(NINE_WORDS, "moves you forward forward moves you forward", no_repeat_ngram=2)
"""


@pytest.mark.full
def test_the_penalties_answer_to_keys(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("penalties.ipynb", NOTEBOOK))
    panel = page.locator(".nt-panel").first
    picture, summary = panel.locator(".nt-picture .image"), panel.locator(".summary")
    summary.get_by_text("Repetition penalty 1.2:").wait_for()
    panel.locator(".noUi-handle").nth(1).focus()
    lab.shoot("penalties")
    old = picture.inner_html()
    page.keyboard.press("ArrowRight")
    summary.get_by_text("Repetition penalty 1.25:").wait_for()
    assert picture.inner_html() != old

    old = picture.inner_html()
    panel.get_by_label("text", exact=True).fill(" The king, the king, the king, the")
    page.keyboard.press("Enter")
    summary.get_by_text("'␣queen' 39.8%").wait_for()
    assert picture.inner_html() != old

    old = picture.inner_html()
    panel.get_by_role("button", name="as APIs do").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "old => document.querySelector('.nt-picture .image').innerHTML !== old",
        arg=old,
    )
    chosen = panel.locator(".widget-toggle-buttons .mod-active").all_inner_texts()
    assert chosen == ["never"]
    toy = page.locator(".summary").nth(1)
    toy.scroll_into_view_if_needed()
    lab.shoot("penalties_toy")
    assert "2 of them banned" in toy.inner_text()
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.prove
def test_the_penalties_can_be_read_in_the_dark(open_lab):
    lab = open_lab(dark=True)
    page = lab.open(lab.write("penalties_dark.ipynb", NOTEBOOK))
    page.locator(".summary").first.get_by_text("Repetition penalty 1.2:").wait_for()
    page.locator(".summary").first.scroll_into_view_if_needed()
    lab.shoot("penalties_dark")
    assert lab.console == []

import re

import pytest

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %% [markdown]
# # The cut that moves
# %%
from course_utils import explore

explore.AdaptiveCutoff()
# %%
def mine(logits, p):
    probs, order = logits.softmax(-1).sort(descending=True)
    kept = probs.cumsum(-1) <= p
    kept[0] = True
    return logits.masked_fill(~kept[order.argsort()], -float("inf"))

explore.AdaptiveCutoff("The king said to his daughter, <b>$x$</b>", strategy=mine)
"""


def press(page, control: str, key: str) -> str:
    """Press a key on a slider of the first panel; returns the picture that it leads to."""
    image = page.locator(".nt-picture .image").first
    old = image.inner_html()
    slider = page.locator(".widget-slider", has=page.get_by_text(control, exact=True)).first
    slider.locator(".noUi-handle").focus()
    page.keyboard.press(key)
    page.wait_for_function(
        "old => document.querySelector('.nt-picture .image').innerHTML !== old",
        arg=old,
    )
    return image.inner_html()


@pytest.mark.full
def test_the_cutoff_follows_its_sliders(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("cutoff.ipynb", NOTEBOOK))
    summary = page.locator(".summary").first
    summary.locator("[role=status]").wait_for()
    assert "top-p 0.90 keeps 1 to" in summary.inner_text()

    press(page, "top_p", "ArrowLeft")
    page.wait_for_function(
        "() => document.querySelector('.summary').innerText.includes('top-p 0.89 keeps')",
    )
    before = int(re.search(r"\(step (\d+)\)", summary.inner_text())[1])
    press(page, "step", "ArrowRight")
    page.wait_for_function(
        "text => document.querySelector('.summary').innerText.includes(text)",
        arg=f"(step {before + 1})",
    )
    lab.shoot("cutoff")

    second = page.locator(".summary").nth(1)
    second.scroll_into_view_if_needed()
    assert "Your function differs from top-p" in second.inner_text()
    assert page.locator(".summary b").count() == 0
    lab.shoot("cutoff_function")
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.prove
def test_the_cutoff_can_be_read_in_the_dark(open_lab):
    lab = open_lab(dark=True)
    page = lab.open(lab.write("cutoff_dark.ipynb", NOTEBOOK))
    page.wait_for_selector(".summary [role=status]")
    assert page.locator("body").get_attribute("data-jp-theme-light") == "false"
    lab.shoot("cutoff_dark")
    assert lab.errors() == []
    assert lab.console == []

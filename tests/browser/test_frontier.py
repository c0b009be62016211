import pytest

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %% [markdown]
# # Likely or diverse
# %%
from course_utils import explore

explore.Frontier()
# %%
dull = [[("<b>a</b>", 0.5), ("$x$", 0.5)], [("$x$", 0.5), ("$x$", 0.5)]]
wild = [[("a", 0.2), ("b", 0.3)], [("c", 0.1), ("d", 0.2)]]
explore.Frontier({"dull": dull, "wild": wild})
"""


def starts(page, text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('.summary').innerText.startsWith(text)",
        arg=text,
    )


@pytest.mark.full
def test_a_setting_is_picked_and_more_texts_come_and_stop(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("frontier.ipynb", NOTEBOOK))
    page.wait_for_selector(".summary [role=status]")
    starts(page, "T 0: diversity")
    image = page.locator(".nt-picture .image").first
    old = image.inner_html()
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    starts(page, "T 0.3: diversity")
    assert image.inner_html() != old
    lab.shoot("frontier")

    said = page.locator(".summary").first.inner_text()
    page.get_by_role("button", name="More texts").click()
    page.wait_for_function(
        "text => document.querySelector('.summary').innerText !== text", arg=said
    )
    lab.shoot("frontier_more")
    page.get_by_role("button", name="Stop").first.click()
    page.locator(".message", has_text="Stopped.").wait_for()
    page.locator(".summary").first.scroll_into_view_if_needed()
    lab.shoot("frontier_stopped")
    page.locator(".summary").nth(1).scroll_into_view_if_needed()
    assert page.get_by_text("<b>a</b>$x$").count() > 0
    lab.shoot("frontier_toy")
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.prove
def test_the_frontier_can_be_read_in_the_dark(open_lab):
    lab = open_lab(dark=True)
    page = lab.open(lab.write("frontier_dark.ipynb", NOTEBOOK))
    page.wait_for_selector(".summary [role=status]")
    assert page.locator("body").get_attribute("data-jp-theme-light") == "false"
    lab.shoot("frontier_dark")
    assert lab.errors() == []
    assert lab.console == []

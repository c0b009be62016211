import pytest

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %% [markdown]
# # Probability traces
# %%
from course_utils import explore

explore.ProbabilityTrace()
# %%
explore.ProbabilityTrace({"<b>hand</b>": [("the", 0.4), (" $x$", 0.95), (" king", 0.2)]})
"""


def test_the_traces_follow_their_controls(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("trace.ipynb", NOTEBOOK))
    summary = page.locator(".summary").first
    summary.locator("[role=status]").wait_for()
    # Its texts are written behind the cell.
    page.wait_for_function(
        "() => !document.querySelector('.summary').innerText.includes('no text')"
    )
    page.get_by_role("button", name="Stop").first.wait_for(state="hidden")
    image = page.locator(".nt-picture .image").first
    assert "human −4.09" in summary.inner_text()
    old, said = image.inner_html(), summary.inner_text()
    slider = page.locator(".widget-slider", has=page.get_by_text("temperature", exact=True)).first
    slider.locator(".noUi-handle").focus()
    page.keyboard.press("PageDown")
    page.wait_for_function(
        """([src, text]) => document.querySelector('.nt-picture .image').innerHTML !== src
            && document.querySelector('.summary').innerText !== text""",
        arg=[old, said],
    )
    page.get_by_role("button", name="Stop").first.wait_for(state="hidden")
    assert summary.inner_text().split("sampled")[0] == said.split("sampled")[0]
    lab.shoot("trace")
    summary.scroll_into_view_if_needed()
    lab.shoot("trace_texts")
    page.locator(".summary").nth(1).scroll_into_view_if_needed()
    assert page.get_by_text("<b>hand</b>").count() > 0
    lab.shoot("trace_toy")
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.full
def test_the_traces_can_be_read_in_the_dark(open_lab):
    lab = open_lab(dark=True)
    page = lab.open(lab.write("trace_dark.ipynb", NOTEBOOK))
    page.wait_for_selector(".summary [role=status]")
    assert page.locator("body").get_attribute("data-jp-theme-light") == "false"
    lab.shoot("trace_dark")
    assert lab.errors() == []
    assert lab.console == []

import pytest
from cases import at_least

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %% [markdown]
# # The explorer
# %%
from course_utils import explore
from course_utils.toys import NINE_WORDS

panel = explore.Distribution("Once upon a time")
panel
# %%
def mine(logits, temperature):
    return (logits / temperature).softmax(-1)

explore.Distribution(NINE_WORDS, function=mine, temperature=0.5)
"""

EVERY_KNOB = """\
# %%
from course_utils import explore
from course_utils.sampling import min_p, temperature, top_k, top_p

def mine(logits, t, k, p, m):
    logits = temperature(logits, t)
    return min_p(top_p(top_k(logits, k) if k else logits, p), m)

explore.Distribution(
    "The king said to his", knobs=("temperature", "top_k", "top_p", "min_p"), strategy=mine
)
"""


def picture(page) -> str:
    return page.locator(".nt-picture .image").first.inner_html()


def test_the_explorer_answers_to_keys_mouse_and_buttons(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("explorer.ipynb", NOTEBOOK))
    lab.shoot("explorer")
    page.wait_for_selector(".summary [role=status]", timeout=10_000)
    handle, summary = page.locator(".noUi-handle").first, page.locator(".summary").first
    old = picture(page)

    handle.focus()
    page.keyboard.press("ArrowRight")
    summary.get_by_text("Temperature 1.05").wait_for(timeout=20_000)
    assert picture(page) != old

    # A quick pull over the whole slider: the last value is the one that stays.
    box, track = handle.bounding_box(), page.locator(".noUi-base").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(track["x"] + track["width"] * (step % 20) / 20, y)
    page.mouse.move(track["x"] + track["width"] * 0.2, y)
    page.mouse.up()
    page.wait_for_timeout(300)
    lab.wait_until_idle()
    shown = float(page.locator(".widget-readout").first.inner_text())
    assert 0.5 <= shown <= 0.7
    page.wait_for_function(
        "value => document.querySelector('.summary').innerText.includes(`Temperature ${value}`)",
        arg=f"{shown:.2f}",
        timeout=5_000,
    )

    old = picture(page)
    page.get_by_role("button", name="Sample 100").first.click()
    summary.get_by_text("100 draws: ").wait_for(timeout=20_000)
    assert picture(page) != old
    counted = summary.inner_text().split("100 draws: ")[1].split(".")[0]
    assert sum(int(part.rsplit(" ", 1)[1]) for part in counted.split(", ")) == 100

    page.get_by_role("button", name="Show the code").first.click()
    page.wait_for_selector(".code pre")
    lab.shoot("explorer_after")
    page.locator(".noUi-handle").nth(1).scroll_into_view_if_needed()
    page.locator(".summary").nth(1).scroll_into_view_if_needed()
    lab.shoot("explorer_function")
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.parametrize("dark", at_least(True, of=[True, False]), ids=["dark", "light"])
def test_every_knob_cuts_shows_its_code_and_can_be_read(open_lab, dark):
    lab = open_lab(dark)
    page = lab.open(lab.write("knobs.ipynb", EVERY_KNOB))
    assert page.locator("body").get_attribute("data-jp-theme-light") == str(not dark).lower()
    summary, handles = page.locator(".summary"), page.locator(".noUi-handle")
    says = ""
    for i, (keys, now) in enumerate(
        [
            (["ArrowLeft"] * 4, "Temperature 0.80, top_k off, top_p 1.00, min_p 0.00"),
            (["PageUp"], "top_k 5"),
            (["ArrowLeft"] * 5, "top_p 0.95"),
            (["ArrowRight"] * 8, "min_p 0.08"),
        ]
    ):
        handles.nth(i).focus()
        for key in keys:
            page.keyboard.press(key)
        summary.get_by_text(now).wait_for(timeout=20_000)
        assert summary.inner_text() != says
        says = summary.inner_text()
        assert "Your function agrees with the reference." in says
    page.get_by_role("button", name="Show the code").press("Enter")
    page.locator(".code pre").get_by_text("logits = min_p(logits, 0.08)").wait_for(timeout=20_000)
    page.get_by_role("button", name="your own").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.innerText") == "creative"
    page.keyboard.press("Space")
    summary.get_by_text("Temperature 1.00, top_k off, top_p 0.95, min_p 0.00").wait_for()
    handles.nth(3).press("PageUp")
    summary.get_by_text("min_p 0.05").wait_for(timeout=20_000)
    theme = "dark" if dark else "light"
    lab.shoot(f"explorer_{theme}")
    page.locator(".code pre").scroll_into_view_if_needed()
    lab.shoot(f"explorer_{theme}_below")
    assert lab.errors() == []
    assert lab.console == []

import re

import pytest

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


def picture(page, index: int = 0) -> str:
    return page.locator(".jp-OutputArea img").nth(index).get_attribute("src")


def wait_for_change(page, old: str, index: int = 0) -> str:
    page.wait_for_function(
        "([old, i]) => document.querySelectorAll('.jp-OutputArea img')[i].src !== old",
        arg=[old, index],
        timeout=20_000,
    )
    return picture(page, index)


def temperature(page, index: int = 0) -> float:
    text = page.locator(".summary").nth(index).inner_text()
    return float(re.search(r"Temperature ([\d.]+)", text)[1])


def test_the_explorer_answers_to_keys_mouse_and_buttons(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("explorer.ipynb", NOTEBOOK))
    lab.shoot("explorer")
    page.wait_for_selector(".summary [role=status]", timeout=10_000)
    handle = page.locator(".noUi-handle").first
    old = picture(page)

    handle.focus()
    page.keyboard.press("ArrowRight")
    old = wait_for_change(page, old)
    assert temperature(page) == 1.05

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
    old = wait_for_change(page, old)
    text = page.locator(".summary").first.inner_text()
    counted = text.split("100 draws: ")[1].split(".")[0]
    assert sum(int(part.rsplit(" ", 1)[1]) for part in counted.split(", ")) == 100

    page.get_by_role("button", name="Show the code").first.click()
    page.wait_for_selector(".code pre")
    lab.shoot("explorer_after")
    page.locator(".noUi-handle").nth(1).scroll_into_view_if_needed()
    page.locator(".summary").nth(1).scroll_into_view_if_needed()
    lab.shoot("explorer_function")
    assert lab.errors() == []
    assert lab.console == []


def test_the_explorer_can_be_read_in_the_dark(open_lab):
    lab = open_lab(dark=True)
    page = lab.open(lab.write("dark.ipynb", NOTEBOOK))
    page.wait_for_selector(".summary [role=status]", timeout=60_000)
    assert page.locator("body").get_attribute("data-jp-theme-light") == "false"
    lab.shoot("explorer_dark")

import json
import re

import pytest

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %% [markdown]
# # The playground
# %%
from course_utils import explore
from course_utils.generate import Settings

explore.Playground("Once upon a time", settings=Settings(temperature=0.8))
"""

TOY = """\
# %%
from course_utils import explore
from course_utils.toys import CAT

explore.Playground(CAT, max_new_tokens=20)
"""

OWN = """\
# %%
import time
from course_utils import explore, sampling

def slow(logits, ids):
    time.sleep(0.05)
    return sampling.top_k(logits, 5)

panel = explore.Playground("The king", process=slow, samples=2, max_new_tokens=8)
panel
"""


def summary(page) -> str:
    return page.locator(".summary").first.inner_text()


def wait_for_summary(page, says: str) -> str:
    page.wait_for_function(
        "says => document.querySelector('.summary')?.innerText.includes(says)",
        arg=says,
    )
    return summary(page)


def readout(page) -> str:
    """What the page shows of the token that has the focus."""
    return page.evaluate("() => getComputedStyle(document.activeElement, '::after').content")


def test_a_learner_generates_saves_and_compares_with_the_keyboard(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("playground.ipynb", NOTEBOOK))
    first = wait_for_summary(page, "3 texts of 40 tokens at temperature 0.8:")
    cards = page.locator(".playground .card")
    assert cards.count() == 3
    lab.shoot("playground")

    save = page.get_by_role("button", name="Save as A")
    save.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".message >> text=Saved as A")

    handle = page.locator(".noUi-handle").first
    handle.focus()
    page.keyboard.press("ArrowRight")  # the texts follow at once
    moved = wait_for_summary(page, "3 texts of 40 tokens at temperature 0.85:")
    assert moved != first and re.search(r"\d+ of 120 tokens changed", moved)
    assert page.locator(".playground .card .changed").count() > 0
    prompt = page.get_by_label("prompt")
    prompt.focus()
    page.keyboard.press("Enter")  # the same prompt again, with the knobs as they are now
    # Written once more, they are new texts, of which nothing has changed; and no more will come.
    page.wait_for_function(
        "() => /0\\.85:(?!.*changed)/s.test(document.querySelector('.summary').innerText)"
    )
    assert wait_for_summary(page, "3 texts of 40 tokens at temperature 0.85:") != first

    # The tokens of a text are one stop for Tab, and the arrow keys go along them.
    page.locator(".playground [tabindex='0']").first.focus()
    assert re.match(r'"\'.+\': [\d.]+%, rank \d+\. Others: ', readout(page))
    one = readout(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert readout(page) != one and "rank" in readout(page)
    assert page.locator(".playground [tabindex='0']").count() == 3
    page.locator(".summary").scroll_into_view_if_needed()
    lab.shoot("playground_token")
    page.keyboard.press("Enter")
    page.wait_for_selector(".choice-line >> text=Text 1, token 3, ")
    page.wait_for_selector(".choice .nt-picture svg")
    lab.shoot("playground_choice")
    page.locator(".card").nth(1).locator("[tabindex]").nth(4).click()
    page.wait_for_selector(".choice-line >> text=Text 2, token 5, ")
    page.locator(".choice .nt-picture svg").wait_for()

    page.get_by_role("button", name="Compare with A").click()
    text = wait_for_summary(page, "B: 3 texts of 40 tokens at temperature 0.85:")
    assert text.startswith("A: 3 texts of 40 tokens at temperature 0.8:")
    assert page.locator(".playground section").count() == 2 and cards.count() == 6
    page.get_by_role("button", name="Show the code").first.click()
    page.wait_for_selector(".code pre >> text=Settings(temperature=0.85)")
    page.get_by_role("button", name="Compare with A").scroll_into_view_if_needed()
    lab.shoot("playground_compare")
    assert lab.errors() == []
    assert lab.console == []

    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1000)
    cells = json.loads((lab.folder / "playground.ipynb").read_text())["cells"]
    kept = cells[1]["outputs"][0]["data"]
    assert "image/png" in kept and "".join(kept["text/plain"]) == first


@pytest.mark.full
def test_a_table_writes_with_a_preset_that_the_keyboard_chose(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("playground_toy.ipynb", TOY))
    wait_for_summary(page, "tokens at temperature 1:")
    page.get_by_label("prompt").focus()
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.innerText") == "deterministic"
    page.keyboard.press("Enter")
    text = wait_for_summary(page, "3 texts of 20 tokens at temperature 0 (greedy):")
    assert page.locator(".widget-toggle-buttons .mod-active").inner_text() == "deterministic"
    assert "3 of 3 end in a loop" in text
    lab.shoot("playground_toy")
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.full
def test_stop_ends_a_slow_text_while_the_kernel_stays_free(open_lab):
    lab = open_lab(dark=True)
    page = lab.open(lab.write("playground_own.ipynb", OWN))
    text = wait_for_summary(page, "2 texts of 8 tokens by slow:")
    assert "slow parts from the knobs in text" in text
    tokens = page.get_by_label("tokens")
    tokens.fill("200")
    tokens.press("Enter")
    page.get_by_role("button", name="Generate").click()
    wait_for_summary(page, "Writing 2 texts of up to 200 tokens")
    page.wait_for_function("() => document.querySelectorAll('.playground .card span').length > 60")
    lab.shoot("playground_running")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector(".message >> text=Stopped.")
    assert re.search(r"2 texts of \d+ tokens at temperature 1: ", summary(page))
    lab.shoot("playground_dark")
    assert lab.errors() == []
    assert lab.console == []

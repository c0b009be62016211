"""What every explorer's picture has in the page: sharp text, the theme's colours, choice, room."""

import io

import numpy as np
import pytest
from cases import at_least
from PIL import Image
from playwright.sync_api import Browser, Page

from course_utils.explore.picture import CSS

pytestmark = pytest.mark.browser

EXPLORERS = {
    "Distribution": 'explore.Distribution("The king said to his", knobs=("temperature", "top_p"))',
    "AdaptiveCutoff": "explore.AdaptiveCutoff()",
    "Penalties": "explore.Penalties()",
    "BeamTree": "explore.BeamTree()",
    "Loops": "explore.Loops(length=40)",
    "ProbabilityTrace": "explore.ProbabilityTrace(length=20)",
    "Frontier": "explore.Frontier()",
    "Pipeline": "explore.Pipeline()",
    "Votes": "explore.Votes(tries=4)",
    "Speculation": "explore.Speculation()",
    "Duel": "explore.Duel()",
    "Playground": "explore.Playground(max_new_tokens=40)",
    "Chart": 'explore.Chart(x="x", y="y").says("An empty chart.")',
}
PICTURES = [name for name in EXPLORERS if name != "Playground"]

CELLS = """\
# %%
from course_utils import explore
{call}
# %% [markdown]
# **Predict.** Which one is drawn most often?
"""

# Of each text in a picture: its colour and that of the ground, as 0 to 255.
CONTRASTS = """() => {
    const rgb = color => color.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const light = color => rgb(color).map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    return [...document.querySelectorAll('.nt-picture svg')].flatMap(svg => {
        const of = name => light(getComputedStyle(svg.querySelector(name)).fill);
        return [...svg.querySelectorAll('text')].map(text => {
            const ink = light(getComputedStyle(text).fill);
            // What is written in the colour of the page stands on what is kept.
            const ground = of(text.matches('.t-paper') ? '.f-kept' : '.f-paper');
            return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        });
    });
}"""

# What sticks out of the page, and labels that are cut.
CLIPPED = """() => {
    const panel = document.querySelector('.nt-panel');
    const right = panel.closest('.jp-OutputArea-output').getBoundingClientRect().right;
    const wide = [...panel.querySelectorAll('*')].filter(
        node => node.getBoundingClientRect().right > right + 1);
    const cut = [...panel.querySelectorAll('.widget-label, button, .widget-readout')].filter(
        node => node.offsetParent && node.scrollWidth > node.clientWidth + 1);
    return [...wide, ...cut].map(node => node.outerHTML.slice(0, 120));
}"""

BOX = """selector => {
    const box = document.querySelector(selector).getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom];
}"""

SEEN = """() => {
    const box = document.querySelector('.jp-WindowedPanel-outer, .jp-Notebook')
        .getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom];
}"""


def show(lab, name: str, call: str) -> Page:
    page = lab.open(lab.write(f"picture_{name}.ipynb", CELLS.format(call=call)))
    page.wait_for_selector(".nt-picture svg, .playground .card")
    page.wait_for_function("() => !document.querySelector('.nt-panel .progress')?.offsetParent")
    return page


def change_theme(page: Page, name: str) -> None:
    page.evaluate(
        "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})",
        f"JupyterLab {name}",
    )
    light = str(name == "Light").lower()
    page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
    page.wait_for_selector("#jupyterlab-splash", state="detached")


def pixels(page: Page) -> np.ndarray:
    shot = page.locator(".nt-picture svg").first.screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("L"), dtype=float)


def at_scale(browser: Browser, scale: int, svg: str, light: bool) -> np.ndarray:
    """The picture on a screen with so many dots a pixel of the page."""
    context = browser.new_context(
        viewport={"width": 700, "height": 800}, device_scale_factor=scale, offline=True
    )
    page = context.new_page()
    body = f'<body data-jp-theme-light="{str(light).lower()}">'
    page.set_content(f'<style>{CSS}</style>{body}<div class="nt-picture">{svg}</div>')
    seen = pixels(page)
    context.close()
    return seen


def sharpness(grey: np.ndarray) -> float:
    """How large the steps between neighbours are where there are any."""
    steps = abs(np.diff(grey, axis=1))
    return float(np.quantile(steps[steps > 8], 0.9))


@pytest.mark.parametrize("name", at_least("Distribution", of=PICTURES))
def test_text_is_text_sharp_at_any_scale_and_readable_in_both_themes(open_lab, browser, name):
    lab = open_lab()
    page = show(lab, name, EXPLORERS[name])
    for theme in ("Light", "Dark", "Light"):
        change_theme(page, theme)  # at once: the kernel is not asked
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 5 and min(contrasts) >= 4.5
        mean = pixels(page).mean()
        assert mean > 200 if theme == "Light" else mean < 60
    assert page.locator(".nt-picture .image img, .nt-picture .image image").count() == 0
    svg = page.locator(".nt-picture .image").first.inner_html()
    for light in (True, False):
        once, twice = (at_scale(browser, scale, svg, light) for scale in (1, 2))
        rows, columns = once.shape
        halved = twice[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).mean(axis=(1, 3))
        assert abs(halved - once).mean() < 4  # the same picture
        # An image that was blown up would have steps half as large.
        assert sharpness(twice) > 0.8 * sharpness(once)
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.full
def test_marks_answer_the_mouse_and_the_keyboard(open_lab):
    lab = open_lab()
    page = show(lab, "marks", 'explore.AdaptiveCutoff("The king said to his daughter")')
    marks, tip, summary = (
        page.locator(part).first for part in (".marks", ".nt-picture .tip", ".summary")
    )
    assert not tip.is_visible()
    assert page.get_by_role("img", name="Temperature 1.00").count() == 1
    third = page.get_by_role("button", name="(step 3)")
    third.hover()
    assert tip.inner_text().splitlines()[0].endswith("(step 3)")
    assert "top-k 40, top-p" in tip.inner_text()
    inside, box = page.evaluate(BOX, ".nt-picture"), tip.bounding_box()
    assert inside[0] <= box["x"] and box["x"] + box["width"] <= inside[2] + 1
    third.click()
    summary.get_by_text("(step 3)").wait_for()

    # One stop for Tab, then the arrow keys; the focus stays while the picture is drawn anew.
    assert marks.locator("[tabindex='0']").count() == 1
    third.focus()
    page.keyboard.press("ArrowRight")
    assert "(step 4)" in tip.inner_text()
    page.keyboard.press("Enter")
    summary.get_by_text("(step 4)").wait_for()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    summary.get_by_text("(step 2)").wait_for()
    assert "(step 2)" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.full
def test_distribution_and_its_question_are_seen_without_scrolling(open_lab):
    lab = open_lab()
    lab.page.set_viewport_size({"width": 1280, "height": 720})
    page = show(lab, "window", EXPLORERS["Distribution"])
    for files in ("shown", "hidden"):  # beside the notebook, which is wider without them
        left, top, right, bottom = page.evaluate(SEEN)
        side, shown = (page.evaluate(BOX, part) for part in (".nt-controls", ".nt-picture svg"))
        for part in (side, shown, page.evaluate(BOX, ".jp-MarkdownOutput")):
            seen = left <= part[0] and top <= part[1] and part[2] <= right and part[3] <= bottom
            assert seen, files
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
        page.wait_for_timeout(500)
    assert side[2] <= shown[0] and abs(side[1] - shown[1]) < 10  # beside each other
    size = "() => parseFloat(getComputedStyle(document.querySelector('.nt-picture text')).fontSize)"
    text = page.locator(".nt-picture text[font-size='12.5']").first.bounding_box()
    assert text["height"] > 11, page.evaluate(size)  # dots of the screen
    assert page.evaluate(CLIPPED) == []


@pytest.mark.full
def test_playground_and_its_first_text_are_seen_without_scrolling(open_lab):
    lab = open_lab()
    lab.page.set_viewport_size({"width": 1280, "height": 720})
    page = show(lab, "ground", EXPLORERS["Playground"])
    left, top, right, bottom = page.evaluate(SEEN)
    for part in (".nt-controls", ".playground .card"):
        box = page.evaluate(BOX, part)
        assert left <= box[0] and top <= box[1] and box[2] <= right and box[3] <= bottom
    assert page.evaluate(CLIPPED) == []


@pytest.mark.full
@pytest.mark.parametrize(
    "name", at_least("Distribution", of=[n for n in EXPLORERS if n != "Chart"])
)
def test_nothing_is_cut_on_a_narrow_page_or_one_that_is_zoomed(open_lab, name):
    lab = open_lab()
    for width, height in ((700, 900), (1280 * 2 // 3, 720 * 2 // 3)):  # the second is 150%
        lab.page.set_viewport_size({"width": width, "height": height})
        page = show(lab, "narrow", EXPLORERS[name])
        assert page.evaluate(CLIPPED) == []
        if name != "Playground":
            controls, shown = (page.evaluate(BOX, p) for p in (".nt-controls", ".nt-picture"))
            assert controls[3] <= shown[1] + 1  # below each other
        lab.shoot(f"narrow_{name}_{width}")
    assert lab.errors() == []
    assert lab.console == []

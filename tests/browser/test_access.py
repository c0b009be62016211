"""For everyone: the static pages under axe, and module 04 in JupyterLab by keyboard alone."""

import json

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from bank import MODULES, Module
from cases import at_least
from playwright.sync_api import Locator, Page, TimeoutError

from course_utils.author.gallery import panels

pytestmark = pytest.mark.browser
PAGES = ["index", "references", *MODULES]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", at_least("index", "04_top_p", of=PAGES))
def test_axe_finds_nothing_serious_on_a_static_page(name, scheme, lesson_pages, browser):
    (path,) = (path for path in lesson_pages if path.stem == name)
    context = browser.new_context(color_scheme=scheme, offline=True)
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(path.as_uri())
    found = [
        f"{rule['help']}: {rule['nodes'][0]['html'][:200]}"
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
    context.close()
    assert found == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]


LIVE = """\
# %%
from course_utils import explore
from course_utils.generate import Settings

panel = explore.Distribution("Once upon a time", knobs=["temperature", "top_p"], chosen=[441])
panel.at(pin=True, find="dragon", show_code=True)
# %%
explore.Playground(samples=1, max_new_tokens=5, knobs=["temperature"])
""" + "".join(
    f"# %%\nexplore.{name}()\n" for name in panels() if name not in ("Distribution", "Playground")
)


@pytest.mark.full
@pytest.mark.parametrize("dark", at_least(True, of=[True, False]), ids=["dark", "light"])
def test_axe_finds_nothing_serious_on_live_panels(open_lab, dark):
    lab = open_lab(dark)
    page = lab.open(lab.write("live.ipynb", LIVE))
    page.wait_for_selector(".playground .card")
    panels = page.locator(".nt-panel")
    for i in range(panels.count()):
        panels.nth(i).get_by_role("button", name="Copy this setting").click()
        panels.nth(i).get_by_label("code of this setting").wait_for()
    # Of the page around the panels only Lab can answer.
    found = [
        f"{rule['help']}: {rule['nodes'][0]['html'][:200]}"
        for rule in Axe().run(page, context=".nt-panel").response["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
    assert found == []
    assert page.locator(".noUi-handle").first.get_attribute("aria-valuetext") == "1.00"
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.prove
def test_axe_sees_every_static_page(lesson_pages):
    assert {path.stem for path in lesson_pages} == set(PAGES)


ACTIVE = "window.jupyterapp.shell.currentWidget.content.activeCell"
EXPLORER = 'explore.Distribution("The king said to his"'


def press_until(page: Page, key: str, condition: str, most: int = 150) -> None:
    """Press a key again and again, until a condition in JavaScript holds. It only looks."""
    for _ in range(most):
        if page.evaluate(condition):
            return
        page.keyboard.press(key)
        page.wait_for_timeout(60)  # as fast as a held key repeats
    focused = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    pytest.fail(f"{most} times {key} did not bring {condition}; the focus is on {focused}")


def command(page: Page, name: str) -> None:
    """Choose a command in Lab's palette; again if something else took the focus from it."""
    found = page.locator(".lm-CommandPalette-item.lm-mod-active").filter(has_text=name)
    in_palette = "document.activeElement.closest('.lm-CommandPalette')"
    for _ in range(5):
        page.keyboard.press("Control+Shift+C")
        try:
            page.wait_for_function(in_palette, timeout=20_000)
            page.keyboard.type(name)
            found.wait_for(timeout=20_000)
            break
        except TimeoutError:
            page.keyboard.press("Escape")
    else:
        pytest.fail(f"the palette does not show {name!r}")
    page.keyboard.press("Enter")


def cell_is(start: str) -> str:
    return f"{ACTIVE}.model.sharedModel.source.startsWith({json.dumps(start)})"


def presses_move(page: Page, keys: list[str], summary: Locator, picture: Locator) -> None:
    """The keys change what the summary says, and the picture with it."""
    said, seen = summary.inner_text(), picture.inner_html()
    for key in keys:
        page.keyboard.press(key)
    node = summary.element_handle()
    page.wait_for_function("([node, said]) => node.innerText !== said", arg=[node, said])
    node = picture.element_handle()
    page.wait_for_function("([node, seen]) => node.innerHTML !== seen", arg=[node, seen])


@pytest.mark.prove
def test_module_04_by_keyboard_alone(open_lab):
    lab = open_lab()
    page, keyboard = lab.page, lab.page.keyboard
    # As `course lab` opens it, on another notebook.
    lab.open("00_start_here/00_start_here.ipynb", run=False)

    command(page, "Open from Path")
    page.wait_for_function("document.activeElement.closest('.jp-Dialog')")
    keyboard.type("04_top_p/04_top_p.ipynb")
    keyboard.press("Enter")
    page.wait_for_function(f"{ACTIVE}?.model.sharedModel.source.startsWith('# Top-p')")
    lab.wait_until_ready()
    command(page, "Run All Cells")
    lab.wait_until_run()
    assert lab.errors() == []

    press_until(page, "ArrowUp", cell_is(EXPLORER))
    panel = page.locator(".jp-Cell.jp-mod-active .nt-panel")
    summary, picture = panel.locator(".summary"), panel.locator(".nt-picture .image").first
    press_until(page, "Tab", "document.activeElement.matches('.noUi-handle')")
    presses_move(page, ["ArrowLeft"] * 10, summary, picture)
    press_until(page, "Tab", "document.activeElement.innerText === 'Sample 100'")
    presses_move(page, ["Enter"], summary, picture)

    press_until(page, "Shift+Tab", "document.activeElement.matches('.jp-Cell')")
    press_until(page, "ArrowDown", cell_is("answer_digits"))
    keyboard.press("Enter")
    page.wait_for_function("document.activeElement.matches('.cm-content')")
    keyboard.press("Control+Home")
    for _ in range(len('answer_digits = "')):
        keyboard.press("ArrowRight")
    keyboard.type("B")
    keyboard.press("Escape")
    page.wait_for_function(
        f"""{ACTIVE}.model.sharedModel.source.startsWith('answer_digits = "B"')"""
    )
    keyboard.press("Control+s")
    page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    saved = nbformat.read(lab.folder / "04_top_p/04_top_p.ipynb", as_version=4)
    assert any(cell.source.startswith('answer_digits = "B"') for cell in saved.cells)

    press_until(page, "ArrowDown", cell_is("check.score_button()"))
    press_until(page, "Tab", "document.activeElement.innerText === 'Score my answers'")
    keyboard.press("Enter")
    most = sum(Module("04_top_p").worth().values())
    page.get_by_text(f"1 of {most:g} points").wait_for()
    lab.shoot("keyboard")
    assert lab.console == []

"""Each module as a learner with all the right answers sees it."""

import nbformat
import pytest
from bank import MODULES, SOURCES, Module
from cases import at_least

from course_utils.author.notebook import source_notebook

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", at_least("00_start_here", of=MODULES))
def test_every_cell_runs_a_slider_answers_and_all_points_are_given(name, open_lab):
    lab = open_lab()
    answered = lab.folder / "answered" / f"{name}.ipynb"
    answered.parent.mkdir(exist_ok=True)
    nbformat.write(source_notebook(SOURCES / name / f"{name}.py"), answered)
    page = lab.open(f"answered/{name}.ipynb")
    assert lab.errors() == []

    panel = page.locator(".nt-panel:has(.noUi-handle)").first
    panel.scroll_into_view_if_needed()
    shown = panel.locator(".nt-picture .image, .playground").first
    summary = panel.locator(".summary")
    old, said = shown.inner_html(), summary.inner_text()
    # A knob may have nothing to say alone, such as how far back a penalty that is off looks.
    for handle in panel.locator(".noUi-handle").all():
        at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        handle.focus()
        page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
        page.wait_for_timeout(1000)
        if summary.inner_text() != said:
            break
    page.wait_for_function(
        "([node, said]) => node.innerText !== said",
        arg=[summary.element_handle(), said],
    )
    assert shown.inner_html() != old
    lab.shoot(name)

    lab.scroll_to("check.score_button()")
    page.get_by_role("button", name="Score my answers").click()
    most = sum(Module(name).worth().values())
    page.get_by_text(f"{most:g} of {most:g} points").wait_for()
    lab.shoot(f"{name}_score")
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.prove
def test_the_released_module_never_stops_a_learner(open_lab):
    lab = open_lab()
    page = lab.open("02_temperature/02_temperature.ipynb")
    assert page.locator(".jp-Dialog").count() == 0
    assert lab.errors() == []
    lab.shoot("module_02_opened")
    lab.scroll_to("check.score_button()")
    page.get_by_role("button", name="Score my answers").click()
    most = sum(Module("02_temperature").worth().values())
    page.get_by_text(f"0 of {most:g} points").wait_for()
    assert lab.console == []

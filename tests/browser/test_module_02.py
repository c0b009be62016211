"""Module 02 as a learner with all the right answers sees it."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

SOURCE = Path(__file__).resolve().parents[2] / "quizzes/source/02_temperature/02_temperature.py"


def test_every_cell_runs_and_the_slider_and_the_draws_answer(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("answered/02_temperature.ipynb", SOURCE.read_text("utf-8")))
    assert lab.errors() == []

    panel = page.locator(".widget-vbox:has(> .summary)").first
    panel.scroll_into_view_if_needed()
    lab.shoot("module_02")
    picture, summary = panel.locator("img"), panel.locator(".summary")
    old = picture.get_attribute("src")
    assert "Temperature 1.00" in summary.inner_text()
    panel.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    summary.get_by_text("Temperature 1.05").wait_for(timeout=20_000)
    assert picture.get_attribute("src") != old

    panel.get_by_role("button", name="Sample 100").click()
    summary.get_by_text("100 draws: ").wait_for(timeout=20_000)
    counts = re.findall(r" (\d+)(?=[,.])", summary.inner_text().split("100 draws:")[1])
    assert sum(map(int, counts)) == 100
    summary.scroll_into_view_if_needed()
    lab.shoot("module_02_drawn")

    lab.scroll_to("check.score_button()")
    page.get_by_role("button", name="Score my answers").click()
    page.get_by_text("17 of 17 points").wait_for(timeout=60_000)
    lab.shoot("module_02_score")
    assert lab.errors() == []
    assert lab.console == []


def test_the_released_module_never_stops_a_learner(open_lab):
    lab = open_lab()
    page = lab.open("02_temperature/02_temperature.ipynb")
    assert page.locator(".jp-Dialog").count() == 0
    assert lab.errors() == []
    lab.shoot("module_02_opened")
    lab.scroll_to("check.score_button()")
    page.get_by_role("button", name="Score my answers").click()
    page.get_by_text("0 of 17 points").wait_for(timeout=60_000)
    assert lab.console == []

"""The SVG of a picture, and the widget that shows it."""

import itertools
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from drawn import boxes, check_texts, said
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from course_utils import explore
from course_utils.explore.chart import Chart
from course_utils.explore.picture import CSS, LivePicture
from course_utils.explore.plots import look
from course_utils.explore.plots.look import PALETTE
from course_utils.explore.plots.style import Picture, in_lines, shortened, width
from course_utils.explore.still import still, still_chart

PATH = "{http://www.w3.org/2000/svg}path"
PICTURES = [name for name in explore.__all__ if name not in ("Chart", "Playground")]


def paths(picture: Picture) -> list[ET.Element]:
    return list(ET.fromstring(picture.svg()).iter(PATH))


def contrast(one: str, other: str) -> float:
    """As WCAG has it, from 1 to 21."""

    def light(color: str) -> float:
        rgb = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
        return float(np.dot(rgb, (0.2126, 0.7152, 0.0722)))

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(scope="module")
def panels(storyteller):
    made = {name: getattr(explore, name)() for name in PICTURES}
    for panel in made.values():
        if panel.job:
            panel.job.join()
    yield made
    for panel in made.values():
        panel.close()


# The palette


def test_all_text_can_be_read_and_data_tell_apart_in_the_light_and_in_the_dark():
    written = {look.READABLE.get(color, color) for color in PALETTE} - {look.PAPER}
    written -= {look.CUT, look.GRID}  # no text is written in these
    for scheme in (0, 1):
        shade = {light: (light, dark)[scheme] for light, (_, dark) in PALETTE.items()}
        paper = shade[look.PAPER]
        assert all(contrast(shade[color], paper) >= 4.5 for color in written)
        assert all(contrast(shade[color], paper) >= 3 for color in (look.KEPT, look.DRAWN))
        colors = [shade[color] for color in (look.KEPT, look.CUT, look.DRAWN)]
        grey = sorted(np.dot(to_rgb(color), (0.299, 0.587, 0.114)) for color in colors)
        assert min(np.diff(grey)) > 0.2


def test_the_style_sheet_has_every_colour_in_both_schemes():
    for light, (name, dark) in PALETTE.items():
        assert f"--nt-{name}:{light};" in CSS and CSS.count(f"--nt-{name}:{dark};") >= 2
        assert f".nt-picture .f-{name}, .nt-picture .t-{name} {{ fill: var(--nt-{name}); }}" in CSS


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_text_in_colours_of_the_palette_and_small(panels, name):
    panel = panels[name]
    source = panel.image.value
    assert len(said(source)) > 15
    check_texts(source)
    shades = re.findall(r'(?:fill="|stroke:)(#\w+)', source)
    assert shades == [] and not re.search(r'\bid="|url\(|href=', source)
    sent = len(source) + len(json.dumps(panel.image.marks))
    assert sent < 25_000
    assert panel.picture.svg() == source  # the same bytes each time


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_what_is_marked_lies_in_the_picture_and_says_numbers(panels, name):
    marks = panels[name].image.marks
    assert (len(marks) > 5 or name == "Duel") and len({key for key, *_ in marks}) == len(marks)
    for _, says, left, top, wide, high in marks:
        assert re.search(r"\d|where the search starts", says) and "-0" not in says
        assert 0 <= left < left + wide <= 100.01 and 0 <= top < top + high <= 100.01
    for (*_, a), (*_, b) in itertools.combinations([(m, m[2:]) for m in marks], 2):
        apart = a[0] + a[2] <= b[0] + 0.02 or b[0] + b[2] <= a[0] + 0.02
        apart |= a[1] + a[3] <= b[1] + 0.02 or b[1] + b[3] <= a[1] + 0.02
        assert apart or name == "Frontier"  # dots may lie on each other


# The writer


def test_texts_are_held_at_the_end_that_is_aligned_and_stay_text():
    picture = Picture(1)
    for ha, x in (("left", 0.1), ("center", 0.5), ("right", 0.9)):
        picture.text(x, 0.5, f"<b>$x_1$ & {ha}", ha=ha)
    assert said(picture.svg()) == [f"<b>$x_1$ & {ha}" for ha in ("left", "center", "right")]
    for wider in (0.8, 1.2):
        found = {text.split()[-1]: box for text, box in boxes(picture.svg(), wider)}
        assert found["left"].x0 == pytest.approx(60, abs=0.1)
        assert (found["center"].x0 + found["center"].x1) / 2 == pytest.approx(300, abs=0.1)
        assert found["right"].x1 == pytest.approx(540, abs=0.1)


def test_an_upright_text_hangs_from_its_top():
    picture = Picture(2)
    picture.text(0.5, 0.9, "token").set(rotation=90, ha="center", va="top")
    for wider in (0.8, 1.2):
        ((_, box),) = boxes(picture.svg(), wider)
        assert box.y0 == pytest.approx(20, abs=0.2) and box.y1 > 45
        assert box.x0 < 300 < box.x1


def test_lines_and_bars_end_where_the_axes_do():
    chart = Chart(x="x", y="y")
    chart.axes.set(xlim=(0, 1), ylim=(0, 1))
    chart.axes.plot([-5, 0.5, 9], [0.5, 0.5, 0.5], color=look.KEPT)
    chart.axes.add_patch(Rectangle((0.5, 0.5), 99, 0.1, color=look.DRAWN))
    right = chart.axes.bbox.x1
    drawn = [p for p in paths(chart) if "kept" in p.get("style", "") + p.get("class", "")]
    drawn += [p for p in paths(chart) if p.get("class") == "f-drawn"]
    assert len(drawn) == 2
    for path in drawn:
        numbers = [float(x) for x in re.findall(r"-?[\d.]+", path.get("d"))]
        assert max(numbers[::2]) <= right + 1.1 and min(numbers) >= 0


@pytest.mark.parametrize("marker", ["o", "s", "D", "x", "*", "^"])
def test_markers_stand_where_their_numbers_are(marker):
    chart = Chart(x="x", y="y")
    chart.axes.plot([0, 1, 2], [0, 1, 4], marker, color=look.DRAWN)
    drawn = paths(chart)
    at = chart.axes.transData.transform((1, 1))
    source = " ".join(p.get("d") for p in drawn if "drawn" in ET.tostring(p, "unicode"))
    points = re.findall(r"(-?[\d.]+) (-?[\d.]+)", source)
    away = [
        np.hypot(float(x) - at[0], chart.figure.bbox.height - float(y) - at[1]) for x, y in points
    ]
    assert min(away) < 8


def test_a_hatched_bar_is_crossed_by_lines_that_stay_inside():
    picture = Picture(1)
    hatched = {"hatch": "////", "facecolor": look.CUT, "edgecolor": look.EDGE}
    picture.figure.add_artist(Rectangle((0.25, 0.25), 0.5, 0.5, **hatched))
    *_, hatch = paths(picture)
    numbers = [float(x) for x in re.findall(r"-?[\d.]+", hatch.get("d"))]
    assert len(numbers) > 40
    assert min(numbers[::2]) >= 149 and max(numbers[::2]) <= 451
    assert min(numbers[1::2]) >= 24 and max(numbers[1::2]) <= 76


def test_a_long_line_is_shortened_and_a_key_takes_the_lines_it_needs():
    assert shortened("word", 100) == "word"
    assert width(shortened("W" * 99, 100)) <= 100
    lines = in_lines(["a" * 10, "b" * 10, "c" * 10], 200).split("\n")
    assert len(lines) == 2 and all(width(line, 8) <= 200 for line in lines)


# The widget


def test_the_page_hears_of_the_picture_once_and_the_kernel_of_each_choice(monkeypatch):
    picture, live = Picture(1), LivePicture()
    picture.text(0.1, 0.5, "said")
    picture.mark("a", "1.0", (0, 0, 60, 50))
    sent = []
    monkeypatch.setattr(live, "_send", lambda message, buffers=None: sent.append(message))
    live.show(picture)
    assert [set(message["state"]) for message in sent] == [{"value", "marks"}]
    assert live.marks == [["a", "1.0", 0.0, 0.0, 10.0, 50.0]]
    heard = []
    live.observe(lambda change: heard.append(change["new"]), "chosen")
    live.set_state({"chosen": ["a", 1]})
    live.set_state({"chosen": ["a", 2]})
    assert heard == [("a", 1), ("a", 2)]


def test_a_step_that_is_chosen_in_the_picture_is_looked_at(storyteller):
    panel = explore.AdaptiveCutoff("The king said to his daughter")
    assert panel.image.choosable
    panel.image.set_state({"chosen": ["2", 1]})
    assert panel.controls["step"].value == 2 and "(step 2)" in panel.text
    panel.close()


def test_a_dot_that_is_chosen_in_the_picture_is_picked():
    toys = {"one": [[("a", 0.5), ("b", 0.4)]], "two": [[("a", 0.2), ("b", 0.1)]]}
    panel = explore.Frontier(toys | {"human": [[("a", 0.1), ("b", 0.1)]]})
    panel.image.set_state({"chosen": ["two", 1]})
    assert panel.controls["setting"].value == "two"
    panel.image.set_state({"chosen": ["human", 2]})  # has no texts to look at
    assert panel.controls["setting"].value == "two"
    panel.close()


def test_a_page_without_a_kernel_has_the_same_svg():
    toys = {"one": [[("a", 0.5), ("b", 0.4)]]}
    panel = explore.Frontier(toys)
    assert panel.image.value in still(panel)
    chart = Chart(x="x", y="y").says('1 < 2 "so"')
    assert chart.svg() in still_chart(chart)
    assert 'aria-label="1 &lt; 2 &quot;so&quot;"' in still_chart(chart)
    panel.close()

"""Static pages: the lessons as learners get them, complete, offline, and without an answer."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils import explore
from course_utils.author.notebook import source_notebook
from course_utils.author.site import formula, html
from course_utils.author.source import HIDDEN, SOLUTION, inside, put
from course_utils.cli import ROOT
from course_utils.explore.still import still

PICTURE = ".nt-picture[role=img]"


@pytest.fixture(scope="module")
def pages(lesson_pages) -> dict[str, BeautifulSoup]:
    return {
        path.stem: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in lesson_pages
    }


def lessons(pages: dict[str, BeautifulSoup]) -> dict[str, BeautifulSoup]:
    return {name: page for name, page in pages.items() if name[0].isdigit()}


def cells(name: str) -> list[str]:
    notebook = nbformat.read(ROOT / "notebooks" / name / f"{name}.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.slow
def test_every_lesson_has_a_page_and_the_index_lists_them(pages):
    index = pages["index"]
    linked = [link["href"] for link in index.select(".lessons a")]
    assert linked == [f"{name}.html" for name in sorted(lessons(pages))]
    assert "Top-p" in index.get_text()
    assert not re.search(r"\[[a-z]+\d+\]", index.get_text())
    source = (ROOT / "quizzes" / "source" / "04_top_p" / "04_top_p.py").read_text("utf-8")
    assert re.search(r"About (\d+ minutes)", source)[1] in index.get_text()
    for name, page in pages.items():
        assert len(page.select("h1")) == 1, name


@pytest.mark.slow
def test_the_pages_hold_no_answer_and_no_hidden_test(pages):
    for name, page in lessons(pages).items():
        cells = source_notebook(ROOT / "quizzes" / "source" / name / f"{name}.py").cells
        sources = [cell.source for cell in cells]
        elsewhere = "\n".join(put(put(source, SOLUTION), HIDDEN) for source in sources)
        secrets = {
            line.strip()
            for source in sources
            for what in (SOLUTION, HIDDEN)
            for line in inside(source, what).split("\n")
            if len(line.strip()) > 15 and line.strip() not in elsewhere
        }
        assert len(secrets) > 5, name
        shown = page.get_text() + "".join(image["aria-label"] for image in page.select(PICTURE))
        assert [line for line in secrets if line in shown] == []
        assert "HIDDEN TESTS" not in shown
        assert "BEGIN SOLUTION" not in shown


@pytest.mark.slow
def test_every_explorer_and_chart_is_a_picture_with_its_summary(pages):
    made = re.compile(rf"explore\.({'|'.join(explore.__all__)})\(")
    for name, page in lessons(pages).items():
        calls = [call for cell in cells(name) for call in made.findall(cell)]
        images = page.select(PICTURE)
        assert len(images) == len(calls) - calls.count("Playground"), name
        for image in images:
            assert len(image["aria-label"]) > 20
            assert image["aria-label"] in image.parent.get_text()
            assert len(image.select("svg text")) > 5 and image.select("[id]") == []
        # The Playground is words already.
        grounds = page.select(".still:has(.playground)")
        assert len(grounds) == calls.count("Playground")
        for ground in grounds:
            assert len(ground.select("span[aria-description]")) >= 20
            assert "writing …" not in ground.get_text()
            assert "seed 0" in ground.get_text()


@pytest.mark.slow
def test_a_page_asks_for_nothing_but_itself_and_its_neighbours(pages, lesson_pages):
    for name, page in pages.items():
        assert page.select("script, link, iframe, object") == []
        assert all(image["src"].startswith("data:") for image in page.select("img"))
        assert "url(" not in page.style.string
        for link in page.select("a"):
            place, _, part = link["href"].partition("#")
            if not place.startswith(("http:", "https:")):
                target = pages[place.removesuffix(".html") or name]
                assert not part or target.find(id=part), f"{name}: {link['href']}"


@pytest.mark.slow
def test_formulas_are_laid_out_and_citations_lead_to_the_references(pages):
    top_p = pages["04_top_p"]
    assert len(top_p.select("math[display=block]")) == 1
    assert len(top_p.select("math[display=inline]")) == 1
    assert r"\sum" not in top_p.get_text()
    assert "$$" not in top_p.get_text()
    assert top_p.find("a", href="references.html#holtzman2020")
    assert pages["references"].find("strong", id="holtzman2020")


@pytest.mark.slow
def test_scored_cells_show_no_output(pages):
    assert "Not answered yet" not in pages["04_top_p"].get_text()


@pytest.mark.prove
def test_another_run_gives_the_same_bytes(lesson_pages, tmp_path):
    name = "04_top_p"
    course = a_course(tmp_path)
    shutil.copytree(ROOT / "notebooks" / name, course / "notebooks" / name)
    shutil.copy(ROOT / "quizzes" / "references.md", course / "quizzes")
    again = {path.name: path.read_bytes() for path in html(course, tmp_path / "site")}
    first = {path.name: path.read_bytes() for path in lesson_pages}
    assert again["references.html"] == first["references.html"]
    # The links below the text differ: here the lesson has no neighbours.
    text, same_text = (side[f"{name}.html"].partition(b"</main>")[0] for side in (again, first))
    assert text == same_text


def a_course(folder: Path, *sources: str) -> Path:
    """A course of one lesson with these code cells, if any are given."""
    course = folder / "course"
    (course / "quizzes").mkdir(parents=True)
    (course / "notebooks").mkdir()
    (course / "quizzes" / "references.md").write_text("- **[knuth1968]** A book.\n", "utf-8")
    if sources:
        first = new_markdown_cell("# A lesson\n\nShort, by [knuth1968].")
        notebook = new_notebook(cells=[first, *map(new_code_cell, sources)])
        (course / "notebooks" / "01_tiny").mkdir()
        nbformat.write(notebook, course / "notebooks" / "01_tiny" / "01_tiny.ipynb")
    return course


def test_a_page_of_someone_else_is_never_written_over(tmp_path):
    course = a_course(tmp_path, "1 + 1")
    page = tmp_path / "site" / "index.html"
    page.parent.mkdir()
    page.write_text("<title>my own</title>", "utf-8")
    with pytest.raises(ValueError, match=r"index\.html was not made by course html; move it away"):
        list(html(course, page.parent))
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]
    assert page.read_text("utf-8") == "<title>my own</title>"


@pytest.mark.full
def test_pages_of_an_earlier_run_are_replaced_and_no_markup_of_an_output_gets_through(tmp_path):
    course = a_course(tmp_path, "print('<b onclick=x>&amp;</b>')", "{'a': '<i>'}")
    for _ in range(2):
        paths = list(html(course, tmp_path / "site"))
    assert [path.name for path in paths] == ["01_tiny.html", "references.html", "index.html"]
    page = paths[0].read_text("utf-8")
    assert "&lt;b onclick=x&gt;&amp;amp;&lt;/b&gt;" in page
    assert "<i>" not in page


@pytest.mark.full
def test_a_cell_that_fails_is_named(tmp_path):
    course = a_course(tmp_path, "1 / 0")
    with pytest.raises(ValueError, match=r"01_tiny\.ipynb: a cell fails with ZeroDivisionError"):
        list(html(course, tmp_path / "site"))
    assert list((tmp_path / "site").iterdir()) == []


def test_without_lessons_it_says_what_to_run(tmp_path):
    with pytest.raises(ValueError, match=r"no lessons in .*notebooks; run: course build"):
        list(html(a_course(tmp_path), tmp_path))


def test_a_formula_that_cannot_be_read_is_shown_to_its_author():
    with pytest.raises(ValueError, match=r"formula .*frac.* cannot be shown"):
        formula(r"\frac{1}{", "inline")


def test_a_still_waits_for_the_texts_that_are_written_behind(monkeypatch):
    monkeypatch.setattr("course_utils.explore.panel.PATIENCE", 0.0)
    panel = explore.Playground("Once upon a time", samples=1, max_new_tokens=8)
    shown = BeautifulSoup(still(panel), "html.parser")
    assert len(shown.select(".card .text span[aria-description]")) == 8
    assert "Stop" not in shown.get_text()  # the button of the work that is done
    assert panel.text in shown.get_text()
    assert "prompt Once upon a time" in shown.select_one(".controls").get_text()
    panel.close()

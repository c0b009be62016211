import re
from xml.etree import ElementTree

import ipywidgets as widgets
import pytest

from course_utils.author.gallery import EXAMPLES, gallery, panels
from course_utils.project import ROOT

NAMED = (
    r'srcset="(docs/gallery/\w+_dark\.svg)"><img alt="[^"]{30,}" '
    r'src="(docs/gallery/\w+_light\.svg)"'
)


@pytest.mark.prove
def test_every_explorer_has_its_pictures_the_same_each_time(storyteller, tmp_path):
    before = len(widgets.widgets.widget._instances)
    paths, again = gallery(tmp_path / "docs"), gallery(tmp_path / "again")
    assert len(widgets.widgets.widget._instances) == before
    assert len(paths) == 2 * len(panels())
    assert {"distribution_light.svg", "distribution_dark.svg"} <= {path.name for path in paths}
    assert sorted((tmp_path / "docs").iterdir()) == sorted(paths)
    assert set(EXAMPLES) <= set(panels())
    for path, other in zip(paths, again, strict=True):
        assert path.name == other.name and path.read_bytes() == other.read_bytes()
        svg = path.read_text("utf-8")
        assert len(list(ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"))) > 5
        used = set(re.findall(r"var\((--nt-[\w-]+)\)", svg))
        assert used and used <= set(re.findall(r"(--nt-[\w-]+):#", svg))


def test_readme_shows_them_all_for_light_and_dark_pages():
    shown = re.findall(NAMED, (ROOT / "README.md").read_text("utf-8"))
    assert sorted(sum(shown, ())) == sorted(
        f"docs/gallery/{path.name}" for path in (ROOT / "docs" / "gallery").iterdir()
    )
    assert len(shown) == len(panels())

import ipywidgets as widgets
import pytest
from PIL import Image

from course_utils.author.gallery import EXAMPLES, gallery, panels


@pytest.mark.slow
def test_every_explorer_has_its_picture_the_same_each_time(storyteller, tmp_path):
    before = len(widgets.widgets.widget._instances)
    paths, again = gallery(tmp_path / "docs"), gallery(tmp_path / "again")
    assert len(widgets.widgets.widget._instances) == before
    assert len(paths) == len(panels()) and "distribution.png" in {p.name for p in paths}
    assert sorted((tmp_path / "docs").iterdir()) == sorted(paths)
    assert set(EXAMPLES) <= set(panels())
    for path, other in zip(paths, again, strict=True):
        assert path.name == other.name and path.read_bytes() == other.read_bytes()
        with Image.open(path) as picture:
            assert picture.width == 600
            assert len(picture.convert("L").getcolors()) > 10  # not an empty page

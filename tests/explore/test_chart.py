import doctest
import io

import numpy as np
from PIL import Image

from course_utils.explore import chart
from course_utils.explore.chart import Chart


def test_the_example_in_the_docstring():
    assert doctest.testmod(chart) == (0, 3)


def test_the_page_gets_a_picture_with_its_sentence_as_alternative_text():
    drawn = Chart(x="step", y="tokens").says('From 1 to 3, "all" <kept>.')
    bundle = drawn._repr_mimebundle_()
    said = "From 1 to 3, &quot;all&quot; &lt;kept&gt;."
    assert f'alt="{said}"' in bundle["text/html"]
    assert bundle["text/html"].endswith(f">{said}</p>")
    assert "model_id" in bundle["application/vnd.jupyter.widget-view+json"]
    assert bundle["text/plain"] == repr(drawn) == 'From 1 to 3, "all" <kept>.'


def test_what_is_drawn_is_seen():
    def pixels(points):
        drawn = Chart(x="step", y="tokens")
        drawn.axes.set_ylim(0, 4)
        drawn.axes.plot(points)
        return np.asarray(Image.open(io.BytesIO(drawn.png())))

    assert pixels([3, 1, 2]).shape == (300, 700, 3)
    assert (pixels([3, 1, 2]) != pixels([1, 1, 2])).any()
    assert (pixels([3, 1, 2]) == pixels([3, 1, 2])).all()


def test_labels_stay_text_and_inside_the_picture():
    drawn = Chart(x="$x_1$", y="a rather long name", height=2.5)
    drawn.axes.plot([10_000, 20_000])
    drawn.axes.set_yticks([10_000, 15_000, 20_000])
    drawn.label(0.5, 15_000, "$ and _")
    drawn.canvas.draw()
    said = [t.get_text() for t in drawn.figure.texts]
    assert said == ["$ and _"]
    box = drawn.figure.bbox
    for text in (drawn.axes.xaxis.label, drawn.axes.yaxis.label, *drawn.axes.get_yticklabels()):
        extent = text.get_window_extent()
        assert box.x0 <= extent.x0 and box.y0 <= extent.y0
        assert extent.x1 <= box.x1 and extent.y1 <= box.y1

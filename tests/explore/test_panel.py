import base64
import gc
import json
import re
import threading
import time
import weakref
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import ipywidgets as widgets
import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from course_utils.explore import frontier, trace
from course_utils.explore.controls import button, row
from course_utils.explore.frontier import Frontier
from course_utils.explore.panel import CAPTION, Panel
from course_utils.explore.plots.style import Picture
from course_utils.explore.trace import ProbabilityTrace

ROOT = Path(__file__).resolve().parents[2]
KEPT_BY_OUT = 4  # widgets that `Out` may keep of a closed panel: itself and its layouts


class Counter(Panel):
    """Says how far its job has come."""

    def __init__(self):
        super().__init__()
        self.picture = Picture(1)
        self.said = self.picture.text(0.1, 0.5)
        self.count = 0
        self.controls = {"start": button("Start")}
        self.refresh()
        self.assemble([row(self.controls["start"])])

    def show(self):
        self.text = f"{self.count} <done>"
        self.said.set_text(self.text)
        self.image.show(self.picture)

    def work(self, pause=0.01, steps=10_000):
        for i in range(steps):
            self.count = i + 1
            time.sleep(pause)
            yield (i + 1) / steps


@pytest.fixture
def panel():
    return Counter()


@pytest.fixture
def faults(monkeypatch):
    """What was raised in a thread and heard by nobody."""
    heard = []
    monkeypatch.setattr(threading, "excepthook", lambda args: heard.append(args.exc_value))
    return heard


def wait_until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def message(panel) -> str:
    return unescape(re.sub("<.*?>", "", panel.message.value))


# Jobs


def test_a_job_moves_the_bar_and_the_picture_and_then_leaves(panel):
    before = panel.image.value
    panel.start_job(panel.work(0, steps=5)).join(5)
    assert panel.text == "5 <done>" and panel.image.value != before
    assert panel.progress.value == 1 and panel.running.layout.display == "none"
    assert message(panel) == "" and panel.job is None


def test_stop_ends_a_job_within_a_second_and_it_can_start_again(panel):
    job = panel.start_job(panel.work())
    wait_until(lambda: panel.count > 3)
    assert panel.running.layout.display is None
    pressed = time.monotonic()
    panel.stop.click()
    wait_until(lambda: not job.is_alive())
    assert time.monotonic() - pressed < 5  # of more than a minute
    assert message(panel) == "Stopped." and panel.running.layout.display == "none"
    panel.start_job(panel.work(0, steps=2)).join(5)
    assert panel.text == "2 <done>" and message(panel) == ""


def test_an_error_in_a_job_becomes_a_message(panel, faults):
    def work():
        yield 0.5
        raise ValueError("no <b>such</b> token")

    panel.start_job(work()).join(5)
    assert message(panel) == "ValueError: no <b>such</b> token"
    assert "<b>" not in panel.message.value
    assert panel.running.layout.display == "none" and faults == []


def test_starting_again_stops_the_old_job(panel):
    first = panel.start_job(panel.work())
    wait_until(lambda: panel.count > 3)
    seen = threading.Event()

    def work():
        seen.wait(5)
        yield from panel.work(0.01, steps=20)

    second = panel.start_job(work())
    assert not first.is_alive() and panel.job is second
    assert panel.running.layout.display is None
    seen.set()
    second.join(5)
    assert panel.text == "20 <done>" and message(panel) == ""


def test_a_job_that_cannot_stop_in_time_leaves_the_newer_one_alone(panel, faults, monkeypatch):
    held, begun = threading.Event(), threading.Event()

    def stuck():
        begun.set()
        held.wait(10)
        yield 0.5

    old = panel.start_job(stuck())
    begun.wait(5)
    monkeypatch.setattr(old, "join", lambda timeout: None)  # as if its five seconds were over
    new = panel.start_job(panel.work())
    held.set()
    wait_until(lambda: not old.is_alive())
    assert panel.job is new and panel.running.layout.display is None
    assert "Stopped" not in message(panel)
    panel.stop_job()
    assert faults == []


def test_closing_stops_the_job(panel, faults):
    job = panel.start_job(panel.work())
    wait_until(lambda: panel.count > 3)
    panel.close()
    assert not job.is_alive() and faults == []


def test_a_job_that_outlives_its_panel_is_silent(panel, faults, monkeypatch):
    held, begun = threading.Event(), threading.Event()

    def stuck():
        begun.set()
        held.wait(10)
        yield panel.count  # gone by then

    job = panel.start_job(stuck())
    begun.wait(5)
    monkeypatch.setattr(job, "join", lambda timeout: None)
    panel.close()
    held.set()
    wait_until(lambda: not job.is_alive())
    assert faults == []


def test_a_front_end_that_goes_away_does_not_disturb_a_job(panel, faults):
    job = panel.start_job(panel.work(0.01, steps=50))
    wait_until(lambda: panel.count > 3)
    for widget in (panel.image, panel.progress, panel.summary, panel):
        widget.comm.close()
    panel.running.close()
    job.join(5)
    assert panel.text == "50 <done>" and faults == []


# Closing


def test_a_closed_panel_draws_no_more_and_holds_nothing(panel):
    figure, image = weakref.ref(panel.picture.figure), weakref.ref(panel.image)
    panel.close()
    panel.refresh()
    panel.close()
    gc.collect()
    assert repr(panel) == "0 <done>"
    assert figure() is None and image() is None


def test_closing_waits_for_the_picture_that_another_thread_draws(panel, faults):
    begun, show = threading.Event(), panel.show

    def slow_show():
        begun.set()
        time.sleep(0.2)
        show()

    panel.show = slow_show
    thread = threading.Thread(target=panel.refresh)
    thread.start()
    begun.wait(5)
    panel.close()
    thread.join(5)
    assert faults == []


def test_widgets_that_are_not_on_the_page_are_closed_too():
    before = set(widgets.widgets.widget._instances)
    panel = Counter()
    panel.controls["spare"] = row(widgets.FloatSlider())
    panel.close()
    assert set(widgets.widgets.widget._instances) <= before


# Pages without a kernel


class Seen(HTMLParser):
    """The pictures and the words of a page's outputs."""

    def __init__(self, page: str):
        super().__init__()
        self.images, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.images.append(dict(attrs))

    def handle_data(self, data):
        self.words.append(data)


def test_the_bundle_has_text_and_picture_for_every_kind_of_page(panel):
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "0 <done>"
    assert base64.b64decode(bundle["image/png"]) == panel.picture.png()
    seen = Seen(bundle["text/html"])
    assert seen.images[0]["src"].endswith(bundle["image/png"])
    assert seen.images[0]["alt"] == CAPTION
    assert panel.image.says == "0 <done>"
    assert "0 <done>" in seen.words


@pytest.mark.slow
def test_a_converted_notebook_shows_picture_and_summary():
    cell = "from course_utils import explore\nfrom course_utils.toys import NINE_WORDS\n"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell + "explore.Distribution(NINE_WORDS)")]
    )
    # JupyterLab saves no widget state either, unless told to.
    NotebookClient(notebook, store_widget_state=False, resources=here()).execute()
    page, _ = HTMLExporter().from_notebook_node(notebook)
    seen = Seen(page)
    (image,) = [i for i in seen.images if i["src"].startswith("data:image/png")]
    still = notebook.cells[0].outputs[0].data["image/png"]
    assert base64.b64decode(image["src"].split(",")[1]) == base64.b64decode(still)
    assert any("Temperature 1.00: the most likely next token is" in said for said in seen.words)


# A real kernel


def here() -> dict:
    return {"metadata": {"path": str(ROOT)}}


class Kernel:
    """A kernel without a front end that is told which cell it runs, as JupyterLab tells it."""

    def __init__(self):
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=ROOT)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, cell: str) -> list[dict]:
        """The messages that the cell caused; an error in it fails."""
        request = self.client.session.msg(
            "execute_request",
            {"code": code, "silent": False, "store_history": True, "allow_stdin": False},
            metadata={"cellId": cell},
        )
        self.client.shell_channel.send(request)
        messages = []
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            content = message["content"]
            assert message["msg_type"] != "error", "\n".join(content["traceback"])
            messages.append(message)
            if content.get("execution_state") == "idle":
                return messages

    def ask(self, expression: str):
        """The value of an expression that JSON can carry."""
        messages = self.run(f"import json; print(json.dumps({expression}))", "question")
        (said,) = [m["content"]["text"] for m in messages if m["content"].get("name") == "stdout"]
        return json.loads(said)

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def shared_kernel():
    kernel = Kernel()
    kernel.run(LOOK, "look")
    yield kernel
    kernel.stop()


@pytest.fixture
def kernel(shared_kernel):
    yield shared_kernel
    shared_kernel.run("for panel in set(live()): panel.close()", "clean up")


LOOK = """\
import gc, warnings
import ipywidgets, psutil
from ipywidgets.widgets.widget import _instances
from matplotlib.figure import Figure
from course_utils import explore
from course_utils.explore.panel import Panel
from course_utils.explore.picture import LivePicture
from course_utils.toys import NINE_WORDS

warnings.simplefilter("ignore")

def alive(kind):
    gc.collect()
    return [thing for thing in gc.get_objects() if isinstance(thing, kind)]

def live():
    return [panel for panel in alive(Panel) if not panel.closed]

def counts():
    return [len(_instances), len(live()), len(alive(Figure)), len(alive(LivePicture))]
"""


@pytest.mark.full
def test_twenty_runs_of_a_cell_leave_one_panel_and_no_growing_memory(kernel):
    cell = 'explore.Distribution("Once upon a time", knobs=("temperature", "top_p"))'
    kernel.run(cell, "explorer")
    kernel.run(cell, "explorer")
    before, memory, widgets_before = kernel.ask(
        "[counts(), psutil.Process().memory_info().rss, len(alive(ipywidgets.Widget))]"
    )
    for _ in range(20):
        kernel.run(cell, "explorer")
    after, memory_after, widgets_after = kernel.ask(
        "[counts(), psutil.Process().memory_info().rss, len(alive(ipywidgets.Widget))]"
    )
    assert after == before and after[1:] == [1, 1, 1]
    assert widgets_after - widgets_before <= 20 * KEPT_BY_OUT
    assert memory_after - memory < 20e6  # each run's panel and picture would take over 1 MB
    assert kernel.ask("repr(Out[max(Out) - 4])").startswith("Temperature 1.00")


def test_explorers_of_one_cell_live_together_until_it_runs_again(kernel):
    cell = "first = explore.Distribution(NINE_WORDS)\nexplore.Distribution(NINE_WORDS)"
    for _ in range(3):
        kernel.run(cell, "two")
        assert len(kernel.ask("[p.text for p in live()]")) == 2
    kernel.run("explore.Distribution(NINE_WORDS)", "another")
    assert len(kernel.ask("[p.text for p in live()]")) == 3
    assert kernel.ask("first.closed") is False


def test_a_job_works_in_a_kernel_without_a_front_end(kernel):
    kernel.run(
        "panel = explore.Distribution(NINE_WORDS)\n"
        "def work():\n"
        "    for i in range(5):\n"
        "        panel.controls['temperature'].value = 1 + (i + 1) / 10\n"
        "        yield (i + 1) / 5\n"
        "panel.start_job(work()).join(20)",
        "job",
    )
    assert kernel.ask("[panel.progress.value, panel.job, panel.text[:16], panel.notes['job']]") == [
        1,
        None,
        "Temperature 1.50",
        "",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "room", "writer"),
    [
        (ProbabilityTrace, trace, "text_parts"),
        pytest.param(Frontier, frontier, "written", marks=pytest.mark.prove),
    ],
)
def test_a_cell_shows_at_once_what_is_written_behind_it(make, room, writer, monkeypatch):
    whole, go_on, begun, write = make(), threading.Event(), [], getattr(room, writer)

    def held(*args):
        begun.append(args)
        if len(begun) > 1:
            go_on.wait(60)
        return write(*args)

    monkeypatch.setattr(room, writer, held)
    monkeypatch.setattr("course_utils.explore.panel.GLANCE", 0.0)
    panel = make()
    assert panel.image.value.startswith("<svg") and panel.text != whole.text
    job = panel.job
    go_on.set()
    job.join()
    assert panel.text == whole.text and panel.image.value == whole.image.value

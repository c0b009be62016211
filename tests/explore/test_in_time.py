"""Functions that truly never return, on a slider's move, in jobs, and behind a cell."""

import re
import signal
import subprocess
import sys
import threading
import time
from html import unescape

import psutil
import pytest
import torch

from course_utils import explore
from course_utils.explore import in_time
from course_utils.explore.in_time import TooLong, limited
from course_utils.generate import Settings
from course_utils.toys import CAT, NINE_WORDS

PATIENCE = 120  # seconds, of which a busy machine may need many


@pytest.fixture(autouse=True)
def short(monkeypatch, always_patient):
    monkeypatch.setattr(in_time, "LIMIT", 0.2)


def spin(*_):
    while True:
        pass


def catch_exceptions(*_):
    while True:
        try:  # noqa: SIM105
            time.sleep(0.001)
        except Exception:
            pass


def catch_everything(*_):
    while True:
        try:  # noqa: SIM105
            sum(range(100))
        except:  # noqa: E722, as learners write it
            pass


def sleep_often(*_):
    while True:
        time.sleep(0.01)


def branch(*_):
    def grow(depth):
        return depth and grow(depth - 1) + grow(depth - 1)

    return grow(200)


def multiply(*_):
    x = torch.ones(64, 64)
    while True:
        x = torch.softmax(x @ x, dim=-1)


ENDLESS = [spin, catch_exceptions, catch_everything, sleep_often, branch, multiply]


def no_hope(stack):
    pytest.fail("it can be ended")


def in_a_thread(call) -> list:
    """What a call in another thread gives: the error that it raises."""
    heard = []

    def run():
        try:
            heard.append(call())
        except BaseException as error:
            heard.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    return heard


def message(panel) -> str:
    return unescape(re.sub("<.*?>", "", panel.message.value))


def wait_until(true) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


# One call


@pytest.mark.parametrize("endless", ENDLESS)
def test_an_endless_call_is_ended_in_the_main_thread(endless):
    with pytest.raises(TooLong, match=r"did not return within 0\.2 s"):
        limited(endless, lambda stack: None)()
    assert in_time.watched == {}


@pytest.mark.parametrize("endless", ENDLESS)
def test_an_endless_call_is_ended_in_another_thread(endless):
    (error,) = in_a_thread(limited(endless, lambda stack: None))
    assert isinstance(error, TooLong) and in_time.watched == {}


@pytest.mark.skipif(not in_time.SIGNAL, reason="nothing can interrupt it without signals")
def test_one_long_wait_is_ended_in_the_main_thread():
    with pytest.raises(TooLong):
        limited(lambda: time.sleep(10_000), no_hope)()
    assert signal.getsignal(in_time.SIGNAL) is signal.SIG_DFL


def test_a_wait_that_nothing_can_end_is_told_once_with_its_line(monkeypatch):
    monkeypatch.setattr(in_time, "HOPE", 0.1)
    told, go_on = [], threading.Event()

    def waits():
        go_on.wait(PATIENCE)

    thread = threading.Thread(target=in_a_thread, args=[limited(waits, told.append)])
    thread.start()
    wait_until(lambda: told)
    time.sleep(4 * in_time.EVERY)
    go_on.set()
    thread.join(PATIENCE)
    (stack,) = told
    lines = [frame.lineno for frame in stack if frame.name == "waits"]
    assert lines == [waits.__code__.co_firstlineno + 1]


def test_results_errors_names_and_interrupts_pass_through(monkeypatch):
    monkeypatch.setattr(in_time, "LIMIT", 600.0)

    def mine(a, b=2):
        if b == 0:
            raise ZeroDivisionError("by me")
        if b < 0:
            raise KeyboardInterrupt
        return a / b

    call = limited(mine, no_hope)
    assert call(6) == 3 and call(6, b=3) == 2 and call.__name__ == "mine"
    with pytest.raises(ZeroDivisionError, match="by me"):
        call(6, b=0)
    with pytest.raises(KeyboardInterrupt):
        call(6, b=-1)
    with pytest.raises(RecursionError):
        deep = limited(lambda: deep(), no_hope)
        deep()
    assert in_time.watched == {}


def test_nothing_is_raised_after_a_call_that_was_almost_too_long(monkeypatch):
    """Calls end at about their limit, before or after it, and what follows is left in peace."""
    monkeypatch.setattr(in_time, "LIMIT", 0.02)
    monkeypatch.setattr(in_time, "EVERY", 0.001)

    def almost(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass

    def many():
        ended = 0
        for i in range(60):
            try:
                limited(almost, no_hope)(0.015 + 0.0002 * i)
            except TooLong:
                ended += 1
            almost(0.003)
        return ended

    assert many() <= 60
    (ended,) = in_a_thread(many)
    assert isinstance(ended, int) and in_time.watched == {}


def test_the_watcher_leaves_when_there_is_nothing_to_watch():
    limited(int, no_hope)()
    assert in_time.watcher is not None
    wait_until(lambda: in_time.watcher is None)


# In panels


def test_a_slider_moved_onto_an_endless_function_keeps_the_last_picture():
    def mine(logits, temperature):
        while temperature == 2:
            pass
        return (logits / temperature).softmax(-1)

    panel = explore.Distribution(NINE_WORDS, knobs=("temperature",), function=mine)
    assert "agrees" in panel.text and "nt-fault" not in panel.message._dom_classes
    panel.controls["temperature"].value = 2
    line = mine.__code__.co_firstlineno + 1
    assert re.match(
        rf"mine was ended in line ({line}|{line + 1}) of its cell: it did not return",
        message(panel),
    )
    assert panel.text.startswith("Temperature 2.00") and panel.image.value.startswith("<svg")
    assert "nt-fault" in panel.message._dom_classes
    panel.controls["temperature"].value = 0.5
    assert "agrees" in panel.text and message(panel) == ""
    assert "nt-fault" not in panel.message._dom_classes
    panel.close()


def test_an_endless_process_is_ended_in_a_job_and_leaves_the_cpu_idle():
    threads = []

    def mine(logits, ids):
        threads.append(threading.current_thread())
        catch_exceptions()

    panel = explore.Playground(
        CAT, settings=Settings(temperature=0), max_new_tokens=5, process=mine
    )
    assert "mine was ended in line" in message(panel)  # while the cell ran
    panel.controls["generate"].click()
    wait_until(lambda: panel.job is None and "was ended in line" in message(panel))
    assert "3 texts of 5 tokens" in panel.text
    assert threading.main_thread() in threads and len(set(threads)) == 2
    panel.close()
    wait_until(lambda: in_time.watcher is None)
    me = psutil.Process()
    before = sum(me.cpu_times()[:2])
    time.sleep(1)
    assert sum(me.cpu_times()[:2]) - before < 0.5  # an endless loop would take all of it


@pytest.mark.parametrize("leave", ["stop", "close", "browser"])
def test_stop_close_and_a_browser_that_goes_end_an_endless_job(leave):
    begun = threading.Event()
    panel = explore.Distribution(NINE_WORDS)

    def mine():
        begun.set()
        spin()

    function = limited(mine, no_hope)

    def work():
        while True:
            yield 0.5
            with panel.blaming_function():
                function()

    job = panel.start_job(work())
    assert begun.wait(PATIENCE)
    if leave == "stop":
        panel.stop.click()
    elif leave == "close":
        panel.close()
    else:
        panel.comm.handle_close({})
    job.join(PATIENCE)
    assert not job.is_alive()
    panel.close()


def test_what_cannot_be_ended_says_that_a_restart_will(monkeypatch):
    monkeypatch.setattr(in_time, "HOPE", 0.1)
    go_on = threading.Event()

    def mine(logits, ids):
        if threading.current_thread() is not threading.main_thread():
            go_on.wait(PATIENCE)
        return logits

    panel = explore.Playground(CAT, max_new_tokens=5, samples=1, process=mine)
    panel.controls["generate"].click()
    wait_until(lambda: "restart the kernel" in message(panel))
    assert "mine does not end in line " in message(panel)
    assert "nt-fault" in panel.message._dom_classes
    go_on.set()
    wait_until(lambda: panel.job is None)
    panel.close()


PROFILED = """
import sys, threading
from course_utils.explore import in_time
in_time.LIMIT = 0.2
given_up = []
def brief(): return 1
def endless():
    while True: pass
def call(function):
    try: return in_time.limited(function, given_up.append)()
    except in_time.TooLong: return None
for function in (brief, endless, brief):
    call(function)
    thread = threading.Thread(target=call, args=[function])
    thread.start()
    thread.join()
    sys.setprofile(lambda *_: None)
    brief()
    sys.setprofile(None)
print("ended", given_up)
"""


def test_after_a_call_python_runs_as_before_profiled_calls_too():
    done = subprocess.run(
        [sys.executable, "-c", PROFILED], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "ended []\n", done.stderr


# Not written yet


def unwritten_part(logits):
    raise NotImplementedError("write this")


def caller(logits, *_):
    return unwritten_part(logits)


def test_not_written_yet_names_the_unwritten_function_itself():
    panel = explore.Distribution(NINE_WORDS, knobs=("temperature",), function=caller)
    line = unwritten_part.__code__.co_firstlineno + 1
    assert message(panel) == (
        f"unwritten_part is not written yet: it stops in line {line} of its cell."
    )
    assert "nt-fault" in panel.message._dom_classes
    panel.close()


def test_what_a_library_has_not_written_is_no_gap_of_the_learner():
    def mine(logits, _):
        return torch.nn.Module()(logits)

    panel = explore.Distribution(NINE_WORDS, knobs=("temperature",), function=mine)
    assert message(panel).startswith("mine stopped in line ")
    assert "NotImplementedError" in message(panel)
    panel.close()

"""A learner's function that never returns is ended, in whichever thread it was called."""

import contextlib
import ctypes
import functools
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
GiveUp = Callable[[traceback.StackSummary], None]

LIMIT = 3.0  # seconds that one call may take
EVERY = 0.05  # seconds between two attempts to end it: code may catch what ends it
HOPE = 4.0  # seconds of attempts after which only a kernel restart will do
# Python interrupts waiting in its main thread alone, and there for a signal alone. This one does
# nothing by default, so that one that comes late does no harm.
SIGNAL = getattr(signal, "SIGURG", None)

watched: dict[int, "Call"] = {}  # by thread
lock = threading.Lock()
watcher: threading.Thread | None = None


class Overdue(BaseException):
    """Raised inside a call whose time is over. No Exception, which code may well catch."""


class TooLong(Exception):
    """A call was ended since its time was over."""


class Call:
    """A call that is watched from now on. give_up: as in `limited`."""

    def __init__(self, give_up: GiveUp):
        self.give_up = give_up
        self.end = time.monotonic() + LIMIT
        self.raised = self.hopeless = False


def limited(function: Callable[..., T], give_up: GiveUp) -> Callable[..., T]:
    """The function, each call of which raises TooLong after `LIMIT` seconds.

    give_up: called in another thread, once a call, if it does not end: it waits outside Python, or
        catches whatever is raised. Given the stack where it is.
    """

    @functools.wraps(function)
    def in_time(*args, **kwargs) -> T:
        me = threading.get_ident()
        if me in watched:  # called by a call that is watched
            return function(*args, **kwargs)
        before = watch(me, Call(give_up))
        try:
            # The last attempt may come after the call, but no more than that one.
            try:
                return called(function, args, kwargs)
            finally:
                release(me, before)
        except Overdue as error:
            release(me, before)
            raise TooLong(f"it did not return within {LIMIT:g} s").with_traceback(
                error.__traceback__
            ) from None

    in_time.__name__ = getattr(function, "__name__", "your function")
    return in_time


def called(function: Callable[..., T], args: tuple, kwargs: dict) -> T:
    """What the function returns. A thread may be interrupted while it is in here, no longer."""
    return function(*args, **kwargs)


def is_inside(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code is not called.__code__:
        frame = frame.f_back
    return frame is not None


def watch(thread: int, call: Call) -> object:
    """Watch a call of this thread. Returns what its signal did before."""
    global watcher
    before = None
    if SIGNAL and thread == threading.main_thread().ident:
        before = signal.signal(SIGNAL, interrupt)
    with lock:
        watched[thread] = call
        if watcher is None:
            watcher = threading.Thread(target=keep_watch, daemon=True)
            watcher.start()
    return before


def release(thread: int, before: object) -> None:
    """Watch this thread no more, and let nothing be raised in it later. May be called again."""
    with lock:
        call = watched.pop(thread, None)
    if call and call.raised:
        catch_up(thread)
    if before is not None:
        signal.signal(SIGNAL, before)


def catch_up(thread: int) -> None:
    """Catch what may still be raised in this thread.

    To take it back would leave Python's flag for it up, and 3.11 then never ends a profiled call.
    """
    with contextlib.suppress(Overdue):
        raise_in(thread)
        while True:
            time.sleep(0)


def interrupt(_, frame: FrameType | None) -> None:
    call = watched.get(threading.main_thread().ident)
    if call and time.monotonic() > call.end and is_inside(frame):
        raise Overdue


def raise_in(thread: int) -> None:
    """Let Overdue be raised in a thread when it next runs Python code."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Overdue))


def keep_watch() -> None:
    """End the calls whose time is over, until none has been there for a second."""
    global watcher
    idle_since = time.monotonic()
    while True:
        time.sleep(EVERY)
        now = time.monotonic()
        with lock:
            overdue = [thread for thread, call in watched.items() if now > call.end]
            for thread in overdue:
                end(thread, watched[thread])
            if watched:
                idle_since = now
            elif now > idle_since + 1:
                watcher = None
                return
            lost = [
                (thread, watched[thread])
                for thread in overdue
                if now > watched[thread].end + HOPE and not watched[thread].hopeless
            ]
        for thread, call in lost:
            call.hopeless = True
            if watched.get(thread) is call:
                call.give_up(traceback.extract_stack(sys._current_frames().get(thread)))


def end(thread: int, call: Call) -> None:
    """One attempt to end the call of this thread."""
    if SIGNAL and thread == threading.main_thread().ident:
        signal.pthread_kill(thread, SIGNAL)
    elif is_inside(sys._current_frames().get(thread)):
        call.raised = True
        raise_in(thread)

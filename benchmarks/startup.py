"""A fresh kernel with every explorer in turn: how long each cell takes, and the memory after it.

`python benchmarks/startup.py` prints the table by itself.
"""

import time

import psutil
from jupyter_client.manager import start_new_kernel

from course_utils import explore
from course_utils.project import ROOT

CELLS = {
    "a kernel": "pass",
    "`from course_utils import explore`": "from course_utils import explore",
} | {f"`{name}()`": f"explore.{name}()" for name in explore.__all__ if name != "Chart"}
QUIET = 1.0  # seconds without work, after which a cell has left nothing running


def startup() -> str:
    """A table, a row a cell: waited for, worked in all, and held once all its work is done."""
    lines = [
        "A fresh kernel, then one explorer of each kind. Seconds until a cell returned, those of "
        "the processor with the work that goes on behind the cell, and the memory held after it:",
        "",
        "| | seconds | processor seconds | MB |",
        "|---|---:|---:|---:|",
    ]
    before = time.perf_counter()
    manager, client = start_new_kernel(cwd=str(ROOT))
    try:
        kernel, worked = psutil.Process(manager.provisioner.pid), 0.0
        for name, code in CELLS.items():
            reply = client.execute_interactive(code, timeout=120, output_hook=lambda _: None)
            waited = time.perf_counter() - before
            assert reply["content"]["status"] == "ok", reply["content"]
            total = rested(kernel)
            memory = kernel.memory_info().rss / 1e6
            lines.append(f"| {name} | {waited:.2f} | {total - worked:.2f} | {memory:,.0f} |")
            worked, before = total, time.perf_counter()
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "\n".join(lines)


def rested(kernel: psutil.Process) -> float:
    """Wait until the kernel has nothing left to do: its processor seconds so far."""

    def seconds() -> float:
        times = kernel.cpu_times()
        return times.user + times.system

    before, now = -1.0, seconds()
    while now - before > QUIET / 20:
        time.sleep(QUIET)
        before, now = now, seconds()
    return now


if __name__ == "__main__":
    print(startup())

"""The machine of docs/classroom.md, and its JupyterHub, made for the tests of this folder."""

import configparser
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from classroom.machine import (
    SET_UP,
    SETTINGS,
    STUDENTS,
    TEACHERS,
    Machine,
    commands,
    covered,
    needed,
    search_path,
)

PROGRAMS = ("configurable-http-proxy", "jupyterhub", "bwrap", "unshare", "nsenter", "runuser")


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Iterator[Machine]:
    """The machine after root has done the recipe's first two parts."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path=search_path())]
    reason = f"{', '.join(missing)} not found" if missing else ""
    if os.name != "posix" or os.geteuid() != 0:
        reason = "only root can make users"
    if reason:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    folders = {"NEEDED": needed(tmp_path_factory.mktemp("machine")), "COVERED": covered()}
    world = subprocess.Popen(
        [*("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"), *SET_UP],
        env=os.environ | folders,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        if world.stdout.readline() != b"ready\n":
            pytest.fail(f"the machine did not start, code {world.wait(30)}")
        (first,) = psutil.Process(world.pid).children()
        made = Machine(first.pid, {name: secrets.token_hex(8) for name in TEACHERS + STUDENTS})
        for group, names in (("instructors", TEACHERS), ("students", STUDENTS)):
            roster = "\n".join(f"{name}:{made.passwords[name]}" for name in names)
            made.run("root", f"echo {shlex.quote(roster)} > {group}.txt")
        made.run("root", "course build")
        made.run("root", commands("2. Users, folders, settings"))
        yield made
    finally:
        world.kill()  # and with it goes all that it holds
        world.wait()


@pytest.fixture(scope="module")
def hub(machine, tmp_path_factory) -> Iterator[Machine]:
    """The machine with the recipe's service running, on ports that are free."""
    unit = configparser.ConfigParser()
    unit.optionxform = str
    unit.read_string(machine.run("root", f"cat {SETTINGS}/jupyterhub.service"))
    service = unit["Service"]
    ports = [free_port() for _ in range(3)]
    machine.url = f"http://127.0.0.1:{ports[0]}"
    log = tmp_path_factory.mktemp("hub") / "log"
    command = (
        f"cd {service['WorkingDirectory']} && {service['Environment']} exec {service['ExecStart']}"
        f" --JupyterHub.bind_url={machine.url} --JupyterHub.hub_port={ports[1]}"
        f" --ConfigurableHTTPProxy.api_url=http://127.0.0.1:{ports[2]}"
    )
    with log.open("w") as out:
        process = subprocess.Popen(machine.argv("root", command), stdout=out, stderr=out)
    try:
        wait_for(f"{machine.url}/hub/health", process, log)
        yield machine
    finally:
        process.kill()  # nsenter alone: the hub ends with the machine
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterHub did not start:\n{log.read_text()[-4000:]}")

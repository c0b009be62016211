"""A real JupyterLab on a copy of the course, and a real Chromium that looks at it."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import jupytext
import nbformat
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, TimeoutError, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
NO_NETWORK = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LIGHT = "JupyterLab Light"
PATIENCE = 120_000  # ms until a page that does not answer is given up, also on a busy machine
COPIED = ("course_utils", "notebooks", "quizzes", "pyproject.toml")


@dataclass
class Lab:
    """A running JupyterLab. `open` shows a notebook, runs it all, and returns when it is done."""

    url: str
    token: str
    folder: Path
    page: Page
    shots: Path
    console: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        # A notebook that is closed while Lab asks its kernel for a debugger's state: Lab's own.
        lab_s_own = message.text.startswith("Could not restore the debugger state: Canceled future")
        if message.type == "error" and not lab_s_own:
            self.console.append(message.text)

    def open(self, notebook: str, run: bool = True) -> Page:
        page = self.page
        page.goto(f"{self.url}/lab/tree/{notebook}?token={self.token}&reset")
        page.wait_for_selector("#jp-main-dock-panel")
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        # The page shows before Lab has restored what was open and knows its shortcuts.
        page.evaluate("() => window.jupyterapp.restored.then(() => null)")
        page.wait_for_function(
            """() => window.jupyterapp.commands.keyBindings.some(
                binding => binding.command === 'apputils:activate-command-palette')""",
        )
        if run:
            self.run_all()
        return page

    def run_all(self) -> None:
        self.wait_until_ready()
        self.page.evaluate(
            "() => void window.jupyterapp.commands.execute('notebook:run-all-cells')"
        )
        self.wait_until_run()

    def wait_until_ready(self) -> None:
        # Lab's indicator says "idle" before there is a kernel; to run then opens a dialog.
        self.page.wait_for_function(
            """() => {
                const context = window.jupyterapp.shell.currentWidget?.sessionContext;
                return context?.isReady && context.session?.kernel?.status === 'idle';
            }""",
        )

    def wait_until_run(self) -> None:
        """Until every cell has run, or one has failed."""
        self.page.wait_for_function(
            """() => {
                const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells]
                    .map(cell => cell.toJSON()).filter(cell => cell.cell_type === 'code');
                const failed = cell => cell.outputs.some(out => out.output_type === 'error');
                const source = cell => [cell.source].flat().join('').trim();
                return cells.some(failed)
                    || cells.every(cell => cell.execution_count || !source(cell));
            }""",
        )
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        idle = ".jp-Notebook-ExecutionIndicator[data-status='idle']"
        try:
            self.page.wait_for_selector(idle, state="attached")
        except TimeoutError as error:
            pytest.fail(f"the kernel is not idle, see {self.shoot('stuck')}: {error}")

    def errors(self) -> list[str]:
        """What went wrong in the cells, also in those that are not on the screen."""
        return self.page.evaluate(
            """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
                .flatMap(cell => cell.toJSON().outputs ?? [])
                .filter(out => out.output_type === 'error' || out.name === 'stderr')
                .map(out => out.evalue ?? out.text)"""
        )

    def scroll_to(self, source: str) -> None:
        """Bring the cell with just this source onto the screen, and so into the page."""
        self.page.evaluate(
            """text => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                const cells = [...notebook.model.cells];
                notebook.activeCellIndex = cells.findIndex(c => c.sharedModel.source === text);
                return notebook.scrollToItem(notebook.activeCellIndex);
            }""",
            source,
        )

    def write(self, name: str, source: str) -> str:
        """Put a notebook, given in percent format, among the learner's. Returns its path."""
        notebook = jupytext.reads(source, fmt="py:percent")
        # Without it Lab opens a dialog and asks for a kernel.
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
        return name

    def shoot(self, name: str) -> Path:
        path = self.shots / f"{name}.png"
        self.page.screenshot(path=path)
        return path


@pytest.fixture(scope="package")
def lab_server(tmp_path_factory) -> Iterator[tuple[str, str, Path]]:
    with serve(tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture(scope="session")
def run_jupyter() -> Callable:
    """`running`, for tests that need a server of their own."""

    @contextmanager
    def run(command: list[str], folder: Path, home: Path) -> Iterator[tuple[str, str]]:
        with running(command, folder, home) as (url, token):
            # It would ask about news, in front of what is to be clicked.
            setting(url, token, "notification", {"fetchNews": "false"})
            yield url, token

    return run


@contextmanager
def serve(root: Path, home: Path) -> Iterator[tuple[str, str, Path]]:
    """`course lab` on a copy of the course: (url, token, the learner's folder)."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, root / name)
    command = [sys.executable, "-m", "course_utils.cli", "lab"]
    with running(command, root, home, PYTHONPATH=str(root)) as (url, token):
        yield url, token, root / "my-course"


@contextmanager
def running(
    command: list[str], folder: Path, home: Path, **variables: str
) -> Iterator[tuple[str, str]]:
    """A Jupyter server, started in a folder, with its settings and logs in `home`: (url, token)."""
    port, token = free_port(), secrets.token_hex(16)
    env = os.environ | {
        "PORT": str(port),
        "JUPYTER_PORT": str(port),  # of a plain Jupyter
        "BROWSER": "none",
        "JUPYTER_TOKEN": token,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONWARNINGS": "default",
        "OMP_NUM_THREADS": "1",
        **variables,
    }
    env.pop("SHELL", None)  # as in a service or a container: then a terminal's shell is a guess
    (home / "config").mkdir()
    # Lets the tests call Lab's own commands; a learner's Lab does not have it.
    (home / "config" / "jupyter_lab_config.py").write_text(
        "c.LabApp.expose_app_in_browser = True\n"
    )
    log = (home / "lab.log").open("w")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/api?token={token}", process, home / "lab.log")
        yield url, token
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


# Of this folder, not of the session: another test may not start an event loop beside Playwright's.
@pytest.fixture(scope="package")
def browser(chromium) -> Iterator[Browser]:
    """One Chromium for all tests of this folder."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=NO_NETWORK)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser) -> Iterator[Callable[[], Page]]:
    """A page each, which knows nothing of the others."""
    opened = []

    def start() -> Page:
        opened.append(browser.new_context(viewport={"width": 1280, "height": 800}))
        opened[-1].set_default_timeout(PATIENCE)
        return opened[-1].new_page()

    yield start
    for context in opened:
        context.close()


@pytest.fixture
def open_lab(lab_server, new_page, tmp_path) -> Iterator[Callable[..., Lab]]:
    """JupyterLab on a page each: open_lab(dark=False) -> Lab. Its kernels end with the test."""
    url, token, folder = lab_server
    shots = Path(os.environ.get("COURSE_SCREENSHOTS") or tmp_path / "shots")
    shots.mkdir(parents=True, exist_ok=True)

    def start(dark: bool = False) -> Lab:
        lab = Lab(url, token, folder, new_page(), shots)
        lab.page.on("console", lab.note)
        lab.page.on("pageerror", lambda error: lab.console.append(str(error)))
        setting(url, token, "themes", {"theme": "JupyterLab Dark" if dark else LIGHT})
        return lab

    yield start
    for session in json.loads(ask(url, token, "GET", "api/sessions")):
        ask(url, token, "DELETE", f"api/sessions/{session['id']}")


def setting(url: str, token: str, name: str, values: dict) -> None:
    path = f"lab/api/settings/@jupyterlab/apputils-extension:{name}"
    ask(url, token, "PUT", path, json.dumps({"raw": json.dumps(values)}).encode())


def ask(url: str, token: str, method: str, path: str, data: bytes | None = None) -> bytes:
    """What the server answers."""
    headers = {"Authorization": f"token {token}"}
    request = urllib.request.Request(f"{url}/{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen, log: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")

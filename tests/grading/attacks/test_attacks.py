"""Hostile submissions succeed against stock nbgrader, and against this course's they do not.

Stock nbgrader runs with its own settings in a course, a home and a profile of its own.
"""

from pathlib import Path

import nbformat
import pytest
from grading.attacks.cases import CELLS, FOLDERS, HARM, ODD, POINTS, READ, SCRIPT, WRITE, Attack
from grading.attacks.world import ALL, NAME, SECRETS, World

ROOT = Path(__file__).resolve().parents[3]
OURS = (ROOT / "quizzes" / "nbgrader_config.py").read_text("utf-8") + "\nc.Separate.timeout = 5\n"
STOCK = "c = get_config()\nc.CourseDirectory.course_id = 'next_token'\nc.Execute.timeout = 5\n"
ATTACKS = READ | WRITE | HARM | POINTS | CELLS | FOLDERS | ODD
NAMED = {name: attack for name, attack in ATTACKS.items() if not attack.variant_of}
# These end stock nbgrader's whole run, so there each has a run of its own.
STOPPERS = [name for name, attack in NAMED.items() if attack.proof == "stopped"]
FIRST, LAST = "a", "zoe"  # of the honest students, by name
# One of each kind goes the way of Formgrader's button too.
BY_NBGRADER = [
    *("read_own_hidden_tests", "read_environment_of_parents", "keep_what_hidden_tests_give"),
    *("write_source", "leave_a_daemon", "endless_loop", "leave_at_once", "stop_everybody"),
    *("half_a_character", "no_asserts", "own_helper_first", "forged_schema", "forged_ids"),
    *("files_named_like_ours", "script_in_outputs", "link_to_a_key", "link_without_end"),
    *("named_pipe", "name_that_is_no_text", "a_second_notebook"),
]

pytestmark = [
    pytest.mark.grading,
    pytest.mark.full,  # a class of them all takes a minute and a half
    pytest.mark.usefixtures("sandboxed"),
]


def attacked(folder: Path, config: str, names) -> tuple[World, dict[str, str]]:
    """A course in which these have handed in, and the files that they must not change."""
    world = World(folder, config)
    for student in (FIRST, LAST, "ann"):
        world.submit(student)
    for name in names:
        world.submit(name, ATTACKS[name])
    return world, world.guarded()


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    """Stock nbgrader after all attacks that it survives, and the files as they were before."""
    names = [name for name in NAMED if name not in STOPPERS]
    world, before = attacked(tmp_path_factory.mktemp("stock"), STOCK, names)
    world.nbgrader("autograde", NAME)
    world.nbgrader("generate_feedback", NAME)
    yield world, before
    world.close()


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """`course grade` after all attacks, what it printed, and the files as they were before."""
    world, before = attacked(tmp_path_factory.mktemp("ours"), OURS, ATTACKS)
    ran = world.run("course_utils.cli", "grade", NAME, "--course", ".", "--workers", "2")
    world.nbgrader("generate_feedback", NAME)
    yield world, before, ran
    world.close()


def test_there_are_enough_and_each_is_proven_or_a_variant():
    assert len(ATTACKS) >= 50 and len(NAMED) >= 30
    for attack in ATTACKS.values():
        assert not attack.variant_of or attack.variant_of in NAMED


# Against stock nbgrader


def succeeded(world: World, before: dict[str, str], name: str, attack: Attack) -> bool:
    found = world.loot / name
    match attack.proof:
        case "points":
            return world.points()[name] > 0
        case "loot":
            taken = "".join(path.read_text(errors="replace") for path in found.iterdir())
            return any(secret in taken for secret in [*SECRETS.values(), "no limit"])
        case "feedback":
            page = world.page(name).read_text("utf-8")
            return "given 7919" in page and "kept [" in page
        case "key":
            return SECRETS["key"] in world.outputs(name)
        case "process":
            return bool(world.survivors())
        case "network":
            return b"sent" in world.received
        case "disk":
            return (found / "large").stat().st_size >= 200 * 2**20
        case "large notebook":
            return world.autograded(name).stat().st_size > 20 * 2**20
        case "ungraded":
            return not world.graded(name)
        case "script":
            return SCRIPT in world.page(name).read_text("utf-8")
    changed = {path for path, text in world.guarded().items() if before.get(path) != text}
    return any(attack.proof in path for path in changed)


@pytest.mark.prove
@pytest.mark.parametrize("name", [name for name in NAMED if name not in STOPPERS])
def test_an_attack_succeeds_against_stock_nbgrader(name, stock):
    world, before = stock
    assert succeeded(world, before, name, ATTACKS[name])


@pytest.mark.prove
@pytest.mark.parametrize("name", STOPPERS)
def test_an_attack_stops_stock_nbgrader(name, tmp_path):
    world, _ = attacked(tmp_path / "stock", STOCK, [name])
    assert world.nbgrader("autograde", NAME).returncode != 0
    world.close()
    assert world.graded(FIRST) and not world.graded(LAST)


# Against ours


def told_secrets(world: World, name: str) -> list[str]:
    """The secrets on the page that a student gets, and in what the submission printed.

    That the instructor's notebook shows what a hidden test gave is no leak.
    """
    if not world.graded(name):
        return []
    page = world.page(name).read_text("utf-8")
    printed = world.outputs(name).replace(SECRETS["hidden"], "")
    return [secret for secret in SECRETS.values() if secret in page + printed]


@pytest.mark.full
def test_all_others_are_graded(ours):
    world, _, ran = ours
    points = world.points()
    assert points[FIRST] == points[LAST] == points["ann"] == ALL, ran.stderr
    assert f"{len(ATTACKS) + 3 - len(FOLDERS)} graded, {len(FOLDERS)} failed" in ran.stdout


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gains_no_point(name, ours):
    world, _, _ = ours
    assert world.points().get(name, 0.0) == 0.0


@pytest.mark.parametrize("name", FOLDERS)
def test_odd_folders_are_refused_with_a_reason(name, ours):
    world, _, ran = ours
    assert not world.graded(name)
    (line,) = [line for line in ran.stdout.splitlines() if line.startswith(name)]
    reasons = ("is a link or a special file", "has a name with", "folders in each other")
    assert any(reason in line for reason in reasons)


@pytest.mark.parametrize("name", [name for name in ATTACKS if name not in FOLDERS])
def test_every_other_attack_is_graded(name, ours):
    assert ours[0].graded(name)


def test_no_secret_is_read(ours):
    world, _, _ = ours
    for name in ATTACKS:
        assert not told_secrets(world, name), name
        assert not (world.loot / name).exists()


def test_nothing_is_changed(ours):
    world, before, _ = ours
    assert world.guarded() == before
    names = {path.name for path in world.folder.iterdir()}
    assert names == {"course", "home", "jupyter", "loot", "packages"}
    assert sorted(path.name for path in world.course.iterdir()) == [
        *("autograded", "feedback", "gradebook.db", "grading", "nbgrader_config.py"),
        *("release", "source", "submitted"),
    ]


def test_nothing_is_sent_and_nothing_is_left_running(ours):
    world, _, _ = ours
    assert world.received == []
    assert world.survivors() == []


def test_notebooks_stay_small(ours):
    world, _, _ = ours
    assert max(path.stat().st_size for path in world.course.rglob("*.ipynb")) < 300_000


@pytest.mark.prove
def test_nbgrader_itself_is_as_safe(tmp_path):
    """`nbgrader autograde` with this course's settings, as Formgrader's button calls it."""
    world, before = attacked(tmp_path / "nbgrader", OURS, BY_NBGRADER)
    ran = world.nbgrader("autograde", NAME)
    world.nbgrader("generate_feedback", NAME)
    world.close()
    points = world.points()
    assert points.pop(FIRST) == points.pop(LAST) == points.pop("ann") == ALL, ran.stderr
    assert set(points.values()) == {0.0}
    assert points.keys() == set(BY_NBGRADER) - FOLDERS.keys()
    assert world.guarded() == before
    assert world.received == [] and world.survivors() == []
    for name in points:
        assert not told_secrets(world, name), name
    for name in set(BY_NBGRADER) & FOLDERS.keys():
        assert not world.autograded(name).parent.exists()


@pytest.mark.prove
@pytest.mark.browser
def test_a_page_runs_no_script(ours, stock, chromium):
    from playwright.sync_api import sync_playwright

    titles = {}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.route("http*://**", lambda route: route.abort())
        for kind, world in (("stock", stock[0]), ("ours", ours[0])):
            page.goto(world.page("script_in_outputs").as_uri())
            titles[kind] = page.title()
            assert "taken" in page.inner_text("body")
        browser.close()
    assert titles == {"stock": "taken", "ours": NAME}


def test_notebooks_as_sent_are_what_they_say(ours):
    """The attack in text that no file can hold is in the file, in JSON's own way."""
    world, _, _ = ours
    sent = world.course / "submitted" / "half_a_character" / NAME / f"{NAME}.ipynb"
    assert rb"\ud800" in sent.read_bytes()
    assert "\ud800" in nbformat.read(sent, as_version=4).cells[-1].source

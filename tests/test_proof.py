"""`make prove` hides nothing, and keeps no table of what failed."""

import sys

import proof
import pytest

RESULTS = """<testsuites><testsuite>
<testcase classname="tests.grading.test_kill" name="test_a" time="20.4"/>
<testcase classname="tests.grading.test_kill" name="test_b" time="1.0"/>
<testcase classname="tests.test_beam" name="test_c" time="30"/>
<testcase classname="tests.test_beam" name="test_d" time="0">
<skipped message="there is no moon">tests/test_beam.py:9</skipped></testcase>
</testsuite></testsuites>"""

# Stands for pytest: its last argument names the file for the results; the one before, its status.
PYTEST = "import sys; name = sys.argv[-1].partition('=')[2]; open(name, 'w').write(sys.argv[-3]); "
PYTEST += "sys.exit(int(sys.argv[-2]))"


@pytest.mark.parametrize("status", [0, 1])
def test_the_page_is_written_only_when_all_passed(status, tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    command = [sys.executable, "-c", PYTEST, RESULTS, str(status)]
    assert proof.main(command) == status
    assert proof.PAGE.exists() == (status == 0)


def test_the_page_counts_each_part_and_names_what_was_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    assert proof.main([sys.executable, "-c", PYTEST, RESULTS, "0"]) == 0
    page = proof.PAGE.read_text("utf-8")
    assert "3 tests passed, 1 were skipped" in page
    assert "- test_beam test_d: there is no moon\n" in page
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert rows == [
        "| Part | Tests | Seconds |",
        "| test_beam | 2 | 30 |",
        "| grading/test_kill | 2 | 21 |",
    ]

"""`make prove` hides nothing."""

import platform
import sys
from datetime import date

import proof

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


def test_what_failed_is_named_and_the_command_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    failed = RESULTS.replace(
        'time="30"/>', 'time="30"><failure message="no sun&#10;at all"/></testcase>'
    )
    assert proof.main([sys.executable, "-c", PYTEST, failed, "1"]) == 1
    page = proof.PAGE.read_text("utf-8")
    assert "2 tests passed, 1 failed, 1 were skipped" in page
    assert "- failure: test_beam test_c: no sun\n" in page


def test_without_results_the_page_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    assert proof.main([sys.executable, "-c", "import sys; sys.exit(4)"]) == 4
    assert not proof.PAGE.exists()


def test_the_page_counts_each_part_and_names_what_was_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    assert proof.main([sys.executable, "-c", PYTEST, RESULTS, "0"]) == 0
    page = proof.PAGE.read_text("utf-8")
    assert "3 tests passed, 0 failed, 1 were skipped" in page
    assert "- skipped: test_beam test_d: there is no moon\n" in page
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    day = rows[1].split(" | ")[3].partition(",")[0]
    ran = f"{day}, {proof.commit()}, Python {platform.python_version()}, {proof.processor()}"
    assert rows == [
        "| Part | Tests | Seconds | When, at which commit, on what |",
        f"| test_beam | 2 | 30 | {ran} |",
        f"| grading/test_kill | 2 | 21 | {ran} |",
    ]
    assert date.fromisoformat(day)


def test_what_did_not_run_again_keeps_its_row_and_what_is_gone_does_not(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    gone = '<testcase classname="tests.test_gone" name="test_e" time="5"/></testsuite>'
    failed = RESULTS.replace('time="1.0"/>', 'time="1.0"><failure message="no sun"/></testcase>')
    proof.main([sys.executable, "-c", PYTEST, failed.replace("</testsuite>", gone, 1), "1"])
    later = [
        line for line in RESULTS.splitlines() if "test_beam" not in line and "moon" not in line
    ]
    assert proof.main([sys.executable, "-c", PYTEST, "tests/grading", "\n".join(later), "0"]) == 0
    page = proof.PAGE.read_text("utf-8")
    assert "3 tests passed, 0 failed, 1 were skipped" in page
    assert "test_gone" not in page and "no sun" not in page
    assert page.count("there is no moon") == page.count("| test_beam |") == 1


def test_the_faulty_answers_have_a_table_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    row = "| 04_top_p | my_top_p | 329 | 0 | 29 |"
    noted = f'<properties><property name="mutants" value="{row}"/></properties></testcase>'
    results = RESULTS.replace('time="1.0"/>', f'time="1.0">{noted}')
    assert proof.main([sys.executable, "-c", PYTEST, results, "0"]) == 0
    table = proof.PAGE.read_text("utf-8").split("## Faulty answers made by program\n")[1]
    assert table.splitlines()[-1] == row
    other = results.replace("04_top_p", "03_top_k").replace("329", "330")
    assert proof.main([sys.executable, "-c", PYTEST, "tests/quizzes", other, "0"]) == 0
    assert proof.PAGE.read_text("utf-8").splitlines()[-2:] == [
        "| 03_top_k | my_top_p | 330 | 0 | 29 |",
        row,
    ]


def test_what_ran_whole_leaves_nothing_of_the_page_before(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    proof.main([sys.executable, "-c", PYTEST, RESULTS, "0"])
    only = RESULTS.replace("tests.grading.test_kill", "tests.test_beam")
    assert proof.main([sys.executable, "-c", PYTEST, only, "0"]) == 0
    assert "test_kill" not in proof.PAGE.read_text("utf-8")


def test_what_runs_less_than_a_file_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    for less in (["tests/test_beam.py::test_c"], ["tests", "-k", "beam"]):
        assert proof.main([sys.executable, "-c", PYTEST, *less, RESULTS, "0"]) == 2
        assert "a part is a file or a folder" in capsys.readouterr().out
    assert not proof.PAGE.exists()


def test_a_class_and_what_cannot_be_imported_belong_to_their_file(tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "PAGE", tmp_path / "proof.md")
    error = '<testcase classname="" name="tests.test_exact"><error/></testcase></testsuite>'
    results = RESULTS.replace('"tests.test_beam"', '"tests.test_beam.TestAll"')
    results = results.replace("</testsuite>", error, 1)
    assert proof.main([sys.executable, "-c", PYTEST, results, "1"]) == 1
    page = proof.PAGE.read_text("utf-8")
    assert "- failure: test_exact tests.test_exact: without a message\n" in page
    assert "| test_beam | 2 | 30 |" in page and "TestAll" not in page

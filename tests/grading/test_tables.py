"""Tables that leave the gradebook: no text in them is a formula, and what is read is a table."""

import csv
import re

import pytest
from grading.tiny import NAME
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from course_utils.grading import tables
from course_utils.grading.exports import CsvExport
from course_utils.grading.tables import harmless, read_csv, write_csv
from course_utils.project import ROOT

CALL = "HYPERLINK(1)"
FORMULAS = [
    *(f"{sign}{CALL}" for sign in "=+-@＝＋－＠"),
    *(f"{blank}={CALL}" for blank in (" ", "\t", "\r", "\n", "\u00a0", "\u200b", "\ufeff", '"')),
    *(f"Lee{end}={CALL}" for end in (";", ",", "\t", "\r", "\n", "; ", ';"')),
    f"a;+{CALL};@{CALL}",
]
PLAIN = [
    "-",
    "- ",
    "Lee, Ann",
    "ann@uni.example",
    "Ann-Lee",
    "2=1+1",
    "Öz",
    "",
    "a; b",
    "Participant 31",
]


def begins(text: str) -> bool:
    """Whether a cell of any country's spreadsheet begins like a formula."""
    cells = [cell.strip(' \u00a0\u200b\ufeff"') for cell in re.split(r"[;,|\t\r\n]", text)]
    return any(cell[:1] in tuple("=+-@＝＋－＠") and len(cell) > 1 for cell in cells)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_a_text(text):
    assert begins(text) and not begins(harmless(text))
    assert harmless(text).replace("'", "") == text
    assert harmless(harmless(text)) == harmless(text)


@given(st.text("=+-@; ,\t\r\n'\"＝ab1\u200b", max_size=12))
def test_no_text_is_a_formula(text):
    assert not begins(harmless(text)) and harmless(text)[:1] not in ("\t", "\r", "\n")


@pytest.mark.parametrize("value", [*PLAIN, -0.5, None, 3])
def test_what_is_none_stays(value):
    assert harmless(value) == value


def test_every_table_is_written_in_one_place():
    writers = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "course_utils").rglob("*.py")
        if re.search(r"csv\.(Dict)?[Ww]riter|to_csv", path.read_text("utf-8"))
    ]
    assert writers == ["course_utils/grading/tables.py"]


def test_a_table_is_read_as_it_was_written(tmp_path):
    rows = [["Öz, Bo", "1"], ['a "b"', "2\n3"]]
    write_csv(tmp_path / "a.csv", ["name", "n"], rows)
    assert read_csv(tmp_path / "a.csv") == (["name", "n"], rows)
    (tmp_path / "b.csv").write_text("\ufeffname;n\nÖz, Bo;1\n\n;\nlast\n", "utf-8")  # of a Mac
    assert read_csv(tmp_path / "b.csv") == (["name", "n"], [["Öz, Bo", "1"], ["last", ""]])


@pytest.mark.parametrize(
    "data, said",
    [
        (b"\xff\xfea\x00", "is not UTF-8 text"),
        (b"", "holds no student: it has 0 lines"),
        (b"a,b\n", "holds no student: it has 1 lines"),
        (b"a,b\n1,2,3\n", "has 2 columns, and 3 in the row of '1'"),
        (b'a,b\n"1,2\n', "is not CSV: "),
        (b"x" * 200, "is larger than 100 bytes"),
    ],
)
def test_what_is_no_table_is_said(data, said, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "LARGEST", 100)
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=re.escape(f"{path} {said}")):
        read_csv(path)


@pytest.mark.grading
@pytest.mark.slow
def test_names_in_nbgrader_s_own_export_are_texts(course, monkeypatch):
    """Stock nbgrader's has a formula there, and one column more for a comma."""
    monkeypatch.chdir(course)
    with Gradebook(f"sqlite:///{course}/gradebook.db", "next_token") as gradebook:
        gradebook.add_student("ann", last_name=f"={CALL}", first_name=f"A;={CALL}", email="+1")
        gradebook.add_student("bo", last_name="Öz, Bo\nBo")
        CsvExport().export(gradebook)
    with (course / "grades.csv").open(encoding="utf-8", newline="") as text:
        rows = {row["student_id"]: row for row in csv.DictReader(text)}
    assert {row["assignment"] for row in rows.values()} == {NAME}
    ann = rows["ann"]
    assert (ann["last_name"], ann["first_name"]) == (f"'={CALL}", f"A;'={CALL}")
    assert (ann["email"], ann["score"], ann["max_score"]) == ("'+1", "0.0", "4.0")
    assert rows["bo"]["last_name"] == "Öz, Bo\nBo"

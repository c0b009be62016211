"""Lists and zips of Canvas and Moodle: each name is a student's, and bad ones lose nothing."""

import re
import zipfile
from io import BytesIO
from pathlib import Path, PurePosixPath

import pytest
from grading.test_teaching import CANVAS, MOODLE
from grading.tiny import NAME
from nbgrader.apps import ZipCollectApp

from course_utils.cli import main
from course_utils.grading import handed_in
from course_utils.grading.grade import Course
from course_utils.grading.handed_in import Collector
from course_utils.grading.roster import Roster, roster_of

pytestmark = pytest.mark.grading
HEADS = "Student,ID,SIS User ID,SIS Login ID,Section\n"
ANN = '"Lee, Ann",4711,s1,ann,One\n'


@pytest.fixture
def rosters(tmp_path) -> dict[str, Roster]:
    found = {}
    for name, (text, *_) in {"Canvas": CANVAS, "Moodle": MOODLE}.items():
        (tmp_path / name).write_text(text, "utf-8")
        found[name] = Roster(tmp_path / name)
    return found


@pytest.fixture(scope="module")
def collector() -> Collector:
    from course_utils.project import ROOT

    return Collector(config=Course(ROOT / "quizzes").config)


@pytest.mark.parametrize(
    "platform, path, student, file, late",
    [
        ("Canvas", "s/leeann_4711_9_a.ipynb", "ann", "a.ipynb", False),
        ("Canvas", "leeann_LATE_4711_9_a_1_2_b.ipynb", "ann", "a_1_2_b.ipynb", True),
        ("Canvas", "a b/ozbo_4712_9_a.ipynb", "bo", "a.ipynb", False),  # without its accent
        ("Moodle", "Ann Lee_31_assignsubmission_file/a.ipynb", "ann@uni.example", "a.ipynb", False),
        ("Moodle", "s/Ann Lee_31_assignsubmission_file_/a", "ann@uni.example", "a", False),
        ("Moodle", "s/Ann Lee_31_assignsubmission_file_a_b", "ann@uni.example", "a_b", False),
        ("Moodle", "s/Red-Ann Lee_31_assignsubmission_file/a", "ann@uni.example", "a", False),
        ("Moodle", "s/Participant_31_assignsubmission_file/a", "ann@uni.example", "a", False),
        (  # what a student calls folders and files names nobody else
            "Moodle",
            "s/Ann Lee_31_assignsubmission_file/Bo Öz_32_assignsubmission_file/a",
            "ann@uni.example",
            "a",
            False,
        ),
    ],
)
def test_a_name_says_whose_it_is(platform, path, student, file, late, rosters, collector):
    work = collector.whose(PurePosixPath(path), rosters[platform], NAME)
    assert (work.student.id, work.file, work.late) == (student, file, late)


@pytest.mark.parametrize(
    "platform, path, said",
    [
        ("Canvas", "a.ipynb", "has no name that Canvas gives"),
        ("Canvas", "leeann_4799_9_a.ipynb", "is of number 4799, who is not in roster.csv"),
        ("Canvas", "leeann_4712_9_a.ipynb", "is of number 4712, which is 'Öz, Bo'"),
        ("Moodle", "leeann_31_9_a.ipynb", "has no name that Moodle gives"),
        ("Moodle", "Ann Lee_32_assignsubmission_file/a", "is of number 32, which is 'Bo Öz'"),
    ],
)
def test_a_name_that_is_nobody_s_is_said(platform, path, said, rosters, collector):
    with pytest.raises(ValueError, match=re.escape(f"{path} {said}")):
        collector.whose(PurePosixPath(path), rosters[platform], NAME)


def collect(course: Path, files: dict[str, bytes], monkeypatch, caplog, *options: str) -> str:
    """Have nbgrader take in a zip; what it says besides how it goes."""
    archive = course / "downloaded" / NAME / "archive"
    archive.mkdir(parents=True, exist_ok=True)
    (archive / "work.zip").write_bytes(zipped(files))
    monkeypatch.chdir(course)
    app = ZipCollectApp()
    app.initialize([NAME, *options])
    monkeypatch.setattr(app.log, "propagate", True)
    caplog.clear()
    app.start()
    return "\n".join(r.getMessage() for r in caplog.records if r.levelname in ("ERROR", "CRITICAL"))


def zipped(files: dict[str, bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return made.getvalue()


def roster(course: Path, text: str = CANVAS[0]) -> int:
    path = course.parent / "list.csv"
    path.write_text(text, "utf-8")
    return main(["roster", NAME, str(path), "--course", str(course)])


@pytest.mark.slow
def test_a_zip_is_taken_in_but_for_what_is_nobody_s(course, monkeypatch, caplog):
    """One odd file stops no other; and a second zip overwrites nothing unasked."""
    assert roster(course) == 0
    monkeypatch.setattr(handed_in, "LARGEST", 1000)
    bomb = zipped({"a.ipynb": b"0" * 1001})
    files = {
        "leeann_4711_1_a.ipynb": b"first",
        "leeann_4711_2_a.ipynb": b"second",
        "leeann_4711_3_all.zip": zipped({"deep/b.ipynb": b"zipped", "more.zip": bomb}),
        "leeann_4711_4_bomb.zip": bomb,
        "leeann_4711_5_broken.zip": b"PK",
        "leeann_4711_6_notes.pdf": b"%PDF",
        "__MACOSX/._leeann_4711_1_a.ipynb": b"",
        "leeann_4711_6_\u202ea.ipynb": b"no such name",
        f"leeann_4711_6_{'a' * 250}.ipynb": b"too long",
        "zoe_4799_7_a.ipynb": b"",
    }
    said = collect(course, files, monkeypatch, caplog)
    folder = course / "submitted" / "ann" / NAME
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.ipynb": b"first",
        "a-2.ipynb": b"second",
        "all_b.ipynb": b"zipped",
    }
    assert [path.name for path in (course / "submitted").iterdir()] == ["ann"]
    for line in ("bomb.zip cannot be unpacked: it is too large", "broken.zip", "4799, who is not"):
        assert line in said
    with pytest.raises(SystemExit):
        collect(course, {"leeann_4711_8_a.ipynb": b"third"}, monkeypatch, caplog)
    assert (folder / "a.ipynb").read_bytes() == b"first"
    collect(course, {"leeann_4711_8_a.ipynb": b"third"}, monkeypatch, caplog, "--force")
    assert [path.read_bytes() for path in folder.iterdir()] == [b"third"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "files, said",
    [
        ({}, "no notebook is in .*: it holds no file"),
        ({"notes.pdf": b"", "x/essay.docx": b""}, "it holds essay.docx, notes.pdf"),
        ({"../x_1_2_a.ipynb": b""}, "'../x_1_2_a.ipynb' is no name for a file"),
    ],
)
def test_a_zip_that_holds_no_work_is_said(files, said, course, monkeypatch, caplog):
    assert roster(course) == 0
    with pytest.raises(SystemExit):
        collect(course, files, monkeypatch, caplog)
    assert re.search(said, caplog.text)
    assert not (course / "submitted").exists()


@pytest.mark.parametrize(
    "text, said",
    [
        ("Name,Points\nAnn,1\n", "is neither Canvas's gradebook nor Moodle's grading worksheet"),
        ("Name,Points\nAnn,1\n", "it has the columns Name, Points. Canvas's lacks Student, ID"),
        (HEADS, "holds no student"),
        (f'{HEADS}"    Points Possible",,,,\n', "holds no student"),
        (
            f'{HEADS}{ANN}"Ray, Cy",4711,s3,cy,One\n',
            "has '4711' twice, of 'Lee, Ann' and 'Ray, Cy'",
        ),
        (f'{HEADS}{ANN}"Ray, Cy",4712,s3,ann,One\n', "has 'ann' twice"),
        (f'{HEADS}"Ray, Cy",x,s3,cy,One\n', "the ID of 'Ray, Cy' is no number but 'x'"),
        (f'{HEADS}"Ray, Cy",1,s3,../cy,One\n', "'Ray, Cy' cannot be kept under the name '../cy'"),
        (MOODLE[0].replace("Participant 31", "x"), "the Identifier of 'Ann Lee' is 'x'"),
        (MOODLE[0].replace("7 January 2030, 9:15 AM", "7. Januar"), "is no time in English"),
        (MOODLE[0].replace("Grade,Maximum", "Note,Maximum"), "Moodle's lacks Grade"),
    ],
)
def test_a_bad_list_is_said_and_changes_nothing(text, said, course, capsys):
    assert roster(course, f"{HEADS}{ANN}") == 0
    assert roster(course, text) == 2
    assert said in capsys.readouterr().err
    assert list(roster_of(Course(course), NAME).students) == ["4711"]
    with Course(course).gradebook() as gradebook:
        assert [student.id for student in gradebook.students] == ["ann"]


@pytest.mark.parametrize("platform", ["Canvas", "Moodle"])
def test_a_grade_goes_where_it_belongs(platform, rosters):
    roster = rosters[platform]
    ann = next(iter(roster.students.values())).id
    heads, *rows = roster.filled("00_start_here", {ann: 1.256, "zoe": 1.0}, 2.0)
    column = heads.index("Grade" if platform == "Moodle" else "00 Start here (98765)")
    assert [row[column] for row in rows if "Ann" in f"{row}"] == ["1.26"]
    assert {row[column] for row in rows if "Ann" not in f"{row}"} <= {"", "2"}
    with pytest.raises(ValueError, match="the module has 5 points, and the assignment in"):
        roster.filled("00_start_here", {}, 5.0)


def test_a_module_that_canvas_does_not_know_gets_a_column(rosters):
    heads, possible, *_ = rosters["Canvas"].filled("02_temperature", {}, 18.0)
    assert (heads[-1], possible[-1]) == ("02_temperature", "18")
    assert "Essay (3)" not in heads


def test_nothing_is_exported_before_it_is_graded(course, capsys):
    export = ["export", NAME, "--course", str(course)]
    assert main(export) == 2
    assert f"roster.csv is missing; run: course roster {NAME} FILE.csv" in capsys.readouterr().err
    assert roster(course) == 0
    assert main(export) == 2
    assert f"nothing of {NAME} is graded yet; run: course grade {NAME}" in capsys.readouterr().err
    assert not (course / "exports").exists()
    assert main(["similar", NAME, "--course", str(course)]) == 2
    assert "fewer than two submissions" in capsys.readouterr().err
    assert main(["grade", "--all", "--course", str(course)]) == 2
    assert "nothing is submitted in" in capsys.readouterr().err
    assert main(["grade", "--course", str(course)]) == 2
    assert "give a module, such as 02_temperature, or --all" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # of nbgrader's own code
def test_an_export_says_what_is_not_in_it(course, capsys):
    assert (
        roster(course, CANVAS[0].replace("00 Start here", "01 tiny").replace(",2.00", ",4.00")) == 0
    )
    (course / "submitted" / "bo" / NAME).mkdir(parents=True)
    with Course(course).gradebook() as gradebook:
        gradebook.add_student("zoe")
        for student in ("ann", "zoe"):
            gradebook.add_submission(NAME, student)
            for cell, points in (("sides_test", 1.0), ("square_test", 1.5)):
                grade = gradebook.find_grade(cell, NAME, NAME, student)
                grade.auto_score, grade.needs_manual_grade = points, False
            gradebook.find_grade("explain", NAME, NAME, student).needs_manual_grade = True
        gradebook.db.commit()
    capsys.readouterr()
    assert main(["export", NAME, "--course", str(course)]) == 0
    table = course / "exports" / f"{NAME}.csv"
    assert capsys.readouterr().out.splitlines() == [
        "note: zoe: not in the list of Canvas, so left out",
        "note: ann: 1 to be graded by hand",
        "note: bo: handed in, not graded",
        "note: 1 of 3 handed in nothing: their grade stays empty",
        f"note: ann: no feedback; run: nbgrader generate_feedback {NAME}",
        str(table),
    ]
    rows = [line.rsplit(",", 1)[1] for line in table.read_text("utf-8").splitlines()]
    assert rows == ["01 tiny (98765)", "4", "2.50", "", ""]


def test_the_folder_of_a_class_that_we_are_in_is_meant(course, monkeypatch, capsys):
    """And what is wrong with one of its modules stops no other."""
    monkeypatch.chdir(course)
    for module in (NAME, "99_none"):
        (course / "submitted" / "ann").mkdir(parents=True, exist_ok=True)
        (course / "elsewhere").mkdir(exist_ok=True)
        (course / "submitted" / "ann" / module).symlink_to(course / "elsewhere")
    with pytest.raises(SystemExit) as stop:
        main(["grade", "--all"])
    said = capsys.readouterr()
    assert stop.value.code == 1
    assert (
        f"{NAME}:\nann                  FAILED: " in said.out and "0 graded, 1 failed" in said.out
    )
    assert "course: the gradebook" in said.err and "got '99_none'" in said.err

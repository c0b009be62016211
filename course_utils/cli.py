"""The `course` command."""

import argparse
import contextlib
import io
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

from course_utils.project import CALCULATOR, CARRIED, ROOT, STORYTELLER, need_checkout, requirement

NO_SANDBOX = (
    "WITHOUT A SANDBOX STUDENTS' CODE RUNS WITH YOUR RIGHTS: IT CAN READ, CHANGE AND SEND WHATEVER "
    "YOU CAN. Go on only on a machine that holds nothing else."
)
MODEL = (
    "a causal model of transformers: a folder, or a name on the Hugging Face hub that is in its "
    "local cache; or storyteller, the default, or calculator"
)
COURSE = "nbgrader's course folder; by default the one you are in, or quizzes/ of the checkout"


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help\n")


def number(kind: type, least: float, most: float = math.inf) -> Callable[[str], float]:
    """A reader of one command-line value that names the value and the range it missed."""

    def read(text: str) -> float:
        name = "a whole number" if kind is int else "a number"
        span = f"of at least {least:g}" if math.isinf(most) else f"from {least:g} to {most:g}"
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most or math.isinf(value):
            raise argparse.ArgumentTypeError(f"must be {name} {span}, got {text!r}")
        return value

    return read


def generate(args: argparse.Namespace) -> None:
    from course_utils.generate import Settings, generate
    from course_utils.model import load

    settings = Settings(0.0 if args.greedy else args.temperature, args.top_k, args.top_p)
    device = best_device(args.device)
    with contextlib.redirect_stdout(sys.stderr):  # what is said of memory is none of the text
        model = load(args.model, device)
    for i in range(args.n):
        if args.n > 1:
            print(f"--- {i + 1} of {args.n}, seed {args.seed + i}")
        print(args.prompt, end="", flush=True)
        for step in generate(model, args.prompt, settings, args.max_new_tokens, args.seed + i):
            print(step.text, end="", flush=True)
        print()


def best_device(wanted: str | None) -> str:
    """The device asked for, or else the best one here. ValueError if it is not here."""
    import torch

    here = [
        name
        for name, found in (
            ("cuda", torch.cuda.is_available()),
            ("mps", torch.backends.mps.is_available()),
            ("cpu", True),
        )
        if found
    ]
    if wanted and wanted not in here:
        raise ValueError(f"device must be one of {', '.join(here)} on this machine, got {wanted!r}")
    return wanted or here[0]


def score(args: argparse.Namespace) -> None:
    from course_utils.grading.score import score
    from course_utils.learner.progress import record

    report = score(args.notebook)
    print(report.table(), *record(args.notebook, report), sep="\n")


def missing(error: ModuleNotFoundError, extra: str) -> ValueError:
    """What to raise where a package of an extra is not installed."""
    return ValueError(f"{error.name} is missing; run: pip install {requirement(extra)}")


def class_folder(args: argparse.Namespace, command: str) -> Path:
    """nbgrader's course folder: the one given, else the one that we are in, else the checkout's."""
    if args.course is None and Path("nbgrader_config.py").is_file():
        return Path.cwd()
    if args.course is None:
        need_checkout(command, "give --course DIR, a nbgrader course folder of yours; or ")
    return args.course or ROOT / "quizzes"


def grade(args: argparse.Namespace) -> None:
    folder = class_folder(args, "grade")
    if args.all == (args.module is not None):
        raise ValueError("give a module, such as 02_temperature, or --all")
    try:
        from course_utils.grading.grade import grade
    except ModuleNotFoundError as error:
        raise missing(error, "grading")
    if args.no_sandbox:
        print(NO_SANDBOX, file=sys.stderr)
    if not args.all:
        failed = grade_module(grade, args.module, folder, args)
    else:
        failed = 0
        for module in submitted(folder):
            print(f"{module}:")
            try:
                failed += grade_module(grade, module, folder, args)
            except ValueError as error:  # it is this module's, and the others go on
                print(f"course: {said(error)}", file=sys.stderr)
                failed += 1
    if failed:
        sys.exit(1)


def submitted(folder: Path) -> list[str]:
    """The modules that somebody handed in. ValueError if there is none."""
    found = sorted({path.name for path in folder.glob("submitted/*/*") if path.is_dir()})
    if not found:
        raise ValueError(
            f"nothing is submitted in {folder}: a notebook belongs into "
            "submitted/STUDENT/MODULE/MODULE.ipynb; see docs/teaching.md"
        )
    return found


def grade_module(grade: Callable, module: str, folder: Path, args: argparse.Namespace) -> int:
    """Grade a module and print how each submission ended. Returns how many failed."""
    from tqdm import tqdm

    options = (args.only, args.regrade, args.db, args.scheduler, args.workers, not args.no_sandbox)
    outcomes = []
    with (
        contextlib.closing(grade(module, folder, *options)) as ended,
        tqdm(desc=module, unit=" submissions", disable=None) as bar,  # on terminals alone
    ):
        try:
            for outcome, left in ended:
                outcomes.append(outcome)
                bar.total = len(outcomes) + left
                bar.update()
        except KeyboardInterrupt:
            bar.close()
            print("Stopped. What is done is kept: the same command goes on.", file=sys.stderr)
            raise
    for outcome in sorted(outcomes, key=lambda outcome: outcome.student):
        print(f"{visible(outcome.student):<20} {visible(str(outcome))}")
        for note in outcome.notes:
            print(f"{'':<20} note: {visible(note)}")
    failed = sum(bool(outcome.failed) for outcome in outcomes)
    print(f"{len(outcomes) - failed} graded, {failed} failed")
    return failed


def visible(text: str) -> str:
    """A student's words on one line, without what would steer a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


def roster(args: argparse.Namespace) -> None:
    folder = class_folder(args, "roster")
    try:
        from course_utils.grading.grade import Course
        from course_utils.grading.roster import take_in
    except ModuleNotFoundError as error:
        raise missing(error, "grading")
    taken = take_in(Course(folder, args.db), args.module, args.list)
    for student in taken.students.values():
        print(f"{visible(student.id):<20} {visible(student.name)}")
    print(f"{len(taken.students)} students of {taken.platform}")


def export(args: argparse.Namespace) -> None:
    folder = class_folder(args, "export")
    try:
        from course_utils.grading.exports import export
        from course_utils.grading.grade import Course
    except ModuleNotFoundError as error:
        raise missing(error, "grading")
    paths, notes = export(Course(folder, args.db), args.module)
    for note in notes:
        print(f"note: {visible(note)}")
    print(*paths, sep="\n")


def similar(args: argparse.Namespace) -> None:
    folder = class_folder(args, "similar")
    try:
        from course_utils.grading.grade import Course
        from course_utils.grading.similar import similar
    except ModuleNotFoundError as error:
        raise missing(error, "grading")
    path, pairs = similar(Course(folder, args.db), args.module)
    print(f"{len(pairs)} pairs of answers share a third or more")
    print(path)


def analyse(args: argparse.Namespace) -> None:
    folder = class_folder(args, "analyse")
    try:
        from course_utils.grading import analysis
        from course_utils.grading.grade import Course
    except ModuleNotFoundError as error:
        raise missing(error, "grading")
    course = Course(folder, args.db)
    items = analysis.read(course, args.module)
    rows = analysis.analyse(items)
    print(analysis.table(rows), *analysis.left_out(items), "", analysis.summary(rows), sep="\n")
    for path in analysis.write(course, args.module, items, rows):
        print(path)


def build(args: argparse.Namespace) -> None:
    from course_utils.author.build import build, watch

    need_checkout("build")
    if args.watch:
        with contextlib.suppress(KeyboardInterrupt):
            watch(ROOT, args.modules, not args.no_execute)
        return
    for path in build(ROOT, args.modules, not args.no_execute):
        print(path.relative_to(ROOT))


def html(args: argparse.Namespace) -> None:
    need_checkout("html")
    try:
        from course_utils.author.site import html
    except ModuleNotFoundError as error:
        raise missing(error, "site")
    for path in html(ROOT, args.folder):
        print(path, flush=True)


def new_module(args: argparse.Namespace) -> None:
    from course_utils.author.new_module import new_module

    need_checkout("new-module")
    for path in new_module(ROOT, args.name, args.title):
        print(path.relative_to(ROOT))
    print("An example is in them: write your own in its place. docs/authoring.md says how.")


def gallery(args: argparse.Namespace) -> None:
    from course_utils.author.gallery import gallery

    need_checkout("gallery")
    for path in gallery(args.folder):
        print(path)


def lab(args: argparse.Namespace) -> None:
    from course_utils.learner.lab import difference, lab
    from course_utils.learner.own_copies import FOLDER, own_folder

    folder = own_folder(Path.cwd()) if ROOT == CARRIED else ROOT.resolve() / FOLDER
    if args.diff:
        print(difference(ROOT, folder))
        return
    port = os.environ.get("PORT")
    if port is not None and not (port.isdecimal() and 1 <= int(port) <= 65535):
        raise ValueError(f"PORT must be a whole number from 1 to 65535, got {port!r}")
    if ROOT == CARRIED:  # there may be several, one in each folder where this was called
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"{folder} cannot be made ({error.strerror}); call course lab in a folder of yours"
            )
        print(f"Your own copies of the modules are in {folder}")
    lab(ROOT, folder, int(port) if port else None, os.environ.get("BROWSER") != "none")


def doctor(args: argparse.Namespace) -> None:
    from course_utils.learner.doctor import FAIL, doctor

    findings = doctor(ROOT)
    print(*findings, sep="\n")
    if any(finding.level == FAIL for finding in findings):
        sys.exit(1)


def train(args: argparse.Namespace) -> None:
    need_checkout("train")
    if not args.from_books and (args.raw or args.mirror):
        given = "--calculator" if args.calculator else "--corpus"
        raise ValueError(f"--raw and --mirror go with --from-books, not with {given}")
    if args.raw and args.mirror:
        raise ValueError("give --raw or --mirror: with --raw nothing is downloaded")
    if args.calculator:
        from course_utils.training import calculator

        calculator.run(args.run or Path("calculator_run"), args.tokens, best_device(args.device))
        return
    try:
        from course_utils.training.run import run, run_from_books
    except ModuleNotFoundError as error:
        raise missing(error, "train")
    device, folder = best_device(args.device), args.run or Path("training_run")
    if args.from_books:
        run_from_books(folder, args.raw, args.mirror, args.tokens, device)
    else:
        run(args.corpus, folder, args.tokens, device)


def evaluate(args: argparse.Namespace) -> None:
    from course_utils.model.storyteller import load
    from course_utils.training.corpus import read_stories
    from course_utils.training.evaluate import evaluate

    if args.corpus and args.sums:
        raise ValueError("--sums goes with --calculator, not with --corpus")
    device = best_device(args.device)
    if args.calculator:
        from course_utils.training.accuracy import SUMS, accuracy, held_out_sums

        model = load(args.model or CALCULATOR, device)
        for line in accuracy(model, held_out_sums(args.sums or SUMS)):
            print(line, flush=True)
        return
    model = load(args.model or STORYTELLER, device)
    print(evaluate(model, read_stories(args.corpus / "valid.txt")))


def said(error: ValueError | OSError) -> str:
    """An error in words: what the system raises names the file, then the reason, and no number."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def parser() -> argparse.ArgumentParser:
    top = Parser(prog="course", description="The Next Token: from a model's scores to text.")
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def command(run: Callable, text: str) -> argparse.ArgumentParser:
        name = run.__name__.replace("_", "-")
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run_command=run)
        return made

    def class_options(p: argparse.ArgumentParser) -> None:
        p.add_argument("--course", type=Path, metavar="DIR", help=COURSE)
        p.add_argument("--db", metavar="URL", help="the gradebook, as for course grade")

    p = command(lab, "Open JupyterLab on your own copies of the modules, in my-course/.")
    p.add_argument(
        "--diff", action="store_true", help="only show what the course changed since you got them"
    )

    command(doctor, "Say whether this machine can run the course, and how to mend what cannot.")

    p = command(generate, "Let the Storyteller, or another model, continue a text.")
    p.add_argument("prompt")
    p.add_argument("--model", default="storyteller", metavar="NAME_OR_FOLDER", help=MODEL)
    p.add_argument("--temperature", type=number(float, 0), default=1.0, help="0 is greedy")
    p.add_argument("--top-k", type=number(int, 1), help="draw from the k likeliest tokens")
    p.add_argument("--top-p", type=number(float, 0, 1), default=1.0, help="above 0, up to 1")
    p.add_argument("--greedy", action="store_true", help="always the likeliest token")
    p.add_argument("--seed", type=number(int, 0, 2**63 - 1), default=0, help="of the first text")
    p.add_argument("--max-new-tokens", type=number(int, 1), default=200)
    p.add_argument("-n", type=number(int, 1), default=1, help="how many texts")
    p.add_argument("--device", help="cpu, cuda or mps; the best one here by default")

    p = command(score, "Score a notebook as an instructor would, leaving it as it is.")
    p.add_argument("notebook", type=Path)

    p = command(roster, "Take in the list of a class that Canvas or Moodle exported, for a module.")
    p.add_argument("module", help="such as 02_temperature")
    p.add_argument("list", type=Path, help="Canvas's gradebook or Moodle's grading worksheet, CSV")
    class_options(p)

    p = command(grade, "Grade the submissions of a module; start it again to go on after a stop.")
    p.add_argument("module", nargs="?", help="such as 02_temperature")
    p.add_argument("--all", action="store_true", help="each module that somebody handed in")
    p.add_argument("--course", type=Path, metavar="DIR", help=COURSE)
    p.add_argument("--only", metavar="STUDENT", help="this student alone")
    p.add_argument("--regrade", action="store_true", help="also what has not changed")
    p.add_argument("--db", metavar="URL", help="the gradebook, such as postgresql://…")
    p.add_argument("--scheduler", metavar="ADDRESS", help="of a running Dask cluster: tcp://…")
    p.add_argument("--workers", type=number(int, 1), help="how many here; one a core by default")
    p.add_argument("--no-sandbox", action="store_true", help="run students' code with your rights")

    for run, text in (
        (export, "Write grades and feedback of a module as Canvas or Moodle take them."),
        (similar, "Show which answers to a module's questions look alike, as a page."),
        (analyse, "Which questions of a module are hard, and which tell strong from weak."),
    ):
        p = command(run, text)
        p.add_argument("module", help="such as 02_temperature")
        class_options(p)

    p = command(build, "Make notebooks/ from quizzes/source/.")
    p.add_argument("modules", nargs="*", metavar="MODULE", help="such as 02_temperature; or all")
    p.add_argument("--watch", action="store_true", help="go on, and build what changes")
    p.add_argument("--no-execute", action="store_true", help="do not run code that has changed")

    p = command(html, "Make a static page of each lesson, for reading without Jupyter.")
    p.add_argument("--folder", type=Path, default=ROOT / "site", help="where to write them")

    p = command(new_module, "Begin a module: its text, answer bank and test, from a template.")
    p.add_argument("name", help="such as 10_speculation")
    p.add_argument("title", help='such as "Speculative sampling"')

    p = command(gallery, "Draw each explorer, for light and dark pages.")
    p.add_argument(
        "--folder", type=Path, default=ROOT / "docs" / "gallery", help="where to write them"
    )

    p = command(train, "Train one of the models; start it again to go on after a stop.")
    source = p.add_mutually_exclusive_group(required=True)
    source.add_argument("--corpus", type=Path, help="folder of train.txt and valid.txt")
    source.add_argument("--from-books", action="store_true", help="make the corpus from raw books")
    source.add_argument("--calculator", action="store_true", help="the Calculator, on sums")
    p.add_argument("--raw", type=Path, metavar="DIR", help="the raw books; downloaded by default")
    p.add_argument("--mirror", metavar="URL", help="download from there: a folder of the raw books")
    p.add_argument(
        "--run",
        type=Path,
        metavar="DIR",
        help="checkpoint and result; training_run/ by default, calculator_run/ for the Calculator",
    )
    p.add_argument("--tokens", type=number(int, 1), help="how many tokens to train on")
    p.add_argument("--device", help="cpu, cuda or mps; the best one here by default")

    p = command(evaluate, "How good a model is on the stories or sums that were kept from it.")
    source = p.add_mutually_exclusive_group(required=True)
    source.add_argument("--corpus", type=Path, help="folder of valid.txt: bits per character")
    source.add_argument(
        "--calculator", action="store_true", help="sums: how many come out right, by decoding"
    )
    p.add_argument("--sums", type=number(int, 1), help="how many; 1,000 by default")
    p.add_argument("--model", type=Path, help="folder of a model; the one that ships by default")
    p.add_argument("--device", help="cpu, cuda or mps; the best one here by default")
    return top


def main(argv: list[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):  # on Windows a pipe may hold only Western letters
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    args = parser().parse_args(argv)
    try:
        args.run_command(args)
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError) as error:
        print(f"course: {said(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

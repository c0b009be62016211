"""The scores that a learner got: kept beside each notebook, and summed up when all are there."""

import contextlib
import html
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.project import ROOT, module_names

if TYPE_CHECKING:  # its import takes a second, and home needs only what is kept
    from course_utils.grading.score import Report

SUMMARY = "summary.html"
MADE = '<meta name="generator" content="The Next Token">'
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
{made}
<title>The Next Token: summary</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }}
th, td {{ text-align: left; vertical-align: top; padding: .3em 1em .3em 0 }}
tfoot td {{ font-weight: bold }}
</style>
<h1>The Next Token: summary</h1>
<p>{opening}</p>
<table>
<thead><tr><th scope="col">Module</th><th scope="col">Best</th><th scope="col">Last</th>
<th scope="col">Scored</th><th scope="col">First and last day</th></tr></thead>
<tbody>
{rows}
</tbody>
<tfoot><tr><td>All</td><td>{total}</td><td></td><td>{times}</td><td></td></tr></tfoot>
</table>
<h2>To look at again</h2>
{again}
</html>
"""


@dataclass(frozen=True)
class Score:
    """One scoring of one notebook. when: with a time zone; items: question -> [points, most].

    unanswered: the questions without an answer; None where that was not kept.
    """

    when: datetime
    points: float
    max_points: float
    items: dict[str, list[float]]
    unanswered: list[str] | None = None

    def __str__(self) -> str:
        return f"{self.points:g} of {self.max_points:g}"

    @property
    def share(self) -> float:
        return self.points / self.max_points if self.max_points else 0.0

    @property
    def state(self) -> str:
        """How many questions are right, wrong and not answered, in words."""
        if self.unanswered is None:
            return "scored"
        lost = [question for question, (got, most) in self.items.items() if got < most]
        wrong = [question for question in lost if question not in self.unanswered]
        counts = {
            "right": len(self.items) - len(lost),
            "to mend": len(wrong),
            "not answered": len(lost) - len(wrong),
        }
        return ", ".join(f"{count} {what}" for what, count in counts.items() if count)

    @property
    def day(self) -> str:
        return self.when.astimezone().date().isoformat()


def history_file(notebook: Path) -> Path:
    return notebook.with_name(f".{notebook.stem}.scores.jsonl")


def history(notebook: Path) -> list[Score]:
    """All scores of a notebook, oldest first. Lines that are no score are skipped."""
    path = history_file(notebook)
    lines = path.read_text("utf-8", errors="replace").splitlines() if path.is_file() else []
    scores = []
    for line in lines:
        # A line may be cut short, by a full disk say; the others still count.
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            scores.append(parse(line))
    return scores


def parse(line: str) -> Score:
    raw = json.loads(line)
    items = {str(name): [float(got), float(most)] for name, (got, most) in raw["items"].items()}
    when = datetime.fromisoformat(raw["when"])
    unanswered = raw.get("unanswered")  # from before the second edition there is none
    if unanswered is not None:
        unanswered = [str(name) for name in unanswered]
    return Score(when, float(raw["points"]), float(raw["max_points"]), items, unanswered)


def best(scores: list[Score]) -> Score:
    """The one with the greatest share of the points, of equals the last."""
    return max(reversed(scores), key=lambda score: score.share)


def record(notebook: Path, report: "Report", root: Path = ROOT) -> list[str]:
    """Keep a score beside its notebook. Returns sentences for the learner, the score first.

    When all modules have a score, writes the summary into the folder above the notebook's.
    A file that cannot be written is one more sentence, and no error.
    """
    scored = [item for item in report.items if not item.by_hand]
    items = {item.question: [item.points, item.max_points] for item in scored}
    unanswered = [item.question for item in scored if item.unanswered]
    now = Score(datetime.now(UTC), report.points, report.max_points, items, unanswered)
    said = [told([*history(notebook), now])]
    try:
        append(history_file(notebook), json.dumps(asdict(now), default=datetime.isoformat))
        page = write_summary(notebook.resolve().parent.parent, module_names(root))
    except OSError as error:
        return [*said, f"Not everything could be kept: {error}."]
    return [*said, f"Every module has a score: your summary is {page}."] if page else said


def told(scores: list[Score]) -> str:
    """The last score, with the best and the one before if there are any."""
    now, before = scores[-1], scores[:-1]
    if not before:
        return f"{now} points."

    def short(score: Score) -> str:
        return f"{score.points:g}" if score.max_points == now.max_points else str(score)

    return f"{now} points, best so far {short(best(scores))}; last time {short(before[-1])}."


def append(path: Path, line: str) -> None:
    before = path.read_bytes() if path.is_file() else b""
    half = before and not before.endswith(b"\n")
    with path.open("a", encoding="utf-8", newline="\n") as out:
        out.write(("\n" if half else "") + line + "\n")


def write_summary(folder: Path, names: list[str]) -> Path | None:
    """Write the summary page if every module has a score; its path, or None if one has not.

    Raises FileExistsError if a file of somebody else has its name.
    """
    scores = {name: history(folder / name / f"{name}.ipynb") for name in names}
    if not scores or not all(scores.values()):
        return None
    path = folder / SUMMARY
    if path.exists() and MADE not in path.read_text("utf-8", errors="replace"):
        raise FileExistsError(f"{path} is not the course's; rename it, then score again")
    path.write_text(summary(scores), "utf-8", newline="\n")
    return path


def summary(scores: dict[str, list[Score]]) -> str:
    """The page on a finished course: each module's best, what is open, and when it was done."""
    tops = {name: best(own) for name, own in scores.items()}
    points = sum(top.points for top in tops.values())
    most = sum(top.max_points for top in tops.values())
    days = sorted(score.day for own in scores.values() for score in own)
    rows, again = [], []
    for name, own in scores.items():
        cells = (tops[name], own[-1], len(own), f"{own[0].day} to {own[-1].day}")
        link = f'<th scope="row"><a href="{name}/{name}.ipynb">{html.escape(title(name))}</a></th>'
        rows.append(f"<tr>{link}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
        lost = [html.escape(q) for q, (got, full) in tops[name].items.items() if got < full]
        if lost:
            again.append(f"<li>{html.escape(title(name))}: {', '.join(lost)}</li>")
    return PAGE.format(
        made=MADE,
        opening=f"All {len(scores)} modules scored, {points:g} of {most:g} points at best, "
        f"from {days[0]} to {days[-1]}.",
        rows="\n".join(rows),
        total=f"{points:g} of {most:g}",
        times=sum(len(own) for own in scores.values()),
        again=f"<ul>{''.join(again)}</ul>" if again else "<p>Nothing: every question is right.</p>",
    )


def title(name: str) -> str:
    """A module's name for people: 04_top_p -> 04 top p."""
    return name.replace("_", " ")

"""The ids that questions had in earlier editions, for notebooks and gradebooks in mid-course."""

import csv
from collections.abc import Iterable
from pathlib import Path

TABLE = "renamed.tsv"  # of a course folder: module, old and new id, with tabs between


def earlier_names(course: Path, module: str, known: Iterable[str] | None = None) -> dict[str, str]:
    """The grade ids that a module had in earlier editions, each with the one it has now.

    course: a course folder; empty without a table there. known: the ids that the module has now, to
    check against. Raises ValueError, FILE:LINE first, if the table cannot be read, a row is not
    whole, an old id comes twice, or a new one is not known.
    """
    path = course / TABLE
    if not path.is_file():
        return {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: this is not UTF-8 text ({error.reason}); save it as UTF-8")
    found: dict[str, str] = {}
    for line, row in enumerate(csv.DictReader(lines, delimiter="\t"), 2):
        if not all(row.get(column) for column in ("module", "old", "new")):
            raise ValueError(f"{path}:{line}: a row is module, old and new id, with tabs between")
        if row["module"] != module:
            continue
        if row["old"] in found:
            raise ValueError(f"{path}:{line}: {row['old']} of {module} has a new id already")
        if known is not None and row["new"] not in known:
            raise ValueError(f"{path}:{line}: {module} has no id {row['new']!r}")
        found[row["old"]] = row["new"]
    return found

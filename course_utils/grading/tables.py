"""Tables as CSV files: read from a learning platform or a spreadsheet, and written for one."""

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

LARGEST = 20 * 2**20  # bytes of a table that is read
SIGNS = "=+@\\-−＝＋＠－"  # a formula begins with one of them, or with its full-width twin
BLANK = r"[\s\"\u00ad\u200b-\u200f\u2060\ufeff]*"  # what a spreadsheet may leave out before it
# At the start; and behind what another country's spreadsheet takes for the end of a cell. A sign
# alone is none: Moodle's tables are full of them.
FORMULA = re.compile(rf"((?:^|[;,|\t\r\n]){BLANK})([{SIGNS}](?=\s*\S))")


def harmless(value: object) -> object:
    """A text in which no spreadsheet finds a formula: each gets an apostrophe in front.

    A text that begins with a tab or a line's end gets one too. What is no text stays as it is.
    """
    if not isinstance(value, str):
        return value
    safe = FORMULA.sub(r"\1'\2", value)
    return f"'{safe}" if safe[:1] in ("\t", "\r", "\n") else safe


def write_csv(path: Path, heads: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Write a table whole or not at all, and each text in it harmless: the one place for CSV."""
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerows([harmless(value) for value in row] for row in (heads, *rows))
    os.replace(part, path)


def read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of a table, which may be separated by commas or semicolons.

    Each row has as many cells as there are heads; rows without text are left out. ValueError if the
    file is too large, no UTF-8 text, no CSV, or has no row.
    """
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path} is larger than {LARGEST:,} bytes: it is no list of a class")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text: save it as CSV UTF-8, or download it again")
    first = text.split("\n", 1)[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise ValueError(f"{path} is not CSV: {error}")
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise ValueError(f"{path} holds no student: it has {len(rows)} lines")
    heads = [cell.strip() for cell in rows[0]]
    for row in rows[1:]:
        if len(row) > len(heads):
            raise ValueError(
                f"{path} has {len(heads)} columns, and {len(row)} in the row of {row[0]!r}"
            )
    return heads, [[*row, *[""] * (len(heads) - len(row))] for row in rows[1:]]

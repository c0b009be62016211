"""The books that the Storyteller is made from: their table, and how to get them."""

import csv
import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from tqdm import tqdm

TABLE = Path(__file__).with_name("books.tsv")
# Project Gutenberg revises its texts, so a checksum of today fails there tomorrow. These
# repositories hold the very files that the table was made from.
MIRROR = "https://raw.githubusercontent.com/{repository}/HEAD/{path}"
TRIES = 3
WAIT = 1.0  # seconds before the second try, twice that before the third
TIMEOUT = 30.0  # seconds without an answer
AGENT = "the-next-token (course train --from-books)"


@dataclass(frozen=True)
class Book:
    """A row of the table. `gutenberg_id` is empty for the books that came from elsewhere."""

    file: str
    title: str
    author: str
    year: str
    gutenberg_id: str
    repository: str
    path: str
    bytes: int
    sha256: str

    def url(self, mirror: str) -> str:
        """Where the file is: a folder of files named as in the table, or a pattern with `{…}`."""
        if "{" not in mirror:
            return f"{mirror.rstrip('/')}/{quote(self.file)}"
        try:
            return mirror.format(
                file=quote(self.file),
                id=self.gutenberg_id,
                repository=quote(self.repository),
                path=quote(self.path),
            )
        except (KeyError, IndexError, ValueError):
            raise ValueError(
                f"--mirror may hold {{file}}, {{id}}, {{repository}} and {{path}}, got {mirror!r}"
            )

    def is_in(self, folder: Path) -> bool:
        """Whether `folder` has the file, whole and as the table knows it."""
        path = folder / self.file
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def all_books() -> list[Book]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Book(**{**row, "bytes": int(row["bytes"])}) for row in rows]


class NoBook(Exception):
    """This one book cannot be had from there; others may."""


def fetch(books: list[Book], folder: Path, mirror: str, log: Callable[[str], None]) -> None:
    """Download the books that `folder` does not have yet, each held against its checksum.

    Raises OSError if the server cannot be reached, or at the end if some books could not be had;
    what has arrived stays, so that the next start asks for the rest alone. ValueError if `mirror`
    is no http address.
    """
    if urlsplit(mirror).scheme not in ("http", "https"):
        raise ValueError(f"--mirror must begin with http:// or https://, got {mirror!r}")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [book for book in books if not book.is_in(folder)]
    log(f"{len(books) - len(wanted)} of {len(books)} books are in {folder}")
    failed = []
    with tqdm(total=sum(b.bytes for b in wanted), unit="B", unit_scale=True, disable=None) as bar:
        for book in wanted:
            bar.set_description(book.title[:30])
            try:
                data = download(book, mirror)
            except NoBook as error:
                failed.append(f"  {book.file} ({book.title}): {error}")
                continue
            part = folder / f"{book.file}.part"
            part.write_bytes(data)
            part.replace(folder / book.file)  # a kill leaves no half of a book under its name
            bar.update(len(data))
    if failed:
        raise OSError(
            f"{len(failed)} of {len(books)} books could not be had; the others are in {folder}:\n"
            + "\n".join(failed)
            + "\nStart again to try these once more, or with another --mirror. Or find them by "
            "hand (gutenberg.org/ebooks/ and the number), put them there, and pass "
            f"--raw {folder}"
        )


def download(book: Book, mirror: str) -> bytes:
    """The file's bytes, tried a few times. NoBook if it is missing or not the one of the table."""
    url = book.url(mirror)
    why: Exception = NoBook(url)
    for attempt in range(TRIES):
        if attempt:
            time.sleep(WAIT * attempt)
        try:
            request = urllib.request.Request(url, headers={"User-Agent": AGENT})
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                data = answer.read(book.bytes + 1)
        except urllib.error.HTTPError as error:
            why = NoBook(f"{url} answers {error.code} {error.reason}")
            if error.code < 500 and error.code != 429:  # it will say the same again
                break
            continue
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", error)
            why = OSError(
                f"cannot reach {url}: {reason}. "
                "Without a network, pass --raw and a folder of the books"
            )
            continue
        except http.client.HTTPException as error:
            why = NoBook(f"{url} broke off: {error!r}")
            continue
        if hashlib.sha256(data).hexdigest() == book.sha256:
            return data
        size = f"{len(data):,}" if len(data) <= book.bytes else f"more than {book.bytes:,}"
        why = NoBook(
            f"{url} is damaged or another edition: {size} bytes with a wrong checksum, "
            f"not the {book.bytes:,} of the table"
        )
    raise why


def check_raw(books: list[Book], folder: Path, log: Callable[[str], None]) -> list[Book]:
    """The books that `folder` holds; says which are missing or differ. ValueError if none is."""
    if not folder.is_dir():
        raise ValueError(f"--raw must be a folder, got {str(folder)!r}")
    here = [book for book in books if (folder / book.file).is_file()]
    if not here:
        raise ValueError(
            f"{folder} holds none of the {len(books)} books. They are named as in {TABLE}, "
            f"such as {books[0].file}"
        )
    if len(here) < len(books):
        missing = [book.file for book in books if book not in here]
        log(f"{len(missing)} of {len(books)} books are not in {folder}: {shortened(missing)}")
    differing = [book.file for book in here if not book.is_in(folder)]
    if differing:
        log(f"{len(differing)} are not the editions of the table: {shortened(differing)}")
    return here


def shortened(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")

import codecs
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from course_utils.cli import ROOT
from course_utils.training.books import all_books, check_raw
from course_utils.training.corpus import read_stories
from course_utils.training.gather import (
    WORD_LIST,
    common_words,
    for_validation,
    gather,
    is_hard,
    phrases,
    word_pattern,
)

SHARED = ROOT.parent / "shared" / "corpus"
GIVEN_BYTES = 37_634_341 + 811_781  # train.txt and valid.txt of the corpus the course began with
ANIMALS = ("badger", "sparrow", "hedgehog", "mole", "otter", "hare", "owl", "toad")
THINGS = ("lantern", "kettle", "wheelbarrow", "ladder", "drum", "basket", "spade", "bell")


def quiet(message):
    pass


def story(animal, thing, extra=""):
    """About a thousand characters; no phrase of eight words is in two of them."""
    lines = [
        f"The {animal} {verb} a {thing} and the {animal} {verb} another {thing} of the {verb} kind."
        for verb in ("found", "carried", "mended", "painted", "hid", "lost", "sold", "bought")
    ]
    return "\n\n".join([*lines, *lines[:4], *([extra] if extra else [])])


@pytest.fixture
def shelf(tmp_path):
    """Two books of 32 stories each, and a folder of their raw files."""
    chapters = [f"\n\n\n\nCHAPTER {{}}\n\n{story(a, t)}\n" for a in ANIMALS for t in THINGS]
    made = []
    for name, part in (("a.txt", chapters[:32]), ("b.txt", chapters[32:])):
        text = "".join(chapter.format(i + 1) for i, chapter in enumerate(part))
        (tmp_path / name).write_text(text, "ascii")
        made.append(replace(all_books()[0], file=name, title=name))
    return made, tmp_path


def append(folder, text):
    with (folder / "b.txt").open("a") as file:
        file.write(f"\n\n\n\nCHAPTER 99\n\n{text}\n")


def test_every_story_is_in_one_file_and_the_bytes_are_the_same_each_time(shelf, tmp_path):
    books, raw = shelf
    counts = gather(books, raw, tmp_path / "one", quiet)
    again = gather(books, raw, tmp_path / "two", quiet)
    assert counts == again
    assert (counts.books, counts.found, counts.train + counts.valid) == (2, 64, 64)
    files = {"train.txt", "valid.txt", "SOURCES.tsv"}
    assert {path.name for path in (tmp_path / "one").iterdir()} == files
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    train, valid = (read_stories(tmp_path / "one" / f"{part}.txt") for part in ("train", "valid"))
    assert set(train) | set(valid) == {story(a, t) for a in ANIMALS for t in THINGS}
    assert valid and all(map(for_validation, valid)) and not any(map(for_validation, train))
    rows = (tmp_path / "one" / "SOURCES.tsv").read_text().splitlines()
    assert [row.split("\t")[-2:][0] for row in rows] == ["stories", "32", "32"]


def test_a_story_told_twice_is_taken_from_the_first_book(shelf, tmp_path):
    books, raw = shelf
    append(raw, story("badger", "kettle", extra="And that was that, said the other teller."))
    counts = gather(books, raw, tmp_path / "out", quiet)
    assert (counts.repeated, counts.train + counts.valid) == (1, 64)
    assert "other teller" not in (tmp_path / "out" / "train.txt").read_text()


def listed():
    text = codecs.decode(WORD_LIST.read_text("ascii"), "rot13")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("form", ["{}", "{}s", "({}!)"])
def test_a_chapter_with_a_listed_word_is_left_out(shelf, tmp_path, form):
    books, raw = shelf
    word = form.format(listed()[0].upper())
    append(raw, story("fox", "bucket", extra=f"He met one {word} and went home."))
    counts = gather(books, raw, tmp_path / "out", quiet)
    assert (counts.offensive, counts.train + counts.valid) == (1, 64)
    assert "bucket" not in (tmp_path / "out" / "train.txt").read_text()


def test_the_word_list_is_words_that_match_alone():
    pattern = word_pattern(WORD_LIST)
    words = listed()
    assert len(words) == len(set(words)) > 25
    assert all(re.fullmatch("[a-z-]+", word) and pattern.search(f"the {word},") for word in words)
    for innocent in ("raccoon", "jewels", "chink", "savage", "snigger", "enslaved", "darkness"):
        assert not pattern.search(innocent)


def test_what_is_too_hard_is_left_out():
    easy = story("badger", "kettle")
    common = common_words([easy])
    assert not is_hard(easy, common)
    assert is_hard(easy.replace("kettle", "alembic"), common)
    assert is_hard(easy.replace(".", ","), common)


def test_the_first_200_characters_decide_where_a_story_goes():
    start = "a" * 200
    assert for_validation(start) == for_validation(start + "b")
    share = sum(for_validation(f"{i} {start}") for i in range(5000)) / 5000
    assert 0.01 < share < 0.03
    first = hashlib.sha1(start.encode()).hexdigest()[:8]
    assert for_validation(start) == (int(first, 16) % 1000 < 20)


def test_no_story_left_is_said(shelf, tmp_path):
    books, raw = shelf
    for book in books:
        (raw / book.file).write_text("Nothing here.")
    with pytest.raises(ValueError, match=r"no story is left for train.txt: 0 stories"):
        gather(books, raw, tmp_path / "out", quiet)


def test_the_table_is_whole():
    books = all_books()
    assert len(books) == len({book.file for book in books}) == 239
    for book in books:
        assert re.fullmatch("[0-9a-f]{64}", book.sha256) and book.bytes > 10_000
        assert book.title and book.author and book.year and book.repository.count("/") == 1
        assert book.file == f"{book.gutenberg_id}.txt" or book.file.startswith("md_")
        assert Path(book.file).name == book.file


@pytest.mark.prove
def test_the_raw_books_give_a_corpus_like_the_one_the_course_began_with(tmp_path):
    if not (SHARED / "raw").is_dir():
        pytest.skip(f"the raw books are not in {SHARED / 'raw'}")
    said = []
    books = check_raw(all_books(), SHARED / "raw", said.append)
    assert not said and len(books) == 239  # each there, each with the table's checksum
    counts = gather(books, SHARED / "raw", tmp_path, quiet)
    texts = [(tmp_path / f"{part}.txt").read_bytes() for part in ("train", "valid")]
    size = sum(map(len, texts))
    assert abs(size / GIVEN_BYTES - 1) < 0.1, size
    assert counts.bytes == size
    whole = b"".join(texts).decode("ascii")
    assert not re.search(r"Gutenberg|\[Illustration|Transcriber|Proofread|_\w+_|http|\r|\t", whole)
    assert not word_pattern(WORD_LIST).search(whole)
    train, valid = (read_stories(tmp_path / f"{part}.txt") for part in ("train", "valid"))
    assert (len(train), len(valid)) == (counts.train, counts.valid)
    known = set().union(*map(phrases, train))
    shares = [len(own & known) / len(own) for own in map(phrases, valid)]
    assert max(shares) <= 0.4  # no story kept for validation was trained on
    given = {s for part in ("train", "valid") for s in read_stories(SHARED / f"{part}.txt")}
    same = sum(s in given for s in (*train, *valid))
    assert same > 0.4 * len(given), same  # to the letter

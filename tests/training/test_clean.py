import pytest

from course_utils.training.clean import Block as B
from course_utils.training.clean import (
    decode,
    double_quotes,
    is_heading,
    is_story,
    plain,
    sentence_case,
    stories,
)

SENTENCE = "The badger went down to the river and looked for his kettle in the reeds. "
PROSE = "\n".join([SENTENCE.strip()] * 8)  # one paragraph, long enough for a story

BOOK = f"""The Project Gutenberg EBook of The Badger's Kettle, by Nobody

This eBook is for the use of anyone anywhere.

Title: The Badger's Kettle

*** START OF THIS PROJECT GUTENBERG EBOOK THE BADGER'S KETTLE ***

Produced by Nobody at all


[Illustration: Frontispiece: the badger,
who looks [sadly] at us. _Page 7_]




THE BADGER'S KETTLE


CONTENTS


  I. THE KETTLE GOES      1
  II. THE KETTLE COMES   15




PREFACE

{PROSE}




CHAPTER I

THE KETTLE GOES


ONCE UPON A TIME a badger had a _very_ old kettle.[1] He took it caf\u00e9-hunting--every
day--for years.

[Illustration: THE KETTLE]

{PROSE}

       *       *       *       *       *

    Boil, kettle, boil,
    The day is long.

{PROSE}

[Footnote 1: A kettle is made
of copper.]

[Transcriber's Note: the kettle is as in the original.]




[Illustration]

{PROSE}




CHAPTER II

THE KETTLE COMES


"WHERE is it?" asked the hedgehog. {{Pg 16}} "ONLY there!"

{PROSE}

{"".join(f"    And line {i} of the song went on,{chr(10)}" for i in range(12))}

{PROSE}


Footnote 2: A song of kettles.

Transcriber's Notes:

{PROSE}


THE END




By the same author


{PROSE}




INDEX


  Badger, 3, 7
  Kettle, 1, 15




End of the Project Gutenberg EBook of The Badger's Kettle, by Nobody

*** END OF THIS PROJECT GUTENBERG EBOOK THE BADGER'S KETTLE ***

{PROSE}
"""
LINE = PROSE.replace("\n", " ")
FIRST = "\n\n".join(
    [
        "Once upon a time a badger had a very old kettle. He took it cafe-hunting--every "
        "day--for years.",
        LINE,
        "Boil, kettle, boil, The day is long.",
        LINE,
        LINE,
    ]
)
SECOND = "\n\n".join(['"Where is it?" asked the hedgehog. "Only there!"', LINE, LINE])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_book_gives_its_stories_and_nothing_else(encoding, end):
    raw = BOOK.replace("\n", end).encode(encoding)
    assert stories(raw) == [FIRST, SECOND]


def test_markdown_is_split_at_its_headings():
    raw = (
        f"# The Kettle\n\n## Author: Nobody\n\n## Year: 1900\n-------\n\n### I - Out\n\n{PROSE}\n\n"
    )
    assert stories(f"{raw}### II - In\n\n{PROSE}\n".encode()) == [LINE, LINE]


def test_a_book_without_headings_is_one_story():
    raw = f"  A Kettle\n\n  by Nobody, of\n  Nowhere, and\n  others\n\n{PROSE}\n\n{PROSE}\n"
    assert stories(raw.encode()) == [f"{LINE}\n\n{LINE}"]


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"Hm.", b"\xff\xfe\x00", b"# only a heading"])
def test_what_is_no_book_gives_no_story(raw):
    assert stories(raw) == []


@pytest.mark.parametrize(
    "lines, blanks, heading",
    [
        (["CHAPTER XII. The Sea"], 1, True),
        (["Story the First"], 4, True),
        (["THE SEA"], 2, True),
        (["IV"], 2, True),
        (["How the Badger Came Home"], 4, True),
        (["How the Badger Came Home"], 1, False),
        (['"STOP!"'], 3, False),
        (["He came home."], 4, False),
        (["The badger came home and was very glad to see us,"], 4, False),
        (["Chapter and verse he had by heart, and said them."], 1, False),
    ],
)
def test_headings(lines, blanks, heading):
    assert is_heading(B(lines, blanks)) == heading


@pytest.mark.parametrize(
    "before, after",
    [
        (
            "'Don't,' he said, 'go to the boys' house.'",
            '"Don\'t," he said, "go to the boys\' house."',
        ),
        ("'He called \"Help!\" twice,' said she.", "\"He called 'Help!' twice,\" said she."),
        ("'Why?'--'Because!'", '"Why?"--"Because!"'),
        ("'Tis the boys' own, and 'twas ever so.", "'Tis the boys' own, and 'twas ever so."),
        ('The inn called "Bear" is shut.', 'The inn called "Bear" is shut.'),
    ],
)
def test_british_quotes_become_american(before, after):
    assert double_quotes(before) == after


@pytest.mark.parametrize(
    "before, after",
    [
        ("ONCE UPON A TIME there was", "Once upon a time there was"),
        ("A LITTLE GIRL saw it", "A little girl saw it"),
        ("I SAW IT, said he", "I saw it, said he"),
        (
            'He cried: "STOP! NOW, please" and was MERRY',
            'He cried: "stop! Now, please" and was merry',
        ),
        ("King Henry VIII and I. Mr. H. J. Bear", "King Henry VIII and I. Mr. H. J. Bear"),
    ],
)
def test_capitals(before, after):
    assert sentence_case([before]) == [after]


def test_plain_text_is_ascii():
    text = "“Ça va?” — said the _Fée_… ‘naïve’ œuf & £5 at 3½ o’clock. . . . ''Yes``"
    after = '"Ca va?" -- said the Fee... \'naive\' oeuf and 5 at 3 1/2 o\'clock... "Yes"'
    assert plain(text) == after


def test_old_encodings_are_read():
    assert decode("Märchen “x”\r\ny".encode("cp1252")) == "Märchen “x”\ny"


def test_lists_and_captions_are_no_stories():
    assert is_story([SENTENCE.strip()] * 9)
    assert not is_story([SENTENCE.strip()] * 2)
    assert not is_story(["Kettle, 12, 14, 19, and what else is on page 20"] * 30)

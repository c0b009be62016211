import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.model.storyteller import HERE, load
from course_utils.model.tokenizer import END_OF_TEXT, TextStream, load_tokenizer, token_name

TOKENIZER = load().tokenizer
tokens = st.integers(0, TOKENIZER.n_vocab - 1)


@given(st.text())
def test_text_survives(text):
    assert TOKENIZER.decode(TOKENIZER.encode_ordinary(text)) == text


def test_text_that_looks_special_is_text_unless_allowed():
    assert TOKENIZER.eot_token == TOKENIZER.n_vocab - 1 == 4095
    assert TOKENIZER.eot_token not in TOKENIZER.encode_ordinary(END_OF_TEXT)
    assert TOKENIZER.encode(END_OF_TEXT, allowed_special="all") == [TOKENIZER.eot_token]
    assert TOKENIZER.decode([TOKENIZER.eot_token]) == END_OF_TEXT


def streamed(ids):
    stream = TextStream(TOKENIZER)
    return [*(stream.add(token) for token in ids), stream.end()]


@given(st.lists(tokens, max_size=40))
def test_a_stream_joins_to_the_decoded_text(ids):
    assert "".join(streamed(ids)) == TOKENIZER.decode(ids)


@given(st.text())
def test_half_a_character_is_held_back(text):
    single_bytes = [TOKENIZER.encode_single_token(bytes([b])) for b in text.encode()]
    pieces = streamed(single_bytes)
    assert "".join(pieces) == text
    assert "\ufffd" not in "".join(pieces).replace("\ufffd", "", text.count("\ufffd"))


def test_each_piece_is_whole_characters():
    euro = [TOKENIZER.encode_single_token(bytes([b])) for b in "€".encode()]
    assert streamed(euro) == ["", "", "€", ""]
    assert streamed(euro[:2]) == ["", "", "\ufffd"]


def test_a_token_is_named_as_text_or_by_its_bytes():
    [king] = TOKENIZER.encode_ordinary(" king")
    euro = TOKENIZER.encode_single_token("€".encode()[:1])
    names = [token_name(TOKENIZER, token) for token in (king, euro, TOKENIZER.eot_token)]
    assert names == [" king", "\\xe2", END_OF_TEXT]


@pytest.mark.parametrize("damage", ["not base64!! 0", "IQ==", "IQ== one"])
def test_a_bad_ranks_file_is_named_with_its_line(tmp_path, damage):
    lines = (HERE / "tokenizer.ranks").read_text().splitlines()
    lines[7] = damage
    (tmp_path / "ranks").write_text("\n".join(lines))
    with pytest.raises(ValueError, match="line 8: expected 'base64 rank'"):
        load_tokenizer(tmp_path / "ranks")


def test_missing_ranks_are_named(tmp_path):
    lines = (HERE / "tokenizer.ranks").read_text().splitlines()
    (tmp_path / "ranks").write_text("\n".join(lines[:300] + lines[301:]))
    with pytest.raises(ValueError, match="ranks must be 0, 1, 2"):
        load_tokenizer(tmp_path / "ranks")

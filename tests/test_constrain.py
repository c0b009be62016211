import codecs
import itertools
import json
import math
import re

import jsonschema
import pytest
import tiktoken
import torch

from course_utils import constrain
from course_utils.generate import generate
from course_utils.model.tokenizer import END_OF_TEXT
from course_utils.sampling import greedy, sample, top_k
from course_utils.toys import CAT, every_text, exact_conditional, masked_decoding

INF = math.inf
HERO = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "brave": {"type": "boolean"},
        "owns": {
            "type": "array",
            "items": {"enum": ["a sword", "a “key”", "😀"]},
            "minItems": 1,
            "maxItems": 2,
        },
    },
    "required": ["name", "age", "owns"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def tokenizer(storyteller):
    return storyteller.tokenizer


def random_ids(grammar, tokenizer, seed, longest=200):
    """New tokens up to end-of-text: random logits through the grammar, then drawn."""
    generator = torch.Generator().manual_seed(seed)
    ids = []
    while tokenizer.eot_token not in ids and len(ids) < longest:
        logits = torch.randn(tokenizer.n_vocab, generator=generator) * 3
        ids.append(int(sample(grammar.process(logits, past(*ids)), generator)))
    return ids


def random_text(grammar, tokenizer, seed):
    *ids, last = random_ids(grammar, tokenizer, seed)
    assert last == tokenizer.eot_token
    return b"".join(map(tokenizer.decode_single_token_bytes, ids)).decode("utf-8")


def past(*ids):
    return torch.tensor(ids, dtype=torch.int64)


def encode(tokenizer, text):
    return past(*tokenizer.encode_ordinary(text))


def allowed(grammar, tokenizer, ids):
    """The tokens that `process` keeps: their ids."""
    kept = grammar.process(torch.zeros(tokenizer.n_vocab), ids)
    return set((~kept.isneginf()).nonzero().flatten().tolist())


@pytest.mark.parametrize(
    "pattern",
    [
        r"(yes|no)\.",
        r"[0-9]{1,3}(,[0-9]{3}){0,3}",
        r"(The|A) [a-z]{2,9} (was|is) [a-z]{2,9}[.!?]",
        r"[éàß]{2,6}(😀|…|日本)?",
        r".{3,8}",
        r"(?i)[b-é]{1,5}\s[0-9]",
        "[/\r\n\u2028]{1,3}",
        r"/\\[\n\t]{0,3}x",
        r"^a?$",
        "",
    ],
)
def test_random_tokens_always_make_a_text_that_matches(tokenizer, pattern):
    grammar = constrain.regex(tokenizer, pattern)
    for seed in range(200):
        assert re.fullmatch(pattern, random_text(grammar, tokenizer, seed))


@pytest.mark.slow
def test_random_tokens_always_make_json_of_the_schema(tokenizer):
    grammar = constrain.json_schema(tokenizer, HERO)
    for seed in range(200):
        value = json.loads(random_text(grammar, tokenizer, seed))
        jsonschema.validate(value, HERO)
        assert list(value) == [name for name in HERO["properties"] if name in value]


def test_json_has_no_white_space_between_its_parts(tokenizer):
    grammar = constrain.json_schema(tokenizer, {"enum": [{"a": [1, "b c"]}, {"a": None}]})
    texts = {random_text(grammar, tokenizer, seed) for seed in range(20)}
    assert texts == {'{"a":[1,"b c"]}', '{"a":null}'}


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        (r"(yes|no|yesterday)[.!]?", [["yes", "no", "yesterday"], [".", "!", ""]]),
        (r"(the )?(king|queen)s?", [["the ", ""], ["king", "queen"], ["s", ""]]),
        (r"[é😀]{0,3}", [["é", "😀", ""]] * 3),
    ],
)
def test_the_mask_is_that_of_trying_every_token(tokenizer, pattern, parts):
    """The language is finite, so every beginning of every text can be listed."""
    texts = {"".join(text).encode() for text in itertools.product(*parts)}
    beginnings = {text[:n] for text in texts for n in range(len(text) + 1)}
    tokens = {i: tokenizer.decode_single_token_bytes(i) for i in range(tokenizer.eot_token)}
    grammar = constrain.regex(tokenizer, pattern)
    for seed in range(20):
        ids = random_ids(grammar, tokenizer, seed)
        for n in range(len(ids)):
            before = b"".join(tokens[i] for i in ids[:n])
            expected = {i for i, token in tokens.items() if before + token in beginnings}
            expected |= {tokenizer.eot_token} if before in texts else set()
            assert allowed(grammar, tokenizer, past(*ids[:n])) == expected


@pytest.mark.parametrize(
    ("pattern", "beginning", "before"),
    [
        (r"[a-z]+( [a-z]+)*\.", rb"([a-z]+( [a-z]+)*( |\.)?)?", "once upon a "),
        (r"[a-z]+( [a-z]+)*\.", rb"([a-z]+( [a-z]+)*( |\.)?)?", "once upon"),
        (r"-?[0-9]+(\.[0-9]{2})?", rb"-?([0-9]+(\.[0-9]{0,2})?)?", "12."),
        (r"-?[0-9]+(\.[0-9]{2})?", rb"-?([0-9]+(\.[0-9]{0,2})?)?", ""),
    ],
)
def test_the_mask_of_an_endless_language_is_that_of_trying_every_token(
    tokenizer, pattern, beginning, before
):
    expected = {
        i
        for i in range(tokenizer.eot_token)
        if re.fullmatch(beginning, before.encode() + tokenizer.decode_single_token_bytes(i))
    }
    expected |= {tokenizer.eot_token} if re.fullmatch(pattern, before) else set()
    grammar = constrain.regex(tokenizer, pattern)
    assert allowed(grammar, tokenizer, encode(tokenizer, before)) == expected


def test_half_a_character_is_allowed_if_the_rest_can_follow(tokenizer):
    expected = set()
    for i in range(tokenizer.eot_token):
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            text = decoder.decode(tokenizer.decode_single_token_bytes(i))
        except UnicodeDecodeError:
            continue
        if len(text) + bool(decoder.getstate()[0]) == 1 and text != "a":
            expected.add(i)
    assert allowed(constrain.regex(tokenizer, "[^a]"), tokenizer, past()) == expected
    assert any(b >= 0xC0 for i in expected for b in tokenizer.decode_single_token_bytes(i)[-1:])


def test_a_character_split_over_tokens_comes_out_whole(tokenizer):
    grammar = constrain.regex(tokenizer, "😀é")
    ids = random_ids(grammar, tokenizer, seed=0)
    assert len(ids) > 4  # the emoji alone is several tokens
    assert tokenizer.decode(ids[:-1]) == "😀é"


def test_letters_and_digits_are_those_of_unicode(tokenizer):
    for pattern, text in ((r"\w", "é"), (r"\d", "٣"), (r"\s", "\u2003")):
        grammar = constrain.regex(tokenizer, pattern)
        assert allowed(grammar, tokenizer, encode(tokenizer, text)) == {tokenizer.eot_token}


def test_end_of_text_is_allowed_exactly_when_the_text_may_end(tokenizer):
    end = tokenizer.eot_token
    grammar = constrain.regex(tokenizer, r"[0-9]{2,3}")
    masks = [allowed(grammar, tokenizer, encode(tokenizer, t)) for t in ("", "1", "12", "123")]
    assert [end in mask for mask in masks] == [False, False, True, True]
    assert [len(mask) > 1 for mask in masks] == [True, True, True, False]
    ended = torch.cat([encode(tokenizer, "12"), past(end)])
    assert allowed(grammar, tokenizer, ended) == {end}  # a row of a batch that ended early


def test_the_state_is_the_ids_and_nothing_else(tokenizer):
    grammar = constrain.regex(tokenizer, r"(one|two) (apples|pears)")
    logits = torch.randn(tokenizer.n_vocab, generator=torch.Generator().manual_seed(0))
    texts = ["", "one", "one app", "two pears", "one", "", "two p", "one app"]
    first = [grammar.process(logits, encode(tokenizer, text)) for text in texts]
    for text, before in reversed(list(zip(texts, first, strict=True))):  # forth, back, across
        fresh = constrain.regex(tokenizer, r"(one|two) (apples|pears)")
        assert torch.equal(grammar.process(logits, encode(tokenizer, text)), before)
        assert torch.equal(fresh.process(logits, encode(tokenizer, text)), before)
    with pytest.raises(ValueError):
        grammar.process(logits, encode(tokenizer, "three"))
    assert torch.equal(grammar.process(logits, past()), first[0])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_kept_logits_stay_as_they_are(tokenizer, dtype):
    grammar = constrain.regex(tokenizer, "[ab]")
    logits = torch.randn(tokenizer.n_vocab, generator=torch.Generator().manual_seed(0)).to(dtype)
    [a], [b] = tokenizer.encode("a"), tokenizer.encode("b")
    logits[a] = -INF  # cut before, and not lifted
    before = logits.clone()
    got = grammar.process(logits, past())
    assert got.dtype == dtype and torch.equal(logits, before)
    assert (~got.isneginf()).nonzero().flatten().tolist() == [b] and got[b] == logits[b]


def test_each_row_of_a_batch_has_its_own_state(tokenizer):
    grammar = constrain.regex(tokenizer, "[0-9]{2}")
    logits = torch.randn(3, 1, tokenizer.n_vocab, generator=torch.Generator().manual_seed(0))
    ids = torch.stack([encode(tokenizer, digits) for digits in ("1", "2", "3")])[:, None, :1]
    got = grammar.process(logits, ids)
    for i in range(3):
        assert torch.equal(got[i, 0], grammar.process(logits[i, 0], ids[i, 0]))
    assert grammar.process(logits, torch.zeros(3, 1, 0, dtype=torch.int64)).shape == logits.shape


def test_a_cut_that_left_no_allowed_token_is_an_error(tokenizer):
    grammar = constrain.regex(tokenizer, "[0-9]")
    logits = torch.zeros(tokenizer.n_vocab)
    logits[tokenizer.encode("x")] = 1.0
    assert not grammar.process(logits, past()).isneginf().all()
    with pytest.raises(ValueError, match="Apply the grammar before the strategies that cut"):
        grammar.process(top_k(logits, 1), past())


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "unclosed group"),
        ("a{3,1}", "invalid repetition"),
        ("(?=a)b", "look-around"),
        (r"(a)\1", "backreferences"),
        ("a^b", "lookarounds not supported"),
        (r"[^\s\S]", "no text fits it"),
        ("a\\", "nothing follows its last backslash"),
        (3, "pattern must be a string, got 3"),
    ],
)
def test_a_bad_pattern_is_an_error_with_the_reason(tokenizer, pattern, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        constrain.regex(tokenizer, pattern)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "sting"}, "Invalid type: sting"),
        ({"type": "integer", "minimum": 3, "maximum": 1}, "minimum (3) is greater"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems"),
        ({"type": "string", "pattern": "("}, "unclosed group"),
        ({"$ref": "#/nowhere"}, "does not exist"),
        ({"enum": []}, "Unsatisfiable"),
        ({"enum": [{1, 2}]}, "not JSON serializable"),
        ("{}", "schema must be a dict, got '{}'"),
    ],
)
def test_a_bad_schema_is_an_error_with_the_reason(tokenizer, schema, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        constrain.json_schema(tokenizer, schema)


def test_bad_input_is_named(tokenizer):
    grammar = constrain.regex(tokenizer, "[0-9]{2}")
    vocab, end = tokenizer.n_vocab, tokenizer.eot_token
    for logits, ids, message in [
        (torch.zeros(vocab), encode(tokenizer, "x"), "ids must follow the grammar"),
        (torch.zeros(vocab), encode(tokenizer, "123"), "ids must follow the grammar"),
        (torch.zeros(vocab), past(end), "ids must follow the grammar"),
        (torch.zeros(vocab), past(vocab), f"ids must be in [0, {vocab}), the vocabulary"),
        (torch.zeros(vocab), past()[None], "ids must be of shape (length)"),
        (torch.zeros(vocab + 1), past(), f"the tokenizer's {vocab} tokens, got {vocab + 1}"),
        (torch.full((vocab,), math.nan), past(), "NaN"),
        (torch.full((vocab,), -INF), past(), "-inf everywhere"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            grammar.process(logits, ids)


def test_the_storyteller_keeps_to_a_pattern(storyteller):
    prompt = "The old king asked whether the boy was hungry, and he said,"
    pattern = r" “(Yes|No|Perhaps), [a-z]+( [a-z]+){2,8}[.!]”"
    grammar = constrain.regex(storyteller.tokenizer, pattern)
    start = len(storyteller.encode(prompt))

    def process(logits, ids):
        return grammar.process(logits, ids[start:])

    texts = set()
    for seed in range(5):
        steps = list(generate(storyteller, prompt, process, seed=seed))
        assert steps[-1].token == storyteller.tokenizer.eot_token
        texts.add("".join(step.text for step in steps))
    assert all(re.fullmatch(pattern, text) for text in texts) and len(texts) > 1


def test_the_storyteller_keeps_to_a_schema(storyteller):
    prompt = "The hero of this story:\n"
    grammar = constrain.json_schema(storyteller.tokenizer, HERO)
    start = len(storyteller.encode(prompt))
    steps = generate(storyteller, prompt, lambda logits, ids: grammar.process(logits, ids[start:]))
    jsonschema.validate(json.loads("".join(step.text for step in steps)), HERO)


def test_greedy_within_a_grammar_takes_the_likeliest_allowed_token(tokenizer):
    logits = torch.zeros(tokenizer.n_vocab)
    logits[tokenizer.encode("x")], logits[tokenizer.encode("7")] = 9.0, 1.0
    got = greedy(constrain.regex(tokenizer, "[0-9]").process(logits, past()))
    assert [int(got)] == tokenizer.encode("7")


@pytest.fixture(scope="module")
def cat_tokenizer():
    """The toy's own nine tokens."""
    *words, end = CAT.tokens
    ranks = {word.encode(): i for i, word in enumerate(words)}
    return tiktoken.Encoding(
        "cat", pat_str=".+", mergeable_ranks=ranks, special_tokens={end: len(words)}
    )


@pytest.mark.parametrize(
    ("pattern", "distorts"),
    [
        (r" (cat|dog).*", False),  # it takes as much from every text, at the first token
        (r"[^.]*\.", True),
        (r".* mat.*", True),
        (r" mat\.|( the)? dog (sat|ran).*", True),
    ],
)
def test_the_masks_of_a_toy_draw_what_its_texts_say(cat_tokenizer, pattern, distorts):
    """Token by token through the grammar, over every text; and what it takes puts it right."""
    grammar, longest = constrain.regex(cat_tokenizer, pattern), 5
    begun, drawn, weighted = [((), 1.0, 1.0)], {}, {}
    while begun:
        ids, chance, mass = begun.pop()
        text = tuple(CAT.tokens[i] for i in ids)
        if END_OF_TEXT in text:
            drawn[text], weighted[text] = chance, chance * mass
        elif len(ids) < longest:
            logits = CAT.table[ids[-1] if ids else CAT.tokens.index(" the")].double()
            kept = grammar.process(logits, past(*ids)).softmax(-1).tolist()
            mass *= float(grammar.mass(logits, past(*ids)))
            begun += [((*ids, i), chance * p, mass) for i, p in enumerate(kept) if p]
    texts = every_text(CAT, "the", longest)

    def fits(text):
        return text[-1] == END_OF_TEXT and re.fullmatch(pattern, "".join(text[:-1]))

    # The grammar does not know that there are only so many tokens, so it may run out of them.
    exact = exact_conditional(texts, fits)
    assert drawn.keys() == exact.keys()
    total = sum(weighted.values())
    assert {text: p / total for text, p in weighted.items()} == pytest.approx(exact)
    gap = max(abs(p / sum(drawn.values()) - exact[text]) for text, p in drawn.items())
    assert gap > 0.001 if distorts else gap < 1e-9, gap


def test_a_mask_that_sees_the_end_draws_what_masked_decoding_does(cat_tokenizer):
    grammar = constrain.regex(cat_tokenizer, " (cat|dog|mat) (sat|ran|mat)")
    texts = every_text(CAT, "the", 3)
    masked = masked_decoding(
        texts, lambda t: re.fullmatch(" (cat|dog|mat) (sat|ran|mat)<.endoftext.>", "".join(t))
    )
    for text, share in masked.items():
        chance, ids = 1.0, [CAT.tokens.index(token) for token in text]
        for n, token in enumerate(ids):
            logits = CAT.table[ids[n - 1] if n else CAT.tokens.index(" the")].double()
            chance *= float(grammar.process(logits, past(*ids[:n])).softmax(-1)[token])
        assert share == pytest.approx(chance)


def test_the_mass_is_what_the_model_gives_to_what_is_allowed(tokenizer):
    grammar = constrain.regex(tokenizer, "[ab]")
    logits = torch.full((2, tokenizer.n_vocab), -INF)
    [a], [b], [x] = (tokenizer.encode(letter) for letter in "abx")
    logits[:, x] = 0.0
    logits[0, a], logits[0, b] = math.log(2), math.log(5)
    mass = grammar.mass(logits, torch.zeros(2, 0, dtype=torch.int64))
    assert mass.tolist() == pytest.approx([7 / 8, 0])
    assert grammar.mass(logits[0], past(a)) == 0  # only end-of-text is allowed
    with pytest.raises(ValueError, match="ids must follow the grammar"):
        grammar.mass(logits[0], past(x))


def test_the_mass_is_that_of_a_step_without_other_strategies(storyteller):
    prompt = "The old king said"
    grammar = constrain.regex(storyteller.tokenizer, ' ?"[A-Z][a-z]+( [a-z]+){1,5}[.!]"')
    start = len(storyteller.encode(prompt))
    ids = []
    steps = generate(storyteller, prompt, lambda logits, ids: grammar.process(logits, ids[start:]))
    for step in steps:
        assert step.mass == pytest.approx(float(grammar.mass(step.logits, past(*ids))), rel=1e-4)
        ids.append(step.token)
    assert len(ids) > 4

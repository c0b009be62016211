import sys

import pytest

from course_utils import cli

GENERATE = ["generate", "Once upon a time", "--max-new-tokens", "8"]


def test_generate_streams_n_texts_with_their_seeds(capsys):
    assert cli.main([*GENERATE, "--temperature", "0.8", "--top-p", "0.9", "-n", "3"]) == 0
    lines = capsys.readouterr().out
    assert [f"--- {i + 1} of 3, seed {i}" in lines for i in range(3)] == [True] * 3
    assert lines.count("Once upon a time") == 3


def test_a_seed_repeats_its_text_alone(capsys):
    cli.main([*GENERATE, "-n", "2", "--seed", "4"])
    both = capsys.readouterr().out
    cli.main([*GENERATE, "--seed", "5"])
    assert capsys.readouterr().out in both


def test_greedy_is_temperature_zero(capsys):
    cli.main([*GENERATE, "--greedy"])
    greedy = capsys.readouterr().out
    cli.main([*GENERATE, "--temperature", "0", "--seed", "9"])
    assert capsys.readouterr().out == greedy


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([*GENERATE, "--temperature", "nan"], ["--temperature", "at least 0", "'nan'"]),
        ([*GENERATE, "--temperature", "-1"], ["--temperature", "at least 0", "'-1'"]),
        ([*GENERATE, "--temperature", "hot"], ["--temperature", "a number", "'hot'"]),
        ([*GENERATE, "--temperature", "inf"], ["--temperature", "'inf'"]),
        ([*GENERATE, "--top-p", "0"], ["top_p", "(0, 1]", "0.0"]),
        ([*GENERATE, "--top-p", "1.5"], ["--top-p", "from 0 to 1", "'1.5'"]),
        ([*GENERATE, "--top-k", "0"], ["--top-k", "at least 1", "'0'"]),
        ([*GENERATE, "--seed", "-1"], ["--seed", "from 0 to", "'-1'"]),
        ([*GENERATE, "--seed", "1.5"], ["--seed", "a whole number", "'1.5'"]),
        ([*GENERATE, "-n", "0"], ["-n", "at least 1", "'0'"]),
        ([*GENERATE, "--device", "abacus"], ["device", "cpu", "'abacus'"]),
        (["generate", ""], ["prompt must not be empty"]),
        (["generate", " the" * 300], ["at most 255 tokens, got 300"]),
        (["score", "missing.ipynb"], ["missing.ipynb"]),
        (["train", "--corpus", "nowhere"], ["nowhere"]),
        (["build", "three"], ["'three'", "02_temperature"]),
        (["new-module", "gap", "The gap"], ["two digits", "'gap'"]),
        (["dance"], ["dance"]),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, named, capsys):
    try:
        code = cli.main(arguments)
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert [part for part in named if part not in error] == []


@pytest.mark.parametrize("port", ["0", "65536", "http", ""])
def test_a_bad_port_is_named(port, monkeypatch, capsys):
    monkeypatch.setenv("PORT", port)
    assert cli.main(["lab"]) == 2
    assert f"PORT must be a whole number from 1 to 65535, got {port!r}" in capsys.readouterr().err


def test_without_the_train_extra_only_training_asks_for_it(tmp_path, monkeypatch, capsys):
    for name in ("bpe", "run"):
        monkeypatch.delitem(sys.modules, f"course_utils.training.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    (tmp_path / "valid.txt").write_text("Once upon a time.\n<|endoftext|>\n")
    assert cli.main(["evaluate", "--corpus", str(tmp_path)]) == 0
    assert "bits per character" in capsys.readouterr().out
    assert cli.main(["train", "--corpus", str(tmp_path)]) == 2
    assert "tokenizers is missing; run: pip install" in capsys.readouterr().err

"""What `make bench` says of other runtimes, without timing anything that a test would judge."""

import sys

import pytest

from course_utils.generate import Settings, generate
from course_utils.project import ROOT

pytestmark = pytest.mark.slow  # importing transformers takes seconds


@pytest.fixture(scope="module")
def benchmarks():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        import engine
        import runtimes

        for module in (engine, runtimes):
            patch.setattr(module, "NEW", 3)
        yield engine, runtimes


def test_a_runtime_is_timed_only_with_the_course_s_text(benchmarks, storyteller):
    _, runtimes = benchmarks

    def right(new: int, sample: bool) -> list[int]:
        assert not sample
        steps = generate(storyteller, runtimes.PROMPT, Settings(temperature=0), new)
        return [step.token for step in steps]

    def wrong(new: int, sample: bool) -> list[int]:
        return [*right(new - 1, sample), 0]

    assert runtimes.checked(right) is right
    with pytest.raises(AssertionError, match="other greedy text"):
        runtimes.checked(wrong)


def test_a_runtime_that_is_not_installed_has_a_row_that_says_so(benchmarks, monkeypatch):
    _, runtimes = benchmarks
    for name in ("onnxruntime", "ctranslate2"):
        monkeypatch.setitem(sys.modules, name, None)
    row, table = runtimes.sampling(1)
    *timed, onnxruntime, ctranslate2 = table.splitlines()[-4:]
    assert [line.split(" | ")[0] for line in timed] == ["| transformers", "| the course"]
    assert row.ours.split()[0] in timed[1]
    for name, line in (("onnxruntime", onnxruntime), ("ctranslate2", ctranslate2)):
        assert line.startswith(f"| {name} | ") and "pip install --editable '.[bench]'" in line


@pytest.mark.parametrize(
    "info, said",
    [
        ("flags\t: avx2\nmodel name\t: Some CPU @ 2: 0\n", "Some CPU @ 2: 0 with no bfloat16"),
        ("model name: A\nflags: x amx_bf16 avx512_bf16", "A with avx512_bf16 and amx_bf16"),
        ("Features: fp asimd bf16\n", "Z80 with bf16"),
    ],
)
def test_the_processor_is_named_with_its_instructions(benchmarks, monkeypatch, info, said):
    engine, _ = benchmarks
    monkeypatch.setattr(engine.platform, "processor", lambda: "Z80")
    monkeypatch.setattr(engine.Path, "read_text", lambda self, encoding: info)
    assert engine.processor.__wrapped__().startswith(said)

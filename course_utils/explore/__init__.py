"""The explorers: pictures of a distribution that move with the knobs."""

from importlib import import_module

FILES = {
    "AdaptiveCutoff": "cutoff",
    "BeamTree": "beam_tree",
    "Chart": "chart",
    "Distribution": "distribution",
    "Duel": "duel",
    "Frontier": "frontier",
    "Loops": "loops",
    "Penalties": "penalties",
    "Pipeline": "pipeline",
    "Playground": "playground",
    "ProbabilityTrace": "trace",
    "Speculation": "speculation",
    "Votes": "votes",
}
__all__ = list(FILES)


def __getattr__(name: str) -> object:
    """An explorer, imported when first used: most of a second, which grading a class can spare."""
    if name not in FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{FILES[name]}"), name)


def __dir__() -> list[str]:
    return __all__

"""What lessons import stands at this front door; docs/architecture.md is the map of the rest."""


def __getattr__(name: str) -> object:
    """`from course_utils import storyteller`, without torch for those who want something else."""
    if name != "storyteller":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from course_utils.model import storyteller

    return storyteller

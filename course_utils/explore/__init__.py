"""The explorers: pictures of a distribution that move with the knobs."""

from course_utils.explore.distribution import Distribution

__all__ = ["Distribution"]

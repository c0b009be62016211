"""The explorers: pictures of a distribution that move with the knobs."""

from course_utils.explore.beam_tree import BeamTree
from course_utils.explore.chart import Chart
from course_utils.explore.cutoff import AdaptiveCutoff
from course_utils.explore.distribution import Distribution
from course_utils.explore.frontier import Frontier
from course_utils.explore.loops import Loops
from course_utils.explore.penalties import Penalties
from course_utils.explore.playground import Playground
from course_utils.explore.trace import ProbabilityTrace

__all__ = [
    "AdaptiveCutoff",
    "BeamTree",
    "Chart",
    "Distribution",
    "Frontier",
    "Loops",
    "Penalties",
    "Playground",
    "ProbabilityTrace",
]

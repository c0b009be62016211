"""The Calculator, as lessons import it; `model/calculator` has it, and `sums` its sums."""

from course_utils.model.calculator import load

__all__ = ["load"]

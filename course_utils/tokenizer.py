"""What lessons import of the tokenizer; `model/tokenizer.py` has it."""

from course_utils.model.tokenizer import END_OF_TEXT

__all__ = ["END_OF_TEXT"]

"""The Storyteller, as lessons import it; `model/storyteller` has it."""

from course_utils.model.storyteller import Storyteller, StorytellerError, load

__all__ = ["Storyteller", "StorytellerError", "load"]

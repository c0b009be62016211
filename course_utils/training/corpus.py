"""Stories, and the one long row of token ids that the model trains on."""

from pathlib import Path

import numpy as np
import tiktoken

from course_utils.model.tokenizer import END_OF_TEXT


def read_stories(path: Path) -> list[str]:
    """The stories of a corpus file, each closed there by a line `<|endoftext|>`."""
    stories = path.read_text("utf-8").split(f"\n{END_OF_TEXT}\n")
    return [story for story in stories if story.strip()]


def encode_stories(tokenizer: tiktoken.Encoding, stories: list[str]) -> np.ndarray:
    """One row of ids: end-of-text, story, end-of-text, story, …, end-of-text."""
    rows = tokenizer.encode_ordinary_batch(stories)
    end = tokenizer.eot_token
    return np.array([end, *(token for row in rows for token in (*row, end))], dtype=np.uint16)

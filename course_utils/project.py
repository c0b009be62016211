"""Where the course lies."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STORYTELLER = ROOT / "course_utils" / "model" / "storyteller"

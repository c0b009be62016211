"""nbgrader's settings for instructors, over those for everyone.

Formgrader, which starts in the home folder, finds the course and its own settings by it.
"""

from pathlib import Path

c = get_config()  # noqa: F821  nbgrader gives this name to the file

c.CourseDirectory.root = str(Path.home() / "next_token")

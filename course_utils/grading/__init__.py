"""Scoring a notebook with nbgrader, as an instructor would."""

"""For learners: their copies of the modules, JupyterLab on them, progress, and the score."""

"""Whether a model's files are whole. Imports no torch, so that `course doctor` can ask soon."""

import hashlib
from pathlib import Path

FILES = ("model.safetensors", "tokenizer.ranks", "config.json")


def damage(folder: Path) -> str | None:
    """None if every file is there and has the checksum noted in SHA256SUMS, else what is wrong."""
    sums = folder / "SHA256SUMS"
    for name in ("SHA256SUMS", *FILES):
        if not (folder / name).is_file():
            return f"{folder / name} is missing. Reinstall the course"
    expected = dict(reversed(line.split()) for line in sums.read_text("utf-8").splitlines())
    for name in FILES:
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected.get(name):
            return (
                f"{folder / name} is damaged: its sha256 is {found[:12]}…, "
                f"expected {expected.get(name, 'none')[:12]}…. Reinstall the course"
            )
    return None

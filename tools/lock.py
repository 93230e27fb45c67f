"""Choose the versions of everything anew and write them with their hashes, naming no place to download from."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = (
    sys.executable,
    "-m",
    "uv",
    "pip",
    "compile",
    "--quiet",
    "--upgrade",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
)


def main() -> None:
    """Compile what the product runs with, then what its developers add, which agrees with the first."""
    run = ("pyproject.toml", "--output-file", "locks/run.txt")
    dev = ("pyproject.toml", "--extra", "dev", "--constraint", "locks/run.txt", "--output-file", "locks/dev.txt")
    for arguments in (run, dev):
        subprocess.run((*COMPILE, *arguments), cwd=ROOT, check=True)


if __name__ == "__main__":
    main()

"""The word between a process and its supervisor."""

from typing import Final

READY: Final = "intercanal: ready"
"""What a process prints once it can work; its supervisor waits for this line."""


def say_ready() -> None:
    """Tell whoever started us."""
    print(READY, flush=True)  # noqa: T201 - the line that the supervisor reads

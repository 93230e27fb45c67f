"""What a robot asked for and what was acknowledged, in a file; kept by the robots, whatever becomes of the server."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

Act = Literal["opened", "mailed", "accepted", "declined", "sent", "wrapped_up", "closed"]


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wish, under the key it was asked with, then again with `got` once the server said that it is done.

    `about` is what it was about: the contact's own external id, an offer, an interaction. `got` is the id that the
    server gave: of the interaction, of the message.
    """

    act: Act
    key: str
    about: str
    got: str | None = None


class Diary:
    """The file; a wish is written before it leaves, so that what came of it unheard is known as such."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self._file = path.open("ab")
        self._encode = msgspec.json.Encoder().encode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def asks(self, act: Act, key: str, about: str) -> None:
        """Write down a wish."""
        self._write(Line(act, key, about))

    def was_told(self, act: Act, key: str, about: str, got: str) -> None:
        """Write down that it was acknowledged."""
        self._write(Line(act, key, about, got))

    def _write(self, line: Line) -> None:
        self.lines += 1
        self._file.write(self._encode(line) + b"\n")

    def flush(self) -> None:
        """Have everything in the file."""
        self._file.flush()

    def close(self) -> None:
        """End."""
        self._file.close()


def read(path: Path) -> Iterator[Line]:
    """Read a diary back."""
    decode = msgspec.json.Decoder(Line).decode
    with path.open("rb") as file:
        for line in file:
            yield decode(line)

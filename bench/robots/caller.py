"""Calls the API as a patient program does: under a key, again after a loss or when asked to come back."""

import asyncio
import itertools
import secrets
import time
from collections import Counter
from typing import Any, Final, TypeVar

import msgspec

from bench.robots.http import Answer, Http, LostError

PATIENCE_S: Final = 60.0
AGAIN_AFTER_S: Final = 0.2
_COME_BACK: Final = frozenset({429, 502, 503, 504})

Value = TypeVar("Value")

_run = secrets.token_hex(4)
_numbers = itertools.count(1)


class RefusedError(RuntimeError):
    """The server answered, and the answer is no."""

    def __init__(self, path: str, answer: Answer) -> None:
        super().__init__(f"{path}: {answer.status} {answer.code}")
        self.status = answer.status
        self.code = answer.code


class GaveUpError(TimeoutError):
    """No answer within the patience of this caller: whether it was done is not known."""


def new_key() -> str:
    """Make an idempotency key that no other robot uses."""
    return f"{_run}-{next(_numbers)}"


class Tally:
    """What the robots together saw: retries, refusals, and how long each kind of request took, in microseconds."""

    def __init__(self) -> None:
        self.again: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.took: dict[str, list[int]] = {}

    def answered(self, what: str, took_us: int) -> None:
        """Note the time of one answer."""
        self.took.setdefault(what, []).append(took_us)


class Caller:
    """One principal's way to the API."""

    def __init__(self, http: Http, token: str, tally: Tally | None = None, patience_s: float = PATIENCE_S) -> None:
        self.http = http
        self.token = token
        self.tally = tally or Tally()
        self.patience_s = patience_s
        self._who = f"authorization: Bearer {token}\r\n"

    async def get(self, path: str, kind: type[Value]) -> Value:
        """Read."""
        return msgspec.json.decode((await self.send("GET", path)).body, type=kind)

    async def post(self, path: str, body: object, *, key: str | None = None, what: str = "") -> Answer:
        """Have something done once, however often it has to be asked; raises `RefusedError` on a no."""
        return await self.send("POST", path, body, key=key or new_key(), what=what)

    async def put(self, path: str, body: object) -> Answer:
        """Have something be so."""
        return await self.send("PUT", path, body)

    async def send(self, method: str, path: str, body: Any = None, *, key: str | None = None, what: str = "") -> Answer:
        """Ask until answered; raises `RefusedError` on a no, `GaveUpError` when nothing was heard."""
        headers = self._who if key is None else f"{self._who}idempotency-key: {key}\r\n"
        content = b"" if body is None else msgspec.json.encode(body)
        end = time.monotonic() + self.patience_s
        while True:
            answer = await self._try(method, path, headers, content)
            if answer is not None and answer.status not in _COME_BACK:
                break
            self.tally.again[answer.code if answer else "lost"] += 1
            if time.monotonic() > end:
                raise GaveUpError(path)
            await _rest(answer)
        self.tally.answered(what or method, (time.perf_counter_ns() - answer.sent) // 1000)
        if not answer.is_good:
            self.tally.refused[answer.code] += 1
            raise RefusedError(path, answer)
        return answer

    async def _try(self, method: str, path: str, headers: str, content: bytes) -> Answer | None:
        try:
            return await self.http.call(method, path, headers, content)
        except LostError:
            return None


async def _rest(answer: Answer | None) -> None:
    """Wait as long as the server asked, or a moment when it could not ask."""
    asked = answer.headers.get("retry-after", "") if answer else ""
    await asyncio.sleep(float(asked) if asked.isdigit() else AGAIN_AFTER_S)

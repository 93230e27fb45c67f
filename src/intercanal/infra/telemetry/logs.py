"""Structured logs: one JSON object a line on stderr, ours and those of the libraries, none with customer words."""

import contextlib
import logging
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Final, TextIO, cast

import structlog
from opentelemetry import trace

from intercanal.infra.telemetry.words import withhold
from intercanal.kernel.errors import IntercanalError

DEEPEST: Final = 25
SPEAKING: Final = frozenset({"uvicorn.error"})
"""Libraries whose messages are their own words alone; of any other only the template of a message is kept."""


def _frames(tb: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(tb)[-DEEPEST:]]


def _chain(error: BaseException) -> str:
    kinds: list[str] = []
    current: BaseException | None = error
    while current is not None and len(kinds) < DEEPEST:
        kinds.append(type(current).__name__)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return " < ".join(kinds)


def describe_error(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its kinds and its frames: its message may quote what a customer typed."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["kind"] = _chain(error)
        event["frames"] = _frames(error.__traceback__)
        if isinstance(error, IntercanalError):
            event["code"] = error.code
    return event


def _trace_ids(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event


class _Foreign(logging.Handler):
    """Takes the records of libraries, which may have put anything into their messages."""

    def __init__(self) -> None:
        super().__init__()
        self._log = structlog.get_logger("library")

    def emit(self, record: logging.LogRecord) -> None:
        own_words = record.args or record.name in SPEAKING
        template = str(record.msg).partition("\n")[0] if own_words else "none"
        error = record.exc_info or None
        self._log.log(record.levelno, "library", logger=record.name, template=template, exc_info=error)


class _Lines:
    """Where lines go; a full disk costs lines, never the process that writes them."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def write(self, line: str) -> None:
        with contextlib.suppress(OSError):
            self._output.write(line)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._output.flush()


def configure(process: str, lowest: int = logging.INFO, output: TextIO | None = None) -> None:
    """Set logging up for this process; call it once, first thing."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _trace_ids,
            describe_error,
            withhold,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Lines(output or sys.stderr))),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(logging.WARNING)
    for name in SPEAKING:
        logging.getLogger(name).setLevel(logging.INFO)

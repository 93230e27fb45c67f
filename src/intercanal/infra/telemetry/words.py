"""Keeps customer words out of the log: only fields known to hold machine words may carry text."""

import datetime
import os
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

STRICT_VARIABLE: Final = "INTERCANAL_STRICT_LOGS"
WITHHELD: Final = "withheld"
STATIC: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
LONGEST: Final = 1000

MACHINE_WORDS: Final = frozenset({
    "actor", "agent_id", "channel", "child", "code", "command", "consumer", "conversation_id",
    "customer_id", "disposition_id", "domain_id", "endpoint", "event", "file", "frames", "interaction_id", "job",
    "kind", "level", "line", "logger", "method", "offer_id", "part", "process", "queue_id", "reason_code",
    "request_id", "role", "route", "signal", "span_id", "sqlstate", "state", "status", "subject_kind", "table",
    "template", "tenant_id", "trace_id", "version",
})  # fmt: skip
"""Fields whose text is the program's own: ids, codes, names of its parts. Any other may be a customer's."""

Value = str | int | float | bool | None


class WordsInLogError(ValueError):
    """A log call would have written text that a customer may have typed; raised in tests."""


def _clean(key: str, value: object) -> Value | list[Value]:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if key not in MACHINE_WORDS:
        return WITHHELD
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [str(item)[:LONGEST] for item in value]
    return str(value)[:LONGEST]


def withhold(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Replace whatever may hold a customer's words; a structlog processor."""
    strict = os.environ.get(STRICT_VARIABLE) == "1"
    cleaned: dict[str, Any] = {}
    for key, value in event.items():
        if key == "event" and STATIC.fullmatch(str(value)) is None:
            cleaned[key] = WITHHELD
        else:
            cleaned[key] = _clean(key, value)
        if strict and cleaned[key] == WITHHELD and value != WITHHELD:
            raise WordsInLogError(key)
    return cleaned

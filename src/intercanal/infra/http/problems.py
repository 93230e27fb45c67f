"""Every refusal as `application/problem+json` with a stable code and facts, and nothing of the inside."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from intercanal.kernel.errors import (
    ConflictError,
    ForbiddenError,
    IntercanalError,
    InvalidError,
    NotFoundError,
    TooManyError,
    UnauthenticatedError,
    UnavailableError,
)

PROBLEM_TYPE = "application/problem+json"

log = structlog.get_logger(__name__)

_MISSING = re.compile(r"missing required field `(\w+)`")

_STATUS: tuple[tuple[type[IntercanalError], HTTPStatus], ...] = (
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ConflictError, HTTPStatus.CONFLICT),
    (ForbiddenError, HTTPStatus.FORBIDDEN),
    (UnauthenticatedError, HTTPStatus.UNAUTHORIZED),
    (InvalidError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (TooManyError, HTTPStatus.TOO_MANY_REQUESTS),
    (UnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
)

_HTTP_CODES = {
    HTTPStatus.BAD_REQUEST: "request.malformed",
    HTTPStatus.NOT_FOUND: "request.unknown_path",
    HTTPStatus.METHOD_NOT_ALLOWED: "request.wrong_method",
    HTTPStatus.REQUEST_TIMEOUT: "request.too_slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request.too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "request.wrong_media_type",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "request.head_too_large",
}


_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_SOON_S = 1


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457 problem details; screens word `code` and `facts` in the reader's language."""

    type: str
    title: str
    status: int
    code: str
    facts: dict[str, Any]


def make_problem(status: int, code: str, facts: Mapping[str, object] | None = None) -> Problem:
    """Write a problem; the title is the status's own phrase, as no sentence leaves the server."""
    return Problem("about:blank", HTTPStatus(status).phrase, int(status), code, dict(facts or {}))


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """Answer a problem, with `Retry-After` when a later try may go better."""
    all_headers = dict(headers or {}) | {"cache-control": "no-store"}
    wait = problem.facts.get("retry_after_s", _SOON_S if problem.status in _LATER else None)
    if wait is not None:
        all_headers["retry-after"] = str(max(1, round(float(wait))))
    if problem.status == HTTPStatus.UNAUTHORIZED:
        all_headers["www-authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(problem, enc_hook=str), status_code=problem.status, headers=all_headers,
        media_type=PROBLEM_TYPE,
    )  # fmt: skip


def problem_of(error: Exception) -> Problem:
    """Say what an error means to a caller; what was not foreseen is `internal` and tells nothing."""
    if isinstance(error, IntercanalError):
        return make_problem(_status_of(error), error.code, error.facts)
    if isinstance(error, ValidationException):
        return make_problem(HTTPStatus.BAD_REQUEST, "request.invalid", _fields_of(error))
    if isinstance(error, HTTPException) and error.status_code in _HTTP_CODES:
        return make_problem(error.status_code, _HTTP_CODES[HTTPStatus(error.status_code)])
    if isinstance(error, PoolTimeoutError):
        return make_problem(HTTPStatus.SERVICE_UNAVAILABLE, "infra.busy", {"retry_after_s": 1})
    if isinstance(error, DBAPIError):
        return _of_database(error)
    return make_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal")


def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer an error that a handler let through."""
    problem = problem_of(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("http.failed", method=request.method, route=request.scope.get("path_template"), exc_info=error)
    headers = error.headers if isinstance(error, HTTPException) else None
    return problem_response(problem, headers)


def _status_of(error: IntercanalError) -> HTTPStatus:
    if isinstance(error, InvalidError) and error.code.startswith("request."):
        return HTTPStatus.BAD_REQUEST
    return next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def _fields_of(error: ValidationException) -> dict[str, object]:
    found = error.extra if isinstance(error.extra, list) else []
    fields = {_field(entry) for entry in found if isinstance(entry, dict)}
    return {"fields": sorted(field for field in fields if field)}


def _field(entry: Mapping[str, Any]) -> str:
    # The message may repeat what was sent; only the names our own schema gives are safe to say back.
    key = str(entry.get("key", "")).removeprefix("data").strip(".")
    missing = _MISSING.search(str(entry.get("message", "")))
    return ".".join(part for part in (key, missing[1] if missing else "") if part)


_BY_STATE: tuple[tuple[str, HTTPStatus, str], ...] = (
    ("23505", HTTPStatus.CONFLICT, "request.duplicate"),
    ("23503", HTTPStatus.UNPROCESSABLE_ENTITY, "request.unknown_reference"),
    ("23", HTTPStatus.UNPROCESSABLE_ENTITY, "request.unacceptable"),
    ("22", HTTPStatus.BAD_REQUEST, "request.unstorable"),
    ("53100", HTTPStatus.SERVICE_UNAVAILABLE, "infra.disk_full"),
    ("40", HTTPStatus.SERVICE_UNAVAILABLE, "infra.busy"),
    ("55P03", HTTPStatus.SERVICE_UNAVAILABLE, "infra.busy"),
    ("57014", HTTPStatus.SERVICE_UNAVAILABLE, "infra.busy"),
    ("53", HTTPStatus.SERVICE_UNAVAILABLE, "infra.database_away"),
    ("57P", HTTPStatus.SERVICE_UNAVAILABLE, "infra.database_away"),
    ("08", HTTPStatus.SERVICE_UNAVAILABLE, "infra.database_away"),
)


def _of_database(error: DBAPIError) -> Problem:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    for prefix, status, code in _BY_STATE:
        if state.startswith(prefix):
            later = status is HTTPStatus.SERVICE_UNAVAILABLE
            return make_problem(status, code, {"retry_after_s": 1} if later else {})
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return make_problem(HTTPStatus.SERVICE_UNAVAILABLE, "infra.database_away", {"retry_after_s": 1})
    return make_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal")


OWN_CODES = frozenset({"internal", "request.invalid", *_HTTP_CODES.values(), *(code for _, _, code in _BY_STATE)})
"""The codes that are not raised by name anywhere."""

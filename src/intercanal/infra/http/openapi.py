"""The OpenAPI document: what Litestar reads off the handlers, with our problems, permissions and keys told."""

from collections.abc import Iterator
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import HTTPRoute

from intercanal.infra.http.codes import all_codes
from intercanal.infra.http.guard import PUBLIC, permission_of
from intercanal.infra.http.principal import SESSION_COOKIE
from intercanal.infra.http.problems import PROBLEM_TYPE

Document = dict[str, Any]

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "facts"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"$ref": "#/components/schemas/ErrorCode"},
        "facts": {"type": "object", "additionalProperties": True},
    },
}
_REFUSED = {
    "description": "Refused; `code` says why.",
    "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeat under the same key within 24 hours gets the first answer and changes nothing.",
    "schema": {"type": "string", "maxLength": 255},
}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
}


def operations(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Yield path, method and handler of each documented operation."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if handler.resolve_include_in_schema():
                for method in sorted(handler.http_methods):
                    yield route.path_format, method, handler


def finish(document: Document, app: Litestar) -> Document:
    """Add what Litestar cannot know of our conventions."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    schemas["ErrorCode"] = {"type": "string", "enum": list(all_codes())}
    components["responses"] = {"Refused": _REFUSED}
    components["securitySchemes"] = _SCHEMES
    document["security"] = [{name: []} for name in _SCHEMES]
    for path, method, handler in operations(app):
        _finish_operation(document["paths"][path][method.lower()], method, permission_of(handler))
    return document


def _finish_operation(operation: Document, method: str, permission: str | None) -> None:
    operation["responses"].pop("400", None)
    operation["responses"]["default"] = {"$ref": "#/components/responses/Refused"}
    operation["x-permission"] = permission
    if permission == PUBLIC:
        operation["security"] = []
    elif method == "POST":
        operation.setdefault("parameters", []).append(_KEY)


def document_of(app: Litestar) -> bytes:
    """Return the finished document as JSON."""
    return msgspec.json.encode(finish(app.openapi_schema.to_schema(), app))


async def _closed(_connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    raise NotFoundException


def own_pages() -> Router:
    """Make the router for Litestar's own schema pages, which it insists on: closed, and apart from our paths."""
    opt = {"permission": PUBLIC}
    return Router("/-/schema", route_handlers=[], guards=[_closed], opt=opt, include_in_schema=False)


def document_router() -> Router:
    """Make `/api/openapi.json`, written at the first request."""
    made: list[bytes] = []

    @get("/api/openapi.json", opt={"permission": PUBLIC}, include_in_schema=False, sync_to_thread=False)
    def document(request: Request[Any, Any, Any]) -> Response[bytes]:
        if not made:
            made.append(document_of(request.app))
        return Response(made[0], media_type="application/json")

    return Router("/", route_handlers=[document])

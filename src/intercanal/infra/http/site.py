"""The built screens: files read once at start, the page itself for every other address, under a strict policy."""

import hashlib
import mimetypes
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, Router, route
from litestar.exceptions import MethodNotAllowedException, NotFoundException

from intercanal.infra.http.guard import PUBLIC

NONCE = b"__CSP_NONCE__"
_ALL = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_PERMISSIONS = "idle-detection=(), camera=(), geolocation=(), payment=(), usb=(), microphone=(self)"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
    "font-src 'self'; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class SiteFile(msgspec.Struct, frozen=True):
    """One file of the site, in memory."""

    body: bytes
    media_type: str
    etag: str


def read_site(folder: Path) -> dict[str, SiteFile]:
    """Read every file of the built site; a path that is not among them does not exist, whatever it says."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith(".map"):
            body = path.read_bytes()
            media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            files["/" + path.relative_to(folder).as_posix()] = SiteFile(body, media_type, etag)
    return files


def _page(file: SiteFile) -> Response[bytes]:
    nonce = secrets.token_urlsafe(18)
    headers = {
        "content-security-policy": _POLICY.format(nonce=nonce),
        "permissions-policy": _PERMISSIONS,
        "cache-control": "no-cache",
    }
    return Response(file.body.replace(NONCE, nonce.encode()), headers=headers, media_type="text/html; charset=utf-8")


def _asset(file: SiteFile, path: str, seen: str | None) -> Response[bytes]:
    kept = "public, max-age=31536000, immutable" if path.startswith("/assets/") else "no-cache"
    headers = {"etag": file.etag, "cache-control": kept}
    if seen == file.etag:
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(file.body, headers=headers, media_type=file.media_type)


def site_router(folder: Path) -> Router | None:
    """Make the router of the screens, or None when they are not built."""
    files = read_site(folder) if folder.is_dir() else {}
    page = files.get("/index.html")
    if page is None:
        return None

    @route(["/", "/{path:path}"], http_method=_ALL, sync_to_thread=False, status_code=200)  # type: ignore[arg-type]  # names of methods serve as well as its enumeration
    def site(request: Request[Any, Any, Any]) -> Response[bytes]:
        path = request.scope["path"]
        if path.startswith("/api/"):
            raise NotFoundException
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowedException(headers={"allow": "GET, HEAD"})
        file = files.get(path)
        if file is not None and file is not page:
            return _asset(file, path, request.headers.get("if-none-match"))
        if "." in path.rsplit("/", 1)[-1] and file is None:
            raise NotFoundException
        return _page(page)

    return Router("/", route_handlers=[site], opt={"permission": PUBLIC}, include_in_schema=False)

"""Opens the store of blobs that the configuration names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.store import S3Store

from intercanal.infra.blobs.folder import FolderBlobs
from intercanal.infra.blobs.memory import MemoryBlobs
from intercanal.infra.blobs.port import Blobs
from intercanal.infra.blobs.s3 import S3Blobs


def open_blobs(url: str) -> Blobs:
    """Return the store at `file:///folder`, `s3://bucket/prefix` or `memory://`."""
    parts = urlsplit(url)
    match parts.scheme:
        case "file":
            return FolderBlobs(Path(unquote(parts.path)))
        case "s3":
            # Without HTTPS only when the endpoint says so: a store of one's own on the same machine or network.
            prefix = parts.path.strip("/") or None
            return S3Blobs(S3Store(parts.netloc, prefix=prefix, client_options={"allow_http": True}))
        case "memory":
            return MemoryBlobs()
        case _:
            raise ValueError(url)

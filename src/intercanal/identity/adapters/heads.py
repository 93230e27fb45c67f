"""Signed heads in a folder of the data directory: one file of JSON lines per tenant, and the key that signs them."""

import os
from pathlib import Path
from typing import BinaryIO

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from intercanal.identity.domain.chain import Head, SignedHead, head_bytes
from intercanal.kernel.ids import TenantId

KEY_NAME = "signing-key.pem"
PUBLIC_NAME = "signing-key.pub.pem"


class FolderHeads:
    """Keeps heads in files; copy the folder (not the private key) away, for root here can rewrite both."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = _load_or_make_key(folder)

    def append(self, head: Head) -> SignedHead:
        """Sign a head and add it, flushed to the disk, to the file of its tenant."""
        signed = SignedHead(head, self._key.sign(head_bytes(head)).hex())
        with self._file(head.tenant_id).open("a+b") as out:
            _drop_torn_line(out)
            out.write(msgspec.json.encode(signed) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        return signed

    def heads(self, tenant_id: TenantId) -> list[SignedHead]:
        """Return every head kept of a tenant; a last line torn by a crash is left out."""
        file = self._file(tenant_id)
        if not file.exists():
            return []
        lines = file.read_bytes().split(b"\n")
        return [msgspec.json.decode(line, type=SignedHead) for line in lines[:-1] if line]

    def verify(self, message: bytes, signature: str) -> bool:
        """Check a signature with the public half of our key."""
        try:
            self._key.public_key().verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _file(self, tenant_id: TenantId) -> Path:
        return self._folder / f"{tenant_id}.jsonl"


def _drop_torn_line(file: BinaryIO) -> None:
    file.seek(0)
    kept = file.read()
    if kept and not kept.endswith(b"\n"):
        file.truncate(kept.rfind(b"\n") + 1)


def _load_or_make_key(folder: Path) -> Ed25519PrivateKey:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / KEY_NAME
    if not path.exists():
        _make_key(path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{KEY_NAME} is not an Ed25519 key")
    (folder / PUBLIC_NAME).write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return key


def _make_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_suffix(f".{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(pem)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, path)  # unlike a rename, it leaves the key alone that another process made first
    except FileExistsError:
        pass
    finally:
        draft.unlink()

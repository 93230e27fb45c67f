"""The doors to what came with a mail: never shown inside a page of ours, always as a file to save."""

from collections.abc import Mapping
from urllib.parse import quote

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Stream

from intercanal.infra.blobs.port import BlobNotFoundError, Blobs
from intercanal.infra.http.door import Door
from intercanal.mail import service
from intercanal.mail.domain.files import media_type
from intercanal.mail.errors import UnknownMailError
from intercanal.mail.schemas import MailView

ORIGINAL_NAME = "original.eml"

Store = NamedDependency[SkipValidation[Blobs]]


@get("/messages/{message_id:str}", opt={"permission": "mail.read"})
async def get_message(door: Door, message_id: str) -> MailView:
    """Return what is known of a mail beside its words: its files, or how far an answer came."""
    return await door.read(lambda uow: service.get_mail(uow, message_id))


@get("/messages/{message_id:str}/original", opt={"permission": "mail.read"})
async def get_original(door: Door, message_id: str, blobs: Store) -> Stream:
    """Return a received mail as it came."""
    key = await door.read(lambda uow: service.original_of(uow, message_id))
    return await _download(blobs, key, ORIGINAL_NAME, "message/rfc822")


@get("/messages/{message_id:str}/attachments/{number:int}", opt={"permission": "mail.read"})
async def get_attachment(door: Door, message_id: str, number: int, blobs: Store) -> Stream:
    """Return a file of a received mail; files are numbered from 1."""
    file = await door.read(lambda uow: service.stored_file(uow, message_id, number))
    return await _download(blobs, file.blob, file.name, file.content_type)


async def _download(blobs: Blobs, key: str, name: str, content_type: str) -> Stream:
    try:
        content = await blobs.get(key)
    except BlobNotFoundError as error:
        raise UnknownMailError from error
    return Stream(content, media_type=media_type(content_type), headers=_headers(name))


def _headers(name: str) -> Mapping[str, str]:
    plain = "".join(character if character.isascii() and character not in '"\\%' else "_" for character in name)
    return {
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-store",
    }


HANDLERS = [get_message, get_original, get_attachment]

"""The HTTP doors of mail."""

from litestar import Router

from intercanal.mail.endpoints import mailboxes, messages

router = Router(path="/api/mail", tags=["mail"], route_handlers=[*mailboxes.HANDLERS, *messages.HANDLERS])

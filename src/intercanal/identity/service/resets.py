"""Forgotten passwords: asked for by e-mail, with a token that works for one hour and once."""

import os
from datetime import datetime

import msgspec

from intercanal.identity.domain.people import normal_email
from intercanal.identity.domain.rules import RESET_LENGTH
from intercanal.identity.domain.tokens import SECRET_BYTES, Kind, compose, digest, parse
from intercanal.identity.domain.words import say
from intercanal.identity.errors import BadTokenError
from intercanal.identity.events import ResetRequested
from intercanal.identity.repository import credentials, users
from intercanal.identity.service.accounts import Account, account, change_password
from intercanal.identity.service.audit import record
from intercanal.identity.tables import Reset, ResetMail
from intercanal.infra.db.unit_of_work import UnitOfWork

PAGE = "/sign-in/reset"


class ResetLetter(msgspec.Struct, frozen=True):
    """A reset mail ready to leave; `id` and `asked_at` are the same at each try, for its Message-ID and date."""

    id: str
    recipient: str
    subject: str
    text: str
    asked_at: datetime


async def request_reset(uow: UnitOfWork, email: str) -> None:
    """Prepare a reset mail when the e-mail is a user's; the caller learns nothing either way."""
    user = await users.user_by_email(uow.session, uow.tenant_id, normal_email(email))
    if user is None or not user.is_active:
        record(uow, "identity.reset_requested", "unknown")
        return
    record(uow, "identity.reset_requested", user.id)
    token = compose(Kind.RESET, uow.tenant_id, os.urandom(SECRET_BYTES))
    until = uow.now + RESET_LENGTH
    mail_id = uow.new_id()
    uow.session.add(Reset(tenant_id=uow.tenant_id, digest=digest(token), user_id=user.id, expires_at=until))
    uow.session.add(ResetMail(tenant_id=uow.tenant_id, id=mail_id, user_id=user.id, token=token, expires_at=until))
    uow.publish(ResetRequested(mail_id))


async def reset_letter(uow: UnitOfWork, mail_id: str, public_url: str, tenant_name: str) -> ResetLetter | None:
    """Write the mail for whoever sends it; None when it has left already, or would come too late."""
    waiting = await users.reset_mail(uow.session, uow.tenant_id, mail_id)
    if waiting is None or waiting.expires_at <= uow.now:
        return None
    user = await users.user(uow.session, uow.tenant_id, waiting.user_id)
    if user is None or not user.is_active:
        return None
    # Behind the # the token stays in the browser: no server on the way keeps it in a log.
    link = f"{public_url.rstrip('/')}{PAGE}#{waiting.token}"
    text = say(user.language, "reset_text", name=user.name, tenant=tenant_name, link=link)
    asked_at = waiting.expires_at - RESET_LENGTH
    return ResetLetter(mail_id, user.email, say(user.language, "reset_subject"), text, asked_at)


async def waiting_reset_mails(uow: UnitOfWork) -> list[str]:
    """Return the ids of the reset mails that have not left yet, for a sender that starts."""
    return await users.waiting_reset_mails(uow.session, uow.tenant_id, uow.now)


async def reset_letter_sent(uow: UnitOfWork, mail_id: str) -> None:
    """Forget a mail that has left, and with it the only clear copy of its token."""
    await users.drop_reset_mail(uow.session, uow.tenant_id, mail_id)


async def account_of_reset(uow: UnitOfWork, token: str) -> Account:
    """Say whose password a token may reset, without using it up."""
    found = await credentials.reset(uow.session, uow.tenant_id, _digest(uow, token))
    if found is None or found.expires_at <= uow.now:
        raise BadTokenError
    return await account(uow, found.user_id)


async def reset_password(uow: UnitOfWork, token: str, password_hash: str) -> str:
    """Use a token up, keep the new password and end every session; returns the user's id."""
    taken = await credentials.take_reset(uow.session, uow.tenant_id, _digest(uow, token))
    if taken is None or taken.expires_at <= uow.now:
        raise BadTokenError
    user_id: str = taken.user_id
    await change_password(uow, user_id, password_hash, how="reset")
    return user_id


def _digest(uow: UnitOfWork, text: str) -> bytes:
    token = parse(text)
    if token is None or token.kind is not Kind.RESET or token.tenant_id != uow.tenant_id:
        raise BadTokenError
    return token.digest

"""Mails with which somebody chooses a new password: written by identity, sent from here, kept nowhere in between."""

from urllib.parse import urlsplit

from intercanal.identity import service as identity
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.mail import repository
from intercanal.mail.domain import message_ids
from intercanal.mail.domain.notices import Notice, sender_address
from intercanal.tenancy import service as tenancy


async def reset_to_send(uow: UnitOfWork, mail_id: str, public_url: str, secret: bytes) -> Notice | None:
    """Write a reset mail that waits; None when it has left already or would come too late.

    It leaves from the domain of the tenant's own mail, which its relay may speak for.
    """
    tenant = await tenancy.get_tenant(uow)
    letter = await identity.reset_letter(uow, mail_id, public_url, tenant.name)
    if letter is None:
        return None
    domain = await repository.first_mail_domain(uow) or urlsplit(public_url).hostname or "localhost"
    from_address = sender_address(domain)
    return Notice(
        external_id=message_ids.our_id(secret, uow.tenant_id, letter.id, from_address.rpartition("@")[2]),
        from_address=from_address,
        from_name=tenant.name,
        to_address=letter.recipient,
        subject=letter.subject,
        text=letter.text,
        date=letter.asked_at,
    )


async def resets_waiting(uow: UnitOfWork) -> list[str]:
    """Return the reset mails that are still worth sending."""
    return await identity.waiting_reset_mails(uow)


async def reset_settled(uow: UnitOfWork, mail_id: str) -> None:
    """Forget a reset mail that has left or never can, and with it the only clear copy of its token."""
    await identity.reset_letter_sent(uow, mail_id)

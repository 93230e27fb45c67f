"""Forgetting: the words of a customer's messages go, with a note for backups restored later; ids and times stay."""

from collections.abc import Sequence

from intercanal.infra.db.own_tables import Erasure
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.interactions import repository
from intercanal.interactions.repository import KeptWords
from intercanal.interactions.tables import MessageWords

BATCH = 500
REASON = "customer_erased"


async def words_of_customers(uow: UnitOfWork, customer_ids: Sequence[str]) -> list[KeptWords]:
    """Return some messages of these customers whose words are still there, with the blobs of their files."""
    return await repository.words_of_customers(uow, customer_ids, BATCH)


async def erase_words(uow: UnitOfWork, kept: Sequence[KeptWords]) -> None:
    """Empty the words of messages, and note each erasure."""
    await repository.empty_words(uow, [one.message_id for one in kept])
    for one in kept:
        _note(uow, MessageWords.__tablename__, {"message_id": one.message_id}, list(repository.WORDS))
        for blob in one.blobs:
            _note(uow, "blobs", {"key": blob}, [])


def _note(uow: UnitOfWork, target: str, key: dict[str, str], columns: list[str]) -> None:
    uow.session.add(
        Erasure(
            tenant_id=uow.tenant_id,
            id=uow.new_id(),
            target=target,
            key=key,
            columns=columns,
            at=uow.now,
            actor=uow.actor,
            reason=REASON,
        )
    )

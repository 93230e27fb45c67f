"""Offers as the journal wrote them: what an agent is shown, and why each was made."""

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.routing import repository
from intercanal.routing.errors import OfferOverError, UnknownOfferError
from intercanal.routing.schemas import DecisionView, OfferView


async def open_offers(uow: UnitOfWork, agent_id: str) -> list[OfferView]:
    """Return what an agent is shown."""
    rows = await repository.open_offers(uow, agent_id)
    return [OfferView(row.id, row.interaction_id, row.expires_at, row.reason) for row in rows]


async def get_decision(uow: UnitOfWork, offer_id: str) -> DecisionView:
    """Return an offer with its reason and what became of it."""
    row = await repository.offer(uow, offer_id)
    if row is None:
        raise UnknownOfferError
    return DecisionView(
        id=row.id,
        interaction_id=row.interaction_id,
        agent_id=row.agent_id,
        queue_id=row.queue_id,
        made_at=row.made_at,
        expires_at=row.expires_at,
        reason=row.reason,
        state=row.state,
        ended_at=row.ended_at,
    )


async def after_refusal(uow: UnitOfWork, offer_id: str, agent_id: str, wanted: str) -> None:
    """Say why the core does not know an offer any more; one that already ended as wanted is no refusal."""
    row = await repository.offer(uow, offer_id)
    if row is None or row.agent_id != agent_id:
        raise UnknownOfferError
    if row.state != wanted:
        raise OfferOverError(row.state)

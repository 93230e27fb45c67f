"""The timeline, copied from the log: what concerns interactions, in ids and codes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.interactions import repository
from intercanal.interactions.repository import Fact
from intercanal.kernel.ids import DomainId, TenantId

# As people call them; every other event keeps its own word.
_WORDS = {"held": "accepted", "scheduled": "snoozed"}
_LEFT_OUT = ("type", "interaction_id", "conversation_id")


class LoggedDecision(msgspec.Struct, frozen=True):
    """One decision of the log as the stream tells it; `sequence` is that of its last event."""

    sequence: int
    at: datetime
    actor: str
    events: list[dict[str, Any]]


class LoggedBatch(msgspec.Struct, frozen=True):
    """Consecutive decisions of one domain."""

    tenant_id: TenantId
    domain_id: DomainId
    decisions: list[LoggedDecision]


def facts_of(batch: LoggedBatch) -> Iterable[Fact]:
    """Pick what belongs in a timeline."""
    for decision in batch.decisions:
        first = decision.sequence - len(decision.events) + 1
        for sequence, event in enumerate(decision.events, first):
            feature, _, word = str(event["type"]).partition(".")
            if feature == "interactions":
                yield Fact(
                    domain_id=batch.domain_id,
                    sequence=sequence,
                    interaction_id=event["interaction_id"],
                    at=decision.at,
                    type=_WORDS.get(word, word),
                    actor=decision.actor,
                    facts={name: value for name, value in event.items() if name not in _LEFT_OUT},
                )


async def keep(uow: UnitOfWork, facts: Sequence[Fact]) -> None:
    """Write facts down; those that are there already stay as they are."""
    await repository.add_facts(uow, facts)

"""What the log of live work says of mail: answers that may leave, and facts for the timeline."""

from collections.abc import Iterator

from intercanal.interactions import service as interactions

# what a person reading a conversation wants to know of the post
_TOLD = frozenset({"outgoing_sent", "delivery_deferred", "delivery_failed"})
_LEFT_OUT = frozenset({"type", "interaction_id", "conversation_id"})


def queued_answers(batch: interactions.LoggedBatch) -> list[str]:
    """Return the answers that became durable in a batch."""
    return [
        str(event["message_id"])
        for decision in batch.decisions
        for event in decision.events
        if event["type"] == "mail.outgoing_queued"
    ]


def facts_of(batch: interactions.LoggedBatch) -> Iterator[interactions.Fact]:
    """Pick what belongs in a timeline: how far each answer came, and which never arrived."""
    for decision in batch.decisions:
        first = decision.sequence - len(decision.events) + 1
        for sequence, event in enumerate(decision.events, first):
            feature, _, word = str(event["type"]).partition(".")
            if feature == "mail" and word in _TOLD:
                yield interactions.Fact(
                    domain_id=batch.domain_id,
                    sequence=sequence,
                    interaction_id=event["interaction_id"],
                    at=decision.at,
                    type=word,
                    actor=decision.actor,
                    facts={name: value for name, value in event.items() if name not in _LEFT_OUT},
                )

"""The live part of mail: which interaction a mail belongs to, and what becomes of each answer on its way out."""

from datetime import datetime
from typing import Literal

import msgspec

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Command, Component, Context, Event, Refused, StateTable, World

DeliveryState = Literal["waiting", "sent", "failed"]


class Undelivered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer of ours that a notification says will never arrive."""

    message_id: str
    interaction_id: str
    conversation_id: str
    in_reply_to: str | None
    queued_at: datetime
    status: str | None = None


class Receive(Command, frozen=True, kw_only=True, tag="mail.receive"):
    """Take in a mail that was read, kept and threaded; its words travel beside, under `message_id`."""

    message_id: str
    mailbox_id: str
    queue_id: str
    classification: interactions.Classification = "normal"
    conversation_id: str | None = None
    customer_id: str | None = None
    preferred_agent_id: str | None = None
    undelivered: Undelivered | None = None


class NoteDelivery(Command, frozen=True, kw_only=True, tag="mail.note_delivery"):
    """Say how sending an answer went; `status` is an SMTP code, `code` a reason of ours."""

    message_id: str
    state: DeliveryState
    attempts: int
    code: str | None = None
    status: str | None = None


class Filed(Event, frozen=True, tag="mail.filed"):
    """A mail found its interaction and conversation."""

    message_id: str
    interaction_id: str
    conversation_id: str
    mailbox_id: str
    customer_id: str | None


class OutgoingQueued(Event, frozen=True, tag="mail.outgoing_queued"):
    """An answer is durable and may leave; `in_reply_to` is the customer's message it answers."""

    message_id: str
    interaction_id: str
    conversation_id: str
    in_reply_to: str | None


class OutgoingSent(Event, frozen=True, tag="mail.outgoing_sent"):
    """The next mail server took an answer over."""

    message_id: str
    interaction_id: str
    conversation_id: str
    attempts: int


class DeliveryDeferred(Event, frozen=True, kw_only=True, tag="mail.delivery_deferred"):
    """An answer could not leave yet; it is tried again."""

    message_id: str
    interaction_id: str
    conversation_id: str
    attempts: int
    code: str | None
    status: str | None


class DeliveryFailed(Event, frozen=True, kw_only=True, tag="mail.delivery_failed"):
    """An answer will never arrive: it was refused for good, given up, or came back."""

    message_id: str
    interaction_id: str
    conversation_id: str
    in_reply_to: str | None
    queued_at: datetime
    attempts: int
    code: str | None
    status: str | None


class MailRow(msgspec.Struct, kw_only=True):
    """Where a received mail belongs; what it says lies in the erasable tables."""

    id: str
    interaction_id: str
    conversation_id: str
    mailbox_id: str
    customer_id: str | None
    received_at: datetime


class OutgoingRow(msgspec.Struct, kw_only=True):
    """An answer on its way; `id` is its message's."""

    id: str
    interaction_id: str
    conversation_id: str
    in_reply_to: str | None
    state: DeliveryState
    attempts: int
    queued_at: datetime
    changed_at: datetime
    code: str | None = None
    status: str | None = None


MESSAGES = StateTable(
    name="mail_messages",
    row=MailRow,
    columns={
        "id": "uuid",
        "interaction_id": "uuid",
        "conversation_id": "uuid",
        "mailbox_id": "uuid",
        "customer_id": "uuid",
        "received_at": "timestamptz",
    },
    is_live=lambda _row: False,
    live_sql="false",
)

OUTGOING = StateTable(
    name="mail_outgoing",
    row=OutgoingRow,
    columns={
        "id": "uuid",
        "interaction_id": "uuid",
        "conversation_id": "uuid",
        "in_reply_to": "uuid",
        "state": "text",
        "attempts": "integer",
        "queued_at": "timestamptz",
        "changed_at": "timestamptz",
        "code": "text",
        "status": "text",
    },
    is_live=lambda row: row.state == "waiting",
    live_sql="state = 'waiting'",
)


def _receive(world: World, command: Receive, ctx: Context) -> None:
    if _begins(world, command) and command.queue_id not in world.part(interactions.KnownQueues):
        raise Refused("mail.queue_unknown")
    interaction_id = interactions.receive(
        world,
        ctx,
        interactions.Incoming(
            channel="mail",
            queue_id=command.queue_id,
            message_id=command.message_id,
            conversation_id=command.conversation_id,
            customer_id=command.customer_id,
            preferred_agent_id=command.preferred_agent_id,
            classification=command.classification,
        ),
    )
    row = world.store(interactions.InteractionRow)[interaction_id]
    ctx.emit(Filed(command.message_id, row.id, row.conversation_id, command.mailbox_id, command.customer_id))
    if command.undelivered is not None:
        _fail_returned(world, ctx, command.undelivered)


def _begins(world: World, command: Receive) -> bool:
    """Say whether a mail needs its queue: only what begins new work has to wait somewhere."""
    if command.classification != "normal":
        return False
    known = command.conversation_id
    return known is None or world.part(interactions.OpenWork).continues(known, "mail") is None


def _fail_returned(world: World, ctx: Context, returned: Undelivered) -> None:
    waiting = world.store(OutgoingRow).get(returned.message_id)
    ctx.emit(
        DeliveryFailed(
            message_id=returned.message_id,
            interaction_id=returned.interaction_id,
            conversation_id=returned.conversation_id,
            in_reply_to=returned.in_reply_to,
            queued_at=returned.queued_at,
            attempts=waiting.attempts if waiting else 1,
            code="mail.returned",
            status=returned.status,
        )
    )


def _note_delivery(world: World, command: NoteDelivery, ctx: Context) -> None:
    row = world.store(OutgoingRow).get(command.message_id)
    if row is None:
        raise Refused("mail.not_waiting")
    if command.state == "sent":
        ctx.emit(OutgoingSent(row.id, row.interaction_id, row.conversation_id, command.attempts))
    elif command.state == "failed":
        ctx.emit(
            DeliveryFailed(
                message_id=row.id,
                interaction_id=row.interaction_id,
                conversation_id=row.conversation_id,
                in_reply_to=row.in_reply_to,
                queued_at=row.queued_at,
                attempts=command.attempts,
                code=command.code,
                status=command.status,
            )
        )
    else:
        ctx.emit(
            DeliveryDeferred(
                message_id=row.id,
                interaction_id=row.interaction_id,
                conversation_id=row.conversation_id,
                attempts=command.attempts,
                code=command.code,
                status=command.status,
            )
        )


def _message_sent(world: World, event: interactions.MessageSent, ctx: Context) -> None:
    if event.channel == "mail":
        row = world.store(interactions.InteractionRow)[event.interaction_id]
        ctx.emit(OutgoingQueued(event.message_id, row.id, row.conversation_id, row.last_in_message_id))


def _filed(world: World, event: Filed, now: datetime) -> None:
    world.store(MailRow).put(
        MailRow(
            id=event.message_id,
            interaction_id=event.interaction_id,
            conversation_id=event.conversation_id,
            mailbox_id=event.mailbox_id,
            customer_id=event.customer_id,
            received_at=now,
        )
    )


def _outgoing_queued(world: World, event: OutgoingQueued, now: datetime) -> None:
    world.store(OutgoingRow).put(
        OutgoingRow(
            id=event.message_id,
            interaction_id=event.interaction_id,
            conversation_id=event.conversation_id,
            in_reply_to=event.in_reply_to,
            state="waiting",
            attempts=0,
            queued_at=now,
            changed_at=now,
        )
    )


def _outgoing_sent(world: World, event: OutgoingSent, now: datetime) -> None:
    row = world.store(OutgoingRow)[event.message_id]
    row.state, row.attempts, row.changed_at = "sent", event.attempts, now
    row.code = row.status = None
    world.store(OutgoingRow).put(row)


def _delivery_deferred(world: World, event: DeliveryDeferred, now: datetime) -> None:
    row = world.store(OutgoingRow)[event.message_id]
    row.attempts, row.changed_at, row.code, row.status = event.attempts, now, event.code, event.status
    world.store(OutgoingRow).put(row)


def _delivery_failed(world: World, event: DeliveryFailed, now: datetime) -> None:
    # a mail that came back had been sent, so its row is no longer in memory: the event carries all of it
    world.store(OutgoingRow).put(
        OutgoingRow(
            id=event.message_id,
            interaction_id=event.interaction_id,
            conversation_id=event.conversation_id,
            in_reply_to=event.in_reply_to,
            state="failed",
            attempts=event.attempts,
            queued_at=event.queued_at,
            changed_at=now,
            code=event.code,
            status=event.status,
        )
    )


component = Component(
    name="mail",
    tables=(MESSAGES, OUTGOING),
    decide={Receive: _receive, NoteDelivery: _note_delivery},
    react={interactions.MessageSent: _message_sent},
    apply={
        Filed: _filed,
        OutgoingQueued: _outgoing_queued,
        OutgoingSent: _outgoing_sent,
        DeliveryDeferred: _delivery_deferred,
        DeliveryFailed: _delivery_failed,
    },
)

"""Which conversation a mail continues: by references alone, and only those that its sender cannot have made up.

A reference to a mail of ours carries our seal, so whoever shows it was shown it: that joins, whatever address they
write from. A reference to a customer's mail can be guessed or seen by strangers, so it joins only in the same mailbox,
and only for somebody who already takes part in that conversation. A subject never joins anything.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from intercanal.mail.domain.model import Mail

_MOST_REFERENCES = 30


class Known(msgspec.Struct, frozen=True):
    """A mail that was received before, in the same mailbox, and who takes part in its conversation."""

    conversation_id: str
    people: Collection[str]


def references(mail: Mail) -> tuple[str, ...]:
    """Return what a mail refers to, the nearest first: In-Reply-To, then References from the last."""
    returned = (mail.report.original_message_id,) if mail.report and mail.report.original_message_id else ()
    ordered = (*returned, *mail.in_reply_to, *reversed(mail.references))
    return tuple(dict.fromkeys(ordered))[:_MOST_REFERENCES]


def conversation_of(
    asked: Sequence[str], ours: Mapping[str, str], theirs: Mapping[str, Known], sender: str | None
) -> str | None:
    """Choose the conversation of the nearest reference that may be trusted; None begins a new one.

    `ours` gives the conversation by reference for those with our seal, `theirs` what is known of the others.
    """
    for reference in asked:
        if reference in ours:
            return ours[reference]
        known = theirs.get(reference)
        if known is not None and sender is not None and sender in known.people:
            return known.conversation_id
    return None

"""Indexes over the open interactions, derived from their rows and refilled after a load."""

from intercanal.interactions.live.rows import InteractionRow
from intercanal.kernel.live import World


class OpenWork:
    """Who has what in hand, which interaction a conversation continues in, and what waits for one agent alone."""

    def __init__(self) -> None:
        self._by_conversation: dict[tuple[str, str], str] = {}
        self._held: dict[str, dict[str, None]] = {}
        self._awaiting: dict[str, dict[str, None]] = {}
        self._load: dict[str, dict[str, int]] = {}

    def enter(self, row: InteractionRow) -> None:
        """Count a row in, as it now is."""
        if row.state == "closed":
            return
        self._by_conversation[row.conversation_id, row.channel] = row.id
        if row.agent_id is not None:
            self._held.setdefault(row.agent_id, {})[row.id] = None
        if row.required_agent_id is not None:
            self._awaiting.setdefault(row.required_agent_id, {})[row.id] = None
        if (agent_id := row.agent_id or row.offered_to) is not None:
            load = self._load.setdefault(agent_id, {})
            load[row.channel] = load.get(row.channel, 0) + 1

    def leave(self, row: InteractionRow) -> None:
        """Count a row out, before it changes."""
        if row.state == "closed":
            return
        self._by_conversation.pop((row.conversation_id, row.channel), None)
        if row.agent_id is not None:
            del self._held[row.agent_id][row.id]
        if row.required_agent_id is not None:
            del self._awaiting[row.required_agent_id][row.id]
        if (agent_id := row.agent_id or row.offered_to) is not None:
            self._load[agent_id][row.channel] -= 1

    def continues(self, conversation_id: str, channel: str) -> str | None:
        """Return the open interaction that a message of this conversation belongs to."""
        return self._by_conversation.get((conversation_id, channel))

    def held_by(self, agent_id: str) -> list[str]:
        """Return the interactions in an agent's hands, in the order of their ids, so that a replay agrees."""
        return sorted(self._held.get(agent_id, ()))

    def awaiting(self, agent_id: str) -> list[str]:
        """Return the interactions handed directly to an agent who has not taken them yet."""
        return sorted(self._awaiting.get(agent_id, ()))

    def load_of(self, agent_id: str) -> dict[str, int]:
        """Return how many interactions per channel an agent has in hand or on offer; not to be changed."""
        return self._load.get(agent_id, {})


class KnownQueues:
    """The queues that work may be sent to; the floor that owns queues fills it, at each change and each load."""

    def __init__(self) -> None:
        self._ids: set[str] = set()

    def add(self, queue_id: str) -> None:
        """Let work be sent to a queue."""
        self._ids.add(queue_id)

    def discard(self, queue_id: str) -> None:
        """Send no more work to a queue."""
        self._ids.discard(queue_id)

    def __contains__(self, queue_id: str) -> bool:
        return queue_id in self._ids


def refill(world: World) -> None:
    """Count in the rows that a load brought."""
    work = world.part(OpenWork)
    for row in world.store(InteractionRow):
        work.enter(row)

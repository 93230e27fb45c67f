"""Waiting contacts, in one heap per queue, circle and channel."""

from collections.abc import Sequence

from intercanal.routing.domain.agents import Agent, Pool, Profile, Roster
from intercanal.routing.domain.lazyheap import Entry, LazyHeap
from intercanal.routing.domain.terms import CHANNELS, Requirement


class Line:
    """The contacts of one channel that one circle of one queue may serve."""

    __slots__ = ("bit", "channel", "heap", "pool", "queue")

    def __init__(self, queue: "Queue", pool: Pool, channel: int, bit: int) -> None:
        self.queue = queue
        self.pool = pool
        self.channel = channel
        self.bit = bit
        self.heap: LazyHeap[Contact] = LazyHeap()


class Queue:
    """A queue as the matcher knows it: the pool of each circle, and whether it is open."""

    __slots__ = ("id", "is_open", "lines", "pools")

    def __init__(self, queue_id: str, pools: list[Pool], *, is_open: bool) -> None:
        self.id = queue_id
        self.pools = pools
        self.is_open = is_open
        self.lines: dict[tuple[int, int], Line] = {}


class Contact:
    """A piece of work that waits; `joined` names each queue it stands in and the circle reached there."""

    __slots__ = (
        "arrived",
        "channel",
        "entry",
        "id",
        "joined",
        "key",
        "lines",
        "preferred",
        "priority",
        "required",
        "version",
    )

    def __init__(
        self, contact_id: str, channel: int, key: int, arrived: int, joined: Sequence[tuple[str, int]]
    ) -> None:
        self.id = contact_id
        self.channel = channel
        self.key = key
        self.arrived = arrived
        self.joined = list(joined)
        self.priority = 0
        self.preferred: str | None = None
        self.required: str | None = None
        self.version = 0
        self.lines: list[Line] = []
        self.entry: Entry[Contact] | None = None


class Waiting:
    """All waiting contacts of a domain; `active` has the bit of each open line with something in it."""

    def __init__(self, roster: Roster) -> None:
        self.contacts: dict[str, Contact] = {}
        self.queues: dict[str, Queue] = {}
        self.active = 0
        self.epoch = 0
        self._roster = roster
        self._lines: list[Line] = []
        self._free: list[int] = []
        self._tickets = 0
        self._own: dict[str, list[LazyHeap[Contact]]] = {}

    def set_queue(self, queue_id: str, circles: Sequence[Requirement], *, is_open: bool) -> None:
        """Take a queue's circles; whoever waits in it must have been removed before, and is added again after."""
        old = self.queues.get(queue_id)
        self.queues[queue_id] = Queue(queue_id, [self._roster.pool(circle) for circle in circles], is_open=is_open)
        if old is not None:
            self._drop(old)

    def remove_queue(self, queue_id: str) -> None:
        """Forget a queue nobody waits in any more."""
        old = self.queues.pop(queue_id, None)
        if old is not None:
            self._drop(old)

    def _drop(self, queue: Queue) -> None:
        for line in queue.lines.values():
            number = line.bit.bit_length() - 1
            self.active &= ~line.bit
            line.pool.lines[line.channel] &= ~line.bit
            self._free.append(number)
        for pool in queue.pools:
            self._roster.release(pool)
        self.epoch += 1

    def set_open(self, queue_id: str, is_open: bool) -> None:
        """Open or close a queue: its lines are shown or hidden whole, whatever waits in them."""
        queue = self.queues[queue_id]
        queue.is_open = is_open
        for line in queue.lines.values():
            if is_open and line.heap.entries:
                self.active |= line.bit
            else:
                self.active &= ~line.bit

    def line(self, queue: Queue, circle: int, channel: int) -> Line:
        """Return a line of a queue, made at its first use."""
        line = queue.lines.get((circle, channel))
        if line is None:
            number = self._free.pop() if self._free else len(self._lines)
            line = Line(queue, queue.pools[circle], channel, 1 << number)
            self._lines[number : number + 1] = [line]
            queue.lines[circle, channel] = line
            line.pool.lines[channel] |= line.bit
            self.epoch += 1
        return line

    def put(self, contact: Contact) -> None:
        """Let a contact wait: in every circle reached of its queues, or for its one required agent."""
        self.contacts[contact.id] = contact
        self._tickets += 1
        contact.version = self._tickets
        contact.entry = entry = (contact.key, contact.id, contact.version, contact)
        if contact.required is not None:
            self._own_heaps(contact.required)[contact.channel].push(entry)
            return
        for queue_id, circle in contact.joined:
            queue = self.queues[queue_id]
            for number in range(circle + 1):
                self._stand(contact, entry, self.line(queue, number, contact.channel))

    def _stand(self, contact: Contact, entry: Entry[Contact], line: Line) -> None:
        contact.lines.append(line)
        line.heap.push(entry)
        if line.queue.is_open:
            self.active |= line.bit

    def _own_heaps(self, agent_id: str) -> list[LazyHeap[Contact]]:
        return self._own.setdefault(agent_id, [LazyHeap() for _ in CHANNELS])

    def take(self, contact_id: str) -> Contact | None:
        """Take a contact away from wherever it waits."""
        contact = self.contacts.pop(contact_id, None)
        if contact is not None:
            contact.version = 0
            contact.entry = None  # it held the contact itself: without the circle no collector is needed
            for line in contact.lines:
                line.heap.dropped()
            contact.lines = []
            if contact.required is not None:
                self._forget_own(contact.required, contact.channel)
        return contact

    def _forget_own(self, agent_id: str, channel: int) -> None:
        heaps = self._own[agent_id]
        heaps[channel].dropped()
        if not any(heap.live for heap in heaps):
            del self._own[agent_id]

    def pools(self, contact: Contact) -> list[Pool]:
        """Return the pools whose agents may take this contact now: the circles reached in its open queues."""
        found: list[Pool] = []
        for queue_id, circle in contact.joined:
            queue = self.queues[queue_id]
            if queue.is_open:
                found += queue.pools[: circle + 1]
        return found

    def head(self, line: Line) -> Entry[Contact] | None:
        """Return the first contact of a line, hiding the line when nothing is left."""
        entry = line.heap.head()
        if entry is None:
            self.active &= ~line.bit
        return entry

    def best(self, profile: Profile, agent_id: str, mask: int) -> Contact | None:
        """Return the first of the contacts that an agent of this profile may take on these channels."""
        best: Entry[Contact] | None = None
        bits = self.active & profile.lines(mask, self.epoch)
        while bits:
            low = bits & -bits
            bits ^= low
            line = self._lines[low.bit_length() - 1]
            entry = line.heap.entries[0] if line.heap.entries else None
            if entry is None or entry[3].version != entry[2]:
                entry = self.head(line)
            if entry is not None and (best is None or entry < best):
                best = entry
        for channel, heap in enumerate(self._own.get(agent_id, ())):
            entry = heap.head() if mask >> channel & 1 else None
            if entry is not None and (best is None or entry < best):
                best = entry
        return None if best is None else best[3]

    def wanted(self, contact: Contact, pools: Sequence[Pool]) -> Agent | None:
        """Return the required agent of a contact, or the preferred one when allowed, if that one is free for it."""
        wanted = contact.required or contact.preferred
        agent = None if wanted is None else self._roster.agents.get(wanted)
        if agent is None or not agent.mask >> contact.channel & 1:
            return None
        if contact.required is None and not any(pool in agent.profile.pools for pool in pools):
            return None
        return agent

"""The matcher: brings together waiting contacts and idle agents, one choice at each change, at a logarithmic cost."""

from collections.abc import Iterator, Mapping, Sequence

from intercanal.routing.domain.agents import Agent, Roster
from intercanal.routing.domain.contacts import Contact, Waiting
from intercanal.routing.domain.terms import Requirement


class Choice:
    """One match: who was chosen, who was second, and from which side it was made.

    When an agent became free `second_contact` is what they would have had instead; when a contact was to be given
    out `second_agent` is who would have had it. `mask` and `key` are the agent's place before the choice,
    `queue_id` and `circle` that by which the agent may serve.
    """

    __slots__ = (
        "agent",
        "by_agent",
        "circle",
        "contact",
        "is_wanted",
        "key",
        "mask",
        "queue_id",
        "second_agent",
        "second_contact",
    )

    def __init__(self, contact: Contact, agent: Agent, mask: int, key: int) -> None:
        self.contact = contact
        self.agent = agent
        self.mask = mask
        self.key = key
        self.by_agent = False
        self.is_wanted = False
        self.second_agent: Agent | None = None
        self.second_contact: Contact | None = None
        self.queue_id, self.circle = contact.joined[0]


class Matcher:
    """Everything the choice needs of a routing domain; both sides of a choice leave it at once."""

    def __init__(self) -> None:
        self.roster = Roster()
        self.waiting = Waiting(self.roster)

    def set_queue(self, queue_id: str, circles: Sequence[Requirement], *, is_open: bool = True) -> None:
        """Take a queue's circles, first to widest."""
        self.waiting.set_queue(queue_id, circles, is_open=is_open)

    def set_agent(self, agent_id: str, skills: Mapping[str, int], teams: Sequence[str] = ()) -> Agent:
        """Take what an agent can do."""
        return self.roster.set_agent(agent_id, skills, teams)

    def place(self, agent_id: str, mask: int, key: int) -> None:
        """Say what an agent can take from now on, without choosing anything."""
        self.roster.place(self.roster.agents[agent_id], mask, key)

    def free(self, agent_id: str, mask: int, key: int) -> Choice | None:
        """Say what an agent can take from now on and choose for them; they stand among the idle when nothing waits."""
        agent = self.roster.agents[agent_id]
        waiting = self.waiting
        contact = waiting.best(agent.profile, agent_id, mask) if mask else None
        if contact is None:
            self.roster.place(agent, mask, key)
            return None
        waiting.take(contact.id)
        self.roster.take(agent)
        choice = Choice(contact, agent, mask, key)
        choice.is_wanted = contact.required is not None
        choice.by_agent = True
        choice.second_contact = waiting.best(agent.profile, agent_id, mask)
        self._find_circle(choice)
        return choice

    def arrive(self, contact: Contact) -> Choice | None:
        """Choose for a contact, or let it wait when nobody allowed is free."""
        choice = self._choose(contact)
        if choice is None:
            self.waiting.put(contact)
        return choice

    def match_contact(self, contact_id: str) -> Choice | None:
        """Choose for a contact that already waits, whose circle grew or whose queue opened."""
        choice = self._choose(self.waiting.contacts[contact_id])
        if choice is not None:
            self.waiting.take(contact_id)
        return choice

    def _choose(self, contact: Contact) -> Choice | None:
        roster = self.roster
        pools = [] if contact.required else self.waiting.pools(contact)
        wanted = self.waiting.wanted(contact, pools) if contact.preferred or contact.required else None
        agent = wanted or roster.best(pools, contact.channel)
        if agent is None:
            return None
        choice = Choice(contact, agent, agent.mask, agent.key)
        choice.is_wanted = wanted is not None
        roster.take(agent)
        choice.second_agent = roster.best(pools, contact.channel)
        self._find_circle(choice)
        return choice

    def _find_circle(self, choice: Choice) -> None:
        """Note by which queue, and by how wide a circle of it, the agent may serve."""
        joined = choice.contact.joined
        if choice.contact.required or (len(joined) == 1 and not joined[0][1]):
            return
        mine = choice.agent.profile.pools
        for queue_id, circle in joined:
            queue = self.waiting.queues[queue_id]
            for number in range(circle + 1 if queue.is_open else 0):
                if queue.pools[number] in mine:
                    choice.queue_id, choice.circle = queue_id, number
                    return

    def match_queue(self, queue_id: str) -> Iterator[Choice]:
        """Choose for all that waits in a queue while somebody is free for it, nearest deadline first.

        Each choice leaves the matcher before the next is made, so the caller may change it in between.
        """
        waiting, queue = self.waiting, self.waiting.queues[queue_id]
        idle = list(queue.lines.values()) if queue.is_open else []
        while idle:
            heads = [(entry, line) for line in idle if (entry := waiting.head(line)) is not None]
            if not heads:
                return
            entry, line = min(heads, key=lambda head: head[0][:2])
            choice = self.match_contact(entry[1])
            if choice is None:
                idle = [other for other in idle if other is not line]
            else:
                yield choice

"""A chooser that looks at everybody and everything, written from the rules alone, to judge the matcher by."""

from dataclasses import dataclass, field


@dataclass
class PlainAgent:
    id: str
    skills: dict[str, int]
    teams: tuple[str, ...] = ()
    channels: frozenset[str] = frozenset()
    held: int = 0
    idle_since: int = 0

    def order(self) -> tuple[int, int, str]:
        return (self.held, self.idle_since, self.id)


@dataclass
class PlainContact:
    id: str
    channel: str
    arrived: int
    deadline: int
    joined: list[tuple[str, int]]
    preferred: str | None = None
    required: str | None = None


@dataclass
class PlainCircle:
    skills: dict[str, int]
    teams: tuple[str, ...] = ()


@dataclass
class PlainQueue:
    circles: list[PlainCircle]
    is_open: bool = True


@dataclass
class Match:
    contact_id: str
    agent_id: str
    second: str | None


@dataclass
class Brute:
    agents: dict[str, PlainAgent] = field(default_factory=dict)
    queues: dict[str, PlainQueue] = field(default_factory=dict)
    waiting: dict[str, PlainContact] = field(default_factory=dict)

    def may(self, agent: PlainAgent, contact: PlainContact) -> bool:
        if contact.required is not None:
            return contact.required == agent.id
        for queue_id, reached in contact.joined:
            queue = self.queues[queue_id]
            for circle in queue.circles[: reached + 1] if queue.is_open else []:
                has_skills = all(agent.skills.get(skill, 0) >= level for skill, level in circle.skills.items())
                if has_skills and (not circle.teams or any(team in circle.teams for team in agent.teams)):
                    return True
        return False

    def for_contact(self, contact: PlainContact) -> Match | None:
        allowed = [a for a in self.agents.values() if contact.channel in a.channels and self.may(a, contact)]
        if not allowed:
            return None
        chosen = next((a for a in allowed if a.id == contact.preferred), None) or min(allowed, key=PlainAgent.order)
        others = sorted((a for a in allowed if a is not chosen), key=PlainAgent.order)
        chosen.channels = frozenset()
        self.waiting.pop(contact.id, None)
        return Match(contact.id, chosen.id, others[0].id if others else None)

    def arrive(self, contact: PlainContact) -> Match | None:
        match = self.for_contact(contact)
        if match is None:
            self.waiting[contact.id] = contact
        return match

    def for_agent(self, agent: PlainAgent) -> Match | None:
        allowed = [c for c in self.waiting.values() if c.channel in agent.channels and self.may(agent, c)]
        allowed.sort(key=lambda contact: (contact.deadline, contact.id))
        if not allowed:
            return None
        agent.channels = frozenset()
        del self.waiting[allowed[0].id]
        return Match(allowed[0].id, agent.id, allowed[1].id if len(allowed) > 1 else None)

    def for_queue(self, queue_id: str) -> list[Match]:
        queued = [c for c in self.waiting.values() if any(joined == queue_id for joined, _ in c.joined)]
        queued.sort(key=lambda contact: (contact.deadline, contact.id))
        return [match for contact in queued if (match := self.for_contact(contact)) is not None]

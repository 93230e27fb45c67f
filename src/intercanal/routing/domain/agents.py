"""Idle agents, in heaps shared by requirement and by what they can take now."""

from collections.abc import Iterable, Mapping, Sequence

from intercanal.routing.domain.lazyheap import Entry, LazyHeap
from intercanal.routing.domain.terms import CHANNELS, Requirement

ProfileKey = tuple[tuple[tuple[str, int], ...], tuple[str, ...]]


class Pool:
    """The idle agents who meet one requirement; `buckets` by the mask of channels they can take."""

    __slots__ = ("buckets", "by_channel", "lines", "requirement", "users")

    def __init__(self, requirement: Requirement) -> None:
        self.requirement = requirement
        self.users = 0
        self.lines = [0] * len(CHANNELS)
        self.buckets: dict[int, LazyHeap[Agent]] = {}
        self.by_channel: list[list[LazyHeap[Agent]]] = [[] for _ in CHANNELS]

    def bucket(self, mask: int) -> LazyHeap["Agent"]:
        """Return the heap of those who can take exactly these channels, made at its first use."""
        found = self.buckets.get(mask)
        if found is None:
            found = self.buckets[mask] = LazyHeap()
            for channel, buckets in enumerate(self.by_channel):
                if mask >> channel & 1:
                    buckets.append(found)
        return found


class Profile:
    """What agents with the same skills and teams share: the pools they are in, and the lines they may serve."""

    __slots__ = ("_bits", "_buckets", "_epoch", "key", "pools", "skills", "teams", "users")

    def __init__(self, key: ProfileKey) -> None:
        self.key = key
        self.skills = dict(key[0])
        self.teams = key[1]
        self.users = 0
        self.pools: list[Pool] = []
        self._buckets: dict[int, list[LazyHeap[Agent]]] = {}
        self._bits: dict[int, int] = {}
        self._epoch = -1

    def set_pools(self, pools: Iterable[Pool]) -> None:
        """Take the pools this profile is in from now on."""
        self.pools = list(pools)
        self._buckets = {}
        self._epoch = -1

    def buckets(self, mask: int) -> list[LazyHeap["Agent"]]:
        """Return the heaps where an agent who can take these channels stands."""
        found = self._buckets.get(mask)
        if found is None:
            found = self._buckets[mask] = [pool.bucket(mask) for pool in self.pools]
        return found

    def lines(self, mask: int, epoch: int) -> int:
        """Return the bits of all lines of these channels that this profile may serve; `epoch` dates the lines."""
        if self._epoch != epoch:
            self._epoch, self._bits = epoch, {}
        found = self._bits.get(mask)
        if found is None:
            found = 0
            for pool in self.pools:
                for channel, bits in enumerate(pool.lines):
                    if mask >> channel & 1:
                        found |= bits
            self._bits[mask] = found
        return found


class Agent:
    """An agent as the matcher knows one: what they may serve, what they can take, and their place among the idle."""

    __slots__ = ("entry", "id", "key", "mask", "profile", "version")

    def __init__(self, agent_id: str, profile: Profile) -> None:
        self.id = agent_id
        self.profile = profile
        self.version = 0
        self.mask = 0
        self.key = 0
        self.entry: Entry[Agent] = (0, agent_id, 0, self)


class Roster:
    """All agents of a domain, their profiles, and the pools of idle ones."""

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self._profiles: dict[ProfileKey, Profile] = {}
        self._pools: dict[Requirement, Pool] = {}
        self._profiles_by_skill: dict[str, dict[Profile, None]] = {}
        self._pools_by_skill: dict[str, dict[Pool, None]] = {}
        self._tickets = 0

    def pool(self, requirement: Requirement) -> Pool:
        """Return the pool of a requirement for one more user of it; a new one takes in the agents who are idle."""
        pool = self._pools.get(requirement)
        if pool is None:
            pool = self._pools[requirement] = Pool(requirement)
            self._pools_by_skill.setdefault(requirement.first_skill, {})[pool] = None
            profiles = [p for p in self._candidates(requirement) if requirement.is_met_by(p.skills, p.teams)]
            for profile in profiles:
                profile.set_pools([*profile.pools, pool])
            members = set(profiles)
            for agent in self.agents.values():
                if agent.mask and agent.profile in members:
                    pool.bucket(agent.mask).push(agent.entry)
        pool.users += 1
        return pool

    def _candidates(self, requirement: Requirement) -> Iterable[Profile]:
        if not requirement.skills:
            return self._profiles.values()
        return self._profiles_by_skill.get(requirement.first_skill, {})

    def release(self, pool: Pool) -> None:
        """Let go of a pool; the last user takes it away."""
        pool.users -= 1
        if pool.users:
            return
        del self._pools[pool.requirement]
        del self._pools_by_skill[pool.requirement.first_skill][pool]
        for profile in self._candidates(pool.requirement):
            if pool in profile.pools:
                profile.set_pools(other for other in profile.pools if other is not pool)

    def _profile(self, skills: Mapping[str, int], teams: Sequence[str]) -> Profile:
        key = (tuple(sorted(skills.items())), tuple(sorted(teams)))
        profile = self._profiles.get(key)
        if profile is None:
            profile = self._profiles[key] = Profile(key)
            found: list[Pool] = []
            for skill in ("", *profile.skills):
                found += [p for p in self._pools_by_skill.get(skill, ()) if p.requirement.is_met_by(skills, teams)]
            profile.set_pools(found)
            for skill in profile.skills:
                self._profiles_by_skill.setdefault(skill, {})[profile] = None
        return profile

    def set_agent(self, agent_id: str, skills: Mapping[str, int], teams: Sequence[str] = ()) -> Agent:
        """Take what an agent can do; an agent whose profile changes must be placed again."""
        profile = self._profile(skills, teams)
        agent = self.agents.get(agent_id)
        if agent is None:
            agent = self.agents[agent_id] = Agent(agent_id, profile)
            profile.users += 1
        elif agent.profile is not profile:
            self.take(agent)
            self._leave(agent.profile)
            agent.profile = profile
            profile.users += 1
        return agent

    def remove_agent(self, agent_id: str) -> None:
        """Forget an agent."""
        agent = self.agents.pop(agent_id, None)
        if agent is not None:
            self.take(agent)
            self._leave(agent.profile)

    def _leave(self, profile: Profile) -> None:
        profile.users -= 1
        if not profile.users:
            del self._profiles[profile.key]
            for skill in profile.skills:
                del self._profiles_by_skill[skill][profile]

    def place(self, agent: Agent, mask: int, key: int) -> None:
        """Put an agent among the idle for the channels of `mask`; an empty mask takes them away."""
        if agent.mask:
            if agent.mask == mask and agent.key == key:
                return
            self.take(agent)
        if mask:
            agent.mask, agent.key = mask, key
            self._tickets += 1
            agent.version = self._tickets
            agent.entry = entry = (key, agent.id, agent.version, agent)
            for bucket in agent.profile.buckets(mask):
                bucket.push(entry)

    def take(self, agent: Agent) -> None:
        """Take an agent away from the idle."""
        if agent.mask:
            agent.version = 0
            for bucket in agent.profile.buckets(agent.mask):
                bucket.dropped()
            agent.mask = 0

    def best(self, pools: Sequence[Pool], channel: int) -> Agent | None:
        """Return the first of the idle agents of these pools who can take the channel."""
        best: Entry[Agent] | None = None
        for pool in pools:
            for bucket in pool.by_channel[channel]:
                entry = bucket.entries[0] if bucket.entries else None
                if entry is not None and entry[3].version != entry[2]:
                    entry = bucket.head()
                if entry is not None and (best is None or entry < best):
                    best = entry
        return None if best is None else best[3]

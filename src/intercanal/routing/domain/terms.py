"""What a queue asks of an agent, and the channels as bits of a mask."""

from collections.abc import Mapping, Sequence

import msgspec

CHANNELS = ("voice", "chat", "messaging", "mail", "task")
ALL_CHANNELS = (1 << len(CHANNELS)) - 1
_INDEX = {name: number for number, name in enumerate(CHANNELS)}


def channel_index(channel: str) -> int:
    """Return the place of a channel in `CHANNELS`."""
    return _INDEX[channel]


def channel_bit(channel: str) -> int:
    """Return the bit of a channel in an agent's mask of what they can take now."""
    return 1 << _INDEX[channel]


class Requirement(msgspec.Struct, frozen=True):
    """What an agent must have to serve one circle of a queue: minimum levels, and one of some teams if any is named.

    Queues that ask the same share one requirement, so that a thousand queues without skills cost no more than one.
    """

    skills: tuple[tuple[str, int], ...] = ()
    teams: tuple[str, ...] = ()

    @classmethod
    def of(cls, skills: Mapping[str, int], teams: Sequence[str] = ()) -> "Requirement":
        """Make the one form that equal wishes share, whatever their order; a level of 0 asks nothing."""
        return cls(tuple(sorted((skill, level) for skill, level in skills.items() if level > 0)), tuple(sorted(teams)))

    @property
    def first_skill(self) -> str:
        """Return the skill that this requirement is found by; empty when it asks none."""
        return self.skills[0][0] if self.skills else ""

    def is_met_by(self, skills: Mapping[str, int], teams: Sequence[str]) -> bool:
        """Say whether an agent with these skills and teams may serve."""
        return all(skills.get(skill, 0) >= level for skill, level in self.skills) and (
            not self.teams or any(team in self.teams for team in teams)
        )

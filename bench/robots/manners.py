"""How a robot behaves: how long it takes, and how often it does what people do."""

import random

import msgspec


class Manners(msgspec.Struct, frozen=True, kw_only=True):
    """Chances are per contact; times in seconds. `handling_s` is from accepting to closing, on average."""

    handling_s: float = 1.0
    decline: float = 0.0
    ignore: float = 0.0
    pause: float = 0.0
    leave: float = 0.0
    vanish: float = 0.0
    away_s: float = 1.0

    def handling(self, chance: random.Random) -> float:
        """Draw how long this contact takes."""
        return chance.uniform(0.5, 1.5) * self.handling_s

"""How many tries a caller has: token buckets in a bounded table, kept per account AND address.

Nothing is counted per account alone, so that nobody can lock somebody else out by guessing at their name.
"""

import ipaddress
from collections import OrderedDict
from datetime import datetime

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """A bucket: `burst` tries at once, then one more every `seconds`."""

    burst: int
    seconds: float


class Buckets:
    """Token buckets by key; the least recently used one goes when the table is full."""

    def __init__(self, rate: Rate, size: int = 20_000) -> None:
        self._rate = rate
        self._size = size
        self._left: OrderedDict[tuple[str, ...], tuple[float, datetime]] = OrderedDict()

    def take(self, key: tuple[str, ...], now: datetime) -> float:
        """Take a try: 0.0 when there was one, else the seconds to wait for the next."""
        left = self._filled(key, now)
        if left < 1.0:
            self._keep(key, left, now)
            return (1.0 - left) * self._rate.seconds
        self._keep(key, left - 1.0, now)
        return 0.0

    def give_back(self, key: tuple[str, ...], now: datetime) -> None:
        """Return a try that turned out to be honest."""
        self._keep(key, min(self._filled(key, now) + 1.0, float(self._rate.burst)), now)

    def __len__(self) -> int:
        return len(self._left)

    def _filled(self, key: tuple[str, ...], now: datetime) -> float:
        left, at = self._left.get(key, (float(self._rate.burst), now))
        gained = max((now - at).total_seconds(), 0.0) / self._rate.seconds
        return min(left + gained, float(self._rate.burst))

    def _keep(self, key: tuple[str, ...], left: float, now: datetime) -> None:
        _, before = self._left.get(key, (left, now))
        self._left[key] = (left, max(now, before))
        self._left.move_to_end(key)
        while len(self._left) > self._size:
            self._left.popitem(last=False)


def network(address: str) -> str:
    """Return what one subscriber holds: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def masked(address: str) -> str:
    """Return the part of an address that may stay in the audit for ever: the /24, or the /48, of where it came from."""
    try:
        parsed = ipaddress.ip_address(network(address).split("/")[0])
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((parsed, 24 if isinstance(parsed, ipaddress.IPv4Address) else 48), strict=False))

"""How much is taken at once: a bound for all together, and one for each tenant, so that none crowds out the others."""

from collections import Counter
from collections.abc import MutableMapping
from typing import Any

import msgspec

from intercanal.kernel.errors import TooManyError
from intercanal.kernel.ids import TenantId

_PLACE = "intercanal.turn"


class Turn(msgspec.Struct):
    """A request being answered, and the tenant it counts for once that is known."""

    tenant_id: TenantId | None = None


class Limits:
    """Counts requests in flight; past a bound the caller is asked to come back, never queued without end."""

    def __init__(self, everybody: int = 1024, one_tenant: int = 512) -> None:
        self._everybody = everybody
        self._one_tenant = one_tenant
        self._in_flight = 0
        self._by_tenant: Counter[TenantId] = Counter()

    @property
    def in_flight(self) -> int:
        """Return how many requests are being answered now."""
        return self._in_flight

    def enter(self, scope: MutableMapping[str, Any]) -> Turn:
        """Take a request in, or raise `TooManyError`."""
        if self._in_flight >= self._everybody:
            raise TooManyError("request.too_many", retry_after_s=1)
        self._in_flight += 1
        turn = scope[_PLACE] = Turn()
        return turn

    def count_for(self, scope: MutableMapping[str, Any], tenant_id: TenantId) -> None:
        """Count a request for its tenant, or raise `TooManyError` when that tenant has its share already."""
        turn = scope.get(_PLACE)
        if not isinstance(turn, Turn) or turn.tenant_id is not None:
            return
        if self._by_tenant[tenant_id] >= self._one_tenant:
            raise TooManyError("request.too_many", retry_after_s=1)
        self._by_tenant[tenant_id] += 1
        turn.tenant_id = tenant_id

    def leave(self, turn: Turn) -> None:
        """Give the place of an answered request back."""
        self._in_flight -= 1
        if turn.tenant_id is None:
            return
        self._by_tenant[turn.tenant_id] -= 1
        if not self._by_tenant[turn.tenant_id]:
            del self._by_tenant[turn.tenant_id]

"""Finds what crashed or failed deliveries left in the outbox; sleeps until there is something to look for."""

import asyncio

import structlog
from sqlalchemy import text

from intercanal.infra.outbox.delivery import PAGE, Delivery
from intercanal.kernel.ids import TenantId

log = structlog.get_logger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0

_TENANTS = text("SELECT tenant_id::text FROM infra_outbox_tenants() AS t(tenant_id)")


async def sweep(delivery: Delivery) -> int:
    """Hand over everything that is left, tenant by tenant; says how many tenants still have something waiting."""
    found = await delivery.database.lookup(_TENANTS)
    waiting = 0
    for row in found:
        tenant_id = TenantId(row.tenant_id)
        try:
            waiting += await _sweep_tenant(delivery, tenant_id) > 0
        except Exception as error:  # noqa: BLE001 - one tenant's trouble must not hold up the others
            log.warning("outbox.sweep_failed", tenant_id=tenant_id, kind=type(error).__name__)
            waiting += 1
    return waiting


async def _sweep_tenant(delivery: Delivery, tenant_id: TenantId) -> int:
    left = 0
    while True:
        page = await delivery.hand_over_rows(tenant_id, skip=left)
        left += page.found - page.taken
        if page.found < PAGE:
            return left


class Sweeper:
    """Sweeps at start, and whenever a delivery left something behind, waiting longer after each failure."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._woken = asyncio.Event()
        self._wait_s = FIRST_WAIT_S
        delivery.on_left_over.append(self.wake_later)

    def wake(self) -> None:
        """Ask for a sweep now."""
        self._woken.set()

    def wake_later(self) -> None:
        """Ask for a sweep after a moment, as what just failed would fail again at once."""
        asyncio.get_running_loop().call_later(self._wait_s, self._woken.set)

    async def run(self) -> None:
        """Sweep until cancelled; without work it runs no query."""
        self._woken.set()
        while True:
            await self._woken.wait()
            self._woken.clear()
            if await self._sweep():
                self._wait_s = FIRST_WAIT_S
            else:
                self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S)
                self.wake_later()

    async def _sweep(self) -> bool:
        try:
            return await sweep(self._delivery) == 0
        except Exception as error:  # noqa: BLE001 - the database is away: come back
            log.warning("outbox.sweep_failed", kind=type(error).__name__)
            return False

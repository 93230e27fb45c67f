"""The parent of all processes of an installation: starts them in order, drains them in the opposite one."""

import asyncio
import contextlib
from collections.abc import Awaitable

from intercanal.infra.supervisor.child import Child
from intercanal.infra.supervisor.spec import ChildSpec


class Supervisor:
    """Children in the order of their start; each is kept running until all are drained."""

    def __init__(self) -> None:
        self.children: list[Child] = []

    async def start(self, spec: ChildSpec) -> Child:
        """Start one more child and return it once it is ready."""
        child = Child(spec)
        self.children.append(child)
        await child.start()
        return child

    async def watch(self, stopping: Awaitable[object]) -> bool:
        """Wait until we are asked to stop; False when a keeper itself broke down, which is a fault of ours."""
        asked = asyncio.ensure_future(stopping)
        keepers = [asyncio.create_task(child.lost()) for child in self.children]
        await asyncio.wait((asked, *keepers), return_when=asyncio.FIRST_COMPLETED)
        orderly = asked.done()
        for task in (asked, *keepers):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return orderly

    async def drain(self) -> None:
        """End every child, the last started first, so that nobody loses what it stands on."""
        for child in reversed(self.children):
            await child.drain()

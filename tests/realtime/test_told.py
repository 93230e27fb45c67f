"""A screen that the live core could not be told of does not stay open, and one that is gone does not stay counted."""

from collections.abc import Sequence

import pytest

from intercanal.apps import realtime
from intercanal.infra.http.principal import Principal
from intercanal.infra.live.client import Key, Outcome
from intercanal.kernel.errors import TooManyError
from intercanal.kernel.ids import AgentId, TenantId
from intercanal.kernel.live import Command, Words
from intercanal.people import live as people

TENANT = TenantId("01900000-0000-7000-8000-000000000001")
AGENT = Principal(TENANT, "p", "agent", frozenset(), AgentId("01900000-0000-7000-8000-000000000002"))


class BusyLive:
    """A core that is full for a while."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.taken: list[Command] = []

    async def submit(
        self,
        tenant_id: TenantId,
        command: Command,
        *,
        actor: str,
        key: Key | None = None,
        words: Sequence[Words] = (),
    ) -> Outcome:
        if self.refusals:
            self.refusals -= 1
            raise TooManyError("live.full", retry_after_s=1)
        self.taken.append(command)
        return Outcome(1, ())


async def test_a_screen_that_went_is_told_again_until_it_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "TOLD_AGAIN_S", (0.0, 0.0, 0.0))
    live = BusyLive(refusals=2)
    await realtime._tell_lost(live, AGENT, "c")
    assert [type(command) for command in live.taken] == [people.LoseConnection]


async def test_a_screen_that_came_and_was_not_told_is_known_to_be_untold() -> None:
    live = BusyLive(refusals=1)
    assert await realtime._tell(live, AGENT, opened="c") is False
    assert await realtime._tell(live, AGENT, opened="c") is True

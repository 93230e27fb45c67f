"""Patient callers with a diary: what the product acknowledged to them has to be there afterwards, once."""

import asyncio
import contextlib
import random
import secrets
import smtplib
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.journeys.people import Agent, Caller, Centre, Screen, letter, post_mail


def say(line: str) -> None:
    """Report a figure; it is read with `pytest -s`, or when the test fails."""
    sys.stdout.write(f"{line}\n")


COME_BACK = frozenset({429, 502, 503, 504, 507})


@dataclass
class Diary:
    """What was acknowledged; anything else may or may not have happened."""

    opened: dict[str, str] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    again: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)


class Traffic:
    """Customers who bring work, and agents who do it, for as long as it is running."""

    def __init__(self, centre: Centre, seed: int) -> None:
        self.centre = centre
        self.diary = Diary()
        self.agents: list[Agent] = []
        self.screens: list[Screen] = []
        self.queue = self.address = ""
        self._chance = random.Random(seed)
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self, agents: int = 4) -> None:
        """Set the centre up, open the screens, and let everybody come."""
        self.queue = await self.centre.queue()
        self.address = await self.centre.mailbox(self.queue)
        self.agents = [await self.centre.agent() for _ in range(agents)]
        self.screens = [Screen(agent) for agent in self.agents]
        for screen in self.screens:
            await screen.__aenter__()
            await screen.is_open()
        work = [self._customers(), self._customers(), self._writers(), *(self._answer(a) for a in self.agents)]
        self._tasks = [asyncio.create_task(one) for one in work]

    async def end(self) -> None:
        """Let nobody begin anything new, and wait for what is under way."""
        self._over.set()
        async with asyncio.timeout(90):
            await asyncio.gather(*self._tasks)

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for screen in self.screens:
            await screen.leave()

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)

    async def ask(self, caller: Caller, method: str, path: str, body: object = None) -> httpx.Response:
        """Ask under one key until the product answers with something final."""
        key = secrets.token_hex(8)
        while True:
            try:
                answer = await caller.ask(method, path, body, key)
            except httpx.TransportError as error:
                self.diary.again[type(error).__name__] += 1
            else:
                if answer.status_code not in COME_BACK:
                    if answer.status_code >= 500:
                        self.diary.odd.append(f"{method} {path}: {answer.status_code} {answer.text}")
                    return answer
                self.diary.again[answer.json()["code"]] += 1
            await asyncio.sleep(0.1)

    async def _customers(self) -> None:
        while not self._over.is_set():
            text = secrets.token_hex(6)
            body = {"queue_id": self.queue, "text": text}
            answer = await self.ask(self.centre.admin, "POST", "/api/interactions", body)
            if answer.is_success:
                self.diary.opened[answer.json()["id"]] = text
            else:
                self.diary.odd.append(f"open: {answer.text}")
            await self._rest(self._chance.random() * 0.15)

    async def _writers(self) -> None:
        while not self._over.is_set():
            mail = letter(self.address, f"mail {secrets.token_hex(6)}")
            while True:
                try:
                    await post_mail(self.centre.product, mail)
                except (OSError, smtplib.SMTPException) as error:
                    self.diary.again[type(error).__name__] += 1
                    await asyncio.sleep(0.2)
                else:
                    break
            self.diary.mails.append(str(mail["Message-ID"]))
            await self._rest(self._chance.random() * 0.4)

    async def _answer(self, agent: Agent) -> None:
        while not self._over.is_set():
            snapshot = (await self.ask(agent, "GET", "/api/realtime/snapshot")).json()
            if snapshot["presence"]["state"] != "available":
                await self.ask(agent, "PUT", "/api/people/me/presence", {"state": "available"})
            for offer in snapshot["offers"]:
                await self.ask(agent, "POST", f"/api/routing/offers/{offer['id']}/accept", {})
            for work in snapshot["work"]:
                await self._finish(agent, work)
            if not (snapshot["offers"] or snapshot["work"]):
                await self._rest(0.1)

    async def _finish(self, agent: Agent, work: Any) -> None:
        path = f"/api/interactions/{work['id']}"
        text = f"answer {secrets.token_hex(6)}"
        sent = await self.ask(agent, "POST", f"{path}/messages", {"text": text})
        if sent.is_success:
            self.diary.answers[sent.json()["id"]] = text
        await self.ask(agent, "POST", f"{path}/wrap-up", {"disposition": None, "note": "done"})
        closed = await self.ask(agent, "POST", f"{path}/close", {})
        if closed.is_success:
            self.diary.closed.add(work["id"])

    async def missing(self) -> list[str]:
        """Compare the diary with the database, and look for work that is in no good state."""
        query, tenant, diary = self.centre.product.query, self.centre.tenant_id, self.diary
        states = await query("SELECT id::text, state FROM interactions_interactions WHERE tenant_id = $1", tenant)
        state_of = {row["id"]: row["state"] for row in states}
        words = await query(
            "SELECT m.id::text, m.interaction_id::text, m.direction, w.text, w.external_id "
            "FROM interactions_messages m LEFT JOIN interactions_words w "
            "ON w.tenant_id = m.tenant_id AND w.message_id = m.id WHERE m.tenant_id = $1",
            tenant,
        )
        texts = {(row["interaction_id"], row["text"]) for row in words}
        by_id = {row["id"]: row["text"] for row in words}
        mails = Counter(row["external_id"] for row in words if row["direction"] == "in")
        found = [f"{work} is lost" for work in diary.opened if work not in state_of]
        found += [f"words of {work} are lost" for work, text in diary.opened.items() if (work, text) not in texts]
        found += [
            f"{work} was closed, and is {state_of.get(work)}" for work in diary.closed if state_of[work] != "closed"
        ]
        found += [f"answer {one} is lost" for one, text in diary.answers.items() if by_id.get(one) != text]
        found += [f"mail {mail} is there {mails[mail]} times" for mail in diary.mails if mails[mail] != 1]
        doubled = Counter(row["text"] for row in words if row["direction"] == "in" and row["external_id"] is None)
        found += [f"{text} was brought {count} times" for text, count in doubled.items() if count > 1]
        return found + await self._orphans()

    async def _orphans(self) -> list[str]:
        query, tenant = self.centre.product.query, self.centre.tenant_id
        held = await query(
            "SELECT i.id FROM interactions_interactions i LEFT JOIN people_agents a "
            "ON a.tenant_id = i.tenant_id AND a.id = i.agent_id WHERE i.tenant_id = $1 AND i.state = 'held' "
            "AND (a.id IS NULL OR a.presence = 'offline')",
            tenant,
        )
        offered = await query(
            "SELECT i.id, count(o.id) AS n FROM interactions_interactions i LEFT JOIN routing_offers o "
            "ON o.tenant_id = i.tenant_id AND o.interaction_id = i.id AND o.state = 'open' WHERE i.tenant_id = $1 "
            "GROUP BY i.id, i.state HAVING count(o.id) <> (i.state = 'offered')::int",
            tenant,
        )
        log = await query(
            "SELECT count(*) AS decisions, coalesce(sum(count), 0) AS events, coalesce(max(sequence), 0) AS last, "
            "(SELECT last_sequence FROM live_domains WHERE tenant_id = $1) AS head FROM live_log WHERE tenant_id = $1",
            tenant,
        )
        found = [f"{row['id']} is held by nobody present" for row in held]
        found += [f"{row['id']} has {row['n']} open offers" for row in offered]
        row = log[0]
        if not row["events"] == row["last"] == row["head"]:
            found.append(f"the log has gaps: {dict(row)}")
        return found

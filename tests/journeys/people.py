"""Who uses the product: an administrator, agents with their screens, and customers who write mails."""

import asyncio
import contextlib
import secrets
import smtplib
import subprocess
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Self

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.journeys.product import Product, until

RESET = 4009  # the ring does not reach back so far: a snapshot again


class Caller:
    """One principal's way to the API, without patience: what the server answers is what a test sees."""

    def __init__(self, product: Product, token: str | None) -> None:
        self.product = product
        self.token = token
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(base_url=product.base, headers=headers, timeout=60)

    async def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> httpx.Response:
        """Ask once."""
        headers = {"idempotency-key": key or secrets.token_hex(8)} if method == "POST" else {}
        if body is None:
            return await self.http.request(method, path, headers=headers)
        return await self.http.request(method, path, headers=headers, json=body)

    async def _good(self, method: str, path: str, body: object = None, key: str | None = None) -> Any:
        answer = await self.ask(method, path, body, key)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def get(self, path: str, **query: str) -> Any:
        return await self._good("GET", f"{path}?{httpx.QueryParams(query)}" if query else path)

    async def post(self, path: str, body: object, key: str | None = None) -> Any:
        return await self._good("POST", path, body, key)

    async def put(self, path: str, body: object) -> Any:
        return await self._good("PUT", path, body)

    async def refused(self, method: str, path: str, body: object = None, key: str | None = None) -> tuple[int, str]:
        """Ask for something that is refused, as a problem; returns its status and stable code."""
        answer = await self.ask(method, path, body, key)
        assert not answer.is_success, f"{method} {path} was not refused"
        assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
        problem = answer.json()
        assert set(problem) == {"type", "title", "status", "code", "facts"}
        assert problem["status"] == answer.status_code
        return answer.status_code, str(problem["code"])

    async def close(self) -> None:
        await self.http.aclose()


class Agent(Caller):
    """A person, or a robot, who answers customers."""

    def __init__(self, product: Product, token: str, agent_id: str) -> None:
        super().__init__(product, token)
        self.id = agent_id
        self.snapshots = 0

    async def be(self, state: str) -> None:
        await self.put("/api/people/me/presence", {"state": state})

    async def snapshot(self) -> Any:
        self.snapshots += 1
        return await self.get("/api/realtime/snapshot")

    async def offered(self) -> Any | None:
        """What is shown now."""
        return next(iter((await self.snapshot())["offers"]), None)

    async def shown(self, interaction_id: str | None = None, seconds: float = 20.0) -> Any:
        """Wait for the offer (of one piece of work)."""

        async def look() -> Any | None:
            offer = await self.offered()
            return offer if offer and interaction_id in {None, offer["interaction_id"]} else None

        return await until(look, seconds, f"offer of {interaction_id}")

    async def accept(self, interaction_id: str | None = None) -> str:
        """Wait for an offer and take it; returns the interaction."""
        offer = await self.shown(interaction_id)
        await self.post(f"/api/routing/offers/{offer['id']}/accept", {})
        return str(offer["interaction_id"])

    async def close_work(self, interaction_id: str) -> None:
        await self.post(f"/api/interactions/{interaction_id}/close", {})


@dataclass
class View:
    """What a screen shows: a snapshot, and after it nothing but the events of its socket."""

    agent_id: str
    sequence: int = 0
    presence: Any = None
    offers: dict[str, Any] = field(default_factory=dict)
    work: set[str] = field(default_factory=set)
    gaps: list[str] = field(default_factory=list)

    def begin(self, snapshot: Any) -> None:
        self.sequence = snapshot["sequence"]
        self.presence = snapshot["presence"]
        self.offers = {offer["id"]: offer for offer in snapshot["offers"]}
        self.work = {work["id"] for work in snapshot["work"]}

    def hear(self, frame: Any) -> None:
        """Take one frame; a `previous` beyond what is known means that something is missing."""
        if not frame["previous"] <= self.sequence < frame["sequence"]:
            self.gaps.append(f"{self.sequence}, then {frame}")
        self.sequence = frame["sequence"]
        event = frame["event"]
        feature, _, fact = event["type"].partition(".")
        handler = getattr(self, f"_{fact}", None)
        if feature in {"people", "routing", "interactions"} and handler is not None:
            handler(event)

    def _presence_changed(self, event: Any) -> None:
        if event["agent_id"] == self.agent_id:
            self.presence = {"state": event["state"], "pause_after": False}

    def _pause_after_asked(self, event: Any) -> None:
        self.presence = {**self.presence, "pause_after": True}

    def _pause_after_cancelled(self, event: Any) -> None:
        self.presence = {**self.presence, "pause_after": False}

    def _offer_made(self, event: Any) -> None:
        if event["agent_id"] == self.agent_id:
            names = ("interaction_id", "expires_at", "reason")
            self.offers[event["offer_id"]] = {"id": event["offer_id"], **{name: event[name] for name in names}}

    def _offer_ended(self, event: Any) -> None:
        self.offers.pop(event["offer_id"], None)

    _offer_accepted = _offer_declined = _offer_expired = _offer_withdrawn = _offer_ended

    def _held(self, event: Any) -> None:
        if event["agent_id"] == self.agent_id:
            self.work.add(event["interaction_id"])
        else:
            self.work.discard(event["interaction_id"])

    def _over(self, event: Any) -> None:
        self.work.discard(event["interaction_id"])

    _queued = _scheduled = _transferred = _closed = _over

    def differences(self, snapshot: Any) -> list[str]:
        """Say where a fresh snapshot tells something else."""
        fresh = View(self.agent_id)
        fresh.begin(snapshot)
        names = ("presence", "offers", "work")
        return [
            f"{n}: {getattr(self, n)} != {getattr(fresh, n)}" for n in names if getattr(self, n) != getattr(fresh, n)
        ]


class Screen:
    """A desk: one socket, its view, and what a desk does when the socket closes."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.view = View(agent.id)
        self.resets = 0
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._open = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.view.begin(await self.agent.snapshot())
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    def start(self) -> None:
        """Follow, from the last sequence seen, until told to leave."""
        self._task = asyncio.create_task(self._follow())

    async def leave(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def is_open(self, seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            await self._open.wait()

    async def cut(self) -> None:
        """Lose the line without a word, and do not come back by itself."""
        assert self._task is not None
        socket = self._socket
        self._task.cancel()
        if socket is not None:
            socket.transport.abort()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        base = self.agent.product.base.replace("http", "ws", 1)
        headers = {"authorization": f"Bearer {self.agent.token}"}
        while True:
            with contextlib.suppress(OSError, httpx.HTTPError, ConnectionClosed, InvalidHandshake, TimeoutError):
                url = f"{base}/api/realtime?after={self.view.sequence}"
                async with connect(url, additional_headers=headers, max_size=None, open_timeout=10) as socket:
                    self._socket = socket
                    await self._hear(socket)
                self._open.clear()
                if socket.close_code == RESET:
                    self.resets += 1
                    self.view.begin(await self._snapshot())
            self._open.clear()
            await asyncio.sleep(0.05)

    async def _snapshot(self) -> Any:
        while True:
            with contextlib.suppress(httpx.HTTPError, AssertionError):
                return await self.agent.snapshot()
            await asyncio.sleep(0.1)

    async def _hear(self, socket: ClientConnection) -> None:
        self._open.set()
        with contextlib.suppress(ConnectionClosed):
            async for frame in socket:
                self.view.hear(msgspec.json.decode(frame))

    async def agrees(self, seconds: float = 5.0) -> None:
        """Wait until the screen shows what a fresh snapshot says."""
        seen: list[str] = []

        async def look() -> bool:
            answer = await self.agent.ask("GET", "/api/realtime/snapshot")
            if not answer.is_success:
                return False
            seen[:] = self.view.differences(answer.json())
            return not seen

        try:
            await until(look, seconds)
        except AssertionError as error:
            raise AssertionError(f"the screen is not right after {seconds} s: {seen}") from error
        assert self.view.gaps == []


class Centre:
    """A tenant with its administrator, as a test needs it."""

    def __init__(self, product: Product, name: str, made: dict[str, str]) -> None:
        self.product = product
        self.name = name
        self.tenant_id = made["tenant_id"]
        self.admin = Caller(product, made["api_key"])
        self._callers: list[Caller] = [self.admin]
        self._number = 0

    @classmethod
    async def make(cls, product: Product) -> "Centre":
        name = f"T{secrets.token_hex(5)}"
        return cls(product, name, await product.tenant(name))

    def _next(self) -> int:
        self._number += 1
        return self._number

    async def queue(self, **more: object) -> str:
        made = await self.admin.post("/api/routing/queues", {"name": f"Queue {self._next()}", **more})
        return str(made["id"])

    async def mailbox(self, queue_id: str) -> str:
        address = f"help{self._next()}@{self.name.lower()}.example"
        await self.admin.post("/api/mail/mailboxes", {"address": address, "queue_id": queue_id})
        return address

    async def agent(self, state: str | None = "available", **more: object) -> Agent:
        number = self._next()
        body = {"name": f"Agent {number}", "email": f"agent{number}@{self.name.lower()}.example", **more}
        made = await self.admin.post("/api/people/agents", body)
        token = (await self.admin.post(f"/api/people/agents/{made['id']}/token", {}))["token"]
        agent = Agent(self.product, token, made["id"])
        self._callers.append(agent)
        if state is not None:
            await agent.be(state)
        return agent

    async def work(self, queue_id: str, **more: object) -> str:
        """Hand in a task, as another program does."""
        made = await self.admin.post("/api/interactions", {"queue_id": queue_id, "text": "please", **more})
        return str(made["id"])

    async def look(self, interaction_id: str) -> Any:
        return await self.admin.get(f"/api/interactions/{interaction_id}")

    async def in_state(self, interaction_id: str, state: str, seconds: float = 20.0) -> Any:
        async def look() -> Any | None:
            found = await self.look(interaction_id)
            return found if found["state"] == state else None

        return await until(look, seconds, f"{interaction_id} {state}")

    async def found(self, message_id: str) -> Any:
        """Wait for the interaction of a mail."""

        async def look() -> Any | None:
            page = await self.admin.get("/api/interactions", external_id=message_id)
            return next(iter(page["items"]), None)

        return await until(look, what=message_id)

    async def close(self) -> None:
        for caller in self._callers:
            await caller.close()


def letter(
    to: str, text: str = "Good morning", *, subject: str = "Question", answers: str | None = None
) -> EmailMessage:
    """A mail of a customer."""
    mail = EmailMessage()
    mail["Message-ID"] = f"<{secrets.token_hex(8)}@customer.example>"
    mail["From"] = "Camille Dupont <camille@customer.example>"
    mail["To"], mail["Subject"], mail["Date"] = to, subject, "Mon, 23 Nov 2026 10:00:00 +0100"
    if answers is not None:
        mail["In-Reply-To"] = mail["References"] = answers
    mail.set_content(text)
    return mail


async def post_mail(product: Product, mail: EmailMessage | bytes, to: str | None = None) -> None:
    """Hand a mail in by SMTP; returns once the server has taken it over."""
    if isinstance(mail, EmailMessage):
        to = to or str(mail["To"])
        mail = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    raw, address = mail, to or ""

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", product.smtp_port, timeout=60) as door:
            door.sendmail("camille@customer.example", [address], raw)

    await asyncio.to_thread(send)


async def swaks(product: Product, to: str, subject: str, body: str) -> str:
    """Hand a mail in with a program that is not ours; returns its Message-ID."""
    message_id = f"<{secrets.token_hex(8)}@swaks.example>"
    command = ["swaks", "--server", "127.0.0.1", "--port", str(product.smtp_port), "--from", "camille@customer.example"]
    command += ["--to", to, "--header", f"Subject: {subject}", "--header", f"Message-Id: {message_id}", "--body", body]
    said = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    return message_id

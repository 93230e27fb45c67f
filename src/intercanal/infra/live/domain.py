"""One owned routing domain in memory: its world, its waiting commands, its timers, its recent answers."""

import asyncio
import heapq
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intercanal.infra.live.client import Key, Outcome
from intercanal.infra.live.core import BrokenDecisionError, LiveCore
from intercanal.infra.live.journal import LogRow, Part
from intercanal.infra.live.steady import SteadyClock
from intercanal.kernel.errors import ConflictError, IntercanalError, UnavailableError
from intercanal.kernel.ids import DomainId, TenantId, new_id
from intercanal.kernel.live import Command, TimerDue, Words, World

RECENT_ANSWERS = 50_000
ANSWERS_KEPT = timedelta(hours=24)


@dataclass(slots=True)
class Submission:
    """A command that waits for its turn, with whoever awaits its outcome."""

    command: Command
    actor: str
    key: Key | None
    words: Sequence[Words]
    outcome: asyncio.Future[Outcome]
    seed: str = ""
    now: datetime | None = None
    is_settled: bool = False  # the future tells less: a caller who has gone cancelled it, and is decided for still

    def fail(self, error: Exception) -> None:
        """Tell the caller why not, unless it has gone."""
        self.is_settled = True
        if not self.outcome.done():
            self.outcome.set_exception(error)

    def answer(self, outcome: Outcome) -> None:
        """Tell the caller what became of it, unless it has gone."""
        self.is_settled = True
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class PoisonedError(Exception):
    """A command whose decision broke off half-way; the others of its batch are decided again without it."""

    def __init__(self, submission: Submission) -> None:
        super().__init__()
        self.submission = submission


@dataclass(slots=True)
class Decided:
    """A domain's decided share of a batch, and whom to tell once it is durable: a refusal too rests on what it saw."""

    part: Part
    answers: list[tuple[Submission, Outcome]] = field(default_factory=list)
    refusals: list[tuple[Submission, IntercanalError]] = field(default_factory=list)

    def fail(self, error: IntercanalError) -> None:
        """Tell everybody that nothing of it holds."""
        for submission, _ in (*self.answers, *self.refusals):
            submission.fail(error)


@dataclass(slots=True, order=True)
class _Timer:
    due: datetime
    table: str
    id: str


@dataclass
class Domain:
    """The owner's memory of a domain; `epoch` and `sequence` are the fence it writes with."""

    tenant_id: TenantId
    id: DomainId
    core: LiveCore
    clock: SteadyClock
    world: World
    epoch: int = 0
    sequence: int = 0
    in_flight: bool = False
    lost: bool = False
    pending: deque[Submission] = field(default_factory=deque)
    timer_handle: asyncio.TimerHandle | None = None
    _in_hand: list[Submission] = field(default_factory=list)
    _timers: list[_Timer] = field(default_factory=list)
    _armed: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _recent: OrderedDict[tuple[str, str], tuple[datetime, str, Outcome]] = field(default_factory=OrderedDict)
    _spoiled: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def replace_world(self, world: World) -> None:
        """Take a freshly loaded world and arm its timers anew."""
        self.world = world
        self._timers, self._armed = [], {}
        for name, table in self.core.tables.items():
            for row in world.stores[table.row]:
                self._arm(name, row.id, table.due(row))
        heapq.heapify(self._timers)

    def take(self, limit: int) -> list[Submission]:
        """Take the commands of the next batch, oldest first."""
        self._in_hand = [self.pending.popleft() for _ in range(min(len(self.pending), limit))]
        return list(self._in_hand)

    def release(self) -> None:
        """End a batch; a caller that was told nothing, because the batch crashed, is told to try again."""
        for submission in self._in_hand:
            submission.fail(UnavailableError("live.interrupted", retry_after_s=1))
        self._in_hand = []

    def blame(self, submission: Submission, error: IntercanalError) -> None:
        """Fail a command that cannot be kept; a due time that it was is not fired again, or it would be for ever."""
        if isinstance(submission.command, TimerDue):
            timer = submission.command
            self._spoiled[(timer.table, timer.id)] = timer.due_at
            self._armed.pop((timer.table, timer.id), None)
        submission.fail(error)

    def decide(self, submissions: Sequence[Submission]) -> Decided:
        """Decide commands in order; everybody waits for the durable ack."""
        part = Part(self.tenant_id, self.id, self.epoch, self.sequence, self.sequence, self.clock.now(), [])
        decided = Decided(part)
        in_batch: dict[tuple[str, str], tuple[str, Outcome]] = {}
        for submission in submissions:
            try:
                outcome = self._known(submission, in_batch) or self._decide_one(part, submission)
            except IntercanalError as error:
                decided.refusals.append((submission, error))
                continue
            except BrokenDecisionError as error:
                raise PoisonedError(submission) from error
            decided.answers.append((submission, outcome))
            if submission.key is not None:
                in_batch[(submission.key.scope, submission.key.key)] = (submission.key.body_hash, outcome)
        self.core.check(self.world)
        for name, table in self.core.tables.items():
            rows = self.world.stores[table.row].take_touched()
            if rows:
                part.rows[name] = rows
                for row in rows:
                    self._arm(name, row.id, table.due(row) if table.is_live(row) else None, push=True)
        return decided

    def _known(self, submission: Submission, in_batch: dict[tuple[str, str], tuple[str, Outcome]]) -> Outcome | None:
        key = submission.key
        if key is None:
            return None
        found = in_batch.get((key.scope, key.key)) or self._remembered(key)
        if found is None:
            return None
        if found[0] != key.body_hash:
            raise ConflictError("idempotency.other_body")
        return found[1]

    def _remembered(self, key: Key) -> tuple[str, Outcome] | None:
        at, body_hash, outcome = self._recent.get((key.scope, key.key), (None, "", None))
        if at is None or outcome is None or self.clock.now() - at > ANSWERS_KEPT:
            return None
        return body_hash, outcome

    def _decide_one(self, part: Part, submission: Submission) -> Outcome:
        submission.now = submission.now or self.clock.now()
        submission.seed = submission.seed or new_id(submission.now)
        now = max(submission.now, part.decisions[-1].at) if part.decisions else submission.now
        events, audience = self.core.decide_addressed(self.world, submission.command, now, submission.seed)
        if not events:
            return Outcome(part.last, ())
        part.last += len(events)
        row = LogRow(part.last, now, submission.actor, submission.seed, submission.command, events, audience)
        part.decisions.append(row)
        part.at = now
        part.words.extend(submission.words)
        if submission.key is not None:
            part.keys.append((submission.key, row))
        return Outcome(part.last, events)

    def remember(self, decided: Decided) -> None:
        """Advance past a durable batch and keep its answers for repeats; a repeat keeps the time of the first."""
        self.sequence = decided.part.last
        for submission, outcome in decided.answers:
            if submission.key is not None and self._remembered(submission.key) is None:
                found = (decided.part.at, submission.key.body_hash, outcome)
                self._recent[(submission.key.scope, submission.key.key)] = found
        while len(self._recent) > RECENT_ANSWERS:
            self._recent.popitem(last=False)

    def _arm(self, table: str, row_id: str, due: datetime | None, *, push: bool = False) -> None:
        if due is None:
            self._armed.pop((table, row_id), None)
            return
        if self._spoiled.get((table, row_id)) == due:
            return
        if self._armed.get((table, row_id)) == due:
            return
        self._armed[(table, row_id)] = due
        timer = _Timer(due, table, row_id)
        if push:
            heapq.heappush(self._timers, timer)
        else:
            self._timers.append(timer)

    def next_due(self) -> datetime | None:
        """Say when the next timer is due, forgetting entries whose row has another due time by now."""
        if len(self._timers) > 2 * len(self._armed) + 1000:
            self._timers = [t for t in self._timers if self._armed.get((t.table, t.id)) == t.due]
            heapq.heapify(self._timers)
        while self._timers and self._armed.get((self._timers[0].table, self._timers[0].id)) != self._timers[0].due:
            heapq.heappop(self._timers)
        return self._timers[0].due if self._timers else None

    def take_due(self, limit: int) -> list[TimerDue]:
        """Take timers that are due now, as commands; a row that keeps the same due time is not fired twice."""
        now = self.clock.now()
        fired: list[TimerDue] = []
        while len(fired) < limit:
            due = self.next_due()
            if due is None or due > now:
                break
            timer = heapq.heappop(self._timers)
            fired.append(TimerDue(timer.table, timer.id, timer.due))
        return fired

    def abandon(self, code: str) -> None:
        """Fail everything that waits: this process is no longer the owner, or is closing."""
        if self.timer_handle:
            self.timer_handle.cancel()
        while self.pending:
            self.pending.popleft().fail(UnavailableError(code, retry_after_s=1))

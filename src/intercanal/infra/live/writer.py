"""Writes batches: what is decided is journaled, then told; a refused batch is halved until its culprit is alone."""

from collections.abc import Callable, Sequence

import structlog

from intercanal.infra.live.client import Outcome
from intercanal.infra.live.domain import Decided, Domain, PoisonedError, Submission
from intercanal.infra.live.feed import Acked, Decision
from intercanal.infra.live.journal import BatchRefusedError, Journal
from intercanal.kernel.errors import ConflictError, InvalidError, UnavailableError
from intercanal.kernel.ids import TenantId

log = structlog.get_logger(__name__)


class Writer:
    """The way of a batch from the commands that wait to the answers of their callers."""

    def __init__(
        self, journal: Journal, batch: int, tell: Callable[[Acked], None], drop: Callable[[TenantId], None]
    ) -> None:
        self._journal = journal
        self._batch = batch
        self._tell = tell
        self._drop = drop

    async def write_together(self, domains: Sequence[Domain]) -> None:
        """Decide what waits in some domains and write it as one batch; a refused one is taken apart."""
        decided: list[tuple[Domain, list[Submission], Decided]] = []
        troubled: list[tuple[Domain, list[Submission]]] = []
        for domain in domains:
            taken = domain.take(self._batch)
            try:
                decided.append((domain, taken, await self._decide(domain, taken)))
            except BatchRefusedError:
                troubled.append((domain, taken))
        try:
            await self._write([(domain, share) for domain, _, share in decided])
        except BatchRefusedError:
            troubled.extend((domain, taken) for domain, taken, _ in decided)
        for domain, taken in troubled:
            await self._attempt(domain, taken)

    async def _attempt(self, domain: Domain, submissions: Sequence[Submission]) -> None:
        """Write one domain's commands by themselves; refused again, halve them until the culprit stands alone."""
        await self.reload(domain)
        waiting = [s for s in submissions if not s.outcome.done()]
        if not waiting or domain.lost:
            return
        try:
            await self._write([(domain, await self._decide(domain, waiting))])
        except BatchRefusedError as refusal:
            if len(waiting) == 1:
                await self._blame(domain, waiting[0], refusal)
                return
            middle = len(waiting) // 2
            await self._attempt(domain, waiting[:middle])
            await self._attempt(domain, waiting[middle:])

    async def _decide(self, domain: Domain, submissions: Sequence[Submission]) -> Decided:
        waiting = list(submissions)
        while True:
            try:
                return domain.decide(waiting)
            except PoisonedError as poisoned:
                log.exception("live.decision_broke", command=type(poisoned.submission.command).__name__)
                poisoned.submission.fail(InvalidError("live.decision_failed"))
                waiting = [s for s in waiting if s is not poisoned.submission and not s.outcome.done()]
                await self.reload(domain)
            except AssertionError as broken:
                log.critical("live.invariant_broken", commands=len(waiting), exc_info=True)
                raise BatchRefusedError("invariant", key_taken=False) from broken

    async def _write(self, shares: Sequence[tuple[Domain, Decided]]) -> None:
        parts = [share.part for _, share in shares if share.part.decisions]
        try:
            held = await self._journal.write(parts) if parts else set()
        except UnavailableError as error:
            for domain, share in shares:
                for submission, _ in share.answers:
                    submission.fail(error)
                if not error.code.endswith("closing"):
                    await self.reload(domain)
            return
        for domain, share in shares:
            if share.part.decisions and domain.id not in held:
                log.warning("live.fenced", tenant_id=domain.tenant_id, epoch=domain.epoch)
                for submission, _ in share.answers:
                    submission.fail(UnavailableError("live.owner_changed", retry_after_s=1))
                self._drop(domain.tenant_id)
            else:
                self._complete(domain, share)

    def _complete(self, domain: Domain, share: Decided) -> None:
        domain.remember(share)
        for submission, outcome in share.answers:
            submission.answer(outcome)
        part = share.part
        if part.decisions:
            decisions = tuple(Decision(d.sequence, d.at, d.actor, d.events, d.audience) for d in part.decisions)
            acked = Acked(part.tenant_id, part.domain_id, part.first + 1, part.last, decisions)
            self._tell(acked)

    async def _blame(self, domain: Domain, culprit: Submission, refusal: BatchRefusedError) -> None:
        await self.reload(domain)
        if refusal.key_taken and culprit.key is not None:
            stored = await self._journal.stored_answer(domain.tenant_id, domain.id, culprit.key)
            if stored is not None and stored[0] == culprit.key.body_hash:
                culprit.answer(Outcome(stored[1], stored[2]))
                return
            culprit.fail(ConflictError("idempotency.other_body"))
            return
        log.error("live.command_refused", command=type(culprit.command).__name__, reason=str(refusal))
        culprit.fail(InvalidError("live.unstorable"))

    async def reload(self, domain: Domain) -> None:
        """Load the world as the journal has it; until storage answers again the domain's commands wait, bounded."""
        domain.replace_world(await self._journal.load(domain.tenant_id, domain.id))

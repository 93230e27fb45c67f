"""Writes batches: what is decided is journaled, then told; a refused batch is halved until its culprit is alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from intercanal.infra.live.domain import ANSWERS_KEPT, Decided, Domain, PoisonedError, Submission
from intercanal.infra.live.feed import Acked, Decision
from intercanal.infra.live.journal import BatchRefusedError, Journal, Part
from intercanal.kernel.errors import ConflictError, InvalidError, UnavailableError

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Troubled:
    """A domain's commands that could not be written with the others."""

    domain: Domain
    submissions: Sequence[Submission]
    is_key_taken: bool


class Writer:
    """The way of a batch from the commands that wait to the answers of their callers."""

    def __init__(
        self, journal: Journal, batch: int, tell: Callable[[Acked], None], lose: Callable[[Domain], None]
    ) -> None:
        self._journal = journal
        self._batch = batch
        self._tell = tell
        self._lose = lose

    async def write_together(self, domains: Sequence[Domain]) -> list[Troubled]:
        """Decide what waits in some domains and write it as one batch; returns what must be taken apart afterwards."""
        decided: list[tuple[Domain, list[Submission], Decided]] = []
        troubled: list[Troubled] = []
        for domain in domains:
            taken = domain.take(max(1, self._batch // len(domains)))
            try:
                decided.append((domain, taken, domain.decide(taken)))
            except (PoisonedError, AssertionError):
                troubled.append(Troubled(domain, taken, is_key_taken=False))
        try:
            await self._write([(domain, share) for domain, _, share in decided])
        except BatchRefusedError as refusal:
            troubled.extend(Troubled(domain, taken, refusal.key_taken) for domain, taken, _ in decided)
        return troubled

    async def take_apart(self, share: Troubled) -> None:
        """Write one domain's commands by themselves; refused again, halve them until the culprit stands alone."""
        domain = share.domain
        await self.reload(domain)
        if share.is_key_taken:
            await self._answer_again(domain, share.submissions)
        waiting = [s for s in share.submissions if not s.is_settled]
        if not waiting or domain.lost:
            return
        try:
            await self._write([(domain, await self._decide(domain, waiting))])
        except BatchRefusedError as refusal:
            if refusal.key_taken and not share.is_key_taken:
                await self.take_apart(Troubled(domain, waiting, is_key_taken=True))
            elif len(waiting) == 1:
                await self._blame(domain, waiting[0], refusal)
            else:
                middle = len(waiting) // 2
                await self.take_apart(Troubled(domain, waiting[:middle], is_key_taken=False))
                await self.take_apart(Troubled(domain, waiting[middle:], is_key_taken=False))

    async def _answer_again(self, domain: Domain, submissions: Sequence[Submission]) -> None:
        """Give repeats of what a former owner decided the answer that it gave, all at once: a load is dear."""
        asked = [(s, s.key) for s in submissions if s.key is not None and not s.is_settled]
        oldest = domain.clock.now() - ANSWERS_KEPT
        kept = await self._journal.kept_answers(domain.tenant_id, domain.id, [key for _, key in asked], oldest)
        for submission, key in asked:
            body_hash, outcome = kept.get((key.scope, key.key), (None, None))
            if outcome is not None and body_hash == key.body_hash:
                submission.answer(outcome)
            elif outcome is not None:
                submission.fail(ConflictError("idempotency.other_body"))

    async def _decide(self, domain: Domain, submissions: Sequence[Submission]) -> Decided:
        waiting = list(submissions)
        while True:
            try:
                return domain.decide(waiting)
            except PoisonedError as poisoned:
                log.exception("live.decision_broke", command=type(poisoned.submission.command).__name__)
                domain.blame(poisoned.submission, InvalidError("live.decision_failed"))
                waiting = [s for s in waiting if s is not poisoned.submission]
                await self.reload(domain)
            except AssertionError as broken:
                if len(waiting) == 1:  # told once, of the culprit: each halving would else tell of it again
                    log.critical("live.invariant_broken", exc_info=True)
                raise BatchRefusedError("invariant", key_taken=False) from broken

    async def _write(self, shares: Sequence[tuple[Domain, Decided]]) -> None:
        parts = [share.part for _, share in shares if share.part.decisions]
        try:
            held = await self._journal.write(parts) if parts else set()
        except UnavailableError as error:
            for domain, share in shares:
                share.fail(error)
                if not error.code.endswith("closing"):
                    await self.reload(domain)
            return
        for domain, share in shares:
            if share.part.decisions and domain.id not in held:
                log.warning("live.fenced", tenant_id=domain.tenant_id, epoch=domain.epoch)
                share.fail(UnavailableError("live.owner_changed", retry_after_s=1))
                self._lose(domain)
            else:
                self._complete(domain, share)

    def _complete(self, domain: Domain, share: Decided) -> None:
        """Tell screens first: an offer among a hundred answers would else leave after all of them."""
        domain.remember(share)
        try:
            self._publish(share.part)
        finally:
            for submission, outcome in share.answers:
                submission.answer(outcome)
            for submission, error in share.refusals:
                submission.fail(error)

    def _publish(self, part: Part) -> None:
        if part.decisions:
            decisions = tuple(Decision(d.sequence, d.at, d.actor, d.events, d.audience) for d in part.decisions)
            self._tell(Acked(part.tenant_id, part.domain_id, part.first + 1, part.last, decisions))

    async def _blame(self, domain: Domain, culprit: Submission, refusal: BatchRefusedError) -> None:
        log.error("live.command_refused", command=type(culprit.command).__name__, reason=str(refusal))
        domain.blame(culprit, InvalidError("live.unstorable"))
        await self.reload(domain)

    async def reload(self, domain: Domain) -> None:
        """Load the world as the journal has it; until storage answers again the domain's commands wait, bounded."""
        domain.replace_world(await self._journal.load(domain.tenant_id, domain.id))

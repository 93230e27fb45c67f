"""Runs the features' jobs by the clock: each at its minute, by one process of the cluster, and never by looking."""

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from croniter import croniter

from intercanal.infra.bus.port import Leases
from intercanal.infra.feature import Job
from intercanal.kernel.clock import Clock

log = structlog.get_logger(__name__)

_LONGEST_WAIT_S = 3600.0  # the clock may be set in the meantime


def next_time(job: Job, after: datetime) -> datetime:
    """Return when a job is due next, in UTC."""
    found: datetime = croniter(job.cron, after).get_next(datetime)
    return found


async def run_jobs(jobs: Iterable[Job], services: Any, leases: Leases, clock: Clock, stopping: asyncio.Event) -> None:
    """Run every job at its times until asked to stop; a job under way is finished."""
    async with asyncio.TaskGroup() as tasks:
        for job in jobs:
            tasks.create_task(_keep(job, services, leases, clock, stopping), name=f"job-{job.name}")


async def _keep(job: Job, services: Any, leases: Leases, clock: Clock, stopping: asyncio.Event) -> None:
    due = next_time(job, clock.now())
    while not stopping.is_set():
        wait = min(max((due - clock.now()).total_seconds(), 0.0), _LONGEST_WAIT_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), wait)
        if stopping.is_set() or clock.now() < due:
            continue
        await _run(job, services, leases, due)
        due = next_time(job, max(due, clock.now()))


async def _run(job: Job, services: Any, leases: Leases, due: datetime) -> None:
    try:
        # Held by whoever comes first; the others, a moment later, find it taken.
        if await leases.acquire(f"job.{job.name}", f"{due:%Y%m%d%H%M}-{id(services)}") is None:
            return
        await job.run(services)
    except Exception as error:
        log.exception("jobs.failed", job=job.name, kind=type(error).__name__)
    else:
        log.info("jobs.done", job=job.name)

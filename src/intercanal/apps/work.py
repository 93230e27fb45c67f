"""The role `work`: what may take its time - mail in and out, timelines, the audit chain, jobs by the clock."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import structlog

from intercanal.apps import config as configuration
from intercanal.apps.clockwork import run_jobs
from intercanal.apps.config import Config
from intercanal.apps.features import FEATURES
from intercanal.apps.wiring import Services, work_services
from intercanal.mail import jobs as mail_jobs
from intercanal.mail.adapters.smtp_relay import SmtpRelay
from intercanal.mail.adapters.smtp_server import SmtpOptions, SmtpServer
from intercanal.mail.consumers import Intake
from intercanal.mail.domain.model import Limits

log = structlog.get_logger("work")


async def run(config: Config, ready: Callable[[], None], stopping: asyncio.Event) -> None:
    """Work until asked to stop; then take nothing new, and finish what was begun."""
    async with work_services(config) as services, _consuming(services), _receiving(services):
        async with asyncio.TaskGroup() as tasks:
            jobs = [job for feature in FEATURES for job in feature.jobs]
            tasks.create_task(run_jobs(jobs, services, services.leases, services.clock, stopping))
            tasks.create_task(_send(services, stopping))
            ready()
        log.info("work.ended")


@contextlib.asynccontextmanager
async def _consuming(services: Services) -> AsyncIterator[None]:
    """Hear the stream on behalf of every feature."""
    consumers = [consumer for feature in FEATURES for consumer in feature.consumers]
    running = [await services.streams.consume(c.name, c.subject, c.make(services)) for c in consumers]
    try:
        yield
    finally:
        await asyncio.gather(*(subscription.stop() for subscription in running))


@contextlib.asynccontextmanager
async def _receiving(services: Services) -> AsyncIterator[None]:
    """Take mails in, when a door for them was asked for."""
    door = configuration.door(services.config, "smtp")
    if door is None:
        yield
        return
    limits = Limits()
    intake = Intake(services.database, services.live, services.blobs, services.secret, limits=limits)
    hostname = urlsplit(services.config.public_url).hostname or "localhost"
    server = SmtpServer(intake, SmtpOptions(hostname, limits.size, tls=_certificates(services.config)))
    await server.start(door)
    try:
        yield
    finally:
        await server.stop()


def _certificates(config: Config) -> ssl.SSLContext | None:
    if config.tls_certificate is None or config.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.tls_certificate, config.tls_key)
    return context


async def _send(services: Services, stopping: asyncio.Event) -> None:
    """Send what waits; without a relay, outgoing mail waits."""
    relay = services.config.smtp_relay
    if relay is None:
        log.info("mail.no_relay")
        return
    transport = SmtpRelay(relay.host, relay.port)
    sender = mail_jobs.Sender(services.database, services.live, transport, services.secret)
    resets = mail_jobs.ResetSender(services.database, transport, services.secret, services.config.public_url)
    await mail_jobs.find_resets(services.database, services.reset_queue)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(mail_jobs.run(sender, services.send_queue, lambda: log.info("mail.sending"), stopping))
        tasks.create_task(mail_jobs.run(resets, services.reset_queue, lambda: log.info("mail.resetting"), stopping))

"""The manifest by which a feature tells the composition root what it brings."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Router

from intercanal.infra.settings.model import Setting
from intercanal.kernel.live import Component


class Consumer(msgspec.Struct, frozen=True):
    """A durable reader of facts: a stable name, the subject it hears, and its handler, made by `apps`."""

    name: str
    subject: str
    make: Callable[[Any], Callable[[str, bytes], Awaitable[None]]]


class Job(msgspec.Struct, frozen=True):
    """Work born of the clock: a stable name, a cron expression in UTC, and what runs; given the services by `apps`."""

    name: str
    cron: str
    run: Callable[[Any], Awaitable[None]]


class Feature(msgspec.Struct, frozen=True):
    """What a feature brings; each `<feature>/feature.py` holds one as `feature`, and `apps/features.py` lists them.

    WebSockets stand in routers of their own, `sockets`: they are guarded in another place than requests.
    """

    name: str
    routers: tuple[Router, ...] = ()
    sockets: tuple[Router, ...] = ()
    permissions: tuple[str, ...] = ()
    settings: tuple[Setting[Any], ...] = ()
    component: Component | None = None
    consumers: tuple[Consumer, ...] = ()
    jobs: tuple[Job, ...] = ()

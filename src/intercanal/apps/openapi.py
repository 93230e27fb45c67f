"""The OpenAPI document of the whole program, without starting anything."""

import sys
from collections.abc import Sequence

import intercanal
from intercanal.apps import features
from intercanal.infra.bus.memory import MemoryStreams
from intercanal.infra.db.database import Database
from intercanal.infra.http.app import HttpOptions, HttpServices, build_litestar
from intercanal.infra.http.door import DoorServices
from intercanal.infra.http.limits import Limits
from intercanal.infra.http.openapi import document_of
from intercanal.infra.http.principal import CredentialScope, Principal
from intercanal.infra.live.client import Key, Outcome
from intercanal.infra.outbox.delivery import Codec, Delivery
from intercanal.kernel.errors import UnavailableError
from intercanal.kernel.ids import TenantId
from intercanal.kernel.live import Command, Words


class _NobodyDecides:
    """The live core of a program that only describes itself."""

    async def submit(
        self,
        tenant_id: TenantId,
        command: Command,
        *,
        actor: str,
        key: Key | None = None,
        words: Sequence[Words] = (),
    ) -> Outcome:
        raise UnavailableError("live.no_owner", retry_after_s=2)


async def _nobody(credential: str, scope: CredentialScope) -> Principal | None:
    return None


def document() -> bytes:
    """Return the document as JSON; the database named here is never connected to."""
    database, live = Database("postgresql://described.invalid/"), _NobodyDecides()
    delivery = Delivery(database, live, MemoryStreams(), Codec(()))
    extras: dict[str, object] = {
        "identity": None,
        "setting_registry": features.setting_registry(),
        "blobs": None,
        "sockets": None,
    }
    services = HttpServices(doors=DoorServices(database, live, delivery, b""), authenticate=_nobody, extras=extras)
    return document_of(
        build_litestar(features.FEATURES, services, HttpOptions(version=intercanal.__version__), Limits())
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(document())

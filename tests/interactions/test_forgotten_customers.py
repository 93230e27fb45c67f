"""When a customer is erased, what they wrote goes from every interaction, files included, and stays gone."""

import asyncpg
import pytest

from intercanal.infra.blobs.port import blob_key
from intercanal.interactions.live import Attachment, Incoming, Open, message_words
from intercanal.kernel.clock import SystemClock
from intercanal.kernel.ids import new_id
from tests.fixtures.servers import Urls
from tests.interactions.centre import Centre, until
from tests.interactions.desk import QUEUE

pytestmark = pytest.mark.server


async def test_words_and_files_go_and_the_rest_stays(centre: Centre) -> None:
    customer = (await centre.admin.post("/api/customers", {"name": "Camille"}))["id"]
    other = await centre.arrive("from somebody else")
    blob = blob_key(centre.tenant_id, "mail", "file-1")
    await centre.api.blobs.put(blob, b"secret file")
    message_id = new_id(SystemClock().now())
    outcome = await centre.api.engine.submit(
        centre.tenant_id,
        Open(Incoming(channel="mail", queue_id=QUEUE, customer_id=customer, message_id=message_id)),
        actor="system",
        words=[
            message_words(
                centre.tenant_id,
                message_id,
                {"text": "secret words", "attachments": [Attachment("a.txt", 11, "text/plain", blob)]},
            )
        ],
    )
    one = next(event.interaction_id for event in outcome.events if hasattr(event, "interaction_id"))
    assert (await centre.get(one))["messages"][0]["attachments"] == [
        {"name": "a.txt", "size": 11, "content_type": "text/plain"}
    ]

    answer = await centre.admin.call("POST", f"/api/customers/{customer}/erase", {"reason": "asked"})
    assert answer.is_success, answer.text

    async def gone() -> bool:
        return (await centre.get(one))["messages"][0]["text"] is None

    await until(gone)
    (message,) = (await centre.get(one))["messages"]
    assert message["attachments"] == []
    assert not await centre.api.blobs.exists(blob)
    assert (await centre.get(other["id"]))["messages"][0]["text"] == "from somebody else"


async def test_each_erasure_is_noted_for_backups(centre: Centre, database: Urls) -> None:
    customer = (await centre.admin.post("/api/customers", {"name": "Camille"}))["id"]
    one = await centre.arrive("secret words", customer_id=customer)
    await centre.admin.post(f"/api/customers/{customer}/erase", {"reason": "asked"})
    connection = await asyncpg.connect(database.superuser)

    async def noted() -> bool:
        return bool(
            await connection.fetchval(
                "SELECT count(*) FROM infra_erasures WHERE tenant_id = $1 AND target = 'interactions_words'"
                " AND key->>'message_id' = $2 AND 'text' = ANY (columns)",
                centre.tenant_id,
                one["message_id"],
            )
        )

    try:
        await until(noted)
    finally:
        await connection.close()

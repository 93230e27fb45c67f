"""The story of a conversation, copied from the log, whatever comes twice."""

from typing import Any

import pytest

from intercanal.infra.live import feed
from intercanal.infra.live.feed import Acked
from intercanal.interactions.consumers import make_timeline
from tests.interactions.centre import Centre, until

pytestmark = pytest.mark.server


async def story(centre: Centre, conversation_id: str) -> list[dict[str, Any]]:
    page = await centre.ana.get(f"/api/interactions/conversations/{conversation_id}/timeline")
    items: list[dict[str, Any]] = page["items"]
    return items


async def told(centre: Centre, conversation_id: str, last: str) -> list[dict[str, Any]]:
    async def there() -> bool:
        return any(item["type"] == last for item in await story(centre, conversation_id))

    await until(there)
    return await story(centre, conversation_id)


async def test_it_tells_everything_in_order_over_several_interactions(centre: Centre) -> None:
    first = await centre.arrive("Bonjour")
    await centre.take(first["id"])
    await centre.ana.post(f"/api/interactions/{first['id']}/messages", {"text": "Voilà"})
    await centre.ana.post(f"/api/interactions/{first['id']}/wrap-up", {"note": "done"})
    await centre.ana.post(f"/api/interactions/{first['id']}/close", {})
    await centre.admin.post(f"/api/interactions/{first['id']}/incoming", {"text": "Merci"})
    conversation_id = first["conversation_id"]

    async def complete() -> bool:
        return len(await story(centre, conversation_id)) >= 10

    await until(complete)
    items = await story(centre, conversation_id)
    assert [item["type"] for item in items] == [
        "opened", "message_received", "offered", "accepted", "message_sent", "note_added", "wrapped_up", "closed",
        "opened", "message_received",
    ]  # fmt: skip
    assert [item["message"]["text"] for item in items if item["message"]] == ["Bonjour", "Voilà", "done", "Merci"]
    sequences = [item["sequence"] for item in items]
    assert sequences == sorted(set(sequences))
    assert len({item["interaction_id"] for item in items}) == 2


async def test_it_pages(centre: Centre) -> None:
    one = await centre.arrive()
    await centre.take(one["id"])
    whole = await told(centre, one["conversation_id"], "accepted")
    path = f"/api/interactions/conversations/{one['conversation_id']}/timeline"
    page = await centre.ana.get(path, limit="3")
    rest = await centre.ana.get(path, limit="3", cursor=page["next_cursor"])
    assert page["items"] + rest["items"] == whole
    assert rest["next_cursor"] is None


async def test_a_batch_that_comes_again_changes_nothing(centre: Centre) -> None:
    batches: list[Acked] = []
    centre.api.engine.listeners.append(batches.append)
    one = await centre.arrive()
    before = await told(centre, one["conversation_id"], "message_received")
    handle = make_timeline(centre.api)
    for batch in batches + batches:
        await handle(f"log.{batch.tenant_id}", feed.encode(batch))
    assert await story(centre, one["conversation_id"]) == before


async def test_no_word_of_a_customer_is_in_it(centre: Centre) -> None:
    one = await centre.arrive("my secret words")
    items = await told(centre, one["conversation_id"], "message_received")
    for item in items:
        assert "secret" not in str(item["facts"])

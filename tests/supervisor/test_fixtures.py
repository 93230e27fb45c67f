"""The servers that other tests stand on."""

import asyncpg
import nats
import pytest

from tests.fixtures.servers import NatsServer, Urls

pytestmark = pytest.mark.server


async def test_given_the_shared_server_when_a_module_asks_then_it_gets_a_database_with_the_three_roles(
    database: Urls,
) -> None:
    for url, role in (
        (database.owner, "intercanal_owner"),
        (database.app, "intercanal_app"),
        (database.journal, "intercanal_journal"),
    ):
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT current_user") == role
        assert await connection.fetchval("SELECT current_database()") == database.name
        assert await connection.fetchval("SHOW fsync") == "on"
        await connection.close()


async def test_given_a_nats_server_when_it_is_asked_without_its_token_then_it_refuses(nats_server: NatsServer) -> None:
    client = await nats.connect(nats_server.url, token=nats_server.token)
    assert (await client.jetstream().account_info()).limits is not None
    await client.close()
    with pytest.raises(nats.errors.Error):
        await nats.connect(nats_server.url, token="another", allow_reconnect=False)

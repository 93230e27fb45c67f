"""The comparison of the robots' diary with the database finds what is lost, doubled and misplaced, and nothing else."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from bench.robots.compare import Comparison, compare
from bench.robots.diary import Act, Diary
from intercanal.kernel.ids import new_id
from tests.fixtures.servers import Urls

pytestmark = pytest.mark.server

NOW = datetime.now(UTC)
TENANT, CONTACT, OFFER, ASKED, ANSWERED = (new_id(NOW) for _ in range(5))

EVENTS = [
    {"type": "interactions.opened", "interaction_id": CONTACT, "state": "queued"},
    {"type": "interactions.message_received", "interaction_id": CONTACT},
    {"type": "routing.offer_made", "interaction_id": CONTACT, "offer_id": OFFER},
    {"type": "interactions.offered", "interaction_id": CONTACT, "offer_id": OFFER},
    {"type": "interactions.held", "interaction_id": CONTACT},
    {"type": "routing.offer_accepted", "interaction_id": CONTACT, "offer_id": OFFER},
    {"type": "interactions.message_sent", "interaction_id": CONTACT},
    {"type": "interactions.wrapped_up", "interaction_id": CONTACT},
    {"type": "interactions.closed", "interaction_id": CONTACT},
]

_MESSAGE = """
INSERT INTO interactions_messages
  (tenant_id, domain_id, id, interaction_id, conversation_id, direction, at, classification)
VALUES ($1, $1, $2, $3, $3, $4, $5, 'normal')
"""
_LOG = """
INSERT INTO live_log (tenant_id, domain_id, sequence, at, epoch, count, actor, seed, code, command, events)
VALUES ($1, $1, $2, $3, 1, 1, 'test', '', '', '{}', $4)
"""

ANSWERED_AGAIN = """
INSERT INTO interactions_messages
  (tenant_id, domain_id, id, interaction_id, conversation_id, direction, at, classification)
SELECT tenant_id, domain_id, interaction_id, interaction_id, conversation_id, direction, at, classification
FROM interactions_messages WHERE direction = 'out';
INSERT INTO interactions_words (tenant_id, message_id)
SELECT tenant_id, id FROM interactions_messages WHERE id = interaction_id
"""
OFFERED_WHILE_HELD = """
UPDATE live_log SET events = events || jsonb_build_array(jsonb_build_object(
  'type', 'interactions.offered', 'interaction_id', events->0->>'interaction_id')) WHERE sequence = 5
"""


@pytest.fixture
async def connection(fresh_database: Urls) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A database with one contact that went its whole way."""
    connection = await asyncpg.connect(fresh_database.superuser)
    await connection.execute(
        "INSERT INTO live_domains (tenant_id, id, epoch, last_sequence) VALUES ($1, $1, 1, 9)", TENANT
    )
    for sequence, event in enumerate(EVENTS, 1):
        await connection.execute(_LOG, TENANT, sequence, NOW, json.dumps([event]))
    await connection.execute(
        "INSERT INTO interactions_interactions (tenant_id, domain_id, id, conversation_id, channel, state, since, "
        "arrived_at, priority, version) VALUES ($1, $1, $2, $2, 'task', 'closed', $3, $3, 0, 1)",
        TENANT, CONTACT, NOW,
    )  # fmt: skip
    for message_id, direction, external_id in ((ASKED, "in", "external-1"), (ANSWERED, "out", None)):
        await connection.execute(_MESSAGE, TENANT, message_id, CONTACT, direction, NOW)
        await connection.execute(
            "INSERT INTO interactions_words (tenant_id, message_id, external_id) VALUES ($1, $2, $3)",
            TENANT, message_id, external_id,
        )  # fmt: skip
    yield connection
    await connection.close()


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    """What the robots were told of that contact."""
    path = tmp_path / "diary.jsonl"
    with Diary(path) as book:
        told: tuple[tuple[Act, str, str], ...] = (
            ("opened", "external-1", CONTACT),
            ("accepted", OFFER, OFFER),
            ("sent", CONTACT, ANSWERED),
            ("wrapped_up", CONTACT, CONTACT),
            ("closed", CONTACT, CONTACT),
        )
        for act, about, got in told:
            book.asks(act, f"key-{act}", about)
            book.was_told(act, f"key-{act}", about, got)
        book.asks("declined", "key-unheard", new_id(NOW))
    return path


def _wrong(found: Comparison) -> set[str]:
    return {kind for kind in ("lost", "doubled", "orphans") if getattr(found, kind)}


async def test_what_was_acknowledged_and_is_there_once_is_clean(
    connection: "asyncpg.Connection[asyncpg.Record]", fresh_database: Urls, diary: Path
) -> None:
    found = await compare(diary, fresh_database.superuser, TENANT)
    assert (found.is_clean, found.acknowledged, found.interactions, found.events) == (True, 5, 1, 9)


@pytest.mark.parametrize(
    ("tampering", "wrong"),
    [
        ("DELETE FROM interactions_words WHERE external_id IS NULL", {"lost"}),
        ("DELETE FROM interactions_messages WHERE direction = 'out'", {"lost"}),
        ("DELETE FROM live_log WHERE sequence = 8", {"lost"}),
        ("UPDATE live_domains SET last_sequence = 10", {"lost"}),
        ("UPDATE interactions_words SET external_id = 'external-1'", {"lost", "doubled"}),
        (ANSWERED_AGAIN, {"doubled"}),
        ("UPDATE interactions_interactions SET state = 'queued'", {"lost", "orphans"}),
        ("UPDATE interactions_interactions SET state = 'resting'", {"lost", "orphans"}),
        ("UPDATE interactions_interactions SET agent_id = id", {"orphans"}),
        (OFFERED_WHILE_HELD, {"doubled"}),
    ],
)
async def test_what_is_wrong_is_found(
    connection: "asyncpg.Connection[asyncpg.Record]", fresh_database: Urls, diary: Path, tampering: str, wrong: set[str]
) -> None:
    await connection.execute(tampering)
    assert _wrong(await compare(diary, fresh_database.superuser, TENANT)) == wrong

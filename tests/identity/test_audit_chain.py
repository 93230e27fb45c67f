import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from intercanal.identity.adapters.heads import KEY_NAME, FolderHeads
from intercanal.identity.domain.chain import Fault, Head, Line, Sealed, Walk, seal, start
from intercanal.kernel.ids import TenantId

ONE = TenantId("01890000-0000-7000-8000-000000000001")
TWO = TenantId("01890000-0000-7000-8000-000000000002")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def chain(length: int, tenant: TenantId = ONE) -> list[Sealed]:
    lines: list[Sealed] = []
    last = start(tenant)
    for number in range(1, length + 1):
        line = Line(
            f"id-{number}", NOON + timedelta(seconds=number), "someone", "identity.signed_in", "s", {"n": number}
        )
        last = seal(tenant, number, last.hash, line)
        lines.append(last)
    return lines


def head_of(lines: list[Sealed], tenant: TenantId = ONE) -> Head:
    return Head(tenant, lines[-1].sequence, lines[-1].hash.hex(), NOON)


def verdict(lines: list[Sealed], archive: FolderHeads, tenant: TenantId = ONE) -> Fault | None:
    walk = Walk(tenant, archive.heads(tenant), archive.verify)
    for line in lines:
        walk.feed(line)
    return walk.report().fault


@pytest.fixture
def archive(tmp_path: Path) -> FolderHeads:
    return FolderHeads(tmp_path / "audit")


def resealed(lines: list[Sealed], start_at: int) -> list[Sealed]:
    """Recompute every hash from a place on, as somebody with the whole table in hand would."""
    fresh = lines[:start_at]
    last = fresh[-1] if fresh else start(ONE)
    for number, old in enumerate(lines[start_at:], start_at + 1):
        last = seal(ONE, number, last.hash, old.line)
        fresh.append(last)
    return fresh


def test_an_untouched_chain_has_no_fault(archive: FolderHeads) -> None:
    lines = chain(10)
    archive.append(head_of(lines[:5]))
    archive.append(head_of(lines))
    assert verdict(lines, archive) is None


def test_each_edited_field_names_the_line(archive: FolderHeads) -> None:
    for field, value in [
        ("at", NOON),
        ("actor", "other"),
        ("action", "x"),
        ("subject", "y"),
        ("facts", {"n": 99}),
        ("id", "z"),
    ]:
        lines = chain(10)
        lines[3] = msgspec.structs.replace(lines[3], line=msgspec.structs.replace(lines[3].line, **{field: value}))
        assert verdict(lines, archive) == Fault(4, "altered")


def test_a_deleted_line_is_named(archive: FolderHeads) -> None:
    lines = chain(10)
    assert verdict(lines[:3] + lines[4:], archive) == Fault(4, "missing")
    assert verdict(lines[1:], archive) == Fault(1, "missing")


def test_a_deleted_line_is_named_when_the_rest_was_renumbered(archive: FolderHeads) -> None:
    lines = chain(10)
    cut = lines[:3] + [msgspec.structs.replace(line, sequence=line.sequence - 1) for line in lines[4:]]
    assert verdict(cut, archive) == Fault(4, "not_linked")


def test_swapped_lines_are_named(archive: FolderHeads) -> None:
    lines = chain(10)
    lines[3], lines[6] = (
        msgspec.structs.replace(lines[6], sequence=4),
        msgspec.structs.replace(lines[3], sequence=7),
    )
    fault = verdict(lines, archive)
    assert fault is not None
    assert fault.sequence == 4


def test_a_truncated_tail_is_found_by_the_exported_head_alone(archive: FolderHeads) -> None:
    lines = chain(10)
    assert verdict(lines[:7], archive) is None
    archive.append(head_of(lines))
    assert verdict(lines[:7], archive) == Fault(8, "truncated")
    assert verdict([], archive) == Fault(1, "truncated")


def test_a_chain_wholly_recomputed_disagrees_with_the_signed_head(archive: FolderHeads) -> None:
    lines = chain(10)
    archive.append(head_of(lines[:8]))
    lines[3] = msgspec.structs.replace(lines[3], line=msgspec.structs.replace(lines[3].line, actor="other"))
    assert verdict(resealed(lines, 3), archive) == Fault(8, "not_as_signed")


def test_a_head_signed_by_somebody_else_is_refused(archive: FolderHeads, tmp_path: Path) -> None:
    lines = chain(4)
    FolderHeads(tmp_path / "elsewhere").append(head_of(lines))
    forged = (tmp_path / "elsewhere" / f"{ONE}.jsonl").read_bytes()
    (tmp_path / "audit" / f"{ONE}.jsonl").write_bytes(forged)
    assert verdict(lines, archive) == Fault(4, "head_not_ours")


def test_another_tenants_chain_does_not_fit(archive: FolderHeads) -> None:
    assert verdict(chain(3, TWO), archive) == Fault(1, "not_linked")


def test_random_damage_is_always_found_at_or_before_the_touched_line(archive: FolderHeads) -> None:
    chance = random.Random(20261121)
    whole = chain(40)
    archive.append(head_of(whole))
    for _ in range(200):
        lines = list(whole)
        place = chance.randrange(len(lines))
        match chance.randrange(3):
            case 0:
                del lines[place]
            case 1:
                lines[place] = msgspec.structs.replace(lines[place], hash=chance.randbytes(32))
            case _:
                lines = lines[:place]
        fault = verdict(lines, archive)
        assert fault is not None
        assert fault.sequence == place + 1


def test_the_key_is_made_once_kept_private_and_a_torn_line_is_dropped(archive: FolderHeads, tmp_path: Path) -> None:
    lines = chain(6)
    archive.append(head_of(lines[:3]))
    assert (tmp_path / "audit" / KEY_NAME).stat().st_mode & 0o077 == 0
    file = tmp_path / "audit" / f"{ONE}.jsonl"
    file.write_bytes(file.read_bytes() + b'{"head":{"tenant')
    again = FolderHeads(tmp_path / "audit")
    assert [signed.head.sequence for signed in again.heads(ONE)] == [3]
    again.append(head_of(lines))
    assert [signed.head.sequence for signed in again.heads(ONE)] == [3, 6]
    assert verdict(lines, again) is None

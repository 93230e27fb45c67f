import inspect
from pathlib import Path

import pytest

from intercanal.identity import service
from intercanal.identity.adapters.heads import KEY_NAME, FolderHeads
from intercanal.identity.errors import WeakPasswordError
from tests.identity.conftest import PASSWORD, House


def test_every_installation_draws_its_own_signing_key(tmp_path: Path) -> None:
    keys = set()
    for number in range(3):
        FolderHeads(tmp_path / str(number))
        keys.add((tmp_path / str(number) / KEY_NAME).read_bytes())
    assert len(keys) == 3


def test_the_first_administrator_has_no_default_password() -> None:
    assert inspect.signature(service.create_admin).parameters["password"].default is inspect.Parameter.empty


@pytest.mark.server
@pytest.mark.parametrize(
    "password", ["", "admin", "admin@example.org", "administrator", "Intercanal2026!", "changeme1234"]
)
async def test_the_first_administrator_cannot_choose_what_everybody_tries(house: House, password: str) -> None:
    async with house.write(None) as uow:
        with pytest.raises(WeakPasswordError):
            await service.create_admin(uow, "admin@example.org", "Admin", password)
    async with house.read() as uow:
        assert await service.account_by_email(uow, "admin@example.org") is None


@pytest.mark.server
async def test_the_same_bootstrap_never_gives_the_same_secret(house: House) -> None:
    other = house.other_tenant()
    (_, one), (_, two) = await house.admin(), await other.admin()
    assert one.rsplit("_", 1)[-1] != two.rsplit("_", 1)[-1]
    async with house.read() as mine, other.read() as theirs:
        first = await service.account_by_email(mine, "admin@example.org")
        second = await service.account_by_email(theirs, "admin@example.org")
    assert first is not None
    assert second is not None
    assert first.password_hash != second.password_hash
    assert PASSWORD not in str(first.password_hash)

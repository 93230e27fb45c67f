import re
import string

import asyncpg
import pytest

from intercanal.identity import service
from intercanal.identity.domain.words import catalogue, languages
from intercanal.identity.service import ResetLetter
from intercanal.kernel.ids import TenantId
from tests.fixtures.servers import Urls
from tests.identity.api import Installation, sign_in

pytestmark = pytest.mark.server

NEW = "tortue verte sous la pluie"


async def ask(installation: Installation, email: str = "admin@example.org", address: str = "192.0.2.1") -> int:
    async with installation.client(address=address) as browser:
        return (await browser.post("/api/identity/password-resets", json={"email": email})).status_code


async def letter(installation: Installation, tenant_id: TenantId) -> ResetLetter:
    """The last mail asked for, as the mail feature gets it."""
    mail_id = installation.told("reset_requested")[-1]["mail_id"]
    async with installation.database.unit_of_work(tenant_id, read_only=True) as uow:
        found = await service.reset_letter(uow, mail_id, "https://desk.test/", "One")
    assert found is not None
    return found


def token_in(found: ResetLetter) -> str:
    match = re.search(r"https://desk\.test/sign-in/reset#(ic_reset_\S+)", found.text)
    assert match is not None
    return match[1]


async def use(installation: Installation, token: str, password: str = NEW) -> tuple[int, str]:
    async with installation.client() as browser:
        answer = await browser.post("/api/identity/password-resets/use", json={"token": token, "password": password})
    return answer.status_code, answer.json()["code"] if answer.content else ""


async def test_the_mail_lets_its_reader_choose_a_password_once_and_ends_every_session(
    installation: Installation,
) -> None:
    tenant_id, _ = await installation.tenant("One")
    async with installation.client() as browser:
        await sign_in(browser)
        assert await ask(installation) == 202
        token = token_in(await letter(installation, tenant_id))
        assert await use(installation, token) == (204, "")
        installation.seconds += 5
        assert (await browser.get("/api/identity/me")).status_code == 401
        assert (await sign_in(browser)).status_code == 401
        assert (await sign_in(browser, password=NEW)).status_code == 200
    assert await use(installation, token) == (401, "identity.bad_token")


async def test_a_stranger_gets_the_same_answer_and_no_mail(installation: Installation) -> None:
    await installation.tenant("One")
    assert await ask(installation, "nobody@example.org") == 202
    assert installation.told("reset_requested") == []


async def test_a_weak_password_is_refused_and_the_token_stays_good(installation: Installation) -> None:
    tenant_id, _ = await installation.tenant("One")
    await ask(installation)
    token = token_in(await letter(installation, tenant_id))
    assert await use(installation, token, "Motdepasse2026!") == (422, "identity.password_weak")
    assert await use(installation, token) == (204, "")


async def test_the_token_works_for_one_hour_and_a_mail_that_late_is_not_sent(installation: Installation) -> None:
    tenant_id, _ = await installation.tenant("One")
    await ask(installation)
    found = await letter(installation, tenant_id)
    installation.clock.advance(3600)
    assert await use(installation, token_in(found)) == (401, "identity.bad_token")
    async with installation.database.unit_of_work(tenant_id) as uow:
        assert await service.reset_letter(uow, found.id, "https://desk.test", "One") is None


async def test_a_used_token_takes_the_other_mails_with_it(installation: Installation) -> None:
    tenant_id, _ = await installation.tenant("One")
    await ask(installation)
    first = token_in(await letter(installation, tenant_id))
    await ask(installation)
    second = token_in(await letter(installation, tenant_id))
    assert first != second
    assert await use(installation, second) == (204, "")
    assert await use(installation, first) == (401, "identity.bad_token")


async def test_nobody_is_flooded_with_mails_and_those_sent_stay_good(installation: Installation) -> None:
    tenant_id, _ = await installation.tenant("One")
    for number in range(8):
        assert await ask(installation, address=f"203.0.113.{number}") == 202
    assert len(installation.told("reset_requested")) == 3
    assert await use(installation, token_in(await letter(installation, tenant_id))) == (204, "")


async def test_the_token_is_nowhere_but_in_the_waiting_mail_and_goes_when_it_has_left(
    installation: Installation, fresh_database: Urls
) -> None:
    tenant_id, _ = await installation.tenant("One")
    await ask(installation)
    found = await letter(installation, tenant_id)
    secret = token_in(found).rsplit("_", 1)[-1]
    assert await tables_with(fresh_database, secret) == ["identity_reset_mails"]
    assert not any(secret in body.decode() for _, body in installation.stream.kept.values())
    async with installation.database.unit_of_work(tenant_id) as uow:
        assert await service.waiting_reset_mails(uow) == [found.id]
        await service.reset_letter_sent(uow, found.id)
        await uow.commit()
    assert await tables_with(fresh_database, secret) == []
    assert await use(installation, token_in(found)) == (204, "")


async def tables_with(database: Urls, word: str) -> list[str]:
    connection = await asyncpg.connect(database.superuser)
    try:
        names = [
            row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        count = 'SELECT count(*) FROM "{}" t WHERE strpos(t::text, $1) > 0'
        return [name for name in names if await connection.fetchval(count.format(name), word)]
    finally:
        await connection.close()


def test_the_mail_is_worded_in_three_languages_with_the_same_facts() -> None:
    assert languages() == ("en", "fr", "nl")
    words = catalogue()
    for key in words["en"]:
        sentences = [words[language][key] for language in languages()]
        assert len(set(sentences)) == 3
        facts = [{name for _, name, _, _ in string.Formatter().parse(sentence) if name} for sentence in sentences]
        assert facts[0] == facts[1] == facts[2]


async def test_a_name_with_braces_or_a_link_is_only_text(installation: Installation) -> None:
    tenant_id, key = await installation.tenant("One")
    async with installation.client(key) as robot:
        body = {"email": "b@example.org", "name": "{token} {0.__class__}", "role": "agent", "language": "fr"}
        assert (await robot.post("/api/identity/users", json=body)).status_code == 201
    found = await letter(installation, tenant_id)
    assert "Bonjour {token} {0.__class__}," in found.text
    assert found.subject == "Choisissez un nouveau mot de passe"
    assert "\n" not in found.subject

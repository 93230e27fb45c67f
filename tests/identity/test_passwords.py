import asyncio
from collections.abc import Iterator

import pytest

from intercanal.identity.adapters.argon2 import Argon2Passwords
from intercanal.identity.domain.passwords import weakness
from intercanal.identity.errors import SignInBusyError
from intercanal.kernel.ids import TenantId

ONE = TenantId("01890000-0000-7000-8000-000000000001")
TWO = TenantId("01890000-0000-7000-8000-000000000002")


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("short", "too_short"),
        ("elevenchars", "too_short"),
        ("x" * 257, "too_long"),
        ("1q2w3e4r5t6y", "breached"),
        ("Password2024!!", "breached"),
        ("123456 azerty 2026", "breached"),
        ("bonjourbonjour", "breached"),
        ("ababababababab", "guessable"),
        ("camille.durand@example.org", "guessable"),
        ("a long enough pass phrase 1", None),
        ("tortue verte sous la pluie", None),
        ("Zonder-moeite-11", None),
    ],
)
def test_weak_passwords_are_refused_with_their_reason(password: str, wrong: str | None) -> None:
    assert weakness(password, ("camille.durand@example.org", "Camille Durand")) == wrong


@pytest.fixture
def passwords() -> Iterator[Argon2Passwords]:
    made = Argon2Passwords(threads=1, waiting=3)
    yield made
    made.close()


async def test_a_hash_is_argon2id_of_the_nineteen_mebibyte_profile(passwords: Argon2Passwords) -> None:
    encoded = await passwords.hash("a long enough pass phrase 1")
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.verify(encoded, "a long enough pass phrase 1", ONE)
    assert not await passwords.verify(encoded, "a long enough pass phrase 2", ONE)


async def test_an_accent_typed_in_two_ways_is_the_same_password(passwords: Argon2Passwords) -> None:
    encoded = await passwords.hash("un mot accentué très long")
    assert await passwords.verify(encoded, "un mot accentue\u0301 tre\u0300s long", ONE)


async def test_an_unknown_user_costs_a_verification_too(passwords: Argon2Passwords) -> None:
    assert not await passwords.verify(None, "whatever it may be", ONE)
    assert passwords.verified == 1


async def test_a_crowd_is_refused_at_once_and_leaves_room_for_the_other_tenant(passwords: Argon2Passwords) -> None:
    crowd = [asyncio.create_task(passwords.verify(None, "guess", ONE)) for _ in range(10)]
    await asyncio.sleep(0)
    assert not await passwords.verify(None, "honest", TWO)
    answers = await asyncio.gather(*crowd, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, SignInBusyError)]
    assert len(refused) == 8
    assert all(isinstance(error.facts["retry_after_s"], int) for error in refused)
    assert passwords.verified == 3
    assert not await passwords.verify(None, "later", ONE)

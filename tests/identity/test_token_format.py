import os

from hypothesis import given, seed
from hypothesis import strategies as st

from intercanal.identity.domain.tokens import SECRET_BYTES, Kind, compose, parse
from intercanal.kernel.ids import TenantId

TENANT = TenantId("01890000-0000-7000-8000-00000000000a")


def test_a_token_tells_its_tenant_and_kind_before_any_look_up() -> None:
    for kind in Kind:
        text = compose(kind, TENANT, os.urandom(SECRET_BYTES))
        found = parse(text)
        assert found is not None
        assert (found.kind, found.tenant_id) == (kind, TENANT)
        assert text.startswith(f"ic_{kind}_0189000000007000800000000000000a_")


def test_any_changed_character_is_another_token() -> None:
    text = compose(Kind.KEY, TENANT, os.urandom(SECRET_BYTES))
    good = parse(text)
    assert good is not None
    for place in range(len(text)):
        other = parse(text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :])
        assert other is None or other.digest != good.digest


@seed(20261121)
@given(st.text(max_size=120))
def test_rubbish_from_outside_is_no_token(text: str) -> None:
    assert parse(text) is None

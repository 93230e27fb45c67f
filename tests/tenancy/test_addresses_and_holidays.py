"""Addresses have one normal form, and public holidays come by country, part of it and category."""

from datetime import date

import pytest

from intercanal.tenancy.domain.addresses import normal_domain, normal_mail, normal_phone
from intercanal.tenancy.domain.holidays import HolidayRule, public_holidays
from intercanal.tenancy.errors import AddressInvalidError, CalendarInvalidError


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Camille.Durand@Example.ORG", "camille.durand@example.org"),
        ("  camille@example.org ", "camille@example.org"),
        ("camille+shop@example.org", "camille+shop@example.org"),
        ("zoé@bücher.example", "zoé@xn--bcher-kva.example"),
        ("ZOÉ@example.org", "zoé@example.org"),
        ("zoe\u0301@example.org", "zoé@example.org"),
        ("info@straße.de", "info@xn--strae-oqa.de"),
        ("root@localhost", "root@localhost"),
        ("a@b@example.org", "a@b@example.org"),
    ],
)
def test_one_mailbox_has_one_spelling(written: str, normal: str) -> None:
    assert normal_mail(written) == normal


def test_two_domains_that_look_alike_stay_two() -> None:
    assert normal_mail("info@straße.de") != normal_mail("info@strasse.de")


@pytest.mark.parametrize(
    "written",
    ["", "@", "camille", "@example.org", "camille@", "ca mille@example.org", "camille@exa mple.org", "camille@-a.org",
     "camille@a..org", "camille\x00@example.org", "camille@example.org\ud800", "x" * 250 + "@example.org",
     "camille@" + "a" * 64 + ".org"],
)  # fmt: skip
def test_what_no_mailbox_can_be_called_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(AddressInvalidError) as refused:
        normal_mail(written)
    assert refused.value.code == "tenancy.address_invalid"
    assert refused.value.facts == {"kind": "mail"}


def test_a_domain_is_kept_in_lower_case_without_its_last_dot() -> None:
    assert normal_domain("Example.ORG.") == "example.org"
    with pytest.raises(AddressInvalidError):
        normal_domain("camille@example.org")


@pytest.mark.parametrize(
    ("written", "country", "normal"),
    [
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "BE", "+33612345678"),
        ("0033612345678", "FR", "+33612345678"),
        ("0470 12 34 56", "BE", "+32470123456"),
        ("tel:+1-212-555-0123", "FR", "+12125550123"),
        ("(212) 555-0123", "US", "+12125550123"),
    ],
)
def test_a_number_is_read_as_dialled_in_the_tenants_country(written: str, country: str, normal: str) -> None:
    assert normal_phone(written, country) == normal


@pytest.mark.parametrize("written", ["", "112", "camille", "+", "0612", "anonymous", "+33" + "1" * 30])
def test_what_is_no_full_number_is_refused(written: str) -> None:
    with pytest.raises(AddressInvalidError):
        normal_phone(written, "FR")


def test_part_of_a_country_has_holidays_of_its_own() -> None:
    france = public_holidays(HolidayRule("FR"), 2026, 2026)
    moselle = public_holidays(HolidayRule("FR", "57"), 2026, 2026)
    assert len(france) == 11
    assert set(moselle) - set(france) == {date(2026, 4, 3), date(2026, 12, 26)}


def test_saint_martin_keeps_both_readings_of_the_law() -> None:
    assert {date(2026, 5, 27), date(2026, 5, 28)} <= set(public_holidays(HolidayRule("FR", "MF"), 2026, 2026))


def test_a_holiday_kept_in_the_year_before_is_found_in_that_year() -> None:
    assert date(2021, 12, 31) in public_holidays(HolidayRule("US"), 2021, 2021)
    assert all(day.year == 2022 for day in public_holidays(HolidayRule("US"), 2022, 2022))


def test_categories_add_up() -> None:
    public = public_holidays(HolidayRule("BE"), 2026, 2026)
    with_banks = public_holidays(HolidayRule("BE", categories=("bank", "public")), 2026, 2026)
    assert set(public) < set(with_banks)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (HolidayRule("XX"), "tenancy.holidays_country"),
        (HolidayRule("FR", "99"), "tenancy.holidays_subdivision"),
        (HolidayRule("FR", categories=("lunar",)), "tenancy.holidays_category"),
        (HolidayRule("FR", categories=()), "tenancy.holidays_category"),
    ],
)
def test_a_rule_that_names_nothing_known_is_refused(rule: HolidayRule, code: str) -> None:
    with pytest.raises(CalendarInvalidError) as refused:
        public_holidays(rule, 2026, 2027)
    assert refused.value.code == code

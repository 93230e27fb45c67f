"""Public holidays of a country or a part of it, from the library `holidays`."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import holidays as library
import msgspec

from intercanal.tenancy.errors import CalendarInvalidError

# Saint-Martin: the library follows the old decree (28 May), the labour code names 27 May; both are kept.
_ALSO = {("FR", "MF"): ((5, 27),)}


class HolidayRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which public holidays a calendar keeps: a country, perhaps a part of it, and the library's categories."""

    country: str
    subdivision: str | None = None
    categories: tuple[str, ...] = ("public",)


def public_holidays(rule: HolidayRule, first_year: int, last_year: int) -> tuple[date, ...]:
    """Return the holidays of these years in order; an unknown country, part or category is refused."""
    categories = tuple(sorted(dict.fromkeys(rule.categories)))
    days = _cached(rule.country, rule.subdivision, categories, first_year, last_year)
    return tuple(day for day in days if first_year <= day.year <= last_year)


@lru_cache(maxsize=512)
def _cached(
    country: str, subdivision: str | None, categories: tuple[str, ...], first_year: int, last_year: int
) -> tuple[date, ...]:
    supported = library.list_supported_countries(include_aliases=False)
    if country not in supported:
        raise CalendarInvalidError("tenancy.holidays_country", country=country)
    if subdivision is not None and subdivision not in supported[country]:
        raise CalendarInvalidError("tenancy.holidays_subdivision", country=country, subdivision=subdivision)
    known: Iterable[str] = library.country_holidays(country).supported_categories
    if not categories or not set(categories) <= set(known):
        raise CalendarInvalidError("tenancy.holidays_category", country=country, categories=sorted(known))
    # A holiday that falls on a weekend may be kept in a neighbouring year.
    years = range(first_year - 1, last_year + 2)
    found = library.country_holidays(country, subdiv=subdivision, years=years, categories=categories)
    also = _ALSO.get((country, subdivision or ""), ()) if "public" in categories else ()
    return tuple(sorted({*found, *(date(year, month, day) for year in years for month, day in also)}))

"""Lists of customers: all of them in the order they came, or those that a search fits, the best first."""

from collections.abc import Sequence

from sqlalchemy import Row

from intercanal.customers import repository
from intercanal.customers.domain import digits_of, looks_dialled
from intercanal.customers.schemas import CustomerView
from intercanal.customers.service.profiles import normal_value, views
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import InvalidError
from intercanal.kernel.ids import is_id
from intercanal.kernel.paging import Page, clamp, decode_cursor, encode_cursor, id_cursor

_RANKS = frozenset({"1", "2", "3"})


async def list_customers(
    uow: UnitOfWork, search: str | None, cursor: str | None, limit: int | None
) -> Page[CustomerView]:
    """Return a page of customers; an empty search is none."""
    size = clamp(limit)
    if search is None or not search.strip():
        ids = [str(each) for each in await repository.roots_after(uow, id_cursor(cursor), size + 1)]
        following = encode_cursor(ids[size - 1]) if len(ids) > size else None
    else:
        found = await _found(uow, search, _place(cursor), size + 1)
        ids = [str(row.customer_id) for row in found]
        last = found[size - 1] if len(found) > size else None
        # What only resembles has rank 0, and one page.
        following = None if last is None or not last.rank else encode_cursor(str(last.rank), str(last.customer_id))
    return Page(await views(uow, ids[:size]), following)


async def _found(
    uow: UnitOfWork, search: str, place: tuple[int, str] | None, limit: int
) -> Sequence[Row[tuple[str, int]]]:
    asked = search.strip().replace("\x00", " ")
    if not looks_dialled(asked):
        return await repository.find(uow, asked, place, limit)
    # A full number is one customer's; what is less, or dialled in another country, is looked for by its digits.
    try:
        full = await repository.find(uow, await normal_value(uow, "phone", asked), place, limit)
    except InvalidError:
        full = []
    return full or await repository.find(uow, digits_of(asked).lstrip("0"), place, limit)


def _place(cursor: str | None) -> tuple[int, str] | None:
    if not cursor:
        return None
    rank, last = decode_cursor(cursor, 2)
    if rank not in _RANKS or not is_id(last):
        raise InvalidError("request.cursor")
    return int(rank), last

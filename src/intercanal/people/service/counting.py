"""What the floors above ask about people: whether skills and teams exist, and how many agents there are for work."""

from collections.abc import Iterable, Sequence

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.people import repository
from intercanal.people.errors import UnknownReferenceError
from intercanal.people.repository import Able, Wanted
from intercanal.people.tables import Skill, Team


async def check_known(uow: UnitOfWork, skill_ids: Iterable[str], team_ids: Iterable[str]) -> None:
    """Refuse settings that name a skill or team that does not exist, or no longer."""
    if unknown := await repository.missing(uow, Skill, skill_ids):
        raise UnknownReferenceError("skill", unknown)
    if unknown := await repository.missing(uow, Team, team_ids):
        raise UnknownReferenceError("team", unknown)


async def count_able(uow: UnitOfWork, circles: Sequence[Wanted]) -> Able:
    """Count, and never name, the agents who meet any circle: minimum levels by skill, one of some teams if named."""
    return await repository.count_able(uow, circles) if circles else Able(0, 0, 0)

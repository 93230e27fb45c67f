"""The HTTP doors of people."""

from litestar import Router

from intercanal.people.endpoints import agents, groups, mine

router = Router(
    path="/api/people",
    tags=["people"],
    route_handlers=[*agents.HANDLERS, *groups.HANDLERS, *mine.HANDLERS],
)

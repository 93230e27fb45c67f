"""The HTTP doors of interactions."""

from litestar import Router

from intercanal.interactions.endpoints import arriving, dispositions, reading, working

router = Router(
    path="/api/interactions",
    tags=["interactions"],
    route_handlers=[*reading.HANDLERS, *arriving.HANDLERS, *working.HANDLERS, *dispositions.HANDLERS],
)

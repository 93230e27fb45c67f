"""The HTTP doors of identity."""

from litestar import Router

from intercanal.identity.endpoints import account, administration, sign_in

router = Router(
    path="/api/identity",
    tags=["identity"],
    route_handlers=[*sign_in.HANDLERS, *account.HANDLERS, *administration.HANDLERS],
)

__all__ = ["router"]

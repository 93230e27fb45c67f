"""The features of the program, lower floors first, and what follows from them."""

from typing import Final

from intercanal.apps.realtime import REALTIME
from intercanal.customers.feature import feature as customers
from intercanal.identity.feature import feature as identity
from intercanal.infra.db.housekeeping import keep_house
from intercanal.infra.feature import Feature, Job
from intercanal.infra.http import settings as settings_doors
from intercanal.infra.settings.model import Registry
from intercanal.interactions.feature import feature as interactions
from intercanal.mail.feature import feature as mail
from intercanal.people.feature import feature as people
from intercanal.routing.feature import feature as routing
from intercanal.tenancy.feature import feature as tenancy

SETTINGS: Final = Feature(
    name="settings", routers=(settings_doors.router,), permissions=(settings_doors.READ, settings_doors.CHANGE)
)

PLUMBING: Final = Feature(name="infra", jobs=(Job("infra_daily", "23 3 * * *", keep_house),))

FEATURES: Final[tuple[Feature, ...]] = (
    PLUMBING,
    SETTINGS,
    tenancy,
    identity,
    people,
    customers,
    interactions,
    routing,
    mail,
    REALTIME,
)


def catalogue() -> frozenset[str]:
    """Return every permission that a role can give."""
    return frozenset(permission for feature in FEATURES for permission in feature.permissions)


def setting_registry() -> Registry:
    """Return every setting that a tenant can change."""
    return Registry([setting for feature in FEATURES for setting in feature.settings])

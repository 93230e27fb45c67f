"""What tenancy brings to the program."""

from intercanal.infra.feature import Feature
from intercanal.tenancy.endpoints import router

feature = Feature(name="tenancy", routers=(router,), permissions=("tenancy.read", "tenancy.manage"))

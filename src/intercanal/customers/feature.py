"""What customers brings to the program."""

from intercanal.customers.endpoints import router
from intercanal.infra.feature import Feature

feature = Feature(
    name="customers", routers=(router,), permissions=("customers.read", "customers.work", "customers.erase")
)

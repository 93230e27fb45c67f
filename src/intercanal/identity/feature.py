"""What identity brings to the program."""

from intercanal.identity.consumers import CONSUMERS
from intercanal.identity.endpoints import router
from intercanal.identity.jobs import JOBS
from intercanal.infra.feature import Feature

feature = Feature(
    name="identity",
    routers=(router,),
    permissions=("identity.manage", "identity.audit"),
    consumers=CONSUMERS,
    jobs=JOBS,
)

"""What routing brings to the program."""

from intercanal.infra.feature import Feature
from intercanal.routing import consumers, jobs
from intercanal.routing.endpoints import router
from intercanal.routing.live import component

feature = Feature(
    name="routing",
    routers=(router,),
    permissions=("routing.read", "routing.work", "routing.configure"),
    component=component,
    consumers=(consumers.hours,),
    jobs=(jobs.hours,),
)

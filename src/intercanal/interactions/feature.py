"""What interactions bring to the program."""

from intercanal.infra.feature import Feature
from intercanal.interactions.consumers import eraser, timeline
from intercanal.interactions.endpoints import router
from intercanal.interactions.live import component

feature = Feature(
    name="interactions",
    routers=(router,),
    permissions=(
        "interactions.read",
        "interactions.work",
        "interactions.supervise",
        "interactions.submit",
        "interactions.configure",
    ),
    component=component,
    consumers=(timeline, eraser),
)

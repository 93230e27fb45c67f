"""What mail brings to the program."""

from intercanal.infra.feature import Feature
from intercanal.mail.consumers import erasing, outgoing, resetting, timeline
from intercanal.mail.endpoints import router
from intercanal.mail.jobs import tidying
from intercanal.mail.live import component

feature = Feature(
    name="mail",
    routers=(router,),
    permissions=("mail.read", "mail.configure"),
    component=component,
    consumers=(outgoing, timeline, resetting, erasing),
    jobs=(tidying,),
)

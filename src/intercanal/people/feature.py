"""What people bring to the program."""

from intercanal.infra.feature import Feature
from intercanal.people.endpoints import router
from intercanal.people.live import component
from intercanal.people.settings import SHIFT_HOURS

feature = Feature(
    name="people",
    routers=(router,),
    permissions=("people.read", "people.configure", "people.issue_tokens"),
    settings=(SHIFT_HOURS,),
    component=component,
)

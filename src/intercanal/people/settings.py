"""What a tenant may choose about its people; nothing here can stand between an agent and a pause."""

from intercanal.infra.settings.model import Setting

SHIFT_HOURS = Setting(
    key="people.shift_hours",
    kind=int,
    default=12,
    words="After this many hours a shift ends by itself, and work still held by somebody away returns to its queue.",
    bounds=(1, 16),
)

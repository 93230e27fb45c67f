"""What settings tell: that one changed, by key; values are read where they are needed."""

from intercanal.kernel.ids import AgentId
from intercanal.kernel.live import Event


class SettingChanged(Event, frozen=True, tag="settings.changed"):
    """A setting has a new version, for the whole tenant or for one agent."""

    key: str
    agent_id: AgentId | None
    version: int

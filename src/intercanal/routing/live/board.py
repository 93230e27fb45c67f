"""The matcher of a domain with the offers that are open, derived from rows."""

from intercanal.routing.domain import Matcher


class Board:
    """What routing remembers beside its rows; refilled from them after a load."""

    def __init__(self) -> None:
        self.matcher = Matcher()
        self._by_agent: dict[str, str] = {}
        self._by_interaction: dict[str, str] = {}

    def offer_opened(self, offer_id: str, interaction_id: str, agent_id: str) -> None:
        """Note an open offer."""
        self._by_agent[agent_id] = offer_id
        self._by_interaction[interaction_id] = offer_id

    def offer_ended(self, interaction_id: str, agent_id: str) -> None:
        """Forget an offer that is open no more."""
        self._by_agent.pop(agent_id, None)
        self._by_interaction.pop(interaction_id, None)

    def offer_to(self, agent_id: str) -> str | None:
        """Return the open offer of an agent; there is at most one."""
        return self._by_agent.get(agent_id)

    def offer_of(self, interaction_id: str) -> str | None:
        """Return the open offer of an interaction; there is at most one."""
        return self._by_interaction.get(interaction_id)

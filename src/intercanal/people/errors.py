"""The refusals of people."""

from intercanal.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError


class UnknownAgentError(NotFoundError):
    """There is no such agent here."""

    def __init__(self) -> None:
        super().__init__("people.agent_not_found")


class UnknownTeamError(NotFoundError):
    """There is no such team here."""

    def __init__(self) -> None:
        super().__init__("people.team_not_found")


class UnknownSkillError(NotFoundError):
    """There is no such skill here."""

    def __init__(self) -> None:
        super().__init__("people.skill_not_found")


class NotAnAgentError(ForbiddenError):
    """The caller is known but is not an agent, so there is no presence of theirs."""

    def __init__(self) -> None:
        super().__init__("people.not_an_agent")


class EmailTakenError(ConflictError):
    """Another agent of the tenant has this address."""

    def __init__(self) -> None:
        super().__init__("people.email_taken")


class ChangedMeanwhileError(ConflictError):
    """Somebody else changed it since it was read."""

    def __init__(self) -> None:
        super().__init__("people.changed_meanwhile")


class UnknownReferenceError(InvalidError):
    """The settings name a skill, team, site or employer that does not exist."""

    def __init__(self, kind: str, ids: list[str]) -> None:
        super().__init__("people.unknown_reference", kind=kind, ids=ids)

"""Reading and changing settings: the effective value for an agent, and changes that always say why."""

from collections.abc import Sequence
from typing import Any, TypeVar

import structlog
from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from intercanal.infra.db.unit_of_work import Submit, UnitOfWork
from intercanal.infra.settings.events import SettingChanged
from intercanal.infra.settings.model import Setting
from intercanal.infra.settings.tables import WHOLE_TENANT, SettingValue
from intercanal.kernel.errors import InvalidError
from intercanal.kernel.ids import AgentId

ValueT = TypeVar("ValueT")

log = structlog.get_logger(__name__)


def _scope(agent_id: AgentId | None) -> str:
    return WHOLE_TENANT if agent_id is None else f"agent:{agent_id}"


def _newest(uow: UnitOfWork) -> Select[SettingValue]:
    return (
        select(SettingValue)
        .where(SettingValue.tenant_id == uow.tenant_id)
        .ext(distinct_on(SettingValue.key, SettingValue.scope))
        .order_by(SettingValue.key, SettingValue.scope, SettingValue.version.desc())
    )


async def effective(uow: UnitOfWork, setting: Setting[ValueT], for_agent: AgentId | None = None) -> ValueT:
    """Return the value that holds: the agent's own if there is one, else the tenant's, else the default."""
    scopes = [WHOLE_TENANT] if for_agent is None else [_scope(for_agent), WHOLE_TENANT]
    statement = _newest(uow).where(SettingValue.key == setting.key, SettingValue.scope.in_(scopes))
    found = {row.scope: row.value for row in await uow.session.scalars(statement)}
    for scope in scopes:
        if (raw := found.get(scope)) is not None:
            return _trusted(setting, raw)
    return setting.default


def _trusted(setting: Setting[ValueT], raw: object) -> ValueT:
    """Read a kept value; one that a newer program would no longer accept gives way to the default."""
    try:
        return setting.read(raw)
    except InvalidError as error:
        log.warning("settings.kept_value_refused", key=setting.key, code=error.code)
        return setting.default


async def put(
    uow: UnitOfWork, setting: Setting[Any], raw: object, *, reason: str, agent_id: AgentId | None = None
) -> SettingValue:
    """Give a setting a new value, or take it back with None; a change without a reason is refused."""
    if not reason.strip():
        raise InvalidError("settings.reason_missing", key=setting.key)
    value = None if raw is None else setting.read(raw)
    scope = _scope(agent_id)
    last = await _last(uow, setting.key, scope)
    row = SettingValue(
        tenant_id=uow.tenant_id,
        key=setting.key,
        scope=scope,
        version=1 if last is None else last.version + 1,
        value=None if raw is None else raw,
        author_id=uow.actor,
        at=uow.now,
        reason=reason.strip(),
    )
    uow.session.add(row)
    uow.appended.append(row)
    uow.publish(SettingChanged(key=setting.key, agent_id=agent_id, version=row.version))
    if setting.tell_live is not None and agent_id is None:
        uow.after_commit(Submit(setting.tell_live(setting.default if raw is None else value)))
    return row


async def _last(uow: UnitOfWork, key: str, scope: str) -> SettingValue | None:
    statement = _newest(uow).where(SettingValue.key == key, SettingValue.scope == scope)
    return (await uow.session.scalars(statement)).one_or_none()


async def newest_of_all(uow: UnitOfWork, agent_id: AgentId | None = None) -> dict[str, SettingValue]:
    """Return the newest kept value of each setting in one scope, by key."""
    statement = _newest(uow).where(SettingValue.scope == _scope(agent_id))
    return {row.key: row for row in await uow.session.scalars(statement)}


async def history(uow: UnitOfWork, setting: Setting[Any], agent_id: AgentId | None = None) -> Sequence[SettingValue]:
    """Return every value a setting had in one scope, the newest first."""
    statement = (
        select(SettingValue)
        .where(
            SettingValue.tenant_id == uow.tenant_id,
            SettingValue.key == setting.key,
            SettingValue.scope == _scope(agent_id),
        )
        .order_by(SettingValue.version.desc())
    )
    return (await uow.session.scalars(statement)).all()

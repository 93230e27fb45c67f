"""Settings over HTTP: what holds, what was before, and changes that say why."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Router, get, put

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.door import Door
from intercanal.infra.settings import service
from intercanal.infra.settings.model import Registry, Setting
from intercanal.infra.settings.tables import SettingValue

READ, CHANGE = "settings.read", "settings.change"


class SettingOut(msgspec.Struct, frozen=True):
    """A setting with the value that holds; `version` is 0 while nobody has changed it."""

    key: str
    value: Any
    default: Any
    choices: list[Any]
    low: Any | None
    high: Any | None
    version: int
    author_id: str | None
    at: datetime | None
    reason: str | None


class SettingHistory(msgspec.Struct, frozen=True):
    """One value a setting had; null where it was taken back to the default."""

    version: int
    value: Any | None
    author_id: str | None
    at: datetime
    reason: str


class SettingsPage(msgspec.Struct, frozen=True):
    """Every setting of the program, by key; there is always one page."""

    items: list[SettingOut]
    next_cursor: str | None = None


class HistoryPage(msgspec.Struct, frozen=True):
    """Every value a setting had, the newest first; there is always one page."""

    items: list[SettingHistory]
    next_cursor: str | None = None


class SettingChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new value, or null to go back to the default, and why."""

    value: Any
    reason: str = ""


def _out(setting: Setting[Any], row: SettingValue | None) -> SettingOut:
    low, high = setting.bounds or (None, None)
    held = row is not None and row.value is not None
    return SettingOut(
        key=setting.key,
        value=row.value if row is not None and held else msgspec.to_builtins(setting.default),
        default=msgspec.to_builtins(setting.default),
        choices=[msgspec.to_builtins(choice) for choice in setting.choices],
        low=low,
        high=high,
        version=row.version if row else 0,
        author_id=row.author_id if row else None,
        at=row.at if row else None,
        reason=row.reason if row else None,
    )


@get("/", opt={"permission": READ})
async def list_settings(door: Door, setting_registry: Registry) -> SettingsPage:
    """List every setting with the value that holds for the tenant."""

    async def use_case(uow: UnitOfWork) -> SettingsPage:
        rows = await service.newest_of_all(uow)
        return SettingsPage([_out(setting, rows.get(setting.key)) for setting in setting_registry])

    return await door.read(use_case)


@get("/{key:str}/history", opt={"permission": READ})
async def setting_history(door: Door, setting_registry: Registry, key: str) -> HistoryPage:
    """Tell every value a setting had, with author, date and reason."""
    setting = setting_registry[key]

    async def use_case(uow: UnitOfWork) -> HistoryPage:
        rows = await service.history(uow, setting)
        return HistoryPage([SettingHistory(row.version, row.value, row.author_id, row.at, row.reason) for row in rows])

    return await door.read(use_case)


@put("/{key:str}", opt={"permission": CHANGE})
async def change_setting(door: Door, setting_registry: Registry, key: str, data: SettingChange) -> SettingOut:
    """Give a setting a new value; without a reason it is refused."""
    setting = setting_registry[key]

    async def use_case(uow: UnitOfWork) -> SettingOut:
        row = await service.put(uow, setting, data.value, reason=data.reason)
        return _out(setting, row)

    return await door.write(use_case)


router = Router("/api/settings", tags=["settings"], route_handlers=[list_settings, setting_history, change_setting])

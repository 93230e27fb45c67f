"""What a setting is: a typed value with a default and bounds, declared by the feature that reads it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from intercanal.kernel.errors import InvalidError, NotFoundError
from intercanal.kernel.live import Command

ValueT = TypeVar("ValueT")


class Setting(msgspec.Struct, Generic[ValueT], frozen=True):
    """One value a tenant may change: `key` is `feature.name`, `words` one plain English sentence for the manual.

    `kind` is any type msgspec can read from JSON; `bounds` are inclusive and may be None on either side. `tell_live`
    makes the command by which the live core learns a new value of the tenant.
    """

    key: str
    kind: type[ValueT]
    default: ValueT
    words: str
    bounds: tuple[Any, Any] | None = None
    choices: tuple[ValueT, ...] = ()
    tell_live: Callable[[ValueT], Command] | None = None

    def read(self, raw: object) -> ValueT:
        """Bring a raw JSON value to the setting's type, inside its bounds; raises `InvalidError`."""
        try:
            value = msgspec.convert(raw, self.kind, strict=True)
        except msgspec.ValidationError as error:
            raise InvalidError("settings.wrong_type", key=self.key) from error
        self._check(value)
        return value

    def _check(self, value: Any) -> None:
        if self.choices and value not in self.choices:
            raise InvalidError("settings.not_a_choice", key=self.key, choices=list(self.choices))
        low, high = self.bounds or (None, None)
        if (low is not None and value < low) or (high is not None and value > high):
            raise InvalidError("settings.out_of_bounds", key=self.key, low=low, high=high)


class Registry:
    """Every setting of the program, by key; one declared twice, or a default out of bounds, fails at start."""

    def __init__(self, settings: Iterable[Setting[Any]]) -> None:
        self._settings: dict[str, Setting[Any]] = {}
        for setting in settings:
            if setting.key in self._settings:
                raise ValueError(f"setting {setting.key} is declared twice")
            setting.read(msgspec.to_builtins(setting.default))
            self._settings[setting.key] = setting

    def __iter__(self) -> Iterator[Setting[Any]]:
        return iter(sorted(self._settings.values(), key=lambda setting: setting.key))

    def __getitem__(self, key: str) -> Setting[Any]:
        if key not in self._settings:
            raise NotFoundError("settings.unknown", key=key)
        return self._settings[key]

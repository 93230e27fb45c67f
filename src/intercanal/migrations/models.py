"""Every table of the program in one metadata, for creating, comparing and walking them."""

import importlib
import pkgutil
import re

from sqlalchemy import Table
from sqlalchemy.schema import SchemaItem

import intercanal

_PARTITION = re.compile(r".*_(y\d{4}m\d{2}|rest)$")
_TABLE_MODULES = re.compile(r"intercanal\.(infra\.)?\w+\.(own_)?tables$")


def load_all_tables() -> None:
    """Import each feature's tables, so that the metadata is whole."""
    for package in pkgutil.iter_modules(intercanal.__path__, "intercanal."):
        if package.name in {"intercanal.apps", "intercanal.migrations"} or not package.ispkg:
            continue
        module = importlib.import_module(package.name)
        for found in pkgutil.walk_packages(module.__path__, package.name + "."):
            if _TABLE_MODULES.match(found.name):
                importlib.import_module(found.name)


def belongs(_item: SchemaItem, name: str | None, kind: str, _reflected: bool, _other: SchemaItem | None) -> bool:
    """Say whether a database object is described by the metadata: children of partitions are not."""
    table = _item if isinstance(_item, Table) else getattr(_item, "table", None)
    owner = name if kind == "table" else getattr(table, "name", None)
    return owner is None or _PARTITION.match(owner) is None

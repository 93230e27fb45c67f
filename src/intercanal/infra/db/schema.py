"""The compatibility number: which schema this program makes, and whether it may work on the one it finds."""

from sqlalchemy import text

from intercanal.infra.db.database import Database

SCHEMA_VERSION = 1
"""What the migrations of this program lead to; one more with each release that changes tables."""

SCHEMA_COMPAT = 1
"""The oldest program version that can still work on that schema."""


class SchemaTooNewError(RuntimeError):
    """The database was migrated by a newer program that says this one cannot work with it."""


class SchemaTooOldError(RuntimeError):
    """The database has not been migrated to what this program needs."""


def check_numbers(found_version: int, found_compat: int) -> None:
    """Refuse a schema that asks for a newer program than this one."""
    if found_compat > SCHEMA_VERSION:
        raise SchemaTooNewError(
            f"schema {found_version} needs a program of schema {found_compat} or later; this one is {SCHEMA_VERSION}"
        )


async def check_schema(database: Database) -> None:
    """Refuse to work on a database that is too new, or not yet migrated, for this program."""
    found = await database.lookup(text("SELECT version, compat FROM infra_schema"))
    if not found or found[0].version < SCHEMA_VERSION:
        raise SchemaTooOldError(f"the schema is older than {SCHEMA_VERSION}: migrate first")
    check_numbers(found[0].version, found[0].compat)

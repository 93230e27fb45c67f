"""What migrations are written with: the chain of files, and tables that are never without row security."""

from collections.abc import Iterable
from pathlib import Path

from alembic import op
from sqlalchemy import Table
from sqlalchemy.orm import DeclarativeBase

from intercanal.infra.db.roles import APP, JOURNAL, OWNER
from intercanal.infra.db.tables import Base
from intercanal.migrations.models import load_all_tables

AnyTable = Table | type[DeclarativeBase]

_REVISION = len("20261121_01")


def chain(file: str) -> tuple[str, str | None]:
    """Return a migration's revision and the one before it: files follow each other in the order of their names."""
    names = sorted(path.stem for path in Path(file).parent.glob("[0-9]*.py"))
    place = names.index(Path(file).stem)
    return names[place][:_REVISION], names[place - 1][:_REVISION] if place else None


def as_table(table: AnyTable) -> Table:
    """Return the table of a mapped class, or the table itself."""
    if isinstance(table, Table):
        return table
    found = table.__table__
    if not isinstance(found, Table):
        raise TypeError(f"{table.__name__} has no table of its own")
    return found


def _is_versioned(table: Table) -> bool:
    return [column.name for column in table.primary_key.columns] == ["tenant_id", "id", "version"]


def protect(table: AnyTable, app: str | None = None, tenant_column: str = "tenant_id") -> None:
    """Put a tenant table under forced row security and grant it to the doors.

    The doors may do what `app` says, else `info["app"]` of the table, else everything; nothing but adding and
    reading on a settings table, which is append-only.
    """
    made = as_table(table)
    default = "SELECT, INSERT" if _is_versioned(made) else "SELECT, INSERT, UPDATE, DELETE"
    grants = app or str(made.info.get("app", default))
    mine = f"{tenant_column} = nullif(current_setting('intercanal.tenant', true), '')::uuid"
    _force(made.name)
    op.execute(f"CREATE POLICY tenant ON {made.name} TO {APP} USING ({mine}) WITH CHECK ({mine})")
    op.execute(f"GRANT {grants} ON {made.name} TO {APP}")


def protect_live(table: AnyTable, app: str | None = None, journal: str | None = None) -> None:
    """Protect a live table: the journal writes every tenant's rows, the doors only read their own."""
    made = as_table(table)
    protect(made, app or str(made.info.get("app", "SELECT")))
    grants = journal or str(made.info.get("journal", "SELECT, INSERT, UPDATE"))
    op.execute(f"CREATE POLICY journal ON {made.name} TO {JOURNAL} USING (true) WITH CHECK (true)")
    op.execute(f"GRANT {grants} ON {made.name} TO {JOURNAL}")


def open_to_lookups(table: AnyTable, for_: str = "SELECT") -> None:
    """Let functions of the owner (SECURITY DEFINER, fixed search_path) see all tenants' rows of a table.

    For what must be found before the tenant is known: a credential, an address. Such a function answers ids only.
    """
    made = as_table(table)
    op.execute(f"CREATE POLICY lookups ON {made.name} FOR {for_} TO {OWNER} USING (true)")


def lookup_function(name: str, arguments: str, returns: str, body: str, roles: Iterable[str] = (APP,)) -> None:
    """Create a SQL function that looks across tenants, with a fixed search path, granted by name only."""
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}({arguments}) RETURNS {returns} LANGUAGE sql SECURITY DEFINER "
        f"SET search_path = pg_catalog, public, pg_temp AS $lookup$ {body} $lookup$"
    )
    op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {', '.join(roles)}")


def create_feature_tables(feature: str, tables: Iterable[AnyTable]) -> None:
    """Create a feature's tables straight from their declarations, each protected; for a first release only.

    Later migrations spell their changes out: what this creates follows the declarations of the day it runs.
    """
    load_all_tables()
    asked = {as_table(table) for table in tables}
    for table in asked:
        if not table.name.startswith(f"{feature}_"):
            raise ValueError(f"table {table.name} is not named after {feature}")
    for table in Base.metadata.sorted_tables:
        if table not in asked:
            continue
        table.create(op.get_bind())
        if table.info.get("live"):
            protect_live(table)
        elif "tenant_id" in table.columns:
            protect(table)


def make_partitions(table: AnyTable, months: int = 13) -> None:
    """Give a table partitioned by month its default partition, and those of this month and the next ones."""
    name = as_table(table).name
    op.execute(f"CREATE TABLE {name}_rest PARTITION OF {name} DEFAULT")
    _force(f"{name}_rest")
    op.execute(f"SELECT infra_make_partitions('{name}', {int(months)})")


def _force(name: str) -> None:
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")

"""The plumbing: outbox, idempotency, erasures, the schema's numbers, and the maker of monthly partitions."""

from alembic import op

from intercanal.infra.db.own_tables import Erasure, Idempotency, Outbox, Schema
from intercanal.infra.db.roles import APP, JOURNAL
from intercanal.infra.settings.tables import SettingValue
from intercanal.migrations.helpers import chain, create_feature_tables, lookup_function, open_to_lookups

revision, down_revision = chain(__file__)

# CREATE ... PARTITION OF would lock the parent against everybody; attaching a ready table does not.
_PARTITIONS = """
CREATE FUNCTION infra_make_partitions(parent text, months integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    first timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    start timestamp;
    child text;
    made integer := 0;
BEGIN
    PERFORM FROM pg_class WHERE oid = to_regclass('public.' || quote_ident(parent)) AND relkind = 'p';
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not partitioned', parent;
    END IF;
    FOR month IN 0 .. least(months, 60) - 1 LOOP
        start := first + make_interval(months => month);
        child := parent || to_char(start, '"_y"YYYY"m"MM');
        CONTINUE WHEN to_regclass('public.' || quote_ident(child)) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', child, parent);
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', child);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', child);
        EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', parent, child,
            start AT TIME ZONE 'UTC', (start + interval '1 month') AT TIME ZONE 'UTC');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$
"""


def upgrade() -> None:
    """Create the tables every part leans on."""
    create_feature_tables("infra", [Outbox, Idempotency, Erasure, Schema, SettingValue])
    op.execute(f"GRANT SELECT ON infra_schema TO {APP}, {JOURNAL}")
    open_to_lookups(Outbox)
    lookup_function(
        "infra_outbox_tenants", "", "TABLE (tenant_id uuid)",
        "SELECT DISTINCT tenant_id FROM infra_outbox WHERE refused IS NULL",
    )  # fmt: skip
    open_to_lookups(Idempotency, "ALL")
    lookup_function(
        "infra_purge_idempotency", "before timestamptz", "bigint",
        "WITH gone AS (DELETE FROM infra_idempotency WHERE expires_at < before RETURNING 1) SELECT count(*) FROM gone",
    )  # fmt: skip
    op.execute(_PARTITIONS)
    op.execute("REVOKE ALL ON FUNCTION infra_make_partitions FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION infra_make_partitions TO {APP}, {JOURNAL}")

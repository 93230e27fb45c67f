"""Customers, their identities and merges, and the search that row security cannot slow down."""

from alembic import op

from intercanal.customers.tables import Alias, Customer, Identity, Search
from intercanal.infra.db.roles import APP
from intercanal.migrations.helpers import as_table, chain, create_feature_tables, open_to_lookups

revision, down_revision = chain(__file__)

# Run with the rights of whoever asks, so that row security holds for the doors.
_ROOT = """
CREATE FUNCTION customers_root(asked_tenant uuid, asked uuid) RETURNS uuid LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE chain (id, depth) AS (
        SELECT asked, 0
        UNION ALL
        SELECT a.into_id, chain.depth + 1
        FROM chain JOIN customers_aliases a
          ON a.tenant_id = asked_tenant AND a.customer_id = chain.id AND a.undone_at IS NULL
        WHERE chain.depth < 1000
    )
    SELECT id FROM chain ORDER BY depth DESC LIMIT 1
$$
"""
_MEMBERS = """
CREATE FUNCTION customers_members(asked_tenant uuid, roots uuid[]) RETURNS TABLE (root_id uuid, id uuid)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE tree (root_id, id) AS (
        SELECT r, r FROM unnest(roots) AS r
        UNION
        SELECT tree.root_id, a.customer_id
        FROM tree JOIN customers_aliases a
          ON a.tenant_id = asked_tenant AND a.into_id = tree.id AND a.undone_at IS NULL
    )
    SELECT tree.root_id, tree.id FROM tree
$$
"""

# The row is taken before its words are read again: of two changes at once, the later one sees both.
_REINDEX = """
CREATE FUNCTION customers_reindex(asked_tenant uuid, asked uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    root uuid := customers_root(asked_tenant, asked);
    told text;
BEGIN
    IF root <> asked THEN
        DELETE FROM customers_search s WHERE s.tenant_id = asked_tenant AND s.customer_id = asked;
    END IF;
    INSERT INTO customers_search AS s (tenant_id, customer_id, words) VALUES (asked_tenant, root, '')
    ON CONFLICT (tenant_id, customer_id) DO UPDATE SET words = s.words;
    SELECT string_agg(part.words, ' ' ORDER BY part.place, part.words) INTO told FROM (
        SELECT 0 AS place, c.name AS words
        FROM customers_members(asked_tenant, ARRAY[root]) m
        JOIN customers_customers c ON c.tenant_id = asked_tenant AND c.id = m.id
        UNION ALL
        SELECT 1, i.value
        FROM customers_members(asked_tenant, ARRAY[root]) m
        JOIN customers_identities i ON i.tenant_id = asked_tenant AND i.customer_id = m.id
    ) AS part WHERE part.words <> '';
    IF told IS NULL THEN
        DELETE FROM customers_search s WHERE s.tenant_id = asked_tenant AND s.customer_id = root;
    ELSE
        UPDATE customers_search s SET words = ' ' || lower(unaccent(told))
        WHERE s.tenant_id = asked_tenant AND s.customer_id = root;
    END IF;
END $$
"""
_CUSTOMER_CHANGED = """
CREATE FUNCTION customers_customer_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM customers_reindex(NEW.tenant_id, NEW.id);
    RETURN NULL;
END $$
"""
_IDENTITY_CHANGED = """
CREATE FUNCTION customers_identity_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM customers_reindex(NEW.tenant_id, NEW.customer_id);
    RETURN NULL;
END $$
"""
_ALIAS_CHANGED = """
CREATE FUNCTION customers_alias_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM customers_reindex(NEW.tenant_id, NEW.customer_id);
    PERFORM customers_reindex(NEW.tenant_id, NEW.into_id);
    RETURN NULL;
END $$
"""
_TRIGGERS = (
    ("customers_customers", "INSERT OR UPDATE OF name", "customers_customer_changed"),
    ("customers_identities", "INSERT OR UPDATE OF value, customer_id", "customers_identity_changed"),
    ("customers_aliases", "INSERT OR UPDATE OF undone_at", "customers_alias_changed"),
)

# Each word must occur, a short one at the beginning of a word; whose name begins with what was asked comes first. When
# nobody fits, one page of words that resemble will do: measuring likeness is too slow to sort all of them. A number
# that resembles is somebody else's.
_FIND = r"""
CREATE FUNCTION customers_find(asked_tenant uuid, asked text, after_rank integer, after_id uuid, size integer)
RETURNS TABLE (customer_id uuid, rank integer) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    needle text := lower(unaccent(btrim(asked)));
    patterns text[];
BEGIN
    IF asked_tenant IS DISTINCT FROM nullif(current_setting('intercanal.tenant', true), '')::uuid THEN
        RETURN;
    END IF;
    SELECT array_agg(
        CASE WHEN length(term) < 3 THEN '% ' ELSE '%' END
        || replace(replace(replace(term, '\', '\\'), '%', '\%'), '_', '\_') || '%'
        ORDER BY length(term) DESC, term
    ) INTO patterns FROM (SELECT DISTINCT t FROM regexp_split_to_table(needle, '\s+') AS t) AS split (term)
    WHERE term <> '';
    IF patterns IS NULL THEN
        RETURN;
    END IF;
    IF after_rank IS NOT NULL OR EXISTS (
        SELECT FROM customers_search s
        WHERE s.tenant_id = asked_tenant AND s.words LIKE patterns[1] AND s.words LIKE ALL (patterns)
    ) THEN
        RETURN QUERY
        SELECT ranked.customer_id, ranked.rank FROM (
            SELECT s.customer_id,
                   CASE WHEN starts_with(s.words, ' ' || needle) THEN 3
                        WHEN strpos(s.words, ' ' || needle) > 0 THEN 2 ELSE 1 END AS rank
            FROM customers_search s
            WHERE s.tenant_id = asked_tenant AND s.words LIKE patterns[1] AND s.words LIKE ALL (patterns)
        ) AS ranked
        WHERE after_rank IS NULL OR ranked.rank < after_rank
           OR (ranked.rank = after_rank AND ranked.customer_id > after_id)
        ORDER BY ranked.rank DESC, ranked.customer_id
        LIMIT size;
    ELSIF length(needle) > 3 AND needle ~ '[[:alpha:]]' THEN
        RETURN QUERY
        SELECT near.customer_id, 0 FROM (
            SELECT s.customer_id, s.words FROM customers_search s
            WHERE s.tenant_id = asked_tenant AND needle <% s.words
            LIMIT 1000
        ) AS near
        ORDER BY word_similarity(needle, near.words) DESC, near.customer_id
        LIMIT size;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the tables, the functions that read merges, and the search with what keeps it true."""
    create_feature_tables("customers", [Customer, Identity, Alias])
    _create_search_table()
    for table in (Customer, Identity, Alias):
        open_to_lookups(table)
    for function in (_ROOT, _MEMBERS, _REINDEX, _CUSTOMER_CHANGED, _IDENTITY_CHANGED, _ALIAS_CHANGED, _FIND):
        op.execute(function)
    for table_name, moments, function_name in _TRIGGERS:
        op.execute(
            f"CREATE TRIGGER customers_words AFTER {moments} ON {table_name} "
            f"FOR EACH ROW EXECUTE FUNCTION {function_name}()"
        )
    for name in ("customers_reindex", "customers_customer_changed", "customers_identity_changed"):
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    op.execute("REVOKE ALL ON FUNCTION customers_alias_changed FROM PUBLIC")
    for name in ("customers_root", "customers_members", "customers_find"):
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {APP}")


def _create_search_table() -> None:
    # No grant and no tenant policy: the owner's function alone reads it, under a policy that is always true, because
    # any other would keep LIKE and similarity from the trigram index.
    as_table(Search).create(op.get_bind())
    op.execute("ALTER TABLE customers_search ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE customers_search FORCE ROW LEVEL SECURITY")
    open_to_lookups(Search, "ALL")

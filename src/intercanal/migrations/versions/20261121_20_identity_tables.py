"""Identity: users, roles, sessions, tokens, tickets, resets, and the audit that is only added to."""

from alembic import op

from intercanal.identity import tables
from intercanal.infra.db.roles import APP, OWNER
from intercanal.migrations.helpers import chain, create_feature_tables

revision, down_revision = chain(__file__)

# The doors may not delete a waiting line: this function takes away those alone that already stand in the chain.
_DROP_CHAINED = """
CREATE FUNCTION identity_audit_drop_chained() RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM identity_audit_pending AS waiting USING identity_audit AS line
    WHERE waiting.tenant_id = nullif(current_setting('intercanal.tenant', true), '')::uuid
      AND line.tenant_id = waiting.tenant_id AND line.id = waiting.id
$$
"""
_MINE = "tenant_id = nullif(current_setting('intercanal.tenant', true), '')::uuid"


def upgrade() -> None:
    """Create the tables of identity and the chainer's one function."""
    create_feature_tables(
        "identity",
        [
            tables.User, tables.Role, tables.Session, tables.AccessToken, tables.Ticket, tables.Reset,
            tables.ResetMail, tables.AuditPending, tables.AuditLine,
        ],
    )  # fmt: skip
    for table in ("identity_audit_pending", "identity_audit"):
        op.execute(f"CREATE POLICY chainer ON {table} TO {OWNER} USING ({_MINE})")
    op.execute(_DROP_CHAINED)
    op.execute("REVOKE ALL ON FUNCTION identity_audit_drop_chained FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION identity_audit_drop_chained TO {APP}")

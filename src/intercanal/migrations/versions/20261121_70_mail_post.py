"""Mailboxes and their addresses, what mails say of themselves, the diary of sending, and the queue of answers."""

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel
from sqlalchemy.util import await_only

from intercanal.infra.db.roles import APP
from intercanal.mail.tables import MAIL_ROWS, OUTGOING_ROWS, Mailbox, MailHeaders, OwnedMailAddress, Sending
from intercanal.migrations.helpers import chain, create_feature_tables, lookup_function, open_to_lookups

revision, down_revision = chain(__file__)

# Jobs name a tenant and a message and hold nothing else; they have a schema of their own, outside the tenants' tables.
_JOBS = DBSettings(db_schema="mail_jobs", channel=Channel("mail_jobs"))


def upgrade() -> None:
    """Create the tables, and the questions that are asked across tenants: whose an address is, which answers wait."""
    create_feature_tables("mail", [Mailbox, OwnedMailAddress, MailHeaders, Sending, MAIL_ROWS, OUTGOING_ROWS])
    open_to_lookups(OwnedMailAddress)
    lookup_function(
        "mail_address_owner", "asked text", "TABLE (tenant_id uuid, mailbox_id uuid)",
        "SELECT a.tenant_id, a.mailbox_id FROM mail_addresses a WHERE a.address = asked",
    )  # fmt: skip
    open_to_lookups(OUTGOING_ROWS)
    lookup_function(
        "mail_outgoing_waiting", "", "TABLE (tenant_id uuid, message_id uuid)",
        "SELECT o.tenant_id, o.id FROM mail_outgoing o WHERE o.state = 'waiting' ORDER BY o.queued_at, o.id",
    )  # fmt: skip
    _create_queue()


def _create_queue() -> None:
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("a migration needs a connection")
    # many statements at once, which the driver runs only when they are not prepared
    await_only(connection.execute(QueryBuilderEnvironment(_JOBS).build_install_query()))
    op.execute(f"GRANT USAGE ON SCHEMA mail_jobs TO {APP}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA mail_jobs TO {APP}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA mail_jobs TO {APP}")

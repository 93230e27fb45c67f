"""${message}."""

from alembic import op

from intercanal.migrations.helpers import chain

revision, down_revision = chain(__file__)


def upgrade() -> None:
    """${message}."""
    ${upgrades if upgrades else "op.execute('')"}

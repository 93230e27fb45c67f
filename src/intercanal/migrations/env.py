"""How Alembic runs our migrations: on a connection handed over by `run`, one transaction each."""

from alembic import context

from intercanal.infra.db.tables import Base
from intercanal.migrations.models import belongs

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_object=belongs,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()

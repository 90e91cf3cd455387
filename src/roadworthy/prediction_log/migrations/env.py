"""Alembic's entry to the migrations: the connection and its transaction are those of `schema.prepare`."""

from __future__ import annotations

from alembic import context


def migrate() -> None:
    """Run the migrations on the connection that was handed over."""
    from roadworthy.prediction_log.schema import VERSION_TABLE

    context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
    with context.begin_transaction():
        context.run_migrations()


# The name under which Alembic runs this file; whoever else imports it only looks at it.
if __name__ == "env_py":
    migrate()

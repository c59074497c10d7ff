"""The migrations and the tables say the same."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from erpsync.ledger import session
from erpsync.ledger.schema import metadata


def test_migrations_from_empty_give_exactly_the_tables_that_the_code_declares(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert session.current_revision(database) == session.newest_revision() != ""

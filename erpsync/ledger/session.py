"""The way to PostgreSQL: an engine whose waits are all bounded, and the schema brought up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# A store gives up on a webhook after 5 s (https://shopify.dev/docs/apps/build/webhooks): the answer must come before.
CONNECT_SECONDS = 2
POOL_WAIT_SECONDS = 2
STATEMENT_MILLISECONDS = 30_000
# SQLSTATEs, or how they begin: connection exceptions, an intervention of its operator, too many connections.
_AWAY = ("08", "57P", "53300")


def open_engine(url: str, *, pool_size: int = 5, statement_milliseconds: int = STATEMENT_MILLISECONDS) -> Engine:
    """An engine on `url`. A server that is gone is noticed at once and one that hangs within seconds, never silently.

    Each process needs its own: connections do not survive a fork.
    """
    options = (
        f"-c statement_timeout={statement_milliseconds} -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
    )
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # they hold orders and customers, and errors reach logs
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": options,
            "application_name": "erpsync",
            "keepalives_idle": 30,
            "tcp_user_timeout": 10_000,
        },
    )


def is_unreachable(error: Exception) -> bool:
    """Whether PostgreSQL could not be reached, broke off, or takes nobody in: it says nothing of what it was asked."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None) or ""
    # Before a session begins there is none: https://www.postgresql.org/docs/current/errcodes-appendix.html
    return isinstance(error, OperationalError) and (not state or state.startswith(_AWAY))


def upgrade(engine: Engine) -> str:
    """Brings the schema to the newest revision, which it returns. Safe to run from several machines at once."""
    with engine.begin() as connection:
        # Two machines that start together must not both create the tables.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('erpsync.migrations'))")
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return newest_revision()


def newest_revision() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return head or ""


def current_revision(engine: Engine) -> str:
    """The schema's revision, empty where there is none."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config

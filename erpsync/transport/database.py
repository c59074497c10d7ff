"""Another party's database: bounded waits, transactions that read or write, and what goes wrong as domain errors.

Drivers: psycopg for PostgreSQL; PyMySQL for MySQL and MariaDB, which the extra `mysql` installs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, func, make_url, select
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SQLAlchemyError

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Transient, Unavailable

CONNECT_SECONDS = 5
# A connection that a firewall has forgotten meanwhile is not worth the wait.
_RECYCLE_SECONDS = 900
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
# SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html) and MySQL's own numbers
# (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html).
_BUSY = frozenset({"40001", "40P01", "55P03", "57014", "1205", "1213", "1317", "3024"})
_NO_LOGIN = frozenset({"28000", "28P01", "3D000", "1044", "1045", "1049"})
_NO_RIGHT = frozenset({"42501", "25006", "1142", "1143", "1227", "1290", "1792", "1836"})
_NO_NAME = frozenset({"42P01", "42703", "3F000", "1146", "1054"})
_RULE = frozenset({"1048", "1062", "1364", "1451", "1452", "3819", "4025"})
_BAD_VALUE = frozenset({"1264", "1265", "1292", "1366", "1406"})


class Database:
    """One remote database. Connects when first used; for one thread of one process."""

    def __init__(self, system: str, url: str, *, statement_seconds: float) -> None:
        self._system = system
        self._url = make_url(url)
        self._seconds = statement_seconds
        self._opened: Engine | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and cannot change it. Raises domain errors."""
        with self._connected() as connection:
            if self._is_mysql:
                # Repeatable read is the default there (https://dev.mysql.com/doc/refman/8.4/en/set-transaction.html).
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection
            connection.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block. Raises domain errors: OutcomeUnknown where the answer
        to the commit was lost; after any other nothing was changed."""
        with self._connected() as connection:
            yield connection
            try:
                connection.commit()
            except SQLAlchemyError as error:
                raise self._failure(error, committing=True) from None

    def table(self, name: str) -> Table:
        """The table as the database has it; "shop.orders" is one of another schema. Raises domain errors."""
        schema, _, plain = name.rpartition(".")
        try:
            with self._connected() as connection:
                return Table(plain, MetaData(), schema=schema or None, autoload_with=connection, resolve_fks=False)
        except NoSuchTableError:
            raise self._unusable(
                "no-such-table",
                f"The database has no table {name} that this user may see",
                "Correct the name in the settings, or grant the user its use",
            ) from None

    def now(self, connection: Connection) -> datetime:
        """The database's own clock."""
        told = connection.execute(select(func.utc_timestamp(6) if self._is_mysql else func.now())).scalar_one()
        found: datetime = told
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def close(self) -> None:
        """Gives the connection back. Used again, it is opened again."""
        if self._opened is not None:
            self._opened.dispose()

    @property
    def _is_mysql(self) -> bool:
        return self._url.get_backend_name() in ("mysql", "mariadb")

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._engine().connect() as connection:
                yield connection
        except NoSuchTableError:
            raise
        except SQLAlchemyError as error:
            # Never chained: the database's own words may quote a row.
            raise self._failure(error, committing=False) from None

    def _engine(self) -> Engine:
        if self._opened is None:
            try:
                self._opened = create_engine(
                    self._url.set(drivername=_DRIVERS[self._url.get_backend_name()]),
                    pool_size=1,
                    max_overflow=1,  # a table may be looked up within a transaction
                    pool_timeout=CONNECT_SECONDS,
                    pool_pre_ping=True,
                    pool_recycle=_RECYCLE_SECONDS,
                    hide_parameters=True,  # they hold orders and customers
                    connect_args=self._mysql_arguments() if self._is_mysql else self._postgres_arguments(),
                )
            except ModuleNotFoundError as error:
                raise Unavailable(
                    "driver-missing",
                    system=self._system,
                    what=f"The database's driver {error.name} is not installed.",
                    next_step="Install it with `pip install erpsync[mysql]` and restart; waiting records then go on by"
                    " themselves.",
                ) from None
        return self._opened

    def _postgres_arguments(self) -> dict[str, object]:
        milliseconds = int(self._seconds * 1000)
        options = (
            f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} -c timezone=UTC"
            f" -c idle_in_transaction_session_timeout={2 * milliseconds}"
        )
        return {
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "erpsync",
            "options": options,
            "tcp_user_timeout": milliseconds + 5_000,
        }

    def _mysql_arguments(self) -> dict[str, object]:
        seconds = max(int(self._seconds), 1)
        return {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": seconds + 5,
            "write_timeout": seconds + 5,
            "charset": "utf8mb4",
            "init_command": f"SET time_zone = '+00:00', innodb_lock_wait_timeout = {seconds}",
        }

    def _failure(self, error: SQLAlchemyError, *, committing: bool) -> SyncError:
        code = _code(error)
        if code in _BUSY:
            return Transient(
                "database-busy", system=self._system, what=f"The database was too busy with other work ({code})."
            )
        if code in _NO_LOGIN or (not code and _is_refused_login(error)):
            return Unavailable(
                "credentials-refused",
                system=self._system,
                what=f"The database lets nobody in with these credentials ({code or 'login refused'}).",
                next_step="Check user, password and the database's name in `database`, and restart; waiting records then"
                " go on by themselves.",
            )
        if code in _NO_RIGHT:
            return self._unusable(
                "not-permitted", f"The database does not permit it ({code})", "Grant the user the right"
            )
        if code in _NO_NAME:
            return self._unusable(
                "no-such-column", f"A table or column is gone ({code})", "Correct the names in the settings"
            )
        if code in _RULE or code.startswith("23"):
            return self._rejected(
                "constraint",
                f"A rule of the database refuses the row ({code})",
                "Compare the row with the table's rules",
            )
        if code.startswith("22") or code in _BAD_VALUE:
            return self._rejected(
                "value-refused",
                f"A column does not take the value ({code})",
                "Compare it with the column's type and size",
            )
        if committing:
            return OutcomeUnknown(
                "reply-lost", system=self._system, what="The database's answer to the commit never came."
            )
        if isinstance(error, DBAPIError) and (
            error.connection_invalidated or not code or code[:2] in ("08", "53", "57")
        ):
            return Unavailable("unreachable", system=self._system, what="The database cannot be reached, or broke off.")
        return Transient("database-error", system=self._system, what=f"The database failed ({code or 'no code'}).")

    def _unusable(self, code: str, what: str, step: str) -> Unavailable:
        """What concerns every row alike: they wait until it is mended."""
        next_step = (
            f"{step}, and restart; waiting records then go on by themselves. `erpsync doctor` names what is wrong."
        )
        return Unavailable(code, system=self._system, what=f"{what}.", next_step=next_step)

    def _rejected(self, code: str, what: str, step: str) -> Rejected:
        next_step = f"{step}; correct one of them, then replay."
        return Rejected(code, system=self._system, what=f"{what}.", next_step=next_step)


def _code(error: SQLAlchemyError) -> str:
    """PostgreSQL's SQLSTATE or MySQL's number; empty where the driver itself failed."""
    original = error.orig if isinstance(error, DBAPIError) else None
    first = original.args[0] if original is not None and original.args else None
    # Before the SQLSTATE, which newer releases of PyMySQL tell too, and which is mostly the general HY000. The numbers
    # from 2000 to 2999 are the client's own: the connection.
    if isinstance(first, int):
        return "" if 2000 <= first < 3000 else str(first)
    return str(getattr(original, "sqlstate", None) or "")


def _is_refused_login(error: SQLAlchemyError) -> bool:
    """libpq gives no SQLSTATE before a session begins, but what the server itself said begins with its severity."""
    return isinstance(error, DBAPIError) and "FATAL:" in str(error.orig)

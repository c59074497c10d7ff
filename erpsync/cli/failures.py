"""What a person can cause, as a sentence and an exit code. Everything else is a bug and keeps its trace."""

from enum import IntEnum

from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from erpsync.cli import ledger
from erpsync.domain.errors import ConfigurationError, SyncError
from erpsync.engine.operations import NotPossible
from erpsync.servers.errors import ServerError


class ExitCode(IntEnum):
    OK = 0
    NOT_WELL = 1
    """What was looked at is not well, or what was asked for is not possible."""
    WRONG_USAGE = 2
    """The command line or the configuration is wrong."""
    NO_DATABASE = 3
    """PostgreSQL cannot be reached."""


class WrongUsage(Exception):
    """The command line asks for something that it cannot mean; the text says what to write instead."""


EXPECTED = (WrongUsage, ConfigurationError, NotPossible, ServerError, SyncError, DBAPIError, PoolTimeout)

_CHECK_DATABASE = "Check that it runs and that ERPSYNC_DATABASE_URL is right; `erpsync doctor` tells more."
_SCHEMA = "The database has no tables of this version of erpsync. Run `erpsync db upgrade`."
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE = {
    "42P01": _SCHEMA,
    "42703": _SCHEMA,
    "42501": "PostgreSQL does not let this user do that. Grant it the rights on the database and its schema.",
    "25006": "This PostgreSQL takes no changes (a standby?). Point ERPSYNC_DATABASE_URL at the primary.",
}


def explain(error: Exception) -> tuple[ExitCode, str] | None:
    """The exit code and the sentence; None for what no person at a terminal has caused."""
    if isinstance(error, ConfigurationError):
        return ExitCode.WRONG_USAGE, _configuration(error)
    if isinstance(error, WrongUsage):
        return ExitCode.WRONG_USAGE, str(error)
    if isinstance(error, (NotPossible, ServerError, SyncError)):
        return ExitCode.NOT_WELL, str(error)
    # A ProgrammingError without a code is the driver's, on an address with options that it does not know.
    sqlstate = ledger.sqlstate(error)
    if isinstance(error, (OperationalError, PoolTimeout)) or (isinstance(error, ProgrammingError) and not sqlstate):
        return ExitCode.NO_DATABASE, f"{ledger.unreachable(error)} {_CHECK_DATABASE}"
    sentence = _BY_STATE.get(sqlstate)
    return None if sentence is None else (ExitCode.NOT_WELL, sentence)


def _configuration(error: ConfigurationError) -> str:
    if len(error.problems) == 1:
        return error.problems[0]
    return "\n".join(
        [f"The configuration has {len(error.problems)} problems:", *(f"- {one}" for one in error.problems)]
    )

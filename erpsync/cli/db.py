"""`erpsync db`: the ledger's schema."""

from alembic.util.exc import CommandError

from erpsync.cli import ledger, output
from erpsync.cli.failures import ExitCode
from erpsync.cli.group import Group
from erpsync.cli.output import AsJson
from erpsync.engine.operations import NotPossible
from erpsync.ledger import session


def upgrade() -> None:
    """Bring the tables to this version.

    Changes nothing where they are. Safe to run from several machines at once.

    \b
    Example:
      erpsync db upgrade
    """
    with ledger.opened() as assembly:
        before = session.current_revision(assembly.database)
        try:
            after = session.upgrade(assembly.database)
        except CommandError as error:
            raise NotPossible(
                f"The database's schema is at revision {before}, which this version of erpsync does not know:"
                f" a newer one made it. Upgrade erpsync; the newest revision here is {session.newest_revision()}."
            ) from error
    came = "" if before == after else f" (it was {f'at {before}' if before else 'empty'})"
    output.line(f"The schema is at revision {after}, the newest{came}.")


def status(as_json: AsJson = False) -> None:
    """Show the schema's revision. Exit code 1 where it is not this version's.

    \b
    Examples:
      erpsync db status
      erpsync db status --json
    """
    with ledger.opened() as assembly:
        revision = session.current_revision(assembly.database)
    newest = session.newest_revision()
    if as_json:
        output.document({"revision": revision, "newest": newest, "current": revision == newest})
    elif revision == newest:
        output.line(f"The schema is at revision {revision}, the newest.")
    else:
        output.line(f"The schema is {f'at revision {revision}' if revision else 'empty'}; the newest is {newest}.")
        output.line("Next: run `erpsync db upgrade`.")
    if revision != newest:
        raise SystemExit(ExitCode.NOT_WELL)


GROUP = Group(
    "db",
    """Keep the ledger's tables up to date.

    \b
    Example:
      erpsync db upgrade
    """,
    {"upgrade": upgrade, "status": status},
)

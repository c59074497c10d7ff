"""Whether messages get through: the broker itself, and the workers behind it."""

from kombu.connection import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from erpsync.ports.checks import Check
from erpsync.tasks.app import app

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 2.0
# A worker on a busy machine may take longer than its first question lasts.
_QUESTIONS = 2
_AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
_UNREADABLE = Check(
    "reachable",
    ok=False,
    detail="The broker's address cannot be read.",
    next_step="Write it as redis://:PASSWORD@host:6379/0 into ERPSYNC_REDIS_URL (or amqp://user:PASSWORD@host// into"
    " ERPSYNC_BROKER_URL); in the password, write @ as %40, / as %2F, # as %23 and % as %25.",
)


def check(url: str) -> Check:
    """Whether the broker at `url` answers and lets us in: some 5 s at most. Raises nothing that a broker can cause.

    Of the address, only host and port are ever shown; of one that cannot be read nothing, for any part of it may be
    a piece of the password.
    """
    options = {"socket_timeout": CONNECT_SECONDS, "socket_connect_timeout": CONNECT_SECONDS}
    if "://" not in url:
        return _UNREADABLE
    try:
        connection = Connection(  # type: ignore[no-untyped-call]
            url,
            connect_timeout=CONNECT_SECONDS,
            transport_options=options if url.startswith("redis") else {},
        )
        where, password = f"{connection.hostname}:{connection.port}", str(connection.password or "")
        if "@" in str(connection.virtual_host):
            return _UNREADABLE
        with connection:
            connection.ensure_connection(**_AT_ONCE)  # type: ignore[no-untyped-call]
    except (KeyError, ValueError):
        return _UNREADABLE
    except (OperationalError, RedisError, OSError) as error:
        return Check(
            "reachable",
            ok=False,
            detail=f"The broker at {where} cannot be used: {_words(error, password)}",
            next_step="Start it, or correct ERPSYNC_REDIS_URL (ERPSYNC_BROKER_URL where that is set). Until then work"
            " is found by the workers' own sweep, only later.",
        )
    return Check("reachable", ok=True, detail=f"The broker at {where} answers.")


def check_workers() -> Check:
    """Whether a worker answers one of a few questions. Ask only where `check` is well: the broker carries them."""
    try:
        answers = next(filter(None, (_answers() for _ in range(_QUESTIONS))), {})
    except (OperationalError, RedisError, OSError) as error:
        answers, why = {}, f" ({type(error).__name__})"
    else:
        why = ""
    if not answers:
        return Check(
            "answering",
            ok=False,
            detail=f"No worker answered within {_QUESTIONS * ANSWER_SECONDS:.0f} s{why}: nothing is synced.",
            next_step="Start them with `erpsync up`, or see in a worker's log why it stopped.",
        )
    names = ", ".join(sorted(answers))
    return Check("answering", ok=True, detail=f"{len(answers)} worker{'s' * (len(answers) > 1)} answered: {names}.")


def _answers() -> dict[str, object]:
    """By worker. A beat with remote control answers too, and syncs nothing."""
    answers = app.control.inspect(timeout=ANSWER_SECONDS).ping() or {}
    return {name: answer for name, answer in answers.items() if not name.startswith("celerybeat@")}


def _words(error: BaseException, password: str) -> str:
    """What the driver says, in one line, without the password should it ever say that."""
    words = " ".join(str(error).split()) or type(error).__name__
    words = words.replace(password, "***") if password else words
    return words if words.endswith(".") else f"{words}."

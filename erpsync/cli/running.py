"""Where `erpsync up` runs on this machine, its servers are those of every other command in the same folder too."""

import os
import signal

from erpsync import config
from erpsync.servers import addresses
from erpsync.servers.addresses import Addresses
from erpsync.servers.launcher import Servers


def adopt_addresses() -> None:
    """Takes over, for this process, the addresses that no variable gives."""
    found = addresses.find(config.home()).addresses
    running = {"ERPSYNC_DATABASE_URL": found.database_url, "ERPSYNC_REDIS_URL": found.redis_url}
    given = dict(zip(running, config.given_urls(), strict=True))
    config.adopt({variable: url for variable, url in running.items() if url and not given[variable]})


def no_database() -> str:
    """What to say where there is no address, neither given nor taken over."""
    # Where it runs and was given a PostgreSQL, it has to be given here as well.
    why = addresses.find(config.home()).why_not or f"the `erpsync up` on {config.home()} was given its PostgreSQL"
    return f"ERPSYNC_DATABASE_URL is not set, and {why}."


def addresses_of(servers: Servers) -> Addresses:
    """Those of the servers that were started here, and not given."""
    return Addresses(
        servers.database_url if servers.postgres is not None else "",
        servers.redis_url if servers.redis is not None else "",
    )


def how_to_stop() -> str:
    """What ends this process. One that a shell started in the background does not hear Ctrl-C."""
    return f"kill {os.getpid()}" if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else "Ctrl-C"

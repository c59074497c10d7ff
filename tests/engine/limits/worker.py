"""A worker process, as far as a limit knows it: with its own adapter and its own way to Redis.

Run by the tests: worker.py REDIS CONNECTION hold SECONDS
                  worker.py REDIS CONNECTION ping SYSTEM SETTINGS FOLDER CALLS
`hold` takes a permit of a connection with one slot whose requests take that long, and says so. `ping` says that it is
ready, waits for a line, pings until it was answered so often, and says how often the remote itself throttled.
"""

import json
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from erpsync.domain.errors import Paced, Throttled
from erpsync.domain.ids import ConnectionName
from erpsync.engine.limits.limiter import ConnectionLimiter
from erpsync.engine.limits.shared import SharedBuckets
from erpsync.ports.limits import Allowance, Limiter
from erpsync.ports.runtime import Tools
from erpsync.systems import registry


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def limiter_at(redis_url: str, connection: str, allowance: Allowance) -> Limiter:
    buckets = SharedBuckets(redis_url, socket_seconds=60.0)
    return ConnectionLimiter(connection, "shop", allowance, buckets, time.sleep, secrets.token_urlsafe)


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def hold(redis_url: str, connection: str, seconds: str) -> None:
    with limiter_at(redis_url, connection, Allowance(slots=1, longest_seconds=float(seconds))).permit():
        say("held")
        time.sleep(600)


def ping(redis_url: str, connection: str, system: str, values: str, folder: str, calls: str) -> None:
    spec = registry.spec(system)
    settings = spec.settings.model_validate(json.loads(values))
    limiter = limiter_at(redis_url, connection, spec.allowance(settings))
    tools = Tools(RealClock(), lambda: secrets.token_urlsafe(24), Path(folder), limiter=limiter)
    opened = spec.open_store or spec.open_erp
    assert opened is not None
    remote = opened(ConnectionName(connection), settings, tools)
    say("ready")
    sys.stdin.readline()
    done = throttled = 0
    while done < int(calls):
        try:
            remote.ping()
            done += 1
        except Paced:
            continue
        except Throttled:
            throttled += 1
    say(throttled)


if __name__ == "__main__":
    _, redis_url, connection, what, *arguments = sys.argv
    {"hold": hold, "ping": ping}[what](redis_url, connection, *arguments)

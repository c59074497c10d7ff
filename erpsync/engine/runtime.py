"""What the engine works with, built once a process by `erpsync.bootstrap`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine

from erpsync.domain.ids import ConnectionName
from erpsync.ports.backfill import Past
from erpsync.ports.flow import Flow
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Clock, Wake
from erpsync.ports.webhooks import Change, Webhooks


@dataclass(frozen=True)
class Runtime:
    """`jitter` returns a number in [0, 1). `flow`, `webhooks` and `ping` answer for configured connections and raise
    KeyError for others; `targets` are where a flow of a source goes. `settle_seconds` is how long a connection's remote may
    be at work on a request that nobody waits for any more, 0 for one that is not configured. `changes` reads what changed
    for a flow in a source, and `full_every` says how often all of it is read; `rereads` says whether a record's state can
    be read there at any time. `history` reads a page of a connection's past from a cursor on, `known` counts those of its
    records that every target has already."""

    database: Engine
    clock: Clock
    wake: Wake
    jitter: Callable[[], float]
    lease: timedelta
    worker: str
    flow: Callable[[str, ConnectionName, ConnectionName], Flow]
    targets: Callable[[str, ConnectionName], tuple[ConnectionName, ...]]
    webhooks: Callable[[ConnectionName], Webhooks]
    ping: Callable[[ConnectionName], None]
    settle_seconds: Callable[[ConnectionName], float]
    changes: Callable[[str, ConnectionName, Since], Page[Change]]
    full_every: Callable[[str], timedelta | None]
    rereads: Callable[[ConnectionName], bool]
    history: Callable[[Past, str | None], Page[Change]]
    known: Callable[[Past, Sequence[Change]], int]

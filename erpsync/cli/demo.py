"""`erpsync demo`: a sandbox Shopify and NetSuite, two hundred orders, and all that goes wrong in between."""

import shutil
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from sqlalchemy import Engine

from erpsync import config
from erpsync.cli.running import addresses_of, how_to_stop
from erpsync.cli.sandbox import secret_fields, simulator_of
from erpsync.ledger import reads, session
from erpsync.ledger.reads import JobRow
from erpsync.sandbox import rehearsal
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.practice import write_configuration, write_secret
from erpsync.sandbox.rehearsal import Outcome, Placed, Tally
from erpsync.sandbox.runner import Served, serve
from erpsync.servers.addresses import published
from erpsync.servers.launcher import ensure
from erpsync.servers.processes import Child, Command, Guardian
from erpsync.systems import registry

_STORE, _ERP = "shopify", "netsuite"
_OUTAGE_SECONDS = 10.0
# Both many times what it takes, for a machine that is slow or busy: only what goes wrong waits as long.
_START_SECONDS = 120.0
_SETTLE_SECONDS = 240.0
_SENDERS = 4
_PACE_SECONDS = 0.03
_LINE_SECONDS = 3.0
_PASSWORD = "demo"  # noqa: S105 - of a console on loopback, whose data are made up


@dataclass
class _Stage:
    """All that a running demo holds on to."""

    console: Console
    web: str
    flower: str
    flower_password: str
    store: Served
    erp: Served
    ledger: Engine
    tally: Tally


def demo(
    leave: Annotated[
        bool, typer.Option("--exit", help="End when the orders are counted; exit code 0 if all are safe.")
    ] = False,
    orders: Annotated[int, typer.Option(min=10, max=5000, help="How many orders.")] = 200,
    seed: Annotated[int, typer.Option(help="Which orders get into trouble.")] = 1,
) -> None:
    """Show orders reaching an ERP exactly once.

    Whatever goes wrong on the way: repeated and reordered webhooks, an unknown SKU, a create whose reply is lost, and
    ten seconds in which the ERP is down. Everything runs here, on loopback, in .erpsync/demo.

    Example: erpsync demo --exit
    """
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console()
    try:
        with _stage(console) as stage:
            sound = _play(stage, orders, seed)
            if leave:
                raise typer.Exit(0 if sound else 1)
            _say_where(stage)
            signal.pause()
    except KeyboardInterrupt:
        console.print("Stopped.")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _stage(console: Console) -> Iterator[_Stage]:
    """Servers, simulators and erpsync itself, all gone when the block ends."""
    home = config.home() / "demo"
    shutil.rmtree(home, ignore_errors=True)
    console.print("Starting PostgreSQL, Redis, the sandbox, web, worker, beat and Flower ...")
    with (
        Guardian() as guardian,
        ensure(*config.given_urls(), home, keep=False, guardian=guardian) as servers,
        published(_made(home), addresses_of(servers)),
        serve({name: simulator_of(name) for name in (_STORE, _ERP)}) as served,
    ):
        web, flower = _free_port(8080), _free_port(5555)
        path = _configure(home, served, web, flower)
        config.adopt(
            {
                "ERPSYNC_DATABASE_URL": servers.database_url,
                "ERPSYNC_REDIS_URL": servers.redis_url,
                "ERPSYNC_CONFIG": str(path),
                "ERPSYNC_HOME": str(home),
                "ERPSYNC_SWEEP_SECONDS": "3",
            }
        )
        ledger = session.open_engine(config.database_url())
        session.upgrade(ledger)
        _refuse_a_ledger_in_use(ledger)
        up = Child(
            "erpsync", Command((sys.executable, "-m", "erpsync", "up"), log=home / "up.log", stop_seconds=60), guardian
        )
        try:
            up.start()
            address = f"http://127.0.0.1:{web}"
            if (
                not rehearsal.wait_until(lambda: _ready(address) or up.poll() is not None, _START_SECONDS)
                or up.poll() is not None
            ):
                raise typer.BadParameter(f"erpsync did not start; see {home / 'up.log'} and {home / 'logs'}.")
            password = config.load().flower.password
            yield _Stage(
                console=console,
                web=address,
                flower=f"http://127.0.0.1:{flower}",
                flower_password=password.get_secret_value() if password else "",
                store=served[_STORE],
                erp=served[_ERP],
                ledger=ledger,
                tally=Tally(),
            )
        finally:
            up.stop()
            ledger.dispose()


def _configure(home: Path, served: dict[str, Served], web: int, flower: int) -> Path:
    password = write_secret(_made(home) / "console.password", _PASSWORD)
    return write_configuration(
        home,
        {"shop": (_STORE, served[_STORE]), "erp": (_ERP, served[_ERP])},
        {name: secret_fields(registry.spec(name)) for name in (_STORE, _ERP)},
        routes=[("shop", "erp")],
        # This shop says nothing of what it changes itself. A poll would read each order anew for the ERP's number in it,
        # and 200 of them take minutes at Shopify's pace.
        of_routes=["poll_seconds = 0"],
        tables=[
            f"[web]\nport = {web}\n",
            f'[web.operators.demo]\npassword = {{ file = "{password}" }}\nrole = "operator"\n',
            f'[flower]\nport = {flower}\nuser = "demo"\npassword = {{ file = "{password}" }}\n',
        ],
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _play(stage: _Stage, count: int, seed: int) -> bool:
    """Places the orders, makes trouble, shows how they get on and what came of them. True where every order is safe."""
    shop = stage.store.faulty.simulator
    placed = rehearsal.place(shop, count, seed)  # type: ignore[arg-type]
    lost = stage.erp.faulty.add(Fault(FaultKind.LOST_REPLY, operation="upsertList:SalesOrder", skip=1))
    outage = Fault(FaultKind.REFUSE, times=None)
    address = f"{stage.web}/webhooks/shop"
    started = time.monotonic()
    with _senders() as senders, _Show(stage, count) as show:
        futures: list[Future[None]] = []
        for number, (_, rounds) in enumerate(placed):
            if number == count // 2:
                # The outage is to fall on work under way, however slow this machine is.
                rehearsal.wait_until(lambda: _in_erp(stage) > count // 8, _START_SECONDS)
                stage.erp.faulty.add(outage)
                outage_ends = time.monotonic() + _OUTAGE_SECONDS
            futures.append(senders.submit(rehearsal.post, address, rounds, stage.tally))
            time.sleep(_PACE_SECONDS)
            if number % 8 == 0:
                show.update(down=number >= count // 2)
        # A slow machine may need longer before work meets the outage.
        rehearsal.wait_until(lambda: _over(show, outage, outage_ends), _START_SECONDS)
        stage.erp.faulty.remove(outage)
        settled = rehearsal.wait_until(lambda: _settled(stage, show, futures), _SETTLE_SECONDS)
    dead = _dead_jobs(stage.ledger)
    records = stage.erp.records()["salesOrders"]
    outcome = rehearsal.judge(
        [one for one, _ in placed], records, {job.number: job.problem_code or "" for job in dead}, "shop"
    )
    fired = lost.fired == 1 and outage.fired > 0
    _report(stage, [one for one, _ in placed], dead, outcome, time.monotonic() - started, lost.fired, outage.fired)
    if not settled:
        stage.console.print("[red]Not all orders were settled in time.[/]")
    if not fired:
        stage.console.print("[red]A fault that was planned did not happen, so this run proves nothing.[/]")
    return settled and fired and outcome.sound and not stage.tally.refused


@contextmanager
def _senders() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(_SENDERS)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)  # whoever stops the demo does not wait for what has not begun


def _over(show: "_Show", outage: Fault, ends: float) -> bool:
    show.update(down=True)
    return outage.fired > 0 and time.monotonic() >= ends


def _settled(stage: _Stage, show: "_Show", futures: list[Future[None]]) -> bool:
    show.update(down=False)
    if not all(future.done() for future in futures):
        return False
    with stage.ledger.connect() as connection:
        seen = reads.overview(connection, datetime.now(UTC))
    return not (seen.inbox.get("new") or seen.jobs.get("ready") or seen.jobs.get("running"))


class _Show:
    """How the orders get on: drawn in place on a terminal, a line every few seconds anywhere else."""

    def __init__(self, stage: _Stage, count: int) -> None:
        self._stage = stage
        self._count = count
        self._live = Live(console=stage.console, auto_refresh=False, transient=True)
        self._printed_at = 0.0

    def __enter__(self) -> "_Show":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def update(self, *, down: bool) -> None:
        if self._stage.console.is_terminal:
            self._live.update("\n".join(f"{name:24}{value}" for name, value in self._facts(down)), refresh=True)
        elif time.monotonic() - self._printed_at > _LINE_SECONDS:
            self._printed_at = time.monotonic()
            facts = ", ".join(f"{name} {value}" for name, value in self._facts(down))
            self._stage.console.print(facts, soft_wrap=True)

    def _facts(self, down: bool) -> list[tuple[str, str]]:
        with self._stage.ledger.connect() as connection:
            seen = reads.overview(connection, datetime.now(UTC))
        paused = any(row.paused_at is not None for row in seen.connections)
        return [
            ("webhooks answered 200:", str(self._stage.tally.sent - len(self._stage.tally.refused))),
            ("in the ERP:", f"{_in_erp(self._stage)} of {self._count}"),
            ("waiting:", str(seen.jobs.get("ready", 0) + seen.jobs.get("running", 0))),
            ("dead letters:", str(seen.dead_letters)),
            ("NetSuite:", ("DOWN" if down else "up") + (", paused, orders wait" if paused else "")),
        ]


def _in_erp(stage: _Stage) -> int:
    return len(stage.erp.records()["salesOrders"])


def _dead_jobs(ledger: Engine) -> list[JobRow]:
    with ledger.connect() as connection:
        return reads.jobs(connection, state="dead", limit=1000)


def _report(
    stage: _Stage, placed: list[Placed], dead: list[JobRow], outcome: Outcome, seconds: float, lost: int, refused: int
) -> None:
    table = Table(title=f"{len(placed)} orders in {seconds:.0f} s", title_justify="left")
    table.add_column("what")
    table.add_column("count", justify="right")
    for trouble in sorted({one.trouble for one in placed if one.trouble}):
        table.add_row(f"of these: {trouble}", str(sum(one.trouble == trouble for one in placed)))
    table.add_row("creates done by the ERP whose reply was lost", str(lost))
    table.add_row(f"requests cut off while the ERP was down for {_OUTAGE_SECONDS:.0f} s", str(refused))
    table.add_section()
    table.add_row("in the ERP exactly once, with the store's total", str(outcome.once))
    table.add_row("dead letters", str(outcome.dead))
    table.add_row("in the ERP more than once", str(len(outcome.doubled)))
    table.add_row("in the ERP with another total", str(len(outcome.different)))
    table.add_row("missing", str(len(outcome.missing)))
    stage.console.print(table)
    for job in dead:
        stage.console.print(
            f"dead letter: order {job.number} ({job.problem_code})\n  {job.problem}\n  Next: {job.next_step}",
            soft_wrap=True,
        )
    for line in (*outcome.doubled, *outcome.different, *outcome.missing):
        stage.console.print(f"[red]not safe: {line}[/]")


def _say_where(stage: _Stage) -> None:
    stage.console.print(f"\nconsole  {stage.web}/  (user demo, password {_PASSWORD})")
    stage.console.print(f"flower   {stage.flower}/  (user demo, password {stage.flower_password})")
    home = config.home()
    # Nothing breaks these lines: they are to be copied.
    stage.console.print(f"ledger   ERPSYNC_HOME={home} erpsync jobs list    (or dead list, status)", soft_wrap=True)
    stage.console.print(f"{how_to_stop()} stops everything.")


def _refuse_a_ledger_in_use(ledger: Engine) -> None:
    with ledger.connect() as connection:
        if reads.jobs(connection, limit=1):
            raise typer.BadParameter(
                "ERPSYNC_DATABASE_URL names a ledger that is in use. The demo needs an empty one: unset the variable,"
                " and it starts its own."
            )


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ready", timeout=2) as answer:  # noqa: S310 - our own server
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port(wanted: int) -> int:
    """`wanted`, or any free port where that one is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise typer.BadParameter("no port is free on 127.0.0.1")

"""A catalogue of a million SKUs, from the ERP into the ledger and on to the shop, though its worker is killed twice."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import Engine, text

from erpsync.sandbox.rehearsal import wait_until
from erpsync.sandbox.runner import serve
from erpsync.servers.launcher import Servers
from erpsync.testing.databases import own_database
from tests.flows.wide import UNITS
from tests.scenarios.wide_shop import WideShopSimulator

SIZE = 1_000_000
MEGABYTES = 300
# Longer than the claim of a worker lives that is gone.
LATER = 1_000
# So that a worker that hangs does not hang the tests: a quarter of an hour is much already.
SECONDS = 6_000.0
TESTS = Path(__file__).resolve().parents[1]


def test_a_million_skus_are_loaded_in_little_memory_and_none_is_set_twice(servers: Servers) -> None:
    shop = WideShopSimulator(SIZE)
    with own_database(servers.database_url) as database, serve({"shop": shop}) as served:
        address = database.url.render_as_string(hide_password=False)

        def worker(turn: int) -> "_Worker":
            return _Worker(address, served["shop"].settings, turn * LATER)

        first = worker(0)
        first.run_until(lambda: _levels(database) > SIZE * 0.4)
        first.kill()
        loaded = _levels(database)
        shop.hangs_after = int(SIZE * 0.4)
        second = worker(1)
        second.run_until(shop.hanging.is_set)
        second.kill()
        shop.let_go()
        stocked = shop.stocked
        third = worker(2)
        third.run_until(lambda: third.ended)

        assert SIZE * 0.4 < loaded < SIZE, "the first was killed in the middle of reading"
        assert SIZE * 0.4 < stocked < SIZE, "the second was killed in the middle of a call that the shop has not done"
        assert third.process.returncode == 0
        assert _levels(database) == SIZE
    assert set(shop.quantities) == {UNITS}
    assert set(shop.times_set) == {1}, "nothing was done twice"
    peaks = [one.peak_megabytes for one in (first, second, third)]
    print(f"peak resident memory of the workers: {peaks} MB; {shop.calls} bulk calls")  # noqa: T201 - for who asks with -s
    assert max(peaks) < MEGABYTES


class _Worker:
    def __init__(self, database_url: str, shop: Mapping[str, str], later: float) -> None:
        arguments = [database_url, json.dumps(dict(shop)), str(SIZE), str(later)]
        # Not as a module: another distribution may have a package of the name `tests`.
        self.process = subprocess.Popen(
            [sys.executable, str(TESTS / "scenarios" / "wide_worker.py"), *arguments],
            env={**os.environ, "PYTHONPATH": str(TESTS / "flows")},
            stdout=subprocess.DEVNULL,
        )
        self.peak_megabytes = 0

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def run_until(self, so_far: Callable[[], bool]) -> None:
        """Returns when it is so far; fails when it takes too long or the worker ends before."""

        def looked() -> bool:
            self._look()
            return so_far() or self.ended

        try:
            assert wait_until(looked, SECONDS, 0.2)
        except BaseException:
            self.kill()
            raise
        assert so_far()

    def kill(self) -> None:
        self._look()
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _look(self) -> None:
        """The most that it had in memory, by the kernel's account."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
        self.peak_megabytes = max(self.peak_megabytes, int(peak.split()[1]) // 1024)


def _levels(database: Engine) -> int:
    with database.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM stock_levels")).scalar_one())

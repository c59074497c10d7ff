"""The order flow and the ledger between a fake shop and a real adapter at its simulator, with several workers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from sqlalchemy import Engine

from erpsync.engine import intake, run
from erpsync.engine.runtime import Runtime
from erpsync.flows.context import CustomerRules
from erpsync.ports.runtime import Tools
from erpsync.testing.barrier import together
from erpsync.testing.bench import Bench
from erpsync.testing.erp_contract import Stage

# Each of these modules has `STAGES`: an ERP, by the way it is reached, served for as long as the block lasts.
MODULES = (
    "tests.systems.netsuite.stage",
    "tests.systems.odoo.stage",
    "tests.systems.sap.odata.stage",
    "tests.systems.sap.soap.stage",
    "tests.systems.dynamics.business_central.stage",
    "tests.systems.dynamics.finance_operations.stage",
)
SECONDS = 240.0


@cache
def stages() -> Mapping[str, Callable[[Tools], AbstractContextManager[Stage]]]:
    return {name: opened for module in MODULES for name, opened in import_module(module).STAGES.items()}


@dataclass(frozen=True)
class Rig:
    bench: Bench
    stage: Stage
    workers: tuple[Runtime, ...]

    def take_in(self) -> None:
        intake.take_in(self.workers[0])

    def work(self) -> None:
        """All workers at once do what messages ask for, until none is left."""
        for future in together(*(lambda one=one: self._drain(one) for one in self.workers), seconds=SECONDS):
            future.result()

    def go_on(self, seconds: float) -> None:
        """Time passes: sweeps, and workers that do what they find."""
        for _ in range(int(seconds // 10)):
            self.bench.clock.advance(10)
            self.bench.sweep()
            self.work()

    def states(self) -> Mapping[str, int]:
        return {
            row["state"]: row["n"] for row in self.bench.rows("SELECT state, count(*) AS n FROM jobs GROUP BY state")
        }

    def _drain(self, worker: Runtime) -> None:
        while calls := self.bench.wake.take_jobs():
            for call in calls:
                run.run(worker, call.job_id)


@contextmanager
def rig(database: Engine, stage: Stage, *, workers: int = 2) -> Iterator[Rig]:
    bench = Bench(
        database,
        settle_seconds=stage.settle_seconds,
        capabilities=stage.capabilities,
        customer_rules=CustomerRules(currency="EUR"),
    )
    runtimes = tuple(bench.worker(f"worker-{number}", stage.open()) for number in range(1, workers + 1))
    bench.runtime = runtimes[0]
    yield Rig(bench, stage, runtimes)

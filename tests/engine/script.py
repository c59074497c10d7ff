"""A flow that ends as it is told, for tests of what carries flows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip, SyncError, Throttled, Transient, Unavailable
from erpsync.domain.ids import JobId, SourceId
from erpsync.domain.orders import Order
from erpsync.engine import intake, run
from erpsync.engine.run import Report
from erpsync.ports.flow import Done, Ended, Item
from erpsync.testing import samples
from erpsync.testing.bench import Bench


@dataclass
class Script:
    """`ends` says how a record ends, by its id (default: Done). `raises` is raised for a batch that holds that record.
    `during` happens while a batch is under way. `together` are the ids of each batch that was run."""

    batch: int = 10
    ends: dict[str, Ended] = field(default_factory=dict)
    raises: dict[str, BaseException] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    during: Callable[[], object] | None = None
    together: list[list[str]] = field(default_factory=list)

    def __call__(self, items: Sequence[Item]) -> Mapping[JobId, Ended]:
        self.together.append([item.source_id for item in items])
        if self.during is not None:
            self.during()
        for item in items:
            if item.source_id in self.raises:
                raise self.raises[item.source_id]
        return {
            item.job_id: self.ends.get(item.source_id, Done("done"))
            for item in items
            if item.source_id not in self.silent
        }


def wanted(bench: Bench, *source_ids: str, version: int = 0) -> list[JobId]:
    """Deliveries of these orders, taken in; their jobs. The broker has no message of it."""
    for source_id in source_ids:
        bench.deliver(samples.order(source_id, version=version))
    intake.take_in(bench.runtime)
    bench.wake.lose_everything()
    return [bench.job_id(source_id) for source_id in source_ids]


def newer(bench: Bench, source_id: str, version: int) -> Order:
    """A newer version arrives and is taken in."""
    order = samples.order(source_id, version=version)
    bench.deliver(order)
    intake.take_in(bench.runtime)
    return order


def run_job(bench: Bench, source_id: str = "1") -> Report:
    return run.run(bench.runtime, bench.job_id(SourceId(source_id)))


def transient(code: str = "hiccup") -> Transient:
    return Transient(code, system="erp", what="It hiccuped.")


def throttled(seconds: float) -> Throttled:
    return Throttled("throttled", system="erp", what="Too fast.", retry_after_seconds=seconds)


def unavailable() -> Unavailable:
    return Unavailable("down", system="erp", what="It does not answer.", next_step="Start it.")


def unknown(settle_seconds: float = 0.0) -> OutcomeUnknown:
    return OutcomeUnknown("no-reply", system="erp", what="The reply was lost.", settle_seconds=settle_seconds)


def rejected() -> Rejected:
    return Rejected("refused", system="erp", what="The ERP refuses it.", next_step="Correct it.", record="order #1")


def skip() -> Skip:
    return Skip("not-wanted", what="Nobody wants it.")


def of_source(error: SyncError, name: str) -> SyncError:
    error.connection = name
    return error

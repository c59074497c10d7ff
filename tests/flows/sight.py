"""What the tests of flows look at: the ERP's books and the ledger's rows."""

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Transient, Unavailable
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.engine import intake, run
from erpsync.testing.bench import Bench, reference_of
from erpsync.testing.books import SalesOrder


def send(bench: Bench, *orders: Order) -> None:
    """Webhooks of these orders arrive and are taken in; nothing has run yet."""
    for order in orders:
        bench.deliver(order)
    intake.take_in(bench.runtime)
    bench.wake.lose_everything()


def run_job(bench: Bench, source_id: str = "1001") -> None:
    run.run(bench.runtime, bench.job_id(source_id))


def sales_order(bench: Bench, source_id: str = "1001") -> SalesOrder:
    """The one that the ERP has for this order."""
    (found,) = bench.erp.books.orders_of(reference_of(source_id))
    return found


def count(bench: Bench, source_id: str = "1001") -> int:
    return len(bench.erp.books.orders_of(reference_of(source_id)))


def state(bench: Bench, source_id: str = "1001") -> str:
    return str(bench.job(source_id)["state"])


def told(bench: Bench, source_id: str = "1001") -> str | None:
    """The ERP's number as the shop shows it."""
    note = bench.store.notes.get(SourceId(source_id))
    return None if note is None else note.display


def did(bench: Bench, source_id: str = "1001") -> str | None:
    """What the ledger says the last run of this order did."""
    job_id = bench.job_id(source_id)
    rows = bench.rows(f"SELECT note FROM runs WHERE job_id = {job_id} ORDER BY id DESC LIMIT 1")  # noqa: S608 - a number
    return None if not rows else str(rows[0]["note"])


def refused(code: str = "refused") -> Rejected:
    return Rejected(code, system="erp", what="The ERP refuses it.", next_step="Correct it, then replay.")


def down() -> SyncError:
    return Unavailable("down", system="shop", what="It does not answer.")


def hiccup() -> SyncError:
    return Transient("hiccup", system="shop", what="It hiccuped.")


def lost() -> SyncError:
    return OutcomeUnknown("no-reply", system="erp", what="The reply was lost.")

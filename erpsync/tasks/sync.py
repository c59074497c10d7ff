"""The tasks that run jobs and take in deliveries: ids in, nothing out."""

from erpsync.domain.ids import JobId
from erpsync.engine import intake
from erpsync.tasks.app import app, runtime
from erpsync.tasks.base import SyncTask


@app.task(name="erpsync.take_in")  # type: ignore[untyped-decorator]
def take_in() -> None:
    """Makes jobs of all deliveries that are new in the inbox."""
    intake.take_in(runtime())


@app.task(base=SyncTask, bind=True, name="erpsync.sync_order")  # type: ignore[untyped-decorator]
def sync_order(self: SyncTask, job_id: int) -> None:
    """Makes the ERP's sales order equal the store's order."""
    self.run_job(JobId(job_id))


@app.task(base=SyncTask, bind=True, name="erpsync.sync_fulfilment")  # type: ignore[untyped-decorator]
def sync_fulfilment(self: SyncTask, job_id: int) -> None:
    """Makes the shipments of an ERP's sales order known in the store."""
    self.run_job(JobId(job_id))

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


@app.task(base=SyncTask, bind=True, name="erpsync.sync_customer")  # type: ignore[untyped-decorator]
def sync_customer(self: SyncTask, job_id: int) -> None:
    """Makes the ERP's customer equal the store's account."""
    self.run_job(JobId(job_id))


@app.task(base=SyncTask, bind=True, name="erpsync.sync_fulfilment")  # type: ignore[untyped-decorator]
def sync_fulfilment(self: SyncTask, job_id: int) -> None:
    """Makes the shipments of an ERP's sales order known in the store."""
    self.run_job(JobId(job_id))


@app.task(base=SyncTask, bind=True, name="erpsync.sync_stock")  # type: ignore[untyped-decorator]
def sync_stock(self: SyncTask, job_id: int) -> None:
    """Makes the store's stock equal what the ERP has, less what it does not know to be sold."""
    self.run_job(JobId(job_id))


@app.task(base=SyncTask, bind=True, name="erpsync.sync_product")  # type: ignore[untyped-decorator]
def sync_product(self: SyncTask, job_id: int) -> None:
    """Makes the store's product equal the ERP's."""
    self.run_job(JobId(job_id))


@app.task(base=SyncTask, bind=True, name="erpsync.sync_prices")  # type: ignore[untyped-decorator]
def sync_prices(self: SyncTask, job_id: int) -> None:
    """Makes the store's base prices equal the ERP's, past its promotions."""
    self.run_job(JobId(job_id))

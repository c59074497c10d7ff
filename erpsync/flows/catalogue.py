"""The store's own catalogue, kept in the ledger: what stock, products and prices are matched and compared with."""

from datetime import datetime

from sqlalchemy import Connection

from erpsync.domain.ids import ConnectionName
from erpsync.flows.context import FlowContext
from erpsync.flows.keeping import kept
from erpsync.ledger import catalogue, checkpoints
from erpsync.ports.pages import Page, Since
from erpsync.ports.store_records import StoreVariant
from erpsync.ports.webhooks import Change

NAME = "catalogue"
# A sale changes a variant in most stores; reading them all at the pace of orders would cost more than it tells.
POLL_SECONDS = 900.0
_WHOLE_SINCE = "catalogue read whole since"


def changes(context: FlowContext, since: Since) -> Page[Change]:
    """A page of the store's variants, to be kept. No job follows from it: what they are compared with has its own poll."""
    read_at = context.clock.now()
    with context.calling(context.source):
        page = context.store.variants_changed(Since(since.watermark, since.cursor))
    return kept(page, lambda connection: _keep(connection, context.source, since, page, read_at))


def _keep(
    connection: Connection, store: ConnectionName, since: Since, page: Page[StoreVariant], read_at: datetime
) -> None:
    """What a whole reading does not tell any more is gone with its last page."""
    catalogue.keep(connection, store, page.records, read_at)
    if since.watermark is not None:
        return
    if since.cursor is None:
        checkpoints.put(connection, store, _WHOLE_SINCE, read_at.isoformat(), read_at)
    if page.cursor is None:
        begun = checkpoints.get(connection, store, _WHOLE_SINCE)
        catalogue.forget_unseen(connection, store, datetime.fromisoformat(begun))

"""The store's own catalogue, kept in the ledger: what stock, products and prices are matched and compared with."""

from erpsync.flows.context import FlowContext
from erpsync.ledger import catalogue
from erpsync.ports.pages import Page, Since
from erpsync.ports.webhooks import Change

NAME = "catalogue"
# A sale changes a variant in most stores; reading them all at the pace of orders would cost more than it tells.
POLL_SECONDS = 900.0


def changes(context: FlowContext, since: Since) -> Page[Change]:
    """A page of the store's variants, to be kept. No job follows from it: what they are compared with has its own poll."""
    read_at = context.clock.now()
    with context.calling(context.source):
        page = context.store.variants_changed(Since(since.watermark, since.cursor))
    return Page(
        (),
        page.cursor,
        page.watermark,
        page.unreadable,
        keep=lambda connection: catalogue.keep(connection, context.source, page.records, read_at),
        kept=len(page.records),
    )

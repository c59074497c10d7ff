"""Sales orders whose status, fulfilments or invoices changed."""

from collections.abc import Sequence

from erpsync.domain.errors import SyncError
from erpsync.domain.fulfilments import OrderProgress
from erpsync.ports.pages import Page, Since
from erpsync.systems.netsuite.client import READ_LIMIT, SuiteTalk
from erpsync.systems.netsuite.items import Items
from erpsync.systems.netsuite.progress_mapper import gone, is_fulfilment, is_order, items_of, order_progress
from erpsync.systems.netsuite.queries import any_of, one_of, search
from erpsync.systems.netsuite.reading import deletions, modified, position, rows, to_deleted
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import ReadRecord, Ref, id_of

_ORDER = "_salesOrder"
# A cash sale is the invoice of an order that is paid when it is billed.
_MADE_FROM_IT = ["_itemFulfillment", "_invoice", "_cashSale"]


class Progress:
    """What becomes of an account's sales orders.

    A fulfilment or an invoice may change, by a tracking number say, while its order does not: a page holds transactions of
    all three kinds, and tells the orders that they belong to.
    """

    def __init__(self, client: SuiteTalk, items: Items, settings: NetSuiteSettings) -> None:
        self._client = client
        self._items = items
        self._settings = settings

    def changed(self, since: Since) -> Page[OrderProgress]:
        at = position(since, self._client.server_time)
        if at.deleted:
            told = [gone(one) for one in deletions(self._client, at, ("salesOrder",))]
            return at.page(tuple(order for order in told if order), (), None)
        criteria = {
            **modified("lastModifiedDate", at.since),
            # One row a transaction, not one for each of its lines.
            "mainLine": {"searchValue": True},
            "type": one_of([_ORDER, *_MADE_FROM_IT]),
        }
        size = min(self._settings.page_size, READ_LIMIT)
        found, following = rows(self._client, "Transaction", criteria, at, size)
        records, unreadable = self._read(list(dict.fromkeys(filter(None, map(_order_of, found)))))
        return at.page(tuple(records), tuple(unreadable), to_deleted(at, following))

    def _read(self, order_ids: Sequence[str]) -> tuple[list[OrderProgress], list[SyncError]]:
        # What a fulfilment was made from may be a transfer order: that is no sales order, and not found as one.
        orders = self._client.get_list([Ref(internalId=id_, type="salesOrder") for id_ in order_ids])
        belonging = self._made_from([order["internalId"] for order in orders if order])
        shipped = [record for records in belonging.values() for record in records if is_fulfilment(record)]
        skus = self._items.skus(item for record in shipped for item in items_of(record))
        records: list[OrderProgress] = []
        unreadable: list[SyncError] = []
        for order in filter(None, orders):
            try:
                made = belonging.get(order["internalId"], [])
                records.append(order_progress(order, made, skus, self._settings))
            except SyncError as error:
                unreadable.append(error)
        return records, unreadable

    def _made_from(self, order_ids: Sequence[str]) -> dict[str, list[ReadRecord]]:
        """All fulfilments and invoices of these orders, whole."""
        if not order_ids:
            return {}
        criteria = {
            "createdFrom": any_of(order_ids),
            "mainLine": {"searchValue": True},
            "type": one_of(_MADE_FROM_IT),
        }
        unique = {int(one["internalId"]): one for one in search(self._client, "Transaction", criteria, body_only=False)}
        found: dict[str, list[ReadRecord]] = {}
        for _, record in sorted(unique.items()):
            found.setdefault(_order_of(record), []).append(record)
        return found


def _order_of(record: ReadRecord) -> str:
    """The id of the order that a transaction is or belongs to, empty where it belongs to none."""
    return record["internalId"] if is_order(record) else id_of(record["createdFrom"])

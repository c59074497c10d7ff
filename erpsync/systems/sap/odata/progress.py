"""What becomes of sales orders: their items' statuses, deliveries with goods issue, and invoices.

A delivery or an invoice does not touch the sales order's change time, so all three are read for changes. Deliveries have
only dates: those of the watermark's day and since are told again at every read.
"""

from collections.abc import Iterable, Mapping, Sequence

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.fulfilments import OrderProgress
from erpsync.ports.pages import Page, Since
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.cursors import Position, position
from erpsync.systems.sap.odata.edm import any_of, both, date_literal, instant_literal, query, since_local, text_literal
from erpsync.systems.sap.odata.flow import Documents, progress_of
from erpsync.systems.sap.odata.masters import keyed_page
from erpsync.systems.sap.odata.orders import WITH_ITEMS, Orders
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import BILLING, DELIVERIES, SALES_ORDERS, Row, nested, text

_LAST_PHASE = 2


class Progress:
    """Not for use by several threads at once."""

    def __init__(self, gateway: Gateway, settings: SapODataSettings, orders: Orders) -> None:
        self._gateway = gateway
        self._settings = settings
        self._orders = orders

    def changed(self, since: Since) -> Page[OrderProgress]:
        at = position(since, self._gateway, self._settings)
        read = (self._by_orders, self._by_deliveries, self._by_invoices)[at.phase]
        numbers, cursor = read(at)
        # Where all orders are read there is nothing else to look for.
        if cursor is None and at.since is not None and at.phase < _LAST_PHASE:
            cursor = at.next_phase()
        found, unreadable = self._told(numbers)
        return Page(tuple(found), cursor, at.watermark, tuple(unreadable))

    def _by_orders(self, at: Position) -> tuple[list[str], str | None]:
        changed = "" if at.since is None else f"LastChangeDateTime ge {instant_literal(at.since)}"
        rows, cursor = self._page(at, SALES_ORDERS, "A_SalesOrder", "SalesOrder", both(self._area(), changed))
        return [text(row, "SalesOrder") for row in rows], cursor

    def _by_deliveries(self, at: Position) -> tuple[list[str], str | None]:
        condition = both(f"SalesOrganization eq {text_literal(self._settings.sales_organization)}", self._days(at))
        items = "to_DeliveryDocumentItem"
        rows, cursor = self._page(at, DELIVERIES, "A_OutbDeliveryHeader", "DeliveryDocument", condition, expand=items)
        return [text(item, "ReferenceSDDocument") for row in rows for item in nested(row, items)], cursor

    def _by_invoices(self, at: Position) -> tuple[list[str], str | None]:
        condition = both(f"SalesOrganization eq {text_literal(self._settings.sales_organization)}", self._days(at))
        rows, cursor = self._page(at, BILLING, "A_BillingDocument", "BillingDocument", condition, expand="to_Item")
        return [text(item, "SalesDocument") for row in rows for item in nested(row, "to_Item")], cursor

    def _page(
        self, at: Position, service: str, entities: str, field: str, condition: str, expand: str = ""
    ) -> tuple[list[Row], str | None]:
        return keyed_page(self._gateway, self._settings, at, service, entities, field, condition, expand=expand)

    def _days(self, at: Position) -> str:
        """Changed or made on the watermark's day or later. SAP leaves the date of change empty until the first one."""
        first = date_literal(since_local(at.start, self._gateway.now(), self._settings.zone).date())
        return f"CreationDate ge {first} or LastChangeDate ge {first}"

    def _area(self) -> str:
        settings = self._settings
        return both(
            f"SalesOrganization eq {text_literal(settings.sales_organization)}",
            f"DistributionChannel eq {text_literal(settings.distribution_channel)}",
            f"CustomerPurchaseOrderType eq {text_literal(settings.order_origin)}" if settings.order_origin else "",
        )

    def _told(self, numbers: Iterable[str]) -> tuple[list[OrderProgress], list[SyncError]]:
        wanted = list(dict.fromkeys(number for number in numbers if number))
        rows = {key: row for key, row in self._orders.read(wanted, WITH_ITEMS).items() if self._is_ours(row)}
        documents = self._documents(list(rows))
        found: list[OrderProgress] = []
        unreadable: list[SyncError] = []
        for key, row in rows.items():
            try:
                found.append(progress_of(row, documents[key], self._settings))
            except ValueError:
                unreadable.append(_unreadable(key))
        return found, unreadable

    def _documents(self, orders: Sequence[str]) -> Mapping[str, Documents]:
        """In four calls for all of them together."""
        items = self._items(DELIVERIES, "A_OutbDeliveryItem", "ReferenceSDDocument", orders)
        headers = self._headers(
            DELIVERIES, "A_OutbDeliveryHeader", "DeliveryDocument", items, expand="to_DeliveryDocumentPartner"
        )
        billed = self._items(BILLING, "A_BillingDocumentItem", "SalesDocument", orders)
        billing = self._headers(BILLING, "A_BillingDocument", "BillingDocument", billed)
        return {
            order: Documents(
                [row for row in items if text(row, "ReferenceSDDocument") == order],
                headers,
                [row for row in billed if text(row, "SalesDocument") == order],
                billing,
            )
            for order in orders
        }

    def _items(self, service: str, entities: str, field: str, orders: Sequence[str]) -> list[Row]:
        queries = [query(entities, {"filter": chain}) for chain, _ in any_of(field, orders)]
        return [row for answer in self._gateway.rows_of(service, queries) for row in answer]

    def _headers(
        self, service: str, entities: str, field: str, items: Sequence[Row], **options: str
    ) -> Mapping[str, Row]:
        numbers = [text(item, field) for item in items]
        queries = [query(entities, {"filter": chain, **options}) for chain, _ in any_of(field, numbers)]
        rows = [row for answer in self._gateway.rows_of(service, queries) for row in answer]
        return {text(row, field): row for row in rows}

    def _is_ours(self, row: Row) -> bool:
        """Deliveries and invoices also lead to orders of other sales areas."""
        settings = self._settings
        area = (settings.sales_organization, settings.distribution_channel)
        if (text(row, "SalesOrganization"), text(row, "DistributionChannel")) != area:
            return False
        return settings.order_origin in ("", text(row, "CustomerPurchaseOrderType"))


def _unreadable(key: str) -> Rejected:
    return Rejected(
        "row-unreadable",
        system=SYSTEM,
        record=f"sales order {key}",
        what="An amount or a quantity of it, of a delivery or of an invoice could not be understood.",
        next_step="Look at the document flow of the order in SAP (transaction VA03); if it is well, report this.",
    )

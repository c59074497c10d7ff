"""Customers and products that changed in SAP, in pages by their numbers."""

from datetime import datetime
from decimal import Decimal

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.products import Product, Variant
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.pages import Page, Since
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.cursors import Position, position
from erpsync.systems.sap.odata.customers import WITH_ADDRESS
from erpsync.systems.sap.odata.edm import (
    both,
    date_literal,
    instant,
    instant_literal,
    number,
    since_local,
    text_literal,
    time_literal,
)
from erpsync.systems.sap.odata.partners import erp_customer
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import PARTNERS, PRODUCTS, Row, nested, text

_GRAMS = {"G": Decimal(1), "KG": Decimal(1000), "LB": Decimal("453.59237"), "OZ": Decimal("28.349523125")}


class Masters:
    """Not for use by several threads at once."""

    def __init__(self, gateway: Gateway, settings: SapODataSettings) -> None:
        self._gateway = gateway
        self._settings = settings

    def customers(self, since: Since) -> Page[ErpCustomer]:
        """SAP keeps a date and a time of its own zone for a business partner's last change, and none before the first."""
        at = position(since, self._gateway, self._settings)
        changed = "" if at.since is None else self._partner_filter(at.since)
        rows, cursor = keyed_page(
            self._gateway,
            self._settings,
            at,
            PARTNERS,
            "A_BusinessPartner",
            "BusinessPartner",
            both("Customer ne ''", changed),
            expand=WITH_ADDRESS,
        )
        return Page(tuple(map(erp_customer, rows)), cursor, at.watermark)

    def products(self, since: Since) -> Page[Product]:
        """Products of the connection's sales area; others are left out."""
        at = position(since, self._gateway, self._settings)
        changed = ""
        if at.since is not None:
            created = since_local(at.since, self._gateway.now(), self._settings.zone).date()
            changed = f"LastChangeDateTime ge {instant_literal(at.since)} or CreationDate ge {date_literal(created)}"
        rows, cursor = keyed_page(
            self._gateway,
            self._settings,
            at,
            PRODUCTS,
            "A_Product",
            "Product",
            changed,
            expand="to_Description,to_SalesDelivery",
        )
        found: list[Product] = []
        unreadable: list[SyncError] = []
        for row in rows:
            try:
                found += product(row, self._settings)
            except ValueError as error:
                unreadable.append(_unreadable(text(row, "Product"), error))
        return Page(tuple(found), cursor, at.watermark, tuple(unreadable))

    def _partner_filter(self, since: datetime) -> str:
        local = since_local(since, self._gateway.now(), self._settings.zone)
        day, time = date_literal(local.date()), time_literal(local.time())
        return " or ".join(
            f"{kind}Date gt {day} or ({kind}Date eq {day} and {kind}Time ge {time})"
            for kind in ("LastChange", "Creation")
        )


def keyed_page(
    gateway: Gateway,
    settings: SapODataSettings,
    at: Position,
    service: str,
    entities: str,
    field: str,
    condition: str,
    size: int = 0,
    **options: str,
) -> tuple[list[Row], str | None]:
    """Rows behind `at.after` in the order of `field`, and the cursor of the next ones; rows that change meanwhile never
    shift a page, as they would with $skip. `size` rows, else the settings' `page_size`."""
    size = size or settings.page_size
    behind = f"{field} gt {text_literal(at.after)}" if at.after else ""
    page = gateway.page(
        service,
        entities,
        filter=both(behind, f"({condition})" if condition else ""),
        orderby=field,
        top=str(size),
        **options,
    )
    more = bool(page.rows) and (bool(page.following) or len(page.rows) >= size)
    return page.rows, at.at(text(page.rows[-1], field)) if more else None


def product(row: Row, settings: SapODataSettings) -> list[Product]:
    """The product, if the sales area has it. Raises ValueError for a weight that is no number."""
    area = (settings.sales_organization, settings.distribution_channel)
    sales = [
        one
        for one in nested(row, "to_SalesDelivery")
        if (text(one, "ProductSalesOrg"), text(one, "ProductDistributionChnl")) == area
    ]
    if not sales:
        return []
    statuses = {text(row, "CrossPlantStatus"), text(sales[0], "ProductSalesStatus")}
    gone = row.get("IsMarkedForDeletion") or sales[0].get("IsMarkedForDeletion")
    active = not gone and not statuses & set(settings.inactive_statuses)
    title = _title(row, settings)
    key = text(row, "Product")
    factor = _GRAMS.get(text(row, "WeightUnit").upper())
    weight = number(row.get("GrossWeight")) * factor if factor else None
    variant = Variant(
        sku=Sku(key), title=title, barcode=text(row, "ProductStandardID"), weight_grams=weight or None, active=active
    )
    return [
        Product(
            id=TargetId(key),
            title=title,
            active=active,
            categories=tuple(filter(None, (text(row, "ProductGroup"),))),
            variants=(variant,),
            changed_at=instant(text(row, "LastChangeDateTime")),
        )
    ]


def _title(row: Row, settings: SapODataSettings) -> str:
    titles = {text(one, "Language"): text(one, "ProductDescription") for one in nested(row, "to_Description")}
    return titles.get(settings.language) or next(iter(titles.values()), "") or text(row, "Product")


def _unreadable(key: str, error: ValueError) -> Rejected:
    return Rejected(
        "row-unreadable",
        system=SYSTEM,
        record=f"product {key}",
        what=f"Its row in SAP could not be understood ({error}).",
        next_step="Look at the product in SAP (transaction MM03); if it is well, report this.",
    )

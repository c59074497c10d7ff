"""What changed in the shop, page by page.

`modified_after` leaves out its own second and is naive UTC with `dates_are_gmt`, else the shop's own time (seen on 10.0.2).
Customers take no such filter: all are read, and those that did not change are left out here.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import SourceId
from erpsync.domain.parties import Customer
from erpsync.ports.pages import Page, Since
from erpsync.ports.store_records import StoreCustomer, StoreVariant
from erpsync.ports.webhooks import Change
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.catalogue import Catalogue
from erpsync.systems.woocommerce.client import MOST_PER_CALL, WooCommerceClient
from erpsync.systems.woocommerce.mapper import DRAFTS, address
from erpsync.systems.woocommerce.paging import Fetched, Place, fetch
from erpsync.systems.woocommerce.refusals import rejected
from erpsync.systems.woocommerce.variants import variant

T = TypeVar("T")
R = TypeVar("R", bound=BaseModel)
FLOW = "orders"
# A checkout or an import may hold its transaction open this long; PHP ends it at last.
OVERLAP = timedelta(minutes=5)
# Parents whose variations one page of variants holds, where the shop cannot list variations.
_PARENTS = 5
_STAFF = frozenset({"administrator", "shop_manager", "editor", "author", "contributor"})


class Changes:
    """See `erpsync.ports.store.StoreChanges`."""

    def __init__(self, client: WooCommerceClient, catalogue: Catalogue, page_size: int) -> None:
        self._client = client
        self._catalogue = catalogue
        self._size = page_size

    def orders(self, since: Since) -> Page[Change]:
        place = self._place(since)
        params = {"status": "any", "_fields": "id,number,status,date_modified_gmt", **_modified(place)}
        return _page(fetch(self._client, "orders", params, place, self._size), place, _order_change)

    def orders_between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        """Both limits of WooCommerce's leave out their own second."""
        place = Place.read(cursor) if cursor is not None else Place("", "")
        params = {
            "status": "any",
            "_fields": "id,number,status,date_modified_gmt,date_created_gmt",
            "after": _naive(start - timedelta(seconds=1)),
            "before": _naive(end + timedelta(seconds=1)),
            "dates_are_gmt": "true",
        }
        fetched = fetch(self._client, "orders", params, place, self._size)
        return _page(fetched, place, lambda row: _placed(row, start, end))

    def customers(self, since: Since) -> Page[StoreCustomer]:
        place = self._place(since)
        begin = datetime.fromisoformat(place.begin) if place.begin else None
        fetched = fetch(self._client, "customers", {"role": "all"}, place, self._size)
        return _page(fetched, place, lambda row: customer_of(row, begin))

    def variants(self, since: Since) -> Page[StoreVariant]:
        """Products first, then variations: by their own list (since WooCommerce 10.3), else parent by parent, all of them,
        for a variation changes without its parent."""
        currency = self._catalogue.currency()
        place = self._place(since, "products")

        def told(row: Mapping[str, Any]) -> StoreVariant | SyncError | None:
            return variant(row, currency)

        if place.phase == "products":
            query = {"status": "any", **_modified(place)}
            return _page(fetch(self._client, "products", query, place, self._size), place, told, then="variations")
        if place.phase == "variations" and self._client.has("variations"):
            query = {"status": "any", **_modified(place)}
            return _page(fetch(self._client, "variations", query, place, self._size), place, told)
        place = Place(place.begin, place.watermark, "parents", place.offset, place.after)
        query = {"status": "any", "type": "variable", "_fields": "id"}
        parents = fetch(self._client, "products", query, place, _PARENTS)
        rows = [row for parent in parents.rows for row in self._variations(str(parent.get("id")), place)]
        return _page(Fetched(rows, parents.place), place, told)

    def _variations(self, parent_id: str, place: Place) -> Iterable[dict[str, Any]]:
        rest: Place | None = Place(place.begin, place.watermark)
        while rest is not None:
            path = f"products/{parent_id}/variations"
            fetched = fetch(self._client, path, {"status": "any", **_modified(place)}, rest, MOST_PER_CALL)
            yield from ({"parent_id": parent_id, **row} for row in fetched.rows)
            rest = fetched.place

    def _place(self, since: Since, phase: str = "") -> Place:
        """A read begins by the shop's own clock, asked before anything is read."""
        if since.cursor is not None:
            return Place.read(since.cursor)
        begin = since.watermark or (since.begin.astimezone(UTC).isoformat() if since.begin else "")
        watermark = (self._client.clock() - OVERLAP).isoformat()
        return Place(begin, watermark, phase)


def customer_of(row: Mapping[str, Any], begin: datetime | None) -> StoreCustomer | SyncError | None:
    """None for the shop's own staff, and for who did not change. A customer that was never saved has no time of change."""
    customer = _read(wire.Customer, row, "customer")
    if isinstance(customer, SyncError):
        return customer
    changed_at = customer.date_modified_gmt or customer.date_created_gmt or datetime.min.replace(tzinfo=UTC)
    if customer.role in _STAFF or (begin is not None and changed_at < begin.replace(microsecond=0)):
        return None
    billing = customer.billing
    return StoreCustomer(
        Customer(
            source_id=SourceId(customer.id),
            email=customer.email or billing.email,
            first_name=customer.first_name or billing.first_name,
            last_name=customer.last_name or billing.last_name,
            company=billing.company,
            phone=billing.phone,
            groups=(customer.role,) if customer.role not in ("", "customer", "subscriber") else (),
        ),
        address(customer.billing),
        address(customer.shipping),
        changed_at,
    )


def _page(
    fetched: Fetched, place: Place, record: Callable[[Mapping[str, Any]], T | SyncError | None], *, then: str = ""
) -> Page[T]:
    records: list[T] = []
    unreadable: list[SyncError] = []
    for row in fetched.rows:
        read = record(row)
        if isinstance(read, SyncError):
            unreadable.append(read)
        elif read is not None:
            records.append(read)
    following = fetched.place or (Place(place.begin, place.watermark, then) if then else None)
    return Page(tuple(records), following.text() if following else None, place.watermark, tuple(unreadable))


def _modified(place: Place) -> dict[str, str]:
    if not place.begin:
        return {}
    begin = datetime.fromisoformat(place.begin) - timedelta(seconds=1)
    return {"modified_after": _naive(begin), "dates_are_gmt": "true"}


def _naive(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _order_change(row: Mapping[str, Any]) -> Change | SyncError | None:
    """None for a draft: a checkout that is still being filled in."""
    head = _read(wire.OrderHead, row, "order")
    if isinstance(head, SyncError):
        return head
    if head.status in DRAFTS:
        return None
    return Change(FLOW, SourceId(head.id), head.date_modified_gmt, head.number or head.id, carries_state=False)


def _placed(row: Mapping[str, Any], start: datetime, end: datetime) -> Change | SyncError | None:
    head = _read(wire.OrderHead, row, "order")
    if isinstance(head, SyncError):
        return head
    return _order_change(row) if head.date_created_gmt and start <= head.date_created_gmt < end else None


def _read(model: type[R], row: Mapping[str, Any], kind: str) -> R | SyncError:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        return rejected(
            f"{kind}-unreadable",
            f"The field {field} cannot be read.",
            f"Look at the {kind} in WooCommerce: a plugin may have changed what its REST API tells.",
            f"{kind} {str(row.get('id'))[:40]}",
        )

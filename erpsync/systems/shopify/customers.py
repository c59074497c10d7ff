"""Customers that changed.

Shopify's search finds a customer's change by the day only (`updated_at`, "matching a whole day", in the words of
https://shopify.dev/docs/api/admin-graphql/2026-10/queries/customers): by the store's own days, so that it
is asked from the day before on, and those who changed earlier are left out here. They are listed by id, which never moves.
"""

from datetime import timedelta

from pydantic import ValidationError

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import SourceId
from erpsync.domain.parties import Customer
from erpsync.ports.pages import Page, Since
from erpsync.ports.store_records import StoreCustomer
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.lists import ListReader, unreadable_row
from erpsync.systems.shopify.mapper import read_address
from erpsync.systems.shopify.reads import after_id, position, since_term, with_watermark


class CustomerChanges:
    def __init__(self, lists: ListReader, page_size: int) -> None:
        self._lists = lists
        self._page_size = page_size

    def changed(self, since: Since) -> Page[StoreCustomer]:
        place = position(since)
        day_before = place.begun and place.begun - timedelta(days=1)
        terms = [since_term("updated_at", day_before), f"id:>={place.last_id + 1}" if place.last_id else ""]
        query = " ".join(term for term in terms if term)
        page, answer = self._lists.page("CustomersListed", "customers", {"query": query or None}, self._page_size)
        place = with_watermark(place, answer, self._lists.client.clock)
        told: list[StoreCustomer] = []
        unreadable: list[SyncError] = []
        for node in page.nodes:
            try:
                listed = wire.ListedCustomer.model_validate(node)
            except ValidationError as error:
                unreadable.append(unreadable_row("customer", node.get("id"), error))
                continue
            if place.begun is None or listed.updated_at >= place.begun.replace(microsecond=0):
                told.append(_customer(listed))
        return Page(tuple(told), after_id(place, page), place.watermark, tuple(unreadable))


def _customer(listed: wire.ListedCustomer) -> StoreCustomer:
    address = read_address(listed.default_address)
    customer = Customer(
        source_id=SourceId(listed.id),
        email=listed.default_email.email if listed.default_email else "",
        first_name=listed.first_name,
        last_name=listed.last_name,
        company=address.company if address else "",
        phone=listed.default_phone.phone if listed.default_phone else "",
        groups=listed.tags,
    )
    return StoreCustomer(customer, address, address, listed.updated_at)

"""How orders shall be booked: their lines with Odoo's products, their addresses with Odoo's contacts."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from erpsync.domain.errors import Rejected, SyncError
from erpsync.mapping import order_values
from erpsync.ports.erp_records import OrderDraft
from erpsync.systems.odoo import booking, fields, mapper, refusals
from erpsync.systems.odoo.booking import Catalogue, Line
from erpsync.systems.odoo.bulk import Record
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import AddressUse, Lookups
from erpsync.systems.odoo.settings import SYSTEM, OdooSettings
from erpsync.systems.odoo.wire import LineRow

Contacts: TypeAlias = Callable[[Iterable[AddressUse]], Mapping[str, int | SyncError]]
"""Contacts by `AddressUse.name`."""

# Odoo's ids are PostgreSQL's 32-bit integers.
_HIGHEST_ID = 2**31 - 1
_FIELDS = {"invoice": "partner_invoice_id", "delivery": "partner_shipping_id"}


@dataclass(frozen=True)
class Plan:
    """An order as it shall be booked. `addresses`: the contacts that the order itself names, by Odoo's field."""

    draft: OrderDraft
    lines: tuple[Line, ...]
    addresses: Mapping[str, int]
    catalogue: Catalogue
    fields: Mapping[str, str]
    """The merchant's own fields, as cells."""
    tax_column: str
    """What Odoo calls the taxes of a line."""
    price_list: Mapping[str, str]
    """The cell of the price list, which gives the order its currency."""

    @property
    def label(self) -> str:
        return refusals.label(self.draft.order)

    def record(self, settings: OdooSettings) -> Record:
        """The whole order, for making it."""
        addresses = {f"{name}/.id": str(number) for name, number in self.addresses.items()}
        cells = {**mapper.order_cells(self.draft, settings), **self.price_list, **addresses, **self.fields}
        return Record(self.label, cells, self.line_cells(self.lines, settings))

    def line_cells(self, lines: Sequence[Line], settings: OdooSettings) -> tuple[dict[str, str], ...]:
        return tuple(line.cells(settings, self.tax_column) for line in lines)


class Planner:
    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def preview(self, draft: OrderDraft) -> Plan:
        """The plan as far as it can be made without writing anything: contacts that an address would need have no id yet.
        Raises as `plan` answers."""
        made = self._plan({"": draft}, self._lookups.known_contacts)[""]
        if isinstance(made, SyncError):
            raise made
        return made

    def plan(self, drafts: Mapping[str, OrderDraft]) -> dict[str, Plan | SyncError]:
        """A plan for each draft, or why it cannot be booked. Makes the contacts that addresses need."""
        return self._plan(drafts, self._lookups.contacts) if drafts else {}

    def _plan(self, drafts: Mapping[str, OrderDraft], contacts: Contacts) -> dict[str, Plan | SyncError]:
        skus = {sku for draft in drafts.values() for sku in booking.skus_of(draft.order, self._settings)}
        catalogue = self._lookups.products(skus)
        plans: dict[str, Plan | SyncError] = {}
        lines: dict[str, tuple[Line, ...]] = {}
        own: dict[str, dict[str, str]] = {}
        for key, draft in drafts.items():
            try:
                lines[key] = booking.order_lines(draft, catalogue, self._settings)
                own[key] = fields.cells_of(order_values(self._settings.order_fields, draft, system=SYSTEM))
            except Rejected as error:
                plans[key] = error
        lists = self._price_lists({draft.order.currency for draft in drafts.values()})
        tax_column = self._client.spelling(LineRow).get("tax_ids", "tax_ids")
        for key, addresses in self._addresses({key: drafts[key] for key in own}, contacts).items():
            if isinstance(addresses, SyncError):
                plans[key] = addresses
            else:
                price_list = mapper.pricelist_cell(drafts[key].order, lists)
                plans[key] = Plan(drafts[key], lines[key], addresses, catalogue, own[key], tax_column, price_list)
        return plans

    def _price_lists(self, currencies: Collection[str]) -> Mapping[str, int]:
        """Up to Odoo 16 every order has a price list, and its currency: where the settings name none, any one will do,
        since each line brings its price."""
        named = self._settings.pricelists
        if self._client.release.knows_orders_without_price_list:
            return named
        return {**self._lookups.price_lists({each for each in currencies if each not in named}), **named}

    def _addresses(self, drafts: Mapping[str, OrderDraft], find: Contacts) -> dict[str, dict[str, int] | SyncError]:
        """The contacts of each order's addresses: the customer where the address is the customer's own, else one below."""
        partners = self._lookups.partners({number(draft.customer_id) for draft in drafts.values()})
        countries, _ = self._lookups.places(
            [each for draft in drafts.values() for each in (draft.order.billing, draft.order.shipping) if each]
        )
        own: dict[str, dict[str, int]] = {}
        below: dict[tuple[str, str], AddressUse] = {}
        answers: dict[str, dict[str, int] | SyncError] = {}
        for key, draft in drafts.items():
            order = draft.order
            partner = partners.get(number(draft.customer_id))
            if partner is None:
                answers[key] = refusals.customer_gone(order, draft.customer_id)
                continue
            own[key] = {}
            for kind, address in (("invoice", order.billing), ("delivery", order.shipping)):
                if address is None or not mapper.has_place(address):
                    continue
                if mapper.is_address_of(partner, address, countries):
                    own[key][_FIELDS[kind]] = partner.id
                else:
                    below[key, kind] = AddressUse(draft.customer_id, kind, address, refusals.label(order))
        contacts = find(below.values())
        answers |= own
        for (key, kind), use in below.items():
            contact = contacts.get(use.name)
            if contact is None:
                continue
            if isinstance(contact, SyncError):
                answers[key] = contact
            else:
                own[key][_FIELDS[kind]] = contact
        return answers


def number(target_id: str) -> int:
    """The database id that a target id holds; 0, which no record has, where it holds none."""
    found = int(target_id) if target_id.isascii() and target_id.isdigit() else 0
    return found if found <= _HIGHEST_ID else 0

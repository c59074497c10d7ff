"""How orders shall be booked: their lines with Odoo's products, their addresses with Odoo's contacts."""

from collections.abc import Mapping
from dataclasses import dataclass

from erpsync.domain.errors import Rejected, SyncError
from erpsync.ports.erp_records import OrderDraft
from erpsync.systems.odoo import booking, mapper, refusals
from erpsync.systems.odoo.booking import Catalogue, Line
from erpsync.systems.odoo.bulk import Record
from erpsync.systems.odoo.lookups import AddressUse, Lookups
from erpsync.systems.odoo.settings import OdooSettings

_FIELDS = {"invoice": "partner_invoice_id", "delivery": "partner_shipping_id"}


@dataclass(frozen=True)
class Plan:
    """An order as it shall be booked. `addresses`: the contacts that the order itself names, by Odoo's field."""

    draft: OrderDraft
    lines: tuple[Line, ...]
    addresses: Mapping[str, int]
    catalogue: Catalogue

    @property
    def label(self) -> str:
        return refusals.label(self.draft.order)

    def record(self, settings: OdooSettings) -> Record:
        """The whole order, for making it."""
        addresses = {f"{name}/.id": str(number) for name, number in self.addresses.items()}
        cells = {**mapper.order_cells(self.draft, settings), **addresses}
        return Record(self.label, cells, tuple(line.cells(settings) for line in self.lines))


class Planner:
    def __init__(self, settings: OdooSettings, lookups: Lookups) -> None:
        self._settings = settings
        self._lookups = lookups

    def plan(self, drafts: Mapping[str, OrderDraft]) -> dict[str, Plan | SyncError]:
        """A plan for each draft, or why it cannot be booked."""
        if not drafts:
            return {}
        skus = {sku for draft in drafts.values() for sku in booking.skus_of(draft.order, self._settings)}
        catalogue = self._lookups.products(skus)
        plans: dict[str, Plan | SyncError] = {}
        lines: dict[str, tuple[Line, ...]] = {}
        for key, draft in drafts.items():
            try:
                lines[key] = booking.order_lines(draft, catalogue, self._settings)
            except Rejected as error:
                plans[key] = error
        for key, addresses in self._addresses({key: drafts[key] for key in lines}).items():
            if isinstance(addresses, SyncError):
                plans[key] = addresses
            else:
                plans[key] = Plan(drafts[key], lines[key], addresses, catalogue)
        return plans

    def _addresses(self, drafts: Mapping[str, OrderDraft]) -> dict[str, dict[str, int] | SyncError]:
        """The contacts of each order's addresses: the customer where the address is the customer's own, else one below."""
        partners = self._lookups.partners({number(draft.customer_id) for draft in drafts.values()})
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
                if mapper.is_address_of(partner, address):
                    own[key][_FIELDS[kind]] = partner.id
                else:
                    below[key, kind] = AddressUse(draft.customer_id, kind, address, refusals.label(order))
        contacts = self._lookups.contacts(below.values())
        answers |= own
        for (key, kind), use in below.items():
            contact = contacts[use.name]
            if isinstance(contact, SyncError):
                answers[key] = contact
            else:
                own[key][_FIELDS[kind]] = contact
        return answers


def number(target_id: str) -> int:
    """The database id that a target id holds; 0, which no record has, where it holds none."""
    return int(target_id) if target_id.isascii() and target_id.isdigit() else 0

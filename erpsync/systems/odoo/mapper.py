"""Orders, customers and addresses as cells of Odoo's import. Pure: what has to be looked up comes in as arguments."""

import hashlib
from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal

from erpsync.domain.money import Money
from erpsync.domain.orders import Order
from erpsync.domain.parties import Address
from erpsync.ports.erp_records import CustomerDraft, OrderDraft
from erpsync.systems.odoo import names
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import OrderRow, PartnerRow


def order_cells(draft: OrderDraft, settings: OdooSettings) -> dict[str, str]:
    """The order's own cells, for making it; the addresses come on top."""
    order = draft.order
    cells = {
        "id": names.qualified(names.order_name(draft.reference)),
        "partner_id/.id": str(draft.customer_id),
        **shipping_cell(order, settings),
        "date_order": f"{order.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "client_order_ref": customer_reference(draft, settings),
        "origin": draft.reference if settings.customer_reference == "number" else order.number,
    }
    chosen = {"company_id": settings.company, "warehouse_id": settings.warehouse, "team_id": settings.sales_team}
    return cells | {f"{field}/.id": str(value) for field, value in chosen.items() if value is not None}


def customer_reference(draft: OrderDraft, settings: OdooSettings) -> str:
    return draft.order.number if settings.customer_reference == "number" else draft.reference


def customer_cells(draft: CustomerDraft, countries: Mapping[str, int], states: Mapping[str, int]) -> dict[str, str]:
    """A contact. What the store does not know is left out, so that an update erases nothing that Odoo knows."""
    customer, address = draft.customer, draft.billing
    company = customer.company or (address.company if address else "")
    person = customer.full_name or (address.full_name if address else "")
    cells = {
        "id": names.qualified(names.external_name("partner", draft.reference)),
        "name": person or company or customer.email or "Guest",
        "email": customer.email,
        "phone": customer.phone or (address.phone if address else ""),
        "company_name": company if person else "",
        "is_company": "" if person or not company else "True",
    }
    known = {column: value for column, value in cells.items() if value}
    return known | (_place_cells(address, countries, states) if address and has_place(address) else {})


def address_name(customer_id: str, kind: str, address: Address) -> str:
    """The external id of one customer's address. It is made of the address itself: another address is another contact, so
    that orders on their way keep theirs."""
    content = "\n".join((_recipient(address), *_place(address), address.region_code, address.phone))
    return names.address_name(customer_id, kind, hashlib.sha256(content.encode()).hexdigest()[:40])


def address_cells(
    customer_id: str, kind: str, address: Address, countries: Mapping[str, int], states: Mapping[str, int]
) -> dict[str, str]:
    """A contact of `kind` (invoice or delivery) below the customer."""
    return {
        "id": names.qualified(address_name(customer_id, kind, address)),
        "parent_id/.id": customer_id,
        "type": kind,
        "name": _recipient(address),
        "phone": address.phone,
        **_place_cells(address, countries, states),
    }


def is_address_of(partner: PartnerRow, address: Address, countries: Mapping[str, int]) -> bool:
    """Whether the contact's own address is this one, recipient included."""
    code = next((code for code, number in countries.items() if number == partner.country_id), "")
    if partner.country_id and not code:
        return False
    place = (partner.street, partner.street2, partner.zip, partner.city, code)
    recipients = {"", _plain(partner.name), _plain(_recipient_of(partner.company_name, partner.name))}
    return [*map(_plain, place)] == [*map(_plain, _place(address))] and _plain(_recipient(address)) in recipients


def has_place(address: Address | None) -> bool:
    """Whether there is anything in it to send to."""
    return address is not None and bool(_place(address))


def state_key(country: str, code: str) -> str:
    return f"{country.upper()}-{code.upper()}"


def lacking(order: Order, row: OrderRow) -> Decimal:
    """What Odoo's total lacks to be the store's. Odoo's amounts come as binary fractions."""
    booked = Money(amount=row.amount_total, currency=order.currency)
    return (order.total.rounded() - booked.rounded()).amount


def differs(order: Order, row: OrderRow) -> bool:
    return row.currency_id != order.currency or lacking(order, row) != 0


def pricelist_cell(order: Order, pricelists: Mapping[str, int]) -> dict[str, str]:
    """Empty: the company's own currency. Odoo would take the customer's price list, whatever its currency."""
    return {"pricelist_id/.id": str(pricelists.get(order.currency, ""))}


def shipping_cell(order: Order, settings: OdooSettings) -> dict[str, str]:
    """The delivery method of the order's first shipping charge, where the settings name any."""
    codes = [charge.code for charge in order.shipping_lines[:1]]
    chosen = [settings.shipping_methods[code] for code in codes if code in settings.shipping_methods]
    method = next(iter(chosen), settings.default_shipping_method)
    return {} if method is None else {"carrier_id/.id": str(method)}


def _recipient(address: Address) -> str:
    return _recipient_of(address.company, address.full_name)


def _recipient_of(company: str, person: str) -> str:
    return ", ".join(part for part in (company, person) if part)


def _place(address: Address) -> tuple[str, ...]:
    place = (address.line1, address.line2, address.postal_code, address.city, address.country.upper())
    return place if any(place) else ()


def _place_cells(address: Address, countries: Mapping[str, int], states: Mapping[str, int]) -> dict[str, str]:
    """The whole address or nothing: half an old one beside half a new one is no address."""
    return {
        "street": address.line1,
        "street2": address.line2,
        "zip": address.postal_code,
        "city": address.city,
        "country_id/.id": str(countries.get(address.country.upper(), "")),
        "state_id/.id": str(states.get(state_key(address.country, address.region_code), "")),
    }


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()

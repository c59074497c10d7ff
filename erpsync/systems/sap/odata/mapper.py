"""Orders and refunds as SAP's entities. Pure: materials that must be looked up come in as arguments."""

from collections.abc import Mapping
from decimal import Decimal

from erpsync.domain import address_fields
from erpsync.domain.errors import Rejected
from erpsync.domain.orders import Order
from erpsync.domain.parties import Address
from erpsync.mapping import Value, order_values
from erpsync.ports.erp_records import OrderDraft
from erpsync.systems.sap.odata.amounts import Charged, Position, charged, named, price_per
from erpsync.systems.sap.odata.edm import date_value, decimal_value, fitted
from erpsync.systems.sap.odata.materials import Material, unknown
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import Entity, results

# Lengths by API_SALES_ORDER_SRV's metadata.
ORDER_REFERENCE = 35
_ITEM_TEXT = 40
_ASSIGNMENT = 18
_NAME = 40
_STREET = {"StreetName": 60, "StreetSuffixName1": 40, "StreetSuffixName2": 40}
_PLACE = {"CityName": 40, "PostalCode": 10, "Country": 3, "PhoneNumber": 30, "EmailAddress": 241}
_REGION = 3


def order_entity(draft: OrderDraft, materials: Mapping[str, Material], settings: SapODataSettings) -> Entity:
    """The sales order with items, conditions, partners and texts, as one deep insert. Raises Rejected for what the settings
    or the sales area lack, and for an address that does not fit."""
    order = draft.order
    parts = charged(order, settings)
    currency = currency_of(order.currency, settings, record=named(order))
    entity: Entity = {
        "SalesOrderType": settings.order_type,
        "SalesOrganization": settings.sales_organization,
        "DistributionChannel": settings.distribution_channel,
        "OrganizationDivision": settings.division,
        "SoldToParty": draft.customer_id,
        "PurchaseOrderByCustomer": fitted(draft.reference, ORDER_REFERENCE),
        "CustomerPurchaseOrderDate": date_value(order.created_at.astimezone(settings.zone).date()),
        "TransactionCurrency": currency,
        "AssignmentReference": order.number[:_ASSIGNMENT],
        **header_choices(order, settings),
        "to_Item": results(
            *(
                item_entity(position, str((at + 1) * 10), materials, settings, order)
                for at, position in enumerate(parts.positions)
            )
        ),
    }
    if parts.conditions:
        entity["to_PricingElement"] = results(*header_conditions(parts, currency))
    if partners := partner_entities(draft, settings):
        entity["to_Partner"] = results(*partners)
    if texts := text_entities(order, settings):
        entity["to_Text"] = results(*texts)
    entity.update(own_fields(order_values(settings.order_fields, draft, system=SYSTEM)))
    return entity


def header_choices(order: Order, settings: SapODataSettings) -> Entity:
    """What tables of the settings say about the order as a whole."""
    chosen: Entity = {}
    if settings.order_origin:
        chosen["CustomerPurchaseOrderType"] = settings.order_origin
    if method := _shipping_condition(order, settings):
        chosen["ShippingCondition"] = method
    payment = next(
        (settings.payment_methods[name] for name in order.payment_methods if name in settings.payment_methods), ""
    )
    if payment:
        chosen["PaymentMethod"] = payment
    return chosen


def item_entity(
    position: Position, number: str, materials: Mapping[str, Material], settings: SapODataSettings, order: Order
) -> Entity:
    record = named(order)
    material = materials.get(position.material)
    if material is None:
        raise unknown(position.material, settings, record=record)
    entity: Entity = {
        "SalesOrderItem": number,
        "Material": material.number,
        "SalesOrderItemText": position.text[:_ITEM_TEXT],
        "RequestedQuantity": decimal_value(position.quantity),
        "RequestedQuantityUnit": material.unit,
        "PurchaseOrderByShipToParty": position.reference,
    }
    if settings.tax_handling == "classification":
        entity["ProductTaxClassification1"] = position.tax_code
    currency = currency_of(order.currency, settings, record=record)
    conditions = item_conditions(position, material.unit, currency, settings, order.currency, record=record)
    entity["to_PricingElement"] = results(*conditions)
    return entity


def item_conditions(
    position: Position, unit: str, currency: str, settings: SapODataSettings, iso_currency: str, *, record: str
) -> list[Entity]:
    """The manual conditions of an item: price, discount where it has one, and its tax where SAP is not to compute it."""
    rate, per = price_per(position, iso_currency, record=record)
    found: list[Entity] = [
        {
            "ConditionType": settings.price_condition,
            "ConditionRateValue": decimal_value(rate),
            "ConditionCurrency": currency,
            "ConditionQuantity": decimal_value(per),
            "ConditionQuantityUnit": unit,
        }
    ]
    if position.discount:
        found.append(_amount(settings.discount_condition, -position.discount, currency))
    if settings.tax_handling == "condition":
        found.append(_amount(position.tax_code, position.tax, currency))
    return found


def header_conditions(parts: Charged, currency: str) -> list[Entity]:
    return [_amount(kind, amount, currency) for kind, amount in parts.conditions.items()]


def partner_entities(draft: OrderDraft, settings: SapODataSettings) -> list[Entity]:
    """Ship-to and bill-to party with the order's own addresses."""
    if not settings.order_addresses:
        return []
    order = draft.order
    found: list[Entity] = []
    for function, address in (
        (settings.ship_to_function, order.shipping or order.billing),
        (settings.bill_to_function, order.billing or order.shipping),
    ):
        if address is not None:
            own = results(order_address(address, order.customer.email, settings, record=named(order)))
            found.append({"PartnerFunction": function, "Customer": draft.customer_id, "to_Address": own})
    return found


def order_address(address: Address, email: str, settings: SapODataSettings, *, record: str) -> Entity:
    """An address of A_SalesOrderPartnerAddress. Names are cut to SAP's lengths; raises Rejected for what else is longer."""
    lines = [address.company or address.full_name, address.full_name if address.company else ""]
    place = {
        "CityName": address.city,
        "PostalCode": address.postal_code,
        "Country": address.country.upper(),
        "PhoneNumber": address.phone,
        "EmailAddress": email,
    }
    fields = {
        "OrganizationName1": lines[0][:_NAME],
        "OrganizationName2": lines[1][:_NAME],
        **address_fields.street((address.line1, address.line2), _STREET, system=SYSTEM, record=record),
        **address_fields.whole(place, _PLACE, system=SYSTEM, record=record),
        "Region": region_of(address, settings),
    }
    return {name: value for name, value in fields.items() if value}


def region_of(address: Address, settings: SapODataSettings) -> str:
    """The region's code. One of more characters than SAP's codes have is the shop system's own, as "BG-01": half of it may
    be another region, so none is sent."""
    code = address.region_code.upper()
    return code if settings.regions and len(code) <= _REGION else ""


def text_entities(order: Order, settings: SapODataSettings) -> list[Entity]:
    texts = {settings.note_text: order.note, settings.payment_text: ", ".join(order.payment_methods)}
    return [
        {"Language": settings.language, "LongTextID": kind, "LongText": content}
        for kind, content in texts.items()
        if kind and content
    ]


def own_fields(values: Mapping[str, Value]) -> Entity:
    """The merchant's own fields. Decimals are text in OData V2."""
    return {
        name: decimal_value(value) if isinstance(value, Decimal) else value
        for name, value in values.items()
        if value is not None
    }


def currency_of(currency: str, settings: SapODataSettings, *, record: str) -> str:
    """SAP's key of a currency. Raises Rejected where currencies are listed and it is not."""
    if not settings.currencies:
        return currency
    if currency not in settings.currencies:
        raise Rejected(
            "currency-not-mapped",
            system=SYSTEM,
            record=record,
            what=f"The currency {currency} is not configured for this connection.",
            next_step=f"Add {currency} with SAP's key to `currencies` of this connection; restart the workers, replay.",
        )
    return settings.currencies[currency]


def _shipping_condition(order: Order, settings: SapODataSettings) -> str:
    if not order.shipping_lines:
        return settings.default_shipping_method
    code = order.shipping_lines[0].code
    method = settings.shipping_methods.get(code, settings.default_shipping_method)
    if not method and settings.shipping_methods:
        raise Rejected(
            "shipping-method-not-mapped",
            system=SYSTEM,
            record=named(order),
            what=f'No shipping condition is configured for the store\'s "{code}".',
            next_step=f'Add "{code}" to `shipping_methods` of this connection, or set `default_shipping_method`; replay.',
        )
    return method


def _amount(kind: str, amount: Decimal, currency: str) -> Entity:
    return {"ConditionType": kind, "ConditionRateValue": decimal_value(amount), "ConditionCurrency": currency}

"""What erpsync writes, as SuiteTalk records. Pure: ids that must be looked up come in as arguments."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.orders import Order
from erpsync.domain.parties import Address
from erpsync.mapping import customer_values, order_values
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, PaymentDraft, RefundDraft
from erpsync.systems.netsuite import fields, wire
from erpsync.systems.netsuite.addresses import address_record
from erpsync.systems.netsuite.credit_lines import credit_lines
from erpsync.systems.netsuite.credit_lines import named as named_refund
from erpsync.systems.netsuite.fields import Kind, Place
from erpsync.systems.netsuite.lines import SYSTEM, Line, named, sales_order_lines
from erpsync.systems.netsuite.own_fields import custom_field, fill
from erpsync.systems.netsuite.settings import NetSuiteSettings

# The price level Custom: NetSuite then keeps the rate and amount that are sent.
CUSTOM_PRICE = wire.Ref(internalId="-1")
MEMO_LENGTH = 999  # characters that NetSuite's memo holds
_ORDER_STATUS = {"pending_approval": "_pendingApproval", "pending_fulfillment": "_pendingFulfillment"}
_CREDIT_TYPES = {"credit_memo": "customers:CreditMemo", "return_authorization": "customers:ReturnAuthorization"}


def customer_record(draft: CustomerDraft, settings: NetSuiteSettings, *, is_new: bool) -> wire.Customer:
    """The customer with our reference as external id. Raises Rejected for a currency that is not configured.

    What makes a customer what it is (person or company, subsidiary, currency) and its addresses are sent once, when it
    is new: later they belong to the people who work in NetSuite, and each order brings its own addresses.
    """
    customer = draft.customer
    record = wire.Customer({"$type": "relationships:Customer", "externalId": draft.reference})
    if customer.company and not customer.full_name:
        is_person = False
        record["companyName"] = customer.company
    else:
        is_person = True
        # NetSuite requires a last name of a person; a guest may have given none.
        record["lastName"] = customer.last_name or customer.first_name or customer.email or draft.reference
        if customer.first_name and customer.last_name:
            record["firstName"] = customer.first_name
        if customer.company:
            record["companyName"] = customer.company
    if customer.email:
        record["email"] = customer.email
    if customer.phone:
        record["phone"] = customer.phone
    category = customer_category(draft, settings)
    if category:
        record["category"] = {"internalId": category}
    if is_new:
        record["isPerson"] = is_person
        _add_origin(record, draft, settings)
    values = customer_values(settings.customer_fields, draft, system=SYSTEM)
    fill(record, {fields.of_customer(name): value for name, value in values.items()}, f"customer {draft.reference}")
    return record


def order_record(draft: OrderDraft, items: Mapping[Sku, Sequence[str]], settings: NetSuiteSettings) -> wire.SalesOrder:
    """The sales order with our reference as external id. Raises Rejected for what the settings or items lack."""
    order = draft.order
    charged = sales_order_lines(order, items, settings)
    record = wire.SalesOrder(
        {
            "$type": "sales:SalesOrder",
            "externalId": draft.reference,
            "entity": {"internalId": draft.customer_id, "type": "customer"},
            "tranDate": order.created_at.replace(microsecond=0),
            "otherRefNum": order.number,
            "shippingCost": charged.shipping_cost,
            "itemList": {"replaceAll": True, "item": [_item(line) for line in charged.lines]},
        }
    )
    currency = currency_id(order.currency, settings, record=named(order))
    if currency:
        record["currency"] = {"internalId": currency}
    if settings.order_form:
        record["customForm"] = {"internalId": settings.order_form}
    if settings.order_status:
        record["orderStatus"] = _ORDER_STATUS[settings.order_status]
    if settings.subsidiary:
        record["subsidiary"] = {"internalId": settings.subsidiary}
    if settings.location:
        record["location"] = {"internalId": settings.location}
    _add_texts(record, order, settings)
    _add_addresses(record, order)
    method = _shipping_method(order, charged.shipping_cost, settings)
    if method:
        record["shipMethod"] = {"internalId": method}
    values = order_values(settings.order_fields, draft, system=SYSTEM)
    fill(record, {fields.of_order(name): value for name, value in values.items()}, named(order))
    return record


def amended_record(
    target_id: TargetId,
    draft: OrderDraft,
    items: Mapping[Sku, Sequence[str]],
    settings: NetSuiteSettings,
    known: Sequence[wire.ReadLine] = (),
) -> wire.SalesOrder:
    """The same as an update of the sales order `target_id`, which also empties what the order no longer has.

    By its internal id: an upsert by external id would make a second order where somebody deleted the first. A line of an
    item that is among the lines `known` is that line, changed: it keeps what was shipped of it.
    """
    record = order_record(draft, items, settings)
    _keep_lines(record["itemList"]["item"], known)
    del record["externalId"]
    record["internalId"] = target_id
    # An approved order must not fall back to pending by an edit in the store.
    record.pop("orderStatus", None)
    gone = ["memo", *(place.name for place in map(fields.of_order, settings.order_fields) if not place.on_lines)]
    custom = {field["scriptId"] for field in record.get("customFieldList", {"customField": []})["customField"]}
    empty = [name for name in dict.fromkeys(gone) if name not in record and name not in custom]
    if empty:
        record["nullFieldList"] = {"name": empty}
    return record


def _keep_lines(lines: list[wire.SalesOrderItem], known: Sequence[wire.ReadLine]) -> None:
    numbers: dict[str, list[int]] = {}
    for line in known:
        item = wire.id_of(line["item"])
        if item and line["line"] is not None and not line["isClosed"]:
            numbers.setdefault(item, []).append(line["line"])
    for written in lines:
        left = numbers.get(written["item"]["internalId"])
        if left:
            written["line"] = left.pop(0)


def closing_record(target_id: TargetId, lines: Sequence[int]) -> wire.SalesOrder:
    """The update that closes these lines of a sales order, which is how NetSuite cancels one."""
    return {
        "$type": "sales:SalesOrder",
        "internalId": target_id,
        "itemList": {"replaceAll": False, "item": [{"isClosed": True, "line": line} for line in lines]},
    }


def credit_record(
    draft: RefundDraft, customer_id: str, items: Mapping[Sku, Sequence[str]], settings: NetSuiteSettings
) -> wire.Credit:
    """The credit memo or return authorization with our reference as external id. Raises Rejected for what the settings or
    items lack, Skip where no money was given back."""
    refund = draft.refund
    lines = credit_lines(draft, items, settings)
    record = wire.Credit(
        {
            "$type": _CREDIT_TYPES[settings.refund_as],
            "externalId": draft.reference,
            "entity": {"internalId": customer_id},
            "tranDate": refund.created_at.replace(microsecond=0),
            # Its number in the store would not tell which order: people look for the order.
            "otherRefNum": draft.order_reference,
            "itemList": {"replaceAll": True, "item": [_item(line) for line in lines]},
        }
    )
    currency = currency_id(refund.total.currency, settings, record=named_refund(draft))
    if currency:
        record["currency"] = {"internalId": currency}
    if settings.subsidiary:
        record["subsidiary"] = {"internalId": settings.subsidiary}
    if settings.location:
        record["location"] = {"internalId": settings.location}
    if refund.reason:
        record["memo"] = refund.reason[:MEMO_LENGTH]
    return record


def deposit_record(draft: PaymentDraft, settings: NetSuiteSettings) -> wire.CustomerDeposit:
    """The customer deposit for the sales order, which NetSuite applies when it is invoiced. Raises Rejected for a
    currency or a method that is not configured."""
    payment = draft.payment
    name = f"payment {draft.reference}"
    record = wire.CustomerDeposit(
        {
            "$type": "customers:CustomerDeposit",
            "externalId": draft.reference,
            "customer": {"internalId": draft.customer_id},
            "salesOrder": {"internalId": draft.order_id},
            "payment": payment.amount.rounded().amount,
            "tranDate": payment.paid_at.replace(microsecond=0),
        }
    )
    currency = currency_id(payment.amount.currency, settings, record=name)
    if currency:
        record["currency"] = {"internalId": currency}
    method = payment_method(draft, settings)
    if method:
        record["paymentMethod"] = {"internalId": method}
    if settings.payment_account:
        record["account"] = {"internalId": settings.payment_account}
    else:
        record["undepFunds"] = True
    return record


def payment_method(draft: PaymentDraft, settings: NetSuiteSettings) -> str:
    """The payment method of a payment, empty where none are used. Raises Rejected where others are and this is not."""
    method = settings.payment_methods.get(draft.payment.method, settings.default_payment_method)
    if not method and settings.payment_methods:
        raise Rejected(
            "payment-method-not-mapped",
            system=SYSTEM,
            record=f"payment {draft.reference}",
            what=f'No payment method of NetSuite is configured for the store\'s "{draft.payment.method}".',
            next_step=f'Add "{draft.payment.method}" to `payment_methods` of this connection, or set '
            "`default_payment_method`; then replay.",
        )
    return method


def customer_category(draft: CustomerDraft, settings: NetSuiteSettings) -> str:
    """The category of the first of the customer's groups that has one, else the default; empty for none."""
    groups = settings.customer_groups
    return next((groups[name] for name in draft.customer.groups if name in groups), settings.default_customer_group)


def currency_id(currency: str, settings: NetSuiteSettings, *, record: str) -> str:
    """The id of `currency`, empty where the account has only that one. Raises Rejected where it is not configured."""
    if currency not in settings.currencies:
        raise Rejected(
            "currency-not-mapped",
            system=SYSTEM,
            record=record,
            what=f"The currency {currency} is not configured for this connection.",
            next_step=f"Add {currency} with its internal id to `currencies` of this connection, then replay.",
        )
    return settings.currencies[currency]


def _add_origin(record: wire.Customer, draft: CustomerDraft, settings: NetSuiteSettings) -> None:
    if settings.subsidiary:
        record["subsidiary"] = {"internalId": settings.subsidiary}
    currency = currency_id(draft.currency, settings, record="customer of an order")
    if currency:
        record["currency"] = {"internalId": currency}
    same = draft.billing == draft.shipping
    entries: list[wire.AddressbookEntry] = []
    if draft.billing is not None:
        entries.append(_entry(draft.billing, billing=True, shipping=same))
    if draft.shipping is not None and not same:
        entries.append(_entry(draft.shipping, billing=False, shipping=True))
    if entries:
        record["addressbookList"] = {"replaceAll": False, "addressbook": entries}


def _entry(address: Address, *, billing: bool, shipping: bool) -> wire.AddressbookEntry:
    return {
        "defaultShipping": shipping,
        "defaultBilling": billing,
        "addressbookAddress": address_record(address, record="customer of an order"),
    }


def _add_texts(record: wire.SalesOrder, order: Order, settings: NetSuiteSettings) -> None:
    if order.note:
        record["memo"] = order.note[:MEMO_LENGTH]
    if settings.payment_field and order.payment_methods:
        methods = custom_field(Place(settings.payment_field, Kind.TEXT), Kind.TEXT, ", ".join(order.payment_methods))
        record["customFieldList"] = {"customField": [methods]}


def _add_addresses(record: wire.SalesOrder, order: Order) -> None:
    if order.billing is not None:
        record["billingAddress"] = address_record(order.billing, record=named(order))
    if order.shipping is not None:
        record["shippingAddress"] = address_record(order.shipping, record=named(order))


def _item(line: Line) -> wire.SalesOrderItem:
    item = wire.SalesOrderItem({"item": {"internalId": line.item}, "price": CUSTOM_PRICE, "amount": line.amount})
    if line.quantity is not None:
        item["quantity"] = line.quantity
    if line.rate is not None:
        item["rate"] = line.rate
    if line.description:
        item["description"] = line.description
    if line.tax_code:
        item["taxCode"] = {"internalId": line.tax_code}
    if line.tax is not None:
        item["tax1Amt"] = line.tax
    elif not line.tax_code:
        # Accounts without tax codes on lines would otherwise tax the line a second time.
        item["isTaxable"] = False
    return item


def _shipping_method(order: Order, cost: Decimal, settings: NetSuiteSettings) -> str:
    """The shipping item, empty where none is used. NetSuite keeps a shipping cost only together with one."""
    if not order.shipping_lines:
        return ""
    code = order.shipping_lines[0].code
    method = settings.shipping_methods.get(code, settings.default_shipping_method)
    if not method and (cost or settings.shipping_methods):
        raise Rejected(
            "shipping-method-not-mapped",
            system=SYSTEM,
            record=named(order),
            what=f'No shipping method of NetSuite is configured for the store\'s "{code}".',
            next_step=f'Add "{code}" to `shipping_methods` of this connection, or set `default_shipping_method`; '
            "then replay.",
        )
    return method

"""What turns a sales order as it is into the one that it shall be. Pure.

Items are known by our reference in PurchaseOrderByShipToParty; those without one were entered by people and are left alone.
"""

from collections.abc import Iterator, Mapping, Sequence

import simplejson

from erpsync.domain.errors import Rejected
from erpsync.systems.sap.odata.edm import day, key, number
from erpsync.systems.sap.odata.materials import canonical
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import Entity, Row, etag, nested, text
from erpsync.transport.batch import Request

JSON_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
_NOT_DELIVERED = ("", "A")
# Said once, when the order is made; SAP does not change them afterwards.
_FIXED = frozenset(
    {"SalesOrderType", "SalesOrganization", "DistributionChannel", "OrganizationDivision", "TransactionCurrency"}
)
_ADDRESS_FIELDS = (
    "OrganizationName1",
    "OrganizationName2",
    "StreetName",
    "StreetSuffixName1",
    "StreetSuffixName2",
    "CityName",
    "PostalCode",
    "Country",
    "Region",
    "PhoneNumber",
    "EmailAddress",
)


def revision(current: Row, wanted: Entity, settings: SapODataSettings, *, record: str) -> tuple[Request, ...]:
    """The writes of one change set; empty where nothing differs. The first carries If-Match, so that all of them are
    refused when somebody changed the order meanwhile. Raises Rejected for what can no longer be changed."""
    number_ = text(current, "SalesOrder")
    items = nested(current, "to_Item")
    _refuse_impossible(current, items, wanted, record)
    writes = [
        *_item_writes(number_, items, wanted["to_Item"]["results"], settings, record),
        *_header_conditions(number_, current, wanted, settings),
        *_addresses(number_, current, wanted),
        *_texts(number_, current, wanted),
    ]
    changed = {name: value for name, value in _plain(wanted).items() if not same(current.get(name), value)}
    if not writes and not changed:
        return ()
    # Where only items change, the header is written as it is: its ETag guards the order as a whole.
    body = changed or {"PurchaseOrderByCustomer": wanted["PurchaseOrderByCustomer"]}
    return (patch(f"A_SalesOrder{key(SalesOrder=number_)}", body, etag(current)), *writes)


def patch(url: str, body: Entity, tag: str = "") -> Request:
    headers = {**JSON_HEADERS, "If-Match": tag} if tag else JSON_HEADERS
    return Request("PATCH", url, headers, _json(body))


def post(url: str, body: Entity) -> Request:
    return Request("POST", url, JSON_HEADERS, _json(body))


def is_delivered(item: Row) -> bool:
    """Whether some of it has a delivery."""
    return text(item, "DeliveryStatus") not in _NOT_DELIVERED


def _delete(url: str, tag: str) -> Request:
    return Request("DELETE", url, {"Accept": "application/json", **({"If-Match": tag} if tag else {})})


def _json(body: Entity) -> bytes:
    return simplejson.dumps(body, ensure_ascii=False).encode()


def _plain(wanted: Entity) -> Entity:
    return {name: value for name, value in wanted.items() if name not in _FIXED and not isinstance(value, dict)}


def _item_writes(
    order: str, items: Sequence[Row], wanted: Sequence[Entity], settings: SapODataSettings, record: str
) -> Iterator[Request]:
    ours = {text(item, "PurchaseOrderByShipToParty"): item for item in items if _is_ours(item)}
    last = max((int(text(item, "SalesOrderItem") or 0) for item in items), default=0)
    kept = set()
    for target in wanted:
        item = ours.get(target["PurchaseOrderByShipToParty"])
        if item is not None and canonical(text(item, "Material")) == canonical(target["Material"]):
            kept.add(text(item, "SalesOrderItem"))
            # One that people rejected stays so; the total then tells whether that matters.
            if not text(item, "SalesDocumentRjcnReason"):
                yield from _changed_item(order, item, target, settings, record)
        else:
            last += 10
            yield post(f"A_SalesOrder{key(SalesOrder=order)}/to_Item", {**target, "SalesOrderItem": str(last)})
    for item in ours.values():
        at = text(item, "SalesOrderItem")
        if at in kept or text(item, "SalesDocumentRjcnReason"):
            continue
        if is_delivered(item):
            raise _delivered(record, at)
        yield _delete(f"A_SalesOrderItem{key(SalesOrder=order, SalesOrderItem=at)}", etag(item))


def _is_ours(item: Row) -> bool:
    """Sub-items (of a bill of material, free goods, batches) are SAP's own and may inherit our reference."""
    return bool(text(item, "PurchaseOrderByShipToParty")) and not text(item, "HigherLevelItem").strip("0")


def _changed_item(order: str, item: Row, target: Entity, settings: SapODataSettings, record: str) -> Iterator[Request]:
    at = text(item, "SalesOrderItem")
    url = f"A_SalesOrderItem{key(SalesOrder=order, SalesOrderItem=at)}"
    body: Entity = {}
    if number(item.get("RequestedQuantity")) != number(target["RequestedQuantity"]):
        if is_delivered(item) and number(target["RequestedQuantity"]) < number(item.get("RequestedQuantity")):
            raise _delivered(record, at)
        body = {name: target[name] for name in ("RequestedQuantity", "RequestedQuantityUnit")}
    tax = target.get("ProductTaxClassification1")
    if tax is not None and text(item, "ProductTaxClassification1") != tax:
        body["ProductTaxClassification1"] = tax
    if body:
        yield patch(url, body, etag(item))
    owned = {settings.price_condition, settings.discount_condition, *_tax_conditions(settings)} - {""}
    yield from _conditions(
        "A_SalesOrderItemPrElement",
        url,
        {"SalesOrder": order, "SalesOrderItem": at},
        nested(item, "to_PricingElement"),
        target["to_PricingElement"]["results"],
        owned,
    )


def _header_conditions(order: str, current: Row, wanted: Entity, settings: SapODataSettings) -> Iterator[Request]:
    names = ("shipping_charge", "tip_charge", "duty_charge", "fee_charge", "rounding_charge")
    charges = [str(getattr(settings, name)).partition(" ") for name in names]
    owned = {key_ for kind, _, key_ in charges if kind == "condition"}
    yield from _conditions(
        "A_SalesOrderHeaderPrElement",
        f"A_SalesOrder{key(SalesOrder=order)}",
        {"SalesOrder": order},
        nested(current, "to_PricingElement"),
        wanted.get("to_PricingElement", {"results": []})["results"],
        owned,
    )


def _conditions(
    entities: str,
    parent: str,
    parent_key: Mapping[str, str],
    current: Sequence[Row],
    wanted: Sequence[Entity],
    owned: set[str],
) -> Iterator[Request]:
    """`owned` are the types that only erpsync sets; one of them that is not wanted is taken away."""
    there = {
        text(row, "ConditionType"): row
        for row in current
        if text(row, "ConditionType") in owned and not text(row, "ConditionInactiveReason")
    }
    for target in wanted:
        row = there.pop(target["ConditionType"], None)
        if row is None:
            yield post(f"{parent}/to_PricingElement", target)
            continue
        body = {name: value for name, value in target.items() if name != "ConditionType"}
        if any(not same(row.get(name), value) for name, value in body.items()):
            yield patch(f"{entities}{_element_key(parent_key, row)}", body, etag(row))
    for row in there.values():
        yield _delete(f"{entities}{_element_key(parent_key, row)}", etag(row))


def _element_key(parent_key: Mapping[str, str], row: Row) -> str:
    steps = {name: text(row, name) for name in ("PricingProcedureStep", "PricingProcedureCounter")}
    return key(**parent_key, **steps)


def _addresses(order: str, current: Row, wanted: Entity) -> Iterator[Request]:
    there = {text(row, "PartnerFunction"): row for row in nested(current, "to_Partner")}
    for partner in wanted.get("to_Partner", {"results": []})["results"]:
        function = partner["PartnerFunction"]
        [target] = partner["to_Address"]["results"]
        row: Row = next(iter(nested(there.get(function, {}), "to_Address")), {})
        body = {
            name: target.get(name, "") for name in _ADDRESS_FIELDS if text(row, name) != target.get(name, "").strip()
        }
        if body:
            own = key(SalesOrder=order, PartnerFunction=function, AddressRepresentationCode="")
            yield patch(f"A_SalesOrderPartnerAddress{own}", body, etag(row))


def _texts(order: str, current: Row, wanted: Entity) -> Iterator[Request]:
    there = {text(row, "LongTextID"): row for row in nested(current, "to_Text")}
    for target in wanted.get("to_Text", {"results": []})["results"]:
        row = there.get(target["LongTextID"])
        if row is None:
            yield post(f"A_SalesOrder{key(SalesOrder=order)}/to_Text", target)
        # SAP breaks lines anew.
        elif text(row, "LongText").split() != str(target["LongText"]).split():
            own = key(SalesOrder=order, Language=target["Language"], LongTextID=target["LongTextID"])
            yield patch(f"A_SalesOrderText{own}", {"LongText": target["LongText"]}, etag(row))


def _tax_conditions(settings: SapODataSettings) -> set[str]:
    return set(settings.tax_codes.values()) if settings.tax_handling == "condition" else set()


def same(there: object, wanted: object) -> bool:
    """Whether a field has that value already: SAP writes numbers with all their decimals and keys with leading zeros."""
    if isinstance(wanted, bool):
        return bool(there) is wanted
    left, right = str("" if there is None else there).strip(), str(wanted).strip()
    if left == right:
        return True
    if right.startswith("/Date("):
        return day(left) == day(right)
    try:
        return bool(right) and number(left) == number(right)
    except ValueError:
        return False


def _refuse_impossible(current: Row, items: Sequence[Row], wanted: Entity, record: str) -> None:
    display = text(current, "SalesOrder")
    if items and all(text(item, "SalesDocumentRjcnReason") for item in items):
        raise Rejected(
            "order-rejected-in-sap",
            system=SYSTEM,
            record=record,
            what=f"All items of sales order {display} were rejected in SAP.",
            next_step="Cancel the order in the store as well; or take the rejection reasons out in SAP and replay.",
        )
    if text(current, "TransactionCurrency") != wanted["TransactionCurrency"]:
        raise Rejected(
            "currency-differs",
            system=SYSTEM,
            record=record,
            what=f"Sales order {display} is in {text(current, 'TransactionCurrency')}, the store's order is not.",
            next_step="Correct the order by hand in SAP, then discard this.",
        )


def _delivered(record: str, item: str) -> Rejected:
    return Rejected(
        "already-delivered",
        system=SYSTEM,
        record=record,
        what=f"Item {item} has a delivery in SAP, and the store's order asks for less now.",
        next_step="Take the quantity out of the delivery, or make a return for it in SAP; then replay.",
    )

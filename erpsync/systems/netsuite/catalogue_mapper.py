"""Items as products and base prices. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.money import Money
from erpsync.domain.products import BasePrice, Product, Variant
from erpsync.systems.netsuite.item_rules import grams, own_name
from erpsync.systems.netsuite.items import sku_of
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import DeletedRecord, Pricing, ReadRecord, id_of, name_of

_PARENT, _CHILD = "_parent", "_child"


def is_parent(item: ReadRecord) -> bool:
    """Whether this is a matrix item's head, which is not sold itself."""
    return item.get("matrixType") == _PARENT


def is_child(item: ReadRecord) -> bool:
    return item.get("matrixType") == _CHILD


def parent_of(item: ReadRecord) -> str:
    """The id of the item above this one, empty for none."""
    return id_of(item.get("parent"))


def single(item: ReadRecord, settings: NetSuiteSettings) -> Product | None:
    """A plain item as a product of one variant; None for one without a SKU."""
    variant = _variant(item, (), settings)
    if not variant.sku:
        return None
    return _product(item, variants=(variant,), options=(), active=variant.active)


def family(parent: ReadRecord, children: Iterable[ReadRecord], settings: NetSuiteSettings) -> Product | None:
    """A matrix item with its children as variants; None where no child has a SKU."""
    values = [(child, _options(child)) for child in sorted(children, key=lambda child: int(child["internalId"]))]
    names = tuple(dict.fromkeys(name for _, options in values for name in options))
    found = [_variant(child, tuple(options.get(name, "") for name in names), settings) for child, options in values]
    variants = tuple(variant for variant in found if variant.sku)
    if not variants:
        return None
    active = not parent.get("isInactive") and any(variant.active for variant in variants)
    return _product(parent, variants=variants, options=names, active=active)


def gone(deleted: DeletedRecord, settings: NetSuiteSettings) -> Product | None:
    """A deleted item, no longer active; None where its SKU is not told."""
    told = deleted["record"]
    if told is None or not told["internalId"]:
        return None
    known: ReadRecord = {"internalId": told["internalId"], "itemId": told["name"], "externalId": told["externalId"]}
    sku = sku_of(known, settings)
    if not sku:
        return None
    variant = Variant(sku=sku, active=False)
    return Product(
        id=TargetId(told["internalId"]), title=sku, active=False, variants=(variant,), changed_at=deleted["deletedDate"]
    )


def base_prices(item: ReadRecord, settings: NetSuiteSettings) -> list[BasePrice]:
    """The item's prices at the base level and at those configured, in configured currencies."""
    sku = sku_of(item, settings)
    matrix = item.get("pricingMatrix")
    if not sku or is_parent(item) or not matrix:
        return []
    return [price for pricing in matrix["pricing"] or [] for price in _steps(sku, pricing, item, settings)]


def _steps(sku: Sku, pricing: Pricing, item: ReadRecord, settings: NetSuiteSettings) -> list[BasePrice]:
    name = _price_list(pricing, settings)
    currency = settings.currency_of(id_of(pricing["currency"]))
    held = pricing["priceList"]
    if name is None or not currency:
        return []
    return [
        BasePrice(
            sku=sku,
            price=Money(amount=step["value"], currency=currency),
            price_list=name,
            # NetSuite says 0 for "from the first one on".
            minimum_quantity=max(step["quantity"] or Decimal(0), Decimal(1)),
            tax_included=bool(item.get("pricesIncludeTax")),
        )
        for step in (held and held["price"]) or []
        if step["value"] is not None
    ]


def _price_list(pricing: Pricing, settings: NetSuiteSettings) -> str | None:
    """What the price list is called, empty for the base price, None for one that is not asked for."""
    internal_id, name = id_of(pricing["priceLevel"]), name_of(pricing["priceLevel"])
    if internal_id == settings.base_price_level:
        return ""
    wanted = internal_id in settings.price_lists or name in settings.price_lists
    return (name or internal_id) if wanted else None


def _product(item: ReadRecord, *, variants: tuple[Variant, ...], options: tuple[str, ...], active: bool) -> Product:
    return Product(
        id=TargetId(item["internalId"]),
        title=_title(item),
        description=item.get("salesDescription") or item.get("storeDescription") or item.get("description") or "",
        active=active,
        options=options,
        variants=variants,
        changed_at=item.get("lastModifiedDate"),
    )


def _variant(item: ReadRecord, options: tuple[str, ...], settings: NetSuiteSettings) -> Variant:
    return Variant(
        sku=sku_of(item, settings),
        title=_title(item),
        options=options,
        barcode=item.get("upcCode") or "",
        weight_grams=_grams(item),
        active=not item.get("isInactive"),
    )


def _title(item: ReadRecord) -> str:
    return item.get("displayName") or own_name(item.get("itemId"))


def _grams(item: ReadRecord) -> Decimal | None:
    weight, unit = item.get("weight"), item.get("weightUnit")
    # A kit refers to its unit, other items name it.
    name = (unit["name"] or "") if isinstance(unit, Mapping) else unit or ""
    return grams(weight, name.lstrip("_"))


def _options(child: ReadRecord) -> dict[str, str]:
    """Its values by option: the option's script id without NetSuite's prefix, "color" for custitem_color."""
    held = child.get("matrixOptionList")
    options: dict[str, str] = {}
    for option in (held and held["matrixOption"]) or []:
        value = option["value"]
        name = (option["scriptId"] or option["internalId"] or "").removeprefix("custitem").lstrip("_")
        if name and value is not None:
            options[name] = value["name"] or value["internalId"] or ""
    return options

"""What holds for items by either transport. Pure."""

from decimal import Decimal

from erpsync.domain.ids import Sku
from erpsync.systems.netsuite.settings import NetSuiteSettings

_GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "lb": Decimal("453.59237"), "oz": Decimal("28.349523125")}


def sku_in(name: str | None, external_id: str | None, settings: NetSuiteSettings) -> Sku:
    """What the settings say an item's SKU is. Empty where it has none."""
    return Sku(external_id or "") if settings.sku_field == "external_id" else Sku(own_name(name))


def own_name(name: str | None) -> str:
    """An item's name without its parent's, which a matrix item has in front."""
    return (name or "").rpartition(" : ")[2]


def grams(weight: Decimal | None, unit: str) -> Decimal | None:
    """None where there is no weight, or its unit is not known."""
    factor = _GRAMS.get(unit.lower())
    return None if weight is None or factor is None else weight * factor

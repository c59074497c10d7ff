"""Materials as orders name them. Pure."""

from dataclasses import dataclass

from erpsync.domain.errors import Rejected
from erpsync.systems.sap.odata.edm import both, text_literal
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings


@dataclass(frozen=True)
class Material:
    """A material as orders name it, and its sales unit."""

    number: str
    unit: str


def sales_area_filter(settings: SapODataSettings) -> str:
    """What restricts A_ProductSalesDelivery to the connection's sales area."""
    return both(
        f"ProductSalesOrg eq {text_literal(settings.sales_organization)}",
        f"ProductDistributionChnl eq {text_literal(settings.distribution_channel)}",
    )


def canonical(number: str) -> str:
    """A material number as SAP compares it: in capitals, one of digits without leading zeros."""
    upper = number.strip().upper()
    return upper.lstrip("0") or "0" if upper.isdigit() else upper


def unknown(number: str, settings: SapODataSettings, *, record: str) -> Rejected:
    area = f"{settings.sales_organization}/{settings.distribution_channel}"
    return Rejected(
        "material-unknown",
        system=SYSTEM,
        record=record,
        what=f"SAP sells no material {number} in {area}.",
        next_step="Create it there or extend it to that sales area (transaction MM01), take a blocking status off it, or "
        "correct the SKU in the store; then replay.",
    )

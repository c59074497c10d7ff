"""What a route's configuration says of stock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

from erpsync.ledger.stock import Feed


@dataclass(frozen=True)
class StockRules:
    """What `[routes.stock]` says; see the README."""

    feeds: tuple[Feed, ...] = ()
    """Which of the ERP's locations feed which of the store's; none: all of them its only one."""
    safety: Decimal = Decimal(0)
    safety_at: Mapping[str, Decimal] = field(default_factory=dict)
    units: Mapping[str, Decimal] = field(default_factory=dict)
    orders_count: Literal["created", "shipped"] = "created"
    """From when on an order is in the ERP's figures."""
    rules_file: Path | None = None
    kits_file: Path | None = None
    zero_share: Decimal = Decimal("0.05")
    """Which share of the catalogue a push may set to nothing without a person's leave, and which it may change at all."""
    moved_share: Decimal = Decimal("0.30")
    small_catalogue: int = 100
    """A catalogue of up to as many SKUs has no such limits."""

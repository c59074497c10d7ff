"""The pages of stock: what is not synced of a route and what its count goes by, and why one SKU has what it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from erpsync.domain.ids import ConnectionName, Sku
from erpsync.engine.operations import NotPossible
from erpsync.flows.stock import settled_before
from erpsync.ledger import reads, stock
from erpsync.web.console.push_views import Text
from erpsync.web.console.visit import Reader, Visit

# Of so many at most it is said how many there are: more would cost the ledger for a number that nobody counts by.
MOST = 1_000

Row = TypeVar("Row")

router = APIRouter(prefix="/console/stock", include_in_schema=False)


@dataclass(frozen=True)
class Some(Generic[Row]):
    """The first rows of a table. `count` says how many there are."""

    rows: Sequence[Row]
    count: str

    @classmethod
    def of(cls, found: Sequence[Row]) -> "Some[Row]":
        """Of what was found when one more than `MOST` was asked for."""
        return cls(found[: reads.PAGE], f"{len(found):,}" if len(found) <= MOST else f"more than {MOST:,}")

"""Reading a list to its end while it changes.

WooCommerce pages by position only. A record that is deleted meanwhile would move its successors past the reader, so each
page begins with the last record of the one before, sorted by id: where it is not there any more, the reader steps back.
`Link` headers are not used, for plugins and proxies spoil them; X-WP-Total is what a list has in all. Where something takes
that away too, a list ends with its first empty page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import simplejson

from erpsync.domain.errors import Rejected
from erpsync.systems.woocommerce import refusals
from erpsync.systems.woocommerce.client import WooCommerceClient


@dataclass(frozen=True)
class Place:
    """Where a read stands: `phase` of several lists, `after` which id, at `offset`; `begin` and `watermark` as text."""

    begin: str
    watermark: str
    phase: str = ""
    offset: int = 0
    after: int = 0

    def text(self) -> str:
        return str(simplejson.dumps([self.begin, self.watermark, self.phase, self.offset, self.after]))

    @classmethod
    def read(cls, cursor: str) -> "Place":
        """Raises Rejected for what is no cursor of ours."""
        try:
            begin, watermark, phase, offset, after = simplejson.loads(cursor)
            return cls(str(begin), str(watermark), str(phase), int(offset), int(after))
        except (ValueError, TypeError):
            raise Rejected(
                "cursor-unreadable",
                system=refusals.SYSTEM,
                what="The place where the read of changes stood cannot be understood.",
                next_step="Report it: the checkpoint was written by another version of erpsync.",
            ) from None


@dataclass(frozen=True)
class Fetched:
    """The rows that follow; `place` goes on, None at the end."""

    rows: list[dict[str, Any]]
    place: Place | None


def fetch(client: WooCommerceClient, path: str, params: Mapping[str, str], place: Place, size: int) -> Fetched:
    """The next rows of the list after `place`."""
    offset = max(place.offset - 1, 0)
    continued = offset > 0
    while True:
        query = {**params, "orderby": "id", "order": "asc", "per_page": str(size), "offset": str(offset)}
        listed = client.list(path, query)
        ids = [_id(row) for row in listed.rows]
        if continued and (not ids or ids[0] > place.after):
            offset = max(offset - size, 0)
            continued = offset > 0
            continue
        continued = False
        fresh = [row for row, row_id in zip(listed.rows, ids, strict=True) if row_id > place.after]
        # By what was asked for: rows that the key's user may not see are left out of a page, and counted in its total.
        offset += size
        if not listed.rows if listed.total is None else offset >= listed.total:
            return Fetched(fresh, None)
        if fresh:
            return Fetched(fresh, Place(place.begin, place.watermark, place.phase, offset, max(ids)))


def _id(row: Mapping[str, Any]) -> int:
    try:
        return int(row["id"])
    except (KeyError, TypeError, ValueError):
        return 0

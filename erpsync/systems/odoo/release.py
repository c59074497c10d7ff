"""Which Odoo answers, as it says itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

OLDEST = 14
OLDEST_WITH_JSON2 = 19
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Release:
    """`text` is what Odoo calls it, as in "17.0" or "saas~18.2"; `major` its series."""

    text: str
    major: int

    @classmethod
    def of(cls, text: str, info: Sequence[int | str]) -> "Release":
        """From `version_info`, whose first part is a number, or on Odoo Online a text such as "saas~18"."""
        number = _NUMBER.search(str(info[0]) if info else "")
        return cls(text, int(number[0]) if number else 0)

    @property
    def has_access_method(self) -> bool:
        """Odoo 18 put `has_access` in the place of `check_access_rights`."""
        return self.major >= 18

    @property
    def knows_orders_without_price_list(self) -> bool:
        """Since Odoo 17 such an order is in the company's currency."""
        return self.major >= 17


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The server's clock, if it tells it."""
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return date.replace(tzinfo=date.tzinfo or UTC)

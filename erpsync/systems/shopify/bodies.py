"""A webhook's raw body as JSON, read strictly: what two readers could understand differently is refused."""

import json
from decimal import Decimal
from typing import NoReturn

from erpsync.domain.errors import Rejected
from erpsync.systems.shopify.amounts import SYSTEM


def read_object(body: bytes) -> dict[str, object]:
    """The body's JSON object, numbers exact. Raises Rejected "delivery-unreadable" saying what is wrong with it."""
    try:
        # Not json.loads(bytes), which would guess UTF-16 and UTF-32 as well.
        value = json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError:
        raise _unreadable("is not UTF-8") from None
    except RecursionError:
        raise _unreadable("is nested too deeply") from None
    except _Refused as refused:
        raise _unreadable(str(refused)) from None
    except ValueError:
        raise _unreadable("is not JSON") from None
    if not isinstance(value, dict):
        raise _unreadable("is not a JSON object")
    return value


class _Refused(ValueError):
    pass


def _no_constant(name: str) -> NoReturn:
    raise _Refused(f"holds {name}, which is no JSON number")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("names a field twice")
    return found


def _unreadable(complaint: str) -> Rejected:
    return Rejected(
        "delivery-unreadable",
        system=SYSTEM,
        what=f"The webhook's body {complaint}.",
        next_step="Check that nothing between Shopify and the receiver changes bodies. The order itself is read again "
        "when it next changes, or by a backfill.",
    )

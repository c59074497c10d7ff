"""What of a record has to be written at all: writing what is there already would move its change time, an echo."""

from collections.abc import Mapping
from typing import Any

from erpsync.systems.dynamics.business_central.wire import Payload


def differing(wanted: Payload, present: Mapping[str, Any]) -> Payload:
    """The fields that the record has otherwise. Codes come back in capitals, and texts without spaces at their end."""
    return {key: value for key, value in wanted.items() if key in present and not _same(value, present[key])}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip() or one.strip().upper() == other
    return bool(one == other)

"""Drafts as records: one that cannot be made does not keep back the others. Pure."""

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

from erpsync.domain.errors import Rejected, Skip
from erpsync.ports.erp_records import Written

Key = TypeVar("Key", bound=Hashable)
Draft = TypeVar("Draft")
Record = TypeVar("Record")


def drafted(
    drafts: Mapping[Key, Draft], record: Callable[[Key, Draft], Record]
) -> tuple[dict[Key, Record], dict[Key, Written]]:
    """The records of the drafts that can be made, and why each of the others cannot."""
    records: dict[Key, Record] = {}
    results: dict[Key, Written] = {}
    for key, draft in drafts.items():
        try:
            records[key] = record(key, draft)
        except (Rejected, Skip) as error:
            results[key] = error
    return records, results

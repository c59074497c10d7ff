"""What the engine asks of a flow: run these records, say how each ended. The engine knows no order, SKU or vendor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from erpsync.domain.ids import JobId, SourceId


@dataclass(frozen=True)
class Item:
    """One claimed record. `body` is the delivery that carries its wanted state; None where it must be read."""

    job_id: JobId
    source_id: SourceId
    number: str
    body: bytes | None


@dataclass(frozen=True)
class Done:
    """The target equals the source. `note` says for people what was done; `version` is the source's state that it equals,
    which may be newer than the one asked for."""

    note: str
    version: datetime | None = None


Ended: TypeAlias = Done | Exception


class Flow(Protocol):
    """One kind of sync between two connections."""

    @property
    def batch(self) -> int:
        """How many records one run may take."""
        ...

    def __call__(self, items: Sequence[Item]) -> Mapping[JobId, Ended]:
        """Makes the target equal the source for each item. What concerns one record is returned for that record; what is
        raised concerns all of them."""
        ...

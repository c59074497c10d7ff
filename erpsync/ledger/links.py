"""Links: which record of a source is which record of a target, unique both ways for orders."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from erpsync.domain.ids import ConnectionName, SourceId, TargetId
from erpsync.ledger.tables import links


class LinkKind(StrEnum):
    ORDER = "order"
    CUSTOMER = "customer"
    FULFILMENT = "fulfilment"
    PRODUCT = "product"
    VARIANT = "variant"
    """By its SKU, which is what an ERP and a store both call it by. It displays the ERP's product that it is of."""


@dataclass(frozen=True)
class Ends:
    """The two connections a link joins, and what kind of record it joins."""

    kind: LinkKind
    source: ConnectionName
    target: ConnectionName


@dataclass(frozen=True)
class Link:
    """`content_hash` is of the state we last made the target equal to, empty where we did not; `noted` says that the
    source was told of `target_id`."""

    target_id: TargetId
    display: str
    content_hash: str
    noted: bool


@dataclass(frozen=True)
class Made:
    """A link to be kept, with the hash of what the target was made equal to."""

    source_id: SourceId
    target_id: TargetId
    display: str
    content_hash: str = ""


def find(connection: Connection, ends: Ends, source_ids: Collection[SourceId]) -> dict[SourceId, Link]:
    rows = connection.execute(
        select(links.c.source_id, links.c.target_id, links.c.display, links.c.content_hash, links.c.noted_at).where(
            *_between(ends), links.c.source_id.in_(source_ids)
        )
    )
    return {
        SourceId(row.source_id): Link(TargetId(row.target_id), row.display, row.content_hash, row.noted_at is not None)
        for row in rows
    }


def sources(connection: Connection, ends: Ends, target_ids: Sequence[TargetId]) -> dict[TargetId, SourceId]:
    """The source's records that these records of the target stand for."""
    rows = connection.execute(
        select(links.c.target_id, links.c.source_id).where(*_between(ends), links.c.target_id.in_(target_ids))
    )
    return {TargetId(row.target_id): SourceId(row.source_id) for row in rows}


def all_sources(
    connection: Connection, ends: Ends, target_ids: Collection[TargetId]
) -> dict[TargetId, tuple[SourceId, ...]]:
    """All the source's records that each of these records of the target stands for."""
    rows = connection.execute(
        select(links.c.target_id, links.c.source_id)
        .where(*_between(ends), links.c.target_id.in_(target_ids))
        .order_by(links.c.source_id)
    )
    found: dict[TargetId, tuple[SourceId, ...]] = {}
    for row in rows:
        found[TargetId(row.target_id)] = (*found.get(TargetId(row.target_id), ()), SourceId(row.source_id))
    return found


def known_sources(
    connection: Connection, kind: LinkKind, source: ConnectionName, source_ids: Collection[SourceId]
) -> set[SourceId]:
    """Those of these records that have a record in any target."""
    rows = connection.execute(
        select(links.c.source_id).where(
            links.c.kind == kind, links.c.source == source, links.c.source_id.in_(source_ids)
        )
    )
    return {SourceId(row.source_id) for row in rows}


def known_targets(
    connection: Connection, kind: LinkKind, target: ConnectionName, target_ids: Sequence[TargetId]
) -> set[TargetId]:
    """Those of these records that stand for a record of any source."""
    rows = connection.execute(
        select(links.c.target_id).where(
            links.c.kind == kind, links.c.target == target, links.c.target_id.in_(target_ids)
        )
    )
    return {TargetId(row.target_id) for row in rows}


def record(
    connection: Connection, ends: Ends, source_id: SourceId, target_id: TargetId, display: str, now: datetime
) -> None:
    """Keeps a link. Writing it again is harmless; sqlalchemy's IntegrityError says that `target_id` answers to another
    record of the source already."""
    row = insert(links).values(
        kind=ends.kind,
        source=ends.source,
        source_id=source_id,
        target=ends.target,
        target_id=target_id,
        display=display,
        created_at=now,
        updated_at=now,
    )
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["kind", "source", "source_id", "target"],
            set_={"target_id": target_id, "display": display, "updated_at": now},
        )
    )


def keep(connection: Connection, ends: Ends, made: Sequence[Made], now: datetime) -> None:
    """Keeps many links at once, in the place of those that these records of the source have."""
    if not made:
        return
    row = insert(links).values(kind=ends.kind, source=ends.source, target=ends.target, created_at=now, updated_at=now)
    changed = {name: row.excluded[name] for name in ("target_id", "display", "content_hash", "updated_at")}
    connection.execute(
        row.on_conflict_do_update(index_elements=["kind", "source", "source_id", "target"], set_=changed),
        [asdict(one) for one in made],
    )


def written(connection: Connection, ends: Ends, hashes: Mapping[SourceId, str], now: datetime) -> None:
    """Remembers what the target was made equal to."""
    for source_id, content_hash in hashes.items():
        connection.execute(
            update(links)
            .where(*_between(ends), links.c.source_id == source_id)
            .values(content_hash=content_hash, updated_at=now)
        )


def noted(connection: Connection, ends: Ends, source_ids: Sequence[SourceId], now: datetime) -> None:
    """Remembers that the source was told of these links."""
    connection.execute(
        update(links).where(*_between(ends), links.c.source_id.in_(source_ids)).values(noted_at=now, updated_at=now)
    )


def forget(connection: Connection, ends: Ends, source_id: SourceId) -> Link | None:
    """Removes a link, and returns it; None where there is none."""
    found = find(connection, ends, [source_id]).get(source_id)
    connection.execute(delete(links).where(*_between(ends), links.c.source_id == source_id))
    return found


def forget_displayed(connection: Connection, ends: Ends, display: str) -> int:
    """Removes the links that display this; returns how many."""
    return connection.execute(delete(links).where(*_between(ends), links.c.display == display)).rowcount


def _between(ends: Ends) -> tuple[ColumnElement[bool], ...]:
    return links.c.kind == ends.kind, links.c.source == ends.source, links.c.target == ends.target

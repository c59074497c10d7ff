"""Pushes: runs of changes from an ERP to a store, planned before they are sent, stopped where they look wrong, and kept
with what was there before, so that they can be taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection, Row, text

from erpsync.domain.ids import ConnectionName, Sku
from erpsync.ledger.texts import storable


class PushKind(StrEnum):
    STOCK = "stock"
    PRICES = "prices"


class PushState(StrEnum):
    PLANNING = "planning"
    HELD = "held"
    """It would change more than a person has allowed in advance."""
    PUSHING = "pushing"
    DONE = "done"


class ChangeState(StrEnum):
    PLANNED = "planned"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class Push:
    """`catalogue` is how many SKUs there are to change, `changed` how many of them it changes, and `alarming` how many of
    those in a way that wants looking at: to nothing, or to a far lower price. `undoes` is the push that it takes back."""

    id: int
    kind: PushKind
    erp: ConnectionName
    store: ConnectionName
    state: PushState
    undoes: int | None
    reason: str
    catalogue: int
    changed: int
    alarming: int
    approved_by: str
    created_at: datetime
    ended_at: datetime | None

    @property
    def way(self) -> "Way":
        return Way(self.kind, self.erp, self.store)

    @property
    def letter(self) -> tuple[str, str]:
        """Subject and code of the dead letter that says that it is held."""
        return f"{self.kind} from {self.erp} to {self.store}", f"{self.kind}-held"


@dataclass(frozen=True)
class PushChange:
    """One value at one place: a store's location, or a price list. `before` is None where it was not known."""

    sku: Sku
    place: str
    before: Decimal | None
    after: Decimal
    state: ChangeState = ChangeState.PLANNED
    note: str = ""


@dataclass(frozen=True)
class Way:
    """What goes from where to where."""

    kind: PushKind
    erp: ConnectionName
    store: ConnectionName


def open_one(connection: Connection, way: Way) -> Push | None:
    """The push that is not done yet, locked; there is one at most. Prices that are held stand beside it."""
    row = connection.execute(_OPEN_ONE, _way(way)).one_or_none()
    return None if row is None else _push(row)


def in_state(connection: Connection, way: Way, state: PushState) -> list[Push]:
    """The pushes in that state, locked, the oldest first."""
    values = {**_way(way), "state": state}
    rows = connection.execute(text(f"{_SELECT} WHERE {_OF_WAY} AND state = :state ORDER BY id FOR UPDATE"), values)
    return [_push(row) for row in rows]


def get(connection: Connection, push_id: int) -> Push | None:
    row = connection.execute(text(f"{_SELECT} WHERE id = :id"), {"id": push_id}).one_or_none()
    return None if row is None else _push(row)


def latest(
    connection: Connection, kind: PushKind | None, limit: int, store: ConnectionName | None = None, before: int = 0
) -> list[Push]:
    """The newest first, of all kinds and stores where none is given, below the id `before`; those that changed nothing are
    left out."""
    rows = connection.execute(_LATEST, {"kind": kind, "limit": limit, "store": store, "before": before})
    return [_push(row) for row in rows]


def held(connection: Connection) -> list[Push]:
    """Those that wait for a person, the newest first."""
    return [_push(row) for row in connection.execute(text(f"{_SELECT} WHERE state = 'held' ORDER BY id DESC"))]


def taken_back_by(connection: Connection, push_id: int) -> int | None:
    """The newest push that takes this one back, if any does."""
    return connection.execute(text("SELECT max(id) FROM pushes WHERE undoes = :id"), {"id": push_id}).scalar()


def begin(
    connection: Connection,
    way: Way,
    now: datetime,
    undoes: int | None = None,
    actor: str = "",
    state: PushState = PushState.PLANNING,
) -> Push:
    """A new push, to be planned; the ledger keeps a second one of the same way from being open."""
    values = {**_way(way), "undoes": undoes, "actor": actor, "state": state, "now": now}
    return _push(connection.execute(_BEGIN, values).one())


def unplan(connection: Connection, push_id: int, skus: Sequence[Sku]) -> None:
    """Takes out what the push was going to do to these SKUs."""
    connection.execute(_UNPLAN, {"push_id": push_id, "skus": list(skus)})


def plan(connection: Connection, push_id: int, changes: Sequence[PushChange]) -> None:
    """Adds what the push does; of a value that is planned already, this is what counts."""
    values = {
        "push_id": push_id,
        "skus": [one.sku for one in changes],
        "places": [one.place for one in changes],
        "before": [one.before for one in changes],
        "after": [one.after for one in changes],
    }
    if changes:
        connection.execute(_PLAN, values)


def weigh(connection: Connection, push_id: int, catalogue: int, low: Decimal) -> Push:
    """Counts what is planned; what only asks the store whether it has what it should have is none. Alarming is a SKU whose
    values fall together to `low` times what they were, or below."""
    values = {"id": push_id, "catalogue": catalogue, "low": low}
    return _push(connection.execute(_WEIGH, values).one())


def move(connection: Connection, push_id: int, state: PushState, now: datetime, reason: str = "") -> None:
    values = {"id": push_id, "state": state, "reason": reason, "now": now, "done": state == PushState.DONE}
    connection.execute(_MOVE, values)


def approve(connection: Connection, push_id: int, actor: str) -> bool:
    """A person has looked: what is planned may be sent. False where the push is not held."""
    return connection.execute(_APPROVE, {"id": push_id, "actor": actor}).rowcount == 1


def planned(connection: Connection, push_id: int, limit: int, after: str = "") -> list[PushChange]:
    """What is still to be sent of the next `limit` SKUs after `after`, whole SKUs at a time."""
    return [_change(row) for row in connection.execute(_PLANNED, {"id": push_id, "limit": limit, "after": after})]


def changes(
    connection: Connection,
    push_id: int,
    limit: int,
    after: tuple[str, str] = ("", ""),
    state: ChangeState | None = None,
) -> list[PushChange]:
    """The push's changes by SKU and place, those after that one, in any state where none is given."""
    values = {"id": push_id, "limit": limit, "sku": after[0], "place": after[1], "state": state}
    return [_change(row) for row in connection.execute(_CHANGES, values)]


def tally(connection: Connection, push_id: int) -> dict[ChangeState, int]:
    """How many of its changes are in which state."""
    rows = connection.execute(
        text("SELECT state, count(*) AS n FROM push_changes WHERE push_id = :id GROUP BY 1"), {"id": push_id}
    )
    return {ChangeState(row.state): row.n for row in rows}


def fingerprint(connection: Connection, push_id: int) -> str:
    """Equal as long as the same values are planned."""
    return str(connection.execute(_FINGERPRINT, {"id": push_id}).scalar_one())


def settle(connection: Connection, push_id: int, changed: Sequence[PushChange], now: datetime) -> None:
    """Records how each ended, with what was really there before and what was really set."""
    values = {
        "id": push_id,
        "skus": [one.sku for one in changed],
        "places": [one.place for one in changed],
        "before": [one.before for one in changed],
        "after": [one.after for one in changed],
        "states": [one.state for one in changed],
        "notes": [storable(one.note) for one in changed],
        "now": now,
    }
    if changed:
        connection.execute(_SETTLE, values)


def plan_undo(connection: Connection, push: Push) -> int:
    """Plans in `push` the way back of all that `push.undoes` has done; returns how many changes that is."""
    return int(connection.execute(_PLAN_UNDO, {"id": push.id, "undoes": push.undoes}).scalar_one())


def drop_if_idle(connection: Connection, push_id: int) -> bool:
    """Deletes a push of which everything was skipped; False where there is something to show or to take back."""
    return connection.execute(_DROP_IF_IDLE, {"id": push_id}).rowcount == 1


def purge(connection: Connection, before: datetime) -> int:
    """Deletes pushes that ended before, unless one that is kept takes them back."""
    return connection.execute(_PURGE, {"before": before}).rowcount


def _way(way: Way) -> Mapping[str, object]:
    return {"kind": way.kind, "erp": way.erp, "store": way.store}


def _push(row: Row[tuple[object, ...]]) -> Push:
    values = dict(row._mapping)
    return Push(
        **values
        | {
            "kind": PushKind(values["kind"]),
            "state": PushState(values["state"]),
            "erp": ConnectionName(values["erp"]),
            "store": ConnectionName(values["store"]),
        }
    )


def _change(row: Row[tuple[object, ...]]) -> PushChange:
    values = dict(row._mapping)
    return PushChange(**values | {"sku": Sku(values["sku"]), "state": ChangeState(values["state"])})


_COLUMNS = (
    """id, kind, erp, store, state, undoes, reason, catalogue, changed, alarming, approved_by, created_at, ended_at"""
)
_SELECT = f"SELECT {_COLUMNS} FROM pushes"
_OF_WAY = "kind = :kind AND erp = :erp AND store = :store"

_LATEST = text(f"""
    {_SELECT} WHERE (changed > 0 OR state <> 'done') AND kind = COALESCE(:kind, kind)
        AND store = COALESCE(:store, store) AND (:before = 0 OR id < :before)
    ORDER BY id DESC LIMIT :limit
""")

_OPEN_ONE = text(f"""
    {_SELECT} WHERE {_OF_WAY} AND state <> 'done' AND NOT (kind = 'prices' AND state = 'held')
    ORDER BY id LIMIT 1 FOR UPDATE
""")

_BEGIN = text(f"""
    INSERT INTO pushes (kind, erp, store, state, undoes, approved_by, created_at)
    VALUES (:kind, :erp, :store, :state, :undoes, :actor, :now) RETURNING {_COLUMNS}
""")

_UNPLAN = text("""
    DELETE FROM push_changes c USING unnest(CAST(:skus AS text[])) AS t (sku)
    WHERE c.push_id = :push_id AND c.sku = t.sku AND c.state = 'planned'
""")

_PLAN = text("""
    INSERT INTO push_changes (push_id, sku, place, before, after)
    SELECT :push_id, sku, place, before, after FROM unnest(
        CAST(:skus AS text[]), CAST(:places AS text[]), CAST(:before AS numeric[]), CAST(:after AS numeric[])
    ) AS t (sku, place, before, after) ORDER BY sku, place
    ON CONFLICT (push_id, sku, place) DO UPDATE SET before = excluded.before, after = excluded.after, state = 'planned',
        note = '', done_at = NULL
""")

_WEIGH = text(f"""
    UPDATE pushes SET catalogue = :catalogue, changed = w.changed, alarming = w.alarming FROM (
        SELECT count(*) FILTER (WHERE moved) AS changed,
            count(*) FILTER (WHERE before > 0 AND after <= before * CAST(:low AS numeric)) AS alarming
        FROM (
            SELECT sku, sum(before) AS before, sum(after) AS after, bool_or(before IS DISTINCT FROM after) AS moved
            FROM push_changes WHERE push_id = :id GROUP BY sku
        ) AS by_sku
    ) AS w WHERE id = :id RETURNING {", ".join(f"pushes.{name.strip()}" for name in _COLUMNS.split(","))}
""")

_MOVE = text("""
    UPDATE pushes SET state = :state, reason = CASE WHEN :reason = '' THEN reason ELSE :reason END,
        ended_at = CASE WHEN :done THEN CAST(:now AS timestamptz) END WHERE id = :id
""")

_APPROVE = text("UPDATE pushes SET state = 'pushing', approved_by = :actor WHERE id = :id AND state = 'held'")

_PLANNED = text("""
    SELECT sku, place, before, after, state, note FROM push_changes
    WHERE push_id = :id AND state = 'planned' AND sku > :after AND sku <= (
        SELECT max(sku) FROM (
            SELECT DISTINCT sku FROM push_changes WHERE push_id = :id AND state = 'planned' AND sku > :after
            ORDER BY sku LIMIT :limit
        ) AS next
    ) ORDER BY sku, place
""")

_CHANGES = text("""
    SELECT sku, place, before, after, state, note FROM push_changes
    WHERE push_id = :id AND (sku, place) > (:sku, :place) AND state = COALESCE(:state, state)
    ORDER BY sku, place LIMIT :limit
""")

_FINGERPRINT = text("""
    SELECT md5(COALESCE(string_agg(concat_ws(' ', sku, place, trim_scale(after)), ',' ORDER BY sku, place), ''))
    FROM push_changes WHERE push_id = :id AND state = 'planned'
""")

_SETTLE = text("""
    UPDATE push_changes c SET before = t.before, after = t.after, state = t.state, note = t.note, done_at = :now
    FROM unnest(CAST(:skus AS text[]), CAST(:places AS text[]), CAST(:before AS numeric[]), CAST(:after AS numeric[]),
        CAST(:states AS text[]), CAST(:notes AS text[])) AS t (sku, place, before, after, state, note)
    WHERE c.push_id = :id AND c.sku = t.sku AND c.place = t.place
""")

_PLAN_UNDO = text("""
    WITH planned AS (
        INSERT INTO push_changes (push_id, sku, place, before, after)
        SELECT :id, sku, place, after, before FROM push_changes
        WHERE push_id = :undoes AND state = 'done' AND before IS NOT NULL AND before <> after
        RETURNING sku
    ), counted AS (
        UPDATE pushes SET changed = (SELECT count(DISTINCT sku) FROM planned) WHERE id = :id
    )
    SELECT count(*) FROM planned
""")

_DROP_IF_IDLE = text("""
    DELETE FROM pushes WHERE id = :id
        AND NOT EXISTS (SELECT 1 FROM push_changes WHERE push_id = :id AND state <> 'skipped')
""")

_PURGE = text("""
    DELETE FROM pushes p WHERE p.ended_at < :before
        AND NOT EXISTS (SELECT 1 FROM pushes u WHERE u.undoes = p.id)
""")

"""How a route counts stock: its rules from the configuration and its files, brought into the ledger when they change."""

import csv
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sqlalchemy import Connection

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import ConnectionName
from erpsync.flows.stock_rules import StockRules
from erpsync.ledger import catalogue, checkpoints, stock, stock_rules
from erpsync.ledger.stock import Feed, Terms
from erpsync.ledger.stock_rules import Component, Rule

_CHECKPOINT = "stock terms"


def terms_of(
    connection: Connection, rules: StockRules, erp: ConnectionName, store: ConnectionName, now: datetime
) -> Terms:
    """The route's terms as of now. Where they differ from those of the last time, or there was none, the files are read and
    everything is dirty. Raises Rejected for files that cannot be read, and for locations that nobody has mapped or that
    either side does not have."""
    content = {path: _content(path) for path in (rules.rules_file, rules.kits_file) if path is not None}
    _check(connection, rules, erp)
    terms = current_terms(connection, rules, erp, store)
    places = {feed.store_location for feed in terms.feeds}
    _check_places(rules.safety_at, places, "[routes.stock] safety_at", "[routes.stock]", store)
    digest = hashlib.sha256(json.dumps(asdict(terms), default=str, sort_keys=True).encode())
    for path, text in content.items():
        digest.update(f"\0{path}\0{text}".encode())
    if checkpoints.get(connection, store, f"{_CHECKPOINT} {erp}") != digest.hexdigest():
        singles = list(_rules(rules, content))
        if rules.rules_file is not None:
            of_places = [rule.location for rule in singles if rule.location]
            _check_places(of_places, places, rules.rules_file.name, str(rules.rules_file), store)
        stock_rules.replace(connection, erp, store, singles, _kits(rules, content))
        stock.touch(connection, erp, store)
        checkpoints.put(connection, store, f"{_CHECKPOINT} {erp}", digest.hexdigest(), now)
    return terms


def current_terms(connection: Connection, rules: StockRules, erp: ConnectionName, store: ConnectionName) -> Terms:
    """The route's terms, for those who only look. Raises Rejected for locations that nobody has mapped."""
    feeds = rules.feeds or _only_feeds(connection, erp, store)
    until_shipped = rules.orders_count == "shipped"
    return Terms(erp, store, feeds, rules.safety, rules.safety_at, rules.units, until_shipped)


def _check(connection: Connection, rules: StockRules, erp: ConnectionName) -> None:
    """A location that is misspelt would have nothing, and the store be told so."""
    told = stock.erp_locations(connection, erp)
    strange = sorted({feed.erp_location for feed in rules.feeds} - set(told))
    if told and strange:
        raise Rejected(
            "locations-unknown",
            system=erp,
            what=f"It tells nothing of {', '.join(strange)}, which [routes.stock] names; it has {', '.join(told)}.",
            next_step="Correct the names in [routes.stock] locations, or let the connection read these locations too"
            " (its stock_locations); stock goes on with the next poll.",
        )


def _check_places(
    named: Iterable[str], places: Collection[str], where: str, correct: str, store: ConnectionName
) -> None:
    """Safety stock of a location that is misspelt would be sold."""
    strange = sorted(set(named) - set(places))
    if places and strange:
        raise Rejected(
            "locations-unknown",
            system=store,
            what=f"{where} names {', '.join(strange)}, and stock goes to {', '.join(sorted(places))} alone.",
            next_step=f"Correct the names in {correct}; stock goes on with the next poll.",
        )


def _only_feeds(connection: Connection, erp: ConnectionName, store: ConnectionName) -> tuple[Feed, ...]:
    """Every location of the ERP feeds the store's only one."""
    there = catalogue.locations(connection, store)
    if len(there) > 1:
        raise Rejected(
            "locations-unmapped",
            system=store,
            what=f"The store has several locations ({', '.join(there)}), and nobody has said what feeds which.",
            next_step="Name them in [routes.stock] locations, as the README shows, and replay.",
        )
    return tuple(Feed(place, one) for one in there for place in stock.erp_locations(connection, erp))


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, f"it cannot be read ({type(error).__name__})") from error


def _rules(rules: StockRules, content: Mapping[Path, str]) -> Iterator[Rule]:
    for row in _rows(rules.rules_file, content, ("sku",), ("location", "safety", "mode", "preorder", "pack")):
        if row["mode"] not in ("", "counted", "unlimited"):
            raise _unreadable(row.path, f"line {row.line}: mode is counted or unlimited, not {row['mode']!r}")
        if row["location"] and any(row[name] for name in ("mode", "preorder", "pack")):
            raise _unreadable(row.path, f"line {row.line}: of a single location there is safety alone")
        safety = row.number("safety", None)
        yield Rule(
            sku=row["sku"],
            location=row["location"],
            safety=safety,
            unlimited=row["mode"] == "unlimited",
            preorder=row.number("preorder", Decimal(0)) or Decimal(0),
            pack=row.number("pack", Decimal(1), least=Decimal("0.000001")) or Decimal(1),
        )


def _kits(rules: StockRules, content: Mapping[Path, str]) -> Iterator[Component]:
    for row in _rows(rules.kits_file, content, ("kit", "component"), ("quantity",)):
        quantity = row.number("quantity", Decimal(1), least=Decimal("0.000001")) or Decimal(1)
        yield Component(row["kit"], row["component"], quantity)


@dataclass(frozen=True)
class _Row:
    path: Path
    line: int
    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def number(self, name: str, default: Decimal | None, *, least: Decimal = Decimal(0)) -> Decimal | None:
        if not self.values[name]:
            return default
        try:
            value = Decimal(self.values[name])
        except InvalidOperation:
            value = Decimal(-1)
        if not value.is_finite() or value < least:
            raise _unreadable(
                self.path, f"line {self.line}: {name} is no number from {least} on: {self.values[name]!r}"
            )
        return value


def _rows(
    path: Path | None, content: Mapping[Path, str], needed: tuple[str, ...], optional: tuple[str, ...]
) -> Iterable[_Row]:
    if path is None:
        return
    reader = csv.DictReader(content[path].splitlines())
    names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    strange = [name for name in names if name not in (*needed, *optional)]
    if strange or not set(needed) <= set(names):
        raise _unreadable(
            path, f"its first line names the columns {', '.join((*needed, *optional))}, not {', '.join(names)}"
        )
    reader.fieldnames = names
    for raw in reader:
        values = {name: (raw.get(name) or "").strip() for name in (*needed, *optional)}
        if not all(values[name] for name in needed):
            raise _unreadable(path, f"line {reader.line_num}: {' and '.join(needed)} must not be empty")
        yield _Row(path, reader.line_num, values)


def _unreadable(path: Path, why: str) -> Rejected:
    return Rejected(
        "stock-rules-unreadable",
        system="erpsync",
        what=f"{path.name}: {why}.",
        next_step=f"Correct {path}; stock goes on with the next poll.",
    )

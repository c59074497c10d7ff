"""Values and URLs as OData V2 and SAP spell them. Pure.

Source: https://www.odata.org/documentation/odata-version-2-0/json-format/ and .../overview/ (6, primitive data types).
"""

import hashlib
import re
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import TypeVar
from urllib.parse import quote

T = TypeVar("T")

_DATE = re.compile(r"/Date\((-?\d+)(?:([+-])(\d{1,4}))?\)/")
_TIME = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?")
# What a query may hold unencoded, so that logs stay readable.
_SAFE = "',()/:*"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Gateways and proxies in front of SAP commonly refuse URLs above 8 KB; percent-encoding included this stays far below.
_URL_CHARACTERS = 3000
# The hash's share of a shortened reference: 16 characters of base 32 are 80 bits.
_HASH_CHARACTERS = 16


def instant(value: str | None) -> datetime | None:
    """ "/Date(1492098664000+0000)/" as aware UTC. The offset only tells the zone that the time was entered in."""
    match = _DATE.fullmatch(value or "")
    return None if match is None else _EPOCH + timedelta(milliseconds=int(match[1]))


def day(value: str | None) -> date | None:
    """An Edm.DateTime that is a date: midnight, without a zone."""
    at = instant(value)
    return None if at is None else at.date()


def clock_time(value: str | None) -> time:
    """An Edm.Time, "PT13H05M00S"; midnight where there is none."""
    match = _TIME.fullmatch(value or "")
    if match is None:
        return time(0)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return time(min(hours, 23), minutes, seconds)


def local_instant(at_day: str | None, at_time: str | None, zone: tzinfo) -> datetime | None:
    """A date and a time of the system's own zone, as UTC."""
    found = day(at_day)
    return None if found is None else datetime.combine(found, clock_time(at_time), zone).astimezone(UTC)


def number(value: object) -> Decimal:
    """An Edm.Decimal, which SAP sends as text. Zero where there is none. Raises ValueError."""
    try:
        return Decimal(str(value or "0").strip())
    except InvalidOperation:
        raise ValueError("not a number") from None


def date_value(at: date) -> str:
    """A date as JSON has it."""
    midnight = datetime.combine(at, time(0), UTC)
    return f"/Date({int((midnight - _EPOCH).total_seconds()) * 1000})/"


def decimal_value(amount: Decimal) -> str:
    return f"{amount:f}"


def text_literal(value: str) -> str:
    """A text in a filter or a key."""
    return "'" + value.replace("'", "''") + "'"


def date_literal(at: date) -> str:
    return f"datetime'{at.isoformat()}T00:00:00'"


def instant_literal(at: datetime) -> str:
    return f"datetimeoffset'{at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()}Z'"


def time_literal(at: time) -> str:
    return f"time'PT{at.hour:02d}H{at.minute:02d}M{at.second:02d}S'"


def key(**parts: str) -> str:
    """A key predicate, percent-encoded: "(SalesOrder='1',SalesOrderItem='10')", or "('1')" of one part."""
    if len(parts) == 1:
        return f"({_encoded(next(iter(parts.values())))})"
    return "(" + ",".join(f"{name}={_encoded(value)}" for name, value in parts.items()) + ")"


def _encoded(value: str) -> str:
    return quote(text_literal(value), safe="'")


def query(path: str, options: Mapping[str, str]) -> str:
    """A relative URL. `options` are named without their $; empty ones are left out."""
    pairs = [f"${name}={quote(value, safe=_SAFE)}" for name, value in options.items() if value]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def any_of(field: str, values: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Filters that together match all `values` of `field`, each short enough for a URL, with the values that it covers."""
    terms: list[str] = []
    covered: list[str] = []
    length = 0
    for value in dict.fromkeys(values):
        term = f"{field} eq {text_literal(value)}"
        size = len(quote(term)) + len("%20or%20")
        if terms and length + size > _URL_CHARACTERS:
            yield " or ".join(terms), tuple(covered)
            terms, covered, length = [], [], 0
        terms.append(term)
        covered.append(value)
        length += size
    if terms:
        yield " or ".join(terms), tuple(covered)


def both(*terms: str) -> str:
    """All of the terms, each in brackets where it is a chain. Empty ones are left out."""
    kept = [term for term in terms if term]
    if len(kept) == 1:
        return kept[0]
    return " and ".join(f"({term})" if " or " in term else term for term in kept)


def fitted(reference: str, length: int, *, upper: bool = False) -> str:
    """Our reference in a field of `length` characters, the same one always.

    One that fits stays as it is. Of a longer one the beginning is kept for people and 80 bits of its hash for its identity;
    so is one with small letters in a field that SAP keeps in capitals, lest "a" and "A" become one.
    """
    if len(reference) <= length and not (upper and reference != reference.upper()) and reference == reference.strip():
        return reference
    digest = b32encode(hashlib.sha256(reference.encode()).digest()).decode()[: min(_HASH_CHARACTERS, length)]
    # Cut last: a letter may become two in capitals, as "ß" does.
    head = (reference.upper() if upper else reference).strip()[: max(length - len(digest) - 1, 0)]
    return f"{head}-{digest}" if head else digest


def parts(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def since_local(at: datetime, now: datetime, zone: tzinfo) -> datetime:
    """The local time from which on rows count that were changed after `at`, both for a system that writes local times.

    When clocks are set back, an hour's local times come twice; the smaller offset leaves none of the second ones out.
    """
    offsets = [moment.astimezone(zone).utcoffset() or timedelta(0) for moment in (at, now)]
    return at.astimezone(UTC).replace(tzinfo=None) + min(offsets)

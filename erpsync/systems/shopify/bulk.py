"""Reads a whole list by a bulk operation: Shopify writes a file of JSON lines, which is read in parts.

The file lies with a file store, under an address that is signed and kept for a week, and holds every record on a line of
its own: a list within a record follows it, for the operation is asked to group them
(https://shopify.dev/docs/api/usage/bulk-operations/queries). Parts are asked for by `Range`, so that memory stays flat and
another process can read on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import simplejson

from erpsync.domain.errors import Throttled, Transient
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.client import ShopifyClient
from erpsync.transport.http import HttpClient

PART_BYTES = 1024 * 1024
_RETRY_SECONDS = 60.0
_RUNNING = frozenset({"CREATED", "RUNNING"})
_BEYOND_THE_END = 416


class BulkFailed(Transient):
    """The operation or its file is not to be had. Reading the list page by page is."""


@dataclass(frozen=True)
class Group:
    """One record of the list, and the records of the lists in it."""

    record: Mapping[str, Any]
    children: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Part:
    """Some of a result. `offset` is where the next part starts, None at the end."""

    groups: tuple[Group, ...]
    offset: int | None


def start(client: ShopifyClient, query: str) -> str:
    """Starts the operation and returns its id. Raises Throttled where as many run as may at a time."""
    payload = client.call("RunInBulk", {"query": query}).data.get("bulkOperationRunQuery") or {}
    codes = {str(error.get("code")) for error in payload.get("userErrors") or []}
    if codes & {"LIMIT_REACHED", "OPERATION_IN_PROGRESS"}:
        raise Throttled(
            "bulk-limit",
            system=SYSTEM,
            what="As many bulk operations of this app are under way in the store as may be at a time.",
            retry_after_seconds=_RETRY_SECONDS,
        )
    operation = payload.get("bulkOperation")
    if codes or not isinstance(operation, dict):
        raise _failed(", ".join(sorted(codes)) or "no answer")
    return str(operation["id"])


def address_of(client: ShopifyClient, operation: str) -> str | None:
    """Where the result lies, empty where nothing was found, None while Shopify is still at it."""
    found = client.call("BulkResult", {"id": operation}).data.get("bulkOperation") or {}
    status = str(found.get("status"))
    if status in _RUNNING:
        return None
    if status != "COMPLETED":
        raise _failed(str(found.get("errorCode") or status))
    return str(found.get("url") or "")


def read_part(http: HttpClient, address: str, offset: int, wanted: int, *, part_bytes: int = PART_BYTES) -> Part:
    """Up to `wanted` records from `offset` on, each with its children. Raises BulkFailed."""
    lines, size = _Lines(http, address, offset, part_bytes), offset
    groups: list[Group] = []
    record: Mapping[str, Any] | None = None
    children: list[Mapping[str, Any]] = []
    for line in lines:
        found = _parsed(line)
        if "__parentId" not in found:
            if record is not None:
                groups.append(Group(record, tuple(children)))
            if len(groups) == wanted:
                return Part(tuple(groups), size)
            record, children = found, []
        elif record is None:
            raise _failed("a child before its parent")
        else:
            children.append(found)
        size += len(line) + 1
    if record is not None:
        groups.append(Group(record, tuple(children)))
    return Part(tuple(groups), None)


class _Lines:
    """The lines of a file from an offset on, without their ends. Holds one part and one line at most."""

    def __init__(self, http: HttpClient, address: str, offset: int, part_bytes: int) -> None:
        self._http = http
        self._address = address
        self._offset = offset
        self._part_bytes = part_bytes
        self._rest = b""
        self._ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> bytes:
        while b"\n" not in self._rest:
            if self._ended:
                line, self._rest = self._rest, b""
                if line:
                    return line
                raise StopIteration
            self._fetch()
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _fetch(self) -> None:
        last = self._offset + self._part_bytes - 1
        reply = self._http.call("GET", self._address, write=False, headers={"Range": f"bytes={self._offset}-{last}"})
        if reply.status == _BEYOND_THE_END:
            self._ended = True
            return
        if reply.status not in (200, 206):
            raise _failed(f"its file answered {reply.status}")
        # A store of files that knows no ranges sends the whole.
        body = reply.body if reply.status == 206 else reply.body[self._offset :]
        self._rest += body
        self._offset += len(body)
        self._ended = reply.status == 200 or len(body) < self._part_bytes


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        found = simplejson.loads(line, use_decimal=True)
    except ValueError:
        raise _failed("its file is not JSON") from None
    if not isinstance(found, dict):
        raise _failed("its file is not what was asked for")
    return found


def _failed(why: str) -> BulkFailed:
    return BulkFailed(
        "bulk-failed",
        system=SYSTEM,
        what=f"Shopify's bulk operation came to nothing: {why}.",
    )

"""The simulated store's bulk operations: a query without pages, whose result is a file of JSON lines.

Source: https://shopify.dev/docs/api/usage/bulk-operations/queries - five at a time; results are kept for a week.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from erpsync.systems.shopify.simulator_errors import user_error
from erpsync.systems.shopify.simulator_orders import gid

AT_A_TIME = 5
KEPT = timedelta(days=7)
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class Operation:
    id: int
    body: bytes
    objects: int
    at: datetime
    looks: int = 0


class BulkOperations:
    """Not thread-safe by itself. `run` answers a query without pages; each is done after it has been looked at
    `looks` times."""

    def __init__(
        self,
        run: Callable[[str], Mapping[str, Any]],
        next_id: Callable[[], int],
        clock: Callable[[], datetime],
        looks: int,
    ) -> None:
        self.operations: dict[int, Operation] = {}
        self.base_url = ""
        self._run = run
        self._next_id = next_id
        self._clock = clock
        self._looks = looks

    def fields(self) -> dict[str, Any]:
        return {
            "bulkOperationRunQuery": lambda _info, query, groupObjects: self._start(query, groupObjects),
            "bulkOperation": lambda _info, id: self._look(int(id.rpartition("/")[2])),
        }

    def file(self, number: int, wanted: str) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
        """Status, body and headers of a part of a result, as file stores answer."""
        found = self.operations.get(number)
        if found is None or found.at + KEPT < self._clock():
            return 404, b"", ()
        part = _RANGE.fullmatch(wanted)
        if part is None:
            return 200, found.body, ()
        start, end = int(part[1]), int(part[2]) if part[2] else len(found.body) - 1
        if start >= len(found.body):
            return 416, b"", (("Content-Range", f"bytes */{len(found.body)}"),)
        body = found.body[start : end + 1]
        return 206, body, (("Content-Range", f"bytes {start}-{start + len(body) - 1}/{len(found.body)}"),)

    def _start(self, query: str, grouped: bool) -> dict[str, Any]:
        running = [each for each in self.operations.values() if each.looks < self._looks]
        if len(running) >= AT_A_TIME:
            message = "A bulk query operation for this app and shop is already in progress."
            error = user_error(None, message, code="LIMIT_REACHED")
            return {"bulkOperation": None, "userErrors": [error]}
        answer = self._run(query)
        if answer.get("errors"):
            return {"bulkOperation": None, "userErrors": [user_error(["query"], "Invalid bulk query", code="INVALID")]}
        lines = list(_lines(answer["data"]))
        if not grouped:
            # Only that a child comes after its parent is promised then.
            lines.sort(key=lambda line: "__parentId" in line)
        body = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        made = Operation(self._next_id(), body, len(lines), self._clock())
        self.operations[made.id] = made
        return {"bulkOperation": self._view(made), "userErrors": []}

    def _look(self, number: int) -> dict[str, Any] | None:
        found = self.operations.get(number)
        if found is None:
            return None
        found.looks += 1
        return self._view(found)

    def _view(self, operation: Operation) -> dict[str, Any]:
        done = operation.looks >= self._looks
        status = "COMPLETED" if done else ("RUNNING" if operation.looks else "CREATED")
        url = f"{self.base_url}/_bulk/{operation.id}.jsonl" if done and operation.body else None
        return {
            "__typename": "BulkOperation",
            "id": gid("BulkOperation", operation.id),
            "status": status,
            "errorCode": None,
            "objectCount": str(operation.objects),
            "url": url,
        }


def _lines(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each node of a list on a line of its own, below the one it belongs to."""
    for value in data.values():
        for edge in value["edges"]:
            yield from _flat(edge["node"], None)


def _flat(node: Mapping[str, Any], parent: str | None) -> Iterator[dict[str, Any]]:
    found: list[Mapping[str, Any]] = []
    line = _without_lists(node, found)
    yield line if parent is None else line | {"__parentId": parent}
    for child in found:
        yield from _flat(child, str(node["id"]))


def _without_lists(node: Mapping[str, Any], found: list[Mapping[str, Any]]) -> dict[str, Any]:
    line: dict[str, Any] = {}
    for name, value in node.items():
        if isinstance(value, dict) and "edges" in value:
            found += [edge["node"] for edge in value["edges"]]
        elif isinstance(value, dict):
            line[name] = _without_lists(value, found)
        else:
            line[name] = value
    return line

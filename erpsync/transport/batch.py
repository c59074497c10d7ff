"""OData `$batch`: many requests in one, as multipart/mixed. Pure: writes the body and reads the answer; HttpClient sends.

    content_type, body = batch.write([ChangeSet((Request("POST", "A_SalesOrder", headers, json),))], nonce())
    reply = http.call("POST", f"{service}/$batch", write=True, data=body, headers={"Content-Type": content_type})
    for answer in batch.read(reply.headers["Content-Type"], reply.body): ...

A change set is done as a whole or not at all; each is independent of its neighbours. A request outside of a change set
stands for itself; OData V2 takes only reads there. Formats: https://www.odata.org/documentation/odata-version-2-0/batch-processing/
and, for V4, https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_BatchRequests.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

import simplejson
from requests.structures import CaseInsensitiveDict

_LINE = b"\r\n"
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})")
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)


class BatchUnreadable(Exception):
    """The answer is not what a batch is answered with. What was done of it is not known."""


@dataclass(frozen=True)
class Request:
    """One request of a batch. `url` is relative to the service or absolute, and percent-encoded by the caller."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class ChangeSet:
    """Writes that are done together or not at all. A change set holds no reads."""

    requests: tuple[Request, ...]


@dataclass(frozen=True)
class Response:
    """The answer to one request of a batch. `headers` are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON with Decimal numbers. Raises BatchUnreadable where it is none."""
        try:
            return simplejson.loads(self.body, use_decimal=True)
        except ValueError:
            raise BatchUnreadable(f"a part answered {self.status} without JSON") from None


Operation: TypeAlias = Request | ChangeSet
Answer: TypeAlias = tuple[Response, ...]
"""What one operation was answered: a request by one response, a change set by one per request in the order asked. A change
set that was refused is answered by a single response with the error."""


def write(operations: Sequence[Operation], nonce: str) -> tuple[str, bytes]:
    """The Content-Type and the body of the batch. `nonce` makes the boundaries: random, of letters, digits, - and _.

    Raises ValueError for a nonce that is none or that occurs in what is sent, and for a line break in a URL or a header.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{8,50}", nonce):
        raise ValueError("a nonce has 8 to 50 letters, digits, - or _")
    outer = f"batch_{nonce}"
    parts: list[bytes] = []
    number = 0
    for index, operation in enumerate(operations):
        if isinstance(operation, Request):
            parts.append(_part(operation, None, nonce))
            continue
        inner = f"changeset_{index}_{nonce}"
        writes = []
        for request in operation.requests:
            number += 1
            writes.append(_part(request, number, nonce))
        parts.append(_head({"Content-Type": f"multipart/mixed; boundary={inner}"}) + _joined(writes, inner))
    return f"multipart/mixed; boundary={outer}", _joined(parts, outer)


def read(content_type: str, body: bytes) -> list[Answer]:
    """The answers, in the order of the operations. There are fewer than operations where the remote stopped at a failure,
    as OData V4 does without `Prefer: odata.continue-on-error`. Raises BatchUnreadable."""
    return [_answer(headers, content) for headers, content in _split(content_type, body)]


def _part(request: Request, number: int | None, nonce: str) -> bytes:
    if nonce.encode() in request.body:
        raise ValueError("the nonce occurs in what is sent")
    headers = {"Content-Type": "application/http", "Content-Transfer-Encoding": "binary"}
    if number is not None:
        # V4 wants one per write of a change set, unique in the batch; V2 allows it.
        headers["Content-ID"] = str(number)
    inner = dict(request.headers)
    if request.body:
        inner["Content-Length"] = str(len(request.body))
    first = f"{request.method} {request.url} HTTP/1.1"
    _refuse_line_breaks(first)
    return _head(headers) + first.encode() + _LINE + _head(inner) + request.body


def _head(headers: Mapping[str, str]) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    for line in lines:
        _refuse_line_breaks(line)
    return b"".join(line.encode() + _LINE for line in lines) + _LINE


def _refuse_line_breaks(line: str) -> None:
    if "\r" in line or "\n" in line:
        raise ValueError("a line break in a URL or a header")


def _joined(parts: Sequence[bytes], boundary: str) -> bytes:
    delimiter = b"--" + boundary.encode()
    return b"".join(delimiter + _LINE + part + _LINE for part in parts) + delimiter + b"--" + _LINE


def _split(content_type: str, body: bytes) -> list[tuple[Mapping[str, str], bytes]]:
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/mixed") or found is None:
        raise BatchUnreadable(f"answered with {content_type.partition(';')[0] or 'nothing'}, not with multipart/mixed")
    boundary = re.escape((found[1] or found[2]).encode())
    # The line break before a delimiter is the delimiter's; one boundary may begin like another.
    delimiter = re.compile(rb"(?:^|\r?\n)--" + boundary + rb"(--)?[ \t]*(?=\r?\n|$)")
    cuts = list(delimiter.finditer(body))
    if not cuts or not cuts[-1][1]:
        raise BatchUnreadable("the answer ends before its last part")
    return [
        _headed(re.sub(rb"^\r?\n", b"", body[cut.end() : following.start()], count=1))
        for cut, following in pairwise(cuts)
    ]


def _headed(block: bytes) -> tuple[Mapping[str, str], bytes]:
    # A part without headers begins with the empty line itself.
    if block.startswith((b"\r\n", b"\n")):
        return CaseInsensitiveDict(), re.sub(rb"^\r?\n", b"", block, count=1)
    head, _, content = _at_empty_line(block)
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for line in re.split(rb"\r?\n", head):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip()] = value.strip()
    return headers, content


def _at_empty_line(block: bytes) -> tuple[bytes, bytes, bytes]:
    match = re.search(rb"\r?\n\r?\n", block)
    return (block, b"", b"") if match is None else (block[: match.start()], match[0], block[match.end() :])


def _answer(headers: Mapping[str, str], content: bytes) -> Answer:
    content_type = headers.get("Content-Type", "")
    if not content_type.lower().startswith("multipart/mixed"):
        return (_response(content),)
    parts = _split(content_type, content)
    responses = [_response(part) for _, part in parts]
    numbers = [
        part.get("Content-ID") or one.headers.get("Content-ID", "")
        for (part, _), one in zip(parts, responses, strict=True)
    ]
    if all(number.isdigit() for number in numbers):
        return tuple(responses[at] for at in sorted(range(len(responses)), key=lambda at: int(numbers[at])))
    return tuple(responses)


def _response(content: bytes) -> Response:
    status = _STATUS.match(content)
    if status is None:
        raise BatchUnreadable("a part is not an HTTP answer")
    _, _, rest = content.partition(b"\n")
    if not rest.strip():
        return Response(int(status[1]), CaseInsensitiveDict(), b"")
    headers, body = _headed(rest)
    return Response(int(status[1]), headers, body)

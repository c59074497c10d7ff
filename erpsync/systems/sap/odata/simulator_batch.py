"""$batch as SAP Gateway reads and answers it: reads each for themselves, change sets whole or not at all."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_FIRST_LINE = re.compile(r"(GET|POST|PUT|PATCH|MERGE|DELETE) (\S+) HTTP/1\.1")
_REASONS = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}


class Malformed(Exception):
    """The body is no batch."""


@dataclass(frozen=True)
class Call:
    """One request within a batch, its headers in small letters."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Result:
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


Part = Call | list[Call]


def read(content_type: str, body: bytes) -> list[Part]:
    """The batch's operations, a list of calls for a change set. Raises Malformed."""
    found: list[Part] = []
    for headers, content in _parts(content_type, body):
        kind = headers.get("content-type", "")
        if kind.startswith("multipart/mixed"):
            calls = [_call(inner_headers, inner) for inner_headers, inner in _parts(kind, content)]
            if any(call.method == "GET" for call in calls):
                raise Malformed("a change set holds no GET")
            found.append(calls)
        else:
            call = _call(headers, content)
            if call.method != "GET":
                raise Malformed("a write outside of a change set")
            found.append(call)
    return found


def answer(parts: Sequence[Part], do: Callable[[Part], list[Result]], boundary: str) -> tuple[str, bytes]:
    """The Content-Type and body of the answer."""
    written: list[bytes] = []
    for at, part in enumerate(parts):
        results = do(part)
        if isinstance(part, Call) or results[0].status >= 400:
            written.append(_written(results[0]))
            continue
        inner = f"{boundary}_{at}"
        body = b"".join(f"--{inner}\r\n".encode() + _written(one) for one in results) + f"--{inner}--\r\n".encode()
        head = f"Content-Type: multipart/mixed; boundary={inner}\r\nContent-Length:      {len(body)}\r\n\r\n"
        written.append(head.encode() + body + b"\r\n")
    joined = b"".join(f"--{boundary}\r\n".encode() + one for one in written) + f"--{boundary}--\r\n".encode()
    return f"multipart/mixed; boundary={boundary}", joined


def _written(result: Result) -> bytes:
    lines = [f"HTTP/1.1 {result.status} {_REASONS.get(result.status, 'Error')}"]
    lines += [f"{name}: {value}" for name, value in (*result.headers, ("Content-Length", str(len(result.body))))]
    inner = "\r\n".join(lines).encode() + b"\r\n\r\n" + result.body
    head = (
        f"Content-Type: application/http\r\nContent-Length: {len(inner)}\r\ncontent-transfer-encoding: binary\r\n\r\n"
    )
    return head.encode() + inner + b"\r\n"


def _parts(content_type: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    match = re.search(r"boundary=\"?([^\s;\"]+)", content_type)
    if match is None:
        raise Malformed("no boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + match[1].encode())
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise Malformed("no closing boundary")
    found = []
    for piece in pieces[1:-1]:
        if not piece.startswith(b"\r\n"):
            raise Malformed("text after a boundary")
        head, _, content = piece[2:].partition(b"\r\n\r\n")
        found.append((_headers(head), content))
    return found


def _call(headers: Mapping[str, str], content: bytes) -> Call:
    if headers.get("content-type") != "application/http" or headers.get("content-transfer-encoding") != "binary":
        raise Malformed("a part must be application/http, binary")
    head, _, body = content.partition(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    match = _FIRST_LINE.fullmatch(first.decode())
    if match is None:
        raise Malformed("a part without a request line")
    inner = _headers(rest)
    if int(inner.get("content-length", len(body))) != len(body):
        raise Malformed("a part whose length is another")
    return Call(match[1], match[2], inner, body)


def _headers(head: bytes) -> dict[str, str]:
    pairs = [line.partition(":") for line in head.decode().split("\r\n") if line]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}

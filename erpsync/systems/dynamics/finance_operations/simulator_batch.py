"""The multipart bodies of $batch: read and written by the letter of OData 4.0, part 1, 11.7."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """One request, with its Content-ID where it has one."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    content_id: str = ""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_id: str = ""


class Malformed(Exception):
    """The body is no batch."""


def parse(content_type: str, body: bytes) -> list[Part | list[Part]]:
    """Requests that stand alone, and change sets as lists."""
    operations: list[Part | list[Part]] = []
    for headers, content in _parts(content_type, body):
        inner = headers.get("content-type", "")
        if inner.startswith("multipart/mixed"):
            writes = [_request(head, text) for head, text in _parts(inner, content)]
            if not all(write.content_id for write in writes):
                raise Malformed("a request of a change set has no Content-ID")
            if any(write.method == "GET" for write in writes):
                raise Malformed("a change set holds a GET")
            operations.append(writes)
        else:
            operations.append(_request(headers, content))
    return operations


def compose(answers: list[Answer | list[Answer]], boundary: str) -> bytes:
    parts = []
    for number, answer in enumerate(answers):
        if isinstance(answer, list):
            inner = f"changesetresponse_{number}_{boundary}"
            head = f"Content-Type: multipart/mixed; boundary={inner}\r\n\r\n".encode()
            parts.append(head + _joined([_answer(one) for one in answer], inner))
        else:
            parts.append(_answer(answer))
    return _joined(parts, boundary)


def _answer(answer: Answer) -> bytes:
    outer = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if answer.content_id:
        outer.append(f"Content-ID: {answer.content_id}")
    inner = [f"HTTP/1.1 {answer.status} Answer", *(f"{name}: {value}" for name, value in answer.headers.items())]
    return ("\r\n".join(outer) + "\r\n\r\n" + "\r\n".join(inner) + "\r\n\r\n").encode() + answer.body


def _joined(parts: list[bytes], boundary: str) -> bytes:
    return b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


def _parts(content_type: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    match = re.search(r"boundary=([^;\s]+)", content_type)
    if match is None:
        raise Malformed("there is no boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + match[1].strip('"').encode())
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise Malformed("the last boundary is missing")
    return [_headed(piece.removeprefix(b"\r\n")) for piece in pieces[1:-1]]


def _headed(block: bytes) -> tuple[dict[str, str], bytes]:
    head, _, content = block.partition(b"\r\n\r\n")
    headers = {}
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers, content


def _request(headers: dict[str, str], content: bytes) -> Part:
    if headers.get("content-type") != "application/http":
        raise Malformed("a part is not application/http")
    first, _, rest = content.partition(b"\r\n")
    words = first.decode().split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        raise Malformed("a part does not begin with a request line")
    inner, body = _headed(rest) if rest.strip() else ({}, b"")
    return Part(words[0], words[1], inner, body, headers.get("content-id", ""))

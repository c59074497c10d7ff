"""Bodies that are too large or too slow, over a bare socket so that nothing tidies them up on the way."""

import select
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

LIMIT = 100_000  # as the tests' configuration says


class Wire:
    """One connection, written to and read from as bytes."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=60)

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read_answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        while len(body) < int(headers["content-length"]):
            body += self._receive()
        return int(lines[0].split()[1]), headers, body

    def is_answered_within(self, seconds: float) -> bool:
        return bool(select.select([self._socket], [], [], seconds)[0])

    def is_closed(self) -> bool:
        return self._socket.recv(1) == b""

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> bytes:
        data = self._socket.recv(65536)
        assert data, "the server closed the connection without an answer"
        return data


@pytest.fixture
def wire(site: Any) -> Iterator[Wire]:
    connection = Wire(site.url)
    yield connection
    connection.close()


def _head(site: Any, body: bytes, *framing: str) -> bytes:
    lines = [f"{name}: {value}" for name, value in site.signed(body).items()]
    return "\r\n".join(["POST /webhooks/shop HTTP/1.1", "Host: here", *lines, *framing, "", ""]).encode()


def test_a_body_of_exactly_the_limit_is_kept(site: Any) -> None:
    assert site.deliver(b"x" * LIMIT).status_code == 200
    assert site.rows("SELECT length(body) FROM inbox") == [(LIMIT,)]


@pytest.mark.parametrize("length", [str(LIMIT + 1), "10737418240", "9" * 19])
def test_a_body_announced_too_large_is_refused_unread(site: Any, wire: Wire, length: str) -> None:
    wire.write(_head(site, b"", f"Content-Length: {length}"))  # and not a byte more
    status, headers, body = wire.read_answer()
    assert (status, body) == (413, b'{"detail":"The body is larger than 100000 bytes."}')
    assert headers["x-content-type-options"] == "nosniff"
    site.eventually(
        "SELECT connection, reason, count FROM refusals", [("shop", "The body is larger than 100000 bytes.", 1)]
    )


def test_a_body_that_grows_too_large_is_refused_on_the_way(site: Any, wire: Wire) -> None:
    wire.write(_head(site, b"", "Transfer-Encoding: chunked"))
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    for _ in range(7):
        wire.write(chunk)
    assert wire.read_answer()[0] == 413  # the last chunk never came
    assert site.rows("SELECT count(*) FROM inbox") == [(0,)]


def test_a_sender_who_does_not_stop_still_gets_the_answer(site: Any) -> None:
    answer = site.send("/webhooks/shop", (b"x" * 65536 for _ in range(160)), site.signed(b""))
    assert answer.status_code == 413


def test_a_body_in_chunks_is_kept_like_any_other(site: Any) -> None:
    body = b"x" * 90_000
    parts = (body[start : start + 9_000] for start in range(0, len(body), 9_000))
    assert site.send("/webhooks/shop", parts, site.signed(body)).json() == {"status": "stored"}


def test_a_body_that_does_not_arrive_is_given_up(site: Any, wire: Wire) -> None:
    began = time.monotonic()
    wire.write(_head(site, b"", "Content-Length: 100"))
    while not wire.is_answered_within(1):  # a byte now and then does not help
        wire.write(b"x")
    status, headers, body = wire.read_answer()
    assert (status, headers["connection"]) == (408, "close")
    assert body == b'{"detail":"The body did not arrive within 10 s."}'
    assert time.monotonic() - began > 9.5
    assert wire.is_closed()


def test_a_sender_who_leaves_is_no_fault(site: Any, wire: Wire) -> None:
    wire.write(_head(site, b"", "Content-Length: 100") + b"half")
    wire.close()
    assert site.deliver().status_code == 200
    assert site.rows("SELECT count(*) FROM inbox") == [(1,)]

"""Batches as they are written and read."""

from collections.abc import Sequence
from decimal import Decimal
from email import message_from_bytes, policy

import pytest

from erpsync.transport.batch import BatchUnreadable, ChangeSet, Operation, Request, read, write

NONCE = "abcdefgh12345678"
JSON = {"Content-Type": "application/json"}


def answer(*parts: str, boundary: str = "B1", line: str = "\r\n") -> tuple[str, bytes]:
    body = "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n"
    return f"multipart/mixed; boundary={boundary}", body.replace("\n", line).encode()


def http(status: str, body: str = "", *headers: str) -> str:
    head = "\n".join(("Content-Type: application/http", "Content-Transfer-Encoding: binary"))
    return f"{head}\n\nHTTP/1.1 {status}\n" + "".join(f"{one}\n" for one in headers) + f"\n{body}"


def change_set(boundary: str, *parts: str) -> str:
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f"Content-Type: multipart/mixed; boundary={boundary}\n\n{inner}--{boundary}--\n"


def test_a_batch_is_multipart_that_others_can_read() -> None:
    operations: Sequence[Operation] = (
        Request("GET", "A_SalesOrder('1')?$format=json", {"Accept": "application/json"}),
        ChangeSet(
            (Request("POST", "A_SalesOrder", JSON, b'{"a":1}'), Request("PATCH", "A_SalesOrder('2')", JSON, b"{}"))
        ),
        ChangeSet((Request("DELETE", "A_SalesOrder('3')", {"If-Match": 'W/"x"'}),)),
    )
    content_type, body = write(operations, NONCE)
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=policy.HTTP)
    single, pair, last = message.iter_parts()
    assert single.get_content_type() == "application/http"
    assert single.get_payload().startswith(
        "GET A_SalesOrder('1')?$format=json HTTP/1.1\r\nAccept: application/json\r\n\r\n"
    )
    first, second = pair.iter_parts()
    assert first.get_payload().endswith('Content-Length: 7\r\n\r\n{"a":1}')
    assert [first["Content-ID"], second["Content-ID"]] == ["1", "2"]
    [delete] = last.iter_parts()
    assert delete["Content-ID"] == "3"
    assert delete.get_payload() == "DELETE A_SalesOrder('3') HTTP/1.1\r\nIf-Match: W/\"x\"\r\n\r\n"


@pytest.mark.parametrize("line", ["\r\n", "\n"])
def test_answers_come_in_the_order_of_the_operations(line: str) -> None:
    content_type, body = answer(
        http("200 OK", '{"d":{"x":1.10}}', "content-type: application/json"),
        change_set("B1_inner", http("201 Created", "{}", 'sap-message: {"code":"V1/1"}'), http("204 No Content")),
        http("400 Bad Request", '{"error":{}}'),
        line=line,
    )
    read_one, written, refused = read(content_type, body)
    assert read_one[0].json() == {"d": {"x": Decimal("1.10")}}
    assert [one.status for one in written] == [201, 204]
    assert written[0].headers["SAP-Message"] == '{"code":"V1/1"}'
    assert written[1].body == b""
    assert [(one.status, one.body) for one in refused] == [(400, b'{"error":{}}')]


def test_a_refused_change_set_is_one_answer_whether_it_is_wrapped_or_not() -> None:
    content_type, body = answer(change_set("C", http("400 Bad Request", "{}")), http("400 Bad Request", "{}"))
    assert [[one.status for one in each] for each in read(content_type, body)] == [[400], [400]]


def test_answers_of_a_change_set_in_another_order_are_sorted_by_their_content_ids() -> None:
    def numbered(status: str, number: int) -> str:
        return http(status).replace("binary", f"binary\nContent-ID: {number}", 1)

    content_type, body = answer(change_set("C", numbered("204 No Content", 10), numbered("201 Created", 9)))
    assert [one.status for one in read(content_type, body)[0]] == [201, 204]


def test_a_body_with_empty_lines_and_with_what_looks_like_a_boundary_is_kept_whole() -> None:
    text = '{"a":"1"}\n\n--B10\n--B1x--\n\n{"b":2}'
    content_type, body = answer(http("200 OK", text, "X: y"))
    assert read(content_type, body)[0][0].body == text.replace("\n", "\r\n").encode()


def test_a_quoted_boundary_and_a_text_before_the_first_part_are_read() -> None:
    _, body = answer(http("200 OK", "{}"))
    assert [one.status for one in read('multipart/mixed; boundary="B1"', b"preamble\r\n" + body)[0]] == [200]


def test_a_batch_that_stopped_at_a_failure_has_fewer_answers() -> None:
    content_type, body = answer(http("200 OK", "{}"), http("500 Internal Server Error", "no"))
    assert len(read(content_type, body)) == 2


def test_an_answer_without_parts_is_empty() -> None:
    assert read("multipart/mixed; boundary=B1", b"--B1--\r\n") == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<html>"),
        ("", b""),
        ("multipart/mixed", b"--B--"),
        ("multipart/mixed; boundary=B1", answer(http("200 OK", "{}"))[1][:-6]),
        ("multipart/mixed; boundary=B1", answer("Content-Type: application/http\n\nno status")[1]),
        ("multipart/mixed; boundary=B1", answer(change_set("C", http("201 Created", "{}")).replace("--C--", ""))[1]),
    ],
    ids=["a page", "nothing", "no boundary", "cut off", "not an answer", "change set cut off"],
)
def test_what_is_no_answer_to_a_batch_is_told_apart(content_type: str, body: bytes) -> None:
    with pytest.raises(BatchUnreadable):
        read(content_type, body)


def test_a_part_that_is_not_json_says_so_without_its_text() -> None:
    content_type, body = answer(http("502 Bad Gateway", "<p>Ada Lovelace</p>"))
    with pytest.raises(BatchUnreadable, match="502") as raised:
        read(content_type, body)[0][0].json()
    assert "Ada" not in str(raised.value)


@pytest.mark.parametrize(
    ("request_", "nonce"),
    [
        (Request("GET", "A\r\nX: y"), NONCE),
        (Request("GET", "A", {"If-Match": "x\r\ny"}), NONCE),
        (Request("POST", "A", JSON, f'"--batch_{NONCE}"'.encode()), NONCE),
        (Request("GET", "A"), "short"),
        (Request("GET", "A"), "with spaces in it"),
    ],
)
def test_what_would_break_the_batch_apart_is_not_sent(request_: Request, nonce: str) -> None:
    with pytest.raises(ValueError, match=r"nonce|line break"):
        write([request_], nonce)

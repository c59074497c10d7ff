"""The simulator attacked by plain requests: it takes nothing that an ABAP system would refuse."""

import base64
from collections.abc import Callable

import pytest
import requests

from erpsync.systems.sap.soap.simulator import PASSWORD, USER
from tests.systems.sap.soap.stand import World

TARGET = "urn:sap-com:document:sap:rfc:functions"
RIGHT = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SOUGHT = "<item><KIND>O</KIND><REFERENCE>shop-1</REFERENCE><EMAIL></EMAIL></item>"


def post(world: World, body: str, header: str = RIGHT, prologue: str = "", path: str = "") -> requests.Response:
    envelope = f'{prologue}<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'
    address = world.settings().endpoint if not path else f"{world.served.base_url}{path}"
    return requests.post(address, data=envelope.encode(), headers={"Authorization": header}, timeout=60)


def find(rows: str, tag: str = "IT_SOUGHT") -> str:
    return f'<n:Z_ERPSYNC_ORDER_FIND xmlns:n="{TARGET}"><{tag}>{rows}</{tag}></n:Z_ERPSYNC_ORDER_FIND>'


def test_a_proper_request_is_answered(world: World) -> None:
    answer = post(world, find(SOUGHT))

    assert answer.status_code == 200
    assert "Z_ERPSYNC_ORDER_FINDResponse" in answer.text


@pytest.mark.parametrize("header", ["", "Basic AAAA", "Bearer token", RIGHT[:-2]])
def test_any_other_login_is_refused(world: World, header: str) -> None:
    answer = post(world, find(SOUGHT), header)

    assert answer.status_code == 401
    assert "Basic realm" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "body",
    [
        find("<item><REFERENCE>1</REFERENCE><KIND>O</KIND><EMAIL></EMAIL></item>"),
        find("<item><KIND>O</KIND><REFERENCE>1</REFERENCE></item>"),
        find("<item><KIND>O</KIND><REFERENCE>1</REFERENCE><EMAIL></EMAIL><COLOUR>red</COLOUR></item>"),
        find("<item><KIND>Order</KIND><REFERENCE>1</REFERENCE><EMAIL></EMAIL></item>"),
        find("<row/>"),
        find(SOUGHT, "IT_REFERENCE"),
        find(SOUGHT).replace("<IT_SOUGHT>", "<n:IT_SOUGHT>").replace("</IT_SOUGHT>", "</n:IT_SOUGHT>"),
        f'<n:BAPI_USER_CHANGE xmlns:n="{TARGET}"/>',
        '<n:Z_ERPSYNC_PING xmlns:n="urn:other"/>',
        "",
        "<broken",
    ],
    ids=[
        "order",
        "missing",
        "unknown",
        "length",
        "row",
        "parameter",
        "qualified",
        "operation",
        "namespace",
        "empty",
        "xml",
    ],
)
def test_a_request_must_fit_the_interface(world: World, body: str) -> None:
    answer = post(world, body)

    assert answer.status_code == 500
    assert "more details in the web service error log" in answer.text
    assert len(world.simulator.error_log) == 1


def test_a_document_type_is_refused(world: World) -> None:
    assert post(world, find(SOUGHT), prologue='<!DOCTYPE a [<!ENTITY b "c">]>').status_code == 500


@pytest.mark.parametrize(("field", "value"), [("IV_SINCE", "1.5"), ("IV_SINCE", "1E3"), ("IV_LIMIT", "ten")])
def test_numbers_must_be_of_their_type(world: World, field: str, value: str) -> None:
    values = {"IV_CURSOR": "", "IV_LIMIT": "1", "IV_SINCE": "0"} | {field: value}
    rows = "".join(f"<{name}>{text}</{name}>" for name, text in values.items())

    answer = post(world, f'<n:Z_ERPSYNC_PROGRESS_CHANGED xmlns:n="{TARGET}">{rows}</n:Z_ERPSYNC_PROGRESS_CHANGED>')

    assert answer.status_code == 500


def test_another_path_is_not_found_and_a_service_that_is_off_forbidden(open_world: Callable[..., World]) -> None:
    assert post(open_world(), find(SOUGHT), path="/sap/bc/srt/rfc/sap/other").status_code == 404
    assert post(open_world(active=False), find(SOUGHT)).status_code == 403


def test_more_than_a_hundred_records_are_refused(world: World) -> None:
    row = (
        "<item><REFERENCE>{0}</REFERENCE><BUKRS>1000</BUKRS><BLART>DZ</BLART><KUNNR>1</KUNNR><VBELN>1</VBELN>"
        "<HKONT>1</HKONT><BUDAT>2026-01-01</BUDAT><BLDAT>0000-00-00</BLDAT><WRBTR>1.0000</WRBTR><WAERS>EUR</WAERS></item>"
    )
    rows = "".join(row.format(number) for number in range(101))

    answer = post(
        world, f'<n:Z_ERPSYNC_PAYMENT xmlns:n="{TARGET}"><IT_PAYMENT>{rows}</IT_PAYMENT></n:Z_ERPSYNC_PAYMENT>'
    )

    assert "<NUMBER>012</NUMBER>" in answer.text
    assert world.served.records()["payments"] == []


def test_the_operation_is_told_from_the_body(world: World) -> None:
    post(world, find(SOUGHT))
    requests.get(world.settings().wsdl, timeout=60)

    assert world.calls("Z_ERPSYNC_ORDER_FIND") == world.calls("wsdl") == 1

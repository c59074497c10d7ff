"""SOAP over real sockets: what is sent, what is read, and what becomes of everything else."""

import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.transport.http import HttpClient
from erpsync.transport.soap import SoapClient, SoapFault
from erpsync.transport.wsdl import WsdlFiles

NS = "urn:test"
SCHEMA = f"""<?xml version="1.0"?>
<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="{NS}" targetNamespace="{NS}" elementFormDefault="qualified">
 <x:complexType name="Thing" abstract="true"><x:sequence>
  <x:element name="label" type="x:string" minOccurs="0"/></x:sequence></x:complexType>
 <x:complexType name="Box"><x:complexContent><x:extension base="t:Thing"><x:sequence>
  <x:element name="size" type="x:int"/></x:sequence></x:extension></x:complexContent></x:complexType>
 <x:element name="pass"><x:complexType><x:sequence>
  <x:element name="key" type="x:string"/></x:sequence></x:complexType></x:element>
 <x:element name="put"><x:complexType><x:sequence>
  <x:element name="amount" type="x:double" minOccurs="0"/><x:element name="exact" type="x:decimal" minOccurs="0"/>
  <x:element name="text" type="x:string" minOccurs="0"/>
  <x:element name="thing" type="t:Thing" minOccurs="0" maxOccurs="unbounded"/></x:sequence></x:complexType></x:element>
 <x:element name="putResponse"><x:complexType><x:sequence>
  <x:element name="amount" type="x:double" minOccurs="0" maxOccurs="unbounded"/>
  <x:element name="at" type="x:dateTime" minOccurs="0"/></x:sequence></x:complexType></x:element>
</x:schema>"""
WSDL = f"""<?xml version="1.0"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="{NS}" targetNamespace="{NS}">
 <w:types><x:schema><x:import namespace="{NS}" schemaLocation="IMPORT"/></x:schema></w:types>
 <w:message name="head"><w:part name="pass" element="t:pass"/></w:message>
 <w:message name="in"><w:part name="p" element="t:put"/></w:message>
 <w:message name="out"><w:part name="p" element="t:putResponse"/></w:message>
 <w:portType name="P"><w:operation name="put">
  <w:input message="t:in"/><w:output message="t:out"/></w:operation></w:portType>
 <w:binding name="B" type="t:P"><s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
  <w:operation name="put"><s:operation soapAction="urn:put"/>
   <w:input><s:header message="t:head" part="pass" use="literal"/><s:body use="literal"/></w:input>
   <w:output><s:body use="literal"/></w:output></w:operation></w:binding>
 <w:service name="S"><w:port name="O" binding="t:B"><s:address location="http://elsewhere.invalid/"/></w:port></w:service>
</w:definitions>"""
Make = Callable[..., SoapClient]


class Clock:
    def __init__(self) -> None:
        self.moved = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved


def enveloped(body: str) -> str:
    return f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{body}</e:Body></e:Envelope>'


def answer(inner: str = "") -> str:
    return enveloped(f'<putResponse xmlns="{NS}">{inner}</putResponse>')


@pytest.fixture
def folder() -> str:
    """Where this test's WSDL is: the server keeps its port, and a process its parsed WSDLs."""
    return f"/{secrets.token_hex(4)}"


@pytest.fixture
def make(httpserver: HTTPServer, tmp_path: Path, folder: str) -> Make:
    httpserver.expect_request(f"{folder}/api.wsdl").respond_with_data(WSDL.replace("IMPORT", "api.xsd"))
    httpserver.expect_request(f"{folder}/api.xsd").respond_with_data(SCHEMA)

    def client(**changes: Any) -> SoapClient:
        values: dict[str, Any] = {
            "wsdl": httpserver.url_for(f"{folder}/api.wsdl"),
            "address": httpserver.url_for("/endpoint"),
            "clock": Clock(),
            "cache_directory": tmp_path,
            "namespaces": {"t": NS},
            "read_seconds": 5.0,
            "settle_seconds": 42.0,
        }
        return SoapClient("testing", **{**values, **changes})

    return client


def answering(httpserver: HTTPServer, body: str, status: int = 200, **headers: str) -> None:
    httpserver.expect_request("/endpoint", method="POST").respond_with_data(
        body, status, headers, content_type="text/xml"
    )


def sent(httpserver: HTTPServer) -> Request:
    [request] = [request for request, _ in httpserver.log if request.path == "/endpoint"]
    return request


@pytest.mark.parametrize(
    ("amount", "written"),
    [("19.90", "19.90"), ("0.1", "0.1"), ("1E+2", "100"), ("0E-7", "0.0000000"), ("12345678901234567890.01",) * 2],
)
def test_a_decimal_is_sent_with_its_own_digits(httpserver: HTTPServer, make: Make, amount: str, written: str) -> None:
    answering(httpserver, answer())
    value = Decimal(amount)

    make().call("put", {"amount": value, "exact": value, "text": value}, write=True)

    root = etree.fromstring(sent(httpserver).data)
    assert [root.findtext(f".//{{{NS}}}{name}") for name in ("amount", "exact", "text")] == [written] * 3


def test_a_float_is_never_sent(httpserver: HTTPServer, make: Make) -> None:
    with pytest.raises(Rejected) as refused:
        make().call("put", {"amount": 0.1}, write=True)

    assert isinstance(refused.value.__cause__, TypeError)
    assert "float" in str(refused.value.__cause__)


@pytest.mark.parametrize("amount", ["0.1", "19.99", "123456789.12", "-0.05", "1E3", "999999999999.99"])
def test_a_double_is_read_as_it_was_written(httpserver: HTTPServer, make: Make, amount: str) -> None:
    answering(httpserver, answer(f"<amount>{amount}</amount><at>2026-11-20T10:00:00Z</at>"))

    read = make().call("put", {}, write=False)

    assert read["amount"] == [Decimal(amount)]
    assert read["at"] == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_types_headers_and_the_address_are_those_given(httpserver: HTTPServer, make: Make) -> None:
    answering(httpserver, answer())
    client = make()

    client.call("put", {"thing": [{"$type": "t:Box", "size": 3}]}, write=True, headers={"pass": {"key": "k"}})

    request = sent(httpserver)
    root = etree.fromstring(request.data)
    [thing] = root.iter(f"{{{NS}}}thing")
    kind = thing.get("{http://www.w3.org/2001/XMLSchema-instance}type").partition(":")
    assert (thing.nsmap[kind[0]], kind[2]) == (NS, "Box")
    assert root.findtext(f".//{{{NS}}}key") == "k"
    assert request.headers["SOAPAction"] == '"urn:put"'
    assert request.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert abs(parsedate_to_datetime(client.replied_at) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("operation", "arguments"), [("nothing", {}), ("put", {"colour": "red"}), ("put", {"thing": [{"$type": "t:No"}]})]
)
def test_what_the_wsdl_does_not_have_is_refused_before_it_is_sent(
    httpserver: HTTPServer, make: Make, operation: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(Rejected) as refused:
        make().call(operation, arguments, write=True)

    assert refused.value.code == "does-not-fit-wsdl"
    assert not [request for request, _ in httpserver.log if request.path == "/endpoint"]


@pytest.mark.parametrize(
    ("detail", "code", "element"),
    [
        ("", "e:Server", ""),
        ("<detail/>", "e:Server", ""),
        ('<detail><f:limitFault xmlns:f="urn:f"><f:code>BUSY</f:code></f:limitFault></detail>', "BUSY", "limitFault"),
        ('<detail><f:other xmlns:f="urn:f">text</f:other></detail>', "e:Server", "other"),
    ],
)
def test_a_fault_is_told_by_its_names(httpserver: HTTPServer, make: Make, detail: str, code: str, element: str) -> None:
    fault = f"<e:Fault><faultcode>e:Server</faultcode><faultstring>Buyer Name</faultstring>{detail}</e:Fault>"
    answering(httpserver, enveloped(fault), 500)

    with pytest.raises(SoapFault) as raised:
        make().call("put", {}, write=True)

    assert (raised.value.code, raised.value.element, raised.value.message) == (code, element, "Buyer Name")
    assert "Buyer Name" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "body", "write", "family"),
    [
        (503, "<html/>", True, Unavailable),
        (429, "slow down", True, Throttled),
        (401, "", True, Unavailable),
        (404, "<html><p>no</html>", True, Unavailable),
        (302, "", True, Unavailable),
        (500, "<html/>", True, OutcomeUnknown),
        (500, "", False, Transient),
        (502, "bad gateway", True, OutcomeUnknown),
        (504, "", False, Unavailable),
        (520, "strange", True, OutcomeUnknown),
        (200, "<html><p>Sign in</html>", True, OutcomeUnknown),
        (200, "<html/>", False, Transient),
        (200, "", False, Transient),
        (200, '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>', True, OutcomeUnknown),
        (200, enveloped(f'<putResponse xmlns="{NS}"><colour>red</colour></putResponse>'), True, OutcomeUnknown),
        (200, enveloped(f'<putResponse xmlns="{NS}"><amount>many</amount></putResponse>'), False, Transient),
    ],
)
def test_an_answer_that_is_not_soap_is_judged_by_its_status(
    httpserver: HTTPServer, make: Make, status: int, body: str, write: bool, family: type[SyncError]
) -> None:
    answering(httpserver, body, status)

    with pytest.raises(SyncError) as raised:
        make().call("put", {}, write=write)

    assert type(raised.value) is family
    if family is OutcomeUnknown:
        assert raised.value.settle_seconds == 42.0  # type: ignore[attr-defined]


def test_a_value_of_the_wrong_type_is_not_logged(
    httpserver: HTTPServer, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    answering(httpserver, answer("<amount>Buyer Name</amount>"))

    with pytest.raises(Transient):
        make().call("put", {}, write=False)

    assert "Buyer Name" not in caplog.text


def test_a_remotes_text_reaches_no_error_and_no_trace(httpserver: HTTPServer, make: Make) -> None:
    answering(httpserver, "<html>Buyer Name")

    with pytest.raises(SyncError) as raised:
        make().call("put", {}, write=True)

    assert "Buyer" not in f"{raised.value}{raised.value.__cause__!r}"
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE r SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        "<!DOCTYPE r>",
    ],
)
def test_an_answer_with_a_document_type_is_not_read(httpserver: HTTPServer, make: Make, declared: str) -> None:
    answering(httpserver, declared + answer("<amount>1</amount>"))

    with pytest.raises(Transient) as raised:
        make().call("put", {}, write=False)

    assert raised.value.code == "reply-unreadable"


def test_entities_do_not_grow_in_attributes_either(httpserver: HTTPServer, make: Make) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20 if n else "x" * 20}">' for n in range(9))
    answering(httpserver, f"<!DOCTYPE r [{levels}]>" + answer().replace("<putResponse", '<putResponse a="&e8;"', 1))
    started = time.monotonic()

    with pytest.raises(Transient):
        make().call("put", {}, write=False)

    assert time.monotonic() - started < 3


@pytest.mark.parametrize(("write", "family"), [(True, OutcomeUnknown), (False, Transient)])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    httpserver: HTTPServer, make: Make, write: bool, family: type[SyncError]
) -> None:
    answering(httpserver, answer("<amount>1</amount>" * 20_000))

    with pytest.raises(family) as raised:
        make(max_reply_bytes=100_000).call("put", {}, write=write)

    assert "100000 bytes" in raised.value.problem.what


@pytest.mark.parametrize(("write", "family"), [(True, OutcomeUnknown), (False, Unavailable)])
def test_an_answer_that_does_not_come_in_time(
    httpserver: HTTPServer, make: Make, write: bool, family: type[SyncError]
) -> None:
    gone = threading.Event()

    def never(request: Request) -> Response:
        gone.wait(60)
        return Response(answer())

    httpserver.expect_request("/endpoint").respond_with_handler(never)
    client = make(read_seconds=0.3)

    with pytest.raises(family) as raised:
        client.call("put", {}, write=write)
    gone.set()

    assert type(raised.value) is family


def test_an_address_where_nobody_listens_is_an_outage_even_for_a_write(make: Make) -> None:
    with pytest.raises(Unavailable):
        make(address="http://127.0.0.1:9/").call("put", {}, write=True)


def test_the_environments_proxy_is_not_used(
    httpserver: HTTPServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    answering(httpserver, answer())

    make().call("put", {}, write=True)

    assert sent(httpserver)


def test_the_wsdl_is_read_once_for_all_clients_of_the_process(
    httpserver: HTTPServer, make: Make, tmp_path: Path, folder: str
) -> None:
    answering(httpserver, answer())
    for number in range(3):
        make(cache_directory=tmp_path / str(number)).call("put", {}, write=False)

    paths = [request.path for request, _ in httpserver.log]
    assert (paths.count(f"{folder}/api.wsdl"), paths.count(f"{folder}/api.xsd")) == (1, 1)


def test_another_process_uses_the_copies_on_disk(
    httpserver: HTTPServer, make: Make, tmp_path: Path, folder: str
) -> None:
    answering(httpserver, answer())
    make().call("put", {}, write=False)
    script = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from erpsync.transport.soap import SoapClient\n"
        "class Clock:\n    def now(self): return datetime.now(UTC)\n"
        "wsdl, address, cache = sys.argv[1:]\n"
        "SoapClient('testing', address, wsdl, Clock(), Path(cache), namespaces={}, read_seconds=5)"
        ".call('put', {}, write=False)\n"
    )
    wsdl, endpoint = httpserver.url_for(f"{folder}/api.wsdl"), httpserver.url_for("/endpoint")

    subprocess.run([sys.executable, "-c", script, wsdl, endpoint, str(tmp_path)], check=True, timeout=60)

    paths = [request.path for request, _ in httpserver.log]
    assert [paths.count(p) for p in (f"{folder}/api.wsdl", f"{folder}/api.xsd", "/endpoint")] == [1, 1, 2]


def files(httpserver: HTTPServer, clock: Clock, cache: Path, wsdl: str = "") -> WsdlFiles:
    location = wsdl or httpserver.url_for("/api.wsdl")
    return WsdlFiles(HttpClient("testing", location, clock), location, clock, cache)


def test_a_copy_is_renewed_after_a_day_and_kept_when_that_fails(httpserver: HTTPServer, tmp_path: Path) -> None:
    url, clock = httpserver.url_for("/api.wsdl"), Clock()
    httpserver.expect_ordered_request("/api.wsdl").respond_with_data(WSDL)
    httpserver.expect_ordered_request("/api.wsdl").respond_with_data(WSDL.replace("elsewhere", "renewed"))
    httpserver.expect_ordered_request("/api.wsdl").respond_with_data("gone", 503)

    first = files(httpserver, clock, tmp_path).load(url)
    again = files(httpserver, clock, tmp_path).load(url)
    clock.moved = timedelta(days=1, seconds=1)
    renewed = files(httpserver, clock, tmp_path).load(url)
    clock.moved = timedelta(days=3)
    kept = files(httpserver, clock, tmp_path).load(url)

    assert first == again != renewed == kept
    assert len(httpserver.log) == 3


@pytest.mark.parametrize(
    ("body", "status"), [("<html>Sign in</html>", 200), ("not xml", 200), ("no", 404), ("no", 503)]
)
def test_what_is_no_wsdl_is_neither_used_nor_kept(
    httpserver: HTTPServer, tmp_path: Path, body: str, status: int
) -> None:
    httpserver.expect_request("/api.wsdl").respond_with_data(body, status)

    with pytest.raises(Unavailable):
        files(httpserver, Clock(), tmp_path).load(httpserver.url_for("/api.wsdl"))

    assert not list(tmp_path.rglob("*.xml"))


def test_a_local_wsdl_may_import_what_lies_beside_it(httpserver: HTTPServer, make: Make, tmp_path: Path) -> None:
    (tmp_path / "xsd").mkdir()
    (tmp_path / "api.wsdl").write_text(WSDL.replace("IMPORT", "./xsd/api.xsd"))
    (tmp_path / "xsd" / "api.xsd").write_text(SCHEMA)
    answering(httpserver, answer("<amount>1</amount>"))

    assert make(wsdl=str(tmp_path / "api.wsdl")).call("put", {}, write=False)["amount"] == [Decimal(1)]


@pytest.mark.parametrize("target", ["file://{0}/secret.xsd", "http://127.0.0.1:9/other.xsd", "ftp://127.0.0.1/x.xsd"])
def test_a_served_wsdl_reaches_no_file_and_no_other_plain_server(
    httpserver: HTTPServer, make: Make, tmp_path: Path, folder: str, target: str
) -> None:
    (tmp_path / "secret.xsd").write_text(SCHEMA)
    httpserver.expect_request(f"{folder}/evil.wsdl").respond_with_data(WSDL.replace("IMPORT", target.format(tmp_path)))

    with pytest.raises(Rejected) as refused:
        make(wsdl=httpserver.url_for(f"{folder}/evil.wsdl")).call("put", {}, write=False)

    assert refused.value.code == "wsdl-import-refused"


def test_a_local_wsdl_reaches_no_other_folder(make: Make, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "secret.xsd").write_text(SCHEMA)
    (tmp_path / "inner" / "api.wsdl").write_text(WSDL.replace("IMPORT", "../secret.xsd"))

    with pytest.raises(Rejected):
        make(wsdl=str(tmp_path / "inner" / "api.wsdl")).call("put", {}, write=False)


def test_a_wsdl_with_entities_is_not_read(httpserver: HTTPServer, make: Make, folder: str) -> None:
    bomb = WSDL.replace('<?xml version="1.0"?>', '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaa">]>')
    httpserver.expect_request(f"{folder}/bomb.wsdl").respond_with_data(bomb)

    with pytest.raises(Unavailable):
        make(wsdl=httpserver.url_for(f"{folder}/bomb.wsdl")).call("put", {}, write=False)


def test_a_wsdl_that_could_not_be_had_is_asked_for_again(httpserver: HTTPServer, make: Make, folder: str) -> None:
    answering(httpserver, answer("<amount>1</amount>"))
    httpserver.expect_oneshot_request(f"{folder}/late.wsdl").respond_with_data("down", 503)
    httpserver.expect_request(f"{folder}/late.wsdl").respond_with_data(WSDL.replace("IMPORT", "api.xsd"))
    client = make(wsdl=httpserver.url_for(f"{folder}/late.wsdl"))

    with pytest.raises(Unavailable):
        client.call("put", {}, write=True)

    assert client.call("put", {}, write=True)["amount"] == [Decimal(1)]

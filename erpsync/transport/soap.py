"""SOAP 1.1 by zeep: messages built and read by the remote's WSDL, sent with this package's time, size and TLS rules.

zeep only writes and reads XML here. Its own transport is not used, so nothing of a message reaches its debug log, and
what goes wrong on the way becomes the same domain errors as for every other remote.
"""

import base64
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.auth
import zeep
import zeep.exceptions
from lxml import etree
from zeep.xsd.valueobjects import CompoundValue

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Transient, Unavailable
from erpsync.ports.limits import UNLIMITED, Limiter
from erpsync.ports.runtime import Clock
from erpsync.transport.http import MAX_REPLY_BYTES, HttpClient, Reply
from erpsync.transport.wsdl import WsdlFiles, parsed

TYPE_KEY = "$type"
"""Names the XML type of a mapping where the schema leaves it open: "prefix:Name", the prefix from `namespaces`."""

# What zeep raises over XML that it did not expect; it has no one error for it.
_UNREADABLE = (
    zeep.exceptions.Error,
    etree.LxmlError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class SoapFault(Exception):
    """The remote refused the whole request. Each system's client turns it into a domain error; it goes no further.

    `element` is the local name of the detail's first element, `code` the text of its child `code`, else the fault's
    own code. `message` is the remote's text and may hold personal data.
    """

    def __init__(self, code: str, element: str, message: str) -> None:
        self.code = code
        self.element = element
        self.message = message
        super().__init__(f"{element or 'fault'} {code}".strip())


@dataclass(frozen=True)
class Access:
    """Signing in below SOAP: by user and password, or by the files of a client certificate and its key. `authorities` is
    a file of the certificates to trust instead of the public ones, for a server with a private authority. All in PEM."""

    user: str = ""
    password: str = field(default="", repr=False)
    certificate: str = ""
    key: str = ""
    authorities: str = ""


@dataclass(frozen=True)
class _Answer:
    """What zeep reads of a reply."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    encoding: str | None


class SoapClient:
    """Calls the operations of one WSDL at one address. Not for use by several threads at once.

    The WSDL is read at the first call. `address` is where calls go, whatever the WSDL says.
    """

    def __init__(
        self,
        system: str,
        address: str,
        wsdl: str,
        clock: Clock,
        cache_directory: Path,
        *,
        namespaces: Mapping[str, str],
        read_seconds: float,
        settle_seconds: float = 0.0,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        access: Access | None = None,
        limiter: Limiter = UNLIMITED,
    ) -> None:
        """`wsdl` is an address or a path. `settle_seconds`: as in OutcomeUnknown. `access` is for the WSDL as for calls."""
        self.replied_at: str = ""
        """The Date header of the latest reply, faults included: the remote's clock even where it refuses to talk."""
        self._system = system
        self._address = address
        self._wsdl = wsdl
        self._namespaces = namespaces
        self._settle_seconds = settle_seconds
        self._http = HttpClient(
            system,
            address,
            clock,
            settle_seconds=settle_seconds,
            read_seconds=read_seconds,
            limiter=limiter,
            max_reply_bytes=max_reply_bytes,
        )
        if access is not None:
            _sign_in(self._http.session, access, urlsplit(address).netloc)
        self._files = WsdlFiles(self._http, wsdl, clock, cache_directory)
        self._zeep: Any = None

    def call(
        self,
        operation: str,
        arguments: Mapping[str, object],
        *,
        write: bool,
        headers: Mapping[str, object] | None = None,
    ) -> Any:
        """The reply's body as mappings, lists, str, bool, int, Decimal and datetime; None for what is absent.

        Decimals are sent with the digits they have; floats are refused (TypeError). Numbers come back as Decimals,
        exact up to the 15 digits that the XML type `double` carries. `write`: as in HttpClient.call.
        Raises SoapFault, Unavailable, Throttled, Transient or OutcomeUnknown; Rejected where the WSDL has no such
        operation, type or field.
        """
        client = self._client()
        envelope = self._envelope(client, operation, arguments, headers or {})
        reply = self._post(envelope, _action(client, operation), write)
        self.replied_at = reply.headers.get("Date", "")
        return self._read(client, operation, reply, write)

    def _client(self) -> Any:
        if self._zeep is None:
            document = parsed(self._wsdl, self._files, self._system)
            make: Any = zeep.Client
            self._zeep = make(document, transport=self._files, settings=document.settings)
        return self._zeep

    def _envelope(
        self, client: Any, operation: str, arguments: Mapping[str, object], headers: Mapping[str, object]
    ) -> bytes:
        try:
            values = {name: self._typed(client, value) for name, value in arguments.items()}
            heads = {name: self._typed(client, value) for name, value in headers.items()}
            message = client.create_message(client.service, operation, **values, _soapheaders=heads)
        except (zeep.exceptions.Error, ValueError, TypeError) as error:
            raise Rejected(
                "does-not-fit-wsdl",
                system=self._system,
                what=f"The WSDL has no {operation} as erpsync sends it ({type(error).__name__}).",
                next_step="Check the connection's WSDL address and version; if they are right, report this "
                "with the trace from the worker's log.",
            ) from error
        return etree.tostring(message, xml_declaration=True, encoding="utf-8")

    def _typed(self, client: Any, value: object) -> object:
        if isinstance(value, Mapping):
            fields = {name: self._typed(client, inner) for name, inner in value.items() if name != TYPE_KEY}
            if TYPE_KEY not in value:
                return fields
            prefix, _, name = str(value[TYPE_KEY]).partition(":")
            return client.get_type(f"{{{self._namespaces[prefix]}}}{name}")(**fields)
        if isinstance(value, (list, tuple)):
            return [self._typed(client, inner) for inner in value]
        if isinstance(value, float):
            raise TypeError("amounts are never sent as float")
        # Written out: for the XML type string zeep would take Decimal's own form, which may be "1E+2".
        return f"{value:f}" if isinstance(value, Decimal) else value

    def _post(self, envelope: bytes, action: str, write: bool) -> Reply:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
        # HttpClient.call would judge a 500 before its body is read, and that is what faults come with.
        return self._http.send("POST", self._address, data=envelope, headers=headers, write=write)

    def _read(self, client: Any, operation: str, reply: Reply, write: bool) -> Any:
        binding = _binding(client)
        answer = _Answer(reply.status, reply.headers, reply.body, reply.encoding)
        misread = _Misread()
        try:
            with misread:
                result = binding.process_reply(client, binding.get(operation), answer)
        except zeep.exceptions.Fault as fault:
            if isinstance(fault.detail, bytes):  # zeep's way to say: an error status with XML that is no fault
                raise self._not_soap(reply, write) from None
            raise _fault(fault) from None
        except zeep.exceptions.TransportError:
            # Never chained: zeep's text quotes the whole reply, which may hold personal data.
            raise self._not_soap(reply, write) from None
        except _UNREADABLE as error:
            raise self._unreadable(write, f"cannot be read ({type(error).__name__})") from None
        if misread.happened:
            raise self._unreadable(write, "holds a value that is not of its type")
        if isinstance(result, CompoundValue) and "header" in result and "body" in result:
            result = result["body"]
        return _plain(result)

    def _not_soap(self, reply: Reply, write: bool) -> SyncError:
        known = self._http.failure(reply, write=write)
        if known is not None:
            return known
        status = reply.status
        if 200 <= status < 300 or status >= 500:
            return self._unreadable(write, f"({status}) was not SOAP")
        return Unavailable(
            "not-a-soap-endpoint",
            system=self._system,
            what=f"The address answered {status} without SOAP.",
            next_step="Check the connection's address: a proxy or a login page may be answering. "
            "Waiting records go on by themselves.",
        )

    def _unreadable(self, write: bool, why: str) -> SyncError:
        what = f"The answer {why}."
        if write:
            return OutcomeUnknown(
                "reply-unreadable", system=self._system, what=what, settle_seconds=self._settle_seconds
            )
        return Transient(
            "reply-unreadable",
            system=self._system,
            what=what,
            next_step="If it stays so, check the connection's address and WSDL: they may not belong together.",
        )


class _Misread(logging.Filter):
    """Notices, in this thread, what zeep only logs: a value that is not of its type becomes None there, silently for the
    caller and with the value itself in the log."""

    def __init__(self) -> None:
        super().__init__()
        self.happened = False
        self._thread = threading.get_ident()
        self._logger = logging.getLogger("zeep.xsd.types.simple")

    def filter(self, record: logging.LogRecord) -> bool:
        if record.thread != self._thread:
            return True
        self.happened = True
        return False

    def __enter__(self) -> None:
        self._logger.addFilter(self)

    def __exit__(self, *_: object) -> None:
        self._logger.removeFilter(self)


class _BasicAuth(requests.auth.AuthBase):
    """User and password for one host only: what a WSDL imports from elsewhere must not be sent them."""

    def __init__(self, access: Access, host: str) -> None:
        # In UTF-8: requests itself would write Latin-1 and refuse all other characters.
        self._header = "Basic " + base64.b64encode(f"{access.user}:{access.password}".encode()).decode()
        self._host = host

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if urlsplit(request.url or "").netloc == self._host:
            request.headers["Authorization"] = self._header
        return request


def _sign_in(session: requests.Session, access: Access, host: str) -> None:
    if access.user:
        session.auth = _BasicAuth(access, host)
    if access.certificate:
        session.cert = (access.certificate, access.key) if access.key else access.certificate
    if access.authorities:
        session.verify = access.authorities


def _binding(client: Any) -> Any:
    service = next(iter(client.wsdl.services.values()))
    return next(iter(service.ports.values())).binding


def _action(client: Any, operation: str) -> str:
    return str(_binding(client).get(operation).soapaction or "")


def _fault(fault: zeep.exceptions.Fault) -> SoapFault:
    detail = fault.detail[0] if fault.detail is not None and len(fault.detail) else None
    element = "" if detail is None else etree.QName(detail).localname
    code = ""
    if detail is not None:
        code = next((child.text or "" for child in detail if etree.QName(child).localname == "code"), "")
    return SoapFault(code or str(fault.code or ""), element, str(fault.message or ""))


def _plain(value: object) -> object:
    if isinstance(value, CompoundValue):
        return {name: _plain(inner) for name, inner in value.__values__.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    # The shortest text that reads as the same double is the number as the remote wrote it, up to 15 digits.
    return Decimal(repr(value)) if isinstance(value, float) else value

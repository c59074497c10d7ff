"""The SOAP face of the simulated account: SuiteTalk SOAP for the operations that erpsync uses, from Oracle's documents.

It publishes its own WSDL, checks every request against the same schema, wants token-based authentication, and answers
as SuiteTalk does: faults for requests, status codes for records. See README.md for the pages.
"""

import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

from erpsync.systems.netsuite import simulator_soap_records as records
from erpsync.systems.netsuite import simulator_wsdl
from erpsync.systems.netsuite.simulator_access import Access, Fault
from erpsync.systems.netsuite.simulator_books import Books
from erpsync.systems.netsuite.simulator_records import CUSTOM_FIELDS, Values
from erpsync.systems.netsuite.simulator_rules import Refusal
from erpsync.systems.netsuite.simulator_schema import OPERATIONS, namespace, prefixes
from erpsync.systems.netsuite.simulator_search import Searches, failed
from erpsync.systems.netsuite.simulator_xml import BadXml, envelope, fault, parse, read, write

# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3418637.html
LIST_LIMITS = {"addList": 200, "upsertList": 100, "updateList": 100, "getList": 1000, "getItemAvailability": 10_000}
_ENDPOINT = re.compile(r"/services/NetSuitePort_(20\d\d_[12])")
_WSDL = re.compile(r"/wsdl/v(20\d\d_[12])_0/netsuite\.wsdl")
_XSD = re.compile(r"/xsd/v(20\d\d_[12])_0/([a-z.]+)\.xsd")
_BODY = re.compile(rb"<(?:[\w-]+:)?Body\b[^>]*>\s*<(?:[\w-]+:)?(\w+)")
_TYPE = re.compile(rb"<(?:[\w-]+:)?(?:record|searchRecord)\b[^>]*?:type=\"(?:[\w-]+:)?(\w+)\"")
_EXTERNAL = re.compile(rb"<(?:[\w-]+:)?baseRef(?=[^>]*\bexternalId=)[^>]*\btype=\"(\w+)\"")
_WITH_TYPE = ("search", "addList", "upsertList", "updateList")
_OK: Values = {"isSuccess": True}


class SoapFace:
    """`denied` holds record types that the role may not touch ("salesOrder", "customer", "item", "deletedRecord"), or
    "webServices". `administrator`: whether the role is one, who alone is told the account's limits."""

    def __init__(self, books: Books, access: Access, denied: set[str], now: Callable[[], datetime]) -> None:
        self.searches = Searches(books, now)
        self.administrator = False
        self._books = books
        self._access = access
        self._denied = denied
        self._now = now
        self._lock = threading.Lock()
        self._calls = 0

    def document(self, path: str, base_url: str) -> tuple[str, bytes]:
        """A WSDL or schema."""
        found = _WSDL.fullmatch(path)
        if found:
            return "200 OK", simulator_wsdl.wsdl(found[1], base_url)
        found = _XSD.fullmatch(path)
        if found and found[2] in prefixes():
            return "200 OK", simulator_wsdl.xsd(found[2], found[1], base_url)
        return "404 Not Found", b"no such document"

    def respond(self, path: str, body: bytes, base_url: str) -> tuple[str, bytes]:
        """The status and body that answer a message."""
        endpoint = _ENDPOINT.fullmatch(path)
        if endpoint is None:
            return "404 Not Found", b"no such endpoint"
        version = endpoint[1]
        try:
            return "200 OK", self._answer(body, version, base_url)
        except BadXml as error:
            return "500 Internal Server Error", fault(f"org.xml.sax.SAXException: {error}")
        except Fault as error:
            detail = write(f"faults:{error.name}", {"code": error.code, "message": error.message}, version)
            return "500 Internal Server Error", fault(error.message, detail)

    def operation(self, body: bytes) -> str:
        found = _BODY.search(body)
        if found is None:
            return "unreadable"
        name = found[1].decode()
        if name == "getList":
            # Records asked for by our reference are looked for; those asked for by id are known and read.
            asked = _EXTERNAL.search(body, found.end())
            return f"getList:{asked[1].decode()} by externalId" if asked else name
        kind = _TYPE.search(body, found.end()) if name in _WITH_TYPE else None
        return f"{name}:{kind[1].decode().removesuffix('Search')}" if kind else name

    def _answer(self, body: bytes, version: str, base_url: str) -> bytes:
        with self._access.slot():
            header_elements, contents = parse(body)
            if len(contents) != 1:
                raise BadXml("the body must have one element")
            request = contents[0]
            uri, _, operation = request.tag.removeprefix("{").partition("}")
            if uri != namespace("messages", version):
                raise Fault("invalidVersionFault", "INVALID_WS_VERSION", "The message is of another version.")
            if operation not in OPERATIONS:
                raise BadXml(f"{operation} is not an operation")
            headers = _headers(header_elements, version)
            if operation != "getDataCenterUrls":
                self._access.authenticate(headers.get("tokenPassport"))
                if "webServices" in self._denied:
                    raise Fault("insufficientPermissionFault", "WS_PERMISSION_REQD", "The role lacks web services.")
            answer = self._perform(operation, read(request, version), headers, base_url)
        with self._lock:
            self._calls += 1
            info = {"nsId": f"WEBSERVICES_{self._access.keys.account}_{self._calls:06}"}
        return envelope(
            write(f"messages:{operation}Response", answer, version), write("messages:documentInfo", info, version)
        )

    def _perform(self, operation: str, request: Values, headers: Mapping[str, Values], base_url: str) -> Values:
        if operation in ("addList", "upsertList", "updateList"):
            return self._write_list(operation, request["record"])
        if operation == "getList":
            _check_count(operation, request["baseRef"])
            return {"readResponseList": {"status": _OK, "readResponse": [self._get(r) for r in request["baseRef"]]}}
        if operation == "search":
            return {"searchResult": self._search(request["searchRecord"], headers.get("searchPreferences", {}))}
        if operation == "searchMoreWithId":
            return {"searchResult": self.searches.more(request["searchId"], request["pageIndex"])}
        if operation == "getItemAvailability":
            question = request["itemAvailabilityFilter"]
            _check_count(operation, question["item"].get("recordRef", []))
            return {"getItemAvailabilityResult": self._allowed("item", lambda: self.searches.availability(question))}
        if operation == "getDeleted":
            question, index = request["getDeletedFilter"], request["pageIndex"]
            return {"getDeletedResult": self._allowed("deletedRecord", lambda: self.searches.deleted(question, index))}
        return self._about_account(operation, request, base_url)

    def _about_account(self, operation: str, request: Values, base_url: str) -> Values:
        if operation == "getServerTime":
            return {"getServerTimeResult": {"status": _OK, "serverTime": self._now()}}
        if operation == "getAccountGovernanceInfo":
            if not self.administrator:
                refusal = failed("INSUFFICIENT_PERMISSION", "You must be an administrator.")
                return {"getAccountGovernanceInfoResult": refusal}
            limit = {"accountConcurrencyLimit": self._access.concurrency, "unallocatedConcurrencyLimit": 0}
            return {"getAccountGovernanceInfoResult": {"status": _OK, **limit}}
        if operation == "getCustomizationId":
            names = CUSTOM_FIELDS.get(request["customizationType"]["getCustomizationType"], ())
            refs = [{"internalId": str(number), "scriptId": name} for number, name in enumerate(names, start=1)]
            found = {"totalRecords": len(refs), "customizationRefList": {"customizationRef": refs}}
            return {"getCustomizationIdResult": {"status": _OK, **found}}
        urls = dict.fromkeys(("restDomain", "webservicesDomain", "systemDomain"), base_url)
        return {"getDataCenterUrlsResult": {"status": _OK, "dataCenterUrls": urls}}

    def _search(self, record: Values, preferences: Mapping[str, Any]) -> Values:
        kind = record["$type"].removesuffix("Search").lower()
        return self._allowed(kind, lambda: self.searches.first(kind, record, preferences))

    def _allowed(self, kind: str, answer: Callable[[], Values]) -> Values:
        if kind in self._denied:
            return failed("INSUFFICIENT_PERMISSION", "You do not have permission for this record.")
        return answer()

    def _get(self, ref: Values) -> Values:
        kind = ref.get("type") or ""
        if kind in self._denied:
            return failed("INSUFFICIENT_PERMISSION", "You do not have permission for this record.")
        if kind in records.NAMED:
            record = records.named(kind, ref.get("internalId") or "")
        else:
            with self._books.lock:
                found = self._books.get(kind, ref)
                record = None if found is None else records.stored(found)
        if record is None:
            return failed("RCRD_DSNT_EXIST", "That record does not exist.")
        return {"status": _OK, "record": record}

    def _write_list(self, operation: str, written: list[Values]) -> Values:
        _check_count(operation, written)
        do = {"addList": self._books.add, "upsertList": self._books.upsert, "updateList": self._books.update}[operation]
        return {
            "writeResponseList": {"status": _OK, "writeResponse": [self._written(record, do) for record in written]}
        }

    def _written(self, record: Values, do: Callable[[str, Values], str]) -> Values:
        kind = record["$type"][0].lower() + record["$type"][1:]
        ids = {name: record[name] for name in ("internalId", "externalId") if record.get(name)}
        base = {"$type": "core:RecordRef", **ids, "type": kind}
        if kind in self._denied:
            return {**failed("INSUFFICIENT_PERMISSION", "You do not have permission for this record."), "baseRef": base}
        try:
            internal_id = do(kind, record)
        except Refusal as refusal:
            return {**failed(refusal.code, refusal.message), "baseRef": base}
        return {"status": _OK, "baseRef": {**base, "internalId": internal_id}}


def _headers(header_elements: list[Element], version: str) -> dict[str, Values]:
    headers: dict[str, Values] = {}
    for element in header_elements:
        name = element.tag.rpartition("}")[2]
        if name in headers:
            raise Fault("invalidCredentialsFault", "INVALID_LOGIN_CREDENTIALS", "Invalid login attempt.")
        headers[name] = read(element, version)
    return headers


def _check_count(operation: str, records_: list[Values]) -> None:
    if len(records_) > LIST_LIMITS[operation]:
        raise Fault("exceededRecordCountFault", "MAX_RCRDS_EXCEEDED", "The maximum number of records is exceeded.")

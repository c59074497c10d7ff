"""Calls to SuiteTalk: one method an operation, wire values in and out, domain errors raised."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from erpsync.domain.errors import OutcomeUnknown, Throttled, Transient, Unavailable
from erpsync.ports.limits import Lesson
from erpsync.ports.runtime import Tools
from erpsync.systems.netsuite import refusals
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.passport import token_passport
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import (
    OpenRef,
    ReadRecord,
    ReadResponse,
    Ref,
    Status,
    WriteResponse,
    Written,
)
from erpsync.transport.soap import SoapClient, SoapFault

# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3418637.html
WRITE_LIMIT = 100  # records an upsertList or updateList takes
# getList takes 1000, but each sales order comes with all its lines: 100 keep a reply at a few megabytes.
READ_LIMIT = 100


class SuiteTalk:
    """One account. Not for use by several threads at once."""

    def __init__(self, settings: NetSuiteSettings, tools: Tools) -> None:
        self._settings = settings
        self._tools = tools
        self._soap = SoapClient(
            SYSTEM,
            settings.endpoint,
            settings.wsdl,
            tools.clock,
            tools.cache_directory,
            namespaces=namespaces(settings.endpoint_version),
            read_seconds=settings.timeout_seconds,
            limiter=tools.limiter,
        )

    def server_time(self) -> datetime:
        """NetSuite's clock. The cheapest call that is authenticated."""
        result = self.call("getServerTime", {})["getServerTimeResult"]
        check_read(result["status"])
        return cast(datetime, result["serverTime"])

    def replied_at(self) -> datetime | None:
        """The Date header of the latest reply, which comes even with a refused login."""
        try:
            return parsedate_to_datetime(self._soap.replied_at).astimezone(UTC)
        except ValueError:
            return None

    def concurrency_limit(self) -> int | None:
        """How many requests the account may have under way at once, those of all integrations together; None where the role
        is not told, which only administrators are:
        https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_158142198604.html"""
        try:
            result = self.call("getAccountGovernanceInfo", {})["getAccountGovernanceInfoResult"]
            check_read(result["status"])
        except Unavailable as error:
            if error.code == refusals.PERMISSION_MISSING:
                return None
            raise
        limit = cast("int | None", result["accountConcurrencyLimit"])
        if limit and self._settings.concurrent_requests is None:
            self._tools.limiter.resize(limit)
        return limit

    def web_services_address(self) -> str:
        """Where NetSuite says that the account's web services are. Unauthenticated; empty where it does not tell."""
        answer = self._send("getDataCenterUrls", {"account": self._settings.account}, {}, write=False)
        result = answer["getDataCenterUrlsResult"]
        check_read(result["status"])
        return str((result["dataCenterUrls"] or {}).get("webservicesDomain") or "")

    def get_list(self, refs: Sequence[Ref]) -> list[ReadRecord | None]:
        """The records in the order asked for, None where there is none."""
        records: list[ReadRecord | None] = []
        for start in range(0, len(refs), READ_LIMIT):
            part = [OpenRef({"$type": "core:RecordRef", **ref}) for ref in refs[start : start + READ_LIMIT]]
            result = self.call("getList", {"baseRef": part})["readResponseList"]
            answers = cast(list[ReadResponse], result["readResponse"])
            if len(answers) != len(part):
                check_read(result["status"])
                raise Transient("reply-incomplete", system=SYSTEM, what="NetSuite did not answer for every record.")
            records += [_found(answer) for answer in answers]
        return records

    def upsert_list(self, records: Sequence[Written]) -> list[WriteResponse]:
        """Makes or updates the records by their external ids, at most `WRITE_LIMIT`; one answer each."""
        return self._write("upsertList", records)

    def update_list(self, records: Sequence[Written]) -> list[WriteResponse]:
        """Updates the records by their internal ids, at most `WRITE_LIMIT`; one answer each."""
        return self._write("updateList", records)

    def _write(self, operation: str, records: Sequence[Written]) -> list[WriteResponse]:
        # A warning ("the amount is not rate times quantity") is no reason to refuse an order.
        preferences = {"preferences": {"warningAsError": False}}
        result = self.call(operation, {"record": records}, preferences, write=True)["writeResponseList"]
        answers = cast(list[WriteResponse], result["writeResponse"])
        if len(answers) != len(records):
            raise OutcomeUnknown("reply-incomplete", system=SYSTEM, what="NetSuite did not answer for every record.")
        codes = {refusals.code_of(answer["status"]) for answer in answers}
        if codes and codes <= refusals.NO_PERMISSION:
            raise refusals.no_permission(sorted(codes)[0])
        return answers

    def call(
        self,
        operation: str,
        arguments: Mapping[str, object],
        headers: Mapping[str, object] | None = None,
        *,
        write: bool = False,
    ) -> Any:
        """The body of the answer to a signed message. Raises domain errors for faults; each record's own status is left
        to the caller."""
        passport = {"tokenPassport": token_passport(self._settings, self._tools)}
        return self._send(operation, arguments, {**passport, **(headers or {})}, write=write)

    def _send(
        self, operation: str, arguments: Mapping[str, object], headers: Mapping[str, object], *, write: bool
    ) -> Any:
        try:
            return self._soap.call(operation, arguments, write=write, headers=headers)
        except SoapFault as fault:
            error = refusals.of_fault(fault, write=write)
            if isinstance(error, Throttled):
                self._tools.limiter.learn(Lesson(throttled=True))
            # Not chained: the fault's text may hold personal data, and traces reach the log.
            raise error from None


def namespaces(version: str) -> dict[str, str]:
    """SuiteTalk's namespaces by the prefixes that `wire` and the mapper use."""
    platform = "platform.webservices.netsuite.com"
    return {
        "core": f"urn:core_{version}.{platform}",
        "relationships": f"urn:relationships_{version}.lists.webservices.netsuite.com",
        "accounting": f"urn:accounting_{version}.lists.webservices.netsuite.com",
        "sales": f"urn:sales_{version}.transactions.webservices.netsuite.com",
        "customers": f"urn:customers_{version}.transactions.webservices.netsuite.com",
    }


def _found(answer: ReadResponse) -> ReadRecord | None:
    if refusals.code_of(answer["status"]) in refusals.ABSENT:
        return None
    check_read(answer["status"])
    return answer["record"]


def check_read(status: Status | None) -> None:
    """Raises where NetSuite refused to read. No record is to blame: none was asked to change."""
    code = refusals.code_of(status) if status is not None else ""
    if not code or status is None:
        return
    if code in refusals.NO_PERMISSION:
        raise refusals.no_permission(code)
    error = refusals.of_status(status, record="")
    if isinstance(error, Transient) and not isinstance(error, OutcomeUnknown):
        raise error
    raise Transient("read-refused", system=SYSTEM, what=f"NetSuite refused to read ({code}).")

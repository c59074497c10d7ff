"""Calls to the wrapper's function modules: rows in, rows out, domain errors raised."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime

from erpsync.domain.errors import SyncError
from erpsync.ports.runtime import Tools
from erpsync.systems.sap.soap import refusals
from erpsync.systems.sap.soap.settings import SYSTEM, SapSoapSettings
from erpsync.systems.sap.soap.wire import ReadRow
from erpsync.transport.soap import Access, SoapClient, SoapFault

_STAMP = "%Y%m%d%H%M%S"


class Wrapper:
    """One client of one system. Not for use by several threads at once."""

    def __init__(self, settings: SapSoapSettings, tools: Tools) -> None:
        self._settings = settings
        self.settle_seconds = 0.0 if settings.wrapper_keeps_references_unique else float(settings.settle_seconds)
        self._soap = SoapClient(
            SYSTEM,
            settings.endpoint,
            settings.wsdl,
            tools.clock,
            tools.cache_directory,
            namespaces={},
            read_seconds=settings.timeout_seconds,
            settle_seconds=self.settle_seconds,
            limiter=tools.limiter,
            access=Access(
                user=settings.user,
                password=settings.password.get_secret_value(),
                certificate=settings.client_certificate,
                key=settings.client_key,
                authorities=settings.ca_file,
            ),
        )

    def call(self, function: str, arguments: Mapping[str, object], *, write: bool = False) -> "Reply":
        """One function module, with its tables as lists of rows. Raises Unavailable, Throttled, Transient or
        OutcomeUnknown; Rejected where the WSDL does not have it so."""
        name = self._settings.operations.get(function, function)
        filled = {key: {"item": value} if isinstance(value, list) else value for key, value in arguments.items()}
        try:
            return Reply(self._soap.call(name, filled, write=write))
        except SoapFault as fault:
            # Not chained: the fault's text may hold personal data, and traces reach the log.
            raise refusals.of_fault(fault, write=write, settle_seconds=self.settle_seconds) from None
        except SyncError as error:
            known = refusals.of_endpoint(error)
            if known is error:
                raise
            raise known from error

    def replied_at(self) -> datetime | None:
        """The Date header of the latest reply, which comes even with a refused login."""
        try:
            return parsedate_to_datetime(self._soap.replied_at).astimezone(UTC)
        except ValueError:
            return None


class Reply:
    """What a function module answered."""

    def __init__(self, answer: ReadRow) -> None:
        self._answer = answer

    def rows(self, table: str) -> list[ReadRow]:
        """The rows of a table; empty fields as "" as ABAP has them."""
        found = (self._answer.get(table) or {}).get("item") or []
        return [{name: "" if value is None else value for name, value in row.items()} for row in found]

    def text(self, name: str) -> str:
        return str(self._answer.get(name) or "")

    def moment(self, name: str) -> datetime | None:
        return moment(self._answer.get(name))


def moment(value: object) -> datetime | None:
    """A UTC time stamp (TIMESTAMP, 15 digits with leading zeros); None where it is initial."""
    digits = f"{value:f}".partition(".")[0] if isinstance(value, Decimal) else str(value or "")
    if not digits.strip("0"):
        return None
    return datetime.strptime(digits.zfill(14), _STAMP).replace(tzinfo=UTC)


def stamp(value: datetime | None) -> Decimal:
    return Decimal(value.astimezone(UTC).strftime(_STAMP)) if value else Decimal(0)

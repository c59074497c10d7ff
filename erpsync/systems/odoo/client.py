"""Calls to one Odoo database, by either protocol. Rows in and out; raises only domain errors."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, SyncError
from erpsync.ports.runtime import Tools
from erpsync.systems.odoo import failures
from erpsync.systems.odoo.json2 import Json2
from erpsync.systems.odoo.release import Release
from erpsync.systems.odoo.settings import SYSTEM, OdooSettings
from erpsync.systems.odoo.wire import LoadReply, Row
from erpsync.systems.odoo.xml_rpc import XmlRpc

# Longer lists of values are asked for in several calls.
CHUNK = 500

RowT = TypeVar("RowT", bound=Row)
Domain = list[object]


@dataclass(frozen=True)
class Fetched(Generic[RowT]):
    """Records by id: those that can be understood, and an error for each of the others. `last`: the highest id among them
    all, 0 where there are none; `is_full`: there may be more."""

    rows: list[RowT]
    broken: list[SyncError]
    last: int
    is_full: bool


class Transport(Protocol):
    """One of Odoo's protocols."""

    def release(self) -> tuple[Release, datetime | None]:
        """What answers, and its clock's time, if it tells it. Needs no credentials."""
        ...

    def call(
        self, model: str, method: str, *, write: bool, ids: Sequence[int] | None, arguments: Mapping[str, object]
    ) -> object:
        """The method's answer; None where it answers nothing."""
        ...


class OdooClient:
    """Not for use by several threads at once."""

    def __init__(self, settings: OdooSettings, tools: Tools) -> None:
        self._clock = tools.clock
        self._protocol: Transport = XmlRpc(settings, tools) if settings.protocol == "xmlrpc" else Json2(settings, tools)
        # en_US is Odoo's source language and always there: messages come in words known here, and times are UTC.
        self._context: dict[str, object] = {"lang": "en_US", "tz": "UTC"}
        if settings.company is not None:
            self._context["allowed_company_ids"] = [settings.company]
        self._release: Release | None = None
        self._known_fields: dict[str, dict[str, object]] = {}

    def version(self) -> tuple[Release, datetime | None]:
        """Asks the server. Needs no key."""
        self._release, date = self._protocol.release()
        return self._release, date

    def now(self) -> datetime:
        """The server's clock; ours where it tells none."""
        return self.version()[1] or self._clock.now()

    @property
    def release(self) -> Release:
        """Asked for once."""
        return self._release or self.version()[0]

    def search(
        self,
        row: type[RowT],
        domain: Domain,
        model: str = "",
        *,
        limit: int | None = None,
        context: Mapping[str, object] | None = None,
    ) -> list[RowT]:
        """All records of `row`'s model, or of `model`, that match and that the user may see, oldest first."""
        fetched = self.page(row, domain, model, limit=limit, context=context)
        if fetched.broken:
            raise failures.unreadable() from fetched.broken[0]
        return fetched.rows

    def page(
        self,
        row: type[RowT],
        domain: Domain,
        model: str = "",
        *,
        limit: int | None = None,
        context: Mapping[str, object] | None = None,
    ) -> Fetched[RowT]:
        """As `search`, up to `limit`, with the records that cannot be understood told apart."""
        spelled = self.spelling(row)
        answer = self.call(
            model or row.MODEL,
            "search_read",
            write=False,
            context=context,
            domain=domain,
            fields=list(spelled.values()),
            order="id",
            limit=limit,
        )
        if not isinstance(answer, list):
            raise failures.unreadable()
        rows: list[RowT] = []
        broken: list[SyncError] = []
        for item in answer:
            read = _read(row, item, spelled)
            if isinstance(read, SyncError):
                broken.append(read)
            else:
                rows.append(read)
        numbers = [item["id"] for item in answer if isinstance(item, dict) and isinstance(item.get("id"), int)]
        return Fetched(rows, broken, max(numbers, default=0), limit is not None and len(answer) >= limit)

    def search_in(
        self,
        row: type[RowT],
        field: str,
        values: Collection[object],
        *further: object,
        context: Mapping[str, object] | None = None,
    ) -> list[RowT]:
        """As `search`, for `field` in `values`, which may be many. `further` terms must hold as well."""
        found: list[RowT] = []
        wanted = list(values)
        for start in range(0, len(wanted), CHUNK):
            found += self.search(row, [*further, [field, "in", wanted[start : start + CHUNK]]], context=context)
        return found

    def spelling(self, row: type[Row]) -> dict[str, str]:
        """What this Odoo calls the row's fields: those of `SPELLED` by what it says that it has, asked for once."""
        names = {name: name for name in row.model_fields if name not in row.SPELLED}
        for name, older in row.SPELLED.items():
            known = self._fields_of(row)
            if found := next((each for each in (name, *older) if each in known), None):
                names[name] = found
        return names

    def has(self, row: type[Row], name: str) -> bool:
        """Whether this Odoo knows a field of `row.SPELLED`, by whatever name."""
        return name in self.spelling(row)

    def fields(self, model: str, names: Collection[str], *attributes: str) -> dict[str, object]:
        """Those of the fields that the model has, with their attributes."""
        answer = self.call(
            model, "fields_get", write=False, allfields=sorted(names), attributes=list(attributes or ("type",))
        )
        if not isinstance(answer, dict):
            raise failures.unreadable()
        return answer

    def load(
        self, model: str, fields: list[str], rows: list[list[str]], context: Mapping[str, object] | None = None
    ) -> LoadReply:
        """Odoo's import: all rows or none."""
        answer = self.call(model, "load", write=True, context=context, fields=fields, data=rows)
        try:
            return LoadReply.model_validate(answer)
        except ValidationError as error:
            raise failures.unreadable() from error

    def may(self, model: str, operation: str) -> bool:
        """Whether the user may `operation` (read, write, create, unlink) on `model` at all."""
        if self.release.has_access_method:
            return self.call(model, "has_access", write=False, ids=[], operation=operation) is True
        asked = self.call(model, "check_access_rights", write=False, operation=operation, raise_exception=False)
        return asked is True

    def call(
        self,
        model: str,
        method: str,
        *,
        write: bool,
        ids: Sequence[int] | None = None,
        context: Mapping[str, object] | None = None,
        **arguments: object,
    ) -> object:
        """The method's answer. `write` says that it changes records; `context` comes on top of the connection's."""
        named = {"context": {**self._context, **(context or {})}, **arguments}
        return self._protocol.call(model, method, write=write, ids=ids, arguments=named)

    def _fields_of(self, row: type[Row]) -> Mapping[str, object]:
        names = [each for name, older in row.SPELLED.items() for each in (name, *older)]
        asked = f"{row.MODEL} {' '.join(names)}"
        if asked not in self._known_fields:
            self._known_fields[asked] = self.fields(row.MODEL, names)
        return self._known_fields[asked]


def _read(row: type[RowT], item: object, spelled: Mapping[str, str]) -> RowT | SyncError:
    if not isinstance(item, dict):
        return failures.unreadable()
    renamed = {name: item[theirs] for name, theirs in spelled.items() if theirs in item}
    try:
        return row.model_validate(renamed)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]}))
        number = item.get("id")
        return Rejected(
            "record-unreadable",
            system=SYSTEM,
            record=f"{row.MODEL} {number if isinstance(number, int) else '?'}",
            what=f"Odoo's answer about it cannot be understood: {wrong or 'its form'}.",
            next_step="Look at these fields of the record in Odoo, correct them, and save the record.",
        )

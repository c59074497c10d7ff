"""What a service does with one request: reads with query options, and writes by SAP's rules."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote

from erpsync.systems.sap.odata.simulator_batch import Call, Result
from erpsync.systems.sap.odata.simulator_masters import Masters
from erpsync.systems.sap.odata.simulator_query import BadRequest, Row, matching, sort_key
from erpsync.systems.sap.odata.simulator_rows import Refused, Tables, checked, etag, shown
from erpsync.systems.sap.odata.simulator_sales import Sales
from erpsync.systems.sap.odata.simulator_types import NOT_CREATABLE, EntitySet, entity_sets, join

_PATH = re.compile(r"(\w+)(?:\(([^)]*)\))?(?:/(\w+))?")
_KEY = re.compile(r"(?:(\w+)=)?'((?:[^']|'')*)'")
_OPTIONS = {"filter", "orderby", "top", "skip", "skiptoken", "select", "expand", "inlinecount", "format"}
_OWNERS = {
    "A_SalesOrder": "SalesOrder",
    "A_CreditMemo": "CreditMemoRequest",
}


class Service:
    """Not locked: its caller holds the system's lock."""

    def __init__(self, tables: Tables, sales: Sales, masters: Masters) -> None:
        self.tables = tables
        self.sales = sales
        self.masters = masters
        self.max_rows = 1000
        """Rows of one answer; the rest is behind d.__next."""
        self.ignore_case = False
        """Compares texts without regard to case, as a database with such a collation does."""
        self.warnings: list[dict[str, str]] = []
        """What SAP tells in the sap-message header of whatever is created."""

    def read(self, service: str, call: Call, base: str) -> Result:
        """Raises Refused."""
        path, _, options_text = call.url.partition("?")
        options = {key.lstrip("$"): value for key, value in parse_qsl(options_text) if key.startswith("$")}
        unknown = set(options) - _OPTIONS
        if unknown:
            raise Refused(400, "/IWFND/CM_CONSUMER/101", f"Query option ${unknown.pop()} is not supported")
        counted = path.endswith("/$count")
        path = path.removesuffix("/$count")
        entities, row, navigation = self._target(service, path)
        try:
            if counted:
                rows = list(filter(matching(options.get("filter", ""), entities), self.tables.all(entities.name)))
                return Result(200, [("Content-Type", "text/plain")], str(len(rows)).encode())
            if navigation:
                rows = self.tables.children(entities, navigation, row or {})
                entities = entity_sets()[entities.navigations[navigation].target]
                return self._collection(entities, rows, options, path, base)
            if row is not None:
                data = self._shown(entities, row, options, base)
                return _json(200, {"d": data}, self._etag_header(entities, row))
            return self._collection(entities, self.tables.all(entities.name), options, path, base)
        except BadRequest as error:
            raise Refused(400, "/IWBEP/CM_MGW_RT/021", str(error)) from None

    def change_set(self, service: str, calls: list[Call], base: str) -> list[Result]:
        """All of the calls or none of them."""
        snapshot = self.tables.snapshot()
        touched: set[tuple[str, str]] = set()
        try:
            made = [self._write(service, call, touched) for call in calls]
            self._finish(touched)
            # Answered at the end, with what saving added.
            return [Result(204, (), b"") if one is None else self._created(*one, base) for one in made]
        except Refused as refusal:
            self.tables.restore(snapshot)
            return [refused(refusal)]

    def _write(
        self, service: str, call: Call, touched: set[tuple[str, str]]
    ) -> tuple[EntitySet, tuple[str, ...]] | None:
        """The set and key of what was created; None for a change."""
        if call.body and not call.headers.get("content-type", "").startswith("application/json"):
            raise Refused(415, "/IWFND/CM_CONSUMER/102", "The content type is not supported")
        entities, row, navigation = self._target(service, call.url.partition("?")[0], upsert=True)
        if call.method == "POST":
            return self._post(entities, row, navigation, _body(call), touched)
        if row is None:
            raise Refused(404, "/IWBEP/CM_MGW_RT/020", "Resource not found")
        self._check_etag(entities, row, call.headers)
        if call.method == "DELETE":
            self._delete(entities, row, touched)
        elif call.method in ("PATCH", "MERGE"):
            self._patch(entities, row, _body(call), touched)
        else:
            raise Refused(405, "/IWFND/CM_CONSUMER/103", f"{call.method} is not supported")
        return None

    def _post(
        self, entities: EntitySet, parent: Row | None, navigation: str, body: Row, touched: set[tuple[str, str]]
    ) -> tuple[EntitySet, tuple[str, ...]]:
        inherited: Row = {}
        if navigation:
            target = entity_sets()[entities.navigations[navigation].target]
            inherited = {theirs: (parent or {}).get(mine) for mine, theirs in join(entities, target).items()}
            entities = target
        if entities.name in NOT_CREATABLE or (not navigation and "Delivery" in entities.name):
            raise Refused(405, "/IWFND/CM_CONSUMER/103", f"{entities.name} cannot be created")
        return entities, self.tables.key_of(entities.name, self._insert(entities, body, inherited, touched))

    def _created(self, entities: EntitySet, key: tuple[str, ...], base: str) -> Result:
        row = self.tables.rows[entities.name][key]
        expand = _all_expanded(entities)
        data = shown(entities, row, base, expand, set(), self.tables)
        headers = [*self._etag_header(entities, row), ("location", data["__metadata"]["uri"])]
        if self.warnings:
            first, *details = self.warnings
            headers.append(("sap-message", json.dumps({**first, "details": details})))
        return _json(201, {"d": data}, headers)

    def _insert(self, entities: EntitySet, body: Row, inherited: Row, touched: set[tuple[str, str]]) -> Row:
        row = {**checked(entities, body, creating=True), **inherited}
        row = self._completed(entities, _with_defaults(entities, row), body)
        if self.tables.key_of(entities.name, row) in self.tables.rows[entities.name]:
            raise Refused(400, "/IWBEP/CM_MGW_RT/023", "The entity exists already")
        row = self.tables.put(entities.name, **row)
        _touch(entities, row, touched)
        for name, nested in body.items():
            navigation = entities.navigations.get(name)
            if navigation is None:
                continue
            target = entity_sets()[navigation.target]
            if name == "to_Customer":
                self.masters.finish_partner(row["BusinessPartner"], changed=False)
                row = self.tables.rows[entities.name][self.tables.key_of(entities.name, row)]
                self._into_customer(target, row, nested, touched)
                continue
            below = {theirs: row.get(mine) for mine, theirs in join(entities, target).items()}
            for child in _nested(nested):
                self._insert(target, child, below, touched)
        return row

    def _into_customer(self, target: EntitySet, partner: Row, nested: Row, touched: set[tuple[str, str]]) -> None:
        if not partner["Customer"]:
            raise Refused(400, "CVIC_UI/211", "The business partner has no customer role")
        customer = self.tables.get("A_Customer", partner["Customer"]) or {}
        self.tables.put("A_Customer", **{**customer, **checked(target, nested, creating=True)})
        for name in set(nested) & set(target.navigations):
            child = entity_sets()[target.navigations[name].target]
            for body in _nested(nested[name]):
                self._insert(child, body, {"Customer": partner["Customer"]}, touched)

    def _completed(self, entities: EntitySet, row: Row, body: Row) -> Row:
        """The row with what SAP adds, if it takes it. Raises Refused."""
        name = entities.name
        now = self.tables.clock()
        if name in ("A_SalesOrder", "A_CreditMemoRequest"):
            if not _nested(body.get("to_Item")):
                raise Refused(400, "V1/320", "The document has no items")
            self.sales.check_header(row)
            key = "SalesOrder" if name == "A_SalesOrder" else "CreditMemoRequest"
            return {**row, key: row.get(key) or self.sales.number(name), "CreationDate": now.date()}
        if name in ("A_SalesOrderItem", "A_CreditMemoRequestItem"):
            return self.sales.check_item(row)
        if name.endswith(("PrElement", "PrcgElmnt")):
            return self.sales.check_condition(row, header="Header" in name)
        if name == "A_BusinessPartner":
            return self.masters.new_partner(row)
        if name == "A_BusinessPartnerAddress":
            return {**row, "AddressID": self.masters.next_address()}
        if name in ("A_AddressEmailAddress", "A_AddressPhoneNumber"):
            search = {"SearchEmailAddress": row["EmailAddress"][:20].upper()} if "EmailAddress" in row else {}
            return {**row, "Person": row["Person"] or "", "OrdinalNumber": row["OrdinalNumber"] or "1", **search}
        return row

    def _patch(self, entities: EntitySet, row: Row, body: Row, touched: set[tuple[str, str]]) -> None:
        after = {**row, **checked(entities, body, creating=False)}
        if entities.name == "A_SalesOrderItem":
            self.sales.check_item_change(row, after)
            after = self.sales.check_item(after)
        if entities.name == "A_BusinessPartner":
            after = self.masters.in_capitals(after)
        if entities.name == "A_AddressEmailAddress":
            after["SearchEmailAddress"] = after["EmailAddress"][:20].upper()
        self.tables.put(entities.name, **after)
        _touch(entities, after, touched)
        self._touch_partner(entities, row, touched)

    def _delete(self, entities: EntitySet, row: Row, touched: set[tuple[str, str]]) -> None:
        if entities.name == "A_SalesOrderItem":
            self.sales.check_item_deletion(row)
            for child in ("A_SalesOrderItemPrElement", "A_SalesOrderScheduleLine"):
                for one in self.tables.all(child, SalesOrder=row["SalesOrder"], SalesOrderItem=row["SalesOrderItem"]):
                    self.tables.remove(child, one)
        elif not entities.name.endswith("PrElement"):
            raise Refused(405, "/IWFND/CM_CONSUMER/103", f"{entities.name} cannot be deleted")
        self.tables.remove(entities.name, row)
        _touch(entities, row, touched)

    def _touch_partner(self, entities: EntitySet, row: Row, touched: set[tuple[str, str]]) -> None:
        if entities.name.startswith("A_Address"):
            for address in self.tables.all("A_BusinessPartnerAddress", AddressID=row["AddressID"]):
                touched.add(("changed", address["BusinessPartner"]))
        elif entities.service == "API_BUSINESS_PARTNER" and "BusinessPartner" in row:
            touched.add(("changed", row["BusinessPartner"]))

    def _finish(self, touched: set[tuple[str, str]]) -> None:
        for kind, number in touched:
            if kind == "SalesOrder":
                self.sales.finish(number)
            elif kind == "CreditMemoRequest":
                self.sales.finish_credit(number)
            else:
                self.masters.finish_partner(number, changed=kind == "changed")

    def _check_etag(self, entities: EntitySet, row: Row, headers: Mapping[str, str]) -> None:
        if not entities.etag:
            return
        given = headers.get("if-match", "")
        if not given:
            raise Refused(428, "/IWFND/CM_CONSUMER/104", "Precondition required")
        if given not in ("*", etag(entities, row)):
            raise Refused(412, "/IWFND/CM_CONSUMER/105", "Precondition failed")

    def _target(self, service: str, path: str, *, upsert: bool = False) -> tuple[EntitySet, Row | None, str]:
        match = _PATH.fullmatch(unquote(path))
        entities = entity_sets().get(match[1]) if match else None
        if match is None or entities is None or entities.service != service:
            raise Refused(404, "/IWFND/CM_MGW/003", f"Resource not found for segment {path[:40]}")
        if match[2] is None:
            return entities, None, ""
        given = _KEY.findall(match[2])
        values = {name or entities.keys[0]: value.replace("''", "'") for name, value in given}
        if set(values) != set(entities.keys):
            raise Refused(400, "/IWCOR/CX_DS_KEY_SYNTAX_ERROR", "The key is not the entity's")
        row = self.tables.get(entities.name, *(values[key] for key in entities.keys))
        if row is None and upsert and entities.name == "A_SalesOrderPartnerAddress":
            # Until it is changed, the address is the customer's.
            row = self.tables.put(entities.name, **values)
        if row is None:
            raise Refused(404, "/IWBEP/CM_MGW_RT/020", "Resource not found")
        navigation = match[3] or ""
        if navigation and navigation not in entities.navigations:
            raise Refused(404, "/IWFND/CM_MGW/003", f"Resource not found for segment {navigation}")
        return entities, row, navigation

    def _collection(
        self, entities: EntitySet, rows: list[Row], options: Mapping[str, str], path: str, base: str
    ) -> Result:
        rows = list(filter(matching(options.get("filter", ""), entities, ignore_case=self.ignore_case), rows))
        for part in reversed([one for one in options.get("orderby", "").split(",") if one.strip()]):
            name, _, direction = part.strip().partition(" ")
            rows = sorted(rows, key=sort_key(entities, name), reverse=direction == "desc")
        count = len(rows)
        start = int(options.get("skiptoken") or options.get("skip") or 0)
        top = int(options["top"]) if "top" in options else count
        wanted = rows[start : start + min(top, self.max_rows)]
        data: dict[str, Any] = {"results": [self._shown(entities, row, options, base) for row in wanted]}
        if options.get("inlinecount") == "allpages":
            data["__count"] = str(count)
        if len(wanted) == self.max_rows < min(top, count - start):
            rest = {**options, "skiptoken": str(start + len(wanted))}
            if "top" in options:
                rest["top"] = str(top - len(wanted))
            query = "&".join(f"${name}={value.replace(' ', '%20')}" for name, value in rest.items())
            data["__next"] = f"{base}/{path}?{query}"
        return _json(200, {"d": data}, ())

    def _shown(self, entities: EntitySet, row: Row, options: Mapping[str, str], base: str) -> Row:
        select = set(filter(None, options.get("select", "").split(",")))
        unknown = select - set(entities.properties) - set(entities.navigations)
        if unknown:
            raise BadRequest(f"unknown property {unknown.pop()} in $select")
        expand = [path for path in options.get("expand", "").split(",") if path]
        _check_expand(entities, expand)
        return shown(entities, row, base, expand, select, self.tables)

    def _etag_header(self, entities: EntitySet, row: Row) -> list[tuple[str, str]]:
        return [("etag", etag(entities, row))] if entities.etag else []


def refused(refusal: Refused) -> Result:
    """An error as SAP words it: the message may quote what was sent."""
    details = [{"code": refusal.code, "message": refusal.message, "severity": "error", "propertyref": ""}]
    inner = {"transactionid": "5F0A", "timestamp": "20260101110000", "errordetails": details}
    message = {"lang": "en", "value": refusal.message}
    return _json(refusal.status, {"error": {"code": refusal.code, "message": message, "innererror": inner}}, ())


def _json(status: int, data: Any, headers: Any) -> Result:
    return Result(status, [("Content-Type", "application/json"), *headers], json.dumps(data).encode())


def _body(call: Call) -> Row:
    try:
        body = json.loads(call.body)
    except ValueError:
        raise Refused(400, "CX_SXML_PARSE_ERROR", "The body cannot be read") from None
    return body.get("d", body)  # type: ignore[no-any-return]


def _nested(value: Any) -> list[Row]:
    """A deep insert's rows, which SAP takes with and without "results"."""
    rows = value.get("results", []) if isinstance(value, Mapping) else value
    return rows if isinstance(rows, list) else []


def _with_defaults(entities: EntitySet, row: Row) -> Row:
    empty = {"s": "", "d": Decimal(0), "B": False}
    return {**{one.name: empty.get(one.kind) for one in entities.properties.values()}, **row}


def _touch(entities: EntitySet, row: Row, touched: set[tuple[str, str]]) -> None:
    for prefix, key in _OWNERS.items():
        if entities.name.startswith(prefix):
            touched.add((key, row[key]))
    if entities.name == "A_BusinessPartner":
        touched.add(("partner", row["BusinessPartner"]))


def _all_expanded(entities: EntitySet) -> list[str]:
    """A deep insert is answered as deep as it was; here, one level and the items' conditions."""
    return [name for name in entities.navigations if name != "to_SalesOrder"]


def _check_expand(entities: EntitySet, paths: list[str]) -> None:
    for path in paths:
        first, _, rest = path.partition("/")
        if first not in entities.navigations:
            raise BadRequest(f"unknown navigation {first} in $expand")
        if rest:
            _check_expand(entity_sets()[entities.navigations[first].target], [rest])

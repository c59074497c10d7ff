"""Holds requests against SAP's own metadata: names, types, lengths, keys, and what may be set, filtered or deleted."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from erpsync.ports.simulator import Simulator
from erpsync.systems.sap.odata import simulator_batch as batch

ROOT = "/sap/opu/odata/sap/"
_SAP = "{http://www.sap.com/Protocols/SAPData}"
_TARGET = re.compile(r"(\w+)(?:\((.*)\))?(?:/(\w+))?")
_COMPARISON = re.compile(
    r"(\w+) (?:eq|ne|gt|ge|lt|le) (datetimeoffset'[^']*'|datetime'[^']*'|time'[^']*'|'(?:[^']|'')*'|[\w.\-]+)"
)
_LITERALS = {
    "Edm.String": r"'.*'",
    "Edm.DateTime": r"datetime'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d'",
    "Edm.DateTimeOffset": r"datetimeoffset'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ'",
    "Edm.Time": r"time'PT\d\dH\d\dM\d\dS'",
    "Edm.Boolean": r"true|false",
    "Edm.Decimal": r"-?\d+(\.\d+)?M?",
}


class Edmx:
    """One service's metadata."""

    def __init__(self, path: Path) -> None:
        root = ElementTree.parse(path).getroot()  # noqa: S314
        self.types: dict[str, dict[str, ElementTree.Element]] = {}
        self.keys: dict[str, list[str]] = {}
        self.navigations: dict[str, dict[str, str]] = {}
        self.sets: dict[str, ElementTree.Element] = {}
        ends: dict[tuple[str, str], str] = {}
        for element in root.iter():
            if _local(element) == "Association":
                for end in element:
                    if _local(end) == "End":
                        ends[element.get("Name", ""), end.get("Role", "")] = _last(end.get("Type", ""))
        for element in root.iter():
            name = element.get("Name", "")
            if _local(element) == "EntitySet":
                self.sets[name] = element
            if _local(element) != "EntityType":
                continue
            self.types[name] = {p.get("Name", ""): p for p in element if _local(p) == "Property"}
            self.keys[name] = [ref.get("Name", "") for ref in element.iter() if _local(ref) == "PropertyRef"]
            self.navigations[name] = {
                n.get("Name", ""): ends[_last(n.get("Relationship", "")), n.get("ToRole", "")]
                for n in element
                if _local(n) == "NavigationProperty"
            }

    def type_of(self, entity_set: str) -> str:
        return _last(self.sets[entity_set].get("EntityType", ""))

    def set_of(self, type_name: str) -> str:
        return next(name for name in self.sets if self.type_of(name) == type_name)

    def concurrent(self, type_name: str) -> bool:
        return any(p.get("ConcurrencyMode") == "Fixed" for p in self.types[type_name].values())

    def misfits(self, call: batch.Call) -> list[str]:
        """What SAP would not take of a request, or not understand."""
        path, _, query = call.url.partition("?")
        match = _TARGET.fullmatch(unquote(path))
        if match is None or match[1] not in self.sets:
            return [f"no entity set {path}"]
        kind = self.type_of(match[1])
        found = self._key(kind, match[2]) if match[2] is not None else []
        if match[3]:
            if match[3] not in self.navigations[kind]:
                return [*found, f"{kind} has no navigation {match[3]}"]
            kind = self.navigations[kind][match[3]]
        options = {key.lstrip("$"): values[0] for key, values in parse_qs(query).items()}
        found += self._options(kind, options)
        body = json.loads(call.body) if call.body else {}
        if call.method == "POST":
            found += self._may(kind, "creatable") + self._body(kind, body, "creatable")
        if call.method == "PATCH":
            found += self._may(kind, "updatable") + self._body(kind, body, "updatable")
            found += [f"key {key} in a change" for key in self.keys[kind] if key in body]
        if call.method == "DELETE":
            found += self._may(kind, "deletable")
        if call.method in ("PATCH", "DELETE") and self.concurrent(kind) != bool(call.headers.get("if-match")):
            found.append(f"If-Match of {kind}")
        return [f"{call.method} {path}: {one}" for one in found]

    def _key(self, kind: str, predicate: str) -> list[str]:
        names = re.findall(r"(\w+)='", predicate) or self.keys[kind][:1]
        return [] if sorted(names) == sorted(self.keys[kind]) else [f"key ({predicate}) of {kind}"]

    def _options(self, kind: str, options: dict[str, str]) -> list[str]:
        found = []
        names = [name for name in options.get("select", "").split(",") if name]
        names += [part.split()[0] for part in options.get("orderby", "").split(",") if part]
        found += [f"no property {name} of {kind}" for name in names if name not in self.types[kind]]
        for path in filter(None, options.get("expand", "").split(",")):
            at = kind
            for step in path.split("/"):
                if step not in self.navigations.get(at, {}):
                    found.append(f"no navigation {step} of {at}")
                    break
                at = self.navigations[at][step]
        expression = options.get("filter", "")
        for name, literal in _COMPARISON.findall(expression):
            found += self._comparison(kind, name, literal)
        left = re.sub(r"\b(and|or)\b|[()\s]", "", _COMPARISON.sub("", expression))
        return [*found, f"$filter: {left}"] if left else found

    def _comparison(self, kind: str, name: str, literal: str) -> list[str]:
        prop = self.types[kind].get(name)
        if prop is None:
            return [f"no property {name} of {kind} in $filter"]
        if prop.get(f"{_SAP}filterable") == "false":
            return [f"{name} of {kind} cannot be filtered"]
        pattern = _LITERALS[prop.get("Type", "")]
        return [] if re.fullmatch(pattern, literal) else [f"{literal} is no {prop.get('Type')}"]

    def _may(self, kind: str, what: str) -> list[str]:
        entity_set = self.set_of(kind)
        return [f"{entity_set} is not {what}"] if self.sets[entity_set].get(f"{_SAP}{what}") == "false" else []

    def _body(self, kind: str, body: dict[str, Any], what: str) -> list[str]:
        found = []
        for name, value in body.items():
            if name in self.navigations[kind]:
                for row in value.get("results", [value]):
                    found += self._body(self.navigations[kind][name], row, what)
            elif name not in self.types[kind]:
                found.append(f"no property {name} of {kind}")
            else:
                found += self._value(kind, self.types[kind][name], value, what)
        return found

    def _value(self, kind: str, prop: ElementTree.Element, value: object, what: str) -> list[str]:
        name, edm = prop.get("Name"), prop.get("Type")
        found = [f"{name} of {kind} is not {what}"] if prop.get(f"{_SAP}{what}") == "false" else []
        if value is None:
            return [*found, f"{name} is null"] if prop.get("Nullable") == "false" else found
        length = int(prop.get("MaxLength") or 0)
        fits = {
            "Edm.String": isinstance(value, str) and (not length or len(value) <= length),
            "Edm.Boolean": isinstance(value, bool),
            "Edm.Decimal": isinstance(value, str) and _is_decimal(value, prop),
            "Edm.DateTime": isinstance(value, str) and re.fullmatch(r"/Date\(-?\d+\)/", value) is not None,
        }
        return found if fits.get(str(edm), False) else [*found, f"{name} of {kind} is no {edm}: {value!r}"]


@dataclass
class Recorder:
    """A simulator that remembers every request, those within batches one by one."""

    simulator: Simulator

    def __post_init__(self) -> None:
        self.calls: list[tuple[str, batch.Call]] = []
        self.before: Callable[[str], None] = lambda _operation: None
        """Called with the operation of each request before it is done: where people act in between."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:

        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        self._note(environ, body)
        self.before(self.simulator.operation(environ, body))
        return self.simulator(environ, start_response)

    def _note(self, environ: dict[str, Any], body: bytes) -> None:
        service, _, rest = environ["PATH_INFO"].removeprefix(ROOT).partition("/")
        service = service.partition(";")[0]
        if rest == "$batch":
            parts = batch.read(environ["CONTENT_TYPE"], body)
            calls = [call for part in parts for call in (part if isinstance(part, list) else [part])]
            self.calls += [(service, call) for call in calls]
        elif rest not in ("", "$metadata"):
            url = f"{rest}?{environ.get('QUERY_STRING', '')}"
            self.calls.append((service, batch.Call(environ["REQUEST_METHOD"], url, {}, body)))

    def settings(self, base_url: str) -> Any:
        return self.simulator.settings(base_url)

    def records(self) -> Any:
        return self.simulator.records()

    def operation(self, environ: Any, body: bytes) -> str:
        return self.simulator.operation(environ, body)


def _is_decimal(value: str, prop: ElementTree.Element) -> bool:
    match = re.fullmatch(r"-?(\d+)(?:\.(\d+))?", value)
    scale, precision = int(prop.get("Scale") or 0), int(prop.get("Precision") or 0)
    return match is not None and len(match[2] or "") <= scale and len(match[1]) <= precision - scale


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _last(name: str) -> str:
    return name.rpartition(".")[2]

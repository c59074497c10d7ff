"""Holds every call to a simulator against BigCommerce's OpenAPI documents: path, method, query, body, and the answer."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml
from jsonschema import Draft202012Validator

from erpsync.ports.simulator import Start
from erpsync.systems.bigcommerce.simulator import BigCommerceSimulator

DOCUMENTS = {
    "v2": ("orders.v2.oas2.yml", "store_information.v2.yml"),
    "v3": (
        "orders.v3.yml",
        "inventory.v3.yml",
        "locations.v3.yml",
        "price_lists.v3.yml",
        "products_catalog.v3.yml",
        "product-variants_catalog.v3.yml",
        "customers.v3.yml",
        "webhooks.v3.yml",
        "product-variant-options_catalog.v3.yml",
        "category-trees_catalog.v3.yml",
    ),
}
# Documents that a folder may lack, with the paths that they describe: calls to these are looked at where it has them.
OPTIONAL = {
    "product-variant-options_catalog.v3.yml": r"/v3/catalog/products/[0-9]+/options(/[0-9]+/values)?",
    "category-trees_catalog.v3.yml": r"/v3/catalog/trees(/categories)?",
}
# Where the documents contradict themselves, what their text says, or other operations of theirs do, is taken.
EXCUSED = (
    # "This value is null for complex products", and its type is integer.
    r"answer\.data\.(\d+\.)?base_variant_id: None is not of type 'integer'",
    # "If this value is null, the product's sale price (its default weight) will be used", and its type is number.
    r"answer\.data\.\d+\.(sale_price|weight): None is not of type 'number'",
    # The variants of a product that is to be made are documented as those of one that is there, ids included.
    r"body\.variants\.\d+: '(id|product_id)' is a required property",
    # A store without webhooks has an empty list, and at least one is asked for.
    r"answer\.data: \[\] should be non-empty",
    # v2 answers lists without rows with 204, which only some of its operations tell.
    r"answers no 204",
)


class Contract:
    """The operations of the documents. `refs` are followed once, so that a schema stands alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "bigcommerce" / "openapi"
        self._operations: list[tuple[str, re.Pattern[str], dict[str, Any], dict[str, Any]]] = []
        self._missing = [path for name, path in OPTIONAL.items() if not (self._folder / name).is_file()]
        for version, names in DOCUMENTS.items():
            for name in names:
                if OPTIONAL.get(name) in self._missing:
                    continue
                document = yaml.load((self._folder / name).read_text(), Loader=yaml.CSafeLoader)
                for path, item in document["paths"].items():
                    pattern = re.compile(f"/{version}" + re.sub(r"\{[^}]+\}", r"[0-9]+", path))
                    self._operations.append((version, pattern, item, document))

    def complaints(
        self, method: str, path: str, query: Mapping[str, str], body: Any, status: int, answer: Any
    ) -> list[str]:
        found = self._operation(method, path)
        if found is None:
            if any(re.fullmatch(missing, path) for missing in self._missing):
                return []
            return [f"{method} {path} is no operation"]
        operation, parameters, document = found
        wrong = _query(query, parameters, document)
        if body is not None:
            schema = _content(_followed(operation.get("requestBody", {}), document))
            wrong += _against(schema, body, document, "body") if schema else ["it takes no body"]
        response = operation["responses"].get(str(status))
        if response is None and status < 400:
            wrong.append(f"answers no {status}")
        if response is not None and answer is not None and (schema := _content(_followed(response, document))):
            wrong += _against(schema, answer, document, "answer")
        wrong = [one for one in wrong if not any(re.fullmatch(known, one) for known in EXCUSED)]
        return [f"{method} {path} ({status}): {one}" for one in wrong]

    def examples(self, method: str, path: str) -> list[Any]:
        """The documented answers of an operation."""
        operation, _, document = self._operation(method, path) or ({}, [], {})
        answer = _followed(operation.get("responses", {}).get("200", {}), document)
        found: list[Any] = []
        for content in (answer.get("content") or {}).values():
            many = [_followed(one, document).get("value") for one in (content.get("examples") or {}).values()]
            found += [one for one in (content.get("example"), *many) if one is not None]
        return found

    def _operation(self, method: str, path: str) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]] | None:
        for _, pattern, item, document in self._operations:
            if pattern.fullmatch(path) and method.lower() in item:
                operation = item[method.lower()]
                both = [*item.get("parameters", ()), *operation.get("parameters", ())]
                return operation, [_followed(one, document) for one in both], document
        return None


class Watched:
    """A simulator whose calls are held against the contract; `complaints` are what did not fit, `seen` what was called."""

    def __init__(self, simulator: BigCommerceSimulator, contract: Contract) -> None:
        self.simulator = simulator
        self.complaints: list[str] = []
        self.seen: set[str] = set()
        self._contract = contract

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(raw)
        told: list[Any] = []

        def started(status: str, headers: Any, *rest: Any) -> Any:
            told.append(int(status.split()[0]))
            return start_response(status, headers, *rest)

        answer = b"".join(self.simulator(environ, started))
        path = re.sub(r"^/stores/[^/]+", "", environ["PATH_INFO"])
        method = environ["REQUEST_METHOD"]
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        self.seen.add(self.simulator.operation(environ, raw))
        self.complaints += self._contract.complaints(method, path, query, _json(raw), told[0], _json(answer))
        return [answer]

    def settings(self, base_url: str) -> Mapping[str, str]:
        return self.simulator.settings(base_url)

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        return self.simulator.records()

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        return self.simulator.operation(environ, body)


@cache
def contract_in(folder: Path) -> Contract:
    return Contract(folder)


def _json(raw: bytes) -> Any:
    return json.loads(raw) if raw else None


def _query(query: Mapping[str, str], parameters: list[dict[str, Any]], document: dict[str, Any]) -> list[str]:
    known = {one["name"]: one for one in parameters if one["in"] == "query"}
    wrong = [f"no parameter {name}" for name in query if name not in known]
    for name, value in query.items():
        schema = _followed(known.get(name, {}).get("schema") or {}, document)
        listed = schema.get("type") == "array" or name.endswith(":in")
        members = value.split(",") if listed else [value.partition(":")[0] if name == "sort" else value]
        # Some lists are documented as a single number.
        inner = _followed(schema.get("items") or {}, document) if schema.get("type") == "array" else schema
        for member in members:
            typed: Any = int(member) if inner.get("type") in ("integer", "number") and member.isdecimal() else member
            if inner.get("type") != "boolean":
                wrong += _against(inner, typed, document, name)
    return wrong


def _content(holder: dict[str, Any]) -> dict[str, Any] | None:
    return next((one.get("schema") for one in (holder.get("content") or {}).values()), None)


def _against(schema: dict[str, Any], value: Any, document: dict[str, Any], where: str) -> list[str]:
    validator = Draft202012Validator(_plain(schema, document))
    return [
        f"{where}.{'.'.join(map(str, error.path))}: {error.message[:200]}" for error in validator.iter_errors(value)
    ]


def _followed(node: Any, document: dict[str, Any]) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/")]
        node = target
    return node


def _plain(schema: Any, document: dict[str, Any]) -> Any:
    """The schema in JSON Schema's words: OpenAPI 3.0 says "nullable", and examples may look like keywords."""
    schema = _followed(schema, document)
    if isinstance(schema, list):
        return [_plain(one, document) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("example", "examples", "x-examples", "description", "title", "default", "xml", "format", "readOnly"):
            continue
        if key == "properties":
            plain[key] = {name: _plain(one, document) for name, one in value.items()}
        elif key in ("items", "additionalProperties", "allOf", "anyOf", "oneOf", "not"):
            plain[key] = _plain(value, document)
        elif key in (
            "type",
            "enum",
            "required",
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "minItems",
            "maxItems",
        ):
            plain[key] = value
    if schema.get("nullable"):
        plain = {"anyOf": [plain, {"type": "null"}]}
    # "Any of an integer and a number" is how several of the documents write it.
    if "oneOf" in plain:
        plain["anyOf"] = plain.pop("oneOf")
    return plain

"""Payloads into `wire` records, or a refusal that names the field and never its value."""

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from erpsync.domain.errors import Rejected
from erpsync.systems.bigcommerce.refusals import unreadable

R = TypeVar("R", bound=BaseModel)


def read(model: type[R], payload: Any, record: str) -> R:
    """Raises Rejected "record-unreadable"."""
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"]) or "of the record"
        complaint = "is missing" if first["type"] == "missing" else "cannot be read"
        raise unreadable(record, path, complaint) from None


def read_all(model: type[R], payloads: Iterable[Any], kind: str) -> tuple[list[R], list[Rejected]]:
    """Those that can be read, and for each other one its refusal."""
    found: list[R] = []
    refused: list[Rejected] = []
    for payload in payloads:
        key = payload.get("id", "") if isinstance(payload, dict) else ""
        try:
            found.append(read(model, payload, f"{kind} {key}".strip()[:60]))
        except Rejected as error:
            refused.append(error)
    return found, refused

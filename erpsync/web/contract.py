"""The document at /openapi.json: what is served here, and what shops without a system of ours implement and send."""

import json
from collections.abc import Collection
from copy import deepcopy
from typing import Any

from erpsync.systems import registry

_HERE = [{"url": "/", "description": "erpsync itself."}]


def document(own: dict[str, Any]) -> dict[str, Any]:
    """`own` is FastAPI's document of what is served here. A path that a system describes too is answered as here, takes
    the body that the system says and is signed as it says."""
    merged = deepcopy(own)
    for path in merged["paths"].values():
        path["servers"] = _HERE
    for spec in map(registry.spec, registry.names()):
        if spec.openapi is not None:
            _add(merged, spec.openapi())
    return merged


def _add(merged: dict[str, Any], theirs: dict[str, Any]) -> None:
    theirs = _told_apart(theirs, merged["components"]["schemas"])
    # What holds for the whole of their document would hold here for ours, too.
    security = theirs.get("security", [])
    for path, item in theirs.pop("paths").items():
        here = merged["paths"].get(path)
        if here is None:
            merged["paths"][path] = {"servers": theirs["servers"]} | {
                name: {"security": security, **part} if isinstance(part, dict) else part for name, part in item.items()
            }
            continue
        here["post"] |= {"requestBody": item["post"]["requestBody"] | {"required": True}, "security": security}
    for kind, components in theirs.pop("components").items():
        merged["components"].setdefault(kind, {}).update(components)
    merged["info"]["description"] = theirs["info"]["description"]
    merged["tags"] = [*merged.get("tags", []), *theirs.get("tags", [])]


def _told_apart(theirs: dict[str, Any], taken: Collection[str]) -> dict[str, Any]:
    """The document with other names for schemas whose names are taken here."""
    text = json.dumps(theirs)
    for name in set(theirs["components"]["schemas"]) & set(taken):
        text = text.replace(f'/schemas/{name}"', f'/schemas/Shop{name}"').replace(f'"{name}": {{', f'"Shop{name}": {{')
    renamed: dict[str, Any] = json.loads(text)
    return renamed

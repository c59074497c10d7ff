"""Categories of products by name: found wherever they are in the tree, made at its top where there is none.

https://woocommerce.github.io/woocommerce-rest-api-docs/#product-categories. None is ever changed or deleted.
"""

from collections.abc import Iterable
from html import escape, unescape
from typing import Any

from erpsync.domain.errors import OutcomeUnknown, Rejected
from erpsync.systems.woocommerce import refusals, wire
from erpsync.systems.woocommerce.client import WooCommerceClient
from erpsync.systems.woocommerce.lookup import every_row

_PATH = "products/categories"


def category_ids(client: WooCommerceClient, names: Iterable[str]) -> dict[str, int | Rejected]:
    """The id of each, or why the shop will not have it. Of several of one name it is the one highest up, and oldest."""
    return {name: _of(client, name) for name in dict.fromkeys(names)}


def _of(client: WooCommerceClient, name: str) -> int | Rejected:
    found = [wire.Term.model_validate(row) for row in every_row(client, _PATH, {"search": _stored(name)})]
    same = [term for term in found if unescape(term.name).casefold() == name.casefold()]
    if same:
        return int(min(same, key=lambda term: (term.parent != "0", int(term.id))).id)
    return _made(client, name)


def _made(client: WooCommerceClient, name: str) -> int | Rejected:
    """WooCommerce refuses a second one of the name, and tells which is there: a lost reply makes no other."""
    try:
        reply = client.reply("POST", _PATH, write=True, body={"name": name})
    except Rejected as error:
        return error
    answer: Any = reply.json()
    if not isinstance(answer, dict):
        raise OutcomeUnknown("reply-unreadable", system=refusals.SYSTEM, what="The answer names no category.")
    if reply.status < 300:
        return int(answer["id"])
    data = answer.get("data")
    if refusals.code_of(answer) == "term_exists" and isinstance(data, dict) and data.get("resource_id"):
        return int(data["resource_id"])
    return refusals.of_product(answer, f'category "{name}"')


def _stored(name: str) -> str:
    """WordPress stores names with `&`, `<` and `>` escaped, and searches what is stored."""
    return escape(name, quote=False)

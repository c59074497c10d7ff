"""What older Odoos call otherwise, or do not have: 14 to 18 beside 19.

Sources: the upgrade analyses of https://github.com/OCA/OpenUpgrade (sale 17.0.1.2 and 19.0.1.2, stock 17.0.1.1, account
18.0.1.3), and what a real Odoo 14 answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Model, name in Odoo 19, name before (empty: none), and the series that brought the new one.
_RENAMED = (
    ("sale.order.line", "tax_ids", "tax_id", 19),
    ("account.payment", "memo", "ref", 18),
    ("product.product", "is_storable", "", 18),
    ("product.template", "is_storable", "", 18),
    ("sale.order.line", "qty_invoiced_posted", "", 18),
    ("sale.order", "locked", "", 17),
    ("stock.move", "quantity", "quantity_done", 17),
    ("stock.move", "quantity", "reserved_availability", 17),
)
_METHODS = {"has_access": (18, 99), "action_lock": (17, 99), "action_done": (14, 16)}


@dataclass(frozen=True)
class Release:
    """An Odoo of the series `major`."""

    major: int = 19

    @property
    def version_info(self) -> list[Any]:
        return [self.major, 0, 0, "final", 0, ""]

    @property
    def version(self) -> str:
        return f"{self.major}.0"

    @property
    def has_json2(self) -> bool:
        return self.major >= 19

    @property
    def confirms_twice(self) -> bool:
        return self.major < 17

    @property
    def asks_before_cancelling(self) -> bool:
        """With a form to send a mail by, which the caller has to switch off."""
        return self.major in (16, 17, 18)

    def has_method(self, name: str) -> bool:
        first, last = _METHODS.get(name, (0, 99))
        return first <= self.major <= last

    def inside(self, model: str, name: str) -> str:
        """The field as Odoo 19 calls it. A name that this Odoo has not stays unknown, whatever 19 has by it."""
        for of_model, new, old, since in _RENAMED:
            if of_model == model and self.major < since:
                if name == new:
                    return f"{name} (of Odoo {since})"
                if name == old:
                    return new
        return name

    def term(self, model: str, term: Any) -> Any:
        """A term of a search domain."""
        if isinstance(term, str):
            return term
        path, operator, wanted = term
        if self.major < 18 and model in ("product.product", "product.template") and path == "type":
            return ["is_storable", "=", True] if wanted == "product" else term
        first, dot, rest = path.partition(".")
        return [f"{self.inside(model, first)}{dot}{rest}", operator, wanted]

    def values(self, model: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {self.inside(model, name): value for name, value in values.items()}

    def shown(self, model: str, row: Mapping[str, Any], names: Mapping[str, str], locked: bool) -> dict[str, Any]:
        """A record under the names that were asked for: `names` by the name in Odoo 19."""
        shown = {names.get(name, name): value for name, value in row.items()}
        if model == "sale.order" and self.major < 17 and locked and shown.get("state") == "sale":
            shown["state"] = "done"
        return shown

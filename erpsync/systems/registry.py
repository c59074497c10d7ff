"""Finds systems: those in this folder, and those that other distributions offer as entry points."""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from erpsync.ports.spec import SystemSpec

ENTRY_POINTS = "erpsync.systems"
BUILTIN = {
    "bigcommerce": "erpsync.systems.bigcommerce",
    "custom": "erpsync.systems.custom",
    "dynamics_bc": "erpsync.systems.dynamics.business_central",
    "dynamics_fo": "erpsync.systems.dynamics.finance_operations",
    "netsuite": "erpsync.systems.netsuite",
    "odoo": "erpsync.systems.odoo",
    "sap_odata": "erpsync.systems.sap.odata",
    "sap_soap": "erpsync.systems.sap.soap",
    "shopify": "erpsync.systems.shopify",
    "woocommerce": "erpsync.systems.woocommerce",
}


def names() -> list[str]:
    return sorted({*BUILTIN, *(entry.name for entry in entry_points(group=ENTRY_POINTS))})


@cache
def spec(name: str) -> SystemSpec:
    """The system of that name. Raises KeyError where there is none; `names()` are those there are."""
    found = import_module(BUILTIN[name]).SPEC if name in BUILTIN else entry_points(group=ENTRY_POINTS)[name].load()
    if not isinstance(found, SystemSpec):
        raise TypeError(f"the entry point {name} of {ENTRY_POINTS} is not a SystemSpec")
    return found

"""What a shop can do follows from how it is reached, and from what its settings say it implements."""

from erpsync.domain.errors import Rejected
from erpsync.ports.spec import Capabilities, Missing, StoreAbility
from erpsync.systems.custom.settings import CustomSettings

SYSTEM = "custom"
# In `abilities` of the settings and of ping, each is called so.
NAMES = {
    StoreAbility.MONEY: "money",
    StoreAbility.STOCK: "stock",
    StoreAbility.BASE_PRICES: "prices",
    StoreAbility.FULFIL: "fulfilments",
    StoreAbility.MARK_ORDERS: "hold",
    StoreAbility.VARIANTS: "variants",
    StoreAbility.PRODUCTS: "products",
    StoreAbility.CUSTOMERS_CHANGED: "customers",
}
_INSTEAD = {
    StoreAbility.MONEY: "Payments and refunds are not read from this shop; they are entered in the ERP by hand.",
    StoreAbility.STOCK: "Stock is not written to this shop; it keeps its own.",
    StoreAbility.BASE_PRICES: "Base prices are not written to this shop; they are set there by hand.",
    StoreAbility.FULFIL: "Shipments are not written to this shop; their tracking is entered there by hand.",
    StoreAbility.MARK_ORDERS: "Held orders are not marked in this shop; `erpsync dead list` and the console show them.",
    StoreAbility.VARIANTS: "Products are not read from this shop; their SKUs must be the ERP's.",
    StoreAbility.PRODUCTS: "Products are not written to this shop; they are made, changed and hidden there by hand.",
    StoreAbility.CUSTOMERS_CHANGED: "Customers of this shop reach the ERP with their orders only.",
    StoreAbility.SUBSCRIBE: "The shop's developer sets up its webhooks; erpsync neither makes nor repairs them.",
}
# What a shop that only sends webhooks lacks besides.
_PUSHED = {
    StoreAbility.READ_ORDERS: "Orders of this shop are known from its webhooks alone: what one failed to tell, the shop "
    "must tell again; a replay takes the newest that is kept.",
    StoreAbility.WRITE_BACK: "The ERP's number is not written back to this shop.",
}
# Reading orders and their lines is two statements however many there are.
DATABASE_BATCH = 100


def capabilities_of(settings: CustomSettings) -> Capabilities:
    can = _abilities(settings)
    lacks = _INSTEAD | (_PUSHED if settings.way == "push" else {})
    missing: Missing = {ability: sentence for ability, sentence in lacks.items() if NAMES.get(ability) not in can}
    batch = DATABASE_BATCH if settings.database is not None else 1
    return Capabilities(order_batch=batch, compares_stock="stock" in can, missing=missing)


def refusal(ability: StoreAbility) -> Rejected:
    """What a method raises whose ability is missing."""
    return Rejected(
        f"cannot-{ability.replace(' ', '-')}",
        system=SYSTEM,
        what=(_INSTEAD | _PUSHED)[ability],
        next_step="Take this flow off the shop's routes; or let the shop offer it, and name it in the settings.",
    )


def _abilities(settings: CustomSettings) -> frozenset[str]:
    if settings.database is None:
        return frozenset(settings.abilities)
    tables = {
        "stock": settings.stock,
        "prices": settings.prices,
        "fulfilments": settings.fulfilments,
        "customers": settings.customers,
        "hold": settings.orders and settings.orders.hold,
    }
    return frozenset(name for name, table in tables.items() if table)

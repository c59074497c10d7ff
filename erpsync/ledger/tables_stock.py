"""The tables of catalogues, stock and pushes; see `ledger.tables` for the rest."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    text,
)

from erpsync.ledger.columns import identity, stamp, time
from erpsync.ledger.tables import metadata

store_variants = Table(
    "store_variants",
    metadata,
    # What a store sells, as it last told. One SKU may stand on several variants: then nobody can say which is meant.
    Column("connection", Text, primary_key=True),
    Column("variant_id", Text, primary_key=True),
    Column("product_id", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    Column("tracked", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("base_price", Numeric, nullable=False),
    Column("currency", Text, nullable=False),
    Column("promotion", Numeric),
    time("promotion_from"),
    time("promotion_until"),
    time("changed_at"),
    stamp("seen_at"),
    Index("store_variants_sku_idx", "connection", "sku"),
    Index("store_variants_product_idx", "connection", "product_id"),
)

stock_levels = Table(
    "stock_levels",
    metadata,
    # What an ERP holds, as it last told. `as_of`: asked then, so that all it knew by then is in it.
    Column("connection", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("location", Text, primary_key=True),
    Column("on_hand", Numeric, nullable=False),
    Column("reserved", Numeric, nullable=False),
    Column("unit", Text, nullable=False, server_default=""),
    time("as_of", nullable=False),
    time("changed_at", nullable=False),
)

store_levels = Table(
    "store_levels",
    metadata,
    # What a store has of a SKU at a location: `quantity` as it was last set or read (null: it did not tell), when `sold`
    # units of the SKU were known to have been sold in all. What was sold since has left it too.
    Column("connection", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("location", Text, primary_key=True),
    Column("quantity", BigInteger),
    Column("sold", Numeric, nullable=False),
    time("at", nullable=False),
    # Read from the store, which may have sold or taken back by then what nobody had told of yet; else we have set it.
    Column("was_read", Boolean, nullable=False, server_default=text("false")),
    # Nobody knows whether it is so, as where a reply was lost: see `flows.stock_sending`.
    Column("foreseen", Boolean, nullable=False, server_default=text("false")),
    Column("push_id", BigInteger),
    # The store had something else than it should: a sale may be in it of which nobody has told yet.
    time("doubted_at"),
    # A person took the last push back: nothing is pushed until the ERP tells something new.
    time("undone_at"),
)

sale_orders = Table(
    "sale_orders",
    metadata,
    # Orders whose lines are in `sales`, as of that version.
    Column("source", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    time("version", nullable=False),
)

sales = Table(
    "sales",
    metadata,
    # What stores have sold, and how much of it the ERP knows of since when.
    Column("source", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("quantity", Numeric, nullable=False),
    Column("known_quantity", Numeric, nullable=False, server_default="0"),
    time("known_at"),
    # The ERP's levels were read after it knew: they speak for this sale.
    Column("settled", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("quantity >= 0", name="quantity"),
    Index("sales_sku_idx", "source", "target", "sku"),
    Index("sales_open_idx", "target", "sku", postgresql_where=text("NOT settled")),
)

stock_rules = Table(
    "stock_rules",
    metadata,
    # A route's rules for single SKUs, from its file; `location` empty: at all of the store's.
    Column("erp", Text, primary_key=True),
    Column("store", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("location", Text, primary_key=True),
    Column("safety", Numeric),
    Column("unlimited", Boolean, nullable=False, server_default=text("false")),
    Column("preorder", Numeric, nullable=False, server_default="0"),
    Column("pack", Numeric, nullable=False, server_default="1"),
    CheckConstraint("pack > 0", name="pack"),
)

stock_kits = Table(
    "stock_kits",
    metadata,
    Column("erp", Text, primary_key=True),
    Column("store", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("component", Text, primary_key=True),
    Column("quantity", Numeric, nullable=False),
    CheckConstraint("quantity > 0", name="quantity"),
    Index("stock_kits_component_idx", "erp", "store", "component"),
)

dirty = Table(
    "dirty",
    metadata,
    # SKUs of which something changed since a store was last told: what a push starts from.
    Column("kind", Text, primary_key=True),
    Column("erp", Text, primary_key=True),
    Column("store", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
)

pushes = Table(
    "pushes",
    metadata,
    # One run of changes from an ERP to a store. Its rows keep what was there before.
    identity(),
    Column("kind", Text, nullable=False),
    Column("erp", Text, nullable=False),
    Column("store", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("undoes", BigInteger, ForeignKey("pushes.id")),
    Column("reason", Text, nullable=False, server_default=""),
    Column("catalogue", Integer, nullable=False, server_default="0"),
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("alarming", Integer, nullable=False, server_default="0"),
    Column("approved_by", Text, nullable=False, server_default=""),
    stamp(),
    time("ended_at"),
    CheckConstraint("kind IN ('stock', 'prices')", name="kind"),
    CheckConstraint("state IN ('planning', 'held', 'pushing', 'done')", name="state"),
    CheckConstraint("(state = 'done') = (ended_at IS NOT NULL)", name="ended"),
    Index(
        "pushes_open_key",
        "kind",
        "erp",
        "store",
        unique=True,
        postgresql_where=text("state <> 'done' AND kind = 'stock'"),
    ),
    # Alarming prices wait in a push of their own, beside which the others go on.
    Index(
        "pushes_prices_key",
        "kind",
        "erp",
        "store",
        "state",
        unique=True,
        postgresql_where=text("state IN ('planning', 'held') AND kind = 'prices'"),
    ),
)

push_changes = Table(
    "push_changes",
    metadata,
    Column("push_id", BigInteger, ForeignKey("pushes.id", ondelete="CASCADE"), primary_key=True),
    Column("sku", Text, primary_key=True),
    # The store's location, or its price list.
    Column("place", Text, primary_key=True),
    Column("before", Numeric),
    Column("after", Numeric, nullable=False),
    Column("state", Text, nullable=False, server_default="planned"),
    Column("note", Text, nullable=False, server_default=""),
    time("done_at"),
    CheckConstraint("state IN ('planned', 'done', 'skipped', 'failed')", name="state"),
    Index("push_changes_planned_idx", "push_id", "sku", postgresql_where=text("state = 'planned'")),
)

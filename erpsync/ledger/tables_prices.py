"""The tables of base prices; see `ledger.tables` for the rest."""

from sqlalchemy import BigInteger, Boolean, Column, Numeric, Table, Text

from erpsync.ledger.columns import time
from erpsync.ledger.tables import metadata

erp_prices = Table(
    "erp_prices",
    metadata,
    # What things cost in an ERP, as it last told: by its price lists, from how many on, in which unit. `seen_at`: it was
    # told then, so that what a whole reading leaves out is known to be gone.
    Column("connection", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("price_list", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("minimum_quantity", Numeric, primary_key=True),
    Column("price", Numeric, nullable=False),
    Column("tax_included", Boolean, nullable=False),
    time("changed_at", nullable=False),
    time("seen_at", nullable=False),
)

store_prices = Table(
    "store_prices",
    metadata,
    # What was last set in a store, by its price list; empty: its base prices, which `store_variants` tells too.
    Column("connection", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("price", Numeric, nullable=False),
    Column("currency", Text, nullable=False),
    time("at", nullable=False),
    Column("push_id", BigInteger, nullable=False),
    # A person took the last push back: nothing is pushed until the ERP tells something new.
    time("undone_at"),
)

staged_prices = Table(
    "staged_prices",
    metadata,
    # What a store shall have once the promotion is over that stands in its way; `until` empty: nobody knows when that is.
    Column("erp", Text, primary_key=True),
    Column("store", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("price", Numeric, nullable=False),
    Column("currency", Text, nullable=False),
    time("until"),
    time("since", nullable=False),
)

"""The whole schema: importing this module makes every table known to `metadata`."""

from erpsync.ledger import tables_backfill, tables_matching, tables_prices, tables_stock
from erpsync.ledger.tables import metadata

__all__ = ["metadata", "tables_backfill", "tables_matching", "tables_prices", "tables_stock"]

"""How SKUs that are spelt differently are found, and products that wait for prices; see `ledger.tables` for the rest."""

from sqlalchemy import Index, text

from erpsync.ledger.tables import links
from erpsync.ledger.tables_stock import store_variants

store_variants_alike = Index(
    "store_variants_alike_idx", store_variants.c.connection, text("lower(replace(sku, ' ', ''))")
)
links_unpriced = Index("links_unpriced_idx", links.c.source, postgresql_where=text("content_hash LIKE '% unpriced'"))

"""Finds variants of stores whatever the case and blanks of their SKUs, and products that wait for prices."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index(
        "store_variants_alike_idx",
        "store_variants",
        ["connection", sa.text("lower(replace(sku, ' ', ''))")],
        unique=False,
    )
    op.create_index(
        "links_unpriced_idx",
        "links",
        ["source"],
        unique=False,
        postgresql_where=sa.text("content_hash LIKE '% unpriced'"),
    )

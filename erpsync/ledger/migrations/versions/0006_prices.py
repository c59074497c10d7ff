"""Base prices: what ERPs told, what was set in stores, and what waits for a promotion to end."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_WAY = ["kind", "erp", "store"]


def upgrade() -> None:
    op.create_table(
        "erp_prices",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("price_list", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("minimum_quantity", sa.Numeric(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection", "sku", "price_list", "currency", "unit", "minimum_quantity", name=op.f("erp_prices_pkey")
        ),
    )
    op.create_table(
        "store_prices",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("push_id", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("connection", "sku", "place", name=op.f("store_prices_pkey")),
    )
    op.create_table(
        "staged_prices",
        sa.Column("erp", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("erp", "store", "sku", "place", name=op.f("staged_prices_pkey")),
    )
    # Alarming prices wait in a push of their own, beside which the others go on.
    op.drop_index("pushes_open_key", table_name="pushes")
    op.create_index(
        "pushes_open_key",
        "pushes",
        _WAY,
        unique=True,
        postgresql_where=sa.text("state <> 'done' AND kind = 'stock'"),
    )
    op.create_index(
        "pushes_prices_key",
        "pushes",
        [*_WAY, "state"],
        unique=True,
        postgresql_where=sa.text("state IN ('planning', 'held') AND kind = 'prices'"),
    )

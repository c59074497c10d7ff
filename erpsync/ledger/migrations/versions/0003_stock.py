"""Catalogues of stores, stock, what was sold, and pushes that keep what was there before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "dirty",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("erp", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "erp", "store", "sku", name=op.f("dirty_pkey")),
    )
    op.create_table(
        "pushes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("erp", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("catalogue", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alarming", sa.Integer(), server_default="0", nullable=False),
        sa.Column("approved_by", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'done') = (ended_at IS NOT NULL)", name=op.f("pushes_ended_check")),
        sa.CheckConstraint("kind IN ('stock', 'prices')", name=op.f("pushes_kind_check")),
        sa.CheckConstraint("state IN ('planning', 'held', 'pushing', 'done')", name=op.f("pushes_state_check")),
        sa.ForeignKeyConstraint(["undoes"], ["pushes.id"], name=op.f("pushes_undoes_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("pushes_pkey")),
    )
    op.create_index(
        "pushes_open_key", "pushes", ["kind", "erp", "store"], unique=True, postgresql_where=sa.text("state <> 'done'")
    )
    op.create_table(
        "sale_orders",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("version", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "target", "source_id", name=op.f("sale_orders_pkey")),
    )
    op.create_table(
        "sales",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("known_quantity", sa.Numeric(), server_default="0", nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("sales_quantity_check")),
        sa.PrimaryKeyConstraint("source", "target", "source_id", "sku", name=op.f("sales_pkey")),
    )
    op.create_index("sales_open_idx", "sales", ["target", "sku"], unique=False, postgresql_where=sa.text("NOT settled"))
    op.create_index("sales_sku_idx", "sales", ["source", "target", "sku"], unique=False)
    op.create_table(
        "stock_kits",
        sa.Column("erp", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("stock_kits_quantity_check")),
        sa.PrimaryKeyConstraint("erp", "store", "sku", "component", name=op.f("stock_kits_pkey")),
    )
    op.create_index("stock_kits_component_idx", "stock_kits", ["erp", "store", "component"], unique=False)
    op.create_table(
        "stock_levels",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("on_hand", sa.Numeric(), nullable=False),
        sa.Column("reserved", sa.Numeric(), nullable=False),
        sa.Column("unit", sa.Text(), server_default="", nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connection", "sku", "location", name=op.f("stock_levels_pkey")),
    )
    op.create_table(
        "stock_rules",
        sa.Column("erp", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("safety", sa.Numeric(), nullable=True),
        sa.Column("unlimited", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("preorder", sa.Numeric(), server_default="0", nullable=False),
        sa.Column("pack", sa.Numeric(), server_default="1", nullable=False),
        sa.CheckConstraint("pack > 0", name=op.f("stock_rules_pack_check")),
        sa.PrimaryKeyConstraint("erp", "store", "sku", "location", name=op.f("stock_rules_pkey")),
    )
    op.create_table(
        "store_levels",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.Column("sold", sa.Numeric(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("was_read", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("foreseen", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("push_id", sa.BigInteger(), nullable=True),
        sa.Column("doubted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("connection", "sku", "location", name=op.f("store_levels_pkey")),
    )
    op.create_table(
        "store_variants",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("variant_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("base_price", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("promotion", sa.Numeric(), nullable=True),
        sa.Column("promotion_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promotion_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("connection", "variant_id", name=op.f("store_variants_pkey")),
    )
    op.create_index("store_variants_product_idx", "store_variants", ["connection", "product_id"], unique=False)
    op.create_index("store_variants_sku_idx", "store_variants", ["connection", "sku"], unique=False)
    op.create_table(
        "push_changes",
        sa.Column("push_id", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("before", sa.Numeric(), nullable=True),
        sa.Column("after", sa.Numeric(), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'done', 'skipped', 'failed')", name=op.f("push_changes_state_check")),
        sa.ForeignKeyConstraint(["push_id"], ["pushes.id"], name=op.f("push_changes_push_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("push_id", "sku", "place", name=op.f("push_changes_pkey")),
    )
    op.create_index(
        "push_changes_planned_idx",
        "push_changes",
        ["push_id", "sku"],
        unique=False,
        postgresql_where=sa.text("state = 'planned'"),
    )

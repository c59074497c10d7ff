"""Every invariant of the tables, by trying to break it with plain SQL."""

import re

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from erpsync.ledger.schema import metadata

SETUP = """
    INSERT INTO connections (name, system, role) VALUES ('shop', 'fake', 'store');
    INSERT INTO inbox (connection, delivery_key, topic, headers, body) VALUES ('shop', 'k1', 't', '{}', '');
    INSERT INTO jobs (flow, source, target, source_id, number, wanted_version, due_at)
        VALUES ('orders', 'shop', 'erp', '1', '#1', now(), now());
    INSERT INTO runs (job_id, fence, attempt, worker, started_at) VALUES (1, 1, 1, 'w', now());
    INSERT INTO links (kind, source, source_id, target, target_id, display)
        VALUES ('order', 'shop', '1', 'erp', '900', 'SO900'), ('customer', 'shop', '7', 'erp', '70', 'C70');
    INSERT INTO dead_letters (job_id, subject, code, problem, next_step) VALUES (1, 's', 'c', 'p', 'n');
    INSERT INTO checkpoints (connection, kind, value) VALUES ('erp', 'stock', '1');
    INSERT INTO reservations (kind, target, key, holder, until) VALUES ('customer', 'erp', 'p1', 'one', now());
    INSERT INTO refusals (connection, reason, count) VALUES ('shop', 'wrong secret', 1);
    INSERT INTO backfills (flow, source, begins_at, ends_at, dry_run, concurrency, asked_by)
        VALUES ('orders', 'shop', '2026-01-01', '2026-02-01', false, 4, 'ada');
    INSERT INTO backfill_chunks (backfill_id, ordinal, ends_at, due_at) VALUES (1, 1, '2026-02-01', now());
    INSERT INTO store_variants (connection, variant_id, product_id, sku, tracked, active, base_price, currency)
        VALUES ('shop', 'v1', 'p1', 'MUG', true, true, 1, 'EUR');
    INSERT INTO stock_levels (connection, sku, location, on_hand, reserved, as_of, changed_at)
        VALUES ('erp', 'MUG', 'WH', 1, 0, now(), now());
    INSERT INTO store_levels (connection, sku, location, quantity, sold, at) VALUES ('shop', 'MUG', 'main', 1, 0, now());
    INSERT INTO sale_orders (source, target, source_id, version) VALUES ('shop', 'erp', '1', now());
    INSERT INTO sales (source, target, source_id, sku, quantity) VALUES ('shop', 'erp', '1', 'MUG', 1);
    INSERT INTO stock_rules (erp, store, sku, location) VALUES ('erp', 'shop', 'MUG', '');
    INSERT INTO stock_kits (erp, store, sku, component, quantity) VALUES ('erp', 'shop', 'SET', 'MUG', 2);
    INSERT INTO dirty (kind, erp, store, sku) VALUES ('stock', 'erp', 'shop', 'MUG');
    INSERT INTO pushes (kind, erp, store, state) VALUES ('stock', 'erp', 'shop', 'planning');
    INSERT INTO push_changes (push_id, sku, place, after) VALUES (1, 'MUG', 'main', 1);
    INSERT INTO erp_prices (connection, sku, price_list, currency, unit, minimum_quantity, price, tax_included, changed_at,
        seen_at) VALUES ('erp', 'MUG', '', 'EUR', '', 1, 1, false, now(), now());
    INSERT INTO store_prices (connection, sku, place, price, currency, at, push_id)
        VALUES ('shop', 'MUG', '', 1, 'EUR', now(), 1);
    INSERT INTO staged_prices (erp, store, sku, place, price, currency, since)
        VALUES ('erp', 'shop', 'MUG', '', 1, 'EUR', now());
"""

# constraint that must object -> statement
BREAKS = {
    "store_variants_pkey": "INSERT INTO store_variants"
    " (connection, variant_id, product_id, sku, tracked, active, base_price, currency)"
    " VALUES ('shop', 'v1', 'p2', 'CUP', true, true, 1, 'EUR')",
    "stock_levels_pkey": "INSERT INTO stock_levels (connection, sku, location, on_hand, reserved, as_of, changed_at)"
    " VALUES ('erp', 'MUG', 'WH', 2, 0, now(), now())",
    "store_levels_pkey": "INSERT INTO store_levels (connection, sku, location, sold, at)"
    " VALUES ('shop', 'MUG', 'main', 0, now())",
    "sale_orders_pkey": "INSERT INTO sale_orders (source, target, source_id, version)"
    " VALUES ('shop', 'erp', '1', now())",
    "sales_pkey": "INSERT INTO sales (source, target, source_id, sku, quantity) VALUES ('shop', 'erp', '1', 'MUG', 2)",
    "sales_quantity_check": "UPDATE sales SET quantity = -1",
    "stock_rules_pkey": "INSERT INTO stock_rules (erp, store, sku, location) VALUES ('erp', 'shop', 'MUG', '')",
    "stock_rules_pack_check": "UPDATE stock_rules SET pack = 0",
    "stock_kits_pkey": "INSERT INTO stock_kits (erp, store, sku, component, quantity)"
    " VALUES ('erp', 'shop', 'SET', 'MUG', 3)",
    "stock_kits_quantity_check": "UPDATE stock_kits SET quantity = 0",
    "dirty_pkey": "INSERT INTO dirty (kind, erp, store, sku) VALUES ('stock', 'erp', 'shop', 'MUG')",
    "pushes_open_key": "INSERT INTO pushes (kind, erp, store, state) VALUES ('stock', 'erp', 'shop', 'pushing')",
    "pushes_prices_key": "INSERT INTO pushes (kind, erp, store, state)"
    " VALUES ('prices', 'erp', 'shop', 'held'), ('prices', 'erp', 'shop', 'held')",
    "pushes_kind_check": "UPDATE pushes SET kind = 'orders'",
    "pushes_state_check": "UPDATE pushes SET state = 'lost'",
    "pushes_ended_check": "UPDATE pushes SET state = 'done'",
    "pushes_undoes_fkey": "UPDATE pushes SET undoes = 99",
    "push_changes_pkey": "INSERT INTO push_changes (push_id, sku, place, after) VALUES (1, 'MUG', 'main', 2)",
    "push_changes_push_id_fkey": "UPDATE push_changes SET push_id = 99",
    "push_changes_state_check": "UPDATE push_changes SET state = 'lost'",
    "erp_prices_pkey": "INSERT INTO erp_prices (connection, sku, price_list, currency, unit, minimum_quantity, price,"
    " tax_included, changed_at, seen_at) VALUES ('erp', 'MUG', '', 'EUR', '', 1, 2, false, now(), now())",
    "store_prices_pkey": "INSERT INTO store_prices (connection, sku, place, price, currency, at, push_id)"
    " VALUES ('shop', 'MUG', '', 2, 'EUR', now(), 1)",
    "staged_prices_pkey": "INSERT INTO staged_prices (erp, store, sku, place, price, currency, since)"
    " VALUES ('erp', 'shop', 'MUG', '', 2, 'EUR', now())",
    "connections_pkey": "INSERT INTO connections (name, system, role) VALUES ('shop', 'other', 'erp')",
    "connections_role_check": "INSERT INTO connections (name, system, role) VALUES ('x', 'fake', 'both')",
    "connections_paused_has_probe_check": "UPDATE connections SET paused_at = now()",
    "inbox_connection_delivery_key_key": "INSERT INTO inbox (connection, delivery_key, topic, headers, body)"
    " VALUES ('shop', 'k1', 'other', '{}', 'other')",
    "inbox_state_check": "UPDATE inbox SET state = 'lost', taken_at = now()",
    "inbox_taken_check": "UPDATE inbox SET state = 'applied'",
    "jobs_flow_source_target_source_id_key": "INSERT INTO jobs"
    " (flow, source, target, source_id, number, wanted_version, due_at)"
    " VALUES ('orders', 'shop', 'erp', '1', '#other', now(), now())",
    "jobs_state_check": "UPDATE jobs SET state = 'failed'",
    "jobs_lease_check": "UPDATE jobs SET state = 'running'",
    "jobs_revisions_check": "UPDATE jobs SET done_revision = 2",
    "jobs_done_check": "UPDATE jobs SET state = 'done'",
    "jobs_attempts_check": "UPDATE jobs SET attempts = -1",
    "jobs_state_inbox_id_fkey": "UPDATE jobs SET state_inbox_id = 99",
    "runs_job_id_fence_key": "INSERT INTO runs (job_id, fence, attempt, worker, started_at)"
    " VALUES (1, 1, 2, 'other', now())",
    "runs_job_id_fkey": "INSERT INTO runs (job_id, fence, attempt, worker, started_at) VALUES (99, 1, 1, 'w', now())",
    "links_kind_source_source_id_target_key": "INSERT INTO links (kind, source, source_id, target, target_id, display)"
    " VALUES ('order', 'shop', '1', 'erp', '901', 'SO901')",
    "links_target_key": "INSERT INTO links (kind, source, source_id, target, target_id, display)"
    " VALUES ('order', 'shop', '2', 'erp', '900', 'SO900')",
    "dead_letters_open_job_key": "INSERT INTO dead_letters (job_id, subject, code, problem, next_step)"
    " VALUES (1, 's', 'c', 'p', 'n')",
    "dead_letters_closed_as_check": "UPDATE dead_letters SET closed_at = now(), closed_as = 'forgotten'",
    "dead_letters_closed_check": "UPDATE dead_letters SET closed_at = now()",
    "dead_letters_job_id_fkey": "INSERT INTO dead_letters (job_id, subject, code, problem, next_step)"
    " VALUES (99, 's', 'c', 'p', 'n')",
    "dead_letters_inbox_id_fkey": "INSERT INTO dead_letters (inbox_id, subject, code, problem, next_step)"
    " VALUES (99, 's', 'c', 'p', 'n')",
    "checkpoints_pkey": "INSERT INTO checkpoints (connection, kind, value) VALUES ('erp', 'stock', '2')",
    "reservations_pkey": "INSERT INTO reservations (kind, target, key, holder, until)"
    " VALUES ('customer', 'erp', 'p1', 'another', now())",
    "jobs_backfill_id_fkey": "UPDATE jobs SET backfill_id = 99",
    "backfills_state_check": "UPDATE backfills SET state = 'lost', ended_at = now()",
    "backfills_ended_check": "UPDATE backfills SET state = 'done'",
    "backfills_range_check": "UPDATE backfills SET ends_at = begins_at",
    "backfills_concurrency_check": "UPDATE backfills SET concurrency = 0",
    "backfill_chunks_backfill_id_fkey": "UPDATE backfill_chunks SET backfill_id = 99",
    "backfill_chunks_backfill_id_ordinal_key": "INSERT INTO backfill_chunks (backfill_id, ordinal, ends_at, due_at)"
    " VALUES (1, 1, '2026-02-01', now())",
    "backfill_chunks_state_check": "UPDATE backfill_chunks SET state = 'lost'",
    "backfill_chunks_lease_check": "UPDATE backfill_chunks SET state = 'running'",
    "backfill_chunks_done_check": "UPDATE backfill_chunks SET state = 'done', cursor = 'page 2'",
    "refusals_pkey": "INSERT INTO refusals (connection, reason, count) VALUES ('shop', 'wrong secret', 5)",
}

# the same constraints from their other side
MORE_BREAKS = [
    ("connections_paused_has_probe_check", "UPDATE connections SET probe_at = now()"),
    ("inbox_taken_check", "UPDATE inbox SET taken_at = now()"),
    ("jobs_lease_check", "UPDATE jobs SET lease_until = now()"),
    ("jobs_revisions_check", "UPDATE jobs SET claimed_revision = 2"),
    ("dead_letters_closed_check", "UPDATE dead_letters SET closed_as = 'replayed'"),
    ("backfills_ended_check", "UPDATE backfills SET ended_at = now()"),
    ("backfill_chunks_lease_check", "UPDATE backfill_chunks SET lease_until = now()"),
]

ALLOWED = [
    # Customers are exempt from links_target_key: a guest and an account may be one person.
    "INSERT INTO links (kind, source, source_id, target, target_id, display)"
    " VALUES ('customer', 'shop', 'guest-1', 'erp', '70', 'C70')",
    # Two shops may number alike, and so may two flows.
    "INSERT INTO jobs (flow, source, target, source_id, number, wanted_version, due_at)"
    " VALUES ('orders', 'shop2', 'erp', '1', '#1', now(), now()), ('stock', 'shop', 'erp', '1', '#1', now(), now())",
    # A job may have many closed dead letters and one open.
    "UPDATE dead_letters SET closed_at = now(), closed_as = 'replayed';"
    "INSERT INTO dead_letters (job_id, subject, code, problem, next_step) VALUES (1, 's', 'c', 'p', 'n')",
    # Dead letters without a job do not get into one another's way.
    "INSERT INTO dead_letters (subject, code, problem, next_step) VALUES ('s', 'c', 'p', 'n'), ('s', 'c', 'p', 'n')",
]


@pytest.mark.parametrize(("constraint", "statement"), [*BREAKS.items(), *MORE_BREAKS])
def test_the_database_itself_refuses(database: Engine, constraint: str, statement: str) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql(SETUP)
    with pytest.raises(IntegrityError) as refused, database.begin() as connection:
        connection.exec_driver_sql(statement)
    assert _objector(refused.value) == constraint


@pytest.mark.parametrize("statement", ALLOWED)
def test_what_is_not_against_a_rule_goes_through(database: Engine, statement: str) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql(SETUP)
        connection.exec_driver_sql(statement)


def test_every_constraint_of_the_schema_is_in_this_list(database: Engine) -> None:
    with database.connect() as connection:
        checks = connection.execute(
            text(
                "SELECT conname FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace"
                " WHERE n.nspname = 'public' AND contype IN ('c', 'f', 'u')"
            )
        ).scalars()
        indexes = connection.execute(
            text("SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'")
        ).scalars()
        named = {*checks, *indexes}
    # Generated keys cannot be given, and one row of alembic's own table is its business.
    generated = {f"{table.name}_pkey" for table in metadata.sorted_tables if "id" in table.c} | {"alembic_version_pkc"}
    assert named - generated == set(BREAKS)


def test_a_key_that_the_ledger_gives_cannot_be_chosen(database: Engine) -> None:
    with pytest.raises(Exception, match="cannot insert a non-DEFAULT value"), database.begin() as connection:
        connection.exec_driver_sql("INSERT INTO audit (id, actor, action, subject) VALUES (7, 'a', 'b', 'c')")


def test_what_is_purged_leaves_those_that_pointed_to_it(database: Engine) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql(SETUP)
        connection.exec_driver_sql("UPDATE jobs SET state_inbox_id = 1")
        connection.exec_driver_sql("UPDATE dead_letters SET inbox_id = 1")
        connection.exec_driver_sql("DELETE FROM inbox")
        assert connection.exec_driver_sql("SELECT state_inbox_id FROM jobs").scalar_one() is None
        assert connection.exec_driver_sql("SELECT inbox_id FROM dead_letters").scalar_one() is None


def _objector(error: IntegrityError) -> str:
    found = re.search(r'constraint "(\w+)"', str(error.orig))
    assert found is not None, error.orig
    return found[1]

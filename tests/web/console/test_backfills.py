"""Backfills under way, and the buttons that hold them and let them go on."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest

from erpsync.ledger import backfills
from erpsync.ports.backfill import Past
from tests.web.console.conftest import SHOP


@pytest.fixture
def backfill_id(site: Any, now: datetime) -> int:
    """A backfill of orders that is running, whose first chunk is read."""
    past = Past("orders", SHOP, None, now - timedelta(days=2), now)
    windows = [(now - timedelta(days=2), now - timedelta(days=1)), (now - timedelta(days=1), now)]
    with site.database.begin() as connection:
        made = backfills.create(connection, past, windows, dry_run=False, concurrency=4, actor="cli:ada", now=now)
        chunk = backfills.claim(connection, made, worker="w", lease=timedelta(minutes=5), now=now)
        assert chunk is not None
        backfills.turn(connection, chunk, None, backfills.Counts(1200, 1199, 0, 1), now, now)
    return made


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_the_overview_shows_how_far_a_backfill_is(site: Any, backfill_id: int) -> None:
    shown = words(site.signed_in().get("/console").text)
    assert f"orders of shop backfill {backfill_id} running 1 of 2 1,200 0 1 Pause" in shown


def test_there_is_no_section_without_any(site: Any) -> None:
    assert "Backfills" not in words(site.signed_in().get("/console").text)


def test_an_operator_holds_a_backfill_and_lets_it_go_on(site: Any, backfill_id: int) -> None:
    visitor = site.signed_in()
    assert visitor.submit("/console", f"/console/backfills/{backfill_id}/pause").headers["Location"] == "/console"
    assert site.rows("SELECT state FROM backfills") == [("paused",)]
    assert f"Backfill {backfill_id} is paused." in visitor.get("/console").text
    visitor.submit("/console", f"/console/backfills/{backfill_id}/resume")
    assert site.rows("SELECT state FROM backfills") == [("running",)]
    audited = site.rows("SELECT actor, action, subject FROM audit ORDER BY id")
    assert audited == [("olga", "pause", f"backfill {backfill_id}"), ("olga", "resume", f"backfill {backfill_id}")]


def test_what_is_not_possible_any_more_is_said(site: Any, backfill_id: int) -> None:
    visitor = site.signed_in()
    form = visitor.forms("/console")[f"/console/backfills/{backfill_id}/pause"]
    visitor.post(f"/console/backfills/{backfill_id}/pause", **form)
    visitor.get("/console")
    assert visitor.post(f"/console/backfills/{backfill_id}/pause", **form).status_code == 303
    assert f"Backfill {backfill_id} is paused, and cannot be paused." in visitor.get("/console").text


def test_a_viewer_holds_nothing(site: Any, backfill_id: int) -> None:
    visitor = site.signed_in("vera")
    assert "/pause" not in visitor.get("/console").text
    csrf = visitor.forms("/console")["/console/sign-out"]["csrf"]
    assert visitor.post(f"/console/backfills/{backfill_id}/pause", csrf=csrf).status_code == 403
    assert site.rows("SELECT state FROM backfills") == [("running",)]


def test_a_form_of_another_session_holds_nothing(site: Any, backfill_id: int) -> None:
    assert site.signed_in().post(f"/console/backfills/{backfill_id}/pause", csrf="other").status_code == 403
    assert site.rows("SELECT state FROM backfills") == [("running",)]

"""What the console shows of pushes, and what operators do with those that are held or done."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from itertools import chain
from typing import Any

import pytest

from erpsync.domain.ids import ConnectionName, Sku
from erpsync.engine import pushes as pushing
from erpsync.ledger import pushes
from erpsync.ledger.pushes import ChangeState, PushChange, PushKind, PushState, Way
from tests.flows.stock_world import StockWorld
from tests.quiet import silenced
from tests.web.console.conftest import ERP, SHOP
from tests.web.console.test_pages import words

PUSHES = "/console/pushes"


def ids(page: str) -> list[int]:
    """The pushes that tables of a page lead to, from top to bottom."""
    return [int(number) for number in re.findall(rf'class="record"><a href="{PUSHES}/(\d+)"', page)]


def pushed(
    site: Any, now: datetime, skus: int = 1, kind: PushKind = PushKind.STOCK, store: str = SHOP, failed: int = 0
) -> int:
    """A push that is done, which set so many SKUs to 5 and failed at the last few of them."""
    changes = [
        PushChange(
            Sku(f"SKU-{number:03d}"),
            "front",
            Decimal("10"),
            Decimal("5"),
            ChangeState.FAILED if number >= skus - failed else ChangeState.DONE,
            "The store refused it." if number >= skus - failed else "",
        )
        for number in range(skus)
    ]
    with site.database.begin() as connection:
        push = pushes.begin(connection, Way(kind, ERP, ConnectionName(store)), now)
        pushes.plan(connection, push.id, changes)
        pushes.weigh(connection, push.id, 200, Decimal(0))
        pushes.settle(connection, push.id, changes, now)
        pushes.move(connection, push.id, PushState.DONE, now)
    return push.id


def test_no_push_is_said_so(site: Any) -> None:
    visitor = site.signed_in()
    assert "Nothing has been pushed yet." in words(visitor.get(PUSHES).text)
    assert "No push matches." in words(visitor.get(f"{PUSHES}?kind=prices").text)


def test_held_pushes_stand_above_the_others_which_are_newest_first(stock_site: Any, held: int, now: datetime) -> None:
    later = pushed(stock_site, now, kind=PushKind.PRICES)
    page = stock_site.signed_in().get(PUSHES).text
    assert ids(page) == [held, later, held - 1]
    shown = words(page)
    assert f"Stock push {held} erp → shop held 3 of 4 it would set 3 of 4 SKUs to nothing, more than 5 %" in shown
    assert f"Prices push {later} erp → shop done 1 of 200" in shown
    assert "allowed by adam" in shown


def test_pushes_are_filtered_and_paged(site: Any, now: datetime) -> None:
    stock = [pushed(site, now) for _ in range(52)]
    prices, elsewhere = pushed(site, now, kind=PushKind.PRICES), pushed(site, now, store="second")
    visitor = site.signed_in()
    assert ids(visitor.get(f"{PUSHES}?kind=prices&store=").text) == [prices]
    assert ids(visitor.get(f"{PUSHES}?kind=&store=second").text) == [elsewhere]
    page = visitor.get(f"{PUSHES}?kind=stock&store=shop").text
    assert ids(page) == stock[:1:-1]
    [older] = map(unescape, re.findall(r'href="([^"]+)" rel="next"', page))
    assert ids(visitor.get(older).text) == stock[1::-1]
    assert f'href="{PUSHES}?kind=stock&amp;store=shop">Newest' in visitor.get(older).text
    assert visitor.get(f"{PUSHES}?kind=nonsense").status_code == 400


def test_a_push_shows_each_change_with_what_was_there_before(site: Any, now: datetime) -> None:
    push_id = pushed(site, now, skus=3, failed=1)
    page = site.signed_in().get(f"{PUSHES}/{push_id}").text
    shown = words(page)
    assert "SKUs 3 of 200" in shown
    assert "Changes 2 done, 1 failed" in shown
    assert "SKU-001 front 10 5 done SKU-002 front 10 5 failed The store refused it." in shown
    assert 'href="/console/stock/erp/shop/sku?sku=SKU-001"' in page


def test_changes_are_paged_by_key_and_filtered_by_state(site: Any, now: datetime) -> None:
    push_id = pushed(site, now, skus=120, failed=60)
    visitor, skus = site.signed_in(), []
    path = f"{PUSHES}/{push_id}"
    while path:
        page = visitor.get(path).text
        skus.append(re.findall(r"sku\?sku=(SKU-\d+)", page))
        [path] = list(map(unescape, re.findall(r'href="([^"]+)" rel="next"', page))) or [""]
    assert [len(one) for one in skus] == [50, 50, 20]
    assert list(chain.from_iterable(skus)) == [f"SKU-{number:03d}" for number in range(120)]
    page = visitor.get(f"{PUSHES}/{push_id}?state=failed").text
    assert re.findall(r"sku\?sku=(SKU-\d+)", page)[0] == "SKU-060"
    [following] = map(unescape, re.findall(r'href="([^"]+)" rel="next"', page))
    assert len(re.findall(r"sku\?sku=(SKU-\d+)", visitor.get(following).text)) == 10
    assert "Only those that are failed." in words(page)


def test_a_push_of_prices_shows_amounts_by_price_list(site: Any, now: datetime) -> None:
    push_id = pushed(site, now, kind=PushKind.PRICES)
    page = site.signed_in().get(f"{PUSHES}/{push_id}").text
    assert "SKU Price list Before After" in words(page)
    assert "/console/stock/" not in page.partition("<main")[2], "prices have no stock to be explained"


def test_what_there_is_not_is_not_found(site: Any) -> None:
    visitor = site.signed_in()
    answer = visitor.get(f"{PUSHES}/7")
    assert (answer.status_code, "There is no push 7, or no longer." in answer.text) == (404, True)
    assert visitor.get(f"{PUSHES}/7/confirm-apply").status_code == 404
    assert visitor.get(f"{PUSHES}/x").status_code == 404


def test_the_overview_shows_held_pushes_first_and_their_dead_letters_not_again(
    stock_site: Any, held: int, stock_seeds: Any
) -> None:
    stock_seeds.dead_job("#1001")
    page = stock_site.signed_in().get("/console").text
    shown = words(page)
    assert "2 dead letters need a person. 1 push is held." in shown
    assert page.index(f"{PUSHES}/{held}") < page.index("order #1001")
    assert "stock-held" not in page
    assert "All 2 dead letters" in shown


def test_a_push_stays_on_the_overview_though_its_dead_letter_was_discarded(stock_site: Any, held: int) -> None:
    visitor = stock_site.signed_in()
    letter = letter_of_held(stock_site)
    visitor.submit(f"/console/dead-letters/{letter}", f"/console/dead-letters/{letter}/discard")
    visitor.get(f"/console/dead-letters/{letter}")
    page = visitor.get("/console").text
    assert ids(page) == [held]
    assert "Nothing needs a person." not in words(page)


def test_the_dead_letter_of_a_held_push_leads_to_it(stock_site: Any, held: int) -> None:
    visitor = stock_site.signed_in()
    letter = letter_of_held(stock_site)
    assert f'href="{PUSHES}/{held}">Push {held}</a>' in visitor.get(f"/console/dead-letters/{letter}").text
    assert f'href="{PUSHES}/{held}">Push {held}</a>' in visitor.get("/console/dead-letters").text


def test_an_operator_applies_a_held_push_after_a_second_look(stock_site: Any, world: StockWorld, held: int) -> None:
    visitor, page = stock_site.signed_in(), f"{PUSHES}/{held}"
    assert f'href="{page}/confirm-apply"' in visitor.get(page).text
    asked = words(visitor.get(f"{page}/confirm-apply").text)
    assert "It would set 3 of 4 SKUs to nothing, more than 5 %." in asked
    assert "worked out again as they are sent" in asked
    assert world.in_shop("SKU-0") == 10, "nothing is done by asking"
    answer = visitor.submit(f"{page}/confirm-apply", f"{page}/apply")
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert f"Push {held} is being sent." in words(visitor.get(page).text)
    assert (world.pushes()[0].state, world.pushes()[0].approved_by) == ("pushing", "olga")
    audited = stock_site.rows("SELECT actor, action, subject FROM audit ORDER BY id DESC LIMIT 1")
    assert audited == [("olga", "apply", f"push {held}")]
    with silenced():
        world.bench.go_on(60)
    assert world.in_shop("SKU-0") == 0
    assert "Nothing needs a person." in words(visitor.get("/console").text)


def test_an_operator_takes_a_push_back_after_a_second_look(stock_site: Any, world: StockWorld, held: int) -> None:
    with silenced():
        pushing.apply(world.bench.runtime, held, "adam")
        world.bench.work()
    assert world.in_shop("SKU-0") == 0
    visitor, page = stock_site.signed_in(), f"{PUSHES}/{held}"
    assert f'href="{page}/confirm-undo"' in visitor.get(page).text
    assert "where nothing has changed it since" in words(visitor.get(f"{page}/confirm-undo").text)
    assert visitor.submit(f"{page}/confirm-undo", f"{page}/undo").headers["Location"] == page
    shown = visitor.get(page).text
    assert f"Push {held} is being taken back, by a push of its own." in words(shown)
    [back] = [push.id for push in world.pushes() if push.undoes == held]
    assert f'Taken back by</dt><dd><a href="{PUSHES}/{back}">' in shown
    assert f'Takes back</dt><dd><a href="{PUSHES}/{held}">' in visitor.get(f"{PUSHES}/{back}").text
    with silenced():
        world.bench.go_on(60)
    assert world.in_shop("SKU-0") == 10


def test_what_is_not_possible_any_more_is_said(stock_site: Any, held: int) -> None:
    visitor, page = stock_site.signed_in(), f"{PUSHES}/{held}"
    form = visitor.forms(f"{page}/confirm-apply")[f"{page}/apply"]
    visitor.post(f"{page}/apply", **form)
    visitor.get(page)
    assert visitor.post(f"{page}/apply", **form).headers["Location"] == page
    assert f"Push {held} is pushing; only one that is held can be applied." in words(visitor.get(page).text)
    assert visitor.get(f"{page}/confirm-apply").headers["Location"] == page
    assert visitor.get(f"{page}/confirm-undo").headers["Location"] == page
    assert stock_site.rows("SELECT count(*) FROM audit WHERE actor = 'olga'") == [(1,)]


@pytest.mark.parametrize("action", ["apply", "undo"])
def test_a_viewer_decides_nothing(stock_site: Any, world: StockWorld, held: int, action: str) -> None:
    page = f"{PUSHES}/{held if action == 'apply' else held - 1}"
    visitor = stock_site.signed_in("vera")
    shown = visitor.get(page).text
    assert f"{page}/confirm-{action}" not in shown
    assert "An operator can" in words(shown)
    assert visitor.get(f"{page}/confirm-{action}").status_code == 403
    csrf = visitor.forms("/console")["/console/sign-out"]["csrf"]
    assert visitor.post(f"{page}/{action}", csrf=csrf).status_code == 403
    assert [push.state for push in world.pushes()] == ["held", "done"]


@pytest.mark.parametrize("action", ["apply", "undo"])
def test_a_form_of_another_session_decides_nothing(stock_site: Any, world: StockWorld, held: int, action: str) -> None:
    assert stock_site.signed_in().post(f"{PUSHES}/{held}/{action}", csrf="other").status_code == 403
    assert [push.state for push in world.pushes()] == ["held", "done"]


def test_what_a_push_says_stays_text(site: Any, now: datetime) -> None:
    hostile = "<script>alert(1)</script>"
    change = PushChange(Sku(hostile), hostile, None, Decimal(1), ChangeState.FAILED, hostile)
    with site.database.begin() as connection:
        push = pushes.begin(connection, Way(PushKind.STOCK, ERP, SHOP), now)
        pushes.plan(connection, push.id, [change])
        pushes.settle(connection, push.id, [change], now)
        pushes.move(connection, push.id, PushState.DONE, now + timedelta(seconds=1), hostile)
    page = site.signed_in().get(f"{PUSHES}/{push.id}").text
    assert hostile not in page
    assert "%3Cscript%3E" in page


def letter_of_held(site: Any) -> int:
    [(letter,)] = site.rows("SELECT id FROM dead_letters WHERE code = 'stock-held' AND closed_at IS NULL")
    return int(letter)

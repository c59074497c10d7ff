"""What the pages show, and that what they show stays text."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from erpsync.domain.errors import Problem
from erpsync.domain.ids import ConnectionName
from erpsync.ledger import audit, connections, inbox
from erpsync.ports.spec import Role
from tests.web.console.conftest import problem

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def words(page: str) -> str:
    """A page's text as it is read, in one line."""
    text = " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())
    return re.sub(r" ([.:,])", r"\1", text)


def test_an_empty_ledger_is_shown_as_such(site: Any) -> None:
    visitor = site.signed_in()
    shown = words(visitor.get("/console").text)
    assert "Nothing needs a person. No job is waiting for a worker." in shown
    assert "olga (operator)" in shown
    assert "There are no jobs yet." in words(visitor.get("/console/jobs").text)
    assert "Nothing needs a person." in words(visitor.get("/console/dead-letters").text)
    assert "None has been closed yet." in words(visitor.get("/console/dead-letters?show=closed").text)


def test_the_overview_tells_what_needs_a_person(site: Any, seeds: Any, now: datetime) -> None:
    seeds.dead_job("#1001")
    seeds.done_job("#1002")
    seeds.job("#1003")
    seeds.unreadable(b"{")
    seeds.paused_connection(
        "netsuite", Problem("refused", "netsuite", "It refuses connections.", "Check its status page.")
    )
    with site.database.begin() as connection:
        for _ in range(2):
            inbox.refuse(connection, "?", "There is no such connection.", now)
    page = site.signed_in().get("/console").text
    shown = words(page)
    assert "2 dead letters need a person. 1 connection is paused." in shown
    assert "The oldest job that is due has waited" in shown
    assert "What happened It refuses connections. refused What to do Check its status page." in shown
    for counted in ("ready 1", "done 1", "dead 1", "running 0", "unreadable 1", "new 0"):
        assert counted in shown
    assert f"unknown name There is no such connection. 2 {now:%Y-%m-%d %H:%M:%S} UTC" in shown
    assert 'href="/console/jobs?state=dead"' in page
    assert "order #1001 Item TSHIRT-XL is not known. unknown-item Create the item, then replay." in shown
    assert "compare the webhook secret" in shown


def test_the_overview_shows_the_newest_dead_letters_and_the_way_to_the_others(site: Any, seeds: Any) -> None:
    for number in range(1, 8):
        seeds.dead_job(f"#{number}")
    page = site.signed_in().get("/console").text
    assert re.findall(r">order (#\d)<", page) == ["#7", "#6", "#5", "#4", "#3"]
    assert "All 7 dead letters" in words(page)


def test_what_there_is_none_of_is_not_shown_as_an_alarm(site: Any, seeds: Any) -> None:
    visitor = site.signed_in()
    assert 'class="badge dead"' not in visitor.get("/console").text
    seeds.dead_job("#1")
    assert 'class="badge dead"' in visitor.get("/console").text


def test_a_connection_that_asked_for_patience_says_until_when(site: Any, now: datetime) -> None:
    with site.database.begin() as connection:
        connections.see(connection, ConnectionName("erp"), "netsuite", Role.ERP, now)
        connections.leave_alone(connection, ConnectionName("erp"), now + timedelta(hours=1))
    assert "it asked for patience until" in words(site.signed_in().get("/console").text)


def test_dead_letters_of_one_kind_are_shown_together(site: Any, seeds: Any) -> None:
    seeds.dead_job("#1")
    seeds.dead_job("#2", Problem("no-tax-code", "erp", "No code for 7 percent.", "Add it to tax_codes, then replay."))
    visitor = site.signed_in()
    [address] = re.findall(
        r'href="(/console/dead-letters\?code=no-tax-code)"', visitor.get("/console/dead-letters").text
    )
    shown = words(visitor.get(address).text)
    assert "Only those with the code no-tax-code." in shown
    assert "order #2" in shown
    assert "order #1" not in shown
    assert "There is none." in words(visitor.get("/console/dead-letters?code=other").text)


def test_dead_letters_of_one_kind_are_paged(site: Any, seeds: Any) -> None:
    for number in range(1, 53):
        seeds.dead_job(f"#{number}")
    visitor = site.signed_in()
    page = visitor.get("/console/dead-letters?code=unknown-item").text
    [older] = map(unescape, re.findall(r'href="([^"]+)" rel="next"', page))
    assert re.findall(r">order (#\d+)<", visitor.get(older).text) == ["#2", "#1"]


def test_a_closed_dead_letter_leads_to_the_one_that_came_after_it(site: Any, seeds: Any) -> None:
    job_id, first = seeds.dead_job("#1")
    visitor = site.signed_in()
    visitor.submit(f"/console/dead-letters/{first}", f"/console/dead-letters/{first}/replay")
    second = seeds.dies_again(job_id)
    page = visitor.get(f"/console/dead-letters/{first}").text
    assert f"and needs a person again: dead letter {second}" in words(page)
    assert "What was to do" in page
    assert f"Or settle it otherwise: dead letter {second}" in words(visitor.get(f"/console/jobs/{job_id}").text)


def test_jobs_are_filtered_searched_and_paged(site: Any, seeds: Any) -> None:
    for number in range(1, 53):
        seeds.job(f"#{number}", source_id=f"gid-{number}")
    seeds.dead_job("#dead")
    visitor = site.signed_in()

    def numbers(path: str) -> list[str]:
        return re.findall(r'class="record"><a [^>]*>([^<]+)', visitor.get(path).text)

    first = numbers("/console/jobs")
    assert first == ["#dead", *(f"#{number}" for number in range(52, 3, -1))]
    [older] = re.findall(r'href="([^"]+)" rel="next"', visitor.get("/console/jobs").text)
    assert numbers(unescape(older)) == ["#3", "#2", "#1"]
    assert 'rel="next"' not in visitor.get(unescape(older)).text
    assert numbers("/console/jobs?state=dead") == ["#dead"]
    assert numbers("/console/jobs?state=ready&flow=orders&search=17") == ["#17"]
    assert numbers("/console/jobs?search=%20%2317%20") == ["#17"]
    assert numbers("/console/jobs?search=gid-9") == ["#9"]
    assert numbers("/console/jobs?flow=customers") == []
    assert "No job matches." in words(visitor.get("/console/jobs?search=nothing").text)
    [older] = re.findall(r'href="([^"]+)" rel="next"', visitor.get("/console/jobs?state=ready").text)
    assert unescape(older).startswith("/console/jobs?state=ready&before=")


def test_a_job_tells_its_story(site: Any, seeds: Any) -> None:
    job_id, letter = seeds.dead_job("#1001")
    page = site.signed_in().get(f"/console/jobs/{job_id}").text
    shown = words(page)
    assert "Order #1001 dead" in shown
    assert "What happened Item TSHIRT-XL is not known. unknown-item What to do Create the item, then replay." in shown
    assert "From shop, id #1001 To erp (not there yet)" in shown
    assert f'href="/console/dead-letters/{letter}"' in page
    assert re.search(r"UTC 0\.0 s 1 dead Item TSHIRT-XL is not known\. .*host:1", shown)
    assert f'action="/console/jobs/{job_id}/replay"' in page


def test_a_job_that_waits_says_until_when(site: Any, seeds: Any) -> None:
    job_id = seeds.waiting_job("#1", Problem("timeout", "erp", "It did not answer.", "Nothing."))
    page = site.signed_in().get(f"/console/jobs/{job_id}").text
    assert re.search(r"Next try \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", words(page))
    assert "/replay" not in page  # it runs by itself


def test_a_job_that_is_done_names_the_erps_record(site: Any, seeds: Any) -> None:
    job_id = seeds.done_job("#1")
    with site.database.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO links (kind, source, source_id, target, target_id, display)"
            " VALUES ('order', 'shop', '#1', 'erp', '4711', 'SO-77')"
        )
    visitor = site.signed_in()
    assert "To erp: SO-77, id 4711" in words(visitor.get(f"/console/jobs/{job_id}").text)
    assert "SO-77" in visitor.get("/console/jobs").text


def test_an_unreadable_delivery_is_described_and_comes_as_a_file(site: Any, seeds: Any) -> None:
    body = b"<script>alert(1)</script>\xff\x00"
    row, letter = seeds.unreadable(body, {"x-shop-topic": "orders/create", "user-agent": HOSTILE})
    visitor = site.signed_in()
    shown = words(visitor.get(f"/console/dead-letters/{letter}").text)
    assert "shop orders/create open" in shown
    assert f"Size {len(body)} bytes" in shown
    assert "x-shop-topic orders/create" in shown
    answer = visitor.get(f"/console/dead-letters/{letter}/body")
    assert answer.content == body
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="delivery-{row}.txt"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "script" not in answer.headers["Content-Security-Policy"]


def test_a_delivery_that_is_gone_is_not_there(site: Any, seeds: Any) -> None:
    _, of_job = seeds.dead_job("#1")
    _, letter = seeds.unreadable(b"{")
    with site.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM inbox")
    visitor = site.signed_in()
    assert "No delivery of it is kept." in words(visitor.get(f"/console/dead-letters/{letter}").text)
    for one in (letter, of_job, 999):
        assert visitor.get(f"/console/dead-letters/{one}/body").status_code == 404


def test_hostile_text_is_shown_as_text_everywhere(site: Any, seeds: Any, now: datetime) -> None:
    reason = Problem("c0de", "erp", f"what {HOSTILE}", f"next {HOSTILE}", record=HOSTILE)
    job_id, letter = seeds.dead_job(HOSTILE, reason)
    waiting = seeds.waiting_job(f"w{HOSTILE}", reason)
    _, unreadable = seeds.unreadable(b"{", {f"x{HOSTILE}": HOSTILE})
    seeds.paused_connection(f"p{HOSTILE}", reason)
    with site.database.begin() as connection:
        inbox.refuse(connection, HOSTILE, HOSTILE, now)
        audit.note(connection, actor=HOSTILE, action=HOSTILE, subject=HOSTILE, now=now)
    visitor = site.signed_in()
    visitor.submit(f"/console/dead-letters/{unreadable}", f"/console/dead-letters/{unreadable}/discard")
    for path in (
        "/console",
        "/console/jobs",
        f"/console/jobs?search={HOSTILE}&flow={HOSTILE[:50]}",
        f"/console/jobs/{job_id}",
        f"/console/jobs/{waiting}",
        "/console/dead-letters",
        "/console/dead-letters?show=closed",
        f"/console/dead-letters/{letter}",
        f"/console/dead-letters/{unreadable}",
    ):
        page = visitor.get(path)
        assert page.status_code == 200, path
        assert "<script" not in page.text
        assert "<img" not in page.text
    assert HOSTILE in unescape(visitor.get(f"/console/jobs/{job_id}").text)


def test_addresses_that_make_no_sense_are_answered_in_words(site: Any) -> None:
    visitor = site.signed_in()
    for path, status in {
        "/console/jobs/1": 404,
        "/console/jobs/0": 404,
        "/console/jobs/x": 404,
        "/console/jobs/9223372036854775808": 404,
        "/console/dead-letters/7": 404,
        "/console/nowhere": 404,
        "/console/jobs?state=odd": 400,
        "/console/jobs?before=-1": 400,
        "/console/jobs?before=99999999999999999999": 400,
        "/console/jobs?search=" + "x" * 201: 400,
        "/console/dead-letters?show=odd": 400,
    }.items():
        answer = visitor.get(path)
        assert answer.status_code == status, path
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "To the overview" in answer.text
        assert "odd" not in answer.text
    assert visitor.get("/console/jobs?search=%00&flow=%00").status_code == 200
    assert "There is no job 1." in visitor.get("/console/jobs/1").text


def test_every_page_is_labelled_for_those_who_do_not_see_it(site: Any, seeds: Any) -> None:
    job_id, letter = seeds.dead_job("#1")
    visitor = site.signed_in()
    for path in ("/console", "/console/jobs", f"/console/jobs/{job_id}", f"/console/dead-letters/{letter}"):
        page = visitor.get(path).text
        assert '<html lang="en">' in page
        assert len(re.findall(r"<h1[ >]", page)) == 1, path
        assert 'href="#main"' in page
        assert page.count("<table") == page.count("<caption") == page.count("<thead")
        assert not re.findall(r"<th(?! scope=)[ >]", page)
        shown_fields = re.findall(r'<(?:input|select) id="([^"]+)"', page)
        assert all(f'<label for="{name}">' in page for name in shown_fields)
        assert not re.findall(r"<(?:script|iframe|object)|\son\w+=|style=|javascript:", page)


def test_tables_of_many_columns_are_stacked_on_a_narrow_screen(site: Any, seeds: Any) -> None:
    job_id, _ = seeds.dead_job("#1")
    _, unreadable = seeds.unreadable(b"{", {"x-shop-topic": "orders/create"})
    seeds.paused_connection("erp", problem())
    site.deliver(x_shop_hmac="f")
    site.eventually("SELECT count(*) FROM refusals", [(1,)])
    visitor = site.signed_in()
    wide = 0
    for path in ("/console", "/console/jobs", f"/console/jobs/{job_id}", f"/console/dead-letters/{unreadable}"):
        for table, head in re.findall(r"<table([^>]*)>.*?<thead>(.*?)</thead>", visitor.get(path).text, re.DOTALL):
            if head.count("<th ") > 3:
                assert 'class="stacked"' in table, head
                wide += 1
    assert wide >= 5  # dead letters, connections, refusals, jobs, runs


def test_the_stylesheet_is_found_and_may_be_kept(site: Any) -> None:
    visitor = site.visitor()
    [address] = re.findall(r'<link rel="stylesheet" href="([^"]+)"', visitor.get("/console/sign-in").text)
    answer = visitor.get(address)
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "url(" not in answer.text  # nothing from elsewhere

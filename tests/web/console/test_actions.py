"""What operators do, and the trace it leaves."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

LATER = "Load this page again to see what came of it."
LIST = "/console/dead-letters"


def said(visitor: Any, path: str) -> str:
    """What the page says about the action before it; nothing the next time."""
    found = re.findall(r'<p class="flash[^>]*>(.*?)</p>', visitor.get(path).text)
    return unescape(found[0]) if found else ""


def test_a_job_is_replayed_in_the_operators_name(site: Any, seeds: Any) -> None:
    job_id, _ = seeds.dead_job("#1")
    visitor, page = site.signed_in(), f"/console/jobs/{job_id}"
    answer = visitor.submit(page, f"{page}/replay")
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert said(visitor, page) == f"Job {job_id} runs again from the latest state of its source. {LATER}"
    assert said(visitor, page) == ""
    assert site.rows("SELECT state, attempts FROM jobs") == [("ready", 0)]
    assert site.rows("SELECT closed_as, closed_by FROM dead_letters") == [("replayed", "olga")]
    assert site.rows("SELECT actor, action, subject FROM audit") == [("olga", "replay", f"job {job_id}")]


def test_a_dead_letter_is_replayed(site: Any, seeds: Any) -> None:
    _, letter = seeds.dead_job("#1")
    visitor, page = site.signed_in(), f"/console/dead-letters/{letter}"
    assert visitor.submit(page, f"{page}/replay").headers["Location"] == page
    assert said(visitor, page) == f"Dead letter {letter} is closed, and what it is about runs again. {LATER}"
    assert site.rows("SELECT state FROM jobs") == [("ready",)]
    assert "replayed by olga" in visitor.get("/console/dead-letters?show=closed").text.replace("</span>", "")


def test_all_dead_letters_shown_are_replayed_at_once(site: Any, seeds: Any) -> None:
    for number in ("#1", "#2", "#3"):
        seeds.dead_job(number)
    visitor = site.signed_in()
    assert "Replay all 3 shown here" in visitor.get(LIST).text
    assert visitor.submit(LIST, f"{LIST}/replay").headers["Location"] == LIST
    assert said(visitor, LIST) == f"3 dead letters were replayed. {LATER}"
    assert site.rows("SELECT DISTINCT state FROM jobs") == [("ready",)]
    assert site.rows("SELECT count(*) FROM audit WHERE actor = 'olga'") == [(3,)]


def test_one_that_cannot_be_replayed_keeps_none_of_the_others(site: Any, seeds: Any) -> None:
    letters = [seeds.dead_job(number)[1] for number in ("#1", "#2")]
    visitor = site.signed_in()
    form = visitor.forms(LIST)[f"{LIST}/replay"]
    visitor.submit(f"{LIST}/{letters[0]}", f"{LIST}/{letters[0]}/discard")
    visitor.get(LIST)
    assert visitor.post(f"{LIST}/replay", **form).status_code == 303
    assert said(visitor, LIST).startswith(f"1 of 2 were replayed. Dead letter {letters[0]} was discarded already.")
    assert site.rows("SELECT state FROM jobs ORDER BY id") == [("discarded",), ("ready",)]


def test_a_viewer_replays_nothing_at_once(site: Any, seeds: Any) -> None:
    _, letter = seeds.dead_job("#1")
    seeds.dead_job("#2")
    visitor = site.signed_in("vera")
    page = visitor.get(LIST).text
    assert f"{LIST}/replay" not in page
    csrf = visitor.forms(LIST)["/console/sign-out"]["csrf"]
    assert visitor.post(f"{LIST}/replay", csrf=csrf, id=letter).status_code == 403
    assert site.rows("SELECT DISTINCT state FROM jobs") == [("dead",)]


def test_an_unreadable_delivery_is_read_again(site: Any, seeds: Any) -> None:
    _, letter = seeds.unreadable(b"{")
    page = f"/console/dead-letters/{letter}"
    assert site.signed_in().submit(page, f"{page}/replay").status_code == 303
    assert site.rows("SELECT state FROM inbox") == [("new",)]
    assert site.wake.rows_at_intake == [1]


def test_a_dead_letter_is_discarded(site: Any, seeds: Any) -> None:
    _, letter = seeds.dead_job("#1")
    visitor, page = site.signed_in(), f"/console/dead-letters/{letter}"
    assert visitor.submit(page, f"{page}/discard").status_code == 303
    assert said(visitor, page) == f"Dead letter {letter} is discarded."
    assert site.rows("SELECT state FROM jobs") == [("discarded",)]
    assert site.rows("SELECT actor, action, subject FROM audit") == [("olga", "discard", f"dead letter {letter}")]
    shown = visitor.get(page).text
    assert f'action="{page}/' not in shown  # nothing is left to do with it


def test_what_is_not_possible_any_more_is_said(site: Any, seeds: Any) -> None:
    _, letter = seeds.dead_job("#1")
    visitor, page = site.signed_in(), f"/console/dead-letters/{letter}"
    form = visitor.forms(page)[f"{page}/replay"]
    assert visitor.post(f"{page}/discard", **form).status_code == 303
    visitor.get(page)
    assert visitor.post(f"{page}/replay", **form).headers["Location"] == page
    assert said(visitor, page).startswith(f"Dead letter {letter} was discarded already.")
    ready = seeds.job("#2")
    assert visitor.post(f"/console/jobs/{ready}/replay", **form).status_code == 303
    assert said(visitor, f"/console/jobs/{ready}").startswith(f"Job {ready} is not closed")
    assert site.rows("SELECT count(*) FROM audit") == [(1,)]


def test_two_operators_at_once_replay_once(site: Any, seeds: Any) -> None:
    _, letter = seeds.dead_job("#1")
    page = f"/console/dead-letters/{letter}"
    visitors = [site.signed_in() for _ in range(4)]
    forms = [visitor.forms(page)[f"{page}/replay"] for visitor in visitors]
    together = threading.Barrier(4)

    def replay(number: int) -> str:
        together.wait(60)
        visitors[number].post(f"{page}/replay", **forms[number])
        return said(visitors[number], page)

    with ThreadPoolExecutor(4) as pool:
        sentences = sorted(pool.map(replay, range(4)))
    assert [sentence.startswith(f"Dead letter {letter} was replayed already") for sentence in sentences].count(
        True
    ) == 3
    assert site.rows("SELECT count(*) FROM audit") == [(1,)]
    assert site.rows("SELECT wanted_revision FROM jobs") == [(2,)]

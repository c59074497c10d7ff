"""Who gets in, who may act, and that nothing but the console's own forms does."""

import base64
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.routing import APIRoute

from erpsync.web.console import actions, push_views, sign_in, stock_views, views

PAGES = [
    "/console",
    "/console/",
    "/console/jobs",
    "/console/jobs/1",
    "/console/dead-letters",
    "/console/dead-letters/1",
    "/console/dead-letters/1/body",
    "/console/pushes",
    "/console/pushes/1",
    "/console/pushes/1/confirm-apply",
    "/console/pushes/1/confirm-undo",
    "/console/stock",
    "/console/stock/erp/shop",
    "/console/stock/erp/shop/sku?sku=MUG",
]
ACTIONS = [
    "/console/jobs/1/replay",
    "/console/dead-letters/1/replay",
    "/console/dead-letters/1/discard",
    "/console/pushes/1/apply",
    "/console/pushes/1/undo",
    "/console/backfills/1/pause",
    "/console/backfills/1/resume",
    "/console/sign-out",
]
# Beside these; a GET of it is one of the page of a dead letter that is none.
ALL_SHOWN = "/console/dead-letters/replay"
PASSWORD = "opal-lantern-7"


def test_nothing_is_shown_to_strangers(site: Any) -> None:
    for path in PAGES:
        answer = site.visitor().get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/console/sign-in"), path
        assert answer.text == ""


def test_every_action_of_the_console_is_among_those_tried_here() -> None:
    served = {
        re.sub(r"{\w+}", "1", route.path)
        for router in (actions.router, push_views.router, sign_in.router, stock_views.router, views.router)
        for route in router.routes
        if isinstance(route, APIRoute) and route.methods != {"GET"}
    }
    assert served == {*ACTIONS, ALL_SHOWN, "/console/sign-in"}


def test_strangers_cannot_act(site: Any, seeds: Any) -> None:
    seeds.dead_job("#1")
    for path in (*ACTIONS, ALL_SHOWN):
        assert site.visitor().post(path, csrf="x").headers["Location"] == "/console/sign-in", path
    assert site.rows("SELECT state FROM jobs") == [("dead",)]


def test_signing_in_leads_to_the_page_that_was_asked_for(site: Any) -> None:
    visitor = site.visitor()
    visitor.get("/console/jobs?state=dead")
    answer = visitor.sign_in("olga", PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/jobs?state=dead")
    assert visitor.get("/console/jobs?state=dead").status_code == 200


@pytest.mark.parametrize(("name", "password"), [("olga", "wrong"), ("olga", ""), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_look_the_same(site: Any, name: str, password: str) -> None:
    visitor = site.visitor()
    answer = visitor.sign_in(name, password)
    assert answer.status_code == 403
    assert "The name or the password is wrong." in answer.text
    assert visitor.get("/console").status_code == 303


def test_guessing_is_slowed_down_by_name_and_address(site: Any) -> None:
    visitor = site.visitor()
    for _ in range(5):
        assert visitor.sign_in("olga", "guess").status_code == 403
    answer = visitor.sign_in("olga", PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert "Too many attempts" in answer.text
    assert site.signed_in("vera").get("/console").status_code == 200


def test_guesses_made_at_once_are_counted_too(site: Any) -> None:
    visitor = site.visitor()
    fields = visitor.forms("/console/sign-in")["/console/sign-in"]
    together = threading.Barrier(10)

    def guess(_: int) -> int:
        together.wait(60)
        return int(visitor.post("/console/sign-in", name="olga", password="guess", **fields).status_code)

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(guess, range(10))) == [403] * 5 + [429] * 5


def test_a_success_forgets_the_attempts_before(site: Any) -> None:
    for _ in range(3):
        visitor = site.visitor()
        for _ in range(4):
            visitor.sign_in("olga", "guess")
        assert visitor.sign_in("olga", PASSWORD).status_code == 303


def test_the_session_cookie_is_for_this_console_alone(site: Any) -> None:
    cookie = site.visitor().get("/console/sign-in").headers["Set-Cookie"].lower()
    assert cookie.startswith("erpsync_session=")
    for word in ("httponly", "samesite=strict", "path=/console", "max-age=43200"):
        assert word in cookie
    assert "secure" not in cookie  # not configured: plain http on this machine


def test_the_cookie_is_secure_when_configured(settings_of: Any, database_url: str, open_site: Any) -> None:
    toml = '[web]\nsecure_cookies = true\n[web.operators.olga]\npassword = { env = "OLGA_PASSWORD" }\n'
    with open_site(settings_of(database_url, toml)) as site:
        assert "; secure" in site.visitor().get("/console/sign-in").headers["Set-Cookie"].lower()


def _forged(cookie: str, **changes: str) -> str:
    payload, rest = cookie.split(".", 1)
    session = json.loads(base64.b64decode(payload)) | changes
    return base64.b64encode(json.dumps(session).encode()).decode() + "." + rest


@pytest.mark.parametrize("change", [{"name": "olga"}, {"csrf": "mine"}, {"wanted": "https://evil.example"}])
def test_a_session_that_was_tampered_with_is_none(site: Any, change: dict[str, str]) -> None:
    visitor = site.signed_in("vera")
    cookie = visitor.browser.cookies["erpsync_session"]
    visitor.browser.cookies.clear()
    headers = {"Cookie": f"erpsync_session={_forged(cookie, **change)}"}
    assert visitor.get("/console", **headers).status_code == 303
    headers = {"Cookie": f"erpsync_session={cookie}"}
    assert visitor.get("/console", **headers).status_code == 200  # the forgery differed in nothing else


@pytest.mark.parametrize("cookie", ["null", "x", "e30=.x.y", "\xff\xff", "." * 50])
def test_a_session_that_is_no_session_is_none(site: Any, cookie: str) -> None:
    headers = {"Cookie": f"erpsync_session={cookie}".encode("latin-1")}
    assert site.visitor().get("/console", **headers).status_code == 303


def test_a_changed_password_or_role_ends_sessions(settings_of: Any, database_url: str, open_site: Any) -> None:
    toml = '[web.operators.olga]\npassword = {{ env = "{}_PASSWORD" }}\nrole = "{}"\n'
    with open_site(settings_of(database_url, toml.format("OLGA", "operator"))) as site:
        cookie = site.signed_in("olga").browser.cookies["erpsync_session"]

    def status(password_of: str, role: str) -> int:
        with open_site(settings_of(database_url, toml.format(password_of, role))) as site:
            return int(site.visitor().get("/console", Cookie=f"erpsync_session={cookie}").status_code)

    assert status("OLGA", "operator") == 200  # a restart alone signs nobody out
    assert status("VERA", "operator") == 303
    assert status("OLGA", "viewer") == 303


def test_signing_out_ends_the_session_in_the_browser(site: Any) -> None:
    visitor = site.signed_in()
    answer = visitor.submit("/console", "/console/sign-out")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/sign-in")
    assert visitor.get("/console").status_code == 303


@pytest.mark.parametrize("token", [{}, {"csrf": ""}, {"csrf": "wrong"}, {"csrf": "\x00"}])
def test_a_form_without_this_sessions_token_does_nothing(site: Any, seeds: Any, token: dict[str, str]) -> None:
    job_id, letter = seeds.dead_job("#1")
    visitor = site.signed_in()
    assert (job_id, letter) == (1, 1)  # those that the actions name
    for path in (*ACTIONS, ALL_SHOWN):
        answer = visitor.post(path, **token, id=letter)
        assert answer.status_code == 403, path
        assert "not of your present session" in answer.text
    assert site.rows("SELECT state FROM jobs") == [("dead",)]
    assert site.rows("SELECT count(*) FROM audit") == [(0,)]
    assert visitor.get("/console").status_code == 200


def test_a_token_of_another_session_is_wrong(site: Any, seeds: Any) -> None:
    job_id, _ = seeds.dead_job("#1")
    token = site.signed_in().forms("/console")["/console/sign-out"]["csrf"]
    assert site.signed_in().post(f"/console/jobs/{job_id}/replay", csrf=token).status_code == 403


def test_signing_in_needs_the_token_too(site: Any) -> None:
    visitor = site.visitor()
    assert visitor.post("/console/sign-in", name="olga", password=PASSWORD).status_code == 403
    assert visitor.post("/console/sign-in", name="olga", password=PASSWORD, csrf="").status_code == 403


def test_the_token_changes_when_somebody_signs_in(site: Any) -> None:
    visitor = site.visitor()
    before = visitor.forms("/console/sign-in")["/console/sign-in"]["csrf"]
    visitor.sign_in("olga", PASSWORD)
    assert visitor.forms("/console")["/console/sign-out"]["csrf"] != before


def test_a_viewer_sees_all_and_does_nothing(site: Any, seeds: Any) -> None:
    job_id, letter = seeds.dead_job("#1")
    _, unreadable = seeds.unreadable(b"{", key="k")
    visitor = site.signed_in("vera")
    token = visitor.forms("/console")["/console/sign-out"]["csrf"]
    for page in (f"/console/jobs/{job_id}", f"/console/dead-letters/{letter}", f"/console/dead-letters/{unreadable}"):
        shown = visitor.get(page)
        assert shown.status_code == 200
        assert re.findall(r'action="([^"]+)"', shown.text) == ["/console/sign-out"]
    for path in (*(path for path in ACTIONS if path != "/console/sign-out"), ALL_SHOWN):
        answer = visitor.post(path, csrf=token, id=letter)
        assert answer.status_code == 403, path
        assert "Your role is viewer" in answer.text
    assert visitor.get(f"/console/dead-letters/{unreadable}/body").status_code == 403
    assert site.rows("SELECT state FROM jobs") == [("dead",)]
    assert site.rows("SELECT count(*) FROM audit") == [(0,)]


def test_actions_are_not_addresses_to_visit(site: Any, seeds: Any) -> None:
    seeds.dead_job("#1")
    visitor = site.signed_in()
    for path in ACTIONS:
        answer = visitor.get(path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST"), path
        assert "This address does not take GET requests." in answer.text
    assert site.rows("SELECT state FROM jobs") == [("dead",)]


def test_no_redirect_leaves_the_console(site: Any) -> None:
    for path in (
        "//evil.example",
        "//evil.example/console",
        "/console//evil.example",
        "/console/sign-in?wanted=https://evil.example",
        "/console/jobs?search=//evil.example",
        "/\\evil.example",
        "/console/jobs/",
        "/webhooks/shop/",
        "/",
    ):
        visitor = site.visitor()
        answer = visitor.get(path, Host="evil.example", X_Forwarded_Host="evil.example")
        followed = visitor.sign_in("olga", PASSWORD)
        for one in (answer, followed):
            location = one.headers.get("Location", "/console")
            assert location == "/console" or location.startswith(("/console/", "/console?")), path


def test_a_link_from_elsewhere_signs_nobody_out(site: Any) -> None:
    """The browser withholds the cookie then, as these requests do."""
    answer = site.visitor().get("/console/jobs?search=%22%3E%3Cb%3E&state=dead", Sec_Fetch_Site="cross-site")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    [again] = re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.text)
    assert again == "/console/jobs?search=%22%3E%3Cb%3E&amp;state=dead"
    assert site.visitor().get("/console/jobs", Sec_Fetch_Site="same-origin").status_code == 303


def test_without_operators_there_is_nothing_but_how_to_add_one(
    settings_of: Any, database_url: str, open_site: Any
) -> None:
    with open_site(settings_of(database_url, "[web]\n")) as site:
        for path in (*PAGES, *ACTIONS, "/console/sign-in"):
            for method in ("GET", "POST"):
                answer = site.send(path, b"", {}, method)
                assert answer.status_code == 403, path
                assert "[web.operators.NAME]" in answer.text
                assert "Set-Cookie" not in answer.headers
        assert site.deliver().status_code == 200  # webhooks need nobody to watch


def test_a_form_that_is_too_large_is_not_read(site: Any) -> None:
    visitor = site.visitor()
    assert visitor.post("/console/sign-in", name="x" * 20_000).status_code == 413
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = visitor.browser.post(site.url + "/console/sign-in", data=iter([b"name=x"]), headers=headers, timeout=10)
    assert answer.status_code == 411

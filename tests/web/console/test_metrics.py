"""`/metrics`: what Prometheus reads, and who may."""

import dataclasses
import re
import secrets
import time
from base64 import b64encode
from datetime import datetime
from typing import Any

import pytest
import requests

from erpsync.config import Settings
from erpsync.domain.ids import ConnectionName
from erpsync.engine.limits.limiter import ConnectionLimiter
from erpsync.engine.limits.shared import open_buckets
from erpsync.ledger import connections
from erpsync.ports.limits import CALLS, Allowance, Lesson, Rate, Window
from erpsync.ports.runtime import Tools
from erpsync.servers.launcher import Servers
from tests.web.conftest import PASSWORDS

_LINE = re.compile(r'(# (HELP|TYPE) erpsync_[a-z_]+ .+|erpsync_[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? -?[0-9.e+-]+)')


def read(site: Any, name: str = "vera", password: str | None = None) -> requests.Response:
    given = f"{name}:{PASSWORDS[name] if password is None else password}"
    header = {"Authorization": f"Basic {b64encode(given.encode()).decode()}"}
    answer: requests.Response = site.send("/metrics", None, header, "GET")
    return answer


def test_the_ledger_at_a_glance(site: Any, seeds: Any) -> None:
    seeds.dead_job("#1001")
    seeds.job("#1002")
    answer = read(site)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    assert 'erpsync_jobs{flow="orders",state="dead"} 1' in lines
    assert 'erpsync_jobs{flow="orders",state="ready"} 1' in lines
    assert "erpsync_dead_letters 1" in lines
    assert "erpsync_limits_shared 0" in lines  # the broker of this site is down
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families))


def test_limits_are_told_by_connection(
    open_site: Any, settings: Settings, servers: Servers, tools: Tools, now: datetime
) -> None:
    name = ConnectionName(f"shop-{secrets.token_hex(4)}")
    buckets = open_buckets(servers.redis_url, tools.clock, 1)
    with open_site(dataclasses.replace(settings, redis_url=servers.redis_url)) as site:
        with site.database.begin() as connection:
            connections.see(connection, name, "woocommerce", "store", now)
        allowance = Allowance({CALLS: Rate(0.01, 4.0)}, slots=4)
        limiter = ConnectionLimiter(name, "woocommerce", allowance, buckets, time.sleep, secrets.token_urlsafe)
        with limiter.permit():
            limiter.learn(Lesson(level=Window(left=7.0, most=10.0, ends_seconds=600.0)), "stock")
            limiter.learn(Lesson(throttled=True))
            lines = read(site).text.splitlines()
            page = site.signed_in().get("/console").text
    buckets.close()
    assert "erpsync_limits_shared 1" in lines
    assert f'erpsync_limit_rate{{connection="{name}",operation="calls"}} 0.005' in lines
    assert f'erpsync_limit_rate_configured{{connection="{name}",operation="calls"}} 0.01' in lines
    assert f'erpsync_limit_in_flight{{connection="{name}"}} 1' in lines
    assert f'erpsync_limit_slots{{connection="{name}"}} 2' in lines
    assert f'erpsync_limit_throttles_total{{connection="{name}"}} 1' in lines
    assert "0.005" in page
    assert "7 stock left for" in page
    assert ">1 of 2</td>" in page


@pytest.mark.parametrize("password", ["", "opal-lantern-7"])
def test_a_wrong_password_is_asked_for_again(site: Any, password: str) -> None:
    answer = read(site, password=password)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "erpsync_" not in answer.text


def test_nobody_reads_them_without_a_name(site: Any) -> None:
    answer = site.send("/metrics", None, {}, "GET")
    assert answer.status_code == 401
    assert "erpsync_" not in answer.text


def test_passwords_are_not_tried_for_long(site: Any) -> None:
    statuses = [read(site, password="guess").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert read(site).status_code == 429


def test_there_are_none_where_nobody_may_sign_in(open_site: Any, settings_of: Any, database_url: str) -> None:
    with open_site(settings_of(database_url, "")) as site:
        assert read(site).status_code == 404

"""The configuration file: whatever is wrong with it is said in its own words, all of it at once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from erpsync import bootstrap, config
from erpsync.domain.errors import ConfigurationError

SOUND = """
[connections.shop]
system = "shopify"
shop = "example.myshopify.com"
access_token = { env = "TOKEN" }
webhook_secret = { file = "secret" }

[[routes]]
source = "shop"
target = "shop"
flows = ["orders"]
guest_customer = "42"

[web]
port = 8081
[web.operators.ada]
password = { env = "TOKEN" }
role = "operator"
[web.operators.bob]
password = { env = "TOKEN" }

[alerts]
url = { env = "TOKEN" }
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in, with what SOUND points to, and addresses that nobody connects to."""
    monkeypatch.chdir(tmp_path)
    for variable in ("ERPSYNC_CONFIG", "ERPSYNC_BROKER_URL", "ERPSYNC_CONCURRENCY", "ERPSYNC_TASK_SECONDS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("ERPSYNC_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("ERPSYNC_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("TOKEN", "sekret")
    (tmp_path / "secret").write_text("sekret\n")
    return tmp_path


def problems(text: str) -> list[str]:
    Path("erpsync.toml").write_text(text, encoding="utf-8")
    try:
        config.load()
    except ConfigurationError as error:
        return list(error.problems)
    return []


def test_a_sound_file_is_read_with_its_secrets() -> None:
    Path("erpsync.toml").write_text(SOUND, encoding="utf-8")

    settings = config.load()

    (shop,) = settings.connections.values()
    assert (shop.system, shop.values["shop"]) == ("shopify", "example.myshopify.com")
    assert (
        shop.values["access_token"].get_secret_value() == shop.values["webhook_secret"].get_secret_value() == "sekret"
    )
    assert [(one.name, one.role) for one in settings.web.operators] == [("ada", "operator"), ("bob", "viewer")]
    assert (settings.web.port, settings.flower.port, settings.web.secure_cookies) == (8081, 5555, False)
    assert [(one.flows, one.guest_customer) for one in settings.routes] == [(("orders",), "42")]
    assert settings.alert_url
    assert settings.alert_url.get_secret_value() == "sekret"
    assert "sekret" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("web = 3", "[web] is a whole number; it must be a table."),
        ('[web]\nport = "http"', "[web] port is text; it must be a whole number, as in port = 8080."),
        ("[web]\nport = 80.5", "[web] port is a number with decimals; it must be a whole number, as in port = 8080."),
        ("[web]\nport = 70000", "[web] port should be less than or equal to 65535, as in port = 8080."),
        ("[web]\nhost = 1", '[web] host is a whole number; it must be text, as in host = "127.0.0.1".'),
        ("[web]\nhost = 2026-01-01", '[web] host is a date or time; it must be text, as in host = "127.0.0.1".'),
        (
            "[web]\nsecure_cookies = 1",
            "[web] secure_cookies is a whole number; it must be true or false, as in secure_cookies = false.",
        ),
        ('[web]\noperators = "ada:pw"', "[web] operators is text; it must be a table."),
        ("[web]\nprt = 80", "[web] prt is not a setting; did you mean port?"),
        ('[web.operators]\nada = "pw"', "[web.operators] ada is text; it must be a table."),
        ("[web.operators.ada]", '[web.operators.ada] needs a line like password = { env = "VARIABLE" }.'),
        (
            '[web.operators.ada]\npassword = "pw"',
            '[web.operators.ada] password is a secret: write password = { env = "VARIABLE" } or { file = "/path" }.',
        ),
        (
            '[web.operators.ada]\npassword = { env = "TOKEN" }\nrole = "admin"',
            "[web.operators.ada] role is one of viewer, operator.",
        ),
        (
            '[web.operators.ada]\npassword = { env = "TOKEN" }\nrights = "all"',
            "[web.operators.ada] rights is not a setting.",
        ),
        (
            '[flower]\npassword = "pw"',
            '[flower] password is a secret: write password = { env = "VARIABLE" } or { file = "/path" }.',
        ),
        ('[alerts]\nurl = { env = "UNSET" }', "[alerts] url: the environment variable UNSET is not set."),
        ('[alerts]\nurl = { file = "gone" }', "[alerts] url: gone cannot be read (FileNotFoundError)."),
        (
            "connections = 3",
            "connections is a whole number; each one is a table that begins with a line like [connections.shop].",
        ),
        ("[connections]\nshop = 3", '[connections.shop] needs a line like system = "shopify".'),
        (
            '[connections."shop/eu"]\nsystem = "shopify"',
            "[connections.shop/eu]: a name is of letters, digits, - and _, as in [connections.shop], for addresses and the"
            " ERP's references are built on it.",
        ),
        ("[connections.shop]\nsystem = 3", '[connections.shop] needs a line like system = "shopify".'),
        ("[routes]", "routes is a table; each route is a table that begins with a line [[routes]]."),
        ("port = 1", "port is not a table of erpsync's; there are connections, routes, web, flower and alerts."),
        ("[webb]", "[webb] is not a table of erpsync's; there are connections, routes, web, flower and alerts."),
    ],
)
def test_each_wrong_value_is_one_sentence_that_quotes_none(text: str, sentence: str) -> None:
    assert problems(text) == [sentence]
    assert "pw" not in sentence


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('flows = "orders"', 'flows is text; it must be a list, as in flows = ["orders"].'),
        ('flows = ["orders", 3]', 'flows, entry 2, is a whole number; it must be text, as in flows = ["orders"].'),
        ('flows = ["orders"]\nguest_customer = 42', "guest_customer is a whole number; it must be text, as in"),
        ('flows = ["orders"]\nsend_test_orders = "no"', "send_test_orders is text; it must be true or false, as in"),
        ('flows = ["orders"]\nfrom = "x"', "from is not a setting."),
        ('flows = ["products"]\nproduct_fields = ["titel"]', "product_fields, entry 1, should be 'title',"),
    ],
)
def test_a_route_is_named_by_its_number(line: str, sentence: str) -> None:
    (problem,) = problems(f'{SOUND}\n[[routes]]\nsource = "shop"\ntarget = "shop"\n{line}')

    assert problem.startswith(f"[[routes]] number 2: {sentence}")


def test_a_route_without_its_ends_or_its_flows_is_told_all_three() -> None:
    assert problems("[[routes]]\nflows = []") == [
        '[[routes]] number 1 needs a line like source = "shop".',
        '[[routes]] number 1 needs a line like target = "erp".',
        '[[routes]] number 1 needs a line like flows = ["orders"].',
    ]


def test_what_stands_round_a_secret_is_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", " sekret\n")
    Path("erpsync.toml").write_text(SOUND, encoding="utf-8")

    [shop] = config.load().connections.values()

    assert shop.values["access_token"].get_secret_value() == "sekret"
    monkeypatch.setenv("TOKEN", " \n")
    assert "[alerts] url: the environment variable TOKEN is not set." in problems(SOUND)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ERPSYNC_CONCURRENCY", "four"),
        ("ERPSYNC_CONCURRENCY", "0"),
        ("ERPSYNC_CONCURRENCY", "1.5"),
        ("ERPSYNC_TASK_SECONDS", "five minutes"),
        ("ERPSYNC_SWEEP_SECONDS", "-1"),
        ("ERPSYNC_SWEEP_SECONDS", "nan"),
        ("ERPSYNC_SWEEP_SECONDS", "inf"),
    ],
)
def test_a_variable_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, text: str) -> None:
    monkeypatch.setenv(variable, text)

    (problem,) = problems(SOUND)

    assert problem.startswith(f"{variable} is not a ")
    assert "number of at least" in problem


def test_problems_of_the_file_and_of_the_systems_are_one_report() -> None:
    Path("erpsync.toml").write_text(
        """
        [web]
        port = "http"
        [connections.shop]
        system = "shopify"
        access_token = { env = "UNSET" }
        api_version = 3
        [connections.other]
        system = "abacus"
        """
    )

    with pytest.raises(ConfigurationError) as raised:
        bootstrap.configured()

    told = list(raised.value.problems)
    assert told[:2] == [
        "[web] port is text; it must be a whole number, as in port = 8080.",
        "[connections.shop] access_token: the environment variable UNSET is not set.",
    ]
    assert sum("access_token" in one for one in told) == 1
    assert any(one.startswith("[connections.shop] needs shop. The store's permanent address") for one in told)
    assert any(one.startswith("[connections.shop] api_version is a whole number; it must be text") for one in told)
    assert any("system = 'abacus' is not known" in one for one in told)


def test_a_day_from_which_orders_are_sent_begins_at_midnight_utc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERPSYNC_DATABASE_URL", "postgresql://erpsync@127.0.0.1/erpsync")
    monkeypatch.setenv("ERPSYNC_REDIS_URL", "redis://127.0.0.1:6379/0")
    file = tmp_path / "erpsync.toml"
    file.write_text(
        '[connections.shop]\nsystem = "shopify"\n[connections.erp]\nsystem = "odoo"\n'
        '[[routes]]\nsource = "shop"\ntarget = "erp"\nflows = ["orders"]\norders_from = 2026-12-01\n'
    )
    [route] = config.load(file).routes
    assert route.orders_from == datetime(2026, 12, 1, tzinfo=UTC)

"""How erpsync proves itself to NetSuite's REST services, and what `erpsync doctor` says of a connection by REST."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from erpsync.domain.errors import Unavailable
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.netsuite.rest_token import proof
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.systems.netsuite.simulator_records import ACCOUNTS
from erpsync.systems.netsuite.simulator_rest_access import PrivateKey
from tests.systems.netsuite.rest_stand import Account, account
from tests.systems.netsuite.stand import MovableClock


@pytest.fixture
def ours(tools: Tools) -> Iterator[Account]:
    with account(tools) as opened:
        yield opened


def bad(checks: Sequence[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks if not check.ok}


def pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_one_token_serves_many_calls(ours: Account) -> None:
    erp = ours.erp()

    for _ in range(3):
        erp.ping()

    assert ours.calls("token") == 1


def test_a_token_is_renewed_before_it_ends(tools: Tools) -> None:
    clock = MovableClock()
    simulator = NetSuiteSimulator(skus={"SKU-0001": Decimal(5)}, customers=1, now=clock.now)
    with account(tools, simulator, clock) as opened:
        erp = opened.erp()
        erp.ping()
        clock.moved = timedelta(minutes=54)
        erp.ping()
        assert opened.calls("token") == 1
        clock.moved = timedelta(minutes=56)
        erp.ping()

        # The first one would have lasted until the hour was full: it was not used up to its end.
        assert opened.calls("token") == 2
        assert opened.calls("serverTime") == 3


def test_a_token_that_is_revoked_early_is_renewed_once_and_the_call_goes_on(ours: Account) -> None:
    erp = ours.erp()
    erp.ping()
    ours.simulator.rest.certificates.end_all()

    assert erp.find_orders(["shop-1"]) == {"shop-1": ()}

    assert ours.calls("token") == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: rsa.generate_private_key(public_exponent=65537, key_size=3072),
    ],
    ids=["ES256", "ES384", "PS256"],
)
def test_every_kind_of_key_that_netsuite_takes_signs_in(tools: Tools, make: Callable[[], PrivateKey]) -> None:
    with account(tools, key=make()) as opened:
        opened.erp().ping()

        assert opened.calls("token") == 1


def test_a_key_pasted_as_one_line_signs_in(ours: Account) -> None:
    key = ours.simulator.rest.certificates.private_key

    ours.erp(private_key=key.replace("\n", "\\n")).ping()

    assert ours.calls("token") == 1


def test_what_is_no_key_is_told_before_anything_is_sent(ours: Account) -> None:
    with pytest.raises(Unavailable) as refused:
        ours.erp(private_key="-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----").ping()

    assert refused.value.code == "private-key-unusable"
    assert "private_key" in refused.value.problem.next_step
    assert "nonsense" not in str(refused.value)
    assert ours.calls("token") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"private_key": pem(ec.generate_private_key(ec.SECP256R1()))},
        {"client_id": "wrong"},
        {"certificate_id": "wrong"},
    ],
    ids=["key", "client", "certificate"],
)
def test_wrong_credentials_stop_the_connection_not_the_orders(ours: Account, wrong: dict[str, str]) -> None:
    with pytest.raises(Unavailable) as refused:
        ours.erp(**wrong).find_orders(["shop-1"])

    assert refused.value.code == "credentials-refused"
    assert "OAuth 2.0 Client Credentials" in refused.value.problem.next_step
    assert "PRIVATE KEY" not in str(refused.value)


def test_a_revoked_certificate_stops_the_connection_until_it_is_back(ours: Account) -> None:
    erp = ours.erp()
    erp.ping()
    ours.simulator.rest.certificates.revoked = True
    with pytest.raises(Unavailable):
        erp.ping()

    ours.simulator.rest.certificates.revoked = False
    erp.ping()


def test_a_proof_is_for_the_account_it_names_alone(ours: Account) -> None:
    settings = ours.settings(base_url="", account="765-sb1")

    claims = jwt.decode(proof(settings, datetime.now(UTC)), options={"verify_signature": False})

    assert claims["aud"] == "https://765-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
    assert claims["scope"] == "rest_webservices"
    assert claims["exp"] - claims["iat"] < 3600


def test_an_outage_of_the_token_service_is_no_matter_of_credentials(ours: Account) -> None:
    fault = ours.fault(Fault(FaultKind.STATUS, "token", status=503))

    with pytest.raises(Unavailable) as down:
        ours.erp().ping()

    assert fault.fired == 1
    assert down.value.code != "credentials-refused"


def test_doctor_finds_all_well_with_the_simulators_own_settings(ours: Account) -> None:
    before = ours.served.records()

    checks = ours.erp().check()

    assert bad(checks) == {}
    names = [check.name for check in checks]
    assert names[:2] == ["signed in", "clock"]
    assert {"may read sales orders", "may read credits", "subsidiary", "stock_locations", "tax"} <= set(names)
    assert ours.served.records() == before
    assert not [name for name in ours.served.faulty.operations if name.startswith(("PUT", "PATCH", "POST"))]


def test_doctor_tells_the_limit_to_administrators_only(ours: Account) -> None:
    def limit() -> str:
        return next(check.detail for check in ours.erp().check() if check.name == "concurrency limit")

    assert "only administrators" in limit()
    ours.simulator.rest.administrator = True
    assert "5 requests at once" in limit()


@pytest.mark.parametrize(("minutes", "side"), [(20, "ahead"), (-20, "behind")])
def test_doctor_blames_the_clock_where_the_clock_is_wrong(ours: Account, minutes: int, side: str) -> None:
    ours.clock.moved = timedelta(minutes=minutes)

    failures = bad(ours.erp().check())

    assert set(failures) == {"signed in", "clock"}
    assert "clock is off by" in failures["signed in"].detail
    assert "NTP" in failures["signed in"].next_step
    assert side in failures["clock"].detail


def test_doctor_tells_a_drifting_clock_before_netsuite_refuses_it(ours: Account) -> None:
    ours.clock.moved = timedelta(seconds=-120)

    assert set(bad(ours.erp().check())) == {"clock"}


def test_doctor_asks_no_more_after_a_failed_login(ours: Account) -> None:
    checks = ours.erp(client_id="wrong").check()

    assert [(check.name, check.ok) for check in checks] == [("signed in", False), ("clock", True)]
    assert "`account`" in checks[0].next_step


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("salesOrder", ["may read sales orders"]),
        ("customer", ["may read customers"]),
        ("creditMemo", ["may read credits"]),
        ("customerDeposit", ["may read customer deposits"]),
        ("itemFulfillment", ["may read item fulfillments"]),
        ("item", ["may read items", "may read stock"]),
    ],
)
def test_doctor_names_the_permission_that_is_missing(ours: Account, kind: str, names: list[str]) -> None:
    ours.simulator.denied.add(kind)

    failures = bad(ours.erp().check())

    assert set(names) <= set(failures)
    assert all("role" in check.next_step for check in failures.values())


def test_doctor_says_where_no_stock_would_be_told(ours: Account) -> None:
    fault = ours.fault(Fault(FaultKind.STATUS, "suiteql location", status=200, body=b'{"items": []}'))

    failures = bad(ours.erp(stock_locations="").check())

    assert fault.fired == 1
    assert list(failures) == ["may read stock"]
    assert "location" in failures["may read stock"].next_step


def test_doctor_finds_a_setting_that_is_not_on_the_first_page(ours: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart of accounts may have more rows than one answer takes."""
    for number in range(1000, 2000):
        monkeypatch.setitem(ACCOUNTS, str(number), f"Account {number}")

    assert bad(ours.erp(payment_account="1999").check()) == {}
    assert set(bad(ours.erp(payment_account="2000").check())) == {"payment_account"}


def test_doctor_tells_what_rest_web_services_need(ours: Account) -> None:
    ours.simulator.denied.add("webServices")

    assert "REST Web Services" in bad(ours.erp().check())["signed in"].next_step


@pytest.mark.parametrize(
    ("setting", "value", "name"),
    [
        ("subsidiary", "77", "subsidiary"),
        ("location", "77", "location"),
        ("stock_locations", "1, 77", "stock_locations"),
        ("currencies", {"EUR": "77"}, "currencies"),
        ("price_lists", "Nobody's", "price_lists"),
        ("base_price_level", "77", "base_price_level"),
        ("payment_methods", {"card": "77"}, "payment_methods"),
        ("payment_account", "77", "payment_account"),
        ("customer_groups", {"wholesale": "77"}, "customer_groups"),
        ("default_shipping_method", "77", "shipping_methods"),
        ("tip_item", "77", "tip_item 77"),
        ("order_fields", {"custbody_nowhere": "note"}, "order_fields"),
        ("customer_fields", {"custentity_nowhere": "note"}, "customer_fields"),
    ],
)
def test_doctor_names_the_setting_that_points_nowhere(ours: Account, setting: str, value: object, name: str) -> None:
    failures = bad(ours.erp(**{setting: value}).check())

    assert set(failures) == {name}
    assert failures[name].next_step


def test_doctor_says_where_tax_on_lines_has_no_tax_code(ours: Account) -> None:
    failures = bad(ours.erp(tax_handling="lines", tax_codes={"19": "77"}).check())

    assert set(failures) == {"tax"}
    assert "tax_codes" in failures["tax"].next_step

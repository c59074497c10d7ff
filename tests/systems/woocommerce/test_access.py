"""How the shop lets a key in, and what its refusals become."""

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.domain.ids import SourceId
from erpsync.ports.runtime import Tools
from erpsync.ports.store_records import OrderMark
from erpsync.sandbox.faults import FaultKind
from erpsync.testing.clock import TestClock
from tests.systems.woocommerce.stand import Stand, stand


class Shifted:
    """A clock that is wrong by so much."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


def refusal(shop: Stand, **changes: object) -> SyncError:
    with pytest.raises(SyncError) as caught:
        shop.open(**changes).ping()
    error = caught.value
    assert error.problem.next_step
    assert "cs_" not in str(error)
    return error


def mark(shop: Stand, order_id: str, **changes: object) -> SyncError | None:
    return shop.open(**changes).mark_orders([OrderMark(SourceId(order_id), "held")])[SourceId(order_id)]


def test_plain_http_is_signed_and_tls_is_not(tools: Tools) -> None:
    with stand(tools) as plain:
        plain.open().ping()
        assert refusal(plain, authentication="basic").code == "credentials-refused"
    with stand(tools, tls=True) as behind_tls:
        behind_tls.open().ping()


@pytest.mark.parametrize("tls", [False, True])
def test_wrong_keys_are_told_from_wrong_signatures(tools: Tools, tls: bool) -> None:
    with stand(tools, tls=tls) as shop:
        assert refusal(shop, consumer_key="ck_other").code == "credentials-refused"
        wrong = refusal(shop, consumer_secret="cs_other")
        assert isinstance(wrong, Unavailable)
        assert wrong.code == ("credentials-refused" if tls else "signature-refused")


def test_a_shop_in_a_sub_folder_is_reached(tools: Tools) -> None:
    with stand(tools, folder="/shop") as shop:
        order_id = shop.shop.place({"SKU-0001": 1})
        assert shop.order(order_id).source_id == order_id
        assert refusal(shop, url=shop.values["url"].removesuffix("/shop")).code == "api-not-found"


def test_a_shop_called_by_another_address_is_signed_for_its_own(tools: Tools) -> None:
    with stand(tools, home="http://shop.example.com", folder="/de") as shop:
        assert refusal(shop).code == "signature-refused"
        shop.open(site_address="http://shop.example.com/de").ping()


def test_an_own_address_with_its_port_is_signed(tools: Tools) -> None:
    with stand(tools, home="http://10.0.0.7:8080", folder="/de") as shop:
        assert refusal(shop).code == "signature-refused"
        shop.open(site_address="http://10.0.0.7:8080/de").ping()


def test_a_shop_over_tls_whose_server_drops_the_header_takes_signatures(tools: Tools) -> None:
    with stand(tools, tls=True, home="https://shop.example.com") as shop:
        shop.open(authentication="oauth1", site_address="https://shop.example.com").ping()


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_wrong_is_told_as_that(shop: Stand, hours: int) -> None:
    wrong = replace(shop, tools=replace(shop.tools, clock=Shifted(timedelta(hours=hours))))
    error = refusal(wrong)
    assert (error.code, isinstance(error, Unavailable)) == ("clock-refused", True)
    assert "NTP" in error.problem.next_step


def test_a_request_that_something_between_repeats_is_not_taken_for_done_nor_undone(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    stuck = replace(shop, tools=replace(shop.tools, nonce=lambda: "always-the-same"))
    assert isinstance(stuck.open().ping(), type(None))
    assert isinstance(refusal(stuck), Transient)
    with pytest.raises(OutcomeUnknown) as unknown:
        mark(stuck, order_id)
    assert unknown.value.settle_seconds == 1


def test_every_try_is_signed_anew(shop: Stand) -> None:
    fault = shop.fault(FaultKind.STATUS, "GET orders", status=503)
    store = shop.open()
    with pytest.raises(Unavailable):
        store.ping()
    store.ping()
    store.ping()
    assert fault.fired == 1


def test_a_key_that_may_only_read_reads_and_is_told_what_it_lacks(tools: Tools) -> None:
    with stand(tools, permissions="read") as shop:
        order_id = shop.shop.place({"SKU-0001": 1})
        shop.order(order_id)
        with pytest.raises(Rejected) as refused:
            mark(shop, order_id)
        assert refused.value.code == "permission-missing"
        assert "Read/Write" in refused.value.problem.next_step


def test_a_user_without_a_right_is_told_so(tools: Tools) -> None:
    with stand(tools, denied=frozenset({"orders"})) as shop:
        assert refusal(shop).code == "permission-missing"


def test_throttling_says_how_long_to_wait(tools: Tools) -> None:
    clock = TestClock()
    with stand(replace(tools, clock=clock), clock=clock.now, requests_per_second=0.1, burst=1) as shop:
        store = shop.open()
        store.ping()
        with pytest.raises(Throttled) as throttled:
            store.ping()
        assert throttled.value.retry_after_seconds == 10


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"status": 503, "headers": (("Retry-After", "600"),)}, "unavailable"),
        ({"status": 403, "body": b"<html>Blocked</html>"}, "request-blocked"),
        ({"status": 404, "body": b"<html>Not found</html>"}, "api-not-found"),
        ({"status": 418, "body": b"teapot"}, "answer-unexpected"),
        ({"status": 200, "body": b"<br />Notice: in plugin.php [1]"}, "reply-unreadable"),
        ({"status": 400, "body": b'{"code":"rest_invalid_param"}'}, "answer-unexpected"),
    ],
)
def test_what_stands_in_front_of_a_shop_is_not_blamed_on_the_record(
    shop: Stand, fault: dict[str, Any], code: str
) -> None:
    armed = shop.fault(FaultKind.STATUS, "GET orders", **fault)
    error = refusal(shop)
    assert (error.code, armed.fired) == (code, 1)
    assert isinstance(error, Transient)


def test_maintenance_is_waited_out(shop: Stand) -> None:
    shop.fault(FaultKind.STATUS, "GET orders", status=503, headers=(("Retry-After", "600"),))
    error = refusal(shop)
    assert isinstance(error, Unavailable)
    assert error.retry_after_seconds == 600


def test_a_shop_that_moved_is_told_with_the_fix(tools: Tools) -> None:
    with stand(tools, moved_to="https://www.shop.example.com") as shop:
        error = refusal(shop)
        assert (error.code, isinstance(error, Unavailable)) == ("shop-moved", True)


def test_a_write_whose_answer_cannot_be_read_may_have_been_done(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    for body in (b"<br />Warning: in plugin.php", b"[]", b'{"update": []}'):
        armed = shop.fault(FaultKind.STATUS, "POST orders/batch", status=200, body=body)
        with pytest.raises(OutcomeUnknown) as unknown:
            mark(shop, order_id)
        assert (armed.fired, unknown.value.settle_seconds) == (1, 1)


def test_a_shop_that_does_not_answer_in_time_is_unavailable(shop: Stand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        error = refusal(shop, url=url, timeout_seconds=0.1)
    assert (error.code, isinstance(error, Unavailable)) == ("timed-out", True)

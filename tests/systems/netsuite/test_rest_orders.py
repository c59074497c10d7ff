"""What arrives in NetSuite by REST: the same as by SOAP, wherever REST has words for it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order, TaxLine
from erpsync.domain.payments import Refund, RefundLine
from erpsync.ports.erp_records import RecordRef, RefundDraft
from erpsync.ports.runtime import Tools
from erpsync.systems.netsuite.rest_mapper import spelled, with_tax
from tests.systems.netsuite.rest_stand import Account, account
from tests.systems.netsuite.stand import customer_draft, eur, order, order_line, shipping_line


@pytest.fixture
def ours(tools: Tools) -> Iterator[Account]:
    with account(tools) as opened:
        yield opened


def taxed(amount: str, rate: str = "0.19") -> tuple[TaxLine, ...]:
    return (TaxLine(title="VAT", amount=eur(amount), rate=Decimal(rate)),)


FULL = order(
    "1",
    order_line("SKU-0001", "3", "6.90", discount=eur("2.07"), taxes=taxed("2.97")),
    order_line("SKU-0002", "1", "7.90", taxes=taxed("1.26")),
    shipping_lines=(shipping_line(taxes=taxed("0.78")),),
    tip=eur("1.00"),
    fees=eur("0.50"),
    rounding=eur("-0.02"),
    note='Please ring twice, it\'s the "second" door – ünder the arch',
    payment_methods=("card",),
)


def made(erp: Any, ours: Account, one: Order) -> RecordRef:
    ref = erp.create_orders([ours.draft(one)])[f"shop-{one.source_id}"]
    assert isinstance(ref, RecordRef), ref
    return ref


FIELDS = {
    "order_fields": {
        "custbody_gift_note": "note",
        "custbody_vip": "total.amount > `10`",
        "custbody_channel:select": "'5'",
        "custcol_engraving": "'for ' && number || ''",
        "memo": "number",
        "class": "'7'",
    },
    "payment_field": "custbody_payment",
}


@pytest.mark.parametrize("fields", [{}, FIELDS], ids=["plain", "fields of the merchant"])
@pytest.mark.parametrize("amended", [False, True], ids=["new", "amended"])
def test_both_transports_book_an_order_alike(tools: Tools, fields: dict[str, Any], amended: bool) -> None:
    books = []
    for transport in ("rest", "soap"):
        with account(tools) as ours:
            erp = ours.erp(**fields) if transport == "rest" else ours.soap(**fields)
            ref = made(erp, ours, FULL)
            if amended:
                later = FULL.model_copy(update={"lines": FULL.lines[1:], "note": "", "shipping_lines": ()})
                later = later.model_copy(update={"total": eur("9.38")})
                written = erp.amend_orders({ref.target_id: ours.draft(later)})[ref.target_id]
                assert isinstance(written, RecordRef), written
            [booked] = ours.orders()
            books.append(booked)

    by_rest, by_soap = (_comparable(booked) for booked in books)
    assert by_rest == by_soap


def _comparable(booked: dict[str, Any]) -> dict[str, Any]:
    """What stays of an order when a transport's own words are taken away: countries are spelled two ways, tax by the
    word of the account's kind of tax, and custom fields of an account in any order."""
    left = {name: value for name, value in booked.items() if value is not None and value != {}}
    left["tranDate"] = left["tranDate"][:10]
    for place in ("billingAddress", "shippingAddress"):
        left[place] = {name: value for name, value in left[place].items() if name != "country"}
    left["lines"] = [{**line, "tax": Decimal(line["tax"])} for line in left["lines"]]
    fields = left.pop("customFieldList", {"customField": []})["customField"]
    left["custom"] = sorted((field["scriptId"], str(_plain(field["value"]))) for field in fields)
    return left


def _plain(value: Any) -> Any:
    return value["internalId"] if isinstance(value, dict) else value


def test_each_transport_finds_what_the_other_made(ours: Account) -> None:
    by_rest = made(ours.erp(), ours, FULL)
    second = order("2")
    by_soap = made(ours.soap(), ours, second)

    assert ours.soap().find_orders(["shop-1"]) == {"shop-1": (by_rest,)}
    assert ours.erp().find_orders(["shop-2"]) == {"shop-2": (by_soap,)}
    assert made(ours.erp(), ours, second) == by_soap
    assert len(ours.orders()) == 2


def test_addresses_name_the_country_by_its_letters(ours: Account) -> None:
    made(ours.erp(), ours, FULL)

    assert ours.orders()[0]["shippingAddress"]["country"] == "DE"


def test_an_order_is_shown_before_it_is_written(ours: Account) -> None:
    preview = ours.erp().preview_order(ours.draft(FULL))

    assert isinstance(preview, dict)
    assert preview["externalId"] == "shop-1"
    assert preview["entity"] == {"id": ours.customer_id}
    assert preview["tranDate"] == "2026-11-20"
    assert [line["amount"] for line in preview["item"]["items"]][:1] == ["17.40"]
    assert ours.orders() == []


@pytest.mark.parametrize("transport", ["rest", "soap"])
@pytest.mark.parametrize("others", [{}, {"custbody_channel": "number"}], ids=["alone", "beside others"])
def test_what_an_order_no_longer_has_is_emptied(ours: Account, transport: str, others: dict[str, str]) -> None:
    table = {"order_fields": {"custbody_gift_note": "note", **others}}
    erp = ours.erp(**table) if transport == "rest" else ours.soap(**table)
    ref = made(erp, ours, FULL)
    assert ours.orders()[0]["memo"] == FULL.note
    assert _custom(ours.orders()[0])["custbody_gift_note"] == FULL.note

    erp.amend_orders({ref.target_id: ours.draft(FULL.model_copy(update={"note": ""}))})

    assert "memo" not in ours.orders()[0]
    assert _custom(ours.orders()[0]) == dict.fromkeys(others, FULL.number)


def test_a_field_is_emptied_by_null_whether_it_is_netsuites_own_or_the_merchants() -> None:
    assert spelled({"internalId": "7", "nullFieldList": {"name": ["memo", "custbody_gift_note"]}}) == {
        "memo": None,
        "custbody_gift_note": None,
    }


def _custom(booked: dict[str, Any]) -> dict[str, Any]:
    return {
        field["scriptId"]: field["value"] for field in booked.get("customFieldList", {"customField": []})["customField"]
    }


def test_a_field_that_the_account_lacks_is_refused_and_named(ours: Account) -> None:
    refused = ours.erp(order_fields={"custbody_nowhere": "note"}).create_orders([ours.draft(FULL)])["shop-1"]

    assert isinstance(refused, Rejected)
    assert "custbody_nowhere" in refused.problem.what
    assert ours.orders() == []


@pytest.mark.parametrize("sku", ["O'NEIL-1", "a:name", "100%", "x' OR '1'='1", "Größe – 42"])
def test_whatever_characters_a_sku_has_its_item_is_found(ours: Account, sku: str) -> None:
    ours.simulator.books.add_item(sku, Decimal(5))

    made(ours.erp(), ours, order("1", order_line(sku)))

    assert [line["item"] for line in ours.orders()[0]["lines"]] == [sku]


def test_unknown_and_ambiguous_skus_are_refused_alone(ours: Account) -> None:
    ours.simulator.books.add_item("SKU-0003", Decimal(1))
    drafts = [
        ours.draft(order("1")),
        ours.draft(order("2", order_line("SKU-9999"))),
        ours.draft(order("3", order_line("SKU-0003"))),
    ]

    written = ours.erp().create_orders(drafts)

    assert isinstance(written["shop-1"], RecordRef)
    assert [written[reference].code for reference in ("shop-2", "shop-3")] == [  # type: ignore[union-attr]
        "unknown-sku",
        "ambiguous-sku",
    ]


def test_skus_may_be_external_ids(ours: Account) -> None:
    ours.simulator.books.add_item("Shirt", Decimal(5)).external_id = "EXT-1"

    made(ours.erp(sku_field="external_id"), ours, order("1", order_line("EXT-1")))

    assert [line["item"] for line in ours.orders()[0]["lines"]] == ["Shirt"]


def test_tax_on_lines_is_the_stores_own_not_what_the_account_would_charge(ours: Account) -> None:
    erp = ours.erp(tax_handling="lines", tax_codes={"19": "6", "7": "7", "0": "5"}, shipping_item="907")
    ours.simulator.books.add_item("Freight", Decimal(0), "OtherChargeSaleItem", "907")
    one = order(
        "1",
        order_line("SKU-0001", "2", "6.90", taxes=taxed("2.20")),
        order_line("SKU-0002", "1", "7.90", taxes=taxed("0.52", "0.07")),
        order_line("SKU-0003", "1", "8.90"),
    )

    made(erp, ours, one)

    [booked] = ours.orders()
    assert [line["tax"] for line in booked["lines"]] == ["2.20", "0.52", "0.00"]
    assert Decimal(booked["total"]) == one.total.amount


@pytest.mark.parametrize("tax_handling", ["item", "lines"])
def test_without_suite_tax_lines_go_without_tax_or_not_at_all(ours: Account, tax_handling: str) -> None:
    line = {"item": {"id": "7"}, "amount": Decimal("5.80"), "taxCode": {"id": "6"}, "isTaxable": False}
    settings = ours.settings(tax_handling=tax_handling)

    def sent(**tax: object) -> dict[str, Any]:
        record = {"item": {"items": [{**line, **tax}]}}
        return with_tax(record, suite_tax=False, tax_types={}, settings=settings, name="order #1")

    assert sent() == {"item": {"items": [{"item": {"id": "7"}, "amount": Decimal("5.80")}]}}
    with pytest.raises(Rejected) as refused:
        sent(tax1Amt=Decimal("1.10"))
    assert refused.value.code == "tax-needs-suite-tax"
    assert "tax_handling = item" in refused.value.problem.next_step


def test_amending_replaces_the_tax_as_well(ours: Account) -> None:
    erp = ours.erp(tax_handling="lines", tax_codes={"19": "6", "0": "5"})
    one = order("1", order_line("SKU-0001", "2", "6.90", taxes=taxed("2.20")))
    ref = made(erp, ours, one)
    later = order("1", order_line("SKU-0001", "1", "6.90", taxes=taxed("1.10")))

    written = erp.amend_orders({ref.target_id: ours.draft(later)})[ref.target_id]

    assert isinstance(written, RecordRef)
    assert [(line["quantity"], line["tax"]) for line in ours.orders()[0]["lines"]] == [("1", "1.10")]


def test_an_order_that_the_account_adds_up_otherwise_is_told(ours: Account) -> None:
    ours.simulator.books.automatic_tax = Decimal("1.31")

    refused = ours.erp().create_orders([ours.draft(order("1")), ours.draft(order("2"))])

    for reference in ("shop-1", "shop-2"):
        error = refused[reference]
        assert isinstance(error, Rejected)
        assert error.code == "total-differs"
        assert "8.21" in error.problem.what
        assert "6.90" in error.problem.what
        assert "replay" in error.problem.next_step


def test_a_hundred_orders_are_one_job_and_one_look(ours: Account) -> None:
    drafts = [ours.draft(order(str(number))) for number in range(101)]

    written = ours.erp().create_orders(drafts)

    assert all(isinstance(one, RecordRef) for one in written.values())
    assert ours.calls("POST salesOrder") == 2
    assert ours.calls("PUT salesOrder") == 0
    assert ours.calls("suiteql item") == 1
    assert len(ours.orders()) == 101


def test_many_customers_are_one_job_too(ours: Account) -> None:
    drafts = [customer_draft(f"shop-c{number}", email=f"c{number}@example.com") for number in range(3)]

    written = ours.erp().upsert_customers(drafts)

    assert all(isinstance(one, RecordRef) for one in written.values())
    assert (ours.calls("POST customer"), ours.calls("PUT customer")) == (1, 0)
    records = [one for one in ours.served.records()["customers"] if one["externalId"]]
    assert [len(one["addressbookList"]["addressbook"]) for one in records] == [1, 1, 1]


def test_a_customers_group_and_fields_follow_the_store(ours: Account) -> None:
    erp = ours.erp(
        customer_groups={"wholesale": "2"},
        default_customer_group="1",
        customer_fields={"custentity_loyalty": "customer.email", "comments": "'from the store'"},
    )

    erp.upsert_customers([customer_draft("shop-c1", groups=("wholesale",)), customer_draft("shop-c2")])

    first, second = (one for one in ours.served.records()["customers"] if one["externalId"])
    assert [one["category"]["internalId"] for one in (first, second)] == ["2", "1"]
    assert first["comments"] == "from the store"
    assert _custom(first) == {"custentity_loyalty": "new@example.com"}


def test_a_customer_keeps_its_address_book_when_written_again(ours: Account) -> None:
    erp = ours.erp()
    erp.upsert_customers([customer_draft()])

    erp.upsert_customers([customer_draft(first_name="Newer")])

    [record] = [one for one in ours.served.records()["customers"] if one["externalId"]]
    assert record["firstName"] == "Newer"
    assert len(record["addressbookList"]["addressbook"]) == 1


@pytest.mark.parametrize(
    ("refund_as", "kind"), [("credit_memo", "creditMemos"), ("return_authorization", "returnAuthorizations")]
)
def test_a_refund_is_posted_once_as_what_the_merchant_wants(ours: Account, refund_as: str, kind: str) -> None:
    erp = ours.erp(refund_as=refund_as)
    ref = made(erp, ours, order("1"))
    line = RefundLine(
        line_source_id=SourceId("l1"),
        sku=order_line().sku,
        quantity=Decimal(1),
        amount=eur("6.90"),
        tax=eur("0"),
        restocked=True,
    )
    refund = Refund(
        source_id=SourceId("r1"),
        order_source_id=SourceId("1"),
        created_at=FULL.created_at,
        lines=(line,),
        shipping=eur("0"),
        adjustment=eur("0"),
        total=eur("6.90"),
    )
    draft = RefundDraft("shop-r1", ref.target_id, "shop-1", refund)

    first = erp.post_refunds([draft])
    again = erp.post_refunds([draft])

    assert isinstance(first["shop-r1"], RecordRef), first
    assert again == first
    assert [memo["total"] for memo in ours.served.records()[kind]] == ["6.90"]

"""Customers through the adapter, and the business partners that SAP has of them."""

from dataclasses import replace

from erpsync.domain.errors import Rejected
from erpsync.ports.erp_records import CustomerDraft
from erpsync.ports.pages import Since
from erpsync.systems.sap.odata.partners import stored_reference
from erpsync.testing.erp_contract import everything, written
from tests.systems.sap.odata.stand import BUYER, System, customer


def test_a_person_becomes_a_business_partner_with_its_roles_sales_area_and_address(sap: System) -> None:
    draft = customer("new", groups=("vip",))
    erp = sap.erp(customer_groups="vip=02", customer_terms="0001", customer_fields={"SearchTerm1": "'SHOP'"})
    ref = written(erp.upsert_customers([draft])[draft.reference])

    [partner] = sap.rows("A_BusinessPartner", Customer=ref.target_id)
    assert (partner["FirstName"], partner["LastName"], partner["SearchTerm1"]) == ("Ada", "Lovelace", "SHOP")
    roles = {row["BusinessPartnerRole"] for row in sap.rows("A_BusinessPartnerRole", BusinessPartner=ref.display)}
    assert roles == {"FLCU00", "FLCU01"}
    [area] = sap.rows("A_CustomerSalesArea", Customer=ref.target_id)
    assert (area["Currency"], area["CustomerGroup"], area["CustomerPaymentTerms"]) == ("EUR", "02", "0001")
    [tax] = sap.rows("A_CustomerSalesAreaTax", Customer=ref.target_id)
    assert (tax["CustomerTaxCategory"], tax["DepartureCountry"], tax["CustomerTaxClassification"]) == (
        "TTX1",
        "DE",
        "1",
    )
    [address] = sap.rows("A_BusinessPartnerAddress", BusinessPartner=ref.display)
    assert (address["CityName"], address["Region"]) == ("Berlin", "BE")


def test_without_a_company_code_only_the_sales_role_is_given(sap: System) -> None:
    draft = customer("sales")
    ref = written(sap.erp(company="", reconciliation_account="").upsert_customers([draft])[draft.reference])
    roles = {row["BusinessPartnerRole"] for row in sap.rows("A_BusinessPartnerRole", BusinessPartner=ref.display)}
    assert roles == {"FLCU01"}
    assert sap.rows("A_CustomerCompany", Customer=ref.target_id) == []


def test_a_company_becomes_an_organization_and_is_told_as_one(sap: System) -> None:
    draft = customer("b2b", company="Analytical Engines of Marylebone Limited (Holding)")
    ref = written(sap.erp().upsert_customers([draft])[draft.reference])
    told = {one.ref.target_id: one.customer for one in everything(sap.erp().customers_changed)[0]}

    assert told[ref.target_id].company.replace(" ", "") == draft.customer.company.replace(" ", "")
    assert told[ref.target_id].phone == "+49 30 1234"


def test_a_new_address_of_the_same_customer_changes_only_what_differs(sap: System) -> None:
    draft = customer("moved")
    written(sap.erp().upsert_customers([draft])[draft.reference])
    written(sap.erp().upsert_customers([draft])[draft.reference])
    assert sap.count("change A_BusinessPartner") == sap.count("change A_AddressEmailAddress") == 0
    changed = customer("moved", email="lovelace@example.com")
    written(sap.erp().upsert_customers([changed])[draft.reference])

    assert sap.count("change A_AddressEmailAddress") == 1
    assert {row["EmailAddress"] for row in sap.rows("A_AddressEmailAddress")} >= {"lovelace@example.com"}


def test_a_customers_long_street_goes_on_in_the_next_lines_and_what_fits_nowhere_is_refused(sap: System) -> None:
    def draft(name: str, **place: str) -> CustomerDraft:
        return replace(customer(name), billing=BUYER.model_copy(update=place))

    long = draft("long", line1="Old Harbour Road " * 4 + "5")
    bad = [
        draft("street", line1="Secret " * 30),
        draft("city", city="Secret" * 7),
        draft("code", postal_code="Secret12345"),
    ]
    reached = [customer("mail", email=f"{'secret' * 40}@example.com"), customer("phone", phone="Secret" * 6)]
    answers = sap.erp().upsert_customers([long, *bad, *reached])

    written(answers[long.reference])
    [row] = sap.rows("A_BusinessPartnerAddress", StreetSuffixName="Harbour Road 5")
    assert (row["StreetName"], row["AdditionalStreetSuffixName"]) == (
        ("Old Harbour Road " * 4)[:55].strip(),
        "Hinterhaus",
    )
    for one in (*bad, *reached):
        refusal = answers[one.reference]
        assert isinstance(refusal, Rejected)
        assert (refusal.code, refusal.problem.record) == ("too-long", f"customer {one.reference}")
        assert "secret" not in str(refusal).lower()


def test_a_customers_new_telephone_number_that_does_not_fit_is_refused(sap: System) -> None:
    draft = customer("grew")
    written(sap.erp().upsert_customers([draft])[draft.reference])
    answer = sap.erp().upsert_customers([customer("grew", phone="0" * 31)])[draft.reference]
    assert isinstance(answer, Rejected)
    assert "PhoneNumber would be 31 characters" in answer.problem.what


def test_an_e_mail_address_is_found_in_any_letters_and_only_as_a_whole(sap: System) -> None:
    known = sap.simulator.put_customer("Grace Hopper", "Grace.Hopper@Example.com")
    same = customer("same", email="grace.hopper@example.com")
    longer = customer("longer", email="grace.hopper@example.company")
    found = sap.erp().find_customers([same, longer])
    assert [ref.target_id for ref in found[same.reference]] == [known]
    assert found[longer.reference] == ()


def test_a_business_partner_that_is_no_customer_is_not_found(sap: System) -> None:
    number = sap.simulator.put_customer("Only Supplier", "supplier@example.com")
    sap.simulator.change("A_BusinessPartner", {"BusinessPartner": number, "Customer": ""})
    draft = customer("supplier", email="supplier@example.com")
    assert sap.erp().find_customers([draft])[draft.reference] == ()


def test_two_business_partners_with_one_reference_are_left_to_a_person(sap: System) -> None:
    draft = customer("twice")
    written(sap.erp().upsert_customers([draft])[draft.reference])
    other = sap.simulator.put_customer("Ada Again", "again@example.com")
    reference = {"BusinessPartner": other, "BusinessPartnerIDByExtSystem": stored_reference(draft.reference)}
    sap.simulator.change("A_BusinessPartner", reference)

    assert len(sap.erp().find_customers([draft])[draft.reference]) == 2
    refusal = sap.erp().upsert_customers([draft])[draft.reference]
    assert isinstance(refusal, Rejected)
    assert other in refusal.problem.what


def test_references_that_differ_only_in_letters_stay_apart_in_a_field_of_capitals(sap: System) -> None:
    one, other = customer("a"), customer("A")
    first = written(sap.erp().upsert_customers([one])[one.reference])
    second = written(sap.erp().upsert_customers([other])[other.reference])
    assert first != second
    assert [ref.target_id for ref in sap.erp().find_customers([one])[one.reference]] == [first.target_id]


def test_a_customer_in_a_currency_that_is_not_listed_fails_alone(sap: System) -> None:
    good, bad = customer("euro"), customer("dollar")
    bad = type(bad)(bad.reference, bad.customer, bad.billing, bad.shipping, "USD")
    answers = sap.erp(currencies="EUR=EUR").upsert_customers([good, bad])
    written(answers[good.reference])
    refusal = answers[bad.reference]
    assert isinstance(refusal, Rejected)
    assert "currencies" in refusal.problem.next_step


def test_customers_that_changed_are_told_from_the_watermark_on_in_pages(sap: System) -> None:
    erp = sap.erp(page_size="5")
    for at in range(12):
        sap.simulator.put_customer(f"Buyer {at:02d}", f"buyer-{at}@example.com")
    told, watermark = everything(erp.customers_changed)
    assert len(told) == 13
    sap.simulator.put_customer("Buyer Renamed", "buyer-3@example.com", seconds_ago=300)
    after, _ = everything(erp.customers_changed, watermark)
    assert "Renamed" in {one.customer.last_name for one in after}
    page = erp.customers_changed(Since("2100-01-01T00:00:00+00:00"))
    assert page.records == ()

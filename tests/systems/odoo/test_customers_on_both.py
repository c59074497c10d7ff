"""What the adapter does with customers, on the simulator and on a real Odoo alike."""

from erpsync.domain.parties import Address
from erpsync.ports.erp_records import RecordRef
from tests.systems.odoo.conftest import Odoo
from tests.systems.odoo.drafts import ELSEWHERE, HOME, buyer


def made(answer: object) -> RecordRef:
    assert isinstance(answer, RecordRef), answer
    return answer


def test_a_customer_is_made_once_and_found_by_reference(odoo: Odoo, tag: str) -> None:
    erp, draft = odoo.erp(), buyer(tag, f"{tag}@example.com", company="Firm", phone="+49 30 1")
    assert erp.find_customers([draft]) == {tag: ()}
    ref = made(erp.upsert_customers([draft])[tag])
    assert odoo.erp().upsert_customers([draft]) == {tag: ref}
    assert erp.find_customers([draft]) == {tag: (ref,)}
    names = ("name", "company_name", "email", "phone", "street", "zip", "city", "country_code")
    [row] = odoo.server.search("res.partner", [["email_normalized", "=", f"{tag}@example.com"]], *names)
    assert row == {
        "id": int(ref.target_id),
        "name": "Customer One",
        "company_name": "Firm",
        "email": f"{tag}@example.com",
        "phone": "+49 30 1",
        "street": "Street 1",
        "zip": "10115",
        "city": "Berlin",
        "country_code": "DE",
    }


def test_an_update_changes_what_the_store_knows_and_erases_nothing(odoo: Odoo, tag: str) -> None:
    erp = odoo.erp()
    ref = made(erp.upsert_customers([buyer(tag, f"{tag}@example.com", phone="+49 30 1")])[tag])
    moved = buyer(tag, f"{tag}@example.com", billing=ELSEWHERE, last_name="Two")
    assert erp.upsert_customers([moved]) == {tag: ref}
    [row] = odoo.server.search("res.partner", [["id", "=", int(ref.target_id)]], "name", "phone", "street", "city")
    assert (row["name"], row["phone"], row["street"], row["city"]) == ("Customer Two", "+49 30 1", "Road 2", "Wien")
    erp.upsert_customers([buyer(tag, f"{tag}@example.com", billing=None)])
    [row] = odoo.server.search("res.partner", [["id", "=", int(ref.target_id)]], "street")
    assert row["street"] == "Road 2"


def test_a_contact_is_found_by_its_email_whatever_the_case(odoo: Odoo, tag: str) -> None:
    values = {"name": "By hand", "email": f"Person-{tag}@Example.com"}
    [known] = odoo.server.call("res.partner", "create", vals_list=[values])
    found = odoo.erp().find_customers([buyer(tag, f"person-{tag}@example.COM")])
    assert [ref.target_id for ref in found[tag]] == [str(known)]


def test_an_email_is_matched_whole(odoo: Odoo, tag: str) -> None:
    """An underscore is any character, and a percent sign any text, where Odoo compares patterns."""
    values = [{"name": "By hand", "email": f"{name}@example.com"} for name in (f"x{tag}", f"{tag}a{tag}", f"{tag}x")]
    odoo.server.call("res.partner", "create", vals_list=values)
    drafts = [buyer(f"{tag}-1", f"{tag}_{tag}@example.com"), buyer(f"{tag}-2", f"%{tag}@example.com")]
    assert odoo.erp().find_customers(drafts) == {f"{tag}-1": (), f"{tag}-2": ()}


def test_all_contacts_with_the_email_are_told_but_not_their_addresses(odoo: Odoo, tag: str) -> None:
    twins = [{"name": f"Twin {number}", "email": f"{tag}@example.com"} for number in (1, 2)]
    ids = odoo.server.call("res.partner", "create", vals_list=twins)
    below = {"name": "Below", "email": f"{tag}@example.com", "type": "delivery", "parent_id": ids[0]}
    odoo.server.call("res.partner", "create", vals_list=[below])
    found = odoo.erp().find_customers([buyer(tag, f"{tag}@example.com")])
    assert [ref.target_id for ref in found[tag]] == [str(number) for number in ids]


def test_our_reference_beats_the_email(odoo: Odoo, tag: str) -> None:
    erp, draft = odoo.erp(), buyer(tag, f"{tag}@example.com")
    odoo.server.call("res.partner", "create", vals_list=[{"name": "Other", "email": f"{tag}@example.com"}])
    ref = made(erp.upsert_customers([draft])[tag])
    assert erp.find_customers([draft]) == {tag: (ref,)}


def test_a_different_delivery_address_is_a_contact_below(odoo: Odoo, tag: str) -> None:
    erp, draft = odoo.erp(), buyer(tag, f"{tag}@example.com", billing=HOME, shipping=ELSEWHERE)
    ref = made(erp.upsert_customers([draft])[tag])
    erp.upsert_customers([draft])
    below = odoo.server.search("res.partner", [["parent_id", "=", int(ref.target_id)]], "type", "name", "city")
    assert [(row["type"], row["name"], row["city"]) for row in below] == [("delivery", "Other", "Wien")]


def test_a_company_without_a_person_is_a_company(odoo: Odoo, tag: str) -> None:
    draft = buyer(tag, f"{tag}@example.com", first_name="", last_name="", company="Firm", billing=None)
    ref = made(odoo.erp().upsert_customers([draft])[tag])
    [row] = odoo.server.search("res.partner", [["id", "=", int(ref.target_id)]], "name", "is_company")
    assert (row["name"], row["is_company"]) == ("Firm", True)


def test_states_are_found_within_their_country(odoo: Odoo, tag: str) -> None:
    address = Address(first_name="Customer", line1="Street 1", city="Albany", region_code="NY", country="US")
    nowhere = address.model_copy(update={"region_code": "ZZ"})
    drafts = [
        buyer(f"{tag}-1", f"{tag}-1@example.com", billing=address),
        buyer(f"{tag}-2", f"{tag}-2@example.com", billing=nowhere),
    ]
    answers = odoo.erp().upsert_customers(drafts)
    ids = [int(made(answers[f"{tag}-{number}"]).target_id) for number in (1, 2)]
    rows = odoo.server.search("res.partner", [["id", "in", ids]], "state_id", "country_code")
    states = odoo.server.search("res.country.state", [["code", "=", "NY"], ["country_id.code", "=", "US"]], "code")
    assert [row["country_code"] for row in rows] == ["US", "US"]
    assert (rows[0]["state_id"][0], rows[1]["state_id"]) == (states[0]["id"], False)


def test_guests_can_share_one_contact(odoo: Odoo, tag: str) -> None:
    [shared] = odoo.server.call("res.partner", "create", vals_list=[{"name": "Guests"}])
    erp = odoo.erp(guest_partner=shared)
    guest = buyer(f"{tag}-guest", f"{tag}@example.com", source_id=None)
    regular = buyer(f"{tag}-regular", f"{tag}-2@example.com")
    found = erp.find_customers([guest, regular])
    assert ([ref.target_id for ref in found[guest.reference]], found[regular.reference]) == ([str(shared)], ())
    made_of = erp.upsert_customers([guest, regular])
    assert made(made_of[guest.reference]).target_id == str(shared)
    assert made(made_of[regular.reference]).target_id != str(shared)

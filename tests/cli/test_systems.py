"""`erpsync systems`: which there are, and what each cannot do."""

from erpsync.systems import registry
from tests.cli.conftest import Run


def test_every_system_is_listed_with_its_ways(run: Run) -> None:
    shown = run("systems", "--json")
    assert shown.code == 0
    listed = {one["name"]: one for one in shown.document["systems"]}
    assert sorted(listed) == registry.names()
    assert [way["name"] for way in listed["netsuite"]["ways"]] == ["NetSuite SOAP", "NetSuite REST"]
    assert "payments" in listed["sap_odata"]["ways"][0]["missing"]


def test_for_people_what_one_cannot_do_is_a_sentence(run: Run) -> None:
    shown = run("systems")
    assert shown.code == 0
    assert "SAP releases no OData service that posts a customer's payment" in shown.stdout

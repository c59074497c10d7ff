"""Postal addresses as SuiteTalk has them. Pure."""

from erpsync.domain.errors import Rejected
from erpsync.domain.parties import Address
from erpsync.systems.netsuite import wire
from erpsync.systems.netsuite.countries import countries
from erpsync.systems.netsuite.lines import SYSTEM


def address_record(address: Address, *, record: str) -> wire.Address:
    """The address, without the fields that it does not have. Raises Rejected for a country that NetSuite lacks."""
    result = wire.Address()
    if address.country:
        country = countries().get(address.country.upper())
        if country is None:
            raise Rejected(
                "country-unknown",
                system=SYSTEM,
                record=record,
                what=f'NetSuite has no country for the code "{address.country}".',
                next_step="Correct the country of the address in the store, then replay.",
            )
        result["country"] = country
    # A company's parcel names the company first, the person as its attention.
    if address.company:
        result["addressee"] = address.company
        if address.full_name:
            result["attention"] = address.full_name
    elif address.full_name:
        result["addressee"] = address.full_name
    if address.phone:
        result["addrPhone"] = address.phone
    if address.line1:
        result["addr1"] = address.line1
    if address.line2:
        result["addr2"] = address.line2
    if address.city:
        result["city"] = address.city
    if address.region_code or address.region:
        result["state"] = address.region_code or address.region
    if address.postal_code:
        result["zip"] = address.postal_code
    return result

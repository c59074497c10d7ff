"""What has to be looked up in Odoo before a record can be written, in as few calls as it takes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from erpsync.domain.errors import SyncError
from erpsync.domain.parties import Address
from erpsync.systems.odoo import mapper, names
from erpsync.systems.odoo.booking import Catalogue
from erpsync.systems.odoo.bulk import Record, load_each
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.wire import CountryRow, CurrencyRow, ExternalIdRow, PartnerRow, ProductRow, StateRow
from erpsync.systems.odoo.wire_catalogue import PriceListRow


@dataclass(frozen=True)
class AddressUse:
    """An address of a customer, and what it is for: `kind` is invoice or delivery. `label` names the record in errors."""

    customer_id: str
    kind: str
    address: Address
    label: str

    @property
    def name(self) -> str:
        return mapper.address_name(self.customer_id, self.kind, self.address)


class Lookups:
    """Countries are kept once they are known; everything else is asked anew, since people change it."""

    def __init__(self, client: OdooClient) -> None:
        self._client = client
        self._countries: dict[str, int] = {}
        self._states: dict[str, int] = {}

    def by_external_name(self, model: str, wanted: Collection[str]) -> dict[str, int]:
        """Database ids by the names (without module) of our external ids, those that exist."""
        mine = (["module", "=", names.MODULE], ["model", "=", model])
        rows = self._client.search_in(ExternalIdRow, "name", sorted(wanted), *mine)
        return {row.name: row.res_id for row in rows}

    def external_names(self, model: str, ids: Collection[int]) -> dict[int, str]:
        """The names of our external ids of these records, those that have one."""
        mine = (["module", "=", names.MODULE], ["model", "=", model])
        return {row.res_id: row.name for row in self._client.search_in(ExternalIdRow, "res_id", sorted(ids), *mine)}

    def products(self, skus: Collection[str]) -> Catalogue:
        """Ids of active products by internal reference. Odoo lets several have the same one."""
        found: dict[str, tuple[int, ...]] = defaultdict(tuple)
        for row in self._client.search_in(ProductRow, "default_code", sorted(skus)):
            found[row.default_code] += (row.id,)
        return found

    def currencies(self, codes: Collection[str]) -> dict[str, int]:
        """Ids of active currencies by their code."""
        return {row.name: row.id for row in self._client.search_in(CurrencyRow, "name", sorted(codes))}

    def price_lists(self, currencies: Collection[str]) -> dict[str, int]:
        """The oldest price list of each currency that has one."""
        rows = self._client.search_in(PriceListRow, "currency_id.name", sorted(currencies))
        return {row.currency_id: row.id for row in reversed(rows)}

    def partners(self, ids: Collection[int]) -> dict[int, PartnerRow]:
        return {row.id: row for row in self._client.search_in(PartnerRow, "id", sorted(ids))}

    def known_contacts(self, uses: Iterable[AddressUse]) -> dict[str, int | SyncError]:
        """The contact of each address, by `AddressUse.name`, where there is one."""
        wanted = {use.name for use in uses}
        return {**self.by_external_name("res.partner", wanted)}

    def contacts(self, uses: Iterable[AddressUse]) -> dict[str, int | SyncError]:
        """The contact of each address, by `AddressUse.name`: found, or made below its customer."""
        wanted = {use.name: use for use in uses}
        found = self.by_external_name("res.partner", wanted)
        missing = {name: use for name, use in wanted.items() if name not in found}
        countries, states = self.places([use.address for use in missing.values()])
        records = {
            name: Record(use.label, mapper.address_cells(use.customer_id, use.kind, use.address, countries, states))
            for name, use in missing.items()
        }
        return {**found, **load_each(self._client, "res.partner", records, rounds=3)}

    def places(self, addresses: Iterable[Address]) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Ids of countries by ISO code, and of their states by `mapper.state_key`."""
        used = {(address.country.upper(), address.region_code.upper()) for address in addresses if address.country}
        unknown = {country for country, _ in used} - self._countries.keys()
        if unknown:
            self._countries |= {row.code: row.id for row in self._client.search_in(CountryRow, "code", sorted(unknown))}
        by_id = {number: code for code, number in self._countries.items()}
        regions = {(country, code) for country, code in used if code and country in self._countries}
        codes = sorted({code for country, code in regions if mapper.state_key(country, code) not in self._states})
        if codes:
            within = ["country_id", "in", sorted({self._countries[country] for country, _ in regions})]
            for row in self._client.search_in(StateRow, "code", codes, within):
                self._states[mapper.state_key(by_id.get(row.country_id or 0, ""), row.code)] = row.id
        return self._countries, self._states

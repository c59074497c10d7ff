"""Master data: business partners, products, condition records and stock, as the system starts and as people change it."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from erpsync.systems.sap.odata.simulator_query import Row
from erpsync.systems.sap.odata.simulator_rows import Refused, Tables

SERVICES = ("SHIPPING", "TIP", "DUTY", "FEE", "ROUNDING", "REFUND")
"""Materials that are services, for charges; untaxed unless an order says otherwise."""

LOCATIONS = ("1010/101A", "1020/102A")
_FOREVER = date(9999, 12, 31)
_AGES_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Masters:
    """Not locked: its caller holds the system's lock."""

    def __init__(self, tables: Tables, area: tuple[str, str, str]) -> None:
        self._tables = tables
        self._area = area
        self._partner = 1000000
        self._address = 20000
        self._record = 0

    def seed(self) -> None:
        for number in range(1, 51):
            sku = f"SKU-{number:04d}"
            self.product(sku, f"Item {number}", at=_AGES_AGO)
            self.price(sku, Decimal("10.00"), at=_AGES_AGO)
        for key in SERVICES:
            self.product(key, key.capitalize(), kind="SERV", tax="0", at=_AGES_AGO)
        self.customer({"LastName": "House customer"}, "house@example.com", at=_AGES_AGO)

    # -- business partners

    def new_partner(self, row: Row) -> Row:
        """What SAP adds to a business partner that comes in."""
        if row["BusinessPartnerCategory"] == "1" and not row["LastName"]:
            raise Refused(400, "R1/123", "Enter a last name")
        if row["BusinessPartnerCategory"] == "2" and not row["OrganizationBPName1"]:
            raise Refused(400, "R1/124", "Enter a name")
        if row["BusinessPartnerCategory"] not in ("1", "2"):
            raise Refused(400, "R1/105", "Enter a category")
        self._partner += 1
        now = self._tables.clock()
        added = {"BusinessPartner": str(self._partner), "CreationDate": now.date(), "CreationTime": _time(now)}
        return {**self.in_capitals(row), **added}

    def in_capitals(self, row: Row) -> Row:
        return {
            **row,
            **{name: row[name].upper() for name in ("BusinessPartnerIDByExtSystem", "SearchTerm1") if row.get(name)},
        }

    def finish_partner(self, number: str, *, changed: bool, at: datetime | None = None) -> None:
        """Makes the customer that a role asks for, and notes the change."""
        partner = self._tables.need("A_BusinessPartner", number)
        roles = {
            row["BusinessPartnerRole"] for row in self._tables.all("A_BusinessPartnerRole", BusinessPartner=number)
        }
        if roles & {"FLCU00", "FLCU01"} and not partner["Customer"]:
            partner = {**partner, "Customer": number}
            self._tables.put("A_Customer", Customer=number)
        if changed:
            now = at or self._tables.clock()
            partner = {**partner, "LastChangeDate": now.date(), "LastChangeTime": _time(now)}
        self._tables.put("A_BusinessPartner", **partner)

    def next_address(self) -> str:
        self._address += 1
        return str(self._address)

    def customer(self, names: Row, email: str, *, at: datetime) -> str:
        """A customer made by hand."""
        row = self.new_partner({"BusinessPartnerCategory": "1", "OrganizationBPName1": "", "LastName": "", **names})
        number = str(row["BusinessPartner"])
        self._tables.put("A_BusinessPartner", **{**row, "CreationDate": at.date(), "CreationTime": _time(at)})
        for role in ("FLCU00", "FLCU01"):
            self._tables.put("A_BusinessPartnerRole", BusinessPartner=number, BusinessPartnerRole=role)
        address = self.next_address()
        self._tables.put("A_BusinessPartnerAddress", BusinessPartner=number, AddressID=address, Country="DE")
        self.email(address, email)
        organization, channel, division = self._area
        self._tables.put(
            "A_CustomerSalesArea",
            Customer=number,
            SalesOrganization=organization,
            DistributionChannel=channel,
            Division=division,
            Currency="EUR",
        )
        self._tables.put("A_CustomerCompany", Customer=number, CompanyCode="1010", ReconciliationAccount="12100000")
        self.finish_partner(number, changed=False)
        return number

    def email(self, address: str, email: str) -> None:
        self._tables.put(
            "A_AddressEmailAddress",
            AddressID=address,
            Person="",
            OrdinalNumber="1",
            IsDefaultEmailAddress=True,
            EmailAddress=email,
            SearchEmailAddress=email[:20].upper(),
        )

    def put_customer(self, name: str, email: str, at: datetime) -> str:
        first, _, last = name.rpartition(" ")
        for row in self._tables.all("A_AddressEmailAddress"):
            if row["EmailAddress"].lower() == email.lower():
                [address] = self._tables.all("A_BusinessPartnerAddress", AddressID=row["AddressID"])
                partner = self._tables.need("A_BusinessPartner", address["BusinessPartner"])
                self._tables.put("A_BusinessPartner", **{**partner, "FirstName": first, "LastName": last})
                self.finish_partner(partner["BusinessPartner"], changed=True, at=at)
                return str(partner["Customer"])
        return self.customer({"FirstName": first, "LastName": last}, email, at=at)

    # -- products and prices

    def product(
        self, sku: str, title: str, *, kind: str = "HAWA", tax: str = "1", active: bool = True, at: datetime
    ) -> str:
        organization, channel, _ = self._area
        known = self._tables.get("A_Product", sku)
        self._tables.put(
            "A_Product",
            Product=sku,
            ProductType=known["ProductType"] if known else kind,
            CreationDate=known["CreationDate"] if known else at.date(),
            LastChangeDate=at.date(),
            LastChangeDateTime=at,
            IsMarkedForDeletion=not active,
            BaseUnit="PC",
            WeightUnit="KG",
            GrossWeight=Decimal("0.500"),
        )
        self._tables.put("A_ProductDescription", Product=sku, Language="EN", ProductDescription=title[:40])
        self._tables.put(
            "A_ProductSalesDelivery",
            Product=sku,
            ProductSalesOrg=organization,
            ProductDistributionChnl=channel,
            SupplyingPlant=LOCATIONS[0].partition("/")[0],
            IsMarkedForDeletion=not active,
            BaseUnit="PC",
        )
        if known is None:
            self._tables.put("A_ProductSalesTax", Product=sku, Country="DE", TaxCategory="TTX1", TaxClassification=tax)
            for location in LOCATIONS if kind == "HAWA" else ():
                plant, _, storage = location.partition("/")
                self._tables.put("A_ProductPlant", Product=sku, Plant=plant, BaseUnit="PC")
                self._tables.put("A_ProductStorageLocation", Product=sku, Plant=plant, StorageLocation=storage)
        return sku

    def price(self, sku: str, price: Decimal, *, at: datetime, price_list: str = "", starts: date | None = None) -> str:
        """A condition record with one validity, in place of the one with the same key and beginning."""
        organization, channel, _ = self._area
        start = starts or date(2020, 1, 1)
        for row in self._tables.all("A_SlsPrcgCndnRecdValidity", Material=sku, PriceListType=price_list):
            if starts is not None:
                self._tables.remove("A_SlsPrcgCndnRecdValidity", row)
                self._validity({**row, "ConditionValidityEndDate": starts - timedelta(days=1)})
                continue
            record = self._tables.need("A_SlsPrcgConditionRecord", row["ConditionRecord"])
            changed = {"ConditionRateValue": price, "ConditionRateAmount": price, "LastChangeDateTime": at}
            self._tables.put("A_SlsPrcgConditionRecord", **{**record, **changed})
            return str(row["ConditionRecord"])
        self._record += 1
        number = f"{self._record:010d}"
        self._tables.put(
            "A_SlsPrcgConditionRecord",
            ConditionRecord=number,
            ConditionTable="304",
            ConditionType="PPR0",
            ConditionValidityStartDate=start,
            ConditionValidityEndDate=_FOREVER,
            ConditionCalculationType="C",
            ConditionRateValue=price,
            ConditionRateValueUnit="EUR",
            ConditionRateAmount=price,
            ConditionCurrency="EUR",
            ConditionQuantity=Decimal(1),
            ConditionQuantityUnit="PC",
            LastChangeDateTime=at,
        )
        self._validity(
            {
                "ConditionRecord": number,
                "ConditionValidityStartDate": start,
                "ConditionValidityEndDate": _FOREVER,
                "ConditionType": "PPR0",
                "SalesOrganization": organization,
                "DistributionChannel": channel,
                "Material": sku,
                "PriceListType": price_list,
                "TransactionCurrency": "EUR",
            }
        )
        return number

    def _validity(self, row: Row) -> None:
        self._tables.put("A_SlsPrcgCndnRecdValidity", **row)

    # -- stock

    def stock(self, sku: str, location: str, on_hand: Decimal) -> None:
        """Unrestricted own stock, next to which lies some that is blocked and some that a supplier owns. None is no row."""
        plant, _, storage = location.partition("/")
        kinds = (("01", "", on_hand), ("07", "", Decimal(5)), ("01", "K", Decimal(9)))
        for kind, special, quantity in kinds:
            key = {
                "Material": sku,
                "Plant": plant,
                "StorageLocation": storage,
                "Batch": "",
                "Supplier": "S1" if special else "",
                "Customer": "",
                "WBSElementInternalID": "0",
                "SDDocument": "",
                "SDDocumentItem": "0",
                "InventorySpecialStockType": special,
                "InventoryStockType": kind,
            }
            row = self._tables.put(
                "A_MatlStkInAcctMod", **key, MaterialBaseUnit="PC", MatlWrhsStkQtyInMatlBaseUnit=quantity
            )
            if not quantity:
                self._tables.remove("A_MatlStkInAcctMod", row)


def _time(at: datetime) -> time:
    return at.time().replace(microsecond=0)

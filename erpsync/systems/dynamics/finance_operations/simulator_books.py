"""Writes to the simulated company's records: fields, keys, and each entity's own rules."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from erpsync.systems.dynamics.finance_operations.simulator_sales import Sales, failed, missing
from erpsync.systems.dynamics.finance_operations.simulator_schema import ENTITIES, ENUMERATIONS, Entity, Field, Row
from erpsync.systems.dynamics.finance_operations.simulator_tables import Refused, Tables, etag


class Books:
    """Not thread-safe by itself."""

    def __init__(self, tables: Tables, sales: Sales, *, manual_accounts: bool) -> None:
        self.tables = tables
        self._sales = sales
        self._manual_accounts = manual_accounts

    def post(self, entity: Entity, body: Row) -> Row:
        row = checked(entity, body)
        match entity.name:
            case "SalesOrderHeadersV2":
                row = self._sales.new_header(row)
            case "SalesOrderLines":
                row = self._sales.new_line(row)
            case "CustomersV3":
                row = self._customer(row)
            case "CustomerPaymentJournalHeaders":
                row = self._journal(row)
            case _:
                row = self._payment(row)
        made = self.tables.insert(entity.name, row)
        if entity.name == "SalesOrderLines":
            self._settle(made)
        return made

    def patch(self, entity: Entity, row: Row, body: Row, match: str) -> Row:
        """The row as it is then."""
        self._unchanged(row, match)
        values = checked(entity, body)
        if any(values.get(field, row[field]) != row[field] for field in entity.key):
            raise Refused(400, "The key of an entity cannot be changed.", "AxODataUpdateException")
        if entity.name == "SalesOrderHeadersV2":
            values = self._sales.changed_header(row, values)
        elif entity.name == "SalesOrderLines":
            values = self._sales.changed_line(row, values)
        elif entity.name == "CustomersV3" and values.get("PartyType", row["PartyType"]) != row["PartyType"]:
            raise failed("CustCustomerV3Entity", "Party type cannot be changed")
        changed = self.tables.update(entity.name, row, values)
        if entity.name == "SalesOrderLines":
            self._settle(changed)
        return changed

    def delete(self, entity: Entity, row: Row, match: str) -> None:
        self._unchanged(row, match)
        if entity.name == "SalesOrderHeadersV2":
            self._sales.deleted_header(row)
        elif entity.name == "SalesOrderLines":
            self._sales.deleted_line(row)
        self.tables.delete(entity.name, row)
        if entity.name == "SalesOrderLines":
            self._settle(row)

    def _unchanged(self, row: Row, match: str) -> None:
        if match not in ("", "*", etag(row)):
            raise Refused(412, "The request ETag value does not match the current one.", "PreconditionFailed")

    def _settle(self, line: Row) -> None:
        wanted = {"dataAreaId": line["dataAreaId"], "SalesOrderNumber": line["SalesOrderNumber"]}
        header = self.tables.get("SalesOrderHeadersV2", **wanted)
        if header is not None:
            self._sales.settle(header)

    def _customer(self, row: Row) -> Row:
        company, kind = row["dataAreaId"], "CustCustomerV3Entity"
        group = row.get("CustomerGroupId", "")
        if not group:
            raise failed(kind, "Field 'Customer group' must be filled in")
        if self.tables.get("CustomerGroups", dataAreaId=company, CustomerGroupId=group) is None:
            raise missing(kind, group, "Customer group", "Customer groups")
        party = row.get("PartyType", "Organization")
        needed = "PersonFirstName" if party == "Person" else "OrganizationName"
        if not row.get(needed):
            raise failed(kind, "Field 'Name' must be filled in")
        if row.get("CustomerAccount") and not self._manual_accounts:
            raise failed(kind, "Number sequence Cust_1 does not allow the customer account to be changed")
        account = row.get("CustomerAccount") or f"C-{self.tables.number():06d}"
        return {**row, "PartyType": party, "CustomerAccount": account}

    def _journal(self, row: Row) -> Row:
        name = row.get("JournalName", "")
        if self.tables.get("JournalNames", dataAreaId=row["dataAreaId"], Name=name) is None:
            raise missing("CustomerPaymentJournalHeaderEntity", name, "Name", "Journal names")
        return {**row, "JournalBatchNumber": f"J-{self.tables.number():06d}"}

    def _payment(self, row: Row) -> Row:
        company, kind = row["dataAreaId"], "CustomerPaymentJournalLineEntity"
        number = row.get("JournalBatchNumber", "")
        journal = self.tables.get("CustomerPaymentJournalHeaders", dataAreaId=company, JournalBatchNumber=number)
        if journal is None or journal["IsPosted"] == "Yes":
            raise missing(kind, number, "Journal batch number", "Ledger journal table")
        account = row.get("AccountDisplayValue", "")
        if self.tables.get("CustomersV3", dataAreaId=company, CustomerAccount=account) is None:
            raise missing(kind, account, "Account", "Customers")
        method = row.get("PaymentMethodName", "")
        if self.tables.get("CustomerPaymentMethods", dataAreaId=company, Name=method) is None:
            raise missing(kind, method, "Method of payment", "Methods of payment")
        lines = self.tables.where("CustomerPaymentJournalLines", dataAreaId=company, JournalBatchNumber=number)
        return {**row, "LineNumber": row.get("LineNumber") or Decimal(len(list(lines)) + 1)}


def checked(entity: Entity, body: Row) -> Row:
    """The fields of a body, each of its kind. Raises Refused for what the entity has not, or takes not."""
    row: Row = {}
    for name, value in body.items():
        if name.startswith("@"):
            continue
        field = entity.fields.get(name)
        if field is None:
            raise Refused(
                400,
                f"The property '{name}' does not exist on type 'Microsoft.Dynamics.DataEntities.{entity.type}'.",
                "ODataException",
            )
        if field.read_only:
            raise failed(f"{entity.type}Entity", f"Field '{name}' is not editable")
        row[name] = _value(entity, name, field, value)
    return row


def _value(entity: Entity, name: str, field: Field, value: Any) -> Any:
    if field.kind == "text":
        if not isinstance(value, str):
            raise _wrong(name, value)
        if len(value) > field.length:
            raise failed(f"{entity.type}Entity", f"The length of the value exceeds {field.length} in field '{name}'")
        return value.lower() if name == "dataAreaId" else value
    if field.kind == "dec":
        if not isinstance(value, (Decimal, int)) or isinstance(value, bool):
            raise _wrong(name, value)
        return Decimal(value)
    if field.kind == "date":
        try:
            datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        except ValueError:
            raise _wrong(name, value) from None
        return value
    if field.kind in ENUMERATIONS and value not in ENUMERATIONS[field.kind]:
        raise _wrong(name, value)
    return value


def _wrong(name: str, value: object) -> Refused:
    shown = type(value).__name__
    return Refused(
        400, f"Cannot convert a value of {shown} to the expected type of property '{name}'.", "ODataException"
    )


def entity_named(name: str) -> Entity:
    if name not in ENTITIES:
        raise Refused(404, f"Resource not found for the segment '{name}'.", "ODataException")
    return ENTITIES[name]

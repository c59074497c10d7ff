"""Customers as business partners, and back. Pure."""

from erpsync.domain import address_fields
from erpsync.domain.ids import TargetId
from erpsync.domain.parties import Address, Customer
from erpsync.mapping import customer_values
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import CustomerDraft, RecordRef
from erpsync.systems.sap.odata.edm import fitted, key
from erpsync.systems.sap.odata.mapper import currency_of, own_fields, region_of
from erpsync.systems.sap.odata.revising import patch, post, same
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import Entity, Row, etag, nested, results, text
from erpsync.transport.batch import Request

_REFERENCE = 20
_NAME = 40
_STREET = {"StreetName": 60, "StreetSuffixName": 40, "AdditionalStreetSuffixName": 40}
_PLACE = {"CityName": 40, "PostalCode": 10, "Country": 3}
_REACHED = {"EmailAddress": 241, "PhoneNumber": 30}
_PERSON = "1"
_ORGANIZATION = "2"
# Roles of a customer in sales and in accounting.
_SALES_ROLE = "FLCU01"
_ACCOUNTING_ROLE = "FLCU00"


def stored_reference(reference: str) -> str:
    return fitted(reference, _REFERENCE, upper=True)


def partner_entity(draft: CustomerDraft, settings: SapODataSettings) -> Entity:
    """A new business partner with address, roles and sales area, as one deep insert; names are cut. Raises Rejected for its
    currency, and for an address that does not fit."""
    organization = bool(draft.customer.company)
    roles = [_SALES_ROLE, *([_ACCOUNTING_ROLE] if settings.company else [])]
    entity: Entity = {
        "BusinessPartnerCategory": _ORGANIZATION if organization else _PERSON,
        "BusinessPartnerIDByExtSystem": stored_reference(draft.reference),
        "CorrespondenceLanguage": settings.language,
        **_names(draft, organization=organization),
        "to_BusinessPartnerRole": results(*({"BusinessPartnerRole": role} for role in roles)),
        "to_BusinessPartnerAddress": results(_address(draft, settings)),
        "to_Customer": _customer(draft, settings),
    }
    if settings.customer_grouping:
        entity["BusinessPartnerGrouping"] = settings.customer_grouping
    entity.update(own_fields(customer_values(settings.customer_fields, draft, system=SYSTEM)))
    return entity


def changes(row: Row, draft: CustomerDraft, settings: SapODataSettings) -> list[Request]:
    """What makes the business partner's name, e-mail address and telephone the customer's; empty where they are.

    Sales area, roles and addresses belong to SAP's users once it exists; each order brings its own addresses. Raises
    Rejected for an e-mail address or telephone number that does not fit.
    """
    number = text(row, "BusinessPartner")
    organization = text(row, "BusinessPartnerCategory") == _ORGANIZATION
    wanted = {
        **_names(draft, organization=organization),
        **own_fields(customer_values(settings.customer_fields, draft, system=SYSTEM)),
    }
    body = {name: value for name, value in wanted.items() if not same(row.get(name), value)}
    found = [patch(f"A_BusinessPartner{key(BusinessPartner=number)}", body, etag(row))] if body else []
    for address in nested(row, "to_BusinessPartnerAddress")[:1]:
        parent = f"A_BusinessPartnerAddress{key(BusinessPartner=number, AddressID=text(address, 'AddressID'))}"
        for field, value in _reached(draft).items():
            found += _contact(address, parent, f"to_{field}", f"A_Address{field}", field, value)
    return found


def erp_customer(row: Row) -> ErpCustomer:
    addresses = nested(row, "to_BusinessPartnerAddress")
    person = text(row, "BusinessPartnerCategory") != _ORGANIZATION
    company = " ".join(filter(None, (text(row, f"OrganizationBPName{at}") for at in (1, 2))))
    customer = Customer(
        email=_default(addresses, "to_EmailAddress", "EmailAddress"),
        first_name=text(row, "FirstName") if person else "",
        last_name=text(row, "LastName") if person else "",
        company="" if person else company,
        phone=_default(addresses, "to_PhoneNumber", "PhoneNumber"),
    )
    return ErpCustomer(
        RecordRef(TargetId(text(row, "Customer")), text(row, "BusinessPartner")),
        text(row, "BusinessPartnerIDByExtSystem"),
        customer,
        active=not (row.get("BusinessPartnerIsBlocked") or row.get("IsMarkedForArchiving")),
    )


def _names(draft: CustomerDraft, *, organization: bool) -> Entity:
    customer = draft.customer
    if organization:
        name = customer.company or customer.full_name or customer.email or draft.reference
        return {"OrganizationBPName1": name[:_NAME], "OrganizationBPName2": name[_NAME : 2 * _NAME]}
    # SAP requires a last name of a person; a guest may have given none.
    last = customer.last_name or customer.first_name or customer.email or draft.reference
    first = customer.first_name if customer.last_name else ""
    return {"FirstName": first[:_NAME], "LastName": last[:_NAME]}


def _address(draft: CustomerDraft, settings: SapODataSettings) -> Entity:
    address, record = draft.billing or draft.shipping or Address(), _record(draft)
    place = {"CityName": address.city, "PostalCode": address.postal_code, "Country": address.country.upper()}
    fields = {
        "CareOfName": draft.customer.full_name[:_NAME] if draft.customer.company else "",
        **address_fields.street((address.line1, address.line2), _STREET, system=SYSTEM, record=record),
        **address_fields.whole(place, _PLACE, system=SYSTEM, record=record),
        "Region": region_of(address, settings),
        "Language": settings.language,
    }
    entity: Entity = {name: value for name, value in fields.items() if value}
    entity["to_AddressUsage"] = results({"AddressUsage": "XXDEFAULT"})
    reached = _reached(draft)
    if email := reached["EmailAddress"]:
        entity["to_EmailAddress"] = results({"EmailAddress": email, "IsDefaultEmailAddress": True})
    if phone := reached["PhoneNumber"]:
        entity["to_PhoneNumber"] = results({"PhoneNumber": phone, "PhoneNumberType": "1", "IsDefaultPhoneNumber": True})
    return entity


def _customer(draft: CustomerDraft, settings: SapODataSettings) -> Entity:
    currency = currency_of(draft.currency, settings, record=_record(draft))
    chosen = {
        "Currency": currency,
        "CustomerGroup": _group(draft, settings),
        "CustomerPaymentTerms": settings.customer_terms,
        "ShippingCondition": settings.customer_shipping_condition,
        "CustomerAccountAssignmentGroup": settings.customer_account_group,
    }
    area = {
        "SalesOrganization": settings.sales_organization,
        "DistributionChannel": settings.distribution_channel,
        "Division": settings.division,
    }
    sales: Entity = {**area, **{name: value for name, value in chosen.items() if value}}
    if settings.customer_tax:
        sales["to_SalesAreaTax"] = results(*(_tax(name, code) for name, code in settings.customer_tax.items()))
    entity: Entity = {"to_CustomerSalesArea": results(sales)}
    if settings.company:
        account = {"CompanyCode": settings.company, "ReconciliationAccount": settings.reconciliation_account}
        entity["to_CustomerCompany"] = results(account)
    return entity


def _tax(category_and_country: str, code: str) -> Entity:
    category, _, country = category_and_country.partition("/")
    return {"CustomerTaxCategory": category, "DepartureCountry": country, "CustomerTaxClassification": code}


def _group(draft: CustomerDraft, settings: SapODataSettings) -> str:
    known = (settings.customer_groups[group] for group in draft.customer.groups if group in settings.customer_groups)
    return next(known, settings.default_customer_group)


def _contact(address: Row, parent: str, navigation: str, entities: str, field: str, value: str) -> list[Request]:
    rows = nested(address, navigation)
    if not value or any(text(row, field).lower() == value.lower() for row in rows):
        return []
    if not rows:
        return [post(f"{parent}/{navigation}", {field: value})]
    row = _preferred(rows, navigation)
    own = {name: text(row, name) for name in ("AddressID", "Person", "OrdinalNumber")}
    return [patch(f"{entities}{key(**own)}", {field: value}, etag(row))]


def _default(addresses: list[Row], navigation: str, field: str) -> str:
    for address in addresses:
        if rows := nested(address, navigation):
            return text(_preferred(rows, navigation), field)
    return ""


def _preferred(rows: list[Row], navigation: str) -> Row:
    flag = "IsDefaultEmailAddress" if navigation == "to_EmailAddress" else "IsDefaultPhoneNumber"
    return next((row for row in rows if row.get(flag)), rows[0])


def _reached(draft: CustomerDraft) -> dict[str, str]:
    """E-mail address and telephone number, "" for one that there is not."""
    address = draft.billing or draft.shipping
    phone = draft.customer.phone or (address.phone if address else "")
    values = {"EmailAddress": draft.customer.email, "PhoneNumber": phone}
    return address_fields.whole(values, _REACHED, system=SYSTEM, record=_record(draft))


def _record(draft: CustomerDraft) -> str:
    return f"customer {draft.reference}"

"""Customers as Odoo's users change them."""

from collections.abc import Mapping

from erpsync.domain.ids import TargetId
from erpsync.domain.parties import Customer
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.pages import Page, Since
from erpsync.systems.odoo import names
from erpsync.systems.odoo.changes import ALL, Reading, each_read, told
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire_catalogue import ContactRow

# What Odoo itself lists as customers: suppliers, employees and addresses of others are none of a store's business.
_CUSTOMERS: list[object] = [["customer_rank", ">", 0], ["type", "not in", ["invoice", "delivery", "other"]]]


class CustomerChanges:
    """The customers' part of what Odoo tells."""

    def __init__(self, client: OdooClient, settings: OdooSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def changed(self, since: Since) -> Page[ErpCustomer]:
        reading = Reading.of(since, self._client, self._settings)
        domain = [*_CUSTOMERS, *reading.changed("write_date")]
        contacts = self._client.page(ContactRow, domain, limit=self._settings.page_size, context=ALL)
        ours = self._lookups.external_names(ContactRow.MODEL, [row.id for row in contacts.rows])
        groups = {tag: group for group, tag in self._settings.customer_groups.items()}
        records = each_read(
            contacts.rows,
            lambda row: customer(row, names.reference_of("partner", ours.get(row.id, "")), groups),
            lambda row: f"contact {row.id}",
        )
        return told(reading, contacts, records)


def customer(row: ContactRow, reference: str, groups: Mapping[int, str]) -> ErpCustomer:
    """Odoo keeps a person's name in one piece; its last word is taken for the last name."""
    first, _, last = ("", "", "") if row.is_company else row.name.strip().rpartition(" ")
    return ErpCustomer(
        ref=RecordRef(TargetId(str(row.id)), f"contact {row.id}"),
        reference=reference,
        customer=Customer(
            email=row.email,
            first_name=first,
            last_name=last,
            company=row.name if row.is_company else row.company_name or row.parent_id,
            phone=row.phone,
            groups=tuple(groups[tag] for tag in row.category_id if tag in groups),
        ),
        active=row.active,
    )

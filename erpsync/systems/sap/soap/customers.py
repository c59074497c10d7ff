"""Customers: found by our reference or their e-mail address, made once, changed."""

from collections.abc import Mapping, Sequence

from erpsync.ports.erp_records import CustomerDraft, RecordRef, Written
from erpsync.systems.sap.soap import finding, mapper, wire
from erpsync.systems.sap.soap.booking import Entry, mapped, write
from erpsync.systems.sap.soap.client import Wrapper
from erpsync.systems.sap.soap.settings import SapSoapSettings


class Customers:
    """The customers' part of the Erp port, changes apart."""

    def __init__(self, wrapper: Wrapper, settings: SapSoapSettings) -> None:
        self._wrapper = wrapper
        self._settings = settings

    def find(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        emails = {draft.reference: draft.customer.email for draft in drafts}
        return finding.find(self._wrapper, finding.CUSTOMER, list(emails), emails)

    def upsert(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        by_reference = {draft.reference: draft for draft in drafts}
        known = finding.already(self._wrapper, self._settings, finding.CUSTOMER, list(by_reference))

        def entry(reference: str, draft: CustomerDraft) -> Entry:
            there = known.get(reference)
            customer, extras = mapper.customer(draft, self._settings, there.target_id if there else "")
            return Entry(f"customer {reference}", {"IT_CUSTOMER": [customer], "IT_EXTRA": extras})

        entries, refused = mapped(by_reference, entry)
        return refused | write(self._wrapper, wire.CUSTOMER_SAVE, entries)

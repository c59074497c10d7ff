"""Customers, both ways."""

from collections.abc import Mapping, Sequence

from erpsync.domain.ids import TargetId
from erpsync.domain.parties import Customer
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import CustomerDraft, RecordRef, Written
from erpsync.ports.pages import Page, Since
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.drafting import drafted
from erpsync.systems.netsuite.mapper import customer_record
from erpsync.systems.netsuite.queries import search
from erpsync.systems.netsuite.reading import deletions, modified, position, rows, to_deleted
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import DeletedRecord, ReadRecord, id_of
from erpsync.systems.netsuite.writing import Writing, ref

_TYPE = "customer"


class Customers:
    """One account's customers."""

    def __init__(self, client: SuiteTalk, writing: Writing, settings: NetSuiteSettings) -> None:
        self._client = client
        self._writing = writing
        self._settings = settings

    def find(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        ours = self._writing.by_external_id(_TYPE, [draft.reference for draft in drafts])
        emails = {
            draft.customer.email.strip().lower()
            for draft in drafts
            if ours[draft.reference] is None and draft.customer.email.strip()
        }
        by_email = {email: self._with_email(email) for email in sorted(emails)}
        return {
            draft.reference: by_email.get(draft.customer.email.strip().lower(), ())
            if (record := ours[draft.reference]) is None
            else (ref(record),)
            for draft in drafts
        }

    def upsert(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        known = self._writing.by_external_id(_TYPE, [draft.reference for draft in drafts])
        records, results = drafted(
            {draft.reference: draft for draft in drafts},
            lambda key, draft: customer_record(draft, self._settings, is_new=known[key] is None),
        )
        names = {draft.reference: f"customer {draft.reference}" for draft in drafts}
        return results | self._writing.upsert(_TYPE, records, names)

    def changed(self, since: Since) -> Page[ErpCustomer]:
        at = position(since, self._client.server_time)
        if at.deleted:
            told = [_gone(one) for one in deletions(self._client, at, (_TYPE,))]
            return at.page(tuple(customer for customer in told if customer), (), None)
        criteria = modified("lastModifiedDate", at.since)
        found, following = rows(self._client, "Customer", criteria, at, self._settings.page_size)
        records = tuple(erp_customer(record, self._settings) for record in found)
        return at.page(records, (), to_deleted(at, following))

    def _with_email(self, email: str) -> tuple[RecordRef, ...]:
        criteria = {"email": {"operator": "is", "searchValue": email}, "isInactive": {"searchValue": False}}
        found = search(self._client, "Customer", criteria)
        return tuple(ref(record) for record in found if (record["email"] or "").strip().lower() == email)


def erp_customer(record: ReadRecord, settings: NetSuiteSettings) -> ErpCustomer:
    """A customer as NetSuite has it. Its groups are those of the store whose category it has."""
    category = id_of(record.get("category"))
    customer = Customer(
        email=record.get("email") or "",
        first_name=record.get("firstName") or "",
        last_name=record.get("lastName") or "",
        company=record.get("companyName") or "",
        phone=record.get("phone") or "",
        groups=tuple(name for name, id_ in settings.customer_groups.items() if category and id_ == category),
    )
    return ErpCustomer(ref(record), record.get("externalId") or "", customer, active=not record.get("isInactive"))


def _gone(deleted: DeletedRecord) -> ErpCustomer | None:
    told = deleted["record"]
    if told is None or not told["internalId"]:
        return None
    ref = RecordRef(TargetId(told["internalId"]), told["name"] or told["internalId"])
    return ErpCustomer(ref, told["externalId"] or "", Customer(), active=False)

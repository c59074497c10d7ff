"""Odoo as the Erp port has it."""

from collections.abc import Mapping, Sequence

from erpsync.domain.ids import TargetId
from erpsync.ports.checks import Check
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, RecordRef, Written
from erpsync.ports.runtime import Tools
from erpsync.systems.odoo.checks import Checks
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.customers import Customers
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.orders import Orders
from erpsync.systems.odoo.settings import OdooSettings


class OdooErp:
    """See `erpsync.ports.erp.Erp`. One worker process's own."""

    def __init__(self, settings: OdooSettings, tools: Tools) -> None:
        self._client = OdooClient(settings, tools.clock)
        lookups = Lookups(self._client)
        self._checks = Checks(self._client, settings, tools.clock)
        self._customers = Customers(self._client, settings, lookups)
        self._orders = Orders(self._client, settings, lookups)

    def ping(self) -> None:
        self._client.call("res.users", "context_get", write=False)

    def check(self) -> Sequence[Check]:
        return self._checks.run()

    def find_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        return self._customers.find(drafts)

    def upsert_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        return self._customers.upsert(drafts)

    def find_orders(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        return self._orders.find(references)

    def create_orders(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Written]:
        return self._orders.create(drafts)

    def amend_orders(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        return self._orders.amend(drafts)

    def cancel_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self._orders.cancel(target_ids)

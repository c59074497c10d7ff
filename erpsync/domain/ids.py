"""Identifiers, each of its own type so that one is never passed for another."""

from typing import NewType

ConnectionName = NewType("ConnectionName", str)
"""The name of a configured store or ERP, as the `[connections.NAME]` table in erpsync.toml spells it."""

JobId = NewType("JobId", int)
"""The ledger's own key of a job."""

SourceId = NewType("SourceId", str)
"""A record's id in the system it comes from. Text always: Shopify's ids exceed 2^53."""

TargetId = NewType("TargetId", str)
"""A record's id in the system it is written to."""

Sku = NewType("Sku", str)
"""A stock keeping unit: what store and ERP call an item by."""

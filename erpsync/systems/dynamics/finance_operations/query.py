"""OData as F&O takes it: filters, keys, and values. Pure.

What F&O's filters lack, erpsync does without: `in`, `has` and the text functions are not supported, and enumerations know
only eq and ne (https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/data-entities/odata#filter-details).
`eq` with an asterisk is a search with wildcards, so that what comes back is compared once more.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from urllib.parse import quote, urlencode

from erpsync.systems.dynamics.finance_operations.wire import NO_DATE, Entity

# So many values one filter may ask for: the address of a request stays below what web servers take.
VALUES_A_FILTER = 25


def text(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def enumeration(kind: str, name: str) -> str:
    """As in Microsoft.Dynamics.DataEntities.SalesStatus'Invoiced'."""
    return f"Microsoft.Dynamics.DataEntities.{kind}'{name}'"


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def date_of(at: datetime, zone: tzinfo) -> str:
    """The date that it is in the zone, as F&O writes dates itself: at noon, so that none becomes its neighbour."""
    return f"{at.astimezone(zone).date()}T12:00:00Z"


def both(*terms: str) -> str:
    return " and ".join(term for term in terms if term)


def either(field: str, values: Sequence[str]) -> str:
    """`field` is one of `values`; as many as a filter takes."""
    terms = " or ".join(f"{field} eq {text(value)}" for value in values)
    return f"({terms})" if len(values) > 1 else terms


def chunks(values: Sequence[str]) -> list[Sequence[str]]:
    """All of them, each once, in as many pieces as filters are needed."""
    unique = list(dict.fromkeys(values))
    return [unique[start : start + VALUES_A_FILTER] for start in range(0, len(unique), VALUES_A_FILTER)]


def in_company(entity: Entity[object], company: str, filter_: str) -> str:
    return filter_ if entity.shared else both(f"dataAreaId eq {text(company)}", filter_)


def address(entity: Entity[object], parameters: dict[str, str]) -> str:
    """The entity set with its query, percent-encoded. Without cross-company=true a request sees and writes nothing but the
    user's own company (.../odata#cross-company-behavior)."""
    return f"{entity.name}?{urlencode({**parameters, 'cross-company': 'true'}, quote_via=quote, safe='$,()')}"


def record(entity: Entity[object], company: str, key: Sequence[str | Decimal]) -> str:
    """One record's address. `key` has the values of the entity's own key fields, in their order."""
    values = [f"{field}={_literal(value)}" for field, value in zip(entity.key, key, strict=True)]
    return f"{entity.name}({','.join([f'dataAreaId={_literal(company)}', *values])})?cross-company=true"


def day(value: str) -> datetime | None:
    """A date or time of F&O's, aware; None for its empty date."""
    if not value or value.startswith(NO_DATE):
        return None
    return datetime.fromisoformat(value.replace("Z", "+00:00"))


def _literal(value: str | Decimal) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else quote(text(value), safe="'")

"""What is in SAP under our references."""

from collections.abc import Mapping, Sequence

from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import RecordRef
from erpsync.systems.sap.soap import wire
from erpsync.systems.sap.soap.booking import BATCH
from erpsync.systems.sap.soap.client import Wrapper
from erpsync.systems.sap.soap.rows import row, shown
from erpsync.systems.sap.soap.settings import SapSoapSettings

ORDER, REFUND, PAYMENT, CUSTOMER = "O", "R", "P", "C"


def find(
    wrapper: Wrapper, kind: str, references: Sequence[str], emails: Mapping[str, str] | None = None
) -> dict[str, tuple[RecordRef, ...]]:
    """All records per reference; customers by e-mail address where no reference is known. Empty tuple: none."""
    function = wire.CUSTOMER_FIND if kind == CUSTOMER else wire.ORDER_FIND
    unique = list(dict.fromkeys(references))
    # A longer one is nowhere in SAP; it is refused by name when it is to be written.
    fitting = [reference for reference in unique if len(reference) <= wire.SOUGHT["REFERENCE"].length]
    ours: dict[str, list[RecordRef]] = {reference: [] for reference in unique}
    alike: dict[str, list[RecordRef]] = {reference: [] for reference in unique}
    for start in range(0, len(fitting), BATCH):
        sought = [_sought(kind, reference, emails or {}) for reference in fitting[start : start + BATCH]]
        for hit in wrapper.call(function, {"IT_SOUGHT": sought}).rows("ET_FOUND"):
            ref = RecordRef(TargetId(hit["DOCUMENT"]), shown(hit["DOCUMENT"]))
            (alike if hit["BY_EMAIL"] else ours)[hit["REFERENCE"]].append(ref)
    return {reference: tuple(ours[reference] or alike[reference]) for reference in unique}


def already(wrapper: Wrapper, settings: SapSoapSettings, kind: str, references: Sequence[str]) -> dict[str, RecordRef]:
    """What must not be made again. Not asked of a wrapper that looks itself, under its lock."""
    if settings.wrapper_keeps_references_unique:
        return {}
    return {reference: refs[0] for reference, refs in find(wrapper, kind, references).items() if refs}


def _sought(kind: str, reference: str, emails: Mapping[str, str]) -> wire.Row:
    email = emails.get(reference, "").strip()
    fits = len(email) <= wire.SOUGHT["EMAIL"].length
    values = {"KIND": kind, "REFERENCE": reference, "EMAIL": email if fits else ""}
    return row(wire.SOUGHT, reference, values)

"""What a shop refuses, in the words of `erpsync.domain.errors`. Only its codes are shown: its messages may name people."""

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, Skip, SyncError, Transient, Unavailable
from erpsync.systems.custom import wire
from erpsync.systems.custom.capabilities import SYSTEM
from erpsync.transport.http import Reply

_NEXT = {
    "unknown-sku": "Make the item in the shop under this SKU, or take it out of the ERP's list of what is sold there.",
    "unknown-location": "Name the shop's location in the settings as its ping spells it.",
    "unknown-line": "Compare the shipment's lines with the order in the shop; then replay.",
    "over-ordered": "Compare the shipment with the order in the shop: more is shipped than was ordered.",
    "cancelled": "The order is cancelled in the shop: decide there or in the ERP which of the two is right.",
    "currency": "The shop's base prices are in another currency: correct the price list that is read from the ERP.",
    "options": "Give each variant a value of each option, and no two variants the same, in the ERP; then replay.",
    "too-many-variants": "The shop holds no more variants of one product: part it in the ERP.",
    "too-many-options": "The shop holds no more options of one product: part it in the ERP.",
    "too-large": "Shorten the record in the ERP: the shop takes no more in one call.",
    "not-tracked": "Let the shop count the item's stock, or take it off the stock that is sent.",
}


def of_error(error: wire.Error, record: str) -> SyncError:
    """The domain error for a record that the shop refuses."""
    if error.code == "not-found":
        return Skip("order-gone", what="The shop has no such order any more.", record=record)
    if error.code == "try-later":
        return Transient("try-later", system=SYSTEM, what="The shop asks to try again later.", record=record)
    fallback = "Look up the code in the shop's log, where its own words are; correct the record, then replay."
    return Rejected(
        "shop-refuses",
        system=SYSTEM,
        record=record,
        what=f"The shop refuses it ({error.code}).",
        next_step=_NEXT.get(error.code, fallback),
    )


def of_reply(reply: Reply, *, write: bool, record: str) -> SyncError:
    """The domain error for an answer that is no success."""
    if reply.status == 403:
        return Unavailable(
            "forbidden",
            system=SYSTEM,
            what="The shop does not let erpsync do this (403).",
            next_step="Let the shop's developer allow it; waiting records then go on by themselves.",
        )
    try:
        error = wire.Refusal.model_validate_json(reply.body).error
    except ValidationError:
        return _not_the_contract(reply.status, write, record)
    return of_error(error, record)


def _not_the_contract(status: int, write: bool, record: str) -> SyncError:
    """A page of a proxy, a route that does not exist, a redirect: never taken for "there is no such order". A write that
    is refused so is one that the shop does not implement; were it an outage, all else would wait for it too."""
    what = f"The shop answered {status} without the contract's error."
    if write and status >= 400:
        return Rejected(
            "not-the-contract",
            system=SYSTEM,
            record=record,
            what=what,
            next_step="If the shop does not implement this, take it out of `abilities`; else let its developer look.",
        )
    return Unavailable(
        "not-the-contract",
        system=SYSTEM,
        what=what,
        next_step="Check `url`: it is where the shop implements the contract. Waiting records go on by themselves.",
    )

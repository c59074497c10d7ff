"""What erpsync writes on an order: the ERP's number, and whether it waits for a person.

`external_order_id` is for the order's id in another system, and may be written at any time
(https://developer.bigcommerce.com/docs/rest-management/orders#update-an-order). Sales channels use it for their
own number: one that is not ours stays, and the ERP's goes to the staff notes. Metafields would do as well, and people would
not see them where they look at the order.

Staff notes are read and written back with one line more or less. BigCommerce knows no condition on a write: a note that
a person saves in the moment between is lost; erpsync writes only where a line really changes.
"""

from collections.abc import Callable, Sequence

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import SourceId
from erpsync.ports.store_records import OrderMark, OrderNote
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.orders import OrderReader, is_id, no_id
from erpsync.systems.bigcommerce.refusals import concerns_all
from erpsync.systems.bigcommerce.settings import BigCommerceSettings

_NUMBER = "[erpsync] in the ERP as: "
_MARK = "[erpsync] waits for a person: "
MAX_NOTES = 65_535


class OrderNotes:
    def __init__(self, client: BigCommerceClient, orders: OrderReader, settings: BigCommerceSettings) -> None:
        self._client = client
        self._orders = orders
        self._by_field = settings.write_back == "external_order_id"

    def write_back(self, notes: Sequence[OrderNote]) -> dict[SourceId, SyncError | None]:
        def write(note: OrderNote, order: wire.Order) -> None:
            if self._by_field and order.external_order_id in ("", note.display):
                if order.external_order_id != note.display:
                    self._put(note.source_id, {"external_order_id": note.display})
                return
            self._set_line(order, _NUMBER, f"{note.display} ({note.erp})")

        return _each([(note.source_id, note) for note in notes], self._orders.head, write)

    def mark(self, marks: Sequence[OrderMark]) -> dict[SourceId, SyncError | None]:
        return _each(
            [(mark.source_id, mark) for mark in marks],
            self._orders.head,
            lambda mark, order: self._set_line(order, _MARK, mark.code),
        )

    def _set_line(self, order: wire.Order, label: str, value: str) -> None:
        """The staff notes with this one line of that label, none where the value is empty."""
        text = order.staff_notes.replace("\r\n", "\n")
        kept = [line for line in text.split("\n") if not line.startswith(label)] if text else []
        line = [f"{label}{value}"] if value else []
        changed = "\n".join([*kept, *line])
        if changed != text:
            self._put(SourceId(str(order.id)), {"staff_notes": changed[:MAX_NOTES]})

    def _put(self, source_id: SourceId, body: dict[str, str]) -> None:
        self._client.put(f"/v2/orders/{source_id}", body, record=f"order {source_id}")


def _each(
    wanted: Sequence[tuple[SourceId, object]],
    head: Callable[[SourceId], wire.Order],
    write: Callable[..., None],
) -> dict[SourceId, SyncError | None]:
    """One order after the other; where the way to the store fails, the rest is not tried."""
    done: dict[SourceId, SyncError | None] = {}
    for place, (source_id, one) in enumerate(wanted):
        try:
            if not is_id(source_id):
                raise no_id(source_id)
            write(one, head(source_id))
            done[source_id] = None
        except SyncError as error:
            done[source_id] = error
            if concerns_all(error):
                return done | {rest: error for rest, _ in wanted[place:]}
    return done

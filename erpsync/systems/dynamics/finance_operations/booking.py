"""Makes sales orders, and credit notes which are sales orders too: a header with its lines.

Where the number is ours it is known beforehand, so that header and lines are one change set: all of an order or nothing of
it, and a second one under the number is refused by F&O. Where F&O numbers, the header must be made first: its lines follow
in a change set of their own, and a header that gets none is deleted again. (Lines inserted with their header in one body
are not taken: Microsoft has headers made first, then lines,
https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/data-entities/entity-sales-order-headers-v2-salesorderheaderv2.)
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import RecordRef, Written
from erpsync.systems.dynamics.finance_operations import refusals
from erpsync.systems.dynamics.finance_operations.client import Answered, FoClient, Write
from erpsync.systems.dynamics.finance_operations.mapper import Document
from erpsync.systems.dynamics.finance_operations.numbers import number_for
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.wire import HEADERS, LINES, Row


class Booking:
    def __init__(self, client: FoClient, settings: FinanceOperationsSettings) -> None:
        self._client = client
        self._ours = settings.order_numbers == "ours"

    def find(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        """All sales orders per reference."""
        rows = self._client.read_in(HEADERS, "CustomersOrderReference", references)
        numbers: dict[str, list[str]] = {reference: [] for reference in references}
        for row in rows:
            if row["CustomersOrderReference"] in numbers:
                numbers[row["CustomersOrderReference"]].append(row["SalesOrderNumber"])
        return {reference: tuple(_ref(number) for number in sorted(found)) for reference, found in numbers.items()}

    def make(self, documents: Sequence[Document]) -> Mapping[str, Written]:
        """Makes each that is not there. One under a number of ours that is there already is an error here as well: the
        caller knows what to do with it. Raises OutcomeUnknown."""
        return self._numbered(documents) if self._ours else self._unnumbered(documents)

    def taken(
        self, documents: Sequence[Document], answers: Mapping[str, Written]
    ) -> Mapping[str, RecordRef | Rejected]:
        """Of those that were refused, the ones whose number of ours is there already: the record, or a refusal where it is
        another's. One that was made with other amounts than it was given is refused for that."""
        refused = [one for one in documents if _is_bare(answers[one.reference])]
        if not self._ours or not refused:
            return {}
        wanted = {number_for(document.reference): document for document in refused}
        found: dict[str, RecordRef | Rejected] = {}
        for row in self._client.read_in(HEADERS, "SalesOrderNumber", list(wanted)):
            number = row["SalesOrderNumber"]
            document = next((one for key, one in wanted.items() if key.lower() == number.lower()), None)
            if document is not None:
                ours = row["CustomersOrderReference"] == document.reference
                found[document.reference] = _ref(number) if ours else refusals.number_taken(document.record, number)
        return found

    def fill(self, documents: Mapping[str, Document]) -> Mapping[str, Written]:
        """Adds the lines of each to the order of that number, which has none yet."""
        changes = [_lines(number, document) for number, document in documents.items()]
        answers = self._client.write(changes, unique=False)
        return {
            number: _made(number, document, answer)
            for (number, document), answer in zip(documents.items(), answers, strict=True)
        }

    def _numbered(self, documents: Sequence[Document]) -> Mapping[str, Written]:
        numbers = [number_for(document.reference) for document in documents]
        changes = [
            [Write("POST", HEADERS, {"SalesOrderNumber": number, **document.header}), *_lines(number, document)]
            for number, document in zip(numbers, documents, strict=True)
        ]
        answers = self._client.write(changes, unique=True)
        return {
            document.reference: _made(number, document, answer[1:] if isinstance(answer, list) else answer)
            for number, document, answer in zip(numbers, documents, answers, strict=True)
        }

    def _unnumbered(self, documents: Sequence[Document]) -> Mapping[str, Written]:
        headers = self._client.write(
            [[Write("POST", HEADERS, document.header)] for document in documents], unique=False
        )
        results: dict[str, Written] = {}
        filled: dict[str, Document] = {}
        for document, answer in zip(documents, headers, strict=True):
            if isinstance(answer, SyncError):
                results[document.reference] = _about(document, answer)
            else:
                filled[str(answer[0]["SalesOrderNumber"])] = document
        made = self.fill(filled)
        for number, document in filled.items():
            results[document.reference] = made[number]
        self._delete([number for number, answer in made.items() if _is_bare(answer)])
        return results

    def _delete(self, numbers: Sequence[str]) -> None:
        """Takes back headers whose lines were refused. One that stays is found by its reference next time."""
        self._client.write([[Write("DELETE", HEADERS, key=(number,))] for number in numbers], unique=True)


def _lines(number: str, document: Document) -> list[Write]:
    return [Write("POST", LINES, {"SalesOrderNumber": number, **line}) for line in document.lines]


def _made(number: str, document: Document, answer: Answered) -> Written:
    """The order; or the refusal where its lines came to something else than they were given."""
    if isinstance(answer, SyncError):
        return _about(document, answer)
    differing = [
        f"{row['ItemNumber']} {row['LineAmount']:f} instead of {expected:f}"
        for row, expected in zip(answer, document.expected, strict=True)
        if _told(row, expected) != expected
    ]
    if differing:
        return refusals.amounts_differ(document.record, number, ", ".join(differing))
    return _ref(number)


def _told(row: Row, expected: Decimal) -> Decimal:
    amount = row.get("LineAmount")
    return amount if isinstance(amount, Decimal) else Decimal(amount) if isinstance(amount, int) else expected


def _is_bare(answer: Written) -> bool:
    """Whether nothing was made of it."""
    return isinstance(answer, Rejected) and answer.code != refusals.AMOUNTS_DIFFER


def _about(document: Document, error: SyncError) -> SyncError:
    """The error, naming the record of the store."""
    if error.problem.record:
        return error
    return refusals.about(error, document.record)


def _ref(number: str) -> RecordRef:
    return RecordRef(TargetId(number), number)

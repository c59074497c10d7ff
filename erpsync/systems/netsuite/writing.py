"""Records written in bulk, each answered for itself."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.erp_records import Written as Answer
from erpsync.systems.netsuite import refusals
from erpsync.systems.netsuite.client import WRITE_LIMIT, SuiteTalk
from erpsync.systems.netsuite.wire import ReadRecord, Ref, WriteResponse, Written

Key = TypeVar("Key", bound=Hashable)
Outcome: TypeAlias = ReadRecord | SyncError


class Writing:
    """One account's writes, and what NetSuite calls their records."""

    def __init__(self, client: SuiteTalk) -> None:
        self._client = client

    def by_external_id(self, record_type: str, references: Sequence[str]) -> dict[str, ReadRecord | None]:
        """The record with each reference."""
        unique = list(dict.fromkeys(references))
        records = self._client.get_list([Ref(externalId=reference, type=record_type) for reference in unique])
        return dict(zip(unique, records, strict=True))

    def upsert(self, record_type: str, records: Mapping[Key, Written], names: Mapping[Key, str]) -> dict[Key, Answer]:
        """By external id. `names` are what messages call the records."""
        return _answers(self.upserted(record_type, records, names))

    def upserted(
        self, record_type: str, records: Mapping[Key, Written], names: Mapping[Key, str]
    ) -> dict[Key, Outcome]:
        """The same, with each record as NetSuite has it now."""
        return self._written(record_type, records, names, self._client.upsert_list)

    def update(self, record_type: str, records: Mapping[Key, Written], names: Mapping[Key, str]) -> dict[Key, Answer]:
        """By internal id."""
        return _answers(self.updated(record_type, records, names))

    def updated(self, record_type: str, records: Mapping[Key, Written], names: Mapping[Key, str]) -> dict[Key, Outcome]:
        """The same, with each record as NetSuite has it now."""
        return self._written(record_type, records, names, self._client.update_list)

    def _written(
        self,
        record_type: str,
        records: Mapping[Key, Written],
        names: Mapping[Key, str],
        write: Callable[[Sequence[Written]], list[WriteResponse]],
    ) -> dict[Key, Outcome]:
        """Writes the records in as few calls as may be, then asks what NetSuite made of those that it took."""
        results: dict[Key, Outcome] = {}
        ids: dict[Key, str] = {}
        keys = list(records)
        for start in range(0, len(keys), WRITE_LIMIT):
            part = keys[start : start + WRITE_LIMIT]
            try:
                answers = write([records[key] for key in part])
            except SyncError as error:
                if len(keys) == len(part):
                    raise
                results |= dict.fromkeys(part, error)
                continue
            for key, answer in zip(part, answers, strict=True):
                internal_id = (answer["baseRef"] or {}).get("internalId")
                if refusals.code_of(answer["status"]):
                    results[key] = refusals.of_status(answer["status"], record=names[key])
                elif internal_id:
                    ids[key] = internal_id
                else:
                    results[key] = refusals.no_id(names[key])
        taken = self._client.get_list([Ref(internalId=id_, type=record_type) for id_ in ids.values()])
        for (key, id_), record in zip(ids.items(), taken, strict=True):
            results[key] = record or ReadRecord(internalId=id_)
        return results


def _answers(outcomes: Mapping[Key, Outcome]) -> dict[Key, Answer]:
    return {key: found if isinstance(found, SyncError) else ref(found) for key, found in outcomes.items()}


def ref(record: ReadRecord) -> RecordRef:
    """A record by the name that its users know."""
    name = record.get("tranId") or record.get("entityId") or record["internalId"]
    return RecordRef(TargetId(record["internalId"]), name)

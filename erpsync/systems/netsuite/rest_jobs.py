"""Many new records at once: handed over as one job, which NetSuite works off when it gets to it.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0127092747.html
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from erpsync.domain.errors import OutcomeUnknown
from erpsync.systems.netsuite import rest_refusals as refusals
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.rest_client import RestClient
from erpsync.systems.netsuite.rest_wire import Json
from erpsync.transport.http import encode_json

JOB_LIMIT = 100
_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 5.0
_NAMESPACE = uuid.UUID("6f0a3c5e-6f7e-4b1e-9a55-2d6d7a6f9b10")


def create(client: RestClient, kind: str, records: Mapping[str, Json], *, timeout_seconds: float) -> None:
    """Makes records by their external ids, and returns when NetSuite has finished, however each of them ended: which
    were made is seen by looking. A record that is there already stays as it is.

    Returns at once where NetSuite does not take the job. Raises OutcomeUnknown where it may still come to it later.
    """
    references = list(records)
    jobs = []
    for start in range(0, len(references), JOB_LIMIT):
        part = [{"externalId": reference, **records[reference]} for reference in references[start : start + JOB_LIMIT]]
        job = _submitted(client, kind, part, timeout_seconds)
        jobs += [job] if job else []
    deadline = client.clock.now() + timedelta(seconds=timeout_seconds)
    pause = _FIRST_WAIT_SECONDS
    while jobs := [job for job in jobs if not client.job_is_done(job)]:
        if client.clock.now() >= deadline:
            raise _still_running(timeout_seconds)
        client.pause(pause)
        pause = min(pause * 2, _LONGEST_WAIT_SECONDS)


def _submitted(client: RestClient, kind: str, records: Sequence[Json], timeout_seconds: float) -> str:
    """The path of the job, empty where NetSuite does not take it. The same records are not worked off twice: that is
    refused, with the earlier job's address. Raises Unavailable where the role may not make such records."""
    key = str(uuid.uuid5(_NAMESPACE, encode_json([kind, *records]).decode()))
    try:
        reply = client.submit(kind, list(records), key)
    except OutcomeUnknown as error:
        # The job may lie in NetSuite's queue: whoever looks before it has run sees nothing, and is not to hurry.
        raise _still_running(timeout_seconds) from error
    code = refusals.told(reply)[0]
    if reply.status == 403 or code in refusals.NO_PERMISSION:
        raise refusals.no_permission(code)
    return urlsplit(reply.headers.get("Location", "")).path


def _still_running(timeout_seconds: float) -> OutcomeUnknown:
    return OutcomeUnknown(
        "job-unfinished",
        system=SYSTEM,
        what=f"NetSuite has not finished a job of new records within {timeout_seconds:.0f} s.",
        settle_seconds=timeout_seconds,
    )

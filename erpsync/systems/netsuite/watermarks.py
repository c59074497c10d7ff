"""Where the next read of changes starts: NetSuite's own clock, less the longest that a transaction may take. Pure."""

from datetime import datetime, timedelta

# A record is stamped while its transaction is under way, and a request may take 15 minutes by SOAP
# (https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_4078474279.html) and by REST
# (https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/subsect_1559222360.html).
_OVERLAP = timedelta(minutes=15)


def watermark_of(remote: datetime) -> str:
    """For a read that starts when NetSuite's clock shows `remote`."""
    return (remote - _OVERLAP).isoformat()


def time_of(text: str | None) -> datetime | None:
    """A watermark's time, None for what is none."""
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None

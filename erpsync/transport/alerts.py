"""Tells people's chat or pager that something needs them."""

from datetime import UTC, datetime

from erpsync.domain.errors import Transient
from erpsync.transport.http import HttpClient

_SECONDS = 10.0


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def post(url: str, text: str) -> None:
    """Posts `{"text": ...}`, which Slack, Mattermost, Teams workflows and most pagers take as it is.

    Raises a domain error where the address does not take it.
    """
    reply = HttpClient("alerts", url, _Clock(), read_seconds=_SECONDS).call(
        "POST", url, write=False, json_body={"text": text}
    )
    if reply.status >= 300:
        raise Transient("alert-refused", system="alerts", what=f"The alert address answered {reply.status}.")

"""Status codes and broken connections, in the words of `erpsync.domain.errors`."""

import math
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from erpsync.domain.errors import OutcomeUnknown, SyncError, Throttled, Transient, Unavailable
from erpsync.ports.limits import Lesson

# Answers of a gateway, or of a server that may have begun: for a write nobody knows what happened behind them.
_AMBIGUOUS = frozenset({408, 500, 502, 504})


def of_exception(error: requests.RequestException, *, system: str, write: bool, settle_seconds: float) -> SyncError:
    """The domain error for a request that got no answer. A write is OutcomeUnknown unless it surely was never sent."""
    is_tls = isinstance(error, requests.exceptions.SSLError)
    # A certificate is looked at before anything is sent; another fault of TLS may break a connection at any time.
    if is_tls and (not write or any(isinstance(one, ssl.SSLCertVerificationError) for one in _causes(error))):
        return Unavailable(
            "tls-refused",
            system=system,
            what="The TLS connection could not be trusted, or broke.",
            next_step="Check the address and the server's certificate; erpsync does not connect unverified.",
        )
    if _never_sent(error) or not write:
        slow = isinstance(error, requests.Timeout)
        return Unavailable(
            "timed-out" if slow else "unreachable",
            system=system,
            what="No answer in time." if slow else "The connection could not be made or was cut off.",
            next_step="Nothing for this record: it goes on by itself when the system answers. See `erpsync doctor`.",
        )
    return OutcomeUnknown(
        "reply-lost",
        system=system,
        what="The request was sent and its reply never came.",
        settle_seconds=settle_seconds,
    )


def of_status(
    status: int, headers: Mapping[str, str], *, system: str, write: bool, settle_seconds: float, now: datetime
) -> SyncError | None:
    """The domain error for a status that means the same with every remote; None where the system must read the body."""
    if status == 429:
        return Throttled(
            "throttled",
            system=system,
            what="The system asks for fewer requests.",
            retry_after_seconds=retry_after_seconds(headers, now),
        )
    if status == 401:
        return Unavailable(
            "credentials-refused",
            system=system,
            what="The system refused the credentials (401).",
            next_step="Renew the credentials of this connection, restart the workers and run `erpsync doctor`; "
            "waiting records then go on by themselves.",
        )
    if status == 503:
        return Unavailable(
            "unavailable",
            system=system,
            what="The system is not available (503).",
            retry_after_seconds=retry_after_seconds(headers, now),
        )
    if status in _AMBIGUOUS:
        if write:
            return OutcomeUnknown(
                "outcome-unknown",
                system=system,
                what=f"The system answered {status} to a write.",
                settle_seconds=settle_seconds,
            )
        if status == 500:
            return Transient("server-error", system=system, what="The system answered 500.")
        return Unavailable("unavailable", system=system, what=f"The system is not available ({status}).")
    return None


def lesson(status: int, headers: Mapping[str, str], now: datetime) -> Lesson:
    """What an answer says of the pace, with every remote: 429, and how long 429 and 503 ask to wait."""
    wait_seconds = retry_after_seconds(headers, now) if status in (429, 503) else None
    return Lesson(throttled=status == 429, wait_seconds=wait_seconds)


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Retry-After as seconds, whether it is a number or a date (RFC 9110, 10.2.3); None where absent or unreadable."""
    value = headers.get("Retry-After", "").strip()
    try:
        seconds = float(value)
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds(), 0.0)


def _never_sent(error: requests.RequestException) -> bool:
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.InvalidURL, requests.exceptions.ProxyError)):
        return True
    return any(isinstance(one, (NewConnectionError, NameResolutionError)) for one in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it wraps, outermost first: requests and urllib3 keep that in several places."""
    seen: BaseException | None = error
    for _ in range(6):
        if seen is None:
            return
        yield seen
        inner = getattr(seen, "reason", None) or (seen.args[0] if seen.args else None)
        seen = inner if isinstance(inner, BaseException) else seen.__cause__

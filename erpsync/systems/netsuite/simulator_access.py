"""Who may call the simulated account, and how many at once."""

import base64
import hashlib
import hmac
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/subsect_156934879823.html
WINDOW_SECONDS = 300
# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_4395630653.html
_NONCE = re.compile(r"[A-Za-z0-9]{6,64}")


class Fault(Exception):
    """The whole request is refused. `name` is the fault's element, `code` its code."""

    def __init__(self, name: str, code: str, message: str) -> None:
        self.name = name
        self.code = code
        self.message = message
        super().__init__(code)


@dataclass(frozen=True)
class Keys:
    """The credentials of one integration and token."""

    account: str = "1234567_SB1"
    consumer_key: str = "sandbox-consumer-key"
    consumer_secret: str = "sandbox-consumer-secret"  # noqa: S105 - opens the simulator only
    token_id: str = "sandbox-token-id"  # noqa: S105
    token_secret: str = "sandbox-token-secret"  # noqa: S105


class Access:
    """Checks token passports and counts requests under way. Thread-safe.

    `faults` are what the next requests are refused with, one each. Each request takes `latency_seconds`.
    """

    def __init__(self, keys: Keys, now: Callable[[], datetime], concurrency: int, latency_seconds: float = 0.0) -> None:
        self.keys = keys
        self.revoked = False
        self.concurrency = concurrency
        self.faults: list[Fault] = []
        self._latency_seconds = latency_seconds
        self._now = now
        self._lock = threading.Lock()
        self._under_way = 0
        self._used: dict[str, int] = {}

    def authenticate(self, passport: Mapping[str, Any] | None) -> None:
        """Raises Fault unless the passport is right, fresh and used for the first time."""
        if passport is None or self.revoked or not self._is_right(passport):
            raise _login_failed()
        with self._lock:
            now = int(self._now().timestamp())
            self._used = {nonce: at for nonce, at in self._used.items() if abs(now - at) <= WINDOW_SECONDS}
            timestamp = int(passport["timestamp"])
            if abs(now - timestamp) > WINDOW_SECONDS or passport["nonce"] in self._used:
                raise _login_failed()
            self._used[passport["nonce"]] = timestamp

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One of the account's concurrent requests. Raises Fault when there are too many."""
        with self._lock:
            if self._under_way >= self.concurrency:
                raise Fault(
                    "exceededConcurrentRequestLimitFault",
                    "WS_REQUEST_BLOCKED",
                    "Request blocked. The maximum number of concurrent requests has been reached.",
                )
            self._under_way += 1
        try:
            time.sleep(self._latency_seconds)
            if self.faults:
                raise self.faults.pop(0)
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def _is_right(self, passport: Mapping[str, Any]) -> bool:
        keys = self.keys
        known = (keys.account, keys.consumer_key, keys.token_id)
        if (passport["account"], passport["consumerKey"], passport["token"]) != known:
            return False
        signature = passport["signature"]
        if signature.get("algorithm") != "HMAC_SHA256" or not _NONCE.fullmatch(passport["nonce"]):
            return False
        text = "&".join((*known, passport["nonce"], str(passport["timestamp"])))
        key = f"{keys.consumer_secret}&{keys.token_secret}"
        digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
        return hmac.compare_digest(base64.b64encode(digest), signature[""].encode())


def _login_failed() -> Fault:
    # NetSuite gives one sentence for all reasons; the reason stands in its Login Audit Trail.
    return Fault("invalidCredentialsFault", "INVALID_LOGIN_CREDENTIALS", "Invalid login attempt.")

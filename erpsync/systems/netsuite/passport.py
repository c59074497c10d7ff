"""Token-based authentication: the header that signs one request.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_4395630653.html
"""

import base64
import hashlib
import hmac

from erpsync.ports.runtime import Tools
from erpsync.systems.netsuite.settings import NetSuiteSettings

ALGORITHM = "HMAC_SHA256"
TOLERANCE_SECONDS = 300
"""How far the clocks may be apart:
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/subsect_156934879823.html"""


def token_passport(settings: NetSuiteSettings, tools: Tools) -> dict[str, object]:
    """A new passport; each serves one request, retries included."""
    # NetSuite takes letters and digits only, 6 to 64 of them.
    nonce = hashlib.sha256(tools.nonce().encode()).hexdigest()[:32]
    timestamp = int(tools.clock.now().timestamp())
    return {
        "account": settings.account,
        "consumerKey": settings.consumer_key.get_secret_value(),
        "token": settings.token_id.get_secret_value(),
        "nonce": nonce,
        "timestamp": timestamp,
        "signature": {"_value_1": signature(settings, nonce, timestamp), "algorithm": ALGORITHM},
    }


def signature(settings: NetSuiteSettings, nonce: str, timestamp: int) -> str:
    """The signature of one nonce and time, base64."""
    key_id, token_id = settings.consumer_key.get_secret_value(), settings.token_id.get_secret_value()
    base = "&".join((settings.account, key_id, token_id, nonce, str(timestamp)))
    key = f"{settings.consumer_secret.get_secret_value()}&{settings.token_secret.get_secret_value()}"
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha256)).decode()

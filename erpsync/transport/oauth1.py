"""OAuth 1.0a with two keys and no token (RFC 5849, 3.1): a request signed by HMAC-SHA256, its proof in the query.

    signer = RequestSigner("ck_...", SecretStr("cs_..."), tools)
    reply = http.call("GET", "/wp-json/wc/v3/orders", write=False, auth=signer)

A JSON body is not signed; where that matters, use TLS.
"""

import hashlib
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from requests import PreparedRequest
from requests.auth import AuthBase
from requests_oauthlib import OAuth1

from erpsync.ports.runtime import Tools


class RequestSigner(AuthBase):
    """Signs every request anew: each has a nonce and a time of its own, a retry too."""

    def __init__(
        self, key: str, secret: SecretStr, tools: Tools, *, called_address: str = "", own_address: str = ""
    ) -> None:
        """A server behind a proxy checks the address it knows itself by: `own_address` is signed in place of
        `called_address`. Without both, what is called is signed."""
        self._key = key
        self._secret = secret
        self._tools = tools
        self._called_address = called_address.rstrip("/")
        self._own_address = own_address.rstrip("/")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        sign = OAuth1(
            self._key,
            client_secret=self._secret.get_secret_value(),
            signature_method="HMAC-SHA256",
            signature_type="QUERY",
            nonce=hashlib.sha256(self._tools.nonce().encode()).hexdigest()[:32],
            timestamp=str(int(self._tools.clock.now().timestamp())),
        )
        url = request.url or ""
        as_known = request.copy()
        as_known.url = self._as_known(url)
        query = urlsplit(str(sign(as_known).url)).query
        request.url = urlunsplit(urlsplit(url)._replace(query=query))
        return request

    def _as_known(self, url: str) -> str:
        if self._own_address and url.startswith(self._called_address):
            return self._own_address + url[len(self._called_address) :]
        return url

"""Bounds what a form may send before any of it is read."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# A name, a password and a token.
MAX_FORM_BYTES = 16 * 1024


class FormLimit:
    """ASGI middleware that refuses a body under `prefix` that is large or does not say how large it is."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        if "transfer-encoding" in headers:
            await PlainTextResponse("A form must say how long it is.", 411)(scope, receive, send)
        elif not declared.isdecimal() or len(declared) > 9 or int(declared) > MAX_FORM_BYTES:
            await PlainTextResponse("This is more than any form here sends.", 413)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

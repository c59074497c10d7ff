"""A remote system to practise on: a WSGI application written from the vendor's documents, never from our mapper."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

Start: TypeAlias = Callable[..., Any]


class Simulator(Protocol):
    """Enforces what the real system enforces. Thread-safe: it is served by one thread a request."""

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]: ...

    def settings(self, base_url: str) -> Mapping[str, str]:
        """The connection settings, secrets included, by which an adapter reaches this simulator served at `base_url`."""
        ...

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        """Its own records by type, as plain JSON values: what tests and the demo count."""
        ...

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        """The name of what a request asks for ("upsertList", "sale.order/load"), by which faults are aimed."""
        ...

"""What happens in the store between two requests of ours."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from erpsync.ports.simulator import Start
from erpsync.systems.shopify.simulator import ShopifySimulator


class Meanwhile:
    """A simulator in which something happens just before a request is answered: the first of its kind, or each."""

    def __init__(
        self, simulator: ShopifySimulator, operation: str, act: Callable[[], None], *, each_time: bool = False
    ) -> None:
        self.simulator = simulator
        self.happened = False
        self._operation = operation
        self._act = act
        self._each_time = each_time

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        return self.simulator(environ, start_response)

    def settings(self, base_url: str) -> Mapping[str, str]:
        return self.simulator.settings(base_url)

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        return self.simulator.records()

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        name = self.simulator.operation(environ, body)
        if name == self._operation and (self._each_time or not self.happened):
            self.happened = True
            self._act()
        return name

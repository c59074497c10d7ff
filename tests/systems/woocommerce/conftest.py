"""A simulated shop for each test."""

from collections.abc import Iterator

import pytest

from erpsync.ports.runtime import Tools
from tests.systems.woocommerce.stand import Stand, stand


@pytest.fixture
def shop(tools: Tools) -> Iterator[Stand]:
    """A shop on plain http, in Berlin's summer time, with WooCommerce 10.0."""
    with stand(tools) as standing:
        yield standing

"""The adapters of a configured installation take from one limit, whichever process opened them."""

import dataclasses
from pathlib import Path

import pytest
from pydantic import SecretStr

from erpsync import bootstrap, config
from erpsync.bootstrap import Assembly
from erpsync.config import ConnectionConfig
from erpsync.domain.errors import Paced, Throttled
from erpsync.domain.ids import ConnectionName
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.servers.launcher import Servers
from erpsync.systems.woocommerce.simulator import WooCommerceSimulator


def process(servers: Servers, name: ConnectionName, base: dict[str, object], folder: Path) -> Assembly:
    read, _ = config.read(folder / "none.toml", without_servers=True)
    secret = {key: SecretStr(str(value)) if key.endswith("secret") else value for key, value in base.items()}
    return bootstrap.assemble(
        dataclasses.replace(
            read,
            database_url=servers.database_url.replace("postgresql://", "postgresql+psycopg://"),
            redis_url=servers.redis_url,
            home=folder,
            connections={name: ConnectionConfig(name, "woocommerce", secret)},
        )
    )


def test_what_one_process_is_told_another_heeds(servers: Servers, connection: str, tmp_path: Path) -> None:
    name = ConnectionName(connection)
    with serve({"shop": WooCommerceSimulator()}) as served:
        shop = served["shop"]
        first, second = (process(servers, name, dict(shop.settings), tmp_path) for _ in range(2))
        first.store(name).ping()
        seen = second.limits.look([name])[name]
        assert (seen.configured_slots, seen.buckets["calls"].configured_per_second) == (4, 10.0)
        fault = shop.faulty.add(Fault(FaultKind.STATUS, status=429, headers=(("Retry-After", "600"),)))
        with pytest.raises(Throttled):
            first.store(name).ping()
        with pytest.raises(Paced):
            second.store(name).ping()
        assert fault.fired == 1
        assert second.limits.look([name])[name].throttles_last_hour == 1
        for each in (first, second):
            each.limits.close()
            each.database.dispose()

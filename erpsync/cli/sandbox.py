"""`erpsync sandbox`: simulators of the remote systems to practise on."""

import signal
from pathlib import Path
from typing import Annotated, get_args

import typer
from pydantic import SecretStr

from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Role, SystemSpec
from erpsync.sandbox.practice import write_configuration
from erpsync.sandbox.runner import serve
from erpsync.systems import registry


def sandbox(
    systems: Annotated[
        list[str] | None,
        typer.Argument(metavar="SYSTEM", help="Only these; by default all that have a simulator.", show_default=False),
    ] = None,
    directory: Annotated[Path, typer.Option(help="Where erpsync.toml and its secrets are written.")] = Path("sandbox"),
) -> None:
    """Serve simulated stores and ERPs to practise on.

    They are on loopback, until Ctrl-C, and a configuration that points at them is written beside them.

    Example: erpsync sandbox shopify netsuite --directory sandbox
    """
    chosen = {name: simulator_of(name) for name in systems or _simulated()}
    stop = {signal.SIGINT, signal.SIGTERM}
    # Before any thread starts: a thread takes its mask from the one that starts it, and only this one waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with serve(chosen) as served:
        specs = {name: registry.spec(name) for name in chosen}
        stores = [name for name, spec in specs.items() if spec.role is Role.STORE]
        erps = [name for name, spec in specs.items() if spec.role is Role.ERP]
        path = write_configuration(
            directory.resolve(),
            {name: (name, simulator) for name, simulator in served.items()},
            {name: secret_fields(spec) for name, spec in specs.items()},
            routes=[(store, erp) for store in stores for erp in erps],
        )
        for name, simulator in served.items():
            typer.echo(f"{specs[name].title:12} {simulator.base_url}")
        typer.echo(f"\nERPSYNC_CONFIG={path} erpsync up")
        signal.sigwait(stop)


def simulator_of(name: str) -> Simulator:
    """The system's simulator. Raises typer.BadParameter where there is none."""
    spec = registry.spec(name) if name in registry.names() else None
    if spec is None or spec.open_simulator is None:
        raise typer.BadParameter(f"{name} has no simulator; there are {', '.join(_simulated())}.")
    return spec.open_simulator()


def secret_fields(spec: SystemSpec) -> frozenset[str]:
    fields = spec.settings.model_fields
    return frozenset(
        key for key, field in fields.items() if SecretStr in (field.annotation, *get_args(field.annotation))
    )


def _simulated() -> list[str]:
    return [name for name in registry.names() if registry.spec(name).open_simulator is not None]

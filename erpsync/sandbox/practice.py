"""A configuration that points at served simulators: what a person would write for the real systems."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from erpsync.sandbox.runner import Served


def write_configuration(
    directory: Path,
    served: Mapping[str, tuple[str, Served]],
    secret_fields: Mapping[str, frozenset[str]],
    *,
    routes: Sequence[tuple[str, str]],
    flows: Sequence[str] = ("orders",),
    of_routes: Sequence[str] = (),
    tables: Sequence[str] = (),
) -> Path:
    """Writes `erpsync.toml` and, each in a file of its own that only this user may read, the secrets it refers to.

    `served` is connection name -> (system, simulator), `secret_fields` which settings of a system are secret, `routes`
    are (source, target), each with all `flows` and the further TOML lines `of_routes`, `tables` are further TOML tables.
    Returns the path of the configuration.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for name, (system, simulator) in served.items():
        lines += [f"[connections.{name}]", f'system = "{system}"']
        for key, value in simulator.settings.items():
            if key in secret_fields[system]:
                file = write_secret(directory / f"{name}.{key}", value)
                lines.append(f'{key} = {{ file = "{file}" }}')
            else:
                lines.append(f"{key} = {_toml(value)}")
        lines.append("")
    for source, target in routes:
        named = ", ".join(f'"{flow}"' for flow in flows)
        lines += ["[[routes]]", f'source = "{source}"', f'target = "{target}"', f"flows = [{named}]", *of_routes, ""]
    path = directory / "erpsync.toml"
    path.write_text("\n".join([*lines, *tables, ""]), encoding="utf-8")
    return path


def write_secret(path: Path, value: str) -> Path:
    """Writes a file that only this user may read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(value)
    return path


def _toml(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

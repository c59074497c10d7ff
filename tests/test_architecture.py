"""Cheap facts about the tree that keep it readable. Who may import whom is import-linter's."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from erpsync.ports.spec import Role
from erpsync.systems import registry

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "erpsync"
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 400
# The contract suites and the ports are lists by nature; so are a simulator's tables.
LISTS = ("testing/erp_contract.py", "testing/store_contract.py")
MOST_METHODS = 15
VAGUE = re.compile(r"utils?|helpers?|common|base|manager|misc|stuff")


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_no_module_is_longer_than_a_reader_bears() -> None:
    long = {name(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {path: lines for path, lines in long.items() if lines > MOST_LINES and path not in LISTS} == {}


def test_no_class_does_everything() -> None:
    crowded = {
        f"{name(path)}:{node.name}": len(methods)
        for path in MODULES
        if "testing/" not in name(path) and "simulator" not in path.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and not _is_protocol(node)
        and len(methods := [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name[0] != "_"])
        > MOST_METHODS
    }
    # What implements a port has as many methods as the port.
    assert {place for place in crowded if not place.endswith(("Erp", "Store"))} == set()


def test_no_module_is_named_for_nothing() -> None:
    vague = [name(path) for path in MODULES if VAGUE.fullmatch(path.stem)]
    assert vague == ["tasks/base.py"], "the base of the tasks is what it holds"


def test_the_environment_is_read_in_one_place() -> None:
    readers = [name(path) for path in MODULES if re.search(r"os\.(environ|getenv)", path.read_text("utf-8"))]
    assert set(readers) <= {"config.py", "logs.py"} | {one for one in readers if one.startswith("servers/")}


@pytest.mark.parametrize("system", registry.names())
def test_every_system_has_the_same_inner_shape(system: str) -> None:
    spec = registry.spec(system)
    folder = PACKAGE.joinpath(*registry.BUILTIN[system].split(".")[1:])
    files = {path.name for path in folder.iterdir()}
    assert {"__init__.py", "settings.py", "wire.py", "checks.py", "refusals.py", "simulator.py", "README.md"} <= files
    assert any(one.endswith("mapper.py") for one in files)
    assert any(one.endswith("adapter.py") for one in files)
    assert (spec.open_erp is not None) == (spec.role is Role.ERP)
    assert spec.name == system


@pytest.mark.parametrize("system", registry.names())
def test_every_setting_is_explained_in_the_systems_readme(system: str) -> None:
    folder = PACKAGE.joinpath(*registry.BUILTIN[system].split(".")[1:])
    readme = (folder / "README.md").read_text("utf-8")
    fields = registry.spec(system).settings.model_fields
    assert [field for field in fields if f"`{field}`" not in readme] == []


def test_only_the_engine_catches_everything() -> None:
    """Simulators do as their systems do, whose servers answer whatever goes wrong."""
    catchers = {place for path in MODULES for place in _catch_all(path) if "simulator" not in path.name}
    assert catchers == {"engine/attempt.py"}


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)


def _catch_all(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
        ):
            yield name(path)

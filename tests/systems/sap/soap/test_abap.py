"""The ABAP that a customer is given says the same as the adapter sends and the simulator serves."""

import re
from pathlib import Path

import pytest

from erpsync.systems.sap.soap import wire
from erpsync.systems.sap.soap.simulator_types import FUNCTIONS, STRUCTURES

FOLDER = Path(wire.__file__).parent / "abap"
DICTIONARY = (FOLDER / "zerpsync_dictionary.abap").read_text()
SENT = {
    "ORDER": wire.ORDER, "ITEM": wire.ITEM, "COND": wire.CONDITION, "ADDRESS": wire.ADDRESS, "TEXT": wire.TEXT,
    "EXTRA": wire.EXTRA, "CUSTOMER": wire.CUSTOMER, "PAYMENT": wire.PAYMENT_ROW, "SOUGHT": wire.SOUGHT,
    "LOOKUP": wire.LOOKUP, "LOCATION": wire.LOCATION, "WANTED": wire.WANTED, "PRICE_LIST": wire.PRICE_LIST,
}  # fmt: skip
_KINDS = {"char": "C", "numc": "N", "unit": "U", "dec": "P"}


def defined() -> dict[str, dict[str, str]]:
    """The dictionary's structures in the simulator's short form."""
    found: dict[str, dict[str, str]] = {}
    for name, body in re.findall(r"define structure zerpsync_s_(\w+) \{(.*?)\n\}", DICTIONARY, re.DOTALL):
        fields = re.findall(r"^\s+(\w+)\s*: abap\.(\w+)(?:\(([\d,]+)\))?;", body, re.MULTILINE)
        found[name.upper()] = {field.upper(): _kind(kind, size) for field, kind, size in fields}
    return found


def _kind(kind: str, size: str) -> str:
    fixed = {"dats": "D", "cuky": "W5", "int4": "I"}
    return fixed.get(kind) or f"{_KINDS[kind]}{size.replace(',', '.')}"


def test_the_dictionary_defines_what_the_simulator_serves() -> None:
    assert defined() == STRUCTURES


@pytest.mark.parametrize("name", SENT)
def test_the_adapter_sends_what_the_dictionary_defines(name: str) -> None:
    def spelled(field: wire.Field) -> str:
        size = f"{field.length}.{field.decimals}" if field.kind == "P" else str(field.length or "")
        return f"{field.kind}{size}"

    as_text = {field: re.sub(r"^[WU]", "C", kind) for field, kind in defined()[name].items()}
    assert {field: spelled(one) for field, one in SENT[name].items()} == as_text
    assert list(SENT[name]) == list(defined()[name])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_module_has_the_interface_that_the_simulator_serves(function: str) -> None:
    source = (FOLDER / f"{function.lower()}.abap").read_text()
    imports, _, exports = source.partition('*"  EXPORTING')
    exports = exports[: exports.index('*"-----')]

    def parameters(text: str) -> dict[str, str]:
        return dict(re.findall(r'^\*"     VALUE\((\w+)\) TYPE  (\w+)$', text, re.MULTILINE))

    for side, declared in (
        (FUNCTIONS[function].imports, parameters(imports)),
        (FUNCTIONS[function].exports, parameters(exports)),
    ):
        assert side.keys() == declared.keys()
        tables = {name: f"ZERPSYNC_T_{kind}" for name, kind in side.items() if kind in STRUCTURES}
        assert {name: kind for name, kind in declared.items() if kind.startswith("ZERPSYNC_T_")} == tables


def test_every_function_that_makes_something_locks_looks_and_keeps_its_reference() -> None:
    for name in ("order_create", "refund", "payment", "customer_save"):
        source = (FOLDER / f"z_erpsync_{name}.abap").read_text()
        steps = [source.index(f"PERFORM {step} USING") for step in ("lock", "look", "finish", "unlock")]
        assert steps[0] < steps[1]
        assert "BAPI_TRANSACTION_COMMIT" not in source


def test_the_adapter_calls_only_functions_that_are_shipped() -> None:
    called = {value for value in vars(wire).values() if isinstance(value, str) and value.startswith("Z_ERPSYNC")}

    assert called == set(FUNCTIONS)
    assert {path.stem.upper() for path in FOLDER.glob("z_erpsync_*.abap")} == called | {"Z_ERPSYNC_KEEP"}

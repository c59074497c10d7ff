"""`erpsync systems`: which systems there are, and what each can do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer

from erpsync.cli import output
from erpsync.cli.output import AsJson
from erpsync.ports.spec import Ability, Capabilities, Role, StoreAbility, SystemSpec
from erpsync.systems import registry


def systems(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print what each can do as tables in Markdown, as in the README.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show which systems there are, and what each can do.

    What an ERP cannot do is listed with what happens instead.

    \b
    Examples:
      erpsync systems
      erpsync systems --json
    """
    specs = [registry.spec(name) for name in registry.names()]
    if as_json:
        output.document({"systems": [_document(spec) for spec in specs]})
    elif markdown:
        output.line("\n".join(abilities_in_markdown(specs)))
    else:
        output.table(("SYSTEM", "ROLE", "REACHED AS", "CANNOT"), _rows(specs))


def abilities_in_markdown(specs: Sequence[SystemSpec]) -> Iterator[str]:
    """A table of the ERPs and one of the stores: a column for each way to reach them and a row for each ability; below
    them what happens where one is missing."""
    sentences: list[str] = []
    erps, stores = (_ways(specs, role) for role in (Role.ERP, Role.STORE))
    yield from _head("ERP", erps)
    yield _row("find and make customers and orders", ["yes"] * len(erps))
    for ability in Ability:
        yield _row(ability, [_cell(can, ability, sentences) for can in erps.values()])
    yield _row("orders a call", [str(can.order_batch) for can in erps.values()])
    yield _row("refuses a second order itself", [_yes(can.unique_references) for can in erps.values()])
    yield _row("stock is read", ["whole" if can.stock_is_diffed else "changes" for can in erps.values()])
    yield ""
    yield from _head("Store", stores)
    for store_ability in StoreAbility:
        yield _row(store_ability, [_cell(can, store_ability, sentences) for can in stores.values()])
    yield _row("compares stock before it sets it", [_yes(can.compares_stock) for can in stores.values()])
    for number, sentence in enumerate(sentences, 1):
        yield ""
        yield f"[{number}] {sentence}"


def _ways(specs: Sequence[SystemSpec], role: Role) -> dict[str, Capabilities]:
    return {name: can for spec in specs if spec.role is role for name, can in spec.ways().items()}


def _head(title: str, ways: Mapping[str, Capabilities]) -> Iterator[str]:
    yield _row(title, list(ways))
    yield "|---" * (len(ways) + 1) + "|"


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _cell(can: Capabilities, ability: Ability | StoreAbility, sentences: list[str]) -> str:
    sentence = can.missing.get(ability)
    if sentence is None:
        return "yes"
    if sentence not in sentences:
        sentences.append(sentence)
    return f"no [{sentences.index(sentence) + 1}]"


def _rows(specs: Sequence[SystemSpec]) -> Iterator[tuple[str, str, str, str]]:
    for spec in specs:
        for way, can in spec.ways().items():
            yield spec.name, spec.role, way, "\n".join(can.missing.values())


def _document(spec: SystemSpec) -> dict[str, object]:
    return {
        "name": spec.name,
        "title": spec.title,
        "role": spec.role,
        "ways": [
            {
                "name": way,
                "order_batch": can.order_batch,
                "unique_references": can.unique_references,
                "stock_is_diffed": can.stock_is_diffed,
                "compares_stock": can.compares_stock,
                "missing": {str(ability): sentence for ability, sentence in can.missing.items()},
            }
            for way, can in spec.ways().items()
        ],
    }

"""`erpsync systems`: which systems there are, and what each can do."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from erpsync.cli import output
from erpsync.cli.output import AsJson
from erpsync.ports.spec import Ability, Capabilities, Role, SystemSpec
from erpsync.systems import registry


def systems(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the ERPs' abilities as a table in Markdown, as in the README.")
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
    """A table with a column for each way to reach an ERP and a row for each ability; below it what happens instead."""
    ways = {name: can for spec in specs if spec.role is Role.ERP for name, can in spec.ways().items()}
    yield f"| | {' | '.join(ways)} |"
    yield "|---" * (len(ways) + 1) + "|"
    yield _row("find and make customers and orders", ["yes" for _ in ways])
    sentences: list[str] = []
    for ability in Ability:
        yield _row(ability, [_cell(can, ability, sentences) for can in ways.values()])
    yield _row("orders a call", [str(can.order_batch) for can in ways.values()])
    yield _row("refuses a second order itself", ["yes" if can.unique_references else "no" for can in ways.values()])
    yield _row("stock is read", ["whole" if can.stock_is_diffed else "changes" for can in ways.values()])
    for number, sentence in enumerate(sentences, 1):
        yield ""
        yield f"[{number}] {sentence}"


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _cell(can: Capabilities, ability: Ability, sentences: list[str]) -> str:
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

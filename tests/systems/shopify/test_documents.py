"""Every document that is ever sent, and the simulator's own schema, against Shopify's schemas."""

import re
from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import NoDeprecatedCustomRule

from erpsync.systems.shopify import (
    adapter,
    bulk,
    catalogue,
    categories,
    checks,
    client,
    customers,
    lists,
    nodes,
    notes,
    order_changes,
    order_reads,
    places,
    prices,
    product_fields,
    product_images,
    product_options,
    product_reads,
    product_variants,
    product_work,
    products,
    reach,
    sales_channels,
    shipments,
    shipping_reads,
    skus,
    stock,
    subscriptions,
)
from erpsync.systems.shopify.documents import DOCUMENTS
from erpsync.systems.shopify.documents_reads import BULK_VARIANTS
from erpsync.systems.shopify.simulator_schema import SDL

VERSIONS = ("2026-10", "2026-07")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_document_is_valid_and_uses_nothing_deprecated(
    name: str, version: str, official_schemas: dict[str, GraphQLSchema]
) -> None:
    rules = [*specified_rules, NoDeprecatedCustomRule]
    assert validate(official_schemas[version], parse(DOCUMENTS[name]), rules) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_run_in_bulk_is_valid_and_within_the_limits_of_bulk_operations(
    version: str, official_schemas: dict[str, GraphQLSchema]
) -> None:
    document = parse(BULK_VARIANTS)
    assert validate(official_schemas[version], document, [*specified_rules, NoDeprecatedCustomRule]) == []
    assert BULK_VARIANTS.count("edges") <= 5


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_document_holds_the_one_operation_it_is_called_by(name: str) -> None:
    operations = [d for d in parse(DOCUMENTS[name]).definitions if isinstance(d, OperationDefinitionNode)]
    assert [operation.name.value for operation in operations if operation.name] == [name]


def test_no_module_that_talks_to_shopify_holds_a_document_of_its_own() -> None:
    for module in (
        adapter, bulk, catalogue, categories, checks, client, customers, lists, nodes, notes, order_changes, order_reads,
        places, prices, product_fields, product_images, product_options, product_reads, product_variants, product_work,
        products, reach, sales_channels, shipments, shipping_reads, skus, stock, subscriptions,
    ):  # fmt: skip
        assert module.__file__ is not None
        with open(module.__file__, encoding="utf-8") as file:
            assert not re.search(r"\b(query|mutation)\s+\w+\s*[({]", file.read()), module.__name__


@pytest.mark.parametrize("version", VERSIONS)
def test_the_simulators_schema_is_a_part_of_the_official_one(
    version: str, official_schemas: dict[str, GraphQLSchema]
) -> None:
    official = official_schemas[version]
    ours = build_schema(SDL)
    differences = [
        difference
        for name in ours.type_map
        if not name.startswith("__")
        for difference in _differences(name, ours, official)
    ]
    assert differences == []


def _differences(name: str, ours: GraphQLSchema, official: GraphQLSchema) -> Iterator[str]:
    mine, theirs = ours.type_map[name], official.type_map.get(name)
    if theirs is None or type(theirs) is not type(mine):
        yield f"{name} is not a {type(mine).__name__} there"
    elif isinstance(mine, GraphQLEnumType) and isinstance(theirs, GraphQLEnumType):
        yield from (f"{name}.{value}" for value in mine.values.keys() - theirs.values.keys())
    elif isinstance(mine, GraphQLInputObjectType) and isinstance(theirs, GraphQLInputObjectType):
        yield from _different_fields(name, mine, theirs)
        yield from (
            f"{name} lacks {f}" for f in theirs.fields.keys() - mine.fields.keys() if _required(theirs.fields[f])
        )
    elif isinstance(mine, (GraphQLObjectType, GraphQLInterfaceType)):
        assert isinstance(theirs, (GraphQLObjectType, GraphQLInterfaceType))
        yield from _different_fields(name, mine, theirs)
        yield from (
            f"{name} implements {i}" for i in mine.interfaces if i.name not in {t.name for t in theirs.interfaces}
        )


def _different_fields(name: str, mine: object, theirs: object) -> Iterator[str]:
    for field, ours in mine.fields.items():  # type: ignore[attr-defined]
        there = theirs.fields.get(field)  # type: ignore[attr-defined]
        if there is None or str(there.type) != str(ours.type):
            yield f"{name}.{field}: {ours.type} is {there and there.type} there"
            continue
        arguments, official = getattr(ours, "args", {}), getattr(there, "args", {})
        for argument, value in arguments.items():
            if argument not in official or str(official[argument].type) != str(value.type):
                yield f"{name}.{field}({argument})"
        yield from (f"{name}.{field} lacks ({a})" for a in official if a not in arguments and _required(official[a]))


def _required(argument: GraphQLArgument | object) -> bool:
    kind = getattr(argument, "type", None)
    return isinstance(kind, GraphQLNonNull) and "Undefined" in repr(getattr(argument, "default_value", None))

"""The calculated query cost, and the bucket it is paid from.

Source: https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits - a scalar costs nothing, an object one point,
a mutation ten, a connection two and its objects `first` times. Shopify's own sums are lower for long lists.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    value_from_ast_untyped,
)

MUTATION_POINTS = 10


class Bucket:
    """Points of one app in one store. Not thread-safe by itself."""

    def __init__(self, size: float, restore_rate: float, clock: Callable[[], datetime]) -> None:
        self.size = size
        self.restore_rate = restore_rate
        self._clock = clock
        self._points = size
        self._at = clock()

    def available(self) -> float:
        now = self._clock()
        grown = (now - self._at).total_seconds() * self.restore_rate
        self._points, self._at = min(self.size, self._points + grown), now
        return self._points

    def take(self, points: float) -> bool:
        if self.available() < points:
            return False
        self._points -= points
        return True

    def status(self) -> dict[str, float]:
        return {
            "maximumAvailable": float(self.size),
            "currentlyAvailable": float(int(self.available())),
            "restoreRate": float(self.restore_rate),
        }


def actual(data: object) -> int:
    """What was really found: a point an object."""
    if isinstance(data, list):
        return sum(map(actual, data))
    if not isinstance(data, dict):
        return 0
    return 1 + sum(actual(value) for name, value in data.items() if name != "pageInfo")


class CostOf:
    """The cost of one validated document with its variables."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._variables = dict(variables)
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]

    def requested(self) -> int:
        operation = self._operations[0]
        root = self._schema.get_root_type(operation.operation)
        assert root is not None  # noqa: S101 - the document has been validated
        cost = self._selection(operation.selection_set, root)
        return cost + self.fixed

    @property
    def fixed(self) -> int:
        """What is charged whatever is found."""
        return MUTATION_POINTS if self._operations[0].operation is OperationType.MUTATION else 0

    def _selection(self, selection: SelectionSetNode, on: GraphQLCompositeType) -> int:
        cost, alternatives = 0, [0]
        for node in selection.selections:
            if isinstance(node, FieldNode):
                cost += self._field(node, on)
            elif isinstance(node, InlineFragmentNode):
                alternatives.append(self._selection(node.selection_set, self._type(node.type_condition, on)))
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                alternatives.append(self._selection(fragment.selection_set, self._type(fragment.type_condition, on)))
        return cost + max(alternatives)

    def _field(self, node: FieldNode, on: GraphQLCompositeType) -> int:
        if node.name.value.startswith("__") or node.selection_set is None or isinstance(on, GraphQLUnionType):
            return 0
        returned = get_named_type(on.fields[node.name.value].type)
        if not is_composite_type(returned):
            return 0
        arguments = {a.name.value: value_from_ast_untyped(a.value, self._variables) for a in node.arguments}
        inner = self._selection(node.selection_set, returned)
        if returned.name.endswith("Connection"):
            return 2 + int(arguments.get("first") or 0) * inner
        if returned.name == "PageInfo":
            return 0
        each = 1 + inner
        return each * len(arguments["ids"]) if isinstance(arguments.get("ids"), list) else each

    def _type(self, condition: Any, on: GraphQLCompositeType) -> GraphQLCompositeType:
        found = self._schema.type_map.get(condition.name.value) if condition is not None else on
        return found if isinstance(found, (GraphQLObjectType, GraphQLInterfaceType, GraphQLUnionType)) else on

"""How the simulated store refuses a field of a document."""

from typing import Any, NoReturn

from graphql import GraphQLError


def need(scopes: frozenset[str], name: str, scope: str) -> None:
    """Raises unless the app may: a scope to write is one to read as well."""
    if scope not in scopes and scope.replace("read_", "write_", 1) not in scopes:
        deny(name, scope)


def deny(name: str, scope: str) -> NoReturn:
    needed = f"`{scope}` access scope."
    raise GraphQLError(
        f"Access denied for {name} field. Required access: {needed}",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": needed,
        },
    )


def refuse_size(size: int, allowed: int) -> None:
    """Raises where a list is longer than one call takes."""
    if size > allowed:
        raise GraphQLError(
            f"The input array size of {size} is greater than the maximum allowed of {allowed}.",
            extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"},
        )


def user_error(field: list[str] | None, message: str, **more: Any) -> dict[str, Any]:
    return {"field": field, "message": message, **more}

"""The options of a product that the store has already: which is which, and what is missing.

An option that the store lacks is added with LEAVE_AS_IS, by which every variant there gets its first value
(https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productOptionsCreate). None is ever taken away: with an
option Shopify deletes variants.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from erpsync.domain.errors import Rejected
from erpsync.domain.products import Variant
from erpsync.ports.store_records import ProductField
from erpsync.systems.shopify.product_drafts import refused
from erpsync.systems.shopify.product_work import ProductCalls, Work
from erpsync.systems.shopify.wire_products import Option, ValueInput
from erpsync.systems.shopify.wire_products import Variant as Stored


@dataclass(frozen=True)
class OptionPlan:
    """`names` are the store's of the draft's options, in the draft's order, as they will be; `renamed` are the options to
    be renamed, `added` those to be made with the value that every variant gets."""

    names: tuple[str, ...]
    renamed: Mapping[str, Option]
    added: Mapping[str, str]

    def values(self, options: Sequence[str]) -> list[ValueInput]:
        return [
            ValueInput(optionName=name, name=value.strip()) for name, value in zip(self.names, options, strict=True)
        ]

    def current(self, variant: Stored) -> tuple[str, ...]:
        """The variant's values of the draft's options, once options have been renamed and added."""
        old = {new: option.name for new, option in self.renamed.items()}
        return tuple(self.added.get(name) or variant.options.get(old.get(name, name), "") for name in self.names)


def plan_options(work: Work, missing: Sequence[Variant]) -> OptionPlan | None:
    """How the draft's options are the store's; None where they cannot be, and nothing needs them. `missing` are the
    variants to be made. Raises Rejected where those need them."""
    wanted = [name.strip() for name in work.draft.product.options]
    there = () if work.stored.is_plain else work.stored.options
    owned = work.owns(ProductField.OPTIONS)
    pairs = _paired(work, wanted, there)
    unknown = [option for option in there if option not in pairs.values()]
    if unknown or (None in pairs.values() and not owned) or (not wanted and missing):
        if missing:
            raise _different(work, there)
        if wanted and owned:
            work.notes.append(f"Its options are left as they are in Shopify: {_listed(there)}.")
        return None
    renamed = {name: option for name, option in pairs.items() if option and owned and name != option.name}
    added = [name for name, option in pairs.items() if option is None]
    return OptionPlan(
        names=tuple(name if option is None or name in renamed else option.name for name, option in pairs.items()),
        renamed=renamed,
        added=_first_values(work, added, wanted, missing),
    )


def apply_options(calls: ProductCalls, work: Work, plan: OptionPlan) -> None:
    draft, product = work.draft, {"product": work.stored.id}
    for name, option in plan.renamed.items():
        variables = product | {"option": {"id": option.id, "name": name}}
        calls.write(draft, "RenameOption", "productOptionUpdate", variables)
    if plan.added:
        options = [{"name": name, "values": [{"name": value}]} for name, value in plan.added.items()]
        calls.write(draft, "AddOptions", "productOptionsCreate", product | {"options": options})


def _paired(work: Work, wanted: Sequence[str], there: Sequence[Option]) -> dict[str, Option | None]:
    """Each of the draft's options with the store's of that name, or with one of another name that has the same values."""
    by_name = {option.name.strip().casefold(): option for option in there}
    pairs = {name: by_name.get(name.casefold()) for name in wanted}
    for i, name in enumerate(wanted):
        if pairs[name] is None:
            rest = [option for option in there if option not in pairs.values()]
            pairs[name] = next((option for option in rest if _same_values(work, i, option)), None)
    return pairs


def _same_values(work: Work, place: int, option: Option) -> bool:
    """Whether a variant has the value of the draft's option in the store's."""
    return any(
        known.options.get(option.name, "").casefold() == variant.options[place].strip().casefold()
        for variant in work.draft.product.variants
        if (known := work.stored.variant(work.draft, variant.sku))
    )


def _first_values(
    work: Work, added: Sequence[str], wanted: Sequence[str], missing: Sequence[Variant]
) -> dict[str, str]:
    """The value of each new option that the variants there shall get: that of the first of them."""
    if not added:
        return {}
    first = next((each for each in work.draft.product.variants if each not in missing), None)
    if first is None:
        raise _different(work, work.stored.options)
    return {name: first.options[wanted.index(name)].strip() for name in added}


def _different(work: Work, there: Sequence[Option]) -> Rejected:
    return refused(
        work.draft,
        "options-differ",
        f"The product's options are {_listed(work.draft.product.options)} in the ERP and {_listed(there)} in Shopify, so "
        "that new variants cannot be made.",
        "Give the product the same options in Shopify, or the existing variant the ERP's new SKU, then replay.",
    )


def _listed(options: Sequence[Option | str]) -> str:
    return ", ".join(each if isinstance(each, str) else each.name for each in options) or "none"

"""Products from an ERP to a store: made, changed and hidden, never deleted.

A product that the store has is found by its SKUs; where these do not say which it is, a person must. What a run finds
equal to what the store was last made equal to costs no call. Stock, and the prices of what is there, are other flows'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from erpsync.domain.errors import Rejected, SyncError, Transient
from erpsync.domain.ids import JobId, SourceId, TargetId
from erpsync.domain.products import Product
from erpsync.flows import product_claims, product_told
from erpsync.flows.context import FlowContext
from erpsync.flows.product_plan import Known, Plan, Waiting, forget_command, plan
from erpsync.ledger import catalogue, links, matching, prices
from erpsync.ledger.links import Ends, LinkKind, Made
from erpsync.ports.flow import Done, Ended, Item
from erpsync.ports.pages import Page, Since
from erpsync.ports.spec import StoreAbility
from erpsync.ports.store_records import ProductAnswer, ProductDraft, StoreProduct
from erpsync.ports.webhooks import Change

FLOW = product_told.FLOW
# What every store calls a product that a draft names and that it has no longer.
_GONE = "product-gone"
# An ERP that does not get its prices told within this time has other troubles: what is made without is hidden.
_AWAITS_PRICES = timedelta(hours=1)


def changes(context: FlowContext, since: Since) -> Page[Change]:
    """Products of the ERP, each whole. One that is as it was last told brings the very same body, unless it was hidden for
    want of prices that it has by now."""
    with context.calling(context.target):
        page = context.erp.products_changed(since)
    ids = [SourceId(product.id) for product in page.records]
    with context.database.begin() as connection:
        waiting = matching.now_priced(connection, context.target, FLOW) if since.cursor is None else []
        before = product_told.last(connection, context.target, [*ids, *waiting])
    found = {product.id: product_told.body_of(product, before.get(SourceId(product.id))) for product in page.records}
    for last in (before[source_id] for source_id in waiting if source_id in before):
        again = product_told.told_again(last)
        told_now = found.get(again.product.id)
        if told_now is None or told_now.after != last.id:  # it has not changed since
            found[again.product.id] = again
    now = context.clock.now()
    told = tuple(product_told.change_of(body, now) for body in found.values())
    return Page(told, page.cursor, page.watermark, page.unreadable)


@dataclass(frozen=True)
class _Work:
    item: Item
    plan: Plan

    @property
    def product(self) -> Product:
        return self.plan.draft.product


class ProductFlow:
    """Products of one route, against its direction. See `erpsync.ports.flow.Flow`."""

    def __init__(self, context: FlowContext) -> None:
        self._context = context
        self._products = Ends(LinkKind.PRODUCT, context.target, context.source)
        self._variants = Ends(LinkKind.VARIANT, context.target, context.source)
        self._reads_none = StoreAbility.VARIANTS in context.store_capabilities.missing

    @property
    def batch(self) -> int:
        return self._context.store_capabilities.order_batch

    def __call__(self, items: Sequence[Item]) -> Mapping[JobId, Ended]:
        results: dict[JobId, Ended] = {}
        products: dict[JobId, Product] = {}
        for item in items:
            read = product_told.read(item)
            if isinstance(read, Product):
                products[item.job_id] = read
            else:
                results[item.job_id] = read
        known = self._known(list(products.values()))
        behind = product_claims.in_turn(list(products.values()))
        works = []
        for item in (item for item in items if item.job_id in products):
            product = products[item.job_id]
            if product.id in behind:
                results[item.job_id] = _behind(product)
                continue
            planned = plan(product, known[product.id], self._context.product_rules)
            if isinstance(planned, Plan):
                works.append(_Work(item, planned))
            else:
                results[item.job_id] = planned
        return results | self._worked(works, known)

    def _known(self, products: Sequence[Product]) -> dict[TargetId, Known]:
        store = self._context.source
        skus = list(dict.fromkeys(variant.sku for product in products for variant in product.variants))
        with self._context.database.begin() as connection:
            linked = links.find(connection, self._products, [SourceId(product.id) for product in products])
            variants = links.find(connection, self._variants, [SourceId(sku) for sku in skus])
            listed = matching.listed(connection, store, skus)
            ids = {SourceId(link.target_id) for link in linked.values()} | {one.product_id for one in listed}
            sizes = matching.sizes(connection, store, list(ids))
            read = self._reads_none or matching.is_read(connection, store)
            holders = product_claims.others(connection, self._products, products, variants)
            asked = prices.asked_until(connection, self._context.target)
        known_prices = self._context.prices(skus)
        unpriced = [product for product in products if any(one.sku not in known_prices for one in product.variants)]
        pricing = self._awaiting_prices(asked, unpriced)
        return {
            product.id: Known(
                self._products,
                link=linked.get(SourceId(product.id)),
                variants={
                    variant.sku: SourceId(variants[SourceId(variant.sku)].target_id)
                    for variant in product.variants
                    if SourceId(variant.sku) in variants
                },
                holders=holders[product.id],
                listed=[one for one in listed if one.asked in {variant.sku for variant in product.variants}],
                sizes=sizes,
                prices=known_prices,
                read=read,
                pricing=product.id in pricing,
            )
            for product in products
        }

    def _awaiting_prices(self, asked: datetime | None, products: Sequence[Product]) -> set[TargetId]:
        """Those that were told later than prices have been `asked` for: what a new thing costs is told in its own time."""
        if asked is None or not products:
            return set()
        now = self._context.clock.now()
        with self._context.database.begin() as connection:
            told = product_told.last(connection, self._context.target, [SourceId(one.id) for one in products])
        return {
            TargetId(source_id) for source_id, one in told.items() if asked < one.at and now < one.at + _AWAITS_PRICES
        }

    def _worked(self, works: Sequence[_Work], known: Mapping[TargetId, Known]) -> dict[JobId, Ended]:
        results: dict[JobId, Ended] = {}
        changed = []
        for work in works:
            link = known[work.product.id].link
            if link is not None and link.content_hash == work.plan.content_hash and not work.plan.takes_over:
                results[work.item.job_id] = work.plan.problem or Done("unchanged")
            else:
                changed.append(work)
        answers = self._put([work.plan.draft for work in changed])
        self._keep(changed, answers)
        for work in changed:
            answer = answers[work.product.id]
            if isinstance(answer, SyncError):
                results[work.item.job_id] = self._refused(work.plan, answer)
            else:
                results[work.item.job_id] = work.plan.problem or Done(_note(work.plan, answer))
        return results

    def _put(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        if not drafts:
            return {}
        try:
            with self._context.calling(self._context.source):
                return self._context.store.put_products(drafts)
        except SyncError as error:
            return {draft.product.id: error for draft in drafts}

    def _refused(self, planned: Plan, answer: SyncError) -> SyncError:
        """What the store says is gone is not found by its SKUs any more; one that was linked was deleted by a person."""
        context, draft = self._context, planned.draft
        answer.connection = answer.connection or context.source
        if answer.code != _GONE or draft.id is None:
            return answer
        with context.database.begin() as connection:
            catalogue.drop(connection, context.source, draft.id)
        if planned.linked_as is None:
            return Transient(
                "catalogue-outdated",
                system=context.source,
                record=f"product {draft.product.id}",
                what=f"Product {draft.id} was found by its SKUs, and is not there any more.",
            )
        return self._with_way_out(planned.linked_as, answer)

    def _with_way_out(self, linked_as: TargetId, answer: SyncError) -> SyncError:
        """With the step that no adapter knows, where it is for a person to take."""
        if not isinstance(answer, Rejected):
            return answer
        problem = answer.problem
        command = forget_command(self._products, linked_as)
        told = Rejected(
            problem.code,
            system=problem.system,
            record=problem.record,
            what=problem.what,
            next_step=f"{problem.next_step} To have it found by its SKUs or made anew: {command}, then replay.",
        )
        told.connection = answer.connection
        return told

    def _keep(self, works: Sequence[_Work], answers: Mapping[TargetId, ProductAnswer]) -> None:
        products: list[Made] = []
        variants: list[Made] = []
        for work in works:
            answer = answers[work.product.id]
            if isinstance(answer, StoreProduct):
                title, content_hash = work.product.title, work.plan.content_hash
                products.append(Made(SourceId(work.product.id), TargetId(answer.id), title, content_hash))
                variants += [
                    Made(SourceId(sku), TargetId(one), work.product.id) for sku, one in answer.variants.items()
                ]
        now = self._context.clock.now()
        with self._context.database.begin() as connection:
            links.keep(connection, self._products, products, now)
            links.keep(connection, self._variants, variants, now)


def _behind(product: Product) -> Waiting:
    return Waiting(
        "sku-under-way",
        system="erpsync",
        record=f"product {product.id}",
        what="Another product with one of its SKUs goes first.",
    )


def _note(planned: Plan, answer: StoreProduct) -> str:
    done = "changed" if planned.draft.id else "made"
    return "; ".join((f"{done}, with {len(answer.variants)} variants", *planned.notes, *answer.notes))

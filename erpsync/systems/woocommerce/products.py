"""Products with their variations, made and changed in bulk.

https://woocommerce.github.io/woocommerce-rest-api-docs/#batch-update-products. A product is made hidden, then its
variations, then it is shown: buyers see no half of one, and what a lost reply left behind is found and completed. Images
come last, for fetching them takes the shop seconds each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from erpsync.domain.errors import Rejected, SyncError, Transient
from erpsync.domain.ids import TargetId
from erpsync.domain.products import Variant
from erpsync.ports.store_records import ProductAnswer, ProductDraft, ProductField
from erpsync.systems.woocommerce import product_rows as rows
from erpsync.systems.woocommerce import refusals, wire
from erpsync.systems.woocommerce.categories import category_ids
from erpsync.systems.woocommerce.client import WooCommerceClient
from erpsync.systems.woocommerce.lookup import rows_by_id, rows_by_sku
from erpsync.systems.woocommerce.product_images import arranged, known_images, send_image
from erpsync.systems.woocommerce.product_matches import home, match, read_product, readable
from erpsync.systems.woocommerce.product_notes import notes_of
from erpsync.systems.woocommerce.product_rules import problem
from erpsync.systems.woocommerce.product_work import Work, options_lost
from erpsync.systems.woocommerce.traces import digest


class Products:
    """Looks everything up on every call: products are changed and deleted behind our back."""

    def __init__(self, client: WooCommerceClient, prefix: str, currency: Callable[[], str]) -> None:
        self._client = client
        self._prefix = prefix
        self._currency = currency
        self._house: rows.House | None = None

    def put(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        """See the port. Raises what concerns the call where it has spared none of the drafts."""
        house, currency = self._shop(), self._currency()
        works = [Work(draft, error=problem(draft, currency)) for draft in drafts]
        self._find(works, house)
        self._categorize(works)
        self._write_products(works, house)
        self._write_variations(works, house)
        self._finish(works, house)
        self._illustrate(works, house)
        if len({id(work.error) for work in works}) == 1 and isinstance(works[0].error, Transient):
            raise works[0].error
        return {work.draft.product.id: work.error or work.answer() for work in works}

    def _shop(self) -> rows.House:
        """Asked once."""
        if self._house is None:
            answer = self._client.get("settings/products/woocommerce_weight_unit")
            unit = str(answer.get("value")) if isinstance(answer, dict) else ""
            self._house = rows.House(unit, self._prefix)
        return self._house

    def _find(self, works: Iterable[Work], house: rows.House) -> None:
        able = _able(works)
        skus = [variant.sku for work in able for variant in work.draft.product.variants]
        marks = [house.mark(work.draft) for work in able if work.draft.product.options]
        looked_up = rows_by_sku(self._client, [*skus, *marks])
        found = {sku: [read_product(row) for row in some] for sku, some in looked_up.items()}
        known = [row for some in found.values() for row in some]
        products = {row.id: row for row in known if row.type != "variation"}
        wanted = {home(row) for row in known} | {work.draft.id for work in able if work.draft.id is not None}
        others = rows_by_id(self._client, sorted(wanted - products.keys()))
        products |= {product_id: read_product(row) for product_id, row in others.items()}
        for work in able:
            answer = match(work.draft, found, house.mark(work.draft), products)
            if isinstance(answer, SyncError):
                work.fail(answer)
            else:
                work.settle(answer, house)

    def _categorize(self, works: Iterable[Work]) -> None:
        """A category that the shop refuses is left out. Nothing was written of products yet: all else is raised."""
        able = [work for work in _able(works) if work.whole and ProductField.CATEGORIES in work.owned]
        ids = category_ids(self._client, [name for work in able for name in work.draft.product.categories])
        for work in able:
            for name in work.draft.product.categories:
                found = ids[name]
                if isinstance(found, Rejected):
                    work.notes.append(f"The category {name} could not be made. {found.problem.what}")
                elif found not in work.categories:
                    work.categories.append(found)

    def _write_products(self, works: Iterable[Work], house: rows.House) -> None:
        able = [work for work in _able(works) if work.whole]
        new = [work for work in able if work.product is None]
        self._write([(work, work.product_row(house)) for work in able])
        for work in _able(new):
            if work.product is not None and not work.draft.product.options:
                work.took(work.draft.product.variants[0], work.product)

    def _write_variations(self, works: Iterable[Work], house: rows.House) -> None:
        """A call for each parent, with all that concerns its variations."""
        by_parent: dict[str, list[tuple[Work, Variant, rows.Row]]] = {}
        for work in _able(works):
            for variant, row in work.variation_rows(house):
                by_parent.setdefault(work.parent_id(), []).append((work, variant, row))
        for parent_id, wanted in by_parent.items():
            path = f"products/{parent_id}/variations"
            answers = self._send(path, [(work, f"SKU {variant.sku}", row) for work, variant, row in wanted])
            for (work, variant, row), answer in zip(wanted, answers, strict=True):
                if isinstance(answer, SyncError):
                    work.fail(answer)
                    continue
                work.variations[variant.sku] = answer
                if "id" not in row:
                    work.took(variant, answer)
                if "attributes" in row and not rows.kept(variant, answer):
                    self._send(path, [(work, f"SKU {variant.sku}", rows.spoilt_variation(answer, house))])
                    work.fail(options_lost(variant))

    def _finish(self, works: Iterable[Work], house: rows.House) -> None:
        able = _able(works)
        self._write([(work, work.finishing_row(house)) for work in able])
        for work in _able(able):
            work.notes += notes_of(work, house)

    def _illustrate(self, works: Iterable[Work], house: rows.House) -> None:
        able = [work for work in _able(works) if work.image_urls()]
        for work in able:
            try:
                self._send_images(work, house)
            except SyncError as error:
                work.fail(error)
        self._write([(work, _arranged(work, house)) for work in _able(able)])

    def _send_images(self, work: Work, house: rows.House) -> None:
        for url in dict.fromkeys(work.image_urls()):
            if work.product is None or digest(url) in known_images(work.product, house.trace(work.product)):
                continue
            answer = send_image(self._client, work.product, url, house, work.record)
            if isinstance(answer, str):
                work.notes.append(answer)
            else:
                work.product = answer

    def _write(self, wanted: Sequence[tuple[Work, rows.Row]]) -> None:
        """Products; empty rows are not sent."""
        filled = [(work, row) for work, row in wanted if row]
        answers = self._send("products", [(work, work.record, row) for work, row in filled])
        for (work, _), answer in zip(filled, answers, strict=True):
            if isinstance(answer, SyncError):
                work.fail(answer)
            else:
                work.product = answer

    def _send(self, path: str, named: Sequence[tuple[Work, str, rows.Row]]) -> Sequence[wire.WholeProduct | SyncError]:
        """What each row comes to. One whose barcode another product has is sent without: it is of more use to buyers than
        its barcode."""
        try:
            answers = self._client.write_all(
                path, [row for _, _, row in named], [record for _, record, _ in named], refusals.of_product
            )
        except SyncError as error:
            return [error] * len(named)
        told = [answer if isinstance(answer, SyncError) else readable(read_product(answer)) for answer in answers]
        doubled = [place for place, one in enumerate(told) if _barcode_refused(one)]
        bare = []
        for place in doubled:
            work, record, row = named[place]
            work.notes.append(f"The barcode was left out. {told[place]}")
            bare.append((work, record, {name: value for name, value in row.items() if name != "global_unique_id"}))
        for place, again in zip(doubled, self._send(path, bare) if bare else (), strict=True):
            told[place] = again
        return told


def _able(works: Iterable[Work]) -> list[Work]:
    return [work for work in works if work.error is None]


def _arranged(work: Work, house: rows.House) -> rows.Row:
    return work.with_id(arranged(work.product, work.image_urls(), house)) if work.product is not None else {}


def _barcode_refused(answer: wire.WholeProduct | SyncError) -> bool:
    return isinstance(answer, Rejected) and answer.code == refusals.BARCODE_REFUSED

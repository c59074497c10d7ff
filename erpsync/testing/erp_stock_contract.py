"""What every ERP tells of its stock: a part of `ErpContract`."""

from collections.abc import Sequence
from decimal import Decimal

from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.ports.pages import Since
from erpsync.ports.spec import Ability
from erpsync.testing import samples
from erpsync.testing.erp_stage import LATE_SECONDS, Stage
from erpsync.testing.reading import everything

SKUS = [Sku(f"SKU-{number:04d}") for number in range(1, 51)]
# Some that a filter could misread among them.
UNKNOWN = [Sku(name) for name in ("O'NEILL & SONS, #7", "SKU-00*", "SKU-00%", 'SKU "0001"')]
UNKNOWN += [Sku(f"NO-SUCH-ITEM-{number:04d}") for number in range(500 - len(SKUS) - len(UNKNOWN))]


class StockContract:
    """Held by every ERP. Override nothing; give a `stage`."""

    def test_stock_is_told_per_location_with_what_is_reserved(self, stage: Stage) -> None:
        erp = stage.open()
        first, second = stage.controls.locations[:2]
        if stage.lacks(Ability.STOCK_LEVELS, lambda: erp.stock_levels(Since())):
            return
        stage.controls.put_stock("SKU-0010", first, Decimal(40), Decimal(3))
        stage.controls.put_stock("SKU-0010", second, Decimal(7))
        told, watermark = everything(erp.stock_levels)
        assert levels(told, "SKU-0010") == {first: (40, 3), second: (7, 0)}
        stage.controls.put_stock("SKU-0010", first, Decimal(0), seconds_ago=LATE_SECONDS)
        after = levels(everything(stage.open().stock_levels, watermark)[0], "SKU-0010")
        assert after[first] == (0, 0)
        assert after[second] == (7, 0)

    def test_levels_of_named_skus_are_told_as_they_are_now_and_nothing_of_unknown_ones(self, stage: Stage) -> None:
        first, second = stage.controls.locations[:2]
        asked = [Sku("SKU-0011"), Sku("SKU-9999"), Sku("SKU-0012")]
        if stage.lacks(Ability.STOCK_LEVELS, lambda: stage.open().stock_of(asked)):
            return
        stage.controls.put_stock("SKU-0011", first, Decimal(40), Decimal(3))
        stage.controls.put_stock("SKU-0011", second, Decimal(0))
        stage.controls.put_stock("SKU-0012", first, Decimal(0))
        stage.controls.put_stock("SKU-0012", second, Decimal(7), Decimal(7))
        erp = stage.open()
        told = erp.stock_of(asked)
        assert levels(told, "SKU-0011") == {first: (40, 3), second: (0, 0)}
        assert levels(told, "SKU-0012") == {first: (0, 0), second: (7, 7)}
        assert {level.sku for level in told} == {"SKU-0011", "SKU-0012"}
        # Only what is reserved moves: several ERPs tell no change of it.
        stage.controls.put_stock("SKU-0011", first, Decimal(40), Decimal(5))
        assert levels(erp.stock_of(asked[:1]), "SKU-0011") == {first: (40, 5), second: (0, 0)}
        assert not erp.stock_of([])
        assert not erp.stock_of([Sku("SKU-9999")])

    def test_levels_of_five_hundred_skus_are_told_in_one_call(self, stage: Stage) -> None:
        """The same as a poll tells of them, and nothing of the unknown ones among them."""
        erp = stage.open()
        asked = [*UNKNOWN[:200], *SKUS, *UNKNOWN[200:]]
        if stage.lacks(Ability.STOCK_LEVELS, lambda: erp.stock_of(asked)):
            return
        put = SKUS[10:15]
        for number, sku in enumerate(put):
            stage.controls.put_stock(sku, stage.controls.locations[0], Decimal(100 + number), Decimal(number))
        told = erp.stock_of(asked)
        assert len(told) == len({(level.sku, level.location) for level in told})
        assert {level.sku for level in told} >= set(put)
        polled = {(one.sku, one.location): one for one in everything(erp.stock_levels)[0] if one.sku in SKUS}
        assert {(one.sku, one.location): one for one in told} == polled

    def test_what_an_order_took_is_told_of_its_skus_at_once(self, stage: Stage) -> None:
        """Where the ERP reserves or ships for it. More than before is never free."""
        erp, sku = stage.open(), Sku("SKU-0013")
        if stage.lacks(Ability.STOCK_LEVELS, lambda: erp.stock_of([sku])):
            return
        stage.controls.put_stock(sku, stage.controls.locations[0], Decimal(10))
        before = free(erp.stock_of([sku]))
        stage.make(erp, samples.order("stock-taken", lines=(samples.line(sku, "2"),)))
        assert free(stage.open().stock_of([sku])) in (before, before - 2)


def levels(told: Sequence[StockLevel], sku: str) -> dict[str, tuple[int, int]]:
    return {level.location: (int(level.on_hand), int(level.reserved)) for level in told if level.sku == sku}


def free(told: Sequence[StockLevel]) -> Decimal:
    return sum((level.on_hand - level.reserved for level in told), Decimal(0))

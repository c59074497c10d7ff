"""Sales orders, deliveries, billing documents and credit memo requests, by the rules that SAP keeps."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from erpsync.systems.sap.odata import simulator_pricing as pricing
from erpsync.systems.sap.odata.simulator_query import Row
from erpsync.systems.sap.odata.simulator_rows import Refused, Tables, canonical

_GOODS = "HAWA"
_ZERO = Decimal(0)


class Sales:
    """Not locked: its caller holds the system's lock."""

    def __init__(self, tables: Tables, area: tuple[str, str, str]) -> None:
        self._tables = tables
        self._area = area
        self._numbers = {"A_SalesOrder": 0, "A_CreditMemoRequest": 60000000, "delivery": 80000000, "billing": 90000000}
        self.surcharge = _ZERO
        """What a pricing procedure of the customer's own adds to the first item of each order, unasked."""
        self.reject_reasons = {"50", "51"}

    # -- what the API does

    def number(self, kind: str) -> str:
        self._numbers[kind] += 1
        return str(self._numbers[kind])

    def check_header(self, row: Row) -> None:
        area = (row["SalesOrganization"], row["DistributionChannel"], row["OrganizationDivision"])
        if area != self._area:
            raise Refused(400, "V4/090", f"Sales area {' '.join(area)} is not defined")
        if self._tables.get("A_CustomerSalesArea", row["SoldToParty"], *area) is None:
            raise Refused(400, "VP/199", f"Sold-to party {row['SoldToParty']} not maintained for the sales area")

    def check_item(self, row: Row) -> Row:
        """The item with what SAP adds. Raises Refused for a material that the sales area does not sell."""
        material = self._tables.get("A_Product", row["Material"])
        sold = self._tables.get("A_ProductSalesDelivery", row["Material"], *self._area[:2])
        if material is None or sold is None or sold["IsMarkedForDeletion"]:
            raise Refused(400, "V1/382", f"Material {row['Material']} is not defined for the sales area")
        if row["RequestedQuantity"] <= 0:
            raise Refused(400, "V1/304", "Enter a quantity")
        unit = row["RequestedQuantityUnit"] or sold["SalesMeasureUnit"] or material["BaseUnit"]
        added = {
            "RequestedQuantityUnit": unit,
            "ProductTaxClassification1": row["ProductTaxClassification1"] or self._tax_class(row["Material"]),
        }
        if "ProductionPlant" in row:
            added["ProductionPlant"] = row["ProductionPlant"] or sold["SupplyingPlant"]
        if added["ProductTaxClassification1"] not in pricing.RATES:
            raise Refused(400, "V1/805", "Mandatory condition TTX1 is missing")
        return {**row, **added}

    def check_condition(self, row: Row, *, header: bool) -> Row:
        kind = row["ConditionType"]
        if kind not in pricing.STEPS or kind in pricing.AUTOMATIC or (kind in pricing.HEADER_ONLY) != header:
            raise Refused(400, "VE/005", f"Condition type {kind} cannot be entered here")
        return {
            **row,
            "PricingProcedureStep": row.get("PricingProcedureStep") or pricing.STEPS[kind],
            "PricingProcedureCounter": row.get("PricingProcedureCounter") or "1",
            "ConditionQuantity": row["ConditionQuantity"] or Decimal(1),
            "ConditionIsManuallyChanged": True,
        }

    def check_item_change(self, before: Row, after: Row) -> None:
        delivered = self.delivered(before["SalesOrder"], before["SalesOrderItem"])
        if after["RequestedQuantity"] < delivered:
            raise Refused(400, "V1/785", "The quantity is less than what has been delivered")
        reason = after["SalesDocumentRjcnReason"]
        if reason and reason not in self.reject_reasons:
            raise Refused(400, "V1/001", f"Reason for rejection {reason} is not defined")
        if reason and not before["SalesDocumentRjcnReason"] and delivered >= before["RequestedQuantity"]:
            raise Refused(400, "V1/780", "The item has been delivered completely and cannot be rejected")

    def check_item_deletion(self, row: Row) -> None:
        if self.delivered(row["SalesOrder"], row["SalesOrderItem"]):
            raise Refused(400, "V1/781", "The item has a delivery and cannot be deleted")

    def finish(self, order_id: str, *, touch: bool = True) -> None:
        """Prices the order anew and brings its statuses up to date, as saving it does."""
        order = self._tables.get("A_SalesOrder", order_id)
        if order is None:
            return
        if touch:
            order = self._tables.put("A_SalesOrder", **{**order, "LastChangeDateTime": self._stamp(order)})
        self._price_order(order)
        self._set_statuses(order_id)

    def finish_credit(self, number: str) -> None:
        memo = self._tables.need("A_CreditMemoRequest", number)
        net = _ZERO
        for item in self._tables.all("A_CreditMemoRequestItem", CreditMemoRequest=number):
            keys = {name: item[name] for name in ("CreditMemoRequest", "CreditMemoRequestItem")}
            net += self._price_item("A_CreditMemoReqItemPrcgElmnt", keys, item, _ZERO).net
        self._tables.put(
            "A_CreditMemoRequest", **{**memo, "TotalNetAmount": net, "LastChangeDateTime": self._stamp(memo)}
        )

    # -- what people do

    def deliver(
        self,
        order_id: str,
        quantities: Mapping[str, Decimal],
        *,
        carrier: str,
        number: str,
        seconds_ago: float,
        issued: bool,
    ) -> str:
        """A delivery of that much by material; `issued`: with goods issue."""
        order = self._tables.need("A_SalesOrder", order_id)
        delivery, at = self.number("delivery"), self._tables.clock() - timedelta(seconds=seconds_ago)
        when = {"CreationDate": at.date(), "CreationTime": at.time().replace(microsecond=0)}
        if issued:
            when |= {"ActualGoodsMovementDate": at.date(), "ActualGoodsMovementTime": at.time().replace(microsecond=0)}
        self._tables.put(
            "A_OutbDeliveryHeader",
            DeliveryDocument=delivery,
            SalesOrganization=order["SalesOrganization"],
            BillOfLading=number,
            OverallGoodsMovementStatus="C" if issued else "A",
            SoldToParty=order["SoldToParty"],
            **when,
        )
        if carrier:
            self._tables.put("A_OutbDeliveryPartner", SDDocument=delivery, PartnerFunction="SP", Supplier=carrier)
        for at_item, (sku, quantity) in enumerate(quantities.items()):
            item = next(i for i in self.items(order_id) if canonical(i["Material"]) == canonical(sku))
            self._tables.put(
                "A_OutbDeliveryItem",
                DeliveryDocument=delivery,
                DeliveryDocumentItem=str((at_item + 1) * 10),
                Material=item["Material"],
                Plant=item["ProductionPlant"],
                StorageLocation=item["StorageLocation"],
                ActualDeliveryQuantity=quantity,
                ActualDeliveredQtyInBaseUnit=quantity,
                GoodsMovementStatus="C" if issued else "A",
                ReferenceSDDocument=order["SalesOrder"],
                ReferenceSDDocumentItem=item["SalesOrderItem"].zfill(6),
                ReferenceSDDocumentCategory="C",
            )
        # A delivery updates the order's statuses, not its time of change.
        self.finish(order_id, touch=False)
        return delivery

    def bill(self, order_id: str) -> str:
        """An invoice of what has been delivered, or of all where nothing has."""
        order = self._tables.need("A_SalesOrder", order_id)
        invoice, now = self.number("billing"), self._tables.clock()
        net = tax = _ZERO
        for item in self.items(order_id):
            delivered = self.delivered(order_id, item["SalesOrderItem"])
            goods = self._is_goods(item["Material"])
            anything = any(self.delivered(order_id, one["SalesOrderItem"]) for one in self.items(order_id))
            part = delivered / item["RequestedQuantity"] if goods and anything else Decimal(1)
            share = {name: (item[name] * part).quantize(Decimal("0.01")) for name in ("NetAmount", "TaxAmount")}
            net, tax = net + share["NetAmount"], tax + share["TaxAmount"]
            self._tables.put(
                "A_BillingDocumentItem",
                BillingDocument=invoice,
                BillingDocumentItem=item["SalesOrderItem"],
                Material=item["Material"],
                BillingQuantity=item["RequestedQuantity"] * part,
                GrossAmount=share["NetAmount"] + share["TaxAmount"],
                SalesDocument=order["SalesOrder"],
                SalesDocumentItem=item["SalesOrderItem"],
                **share,
            )
        self._tables.put(
            "A_BillingDocument",
            BillingDocument=invoice,
            SDDocumentCategory="M",
            BillingDocumentType="F2",
            SalesOrganization=order["SalesOrganization"],
            CreationDate=now.date(),
            LastChangeDateTime=now,
            BillingDocumentDate=now.date(),
            TotalNetAmount=net,
            TaxAmount=tax,
            TotalGrossAmount=net + tax,
            TransactionCurrency=order["TransactionCurrency"],
            DocumentReferenceID=f"00{invoice}",
        )
        self.finish(order_id, touch=False)
        return invoice

    # -- what is there

    def items(self, order_id: str) -> list[Row]:
        return self._tables.all("A_SalesOrderItem", SalesOrder=order_id)

    def delivered(self, order_id: str, item: str) -> Decimal:
        rows = self._tables.all(
            "A_OutbDeliveryItem", ReferenceSDDocument=order_id, ReferenceSDDocumentItem=item.zfill(6)
        )
        return sum((row["ActualDeliveryQuantity"] for row in rows), _ZERO)

    def credit_total(self, memo: Row) -> Decimal:
        rows = self._tables.all("A_CreditMemoReqItemPrcgElmnt", CreditMemoRequest=memo["CreditMemoRequest"])
        taxes = (
            row["ConditionAmount"]
            for row in rows
            if row["ConditionClass"] == "D" and not row["ConditionInactiveReason"]
        )
        return sum(taxes, memo["TotalNetAmount"])  # type: ignore[no-any-return]

    def _stamp(self, row: Row) -> Any:
        """A time of change that is never the one before, to the millisecond: it is the ETag."""
        now = self._tables.clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        before = row.get("LastChangeDateTime")
        return now if before is None or now > before else before + timedelta(milliseconds=1)

    def _tax_class(self, material: str) -> str:
        rows = self._tables.all("A_ProductSalesTax", Product=material)
        return str(rows[0]["TaxClassification"]) if rows else "0"

    def _is_goods(self, material: str) -> bool:
        row = self._tables.get("A_Product", material)
        return row is not None and row["ProductType"] == _GOODS

    def _list_price(self, material: str) -> Decimal | None:
        for key in self._tables.all("A_SlsPrcgCndnRecdValidity", Material=material, PriceListType="", Customer=""):
            record = self._tables.get("A_SlsPrcgConditionRecord", key["ConditionRecord"])
            if record is not None:
                return record["ConditionRateAmount"]  # type: ignore[no-any-return]
        return None

    def _price_order(self, order: Row) -> None:
        order_id = order["SalesOrder"]
        items = [item for item in self.items(order_id) if not item["SalesDocumentRjcnReason"]]
        header = self._tables.all("A_SalesOrderHeaderPrElement", SalesOrder=order_id)
        amount = sum((row["ConditionRateValue"] for row in header), _ZERO)
        for row in header:
            self._tables.put("A_SalesOrderHeaderPrElement", **{**row, "ConditionAmount": row["ConditionRateValue"]})
        bases = [self._base(item) for item in items]
        net = _ZERO
        extra = self.surcharge
        for item, share in zip(items, pricing.spread(amount, bases), strict=True):
            keys = {name: item[name] for name in ("SalesOrder", "SalesOrderItem")}
            done = self._price_item("A_SalesOrderItemPrElement", keys, item, share + extra)
            extra = _ZERO
            net += done.net
            self._tables.put("A_SalesOrderItem", **{**item, "NetAmount": done.net, "TaxAmount": done.tax})
        self._tables.put(
            "A_SalesOrder",
            **{**self._tables.get("A_SalesOrder", order_id), "TotalNetAmount": net},  # type: ignore[dict-item]
        )

    def _base(self, item: Row) -> Decimal:
        keys = {name: item[name] for name in ("SalesOrder", "SalesOrderItem")}
        conditions = self._manual("A_SalesOrderItemPrElement", keys)
        base = pricing.before_header(item["RequestedQuantity"], conditions, self._list_price(item["Material"]))
        if base is None:
            raise Refused(400, "V1/805", "Mandatory condition PPR0 is missing")
        return base

    def _manual(self, elements: str, keys: Mapping[str, str]) -> list[Row]:
        return [row for row in self._tables.all(elements, **keys) if row["ConditionIsManuallyChanged"]]

    def _price_item(self, elements: str, keys: Mapping[str, str], item: Row, share: Decimal) -> pricing.Priced:
        conditions = self._manual(elements, keys)
        done = pricing.priced(
            item["RequestedQuantity"],
            conditions,
            self._list_price(item["Material"]),
            item["ProductTaxClassification1"],
            share,
        )
        for row in self._tables.all(elements, **keys):
            if not row["ConditionIsManuallyChanged"]:
                self._tables.remove(elements, row)
        manual = {row["ConditionType"]: row for row in conditions}
        for kind, amount in done.amounts.items():
            row = manual.get(
                kind, {**keys, "PricingProcedureStep": pricing.STEPS[kind], "PricingProcedureCounter": "1"}
            )
            shown = {
                "ConditionType": kind,
                "ConditionAmount": amount,
                "ConditionClass": "D" if kind in pricing.MANUAL_TAXES or kind == "TTX1" else "B",
                "ConditionInactiveReason": "M" if kind in done.inactive else "",
            }
            self._tables.put(elements, **{**row, **shown})
        if elements.startswith("A_CreditMemo"):
            self._tables.put("A_CreditMemoRequestItem", **{**item, "NetAmount": done.net})
        return done

    def _set_statuses(self, order_id: str) -> None:
        order = self._tables.need("A_SalesOrder", order_id)
        states = []
        for item in self.items(order_id):
            delivered, whole = self.delivered(order_id, item["SalesOrderItem"]), item["RequestedQuantity"]
            goods = self._is_goods(item["Material"])
            billed = bool(
                self._tables.all(
                    "A_BillingDocumentItem", SalesDocument=order_id, SalesDocumentItem=item["SalesOrderItem"]
                )
            )
            delivery = ("C" if delivered >= whole else "B" if delivered else "A") if goods else ""
            done = item["SalesDocumentRjcnReason"] or (billed and delivery in ("", "C"))
            state = "C" if done else "B" if delivered or billed else "A"
            states.append(state)
            self._tables.put(
                "A_SalesOrderItem",
                **{
                    **item,
                    "DeliveryStatus": delivery,
                    "OrderRelatedBillingStatus": ("C" if billed else "A") if not goods else "",
                    "SDProcessStatus": state,
                },
            )
            self._schedule(item, delivered, goods=goods)
        overall = "C" if set(states) == {"C"} else "A" if set(states) == {"A"} else "B"
        rejected = [bool(item["SalesDocumentRjcnReason"]) for item in self.items(order_id)]
        self._tables.put(
            "A_SalesOrder",
            **{
                **order,
                "OverallSDProcessStatus": overall,
                "OverallSDDocumentRejectionSts": "C" if all(rejected) else "B" if any(rejected) else "A",
            },
        )

    def _schedule(self, item: Row, delivered: Decimal, *, goods: bool) -> None:
        open_ = item["RequestedQuantity"] - delivered if goods and not item["SalesDocumentRjcnReason"] else _ZERO
        self._tables.put(
            "A_SalesOrderScheduleLine",
            SalesOrder=item["SalesOrder"],
            SalesOrderItem=item["SalesOrderItem"],
            ScheduleLine="1",
            OrderQuantityUnit=item["RequestedQuantityUnit"],
            ScheduleLineOrderQuantity=item["RequestedQuantity"],
            ConfdOrderQtyByMatlAvailCheck=item["RequestedQuantity"],
            DeliveredQtyInOrderQtyUnit=delivered,
            OpenConfdDelivQtyInOrdQtyUnit=max(open_, _ZERO),
        )

"""Every GraphQL document that is ever sent to Shopify, by operation name. Tests check each against the official schemas.

Fields of orders are asked for under the names that webhooks use (see `wire`). `lineItems` and the like are pages: a
first page is small, because the calculated cost grows with what is asked for and not with what is there
(https://shopify.dev/docs/api/usage/limits), and most orders have few lines.
"""

from collections.abc import Mapping
from typing import NamedTuple

from erpsync.systems.shopify.documents_products import READS as PRODUCT_READS
from erpsync.systems.shopify.documents_products import WRITES as PRODUCT_WRITES
from erpsync.systems.shopify.documents_reads import READS
from erpsync.systems.shopify.documents_writes import WRITES

FIRST_LINES = 10
MORE_LINES = 40
SHIPPING_LINES = 5
REFUND_LINES = 20

_ADDRESS = """
  first_name: firstName last_name: lastName company address1 address2 city province
  province_code: provinceCode zip country_code: countryCodeV2 phone"""

_LINES = """
  nodes {
    id sku name title quantity current_quantity: currentQuantity
    requires_shipping: requiresShipping gift_card: isGiftCard
    price_set: originalUnitPriceSet { ...money }
    discount_allocations: discountAllocations { amount_set: allocatedAmountSet { ...money } }
    tax_lines: taxLines { title rate price_set: priceSet { ...money } }
  }
  pageInfo { hasNextPage endCursor }"""

_SHIPPING_LINES = """
  nodes {
    id code title is_removed: isRemoved
    price_set: originalPriceSet { ...money }
    current_discounted_price_set: currentDiscountedPriceSet { ...money }
    discount_allocations: discountAllocations { amount_set: allocatedAmountSet { ...money } }
    tax_lines: taxLines { title rate price_set: priceSet { ...money } }
  }
  pageInfo { hasNextPage endCursor }"""

_REFUND_LINES = """
  nodes {
    quantity restocked line_item: lineItem { id sku }
    subtotal_set: subtotalSet { ...money } total_tax_set: totalTaxSet { ...money }
  }
  pageInfo { hasNextPage endCursor }"""

_REFUND_SHIPPING_LINES = """
  nodes {
    shipping_line: shippingLine { id }
    subtotal_amount_set: subtotalAmountSet { ...money } tax_amount_set: taxAmountSet { ...money }
  }
  pageInfo { hasNextPage endCursor }"""

_ORDERS = """
query %(name)s($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Order {
      id name test note email phone
      created_at: createdAt updated_at: updatedAt cancelled_at: cancelledAt closed_at: closedAt
      currency: currencyCode presentment_currency: presentmentCurrencyCode
      taxes_included: taxesIncluded duties_included: dutiesIncluded
      financial_status: displayFinancialStatus payment_gateway_names: paymentGatewayNames
      customer {
        id first_name: firstName last_name: lastName
        default_email: defaultEmailAddress { email: emailAddress }
        default_phone: defaultPhoneNumber { phone: phoneNumber }
      }
      billing_address: billingAddress { %(address)s }
      shipping_address: shippingAddress { %(address)s }
      line_items: lineItems(first: %(first_lines)d) { %(lines)s }
      shipping_lines: shippingLines(first: %(shipping_count)d) { %(shipping_lines)s }
      refunds { id }
      current_total_price_set: currentTotalPriceSet { ...money }
      current_total_tax_set: currentTotalTaxSet { ...money }
      current_total_duties_set: currentTotalDutiesSet { ...money }
      current_total_additional_fees_set: currentTotalAdditionalFeesSet { ...money }
      total_tip_received_set: totalTipReceivedSet { ...money }
      refund_discrepancy_set: refundDiscrepancySet { ...money }
      total_cash_rounding: totalCashRoundingAdjustment {
        payment_set: paymentSet { ...money } refund_set: refundSet { ...money }
      }
    }
  }
}
"""

_REFUNDS = """
query %(name)s($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Refund {
      id updated_at: updatedAt
      refund_line_items: refundLineItems(first: %(refund_lines)d) { %(refund_line_fields)s }
      refund_shipping_lines: refundShippingLines(first: %(shipping_count)d) { %(refund_shipping_lines)s }
    }
  }
}
"""

_PAYMENTS = """
query %(name)s($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Order {
      id name updated_at: updatedAt taxes_included: taxesIncluded
      currency: currencyCode presentment_currency: presentmentCurrencyCode
      total_received_set: totalReceivedSet { ...money }
      transactions {
        id kind status gateway created_at: createdAt processed_at: processedAt
        amount_set: amountSet { ...money } rounding_set: amountRoundingSet { ...money }
        parent: parentTransaction { id }
      }
      refunds { id }
    }
  }
}
"""

# A refund has as many transactions as the order has means of payment: few, so that they are not paged.
_REFUND_MONEY = """
query %(name)s($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Refund {
      id note created_at: createdAt updated_at: updatedAt
      refund_line_items: refundLineItems(first: %(refund_lines)d) { %(refund_line_fields)s }
      refund_shipping_lines: refundShippingLines(first: %(shipping_count)d) { %(refund_shipping_lines)s }
      transactions(first: 20) {
        nodes {
          id kind status amount_set: amountSet { ...money } rounding_set: amountRoundingSet { ...money }
        }
      }
    }
  }
}
"""

_MORE = """
query %(name)s($id: ID!, $after: String!) {
  node(id: $id) {
    ... on %(owner)s { updated_at: updatedAt items: %(field)s(first: %(more_lines)d, after: $after) { %(fields)s } }
  }
}
"""

_MONEY = {
    "shop": "fragment money on MoneyBag { shop_money: shopMoney { amount currency_code: currencyCode } }",
    "presentment": "fragment money on MoneyBag { "
    "presentment_money: presentmentMoney { amount currency_code: currencyCode } }",
}

_READS = {"Orders": _ORDERS, "Refunds": _REFUNDS, "Payments": _PAYMENTS, "RefundMoney": _REFUND_MONEY}


class Pages(NamedTuple):
    """How a list of `owner` is read on: `what` names the operation, `field` the connection, `fields` what is read."""

    what: str
    owner: str
    field: str
    fields: str


# By the name that the list has in its first page.
PAGED: Mapping[str, Pages] = {
    "line_items": Pages("MoreLines", "Order", "lineItems", _LINES),
    "shipping_lines": Pages("MoreShippingLines", "Order", "shippingLines", _SHIPPING_LINES),
    "refund_line_items": Pages("MoreRefundLines", "Refund", "refundLineItems", _REFUND_LINES),
    "refund_shipping_lines": Pages("MoreRefundShippingLines", "Refund", "refundShippingLines", _REFUND_SHIPPING_LINES),
}

_OTHERS = {
    "Ping": "query Ping { shop { id } }",
    "Shop": "query Shop { shop { myshopifyDomain currencyCode taxesIncluded } }",
    "Inspect": """
query Inspect {
  shop { myshopifyDomain currencyCode taxesIncluded }
  currentAppInstallation { accessScopes { handle } }
}
""",
}


def read_name(what: str, currency: str) -> str:
    """The operation that reads `what` ("Orders", "Refunds", ...) with amounts in the "shop" or "presentment" currency."""
    return f"{what}In{currency.capitalize()}Money"


def _read(what: str, currency: str) -> str:
    body = _READS[what] % {
        "name": read_name(what, currency),
        "address": _ADDRESS,
        "lines": _LINES,
        "shipping_lines": _SHIPPING_LINES,
        "refund_line_fields": _REFUND_LINES,
        "refund_shipping_lines": _REFUND_SHIPPING_LINES,
        "first_lines": FIRST_LINES,
        "shipping_count": SHIPPING_LINES,
        "refund_lines": REFUND_LINES,
    }
    return body + _MONEY[currency]


def _more(pages: Pages, currency: str) -> str:
    body = _MORE % {
        "name": read_name(pages.what, currency),
        "owner": pages.owner,
        "field": pages.field,
        "fields": pages.fields,
        "more_lines": MORE_LINES,
    }
    return body + _MONEY[currency]


DOCUMENTS: Mapping[str, str] = {
    **_OTHERS,
    **READS,
    **WRITES,
    **PRODUCT_READS,
    **PRODUCT_WRITES,
    **{read_name(what, currency): _read(what, currency) for what in _READS for currency in _MONEY},
    **{read_name(page.what, currency): _more(page, currency) for page in PAGED.values() for currency in _MONEY},
}

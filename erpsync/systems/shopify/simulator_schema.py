"""The part of the Admin API that the simulated store serves, in its own words; a test compares it with Shopify's.

Source: https://shopify.dev/docs/api/admin-graphql/2026-10
"""

SDL = """
schema { query: QueryRoot mutation: Mutation }

scalar DateTime
scalar Decimal
scalar URL

interface Node { id: ID! }

enum CurrencyCode { AUD CAD CHF DKK EUR GBP HKD JPY NOK PLN SEK USD }
enum CountryCode { AT BE CA CH DE DK ES FR GB IT NL US }
enum OrderDisplayFinancialStatus {
  AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED
}
enum WebhookSubscriptionFormat { JSON XML }
enum WebhookSubscriptionTopic {
  ORDERS_CANCELLED ORDERS_CREATE ORDERS_DELETE ORDERS_EDITED ORDERS_FULFILLED ORDERS_PAID
  ORDERS_PARTIALLY_FULFILLED ORDERS_UPDATED REFUNDS_CREATE
}
enum MetafieldsSetUserErrorCode {
  APP_NOT_AUTHORIZED BLANK INTERNAL_ERROR INVALID INVALID_TYPE INVALID_VALUE STALE_OBJECT TOO_LONG TOO_SHORT
}

type QueryRoot {
  shop: Shop!
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  currentAppInstallation: AppInstallation!
  webhookSubscriptions(after: String, first: Int): WebhookSubscriptionConnection!
}

type Mutation { metafieldsSet(metafields: [MetafieldsSetInput!]!): MetafieldsSetPayload }

type Shop implements Node { id: ID! name: String! myshopifyDomain: String! currencyCode: CurrencyCode! }
type AppInstallation implements Node { id: ID! accessScopes: [AccessScope!]! }
type AccessScope { handle: String! description: String! }

type PageInfo { hasNextPage: Boolean! endCursor: String }
type MoneyV2 { amount: Decimal! currencyCode: CurrencyCode! }
type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }

type Order implements Node {
  id: ID!
  name: String!
  test: Boolean!
  note: String
  email: String
  phone: String
  createdAt: DateTime!
  updatedAt: DateTime!
  cancelledAt: DateTime
  closedAt: DateTime
  currencyCode: CurrencyCode!
  presentmentCurrencyCode: CurrencyCode!
  taxesIncluded: Boolean!
  dutiesIncluded: Boolean!
  displayFinancialStatus: OrderDisplayFinancialStatus
  paymentGatewayNames: [String!]!
  customer: Customer
  billingAddress: MailingAddress
  shippingAddress: MailingAddress
  lineItems(after: String, first: Int): LineItemConnection!
  shippingLines(after: String, first: Int): ShippingLineConnection!
  refunds(first: Int): [Refund!]!
  currentTotalPriceSet: MoneyBag!
  currentTotalTaxSet: MoneyBag!
  currentTotalDutiesSet: MoneyBag
  currentTotalAdditionalFeesSet: MoneyBag
  totalTipReceivedSet: MoneyBag!
  refundDiscrepancySet: MoneyBag!
  totalCashRoundingAdjustment: CashRoundingAdjustment!
  metafield(key: String!, namespace: String): Metafield
}

type Customer implements Node {
  id: ID!
  firstName: String
  lastName: String
  defaultEmailAddress: CustomerEmailAddress
  defaultPhoneNumber: CustomerPhoneNumber
}
type CustomerEmailAddress { emailAddress: String! }
type CustomerPhoneNumber { phoneNumber: String! }

type MailingAddress {
  firstName: String
  lastName: String
  company: String
  address1: String
  address2: String
  city: String
  province: String
  provinceCode: String
  zip: String
  countryCodeV2: CountryCode
  phone: String
}

type LineItemConnection { nodes: [LineItem!]! pageInfo: PageInfo! }
type LineItem implements Node {
  id: ID!
  sku: String
  name: String!
  title: String!
  quantity: Int!
  currentQuantity: Int!
  requiresShipping: Boolean!
  isGiftCard: Boolean!
  originalUnitPriceSet: MoneyBag!
  discountAllocations: [DiscountAllocation!]!
  taxLines(first: Int): [TaxLine!]!
}
type DiscountAllocation { allocatedAmountSet: MoneyBag! }
type TaxLine { title: String! rate: Float priceSet: MoneyBag! }

type ShippingLineConnection { nodes: [ShippingLine!]! pageInfo: PageInfo! }
type ShippingLine {
  id: ID
  code: String
  title: String!
  isRemoved: Boolean!
  originalPriceSet: MoneyBag!
  currentDiscountedPriceSet: MoneyBag!
  discountAllocations: [DiscountAllocation!]!
  taxLines: [TaxLine!]!
}

type CashRoundingAdjustment { paymentSet: MoneyBag! refundSet: MoneyBag! }

type Refund implements Node {
  id: ID!
  updatedAt: DateTime!
  refundLineItems(after: String, first: Int): RefundLineItemConnection!
  refundShippingLines(after: String, first: Int): RefundShippingLineConnection!
}
type RefundLineItemConnection { nodes: [RefundLineItem!]! pageInfo: PageInfo! }
type RefundLineItem { quantity: Int! lineItem: LineItem! subtotalSet: MoneyBag! totalTaxSet: MoneyBag! }
type RefundShippingLineConnection { nodes: [RefundShippingLine!]! pageInfo: PageInfo! }
type RefundShippingLine { shippingLine: ShippingLine! subtotalAmountSet: MoneyBag! taxAmountSet: MoneyBag! }

type WebhookSubscriptionConnection { nodes: [WebhookSubscription!]! pageInfo: PageInfo! }
type WebhookSubscription implements Node {
  id: ID!
  topic: WebhookSubscriptionTopic!
  uri: String!
  format: WebhookSubscriptionFormat!
  includeFields: [String!]!
}

type Metafield implements Node { id: ID! namespace: String! key: String! type: String! value: String! }
input MetafieldsSetInput {
  compareDigest: String
  key: String!
  namespace: String
  ownerId: ID!
  type: String
  value: String!
}
type MetafieldsSetPayload { metafields: [Metafield!] userErrors: [MetafieldsSetUserError!]! }
type MetafieldsSetUserError {
  code: MetafieldsSetUserErrorCode
  elementIndex: Int
  field: [String!]
  message: String!
}
"""

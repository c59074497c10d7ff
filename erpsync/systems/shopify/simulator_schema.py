"""The part of the Admin API that the simulated store serves, in its own words; a test compares it with Shopify's.

Source: https://shopify.dev/docs/api/admin-graphql/2026-10
"""

from erpsync.systems.shopify.simulator_schema_catalogue import SDL as CATALOGUE
from erpsync.systems.shopify.simulator_schema_products import SDL as PRODUCTS
from erpsync.systems.shopify.simulator_schema_shipping import SDL as SHIPPING

ORDERS = """
schema { query: QueryRoot mutation: Mutation }

directive @idempotent(key: String!) on FIELD

scalar DateTime
scalar Decimal
scalar Money
scalar UnsignedInt64
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
  webhookSubscriptions(
    after: String, first: Int, topics: [WebhookSubscriptionTopic!]
  ): WebhookSubscriptionConnection!
  orders(after: String, first: Int, query: String, sortKey: OrderSortKeys = PROCESSED_AT): OrderConnection!
  customers(after: String, first: Int, query: String, sortKey: CustomerSortKeys = ID): CustomerConnection!
  productVariants(
    after: String, first: Int, query: String, sortKey: ProductVariantSortKeys = ID
  ): ProductVariantConnection!
  collections(
    after: String, first: Int, query: String, sortKey: CollectionSortKeys = ID
  ): CollectionConnection!
  collectionByIdentifier(identifier: CollectionIdentifierInput!): Collection
  publications(after: String, catalogType: CatalogType, first: Int): PublicationConnection!
  productVariantsCount(limit: Int = 10000, query: String): Count
  locations(after: String, first: Int): LocationConnection!
  priceLists(after: String, first: Int): PriceListConnection!
  priceList(id: ID!): PriceList
  bulkOperation(id: ID!): BulkOperation
}

type Mutation {
  metafieldsSet(metafields: [MetafieldsSetInput!]!): MetafieldsSetPayload
  tagsAdd(id: ID!, tags: [String!]!): TagsAddPayload
  tagsRemove(id: ID!, tags: [String!]!): TagsRemovePayload
  webhookSubscriptionCreate(
    topic: WebhookSubscriptionTopic!, webhookSubscription: WebhookSubscriptionInput!
  ): WebhookSubscriptionCreatePayload
  webhookSubscriptionUpdate(
    id: ID!, webhookSubscription: WebhookSubscriptionInput!
  ): WebhookSubscriptionUpdatePayload
  webhookSubscriptionDelete(id: ID!): WebhookSubscriptionDeletePayload
  fulfillmentCreate(fulfillment: FulfillmentInput!, message: String): FulfillmentCreatePayload
  inventorySetQuantities(input: InventorySetQuantitiesInput!): InventorySetQuantitiesPayload
  inventoryActivate(
    available: Int, inventoryItemId: ID!, locationId: ID!, onHand: Int
  ): InventoryActivatePayload
  productVariantsBulkUpdate(
    allowPartialUpdates: Boolean = false, productId: ID!, variants: [ProductVariantsBulkInput!]!
  ): ProductVariantsBulkUpdatePayload
  productSet(input: ProductSetInput!, synchronous: Boolean = true): ProductSetPayload
  productUpdate(media: [CreateMediaInput!], product: ProductUpdateInput): ProductUpdatePayload
  productVariantsBulkCreate(
    productId: ID!, strategy: ProductVariantsBulkCreateStrategy = DEFAULT, variants: [ProductVariantsBulkInput!]!
  ): ProductVariantsBulkCreatePayload
  productOptionsCreate(
    options: [OptionCreateInput!]!, productId: ID!, variantStrategy: ProductOptionCreateVariantStrategy = LEAVE_AS_IS
  ): ProductOptionsCreatePayload
  productOptionUpdate(option: OptionUpdateInput!, productId: ID!): ProductOptionUpdatePayload
  collectionCreate(collection: CollectionCreateInput): CollectionCreatePayload
  publishablePublish(id: ID!, input: [PublicationInput!]!): PublishablePublishPayload
  publishableUnpublish(id: ID!, input: [PublicationInput!]!): PublishableUnpublishPayload
  fileUpdate(files: [FileUpdateInput!]!): FileUpdatePayload
  fileDelete(fileIds: [ID!]!): FileDeletePayload
  priceListFixedPricesAdd(priceListId: ID!, prices: [PriceListPriceInput!]!): PriceListFixedPricesAddPayload
  bulkOperationRunQuery(groupObjects: Boolean! = false, query: String!): BulkOperationRunQueryPayload
}

enum OrderSortKeys { CREATED_AT ID PROCESSED_AT UPDATED_AT }
enum CustomerSortKeys { ID UPDATED_AT }
enum ProductVariantSortKeys { ID SKU }

type UserError { field: [String!] message: String! }
type Count { count: Int! }

type Shop implements Node {
  id: ID!
  name: String!
  myshopifyDomain: String!
  currencyCode: CurrencyCode!
  taxesIncluded: Boolean!
}
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
  totalReceivedSet: MoneyBag!
  refundDiscrepancySet: MoneyBag!
  totalCashRoundingAdjustment: CashRoundingAdjustment!
  metafield(key: String!, namespace: String): Metafield
  metafields(after: String, first: Int, keys: [String!], namespace: String): MetafieldConnection!
  tags: [String!]!
  transactions(first: Int): [OrderTransaction!]!
  fulfillments(first: Int): [Fulfillment!]!
  fulfillmentOrders(after: String, first: Int): FulfillmentOrderConnection!
}
type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! }
type OrderTransaction implements Node {
  id: ID!
  kind: OrderTransactionKind!
  status: OrderTransactionStatus!
  gateway: String
  amountSet: MoneyBag!
  amountRoundingSet: MoneyBag
  createdAt: DateTime!
  processedAt: DateTime
  parentTransaction: OrderTransaction
}
type OrderTransactionConnection { nodes: [OrderTransaction!]! pageInfo: PageInfo! }
enum OrderTransactionKind {
  AUTHORIZATION CAPTURE CHANGE EMV_AUTHORIZATION REFUND SALE SUGGESTED_REFUND VOID
}
enum OrderTransactionStatus { AWAITING_RESPONSE ERROR FAILURE PENDING SUCCESS UNKNOWN }
type TagsAddPayload { node: Node userErrors: [UserError!]! }
type TagsRemovePayload { node: Node userErrors: [UserError!]! }

type CustomerConnection { nodes: [Customer!]! pageInfo: PageInfo! }
type Customer implements Node {
  id: ID!
  firstName: String
  lastName: String
  tags: [String!]!
  updatedAt: DateTime!
  defaultAddress: MailingAddress
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
  createdAt: DateTime
  note: String
  order: Order!
  totalRefundedSet: MoneyBag!
  transactions(after: String, first: Int): OrderTransactionConnection!
  updatedAt: DateTime!
  refundLineItems(after: String, first: Int): RefundLineItemConnection!
  refundShippingLines(after: String, first: Int): RefundShippingLineConnection!
}
type RefundLineItemConnection { nodes: [RefundLineItem!]! pageInfo: PageInfo! }
type RefundLineItem {
  quantity: Int!
  restocked: Boolean!
  lineItem: LineItem!
  subtotalSet: MoneyBag!
  totalTaxSet: MoneyBag!
}
type RefundShippingLineConnection { nodes: [RefundShippingLine!]! pageInfo: PageInfo! }
type RefundShippingLine { shippingLine: ShippingLine! subtotalAmountSet: MoneyBag! taxAmountSet: MoneyBag! }

type WebhookSubscriptionConnection { nodes: [WebhookSubscription!]! pageInfo: PageInfo! }
type WebhookSubscription implements Node {
  id: ID!
  topic: WebhookSubscriptionTopic!
  uri: String!
  format: WebhookSubscriptionFormat!
  filter: String
  includeFields: [String!]!
}
input WebhookSubscriptionInput {
  filter: String
  format: WebhookSubscriptionFormat
  includeFields: [String!]
  uri: String
}
type WebhookSubscriptionCreatePayload { userErrors: [UserError!]! webhookSubscription: WebhookSubscription }
type WebhookSubscriptionUpdatePayload { userErrors: [UserError!]! webhookSubscription: WebhookSubscription }
type WebhookSubscriptionDeletePayload { deletedWebhookSubscriptionId: ID userErrors: [UserError!]! }

type MetafieldConnection { nodes: [Metafield!]! pageInfo: PageInfo! }
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

SDL = ORDERS + SHIPPING + CATALOGUE + PRODUCTS

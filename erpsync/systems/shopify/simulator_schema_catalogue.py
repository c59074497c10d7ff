"""The part of the Admin API about what is sold, what lies where, and bulk operations. See `simulator_schema`."""

SDL = """
type ProductVariantConnection { edges: [ProductVariantEdge!]! nodes: [ProductVariant!]! pageInfo: PageInfo! }
type ProductVariantEdge { node: ProductVariant! }
type ProductVariant implements Node & Publishable {
  id: ID!
  barcode: String
  inventoryPolicy: ProductVariantInventoryPolicy!
  publishedOnPublication(publicationId: ID!): Boolean!
  selectedOptions: [SelectedOption!]!
  sku: String
  displayName: String!
  price: Money!
  compareAtPrice: Money
  updatedAt: DateTime!
  product: Product!
  inventoryItem: InventoryItem!
}
type InventoryItem implements Node {
  id: ID!
  sku: String
  tracked: Boolean!
  measurement: InventoryItemMeasurement!
  inventoryLevel(includeInactive: Boolean = false, locationId: ID!): InventoryLevel
  inventoryLevels(after: String, first: Int): InventoryLevelConnection!
}
type InventoryLevelConnection { edges: [InventoryLevelEdge!]! nodes: [InventoryLevel!]! pageInfo: PageInfo! }
type InventoryLevelEdge { node: InventoryLevel! }
type InventoryLevel implements Node {
  id: ID!
  isActive: Boolean!
  location: Location!
  quantities(names: [String!]!): [InventoryQuantity!]!
}
type InventoryQuantity implements Node { id: ID! name: String! quantity: Int! }
type LocationConnection { nodes: [Location!]! pageInfo: PageInfo! }
type Location implements Node { id: ID! name: String! isActive: Boolean! isFulfillmentService: Boolean! }

input InventorySetQuantitiesInput {
  name: String!
  quantities: [InventoryQuantityInput!]!
  reason: String!
  referenceDocumentUri: String
}
input InventoryQuantityInput { changeFromQuantity: Int inventoryItemId: ID! locationId: ID! quantity: Int! }
type InventorySetQuantitiesPayload { userErrors: [InventorySetQuantitiesUserError!]! }
type InventorySetQuantitiesUserError {
  code: InventorySetQuantitiesUserErrorCode
  field: [String!]
  message: String!
}
enum InventorySetQuantitiesUserErrorCode {
  CHANGE_FROM_QUANTITY_STALE IDEMPOTENCY_CONCURRENT_REQUEST IDEMPOTENCY_KEY_PARAMETER_MISMATCH
  IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED INVALID_INVENTORY_ITEM INVALID_LOCATION INVALID_NAME
  INVALID_QUANTITY_NEGATIVE INVALID_QUANTITY_TOO_HIGH INVALID_QUANTITY_TOO_LOW INVALID_REASON
  INVALID_REFERENCE_DOCUMENT NON_MUTABLE_INVENTORY_ITEM NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR
}
type InventoryActivatePayload { inventoryLevel: InventoryLevel userErrors: [UserError!]! }

type PriceListConnection { nodes: [PriceList!]! pageInfo: PageInfo! }
type PriceList implements Node {
  id: ID!
  name: String!
  currency: CurrencyCode!
  prices(
    after: String, first: Int, originType: PriceListPriceOriginType, query: String
  ): PriceListPriceConnection!
}
enum PriceListPriceOriginType { FIXED RELATIVE }
type PriceListPriceConnection { nodes: [PriceListPrice!]! pageInfo: PageInfo! }
type PriceListPrice { price: MoneyV2! compareAtPrice: MoneyV2 variant: ProductVariant! }
input PriceListPriceInput { compareAtPrice: MoneyInput price: MoneyInput! variantId: ID! }
input MoneyInput { amount: Decimal! currencyCode: CurrencyCode! }
type PriceListFixedPricesAddPayload { userErrors: [PriceListPriceUserError!]! }
type PriceListPriceUserError { code: PriceListPriceUserErrorCode field: [String!] message: String! }
enum PriceListPriceUserErrorCode {
  BLANK PRICE_LIST_CURRENCY_MISMATCH PRICE_LIST_NOT_FOUND PRICE_NOT_FIXED VARIANT_NOT_FOUND
}

type BulkOperation implements Node {
  id: ID!
  status: BulkOperationStatus!
  errorCode: BulkOperationErrorCode
  objectCount: UnsignedInt64!
  url: URL
}
enum BulkOperationStatus { CANCELED CANCELING COMPLETED CREATED EXPIRED FAILED RUNNING }
enum BulkOperationErrorCode { ACCESS_DENIED INTERNAL_SERVER_ERROR TIMEOUT }
type BulkOperationRunQueryPayload { bulkOperation: BulkOperation userErrors: [BulkOperationUserError!]! }
type BulkOperationUserError { code: BulkOperationUserErrorCode field: [String!] message: String! }
enum BulkOperationUserErrorCode { INVALID LIMIT_REACHED OPERATION_IN_PROGRESS }
"""

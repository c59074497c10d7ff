"""The part of the Admin API about products, their images, collections and sales channels. See `simulator_schema`."""

SDL = """
scalar HTML

interface Publishable { publishedOnPublication(publicationId: ID!): Boolean! }

type Product implements Node & Publishable {
  id: ID!
  title: String!
  status: ProductStatus!
  descriptionHtml: HTML!
  options(first: Int): [ProductOption!]!
  variants(after: String, first: Int): ProductVariantConnection!
  collections(after: String, first: Int): CollectionConnection!
  media(after: String, first: Int, reverse: Boolean = false, sortKey: ProductMediaSortKeys = POSITION): MediaConnection!
  metafield(key: String!, namespace: String): Metafield
  publishedOnPublication(publicationId: ID!): Boolean!
}
enum ProductStatus { ACTIVE ARCHIVED DRAFT UNLISTED }
enum ProductMediaSortKeys { ID POSITION }
type ProductOption implements Node { id: ID! name: String! position: Int! }
type SelectedOption { name: String! value: String! }
type InventoryItemMeasurement implements Node { id: ID! weight: Weight }
type Weight { unit: WeightUnit! value: Float! }
enum WeightUnit { GRAMS KILOGRAMS OUNCES POUNDS }
enum ProductVariantInventoryPolicy { CONTINUE DENY }

type MediaConnection { nodes: [Media!]! pageInfo: PageInfo! }
interface Media { alt: String id: ID! mediaErrors: [MediaError!]! status: MediaStatus! }
type MediaImage implements Node & Media { alt: String id: ID! mediaErrors: [MediaError!]! status: MediaStatus! }
type MediaError { code: MediaErrorCode! message: String! }
enum MediaErrorCode { IMAGE_DOWNLOAD_FAILURE IMAGE_PROCESSING_FAILURE }
enum MediaStatus { FAILED PROCESSING READY UPLOADED }
enum MediaContentType { EXTERNAL_VIDEO IMAGE MODEL_3D VIDEO }

type CollectionConnection { nodes: [Collection!]! pageInfo: PageInfo! }
type Collection implements Node & Publishable {
  id: ID!
  title: String!
  handle: String!
  publishedOnPublication(publicationId: ID!): Boolean!
}
enum CollectionSortKeys { ID TITLE UPDATED_AT }
input CollectionIdentifierInput @oneOf { handle: String id: ID }

type PublicationConnection { nodes: [Publication!]! pageInfo: PageInfo! }
type Publication implements Node { id: ID! channels(after: String, first: Int): ChannelConnection }
type ChannelConnection { nodes: [Channel!]! pageInfo: PageInfo! }
type Channel implements Node { id: ID! name: String! }
enum CatalogType { APP COMPANY_LOCATION MARKET NONE }

input ProductSetInput {
  descriptionHtml: String
  metafields: [MetafieldInput!]
  productOptions: [OptionSetInput!]
  status: ProductStatus
  title: String
  variants: [ProductVariantSetInput!]
}
input OptionSetInput { name: String values: [OptionValueSetInput!] }
input OptionValueSetInput { name: String }
input ProductVariantSetInput {
  barcode: String
  inventoryItem: InventoryItemInput
  inventoryPolicy: ProductVariantInventoryPolicy
  inventoryQuantities: [ProductSetInventoryInput!]
  optionValues: [VariantOptionValueInput!]!
  price: Money
  published: Boolean
  sku: String
}
input VariantOptionValueInput { name: String optionName: String }
input InventoryItemInput { measurement: InventoryItemMeasurementInput sku: String tracked: Boolean }
input InventoryItemMeasurementInput { weight: WeightInput }
input WeightInput { unit: WeightUnit! value: Float! }
input ProductSetInventoryInput { locationId: ID! name: String! quantity: Int! }
input MetafieldInput { key: String namespace: String type: String value: String }
type ProductSetPayload { product: Product userErrors: [ProductSetUserError!]! }
type ProductSetUserError { code: ProductSetUserErrorCode field: [String!] message: String! }
enum ProductSetUserErrorCode {
  DUPLICATED_OPTION_NAME DUPLICATED_OPTION_VALUE INVALID_INPUT INVALID_METAFIELD INVALID_PRODUCT INVALID_VARIANT
  INVENTORY_QUANTITIES_LIMIT_EXCEEDED OPTIONS_OVER_LIMIT OPTION_VALUES_MISSING OPTION_VALUE_DOES_NOT_EXIST
  PRODUCT_OPTIONS_INPUT_MISSING VARIANTS_INPUT_MISSING VARIANTS_OVER_LIMIT
}

input ProductUpdateInput {
  collectionsToJoin: [ID!]
  collectionsToLeave: [ID!]
  descriptionHtml: String
  id: ID
  metafields: [MetafieldInput!]
  status: ProductStatus
  title: String
}
input CreateMediaInput { alt: String mediaContentType: MediaContentType! originalSource: String! }
type ProductUpdatePayload { product: Product userErrors: [UserError!]! }

input ProductVariantsBulkInput {
  barcode: String
  compareAtPrice: Money
  id: ID
  inventoryItem: InventoryItemInput
  inventoryPolicy: ProductVariantInventoryPolicy
  inventoryQuantities: [InventoryLevelInput!]
  optionValues: [VariantOptionValueInput!]
  price: Money
  published: Boolean
}
input InventoryLevelInput { availableQuantity: Int! locationId: ID! }
enum ProductVariantsBulkCreateStrategy { DEFAULT PRESERVE_STANDALONE_VARIANT REMOVE_STANDALONE_VARIANT }
type ProductVariantsBulkCreatePayload {
  productVariants: [ProductVariant!]
  userErrors: [ProductVariantsBulkCreateUserError!]!
}
type ProductVariantsBulkCreateUserError {
  code: ProductVariantsBulkCreateUserErrorCode
  field: [String!]
  message: String!
}
enum ProductVariantsBulkCreateUserErrorCode {
  GREATER_THAN_OR_EQUAL_TO INVALID_INPUT INVENTORY_QUANTITIES_LIMIT_EXCEEDED NEED_TO_ADD_OPTION_VALUES
  NEGATIVE_PRICE_VALUE OPTION_VALUES_FOR_NUMBER_OF_UNKNOWN_OPTIONS PRODUCT_DOES_NOT_EXIST SUBSCRIPTION_VIOLATION
  TRACKED_VARIANT_LOCATION_NOT_FOUND VARIANT_ALREADY_EXISTS
}
type ProductVariantsBulkUpdatePayload {
  productVariants: [ProductVariant!]
  userErrors: [ProductVariantsBulkUpdateUserError!]!
}
type ProductVariantsBulkUpdateUserError {
  code: ProductVariantsBulkUpdateUserErrorCode
  field: [String!]
  message: String!
}
enum ProductVariantsBulkUpdateUserErrorCode {
  GREATER_THAN_OR_EQUAL_TO INVALID_INPUT INVALID_VALUE NEED_TO_ADD_OPTION_VALUES NEGATIVE_PRICE_VALUE
  OPTION_DOES_NOT_EXIST PRODUCT_DOES_NOT_EXIST PRODUCT_SUSPENDED PRODUCT_VARIANT_DOES_NOT_EXIST
  PRODUCT_VARIANT_ID_MISSING VARIANT_ALREADY_EXISTS
}

input OptionCreateInput { name: String values: [OptionValueCreateInput!] }
input OptionValueCreateInput { name: String }
input OptionUpdateInput { id: ID! name: String }
enum ProductOptionCreateVariantStrategy { CREATE LEAVE_AS_IS }
type ProductOptionsCreatePayload { product: Product userErrors: [ProductOptionsCreateUserError!]! }
type ProductOptionsCreateUserError { code: ProductOptionsCreateUserErrorCode field: [String!] message: String! }
enum ProductOptionsCreateUserErrorCode {
  OPTIONS_OVER_LIMIT OPTION_ALREADY_EXISTS OPTION_NAME_MISSING OPTION_VALUES_MISSING PRODUCT_DOES_NOT_EXIST
}
type ProductOptionUpdatePayload { product: Product userErrors: [ProductOptionUpdateUserError!]! }
type ProductOptionUpdateUserError { code: ProductOptionUpdateUserErrorCode field: [String!] message: String! }
enum ProductOptionUpdateUserErrorCode {
  INVALID_NAME OPTION_ALREADY_EXISTS OPTION_DOES_NOT_EXIST PRODUCT_DOES_NOT_EXIST
}

input CollectionCreateInput { handle: String title: String! }
type CollectionCreatePayload { collection: Collection userErrors: [UserError!]! }
input PublicationInput { publicationId: ID }
type PublishablePublishPayload { publishable: Publishable userErrors: [UserError!]! }
type PublishableUnpublishPayload { publishable: Publishable userErrors: [UserError!]! }

input FileUpdateInput { id: ID! referencesToRemove: [ID!] }
type FileUpdatePayload { userErrors: [FilesUserError!]! }
type FileDeletePayload { deletedFileIds: [ID!] userErrors: [FilesUserError!]! }
type FilesUserError { code: FilesErrorCode field: [String!] message: String! }
enum FilesErrorCode { FILE_DOES_NOT_EXIST NON_READY_STATE REFERENCE_TARGET_DOES_NOT_EXIST }
"""

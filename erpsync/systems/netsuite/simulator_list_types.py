"""SuiteTalk's types of customers, items and lists, as far as the simulator has them; notation as in `simulator_types`."""

LIST_TYPES = """
common:Address < core:Record
  internalId xsd:string ?
  country types.common:Country ?
  attention xsd:string ?
  addressee xsd:string ?
  addrPhone xsd:string ?
  addr1 xsd:string ?
  addr2 xsd:string ?
  addr3 xsd:string ?
  city xsd:string ?
  state xsd:string ?
  zip xsd:string ?
relationships:Customer < core:Record
  customForm core:RecordRef ?
  entityId xsd:string ?
  altName xsd:string ?
  isPerson xsd:boolean ?
  firstName xsd:string ?
  lastName xsd:string ?
  companyName xsd:string ?
  phone xsd:string ?
  fax xsd:string ?
  email xsd:string ?
  url xsd:string ?
  isInactive xsd:boolean ?
  category core:RecordRef ?
  altPhone xsd:string ?
  comments xsd:string ?
  subsidiary core:RecordRef ?
  salesRep core:RecordRef ?
  territory core:RecordRef ?
  partner core:RecordRef ?
  vatRegNumber xsd:string ?
  terms core:RecordRef ?
  creditLimit xsd:double ?
  priceLevel core:RecordRef ?
  currency core:RecordRef ?
  shipComplete xsd:boolean ?
  taxable xsd:boolean ?
  taxItem core:RecordRef ?
  resaleNumber xsd:string ?
  leadSource core:RecordRef ?
  lastModifiedDate xsd:dateTime ?
  addressbookList relationships:CustomerAddressbookList ?
  customFieldList core:CustomFieldList ?
  .internalId xsd:string
  .externalId xsd:string
relationships:CustomerAddressbookList
  addressbook relationships:CustomerAddressbook *
  .replaceAll xsd:boolean
relationships:CustomerAddressbook
  defaultShipping xsd:boolean ?
  defaultBilling xsd:boolean ?
  isResidential xsd:boolean ?
  label xsd:string ?
  addressbookAddress common:Address ?
  internalId xsd:string ?
accounting:InventoryItem < core:Record
  lastModifiedDate xsd:dateTime ?
  salesDescription xsd:string ?
  matrixType types.accounting:ItemMatrixType ?
  weight xsd:double ?
  weightUnit types.accounting:ItemWeightUnit ?
  pricesIncludeTax xsd:boolean ?
  storeDescription xsd:string ?
  itemId xsd:string ?
  upcCode xsd:string ?
  displayName xsd:string ?
  parent core:RecordRef ?
  isInactive xsd:boolean ?
  pricingMatrix accounting:PricingMatrix ?
  locationsList accounting:InventoryItemLocationsList ?
  matrixOptionList accounting:MatrixOptionList ?
  .internalId xsd:string
  .externalId xsd:string
accounting:NonInventorySaleItem < core:Record
  lastModifiedDate xsd:dateTime ?
  salesDescription xsd:string ?
  matrixType types.accounting:ItemMatrixType ?
  weight xsd:double ?
  weightUnit types.accounting:ItemWeightUnit ?
  pricesIncludeTax xsd:boolean ?
  storeDescription xsd:string ?
  itemId xsd:string ?
  upcCode xsd:string ?
  displayName xsd:string ?
  parent core:RecordRef ?
  isInactive xsd:boolean ?
  matrixOptionList accounting:MatrixOptionList ?
  pricingMatrix accounting:PricingMatrix ?
  .internalId xsd:string
  .externalId xsd:string
accounting:ServiceSaleItem < core:Record
  lastModifiedDate xsd:dateTime ?
  salesDescription xsd:string ?
  matrixType types.accounting:ItemMatrixType ?
  pricesIncludeTax xsd:boolean ?
  storeDescription xsd:string ?
  itemId xsd:string ?
  upcCode xsd:string ?
  displayName xsd:string ?
  parent core:RecordRef ?
  isInactive xsd:boolean ?
  matrixOptionList accounting:MatrixOptionList ?
  pricingMatrix accounting:PricingMatrix ?
  .internalId xsd:string
  .externalId xsd:string
accounting:KitItem < core:Record
  lastModifiedDate xsd:dateTime ?
  itemId xsd:string ?
  upcCode xsd:string ?
  displayName xsd:string ?
  parent core:RecordRef ?
  isInactive xsd:boolean ?
  description xsd:string ?
  weight xsd:double ?
  weightUnit core:RecordRef ?
  pricesIncludeTax xsd:boolean ?
  storeDescription xsd:string ?
  pricingMatrix accounting:PricingMatrix ?
  memberList accounting:ItemMemberList ?
  .internalId xsd:string
  .externalId xsd:string
accounting:AssemblyItem < core:Record
  lastModifiedDate xsd:dateTime ?
  itemId xsd:string ?
  upcCode xsd:string ?
  displayName xsd:string ?
  parent core:RecordRef ?
  isInactive xsd:boolean ?
  description xsd:string ?
  weight xsd:double ?
  weightUnit types.accounting:ItemWeightUnit ?
  pricesIncludeTax xsd:boolean ?
  storeDescription xsd:string ?
  pricingMatrix accounting:PricingMatrix ?
  locationsList accounting:InventoryItemLocationsList ?
  .internalId xsd:string
  .externalId xsd:string
accounting:OtherChargeSaleItem < core:Record
  lastModifiedDate xsd:dateTime ?
  itemId xsd:string ?
  isInactive xsd:boolean ?
  .internalId xsd:string
  .externalId xsd:string
accounting:DiscountItem < core:Record
  lastModifiedDate xsd:dateTime ?
  itemId xsd:string ?
  isInactive xsd:boolean ?
  .internalId xsd:string
  .externalId xsd:string
accounting:ItemMemberList
  itemMember accounting:ItemMember *
  .replaceAll xsd:boolean
accounting:ItemMember
  quantity xsd:double ?
  item core:RecordRef ?
accounting:PricingMatrix
  pricing accounting:Pricing *
  .replaceAll xsd:boolean
accounting:Pricing
  currency core:RecordRef ?
  priceLevel core:RecordRef ?
  discount xsd:double ?
  priceList accounting:PriceList ?
accounting:PriceList
  price accounting:Price *
accounting:Price
  value xsd:double ?
  quantity xsd:double ?
accounting:MatrixOptionList
  matrixOption core:SelectCustomFieldRef *
accounting:InventoryItemLocationsList
  locations accounting:InventoryItemLocations *
  .replaceAll xsd:boolean
accounting:InventoryItemLocations
  location xsd:string ?
  quantityOnHand xsd:double ?
  quantityCommitted xsd:double ?
  quantityAvailable xsd:double ?
  quantityBackOrdered xsd:double ?
  locationId core:RecordRef ?
accounting:SalesTaxItem < core:Record
  itemId xsd:string ?
  .internalId xsd:string
  .externalId xsd:string
accounting:Subsidiary < core:Record
  name xsd:string ?
  .internalId xsd:string
  .externalId xsd:string
accounting:Location < core:Record
  name xsd:string ?
  .internalId xsd:string
  .externalId xsd:string
accounting:Currency < core:Record
  name xsd:string ?
  symbol xsd:string ?
  .internalId xsd:string
  .externalId xsd:string
accounting:PriceLevel < core:Record
  name xsd:string ?
  .internalId xsd:string
  .externalId xsd:string
accounting:PaymentMethod < core:Record
  name xsd:string ?
  .internalId xsd:string
  .externalId xsd:string
accounting:CustomerCategory < core:Record
  name xsd:string ?
  .internalId xsd:string
  .externalId xsd:string
accounting:Account < core:Record
  acctName xsd:string ?
  .internalId xsd:string
  .externalId xsd:string
"""

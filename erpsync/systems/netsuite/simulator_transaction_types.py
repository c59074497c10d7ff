"""SuiteTalk's types of transactions, as far as the simulator has them; notation as in `simulator_types`."""

TRANSACTION_TYPES = """
sales:SalesOrder < core:Record
  createdDate xsd:dateTime ?
  customForm core:RecordRef ?
  entity core:RecordRef ?
  currency core:RecordRef ?
  tranDate xsd:dateTime ?
  tranId xsd:string ?
  orderStatus types.sales:SalesOrderOrderStatus ?
  salesRep core:RecordRef ?
  partner core:RecordRef ?
  leadSource core:RecordRef ?
  startDate xsd:dateTime ?
  endDate xsd:dateTime ?
  otherRefNum xsd:string ?
  memo xsd:string ?
  excludeCommission xsd:boolean ?
  currencyName xsd:string ?
  toBePrinted xsd:boolean ?
  toBeEmailed xsd:boolean ?
  email xsd:string ?
  message xsd:string ?
  billingAddress common:Address ?
  shippingAddress common:Address ?
  shipDate xsd:dateTime ?
  shipMethod core:RecordRef ?
  shippingCost xsd:double ?
  shipComplete xsd:boolean ?
  subTotal xsd:double ?
  taxTotal xsd:double ?
  total xsd:double ?
  class core:RecordRef ?
  department core:RecordRef ?
  subsidiary core:RecordRef ?
  lastModifiedDate xsd:dateTime ?
  location core:RecordRef ?
  status xsd:string ?
  terms core:RecordRef ?
  itemList sales:SalesOrderItemList ?
  customFieldList core:CustomFieldList ?
  .internalId xsd:string
  .externalId xsd:string
sales:SalesOrderItemList
  item sales:SalesOrderItem *
  .replaceAll xsd:boolean
sales:SalesOrderItem
  item core:RecordRef ?
  quantity xsd:double ?
  description xsd:string ?
  price core:RecordRef ?
  rate xsd:string ?
  amount xsd:double ?
  isTaxable xsd:boolean ?
  location core:RecordRef ?
  isClosed xsd:boolean ?
  line xsd:long ?
  quantityBilled xsd:double ?
  quantityFulfilled xsd:double ?
  tax1Amt xsd:double ?
  taxCode core:RecordRef ?
  customFieldList core:CustomFieldList ?
sales:ItemFulfillment < core:Record
  createdDate xsd:dateTime ?
  lastModifiedDate xsd:dateTime ?
  entity core:RecordRef ?
  createdFrom core:RecordRef ?
  shippedDate xsd:dateTime ?
  shipStatus types.sales:ItemFulfillmentShipStatus ?
  tranDate xsd:dateTime ?
  tranId xsd:string ?
  shipMethod core:RecordRef ?
  packageList sales:ItemFulfillmentPackageList ?
  packageUpsList sales:ItemFulfillmentPackageUpsList ?
  itemList sales:ItemFulfillmentItemList ?
  .internalId xsd:string
  .externalId xsd:string
sales:ItemFulfillmentPackageList
  package sales:ItemFulfillmentPackage *
  .replaceAll xsd:boolean
sales:ItemFulfillmentPackage
  packageDescr xsd:string ?
  packageTrackingNumber xsd:string ?
sales:ItemFulfillmentPackageUpsList
  packageUps sales:ItemFulfillmentPackageUps *
  .replaceAll xsd:boolean
sales:ItemFulfillmentPackageUps
  packageTrackingNumberUps xsd:string ?
sales:ItemFulfillmentItemList
  item sales:ItemFulfillmentItem *
  .replaceAll xsd:boolean
sales:ItemFulfillmentItem
  itemName xsd:string ?
  quantity xsd:double ?
  item core:RecordRef ?
  orderLine xsd:long ?
sales:Invoice < core:Record
  createdDate xsd:dateTime ?
  lastModifiedDate xsd:dateTime ?
  entity core:RecordRef ?
  tranDate xsd:dateTime ?
  tranId xsd:string ?
  createdFrom core:RecordRef ?
  currency core:RecordRef ?
  currencyName xsd:string ?
  total xsd:double ?
  status xsd:string ?
  .internalId xsd:string
  .externalId xsd:string
customers:CreditMemo < core:Record
  createdDate xsd:dateTime ?
  lastModifiedDate xsd:dateTime ?
  customForm core:RecordRef ?
  currency core:RecordRef ?
  entity core:RecordRef ?
  tranDate xsd:dateTime ?
  tranId xsd:string ?
  location core:RecordRef ?
  subsidiary core:RecordRef ?
  otherRefNum xsd:string ?
  memo xsd:string ?
  autoApply xsd:boolean ?
  subTotal xsd:double ?
  taxTotal xsd:double ?
  total xsd:double ?
  itemList customers:CreditMemoItemList ?
  customFieldList core:CustomFieldList ?
  .internalId xsd:string
  .externalId xsd:string
customers:CreditMemoItemList
  item customers:CreditMemoItem *
  .replaceAll xsd:boolean
customers:CreditMemoItem
  item core:RecordRef ?
  line xsd:long ?
  quantity xsd:double ?
  description xsd:string ?
  price core:RecordRef ?
  rate xsd:string ?
  amount xsd:double ?
  isTaxable xsd:boolean ?
  taxCode core:RecordRef ?
  tax1Amt xsd:double ?
customers:ReturnAuthorization < core:Record
  createdDate xsd:dateTime ?
  lastModifiedDate xsd:dateTime ?
  customForm core:RecordRef ?
  currency core:RecordRef ?
  entity core:RecordRef ?
  tranDate xsd:dateTime ?
  tranId xsd:string ?
  location core:RecordRef ?
  subsidiary core:RecordRef ?
  otherRefNum xsd:string ?
  memo xsd:string ?
  subTotal xsd:double ?
  total xsd:double ?
  taxTotal xsd:double ?
  itemList customers:ReturnAuthorizationItemList ?
  customFieldList core:CustomFieldList ?
  .internalId xsd:string
  .externalId xsd:string
customers:ReturnAuthorizationItemList
  item customers:ReturnAuthorizationItem *
  .replaceAll xsd:boolean
customers:ReturnAuthorizationItem
  item core:RecordRef ?
  line xsd:long ?
  quantity xsd:double ?
  description xsd:string ?
  price core:RecordRef ?
  rate xsd:string ?
  amount xsd:double ?
  taxCode core:RecordRef ?
  tax1Amt xsd:double ?
  isTaxable xsd:boolean ?
customers:CustomerDeposit < core:Record
  createdDate xsd:dateTime ?
  lastModifiedDate xsd:dateTime ?
  customer core:RecordRef ?
  salesOrder core:RecordRef ?
  customForm core:RecordRef ?
  payment xsd:double ?
  currency core:RecordRef ?
  tranDate xsd:dateTime ?
  paymentMethod core:RecordRef ?
  memo xsd:string ?
  subsidiary core:RecordRef ?
  location core:RecordRef ?
  account core:RecordRef ?
  undepFunds xsd:boolean ?
  tranId xsd:string ?
  customFieldList core:CustomFieldList ?
  .internalId xsd:string
  .externalId xsd:string
"""

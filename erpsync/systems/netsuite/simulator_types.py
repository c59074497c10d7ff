"""SuiteTalk's types, as far as the simulator has them: names, types, order and number of their fields.

Taken from the schema browser, for instance
https://system.netsuite.com/help/helpcenter/en_US/srbrowser/Browser2023_2/schema/record/salesorder.html
"""

# "Type" or "Type < base" or "Type abstract"; below it its fields in order: name, type, and "?" at most once, "*" any
# number, "+" at least once, nothing exactly once. "@element" stands for a global element, ".name" is an attribute,
# "= type" the type of the element's own text.
TYPES = """
core:Record abstract
  nullFieldList core:NullField ?
core:NullField
  name xsd:string *
core:BaseRef abstract
  name xsd:string ?
core:RecordRef < core:BaseRef
  .internalId xsd:string
  .externalId xsd:string
  .type types.core:RecordType
core:Status
  statusDetail core:StatusDetail *
  .isSuccess xsd:boolean
core:StatusDetail
  code types.faults:StatusDetailCodeType ?
  message xsd:string ?
  afterSubmitFailed xsd:boolean ?
  .type types.faults:StatusDetailType
core:RecordList
  record core:Record *
core:SearchRecord abstract
core:SearchRecordBasic < core:SearchRecord abstract
core:SearchStringField
  searchValue xsd:string ?
  .operator types.core:SearchStringFieldOperator
core:SearchBooleanField
  searchValue xsd:boolean ?
core:SearchMultiSelectField
  searchValue core:RecordRef *
  .operator types.core:SearchMultiSelectFieldOperator
core:SearchResult
  @core:status
  totalRecords xsd:int ?
  pageSize xsd:int ?
  totalPages xsd:int ?
  pageIndex xsd:int ?
  searchId xsd:string ?
  @core:recordList ?
core:CustomFieldList
  customField core:CustomFieldRef *
core:CustomFieldRef abstract
  .internalId xsd:string
  .scriptId xsd:string
core:StringCustomFieldRef < core:CustomFieldRef
  value xsd:string
core:TokenPassport
  account xsd:string
  consumerKey xsd:string
  token xsd:string
  nonce xsd:string
  timestamp xsd:long
  signature core:TokenPassportSignature
core:TokenPassportSignature
  = xsd:string
  .algorithm xsd:string
core:GetServerTimeResult
  @core:status
  serverTime xsd:dateTime
core:GetAccountGovernanceInfoResult
  @core:status
  accountConcurrencyLimit xsd:long ?
  unallocatedConcurrencyLimit xsd:long ?
core:GetDataCenterUrlsResult
  @core:status
  dataCenterUrls core:DataCenterUrls ?
core:DataCenterUrls
  restDomain xsd:string
  webservicesDomain xsd:string
  systemDomain xsd:string
faults:SoapFault
  code types.faults:FaultCodeType
  message xsd:string
messages:Preferences
  warningAsError xsd:boolean ?
  disableMandatoryCustomFieldValidation xsd:boolean ?
  disableSystemNotesForCustomFields xsd:boolean ?
  ignoreReadOnlyFields xsd:boolean ?
  runServerSuiteScriptAndTriggerWorkflows xsd:boolean ?
messages:SearchPreferences
  bodyFieldsOnly xsd:boolean ?
  returnSearchColumns xsd:boolean ?
  pageSize xsd:int ?
messages:DocumentInfo
  nsId xsd:string
messages:WriteResponse
  @core:status
  baseRef core:BaseRef ?
messages:WriteResponseList
  @core:status ?
  writeResponse messages:WriteResponse +
messages:ReadResponse
  @core:status
  record core:Record ?
messages:ReadResponseList
  @core:status ?
  readResponse messages:ReadResponse *
messages:GetServerTimeRequest
messages:GetServerTimeResponse
  @core:getServerTimeResult
messages:GetAccountGovernanceInfoRequest
messages:GetAccountGovernanceInfoResponse
  @core:getAccountGovernanceInfoResult
messages:GetDataCenterUrlsRequest
  account xsd:string
messages:GetDataCenterUrlsResponse
  @core:getDataCenterUrlsResult
messages:GetListRequest
  baseRef core:BaseRef +
messages:GetListResponse
  @messages:readResponseList
messages:SearchRequest
  searchRecord core:SearchRecord
messages:SearchResponse
  @core:searchResult
messages:SearchMoreWithIdRequest
  searchId xsd:string
  pageIndex xsd:int
messages:SearchMoreWithIdResponse
  @core:searchResult
messages:UpsertListRequest
  record core:Record +
messages:UpsertListResponse
  @messages:writeResponseList
messages:UpdateListRequest
  record core:Record +
messages:UpdateListResponse
  @messages:writeResponseList
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
common:CustomerSearchBasic < core:SearchRecordBasic
  email core:SearchStringField ?
  externalId core:SearchMultiSelectField ?
  internalId core:SearchMultiSelectField ?
  isInactive core:SearchBooleanField ?
common:ItemSearchBasic < core:SearchRecordBasic
  externalId core:SearchMultiSelectField ?
  internalId core:SearchMultiSelectField ?
  isInactive core:SearchBooleanField ?
  itemId core:SearchStringField ?
relationships:CustomerSearch < core:SearchRecord
  basic common:CustomerSearchBasic ?
relationships:Customer < core:Record
  customForm core:RecordRef ?
  entityId xsd:string ?
  isPerson xsd:boolean ?
  firstName xsd:string ?
  lastName xsd:string ?
  companyName xsd:string ?
  phone xsd:string ?
  email xsd:string ?
  isInactive xsd:boolean ?
  subsidiary core:RecordRef ?
  currency core:RecordRef ?
  lastModifiedDate xsd:dateTime ?
  addressbookList relationships:CustomerAddressbookList ?
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
accounting:ItemSearch < core:SearchRecord
  basic common:ItemSearchBasic ?
accounting:InventoryItem < core:Record
  itemId xsd:string ?
  isInactive xsd:boolean ?
  .internalId xsd:string
  .externalId xsd:string
accounting:OtherChargeSaleItem < core:Record
  itemId xsd:string ?
  isInactive xsd:boolean ?
  .internalId xsd:string
  .externalId xsd:string
accounting:DiscountItem < core:Record
  itemId xsd:string ?
  isInactive xsd:boolean ?
  .internalId xsd:string
  .externalId xsd:string
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
sales:SalesOrder < core:Record
  createdDate xsd:dateTime ?
  customForm core:RecordRef ?
  entity core:RecordRef ?
  currency core:RecordRef ?
  tranDate xsd:dateTime ?
  tranId xsd:string ?
  orderStatus types.sales:SalesOrderOrderStatus ?
  otherRefNum xsd:string ?
  memo xsd:string ?
  billingAddress common:Address ?
  shippingAddress common:Address ?
  shipMethod core:RecordRef ?
  shippingCost xsd:double ?
  subTotal xsd:double ?
  taxTotal xsd:double ?
  total xsd:double ?
  subsidiary core:RecordRef ?
  lastModifiedDate xsd:dateTime ?
  location core:RecordRef ?
  status xsd:string ?
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
  isClosed xsd:boolean ?
  line xsd:long ?
  quantityBilled xsd:double ?
  quantityFulfilled xsd:double ?
  tax1Amt xsd:double ?
  taxCode core:RecordRef ?
"""

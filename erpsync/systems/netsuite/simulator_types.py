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
core:SearchLongField
  searchValue xsd:long ?
  searchValue2 xsd:long ?
  .operator types.core:SearchLongFieldOperator
core:SearchDateField
  searchValue xsd:dateTime ?
  searchValue2 xsd:dateTime ?
  .operator types.core:SearchDateFieldOperator
core:SearchEnumMultiSelectField
  searchValue xsd:string *
  .operator types.core:SearchEnumMultiSelectFieldOperator
core:RecordRefList
  recordRef core:RecordRef *
core:ItemAvailabilityFilter
  item core:RecordRefList
  lastQtyAvailableChange xsd:dateTime ?
core:ItemAvailability
  item core:RecordRef
  lastQtyAvailableChange xsd:dateTime ?
  locationId core:RecordRef ?
  quantityOnHand xsd:double ?
  quantityCommitted xsd:double ?
  quantityBackOrdered xsd:double ?
  quantityAvailable xsd:double ?
core:ItemAvailabilityList
  itemAvailability core:ItemAvailability +
core:GetItemAvailabilityResult
  @core:status
  itemAvailabilityList core:ItemAvailabilityList ?
core:GetDeletedFilter
  deletedDate core:SearchDateField ?
  type core:SearchEnumMultiSelectField ?
core:DeletedRecord
  deletedDate xsd:dateTime ?
  record core:BaseRef ?
core:DeletedRecordList
  deletedRecord core:DeletedRecord *
core:GetDeletedResult
  @core:status
  totalRecords xsd:int ?
  pageSize xsd:int ?
  totalPages xsd:int ?
  pageIndex xsd:int ?
  @core:deletedRecordList ?
core:CustomizationType
  .getCustomizationType types.core:GetCustomizationType
core:CustomizationRef < core:RecordRef
  .scriptId xsd:string
core:CustomizationRefList
  customizationRef core:CustomizationRef *
core:GetCustomizationIdResult
  @core:status
  totalRecords xsd:int ?
  @core:customizationRefList ?
core:CustomFieldList
  customField core:CustomFieldRef *
core:CustomFieldRef abstract
  .internalId xsd:string
  .scriptId xsd:string
core:StringCustomFieldRef < core:CustomFieldRef
  value xsd:string
core:LongCustomFieldRef < core:CustomFieldRef
  value xsd:long
core:DoubleCustomFieldRef < core:CustomFieldRef
  value xsd:double
core:BooleanCustomFieldRef < core:CustomFieldRef
  value xsd:boolean
core:DateCustomFieldRef < core:CustomFieldRef
  value xsd:dateTime
core:SelectCustomFieldRef < core:CustomFieldRef
  value core:ListOrRecordRef
core:ListOrRecordRef
  name xsd:string ?
  .internalId xsd:string
  .externalId xsd:string
  .typeId xsd:string
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
messages:GetItemAvailabilityRequest
  itemAvailabilityFilter core:ItemAvailabilityFilter
messages:GetItemAvailabilityResponse
  @core:getItemAvailabilityResult
messages:GetDeletedRequest
  getDeletedFilter core:GetDeletedFilter
  pageIndex xsd:int
messages:GetDeletedResponse
  @core:getDeletedResult
messages:GetCustomizationIdRequest
  customizationType core:CustomizationType
  includeInactives xsd:boolean
messages:GetCustomizationIdResponse
  @core:getCustomizationIdResult
messages:AddListRequest
  record core:Record +
messages:AddListResponse
  @messages:writeResponseList
messages:UpsertListRequest
  record core:Record +
messages:UpsertListResponse
  @messages:writeResponseList
messages:UpdateListRequest
  record core:Record +
messages:UpdateListResponse
  @messages:writeResponseList
common:CustomerSearchBasic < core:SearchRecordBasic
  email core:SearchStringField ?
  externalId core:SearchMultiSelectField ?
  internalId core:SearchMultiSelectField ?
  internalIdNumber core:SearchLongField ?
  isInactive core:SearchBooleanField ?
  lastModifiedDate core:SearchDateField ?
common:ItemSearchBasic < core:SearchRecordBasic
  externalId core:SearchMultiSelectField ?
  internalId core:SearchMultiSelectField ?
  internalIdNumber core:SearchLongField ?
  isInactive core:SearchBooleanField ?
  itemId core:SearchStringField ?
  lastModifiedDate core:SearchDateField ?
  lastQuantityAvailableChange core:SearchDateField ?
  parent core:SearchMultiSelectField ?
  type core:SearchEnumMultiSelectField ?
common:TransactionSearchBasic < core:SearchRecordBasic
  createdFrom core:SearchMultiSelectField ?
  internalId core:SearchMultiSelectField ?
  internalIdNumber core:SearchLongField ?
  item core:SearchMultiSelectField ?
  lastModifiedDate core:SearchDateField ?
  mainLine core:SearchBooleanField ?
  status core:SearchEnumMultiSelectField ?
  type core:SearchEnumMultiSelectField ?
common:PriceLevelSearchBasic < core:SearchRecordBasic
  internalId core:SearchMultiSelectField ?
  name core:SearchStringField ?
accounting:PriceLevelSearch < core:SearchRecord
  basic common:PriceLevelSearchBasic ?
relationships:CustomerSearch < core:SearchRecord
  basic common:CustomerSearchBasic ?
accounting:ItemSearch < core:SearchRecord
  basic common:ItemSearchBasic ?
  memberItemJoin common:ItemSearchBasic ?
sales:TransactionSearch < core:SearchRecord
  basic common:TransactionSearchBasic ?
"""

* Dictionary objects of package ZERPSYNC, to be created before the function group.
* Written as ADT source (Eclipse proposes the annotations that it wants above each); in SE11 create
* the same fields by hand. Every structure below
* also gets a table type of the same name with _T_ instead of _S_ (ZERPSYNC_T_ORDER for
* ZERPSYNC_S_ORDER), since RFC parameters cannot be declared inline.
*
* Should REFERENCE or VALUE ever stand on a screen, give them a domain with "Lower Case" set: stores
* tell capitals apart.
* Amounts are DEC with 4 decimals, not CURR: CURR shifts the decimal point of JPY or KWD on its
* way through XML, DEC arrives as it was sent.

* --- What was made under which reference. The key is the database's: it cannot hold two. ---------
define table zerpsync_ref {
  key mandt     : abap.clnt not null;
  key kind      : abap.char(1) not null;     " O order, R credit memo request, P payment, C customer
  key reference : abap.char(60) not null;    " lower case
  document      : abap.char(20);             " VBELN, KUNNR, or BELNR + BUKRS + GJAHR
  blocked       : abap.char(1);              " X: blocked by this wrapper, for its total
  created_at    : abap.dec(15,0);
  created_by    : abap.char(12);
}
* Technical settings: buffering not allowed (a buffered look would be blind). Secondary index on
* (MANDT, KIND, DOCUMENT). Delivery class A; authorisation group as your rules have it.

* --- Lock object EZERPSYNC: table ZERPSYNC_REF, mode E (write), arguments MANDT, KIND, REFERENCE. -
* It generates ENQUEUE_EZERPSYNC and DEQUEUE_EZERPSYNC. Do not allow RFC for them.

* --- Message class ZERPSYNC (SE91) ---------------------------------------------------------------
* 001 Reference & is being processed
* 002 Document & is being processed by somebody
* 003 Material & is not in sales area & &
* 004 Update was terminated (SM13)
* 005 Document & has deliveries or billing documents
* 006 Document & does not exist
* 007 No authorisation for &
* 008 Field & is not known
* 009 Reference customer & does not exist
* 010 Item & was delivered or rejected and cannot be changed
* 011 Document & comes to & instead of & and was blocked
* 012 At most & records in a call

* --- Documents sent to SAP ------------------------------------------------------------------------
define structure zerpsync_s_order {
  reference : abap.char(60);
  action    : abap.char(1);      " of changes: A amend, C cancel, X close
  vbeln     : abap.char(10);
  auart     : abap.char(4);
  vkorg     : abap.char(4);
  vtweg     : abap.char(2);
  spart     : abap.char(2);
  kunnr     : abap.char(10);
  bstkd     : abap.char(35);
  bstdk     : abap.dats;
  waerk     : abap.cuky;
  vsbed     : abap.char(2);
  abgru     : abap.char(2);
  augru     : abap.char(3);
  lifsk     : abap.char(2);      " block where the total differs
  total     : abap.dec(23,4);    " what the document must come to, tax included
}
define structure zerpsync_s_item {
  reference : abap.char(60);
  posnr     : abap.numc(6);
  matnr     : abap.char(40);     " as screens show it
  kwmeng    : abap.dec(15,3);
  vrkme     : abap.unit(3);
  werks     : abap.char(4);
  lgort     : abap.char(4);
  arktx     : abap.char(40);
}
define structure zerpsync_s_cond {
  reference : abap.char(60);
  posnr     : abap.numc(6);      " 000000: header
  kschl     : abap.char(4);
  kbetr     : abap.dec(23,4);
  waers     : abap.cuky;
  kpein     : abap.dec(5,0);     " 0: fixed amount
  mwskz     : abap.char(2);
}
define structure zerpsync_s_address {
  reference : abap.char(60);
  parvw     : abap.char(2);      " WE ship-to, RE bill-to
  name1     : abap.char(40);
  name2     : abap.char(40);
  street    : abap.char(60);
  street2   : abap.char(40);
  city      : abap.char(40);
  post_code : abap.char(10);
  country   : abap.char(3);
  region    : abap.char(3);
  phone     : abap.char(30);
  email     : abap.char(241);
}
define structure zerpsync_s_text {
  reference : abap.char(60);
  tdid      : abap.char(4);
  tdline    : abap.char(132);
}
define structure zerpsync_s_extra {
  reference : abap.char(60);
  field     : abap.char(30);
  value     : abap.char(255);    " lower case
}
define structure zerpsync_s_customer {
  reference : abap.char(60);
  kunnr     : abap.char(10);
  model     : abap.char(10);
  bukrs     : abap.char(4);
  vkorg     : abap.char(4);
  vtweg     : abap.char(2);
  spart     : abap.char(2);
  company   : abap.char(40);
  firstname : abap.char(40);
  lastname  : abap.char(40);
  street    : abap.char(60);
  street2   : abap.char(40);
  city      : abap.char(40);
  post_code : abap.char(10);
  country   : abap.char(3);
  region    : abap.char(3);
  phone     : abap.char(30);
  email     : abap.char(241);
  waers     : abap.cuky;
  kdgrp     : abap.char(2);
}
define structure zerpsync_s_payment {
  reference : abap.char(60);
  bukrs     : abap.char(4);
  blart     : abap.char(2);
  kunnr     : abap.char(10);
  vbeln     : abap.char(10);
  hkont     : abap.char(10);
  budat     : abap.dats;
  bldat     : abap.dats;
  wrbtr     : abap.dec(23,4);
  waers     : abap.cuky;
}
define structure zerpsync_s_sought {
  kind      : abap.char(1);
  reference : abap.char(60);
  email     : abap.char(241);
}
define structure zerpsync_s_lookup {
  kind      : abap.char(10);
  value     : abap.char(60);
  found     : abap.char(1);
}
define structure zerpsync_s_location {
  werks     : abap.char(4);
  lgort     : abap.char(4);
}
define structure zerpsync_s_wanted {
  matnr     : abap.char(40);
}
define structure zerpsync_s_price_list {
  pltyp     : abap.char(2);
}

* --- What SAP answers -----------------------------------------------------------------------------
define structure zerpsync_s_result {
  reference : abap.char(60);
  document  : abap.char(20);
  existed   : abap.char(1);      " X: it was there, nothing was made
  net       : abap.dec(23,4);
  tax       : abap.dec(23,4);
  waerk     : abap.cuky;
  blocked   : abap.char(1);
}
define structure zerpsync_s_message {
  reference  : abap.char(60);
  type       : abap.char(1);
  id         : abap.char(20);
  number     : abap.numc(3);
  message    : abap.char(220);
  message_v1 : abap.char(50);
  message_v2 : abap.char(50);
  message_v3 : abap.char(50);
  message_v4 : abap.char(50);
  parameter  : abap.char(32);
  row        : abap.int4;
  field      : abap.char(30);
}
define structure zerpsync_s_found {
  reference : abap.char(60);
  document  : abap.char(20);
  by_email  : abap.char(1);
}
define structure zerpsync_s_customer_out {
  kunnr     : abap.char(10);
  reference : abap.char(60);
  company   : abap.char(40);
  firstname : abap.char(40);
  lastname  : abap.char(40);
  phone     : abap.char(30);
  email     : abap.char(241);
  kdgrp     : abap.char(2);
  blocked   : abap.char(1);
}
define structure zerpsync_s_material {
  matnr      : abap.char(40);
  maktx      : abap.char(40);
  matkl      : abap.char(9);
  wgbez      : abap.char(20);
  ean11      : abap.char(18);
  brgew      : abap.dec(13,3);
  gewei      : abap.unit(3);
  lvorm      : abap.char(1);
  mstav      : abap.char(2);
  vmsta      : abap.char(2);
  changed_at : abap.dec(15,0);
}
define structure zerpsync_s_price {
  matnr     : abap.char(40);
  pltyp     : abap.char(2);      " initial: base price
  kbetr     : abap.dec(23,4);
  konwa     : abap.cuky;
  kpein     : abap.dec(5,0);
  kmein     : abap.unit(3);
  kstbm     : abap.dec(15,3);    " from this quantity on
}
define structure zerpsync_s_stock {
  matnr     : abap.char(40);
  werks     : abap.char(4);
  lgort     : abap.char(4);      " initial: promised by the plant, no storage location yet
  labst     : abap.dec(15,3);
  reserved  : abap.dec(15,3);
  meins     : abap.unit(3);
}
define structure zerpsync_s_progress {
  vbeln      : abap.char(10);
  reference  : abap.char(60);
  changed_at : abap.dec(15,0);
}
define structure zerpsync_s_progress_item {
  vbeln     : abap.char(10);
  posnr     : abap.numc(6);
  matnr     : abap.char(40);
  kwmeng    : abap.dec(15,3);
  abgru     : abap.char(2);
  shipped   : abap.dec(15,3);
  billed    : abap.dec(15,3);
}
define structure zerpsync_s_delivery {
  vbeln      : abap.char(10);    " the sales order
  delivery   : abap.char(10);
  shipped_at : abap.dec(15,0);
  carrier    : abap.char(35);
  tracking   : abap.char(35);
}
define structure zerpsync_s_delivery_item {
  vbeln     : abap.char(10);
  delivery  : abap.char(10);
  matnr     : abap.char(40);
  lfimg     : abap.dec(15,3);
}
define structure zerpsync_s_invoice {
  vbeln     : abap.char(10);
  invoice   : abap.char(10);
  total     : abap.dec(23,4);
  waerk     : abap.cuky;
  issued_at : abap.dec(15,0);
}

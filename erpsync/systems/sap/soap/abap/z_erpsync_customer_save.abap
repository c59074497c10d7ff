FUNCTION z_erpsync_customer_save.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IT_CUSTOMER) TYPE  ZERPSYNC_T_CUSTOMER
*"     VALUE(IT_EXTRA) TYPE  ZERPSYNC_T_EXTRA
*"  EXPORTING
*"     VALUE(ET_RESULT) TYPE  ZERPSYNC_T_RESULT
*"     VALUE(ET_RETURN) TYPE  ZERPSYNC_T_MESSAGE
*"----------------------------------------------------------------------
* Makes each customer, or changes the one that has this reference. The steps are those of orders; only
* the middle differs: ECC makes customers, S/4HANA business partners that become customers (CVI).

  DATA: ls_customer TYPE zerpsync_s_customer,
        ls_result   TYPE zerpsync_s_result,
        lt_bapi     TYPE bapiret2_t,
        ls_commit   TYPE bapiret2,
        lv_there    TYPE char20,
        lv_kunnr    TYPE kunnr,
        lv_locked   TYPE abap_bool,
        lv_refused  TYPE abap_bool,
        lv_done     TYPE abap_bool.

  IF lines( it_customer ) > gc_most.
    PERFORM say USING '' 'E' '012' gc_most '' '' CHANGING et_return.
    RETURN.
  ENDIF.

  LOOP AT it_customer INTO ls_customer.
    PERFORM lock USING 'C' ls_customer-reference CHANGING et_return lv_locked.
    CHECK lv_locked = abap_true.
    CLEAR: ls_result, lt_bapi, lv_done.
    ls_result-reference = ls_customer-reference.
    PERFORM look USING 'C' ls_customer-reference CHANGING lv_there.
    lv_kunnr = lv_there.
    IF lv_kunnr IS INITIAL.
      lv_kunnr = ls_customer-kunnr.
    ENDIF.
    PERFORM save_customer USING ls_customer it_extra CHANGING lv_kunnr lt_bapi et_return.
    PERFORM take USING ls_customer-reference lt_bapi CHANGING et_return lv_refused.
    IF lv_refused = abap_true OR lv_kunnr IS INITIAL.
      PERFORM undo.
    ELSEIF lv_there IS NOT INITIAL.
      PERFORM commit CHANGING ls_commit.
      IF ls_commit-type CA 'EA'.
        PERFORM say USING ls_customer-reference 'E' '004' '' '' '' CHANGING et_return.
      ELSE.
        lv_done = abap_true.
      ENDIF.
    ELSE.
      PERFORM finish USING 'C' ls_customer-reference lv_kunnr CHANGING et_return lv_done.
    ENDIF.
    IF lv_done = abap_true.
      ls_result-document = lv_kunnr.
      IF lv_there IS NOT INITIAL.
        ls_result-existed = 'X'.
      ENDIF.
      APPEND ls_result TO et_result.
    ENDIF.
    PERFORM unlock USING 'C' ls_customer-reference.
  ENDLOOP.

ENDFUNCTION.

*----------------------------------------------------------------------*
* ECC. A new customer is copied from MODEL in the sales area: account group, reconciliation account,
* terms, tax class, partner functions. Title texts are those of table TSAD3T in the logon language.
* The BAPI has no customer group: KDGRP is that of MODEL; choose MODEL by KDGRP here if you need several.
* IT_EXTRA sets fields of BAPIKNA101_1 (persons) or BAPIKNA106 (companies) by name; others are refused.
*----------------------------------------------------------------------*
FORM save_customer USING is_customer TYPE zerpsync_s_customer
                         it_extra TYPE zerpsync_t_extra
                   CHANGING cv_kunnr TYPE kunnr
                            ct_bapi TYPE bapiret2_t
                            ct_return TYPE zerpsync_t_message.
  CONSTANTS: lc_person  TYPE bapikna101_1-title_p VALUE 'Mr. and Mrs.',
             lc_company TYPE bapikna106-title VALUE 'Company'.
  DATA: ls_person    TYPE bapikna101_1,
        ls_personx   TYPE bapikna101_1x,
        ls_company   TYPE bapikna106,
        ls_companyx  TYPE bapikna106x,
        ls_copy      TYPE bapikna102,
        ls_return    TYPE bapireturn1,
        ls_bapi      TYPE bapiret2,
        lv_model     TYPE kunnr.
  FIELD-SYMBOLS: <ls_extra> TYPE zerpsync_s_extra,
                 <lv_field> TYPE any.

  IF cv_kunnr IS INITIAL.
    SELECT SINGLE kunnr FROM knvv INTO lv_model
      WHERE kunnr = is_customer-model AND vkorg = is_customer-vkorg
        AND vtweg = is_customer-vtweg AND spart = is_customer-spart.
    IF sy-subrc <> 0.
      PERFORM say USING is_customer-reference 'E' '009' is_customer-model '' '' CHANGING ct_return.
      RETURN.
    ENDIF.
  ENDIF.
  ls_copy-salesorg = is_customer-vkorg.
  ls_copy-distr_chan = is_customer-vtweg.
  ls_copy-division = is_customer-spart.
  ls_copy-ref_custmr = is_customer-model.

  IF is_customer-company IS INITIAL.
    ls_person-title_p = lc_person.
    ls_person-firstname = is_customer-firstname.
    ls_person-lastname = is_customer-lastname.
    ls_person-street = is_customer-street.
    ls_person-city = is_customer-city.
    ls_person-postl_cod1 = is_customer-post_code.
    ls_person-country = is_customer-country.
    ls_person-region = is_customer-region.
    ls_person-tel1_numbr = is_customer-phone.
    ls_person-e_mail = is_customer-email.
    ls_person-langu_p = sy-langu.
    ls_person-currency = is_customer-waers.
    LOOP AT it_extra ASSIGNING <ls_extra> WHERE reference = is_customer-reference.
      ASSIGN COMPONENT <ls_extra>-field OF STRUCTURE ls_person TO <lv_field>.
      IF sy-subrc <> 0.
        PERFORM say USING is_customer-reference 'E' '008' <ls_extra>-field '' '' CHANGING ct_return.
        CLEAR cv_kunnr.
        RETURN.
      ENDIF.
      <lv_field> = <ls_extra>-value.
    ENDLOOP.
    PERFORM flags USING ls_person CHANGING ls_personx.
  ELSE.
    ls_company-title = lc_company.
    ls_company-name = is_customer-company.
    CONCATENATE is_customer-firstname is_customer-lastname INTO ls_company-name_2 SEPARATED BY space.
    ls_company-street = is_customer-street.
    ls_company-city = is_customer-city.
    ls_company-postl_cod1 = is_customer-post_code.
    ls_company-country = is_customer-country.
    ls_company-region = is_customer-region.
    ls_company-tel1_numbr = is_customer-phone.
    ls_company-e_mail = is_customer-email.
    ls_company-langu_iso = sy-langu.
    ls_company-currency = is_customer-waers.
    LOOP AT it_extra ASSIGNING <ls_extra> WHERE reference = is_customer-reference.
      ASSIGN COMPONENT <ls_extra>-field OF STRUCTURE ls_company TO <lv_field>.
      IF sy-subrc <> 0.
        PERFORM say USING is_customer-reference 'E' '008' <ls_extra>-field '' '' CHANGING ct_return.
        CLEAR cv_kunnr.
        RETURN.
      ENDIF.
      <lv_field> = <ls_extra>-value.
    ENDLOOP.
    PERFORM flags USING ls_company CHANGING ls_companyx.
  ENDIF.

  IF cv_kunnr IS INITIAL.
    CALL FUNCTION 'BAPI_CUSTOMER_CREATEFROMDATA1'
      EXPORTING
        pi_personaldata  = ls_person
        pi_companydata   = ls_company
        pi_copyreference = ls_copy
      IMPORTING
        customerno       = cv_kunnr
        return           = ls_return.
  ELSE.
    CALL FUNCTION 'BAPI_CUSTOMER_CHANGEFROMDATA1'
      EXPORTING
        customerno       = cv_kunnr
        pi_salesorg      = is_customer-vkorg
        pi_distr_chan    = is_customer-vtweg
        pi_division      = is_customer-spart
        pi_personaldata  = ls_person
        pi_personaldatax = ls_personx
        pi_companydata   = ls_company
        pi_companydatax  = ls_companyx
      IMPORTING
        return           = ls_return.
  ENDIF.
  MOVE-CORRESPONDING ls_return TO ls_bapi.
  APPEND ls_bapi TO ct_bapi.
ENDFORM.

* An X for every field that is filled, so that a change leaves the others alone.
FORM flags USING is_data TYPE any CHANGING cs_flags TYPE any.
  DATA: lo_struct TYPE REF TO cl_abap_structdescr,
        lt_fields TYPE abap_compdescr_tab.
  FIELD-SYMBOLS: <ls_field> TYPE abap_compdescr,
                 <lv_value> TYPE any,
                 <lv_flag>  TYPE any.
  lo_struct ?= cl_abap_typedescr=>describe_by_data( is_data ).
  lt_fields = lo_struct->components.
  LOOP AT lt_fields ASSIGNING <ls_field>.
    ASSIGN COMPONENT <ls_field>-name OF STRUCTURE is_data TO <lv_value>.
    CHECK <lv_value> IS NOT INITIAL.
    ASSIGN COMPONENT <ls_field>-name OF STRUCTURE cs_flags TO <lv_flag>.
    CHECK sy-subrc = 0.
    <lv_flag> = 'X'.
  ENDLOOP.
ENDFORM.

*----------------------------------------------------------------------*
* S/4HANA: BAPI_CUSTOMER_* are not supported there (SAP Note 2265093). Put this in place of the form
* above, for your grouping, roles and number ranges:
*
*   ls_data TYPE cvis_ei_extern, lt_data TYPE cvis_ei_extern_t, lt_answer TYPE bapiretm.
*   - partner-header-object_task = 'I' (new) or 'U'; object_instance-bpartnerguid = a new GUID
*     (cl_system_uuid=>create_uuid_x16_static( )) or that of the customer (CVI_CUST_LINK)
*   - partner-central_data-common: control-category = '1' person or '2' organisation, bp_person or
*     bp_organization names; address with e-mail and telephone; roles FLCU00 and FLCU01
*   - customer-header; company_data from KNB1 and sales_data from KNVV of MODEL
*   CALL METHOD cl_md_bp_maintain=>maintain( EXPORTING i_data = lt_data IMPORTING e_return = lt_answer ).
*   Every lt_answer-object_msg goes to CT_BAPI; the customer's number is read from CVI_CUST_LINK by the GUID
*   within the same unit of work. It commits nothing: FINISH does, with the reference.
*----------------------------------------------------------------------*

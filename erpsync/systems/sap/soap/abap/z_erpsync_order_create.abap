FUNCTION z_erpsync_order_create.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IT_ORDER) TYPE  ZERPSYNC_T_ORDER
*"     VALUE(IT_ITEM) TYPE  ZERPSYNC_T_ITEM
*"     VALUE(IT_COND) TYPE  ZERPSYNC_T_COND
*"     VALUE(IT_ADDRESS) TYPE  ZERPSYNC_T_ADDRESS
*"     VALUE(IT_TEXT) TYPE  ZERPSYNC_T_TEXT
*"     VALUE(IT_EXTRA) TYPE  ZERPSYNC_T_EXTRA
*"  EXPORTING
*"     VALUE(ET_RESULT) TYPE  ZERPSYNC_T_RESULT
*"     VALUE(ET_RETURN) TYPE  ZERPSYNC_T_MESSAGE
*"----------------------------------------------------------------------
* Up to 100 sales orders, each a unit of work of its own: lock the reference, look, create, check
* RETURN, commit and wait (or roll back), verify the total, release. One bad order leaves the others.

  DATA: lv_locked  TYPE abap_bool,
        lv_there   TYPE char20,
        ls_result  TYPE zerpsync_s_result.
  FIELD-SYMBOLS <ls_order> TYPE zerpsync_s_order.

  IF lines( it_order ) > gc_most.
    PERFORM say USING '' 'E' '012' gc_most '' '' CHANGING et_return.
    RETURN.
  ENDIF.

  LOOP AT it_order ASSIGNING <ls_order>.
    PERFORM lock USING 'O' <ls_order>-reference CHANGING et_return lv_locked.
    CHECK lv_locked = abap_true.
    CLEAR ls_result.
    ls_result-reference = <ls_order>-reference.
    PERFORM look USING 'O' <ls_order>-reference CHANGING lv_there.
    IF lv_there IS NOT INITIAL.
      ls_result-document = lv_there.
      ls_result-existed = 'X'.
      PERFORM totals USING lv_there(10) CHANGING ls_result.
      APPEND ls_result TO et_result.
    ELSE.
      PERFORM create_order USING <ls_order> it_item it_cond it_address it_text it_extra
                           CHANGING ls_result et_return.
      IF ls_result-document IS NOT INITIAL.
        APPEND ls_result TO et_result.
      ENDIF.
    ENDIF.
    PERFORM unlock USING 'O' <ls_order>-reference.
  ENDLOOP.

ENDFUNCTION.

*----------------------------------------------------------------------*
* One order. What cannot be is refused before the BAPI is called where the BAPI would not name it.
*----------------------------------------------------------------------*
FORM create_order USING is_order TYPE zerpsync_s_order
                        it_item TYPE zerpsync_t_item
                        it_cond TYPE zerpsync_t_cond
                        it_address TYPE zerpsync_t_address
                        it_text TYPE zerpsync_t_text
                        it_extra TYPE zerpsync_t_extra
                  CHANGING cs_result TYPE zerpsync_s_result
                           ct_return TYPE zerpsync_t_message.
  DATA: ls_head      TYPE bapisdhd1,
        ls_headx     TYPE bapisdhd1x,
        lt_items     TYPE STANDARD TABLE OF bapisditm,
        lt_itemsx    TYPE STANDARD TABLE OF bapisditmx,
        lt_lines     TYPE STANDARD TABLE OF bapischdl,
        lt_linesx    TYPE STANDARD TABLE OF bapischdlx,
        lt_conds     TYPE STANDARD TABLE OF bapicond,
        lt_condsx    TYPE STANDARD TABLE OF bapicondx,
        lt_partners  TYPE STANDARD TABLE OF bapiparnr,
        lt_addresses TYPE STANDARD TABLE OF bapiaddr1,
        lt_texts     TYPE STANDARD TABLE OF bapisdtext,
        lt_extension TYPE STANDARD TABLE OF bapiparex,
        lt_bapi      TYPE bapiret2_t,
        lv_vbeln     TYPE vbeln_va,
        lv_refused   TYPE abap_bool,
        lv_done      TYPE abap_bool.

  PERFORM header USING is_order it_extra
                 CHANGING ls_head ls_headx lt_extension ct_return lv_refused.
  PERFORM items USING is_order it_item CHANGING lt_items lt_itemsx lt_lines lt_linesx ct_return lv_refused.
  CHECK lv_refused = abap_false.
  PERFORM conditions USING is_order it_cond CHANGING lt_conds lt_condsx.
  PERFORM partners USING is_order it_address CHANGING lt_partners lt_addresses.
  PERFORM texts USING is_order it_text CHANGING lt_texts.

  CALL FUNCTION 'BAPI_SALESORDER_CREATEFROMDAT2'
    EXPORTING
      order_header_in      = ls_head
      order_header_inx     = ls_headx
    IMPORTING
      salesdocument        = lv_vbeln
    TABLES
      return               = lt_bapi
      order_items_in       = lt_items
      order_items_inx      = lt_itemsx
      order_partners       = lt_partners
      order_schedules_in   = lt_lines
      order_schedules_inx  = lt_linesx
      order_conditions_in  = lt_conds
      order_conditions_inx = lt_condsx
      order_text           = lt_texts
      extensionin          = lt_extension
      partneraddresses     = lt_addresses.

  PERFORM take USING is_order-reference lt_bapi CHANGING ct_return lv_refused.
  IF lv_refused = abap_true OR lv_vbeln IS INITIAL.
    PERFORM undo.                                " nothing of it is kept, its number is lost
    RETURN.
  ENDIF.
  PERFORM finish USING 'O' is_order-reference lv_vbeln CHANGING ct_return lv_done.
  CHECK lv_done = abap_true.
  cs_result-document = lv_vbeln.
  PERFORM verify USING 'O' is_order CHANGING cs_result ct_return.
ENDFORM.

*----------------------------------------------------------------------*
* Header, and the merchant's own fields: of BAPISDHD1 if it has them, else of the append to VBAK, which
* BAPE_VBAK and BAPE_VBAKX must repeat. One that neither has refuses the order.
*----------------------------------------------------------------------*
FORM header USING is_order TYPE zerpsync_s_order
                  it_extra TYPE zerpsync_t_extra
            CHANGING cs_head TYPE bapisdhd1
                     cs_headx TYPE bapisdhd1x
                     ct_extension TYPE STANDARD TABLE
                     ct_return TYPE zerpsync_t_message
                     cv_refused TYPE abap_bool.
  DATA: ls_ext    TYPE bape_vbak,
        ls_extx   TYPE bape_vbakx,
        ls_parex  TYPE bapiparex,
        lv_append TYPE abap_bool.
  FIELD-SYMBOLS: <ls_extra> TYPE zerpsync_s_extra,
                 <lv_field> TYPE any,
                 <lv_flag>  TYPE any.

  cs_head-doc_type = is_order-auart.
  cs_head-sales_org = is_order-vkorg.
  cs_head-distr_chan = is_order-vtweg.
  cs_head-division = is_order-spart.
  cs_head-purch_no_c = is_order-bstkd.
  cs_head-purch_date = is_order-bstdk.
  cs_head-currency = is_order-waerk.
  cs_head-ship_cond = is_order-vsbed.
  cs_headx-updateflag = 'I'.
  cs_headx-doc_type = cs_headx-sales_org = cs_headx-distr_chan = cs_headx-division = 'X'.
  cs_headx-purch_no_c = cs_headx-purch_date = cs_headx-currency = 'X'.
  IF is_order-vsbed IS NOT INITIAL.
    cs_headx-ship_cond = 'X'.
  ENDIF.

  LOOP AT it_extra ASSIGNING <ls_extra> WHERE reference = is_order-reference.
    ASSIGN COMPONENT <ls_extra>-field OF STRUCTURE cs_head TO <lv_field>.
    IF sy-subrc = 0.
      <lv_field> = <ls_extra>-value.
      ASSIGN COMPONENT <ls_extra>-field OF STRUCTURE cs_headx TO <lv_flag>.
      IF sy-subrc = 0.
        <lv_flag> = 'X'.
      ENDIF.
      CONTINUE.
    ENDIF.
    ASSIGN COMPONENT <ls_extra>-field OF STRUCTURE ls_ext TO <lv_field>.
    IF sy-subrc <> 0.
      PERFORM say USING is_order-reference 'E' '008' <ls_extra>-field '' '' CHANGING ct_return.
      cv_refused = abap_true.
      CONTINUE.
    ENDIF.
    <lv_field> = <ls_extra>-value.
    ASSIGN COMPONENT <ls_extra>-field OF STRUCTURE ls_extx TO <lv_flag>.
    IF sy-subrc = 0.
      <lv_flag> = 'X'.
    ENDIF.
    lv_append = abap_true.
  ENDLOOP.
  CHECK lv_append = abap_true.
* BAPIPAREX carries the structure as text: character fields only, in the append's own order.
  ls_parex-structure = 'BAPE_VBAK'.
  ls_parex+30(960) = ls_ext.
  APPEND ls_parex TO ct_extension.
  CLEAR ls_parex.
  ls_parex-structure = 'BAPE_VBAKX'.
  ls_parex+30(960) = ls_extx.
  APPEND ls_parex TO ct_extension.
ENDFORM.

FORM items USING is_order TYPE zerpsync_s_order
                 it_item TYPE zerpsync_t_item
           CHANGING ct_items TYPE STANDARD TABLE
                    ct_itemsx TYPE STANDARD TABLE
                    ct_lines TYPE STANDARD TABLE
                    ct_linesx TYPE STANDARD TABLE
                    ct_return TYPE zerpsync_t_message
                    cv_refused TYPE abap_bool.
  DATA: ls_item  TYPE bapisditm,
        ls_itemx TYPE bapisditmx,
        ls_line  TYPE bapischdl,
        ls_linex TYPE bapischdlx,
        lv_matnr TYPE matnr,
        lv_index TYPE i.
  FIELD-SYMBOLS: <ls_in>      TYPE zerpsync_s_item,
                 <ls_message> TYPE zerpsync_s_message.
  LOOP AT it_item ASSIGNING <ls_in> WHERE reference = is_order-reference.
    lv_index = lv_index + 1.
    PERFORM material_in USING <ls_in>-matnr CHANGING lv_matnr.
    SELECT SINGLE matnr FROM mvke INTO lv_matnr
      WHERE matnr = lv_matnr AND vkorg = is_order-vkorg AND vtweg = is_order-vtweg.
    IF sy-subrc <> 0.
      PERFORM say USING is_order-reference 'E' '003' <ls_in>-matnr is_order-vkorg is_order-vtweg
                  CHANGING ct_return.
      READ TABLE ct_return ASSIGNING <ls_message> INDEX lines( ct_return ).
      <ls_message>-parameter = 'IT_ITEM'.
      <ls_message>-row = lv_index.
      cv_refused = abap_true.
      CONTINUE.
    ENDIF.
    CLEAR: ls_item, ls_itemx, ls_line, ls_linex.
    ls_item-itm_number = ls_itemx-itm_number = ls_line-itm_number = ls_linex-itm_number = <ls_in>-posnr.
    ls_item-material = lv_matnr.                 " S/4HANA with long numbers: also MATERIAL_LONG
    ls_item-plant = <ls_in>-werks.
    ls_item-store_loc = <ls_in>-lgort.
    ls_item-short_text = <ls_in>-arktx.
    ls_item-target_qty = <ls_in>-kwmeng.
    ls_item-sales_unit = <ls_in>-vrkme.
    ls_itemx-updateflag = 'I'.
    ls_itemx-material = ls_itemx-target_qty = 'X'.
    IF <ls_in>-werks IS NOT INITIAL.
      ls_itemx-plant = 'X'.
    ENDIF.
    IF <ls_in>-lgort IS NOT INITIAL.
      ls_itemx-store_loc = 'X'.
    ENDIF.
    IF <ls_in>-arktx IS NOT INITIAL.
      ls_itemx-short_text = 'X'.
    ENDIF.
    IF <ls_in>-vrkme IS NOT INITIAL.
      ls_itemx-sales_unit = 'X'.
    ENDIF.
    ls_line-sched_line = ls_linex-sched_line = '0001'.
    ls_line-req_qty = <ls_in>-kwmeng.
    ls_linex-updateflag = 'I'.
    ls_linex-req_qty = 'X'.
    APPEND ls_item TO ct_items.
    APPEND ls_itemx TO ct_itemsx.
    APPEND ls_line TO ct_lines.
    APPEND ls_linex TO ct_linesx.
  ENDLOOP.
ENDFORM.

* All by hand: the condition types must be open to manual entry, and the fixed ones of calculation type B.
FORM conditions USING is_order TYPE zerpsync_s_order
                      it_cond TYPE zerpsync_t_cond
                CHANGING ct_conds TYPE STANDARD TABLE
                         ct_condsx TYPE STANDARD TABLE.
  DATA: ls_cond  TYPE bapicond,
        ls_condx TYPE bapicondx.
  FIELD-SYMBOLS <ls_in> TYPE zerpsync_s_cond.
  LOOP AT it_cond ASSIGNING <ls_in> WHERE reference = is_order-reference.
    CLEAR: ls_cond, ls_condx.
    ls_cond-itm_number = ls_condx-itm_number = <ls_in>-posnr.
    ls_cond-cond_type = ls_condx-cond_type = <ls_in>-kschl.
    ls_cond-cond_value = <ls_in>-kbetr.          " BAPI amounts have the point where people have it
    ls_cond-currency = <ls_in>-waers.
    ls_condx-cond_value = ls_condx-currency = 'X'.
    IF <ls_in>-kpein > 0.
      ls_cond-cond_p_unt = <ls_in>-kpein.
      ls_condx-cond_p_unt = 'X'.
    ENDIF.
    IF <ls_in>-mwskz IS NOT INITIAL.
      ls_cond-tax_code = <ls_in>-mwskz.
    ENDIF.
    ls_condx-updateflag = 'I'.
    APPEND ls_cond TO ct_conds.
    APPEND ls_condx TO ct_condsx.
  ENDLOOP.
ENDFORM.

* Sold-to by number; ship-to and bill-to are the same customer under the order's own address.
FORM partners USING is_order TYPE zerpsync_s_order
                    it_address TYPE zerpsync_t_address
              CHANGING ct_partners TYPE STANDARD TABLE
                       ct_addresses TYPE STANDARD TABLE.
  DATA: ls_partner TYPE bapiparnr,
        ls_address TYPE bapiaddr1.
  FIELD-SYMBOLS <ls_in> TYPE zerpsync_s_address.
  ls_partner-partn_role = 'AG'.
  ls_partner-partn_numb = is_order-kunnr.
  APPEND ls_partner TO ct_partners.
  LOOP AT it_address ASSIGNING <ls_in> WHERE reference = is_order-reference.
    CLEAR: ls_partner, ls_address.
    ls_partner-partn_role = <ls_in>-parvw.
    ls_partner-partn_numb = is_order-kunnr.
    CONCATENATE 'Z' <ls_in>-parvw INTO ls_partner-addr_link.
    ls_address-addr_no = ls_partner-addr_link.
    ls_address-name = <ls_in>-name1.
    ls_address-name_2 = <ls_in>-name2.
    ls_address-street_lng = <ls_in>-street.
    ls_address-str_suppl3 = <ls_in>-street2.
    ls_address-city = <ls_in>-city.
    ls_address-postl_cod1 = <ls_in>-post_code.
    ls_address-country = <ls_in>-country.
    ls_address-region = <ls_in>-region.
    ls_address-tel1_numbr = <ls_in>-phone.
    ls_address-e_mail = <ls_in>-email.
    ls_address-langu = sy-langu.
    APPEND ls_partner TO ct_partners.
    APPEND ls_address TO ct_addresses.
  ENDLOOP.
ENDFORM.

FORM texts USING is_order TYPE zerpsync_s_order
                 it_text TYPE zerpsync_t_text
           CHANGING ct_texts TYPE STANDARD TABLE.
  DATA ls_text TYPE bapisdtext.
  FIELD-SYMBOLS <ls_in> TYPE zerpsync_s_text.
  LOOP AT it_text ASSIGNING <ls_in> WHERE reference = is_order-reference.
    CLEAR ls_text.
    ls_text-itm_number = '000000'.
    ls_text-text_id = <ls_in>-tdid.
    ls_text-langu = sy-langu.
    ls_text-format_col = '*'.
    ls_text-text_line = <ls_in>-tdline.
    APPEND ls_text TO ct_texts.
  ENDLOOP.
ENDFORM.

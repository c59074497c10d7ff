FUNCTION z_erpsync_refund.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IT_ORDER) TYPE  ZERPSYNC_T_ORDER
*"     VALUE(IT_ITEM) TYPE  ZERPSYNC_T_ITEM
*"     VALUE(IT_COND) TYPE  ZERPSYNC_T_COND
*"     VALUE(IT_TEXT) TYPE  ZERPSYNC_T_TEXT
*"  EXPORTING
*"     VALUE(ET_RESULT) TYPE  ZERPSYNC_T_RESULT
*"     VALUE(ET_RETURN) TYPE  ZERPSYNC_T_MESSAGE
*"----------------------------------------------------------------------
* Up to 100 credit memo requests (BUS2094), by the same steps as orders. The customer is that of the
* sales order in VBELN. SD has no released BAPI for credit memo requests: SD_SALESDOCUMENT_CREATE is what
* the released ones call, and not released itself; have your auditors agree, or use your own.

  DATA: lv_locked    TYPE abap_bool,
        lv_refused   TYPE abap_bool,
        lv_done      TYPE abap_bool,
        lv_there     TYPE char20,
        lv_vbeln     TYPE vbeln_va,
        ls_order     TYPE zerpsync_s_order,
        ls_result    TYPE zerpsync_s_result,
        ls_head      TYPE bapisdhd1,
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
        lt_extra     TYPE zerpsync_t_extra,
        lt_address   TYPE zerpsync_t_address,
        lt_bapi      TYPE bapiret2_t.

  IF lines( it_order ) > gc_most.
    PERFORM say USING '' 'E' '012' gc_most '' '' CHANGING et_return.
    RETURN.
  ENDIF.

  LOOP AT it_order INTO ls_order.
    PERFORM lock USING 'R' ls_order-reference CHANGING et_return lv_locked.
    CHECK lv_locked = abap_true.
    CLEAR: ls_result, ls_head, ls_headx, lt_items, lt_itemsx, lt_lines, lt_linesx, lt_conds, lt_condsx,
           lt_partners, lt_addresses, lt_texts, lt_extension, lt_bapi, lv_refused, lv_vbeln.
    ls_result-reference = ls_order-reference.
    PERFORM look USING 'R' ls_order-reference CHANGING lv_there.
    IF lv_there IS NOT INITIAL.
      ls_result-document = lv_there.
      ls_result-existed = 'X'.
      PERFORM totals USING lv_there(10) CHANGING ls_result.
      APPEND ls_result TO et_result.
      PERFORM unlock USING 'R' ls_order-reference.
      CONTINUE.
    ENDIF.
    SELECT SINGLE kunnr FROM vbak INTO ls_order-kunnr WHERE vbeln = ls_order-vbeln.
    IF sy-subrc <> 0.
      PERFORM say USING ls_order-reference 'E' '006' ls_order-vbeln '' '' CHANGING et_return.
      PERFORM unlock USING 'R' ls_order-reference.
      CONTINUE.
    ENDIF.
    PERFORM header USING ls_order lt_extra
                   CHANGING ls_head ls_headx lt_extension et_return lv_refused.
    ls_head-ord_reason = ls_order-augru.
    ls_headx-ord_reason = 'X'.
    PERFORM items USING ls_order it_item CHANGING lt_items lt_itemsx lt_lines lt_linesx et_return lv_refused.
    IF lv_refused = abap_false.
      PERFORM conditions USING ls_order it_cond CHANGING lt_conds lt_condsx.
      PERFORM partners USING ls_order lt_address CHANGING lt_partners lt_addresses.
      PERFORM texts USING ls_order it_text CHANGING lt_texts.
      CALL FUNCTION 'SD_SALESDOCUMENT_CREATE'
        EXPORTING
          sales_header_in      = ls_head
          sales_header_inx     = ls_headx
          business_object      = 'BUS2094'
        IMPORTING
          salesdocument_ex     = lv_vbeln
        TABLES
          return               = lt_bapi
          sales_items_in       = lt_items
          sales_items_inx      = lt_itemsx
          sales_partners       = lt_partners
          sales_schedules_in   = lt_lines
          sales_schedules_inx  = lt_linesx
          sales_conditions_in  = lt_conds
          sales_conditions_inx = lt_condsx
          sales_text           = lt_texts.
      PERFORM take USING ls_order-reference lt_bapi CHANGING et_return lv_refused.
    ENDIF.
    IF lv_refused = abap_true OR lv_vbeln IS INITIAL.
      PERFORM undo.
    ELSE.
      PERFORM finish USING 'R' ls_order-reference lv_vbeln CHANGING et_return lv_done.
      IF lv_done = abap_true.
        ls_result-document = lv_vbeln.
        PERFORM verify USING 'R' ls_order CHANGING ls_result et_return.
        APPEND ls_result TO et_result.
      ENDIF.
    ENDIF.
    PERFORM unlock USING 'R' ls_order-reference.
  ENDLOOP.

ENDFUNCTION.

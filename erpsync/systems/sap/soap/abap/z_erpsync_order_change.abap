FUNCTION z_erpsync_order_change.
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
* Makes existing sales orders what they are told to be; every action may be repeated. A amend: items,
* conditions and addresses as given. C cancel: a reason for rejection on all items, unless something
* was delivered or billed. X close: the same on what is still open; what was delivered stays.

  DATA: ls_result TYPE zerpsync_s_result,
        lv_vbeln  TYPE vbeln_va.
  FIELD-SYMBOLS <ls_order> TYPE zerpsync_s_order.

  LOOP AT it_order ASSIGNING <ls_order>.
    CLEAR ls_result.
    ls_result-reference = <ls_order>-reference.
    SELECT SINGLE vbeln FROM vbak INTO lv_vbeln WHERE vbeln = <ls_order>-vbeln AND vbtyp = 'C'.
    IF sy-subrc <> 0.
      PERFORM say USING <ls_order>-reference 'E' '006' <ls_order>-vbeln '' '' CHANGING et_return.
      CONTINUE.
    ENDIF.
*   SD's own lock, so that "somebody is in VA02" is told apart from a refusal.
    CALL FUNCTION 'ENQUEUE_EVVBAKE'
      EXPORTING
        vbeln          = lv_vbeln
        _scope         = '3'
      EXCEPTIONS
        foreign_lock   = 1
        system_failure = 2
        OTHERS         = 3.
    IF sy-subrc <> 0.
      PERFORM say USING <ls_order>-reference 'E' '002' lv_vbeln '' '' CHANGING et_return.
      CONTINUE.
    ENDIF.
    CASE <ls_order>-action.
      WHEN 'A'.
        PERFORM amend USING <ls_order> it_item it_cond it_address it_text it_extra
                      CHANGING ls_result et_return.
      WHEN 'C' OR 'X'.
        PERFORM reject USING <ls_order> CHANGING ls_result et_return.
    ENDCASE.
    CALL FUNCTION 'DEQUEUE_EVVBAKE'
      EXPORTING
        vbeln  = lv_vbeln
        _scope = '3'.
    IF ls_result-document IS NOT INITIAL.
      APPEND ls_result TO et_result.
    ENDIF.
  ENDLOOP.

ENDFUNCTION.

*----------------------------------------------------------------------*
* Items are matched by material: the first open one of the same material is changed, the rest deleted,
* what is new inserted behind the last number. SD itself refuses to delete or undercut what was
* delivered. The quantity goes on the first schedule line: those that SD adds for a later confirmation
* carry none of their own. Manual conditions are replaced as a whole (COND_HANDL = 'X' makes SD honour that).
*----------------------------------------------------------------------*
FORM amend USING is_order TYPE zerpsync_s_order
                 it_item TYPE zerpsync_t_item
                 it_cond TYPE zerpsync_t_cond
                 it_address TYPE zerpsync_t_address
                 it_text TYPE zerpsync_t_text
                 it_extra TYPE zerpsync_t_extra
           CHANGING cs_result TYPE zerpsync_s_result
                    ct_return TYPE zerpsync_t_message.
  TYPES: BEGIN OF ty_old,
           posnr TYPE vbap-posnr,
           matnr TYPE vbap-matnr,
           abgru TYPE vbap-abgru,
           etenr TYPE vbep-etenr,
         END OF ty_old,
         BEGIN OF ty_manual,
           kposn TYPE konv-kposn,
           stunr TYPE konv-stunr,
           zaehk TYPE konv-zaehk,
           kschl TYPE konv-kschl,
         END OF ty_manual,
         BEGIN OF ty_number,
           given TYPE posnr_va,
           used  TYPE posnr_va,
         END OF ty_number.
  DATA: lt_old       TYPE STANDARD TABLE OF ty_old,
        lt_manual    TYPE STANDARD TABLE OF ty_manual,
        lt_cond      TYPE zerpsync_t_cond,
        lt_numbers   TYPE STANDARD TABLE OF ty_number,
        ls_number    TYPE ty_number,
        lt_changes   TYPE STANDARD TABLE OF bapiparnrc,
        ls_partner   TYPE bapiparnrc,
        ls_head      TYPE bapisdhd1,
        ls_headx     TYPE bapisdhd1x,
        ls_change    TYPE bapisdh1,
        ls_changex   TYPE bapisdh1x,
        ls_switch    TYPE bapisdls,
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
        ls_commit    TYPE bapiret2,
        ls_item      TYPE bapisditm,
        ls_itemx     TYPE bapisditmx,
        ls_cond      TYPE bapicond,
        ls_condx     TYPE bapicondx,
        lv_vbeln     TYPE vbeln_va,
        lv_knumv     TYPE vbak-knumv,
        lv_new       TYPE posnr_va,
        lv_refused   TYPE abap_bool.
  FIELD-SYMBOLS: <ls_old>    TYPE ty_old,
                 <ls_manual> TYPE ty_manual,
                 <ls_item>   TYPE bapisditm,
                 <ls_itemx>  TYPE bapisditmx,
                 <ls_line>   TYPE bapischdl,
                 <ls_linex>  TYPE bapischdlx,
                 <ls_cond>   TYPE zerpsync_s_cond,
                 <ls_address> TYPE zerpsync_s_address.

  lv_vbeln = is_order-vbeln.
  SELECT SINGLE knumv FROM vbak INTO lv_knumv WHERE vbeln = lv_vbeln.
  SELECT vbap~posnr vbap~matnr vbap~abgru vbep~etenr
    FROM vbap INNER JOIN vbep ON vbep~vbeln = vbap~vbeln AND vbep~posnr = vbap~posnr
    INTO TABLE lt_old WHERE vbap~vbeln = lv_vbeln.
  SORT lt_old BY posnr etenr.
  SELECT MAX( posnr ) FROM vbap INTO lv_new WHERE vbeln = lv_vbeln.
  DELETE ADJACENT DUPLICATES FROM lt_old COMPARING posnr.
  DELETE lt_old WHERE abgru IS NOT INITIAL.      " rejected ones stay as they are

  PERFORM header USING is_order it_extra
                 CHANGING ls_head ls_headx lt_extension ct_return lv_refused.
  PERFORM items USING is_order it_item CHANGING lt_items lt_itemsx lt_lines lt_linesx ct_return lv_refused.
  CHECK lv_refused = abap_false.
  lt_cond = it_cond.
  LOOP AT lt_items ASSIGNING <ls_item>.
    READ TABLE lt_itemsx ASSIGNING <ls_itemx> INDEX sy-tabix.
    READ TABLE lt_lines ASSIGNING <ls_line> INDEX sy-tabix.
    READ TABLE lt_linesx ASSIGNING <ls_linex> INDEX sy-tabix.
    READ TABLE lt_old ASSIGNING <ls_old> WITH KEY matnr = <ls_item>-material.
    IF sy-subrc = 0.
      <ls_itemx>-updateflag = <ls_linex>-updateflag = 'U'.
      <ls_line>-sched_line = <ls_linex>-sched_line = <ls_old>-etenr.
      ls_number-used = <ls_old>-posnr.
      DELETE lt_old WHERE posnr = <ls_old>-posnr.
    ELSE.
      lv_new = lv_new + 10.
      ls_number-used = lv_new.
    ENDIF.
    ls_number-given = <ls_item>-itm_number.
    APPEND ls_number TO lt_numbers.
    <ls_item>-itm_number = ls_number-used.
    <ls_itemx>-itm_number = <ls_line>-itm_number = <ls_linex>-itm_number = <ls_item>-itm_number.
  ENDLOOP.
  LOOP AT lt_old ASSIGNING <ls_old>.
    CLEAR: ls_item, ls_itemx.
    ls_item-itm_number = ls_itemx-itm_number = <ls_old>-posnr.
    ls_itemx-updateflag = 'D'.
    APPEND ls_item TO lt_items.
    APPEND ls_itemx TO lt_itemsx.
  ENDLOOP.

* KHERK C: entered by hand, which is what this wrapper did.
  SELECT kposn stunr zaehk kschl FROM (gc_conditions) INTO TABLE lt_manual
    WHERE knumv = lv_knumv AND kherk = 'C'.
  LOOP AT lt_manual ASSIGNING <ls_manual>.
    CLEAR: ls_cond, ls_condx.
    ls_cond-itm_number = ls_condx-itm_number = <ls_manual>-kposn.
    ls_cond-cond_st_no = ls_condx-cond_st_no = <ls_manual>-stunr.
    ls_cond-cond_count = ls_condx-cond_count = <ls_manual>-zaehk.
    ls_cond-cond_type = ls_condx-cond_type = <ls_manual>-kschl.
    ls_condx-updateflag = 'D'.
    APPEND ls_cond TO lt_conds.
    APPEND ls_condx TO lt_condsx.
  ENDLOOP.
* Conditions name the items as erpsync numbered them; now by the numbers that they have here.
  LOOP AT lt_cond ASSIGNING <ls_cond> WHERE reference = is_order-reference AND posnr <> '000000'.
    READ TABLE lt_numbers INTO ls_number WITH KEY given = <ls_cond>-posnr.
    <ls_cond>-posnr = ls_number-used.
  ENDLOOP.
  PERFORM conditions USING is_order lt_cond CHANGING lt_conds lt_condsx.
  PERFORM partners USING is_order it_address CHANGING lt_partners lt_addresses.
  LOOP AT it_address ASSIGNING <ls_address> WHERE reference = is_order-reference.
    ls_partner-document = lv_vbeln.
    ls_partner-itm_number = '000000'.
    ls_partner-updateflag = 'U'.
    ls_partner-partn_role = <ls_address>-parvw.
    ls_partner-p_numb_old = ls_partner-p_numb_new = is_order-kunnr.
    CONCATENATE 'Z' <ls_address>-parvw INTO ls_partner-addr_link.
    APPEND ls_partner TO lt_changes.
  ENDLOOP.
  PERFORM texts USING is_order it_text CHANGING lt_texts.
  MOVE-CORRESPONDING ls_head TO ls_change.
  MOVE-CORRESPONDING ls_headx TO ls_changex.
  ls_changex-updateflag = 'U'.
  ls_switch-cond_handl = 'X'.

  CALL FUNCTION 'BAPI_SALESORDER_CHANGE'
    EXPORTING
      salesdocument    = lv_vbeln
      order_header_in  = ls_change
      order_header_inx = ls_changex
      logic_switch     = ls_switch
    TABLES
      return           = lt_bapi
      order_item_in    = lt_items
      order_item_inx   = lt_itemsx
      schedule_lines   = lt_lines
      schedule_linesx  = lt_linesx
      conditions_in    = lt_conds
      conditions_inx   = lt_condsx
      partnerchanges   = lt_changes
      partneraddresses = lt_addresses
      order_text       = lt_texts
      extensionin      = lt_extension.
  PERFORM take USING is_order-reference lt_bapi CHANGING ct_return lv_refused.
  IF lv_refused = abap_true.
    PERFORM undo.
    RETURN.
  ENDIF.
  PERFORM commit CHANGING ls_commit.
  IF ls_commit-type CA 'EA'.
    PERFORM say USING is_order-reference 'E' '004' '' '' '' CHANGING ct_return.
    RETURN.
  ENDIF.
  cs_result-document = lv_vbeln.
  PERFORM verify USING 'O' is_order CHANGING cs_result ct_return.
ENDFORM.

*----------------------------------------------------------------------*
* Cancel and close, by reason for rejection. What is rejected already counts as done.
*----------------------------------------------------------------------*
FORM reject USING is_order TYPE zerpsync_s_order
            CHANGING cs_result TYPE zerpsync_s_result
                     ct_return TYPE zerpsync_t_message.
  TYPES: BEGIN OF ty_item,
           posnr TYPE vbap-posnr,
           kwmeng TYPE vbap-kwmeng,
         END OF ty_item.
  DATA: lt_open    TYPE STANDARD TABLE OF ty_item,
        ls_headx   TYPE bapisdh1x,
        ls_item    TYPE bapisditm,
        ls_itemx   TYPE bapisditmx,
        lt_items   TYPE STANDARD TABLE OF bapisditm,
        lt_itemsx  TYPE STANDARD TABLE OF bapisditmx,
        lt_bapi    TYPE bapiret2_t,
        ls_commit  TYPE bapiret2,
        lv_vbeln   TYPE vbeln_va,
        lv_shipped TYPE vbfa-rfmng,
        lv_follow  TYPE i,
        lv_refused TYPE abap_bool.
  FIELD-SYMBOLS <ls_open> TYPE ty_item.

  lv_vbeln = is_order-vbeln.
  SELECT posnr kwmeng FROM vbap INTO TABLE lt_open WHERE vbeln = lv_vbeln AND abgru = space.
  IF is_order-action = 'C' AND lt_open IS NOT INITIAL.
*   J delivery, M invoice: as soon as there is one, people decide.
    SELECT COUNT(*) FROM vbfa INTO lv_follow
      WHERE vbelv = lv_vbeln AND ( vbtyp_n = 'J' OR vbtyp_n = 'M' ).
    IF lv_follow > 0.
      PERFORM say USING is_order-reference 'E' '005' lv_vbeln '' '' CHANGING ct_return.
      RETURN.
    ENDIF.
  ENDIF.
  LOOP AT lt_open ASSIGNING <ls_open>.
    IF is_order-action = 'X'.                    " fully delivered items stay as they are
      SELECT SUM( rfmng ) FROM vbfa INTO lv_shipped
        WHERE vbelv = lv_vbeln AND posnv = <ls_open>-posnr AND vbtyp_n = 'J'.
      CHECK lv_shipped < <ls_open>-kwmeng.
    ENDIF.
    ls_item-itm_number = ls_itemx-itm_number = <ls_open>-posnr.
    ls_item-reason_rej = is_order-abgru.
    ls_itemx-updateflag = 'U'.
    ls_itemx-reason_rej = 'X'.
    APPEND ls_item TO lt_items.
    APPEND ls_itemx TO lt_itemsx.
  ENDLOOP.
  IF lt_items IS NOT INITIAL.
    ls_headx-updateflag = 'U'.
    CALL FUNCTION 'BAPI_SALESORDER_CHANGE'
      EXPORTING
        salesdocument    = lv_vbeln
        order_header_inx = ls_headx
      TABLES
        return           = lt_bapi
        order_item_in    = lt_items
        order_item_inx   = lt_itemsx.
    PERFORM take USING is_order-reference lt_bapi CHANGING ct_return lv_refused.
    IF lv_refused = abap_true.
      PERFORM undo.
      RETURN.
    ENDIF.
    PERFORM commit CHANGING ls_commit.
    IF ls_commit-type CA 'EA'.
      PERFORM say USING is_order-reference 'E' '004' '' '' '' CHANGING ct_return.
      RETURN.
    ENDIF.
  ENDIF.
  cs_result-document = lv_vbeln.
  PERFORM totals USING lv_vbeln CHANGING cs_result.
ENDFORM.

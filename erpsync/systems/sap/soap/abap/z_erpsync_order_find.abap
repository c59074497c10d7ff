FUNCTION z_erpsync_order_find.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IT_SOUGHT) TYPE  ZERPSYNC_T_SOUGHT
*"  EXPORTING
*"     VALUE(ET_FOUND) TYPE  ZERPSYNC_T_FOUND
*"     VALUE(ET_RETURN) TYPE  ZERPSYNC_T_MESSAGE
*"----------------------------------------------------------------------
* All documents under a reference: orders (O) by what we keep and by purchase order number, credit memo
* requests (R) and payments (P) by what we keep. Two matches are both told: a person decides.

  DATA: ls_found TYPE zerpsync_s_found,
        lv_bstkd TYPE vbkd-bstkd,
        lv_vbeln TYPE vbeln_va.
  FIELD-SYMBOLS <ls_sought> TYPE zerpsync_s_sought.

  LOOP AT it_sought ASSIGNING <ls_sought>.
    CLEAR ls_found.
    ls_found-reference = <ls_sought>-reference.
    SELECT SINGLE document FROM zerpsync_ref INTO ls_found-document
      WHERE kind = <ls_sought>-kind AND reference = <ls_sought>-reference.
    IF sy-subrc = 0.
      APPEND ls_found TO et_found.
    ENDIF.
    CHECK <ls_sought>-kind = 'O' AND strlen( <ls_sought>-reference ) <= 35.
    lv_bstkd = <ls_sought>-reference.
    SELECT vbak~vbeln FROM vbkd INNER JOIN vbak ON vbak~vbeln = vbkd~vbeln
      INTO lv_vbeln
      WHERE vbkd~bstkd = lv_bstkd AND vbkd~posnr = '000000' AND vbak~vbtyp = 'C'.
      IF lv_vbeln <> ls_found-document.
        ls_found-document = lv_vbeln.
        APPEND ls_found TO et_found.
      ENDIF.
    ENDSELECT.
  ENDLOOP.

ENDFUNCTION.

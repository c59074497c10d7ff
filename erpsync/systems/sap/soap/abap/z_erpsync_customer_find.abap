FUNCTION z_erpsync_customer_find.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IT_SOUGHT) TYPE  ZERPSYNC_T_SOUGHT
*"  EXPORTING
*"     VALUE(ET_FOUND) TYPE  ZERPSYNC_T_FOUND
*"     VALUE(ET_RETURN) TYPE  ZERPSYNC_T_MESSAGE
*"----------------------------------------------------------------------
* Customers under a reference, and those with an e-mail address. ADR6-SMTP_SRCH holds the first 20
* characters in capitals and has an index; the whole address is compared afterwards.

  DATA: ls_found  TYPE zerpsync_s_found,
        lv_search TYPE adr6-smtp_srch,
        lv_sought TYPE adr6-smtp_addr,
        lv_email  TYPE adr6-smtp_addr,
        lv_kunnr  TYPE kunnr.
  FIELD-SYMBOLS <ls_sought> TYPE zerpsync_s_sought.

  LOOP AT it_sought ASSIGNING <ls_sought>.
    CLEAR ls_found.
    ls_found-reference = <ls_sought>-reference.
    SELECT SINGLE document FROM zerpsync_ref INTO ls_found-document
      WHERE kind = 'C' AND reference = <ls_sought>-reference.
    IF sy-subrc = 0.
      APPEND ls_found TO et_found.
    ENDIF.
    CHECK <ls_sought>-email IS NOT INITIAL.
    ls_found-by_email = 'X'.
    lv_sought = <ls_sought>-email.
    TRANSLATE lv_sought TO UPPER CASE.
    lv_search = lv_sought.
    SELECT kna1~kunnr adr6~smtp_addr FROM adr6
      INNER JOIN kna1 ON kna1~adrnr = adr6~addrnumber
      INTO (lv_kunnr, lv_email)
      WHERE adr6~smtp_srch = lv_search AND adr6~persnumber = space AND kna1~loevm = space.
      TRANSLATE lv_email TO UPPER CASE.
      IF lv_email = lv_sought.
        ls_found-document = lv_kunnr.
        APPEND ls_found TO et_found.
      ENDIF.
    ENDSELECT.
  ENDLOOP.
  SORT et_found BY reference by_email document.
  DELETE ADJACENT DUPLICATES FROM et_found.

ENDFUNCTION.

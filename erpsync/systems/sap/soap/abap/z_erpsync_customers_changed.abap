FUNCTION z_erpsync_customers_changed.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IV_VKORG) TYPE  VKORG
*"     VALUE(IV_VTWEG) TYPE  VTWEG
*"     VALUE(IV_SPART) TYPE  SPART
*"     VALUE(IV_SINCE) TYPE  TIMESTAMP
*"     VALUE(IV_CURSOR) TYPE  CHAR40
*"     VALUE(IV_LIMIT) TYPE  I
*"  EXPORTING
*"     VALUE(ET_CUSTOMER) TYPE  ZERPSYNC_T_CUSTOMER_OUT
*"     VALUE(EV_NOW) TYPE  TIMESTAMP
*"     VALUE(EV_CURSOR) TYPE  CHAR40
*"----------------------------------------------------------------------
* Customers of the sales area with change documents (class DEBI) since then, or all; by number, above the
* cursor. EV_NOW is taken before anything is read.

  TYPES ty_kunnr TYPE RANGE OF kunnr.
  DATA: lt_changed TYPE ty_objects,
        lt_range   TYPE ty_kunnr,
        ls_range   TYPE LINE OF ty_kunnr,
        lt_kunnr   TYPE STANDARD TABLE OF kunnr,
        lv_kunnr   TYPE kunnr,
        lv_limit   TYPE i,
        lv_date    TYPE d,
        lv_time    TYPE t,
        lv_person  TYPE tsad3-person,
        ls_kna1    TYPE kna1,
        ls_out     TYPE zerpsync_s_customer_out.
  FIELD-SYMBOLS <lv_object> TYPE cdhdr-objectid.

  GET TIME STAMP FIELD ev_now.
  lv_kunnr = iv_cursor.
  lv_limit = iv_limit + 1.                       " one more tells that there is a next page
  IF iv_since IS INITIAL.
    SELECT kunnr FROM knvv INTO TABLE lt_kunnr UP TO lv_limit ROWS
      WHERE kunnr > lv_kunnr AND vkorg = iv_vkorg AND vtweg = iv_vtweg AND spart = iv_spart
      ORDER BY kunnr.
  ELSE.
    PERFORM local USING iv_since CHANGING lv_date lv_time.
    PERFORM changed USING 'DEBI' lv_date lv_time CHANGING lt_changed.
    ls_range-sign = 'I'.
    ls_range-option = 'EQ'.
    LOOP AT lt_changed ASSIGNING <lv_object>.
      ls_range-low = <lv_object>.
      CHECK ls_range-low > lv_kunnr.
      APPEND ls_range TO lt_range.
      IF lines( lt_range ) >= 2 * lv_limit.      " enough for a page, short enough for the statement
        EXIT.
      ENDIF.
    ENDLOOP.
    IF lt_range IS NOT INITIAL.
      SELECT kunnr FROM knvv INTO TABLE lt_kunnr
        WHERE kunnr IN lt_range AND vkorg = iv_vkorg AND vtweg = iv_vtweg AND spart = iv_spart
        ORDER BY kunnr.
      IF lines( lt_range ) >= 2 * lv_limit AND lines( lt_kunnr ) <= iv_limit.
        ev_cursor = ls_range-low.                " the rest is of other sales areas: go on behind it
      ENDIF.
    ENDIF.
  ENDIF.
  IF lines( lt_kunnr ) > iv_limit.
    DELETE lt_kunnr FROM iv_limit + 1.
    READ TABLE lt_kunnr INTO lv_kunnr INDEX iv_limit.
    ev_cursor = lv_kunnr.
  ENDIF.

  LOOP AT lt_kunnr INTO lv_kunnr.
    CLEAR: ls_out, lv_person.
    SELECT SINGLE * FROM kna1 INTO ls_kna1 WHERE kunnr = lv_kunnr.
    CHECK sy-subrc = 0.
    ls_out-kunnr = lv_kunnr.
    SELECT SINGLE reference FROM zerpsync_ref INTO ls_out-reference
      WHERE kind = 'C' AND document = lv_kunnr.
    SELECT SINGLE tsad3~person FROM adrc INNER JOIN tsad3 ON tsad3~title = adrc~title
      INTO lv_person WHERE adrc~addrnumber = ls_kna1-adrnr.
    IF lv_person = 'X'.                          " ECC keeps a person's last name in NAME1
      ls_out-lastname = ls_kna1-name1.
      ls_out-firstname = ls_kna1-name2.
    ELSE.
      ls_out-company = ls_kna1-name1.
    ENDIF.
    ls_out-phone = ls_kna1-telf1.
    SELECT SINGLE smtp_addr FROM adr6 INTO ls_out-email
      WHERE addrnumber = ls_kna1-adrnr AND persnumber = space AND flgdefault = 'X'.
    SELECT SINGLE kdgrp FROM knvv INTO ls_out-kdgrp
      WHERE kunnr = lv_kunnr AND vkorg = iv_vkorg AND vtweg = iv_vtweg AND spart = iv_spart.
    IF ls_kna1-loevm = 'X' OR ls_kna1-aufsd IS NOT INITIAL.
      ls_out-blocked = 'X'.
    ENDIF.
    APPEND ls_out TO et_customer.
  ENDLOOP.

ENDFUNCTION.

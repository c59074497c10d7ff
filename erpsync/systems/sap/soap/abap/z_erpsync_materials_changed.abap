FUNCTION z_erpsync_materials_changed.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IV_VKORG) TYPE  VKORG
*"     VALUE(IV_VTWEG) TYPE  VTWEG
*"     VALUE(IV_SINCE) TYPE  TIMESTAMP
*"     VALUE(IV_CURSOR) TYPE  CHAR40
*"     VALUE(IV_LIMIT) TYPE  I
*"  EXPORTING
*"     VALUE(ET_MATERIAL) TYPE  ZERPSYNC_T_MATERIAL
*"     VALUE(EV_NOW) TYPE  TIMESTAMP
*"     VALUE(EV_CURSOR) TYPE  CHAR40
*"----------------------------------------------------------------------
* Materials of the sales area with change documents (class MATERIAL) since then, or all; by number, above
* the cursor. The cursor is the table's number, the rows carry the one that screens show.

  TYPES ty_matnr TYPE RANGE OF matnr.
  DATA: lt_changed TYPE ty_objects,
        lt_range   TYPE ty_matnr,
        ls_range   TYPE LINE OF ty_matnr,
        lt_matnr   TYPE STANDARD TABLE OF matnr,
        lv_matnr   TYPE matnr,
        lv_limit   TYPE i,
        lv_date    TYPE d,
        lv_time    TYPE t,
        ls_mara    TYPE mara,
        ls_mvke    TYPE mvke,
        ls_out     TYPE zerpsync_s_material.
  FIELD-SYMBOLS <lv_object> TYPE cdhdr-objectid.

  GET TIME STAMP FIELD ev_now.
  lv_matnr = iv_cursor.
  lv_limit = iv_limit + 1.
  IF iv_since IS INITIAL.
    SELECT matnr FROM mvke INTO TABLE lt_matnr UP TO lv_limit ROWS
      WHERE matnr > lv_matnr AND vkorg = iv_vkorg AND vtweg = iv_vtweg
      ORDER BY matnr.
  ELSE.
    PERFORM local USING iv_since CHANGING lv_date lv_time.
    PERFORM changed USING 'MATERIAL' lv_date lv_time CHANGING lt_changed.
    ls_range-sign = 'I'.
    ls_range-option = 'EQ'.
    LOOP AT lt_changed ASSIGNING <lv_object>.
      ls_range-low = <lv_object>.
      CHECK ls_range-low > lv_matnr.
      APPEND ls_range TO lt_range.
      IF lines( lt_range ) >= 2 * lv_limit.
        EXIT.
      ENDIF.
    ENDLOOP.
    IF lt_range IS NOT INITIAL.
      SELECT matnr FROM mvke INTO TABLE lt_matnr
        WHERE matnr IN lt_range AND vkorg = iv_vkorg AND vtweg = iv_vtweg
        ORDER BY matnr.
      IF lines( lt_range ) >= 2 * lv_limit AND lines( lt_matnr ) <= iv_limit.
        ev_cursor = ls_range-low.
      ENDIF.
    ENDIF.
  ENDIF.
  IF lines( lt_matnr ) > iv_limit.
    DELETE lt_matnr FROM iv_limit + 1.
    READ TABLE lt_matnr INTO lv_matnr INDEX iv_limit.
    ev_cursor = lv_matnr.
  ENDIF.

  LOOP AT lt_matnr INTO lv_matnr.
    CLEAR ls_out.
    SELECT SINGLE * FROM mara INTO ls_mara WHERE matnr = lv_matnr.
    CHECK sy-subrc = 0.
    SELECT SINGLE * FROM mvke INTO ls_mvke
      WHERE matnr = lv_matnr AND vkorg = iv_vkorg AND vtweg = iv_vtweg.
    MOVE-CORRESPONDING ls_mara TO ls_out.        " MATKL EAN11 BRGEW GEWEI LVORM MSTAV
    PERFORM material_out USING lv_matnr CHANGING ls_out-matnr.
    ls_out-vmsta = ls_mvke-vmsta.
    IF ls_mvke-lvorm = 'X'.
      ls_out-lvorm = 'X'.
    ENDIF.
    SELECT SINGLE maktx FROM makt INTO ls_out-maktx WHERE matnr = lv_matnr AND spras = sy-langu.
    SELECT SINGLE wgbez FROM t023t INTO ls_out-wgbez WHERE spras = sy-langu AND matkl = ls_mara-matkl.
    PERFORM stamp USING ls_mara-laeda gc_noon CHANGING ls_out-changed_at.   " MARA keeps the day only
    APPEND ls_out TO et_material.
  ENDLOOP.

ENDFUNCTION.

FUNCTION z_erpsync_stock.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IV_SINCE) TYPE  TIMESTAMP
*"     VALUE(IV_CURSOR) TYPE  CHAR40
*"     VALUE(IV_LIMIT) TYPE  I
*"     VALUE(IT_LOCATION) TYPE  ZERPSYNC_T_LOCATION
*"     VALUE(IT_WANTED) TYPE  ZERPSYNC_T_WANTED
*"  EXPORTING
*"     VALUE(ET_STOCK) TYPE  ZERPSYNC_T_STOCK
*"     VALUE(EV_NOW) TYPE  TIMESTAMP
*"     VALUE(EV_CURSOR) TYPE  CHAR40
*"----------------------------------------------------------------------
* Unrestricted stock (MARD-LABST) per storage location asked for, and what of it is promised: open sales
* requirements (VBBE, orders and deliveries not yet issued) and open reservations (RESB). Neither MARD nor
* VBBE tells when it changed, so IV_SINCE is not used and erpsync compares. Materials in IT_WANTED are told
* alone and all at once, without a limit, also those that no storage location has held yet.
* VBBE has a record per requirement only where the availability check writes individual requirements; with
* totals (checking groups that write VBBS, ECC only) read VBBS as well. Storage locations under WM or EWM
* hold the same quantities in MARD as their quants (LQUA) do, apart from what is between them.

  TYPES: BEGIN OF ty_sum,
           matnr TYPE matnr,
           werks TYPE werks_d,
           lgort TYPE lgort_d,
           labst TYPE zerpsync_s_stock-labst,
           reserved TYPE zerpsync_s_stock-reserved,
         END OF ty_sum.
  DATA: lt_matnr TYPE SORTED TABLE OF matnr WITH UNIQUE KEY table_line,
        lt_sum   TYPE SORTED TABLE OF ty_sum WITH UNIQUE KEY matnr werks lgort,
        lt_plant TYPE RANGE OF werks_d,
        ls_plant LIKE LINE OF lt_plant,
        ls_sum   TYPE ty_sum,
        lv_matnr TYPE matnr,
        lv_limit TYPE i,
        lv_needed TYPE resb-bdmng,
        lv_issued TYPE resb-enmng,
        ls_out   TYPE zerpsync_s_stock.
  FIELD-SYMBOLS: <ls_location> TYPE zerpsync_s_location,
                 <ls_wanted>   TYPE zerpsync_s_wanted.

  GET TIME STAMP FIELD ev_now.
  lv_matnr = iv_cursor.
  lv_limit = iv_limit + 1.
  ls_plant-sign = 'I'.
  ls_plant-option = 'EQ'.
  LOOP AT it_location ASSIGNING <ls_location>.
    ls_plant-low = <ls_location>-werks.
    APPEND ls_plant TO lt_plant.
  ENDLOOP.
  CHECK lt_plant IS NOT INITIAL.
  LOOP AT it_wanted ASSIGNING <ls_wanted>.
    PERFORM material_in USING <ls_wanted>-matnr CHANGING lv_matnr.
    SELECT SINGLE matnr FROM mara INTO lv_matnr WHERE matnr = lv_matnr.
    CHECK sy-subrc = 0.
    INSERT lv_matnr INTO TABLE lt_matnr.         " one that is named twice is told once
  ENDLOOP.
  IF it_wanted IS INITIAL.
    SELECT DISTINCT matnr FROM mard INTO TABLE lt_matnr UP TO lv_limit ROWS
      WHERE matnr > lv_matnr AND werks IN lt_plant
      ORDER BY matnr.
  ENDIF.
  IF it_wanted IS INITIAL AND lines( lt_matnr ) > iv_limit.
    DELETE lt_matnr INDEX lv_limit.
    READ TABLE lt_matnr INTO lv_matnr INDEX iv_limit.
    ev_cursor = lv_matnr.
  ENDIF.

  LOOP AT lt_matnr INTO lv_matnr.
    CLEAR lt_sum.
    CLEAR ls_sum.
    SELECT matnr werks lgort labst FROM mard INTO CORRESPONDING FIELDS OF ls_sum
      WHERE matnr = lv_matnr AND werks IN lt_plant.
      COLLECT ls_sum INTO lt_sum.
    ENDSELECT.
    CLEAR ls_sum.
    SELECT matnr werks lgort omeng AS reserved FROM vbbe INTO CORRESPONDING FIELDS OF ls_sum
      WHERE matnr = lv_matnr AND werks IN lt_plant.
      COLLECT ls_sum INTO lt_sum.
    ENDSELECT.
    CLEAR ls_sum.
    SELECT matnr werks lgort bdmng enmng FROM resb
      INTO (ls_sum-matnr, ls_sum-werks, ls_sum-lgort, lv_needed, lv_issued)
      WHERE matnr = lv_matnr AND werks IN lt_plant AND xloek = space AND kzear = space AND shkzg = 'H'.
      ls_sum-reserved = lv_needed - lv_issued.
      COLLECT ls_sum INTO lt_sum.
    ENDSELECT.
    IF it_wanted IS NOT INITIAL.                 " none of it anywhere is told as none
      READ TABLE it_location ASSIGNING <ls_location> INDEX 1.
      CLEAR ls_sum.
      ls_sum-matnr = lv_matnr.
      ls_sum-werks = <ls_location>-werks.
      ls_sum-lgort = <ls_location>-lgort.
      COLLECT ls_sum INTO lt_sum.
    ENDIF.
    LOOP AT lt_sum INTO ls_sum.
      IF ls_sum-lgort IS NOT INITIAL.            " a plant's promise without a storage location counts too
        READ TABLE it_location TRANSPORTING NO FIELDS
          WITH KEY werks = ls_sum-werks lgort = ls_sum-lgort.
        CHECK sy-subrc = 0.
      ENDIF.
      CLEAR ls_out.
      MOVE-CORRESPONDING ls_sum TO ls_out.
      PERFORM material_out USING ls_sum-matnr CHANGING ls_out-matnr.
      SELECT SINGLE meins FROM mara INTO ls_out-meins WHERE matnr = ls_sum-matnr.
      APPEND ls_out TO et_stock.
    ENDLOOP.
  ENDLOOP.

ENDFUNCTION.

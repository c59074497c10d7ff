FUNCTION z_erpsync_prices_changed.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IV_VKORG) TYPE  VKORG
*"     VALUE(IV_VTWEG) TYPE  VTWEG
*"     VALUE(IV_SINCE) TYPE  TIMESTAMP
*"     VALUE(IV_CURSOR) TYPE  CHAR40
*"     VALUE(IV_LIMIT) TYPE  I
*"     VALUE(IV_KSCHL) TYPE  KSCHA
*"     VALUE(IT_PRICE_LIST) TYPE  ZERPSYNC_T_PRICE_LIST
*"  EXPORTING
*"     VALUE(ET_PRICE) TYPE  ZERPSYNC_T_PRICE
*"     VALUE(EV_NOW) TYPE  TIMESTAMP
*"     VALUE(EV_CURSOR) TYPE  CHAR40
*"----------------------------------------------------------------------
* Prices that are valid today, by material above the cursor: A304 (sales organisation, channel, material)
* as base prices, A306 (price list type, currency, material) for the lists asked for, with their scales.
* IV_SINCE is not used: a price begins to count by its date, with no change at all, so all are told.

  TYPES: BEGIN OF ty_record,
           matnr TYPE matnr,
           pltyp TYPE pltyp,
           knumh TYPE knumh,
         END OF ty_record.
  DATA: lt_matnr  TYPE STANDARD TABLE OF matnr,
        lt_record TYPE STANDARD TABLE OF ty_record,
        ls_record TYPE ty_record,
        lv_matnr  TYPE matnr,
        lv_limit  TYPE i,
        lv_konms  TYPE konm-kstbm,
        lv_kbetr  TYPE konm-kbetr,
        lv_ext    TYPE bapicurr-bapicurr,
        ls_konp   TYPE konp,
        ls_out    TYPE zerpsync_s_price.
  FIELD-SYMBOLS <ls_list> TYPE zerpsync_s_price_list.

  GET TIME STAMP FIELD ev_now.
  lv_matnr = iv_cursor.
  lv_limit = iv_limit + 1.
  SELECT matnr FROM mvke INTO TABLE lt_matnr UP TO lv_limit ROWS
    WHERE matnr > lv_matnr AND vkorg = iv_vkorg AND vtweg = iv_vtweg
    ORDER BY matnr.
  IF lines( lt_matnr ) > iv_limit.
    DELETE lt_matnr FROM iv_limit + 1.
    READ TABLE lt_matnr INTO lv_matnr INDEX iv_limit.
    ev_cursor = lv_matnr.
  ENDIF.

  LOOP AT lt_matnr INTO lv_matnr.
    CLEAR lt_record.
    ls_record-matnr = lv_matnr.
    CLEAR ls_record-pltyp.
    SELECT knumh FROM a304 INTO ls_record-knumh UP TO 1 ROWS
      WHERE kappl = 'V' AND kschl = iv_kschl AND vkorg = iv_vkorg AND vtweg = iv_vtweg
        AND matnr = lv_matnr AND datbi >= sy-datum AND datab <= sy-datum.
      APPEND ls_record TO lt_record.
    ENDSELECT.
    LOOP AT it_price_list ASSIGNING <ls_list>.
      ls_record-pltyp = <ls_list>-pltyp.
      SELECT knumh FROM a306 INTO ls_record-knumh
        WHERE kappl = 'V' AND kschl = iv_kschl AND vkorg = iv_vkorg AND vtweg = iv_vtweg
          AND pltyp = <ls_list>-pltyp AND matnr = lv_matnr AND datbi >= sy-datum AND datab <= sy-datum.
        APPEND ls_record TO lt_record.
      ENDSELECT.
    ENDLOOP.
    LOOP AT lt_record INTO ls_record.
      SELECT SINGLE * FROM konp INTO ls_konp
        WHERE knumh = ls_record-knumh AND kopos = '01' AND loevm_ko = space.
      CHECK sy-subrc = 0.
      CLEAR ls_out.
      PERFORM material_out USING lv_matnr CHANGING ls_out-matnr.
      ls_out-pltyp = ls_record-pltyp.
      ls_out-konwa = ls_konp-konwa.
      ls_out-kpein = ls_konp-kpein.
      ls_out-kmein = ls_konp-kmein.
      IF ls_konp-kzbzg = 'C'.                    " quantity scale: each step is a price of its own
        SELECT kstbm kbetr FROM konm INTO (lv_konms, lv_kbetr)
          WHERE knumh = ls_record-knumh AND kopos = '01'.
          PERFORM external USING ls_konp-konwa lv_kbetr CHANGING lv_ext.
          ls_out-kbetr = lv_ext.
          ls_out-kstbm = lv_konms.
          APPEND ls_out TO et_price.
        ENDSELECT.
      ELSE.
        PERFORM external USING ls_konp-konwa ls_konp-kbetr CHANGING lv_ext.
        ls_out-kbetr = lv_ext.
        ls_out-kstbm = 1.
        APPEND ls_out TO et_price.
      ENDIF.
    ENDLOOP.
  ENDLOOP.

ENDFUNCTION.

FUNCTION z_erpsync_progress_changed.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IV_SINCE) TYPE  TIMESTAMP
*"     VALUE(IV_CURSOR) TYPE  CHAR40
*"     VALUE(IV_LIMIT) TYPE  I
*"  EXPORTING
*"     VALUE(ET_ORDER) TYPE  ZERPSYNC_T_PROGRESS
*"     VALUE(ET_ITEM) TYPE  ZERPSYNC_T_PROGRESS_ITEM
*"     VALUE(ET_DELIVERY) TYPE  ZERPSYNC_T_DELIVERY
*"     VALUE(ET_DELIVERY_ITEM) TYPE  ZERPSYNC_T_DELIVERY_ITEM
*"     VALUE(ET_INVOICE) TYPE  ZERPSYNC_T_INVOICE
*"     VALUE(EV_NOW) TYPE  TIMESTAMP
*"     VALUE(EV_CURSOR) TYPE  CHAR40
*"----------------------------------------------------------------------
* Sales orders of ours (ZERPSYNC_REF) that changed since then, each with all its deliveries and invoices.
* Changed means: made; change documents of the order (VERKBELEG) or of a delivery (LIEFERUNG, goods issue
* included); a delivery or billing document made. Quantities are told, not statuses: those are in VBUK in
* ECC and in VBAK in S/4HANA.

  TYPES: BEGIN OF ty_order,
           vbeln TYPE zerpsync_ref-document,
           reference TYPE zerpsync_ref-reference,
         END OF ty_order.
  DATA: lt_changed TYPE ty_objects,
        lt_order   TYPE STANDARD TABLE OF ty_order,
        ls_order   TYPE ty_order,
        lv_cursor  TYPE zerpsync_ref-document,
        lv_vbeln   TYPE vbeln_va,
        lv_limit   TYPE i,
        lv_date    TYPE d,
        lv_time    TYPE t,
        ls_out     TYPE zerpsync_s_progress.
  FIELD-SYMBOLS <lv_object> TYPE cdhdr-objectid.

  GET TIME STAMP FIELD ev_now.
  lv_cursor = iv_cursor.
  lv_limit = iv_limit + 1.
  IF iv_since IS INITIAL.
    SELECT document reference FROM zerpsync_ref INTO TABLE lt_order UP TO lv_limit ROWS
      WHERE kind = 'O' AND document > lv_cursor
      ORDER BY document.
  ELSE.
    PERFORM local USING iv_since CHANGING lv_date lv_time.
    PERFORM changed_orders USING lv_date lv_time CHANGING lt_changed.
    LOOP AT lt_changed ASSIGNING <lv_object>.    " sorted by number
      ls_order-vbeln = <lv_object>.
      CHECK ls_order-vbeln > lv_cursor.
      SELECT SINGLE reference FROM zerpsync_ref INTO ls_order-reference
        WHERE kind = 'O' AND document = ls_order-vbeln.
      CHECK sy-subrc = 0.                        " not from a store
      APPEND ls_order TO lt_order.
      IF lines( lt_order ) = lv_limit.
        EXIT.
      ENDIF.
    ENDLOOP.
  ENDIF.
  IF lines( lt_order ) > iv_limit.
    DELETE lt_order FROM iv_limit + 1.
    READ TABLE lt_order INTO ls_order INDEX iv_limit.
    ev_cursor = ls_order-vbeln.
  ENDIF.

  LOOP AT lt_order INTO ls_order.
    CLEAR ls_out.
    ls_out-vbeln = lv_vbeln = ls_order-vbeln.
    ls_out-reference = ls_order-reference.
    ls_out-changed_at = ev_now.
    APPEND ls_out TO et_order.
    PERFORM follow_up USING lv_vbeln CHANGING et_item et_delivery et_delivery_item et_invoice.
  ENDLOOP.

ENDFUNCTION.

*----------------------------------------------------------------------*
* Orders touched since then. From a delivery or a billing document back to its orders by its own items,
* not by VBFA: S/4HANA keeps direct neighbours only there, and an invoice of a delivery is no neighbour of
* the order. On systems with very many documents give LIKP and VBRK a secondary index on ERDAT.
*----------------------------------------------------------------------*
FORM changed_orders USING iv_date TYPE d iv_time TYPE t CHANGING ct_orders TYPE ty_objects.
  DATA: lt_deliveries TYPE ty_objects,
        lt_vbeln      TYPE STANDARD TABLE OF vbeln,
        lv_vbeln      TYPE vbeln,
        lv_order      TYPE cdhdr-objectid.
  FIELD-SYMBOLS <lv_object> TYPE cdhdr-objectid.

  PERFORM changed USING 'VERKBELEG' iv_date iv_time CHANGING ct_orders.
  SELECT vbeln FROM vbak INTO lv_order
    WHERE vbtyp = 'C' AND ( erdat > iv_date OR ( erdat = iv_date AND erzet >= iv_time ) ).
    INSERT lv_order INTO TABLE ct_orders.
  ENDSELECT.
  PERFORM changed USING 'LIEFERUNG' iv_date iv_time CHANGING lt_deliveries.
  SELECT vbeln FROM likp INTO lv_order
    WHERE erdat > iv_date OR ( erdat = iv_date AND erzet >= iv_time ).
    INSERT lv_order INTO TABLE lt_deliveries.
  ENDSELECT.
  LOOP AT lt_deliveries ASSIGNING <lv_object>.
    lv_vbeln = <lv_object>.
    SELECT DISTINCT vgbel FROM lips INTO lv_order WHERE vbeln = lv_vbeln AND vgtyp = 'C'.
      INSERT lv_order INTO TABLE ct_orders.
    ENDSELECT.
  ENDLOOP.
  SELECT vbeln FROM vbrk INTO TABLE lt_vbeln
    WHERE erdat > iv_date OR ( erdat = iv_date AND erzet >= iv_time ).
  LOOP AT lt_vbeln INTO lv_vbeln.
    SELECT DISTINCT aubel FROM vbrp INTO lv_order WHERE vbeln = lv_vbeln.
      INSERT lv_order INTO TABLE ct_orders.
    ENDSELECT.
  ENDLOOP.
ENDFORM.

*----------------------------------------------------------------------*
* All of one order: what was ordered, issued and billed per item; deliveries with a goods issue; invoices
* that were not cancelled, each with this order's part of it. RFMNG and FKLMG are in the stock unit: where
* you sell in another, convert KWMENG by UMVKZ and UMVKN of VBAP.
*----------------------------------------------------------------------*
FORM follow_up USING iv_vbeln TYPE vbeln_va
               CHANGING ct_item TYPE zerpsync_t_progress_item
                        ct_delivery TYPE zerpsync_t_delivery
                        ct_delivery_item TYPE zerpsync_t_delivery_item
                        ct_invoice TYPE zerpsync_t_invoice.
  DATA: ls_item TYPE zerpsync_s_progress_item,
        ls_ship TYPE zerpsync_s_delivery,
        ls_part TYPE zerpsync_s_delivery_item,
        lt_flow TYPE STANDARD TABLE OF vbfa,
        lt_bill TYPE STANDARD TABLE OF vbeln,
        lv_bill TYPE vbeln,
        ls_likp TYPE likp,
        lv_matnr TYPE matnr.
  FIELD-SYMBOLS: <ls_flow> TYPE vbfa,
                 <ls_item> TYPE zerpsync_s_progress_item.

  SELECT posnr matnr kwmeng abgru FROM vbap INTO (ls_item-posnr, lv_matnr, ls_item-kwmeng, ls_item-abgru)
    WHERE vbeln = iv_vbeln.
    ls_item-vbeln = iv_vbeln.
    PERFORM material_out USING lv_matnr CHANGING ls_item-matnr.
    APPEND ls_item TO ct_item.
  ENDSELECT.
  SELECT * FROM vbfa INTO TABLE lt_flow WHERE vbelv = iv_vbeln AND vbtyp_n = 'J'.
  LOOP AT lt_flow ASSIGNING <ls_flow>.
    SELECT vbeln FROM vbfa APPENDING TABLE lt_bill WHERE vbelv = <ls_flow>-vbeln AND vbtyp_n = 'M'.
    READ TABLE ct_item ASSIGNING <ls_item> WITH KEY vbeln = iv_vbeln posnr = <ls_flow>-posnv.
    CHECK sy-subrc = 0.
    SELECT SINGLE * FROM likp INTO ls_likp WHERE vbeln = <ls_flow>-vbeln.
    CHECK sy-subrc = 0 AND ls_likp-wadat_ist IS NOT INITIAL.     " only what has left
    <ls_item>-shipped = <ls_item>-shipped + <ls_flow>-rfmng.
    READ TABLE ct_delivery TRANSPORTING NO FIELDS WITH KEY vbeln = iv_vbeln delivery = <ls_flow>-vbeln.
    IF sy-subrc <> 0.
      CLEAR ls_ship.
      ls_ship-vbeln = iv_vbeln.
      ls_ship-delivery = <ls_flow>-vbeln.
      ls_ship-carrier = ls_likp-traty.           " or the forwarding agent, VBPA-PARVW = 'SP'
      ls_ship-tracking = ls_likp-bolnr.          " bill of lading; take your parcel solution's field
      PERFORM stamp USING ls_likp-wadat_ist gc_noon CHANGING ls_ship-shipped_at.
      APPEND ls_ship TO ct_delivery.
    ENDIF.
    ls_part-vbeln = iv_vbeln.
    ls_part-delivery = <ls_flow>-vbeln.
    ls_part-matnr = <ls_item>-matnr.
    ls_part-lfimg = <ls_flow>-rfmng.
    APPEND ls_part TO ct_delivery_item.
  ENDLOOP.
  SELECT vbeln FROM vbfa APPENDING TABLE lt_bill WHERE vbelv = iv_vbeln AND vbtyp_n = 'M'.
  SORT lt_bill.
  DELETE ADJACENT DUPLICATES FROM lt_bill.
  LOOP AT lt_bill INTO lv_bill.
    PERFORM invoice USING iv_vbeln lv_bill CHANGING ct_item ct_invoice.
  ENDLOOP.
ENDFORM.

FORM invoice USING iv_vbeln TYPE vbeln_va
                   iv_bill TYPE vbeln
             CHANGING ct_item TYPE zerpsync_t_progress_item
                      ct_invoice TYPE zerpsync_t_invoice.
  DATA: ls_vbrk    TYPE vbrk,
        ls_vbrp    TYPE vbrp,
        ls_invoice TYPE zerpsync_s_invoice,
        lv_ext     TYPE bapicurr-bapicurr.
  FIELD-SYMBOLS <ls_item> TYPE zerpsync_s_progress_item.

  SELECT SINGLE * FROM vbrk INTO ls_vbrk WHERE vbeln = iv_bill.
  CHECK sy-subrc = 0 AND ls_vbrk-fksto = space.
  SELECT * FROM vbrp INTO ls_vbrp WHERE vbeln = iv_bill AND aubel = iv_vbeln.
    PERFORM external USING ls_vbrk-waerk ls_vbrp-netwr CHANGING lv_ext.
    ls_invoice-total = ls_invoice-total + lv_ext.
    PERFORM external USING ls_vbrk-waerk ls_vbrp-mwsbp CHANGING lv_ext.
    ls_invoice-total = ls_invoice-total + lv_ext.
    READ TABLE ct_item ASSIGNING <ls_item> WITH KEY vbeln = iv_vbeln posnr = ls_vbrp-aupos.
    CHECK sy-subrc = 0.
    <ls_item>-billed = <ls_item>-billed + ls_vbrp-fklmg.
  ENDSELECT.
  ls_invoice-vbeln = iv_vbeln.
  ls_invoice-invoice = iv_bill.
  ls_invoice-waerk = ls_vbrk-waerk.
  PERFORM stamp USING ls_vbrk-erdat ls_vbrk-erzet CHANGING ls_invoice-issued_at.
  APPEND ls_invoice TO ct_invoice.
ENDFORM.

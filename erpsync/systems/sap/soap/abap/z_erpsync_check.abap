FUNCTION z_erpsync_check.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IV_VKORG) TYPE  VKORG
*"     VALUE(IV_VTWEG) TYPE  VTWEG
*"     VALUE(IV_SPART) TYPE  SPART
*"     VALUE(IV_BUKRS) TYPE  BUKRS
*"     VALUE(IT_LOOKUP) TYPE  ZERPSYNC_T_LOOKUP
*"  EXPORTING
*"     VALUE(ET_LOOKUP) TYPE  ZERPSYNC_T_LOOKUP
*"     VALUE(ET_RETURN) TYPE  ZERPSYNC_T_MESSAGE
*"----------------------------------------------------------------------
* Which of the codes in the connection's settings this system has, and which rights the user has. Reads
* customizing only. A kind that is not known here counts as not found.

  DATA: lv_a     TYPE char40,
        lv_b     TYPE char40,
        lv_c     TYPE char40,
        lv_matnr TYPE matnr,
        lv_kunnr TYPE kunnr,
        lv_saknr TYPE saknr,
        lv_one   TYPE i,
        ls_head  TYPE bapisdhd1,
        ls_ext   TYPE bape_vbak,
        ls_person  TYPE bapikna101_1,
        ls_company TYPE bapikna106.
  FIELD-SYMBOLS: <ls_lookup> TYPE zerpsync_s_lookup,
                 <lv_field>  TYPE any.

  et_lookup = it_lookup.
  LOOP AT et_lookup ASSIGNING <ls_lookup>.
    CLEAR: lv_one, <ls_lookup>-found, lv_a, lv_b, lv_c.
    SPLIT <ls_lookup>-value AT '/' INTO lv_a lv_b lv_c.
    CASE <ls_lookup>-kind.
      WHEN 'AUTH'.                               " object/activity; the object's other fields are not asked
        AUTHORITY-CHECK OBJECT lv_a ID 'ACTVT' FIELD lv_b.
        IF sy-subrc = 0.
          lv_one = 1.
        ENDIF.
      WHEN 'AREA'.
        SELECT COUNT(*) FROM tvta INTO lv_one WHERE vkorg = lv_a AND vtweg = lv_b AND spart = lv_c.
      WHEN 'BUKRS'.
        SELECT COUNT(*) FROM t001 INTO lv_one WHERE bukrs = lv_a.
      WHEN 'AUART'.
        SELECT COUNT(*) FROM tvak INTO lv_one WHERE auart = lv_a.
      WHEN 'WERKS'.
        SELECT COUNT(*) FROM t001w INTO lv_one WHERE werks = lv_a.
      WHEN 'LGORT'.
        SELECT COUNT(*) FROM t001l INTO lv_one WHERE werks = lv_a AND lgort = lv_b.
      WHEN 'KSCHL'.
        SELECT COUNT(*) FROM t685 INTO lv_one WHERE kvewe = 'A' AND kappl = 'V' AND kschl = lv_a.
      WHEN 'WAERS'.
        SELECT COUNT(*) FROM tcurc INTO lv_one WHERE waers = lv_a.
      WHEN 'VSBED'.
        SELECT COUNT(*) FROM tvsb INTO lv_one WHERE vsbed = lv_a.
      WHEN 'KDGRP'.
        SELECT COUNT(*) FROM t151 INTO lv_one WHERE kdgrp = lv_a.
      WHEN 'ABGRU'.
        SELECT COUNT(*) FROM tvag INTO lv_one WHERE abgru = lv_a.
      WHEN 'AUGRU'.
        SELECT COUNT(*) FROM tvau INTO lv_one WHERE augru = lv_a.
      WHEN 'LIFSK'.
        SELECT COUNT(*) FROM tvls INTO lv_one WHERE lifsp = lv_a.
      WHEN 'PLTYP'.
        SELECT COUNT(*) FROM t189 INTO lv_one WHERE pltyp = lv_a.
      WHEN 'MWSKZ'.                              " of the company's calculation procedure
        SELECT COUNT(*) FROM t007a INNER JOIN t005 ON t005~kalsm = t007a~kalsm
          INNER JOIN t001 ON t001~land1 = t005~land1 INTO lv_one
          WHERE t001~bukrs = iv_bukrs AND t007a~mwskz = lv_a.
      WHEN 'SAKNR'.
        CALL FUNCTION 'CONVERSION_EXIT_ALPHA_INPUT'
          EXPORTING input = lv_a IMPORTING output = lv_saknr.
        SELECT COUNT(*) FROM skb1 INTO lv_one WHERE bukrs = iv_bukrs AND saknr = lv_saknr.
      WHEN 'KUNNR'.
        CALL FUNCTION 'CONVERSION_EXIT_ALPHA_INPUT'
          EXPORTING input = lv_a IMPORTING output = lv_kunnr.
        SELECT COUNT(*) FROM knvv INTO lv_one
          WHERE kunnr = lv_kunnr AND vkorg = iv_vkorg AND vtweg = iv_vtweg AND spart = iv_spart.
      WHEN 'MATNR'.
        PERFORM material_in USING <ls_lookup>-value CHANGING lv_matnr.
        SELECT COUNT(*) FROM mvke INTO lv_one
          WHERE matnr = lv_matnr AND vkorg = iv_vkorg AND vtweg = iv_vtweg.
      WHEN 'VFIELD'.                             " a field that IT_EXTRA of orders may name
        ASSIGN COMPONENT lv_a OF STRUCTURE ls_head TO <lv_field>.
        IF sy-subrc <> 0.
          ASSIGN COMPONENT lv_a OF STRUCTURE ls_ext TO <lv_field>.
        ENDIF.
        IF sy-subrc = 0.
          lv_one = 1.
        ENDIF.
      WHEN 'KFIELD'.                             " and of customers
        ASSIGN COMPONENT lv_a OF STRUCTURE ls_person TO <lv_field>.
        IF sy-subrc <> 0.
          ASSIGN COMPONENT lv_a OF STRUCTURE ls_company TO <lv_field>.
        ENDIF.
        IF sy-subrc = 0.
          lv_one = 1.
        ENDIF.
    ENDCASE.
    IF lv_one > 0.
      <ls_lookup>-found = 'X'.
    ENDIF.
  ENDLOOP.

ENDFUNCTION.

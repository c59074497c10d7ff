*----------------------------------------------------------------------*
* INCLUDE LZERPSYNCF01 of function group ZERPSYNC: what its modules share.
* Classic syntax throughout, so that it activates from NetWeaver 7.02 on.
*----------------------------------------------------------------------*
* In LZERPSYNCTOP:
*   FUNCTION-POOL zerpsync.
*   TYPES ty_objects TYPE SORTED TABLE OF cdhdr-objectid WITH UNIQUE KEY table_line.
*   CONSTANTS gc_most TYPE i VALUE 100.
*   CONSTANTS gc_noon TYPE t VALUE '120000'.              " for what has a day and no time
*   CONSTANTS gc_conditions TYPE tabname VALUE 'KONV'.   " S/4HANA: 'PRCD_ELEMENTS'

*----------------------------------------------------------------------*
* Lock of a reference. _SCOPE = '3': it belongs to this session and to the update task, and ends
* when the last of both lets go. If this session is killed while COMMIT WORK AND WAIT waits
* (rdisp/max_wprun_time), the update's half still stands until the document is in the database,
* so nobody can look in between. _SCOPE = '2' would end with the update, before our block; '1' with
* the session, before the update.
*----------------------------------------------------------------------*
FORM lock USING iv_kind TYPE char1
                iv_reference TYPE any
          CHANGING ct_return TYPE zerpsync_t_message
                   cv_locked TYPE abap_bool.
  CLEAR cv_locked.
  CALL FUNCTION 'ENQUEUE_EZERPSYNC'
    EXPORTING
      kind           = iv_kind
      reference      = iv_reference
      _scope         = '3'
      _wait          = space
    EXCEPTIONS
      foreign_lock   = 1
      system_failure = 2
      OTHERS         = 3.
  IF sy-subrc = 0.
    cv_locked = abap_true.
  ELSE.
    PERFORM say USING iv_reference 'E' '001' iv_reference '' '' CHANGING ct_return.
  ENDIF.
ENDFORM.

FORM unlock USING iv_kind TYPE char1 iv_reference TYPE any.
  CALL FUNCTION 'DEQUEUE_EZERPSYNC'
    EXPORTING
      kind      = iv_kind
      reference = iv_reference
      _scope    = '3'
      _synchron = 'X'.
ENDFORM.

*----------------------------------------------------------------------*
* The look, under the lock. Orders also by purchase order number: people enter orders by hand
* during an outage, with the number that they see on the others.
*----------------------------------------------------------------------*
FORM look USING iv_kind TYPE char1
                iv_reference TYPE any
          CHANGING cv_document TYPE char20.
  DATA lv_bstkd TYPE vbkd-bstkd.
  CLEAR cv_document.
  SELECT SINGLE document FROM zerpsync_ref INTO cv_document
    WHERE kind = iv_kind AND reference = iv_reference.
  CHECK sy-subrc <> 0 AND iv_kind = 'O' AND strlen( iv_reference ) <= 35.
  lv_bstkd = iv_reference.
  SELECT vbak~vbeln FROM vbkd INNER JOIN vbak ON vbak~vbeln = vbkd~vbeln
    INTO cv_document UP TO 1 ROWS
    WHERE vbkd~bstkd = lv_bstkd AND vbkd~posnr = '000000' AND vbak~vbtyp = 'C'.
  ENDSELECT.
ENDFORM.

*----------------------------------------------------------------------*
* The end of a unit of work. The reference is written by an update module (V1), after those of the
* BAPI: all V1 modules of one unit of work are one database transaction, so the document and its
* reference come into being together or not at all. If the key is there already, the INSERT fails,
* the update ends, and the document is rolled back: what two sessions can never do, even with the
* lock table lost (enqueue server restarted), is to make two documents under one reference.
*----------------------------------------------------------------------*
FORM finish USING iv_kind TYPE char1
                  iv_reference TYPE any
                  iv_document TYPE any
            CHANGING ct_return TYPE zerpsync_t_message
                     cv_done TYPE abap_bool.
  DATA: ls_ref    TYPE zerpsync_ref,
        ls_commit TYPE bapiret2.
  CLEAR cv_done.
  ls_ref-kind = iv_kind.
  ls_ref-reference = iv_reference.
  ls_ref-document = iv_document.
  ls_ref-created_by = sy-uname.
  GET TIME STAMP FIELD ls_ref-created_at.
  CALL FUNCTION 'Z_ERPSYNC_KEEP' IN UPDATE TASK
    EXPORTING
      is_ref = ls_ref.
  PERFORM commit CHANGING ls_commit.
  IF ls_commit-type CA 'EA'.
    PERFORM say USING iv_reference 'E' '004' '' '' '' CHANGING ct_return.
  ELSE.
    cv_done = abap_true.
  ENDIF.
ENDFORM.

* WAIT = 'X' is COMMIT WORK AND WAIT: it returns when the update has ended, well or badly.
FORM commit CHANGING cs_return TYPE bapiret2.
  CLEAR cs_return.
  CALL FUNCTION 'BAPI_TRANSACTION_COMMIT'
    EXPORTING
      wait   = 'X'
    IMPORTING
      return = cs_return.
ENDFORM.

FORM undo.
  CALL FUNCTION 'BAPI_TRANSACTION_ROLLBACK'.
ENDFORM.

*----------------------------------------------------------------------*
* Messages
*----------------------------------------------------------------------*
FORM say USING iv_reference TYPE any iv_type TYPE any iv_number TYPE any
               iv_v1 TYPE any iv_v2 TYPE any iv_v3 TYPE any
         CHANGING ct_return TYPE zerpsync_t_message.
  DATA ls_message TYPE zerpsync_s_message.
  ls_message-reference = iv_reference.
  ls_message-type = iv_type.
  ls_message-id = 'ZERPSYNC'.
  ls_message-number = iv_number.
  ls_message-message_v1 = iv_v1.
  ls_message-message_v2 = iv_v2.
  ls_message-message_v3 = iv_v3.
  MESSAGE ID 'ZERPSYNC' TYPE 'S' NUMBER iv_number WITH iv_v1 iv_v2 iv_v3 INTO ls_message-message.
  APPEND ls_message TO ct_return.
ENDFORM.

* A BAPI's RETURN, row by row, and whether it refused. Success without E or A is not enough to
* commit: the caller also looks for the document's number.
FORM take USING iv_reference TYPE any
                it_bapi TYPE bapiret2_t
          CHANGING ct_return TYPE zerpsync_t_message
                   cv_refused TYPE abap_bool.
  DATA ls_message TYPE zerpsync_s_message.
  FIELD-SYMBOLS <ls_bapi> TYPE bapiret2.
  CLEAR cv_refused.
  LOOP AT it_bapi ASSIGNING <ls_bapi>.
    CLEAR ls_message.
    MOVE-CORRESPONDING <ls_bapi> TO ls_message.
    ls_message-reference = iv_reference.
    APPEND ls_message TO ct_return.
    IF <ls_bapi>-type CA 'EA'.
      cv_refused = abap_true.
    ENDIF.
  ENDLOOP.
ENDFORM.

*----------------------------------------------------------------------*
* What SAP made of a document's money: net from the header, tax from the items. Both are in the
* database's form of the currency; BAPI_CURRENCY_CONV_TO_EXTERNAL puts the point where people have it.
*----------------------------------------------------------------------*
FORM totals USING iv_vbeln TYPE vbeln_va
            CHANGING cs_result TYPE zerpsync_s_result.
  DATA: lv_netwr    TYPE vbak-netwr,
        lv_mwsbp    TYPE vbap-mwsbp,
        lv_external TYPE bapicurr-bapicurr.
  SELECT SINGLE netwr waerk FROM vbak INTO (lv_netwr, cs_result-waerk) WHERE vbeln = iv_vbeln.
  SELECT SUM( mwsbp ) FROM vbap INTO lv_mwsbp WHERE vbeln = iv_vbeln.
  PERFORM external USING cs_result-waerk lv_netwr CHANGING lv_external.
  cs_result-net = lv_external.
  PERFORM external USING cs_result-waerk lv_mwsbp CHANGING lv_external.
  cs_result-tax = lv_external.
ENDFORM.

FORM external USING iv_waers TYPE waers iv_amount TYPE any CHANGING cv_external TYPE bapicurr-bapicurr.
  CALL FUNCTION 'BAPI_CURRENCY_CONV_TO_EXTERNAL'
    EXPORTING
      currency        = iv_waers
      amount_internal = iv_amount
    IMPORTING
      amount_external = cv_external.
ENDFORM.

*----------------------------------------------------------------------*
* The total against the store's: a difference blocks the document for delivery (orders) or billing
* (credit memo requests), and the block is remembered as ours. An amendment that sets the total
* right lifts it; a block that a person set is left alone.
*----------------------------------------------------------------------*
FORM verify USING iv_kind TYPE char1
                  is_order TYPE zerpsync_s_order
            CHANGING cs_result TYPE zerpsync_s_result
                     ct_return TYPE zerpsync_t_message.
  DATA: lv_vbeln   TYPE vbeln_va,
        lv_ours    TYPE char1,
        lv_came    TYPE char30,
        lv_wanted  TYPE char30,
        ls_head    TYPE bapisdh1,
        ls_headx   TYPE bapisdh1x,
        lt_bapi    TYPE bapiret2_t,
        ls_commit  TYPE bapiret2,
        lv_refused TYPE abap_bool.
  lv_vbeln = cs_result-document.
  PERFORM totals USING lv_vbeln CHANGING cs_result.
  SELECT SINGLE blocked FROM zerpsync_ref INTO lv_ours
    WHERE kind = iv_kind AND document = cs_result-document.
  IF cs_result-net + cs_result-tax = is_order-total.
    CHECK lv_ours = 'X'.                         " ours, and no longer needed
  ELSE.
    lv_came = cs_result-net + cs_result-tax.
    lv_wanted = is_order-total.
    PERFORM say USING is_order-reference 'W' '011' lv_vbeln lv_came lv_wanted CHANGING ct_return.
    cs_result-blocked = 'X'.
    CHECK lv_ours IS INITIAL.
    ls_head-dlv_block = is_order-lifsk.
    ls_head-bill_block = '08'.
  ENDIF.
  ls_headx-updateflag = 'U'.
  IF iv_kind = 'O'.
    ls_headx-dlv_block = 'X'.
    CALL FUNCTION 'BAPI_SALESORDER_CHANGE'
      EXPORTING
        salesdocument    = lv_vbeln
        order_header_in  = ls_head
        order_header_inx = ls_headx
      TABLES
        return           = lt_bapi.
  ELSE.
    ls_headx-bill_block = 'X'.
    CALL FUNCTION 'SD_SALESDOCUMENT_CHANGE'
      EXPORTING
        salesdocument    = lv_vbeln
        order_header_in  = ls_head
        order_header_inx = ls_headx
      TABLES
        return           = lt_bapi.
  ENDIF.
  LOOP AT lt_bapi TRANSPORTING NO FIELDS WHERE type CA 'EA'.
    lv_refused = abap_true.
  ENDLOOP.
  IF lv_refused = abap_true.
    PERFORM undo.
    CLEAR cs_result-blocked.                     " told as NOT blocked: a person must act at once
    RETURN.
  ENDIF.
  UPDATE zerpsync_ref SET blocked = cs_result-blocked
    WHERE kind = iv_kind AND document = cs_result-document.
  PERFORM commit CHANGING ls_commit.
  IF ls_commit-type CA 'EA'.
    CLEAR cs_result-blocked.
  ENDIF.
ENDFORM.

*----------------------------------------------------------------------*
* Time: parameters are UTC, change documents carry the system's local time. erpsync reaches back
* more than an hour, so that the hour which repeats in autumn is read twice rather than lost.
*----------------------------------------------------------------------*
FORM local USING iv_stamp TYPE timestamp CHANGING cv_date TYPE d cv_time TYPE t.
  DATA lv_zone TYPE tznzone.
  CLEAR: cv_date, cv_time.
  CHECK iv_stamp IS NOT INITIAL.
  PERFORM zone CHANGING lv_zone.
  CONVERT TIME STAMP iv_stamp TIME ZONE lv_zone INTO DATE cv_date TIME cv_time.
ENDFORM.

FORM stamp USING iv_date TYPE d iv_time TYPE t CHANGING cv_stamp TYPE any.
  DATA: lv_zone  TYPE tznzone,
        lv_stamp TYPE timestamp.
  CLEAR cv_stamp.
  CHECK iv_date IS NOT INITIAL.
  PERFORM zone CHANGING lv_zone.
  CONVERT DATE iv_date TIME iv_time INTO TIME STAMP lv_stamp TIME ZONE lv_zone.
  cv_stamp = lv_stamp.
ENDFORM.

FORM zone CHANGING cv_zone TYPE tznzone.
  CALL FUNCTION 'GET_SYSTEM_TIMEZONE'
    IMPORTING
      timezone            = cv_zone
    EXCEPTIONS
      customizing_missing = 1
      OTHERS              = 2.
  IF sy-subrc <> 0.
    cv_zone = 'UTC'.
  ENDIF.
ENDFORM.

*----------------------------------------------------------------------*
* Objects of a class that have change documents since then. CDHDR's key begins with the class; a
* secondary index on (MANDANT, OBJECTCLAS, UDATE) keeps this fast where changes are many.
*----------------------------------------------------------------------*
FORM changed USING iv_class TYPE any
                   iv_date TYPE d
                   iv_time TYPE t
             CHANGING ct_objects TYPE ty_objects.
  DATA: lt_headers TYPE STANDARD TABLE OF cdhdr,
        lv_class   TYPE cdhdr-objectclas.
  FIELD-SYMBOLS <ls_header> TYPE cdhdr.
  lv_class = iv_class.
  CALL FUNCTION 'CHANGEDOCUMENT_READ_HEADERS'
    EXPORTING
      objectclass                = lv_class
      date_of_change             = iv_date
      time_of_change             = iv_time
      username                   = space
    TABLES
      i_cdhdr                    = lt_headers
    EXCEPTIONS
      no_position_found          = 1
      wrong_access_to_archive    = 2
      time_zone_conversion_error = 3
      OTHERS                     = 4.
  CHECK sy-subrc = 0.
  LOOP AT lt_headers ASSIGNING <ls_header>.
    INSERT <ls_header>-objectid INTO TABLE ct_objects.
  ENDLOOP.
ENDFORM.

*----------------------------------------------------------------------*
* Numbers between screens and tables. MATN1 and ALPHA pad digits with zeros, nothing else.
*----------------------------------------------------------------------*
FORM material_in USING iv_shown TYPE any CHANGING cv_matnr TYPE matnr.
  CALL FUNCTION 'CONVERSION_EXIT_MATN1_INPUT'
    EXPORTING
      input        = iv_shown
    IMPORTING
      output       = cv_matnr
    EXCEPTIONS
      length_error = 1
      OTHERS       = 2.
  IF sy-subrc <> 0.
    cv_matnr = iv_shown.                         " then no material has it, and the order says so
  ENDIF.
ENDFORM.

FORM material_out USING iv_matnr TYPE matnr CHANGING cv_shown TYPE any.
  CALL FUNCTION 'CONVERSION_EXIT_MATN1_OUTPUT'
    EXPORTING
      input  = iv_matnr
    IMPORTING
      output = cv_shown.
ENDFORM.

FUNCTION z_erpsync_payment.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  IMPORTING
*"     VALUE(IT_PAYMENT) TYPE  ZERPSYNC_T_PAYMENT
*"  EXPORTING
*"     VALUE(ET_RESULT) TYPE  ZERPSYNC_T_RESULT
*"     VALUE(ET_RETURN) TYPE  ZERPSYNC_T_MESSAGE
*"----------------------------------------------------------------------
* Up to 100 incoming payments: clearing account of the payment method (debit) to the customer (credit),
* as an open item on account that carries the sales order's number. Clearing it against the invoice is
* left to the system's own run (F.13) or to people.

  DATA: ls_result   TYPE zerpsync_s_result,
        ls_head     TYPE bapiache09,
        lt_customer TYPE STANDARD TABLE OF bapiacar09,
        ls_customer TYPE bapiacar09,
        lt_account  TYPE STANDARD TABLE OF bapiacgl09,
        ls_account  TYPE bapiacgl09,
        lt_amount   TYPE STANDARD TABLE OF bapiaccr09,
        ls_amount   TYPE bapiaccr09,
        lt_bapi     TYPE bapiret2_t,
        lv_key      TYPE bapiache09-obj_key,
        lv_there    TYPE char20,
        lv_locked   TYPE abap_bool,
        lv_refused  TYPE abap_bool,
        lv_done     TYPE abap_bool.
  FIELD-SYMBOLS <ls_payment> TYPE zerpsync_s_payment.

  IF lines( it_payment ) > gc_most.
    PERFORM say USING '' 'E' '012' gc_most '' '' CHANGING et_return.
    RETURN.
  ENDIF.

  LOOP AT it_payment ASSIGNING <ls_payment>.
    PERFORM lock USING 'P' <ls_payment>-reference CHANGING et_return lv_locked.
    CHECK lv_locked = abap_true.
    CLEAR: ls_result, ls_head, ls_customer, ls_account, ls_amount, lt_customer, lt_account, lt_amount, lt_bapi.
    ls_result-reference = <ls_payment>-reference.
    PERFORM look USING 'P' <ls_payment>-reference CHANGING lv_there.
    IF lv_there IS NOT INITIAL.
      ls_result-document = lv_there.
      ls_result-existed = 'X'.
      APPEND ls_result TO et_result.
      PERFORM unlock USING 'P' <ls_payment>-reference.
      CONTINUE.
    ENDIF.

    ls_head-bus_act = 'RFBU'.
    ls_head-username = sy-uname.
    ls_head-comp_code = <ls_payment>-bukrs.
    ls_head-doc_type = <ls_payment>-blart.
    ls_head-doc_date = <ls_payment>-bldat.
    ls_head-pstng_date = <ls_payment>-budat.
    ls_head-ref_doc_no = <ls_payment>-vbeln.
    ls_account-itemno_acc = ls_amount-itemno_acc = '0000000001'.
    ls_account-gl_account = <ls_payment>-hkont.
    ls_account-alloc_nmbr = <ls_payment>-vbeln.
    ls_account-item_text = <ls_payment>-reference.   " the first 50 characters
    APPEND ls_account TO lt_account.
    ls_amount-currency = <ls_payment>-waers.
    ls_amount-amt_doccur = <ls_payment>-wrbtr.
    APPEND ls_amount TO lt_amount.
    ls_customer-itemno_acc = ls_amount-itemno_acc = '0000000002'.
    ls_customer-customer = <ls_payment>-kunnr.
    ls_customer-alloc_nmbr = <ls_payment>-vbeln.
    ls_customer-item_text = <ls_payment>-reference.
    APPEND ls_customer TO lt_customer.
    ls_amount-amt_doccur = - <ls_payment>-wrbtr.
    APPEND ls_amount TO lt_amount.

    CALL FUNCTION 'BAPI_ACC_DOCUMENT_POST'
      EXPORTING
        documentheader    = ls_head
      IMPORTING
        obj_key           = lv_key
      TABLES
        accountgl         = lt_account
        accountreceivable = lt_customer
        currencyamount    = lt_amount
        return            = lt_bapi.
    PERFORM take USING <ls_payment>-reference lt_bapi CHANGING et_return lv_refused.
    IF lv_refused = abap_true OR lv_key IS INITIAL OR lv_key(1) = '$'.   " "$": no number was assigned
      PERFORM undo.
    ELSE.
      PERFORM finish USING 'P' <ls_payment>-reference lv_key CHANGING et_return lv_done.
      IF lv_done = abap_true.
        ls_result-document = lv_key.             " BELNR + BUKRS + GJAHR
        APPEND ls_result TO et_result.
      ENDIF.
    ENDIF.
    PERFORM unlock USING 'P' <ls_payment>-reference.
  ENDLOOP.

ENDFUNCTION.

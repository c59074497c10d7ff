FUNCTION z_erpsync_keep.
*"----------------------------------------------------------------------
*"*"Update Function Module (processing type: Update Module, start immediately)
*"  IMPORTING
*"     VALUE(IS_REF) TYPE  ZERPSYNC_REF
*"----------------------------------------------------------------------
* Runs in the update task, in the same database transaction as the BAPI's own V1 modules. INSERT, not
* MODIFY: a second document under one reference ends the whole update, and with it the document.

  INSERT zerpsync_ref FROM is_ref.
  IF sy-subrc <> 0.
    MESSAGE a001(zerpsync) WITH is_ref-reference.
  ENDIF.

ENDFUNCTION.

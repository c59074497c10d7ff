FUNCTION z_erpsync_ping.
*"----------------------------------------------------------------------
*"*"Remote-Enabled Module
*"  EXPORTING
*"     VALUE(EV_CLIENT) TYPE  CHAR3
*"     VALUE(EV_SYSTEM) TYPE  CHAR8
*"     VALUE(EV_RELEASE) TYPE  CHAR10
*"     VALUE(EV_USER) TYPE  CHAR12
*"     VALUE(EV_NOW) TYPE  TIMESTAMP
*"     VALUE(EV_TIME_ZONE) TYPE  CHAR6
*"     VALUE(EV_UNIQUE) TYPE  CHAR1
*"----------------------------------------------------------------------
* The cheapest call that is signed in: who, where, when. EV_UNIQUE says that this wrapper locks, looks
* and keeps a key (see LZERPSYNCF01); return initial if you changed that.

  DATA lv_zone TYPE tznzone.

  ev_client = sy-mandt.
  ev_system = sy-sysid.
  ev_release = sy-saprl.
  ev_user = sy-uname.
  GET TIME STAMP FIELD ev_now.
  PERFORM zone CHANGING lv_zone.
  ev_time_zone = lv_zone.
  ev_unique = 'X'.

ENDFUNCTION.

#!/bin/sh
# Has workers read the ERPs' stock anew, all of it: scripts/backfill-stock.sh --connection erp
# Only asks for it; `erpsync backfill list` shows how far it is. Arguments go to `erpsync backfill stock`.
set -eu
erpsync=$(dirname "$0")/../.venv/bin/erpsync
[ -x "$erpsync" ] || erpsync=erpsync
exec "$erpsync" backfill stock --no-follow "$@"

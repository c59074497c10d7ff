#!/bin/sh
# Has workers send the orders of a stretch of time: scripts/backfill-orders.sh --from 2026-01-01 --to 2026-02-01
# Only asks for it; `erpsync backfill list` shows how far it is. Arguments go to `erpsync backfill orders`.
set -eu
erpsync=$(dirname "$0")/../.venv/bin/erpsync
[ -x "$erpsync" ] || erpsync=erpsync
exec "$erpsync" backfill orders --no-follow "$@"

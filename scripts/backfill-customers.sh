#!/bin/sh
# Has workers sync all customers, or those that changed since: scripts/backfill-customers.sh --from 2026-01-01
# Only asks for it; `erpsync backfill list` shows how far it is. Arguments go to `erpsync backfill customers`.
set -eu
erpsync=$(dirname "$0")/../.venv/bin/erpsync
[ -x "$erpsync" ] || erpsync=erpsync
exec "$erpsync" backfill customers --no-follow "$@"

#!/bin/sh
# Has workers sync all products, or those that changed since: scripts/backfill-products.sh --connection shop
# Only asks for it; `erpsync backfill list` shows how far it is. Arguments go to `erpsync backfill products`.
set -eu
erpsync=$(dirname "$0")/../.venv/bin/erpsync
[ -x "$erpsync" ] || erpsync=erpsync
exec "$erpsync" backfill products --no-follow "$@"

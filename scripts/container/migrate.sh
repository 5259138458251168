#!/bin/sh
# Bring the tables up to date, once per release and before its processes start. Refuses wrong settings first.
set -eu
cd "$(dirname "$0")/../.."

export TRADECORE_PROCESS=migration
"$VENV/bin/python" manage.py check --deploy
exec "$VENV/bin/python" manage.py migrate --no-input

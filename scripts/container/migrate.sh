#!/bin/sh
# Bring the tables up to date, once per release and before its processes start. Refuses wrong settings first. Runs as
# the user whom the tables belong to, and gives $APPLICATION_DATABASE_USER, as whom the others run, its rights on them.
set -eu
cd "$(dirname "$0")/../.."

export TRADECORE_PROCESS=migration
"$VENV/bin/python" manage.py check --deploy
"$VENV/bin/python" manage.py migrate --no-input
if [ -n "${APPLICATION_DATABASE_USER:-}" ]; then
    exec "$VENV/bin/python" manage.py grant_application "$APPLICATION_DATABASE_USER"
fi

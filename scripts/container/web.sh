#!/bin/sh
# Serve HTTP on $WEB_HOST:$WEB_PORT. Refuses to start with wrong settings.
set -eu
cd "$(dirname "$0")/../.."

export TRADECORE_PROCESS=web
exec "$VENV/bin/python" -m gunicorn --config config/gunicorn.py

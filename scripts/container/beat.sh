#!/bin/sh
# Send the tick. None, one or several of these are all right. Refuses to start with wrong settings.
set -eu
cd "$(dirname "$0")/../.."

export TRADECORE_PROCESS=batch
# The plain scheduler keeps its one entry in memory; the usual one would want a file to write.
exec "$VENV/bin/python" -m celery --app config.celery beat --scheduler celery.beat:Scheduler \
    --loglevel "${LOG_LEVEL:-INFO}"

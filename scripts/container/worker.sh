#!/bin/sh
# Work on the named queues (money, providers, events, bulk; several with commas). Refuses to start with wrong settings.
set -eu
cd "$(dirname "$0")/../.."

export TRADECORE_PROCESS=batch
exec "$VENV/bin/python" -m celery --app config.celery worker --queues "$1" --hostname "$1@%h" \
    --concurrency "${WORKER_PROCESSES:-2}" --loglevel "${LOG_LEVEL:-INFO}"

#!/bin/sh
# What the image is built with: the production lock into the virtual environment $VENV, and the static files.
set -eu
cd "$(dirname "$0")/../.."

python3 -m venv --without-pip "$VENV"
python3 -m pip --python "$VENV/bin/python" install --no-input --disable-pip-version-check \
    --requirement requirements/production.txt

# Collecting reads the settings, and none of what they ask for is needed: no secret goes into the image.
TRADECORE_ENV=production SECRET_KEY=not-used-while-collecting DATABASE_URL=mysql://none/none \
    "$VENV/bin/python" manage.py collectstatic --no-input --verbosity 0

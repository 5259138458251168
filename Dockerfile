# Every command here is a script of scripts/container, which tests/scripts/test_container_commands.py runs in a fresh
# virtual environment with production settings.
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim-bookworm AS build
# mysqlclient has no wheel on Linux.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/tradecore
ENV VENV=/srv/venv STATIC_ROOT=/srv/static PYTHONDONTWRITEBYTECODE=1
COPY . .
RUN scripts/container/build.sh

FROM python:${PYTHON_VERSION}-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --home-dir /nonexistent tradecore \
    && install --directory --owner tradecore /srv/sandbox /srv/metrics
WORKDIR /srv/tradecore
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/static /srv/static
COPY . .
ENV VENV=/srv/venv STATIC_ROOT=/srv/static PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SANDBOX_BOOK=/srv/sandbox/book.sqlite3 SANDBOX_BANK_BOOK=/srv/sandbox/bank.sqlite3 \
    METRICS_DIR=/srv/metrics TRADECORE_ENV=production WEB_HOST=0.0.0.0 WEB_PORT=8000
USER tradecore
EXPOSE 8000
CMD ["scripts/container/web.sh"]

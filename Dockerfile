# One image for web, worker, beat, Flower and the command line; docker-compose.yml says what each runs.

FROM python:3.12-slim-bookworm AS build
WORKDIR /build
ENV UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/opt/erpsync
# The packages first: they change less often than the code, and this layer is kept while they do not.
COPY scripts/setup scripts/setup
COPY pyproject.toml uv.lock ./
RUN scripts/setup --no-dev --no-install-project
COPY README.md LICENSE celeryconfig.py ./
COPY erpsync erpsync
RUN scripts/setup --no-dev --no-editable

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="erpsync" \
      org.opencontainers.image.description="Keeps online stores and ERPs in sync, both ways, on your own servers." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.12-slim-bookworm"
# By number, so that the owner of a volume or a mounted file can be told from outside.
RUN groupadd --gid 10001 erpsync \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/erpsync --shell /usr/sbin/nologin erpsync \
 && install --directory --owner=erpsync --group=erpsync --mode=0700 /var/lib/erpsync
COPY --from=build /opt/erpsync /opt/erpsync
COPY --chmod=0755 scripts/container-entry /usr/local/bin/container-entry
COPY --chmod=0755 scripts/backfill-orders.sh scripts/backfill-customers.sh scripts/backfill-products.sh scripts/backfill-stock.sh /usr/local/bin/
ENV PATH=/opt/erpsync/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ERPSYNC_HOME=/var/lib/erpsync \
    ERPSYNC_CONFIG=/etc/erpsync/erpsync.toml \
    PGPASSFILE=/tmp/pgpass
USER 10001:10001
WORKDIR /var/lib/erpsync
EXPOSE 8080
# /health, not /ready: an orchestrator that ends unhealthy containers must not do so because PostgreSQL is down.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["container-entry"]
CMD ["uvicorn", "--factory", "erpsync.web.app:create", "--host", "0.0.0.0", "--port", "8080", "--no-access-log", "--timeout-graceful-shutdown", "10"]

# One image for everything that runs: web, workers, migrate, backup (compose.yaml). Nothing in it is
# secret, nothing in it is written to: settings come from the environment, data are in PostgreSQL.
# BASE_IMAGE: any image with Python 3.11 or newer and glibc.
ARG BASE_IMAGE=python:3.13-slim-bookworm

FROM ${BASE_IMAGE} AS build
RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --disable-pip-version-check --no-input \
    --require-hashes -r /tmp/requirements.lock
WORKDIR /app
COPY . .
# Style sheets, scripts and fonts, compressed; the key signs nothing and stays here.
RUN SECRET_KEY=only-for-collecting python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q .

FROM ${BASE_IMAGE}
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin channel_manager \
    && install -d -o channel_manager -g channel_manager -m 0700 /backups
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# What web processes count together for Prometheus lasts as long as they do.
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    STATIC_ROOT=/app/var/static VAR_DIR=/tmp/channel-manager
WORKDIR /app
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["python", "manage.py", "web", "--host", "0.0.0.0", "--port", "8000"]

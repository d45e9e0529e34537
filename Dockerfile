# Build the wheel, install it alone, run as non-root. No data and no models inside but our own small one: both are volumes.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY requirements requirements
COPY protos protos
COPY index index
COPY matcher matcher
COPY enroll enroll
# Every package by version and hash, then the software alone.
RUN python -m venv /opt/station-matcher \
 && /opt/station-matcher/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/server.txt \
 && /opt/station-matcher/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps .

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --home-dir /var/lib/station-matcher --create-home station-matcher
COPY --from=build /opt/station-matcher /opt/station-matcher
# Plain import names (index, matcher, ...) must never be taken from the working directory.
# Everything that is written lies below /var/lib/station-matcher, so the root file system can be read-only.
ENV PATH=/opt/station-matcher/bin:$PATH \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    XDG_DATA_HOME=/var/lib/station-matcher \
    XDG_CONFIG_HOME=/var/lib/station-matcher-keys \
    NUMBA_CACHE_DIR=/var/lib/station-matcher/compiled
# The master key lies on a volume of its own, apart from the data.
RUN install -d -o 10001 -m 0700 /var/lib/station-matcher-keys
USER 10001
WORKDIR /var/lib/station-matcher
# For the kind of processor that builds; a new volume begins with it. Another kind compiles at its first start.
RUN station-matcher index compile
VOLUME /var/lib/station-matcher /var/lib/station-matcher-keys
EXPOSE 50551
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s CMD ["station-matcher", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["station-matcher"]
CMD ["serve"]

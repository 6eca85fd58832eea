# Curator as a service; see docs/running.md. Two stages, so that no build tool, cache or test is in what runs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /app/.venv
# the lock alone first: dependencies are built again only when it changes
COPY requirements.lock ./
RUN /app/.venv/bin/python -m pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml README.md ./
COPY curator ./curator
COPY network ./network
COPY agents ./agents
COPY data ./data
COPY trainer ./trainer
COPY ui ./ui
RUN /app/.venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && /app/.venv/bin/python -m compileall -q curator network agents data trainer ui

FROM python:3.11-slim-bookworm
# numbers, so that whoever mounts a folder knows whom to give it to, and Kubernetes that it is not root; at home in /tmp,
# the one place beside the project that has to be writable
RUN groupadd --gid 10001 curator \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp curator \
    && install --directory --owner=10001 --group=10001 --mode=700 /project
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    CURATOR_PROJECT=/project \
    CURATOR_MODELS=/project/models
USER 10001:10001
VOLUME /project
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/readyz', timeout=8)"]
ENTRYPOINT ["curator"]
CMD ["serve", "--host", "0.0.0.0", "--port", "7860"]

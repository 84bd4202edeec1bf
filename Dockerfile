# The same as `make run`, in a small image: docker build -t aurora . && docker run -p 8501:8501 -v aurora:/data aurora
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends git make && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home aurora && mkdir /data /app && chown aurora /data /app
WORKDIR /app
USER aurora
COPY --chown=aurora requirements.txt requirements-files.txt ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --quiet -r requirements.txt \
    && .venv/bin/pip install --no-cache-dir --quiet --no-deps -r requirements-files.txt
COPY --chown=aurora . .
RUN make .venv/.installed
ENV AURORA_DATA=/data AURORA_CONFIG=/data/aurora.toml AURORA_HOST=0.0.0.0 PORT=8501
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD .venv/bin/python -c "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz')"
CMD [".venv/bin/aurora", "up"]

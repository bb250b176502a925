# One image for web, worker and the one-shot migration; compose.yaml says which command each runs.

FROM python:3.11-slim AS packages
COPY requirements.lock /
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /requirements.lock

FROM python:3.11-slim
# A fixed number, so that a folder of the host can be given to it with chown.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin winnow \
    && install -d -o winnow -g winnow -m 750 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# The code belongs to root: the program that reads strangers' files cannot rewrite itself.
RUN python -m compileall -q .
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WINNOW_DATA=/data \
    PORT=8000
USER winnow
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi:application", "--worker-class", "gthread", "--threads", "8", "--no-control-socket"]

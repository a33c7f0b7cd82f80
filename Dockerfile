FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN python -m venv /venv \
  && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/base.txt
COPY manage.py ./
COPY hexagonal hexagonal
COPY accounts accounts
COPY exchanges exchanges
COPY notifications notifications
COPY signals signals
COPY templates templates
COPY static static
COPY locale locale
COPY deploy deploy
RUN SECRET_KEY=build DATABASE_URL=postgres://build@localhost/build REDIS_URL=redis://localhost \
  /venv/bin/python manage.py collectstatic --noinput

FROM python:3.11-slim-bookworm
RUN useradd --system --create-home --uid 10001 hexagonal
COPY --from=build /venv /venv
COPY --from=build --chown=hexagonal /app /app
WORKDIR /app
USER hexagonal
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "8", "hexagonal.wsgi:application"]

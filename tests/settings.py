"""The platform's own settings with the environment that tests and tools give them."""

import os
import tempfile
from pathlib import Path

from sandbox.bybit.instruments import TABLE

KEYS = Path(os.environ.get("TEST_VAULT_DIR", tempfile.gettempdir()))

DEFAULTS = {
    "SECRET_KEY": "tests-only-and-long-enough-to-pass-every-check-0123456789",
    "DATABASE_URL": "postgres://postgres@127.0.0.1:5432/hexagonal",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "ALLOWED_HOSTS": "*",
    "INSECURE_HTTP": "true",
    "EXCHANGE_ENVIRONMENTS": "sandbox",
    "SIGNAL_ENVIRONMENT": "sandbox",
    "LINK_ID_KEY": "tests-only-link-id-key",
    "GATE_SYMBOLS": ",".join(TABLE),
    "GATE_LEVERAGE": "100",
    "GATE_ORDER_NOTIONAL": "10000000",  # tests of the gate bring their own bounds
    "GATE_ACCOUNT_NOTIONAL_PER_MINUTE": "10000000",
    "GATE_ACCOUNT_ORDERS_PER_MINUTE": "100000",
    "POLL_SECONDS": "1",
    "PRICE_MAX_AGE_SECONDS": "0",  # tests move prices and look at once
    "EGRESS_REQUESTS": "100000",  # tests of the limits bring their own
    "GOVERNOR_DOUBT_PERCENT": "0",  # each test begins with an empty cache
    "API_USER_RATE": "100000/min",
    "API_ANON_RATE": "100000/min",
}
for name, value in DEFAULTS.items():
    os.environ.setdefault(name, value)

# Each of pytest's processes has a broker and a cache of its own: one clears its cache, and with it
# whatever else stands there, before every test.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    server = os.environ["REDIS_URL"].rpartition("/")[0]
    os.environ["REDIS_URL"] = f"{server}/{int(worker.removeprefix('gw')) + 1}"

from hexagonal.settings import *  # noqa: E402, F403

STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 - WhiteNoise warns without it
WHITENOISE_USE_FINDERS = True  # no collectstatic before a test
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

"""All settings, from the environment; what is safe in production is the default."""

from __future__ import annotations

from pathlib import Path

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from hexagonal import env
from hexagonal.lib import broker

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")  # sessions of before still count
DEBUG = env.flag("DEBUG", default=False)
INSECURE_HTTP = env.flag("INSECURE_HTTP", default=False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SITE_URL = env.text("SITE_URL", "http://localhost:8000").rstrip("/")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "hexagonal",
    "accounts",
    "exchanges",
    "notifications",
    "signals",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PersonalSettingsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.VisitMiddleware",
]

ROOT_URLCONF = "hexagonal.urls"
WSGI_APPLICATION = "hexagonal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    },
]

# --- storage ---------------------------------------------------------------------------------

DATABASES = {
    "default": env.database("DATABASE_URL") | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

# --- people ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "accounts:login"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- language and time -----------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ko", _("Korean"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- static files ----------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "build" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- security --------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = not INSECURE_HTTP
# How many proxies of our own stand in front; 0: the peer is the visitor.
TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not INSECURE_HTTP
SECURE_HSTS_PRELOAD = not INSECURE_HTTP
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = not INSECURE_HTTP
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = not INSECURE_HTTP
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- broker: a doorbell, never the only copy of anything --------------------------------------

CELERY_BROKER_URL = env.text("BROKER_URL", REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True  # safe because every claim is a conditional UPDATE
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20.0
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
# A worker whose broker is gone finishes its chunk: killing it in a COMMIT helps nobody.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = broker.transport_options(CELERY_BROKER_URL)
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 55
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_DEFAULT_QUEUE_TYPE = broker.queue_type(CELERY_BROKER_URL)
CELERY_TASK_CREATE_MISSING_QUEUE_TYPE = CELERY_TASK_DEFAULT_QUEUE_TYPE
CELERY_TASK_ROUTES = {
    "signals.work": {"queue": "orders"},
    "signals.show_life": {"queue": "orders"},
    "exchanges.verify_connection": {"queue": "control"},
    "exchanges.generate_key_pair": {"queue": "control"},
}
# Beat stands in no way of money: what is due is rung for and timed by the sweeper.
CELERY_BEAT_SCHEDULE = {
    "exchanges.watch_accounts": {
        "task": "exchanges.watch_accounts",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "exchanges.refresh_instruments": {
        "task": "exchanges.refresh_instruments",
        "schedule": crontab(minute=7),
    },
    "exchanges.refresh_forgotten": {
        "task": "exchanges.refresh_forgotten",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "exchanges.forget_key_uses": {
        "task": "exchanges.forget_key_uses",
        "schedule": crontab(minute="*/10"),
        "options": {"expires": 300},
    },
    "signals.forget_calls": {
        "task": "signals.forget_calls",
        "schedule": crontab(minute="*/10"),
        "options": {"expires": 300},
    },
}

# --- exchanges -------------------------------------------------------------------------------

EXCHANGES_OFFERED = env.words("EXCHANGES_OFFERED", "bybit")
EXCHANGE_ENVIRONMENTS = env.words("EXCHANGE_ENVIRONMENTS", "mainnet,testnet,demo")
SIGNAL_ENVIRONMENT = env.text("SIGNAL_ENVIRONMENT", "mainnet")
BYBIT_SANDBOX_URL = env.text("BYBIT_SANDBOX_URL", "").rstrip("/")
BYBIT_SIGN_UP_URL = env.text("BYBIT_SIGN_UP_URL", "https://www.bybit.com/register")
BYBIT_API_PAGE_URL = env.text("BYBIT_API_PAGE_URL", "https://www.bybit.com/app/user/api-management")
EXCHANGE_REFERRAL_ID = env.text("EXCHANGE_REFERRAL_ID", "")
# Moving assets between a trader's own accounts: warned of (as the product's guide ticks it), or
# refused. What may withdraw is always refused.
REFUSE_TRANSFER_RIGHT = env.flag("REFUSE_TRANSFER_RIGHT", default=False)
AFFILIATE_REQUIRED = env.flag("AFFILIATE_REQUIRED", default=False)  # accounts opened by our link
AFFILIATE_KEY_FILE = env.path("AFFILIATE_KEY_FILE")  # worker only: the operator's key and secret
MOST_UNFINISHED_LINKS = env.integer("MOST_UNFINISHED_LINKS", 5)  # of a trader, not connected yet
KEY_CHECK_SECONDS = env.integer("KEY_CHECK_SECONDS", 300)  # between two looks at a key's rights
EGRESS = env.egress("EGRESS")  # public address -> source address or proxy
EGRESS_REQUESTS = env.integer("EGRESS_REQUESTS", 600)  # Bybit's, of one address …
EGRESS_WINDOW_MS = env.integer("EGRESS_WINDOW_MS", 5_000)  # … in any span of this length
GOVERNOR_PROCESSES = env.integer("GOVERNOR_PROCESSES", 16)  # that send, all hosts together
# How much of the limit counts as spent when Redis has lost its memory.
GOVERNOR_DOUBT_PERCENT = env.integer("GOVERNOR_DOUBT_PERCENT", 99)
VAULT_PUBLIC_KEY_FILE = env.path("VAULT_PUBLIC_KEY_FILE")
# Worker, sweeper and stream only: a file, or a directory with one for each key, `<key id>.key`.
VAULT_PRIVATE_KEY_FILE = env.path("VAULT_PRIVATE_KEY_FILE")

# --- the signer's gate: worker and sweeper only, and never in the database --------------------

GATE_SYMBOLS = frozenset(env.words("GATE_SYMBOLS"))  # what may be entered; none: nothing
GATE_LEVERAGE = env.integer("GATE_LEVERAGE", 50)
GATE_ORDER_NOTIONAL = env.integer("GATE_ORDER_NOTIONAL", 50_000)  # USDT
GATE_ACCOUNT_NOTIONAL_PER_MINUTE = env.integer("GATE_ACCOUNT_NOTIONAL_PER_MINUTE", 100_000)  # USDT
GATE_ACCOUNT_ORDERS_PER_MINUTE = env.integer("GATE_ACCOUNT_ORDERS_PER_MINUTE", 60)

# --- streams: one process or several, each with its share of the accounts' sockets ------------

STREAM_LEASE_SECONDS = env.integer(
    "STREAM_LEASE_SECONDS", 15
)  # a process that says nothing is dead
STREAM_BEAT_SECONDS = env.integer("STREAM_BEAT_SECONDS", 5)
STREAM_PING_SECONDS = env.integer("STREAM_PING_SECONDS", 20)
STREAM_PONG_SECONDS = env.integer("STREAM_PONG_SECONDS", 10)
STREAM_OPENINGS = env.integer("STREAM_OPENINGS", 500)  # Bybit's, new sockets of one address …
STREAM_OPENINGS_SECONDS = env.integer(
    "STREAM_OPENINGS_SECONDS", 300
)  # … in any span of this length

# --- orders: the arithmetic of a lease, checked at start by signals.apps ---------------------

LINK_ID_KEY = env.text("LINK_ID_KEY", "")  # worker and sweeper only
HTTP_CONNECT_TIMEOUT = env.integer("HTTP_CONNECT_TIMEOUT", 3)
HTTP_READ_TIMEOUT = env.integer("HTTP_READ_TIMEOUT", 5)
RECV_WINDOW_MS = env.integer("RECV_WINDOW_MS", 5_000)
SETTLE_SECONDS = env.integer("SETTLE_SECONDS", 2)
SEND_BUDGET_SECONDS = env.integer("SEND_BUDGET_SECONDS", 12)
LEASE_SECONDS = env.integer("LEASE_SECONDS", 30)
SIGNAL_TTL_SECONDS = env.integer("SIGNAL_TTL_SECONDS", 60)
ENROL_PART = env.integer("ENROL_PART", 1_000)  # copies that are made in one transaction
CHUNK_SIZE = env.integer("CHUNK_SIZE", 336)  # seven waves of requests
CHUNK_THREADS = env.integer("CHUNK_THREADS", 48)
ORDER_WORKERS = env.integer("ORDER_WORKERS", 3)  # processes that share what is due
POLL_SECONDS = env.integer("POLL_SECONDS", 3)
# Entries that rest where a fill has no stop until it is seen; as the limits have room for them.
RESTING_POLL_SECONDS = env.integer("RESTING_POLL_SECONDS", 1)
STREAMED_POLL_SECONDS = env.integer("STREAMED_POLL_SECONDS", 60)  # while a socket tells
PRICE_MAX_AGE_SECONDS = env.integer("PRICE_MAX_AGE_SECONDS", 1)
BALANCE_MAX_AGE_SECONDS = env.integer("BALANCE_MAX_AGE_SECONDS", 60)
CALL_RECORD_DAYS = env.integer("CALL_RECORD_DAYS", 30)  # raw requests and answers
BALANCE_RESERVE_PERCENT = env.integer("BALANCE_RESERVE_PERCENT", 5)

# --- Telegram --------------------------------------------------------------------------------

TELEGRAM_BOT_TOKEN = env.text("TELEGRAM_BOT_TOKEN", "")  # bot process only
TELEGRAM_BOT_USERNAME = env.text("TELEGRAM_BOT_USERNAME", "hexagonal_bot")
TELEGRAM_API_URL = env.text("TELEGRAM_API_URL", "https://api.telegram.org").rstrip("/")
TELEGRAM_CHAT_URL = env.text("TELEGRAM_CHAT_URL", f"https://t.me/{TELEGRAM_BOT_USERNAME}")

# --- API -------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.PersonalTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.AnonRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "user": env.text("API_USER_RATE", "600/min"),
        "anon": env.text("API_ANON_RATE", "60/min"),
    },
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "HEXAGONAL API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"CopyStatusEnum": "signals.choices.COPY_STATUS_CHOICES"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "hexagonal.api_schema.add_refusals",
    ],
}

# --- logs and reports of errors --------------------------------------------------------------

DEFAULT_EXCEPTION_REPORTER = "hexagonal.reports.Report"
DEFAULT_EXCEPTION_REPORTER_FILTER = "hexagonal.reports.WithoutSecrets"
# One handler for all, whose formatter redacts; test_logs.py looks for others.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "hexagonal.logs.Redacted",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        # Django's own handlers would write what happened as it is, to the console and by mail.
        "django": {"handlers": []},
        "django.server": {"handlers": [], "propagate": True},
        # They print whole requests at DEBUG: keys, signatures, the bot's token in its URL.
        "pybit": {"level": "WARNING"},
        "urllib3": {"level": "INFO"},
        "websockets": {"level": "WARNING"},  # whole frames, the log-in's among them
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "telegram": {"level": "INFO"},
    },
}

"""Django settings: everything that differs between installations comes from the environment."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from channel_manager.lib import (
    embedded_postgres,
    job_log,
    logs,
    payment_settings,
    replica_settings,
)
from channel_manager.lib.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
DEMO = env.bool("DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
# What opens stored secrets, the newest first; without any, SECRET_KEY does.
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[])
PORT = env.int("PORT", most=65535, default=8000)
PUBLIC_URL = env.website("PUBLIC_URL", default="http://127.0.0.1:8000")
# One rule: what is reached by https and is neither a demo nor looked into is in production, and
# then nothing goes in clear and the hosts have to be named (docs/security.md).
HTTPS = PUBLIC_URL.startswith("https://")
IN_PRODUCTION = HTTPS and not (DEMO or DEBUG)
if IN_PRODUCTION:
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
else:
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEMO else ["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "channel_manager.admin_config.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "procrastinate.contrib.django",
    "channel_manager",
    "channel_manager.history",
    "partners",
    "catalog",
    "wallets",
    "orders",
]

MIDDLEWARE = [
    "channel_manager.middleware.RequestIdMiddleware",
    "channel_manager.security_headers.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "channel_manager.middleware.RateLimitMiddleware",
    "channel_manager.middleware.BodyLimitMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "channel_manager.sign_in.SessionLifeMiddleware",
    "channel_manager.middleware.RefusalMiddleware",
    "channel_manager.admin_errors.OddInputMiddleware",
]

ROOT_URLCONF = "channel_manager.urls"
WSGI_APPLICATION = "channel_manager.wsgi.application"
# The API's paths carry no trailing slash: a redirect would turn a partner's POST into a GET.
APPEND_SLASH = False

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

_GIVEN_DATABASE = env.postgres("DATABASE_URL")
# Nobody has named a database: it is the one below VAR_DIR, which `make run` starts.
DATABASE_IS_OUR_OWN = not _GIVEN_DATABASE
DATABASES: dict[str, Any] = {
    "default": {
        **(_GIVEN_DATABASE or env.db_url_config(embedded_postgres.database_url(VAR_DIR))),
        "ENGINE": "channel_manager.lib.postgresql",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 10)
# A request that waits longer than this for a row is told to come back; nobody queues for ever.
# Who stands still within a transaction (a process that was frozen) loses its locks before those
# who wait for them give up: a new worker could not start otherwise.
DATABASES["default"]["OPTIONS"]["options"] = (
    "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=8s"
)
# Lists and reports are read from a streaming replica that is at most so far behind, if there is one.
DATABASES.update(replica_settings.read(env, DATABASES["default"]))
REPLICA_MAX_LAG_SECONDS = env.float("REPLICA_MAX_LAG_SECONDS", default=5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("nl", "Nederlands"), ("de", "Deutsch")]
TIME_ZONE = "UTC"
USE_I18N = True
FORMAT_MODULE_PATH = "channel_manager.formats"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Resolved: a link to the release that runs may be moved while this one still answers.
STATIC_ROOT = env.str("STATIC_ROOT", default=str(VAR_DIR / "static"))
STATIC_ROOT = STATIC_ROOT and str(Path(STATIC_ROOT).resolve())
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# Whoever signs in on the way to nowhere, or to another host, is led to the first page.
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
# A session of the admin ends so long after it began, and when nothing was done for so long.
SESSION_COOKIE_AGE = env.int("ADMIN_SESSION_HOURS", most=8760, default=12) * 3600
ADMIN_IDLE_MINUTES = env.int("ADMIN_IDLE_MINUTES", default=60)
# Whether a second factor is everybody's own choice (optional) or asked of all staff (required).
TWO_FACTOR = env.choice("TWO_FACTOR", ("optional", "required"), default="optional")
OTP_TOTP_ISSUER = "OTA Channel Manager"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# Lax, not Strict: staff follow links to an order from their mail.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:
    # A browser takes a cookie of such a name from this very host and by https only.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"

# Whether the nearest proxy may say how (X-Forwarded-Proto) and by whom (X-Forwarded-For) it was
# asked. Without a proxy anybody could say so.
TRUST_PROXY = env.bool("TRUST_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
SECURE_SSL_REDIRECT = IN_PRODUCTION
# Load balancers and Prometheus ask each machine by its address, in clear.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
_HSTS_SECONDS = env.int("HSTS_SECONDS", least=0, default=365 * 24 * 3600)
SECURE_HSTS_SECONDS = _HSTS_SECONDS if IN_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=True)
# To be on the browsers' preload list is for the owner of the whole domain to ask, not for one host.
SECURE_HSTS_PRELOAD = False
SILENCED_SYSTEM_CHECKS = ["security.W021"]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# One order may be at most this large on the wire (contract section 1).
MAX_BODY_BYTES = 1024 * 1024
# A form of the admin, with a logo or up to a page of ticked rows.
MAX_FORM_BYTES = 2 * MAX_BODY_BYTES
# A partner's statement, with what is around it in the form.
MAX_UPLOAD_BYTES = 21 * MAX_BODY_BYTES
# The limit above is ours and answers in the API's own shape; Django's would answer first.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * MAX_BODY_BYTES

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["partners.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["partners.permissions.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["channel_manager.lib.strict_json.StrictJsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["channel_manager.lib.strict_json.Utf8JsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "channel_manager.lib.strict_json.AlwaysJson",
    "EXCEPTION_HANDLER": "channel_manager.api.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "OTA Channel Manager partner API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "CAMELIZE_NAMES": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_SUFFIX": "",
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "orders.models.OrderStatus",
        "HoldStatus": "orders.models.HoldStatus",
        "WalletStatus": "wallets.models.WalletStatus",
        "AssetStatus": "wallets.models.AssetStatus",
        "OutsideStatus": "channel_manager.openapi.STATES_THERE",
        "WebhookStatus": "partners.models.EndpointStatus",
        "DeliveryStatus": "partners.models.DeliveryStatus",
        "EventType": "channel_manager.openapi.EVENT_TYPES",
        "DeliveredType": "channel_manager.openapi.DELIVERED_TYPES",
        "ItemType": "channel_manager.openapi.ITEM_TYPES",
        "Dating": "channel_manager.openapi.DATINGS",
        "ErrorCode": "channel_manager.openapi.ERROR_CODES",
    },
    "PREPROCESSING_HOOKS": ["channel_manager.openapi.without_dialects"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "channel_manager.openapi.complete",
    ],
}

# Requests that an API key may send: so many a second, and so many at once after a pause. A partner
# may have others (partners/limits.py).
RATE_LIMIT_PER_SECOND = env.int("RATE_LIMIT_PER_SECOND", default=50)
RATE_LIMIT_BURST = env.int("RATE_LIMIT_BURST", default=500)
# Web processes, and jobs that a worker does at once; without a number the cores tell.
WEB_WORKERS = env.int("WEB_WORKERS", default=None)
WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=None)
# Threads of one web process; `?wait=` may hold at most half of them.
WEB_THREADS = env.int("WEB_THREADS", default=16)
# How long a dialect waits for an order to be issued before it answers; 0: not at all.
DIALECT_WAIT_SECONDS = env.int("DIALECT_WAIT_SECONDS", least=0, default=5)
# How long an order may stand still in each state (contract section 5).
SCHEDULED_STALL_SECONDS = env.int("SCHEDULED_STALL_SECONDS", default=5 * 60)
PROCESSING_STALL_SECONDS = env.int("PROCESSING_STALL_SECONDS", default=60 * 60)
SUBMITTED_GRACE_SECONDS = env.int("SUBMITTED_GRACE_SECONDS", least=0, default=30)
# How long a gate may take back an admission.
GATE_UNDO_SECONDS = env.int("GATE_UNDO_SECONDS", least=0, default=5 * 60)
# How long places are kept for a guest who was sent to the payment page.
PAYMENT_MINUTES = env.int("PAYMENT_MINUTES", default=15)
# How long every call of a Onebox channel keeps its BASKET, and how long a PRE_CONFIRM is kept.
ONEBOX_BASKET_SECONDS = env.int("ONEBOX_BASKET_SECONDS", default=10 * 60)
ONEBOX_PRE_CONFIRM_SECONDS = env.int("ONEBOX_PRE_CONFIRM_SECONDS", default=10 * 60)
# Sessions are made for so many days ahead (catalog/scheduling.py).
SESSION_HORIZON_DAYS = env.int("SESSION_HORIZON_DAYS", most=3650, default=400)
# A worker that has not been heard of for this long is dead and its jobs are taken over.
WORKER_SILENCE_SECONDS = env.int("WORKER_SILENCE_SECONDS", default=30)
# Orders that wait are issued together, so many at a time; 1: each alone.
ISSUED_TOGETHER = env.int("ISSUED_TOGETHER", default=50)
# How long events stay in the feed, with what became of their deliveries.
EVENT_RETENTION_DAYS = env.int("EVENT_RETENTION_DAYS", most=36500, default=90)
# Names and addresses of guests are erased so many days after the visit; 0: never by themselves.
PERSONAL_DATA_DAYS = env.int("PERSONAL_DATA_DAYS", least=0, most=36500, default=0)
# Where guests are mailed from: by a mail server, in the demo to the log. Without one nobody is.
MAIL_ENABLED = DEMO or bool(env.str("EMAIL_URL", default=""))
vars().update(env.mail("EMAIL_URL", default="consolemail://" if DEMO else "dummymail://"))
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="tickets@localhost")
# How many webhooks one process sends at a time.
WEBHOOK_SENDERS = env.int("WEBHOOK_SENDERS", default=16)
# Whether we send to our own host: for a sandbox, whose receiver runs beside it.
OUTBOUND_ALLOW_LOOPBACK = env.bool("OUTBOUND_ALLOW_LOOPBACK", default=DEMO)
# Whether shops may have guests sent back to this very machine, by http too: for a sandbox.
REDIRECT_ALLOW_LOOPBACK = env.bool("REDIRECT_ALLOW_LOOPBACK", default=DEMO)
# A cart lasts so long from the last seat put in, an order's seats while its guest pays; and the
# most tickets of one event that an order may have.
VOORDEMENSEN_CART_MINUTES = env.int("VOORDEMENSEN_CART_MINUTES", default=15)
VOORDEMENSEN_TICKETS_PER_ORDER = env.int("VOORDEMENSEN_TICKETS_PER_ORDER", default=20)
# Who takes the guests' money on our payment page, and what paying by each method adds.
PAYMENTS = payment_settings.read(env, in_production=IN_PRODUCTION)
# What django-payments asks for.
PAYMENT_MODEL = "orders.Payment"
PAYMENT_HOST = urlsplit(PUBLIC_URL).netloc
PAYMENT_USES_SSL = HTTPS
PAYMENT_VARIANTS = PAYMENTS.variants
# Seconds stand last (croniter).
RECOVERY_CRON = env.cron("RECOVERY_CRON", default="* * * * * */15")

PROCRASTINATE_WORKER_DEFAULTS = {
    "update_heartbeat_interval": max(1.0, WORKER_SILENCE_SECONDS / 3),
    "stalled_worker_timeout": float(WORKER_SILENCE_SECONDS),
    # A notification that comes while the worker looks for a job is lost on it: then it looks again.
    "fetch_job_polling_interval": 0.5,
    "delete_jobs": "successful",
    "worker_middleware": [job_log.log_job],
}
PROCRASTINATE_IMPORT_PATHS: list[str] = []
PROCRASTINATE_ON_APP_READY = "channel_manager.lib.jobs.be_patient"

# In production whoever collects the logs reads JSON, and one line for each request and job.
LOG_FORMAT = env.choice("LOG_FORMAT", logs.FORMATS, default="json" if IN_PRODUCTION else "text")
LOG_LEVEL = env.choice("LOG_LEVEL", logs.LEVELS, default="INFO" if IN_PRODUCTION else "WARNING")
# Who asks for /metrics sends it; without one there is nothing to ask for.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    raise ImproperlyConfigured("METRICS_TOKEN must have 20 characters or more.")
LOGGING = logs.configuration(form=LOG_FORMAT, level=LOG_LEVEL)

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "OTA Channel Manager",
    "SITE_HEADER": "OTA Channel Manager",
    "SITE_SYMBOL": "confirmation_number",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ACCOUNT": {
        "navigation": [
            {"title": "Two-factor sign-in", "link": reverse_lazy("two_factor")},
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
        ]
    },
    "ENVIRONMENT": "channel_manager.admin.environment",
    "GLOBAL_CALLBACK": "channel_manager.workers.frame",
    "DASHBOARD_CALLBACK": "orders.admin.home.show_home",
    "STYLES": [
        f"{STATIC_URL}admin_extra/admin.css",
        f"{STATIC_URL}admin_extra/calendar.css",
        f"{STATIC_URL}admin_extra/closing.css",
        f"{STATIC_URL}admin_extra/worklists.css",
        f"{STATIC_URL}admin_extra/preview.css",
        f"{STATIC_URL}admin_extra/home.css",
        f"{STATIC_URL}admin_extra/partners.css",
        f"{STATIC_URL}admin_extra/people.css",
        f"{STATIC_URL}admin_extra/webhooks.css",
        f"{STATIC_URL}admin_extra/reports.css",
    ],
    "SCRIPTS": [f"{STATIC_URL}admin_extra/admin.js"],
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.72)",
            "100": "oklch(95.3% .051 180.801)",
            "200": "oklch(91% .096 180.426)",
            "300": "oklch(85.5% .138 181.071)",
            "400": "oklch(77.7% .152 181.912)",
            "500": "oklch(65% .128 183.5)",
            "600": "oklch(51.1% .096 186.391)",
            "700": "oklch(43.7% .078 188.216)",
            "800": "oklch(38.6% .063 188.416)",
            "900": "oklch(33% .054 188.5)",
            "950": "oklch(27.7% .046 192.524)",
        },
    },
    "SIDEBAR": {"show_search": False, "navigation": "channel_manager.admin.navigation"},
}

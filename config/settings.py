"""All settings, from the environment; works with nothing set.

With nothing set Winnow keeps everything under ./var: an SQLite database, uploads, the queue, a secret key
made on first start. An institute sets DATABASE_URL, WINNOW_BROKER_URL and a few more: docs/self-hosting.md
describes every variable (a test compares the two).
"""

import secrets
from pathlib import Path

import environ
from csp.constants import NONE, SELF

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()

# ---------------------------------------------------------------- state: one folder
WINNOW_DATA = Path(env.str("WINNOW_DATA", default=str(BASE_DIR / "var"))).resolve()
for _folder in ("uploads", "incoming", "queue/messages", "queue/control", "log", "static"):
    (WINNOW_DATA / _folder).mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """The key from the environment, or one made on first start and kept with the data (mode 600)."""
    if given := env.str("WINNOW_SECRET_KEY", default=""):
        return given
    path = WINNOW_DATA / "secret_key"
    try:
        with path.open("x", encoding="utf-8") as made:
            path.chmod(0o600)
            made.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8").strip()


SECRET_KEY = _secret_key()
DEBUG = env.bool("WINNOW_DEBUG", default=False)
ALLOWED_HOSTS = env.list("WINNOW_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("WINNOW_CSRF_TRUSTED_ORIGINS", default=[])

# Behind TLS (an institute): cookies only over https, and the proxy's word about the scheme is believed.
WINNOW_SECURE = env.bool("WINNOW_SECURE", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = WINNOW_SECURE
SECURE_HSTS_SECONDS = 31_536_000 if WINNOW_SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if WINNOW_SECURE else None
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# ---------------------------------------------------------------- the parts
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "rest_framework.authtoken",
    "django_htmx",
    "csp",
    "axes",
    "reviews",
    "screening",
    "extraction",
    "workers",
    # behind ours, whose templates replace its looks
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Closed by default: a view is public only when it says so with @login_not_required.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "reviews.refusals.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# ---------------------------------------------------------------- database
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{WINNOW_DATA / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL and IMMEDIATE: with Django's default (DEFERRED) five screeners already meet "database is locked";
    # so ATOMIC_REQUESTS must stay off, or every GET would take the write lock.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---------------------------------------------------------------- people
AUTH_USER_MODEL = "reviews.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "home"
AXES_FAILURE_LIMIT = 10
AXES_USERNAME_CALLABLE = "reviews.signing_in.who_is_tried"
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "reviews/locked_out.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

# Signing in with a second step, resetting a password and an institute's own sign-in are django-allauth's. Signing
# up is ours (reviews/signing_up.py), so that it stands in the trail.
ACCOUNT_ADAPTER = "reviews.signing_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an installation without mail must work
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no mail to strangers' addresses; the page says the same either way
# Ten wrong passwords are counted by axes; this counts wrong codes of the second step.
ACCOUNT_RATE_LIMITS = {"login_failed": "60/m/ip,20/900s/key", "login": "120/m/ip"}
MFA_ADAPTER = "reviews.signing_in.SecondStepAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Winnow"
SOCIALACCOUNT_ADAPTER = "reviews.signing_in.InstituteAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"

# An institute's OpenID Connect, if there is one: docs/self-hosting.md.
WINNOW_OIDC_ISSUER = env.str("WINNOW_OIDC_ISSUER", default="").rstrip("/")
WINNOW_OIDC_NAME = env.str("WINNOW_OIDC_NAME", default="") or "your institute"
_INSTITUTE = {
    "provider_id": "institute",
    "name": WINNOW_OIDC_NAME,
    "client_id": env.str("WINNOW_OIDC_CLIENT_ID", default=""),
    "secret": env.str("WINNOW_OIDC_CLIENT_SECRET", default=""),
    "settings": {"server_url": WINNOW_OIDC_ISSUER},
}
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [_INSTITUTE] if WINNOW_OIDC_ISSUER else []}
}
# Mail, for password resets and invitations; without it Winnow sends none and offers neither.
EMAIL_CONFIG = env.email_url("WINNOW_MAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
SENDS_MAIL = bool(env.str("WINNOW_MAIL_URL", default=""))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("WINNOW_MAIL_FROM", default="winnow@localhost")

# ---------------------------------------------------------------- pages
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "static/"
STATIC_ROOT = WINNOW_DATA / "static"
MEDIA_ROOT = WINNOW_DATA / "uploads"
WHITENOISE_USE_FINDERS = True  # a laptop needs no collectstatic
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "object-src": [NONE],
        # (a browser applies this to where a form's answer redirects as well)
        "form-action": [SELF, *([WINNOW_OIDC_ISSUER] if WINNOW_OIDC_ISSUER else [])],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
MAX_UPLOAD_MB = env.int("WINNOW_MAX_UPLOAD_MB", default=500)  # 100,000 RIS records are about 300
# Beside the uploads, so that a file that has come in is moved there and not copied; /tmp may be small.
FILE_UPLOAD_TEMP_DIR = WINNOW_DATA / "incoming"
DATA_UPLOAD_MAX_MEMORY_SIZE = (
    20 * 1024 * 1024
)  # pasted text; files are streamed to disk and limited by MAX_UPLOAD_MB
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# ---------------------------------------------------------------- API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "EXCEPTION_HANDLER": "reviews.refusals.api_exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": env.str("WINNOW_API_RATE", default="3000/min")},
}

# ---------------------------------------------------------------- queue
# The broker only wakes workers up: the truth about work in hand is in rows with leases (screening.RunItem).
CELERY_BROKER_URL = env.str("WINNOW_BROKER_URL", default="filesystem://localhost//")
if CELERY_BROKER_URL.startswith("filesystem"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(WINNOW_DATA / "queue/messages"),
        "data_folder_out": str(WINNOW_DATA / "queue/messages"),
        "control_folder": str(WINNOW_DATA / "queue/control"),
        "polling_interval": 0.05,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_connect_timeout": 3}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_PUBLISH_RETRY = False  # a dead broker must not hang a page: the sweeper finds the rows
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# ---------------------------------------------------------------- models
OFFLINE_MODEL = "offline/rule-reader-1"
WINNOW_MODEL = env.str("WINNOW_MODEL", default="") or OFFLINE_MODEL
WINNOW_API_BASE = env.str("WINNOW_API_BASE", default="") or None
WINNOW_MODEL_TIMEOUT = env.float("WINNOW_MODEL_TIMEOUT", default=90.0)  # seconds for one call
WINNOW_MODEL_TRIES = env.int(
    "WINNOW_MODEL_TRIES", default=3
)  # calls for one record before it is shown as failed
WINNOW_MODEL_WIDTH = env.int("WINNOW_MODEL_WIDTH", default=16)  # calls under way at once in one worker

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env.str("WINNOW_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "axes": {"level": "WARNING"},
    },
}

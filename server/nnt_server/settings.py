"""Django's settings, made of what this service was told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from psycopg2.extensions import parse_dsn
from pydantic import SecretStr

from nnt_server.server_settings import ServerSettings

_PACKAGE = Path(__file__).resolve().parent


def django_database(url: SecretStr) -> dict[str, Any]:
    parts = parse_dsn(url.get_secret_value())
    named = {
        name: parts.pop(key, "")
        for name, key in {
            "NAME": "dbname",
            "USER": "user",
            "PASSWORD": "password",
            "HOST": "host",
            "PORT": "port",
        }.items()
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "OPTIONS": parts,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


NNT = ServerSettings()

DEBUG = False
SECRET_KEY = NNT.secret_key.get_secret_value()
ALLOWED_HOSTS = NNT.allowed_hosts
ROOT_URLCONF = "nnt_server.urls"
WSGI_APPLICATION = "nnt_server.wsgi.application"
DATABASES = {"default": django_database(NNT.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "nnt_server.accounts",
    "nnt_server.api",
    "nnt_server.machine",
    "nnt_server.simulations",
]
# CSRF protection reads the whole body. It comes after log-in and the size limit, so that a stranger's
# large upload is refused before it is read.
MIDDLEWARE = [
    "nnt_server.middleware.Healthz",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "nnt_server.api.middleware.ErrorBodies",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "nnt_server.api.middleware.BearerUser",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "nnt_server.middleware.LoginRequired",
    "nnt_server.middleware.LimitBody",
    "django.middleware.csrf.CsrfViewMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_PACKAGE / "templates"],
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

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Failures are counted, and known again, by axes; accounts/authentication.py says how that is used.
AUTHENTICATION_BACKENDS = ["nnt_server.accounts.authentication.SlowedDownBackend"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=5)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "nnt_server.accounts.client_address.client_address"
AXES_DISABLE_ACCESS_LOG = True  # who logged in from where is nobody's business
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username"]  # not into the log: people type passwords into that field
# Its middleware would put a page of its own in the place of the form, and of the API's error body.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]

LOGIN_URL = "log_in"
LOGIN_REDIRECT_URL = "simulation_list"
LOGOUT_REDIRECT_URL = "home"

# A hash of the empty text: Plotly makes empty style elements and fills them through the object model,
# which needs no more than this.
_EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, _EMPTY_STYLE],
        "img-src": [SELF, "data:", "blob:"],  # Plotly draws a chart into one to save it
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Browsers keep cookies by host, whatever the port: other programs on this machine must not share ours.
SESSION_COOKIE_NAME = "nnt_session"
CSRF_COOKIE_NAME = "nnt_csrf"
CSRF_COOKIE_HTTPONLY = True
if NNT.https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

FILE_UPLOAD_TEMP_DIR = NNT.uploads_dir
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "nnt_server.upload_handlers.NamelessTemporaryFile",
]
STATIC_URL = "/static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATIC_ROOT = NNT.static_dir or NNT.data_dir / "static"
STATICFILES_DIRS = [_PACKAGE / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "axes": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # a page that follows a log asks every two seconds
    },
}

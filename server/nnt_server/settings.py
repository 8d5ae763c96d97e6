"""Everything this service can be told, and Django's settings made of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from csp.constants import NONE, SELF
from psycopg2.extensions import parse_dsn
from pydantic import (
    Field,
    HttpUrl,
    NonNegativeInt,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

_PACKAGE = Path(__file__).resolve().parent
_REPOSITORY = _PACKAGE.parents[1]


class ServerSettings(BaseSettings):
    """Everything the server can be told."""

    model_config = SettingsConfigDict(env_prefix="NNT_", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(
        description="The PostgreSQL database: postgresql://user:password@host:port/name"
    )
    secret_key: SecretStr = Field(min_length=32, description="Signs sessions and forms")
    service_token: SecretStr = Field(
        min_length=32, description="What the server shows to the deployer"
    )
    deployer_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:7000"), description="Where the deployer answers"
    )
    data_dir: Path = Field(description="Where datasets, uploads and static files are kept")
    db_dir: Path = Field(
        default=_REPOSITORY / "db", description="The SQL files that migrate applies"
    )
    allowed_hosts: list[str] = Field(
        default=["localhost", "127.0.0.1", "[::1]"],
        description="The names under which browsers reach the server, as a JSON list",
    )
    https: bool = Field(
        default=False,
        description="Browsers come by https, through a proxy that sets X-Forwarded-Proto",
    )
    trusted_proxies: NonNegativeInt = Field(
        default=0,
        description="How many proxies of ours a request passes; that many ends of X-Forwarded-For are believed",
    )
    max_upload_mb: PositiveInt = Field(
        default=2048, description="The largest request: a model and three datasets together"
    )
    max_model_mb: PositiveInt = Field(default=16, description="The largest model file")
    # What a simulation may use; None: as much as there is.
    limit_memory_mb: PositiveInt | None = Field(
        default=None, description="Memory of a simulation that names no limit, in MiB"
    )
    limit_memory_mb_max: PositiveInt | None = Field(
        default=None, description="The highest limit of memory that a simulation may have, in MiB"
    )
    limit_cpu_s: PositiveInt | None = Field(
        default=None, description="Processor time of a simulation that names no limit, in seconds"
    )
    limit_cpu_s_max: PositiveInt | None = Field(
        default=None,
        description="The highest limit of processor time that a simulation may have, in seconds",
    )
    limit_wall_s: PositiveInt | None = Field(
        default=None,
        description="Training time, pauses left out, of a simulation that names no limit, in seconds",
    )
    limit_wall_s_max: PositiveInt | None = Field(
        default=None,
        description="The highest limit of training time that a simulation may have, in seconds",
    )

    @field_validator("database_url")
    @classmethod
    def _understood_by_the_driver(cls, url: SecretStr) -> SecretStr:
        try:
            parse_dsn(url.get_secret_value())
        except Exception:
            # The driver's own message repeats the URL, and with it the password.
            raise ValueError("postgresql://user:password@host:port/name is expected") from None
        return url

    @model_validator(mode="after")
    def _limits_agree(self) -> Self:
        for name in ("limit_memory_mb", "limit_cpu_s", "limit_wall_s"):
            usual, highest = getattr(self, name), getattr(self, f"{name}_max")
            if usual and highest and usual > highest:
                raise ValueError(f"{name} is {usual}, more than {name}_max, which is {highest}")
        return self

    @property
    def datasets_dir(self) -> Path:
        return self.data_dir / "datasets"

    @property
    def uploads_dir(self) -> Path:
        return self.data_dir / "uploads"


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
STATIC_ROOT = NNT.data_dir / "static"
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

"""Django settings of a node; every choice that differs between nodes comes from :mod:`.environment`."""

from __future__ import annotations

from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from hocbaso.config import environment as _environment
from hocbaso.config.logging import LOGGING as LOGGING
from hocbaso.config.static_files import static_url

NODE = _environment.read()
PACKAGE = Path(__file__).resolve().parent.parent

HOCBASO_HOME = NODE.home
HOCBASO_ENVIRONMENT = NODE.environment
HOCBASO_PUBLIC_URL = NODE.public_url
HOCBASO_KEY_PROVIDER = NODE.key_provider

SECRET_KEY = NODE.secret_key
DEBUG = NODE.debug
ALLOWED_HOSTS = list(NODE.allowed_hosts)
ROOT_URLCONF = "hocbaso.config.urls"
WSGI_APPLICATION = "hocbaso.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "hocbaso.apps.common",
    "hocbaso.apps.organisations",
    "hocbaso.apps.accounts",
    "hocbaso.apps.audit",
    "hocbaso.apps.pupils",
    "hocbaso.apps.periods",
    "hocbaso.apps.intake",
    "hocbaso.apps.assessment",
    "hocbaso.apps.signing",
    "hocbaso.apps.signing.stamping",
    "hocbaso.apps.signing.elsewhere",
    "hocbaso.apps.ledger",
    "hocbaso.apps.transcripts",
    "hocbaso.apps.transcripts.offline",
    "hocbaso.apps.transcripts.waiting",
    "hocbaso.apps.preservation",
    "hocbaso.apps.preservation.evidence_records",
    "hocbaso.apps.books",
    "hocbaso.apps.identity",
    "hocbaso.apps.quality",
    "hocbaso.apps.matching",
    "hocbaso.apps.identity.collection",
    "hocbaso.apps.identity.escalation",
    "hocbaso.apps.identity.watching",
    "hocbaso.apps.identity.campaigns",
    "hocbaso.apps.privacy",
    "hocbaso.apps.residence",
    "hocbaso.interfaces.web",
]

MIDDLEWARE = [
    "hocbaso.interfaces.web.edge.TrustedProxyMiddleware",
    "hocbaso.interfaces.web.edge.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "hocbaso.interfaces.web.edge.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "hocbaso.interfaces.web.language.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "hocbaso.interfaces.web.middleware.ActorMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "hocbaso.interfaces.web.context.frame",
            ],
        },
    }
]

DATABASES = {"default": dj_database_url.parse(NODE.database_url, conn_max_age=60)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction that reads first and writes later would otherwise fail under load.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;"
        "PRAGMA recursive_triggers=ON;",
    }

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/"
CSRF_FAILURE_VIEW = "hocbaso.interfaces.web.errors.csrf_failure"
HOCBASO_METRICS_TOKEN = NODE.metrics_token
HOCBASO_PROXIES = NODE.proxies
HOCBASO_LOG_WITNESSES = NODE.witnesses
HOCBASO_DEMO = NODE.demo
HOCBASO_POPULATION = NODE.population
HOCBASO_TSA = NODE.tsa
HOCBASO_AGENT_PORT = NODE.agent_port

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"

STATIC_URL = static_url(PACKAGE / "interfaces" / "web" / "static")
STATIC_ROOT = NODE.home / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
WHITENOISE_IMMUTABLE_FILE_TEST = rf"^{STATIC_URL}"  # another content has another address
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 30 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = NODE.https
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_SECURE = NODE.https
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = NODE.https
CSRF_COOKIE_HTTPONLY = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if NODE.https else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

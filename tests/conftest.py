"""Shared fixtures. ``HOCBASO_TEST_DATABASE=postgresql`` runs the same tests on a throw-away server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
import pytest_django
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests import databases

# A loaded machine is not a failing rule; CI examines the same examples every time, people new ones.
_calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
hypothesis_settings.register_profile("hocbaso", **_calm)
hypothesis_settings.register_profile("ci", derandomize=True, **_calm)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "hocbaso")

# Before settings are read: tests never touch the developer's own state.
_HOME = tempfile.TemporaryDirectory(prefix="hbs-test-")
os.environ["HOCBASO_HOME"] = _HOME.name
# What is made once for the whole run: the first process's folder, which its xdist workers inherit.
os.environ.setdefault("HOCBASO_TEST_SHARED", tempfile.mkdtemp(prefix="shared-", dir=_HOME.name))
os.environ["HOCBASO_ENVIRONMENT"] = "thu_nghiem"
for _name in (
    "HOCBASO_KEY_PROVIDER",
    "HOCBASO_SECRET_KEY",
    "HOCBASO_PUBLIC_URL",
    "HOCBASO_ALLOWED_HOSTS",
    "HOCBASO_TSA",
):
    os.environ.pop(_name, None)
os.environ["DJANGO_SETTINGS_MODULE"] = "hocbaso.config.settings"
os.environ["HOCBASO_SANDBOX_KEY"] = "p256"  # cheap keys; interop tests name their own
# Playwright drives the browser from an event loop of its own thread; the ORM is used from the test's thread.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

if os.environ.get("HOCBASO_TEST_DATABASE") == "postgresql":
    from tests.postgresql import Server

    _SERVER = Server.shared()
    os.environ["HOCBASO_DATABASE_URL"] = _SERVER.url
else:
    _SERVER = None
    os.environ["HOCBASO_DATABASE_URL"] = f"sqlite:///{Path(_HOME.name) / 'unused.sqlite3'}"

django.setup()  # now, and not earlier: the settings read what stands above


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that the workers of a parallel run end together.

    What uses the database is marked so: the second run, on PostgreSQL, is of that alone.
    """
    for item in items:
        asks = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
        if asks or item.get_closest_marker("django_db"):
            item.add_marker("database")
    folders = ("journeys", "interop", "unit/interfaces")

    def rank(item: pytest.Item) -> int:
        found = (n for n, folder in enumerate(folders) if item.nodeid.startswith(f"tests/{folder}/"))
        return next(found, len(folders))

    items.sort(key=rank)  # stable: within a folder nothing changes


_SHARED = Path(os.environ["HOCBASO_TEST_SHARED"])


def pytest_configure(config: pytest.Config) -> None:
    """The first process of a parallel run migrates a database for its workers while they collect."""
    config.addinivalue_line("markers", "database: set by itself on every test that uses the database")
    workers = getattr(config.option, "numprocesses", None)
    if not workers or config.option.collectonly or "PYTEST_XDIST_WORKER" in os.environ:
        return
    if _SERVER or not databases.kept().exists():
        making = databases.begin(_SHARED, _SERVER.url if _SERVER else "")
        config.add_cleanup(lambda: (making.kill(), making.wait()))
    # A worker that inherits this name reads the settings before its conftest has given it a home of its own.
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SERVER is not None:
        _SERVER.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Workers start from the run's migrated database."""
    from django.db import connection

    if databases.offered(connection, _SHARED):
        databases.start_from_template(connection)


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    """TransactionTestCase empties tables; the guards would refuse that, so they step aside for it alone.

    SQLite goes back to its first state instead, which is the same and takes a moment.
    """
    from django.db import connection
    from django.test import TransactionTestCase

    from hocbaso.apps.common.guards import suspended

    snapshot = None
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock():
            snapshot = databases.Snapshot(connection)
            snapshot.keep()
    original = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
        if snapshot is None or not snapshot.restore(connection):
            with suspended(connection):
                original(self)

    TransactionTestCase._fixture_teardown = teardown  # type: ignore[method-assign]
    yield
    TransactionTestCase._fixture_teardown = original  # type: ignore[method-assign]


SAMPLES = Path(__file__).parent / "data" / "samples"


@pytest.fixture(scope="session")
def samples() -> Path:
    """The sector's sample workbooks (synthetic)."""
    return SAMPLES


@pytest.fixture(scope="session")
def sandbox_home() -> Path:
    return Path(_HOME.name) / "sandbox"

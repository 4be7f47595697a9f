"""Shared fixtures. ``HOCBASO_TEST_DATABASE=postgresql`` runs the same tests on a throw-away server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that the workers of a parallel run end together."""
    folders = ("journeys", "interop", "unit/interfaces")

    def rank(item: pytest.Item) -> int:
        found = (n for n, folder in enumerate(folders) if item.nodeid.startswith(f"tests/{folder}/"))
        return next(found, len(folders))

    items.sort(key=rank)  # stable: within a folder nothing changes


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SERVER is not None:
        _SERVER.stop()


@pytest.fixture(autouse=True, scope="session")
def _flush_under_guards() -> Iterator[None]:
    """TransactionTestCase empties tables; the guards would refuse that, so they step aside for it alone."""
    from django.db import connection
    from django.test import TransactionTestCase

    from hocbaso.apps.common.guards import suspended

    original = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
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

"""The second run is really on PostgreSQL: settings are read after the tests' environment is set."""

from __future__ import annotations

import os

import pytest
from django.conf import settings


@pytest.mark.django_db
def test_the_run_uses_the_database_it_says() -> None:
    from django.db import connection

    assert connection.vendor == os.environ.get("HOCBASO_TEST_DATABASE", "sqlite")


def test_tests_never_touch_the_developers_own_state() -> None:
    assert "hbs-test-" in str(settings.HOCBASO_HOME)

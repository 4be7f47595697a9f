"""The second run is really on PostgreSQL: settings are read after the tests' environment is set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings

from tests import databases


@pytest.mark.django_db
def test_the_run_uses_the_database_it_says() -> None:
    from django.db import connection

    assert connection.vendor == os.environ.get("HOCBASO_TEST_DATABASE", "sqlite")


def test_tests_never_touch_the_developers_own_state() -> None:
    assert "hbs-test-" in str(settings.HOCBASO_HOME)


def test_the_kept_database_lies_where_nobody_else_could_put_one(tmp_path: Path) -> None:
    own = databases.own_directory(tmp_path)
    assert own.stat().st_mode & 0o777 == 0o700
    own.chmod(0o777)
    with pytest.raises(PermissionError):
        databases.own_directory(tmp_path)
    own.rmdir()
    own.symlink_to(tmp_path)
    with pytest.raises(PermissionError):
        databases.own_directory(tmp_path)

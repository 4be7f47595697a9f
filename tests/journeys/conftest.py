"""Every journey may ask for a browser, and gets a second chance."""

from __future__ import annotations

import pytest

from tests.journeys.browser import browser, page, plain_page  # noqa: F401


@pytest.fixture(autouse=True)
def _cheap_hashing(settings):
    """Argon2 takes its time on purpose; the journeys in this process are not about hashing."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys depend on processes, sockets and a browser on a loaded machine: one rerun, told in the end.

    Nothing else is run twice: a rule that fails once is wrong.
    """
    for item in items:
        if item.get_closest_marker("journey") is not None:
            item.add_marker(pytest.mark.flaky(reruns=1))

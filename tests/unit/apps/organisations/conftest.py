"""Argon2 takes its time on purpose; tests that are not about hashing do without."""

import pytest


@pytest.fixture(autouse=True)
def _cheap_hashing(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

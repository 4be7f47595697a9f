"""Clients that stand inside: signed in, second factor confirmed, post chosen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from hocbaso.apps.accounts.models import Assignment
from hocbaso.interfaces.web.middleware import POST_KEY, SECOND_FACTOR_KEY
from tests.unit.apps.accounts import people


@pytest.fixture(autouse=True)
def _cheap_hashing(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def inside() -> Callable[..., Client]:
    """``inside(post)`` → a client acting in that post."""

    def make(post: Assignment, *, second_factor: bool = True) -> Client:
        client = Client(headers={"accept-language": "vi"})
        client.force_login(post.user)
        session = client.session
        session[POST_KEY] = post.pk
        session[SECOND_FACTOR_KEY] = second_factor
        session.save()
        return client

    return make


@pytest.fixture
def school():
    return people.school()


@pytest.fixture
def as_role(inside, school):
    """``as_role(role, in_class)`` → (client, assignment)."""

    def make(role, in_class=None, unit=None, **fields):
        post = people.actor(role, unit or school, in_class, **fields).assignment
        return inside(post), post

    return make

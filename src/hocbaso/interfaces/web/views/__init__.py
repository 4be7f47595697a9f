"""Views, one module an area: parse → policy → one use case or query → render.

What they share: :func:`require_actor`, :func:`policy`, :func:`class_of`. A ``DomainError`` that leaves a view
becomes a page with its sentence (or JSON for a script): see ``middleware.py`` and ``errors.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from hocbaso.apps.accounts import door
from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import NotFound, register

register(
    {"no_such_class": ("Trường không có lớp này trong năm học đang xem.", "The school has no such class.")}
)

View = Callable[..., HttpResponse]


def require_actor(view: View) -> View:
    """The page is for somebody signed in who has chosen a post; others are sent to the step they lack."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if actor_or_none(request) is None:
            step = "web:choose-post" if request.user.is_authenticated else "web:sign-in"
            back = request.get_full_path() if request.method == "GET" else ""
            return redirect(reverse(step) + (f"?{urlencode({'tiep': back})}" if back else ""))
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")  # a shared PC: nothing after signing out
        return response

    return guarded


def actor_or_none(request: HttpRequest) -> Actor | None:
    """Who acts, when somebody is signed in and has chosen a post."""
    return getattr(request, "actor", None)


def actor_of(request: HttpRequest) -> Actor:
    """Who acts (behind :func:`require_actor`)."""
    actor = actor_or_none(request)
    assert actor is not None
    return actor


def school_of(request: HttpRequest) -> Organisation:
    """The unit of the chosen post."""
    post = actor_of(request).assignment
    assert post is not None
    return post.organisation


def policy(request: HttpRequest, permission: str, target: Any = None) -> None:
    """:raises NotAllowed: the policy says no (403)."""
    door.require(actor_of(request), permission, target)


def class_of(request: HttpRequest, class_id: int, permission: str) -> SchoolClass:
    """The class of the actor's own school, when ``permission`` on it is given. One query.

    :raises NotFound: no such class in this school, or one that the actor may not know of (404).
    """
    found = (
        SchoolClass.objects.select_related("school").filter(pk=class_id, school=school_of(request)).first()
    )
    if found is None or not door.allowed(actor_of(request), permission, found):
        raise NotFound("no_such_class")
    return found

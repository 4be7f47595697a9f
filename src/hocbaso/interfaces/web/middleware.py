"""Puts the actor on every request: the signed-in person in the post he has chosen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.http import HttpRequest, HttpResponse

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment
from hocbaso.apps.common import clock
from hocbaso.apps.common.compiled import Compiled
from hocbaso.apps.organisations.models import valid_on
from hocbaso.core.errors import DomainError
from hocbaso.interfaces.web import errors

#: For machines and monitors: no session is looked at, so that these answers do not vary with cookies.
_WITHOUT_SESSION = ("/log/", "/status/", "/schemas/", "/healthz", "/readyz", "/metrics")
POST_KEY = "assignment"
SECOND_FACTOR_KEY = "second_factor"


_post = Compiled(
    lambda day, post, user: Assignment.objects.filter(valid_on(day), pk=post, user=user).select_related(
        "user", "organisation", "school_class"
    ),
    day=date,
    post=int,
    user=int,
)


class ActorMiddleware:
    """``request.actor`` is an :class:`Actor` or None (nobody signed in, or no post chosen)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_WITHOUT_SESSION):
            request.actor = None  # type: ignore[attr-defined]
            return self.get_response(request)
        request.actor = self._actor(request)  # type: ignore[attr-defined]
        response = self.get_response(request)
        if request.user.is_authenticated:  # a shared PC: nothing after signing out, error pages included
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal that no view turned into something better becomes a page with its sentence."""
        return errors.domain_error(request, exception) if isinstance(exception, DomainError) else None

    @staticmethod
    def _actor(request: HttpRequest) -> Actor | None:
        post_id = request.session.get(POST_KEY)
        if post_id is None or not request.user.is_authenticated:
            return None
        found = _post(day=clock.today(), post=post_id, user=request.user.pk)
        if not found:  # the assignment ended: the right ends with it
            return None
        post = found[0]
        if post.school_class is not None and post.school_class.school_id == post.organisation_id:
            post.school_class.school = post.organisation
        return Actor.of(post, second_factor=bool(request.session.get(SECOND_FACTOR_KEY)))

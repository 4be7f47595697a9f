"""Around the gradebook's page: how long the session lasts, the comment bank, signing in again in a dialog."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.interfaces.web import gradebook_bank, gradebook_lists
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.gradebook_place import place_of
from hocbaso.interfaces.web.gradebook_session import seconds_left, sign_in_again
from hocbaso.interfaces.web.json_body import read_json
from hocbaso.interfaces.web.views import actor_of, require_actor

_LONGEST = 4000


@require_actor
@require_GET
def around(request: HttpRequest, class_id: int, part: str) -> JsonResponse:
    """What the page's script asks for once it stands.

    ``{"left": seconds, "bank": [{code, text, own}], "parts": [{label, url, current}]}``; ``parts`` are the
    other pages of the class, for a subject teacher only (the page itself holds them for others).
    """
    place = place_of(request, class_id, part)
    actor = actor_of(request)
    parts = [] if gradebook_lists.sees_all(actor) else gradebook_lists.picker(actor, place)
    return JsonResponse(
        {
            "left": seconds_left(request),
            "bank": gradebook_bank.sentences(actor, place),
            "parts": [{"label": p.label, "url": p.url, "current": p.current} for p in parts],
        }
    )


@never_cache
@require_POST
def sign_in(request: HttpRequest) -> JsonResponse:
    """One step of the dialog as JSON; see :func:`sign_in_again`. 403 with a sentence when it fails.

    :raises Unreadable: ``gradebook_request``
    """
    try:
        sent = read_json(request.body[:_LONGEST])
    except ValueError:
        raise Unreadable("gradebook_request") from None
    if not isinstance(sent, dict):
        raise Unreadable("gradebook_request")
    try:
        return JsonResponse(sign_in_again(request, sent))
    except DomainError as error:
        return JsonResponse({"step": "again", "message": words(error)}, status=403)

"""The session below the gradebook: how long it lasts, the key of the browser's queue, signing in again."""

from __future__ import annotations

import base64

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from hocbaso.apps.accounts.models import User
from hocbaso.apps.accounts.use_cases import second_factor
from hocbaso.apps.accounts.use_cases.choose_post import choose_post
from hocbaso.apps.accounts.use_cases.sign_in import sign_in
from hocbaso.apps.common import clock
from hocbaso.core.errors import DomainError
from hocbaso.interfaces.web.middleware import POST_KEY, SECOND_FACTOR_KEY

_BACKEND = "django.contrib.auth.backends.ModelBackend"
_SALT = "hocbaso.gradebook.queue"


def seconds_left(request: HttpRequest) -> int:
    """How long the session still lasts. One query."""
    key = request.session.session_key
    model = getattr(request.session, "model", None)
    if key is None or model is None:
        return int(settings.SESSION_COOKIE_AGE)
    ends = model.objects.filter(session_key=key).values_list("expire_date", flat=True).first()
    return max(0, int((ends - clock.now()).total_seconds())) if ends else 0


def queue_key(user: User) -> str:
    """The key that the browser encrypts this person's unsent cells with, in base64 (32 bytes).

    It goes only to pages of the signed-in person and is stored nowhere: whoever sits at the same computer
    afterwards holds cipher text. It stays the same from session to session, so that what was typed before a
    session ended can be read after the same person has signed in again.
    """
    return base64.b64encode(salted_hmac(_SALT, str(user.pk), algorithm="sha256").digest()).decode()


def sign_in_again(request: HttpRequest, sent: dict[str, object]) -> dict[str, object]:
    """One step of the dialog: ``{"post", "username", "password"}`` or ``{"post", "username", "code"}``.

    :returns: ``{"step": "code"}``, ``{"step": "done", "left": seconds}``, or ``{"step": "leave", "message",
        "url"}`` where the person has to do more than a dialog can ask (a first password, a new device).
    :raises DomainError: ``sign_in_failed``, ``sign_in_wait``, ``totp_wrong``, ``totp_used``,
        ``post_not_found``.
    """
    username, code = str(sent.get("username", "")), sent.get("code")
    user: User
    if code is None:
        user = sign_in(
            username=username,
            password=str(sent.get("password", "")),
            address=request.META.get("REMOTE_ADDR", ""),
        )
        request.session.flush()  # nothing of an earlier session survives: no second factor, no post
        auth.login(request, user, backend=_BACKEND)
    else:
        signed_in = request.user
        if not isinstance(signed_in, User) or signed_in.username != username:
            raise DomainError("sign_in_failed")
        user = signed_in
        second_factor.confirm_totp(user=user, code=str(code))
        request.session.cycle_key()
        request.session[SECOND_FACTOR_KEY] = True
    return _next(request, user, sent.get("post"))


def _next(request: HttpRequest, user: User, post: object) -> dict[str, object]:
    confirmed = bool(request.session.get(SECOND_FACTOR_KEY))
    asked = not confirmed and second_factor.is_required(user)
    if user.must_change_password or (asked and user.totp_confirmed_at is None):
        message = _("Thầy cô cần làm thêm một bước ở trang đăng nhập; các ô chưa gửi vẫn còn trên máy này.")
        return {"step": "leave", "message": message, "url": reverse("web:choose-post")}
    if asked:
        return {"step": "code"}
    chosen = choose_post(
        user=user, assignment_id=post if isinstance(post, int) else 0, second_factor=confirmed
    )
    request.session[POST_KEY] = chosen.pk
    return {"step": "done", "left": int(settings.SESSION_COOKIE_AGE)}

"""Signing in: password, second factor, post; signing out."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.contrib import auth, messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hocbaso.apps.accounts import queries
from hocbaso.apps.accounts.models import User
from hocbaso.apps.accounts.use_cases import change_password as password_use_case
from hocbaso.apps.accounts.use_cases import second_factor
from hocbaso.apps.accounts.use_cases.choose_post import choose_post as choose
from hocbaso.apps.accounts.use_cases.sign_in import sign_in as sign_in_use_case
from hocbaso.core.errors import DomainError
from hocbaso.interfaces.web import demo, nav, posts, qr
from hocbaso.interfaces.web.errors import words
from hocbaso.interfaces.web.forms import CodeForm, PasswordForm, SignInForm
from hocbaso.interfaces.web.middleware import POST_KEY, SECOND_FACTOR_KEY
from hocbaso.interfaces.web.views import View, actor_or_none

BACK_KEY = "back"
_LONGEST_BACK = 600
_BACKEND = "django.contrib.auth.backends.ModelBackend"


def _page(
    request: HttpRequest, template: str, form: forms.Form | None = None, **context: object
) -> HttpResponse:
    status = 422 if form is not None and form.is_bound and form.errors else 200
    return render(request, f"web/auth/{template}.html", {"form": form, **context}, status=status)


def _way_back(request: HttpRequest) -> str:
    """The page of this node that somebody came from (``tiep``), or an empty text.

    It travels in the form, not in a session: who only knocks at the door leaves no row in the database.
    """
    back = request.POST.get("tiep", "") or request.GET.get("tiep", "")
    hosts = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(back, hosts, require_https=request.is_secure())
    return back if safe and len(back) <= _LONGEST_BACK else ""


def next_step(request: HttpRequest) -> str:
    """The step of signing in that the session still lacks; the post when only that is missing."""
    user = request.user
    if not isinstance(user, User):
        return reverse("web:sign-in")
    if user.must_change_password:
        return reverse("web:change-password")
    if not request.session.get(SECOND_FACTOR_KEY) and second_factor.is_required(user):
        return reverse("web:enrol" if user.totp_confirmed_at is None else "web:confirm-code")
    return reverse("web:choose-post")


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """``/``: the door. Somebody who stands inside is led on."""
    if request.method == "GET" and request.user.is_authenticated:
        actor = actor_or_none(request)
        return redirect(nav.home_url(actor) if actor else next_step(request))
    back, sandbox = _way_back(request), demo.door()
    typed = {"username": request.GET.get("u", "")[:60]} if sandbox else {}
    form = SignInForm(request.POST if request.method == "POST" else None, initial=typed, label_suffix="")
    if sandbox and typed["username"]:  # the common password is no secret: it stands beside the form
        form.fields["password"].widget.attrs["value"] = sandbox.password
    if request.method == "POST" and form.is_valid():
        try:
            user = sign_in_use_case(
                username=form.cleaned_data["username"],
                password=form.cleaned_data["password"],
                address=request.META.get("REMOTE_ADDR", ""),
            )
        except DomainError as error:
            form.add_error("password", words(error))
        else:
            request.session.flush()  # nothing of an earlier session survives: no second factor, no post
            auth.login(request, user, backend=_BACKEND)
            if back:
                request.session[BACK_KEY] = back
            return redirect(next_step(request))
    return _page(request, "sign_in", form, back=back, sandbox=sandbox, picked=request.GET.get("u", ""))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    auth.logout(request)
    messages.success(request, _("Thầy cô đã đăng xuất."))
    return redirect("web:sign-in")


def _own_step(view: View) -> View:
    """A step of signing in: only for somebody whose next step it is (or who is past it, for the password)."""

    @never_cache
    @require_http_methods(["GET", "POST"])
    def guarded(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect("web:sign-in")
        return view(request)

    return guarded


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@_own_step
def confirm_code(request: HttpRequest) -> HttpResponse:
    """Second factor: the code of the authenticator."""
    user = _user(request)
    if user.totp_confirmed_at is None:
        return redirect(next_step(request))
    form = CodeForm(request.POST if request.method == "POST" else None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            second_factor.confirm_totp(user=user, code=form.cleaned_data["code"])
        except DomainError as error:
            form.add_error("code", words(error))
        else:
            return _second_factor_stands(request)
    return _page(request, "confirm_code", form)


def _second_factor_stands(request: HttpRequest) -> HttpResponse:
    request.session.cycle_key()
    request.session[SECOND_FACTOR_KEY] = True
    return redirect(next_step(request))


@never_cache
@require_safe
def demo_code(request: HttpRequest) -> HttpResponse:
    """``/hop-cat/ma``: for the demo's pages, the visitor's own present code; elsewhere there is no such page.

    JSON ``{"code", "wait"}``.
    """
    shown = demo.code_of(request.user)
    if shown is None:
        raise Http404
    return JsonResponse({"code": shown.code, "wait": shown.wait})


@_own_step
def enrol(request: HttpRequest) -> HttpResponse:
    """Set the second factor up: scan, then prove it with a code."""
    user = _user(request)
    if user.totp_confirmed_at is not None or user.must_change_password:
        return redirect(next_step(request))
    form = CodeForm(request.POST if request.method == "POST" else None, label_suffix="")
    secret = second_factor.propose_secret(user=user)
    if request.method == "POST" and form.is_valid():
        try:
            second_factor.enrol_totp(user=user, code=form.cleaned_data["code"])
        except DomainError as error:
            form.add_error("code", words(error))
        else:
            messages.success(request, _("Đã cài đặt xác nhận lần hai."))
            return _second_factor_stands(request)
    image = qr.svg(second_factor.provisioning_uri(user), _("Mã QR để cài đặt xác nhận lần hai"))
    groups = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    return _page(request, "enrol", form, image=image, secret=groups)


@_own_step
def change_password(request: HttpRequest) -> HttpResponse:
    """The first password must be changed; later on the person's own wish, with the second factor confirmed
    where there is one: a password alone must not shut its owner out."""
    user = _user(request)
    if user.totp_confirmed_at is not None and not request.session.get(SECOND_FACTOR_KEY):
        return redirect("web:confirm-code")
    form = PasswordForm(request.POST if request.method == "POST" else None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            password_use_case.change_password(
                user=user, present=form.cleaned_data["present"], new=form.cleaned_data["new"]
            )
        except DomainError as error:
            form.add_error(
                "present" if error.code in ("password_wrong", "sign_in_wait") else "new", words(error)
            )
        else:
            auth.update_session_auth_hash(request, user)
            messages.success(request, _("Đã đổi mật khẩu."))
            actor = actor_or_none(request)
            return redirect(nav.home_url(actor) if actor else next_step(request))
    return _page(request, "change_password", form)


@_own_step
def choose_post(request: HttpRequest) -> HttpResponse:
    """One person, several posts; with a single one nothing is asked."""
    if back := _way_back(request):
        request.session[BACK_KEY] = back
    step = next_step(request)
    if step != reverse("web:choose-post"):
        return redirect(step)
    user = _user(request)
    choices = queries.post_choices(queries.present_posts(user))
    if len(choices) == 1:
        only = choices[0].post.pk
        if request.session.get(POST_KEY) == only:  # already there: nothing to enter, nothing to record
            return redirect(request.session.pop(BACK_KEY, "") or nav.home_url(actor_or_none(request)))
        return _enter(request, only)
    error = ""
    if request.method == "POST":
        wanted = request.POST.get("vi-tri", "")
        if wanted.isdecimal():
            return _enter(request, int(wanted))
        error = _("Chọn một vị trí làm việc")
    chosen = request.session.get(POST_KEY)
    context = {
        "choices": posts.described(choices, chosen),
        "ended": posts.ended(queries.ended_posts(user)),
        "previous": queries.previous_sign_in(user),
        "error": error,
    }
    return render(request, "web/auth/choose_post.html", context, status=422 if error else 200)


def _enter(request: HttpRequest, assignment_id: int) -> HttpResponse:
    post = choose(
        user=_user(request),
        assignment_id=assignment_id,
        second_factor=bool(request.session.get(SECOND_FACTOR_KEY)),
    )
    request.session[POST_KEY] = post.pk
    back = request.session.pop(BACK_KEY, "")
    return redirect(back or ("/quan-ly/" if post.role in nav.MANAGING_ROLES else "/truong/"))


def sign_in_url(back: str) -> str:
    """Address of the door that leads back to ``back`` afterwards."""
    return reverse("web:sign-in") + f"?{urlencode({'tiep': back})}"

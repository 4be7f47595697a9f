"""One person, several posts: the right to see and to sign follows the post that is chosen."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import SIGNING_ROLES, Assignment, User
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import valid_on
from hocbaso.core.errors import DomainError, NotFound, register

register(
    {
        "post_not_found": (
            "Vị trí này không còn hiệu lực hoặc không phải của thầy cô.",
            "This post is not valid today, or it is somebody else's.",
        ),
        "second_factor_needed": (
            "Vị trí này ký hoặc đóng dấu học bạ nên cần xác nhận lần hai trước khi vào.",
            "This post signs or seals: confirm the second factor first.",
        ),
        "password_change_needed": (
            "Thầy cô đổi mật khẩu được cấp lần đầu rồi mới vào làm việc.",
            "Change the first password before you go on.",
        ),
    }
)


def choose_post(*, user: User, assignment_id: int, second_factor: bool) -> Assignment:
    """The post to act in from now on.

    :param second_factor: confirmed in this session.
    :raises NotFound: ``post_not_found``
    :raises DomainError: ``second_factor_needed``, ``password_change_needed``
    """
    post = (
        Assignment.objects.select_related("user", "organisation", "school_class")
        .filter(valid_on(clock.today()), pk=assignment_id, user=user)
        .first()
    )
    if post is None:
        raise NotFound("post_not_found")
    if user.must_change_password:
        raise DomainError("password_change_needed")
    if post.role in SIGNING_ROLES and not second_factor:
        raise DomainError("second_factor_needed")
    with transaction.atomic():
        actor = Actor.of(post, second_factor=second_factor)
        chain.record(actor, "accounts.choose_post", user.username, assignment=post.pk)
    return post

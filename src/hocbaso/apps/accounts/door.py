"""The one policy door: every screen, command and import asks here, and nowhere else.

Each app registers its rules (``policies.py``) under a permission name; a permission without a rule is denied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.core.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person in one of his posts, or the operator at the node's own command line."""

    channel: str  # "web" | "cli" | "system"
    label: str
    user: User | None = None
    assignment: Assignment | None = None
    second_factor: bool = False  # confirmed in this session

    @property
    def role(self) -> str:
        return self.assignment.role if self.assignment else ("operator" if self.is_operator else "")

    @property
    def organisation_code(self) -> str:
        return self.assignment.organisation.code if self.assignment else ""

    @property
    def is_operator(self) -> bool:
        """Whoever may run commands on the node's own files: may import and close, never signs as himself."""
        return self.channel in ("cli", "system") and self.user is None

    @classmethod
    def operator(cls) -> Actor:
        return cls(channel="cli", label="operator")

    @classmethod
    def system(cls) -> Actor:
        return cls(channel="system", label="system")

    @classmethod
    def of(cls, assignment: Assignment, *, channel: str = "web", second_factor: bool = False) -> Actor:
        return cls(channel, assignment.user.username, assignment.user, assignment, second_factor)


@dataclass(frozen=True, slots=True)
class _Rule:
    what: str  # completes "Thầy cô không có quyền …"
    test: Callable[[Actor, Any], bool]
    operator: bool


_rules: dict[str, _Rule] = {}


def rule(
    permission: str, what: str, *, operator: bool = False
) -> Callable[[Callable[[Actor, Any], bool]], Callable[[Actor, Any], bool]]:
    """Register the rule that answers ``permission``.

    :param what: the doing in Vietnamese words, for the refusal's sentence.
    :param operator: the operator at the command line may do it too.
    """

    def wrap(test: Callable[[Actor, Any], bool]) -> Callable[[Actor, Any], bool]:
        if permission in _rules:
            raise ValueError(f"permission {permission!r} has two rules")
        _rules[permission] = _Rule(what, test, operator)
        return test

    return wrap


def allowed(actor: Actor, permission: str, target: Any = None) -> bool:
    """May ``actor`` do this to ``target``? Unknown permissions are denied."""
    entry = _rules.get(permission)
    if entry is None:
        return False
    if actor.is_operator:
        return entry.operator
    if actor.user is None or not actor.user.is_active or actor.assignment is None:
        return False
    return entry.test(actor, target)


def require(actor: Actor, permission: str, target: Any = None) -> None:
    """:raises NotAllowed: the policy says no."""
    if not allowed(actor, permission, target):
        entry = _rules.get(permission)
        raise NotAllowed("not_allowed", what=entry.what if entry else permission)


def permissions() -> list[str]:
    """Every permission that has a rule (documentation and tests)."""
    return sorted(_rules)


def holds(actor: Actor, organisation_id: int, *roles: Role | str) -> bool:
    """The post that the actor has chosen is one of ``roles`` at that unit."""
    post = actor.assignment
    return post is not None and post.organisation_id == organisation_id and post.role in roles

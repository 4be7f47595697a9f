"""Take one batch's changes back, last first, refusing as soon as somebody built on one of them."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models.deletion import ProtectedError

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.intake.models import Change
from hocbaso.apps.intake.planning import chunks, fingerprint, plain
from hocbaso.core.errors import DomainError, register

register(
    {
        "intake_undo_depends": (
            "Không hoàn tác được: {count} {what} đã được sửa hoặc đã có dữ liệu khác dựa vào sau lần nhập "
            "này. Không có gì bị thay đổi.",
            "Cannot undo: {count} rows ({what}) were changed or built upon afterwards.",
        ),
    }
)

_WORDS = {
    "pupils.SchoolClass": "lớp",
    "pupils.Pupil": "hồ sơ học sinh",
    "pupils.Enrolment": "học sinh xếp lớp",
    "accounts.User": "tài khoản",
    "accounts.StaffMember": "hồ sơ cán bộ",
    "accounts.Assignment": "phân công",
    "assessment.Enrolment": "kết quả của học sinh",
}


def depends(model: str, count: int) -> DomainError:
    """The refusal."""
    return DomainError("intake_undo_depends", count=count, what=_WORDS.get(model, "dòng"))


def _sort(change: Change) -> tuple[str, str]:
    if change.before is None:
        return change.model, "created"
    return change.model, "changed" if change.after else "removed"


def put_back(changes: list[Change], actor: Actor, source: str) -> None:
    """Undo ``changes`` of the stored rows themselves.

    :param changes: of one batch, in the order in which they were made.
    :param actor: who takes them back, and ``source`` in which undoing: the history of marks needs them.
    :raises DomainError: ``intake_undo_depends``; the caller's transaction must then be rolled back.
    """
    for (label, sort), group in groupby(reversed(changes), key=_sort):
        model = apps.get_model(label)
        for part in chunks(list(group)):
            if sort == "created":
                _delete(model, part)
            elif sort == "changed":
                _restore(model, part)
            else:
                model._default_manager.bulk_create([model(**change.before) for change in part])


def _rows(model: type[models.Model], part: Any) -> dict[Any, models.Model]:
    return model._default_manager.select_for_update().in_bulk([change.object_id for change in part])


def _delete(model: type[models.Model], part: Any) -> None:
    rows = _rows(model, part)
    touched = [c for c in part if c.object_id not in rows or fingerprint(rows[c.object_id]) != c.after]
    if touched:
        raise depends(model._meta.label, len(touched))
    try:
        count, _ = model._default_manager.filter(pk__in=list(rows)).delete()
    except ProtectedError as error:
        raise depends(model._meta.label, _used(model, error)) from error
    if count != len(part):  # something hung on it and would vanish with it
        raise depends(model._meta.label, count - len(part))


def _used(model: type[models.Model], error: ProtectedError) -> int:
    """How many of the rows something hangs on."""
    fields = {
        type(o): [f.attname for f in o._meta.concrete_fields if f.related_model is model]
        for o in error.protected_objects
    }
    return len({getattr(o, name) for o in error.protected_objects for name in fields[type(o)]})


def _restore(model: type[models.Model], part: Any) -> None:
    rows = _rows(model, part)
    touched = 0
    for change in part:
        row = rows.get(change.object_id)
        if row is None or any(plain(getattr(row, name)) != value for name, value in change.after.items()):
            touched += 1
    if touched:
        raise depends(model._meta.label, touched)
    numbers = [change.object_id for change in part if "personal_number" in change.before]
    if numbers and model._meta.label == "pupils.Pupil":  # two pupils may have exchanged theirs
        model._default_manager.filter(pk__in=numbers).update(personal_number="")
    for change in part:
        model._default_manager.filter(pk=change.object_id).update(**change.before)

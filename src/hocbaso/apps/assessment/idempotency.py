"""A batch of the gradebook that is sent again is answered from the first time, never done twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, models, transaction

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common import clock
from hocbaso.apps.common.compiled import Compiled

#: How long an answer is kept. What comes later is judged cell by cell: versions still stop a second write.
KEPT = timedelta(days=30)
LONGEST_KEY = 64
_PURGE_EVERY = 64


class SavedBatch(models.Model):
    """The answer that one batch was given."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_batches")
    key = models.CharField(max_length=LONGEST_KEY)  # made by the sender, once a batch
    page = models.CharField(max_length=120)  # class, part and moment
    answer = models.JSONField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "page", "key"], name="one_answer_a_batch")]


#: Keeps the answer of a batch; to be called in the transaction that does the work.
Keep = Callable[[dict[str, Any]], None]


def once(user: User, key: str, page: str, work: Callable[[Keep], None]) -> dict[str, Any]:
    """The answer of ``work``, done at most once for this user and key.

    The answer is stored in the transaction that does the work. Of two that arrive together the later one
    fails on the key, is undone as a whole, and gets the earlier one's answer.

    :param work: hands its answer to the function that it is given, once.

    :param key: empty: the sender does not repeat itself; the work is just done.
    :param page: a key that comes back for another page is not the same batch: it is done.
    """
    answers: list[dict[str, Any]] = []
    if not key:
        work(answers.append)
        return answers[0]
    if (known := _known(user, key, page)) is not None:
        return known
    try:
        with transaction.atomic():
            saved: list[SavedBatch] = []

            def keep(answer: dict[str, Any]) -> None:
                row = {"user": user, "key": key, "page": page, "answer": answer, "at": clock.now()}
                saved.append(SavedBatch.objects.create(**row))

            work(keep)
    except IntegrityError:
        if (known := _known(user, key, page)) is None:
            raise
        return known
    if saved[0].pk % _PURGE_EVERY == 0:
        SavedBatch.objects.filter(at__lt=clock.now() - KEPT).delete()
    answer: dict[str, Any] = saved[0].answer
    return answer


def _known(user: User, key: str, page: str) -> dict[str, Any] | None:
    found = _answers(user=user.pk, key=key, page=page)
    answer: dict[str, Any] | None = found[0][0] if found else None
    return answer


_answers = Compiled(
    lambda user, key, page: SavedBatch.objects.filter(user=user, key=key, page=page).values_list("answer"),
    user=int,
    key=str,
    page=str,
)

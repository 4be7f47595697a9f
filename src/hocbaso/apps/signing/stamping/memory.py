"""Health of the authorities in a table, so that one process's bad experience is every process's."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import timedelta

from django.db import DatabaseError, transaction

from hocbaso.apps.signing.stamping.models import AuthorityHealth
from hocbaso.engines.trust.breakers import Health

_log = logging.getLogger(__name__)
_FIELDS = [field.name for field in fields(Health)]
#: A success is written when the one in the table is this old; every failure and every change is written.
_EVERY = timedelta(seconds=10)


class DatabaseMemory:
    """A :class:`~hocbaso.engines.trust.breakers.Memory` in this node's database. One query a reading."""

    def read(self, names: Sequence[str]) -> Mapping[str, Health]:
        rows = AuthorityHealth.objects.filter(name__in=names).values("name", *_FIELDS)
        return {row.pop("name"): Health(**row) for row in rows}

    def note(self, name: str, before: Health, after: Health) -> None:
        """Write what others must know; a table that cannot be written is logged and stops nothing."""
        same = (before.failures, before.open_until) == (after.failures, after.open_until)
        moment, known = after.last_success, before.last_success  # as the table had it
        if same and moment and known and timedelta(0) <= moment - known < _EVERY:
            return
        try:
            with transaction.atomic():
                row = AuthorityHealth(name=name[:80], **asdict(after))
                AuthorityHealth.objects.bulk_create(
                    [row], update_conflicts=True, unique_fields=["name"], update_fields=_FIELDS
                )
        except DatabaseError as error:
            _log.warning("health of a time-stamp authority was not written: %s", type(error).__name__)

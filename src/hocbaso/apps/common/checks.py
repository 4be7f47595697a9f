"""Checks at start: a database whose guards are missing is said, loudly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Critical, Tags, register
from django.db import connections

from hocbaso.apps.common import guards


@register(Tags.database)
def guards_stand(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Every guarded table that exists has its triggers."""
    messages: list[CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        tables = set(connection.introspection.table_names())
        standing = [g.table for g in guards.all_guards() if g.table in tables]
        absent = [name for name in guards.missing(connection) if any(table in name for table in standing)]
        if absent:
            text = f"guard triggers are missing: {', '.join(absent)}"
            messages.append(Critical(text, id="hocbaso.E001", hint="run `hocbaso init`"))
    return messages

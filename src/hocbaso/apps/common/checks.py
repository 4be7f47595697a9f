"""Checks at start: a database whose guards are missing is said, loudly."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Critical, Tags, register
from django.db import connections

from hocbaso.apps.common import guards


@register(Tags.database)
def guards_stand(app_configs: Any, databases: list[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Every guarded table that exists has its triggers."""
    messages: list[CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        tables = set(connection.introspection.table_names())
        absent = [
            n
            for n in guards.missing(connection)
            if any(g.table in n for g in guards.all_guards() if g.table in tables)
        ]
        if absent:
            messages.append(
                Critical(
                    f"guard triggers are missing: {', '.join(absent)}",
                    id="hocbaso.E001",
                    hint="run `hocbaso init`",
                )
            )
    return messages

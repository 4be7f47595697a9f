"""How well or badly the registry behaves: latency, errors, quota, outages, slow and malformed answers.

Kept as JSON in ``settings.json`` beside its database, changed by that file, by ``PUT …/admin/settings`` or,
at the start, by the variable ``HOCBASO_SANDBOX_POPULATION`` (JSON).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hocbaso.sandbox.vault import Vault

VARIABLE = "HOCBASO_SANDBOX_POPULATION"
FILE = "settings.json"
MALFORMED = ("not_json", "wrong_shape", "other_id", "missing", "oversized", "truncated", "contradiction")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Everything that can be set; rates are parts of 1."""

    latency_ms: float = 0.0
    latency_jitter_ms: float = 0.0
    error_rate: float = 0.0  # whole messages answered with HTTP 500, unprocessed
    item_error_rate: float = 0.0  # single subjects answered SERVICE_UNAVAILABLE
    lost_rate: float = 0.0  # processed and kept, but the answer never arrives
    slow_rate: float = 0.0  # answers that take slow_seconds
    slow_seconds: float = 5.0
    malformed_rate: float = 0.0
    malformed_kinds: tuple[str, ...] = MALFORMED
    outage: bool = False
    outages: tuple[tuple[str, str], ...] = ()  # [from, to) as ISO times with zone
    retry_after: int = 1  # seconds, told during an outage
    quota_per_day: int = 0  # new answers a day and client; 0 = no limit
    rate_per_second: float = 0.0  # subjects; 0 = no limit
    disclose_number: bool = True  # an accepted offer tells the number

    def down(self, now: datetime) -> bool:
        """Whether the registry is out of service."""
        return self.outage or any(
            datetime.fromisoformat(start) <= now < datetime.fromisoformat(end) for start, end in self.outages
        )

    def changed(self, values: Mapping[str, Any]) -> Behaviour:
        """With some settings changed.

        :raises ValueError: an unknown name or a value that cannot be.
        """
        kinds = {one.name: type(one.default) for one in fields(Behaviour)}
        clean: dict[str, Any] = {}
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"unknown setting {name}")
            clean[name] = _checked(name, value, kinds[name])
        return replace(self, **clean)

    def as_json(self) -> dict[str, Any]:
        """The settings as plain values."""
        return asdict(self)


def _checked(name: str, value: Any, kind: type) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false")
        return value
    if name == "outages":
        pairs = tuple((str(start), str(end)) for start, end in value)
        if any(datetime.fromisoformat(moment).tzinfo is None for pair in pairs for moment in pair):
            raise ValueError("outages need times with zone")
        return pairs
    if name == "malformed_kinds":
        if not value or not set(value) <= set(MALFORMED):
            raise ValueError(f"malformed_kinds are {', '.join(MALFORMED)}")
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number")
    most = 1.0 if name.endswith("_rate") else 1e9
    if not 0 <= value <= most:
        raise ValueError(f"{name} must be from 0 to {most:g}")
    return kind(value)


class BehaviourFile:
    """The settings as they stand in the file now; read again only when it changed."""

    def __init__(self, directory: Path) -> None:
        self._vault = Vault(directory)
        self._seen: tuple[int, int] | None = None
        self._current = Behaviour()
        given = os.environ.get(VARIABLE)
        if given:
            self.change(json.loads(given))

    def current(self) -> Behaviour:
        """The settings in force."""
        try:
            status = self._vault.path(FILE).stat()
        except FileNotFoundError:
            return self._current
        mark = (status.st_mtime_ns, status.st_ino)
        if mark != self._seen:
            content = self._vault.read(FILE)
            self._current, self._seen = Behaviour().changed(json.loads(content or b"{}")), mark
        return self._current

    def change(self, values: Mapping[str, Any]) -> Behaviour:
        """Change some settings and keep them.

        :raises ValueError: as :meth:`Behaviour.changed`.
        """
        new = self.current().changed(values)
        self._vault.write(FILE, json.dumps(new.as_json(), indent=1).encode())
        return self.current()

"""What other apps know of pupils: they register a function here, so that nobody imports in a circle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

#: Pupil ids → {pupil id: value}; pupils that are not named have nothing to tell. One query each.
Facts = Callable[[Collection[int]], Mapping[int, Any]]

#: Fields of ``core.quality.PupilRecord`` that others fill.
NAMES = frozenset({"duplicate_cases", "temporary_code", "residence_on"})
_sources: dict[str, Facts] = {}


def register_facts(name: str, source: Facts) -> None:
    """Let another app fill a field of the record; call it from ``AppConfig.ready``.

    :param name: ``duplicate_cases`` (how many open cases), ``temporary_code`` (bool), ``residence_on`` (ISO
        day on which the residence was true).
    :raises ValueError: no such field.
    """
    if name not in NAMES:
        raise ValueError(f"no rule reads {name!r}")
    _sources[name] = source


def facts_of(pupil_ids: Collection[int]) -> dict[str, Mapping[int, Any]]:
    """What the others tell of these pupils, by field."""
    return {name: source(pupil_ids) for name, source in _sources.items()}

"""How long algorithms hold and when an archive must be renewed: dated data, newest version in force.

Each version is a JSON file in ``policies/`` and is never edited once it was in force: a change is a new
version with its own ``valid_from``. Sources: ETSI TS 119 312 (algorithms and their end), EN 319 102-1 (past
signature validation), EN 319 132-1 clause 5.5 (archive time stamps), RFC 4998 (renewal).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

TSA_ENDS = "tsa_ends"
ALGORITHM_ENDS = "algorithm_ends"
#: RSA moduli by the name of their class, longest first (bits).
_RSA_CLASSES = ((4096, "rsa4096"), (3000, "rsa3072"), (2048, "rsa2048"))
_CURVES = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm: the last day on which it proves anything (``None``: no end known), and who says so."""

    name: str
    ends: date | None
    source: str


@dataclass(frozen=True, slots=True)
class LongTermPolicy:
    """One version of the policy.

    ``lead_days``: so many days before an end a renewal is due, by reason. ``alarm_days``: what is still not
    renewed so near to the end is an alarm. ``minimum_gain_days``: a new stamp must hold at least so much
    longer than the one before it, else there is no sense in it. ``grace_period_hours``: validation data are
    gathered so long after the stamp at the earliest. ``patience_days``: so long newer revocation data than
    the stamp are waited for; afterwards what there is will do.
    """

    id: str
    version: int
    valid_from: date
    source: str
    imprint: str  # hash of new archive stamps
    lead_days: Mapping[str, int]
    alarm_days: int
    minimum_gain_days: int
    grace_period_hours: int
    patience_days: int
    algorithms: tuple[Algorithm, ...]

    def algorithm_ends(self, name: str) -> date | None:
        """The last day of an algorithm (``sha256``, ``rsa3072``, ``p256``); ``None``: no end is known.

        An algorithm that the policy does not list was never good: ``date.min``.
        """
        for algorithm in self.algorithms:
            if algorithm.name == name:
                return algorithm.ends
        return date.min

    def holds(self, algorithms: Sequence[str], on: datetime) -> bool:
        """Whether every one of the algorithms still proves something at ``on``."""
        return all(on < end_of(self.algorithm_ends(name)) for name in algorithms)

    def end(self, certificate_ends: datetime, algorithms: Sequence[str]) -> tuple[datetime, str]:
        """When a stamp stops to prove anything, and what ends first.

        :param certificate_ends: ``notAfter`` of the authority's certificate, aware.
        """
        last = min((end_of(self.algorithm_ends(name)) for name in algorithms), default=_NEVER)
        return (last, ALGORITHM_ENDS) if last < certificate_ends else (certificate_ends, TSA_ENDS)

    def due(self, certificate_ends: datetime, algorithms: Sequence[str]) -> tuple[datetime, str]:
        """From when on a stamp is to be renewed, and why: the earliest end less its lead time."""
        last = min((end_of(self.algorithm_ends(name)) for name in algorithms), default=_NEVER)
        by_reason = {TSA_ENDS: certificate_ends, ALGORITHM_ENDS: last}
        days = {reason: _earlier(moment, self.lead_days[reason]) for reason, moment in by_reason.items()}
        reason = min(days, key=lambda name: days[name])
        return days[reason], reason

    def renewal_reason(
        self, certificate_ends: datetime, algorithms: Sequence[str], on: datetime
    ) -> str | None:
        """Why a stamp is to be renewed at ``on``: ``tsa_ends``, ``algorithm_ends``, or ``None`` (not yet)."""
        moment, reason = self.due(certificate_ends, algorithms)
        return reason if moment <= on else None


_NEVER = datetime.max.replace(tzinfo=UTC)


def end_of(day: date | None) -> datetime:
    """The first moment (UTC) at which an algorithm whose last day is ``day`` proves nothing any more."""
    if day is None or day == date.max:
        return _NEVER
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _earlier(moment: datetime, days: int) -> datetime:
    floor = datetime.min.replace(tzinfo=UTC)
    return floor if moment - floor < timedelta(days=days) else moment - timedelta(days=days)


def key_algorithm(key: object) -> str:
    """The policy's name for a public key: ``rsa2048`` (2048 to 2999 bits), ``rsa3072``, ``p256`` …

    ``unknown`` is what no policy lists.
    """
    if isinstance(key, rsa.RSAPublicKey):
        return next((name for bits, name in _RSA_CLASSES if key.key_size >= bits), "unknown")
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, "unknown")
    return "unknown"


def read_policy(text: str) -> LongTermPolicy:
    """A policy out of its JSON text.

    :raises ValueError, KeyError: not of the form; lead times and names are checked.
    """
    data: dict[str, Any] = json.loads(text)
    policy = LongTermPolicy(
        id=data["id"],
        version=data["version"],
        valid_from=date.fromisoformat(data["valid_from"]),
        source=data["source"],
        imprint=data["imprint"],
        lead_days={reason: int(data["lead_days"][reason]) for reason in (TSA_ENDS, ALGORITHM_ENDS)},
        alarm_days=int(data["alarm_days"]),
        minimum_gain_days=int(data["minimum_gain_days"]),
        grace_period_hours=int(data["grace_period_hours"]),
        patience_days=int(data["patience_days"]),
        algorithms=tuple(
            Algorithm(row["name"], date.fromisoformat(row["ends"]) if row["ends"] else None, row["source"])
            for row in data["algorithms"]
        ),
    )
    if policy.imprint not in ("sha256", "sha384", "sha512") or min(policy.lead_days.values()) < 0:
        raise ValueError("imprint or lead time of the policy")
    return policy


@lru_cache(maxsize=1)
def policies() -> tuple[LongTermPolicy, ...]:
    """Every version in the package, oldest first."""
    folder = resources.files(__package__) / "policies"
    texts = (item.read_text(encoding="utf-8") for item in folder.iterdir() if item.name.endswith(".json"))
    return tuple(sorted(map(read_policy, texts), key=lambda policy: (policy.valid_from, policy.version)))


def long_term_policy(on: date) -> LongTermPolicy:
    """The version in force on a day; before the first one, the first."""
    known = policies()
    return next((policy for policy in reversed(known) if policy.valid_from <= on), known[0])

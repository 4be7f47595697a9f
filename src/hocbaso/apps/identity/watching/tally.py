"""Numbers of people by state, and the groups of states that pages show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from hocbaso.apps.identity.watching.models import DIFFERS, NUMBERS
from hocbaso.apps.pupils.models import IdentityState


@dataclass(slots=True)
class Tally:
    """So many people in each state.

    :ivar numbers: of :data:`~hocbaso.apps.identity.watching.models.NUMBERS`; what is not there is 0.
    :ivar oldest: since when the oldest open case (differs, not found, several) is open.
    """

    numbers: Counter[str] = field(default_factory=Counter)
    oldest: datetime | None = None

    def add_people(self, state: str, count: int) -> None:
        """So many more people in ``state``."""
        self.numbers["total"] += count
        self.numbers[state] += count

    def add_case(self, state: str, differences: Iterable[str], since: datetime | None) -> None:
        """One open case: in which fields it differs, since when."""
        if state == IdentityState.MISMATCH:
            for name in differences:
                if name in DIFFERS:
                    self.numbers[DIFFERS[name]] += 1
        self.age(since)

    def age(self, since: datetime | None) -> None:
        """Remember the older of two moments."""
        if since is not None and (self.oldest is None or since < self.oldest):
            self.oldest = since

    def add(self, other: Tally) -> None:
        """Add another tally's people."""
        self.numbers.update(other.numbers)
        self.age(other.oldest)

    def kept(self) -> dict[str, int]:
        """Every number, as the columns of a row."""
        return {name: self.numbers[name] for name in NUMBERS}

    @property
    def total(self) -> int:
        return self.numbers["total"]

    @property
    def verified(self) -> int:
        return self.numbers["verified"]

    @property
    def left(self) -> int:
        return self.total - self.verified

    @property
    def mismatch(self) -> int:
        return self.numbers["mismatch"]

    @property
    def not_found(self) -> int:
        return self.numbers["not_found"]

    @property
    def multiple(self) -> int:
        return self.numbers["multiple"]

    @property
    def failed(self) -> int:
        return self.mismatch + self.not_found + self.multiple

    @property
    def unsent(self) -> int:
        """Never asked about, or changed since."""
        return self.numbers["not_sent"] + self.numbers["reverify"]

    @property
    def waiting(self) -> int:
        """Asked and not answered, or to be asked again because the line was down."""
        return self.numbers["sent"] + self.numbers["error"]

    @property
    def no_number(self) -> int:
        return self.numbers["no_number"]

    @property
    def share(self) -> float:
        """Verified of all; 1 where there is nobody, so that nobody to verify is never the worst."""
        return self.verified / self.total if self.total else 1.0

"""The dated policy: what ends when, and when a renewal is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.engines.trust.longterm.policy import (
    ALGORITHM_ENDS,
    TSA_ENDS,
    Algorithm,
    end_of,
    long_term_policy,
    policies,
)

POLICY = replace(
    long_term_policy(date(2026, 9, 1)),
    lead_days={TSA_ENDS: 100, ALGORITHM_ENDS: 300},
    algorithms=(Algorithm("sha256", None, "x"), Algorithm("rsa2048", date(2028, 12, 31), "x")),
)
FAR = datetime(2040, 1, 1, tzinfo=UTC)


def test_every_version_names_source_and_newest_in_force_counts() -> None:
    versions = policies()
    assert [p.version for p in versions] == sorted(p.version for p in versions)
    assert all(p.source and all(a.source for a in p.algorithms) for p in versions)
    assert long_term_policy(date(2099, 1, 1)) is versions[-1]
    assert long_term_policy(date(1990, 1, 1)) is versions[0]


def test_an_algorithm_ends_after_its_last_day_and_an_unlisted_one_was_never_good() -> None:
    last_moment = datetime(2028, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert POLICY.holds(["sha256", "rsa2048"], last_moment)
    assert not POLICY.holds(["sha256", "rsa2048"], last_moment + timedelta(seconds=1))
    assert POLICY.holds(["sha256"], FAR)
    assert not POLICY.holds(["md5"], datetime(2001, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("certificate_ends", "algorithms", "end", "due", "reason"),
    [
        (datetime(2027, 6, 1, tzinfo=UTC), ["sha256"], datetime(2027, 6, 1, tzinfo=UTC), 100, TSA_ENDS),
        (FAR, ["sha256", "rsa2048"], datetime(2029, 1, 1, tzinfo=UTC), 300, ALGORITHM_ENDS),
    ],
)
def test_whatever_ends_first_decides_with_its_own_lead(
    certificate_ends: datetime, algorithms: list[str], end: datetime, due: int, reason: str
) -> None:
    assert POLICY.end(certificate_ends, algorithms) == (end, reason)
    first = end - timedelta(days=due)
    assert POLICY.renewal_reason(certificate_ends, algorithms, first - timedelta(seconds=1)) is None
    assert POLICY.renewal_reason(certificate_ends, algorithms, first) == reason


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2060, 1, 1)),
    st.lists(st.sampled_from(["sha256", "rsa2048"]), max_size=3),
    st.datetimes(datetime(2026, 1, 1), datetime(2060, 1, 1)),
)
def test_a_renewal_is_due_before_anything_ends(ends: datetime, names: list[str], on: datetime) -> None:
    ends, on = ends.replace(tzinfo=UTC), on.replace(tzinfo=UTC)
    end, _ = POLICY.end(ends, names)
    due, _ = POLICY.due(ends, names)
    assert due < end <= ends
    assert (POLICY.renewal_reason(ends, names, on) is None) == (on < due)
    if on < end:
        assert POLICY.holds(names, on)


def test_no_end_known_is_never() -> None:
    assert end_of(None).year == 9999
    assert POLICY.end(FAR, []) == (FAR, TSA_ENDS)

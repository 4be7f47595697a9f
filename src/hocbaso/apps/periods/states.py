"""The life of an unlock case and of a review, one table each. The database refuses any other step too.

requested ──permission──▶ granted ──minutes, agreement──▶ in_force ──time or hand──▶ closed
    ├──▶ refused ◀──manager──┤ └──time ran out──▶ closed
    └──▶ withdrawn ◀─────────┘

assigned ──first paper──▶ started ──▶ confirmed | returned (a further review follows)
    └─────────────────────┴──▶ cancelled
"""

from __future__ import annotations

from hocbaso.apps.periods.models import CaseState, ReviewState

CASE_STEPS: dict[CaseState, frozenset[CaseState]] = {
    CaseState.REQUESTED: frozenset({CaseState.GRANTED, CaseState.REFUSED, CaseState.WITHDRAWN}),
    CaseState.GRANTED: frozenset(
        {CaseState.IN_FORCE, CaseState.REFUSED, CaseState.WITHDRAWN, CaseState.CLOSED}
    ),
    CaseState.IN_FORCE: frozenset({CaseState.CLOSED}),
    CaseState.CLOSED: frozenset(),
    CaseState.REFUSED: frozenset(),
    CaseState.WITHDRAWN: frozenset(),
}
#: Cases somebody still has to do something about.
OPEN_CASES = (CaseState.REQUESTED, CaseState.GRANTED, CaseState.IN_FORCE)

REVIEW_STEPS: dict[ReviewState, frozenset[ReviewState]] = {
    ReviewState.ASSIGNED: frozenset(
        {ReviewState.STARTED, ReviewState.CONFIRMED, ReviewState.RETURNED, ReviewState.CANCELLED}
    ),
    ReviewState.STARTED: frozenset({ReviewState.CONFIRMED, ReviewState.RETURNED, ReviewState.CANCELLED}),
    ReviewState.CONFIRMED: frozenset(),
    ReviewState.RETURNED: frozenset(),
    ReviewState.CANCELLED: frozenset(),
}
OPEN_REVIEWS = (ReviewState.ASSIGNED, ReviewState.STARTED)

"""The roots of a key provider as trust bundles hold them: those of today, and those believed once."""

from __future__ import annotations

from dataclasses import replace

from hocbaso.apps.signing.ports import Trust
from hocbaso.engines.trust.bundle import Anchor


def bundle_anchors(trust: Trust) -> tuple[Anchor, ...]:
    """Every root with the time in which it was or is believed: verifiers judge as of a signature's own time.

    A root that is left out once it has ended would take the proof of everything from its time with it.
    """
    found = []
    for root in (*trust.anchors, *trust.former):
        anchor = Anchor.of(root.certificate, root.family, root.environment)
        begins = max(anchor.valid_from, root.begins) if root.begins else anchor.valid_from
        ends = min(anchor.valid_to, root.ends) if root.ends else anchor.valid_to
        found.append(replace(anchor, valid_from=begins, valid_to=ends))
    return tuple(found)

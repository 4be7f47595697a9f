"""Renewal (section 5.2): what is stamped next, when, and with which hash.

A *time-stamp renewal* covers the last token with a new one, in the same chain: no data object is touched. A
*hash-tree renewal* begins a new chain with another hash, over the data objects and all chains so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from hocbaso.engines.trust.longterm.policy import LongTermPolicy, end_of
from hocbaso.engines.trust.longterm.records.faults import RecordFault
from hocbaso.engines.trust.longterm.records.model import Chain, digest, sequence_der

#: Hashes in the order in which they are preferred after the policy's own.
_PREFERRED = ("sha512", "sha384", "sha256")
_NEVER = datetime.max.replace(tzinfo=UTC)
Way = Literal["time_stamp", "hash_tree"]


@dataclass(frozen=True, slots=True)
class Due:
    """A renewal that is due: by which way, why (``tsa_ends``, ``algorithm_ends``), and when all ends."""

    way: Way
    reason: str
    ends: datetime


def renewal_due(
    certificate_ends: datetime, algorithms: Sequence[str], tree: str, policy: LongTermPolicy, on: datetime
) -> Due | None:
    """Whether a chain is to be renewed at ``on``, and how.

    :param certificate_ends: of the authority of its last token, aware. :param algorithms: which that token
        rests on, in the policy's names. :param tree: the hash of its tree.
    """
    last, _ = policy.end(certificate_ends, algorithms)
    reason = policy.renewal_reason(_NEVER, [tree], on)
    if reason is not None:
        return Due("hash_tree", reason, min(end_of(policy.algorithm_ends(tree)), last))
    reason = policy.renewal_reason(certificate_ends, algorithms, on)
    return Due("time_stamp", reason, last) if reason is not None else None


def new_algorithm(policy: LongTermPolicy, on: datetime, but: str | None = None) -> str:
    """The hash for a new tree: the policy's, else the first that is not itself to be renewed.

    :param but: the hash that shall be left behind.
    :raises RecordFault: ``record_no_algorithm``.
    """
    for name in (policy.imprint, *_PREFERRED):
        if name != but and policy.renewal_reason(_NEVER, [name], on) is None:
            return name
    raise RecordFault("record_no_algorithm")


def stamp_imprint(token: bytes, algorithm: str) -> bytes:
    """What a time-stamp renewal asks to be stamped: the hash of the last ``timeStamp`` field."""
    return digest(algorithm, token)


def combined(hashes: Iterable[bytes], chains: Sequence[Chain], algorithm: str) -> tuple[bytes, ...]:
    """The first list of a hash-tree renewal: ``H(h(d) + ha)`` for each data object ``d``, ascending.

    ``ha`` is the hash of the encoded sequence of all chains so far. The two stand in this order, as step 4
    of section 5.2 says and other implementations do (its figure 4 would sort them).

    :param hashes: of the data objects, under the new algorithm.
    """
    history = digest(algorithm, sequence_der(chains))
    return tuple(sorted(digest(algorithm, value + history) for value in hashes))

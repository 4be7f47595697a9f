"""Time stamps: what failover costs beside the plain stamper, how fast a queue of waiting seals is issued."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from benchmarks import node as nodes
from benchmarks.harness import Contender, Experiment, Ratio

STAMPS = 500
PUPILS, QUEUE = 35, 1000


def stamping() -> Experiment:
    """In this process, P-256: stamps alone, and the last step of the issue around them."""
    node = nodes.start("p256")
    from hocbaso.apps.common import clock
    from hocbaso.apps.signing.ports import key_provider
    from hocbaso.engines.trust.stampers import stamp_all

    provider: Any = key_provider()
    double, plain = provider.stamper(), provider.authority.stampers()[0]
    digests = [hashlib.sha256(b"%d" % number).digest() for number in range(STAMPS)]
    school: list[Any] = []

    def ready() -> None:
        school[:] = [nodes.finished_school(PUPILS)]
        nodes.close(school[0])
        for role in _people():
            nodes.sign(school[0], role)

    def issue(stamper: Any) -> Callable[[], float]:
        def run() -> float:
            provider.__dict__["_stamper"] = stamper
            with nodes.apart(node) as taken:
                nodes.sign(school[0], _seal())
            return taken[0]

        return run

    def stamp(stamper: Any) -> Callable[[], None]:
        return lambda: _all_good(stamp_all(stamper, digests, clock.now()))

    return Experiment(
        title="Time stamps: two authorities behind breakers, against the plain stamper, P-256",
        unit="stamps",
        contenders=[
            Contender("failover", STAMPS, stamp(double)),
            Contender("plain, token checked", STAMPS, stamp(plain)),
            Contender("issue with failover", PUPILS, issue(double), ready, "sheets"),
            Contender("issue with the plain stamper", PUPILS, issue(plain), ready, "sheets"),
        ],
        ratios=[
            Ratio("failover ÷ plain", "failover", "plain, token checked"),
            Ratio("issue: failover ÷ plain", "issue with failover", "issue with the plain stamper"),
        ],
        remarks=["Failover also checks the nonce, the authority's path, its revocation and the clock."],
    )


def completing() -> Experiment:
    """A queue of 1 000 sealed sheets when an authority answers again, the authority's own work apart."""
    node = nodes.start("p256")
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.signing.ports import key_provider
    from hocbaso.apps.signing.stamping.models import AuthorityHealth
    from hocbaso.apps.transcripts.waiting.complete import complete_waiting

    outages = key_provider().authority.outages  # type: ignore[attr-defined]

    def queue() -> None:
        school = nodes.finished_school(QUEUE)
        nodes.close(school)
        for role in _people():
            nodes.sign(school, role)
        for name in ("tsa", "tsa2"):
            outages.set(name, "down")
        nodes.authorise_and_run(school, _seal())
        for name in ("tsa", "tsa2"):
            outages.set(name, "up")
        AuthorityHealth.objects.all().delete()

    def complete() -> float:
        with nodes.apart(node) as taken:
            done = complete_waiting(Actor.system())
        if (done.issued, done.left) != (QUEUE, 0):
            raise AssertionError(done)
        return taken[0]

    return Experiment(
        title=f"Complete a queue of {QUEUE} seals that waited for their time stamp, P-256",
        unit="sheets",
        contenders=[Contender("complete", QUEUE, complete, queue)],
    )


def _all_good(found: list[Any]) -> None:
    if any(isinstance(one, Exception) for one in found):
        raise AssertionError(found)


def _people() -> tuple[Any, ...]:
    from hocbaso.core.document.model import SignerRole

    return SignerRole.HOMEROOM, SignerRole.PRINCIPAL


def _seal() -> Any:
    from hocbaso.core.document.model import SignerRole

    return SignerRole.SEAL

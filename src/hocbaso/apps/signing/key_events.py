"""Key events in the public log, in the transaction of what they tell of (trust.md section 5)."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.ledger.use_cases.append import NewEntry, append, hold
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.signing.certificate_models import KeyAct, KeyEvent
from hocbaso.apps.signing.models import Certificate
from hocbaso.core.vietnamese.school_year import SchoolYear


def hold_log() -> None:
    """For a transaction that records an event before it tells the log: whoever issues takes the log first and
    the chain of events last, and two who take them in different orders would wait for each other for ever."""
    hold(_log())


def _log() -> str:
    return str(SchoolYear.of(clock.today()))


def log_event(actor: Actor, certificate: Certificate, school: Organisation, act: KeyAct) -> KeyEvent:
    """Append one act of a certificate at a school to the log of the present school year.

    The leaf names the certificate by its digest and the school, nobody; the same act is told once, and again
    only after another act came between (registered, ended, registered). A certificate is revoked once.

    :raises TransactionManagementError: no transaction runs.
    :raises IntegrityError: the act stands in the log already.
    """
    before = KeyEvent.objects.filter(certificate=certificate, school=school)
    place = before.exclude(act=act).count() if act != KeyAct.REVOKED else 0
    now, log = clock.now().replace(microsecond=0), _log()
    entry = NewEntry(
        "key_event",
        certificate.digest,
        school.code,
        code="",
        version=0,
        at=now,
        event=f"{act}:{school.code}:{place}",
    )
    (index,) = append(log, [entry])
    return KeyEvent.objects.create(
        certificate=certificate, school=school, act=act, at=now, by=actor.label, log=log, log_index=index
    )

"""The small trust bundle of a whole node: what verifies offline codes, below 300 kB for a province."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.apps.common import clock
from hocbaso.apps.ledger import queries as ledger
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.signing.anchors import bundle_anchors
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.offline.keys import code_signer, node_name
from hocbaso.apps.transcripts.offline.models import CodeKey
from hocbaso.apps.transcripts.offline.use_cases.publish_list import current_list, list_names
from hocbaso.apps.transcripts.use_cases.trust_bundle import authority_register
from hocbaso.engines.trust.bundle import CodeSigner, LogInfo, TrustBundle, register_digest
from hocbaso.engines.trust.verification.policy import policy_in_force


def offline_bundle(*, fresh: bool = False) -> TrustBundle:
    """Roots, lists of revocation, the node's certificates, register digest, status lists, checkpoints, rules.

    :param fresh: publish status lists that are no longer true, however young they are.
    :raises DomainError: ``no_code_key``.
    """
    code_signer()  # so that its certificate is known, also of a node that has signed nothing yet
    published = [current_list(name, fresh=fresh) for name in list_names()]
    now = clock.now()
    trust = key_provider().trust()
    notes = {log: ledger.latest_checkpoint(log) for log in sorted({row.log for row in published})}
    schools = Organisation.objects.filter(kind=Kind.SCHOOL)
    return TrustBundle(
        created=now,
        as_of=now,
        anchors=bundle_anchors(trust),
        intermediates=tuple(c.public_bytes(Encoding.DER) for c in trust.intermediates),
        crls=trust.crls,
        logs=tuple(LogInfo(ledger.origin(log), ledger.public_key(), note) for log, note in notes.items()),
        evidence=tuple(ledger.evidence([(row.log, row.log_index, row.digest) for row in published], notes)),
        code_signers=_signers(),
        status_lists=tuple(row.token for row in published),
        authority_digest=register_digest(authority_register(set(schools.values_list("pk", flat=True)))),
        policy=policy_in_force(now).carried(),
    )


def _signers() -> tuple[CodeSigner, ...]:
    provinces = Organisation.objects.filter(kind=Kind.SCHOOL).exclude(province_code="")
    known = tuple(sorted(set(provinces.values_list("province_code", flat=True))))
    return tuple(
        CodeSigner(bytes(row.certificate.der), node_name(), known, row.valid_from)
        for row in CodeKey.objects.select_related("certificate").order_by("valid_from", "pk")
    )

"""The subject teacher's signature: over the ``MonHoc`` elements that are his, nothing else of the sheet.

Every ``MonHoc`` repeats transcript code, version and school year, so the signature means this sheet only. It
refers to no earlier signature: subject teachers sign in parallel, and the homeroom teacher binds them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from hocbaso.core.document.emit import subject_canonical, subject_texts
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.xades.profile import Reference
from hocbaso.engines.trust.xades.signing import Prepared, data_object, prepare

register(
    {
        "xades_no_such_subject": (
            "Tờ học bạ không có môn mang mã “{subject}”, nên không ký được môn này.",
            "The sheet has no subject {subject}.",
        ),
    }
)


def subject_objects(body: bytes, codes: Sequence[str]) -> tuple[Reference, ...]:
    """Some subjects as elements to be signed, in the order of the sheet whatever the order of ``codes``.

    :param body: the emitted text of the ``ToNamHoc``.
    :param codes: subject codes ("toan"), each once.
    :raises DomainError: ``xades_no_such_subject``, ``xades_not_signable`` (none, or one twice).
    """
    texts = subject_texts(body)
    wanted = {f"mon-{code}" for code in codes}
    if not wanted or len(wanted) != len(codes):
        raise DomainError("xades_not_signable")
    missing = next((code for code in codes if f"mon-{code}" not in texts), None)
    if missing is not None:
        raise DomainError("xades_no_such_subject", subject=missing[:60])
    return tuple(data_object(name, subject_canonical(text)) for name, text in texts.items() if name in wanted)


def prepare_subjects(
    body: bytes,
    codes: Sequence[str],
    *,
    signing_time: datetime,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate] = (),
    number: int = 1,
) -> Prepared:
    """Step 1 of a subject teacher: one signature over all these subjects of one sheet.

    :param number: from :class:`~hocbaso.core.document.signers.SubjectSignature`; 2 and more where several
        teachers sign the same subject.
    :raises DomainError: as :func:`subject_objects` and :func:`~.signing.prepare`.
    """
    objects = subject_objects(body, codes)
    return prepare(
        role=SignerRole.SUBJECT_TEACHER,
        objects=objects,
        signing_time=signing_time,
        certificate=certificate,
        chain=chain,
        subject=objects[0].target.removeprefix("mon-"),
        number=number,
    )

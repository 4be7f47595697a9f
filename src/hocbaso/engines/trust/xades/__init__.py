"""Our own fast XAdES on byte templates: prepare, sign, complete; unsigned properties; a strict reader."""

from hocbaso.engines.trust.xades.archive import archive_digest, archive_octets, referable
from hocbaso.engines.trust.xades.packing import pack_signature, unpack_signature
from hocbaso.engines.trust.xades.policies import SIGNATURE_POLICIES, SignaturePolicy, signature_policy
from hocbaso.engines.trust.xades.profile import MAX_REFERENCES, Reference, signature_id_for
from hocbaso.engines.trust.xades.reading import (
    SignatureParts,
    dump_prepared,
    load_prepared,
    read_signature,
)
from hocbaso.engines.trust.xades.signing import (
    Prepared,
    complete,
    data_object,
    prepare,
    sheet_object,
    sign,
    signature_value_digest,
    signature_value_reference,
)
from hocbaso.engines.trust.xades.subjects import prepare_subjects, subject_objects
from hocbaso.engines.trust.xades.unsigned import (
    NO_DATA,
    ArchiveStamp,
    Unsigned,
    ValidationData,
    with_properties,
    with_unsigned,
    without_unsigned,
)

__all__ = [
    "MAX_REFERENCES",
    "NO_DATA",
    "SIGNATURE_POLICIES",
    "ArchiveStamp",
    "Prepared",
    "Reference",
    "SignatureParts",
    "SignaturePolicy",
    "Unsigned",
    "ValidationData",
    "archive_digest",
    "archive_octets",
    "complete",
    "data_object",
    "dump_prepared",
    "load_prepared",
    "pack_signature",
    "prepare",
    "prepare_subjects",
    "read_signature",
    "referable",
    "sheet_object",
    "sign",
    "signature_id_for",
    "signature_policy",
    "signature_value_digest",
    "signature_value_reference",
    "subject_objects",
    "unpack_signature",
    "with_properties",
    "with_unsigned",
    "without_unsigned",
]

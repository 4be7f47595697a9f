"""Our own fast XAdES on byte templates: prepare, sign, complete; unsigned properties; a strict reader."""

from hocbaso.engines.trust.xades.profile import (
    MAX_REFERENCES,
    POLICY_DIGEST,
    POLICY_ID,
    POLICY_TEXT,
    Reference,
    signature_id_for,
)
from hocbaso.engines.trust.xades.signing import (
    DataObject,
    Prepared,
    complete,
    data_object,
    prepare,
    sheet_object,
    sign,
    signature_value_digest,
    signature_value_reference,
)

__all__ = [
    "MAX_REFERENCES",
    "POLICY_DIGEST",
    "POLICY_ID",
    "POLICY_TEXT",
    "DataObject",
    "Prepared",
    "Reference",
    "complete",
    "data_object",
    "prepare",
    "sheet_object",
    "sign",
    "signature_id_for",
    "signature_value_digest",
    "signature_value_reference",
]

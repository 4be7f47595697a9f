"""Verification of issued documents: one verdict, separate answers, decided on the bytes that were hashed."""

from hocbaso.engines.trust.verification.document import Verifier, verifier, verify_document
from hocbaso.engines.trust.verification.files import verify_file
from hocbaso.engines.trust.verification.policy import ValidationPolicy, policy_in_force, read_policy
from hocbaso.engines.trust.verification.verdict import (
    Check,
    Conclusion,
    Question,
    RenditionAnswer,
    Result,
    SignatureAnswer,
    Verdict,
    refused,
)

__all__ = [
    "Check",
    "Conclusion",
    "Question",
    "RenditionAnswer",
    "Result",
    "SignatureAnswer",
    "ValidationPolicy",
    "Verdict",
    "Verifier",
    "policy_in_force",
    "read_policy",
    "refused",
    "verifier",
    "verify_document",
    "verify_file",
]

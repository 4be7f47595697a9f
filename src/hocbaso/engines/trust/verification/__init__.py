"""Verification of issued documents: one verdict, separate answers, decided on the bytes that were hashed."""

from hocbaso.engines.trust.verification.document import Verifier, verifier, verify_document
from hocbaso.engines.trust.verification.files import verify_file
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
    "Verdict",
    "Verifier",
    "refused",
    "verifier",
    "verify_document",
    "verify_file",
]

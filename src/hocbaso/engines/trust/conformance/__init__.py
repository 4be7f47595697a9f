"""Vendor conformance: every rule of the format by number, a checker that tells all faults, test vectors."""

from hocbaso.engines.trust.conformance.checker import check_document
from hocbaso.engines.trust.conformance.packages import check_file
from hocbaso.engines.trust.conformance.report import Report, Violation
from hocbaso.engines.trust.conformance.rules import Rule, catalogue, catalogue_markdown
from hocbaso.engines.trust.conformance.vectors import Vector, load_vectors, write_vectors

__all__ = [
    "Report",
    "Rule",
    "Vector",
    "Violation",
    "catalogue",
    "catalogue_markdown",
    "check_document",
    "check_file",
    "load_vectors",
    "write_vectors",
]

"""The files that verdicts and documents name by digest, for publishing beside the XML schemas."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from hocbaso.engines.trust.verification.report import SCHEMA_NAME, schema
from hocbaso.engines.trust.xades.policies import SIGNATURE_POLICIES


@lru_cache(maxsize=1)
def verification_files() -> dict[str, bytes]:
    """By file name: validation policies, signature policies, the schema of validation reports."""
    folder = resources.files(__package__) / "policies"
    found = {item.name: item.read_bytes() for item in folder.iterdir() if item.name.endswith(".json")}
    texts = {policy.file_name: policy.text for policy in SIGNATURE_POLICIES}
    return found | {SCHEMA_NAME: schema()} | texts

"""The files that verdicts and documents name by digest, for publishing beside the XML schemas."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from hocbaso.engines.trust.verification.report import SCHEMA_NAME, schema
from hocbaso.engines.trust.xades.profile import POLICY_TEXT


@lru_cache(maxsize=1)
def verification_files() -> dict[str, bytes]:
    """By file name: validation policies, the signature policy, the schema of validation reports."""
    folder = resources.files(__package__) / "policies"
    found = {item.name: item.read_bytes() for item in folder.iterdir() if item.name.endswith(".json")}
    return found | {SCHEMA_NAME: schema(), "chinh-sach-ky-1.txt": POLICY_TEXT}

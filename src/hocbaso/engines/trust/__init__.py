"""Signatures, certificates, time stamps and verification (``trust.md``)."""

"""Verification of issued documents: one verdict, separate answers, decided on the bytes that were hashed."""

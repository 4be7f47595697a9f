"""Certificates, who may sign where, and signing batches: one authorisation, item by item."""

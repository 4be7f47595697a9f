"""Codes and status lists that verify without a network (docs/offline.md)."""

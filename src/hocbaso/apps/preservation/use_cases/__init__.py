"""Extending to B-LT and renewing to B-LTA."""

"""Doings of residence, one module a verb."""

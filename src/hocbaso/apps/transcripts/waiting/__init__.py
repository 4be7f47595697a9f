"""Seals that wait for their time stamp: kept while every authority is down, completed later (trust.md 2)."""

"""Pupils and staff verified against the population database: sending, answers, repair, evidence."""

"""Data quality "đúng, đủ, sạch, sống": findings, scores, checklist, slips to guardians."""

"""Workbook intake: dry run, questions, confirmation, undo (one mechanism for every sector form)."""

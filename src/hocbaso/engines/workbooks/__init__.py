"""The sector's Excel forms: headers found by text, records read and validated, the workbook handed back annotated.

Pure functions from bytes to values; nothing is stored. What is ambiguous is asked (a warning, or an error that
a "yes" settles), what is wrong is refused with row, column and reason; nothing is changed in silence.
"""

"""Ground floor: pure Python. No Django, no I/O beyond the package's own data files, no clock."""

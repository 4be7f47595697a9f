"""The command line (design 4.2)."""

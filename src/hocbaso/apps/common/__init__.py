"""What every app of the second floor shares: the clock, guarded tables, small field types."""

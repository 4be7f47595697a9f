"""Building and renewing evidence records."""

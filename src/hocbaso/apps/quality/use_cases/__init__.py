"""What people and the clock do with data quality."""

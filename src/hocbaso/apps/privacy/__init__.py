"""What protects the people in the data: masked numbers, views with a purpose, the log, marked exports."""

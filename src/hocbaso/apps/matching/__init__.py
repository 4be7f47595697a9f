"""Two files of one person: numbers searched for, duplicates found and merged, temporary codes."""

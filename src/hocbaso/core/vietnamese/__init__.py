"""What schools write, read without guessing: names, dates, decimals, personal numbers, school years."""

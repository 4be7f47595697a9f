"""What people do with protected data: look at a number, take data out."""

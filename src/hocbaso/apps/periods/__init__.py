"""When results may be entered, what is locked, who opened it again and why, and who checked it."""

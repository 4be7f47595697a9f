"""Users, dated assignments, sign-in, second factor, and the one policy door."""

"""Signing whose key is not in this process: what was prepared and handed out, until its values come back."""

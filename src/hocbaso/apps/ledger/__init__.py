"""The public log of a node: entries, checkpoints, tiles (trust.md section 5)."""

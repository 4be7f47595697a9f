"""The node's time-stamp authorities: which there are, in what order, and how they are."""

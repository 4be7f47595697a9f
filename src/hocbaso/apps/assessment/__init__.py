"""Results of pupils by moment, their history, and what the circulars make of them."""

"""How far schools are: numbers with their wholes, and what stands where. Reads only."""

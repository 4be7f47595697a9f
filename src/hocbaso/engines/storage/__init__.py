"""Documents on the shelf: much smaller than their XML, and back again to the byte."""

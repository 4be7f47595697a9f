"""How far the verification is, from one class up to the nation: counted per school, summed above."""

"""What a school cannot solve alone goes to the unit above, with evidence, an answer and a clock (domain
2.4).
"""

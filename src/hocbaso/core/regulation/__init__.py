"""The circulars as code: every answer carries the clause it rests on and a sentence a parent can follow."""

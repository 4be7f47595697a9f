"""The local agent: a small program in the teacher's PC that signs with the USB token there.

Knows no Django and no database. What it says and takes over HTTP is in :mod:`.protocol`; who may say what is
decided in :mod:`.http` and :mod:`.desk`. The PIN is typed in the agent's own window and nowhere else.
"""

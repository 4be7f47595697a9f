"""The outside world for demo, tests and vendors: certificate authority, time stamps, population registry.

Everything made here says "THỬ NGHIỆM" and verifies with environment ``thu_nghiem``, never as genuine.
"""

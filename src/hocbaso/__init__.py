"""Học bạ số: an open platform for Vietnam's digital school records."""

__version__ = "0.1.0"

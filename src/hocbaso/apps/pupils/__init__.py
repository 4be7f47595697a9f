"""Pupils, classes, enrolment, photos."""

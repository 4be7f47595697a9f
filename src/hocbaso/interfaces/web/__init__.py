"""The pages: Django templates, small own scripts, strict CSP."""

"""Second floor: Django apps, that is state and use cases."""

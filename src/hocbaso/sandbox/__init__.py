"""The outside world for demo, tests and vendors. Nothing else imports it: settings name its parts."""

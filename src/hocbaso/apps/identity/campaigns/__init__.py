"""Campaigns of verification: scope, deadline, target; who lags is reminded; a report at the end."""

"""Settings from the environment, URLs, tasks: where the parts are put together."""

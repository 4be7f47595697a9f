"""First floor: engines without Django. State only through small ports that the second floor implements."""

"""Key providers that ``HOCBASO_KEY_PROVIDER`` may name besides the sandbox's."""

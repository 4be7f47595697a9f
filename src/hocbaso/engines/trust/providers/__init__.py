"""Keys that live elsewhere: on a PKCS#11 token (:mod:`.pkcs11`), at a CSC v2 provider (:mod:`.csc`).

Everything that such a key returns is checked against certificate and digest before it becomes a signature.
"""

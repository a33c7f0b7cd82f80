"""The platform under faults: real processes, real servers, the sandbox's ledger as the witness.

A package of its own, because it is neither a test (a run takes minutes and has a seed) nor a
benchmark (it measures nothing), and because it may use everything: it starts the platform's
processes, reads its tables and plays the exchange. Nothing imports it but its own tests.
"""

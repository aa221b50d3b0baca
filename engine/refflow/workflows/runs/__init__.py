"""Runs: what follows from facts under the definitions in force."""

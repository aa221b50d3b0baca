"""Workflows. expressions <- language (a file becomes a definition) <- proofs, runs (the engine) <- stories."""

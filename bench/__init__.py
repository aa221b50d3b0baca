"""Benchmarks: ratios against a floor or a peer measured in the same run. `python -m bench` runs them all."""

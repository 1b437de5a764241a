"""Invents learners in any number, the same ones for the same seed, for benchmarks and for a quick demo."""

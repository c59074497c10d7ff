"""Serves the simulators, with faults on demand. Knows no adapter."""

"""Starts, watches and ends simulations."""

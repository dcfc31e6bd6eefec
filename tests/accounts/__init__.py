"""Derivatives accounts as a whole."""

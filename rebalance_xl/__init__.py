"""Rebalancer: worksheet functions, plans and headless recalculation for a crypto spot and futures book."""

__version__ = "0.1.0"

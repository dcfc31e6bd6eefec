"""Tests of the Excel functions that the package implements beside the engine."""

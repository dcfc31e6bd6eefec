"""Tests of the derivatives functions against published answers, laws and bad input."""

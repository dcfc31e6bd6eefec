"""Formulas made ready for the engine: from a cell's text to A1 references and calls in their places."""

"""The XML of a worksheet: read fast, and its changed values spliced in."""

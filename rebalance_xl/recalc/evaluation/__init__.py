"""Values: the engine, arrays that spill, columns computed at once, and what is done about troubles."""

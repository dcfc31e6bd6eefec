"""Many books: which ones, in which processes, and what was finished before."""

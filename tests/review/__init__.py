"""Tests of the review: the kernel, the walk, the measures and the performance."""

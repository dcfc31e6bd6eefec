"""The worksheet functions: pure kernels, each with its declaration beside it."""

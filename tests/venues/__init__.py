"""Tests of what comes from outside: exchanges over loopback, exports, and the write path."""

"""The programs in which the functions run; each host converts and never computes."""

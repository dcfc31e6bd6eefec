"""The worksheet functions: pure kernels, each with its declaration beside it."""

from rebalance_xl.catalogue import FUNCTIONS
from rebalance_xl.functions import allocation

__all__ = ["FUNCTIONS", "allocation"]

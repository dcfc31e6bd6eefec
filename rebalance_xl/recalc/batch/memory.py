"""How much memory the work on one book may take, where the system can limit it."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

#: Bytes.
MEMORY: Final = 4 * 2**30
NOT_ENOUGH: Final = f"there is not enough memory for it (a book may take {MEMORY / 2**30:g} GB)"


def limit_memory() -> None:
    """Limit the memory of this process; a lower limit that it was started with stays."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(OSError, ValueError):
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        known = [each for each in (soft, hard, MEMORY) if each != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_AS, (min(known), hard))

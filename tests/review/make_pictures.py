"""Write the pictures of ``docs/review.md``: ``python -m tests.review.make_pictures`` from the checkout.

The book is the five invented assets of ``tests/review/cases.py``: no market data.
"""

from __future__ import annotations

from pathlib import Path

from rebalance_xl.review.pictures import bootstrap_svg, curves_svg
from rebalance_xl.review.request import Request
from rebalance_xl.review.reviews import review

from .test_reviews import opened

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "img"


def main() -> None:
    """Write the pictures."""
    book, history = opened(1826)
    found = review(book, history, Request(variants=("monthly", "threshold"), bootstrap=2000, seed=1))
    assert found.bootstrap is not None
    (FOLDER / "review-curves.svg").write_text(curves_svg(found) + "\n", encoding="utf-8")
    (FOLDER / "review-bootstrap.svg").write_text(bootstrap_svg(found.bootstrap) + "\n", encoding="utf-8")
    print(found.bootstrap)


if __name__ == "__main__":
    main()

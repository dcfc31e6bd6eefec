"""The review: which rules would have served a book over a history of prices, and how the real book has done."""

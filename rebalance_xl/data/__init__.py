"""Data that ships with the package: maintenance margin tiers, with the date and source of each table."""

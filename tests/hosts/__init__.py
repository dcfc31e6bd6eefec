"""The hosts: what they share."""

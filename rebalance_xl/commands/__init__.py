"""What the `rebalance-xl` commands do; :mod:`rebalance_xl.cli` declares their options and calls these lazily."""

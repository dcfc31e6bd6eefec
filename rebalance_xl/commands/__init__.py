"""The `rebalance-xl` commands: `<name>_options.py` is a command line, which loads what it does, `<name>.py`, late."""

"""What comes from outside: exchanges through ccxt, and files that people export; previewed, then written losslessly."""

"""The rules of a spot book over a history of prices, for many variants at once; numpy is loaded with it."""

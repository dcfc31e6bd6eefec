"""The book of a workbook: read it, check it, plan its trades, record what was executed."""

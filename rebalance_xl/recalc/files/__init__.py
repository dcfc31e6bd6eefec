"""The file of a workbook: the zip around it, what its parts declare, what is refused, and how results are written."""

"""Headless recalculation: one workbook in, the same workbook with fresh cached values out.

`workbook` leads through it: a workbook's file is opened (`files`), its worksheets are read (`sheets`), its formulas are
made ready (`formulas`) and computed (`evaluation`, with the functions in `native` that the engine lacks), the outcome
is compared (`outcome`), spliced into the worksheets (`sheets`) and written (`files`). `batch` does that for many books.
"""

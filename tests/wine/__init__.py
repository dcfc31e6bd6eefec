"""Excel's Python side on Windows, without Windows and without Excel.

``setup_wine``             makes a Wine prefix with a Windows CPython and a virtual environment as pip lays it out
``windows/com_driver``     runs in that Python in Excel's place: loads xlwings' DLL, has it start the server, calls it
``windows/com_workbook``   the part of Excel's object model that xlwings reads and writes, served over COM
``wine_session``           the driver from a test: one JSON request a line; leaves no process behind

So everything from the settings in the sheet xlwings.conf to the values that come back is the real thing: the DLL,
cmd.exe's quoting, pywin32, the COM server, xlwings' conversions and its Windows engine. What stays for a session in a
real Excel is VBA itself, the ribbon and the grid (docs/excel-checklist.md).
"""

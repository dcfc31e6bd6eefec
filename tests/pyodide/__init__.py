"""The functions in Pyodide, the Python of a browser, in which xlwings Lite runs them."""

"""LibreOffice Calc as a host: the extension (functions, menu, toolbar) and what builds and installs it."""

"""Reports: results as tables, documents, labels and pages. Formats lie one a file in `formats/`."""

"""The register of output formats: one file and one line each."""

from truevoice.report.format import Format
from truevoice.report.formats import audacity, csv_rows, html, json_document, json_lines, parquet, rttm, srt

FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        csv_rows,
        json_document,
        json_lines,
        parquet,
        audacity,
        srt,
        rttm,
        html,
    )
}
